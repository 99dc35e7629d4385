/// Static bytes of a target's memories by component and kind, for each component from the best source there is:
///
/// 1. the device's own linked program, which has all of them;
/// 2. archives and objects compiled for the device, before linking: data and zero data, and what their authors keep in internal RAM;
///    what they would keep of it is bounded (footprint_objects.h);
/// 3. the program that ran on the host: another machine's data, of the same sources.
///
/// What a device's log says is static in all (device_fit.h) and none of these has, gets a row without a component.
#ifndef RAMLENS_STATIC_ACCOUNT_H
#define RAMLENS_STATIC_ACCOUNT_H

#include "arena.h"
#include "component_map.h"
#include "device_fit.h"
#include "footprint.h"
#include "plan_static.h"
#include "static_data.h"
#include "str.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

enum static_origin {
    STATIC_OF_DEVICE,
    STATIC_OF_ARCHIVES,
    STATIC_OF_HOST,
    STATIC_OF_LOG,
    STATIC_ORIGINS
};
/// As in JSON: "device-program", "archives", "host-program", "boot-log".
extern const char *const static_origin_names[STATIC_ORIGINS];

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

/// What there is; each may be NULL. Footprints have their components named by `map`.
struct static_sources {
    const struct footprint *device;
    const struct footprint *archives;
    bool has_roots; ///< Of the archives: bounds mean something, and what stays is counted; else the upper bound is.
    const struct static_data *host;
    uint16_t host_machine;        ///< EM_ number.
    const bool *host_only;        ///< By component: what only a host has.
    const struct device_fit *log; ///< What the device announced.
    const struct plan_statics *
            moves; ///< Lines of a plan; NULL: none. Of the host's data none is moved: its archives are others.
};

/// Makes the account. Linear in items. In `a`.
void static_account_make(struct arena *a, const struct target *target,
        const struct component_map *map, const struct static_sources *sources,
        struct static_account *out);

#endif
