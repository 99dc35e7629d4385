/// Which module's code is mapped at an address, while the definitions of a trace are read.
#ifndef RAMLENS_TRACE_MODULES_H
#define RAMLENS_TRACE_MODULES_H

#include "arena.h"
#include "map64.h"
#include "trace.h"

#include <stdint.h>

/// The mapped modules in the order of their addresses, none overlapping. A zeroed struct is a valid
/// empty one. Private.
struct trace_modules {
    struct trace_mapped *mapped;
    uint32_t count;
    uint32_t capacity;
    struct map64 by_number; ///< Number to index in trace_image.modules.
};

/// Module `index` of `modules` was mapped: whatever lay in its range is gone.
void trace_modules_map(
        struct trace_modules *m, struct arena *a, struct trace_module *modules, uint32_t index);

/// The latest module with `number` was unmapped.
void trace_modules_unmap(struct trace_modules *m, struct trace_module *modules, uint32_t number);

/// Index + 1 of the module whose code holds the call that returns to `address`; 0: none.
/// Logarithmic in the mapped modules.
uint32_t trace_modules_at(
        const struct trace_modules *m, const struct trace_module *modules, uint64_t address);

#endif
