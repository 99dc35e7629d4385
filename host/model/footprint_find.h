/// Items by address: what a name, an address or debug information points to.
#ifndef RAMLENS_FOOTPRINT_FIND_H
#define RAMLENS_FOOTPRINT_FIND_H

#include "footprint.h"

#include <stdbool.h>
#include <stdint.h>

/// Over the items as they are when it is made.
struct footprint_index {
    const struct footprint *footprint;
    uint32_t *first_item; ///< By section; one more than there are.
    uint32_t *order;      ///< Sections of linked programs, by file, then address; private.
    uint32_t order_count;
};

/// Cost: n log n in sections, linear in items.
void footprint_index_make(struct arena *a, const struct footprint *f, struct footprint_index *out);

/// The item around `address` of the linked program `file`; FOOTPRINT_NONE when there is none. Thread-local sections, whose addresses are also
/// others', are only looked through with `is_thread_local`. Logarithmic.
uint32_t footprint_find_linked(
        const struct footprint_index *x, uint32_t file, uint64_t address, bool is_thread_local);

/// The item around `offset` of section `section` of the footprint; FOOTPRINT_NONE when there is none. Logarithmic.
uint32_t footprint_find_in(const struct footprint_index *x, uint32_t section, uint64_t address);

#endif
