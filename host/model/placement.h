/// What a chip would hold: the run's blocks and kernel objects, placed by a plan, per region and component.
///
/// Target bytes throughout. A block costs what it asked for (a row of its component) and header and rounding (the region's
/// overhead). Nothing is clipped: a region may come out fuller than it is, and its free bytes negative. What only a host has - blocks that
/// the run-time library or the recorder owns - is kept out of the regions and counted apart.
///
/// A block goes to the first region, in the order of its plan or rule, that has a heap large enough for a block of its size when empty; how
/// full it is does not matter.
#ifndef RAMLENS_PLACEMENT_H
#define RAMLENS_PLACEMENT_H

#include "component_map.h"
#include "heap_cost.h"
#include "kernel_cost.h"
#include "ledger.h"
#include "plan.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

/// Bytes of one component in one region.
struct placement_cell {
    int64_t heap[LEDGER_KIND_COUNT]; ///< Requested by its blocks, by how they were asked for.
    int64_t kernel;                  ///< Kernel objects without stacks.
    int64_t stack;                   ///< Thread stacks.
};

/// A region at a moment.
struct placement_region {
    struct placement_cell *cells; ///< By component.
    int64_t overhead;             ///< Headers and rounding of blocks, kernel blocks and stacks.
    int64_t used;                 ///< Sum of the cells and the overhead.
    int64_t peak;                 ///< Highest `used` so far.
};

/// The regions under one plan, kept up with each event.
struct placement {
    const char *name; ///< "as-ported", "stock".
    const struct target *target;
    struct plan *plan;
    struct owners *owners; ///< Who knows stacks; NULL: rules of components are all that counts.
    const struct plan_rule *
            *stack_rules; ///< By stack, then kind: what was found; NULL: not asked yet.
    struct kernel_costs kernel_costs;
    struct heap_cost heap_costs[TARGET_REGIONS_MAX]; ///< Of each region's largest heap.
    uint64_t largest[TARGET_REGIONS_MAX]; ///< Request that it serves when empty; 0 without a heap.
    struct placement_region regions[TARGET_REGIONS_MAX];
    uint32_t component_count;
    const bool *host_only;   ///< By component: stays out of the regions.
    int64_t host_only_bytes; ///< What stayed out, requested.
    uint64_t host_only_blocks;
    /// Requests so far that no heap of the target can serve, however empty: in no region.
    uint64_t unplaced;
    /// By site: bytes consumed in the watched region, by blocks and kernel objects. They add up to
    /// its `used`.
    int64_t *site_bytes;
    uint32_t site_capacity;
    uint32_t watched; ///< Region of site_bytes: the target's first, `internal`.
    bool by_address; ///< The trace is a device's: what the plan does not name lies where it lay. Set before the first event.
    struct arena *a;
    unsigned slot; ///< Which of block.places is this placement's.
};

enum { PLACEMENT_NOWHERE = 255, PLACEMENTS_MAX = 3 };

/// `slot`: 0 to PLACEMENTS_MAX - 1, a different one for each placement of a pass. Zeroed memory for `p`. False when a kernel object cannot be placed.
bool placement_init(struct placement *p, struct arena *a, const char *name, struct plan *plan,
        const bool *host_only, uint32_t component_count, unsigned slot, struct err *err);

/// Lets rules for named code (sites, classes) count, by the stacks of the blocks; they are of `o`, which must outlive `p`. To be called
/// before the first event.
void placement_know_owners(struct placement *p, struct owners *o);

/// To be called for each change of the ledger (struct ledger_listener).
void placement_block_born(struct placement *p, struct block *b, uint16_t component, uint32_t site);
void placement_block_gone(
        struct placement *p, const struct block *b, uint16_t component, uint32_t site);
void placement_kernel_changed(struct placement *p, const struct kernel_entry *e, int change);

/// A placement at a checkpoint.
struct placement_moment {
    struct placement_region *regions; ///< By region of the target.
    int64_t *
            site_bytes; ///< By site, consumed in the watched region; `site_count` entries: later sites have none.
    uint32_t site_count;
    int64_t host_only_bytes;
};

/// A copy of the present state.
struct placement_moment placement_copy(struct arena *a, const struct placement *p);

/// Sum of a cell's heap bytes.
int64_t placement_heap(const struct placement_cell *cell);

/// Consumed bytes of `site` in the watched region at a moment.
int64_t placement_site_bytes(const struct placement_moment *m, uint32_t site);

#endif
