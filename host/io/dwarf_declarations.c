/// Variables with a fixed address and functions with code, found by one walk over all units.
#include "dwarf_declarations.h"

#include "dwarf_attributes.h"
#include "dwarf_names.h"
#include "dwarf_walk.h"
#include "vec.h"

#include <dwarf.h>
#include <string.h>

enum { PARTS_MOST = 1024 }; ///< Of one function.

struct search {
    struct dwarf_declarations *d;
    struct arena *arena;
    uint64_t bias;
    const char
            *at_zero; ///< Symbol of the function that begins at address 0; NULL when there is none.
    bool is_c;        ///< The unit is: its structs hold no variables and no functions.
};

static void add(struct search *s, struct map64 *places, uint64_t address, Dwarf_Die *die) {
    if (!dwarf_hasattr_integrate(die, DW_AT_decl_file)) {
        return;
    }
    *map64_put(places, s->arena, address, NULL) = s->d->list.len;
    *vec_push(s->arena, &s->d->list) = (struct dwarf_declaration){ .die = *die };
}

static void add_variable(struct search *s, Dwarf_Die *die) {
    uint64_t address = 0;
    bool is_thread_local = false;
    if (!dwarf_fixed_address(die, &address, &is_thread_local)) {
        return;
    }
    if (is_thread_local) {
        add(s, &s->d->tls_places, address, die);
    } else if (address != 0) { // 0: the linker dropped it.
        add(s, &s->d->places, address + s->bias, die);
    }
}

/// Whether `die` is the function that begins at 0: those that a linker dropped seem to do so, too.
static bool is_at_zero(const struct search *s, Dwarf_Die *die) {
    const char *linkage = dwarf_linkage_name(die);
    const char *name = linkage ? linkage : dwarf_diename(die);
    return s->at_zero && name && strcmp(name, s->at_zero) == 0;
}

/// Adds each beginning of the function's code.
static void add_function(struct search *s, Dwarf_Die *die) {
    Dwarf_Addr base = 0;
    Dwarf_Addr low = 0;
    Dwarf_Addr high = 0;
    ptrdiff_t offset = 0;
    for (unsigned i = 0; i < PARTS_MOST; i++) {
        offset = dwarf_ranges(die, offset, &base, &low, &high);
        if (offset <= 0) {
            return;
        }
        if (low < high && (low != 0 || is_at_zero(s, die))) {
            add(s, &s->d->places, low + s->bias, die);
        }
    }
}

static bool has_code(Dwarf_Die *die) {
    return dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
}

static bool visit(void *self, Dwarf_Die *die, int tag, unsigned depth) {
    struct search *s = self;
    (void)depth;
    switch (tag) {
    case DW_TAG_variable:
        add_variable(s, die);
        return false;
    case DW_TAG_subprogram:
        if (has_code(die)) {
            add_function(s, die);
        }
        return !dwarf_hasattr(die, DW_AT_declaration); // Which has parameters only.
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
        return !s->is_c;
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_lexical_block:
    case DW_TAG_class_type:
    case DW_TAG_inlined_subroutine:
        return true;
    default:
        return false;
    }
}

static bool is_c(Dwarf_Die *unit) {
    int language = dwarf_srclang(unit);
    return language == DW_LANG_C89 || language == DW_LANG_C || language == DW_LANG_C99 ||
           language == DW_LANG_C11;
}

void dwarf_declarations_read(
        struct dwarf_declarations *d, struct arena *a, const struct dwarf_units *u) {
    struct search s = { .d = d,
        .arena = a,
        .bias = u->file->bias,
        .at_zero = elf_functions_begin(u->symbols, u->file->bias)
                           ? elf_functions_find(u->symbols, u->file->bias)
                           : NULL };
    for (size_t i = 0; i < u->unit_count; i++) {
        s.is_c = is_c(&u->units[i].die);
        dwarf_walk(&u->units[i].die, visit, &s);
    }
}

const struct dwarf_place *dwarf_declarations_find(
        struct dwarf_declarations *d, uint64_t address, bool is_thread_local) {
    const uint64_t *found = map64_find(is_thread_local ? &d->tls_places : &d->places, address);
    if (!found) {
        return NULL;
    }
    struct dwarf_declaration *declaration = &d->list.at[*found];
    if (!declaration->is_placed) {
        declaration->place.file = dwarf_declared_at(&declaration->die, &declaration->place.line);
        declaration->is_placed = true;
    }
    return declaration->place.file ? &declaration->place : NULL;
}
