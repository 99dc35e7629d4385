/// Reading GNU ld's map. Its part with the memory map looks like this; a name that is too long for its
/// column stands alone and its figures follow on the next line:
///
///     .bss            0x001fc600     0x3aa8                          output section
///      *(.dynbss)                                                    pattern of the script
///      .bss           0x001fc600        0x1 lib/crtbeginS.o          input section
///      *fill*         0x001fc601        0x3                          padding
///      .bss._ZN3rtcL26DEFAULT_H264_VIDEO_PROFILEE                    input section, name
///                     0x001fc604       0x18 lib.a(global.cpp.o)        and figures
///                     0x001fc604                rtc::some_symbol     symbol
///                                      0x20 (size before relaxing)   input section shrank
#include "ldmap.h"

#include "file.h"
#include "vec.h"

enum { LARGEST_BYTES = 1 << 30 };

struct reader {
    struct arena *arena;
    struct {
        struct ldmap_output *at;
        size_t len, room;
    } outputs;
    struct {
        struct ldmap_input *at;
        size_t len, room;
    } inputs;
    struct str pending;  ///< Name on a line of its own whose figures are to come; empty: none.
    bool pending_output; ///< It names an output section.
    bool in_output;      ///< The newest output section takes inputs.
    bool last_is_added;  ///< The newest input line gave the last of `inputs`.
};

// ---- words of a line ----

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static struct str skip_blanks(struct str s) {
    while (s.len > 0 && is_blank(s.at[0])) {
        s.at++;
        s.len--;
    }
    return s;
}

static struct str trim_end(struct str s) {
    while (s.len > 0 && (is_blank(s.at[s.len - 1]) || s.at[s.len - 1] == '\r')) {
        s.len--;
    }
    return s;
}

