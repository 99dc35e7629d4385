// Words of a line, and what both linkers' maps become. See ldmap.h; the linkers' own forms are in ldmap_gnu.c and ldmap_lld.c.
#include "ldmap_parts.h"

#include "file.h"
#include "vec.h"

#include <string.h>

enum { LARGEST_BYTES = 1 << 30 };

// ---- words of a line ----

bool ldmap_is_blank(char c) {
    return c == ' ' || c == '\t';
}

struct str ldmap_skip_blanks(struct str s) {
    while (s.len > 0 && ldmap_is_blank(s.at[0])) {
        s.at++;
        s.len--;
    }
    return s;
}

struct str ldmap_trim_end(struct str s) {
    while (s.len > 0 && (ldmap_is_blank(s.at[s.len - 1]) || s.at[s.len - 1] == '\r')) {
        s.len--;
    }
    return s;
}

/// Takes the next word off `s`.
struct str ldmap_take_word(struct str *s) {
    *s = ldmap_skip_blanks(*s);
    size_t len = 0;
    while (len < s->len && !ldmap_is_blank(s->at[len])) {
        len++;
    }
    struct str word = { s->at, len };
    *s = (struct str){ s->at + len, s->len - len };
    return word;
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

/// Takes a hexadecimal number with 0x off `s`; false, taking nothing, when there is none.
bool ldmap_take_hex(struct str *s, uint64_t *out) {
    struct str rest = *s;
    struct str word = ldmap_take_word(&rest);
    if (word.len < 3 || word.len > 18 || word.at[0] != '0' || word.at[1] != 'x') {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 2; i < word.len; i++) {
        int digit = digit_of(word.at[i]);
        if (digit < 0) {
            return false;
        }
        value = value << 4 | (unsigned)digit;
    }
    *s = rest;
    *out = value;
    return true;
}

bool ldmap_take_bare_hex(struct str *s, uint64_t *out) {
    struct str rest = *s;
    struct str word = ldmap_take_word(&rest);
    uint64_t value = 0;
    for (size_t i = 0; i < word.len; i++) {
        int digit = digit_of(word.at[i]);
        if (digit < 0 || i >= 16) {
            return false;
        }
        value = value << 4 | (unsigned)digit;
    }
    *s = rest;
    *out = value;
    return word.len > 0;
}

/// Takes the next line off `s`.
struct str ldmap_take_line(struct str *s) {
    const char *end = s->len > 0 ? memchr(s->at, '\n', s->len) : NULL;
    struct str line = { s->at, end ? (size_t)(end - s->at) : s->len };
    size_t taken = line.len + (end != NULL);
    *s = (struct str){ s->at + taken, s->len - taken };
    return ldmap_trim_end(line);
}

// ---- what both linkers tell ----

void ldmap_split_object(struct str path, struct str *archive, struct str *object) {
    *archive = STR("");
    *object = path;
    if (path.len < 4 || path.at[path.len - 1] != ')') {
        return;
    }
    size_t open = path.len - 1;
    while (open > 0 && path.at[open] != '(') {
        open--;
    }
    if (open > 0) {
        *archive = (struct str){ path.at, open };
        *object = (struct str){ path.at + open + 1, path.len - open - 2 };
    }
}

void ldmap_add_output(struct ldmap_reader *r, struct str name, uint64_t address,
        uint64_t load_address, uint64_t size) {
    r->in_output = size != 0 && r->outputs.len < UINT32_MAX;
    r->last_is_added = false;
    if (r->in_output) {
        *vec_push(r->arena, &r->outputs) = (struct ldmap_output){ .name = name,
            .address = address,
            .load_address = load_address,
            .size_bytes = size,
            .first = r->inputs.len };
    }
}

static void push_input(struct ldmap_reader *r, const struct ldmap_input *made, struct str path) {
    struct ldmap_input *input = vec_push(r->arena, &r->inputs);
    *input = *made;
    input->output = (uint32_t)(r->outputs.len - 1);
    ldmap_split_object(path, &input->archive, &input->object);
    r->outputs.at[r->outputs.len - 1].count++;
}

void ldmap_add_input(struct ldmap_reader *r, enum ldmap_kind kind, struct str name,
        uint64_t address, uint64_t size, struct str path) {
    struct ldmap_input made = {
        .kind = kind, .name = name, .address = address, .size_bytes = size
    };
    r->last_is_added = r->in_output && size != 0;
    r->empty = r->in_output && size == 0 ? made : (struct ldmap_input){ .size_bytes = 0 };
    r->empty_path = path;
    if (r->last_is_added) {
        push_input(r, &made, path);
    }
}

void ldmap_shrank(struct ldmap_reader *r, uint64_t given) {
    if (!r->last_is_added && r->empty.name.len != 0 && given != 0 && r->in_output) {
        push_input(r, &r->empty, r->empty_path);
        r->last_is_added = true;
    }
    if (r->last_is_added) {
        r->inputs.at[r->inputs.len - 1].is_merged = true;
        r->inputs.at[r->inputs.len - 1].given_bytes = given;
    }
}

// ---- the whole ----

/// A fill makes room for what follows it, whose alignment is the reason.
static void name_fills(struct ldmap *map) {
    for (size_t i = 0; i + 1 < map->input_count; i++) {
        struct ldmap_input *fill = &map->inputs[i];
        const struct ldmap_input *next = fill + 1;
        if (fill->kind == LDMAP_FILL && next->kind != LDMAP_FILL && next->output == fill->output) {
            fill->archive = next->archive;
            fill->object = next->object;
        }
    }
}

/// Sets sizes right: of strings and constants that were merged into other objects' nothing is left, but
/// the map keeps their old size, at the address where the next input really lies.
static void clamp_sizes(struct ldmap *map) {
    for (size_t i = 0; i < map->input_count; i++) {
        struct ldmap_input *input = &map->inputs[i];
        const struct ldmap_output *output = &map->outputs[input->output];
        bool is_last = i + 1 == output->first + output->count;
        uint64_t end = is_last ? output->address + output->size_bytes : input[1].address;
        uint64_t room = end > input->address ? end - input->address : 0;
        if (input->given_bytes == 0) {
            input->given_bytes = input->size_bytes;
        }
        if (input->size_bytes > room) {
            input->size_bytes = room;
            input->is_merged = true;
        }
    }
}

static bool is_thread_zero(struct str output) {
    return str_starts_with(output, STR(".tbss"));
}

static void index_inputs(struct arena *a, struct ldmap *map) {
    for (size_t i = 0; i < map->input_count; i++) {
        const struct ldmap_input *input = &map->inputs[i];
        const struct ldmap_output *output = &map->outputs[input->output];
        uint64_t end = input->address + input->size_bytes;
        if (output->address != 0 && !is_thread_zero(output->name) && end > input->address) {
            range_table_add(&map->ranges, a, input->address, end, (uint32_t)i);
        }
    }
    range_table_sort(&map->ranges);
}

/// Maps of other linkers, by words that only they use.
static const char *other_linker(struct str text) {
    static const struct {
        const char *words, *name;
    } others[] = { { "Image Symbol Table", "armlink" }, { "Memory Map of the image", "armlink" },
        { "IAR ELF Linker", "IAR's ilinkarm" }, { "*** PLACEMENT SUMMARY", "IAR's ilinkarm" },
        { "\n ** file header", "gold" }, { "\n ** segment headers", "gold" } };
    enum { LOOKED_AT = 1 << 24 }; // gold's words follow its list of what was discarded.
    struct str begin = { text.at, text.len < LOOKED_AT ? text.len : LOOKED_AT };
    for (size_t i = 0; begin.len && i < sizeof(others) / sizeof(others[0]); i++) {
        if (memmem(begin.at, begin.len, others[i].words, strlen(others[i].words))) {
            return others[i].name;
        }
    }
    return NULL;
}

/// Libraries of the system are texts like "/* GNU ld script */ GROUP ( /usr/lib/libm-2.36.a ... )".
static bool is_script(struct str text) {
    static const char *const words[] = { "GROUP", "INPUT", "OUTPUT_FORMAT" };
    struct str begin = { text.at, text.len < 4096 ? text.len : 4096 };
    bool has_word = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        has_word |= begin.len && memmem(begin.at, begin.len, words[i], strlen(words[i]));
    }
    return has_word && memchr(begin.at, '(', begin.len);
}

