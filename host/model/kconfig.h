/// A project's configuration, as a target understands it: which parameters it chooses, and what its options hold.
#ifndef RAMLENS_KCONFIG_H
#define RAMLENS_KCONFIG_H

#include "arena.h"
#include "sdkconfig.h"
#include "str.h"
#include "target.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

/// A parameter that the configuration chooses.
struct kconfig_choice {
    const char *option; ///< "cache=128K", as target_load() takes it; NULL when it does not fit.
    const char *
            problem; ///< Why not, and what is taken; of a release also with `option`, which is the nearest (release.h). NULL when it fits.
    struct str symbol; ///< Without CONFIG_.
    uint32_t line;     ///< Of the configuration.
};

/// An option and what it holds.
struct kconfig_cost {
    const struct target_option *option;
    uint64_t value;
    uint64_t
            best; ///< The value that holds least: the least there is, of a switch that frees y; `value` when that is as good.
    int64_t bytes; ///< Held of the option's region; negative: freed.
    int64_t saves; ///< What its smallest value would give back; of a switch that frees, what turning it on would.
    bool is_default; ///< The configuration does not speak of it.
    uint32_t line;   ///< Of the configuration; 0: not there.
};

/// An option that is set and changes memory, and that the target does not model.
struct kconfig_unmodelled {
    const struct target_unmodelled *option;
    uint32_t line; ///< Of the configuration.
};

struct kconfig {
    VEC(struct kconfig_choice) choices;
    VEC(struct kconfig_cost)
    costs; ///< In the target's order; those whose need is not met are left out.
    VEC(struct kconfig_unmodelled) unmodelled; ///< In the target's order.
};

/// What `c` (NULL: nothing is known, every option has its default) means for `t`, which may have been loaded with any choices: load it again with those that fit.
/// Results live in `a`. Cost: lines of the target times log of the configuration.
void kconfig_read(
        struct arena *a, const struct target *t, const struct sdkconfig *c, struct kconfig *out);

#endif
