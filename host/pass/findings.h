/// What a region's table leads to: what is largest and could lie elsewhere, and which choice of the configuration leaves most free.
#ifndef RAMLENS_FINDINGS_H
#define RAMLENS_FINDINGS_H

#include "answer.h"
#include "kconfig.h"

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

/// Looks at the first region at checkpoint `base` of an answer that was run. Loads the target once for each value of a parameter that has a price. Cost: linear in
/// items and sites, and some milliseconds for the targets.
void findings_make(const struct answer *w, const struct answer_options *o, uint32_t base,
        struct findings *out);

#endif
