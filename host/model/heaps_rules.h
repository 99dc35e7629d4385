/// A target's heaps, ready for the model heap (heap/ramlens_heaps.h).
#ifndef RAMLENS_HEAPS_RULES_H
#define RAMLENS_HEAPS_RULES_H

#include "err.h"
#include "ramlens_heaps.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

/// What is taken from a region before its heaps begin.
struct heaps_options {
    uint64_t static_bytes[TARGET_REGIONS_MAX];   ///< By region: the program's static data.
    uint64_t occupied_bytes[TARGET_REGIONS_MAX]; ///< By region: what else lies there beforehand.
    uint32_t
            alignment; ///< Of blocks; 0: the target's. 16 for programs of 64 bits, which then are no model of the target.
};

/// Fills `out`: heaps in the order in which a request tries them (which goes by what is left of each), the rule of malloc, cache lines. Static and occupied bytes are taken from the
/// region's heaps by rising address, in whole 16 bytes, as a linker places static data (a region's reserved ranges aside); a heap
/// that is left too small for its own structures is left out. False with a message when a region has less heap than that, or a target
/// more heaps than the model can hold. `region_of` and the names of `out` are the target's.
bool heaps_rules_of(const struct target *t, const struct heaps_options *options,
        struct ramlens_heaps_rules *out, struct err *err);

#endif
