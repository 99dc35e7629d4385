/// Units and functions by address. The list of units comes from the unit headers rather than from
/// `.debug_aranges`, which some compilers do not write.
#include "dwarf_units.h"

#include "dwarf_walk.h"
#include "vec.h"

#include <dwarf.h>
#include <string.h>

static bool is_unit_with_code(Dwarf_Die *die) {
    int tag = dwarf_tag(die);
    return tag == DW_TAG_compile_unit || tag == DW_TAG_skeleton_unit;
}

/// Whether debug information of code at address 0 is to be believed.
static bool refuses_zero(const struct dwarf_units *u) {
    return !elf_functions_begin(u->symbols, u->file->bias);
}

/// Finds the functions of `unit`, inside of namespaces, classes and other functions, too.
static void read_functions(struct dwarf_units *u, struct dwarf_unit *unit);

static uint32_t add_context(struct dwarf_units *u, Dwarf_Die *die, uint32_t outer);

static struct dwarf_unit *add_unit(struct dwarf_units *u) {
    if (u->unit_count == u->unit_room) {
        u->units = vec_grow(u->arena, u->units, u->unit_count, &u->unit_room, sizeof(*u->units));
    }
    return &u->units[u->unit_count++];
}

/// Notes where the unit has code. A unit that does not say so has to be read for that.
static void add_unit_ranges(struct dwarf_units *u, size_t number) {
    struct dwarf_unit *unit = &u->units[number];
    size_t before = u->ranges.len;
    dwarf_add_ranges(&u->ranges, u->arena, &unit->lines_die, u->file->bias, refuses_zero(u),
            (uint32_t)number);
    if (u->ranges.len != before || u->ranges.len >= DWARF_RANGES_MOST) {
        return;
    }
    read_functions(u, unit);
    for (size_t i = 0; i < unit->ranges.len; i++) {
        const struct range *range = &unit->ranges.at[i];
        range_table_add(&u->ranges, u->arena, range->low, range->high, (uint32_t)number);
    }
}

void dwarf_units_read(struct dwarf_units *u, struct arena *a, const struct dwarf_file *file,
        struct elf_functions *symbols) {
    *u = (struct dwarf_units){ .arena = a, .file = file, .symbols = symbols };
    Dwarf_Die none = { 0 };
    (void)add_context(u, &none, 0); // Number 0 stands for the unit.
    Dwarf_CU *unit = NULL;
    Dwarf_Die die;
    Dwarf_Die split;
    Dwarf_Half version = 0;
    uint8_t type = 0;
    while (u->unit_count < UINT32_MAX - 1 &&
            dwarf_get_units(file->dwarf, unit, &unit, &version, &type, &die, &split) == 0) {
        if (!is_unit_with_code(&die)) {
            continue; // Partial and type units have no code.
        }
        bool has_split = type == DW_UT_skeleton && split.addr != NULL;
        *add_unit(u) = (struct dwarf_unit){ .lines_die = die, .die = has_split ? split : die };
        const struct dwarf_unit *added = &u->units[u->unit_count - 1];
        *map64_put(&u->by_cu, a, (uint64_t)(uintptr_t)added->die.cu, NULL) = u->unit_count - 1;
        add_unit_ranges(u, u->unit_count - 1);
    }
    range_table_sort(&u->ranges);
}

struct dwarf_unit *dwarf_units_find(struct dwarf_units *u, uint64_t vaddr) {
    const struct range *range = range_table_find(&u->ranges, vaddr);
    return range ? &u->units[range->value] : NULL;
}

/// A walk in search of functions.
struct search {
    struct dwarf_units *u;
    struct dwarf_unit *unit;
    bool refuses_zero;
    uint32_t around[DWARF_WALK_DEEPEST + 1]; ///< Context of the entries of each depth.
};

static uint32_t add_context(struct dwarf_units *u, Dwarf_Die *die, uint32_t outer) {
    if (u->context_count >= UINT32_MAX - 1) {
        return outer;
    }
    if (u->context_count == u->context_room) {
        u->contexts = vec_grow(
                u->arena, u->contexts, u->context_count, &u->context_room, sizeof(*u->contexts));
    }
    u->contexts[u->context_count] = (struct dwarf_context){ .die = *die, .outer = outer };
    return (uint32_t)u->context_count++;
}

static void add_function(struct search *s, Dwarf_Die *die) {
    struct dwarf_unit *unit = s->unit;
    if (unit->function_count == unit->function_room) {
        unit->functions = vec_grow(s->u->arena, unit->functions, unit->function_count,
                &unit->function_room, sizeof(*unit->functions));
    }
    dwarf_add_ranges(&unit->ranges, s->u->arena, die, s->u->file->bias, s->refuses_zero,
            (uint32_t)unit->function_count);
    unit->functions[unit->function_count++] = (struct dwarf_function){ .die = *die };
}

/// A function with code, a pattern for instances elsewhere, or a declaration, which has nothing inside.
static bool visit_subprogram(struct search *s, Dwarf_Die *die, unsigned depth) {
    bool has_code = dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
    uint32_t context = s->around[depth];
    if (context != 0 && !dwarf_hasattr(die, DW_AT_linkage_name)) {
        *map64_put(&s->u->declared_in, s->u->arena, (uint64_t)(uintptr_t)die->addr, NULL) = context;
    }
    if (has_code) {
        add_function(s, die);
    } else if (dwarf_hasattr(die, DW_AT_declaration)) {
        return false;
    }
    s->around[depth + 1] = add_context(s->u, die, context);
    return true;
}

static bool visit_function(void *self, Dwarf_Die *die, int tag, unsigned depth) {
    struct search *s = self;
    s->around[depth + 1] = s->around[depth];
    switch (tag) {
    case DW_TAG_subprogram:
        return visit_subprogram(s, die, depth);
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
        s->around[depth + 1] = add_context(s->u, die, s->around[depth]);
        return true;
    case DW_TAG_lexical_block:
    case DW_TAG_inlined_subroutine:
        return true;
    default:
        return false;
    }
}

static void read_functions(struct dwarf_units *u, struct dwarf_unit *unit) {
    if (unit->is_read) {
        return;
    }
    unit->is_read = true;
    struct search s = { .u = u, .unit = unit, .refuses_zero = refuses_zero(u) };
    dwarf_walk(&unit->die, visit_function, &s);
    range_table_sort(&unit->ranges);
}

const struct dwarf_function *dwarf_units_function(
        struct dwarf_units *u, struct dwarf_unit *unit, uint64_t vaddr) {
    read_functions(u, unit);
    const struct range *range = range_table_find(&unit->ranges, vaddr);
    if (!range) {
        return NULL;
    }
    struct dwarf_function *f = &unit->functions[range->value];
    dwarf_function_read(f, u->arena, u->file->bias);
    return f;
}

void dwarf_units_read_around(struct dwarf_units *u, const Dwarf_Die *die) {
    const uint64_t *number = map64_find(&u->by_cu, (uint64_t)(uintptr_t)die->cu);
    if (number) {
        read_functions(u, &u->units[*number]);
    }
}

const char *dwarf_units_line(
        const struct dwarf_units *u, struct dwarf_unit *unit, uint64_t vaddr, uint32_t *line) {
    int number = 0;
    *line = 0;
    Dwarf_Line *found = dwarf_getsrc_die(&unit->lines_die, vaddr - u->file->bias);
    if (!found || dwarf_lineno(found, &number) != 0) {
        return NULL;
    }
    *line = number > 0 ? (uint32_t)number : 0;
    return dwarf_linesrc(found, NULL, NULL);
}
