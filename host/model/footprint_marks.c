/// Marks of two kinds. ARM and RISC-V have mapping symbols: `$a`, `$t`, `$x` begin instructions, `$d` data, each up to the
/// next (ELF for the Arm Architecture, 5.5.5 "Mapping symbols"). Xtensa's assembler writes property tables, which
/// programs of ESP-IDF keep: entries of address, size and flags (binutils include/elf/xtensa.h, XTENSA_PROP_).
#include "footprint_marks.h"

#include "vec.h"

#include <elf.h>
#include <stdlib.h>

enum {
    MACHINE_XTENSA = 94,
    PROPERTY_BYTES = 12,
    PROPERTY_LITERAL = 1,
    PROPERTY_CODE = 2,
};

/// A mark with its place in the file, for a sort that is the same everywhere.
struct numbered_mark {
    struct cut_mark mark;
    size_t number;
};

struct marks {
    struct arena *arena;
    struct {
        struct numbered_mark *at;
        size_t len, room;
    } list;
};

static void add_mark(
        struct marks *m, uint32_t section, uint64_t address, enum footprint_kind kind) {
    size_t number = m->list.len;
    *vec_push(m->arena, &m->list) = (struct numbered_mark){
        .mark = { .section = section, .address = address, .kind = (uint8_t)kind }, .number = number
    };
}

static bool is_loaded_code(const struct elf_file *elf, uint32_t section) {
    uint64_t wanted = SHF_ALLOC | SHF_EXECINSTR;
    return section < elf->section_count && (elf->sections[section].flags & wanted) == wanted;
}

/// `$d`, `$x`, `$xrv32i2p1_m2p0`, `$d.12`: the letter that counts; 0: no mapping symbol.
static char mapping_letter(struct str name) {
    if (name.len < 2 || name.at[0] != '$') {
        return '\0';
    }
    return name.at[1];
}

static void add_mapping_symbols(struct marks *m, const struct elf_file *elf) {
    for (size_t i = 0; i < elf->symbol_count; i++) {
        const struct elf_symbol *s = &elf->symbols[i];
        if (!s->is_mark || !is_loaded_code(elf, s->section)) {
            continue;
        }
        char letter = mapping_letter(s->name);
        uint32_t section = elf->type == ET_REL ? s->section : 0;
        if (letter == 'd') {
            add_mark(m, section, s->address, FOOTPRINT_LITERAL);
        } else if (letter == 'a' || letter == 't' || letter == 'x') {
            add_mark(m, section, s->address, FOOTPRINT_CODE);
        }
    }
}

static uint32_t word_at(const struct elf_file *elf, const char *at) {
    const uint8_t *b = (const uint8_t *)at;
    if (elf->is_big_endian) {
        return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static void add_properties(struct marks *m, const struct elf_file *elf, struct str table) {
    for (size_t at = 0; at + PROPERTY_BYTES <= table.len; at += PROPERTY_BYTES) {
        uint64_t address = word_at(elf, table.at + at);
        uint64_t bytes = word_at(elf, table.at + at + 4);
        uint32_t flags = word_at(elf, table.at + at + 8);
        if (bytes == 0 || !(flags & (PROPERTY_LITERAL | PROPERTY_CODE))) {
            continue;
        }
        bool is_literal = (flags & PROPERTY_LITERAL) != 0;
        add_mark(m, 0, address + bytes, FOOTPRINT_UNKNOWN);
        add_mark(m, 0, address, is_literal ? FOOTPRINT_LITERAL : FOOTPRINT_CODE);
    }
}

/// Of a program: in an object their addresses are not there yet.
static void add_property_tables(struct marks *m, const struct elf_file *elf) {
    bool has_tables = elf->machine == MACHINE_XTENSA && elf->type != ET_REL;
    for (uint32_t i = 1; has_tables && i < elf->section_count; i++) {
        struct str contents;
        struct err ignored;
        if (str_starts_with(elf->sections[i].name, STR(".xt.prop")) &&
                elf_file_contents(m->arena, elf, i, &contents, &ignored)) {
            add_properties(m, elf, contents);
        }
    }
}

/// By section and address; where one range ends and another begins, the beginning comes last and counts.
static int compare(const void *left, const void *right) {
    const struct numbered_mark *l = left;
    const struct numbered_mark *r = right;
    if (l->mark.section != r->mark.section) {
        return l->mark.section < r->mark.section ? -1 : 1;
    }
    if (l->mark.address != r->mark.address) {
        return l->mark.address < r->mark.address ? -1 : 1;
    }
    bool l_ends = l->mark.kind == FOOTPRINT_UNKNOWN;
    bool r_ends = r->mark.kind == FOOTPRINT_UNKNOWN;
    if (l_ends != r_ends) {
        return l_ends ? -1 : 1;
    }
    return (l->number > r->number) - (l->number < r->number);
}

/// Leaves out marks that say what the one before them says; the number of those that stay.
static size_t drop_repeated(struct cut_mark *marks, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || marks[kept - 1].kind != marks[i].kind ||
                marks[kept - 1].section != marks[i].section) {
            marks[kept++] = marks[i];
        }
    }
    return kept;
}

struct cut_mark *footprint_marks_of(struct arena *a, const struct elf_file *elf, size_t *count) {
    struct marks m = { .arena = a };
    add_mapping_symbols(&m, elf);
    add_property_tables(&m, elf);
    *count = 0;
    if (m.list.len == 0) {
        return NULL;
    }
    qsort(m.list.at, m.list.len, sizeof(*m.list.at), compare);
    struct cut_mark *marks = NEW_ARRAY(a, struct cut_mark, m.list.len);
    for (size_t i = 0; i < m.list.len; i++) {
        bool is_there = *count > 0 && marks[*count - 1].address == m.list.at[i].mark.address &&
                        marks[*count - 1].section == m.list.at[i].mark.section;
        *count += !is_there;
        marks[*count - 1] = m.list.at[i].mark;
    }
    *count = drop_repeated(marks, *count);
    return marks;
}
