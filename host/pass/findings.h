/// What a region's table leads to: what is largest and could lie elsewhere, and which choice of the configuration leaves most free.
#ifndef RAMLENS_FINDINGS_H
#define RAMLENS_FINDINGS_H

#include "footprint.h"
#include "kconfig.h"
#include "placement.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

/// Static data of one component and archive that could lie in another memory.
struct finding_static {
    bool found;
    struct str archive; ///< Base name.
    uint32_t component;
    enum footprint_kind kind;
    uint64_t bytes;
    struct str memory; ///< Where it could lie.
    struct str price;
};

/// Blocks of one site that could lie in PSRAM: the largest at a checkpoint.
struct finding_site {
    bool found;
    uint32_t site;
    int64_t bytes;
};

/// A choice of the configuration and what it would leave free besides.
struct finding_option {
    bool found;
    const char *option; ///< "cache=128K", or "MBEDTLS_SSL_IN_CONTENT_LEN=512".
    const char *now;    ///< What it is: "256K".
    struct str about;
    int64_t bytes;
    struct str price;
    bool is_symbol; ///< Of the configuration's symbols; else a parameter of the target.
};

struct findings {
    struct finding_static largest;
    struct finding_site site;
    struct finding_option option;
};

/// What to look at. Pointers may be NULL where there is nothing.
struct findings_input {
    const struct target *target;
    const char *target_name; ///< As target_load() took it, as are the next four.
    const char *const *folders;
    uint32_t folder_count;
    const char *const *options;
    uint32_t option_count;
    const struct sdkconfig *configuration;
    const struct footprint *device;   ///< With components.
    const struct footprint *archives; ///< The same; looked at without a device.
    const struct placement_moment *moment;
    uint32_t site_count;
};

/// Looks at the first region. Loads the target once for each value of a parameter that has a price. Cost: linear in items and sites, and some
/// milliseconds for the targets. In `a`.
void findings_make(struct arena *a, const struct findings_input *in, struct findings *out);

#endif
