/// Two passes: one over all entries finds the variables, and what each struct is declared in; the other reads the types
/// that variables have, each once. Types are hostile input: they may hold themselves, or multiply without end.
#include "dwarf_structs.h"

#include "dwarf_attributes.h"
#include "dwarf_layout.h"
#include "dwarf_walk.h"
#include "text.h"
#include "vec.h"

#include <dwarf.h>
#include <stdlib.h>

enum {
    DIMENSIONS_MOST = 64,
    STEPS_MOST = 64,   ///< From a type through typedefs and arrays to its element.
    NESTED_MOST = 64,  ///< Structs in structs.
    CONTEXTS_MOST = 16 ///< Of a name.
};

/// A namespace or struct that others are declared in.
struct context {
    const char *name; ///< NULL: it has none.
    bool is_namespace;
    uint32_t outer; ///< 0: the unit.
};

struct found_static {
    Dwarf_Die die;
    uint64_t address;
    bool is_thread_local;
};

struct reader {
    struct dwarf_structs *d;
    struct arena *arena;
    uint64_t bias;
    bool is_big_endian;
    uint8_t address_bytes;
    struct {
        struct context *at;
        size_t len, room;
    } contexts;          ///< [0] is the unit.
    struct map64 inside; ///< Address of a struct's entry to the number of the context around it.
    uint32_t around[DWARF_WALK_DEEPEST + 1];
    struct {
        struct found_static *at;
        size_t len, room;
    } found;
    struct map64 by_die; ///< Address of a struct's entry to its index + 1.
    struct dwarf_layout_work work;
};

// ---- finding variables, and what structs are declared in ----

static uint32_t add_context(struct reader *r, Dwarf_Die *die, bool is_namespace, uint32_t outer) {
    *vec_push(r->arena, &r->contexts) = (struct context){
        .name = dwarf_diename(die), .is_namespace = is_namespace, .outer = outer
    };
    return (uint32_t)r->contexts.len - 1;
}

static uint64_t key_of(const Dwarf_Die *die) {
    return (uint64_t)(uintptr_t)die->addr;
}

static void add_variable(struct reader *r, Dwarf_Die *die) {
    struct found_static found = { .die = *die };
    if (dwarf_fixed_address(die, &found.address, &found.is_thread_local) &&
            (found.address != 0 || found.is_thread_local)) { // 0: the linker dropped it.
        *vec_push(r->arena, &r->found) = found;
    }
}

static bool visit(void *self, Dwarf_Die *die, int tag, unsigned depth) {
    struct reader *r = self;
    uint32_t outer = r->around[depth];
    r->around[depth + 1] = outer;
    switch (tag) {
    case DW_TAG_variable:
        add_variable(r, die);
        return false;
    case DW_TAG_namespace:
    case DW_TAG_module:
        r->around[depth + 1] = add_context(r, die, true, outer);
        return true;
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
        if (outer != 0) {
            *map64_put(&r->inside, r->arena, key_of(die), NULL) = outer;
        }
        r->around[depth + 1] = add_context(r, die, false, outer);
        return true;
    case DW_TAG_subprogram:
    case DW_TAG_lexical_block:
    case DW_TAG_inlined_subroutine:
        return true;
    default:
        return false;
    }
}

static void walk_units(struct reader *r, Dwarf *dwarf) {
    Dwarf_CU *unit = NULL;
    Dwarf_Half version;
    uint8_t type;
    Dwarf_Die root, split;
    while (dwarf_get_units(dwarf, unit, &unit, &version, &type, &root, &split) == 0) {
        bool is_skeleton = type == DW_UT_skeleton && split.addr != NULL;
        dwarf_walk(is_skeleton ? &split : &root, visit, r);
    }
}

// ---- names ----

static void append_context(struct text *t, const struct context *c) {
    const char *unnamed = c->is_namespace ? "(anonymous namespace)" : "(unnamed)";
    text_add(t, str_from(c->name ? c->name : unnamed));
    text_add(t, STR("::"));
}

/// The name of the struct `die`, or of the typedef by which it is known.
static struct str name_of(struct reader *r, Dwarf_Die *die, const char *alias) {
    const char *own = dwarf_diename(die);
    const uint64_t *found = map64_find(&r->inside, key_of(die));
    const struct context *list[CONTEXTS_MOST];
    size_t count = 0;
    struct text t = { .arena = r->arena };
    own = own ? own : alias;
    for (uint32_t at = found ? (uint32_t)*found : 0; own && at != 0 && count < CONTEXTS_MOST;
            at = r->contexts.at[at].outer) {
        list[count++] = &r->contexts.at[at];
    }
    while (count > 0) {
        append_context(&t, list[--count]);
    }
    text_add(&t, str_from(own));
    return text_str(&t);
}

// ---- types ----

/// A type less its typedefs, qualifiers and arrays.
struct element {
    Dwarf_Die die;
    const char *name;  ///< Of the outermost typedef, else its own.
    uint64_t elements; ///< UINT64_MAX: too many to be true.
    uint64_t bytes;    ///< Of one; 0: not known.
    bool is_array;
};

