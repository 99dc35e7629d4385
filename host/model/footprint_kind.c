/// Kinds, by the words of a section's name and by what else is known of it. A name is split at its dots: the first word
/// counts (`.rodata.bss_table` is constant), and only if it says nothing the others from the last (`.dram0.bss`,
/// `.iram1.5.literal`).
#include "footprint_kind.h"

#include <elf.h>

/// What a name says, if anything.
enum hint {
    HINT_NONE,
    HINT_CODE,
    HINT_CONSTANT,
    HINT_LITERAL,
    HINT_STRING,
    HINT_DATA,
    HINT_ZERO,
    HINT_THREAD_DATA,
    HINT_THREAD_ZERO,
    HINT_VECTOR,
    HINT_LINKER
};

struct hint_word {
    const char *glob;
    enum hint hint;
};

static bool name_begins(struct str name, const char *beginning) {
    struct str b = str_from(beginning);
    return str_starts_with(name, b) && (name.len == b.len || name.at[b.len] == '.');
}

/// Each of `names` begins with a dot; what differs behind it is told at a glance.
static bool begins_with_one_of(struct str name, const char *const *names) {
    for (; name.len > 1 && *names; names++) {
        if (name.at[1] == (*names)[1] && name_begins(name, *names)) {
            return true;
        }
    }
    return false;
}

bool section_name_is_linker_made(struct str name) {
    static const char *const names[] = { ".dynamic", ".got", ".plt", ".dynsym", ".dynstr", ".hash",
        ".gnu.hash", ".gnu.version", ".gnu.version_r", ".gnu.version_d", ".rel", ".rela", ".relr",
        ".interp", ".eh_frame_hdr", ".note", ".dynbss", ".iplt", ".igot", NULL };
    return begins_with_one_of(name, names);
}

bool section_name_is_constant(struct str name) {
    static const char *const names[] = { ".data.rel.ro", ".init_array", ".fini_array",
        ".preinit_array", ".ctors", ".dtors", ".dynamic", ".got", ".eh_frame", ".gcc_except_table",
        ".jcr", NULL };
    return begins_with_one_of(name, names);
}

bool section_name_is_unloaded(struct str name) {
    static const char *const names[] = { ".comment", ".group", ".symtab", ".strtab", ".shstrtab",
        ".stabstr", ".stab", ".xtensa", ".xt", ".note.GNU-stack", ".gnu_debuglink",
        ".gnu_debugaltlink", NULL };
    return str_starts_with(name, STR(".debug_")) || str_starts_with(name, STR(".zdebug_")) ||
           str_ends_with(name, STR(".attributes")) || str_starts_with(name, STR(".gnu.lto_")) ||
           begins_with_one_of(name, names);
}

/// Whether ".str" or ".cst" stands anywhere in it.
static bool may_be_mergeable(struct str name) {
    for (size_t i = 0; i + 4 < name.len; i++) {
        if (name.at[i] == '.' && name.at[i + 2] == (name.at[i + 1] == 's' ? 't' : 's')) {
            return true;
        }
    }
    return false;
}

bool section_name_is_mergeable(struct str name) {
    return may_be_mergeable(name) &&
           (str_matches(name, STR("*.str[1248].[0-9]*")) || str_matches(name, STR("*.cst[0-9]*")));
}

bool section_name_is_merged_constant(struct str name) {
    return may_be_mergeable(name) && str_matches(name, STR("*.cst[0-9]*"));
}

bool section_is_merged_by_lld(struct str object, struct str input, struct str output) {
    bool is_own = str_equal(object, STR("<internal>")) && str_equal(input, output);
    return is_own && !section_name_is_linker_made(input) && !section_name_is_constant(input) &&
           !str_starts_with(input, STR(".ARM.ex"));
}

/// Vectors stand in sections of their own: `.isr_vector`, `.exception_vectors.text`, `.Level2InterruptVector.text`, `.iram0.vectors`.
/// The word alone would also be found in `.text._ZNSt6vectorIiE9push_backEi`.
static bool is_vector_word(struct str word) {
    if (word.len < 6 || (!strchr("rse", word.at[word.len - 1]) && word.at[0] != 'i')) {
        return false; // Few words are worth a look.
    }
    return str_matches(word, STR("*[Vv]ector")) || str_matches(word, STR("*[Vv]ectors")) ||
           str_matches(word, STR("*vector_table")) || str_matches(word, STR("*vectors_table")) ||
           str_matches(word, STR("intvec*"));
}

