/// Live bytes and blocks of each component and site at a moment of the run, exact, in constant time an event.
///
/// Bytes are **requested bytes**: what the program asked for. What a chip would hold is placement.h's business; it listens to the same
/// changes.
#ifndef RAMLENS_LEDGER_H
#define RAMLENS_LEDGER_H

#include "arena.h"
#include "block_table.h"
#include "kernel_table.h"
#include "owners.h"
#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

/// One line of the ledger.
struct ledger_row {
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t peak_bytes;                    ///< Highest live_bytes since the latest checkpoint.
    uint64_t kind_bytes[LEDGER_KIND_COUNT]; ///< live_bytes by how they were asked for.
    uint32_t kernel
            [KERNEL_OBJECT_COUNT]; ///< Kernel objects that a chip would hold, abandoned ones included.
};

struct ledger_site {
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t allocations; ///< So far.
    uint64_t failures;
};

/// Counts of the whole run. Blocks that live now: allocations less frees less conflicts.
struct ledger_counts {
    uint64_t events; ///< A moving realloc is one.
    uint64_t
            allocations; ///< Blocks given, by a moving realloc, too, and those that a realloc in place made known.
    uint64_t frees;
    uint64_t failures; ///< Requests that were not served.
    uint64_t
            foreign_frees; ///< Frees of blocks that were not recorded: born before the recording, or lost.
    uint64_t conflicts; ///< Blocks given where one lived: its free was lost.
    uint64_t
            impossible; ///< Blocks that cannot be, at address 0 or beyond 2^63 live bytes: left out.
    uint64_t kernel_events;
    uint64_t abandoned; ///< Kernel objects whose memory was freed without destroying them.
};

/// Who wants to know of each change: the model of a chip. Any member may be NULL.
struct ledger_listener {
    void *self;
    void (*block_born)(void *self, struct block *b, uint16_t component, uint32_t site);
    void (*block_gone)(void *self, const struct block *b, uint16_t component, uint32_t site);
    void (*kernel_changed)(void *self, const struct kernel_entry *e, int change); ///< +1 or -1.
};

struct ledger {
    struct arena *a;
    struct owners *owners;
    struct block_table blocks;
    struct kernel_table kernel;
    struct ledger_row total;
    struct ledger_row *rows; ///< By component.
    uint32_t row_count;
    struct ledger_site *sites; ///< By site; grows with owners->site_count.
    uint32_t site_capacity;
    struct ledger_counts counts;
    const struct ledger_listener *listener; ///< NULL: nobody listens.
};

void ledger_init(
        struct ledger *l, struct arena *a, struct owners *owners, uint32_t component_count);

/// Whether `e` cannot be true now: a block is given where one lives, or one is freed that does not live. Then another thread's event
/// may have to come first (trace_defer).
bool ledger_conflicts(struct ledger *l, const struct trace_event *e);

/// Takes the event in. Conflicts that nobody could resolve are counted: a block that lives at the address of a new one is taken as freed.
/// What cannot be is counted and otherwise passed over, so that any trace is safe.
void ledger_apply(struct ledger *l, const struct trace_event *e);

/// Starts a new phase: peaks begin at the present live bytes.
void ledger_reset_peaks(struct ledger *l);

/// Whether the components add up to the total, the sites and the blocks to it, and the kernel objects to theirs; for assertions. Linear.
bool ledger_adds_up(const struct ledger *l);

#endif
