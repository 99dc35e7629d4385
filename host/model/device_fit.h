/// What a start of a device (device_log.h) means for a target: which parameters it has, and how its heaps differ from the target's.
///
/// Some parameters are said outright, and known by their names in the target's file: the ESP-IDF release (the parameter that `kconfig IDF_VERSION sets`), `revision`,
/// `psram`, and the setting that `kconfig SPIRAM_MALLOC_RESERVE_INTERNAL sets`. The others follow from the heaps that heap_init announced: every
/// combination of values is loaded, and what its heaps cannot have printed is out. A value that all that is left agree on is chosen. What
/// is left open is said, not guessed.
///
/// A combination fits when each announced heap lies in one of its heaps of that kind. Of those that fit the best are taken: static data is taken off a heap's
/// beginning, so most of its heaps must end as announced; and where the bootloader's segments begin exactly at a heap, the linker's RAM begins there.
///
/// PSRAM is known by its chip, or where the target has no such size, by what became heaps; a start that came to app_main without adding any has none.
#ifndef RAMLENS_DEVICE_FIT_H
#define RAMLENS_DEVICE_FIT_H

#include "arena.h"
#include "device_log.h"
#include "err.h"
#include "target.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DEVICE_FIT_VALUES = 32,  ///< Of a parameter that is looked for, at most.
    DEVICE_FIT_SLACK = 16,   ///< Bytes by which an announced heap may reach beyond the target's.
    DEVICE_FIT_TRIALS = 512, ///< Combinations, at most; beyond, parameters keep their defaults.
};

/// A parameter, and what is known of it.
struct device_choice {
    struct str parameter;
    struct str value; ///< Empty: the log leaves it open.
    struct str
            taken; ///< What the comparison goes on with: `value`, or of an open one the default if it is possible.
    const char *source; ///< Why: "ESP-IDF: v5.5.1", "the heaps of heap_init fit no other value".
    uint64_t line;      ///< Of the log; 0: given by the user, or open.
    bool is_given;      ///< By the user.
    const char *open;   ///< Values that are possible, "128K, 256K"; NULL when it is chosen.
};

/// A region of the target beside what the log says of it.
struct device_region {
    uint32_t region;
    uint64_t
            profile_bytes; ///< Of the target's heaps that heap_init announces, before static data, and of what only a linker fills.
    uint64_t measured_bytes; ///< Announced.
    uint64_t static_bytes;   ///< The difference: static data, and what the linker put around it.
    uint32_t heaps;          ///< Announced.
    bool is_short;           ///< More was announced than the target has: the profile is wrong.
};

struct device_fit {
    const struct target *target; ///< Loaded with the choices.
    VEC(struct device_choice) choices;
    VEC(struct device_region) regions;
    VEC(const char *) notes; ///< What does not go together, in words.
    uint32_t trials;         ///< Combinations that were loaded.
    uint32_t fitting;        ///< Of these: the best.
    bool has_heaps;          ///< The log has regions of heap_init.
    bool fits;               ///< Some combination prints them.
};

/// How to load the target.
struct device_fit_source {
    const char *name;
    const char *const *folders;
    uint32_t folder_count;
    const char *const *options; ///< By the user: NAME=VALUE.
    uint32_t option_count;
};

/// Compares. False only when the target cannot be loaded. Cost: one load for each combination.
bool device_fit(struct arena *a, const struct device_fit_source *source,
        const struct device_boot *boot, struct device_fit *out, struct err *err);

/// The name of the capability whose heaps are those that a query for `caps` counts, among capabilities within `caps`; empty when there is none: no
/// single word says the same.
struct str device_fit_capability(const struct target *t, uint64_t caps);

/// Index of the region that holds `address`; TARGET_NONE.
uint32_t device_fit_region(const struct target *t, uint64_t address);

#endif
