/// Variables with a fixed address, found by one walk over all units.
#include "dwarf_variables.h"

#include "dwarf_walk.h"
#include "vec.h"

#include <dwarf.h>

struct search {
    struct dwarf_variables *v;
    struct arena *arena;
    uint64_t bias;
};

/// Reads a location that is one address, or an offset in the thread's image.
static bool fixed_address(Dwarf_Die *die, uint64_t *address, bool *is_thread_local) {
    Dwarf_Attribute attribute;
    Dwarf_Op *ops = NULL;
    size_t count = 0;
    if (!dwarf_attr(die, DW_AT_location, &attribute)) {
        return false;
    }
    unsigned form = dwarf_whatform(&attribute);
    bool is_expression = form == DW_FORM_exprloc || form == DW_FORM_block1 ||
                         form == DW_FORM_block2 || form == DW_FORM_block4 || form == DW_FORM_block;
    if (!is_expression || dwarf_getlocation(&attribute, &ops, &count) != 0 || count == 0) {
        return false; // A list: the variable moves.
    }
    *is_thread_local = count == 2 && (ops[1].atom == DW_OP_form_tls_address ||
                                             ops[1].atom == DW_OP_GNU_push_tls_address);
    bool is_plain = count == 1 && ops[0].atom == DW_OP_addr;
    *address = ops[0].number;
    return is_plain || *is_thread_local;
}

static void add_variable(
        struct search *s, struct map64 *places, uint64_t address, const char *file) {
    *map64_put(places, s->arena, address, NULL) = s->v->files.len;
    *vec_push(s->arena, &s->v->files) = file;
}

static bool visit(void *self, Dwarf_Die *die, int tag, unsigned depth) {
    struct search *s = self;
    uint64_t address = 0;
    bool is_thread_local = false;
    (void)depth;
    if (tag != DW_TAG_variable) {
        return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_subprogram ||
               tag == DW_TAG_lexical_block || tag == DW_TAG_class_type ||
               tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
               tag == DW_TAG_inlined_subroutine;
    }
    if (!fixed_address(die, &address, &is_thread_local)) {
        return false;
    }
    const char *file = dwarf_decl_file(die);
    if (file && is_thread_local) {
        add_variable(s, &s->v->tls_places, address, file);
    } else if (file && address != 0) { // 0: the linker dropped it.
        add_variable(s, &s->v->places, address + s->bias, file);
    }
    return false;
}

void dwarf_variables_read(struct dwarf_variables *v, struct arena *a, const struct dwarf_units *u) {
    struct search s = { .v = v, .arena = a, .bias = u->file->bias };
    for (size_t i = 0; i < u->unit_count; i++) {
        dwarf_walk(&u->units[i].die, visit, &s);
    }
}

const char *dwarf_variables_file(
        struct dwarf_variables *v, uint64_t address, bool is_thread_local) {
    const uint64_t *found = map64_find(is_thread_local ? &v->tls_places : &v->places, address);
    return found ? v->files.at[*found] : NULL;
}