static enum hint hint_of_word(struct str word) {
    static const struct hint_word words[] = { { "text", HINT_CODE }, { "init", HINT_CODE },
        { "fini", HINT_CODE }, { "plt", HINT_LINKER }, { "RamFunc*", HINT_CODE },
        { "ramfunc*", HINT_CODE }, { "time_critical", HINT_CODE }, { "rodata*", HINT_CONSTANT },
        { "srodata", HINT_CONSTANT }, { "sdata2", HINT_CONSTANT }, { "eh_frame", HINT_CONSTANT },
        { "gcc_except_table", HINT_CONSTANT }, { "init_array", HINT_CONSTANT },
        { "fini_array", HINT_CONSTANT }, { "preinit_array", HINT_CONSTANT },
        { "ARM", HINT_CONSTANT }, { "appdesc", HINT_CONSTANT }, { "literal*", HINT_LITERAL },
        { "lit4", HINT_LITERAL }, { "data", HINT_DATA }, { "sdata", HINT_DATA },
        { "data1", HINT_DATA }, { "bss", HINT_ZERO }, { "sbss", HINT_ZERO }, { "sbss2", HINT_ZERO },
        { "COMMON", HINT_ZERO }, { "scommon", HINT_ZERO }, { "heap", HINT_ZERO },
        { "stack", HINT_ZERO }, { "tdata", HINT_THREAD_DATA }, { "tbss", HINT_THREAD_ZERO } };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *glob = words[i].glob;
        if (word.len > 1 && word.at[0] == glob[0] && word.at[1] == glob[1] &&
                str_matches(word, str_from(glob))) {
            return words[i].hint;
        }
    }
    if (str_ends_with(word, STR("noinit"))) {
        return HINT_ZERO;
    }
    return is_vector_word(word) ? HINT_VECTOR : HINT_NONE;
}

/// `.gnu.linkonce.t.NAME` and the like, of compilers before COMDAT groups.
static enum hint hint_of_linkonce(struct str name) {
    static const struct hint_word kinds[] = { { "t.*", HINT_CODE }, { "r.*", HINT_CONSTANT },
        { "s2.*", HINT_CONSTANT }, { "d.*", HINT_DATA }, { "s.*", HINT_DATA }, { "b.*", HINT_ZERO },
        { "sb.*", HINT_ZERO }, { "td.*", HINT_THREAD_DATA }, { "tb.*", HINT_THREAD_ZERO } };
    size_t before = sizeof(".gnu.linkonce.") - 1;
    struct str rest = { name.at + before, name.len - before };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (str_matches(rest, str_from(kinds[i].glob))) {
            return kinds[i].hint;
        }
    }
    return HINT_NONE;
}

/// The word of `name` that ends at `end`; `*begin` is where it begins.
static struct str word_before(struct str name, size_t end, size_t *begin) {
    size_t at = end;
    while (at > 0 && name.at[at - 1] != '.') {
        at--;
    }
    *begin = at;
    return (struct str){ name.at + at, end - at };
}

/// What follows the first dot, up to the next.
static struct str first_word(struct str name) {
    size_t begin = name.len > 0 && name.at[0] == '.';
    size_t end = begin;
    while (end < name.len && name.at[end] != '.') {
        end++;
    }
    return (struct str){ name.at + begin, end - begin };
}

/// Most names begin with one of these words, and then nothing else counts: `.bss.str1.4` is a variable `str1`.
static enum hint hint_of_beginning(struct str name) {
    static const struct hint_word words[] = { { ".text", HINT_CODE }, { ".bss", HINT_ZERO },
        { ".sbss", HINT_ZERO }, { ".sdata", HINT_DATA } };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (name_begins(name, words[i].glob)) {
            return words[i].hint;
        }
    }
    return HINT_NONE;
}

static enum hint hint_of(struct str name) {
    enum hint beginning = hint_of_beginning(name);
    if (beginning != HINT_NONE) {
        return beginning;
    }
    if (section_name_is_linker_made(name)) {
        return HINT_LINKER;
    }
    if (section_name_is_constant(name)) {
        return HINT_CONSTANT;
    }
    if (section_name_is_mergeable(name)) {
        return section_name_is_merged_constant(name) ? HINT_CONSTANT : HINT_STRING;
    }
    if (str_starts_with(name, STR(".gnu.linkonce."))) {
        return hint_of_linkonce(name);
    }
    if (str_equal(name, STR(".init.literal")) || str_equal(name, STR(".fini.literal"))) {
        return HINT_LITERAL; // Elsewhere the last word may be a function's name: .text.literal
    }
    struct str first = first_word(name);
    size_t first_end = (size_t)(first.at - name.at) + first.len;
    enum hint hint = hint_of_word(first);
    for (size_t end = name.len; hint == HINT_NONE && end > first_end;) {
        size_t begin;
        hint = hint_of_word(word_before(name, end, &begin));
        end = begin > 0 ? begin - 1 : 0;
    }
    return hint;
}

struct section_traits section_traits_of(const struct elf_section *s, const struct memory *memory) {
    return (struct section_traits){ .name = s->name,
        .memory = memory,
        .has_flags = true,
        .is_code = (s->flags & SHF_EXECINSTR) != 0,
        .is_nobits = s->type == SHT_NOBITS,
        .is_writable = (s->flags & SHF_WRITE) != 0,
        .is_thread = (s->flags & SHF_TLS) != 0,
        .is_mergeable = (s->flags & SHF_MERGE) != 0,
        .has_strings = (s->flags & SHF_STRINGS) != 0 };
}

