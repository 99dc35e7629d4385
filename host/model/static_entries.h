/// What is static in a target's memories, variable by variable, for each component from the best source there is:
///
/// 1. the device's own linked program, which has all of them;
/// 2. archives and objects compiled for the device, before linking: data and zero data, and what their authors keep in internal RAM;
///    what they would keep of it is bounded (footprint_objects.h);
/// 3. the program that ran on the host: another machine's data, of the same sources.
///
/// static_account.h adds them up; a table of them has, therefore, the same sums.
#ifndef RAMLENS_STATIC_ENTRIES_H
#define RAMLENS_STATIC_ENTRIES_H

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
    STATIC_OF_LOG, ///< Of no entry: only the sum is known.
    STATIC_ORIGINS
};
/// As in JSON: "device-program", "archives", "host-program", "boot-log".
extern const char *const static_origin_names[STATIC_ORIGINS];

/// What there is; each may be NULL. Footprints have their components named by the same component map.
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

/// One variable, or bytes without a name.
struct static_entry {
    uint32_t linked; ///< Region where the linker has it; TARGET_NONE: in none (flash, ROM).
    uint32_t region; ///< Where it lies by the plan's lines; TARGET_NONE likewise.
    uint32_t component;
    enum footprint_kind kind;
    enum static_origin origin;
    uint64_t bytes;
    bool is_sure;                       ///< Linked, or sure to be.
    const struct footprint_item *item;  ///< Of a footprint: that item; else NULL.
    const struct static_item *variable; ///< Of the host's data: that variable; else NULL.
};

typedef void static_entry_take(void *self, const struct static_entry *entry);

/// Whether each thread has a copy: such an entry may be in no region.
bool static_entry_is_of_thread(const struct static_entry *entry);

/// Gives each to `take`, source by source, and in `origins` (by component, `map->count` of them), where each component's are from.
/// Linear in the sources' items, times the lines of the plan.
void static_entries_visit(const struct target *target, const struct component_map *map,
        const struct static_sources *sources, uint8_t *origins, static_entry_take *take,
        void *self);

/// For people, how those of `origin` are known: "ELF and map, riscv32", "archives, upper bound, riscv32", "program, i386". In the arena.
struct str static_entries_known(
        struct arena *a, const struct static_sources *sources, enum static_origin origin);

#endif