static bool follow(Dwarf_Die *die, unsigned attribute_name) {
    Dwarf_Attribute attribute;
    Dwarf_Die next;
    if (!dwarf_attr_integrate(die, attribute_name, &attribute) ||
            !dwarf_formref_die(&attribute, &next)) {
        return false;
    }
    *die = next;
    return true;
}

static bool is_struct(Dwarf_Die *die) {
    int tag = dwarf_tag(die);
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

static bool is_wrapper(int tag) {
    return tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
           tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

/// Number of elements in one dimension; 0 where it is left open.
static uint64_t dimension_of(Dwarf_Die *range) {
    uint64_t first = 0, last;
    if (dwarf_number(range, DW_AT_count, &last)) {
        return last;
    }
    (void)dwarf_number(range, DW_AT_lower_bound, &first);
    return dwarf_number(range, DW_AT_upper_bound, &last) ? last + 1 - first : 0;
}

static uint64_t multiply(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/// Of the first DIMENSIONS_MOST dimensions: of an array that is asked for once for each variable.
static uint64_t elements_of(Dwarf_Die *array) {
    uint64_t product = 1;
    Dwarf_Die child;
    int left = dwarf_child(array, &child);
    for (unsigned i = 0; left == 0 && i < DIMENSIONS_MOST; i++) {
        if (dwarf_tag(&child) == DW_TAG_subrange_type) {
            product = multiply(product, dimension_of(&child));
        }
        left = dwarf_siblingof(&child, &child);
    }
    return product;
}

static uint64_t bytes_of(const struct reader *r, Dwarf_Die *die) {
    uint64_t bytes = 0;
    int tag = dwarf_tag(die);
    bool is_pointer = tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type ||
                      tag == DW_TAG_rvalue_reference_type;
    bool is_known = dwarf_number(die, DW_AT_byte_size, &bytes);
    return is_known ? bytes : is_pointer ? r->address_bytes : 0;
}

/// False when there is no type, or no end of it.
static bool element_of(const struct reader *r, const Dwarf_Die *holder, struct element *out) {
    *out = (struct element){ .die = *holder, .elements = 1 };
    for (unsigned steps = 0; steps < STEPS_MOST && follow(&out->die, DW_AT_type); steps++) {
        int tag = dwarf_tag(&out->die);
        if (tag == DW_TAG_typedef && !out->name) {
            out->name = dwarf_diename(&out->die);
        } else if (tag == DW_TAG_array_type) {
            out->elements = multiply(out->elements, elements_of(&out->die));
            out->is_array = true;
            out->name = NULL;
        } else if (!is_wrapper(tag)) {
            (void)(is_struct(&out->die) &&
                    follow(&out->die, DW_AT_signature)); // In a unit of its own.
            out->name = out->name ? out->name : dwarf_diename(&out->die);
            out->bytes = bytes_of(r, &out->die);
            return true;
        }
    }
    return false;
}

// ---- members ----

static uint32_t read_struct(struct reader *r, Dwarf_Die *die, const char *alias, unsigned depth);

/// Distance from the beginning of the struct; false when a program has to compute it.
static bool offset_of(Dwarf_Die *die, uint64_t *out) {
    Dwarf_Attribute attribute;
    Dwarf_Op *ops = NULL;
    size_t count = 0;
    *out = 0;
    if (!dwarf_attr(die, DW_AT_data_member_location, &attribute)) {
        return true;
    }
    if (dwarf_getlocation(&attribute, &ops, &count) != 0 || count != 1 ||
            ops[0].atom != DW_OP_plus_uconst) {
        return false;
    }
    *out = ops[0].number;
    return true;
}

/// Before DWARF 4 bit-fields are counted from the most significant bit of what they are stored in.
static uint64_t old_bit_offset(const struct reader *r, Dwarf_Die *die, uint64_t begin,
        uint64_t bits, uint64_t type_bytes) {
    Dwarf_Attribute attribute;
    Dwarf_Sword from_top = 0;
    uint64_t stored = type_bytes;
    if (!dwarf_attr(die, DW_AT_bit_offset, &attribute) ||
            dwarf_formsdata(&attribute, &from_top) != 0) {
        return begin;
    }
    (void)dwarf_number(die, DW_AT_byte_size, &stored);
    return r->is_big_endian ? begin + (uint64_t)from_top
                            : begin + stored * 8 - (uint64_t)from_top - bits;
}

/// Reads what `die` adds to a struct; false when that is not known.
// NOLINTNEXTLINE(misc-no-recursion): NESTED_MOST bounds it
static bool member_of(struct reader *r, Dwarf_Die *die, unsigned depth, struct dwarf_member *out) {
    struct element e;
    uint64_t offset, bits;
    *out = (struct dwarf_member){ .type = DWARF_STRUCT_NONE };
    if (!element_of(r, die, &e) || !offset_of(die, &offset) || offset > UINT32_MAX) {
        return false;
    }
    out->begin_bit = offset * 8;
    out->elements = e.elements;
    if (dwarf_number(die, DW_AT_bit_size, &bits)) {
        bool is_new = dwarf_number(die, DW_AT_data_bit_offset, &out->begin_bit);
        out->begin_bit =
                is_new ? out->begin_bit : old_bit_offset(r, die, out->begin_bit, bits, e.bytes);
        out->bits = bits;
        return true;
    }
    out->bits = multiply(multiply(e.bytes, e.elements), 8);
    if (is_struct(&e.die) && e.elements != 0) {
        out->type = read_struct(r, &e.die, e.name, depth + 1);
        out->is_base = dwarf_tag(die) == DW_TAG_inheritance;
        return out->type != DWARF_STRUCT_NONE;
    }
    return true;
}

static bool is_static_member(Dwarf_Die *die) {
    return dwarf_hasattr(die, DW_AT_external) || dwarf_hasattr(die, DW_AT_declaration);
}

/// Reads all that `die` is made of; false when a part of it is not known.
// NOLINTNEXTLINE(misc-no-recursion): NESTED_MOST bounds it
static bool read_members(
        struct reader *r, Dwarf_Die *die, unsigned depth, struct dwarf_struct *out) {
    struct {
        struct dwarf_member *at;
        size_t len, room;
    } list = { 0 };
    Dwarf_Die child;
    bool is_known = true;
    for (int left = dwarf_child(die, &child); left == 0; left = dwarf_siblingof(&child, &child)) {
        int tag = dwarf_tag(&child);
        bool is_member = tag == DW_TAG_member && !is_static_member(&child);
        if (is_member || tag == DW_TAG_inheritance) {
            is_known &= member_of(r, &child, depth, vec_push(r->arena, &list));
        }
        is_known &= tag != DW_TAG_variant_part;
    }
    out->members = list.at;
    out->member_count = list.len;
    return is_known;
}

/// The struct's index; DWARF_STRUCT_NONE when it is not known, or not read to its end because it is in itself.
// NOLINTNEXTLINE(misc-no-recursion): NESTED_MOST bounds it
static uint32_t read_struct(struct reader *r, Dwarf_Die *die, const char *alias, unsigned depth) {
    bool is_new;
    uint64_t bytes;
    if (depth > NESTED_MOST || !dwarf_number(die, DW_AT_byte_size, &bytes)) {
        return DWARF_STRUCT_NONE; // A declaration alone has no size.
    }
    uint64_t *known = map64_put(&r->by_die, r->arena, key_of(die), &is_new);
    if (!is_new) {
        return r->d->types.at[*known].is_read ? (uint32_t)*known : DWARF_STRUCT_NONE;
    }
    uint32_t index = (uint32_t)r->d->types.len;
    *known = index;
    struct dwarf_struct s = { .name = name_of(r, die, alias),
        .bytes = bytes,
        .is_union = dwarf_tag(die) == DW_TAG_union_type };
    s.file = dwarf_declared_at(die, &s.line);
    *vec_push(r->arena, &r->d->types) = s;
    s.is_unsure = !read_members(r, die, depth, &s);
    s.is_read = true;
    r->d->types.at[index] = s;
    dwarf_layout_measure(&r->work, r->d, index);
    return index;
}

// ---- the whole ----

static void add_static(struct reader *r, struct found_static *found) {
    struct element e;
    struct dwarf_static *v = vec_push(r->arena, &r->d->statics);
    *v = (struct dwarf_static){ .name = dwarf_diename(&found->die),
        .address = found->address + (found->is_thread_local ? 0 : r->bias),
        .elements = 1,
        .struct_type = DWARF_STRUCT_NONE,
        .is_thread_local = found->is_thread_local,
        .is_unknown = true };
    if (!element_of(r, &found->die, &e)) {
        return;
    }
    uint64_t bytes = multiply(e.bytes, e.elements);
    v->bytes = bytes == UINT64_MAX ? 0 : bytes;
    v->elements = e.elements;
    v->is_array = e.is_array;
    v->type = e.name;
    v->is_unknown = false;
    if (is_struct(&e.die)) {
        v->struct_type = read_struct(r, &e.die, e.name, 0);
        v->is_unknown =
                v->struct_type == DWARF_STRUCT_NONE || r->d->types.at[v->struct_type].is_unsure;
    }
}

void dwarf_structs_read(struct dwarf_structs *d, struct arena *a, const struct dwarf_file *f) {
    struct reader r = { .d = d, .arena = a, .bias = f->bias, .work = { .arena = a } };
    const unsigned char *ident = NULL;
    *d = (struct dwarf_structs){ .types = { 0 } };
    if (!f->dwarf) {
        return;
    }
    ident = (const unsigned char *)elf_getident(dwarf_getelf(f->dwarf), NULL);
    r.is_big_endian = ident && ident[EI_DATA] == ELFDATA2MSB;
    r.address_bytes = ident && ident[EI_CLASS] == ELFCLASS64 ? 8 : 4;
    *vec_push(a, &r.contexts) = (struct context){ .name = NULL };
    walk_units(&r, f->dwarf);
    for (size_t i = 0; i < r.found.len; i++) {
        add_static(&r, &r.found.at[i]);
    }
}
