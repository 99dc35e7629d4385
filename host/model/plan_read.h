/// Private to the plan's files: what reading and asking share.
#ifndef RAMLENS_PLAN_READ_H
#define RAMLENS_PLAN_READ_H

#include "plan.h"

/// Whether both name the same code at the same strength.
bool plan_selector_same(const struct plan_selector *a, const struct plan_selector *b);

#endif
