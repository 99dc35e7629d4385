/// The inside of a function: one walk over its entries collects inlined calls and call sites.
#include "dwarf_function.h"

#include "dwarf_walk.h"
#include "vec.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

void dwarf_add_ranges(struct range_table *t, struct arena *a, Dwarf_Die *die, uint64_t bias,
        bool refuses_zero, uint32_t value) {
    ptrdiff_t offset = 0;
    Dwarf_Addr base = 0;
    Dwarf_Addr low = 0;
    Dwarf_Addr high = 0;
    while (t->len < DWARF_RANGES_MOST &&
            (offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0) {
        if (low != 0 || !refuses_zero) {
            range_table_add(t, a, low + bias, high + bias, value);
        }
    }
}

/// A walk in progress.
struct reader {
    struct dwarf_function *f;
    struct arena *arena;
    uint64_t bias;
    struct {
        struct dwarf_scope *at;
        size_t len, room;
    } scopes;
    struct {
        uint64_t *at;
        size_t len, room;
    } calls;
    uint32_t around[DWARF_WALK_DEEPEST + 1]; ///< Scope that holds the entries of each depth.
};

static void add_call(struct reader *r, Dwarf_Die *die) {
    Dwarf_Attribute attribute;
    Dwarf_Addr address = 0;
    int name = dwarf_tag(die) == DW_TAG_call_site ? DW_AT_call_return_pc : DW_AT_low_pc;
    if (dwarf_attr(die, (unsigned)name, &attribute) && dwarf_formaddr(&attribute, &address) == 0) {
        *vec_push(r->arena, &r->calls) = address + r->bias;
    }
}

static uint32_t add_inlined(struct reader *r, Dwarf_Die *die, uint32_t outer) {
    if (r->scopes.len >= UINT32_MAX - 1) {
        return outer;
    }
    uint32_t number = (uint32_t)r->scopes.len;
    *vec_push(r->arena, &r->scopes) = (struct dwarf_scope){ .die = *die, .outer = outer };
    dwarf_add_ranges(&r->f->ranges, r->arena, die, r->bias, false, number);
    return number;
}

static bool visit(void *self, Dwarf_Die *die, int tag, unsigned depth) {
    struct reader *r = self;
    r->around[depth + 1] = r->around[depth];
    switch (tag) {
    case DW_TAG_inlined_subroutine:
        r->around[depth + 1] = add_inlined(r, die, r->around[depth]);
        return true;
    case DW_TAG_call_site:
    case DW_TAG_GNU_call_site:
        add_call(r, die);
        return false;
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
        return true;
    default:
        return false; // Types, and functions inside this one, which stand for themselves.
    }
}

static int compare_addresses(const void *left, const void *right) {
    const uint64_t *l = left;
    const uint64_t *r = right;
    return (*l > *r) - (*l < *r);
}

/// Sorts and drops repeated addresses: a call in code that the compiler merged is described twice.
static size_t sort_unique(uint64_t *at, size_t len) {
    size_t kept = 0;
    if (len != 0) {
        qsort(at, len, sizeof(*at), compare_addresses);
    }
    for (size_t i = 0; i < len; i++) {
        if (kept == 0 || at[i] != at[kept - 1]) {
            at[kept++] = at[i];
        }
    }
    return kept;
}

void dwarf_function_read(struct dwarf_function *f, struct arena *a, uint64_t bias) {
    if (f->is_read) {
        return;
    }
    f->is_read = true;
    struct reader r = { .f = f, .arena = a, .bias = bias };
    *vec_push(a, &r.scopes) = (struct dwarf_scope){ .die = f->die };
    dwarf_walk(&f->die, visit, &r);
    range_table_sort(&f->ranges);
    f->scopes = r.scopes.at;
    f->scope_count = r.scopes.len;
    f->calls = r.calls.at;
    f->call_count = sort_unique(r.calls.at, r.calls.len);
}

uint32_t dwarf_function_scope(const struct dwarf_function *f, uint64_t vaddr) {
    const struct range *range = range_table_find(&f->ranges, vaddr);
    return range ? range->value : 0;
}

uint32_t dwarf_function_ordinal(const struct dwarf_function *f, uint64_t vaddr) {
    size_t low = 0;
    size_t high = f->call_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->calls[middle] < vaddr) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < f->call_count && f->calls[low] == vaddr ? (uint32_t)low + 1 : 0;
}

static bool number_of(Dwarf_Die *die, unsigned name, Dwarf_Word *out) {
    Dwarf_Attribute attribute;
    return dwarf_attr(die, name, &attribute) && dwarf_formudata(&attribute, out) == 0;
}

const char *dwarf_function_call(const struct dwarf_function *f, uint32_t number, uint32_t *line) {
    Dwarf_Die die = f->scopes[number].die;
    Dwarf_Die unit;
    Dwarf_Files *files = NULL;
    size_t count = 0;
    Dwarf_Word value = 0;
    *line = number_of(&die, DW_AT_call_line, &value) ? (uint32_t)value : 0;
    if (!number_of(&die, DW_AT_call_file, &value) || !dwarf_diecu(&die, &unit, NULL, NULL) ||
            dwarf_getsrcfiles(&unit, &files, &count) != 0 || value >= count) {
        return NULL;
    }
    return dwarf_filesrc(files, value, NULL, NULL);
}
