/// Lines are taken apart from behind: a C++ function has tabs in no compiler's output, but colons and spaces; a path may have anything.
#include "stack_usage.h"

#include "map64.h"
#include "vec.h"

#include <elf.h>
#include <stdlib.h>

const char *const stack_usage_names[STACK_USAGE_KINDS] = { "static", "bounded", "dynamic" };

// ---- text ----

/// Takes what follows the last `c` off `s`; false when there is none.
static bool take_behind(struct str *s, char c, struct str *out) {
    for (size_t i = s->len; i > 0; i--) {
        if (s->at[i - 1] == c) {
            *out = (struct str){ s->at + i, s->len - i };
            s->len = i - 1;
            return true;
        }
    }
    return false;
}

static bool number_of(struct str s, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < s.len; i++) {
        bool is_digit = s.at[i] >= '0' && s.at[i] <= '9';
        if (!is_digit || __builtin_mul_overflow(*out, 10, out) ||
                __builtin_add_overflow(*out, (uint64_t)(s.at[i] - '0'), out)) {
            return false;
        }
    }
    return s.len != 0;
}

/// "dynamic,bounded" is bounded; gcc may add ",ignoring_inline_asm".
static bool kind_of(struct str words, uint8_t *out) {
    bool is_dynamic = str_starts_with(words, STR("dynamic"));
    bool is_static = str_starts_with(words, STR("static"));
    bool is_bounded = str_matches(words, STR("dynamic,bounded*"));
    *out = is_bounded ? STACK_BOUNDED : is_dynamic ? STACK_DYNAMIC : STACK_STATIC;
    return is_dynamic || is_static;
}

/// Digits from `*at` on, and a colon behind them, which is passed. Too many of them are UINT64_MAX.
static bool take_number(struct str s, size_t *at, uint64_t *out) {
    size_t end = *at;
    while (end < s.len && s.at[end] >= '0' && s.at[end] <= '9') {
        end++;
    }
    if (end == s.len || s.at[end] != ':' || end == *at) {
        return false;
    }
    if (!number_of((struct str){ s.at + *at, end - *at }, out)) {
        *out = UINT64_MAX;
    }
    *at = end + 1;
    return true;
}

/// "FILE:LINE:COLUMN:FUNCTION" (gcc) or "FILE:LINE:FUNCTION" (clang): the first colon that a number follows ends the file.
static bool place_of(struct str place, struct stack_usage *out) {
    for (size_t i = 0; i + 1 < place.len; i++) {
        size_t at = i + 1;
        uint64_t line, column;
        if (place.at[i] == ':' && take_number(place, &at, &line)) {
            (void)take_number(place, &at, &column);
            out->file = (struct str){ place.at, i };
            out->line = (uint32_t)line;
            out->function = (struct str){ place.at + at, place.len - at };
            return i != 0 && line <= UINT32_MAX && out->function.len != 0;
        }
    }
    return false;
}

static bool parse_line(struct str line, struct stack_usage *out) {
    struct str bytes, words;
    *out = (struct stack_usage){ .file = STR("") };
    return take_behind(&line, '\t', &words) && take_behind(&line, '\t', &bytes) &&
           kind_of(words, &out->kind) && number_of(bytes, &out->bytes) && place_of(line, out);
}

void stack_usage_parse(struct arena *a, struct str text, struct stack_usages *out) {
    uint32_t number = 0;
    for (size_t at = 0; at < text.len;) {
        const char *end = memchr(text.at + at, '\n', text.len - at);
        struct str line = { text.at + at, end ? (size_t)(end - text.at) - at : text.len - at };
        at += line.len + 1;
        number++;
        line.len -= line.len != 0 && line.at[line.len - 1] == '\r';
        struct stack_usage usage;
        if (parse_line(line, &usage)) {
            *vec_push(a, &out->list) = usage;
        } else if (line.len != 0) {
            out->not_understood++;
            out->first_bad_line = out->first_bad_line ? out->first_bad_line : number;
        }
    }
}

// ---- sections ----

/// Entries of one section.
struct entries {
    struct arena *arena;
    const struct elf_file *elf;
    const struct elf_relocation *relocations; ///< By offset.
    size_t relocation_count;
    size_t next; ///< First relocation not passed yet.
    struct str bytes;
    struct map64 *names; ///< Section and address to a symbol's index.
};

static uint64_t key_of(uint32_t section, uint64_t address) {
    return (uint64_t)section * UINT64_C(0x9E3779B97F4A7C15) ^ address;
}

static bool is_function(const struct elf_symbol *s) {
    return s->type == STT_FUNC && s->place == ELF_IN_SECTION && s->name.len != 0;
}

