/// What lives at a moment of a run, counted without knowing whose it is: no code is looked up.
///
/// It answers for `info` and checks the ledger, which must come to the same totals by another way.
#ifndef RAMLENS_LIVE_TOTAL_H
#define RAMLENS_LIVE_TOTAL_H

#include "arena.h"
#include "block_table.h"
#include "kernel_table.h"
#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

/// Zeroed but for live_total_init(). Fields may be read.
struct live_total {
    struct arena *a;
    struct block_table blocks;
    struct kernel_table kernel;
    uint64_t bytes;         ///< Requested bytes of the live blocks; `blocks.count` is their number.
    uint64_t peak_bytes;    ///< Highest `bytes` so far.
    uint64_t conflicts;     ///< Blocks given where one lived: its free was lost or out of order.
    uint64_t foreign_frees; ///< Frees of blocks that were not recorded.
};

/// Kernel objects of each kind.
struct live_kernel {
    uint32_t live[KERNEL_OBJECT_COUNT];
    uint32_t abandoned; ///< Of all kinds: their memory is gone, their end was never said.
};

void live_total_init(struct live_total *l, struct arena *a);

/// Whether `e` cannot be true now: a block is given where one lives, or one ends that does not. Then
/// another thread's event may have to come first: trace_defer().
bool live_total_conflicts(struct live_total *l, const struct trace_event *e);

/// Takes an event in. Constant time, but for a block that holds kernel objects.
void live_total_apply(struct live_total *l, const struct trace_event *e);

/// Counts the kernel objects. Linear in all that were alive at a time.
struct live_kernel live_total_kernel(const struct live_total *l);

#endif