/// A memory that cannot change. A linker script's own word is only believed beside a name: a chip's
/// instruction RAM is often given without `w`.
static bool is_read_only(const struct section_traits *s, enum hint hint) {
    if (!s->memory || s->memory->is_ram) {
        return false;
    }
    return s->memory->source == MEMORY_OF_TARGET || (hint != HINT_DATA && hint != HINT_ZERO);
}

/// Of stored contents that are no code by the section's flags.
static enum footprint_kind kind_of_data(const struct section_traits *s, enum hint hint) {
    bool is_fixed = !s->is_writable || is_read_only(s, hint);
    switch (hint) {
    case HINT_STRING:
        return FOOTPRINT_STRING;
    case HINT_CONSTANT:
        return s->has_strings ? FOOTPRINT_STRING : FOOTPRINT_CONSTANT;
    case HINT_CODE: // Code that a script put among data.
        return FOOTPRINT_CODE;
    default:
        break;
    }
    if (s->is_mergeable) {
        return s->has_strings ? FOOTPRINT_STRING : FOOTPRINT_CONSTANT;
    }
    return is_fixed ? FOOTPRINT_CONSTANT : FOOTPRINT_DATA;
}

/// Of a section with the flag for code: constants, and in RAM data, may stand among it.
static enum footprint_kind kind_among_code(const struct section_traits *s, enum hint hint) {
    switch (hint) {
    case HINT_STRING:
        return FOOTPRINT_STRING;
    case HINT_CONSTANT:
        return FOOTPRINT_CONSTANT;
    case HINT_DATA:
    case HINT_ZERO:
        return s->is_writable && !is_read_only(s, hint) ? FOOTPRINT_DATA : FOOTPRINT_CONSTANT;
    default:
        return FOOTPRINT_CODE;
    }
}

/// Names that authors give to what must lie in one of a chip's memories, where nothing else tells: `.iram1.12`, `.wifi0iram`, `.dram1.3`.
static enum hint hint_of_memory(struct str name) {
    if (str_matches(name, STR("*iram*"))) {
        return HINT_CODE;
    }
    return str_matches(name, STR("*dram*")) ? HINT_DATA : HINT_NONE;
}

/// Of a map alone.
static enum footprint_kind kind_by_name(const struct section_traits *s, enum hint hint) {
    static const enum footprint_kind kinds[] = { [HINT_NONE] = FOOTPRINT_UNKNOWN,
        [HINT_CODE] = FOOTPRINT_CODE,
        [HINT_CONSTANT] = FOOTPRINT_CONSTANT,
        [HINT_LITERAL] = FOOTPRINT_LITERAL,
        [HINT_STRING] = FOOTPRINT_STRING,
        [HINT_DATA] = FOOTPRINT_DATA,
        [HINT_ZERO] = FOOTPRINT_ZERO,
        [HINT_THREAD_DATA] = FOOTPRINT_THREAD_DATA,
        [HINT_THREAD_ZERO] = FOOTPRINT_THREAD_ZERO,
        [HINT_VECTOR] = FOOTPRINT_VECTOR,
        [HINT_LINKER] = FOOTPRINT_LINKER };
    enum footprint_kind kind = hint == HINT_NONE && s->is_nobits ? FOOTPRINT_ZERO : kinds[hint];
    bool may_change = kind == FOOTPRINT_DATA || kind == FOOTPRINT_ZERO;
    return may_change && is_read_only(s, hint) ? FOOTPRINT_CONSTANT : kind;
}

enum footprint_kind footprint_kind_of(const struct section_traits *s, struct str input) {
    enum hint own = input.len != 0 ? hint_of(input) : HINT_NONE;
    enum hint of_section = hint_of(s->name);
    enum hint hint = own != HINT_NONE ? own : of_section;
    if (!s->has_flags) {
        struct str named = input.len != 0 ? input : s->name;
        return kind_by_name(s, hint != HINT_NONE ? hint : hint_of_memory(named));
    }
    if (s->is_thread) {
        return s->is_nobits ? FOOTPRINT_THREAD_ZERO : FOOTPRINT_THREAD_DATA;
    }
    if (hint == HINT_LINKER || of_section == HINT_LINKER) {
        return FOOTPRINT_LINKER;
    }
    if (s->is_nobits) {
        return FOOTPRINT_ZERO;
    }
    if (hint == HINT_VECTOR || (hint == HINT_CODE && of_section == HINT_VECTOR)) {
        return FOOTPRINT_VECTOR;
    }
    if (hint == HINT_LITERAL) {
        return FOOTPRINT_LITERAL;
    }
    return s->is_code ? kind_among_code(s, hint) : kind_of_data(s, hint);
}
