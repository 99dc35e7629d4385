// See input_names.h.
#include "input_names.h"

#include "footprint_kind.h"

#include <ctype.h>
#include <stddef.h>

static bool may_begin_symbol(char c) {
    return isalpha((unsigned char)c) || c == '_' || c == '$';
}

/// Words that gcc and clang put between: hot and cold functions, data by its relocations. A function may be called so, but then nothing follows.
static bool take_word(struct str *name) {
    static const char *const words[] = { "unlikely.", "startup.", "exit.", "hot.", "cold.",
        "split.", "unknown.", "rel.ro.local.", "rel.ro.", "rel.local.", "rel.", NULL };
    for (const char *const *w = words; *w; w++) {
        struct str word = str_from(*w);
        if (name->len > word.len && str_starts_with(*name, word)) {
            *name = (struct str){ name->at + word.len, name->len - word.len };
            return true;
        }
    }
    return false;
}

/// What stands for a section of several symbols.
static bool is_of_many(struct str rest) {
    static const char *const names[] = { "unlikely", "startup", "exit", "hot", "cold", "split",
        "unknown", "rel", "rel.ro", "rel.local", "rel.ro.local", "local", "ro", "ro.local", NULL };
    for (const char *const *n = names; *n; n++) {
        if (str_equal(rest, str_from(*n))) {
            return true;
        }
    }
    return false;
}

struct str input_name_symbol(struct str name) {
    static const char *const beginnings[] = { ".text.", ".rodata.", ".data.", ".bss.", ".srodata.",
        ".sdata.", ".sbss.", ".tdata.", ".tbss.", ".noinit.", NULL };
    for (const char *const *b = beginnings; *b; b++) {
        struct str beginning = str_from(*b);
        if (!str_starts_with(name, beginning) || name.len == beginning.len) {
            continue;
        }
        struct str rest = { name.at + beginning.len, name.len - beginning.len };
        bool is_constant = memmem(beginning.at, beginning.len, "rodata", 6) != NULL;
        if (is_of_many(rest) || (is_constant && section_name_is_mergeable(name))) {
            return STR("");
        }
        (void)take_word(&rest);
        return may_begin_symbol(rest.at[0]) ? rest : STR("");
    }
    return STR("");
}
