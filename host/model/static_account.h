/// Static bytes of a target's memories by component and kind: the sums of what static_entries.h has one by one.
///
/// What a device's log says is static in all (device_fit.h) and none of the files has, gets a row without a component.
#ifndef RAMLENS_STATIC_ACCOUNT_H
#define RAMLENS_STATIC_ACCOUNT_H

#include "static_entries.h"

#include <stdint.h>

enum { STATIC_NO_COMPONENT = UINT32_MAX };

struct static_row {
    uint32_t region;          ///< Of the target.
    uint32_t component;       ///< STATIC_NO_COMPONENT: the rest by a log.
    enum footprint_kind kind; ///< FOOTPRINT_UNKNOWN of that rest.
    enum static_origin origin;
    uint64_t bytes;
    uint64_t least;   ///< Of `bytes`, what is sure to be linked; else equal to it.
    struct str known; ///< For people: "archives, riscv32", "program, i386".
};

struct static_account {
    struct static_row *rows; ///< By region, then component, then kind.
    uint32_t row_count;
    uint32_t region_count;
    uint64_t *region_bytes;    ///< Sum of the rows, by region.
    uint64_t *component_bytes; ///< In the first region, by component.
    uint32_t component_count;
    uint64_t *
            thread_bytes; ///< Thread-local data by component, once: each thread has a copy, which is in no row (ESP-IDF puts it onto the stack).
    uint64_t *
            beyond_log; ///< By region: bytes that there are more than the log has room for, so that they are not of one build.
};

/// Makes the account. Linear in items. In `a`.
void static_account_make(struct arena *a, const struct target *target,
        const struct component_map *map, const struct static_sources *sources,
        struct static_account *out);

#endif