/// Global names before local ones.
static void index_functions(struct arena *a, const struct elf_file *elf, struct map64 *names) {
    bool is_object = elf->type == ET_REL;
    for (size_t i = 0; i < elf->symbol_count; i++) {
        const struct elf_symbol *s = &elf->symbols[i];
        bool is_new;
        if (!is_function(s)) {
            continue;
        }
        uint64_t *index =
                map64_put(names, a, key_of(is_object ? s->section : 0, s->address), &is_new);
        if (is_new || (elf->symbols[*index].binding == STB_LOCAL && s->binding != STB_LOCAL)) {
            *index = i;
        }
    }
}

static int compare_offsets(const void *left, const void *right) {
    const struct elf_relocation *l = left;
    const struct elf_relocation *r = right;
    return (l->offset > r->offset) - (l->offset < r->offset);
}

/// The relocation of the number at `at`; NULL when there is none.
static const struct elf_relocation *relocation_at(struct entries *e, uint64_t at) {
    while (e->next < e->relocation_count && e->relocations[e->next].offset < at) {
        e->next++;
    }
    bool is_there = e->next < e->relocation_count && e->relocations[e->next].offset == at &&
                    e->relocations[e->next].symbol != UINT32_MAX;
    return is_there ? &e->relocations[e->next] : NULL;
}

/// The address that the entry at `at` holds, less ARM's Thumb bit.
static bool address_of(struct entries *e, size_t at, struct stack_usage *out) {
    const struct elf_file *elf = e->elf;
    bool is_object = elf->type == ET_REL;
    uint64_t stored = 0;
    unsigned bytes = elf->class_bits / 8;
    for (unsigned i = 0; i < bytes; i++) {
        unsigned char byte =
                (unsigned char)e->bytes.at[at + (elf->is_big_endian ? i : bytes - 1 - i)];
        stored = stored << 8 | byte;
    }
    out->address = stored;
    if (is_object) {
        const struct elf_relocation *r = relocation_at(e, at);
        const struct elf_symbol *s = r ? &elf->symbols[r->symbol] : NULL;
        if (!s || s->place != ELF_IN_SECTION) {
            return false;
        }
        out->section = s->section;
        out->address = s->address + (uint64_t)r->addend + stored;
    }
    out->address &= elf->machine == EM_ARM ? ~UINT64_C(1) : UINT64_MAX;
    return true;
}

/// Passes an unsigned LEB128 number; false when it has no end, or is too large.
static bool take_leb(struct str bytes, size_t *at, uint64_t *out) {
    *out = 0;
    for (unsigned shift = 0; *at < bytes.len && shift < 63; shift += 7) {
        unsigned char byte = (unsigned char)bytes.at[(*at)++];
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            return true;
        }
    }
    return false;
}

static void read_entries(struct entries *e, struct stack_usages *out) {
    size_t at = 0;
    while (at < e->bytes.len) {
        struct stack_usage usage = { .file = STR(""), .function = STR("") };
        size_t width = e->elf->class_bits / 8;
        bool is_known = e->bytes.len - at > width && address_of(e, at, &usage);
        at += width;
        if (at >= e->bytes.len || !take_leb(e->bytes, &at, &usage.bytes)) {
            out->not_understood++;
            return; // Where the next one begins is not known either.
        }
        const uint64_t *symbol =
                is_known ? map64_find(e->names, key_of(usage.section, usage.address)) : NULL;
        if (!is_known) {
            out->not_understood++;
            continue;
        }
        usage.function = symbol ? e->elf->symbols[*symbol].name : STR("");
        *vec_push(e->arena, &out->list) = usage;
    }
}

static bool read_section(struct arena *a, const struct elf_file *elf, uint32_t number,
        struct map64 *names, struct stack_usages *out, struct err *err) {
    struct entries e = { .arena = a, .elf = elf, .names = names };
    if (!elf_file_contents(a, elf, number, &e.bytes, err)) {
        return false;
    }
    if (elf->type == ET_REL) {
        struct elf_relocation *list = elf_file_relocations(a, elf, number, &e.relocation_count);
        if (e.relocation_count > 1) {
            qsort(list, e.relocation_count, sizeof(*list), compare_offsets);
        }
        e.relocations = list;
    }
    read_entries(&e, out);
    return true;
}

bool stack_usage_of_elf(
        struct arena *a, const struct elf_file *elf, struct stack_usages *out, struct err *err) {
    struct map64 names = { 0 };
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const struct elf_section *s = &elf->sections[i];
        bool is_sizes = str_equal(s->name, STR(".stack_sizes")) && s->type == SHT_PROGBITS;
        if (!is_sizes) {
            continue;
        }
        if (names.count == 0) {
            index_functions(a, elf, &names);
        }
        if (!read_section(a, elf, i, &names, out, err)) {
            return false;
        }
    }
    return true;
}
