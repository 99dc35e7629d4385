/// One pass over a run: the ledger at every checkpoint.
#ifndef RAMLENS_RUN_H
#define RAMLENS_RUN_H

#include "ledger.h"
#include "progress.h"
#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

/// A thread that exists at a moment.
struct run_thread {
    uint32_t number;    ///< As in the trace.
    uint16_t component; ///< Who created it.
};

/// The run at a named moment.
struct run_checkpoint {
    struct str name;
    uint32_t cycle;   ///< 0: outside cycles.
    uint64_t time_us; ///< Since the image began.
    struct ledger_row total;
    struct ledger_row *rows; ///< By component.
    uint64_t *site_bytes;    ///< Live bytes by site; `site_count` entries: later sites had none.
    uint64_t *site_blocks;
    uint32_t site_count;
    uint64_t *
            container_bytes; ///< By component: of its live bytes, what standard containers asked for by operator new.
    struct run_thread *threads; ///< Those that pthread_create made and that have not ended.
    uint32_t thread_count;
    uint64_t recorder_bytes; ///< The recorder's own memory, at the end of the run (0: unknown).
};

/// Told at each moment that may interest a model of a chip; any may be NULL.
struct run_observer {
    void *self;
    void (*at_event)(void *self, const struct trace_event *e); ///< After each event was taken in.
    void (*at_checkpoint)(void *self, const struct run_checkpoint *c); ///< In order.
};

struct run {
    struct arena *a;
    struct trace *trace;
    const struct trace_image *image;
    struct ledger ledger;
    struct run_checkpoint *checkpoints;
    uint32_t checkpoint_count;
    uint32_t checkpoint_capacity;
    bool no_checkpoints; ///< The trace has none; the one in the list is its end.
    uint64_t end_us;     ///< Time of the last event.
    uint64_t
            unresolved; ///< Events whose order could not be made consistent: counted as conflicts or foreign frees.
};

void run_init(struct run *r, struct arena *a, struct trace *t, const struct trace_image *image,
        struct owners *owners, uint32_t component_count);

/// Reads all events. `observer` and `progress` may be NULL. Asserts at each checkpoint that the ledger adds up. Cost: linear in the
/// events; memory: live blocks, sites, checkpoints times sites.
void run_read(struct run *r, const struct run_observer *observer, struct progress *progress);

/// The first checkpoint of that name, in cycle `cycle` (0: outside cycles, or the first); NULL when there is none.
const struct run_checkpoint *run_find(const struct run *r, struct str name, uint32_t cycle);

/// Live bytes of site `site` at `c`.
uint64_t run_site_bytes(const struct run_checkpoint *c, uint32_t site);
uint64_t run_site_blocks(const struct run_checkpoint *c, uint32_t site);

#endif
