/// A release of the RTOS's SDK among the values of a target's parameter: `v5.5.1`, with the releases of the same rules as other ways to write it.
#ifndef RAMLENS_RELEASE_H
#define RAMLENS_RELEASE_H

#include "str.h"
#include "target.h"

#include <stdint.h>

/// Index of the value of `p` for a release as a device or a configuration writes it: "v5.5.1", "5.5.1", "v5.5.1-dirty", "v5.5.1-12-gabcdef0". What was built
/// before a release ("v5.5-dev-2511-g2696c6b", "v6.1-beta1") is another one, and needs a name of its own. TARGET_NONE when there is none.
uint32_t release_find(const struct target_parameter *p, struct str release);

/// Index of the value whose release comes nearest: the latest that is not later, else the earliest. Its rules may be others: say so. TARGET_NONE when
/// `release` begins with no number. Cost: linear in names.
uint32_t release_nearest(const struct target_parameter *p, struct str release);

#endif
