/// The functions of a symbol table, sorted. Symbols without a size (assembly) reach to the next symbol
/// of their section.
#include "elf_functions.h"

#include "vec.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

enum { RANK_DROPPED = UINT8_MAX };

struct candidate {
    uint64_t low;
    uint64_t size;
    uint64_t end; ///< Of its section.
    uint32_t section;
    uint8_t rank;     ///< Lower is better.
    bool is_function; ///< Its type says so.
    const char *name;
};

struct candidates {
    struct candidate *at;
    size_t len, room;
};

/// Local labels and the marks by which ARM and RISC-V tell code from data.
static bool is_label(const char *name) {
    return name[0] == '\0' || name[0] == '$' || strncmp(name, ".L", 2) == 0;
}

static uint8_t rank_of(const GElf_Sym *symbol) {
    uint8_t by_binding = 3;
    switch (GELF_ST_BIND(symbol->st_info)) {
    case STB_GLOBAL:
        by_binding = 0;
        break;
    case STB_WEAK:
        by_binding = 1;
        break;
    default:
        by_binding = 2;
        break;
    }
    uint8_t has_no_size = symbol->st_size == 0;
    return (uint8_t)(has_no_size * 4 + by_binding);
}

/// The section header of symbol's section, or false when that is no executable one.
static bool in_code(Elf *elf, GElf_Word section, GElf_Addr bias, uint64_t *end) {
    GElf_Shdr header;
    Elf_Scn *scn = elf && section != SHN_UNDEF ? elf_getscn(elf, section) : NULL;
    if (!scn || !gelf_getshdr(scn, &header) || !(header.sh_flags & SHF_EXECINSTR)) {
        return false;
    }
    *end = header.sh_addr + header.sh_size + bias;
    return true;
}

static void consider(
        struct candidates *all, struct arena *a, const struct dwarf_file *f, int number) {
    GElf_Sym symbol;
    GElf_Addr address = 0;
    GElf_Addr bias = 0;
    GElf_Word section = SHN_UNDEF;
    Elf *elf = NULL;
    uint64_t end = 0;
    const char *name =
            dwfl_module_getsym_info(f->module, number, &symbol, &address, &section, &elf, &bias);
    int type = name ? GELF_ST_TYPE(symbol.st_info) : STT_FILE;
    bool may_be_code = type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
    if (!name || !may_be_code || is_label(name) || !in_code(elf, section, bias, &end)) {
        return;
    }
    if (f->machine == EM_ARM && type != STT_NOTYPE) {
        address &= ~(GElf_Addr)1; // The lowest bit says Thumb.
    }
    *vec_push(a, all) = (struct candidate){ .low = address,
        .size = symbol.st_size,
        .end = end,
        .section = section,
        .rank = rank_of(&symbol),
        .is_function = type != STT_NOTYPE,
        .name = name };
}

static int compare(const void *left, const void *right) {
    const struct candidate *l = left;
    const struct candidate *r = right;
    if (l->low != r->low) {
        return l->low < r->low ? -1 : 1;
    }
    if (l->rank != r->rank) {
        return l->rank < r->rank ? -1 : 1;
    }
    return strcmp(l->name, r->name);
}

/// Marks labels inside functions: symbols without a size that a sized one covers. The array is sorted.
static void drop_inner_labels(struct candidates *all) {
    uint64_t covered = 0;
    for (size_t i = 0; i < all->len; i++) {
        struct candidate *c = &all->at[i];
        if (c->size == 0) {
            c->rank = c->low < covered ? RANK_DROPPED : c->rank;
        } else if (c->low + c->size > covered) { // What wraps around covers nothing.
            covered = c->low + c->size;
        }
    }
}

/// Where a symbol ends that does not say so: at the next higher address with a symbol, or with its
/// section.
static uint64_t end_of(const struct candidates *all, size_t i, uint64_t next_low) {
    const struct candidate *c = &all->at[i];
    if (c->size != 0) {
        return c->size > UINT64_MAX - c->low ? UINT64_MAX : c->low + c->size;
    }
    return next_low < c->end ? next_low : c->end;
}

/// Reads the table, once.
static void need(struct elf_functions *e) {
    struct arena *a = e->arena;
    const struct dwarf_file *f = e->file;
    struct candidates all = { 0 };
    if (!f) {
        return;
    }
    e->file = NULL;
    int count = dwfl_module_getsymtab(f->module);
    for (int i = 1; i < count; i++) {
        consider(&all, a, f, i);
    }
    if (all.len == 0) {
        return;
    }
    qsort(all.at, all.len, sizeof(*all.at), compare);
    drop_inner_labels(&all);
    e->names = NEW_ARRAY(a, const char *, all.len);
    e->are_functions = NEW_ARRAY(a, bool, all.len);
    uint64_t next_low = UINT64_MAX; // Backward, so that the next higher address is known.
    for (size_t i = all.len; i-- > 0;) {
        bool has_better = i > 0 && all.at[i - 1].low == all.at[i].low;
        if (has_better || all.at[i].rank == RANK_DROPPED) {
            continue;
        }
        e->names[i] = all.at[i].name;
        e->are_functions[i] = all.at[i].is_function;
        range_table_add(&e->ranges, a, all.at[i].low, end_of(&all, i, next_low), (uint32_t)i);
        next_low = all.at[i].low;
    }
    range_table_sort(&e->ranges);
}

void elf_functions_init(struct elf_functions *e, struct arena *a, const struct dwarf_file *f) {
    *e = (struct elf_functions){ .arena = a, .file = f };
}

bool elf_functions_are_none(struct elf_functions *e) {
    need(e);
    return e->ranges.len == 0;
}

const char *elf_functions_find(struct elf_functions *e, uint64_t vaddr) {
    need(e);
    const struct range *range = range_table_find(&e->ranges, vaddr);
    return range ? e->names[range->value] : NULL;
}

/// Whether the file has code at `vaddr`.
static bool is_code(const struct dwarf_file *f, uint64_t vaddr) {
    GElf_Addr bias = 0;
    Elf *elf = dwfl_module_getelf(f->module, &bias);
    Elf_Scn *scn = NULL;
    while (elf && (scn = elf_nextscn(elf, scn)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(scn, &header) && (header.sh_flags & SHF_EXECINSTR) &&
                vaddr - bias - header.sh_addr < header.sh_size) {
            return true;
        }
    }
    return false;
}

bool elf_functions_begin(struct elf_functions *e, uint64_t vaddr) {
    if (e->file && !is_code(e->file, vaddr)) {
        return false;
    }
    need(e);
    const struct range *range = range_table_find(&e->ranges, vaddr);
    return range && range->low == vaddr && e->are_functions[range->value];
}
