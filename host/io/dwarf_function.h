/// What debug information says about the inside of one out-of-line function: which calls were inlined
/// where, and where it calls.
#ifndef RAMLENS_DWARF_FUNCTION_H
#define RAMLENS_DWARF_FUNCTION_H

#include "arena.h"
#include "range_table.h"

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The function itself (number 0) or an inlined call in it.
struct dwarf_scope {
    Dwarf_Die die;
    uint32_t outer; ///< Number of the scope it is inlined into; of scope 0 also 0.
};

struct dwarf_function {
    Dwarf_Die die;
    bool is_read; ///< The members below are filled.
    struct dwarf_scope *scopes;
    size_t scope_count;
    struct range_table ranges; ///< Of the inlined calls; values are scope numbers.
    uint64_t *calls;           ///< Return addresses, ascending.
    size_t call_count;
};

enum {
    DWARF_RANGES_MOST = 1 << 22, ///< In one table; a file could name one long list many times.
};

/// Fills what is inside, once. `bias` is added to addresses. Cost: linear in the function's entries.
void dwarf_function_read(struct dwarf_function *f, struct arena *a, uint64_t bias);

/// Number of the innermost scope around `vaddr`; 0 for the function itself.
uint32_t dwarf_function_scope(const struct dwarf_function *f, uint64_t vaddr);

/// Ordinal, from 1, of the call that returns to `vaddr`; 0 when no call is known to.
uint32_t dwarf_function_ordinal(const struct dwarf_function *f, uint64_t vaddr);

/// Where the inlined call that scope `number` (not 0) stands for was written: line, and file as libdw
/// has it; NULL and 0 when unknown.
const char *dwarf_function_call(const struct dwarf_function *f, uint32_t number, uint32_t *line);

/// Adds the ranges of `die`, moved by `bias`, to `t` under `value`. `refuses_zero` passes over those that
/// begin at 0.
void dwarf_add_ranges(struct range_table *t, struct arena *a, Dwarf_Die *die, uint64_t bias,
        bool refuses_zero, uint32_t value);

#endif