/// Takes the next word off `s`.
static struct str take_word(struct str *s) {
    *s = skip_blanks(*s);
    size_t len = 0;
    while (len < s->len && !is_blank(s->at[len])) {
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
static bool take_hex(struct str *s, uint64_t *out) {
    struct str rest = *s;
    struct str word = take_word(&rest);
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

// ---- sections ----

/// Splits "lib/x.a(member.o)"; a path may hold spaces and brackets, so the last bracket counts.
static void set_object(struct ldmap_input *input, struct str path) {
    input->object = path;
    if (path.len < 4 || path.at[path.len - 1] != ')') {
        return;
    }
    size_t open = path.len - 1;
    while (open > 0 && path.at[open] != '(') {
        open--;
    }
    if (open > 0) {
        input->archive = (struct str){ path.at, open };
        input->object = (struct str){ path.at + open + 1, path.len - open - 2 };
    }
}

static void add_output(struct reader *r, struct str name, uint64_t address, uint64_t size) {
    r->in_output = size != 0 && r->outputs.len < UINT32_MAX;
    r->last_is_added = false;
    if (r->in_output) {
        *vec_push(r->arena, &r->outputs) = (struct ldmap_output){
            .name = name, .address = address, .size_bytes = size, .first = r->inputs.len
        };
    }
}

/// Adds an input to the newest output section. `path` may be empty.
static void add_input(struct reader *r, enum ldmap_kind kind, struct str name, uint64_t address,
        uint64_t size, struct str path) {
    r->last_is_added = r->in_output && size != 0;
    if (!r->last_is_added) {
        return;
    }
    struct ldmap_input *input = vec_push(r->arena, &r->inputs);
    *input = (struct ldmap_input){ .kind = kind,
        .output = (uint32_t)(r->outputs.len - 1),
        .name = name,
        .address = address,
        .size_bytes = size };
    set_object(input, path);
    r->outputs.at[r->outputs.len - 1].count++;
}

static bool is_script_data(struct str name) {
    return str_equal(name, STR("BYTE")) || str_equal(name, STR("SHORT")) ||
           str_equal(name, STR("LONG")) || str_equal(name, STR("QUAD")) ||
           str_equal(name, STR("SQUAD")) || str_equal(name, STR("ASCIZ"));
}

static void add_named(
        struct reader *r, struct str name, uint64_t address, uint64_t size, struct str path) {
    if (str_equal(name, STR("*fill*"))) {
        add_input(r, LDMAP_FILL, STR(""), address, size, STR(""));
    } else if (str_equal(name, STR("COMMON"))) {
        add_input(r, LDMAP_COMMON, STR(""), address, size, path);
    } else if (is_script_data(name)) {
        add_input(r, LDMAP_SCRIPT, name, address, size, STR(""));
    } else if (path.len > 0) {
        add_input(r, LDMAP_INPUT, name, address, size, path);
    } else {
        r->last_is_added = false; // Such as " .plt 0x1000 0x0" without an object.
    }
}

// ---- lines ----

/// A line that continues the one before: figures of a pending name, an old size, or a symbol.
static void read_continuation(struct reader *r, struct str rest) {
    uint64_t address = 0;
    uint64_t size = 0;
    struct str name = r->pending;
    r->pending = STR("");
    if (!take_hex(&rest, &address)) {
        return;
    }
    if (str_starts_with(skip_blanks(rest), STR("(size before relaxing)"))) {
        if (r->last_is_added) {
            r->inputs.at[r->inputs.len - 1].is_merged = true;
        }
    } else if (name.len > 0 && take_hex(&rest, &size)) {
        if (r->pending_output) {
            add_output(r, name, address, size);
        } else {
            add_named(r, name, address, size, trim_end(skip_blanks(rest)));
        }
    }
}

/// A line that begins an output section (`is_output`) or an input section.
static void read_named(struct reader *r, struct str rest, bool is_output) {
    uint64_t address = 0;
    uint64_t size = 0;
    struct str name = take_word(&rest);
    r->pending = STR("");
    if (str_starts_with(name, STR("*(")) || name.len == 0) {
        return;
    }
    if (is_output) {
        r->in_output = false; // Whatever follows is not the last section's.
    }
    if (take_hex(&rest, &address) && take_hex(&rest, &size)) {
        if (is_output) {
            add_output(r, name, address, size);
        } else {
            add_named(r, name, address, size, trim_end(skip_blanks(rest)));
        }
    } else if (skip_blanks(rest).len == 0) {
        r->pending = name;
        r->pending_output = is_output;
    }
}

static void read_line(struct reader *r, struct str line) {
    if (line.len == 0) {
        r->pending = STR("");
    } else if (!is_blank(line.at[0])) {
        read_named(r, line, true);
    } else if (line.len > 1 && !is_blank(line.at[1])) {
        read_named(r, line, false);
    } else {
        read_continuation(r, skip_blanks(line));
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

/// Takes the next line off `text`.
static struct str take_line(struct str *text) {
    const char *end = text->len > 0 ? memchr(text->at, '\n', text->len) : NULL;
    struct str line = { text->at, end ? (size_t)(end - text->at) : text->len };
    size_t taken = line.len + (end != NULL);
    *text = (struct str){ text->at + taken, text->len - taken };
    return trim_end(line);
}

/// Moves `text` behind the beginning of the memory map. The heading is translated, but the first thing
/// in it are the files loaded, which are not.
static bool find_memory_map(struct str *text) {
    while (text->len > 0) {
        struct str line = take_line(text);
        if (str_equal(line, STR("Linker script and memory map")) ||
                str_starts_with(line, STR("LOAD "))) {
            return true;
        }
    }
    return false;
}

bool ldmap_parse(
        struct arena *a, const char *path, struct str text, struct ldmap *out, struct err *err) {
    struct reader r = { .arena = a };
    *out = (struct ldmap){ 0 };
    struct str first = text;
    first = take_line(&first);
    if (str_matches(first, STR("*VMA*LMA*Size*Align*Out*"))) {
        return fail(err, path, ERR_NO_OFFSET,
                "is a map of lld, which is not understood; link with GNU ld (-fuse-ld=bfd)");
    }
    if (!find_memory_map(&text)) {
        return fail(err, path, ERR_NO_OFFSET,
                "is no map of GNU ld; the linker writes one with -Wl,-Map=FILE");
    }
    while (text.len > 0) {
        read_line(&r, take_line(&text));
    }
    out->outputs = r.outputs.at;
    out->output_count = r.outputs.len;
    out->inputs = r.inputs.at;
    out->input_count = r.inputs.len;
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