static bool fail_no_map(const char *path, struct str text, struct err *err) {
    const char *other = other_linker(text);
    if (other) {
        return fail(err, path, ERR_NO_OFFSET,
                "is a map of %s, which is not understood; GNU ld's and lld's are%s", other,
                str_equal(str_from(other), STR("gold")) ? " (-fuse-ld=bfd or lld)" : "");
    }
    if (is_script(text)) {
        return fail(err, path, ERR_NO_OFFSET,
                "is a linker script that stands for other files, which it names; give those");
    }
    return fail(err, path, ERR_NO_OFFSET,
            "is no map of GNU ld or lld; the linker writes one with -Wl,-Map=FILE");
}

/// GNU ld names its output behind the sections that are loaded; what is not, debug information, may follow.
static bool has_end(struct str text) {
    static const char word[] = "\nOUTPUT(";
    return text.len != 0 && memmem(text.at, text.len, word, sizeof word - 1) != NULL;
}

bool ldmap_parse(
        struct arena *a, const char *path, struct str text, struct ldmap *out, struct err *err) {
    struct ldmap_reader r = { .arena = a };
    *out = (struct ldmap){ .linker = LDMAP_GNU };
    if (ldmap_read_lld(&r, text)) {
        out->linker = LDMAP_LLD;
    } else if (!ldmap_read_gnu(&r, text)) {
        return fail_no_map(path, text, err);
    }
    out->is_cut = out->linker == LDMAP_GNU && !has_end(text);
    out->outputs = r.outputs.at;
    out->output_count = r.outputs.len;
    out->inputs = r.inputs.at;
    out->input_count = r.inputs.len;
    out->memories = r.memories.at;
    out->memory_count = r.memories.len;
    out->discarded = r.discarded.at;
    out->discarded_count = r.discarded.len;
    out->members = r.members.at;
    out->member_count = r.members.len;
    out->loads = r.loads.at;
    out->load_count = r.loads.len;
    clamp_sizes(out);
    name_fills(out);
    index_inputs(a, out);
    return true;
}

bool ldmap_read(struct arena *a, const char *path, struct ldmap *out, struct err *err) {
    struct str text;
    return file_read(a, path, LARGEST_BYTES, &text, err) && ldmap_parse(a, path, text, out, err);
}

const struct ldmap_input *ldmap_find(const struct ldmap *map, uint64_t address) {
    const struct range *range = range_table_find(&map->ranges, address);
    return range ? &map->inputs[range->value] : NULL;
}

const struct ldmap_output *ldmap_output(const struct ldmap *map, struct str name) {
    for (size_t i = 0; i < map->output_count; i++) {
        if (str_equal(map->outputs[i].name, name)) {
            return &map->outputs[i];
        }
    }
    return NULL;
}
