/// How much of each memory a footprint's linked programs take.
///
/// Counted are addresses, not sections: of overlays, which take turns at one place, each address once. Thread-local
/// data that begins as zero takes none: what follows it has its addresses, and each thread gets a copy in its stack or from the heap. Initial
/// values of data count where they are stored, too. Programs have memories for themselves: of two at the same addresses, both count.
#ifndef RAMLENS_MEMORY_USE_H
#define RAMLENS_MEMORY_USE_H

#include "arena.h"
#include "footprint.h"

#include <stdint.h>

/// A memory's.
struct memory_use {
    uint64_t used; ///< Addresses that something lies at.
    uint64_t
            overlaid; ///< What sections have at addresses that another one has, too: not in `used`.
    struct {
        uint32_t *
                at; ///< Indices into footprint.sections, of those that share addresses; by address.
        size_t len, room;
    } overlays;
};

/// Whether the item lies in a memory: it is linked, and no address filler, and no zero data of threads.
bool memory_use_counts(const struct footprint *f, const struct footprint_item *item);

/// Fills `out`, one for each of the footprint's memories. Everything lives in `a`. Cost: linear in items, n log n in sections.
void memory_use_of(struct arena *a, const struct footprint *f, struct memory_use *out);

#endif
