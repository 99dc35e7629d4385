/// Where a target puts a request that no plan names: the rule of malloc, and requests for
/// capabilities.
///
/// These are choices by region, made as if every heap had room: first choice, then where it goes as
/// heaps fill up. Which address within a region is a matter of the heap's history, which is not
/// modelled here.
#ifndef RAMLENS_POLICY_H
#define RAMLENS_POLICY_H

#include "target.h"

#include <stdbool.h>
#include <stdint.h>

/// Regions in the order in which a request comes to them, each once.
struct policy_place {
    uint32_t count; ///< 0: nothing on the target can serve it.
    uint32_t regions[TARGET_REGIONS_MAX];
};

/// A target's rules as places. Constant after policy_for().
struct policy {
    uint64_t up_to;             ///< Largest request that is small.
    struct policy_place small;  ///< malloc of a small request, its second try included.
    struct policy_place large;  ///< malloc of a larger one, likewise.
    struct policy_place system; ///< What the kernel asks for.
};

/// Heaps that a request for capability bits `asked` tries, in order, each at its first try; at most
/// `room`. Returns their number. ESP-IDF's rule (components/heap/heap_caps_base.c,
/// heap_caps_aligned_alloc_base): for each priority, for each heap in the list: it must offer some
/// of `asked` at this priority, and all of `asked` over all priorities. 0 for `asked` 0.
uint32_t policy_heaps(
        const struct target *t, uint32_t asked, const struct target_heap **out, uint32_t room);

/// The regions of policy_heaps(), each once.
struct policy_place policy_place_of(const struct target *t, uint32_t asked);

/// `first`, then those of `then` that are not in it.
struct policy_place policy_place_then(
        const struct policy_place *first, const struct policy_place *then);

void policy_for(const struct target *t, struct policy *out);

/// Where plain malloc puts `size` bytes. ESP-IDF: components/heap/heap_caps.c,
/// heap_caps_malloc_default. Constant time; lives as long as `p`.
const struct policy_place *policy_malloc(const struct policy *p, uint64_t size);

#endif
