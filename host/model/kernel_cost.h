/// What a kernel object of the host run would cost on the target.
///
/// On a host a lock costs nothing that shows in a heap; on a chip it is one to five blocks, most of
/// them in internal RAM. A host object is charged as those blocks, from its creation to its
/// destruction. One that was initialised statically is charged from its first use where the target
/// says `lazy`.
///
/// A thread's stack is the plan's or the target's, never what the host program asked for: a host's
/// attribute speaks of another machine. With the thread goes its control block; on ESP-IDF a
/// detached thread's stack and control block are freed by the idle task somewhat later than here.
#ifndef RAMLENS_KERNEL_COST_H
#define RAMLENS_KERNEL_COST_H

#include "kernel_table.h"
#include "plan.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

/// One block of the target behind an object.
struct kernel_block {
    const struct target_block *block; ///< Name, source, who asks, how long it lives.
    uint32_t region;                  ///< Where it goes by the plan, if there is room.
    uint64_t bytes;                   ///< Asked of the allocator.
    uint64_t cost_bytes;              ///< Taken out of the heap: header and rounding included.
};

/// An object of one kind under one plan.
struct kernel_cost {
    const struct kernel_block *blocks;
    uint32_t block_count;
    bool lazy;  ///< As in target_object.
    bool known; ///< False: the target has no such object, so its cost is unknown and counted as 0.
};

struct kernel_costs {
    struct kernel_cost kinds[KERNEL_OBJECT_COUNT]; ///< By enum kernel_object.
};

/// Works out all kinds once, by the words of `kernel_object_names` in the target file. False when a
/// block fits in no heap of the place where it belongs (a stack larger than any). `p` and its
/// target must outlive `out`. Rounding is that of the largest heap of the region; in a smaller one
/// a block can cost a little more.
bool kernel_costs_for(
        struct arena *a, const struct plan *p, struct kernel_costs *out, struct err *err);

/// Sums of `cost_bytes` in `region`: without stacks, and of stacks alone.
uint64_t kernel_cost_bytes(const struct kernel_cost *cost, uint32_t region);
uint64_t kernel_cost_stack_bytes(const struct kernel_cost *cost, uint32_t region);

#endif
