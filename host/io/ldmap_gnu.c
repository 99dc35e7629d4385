/// GNU ld's map. First come tables, each under a heading that is translated, so that the form of the lines tells them apart:
///
///     libnet.a(core.o)              member                      a member that was taken,
///                                   main.o (net_open)             and by whom and what for
///      .text.unused   0x00000000       0x24 main.o              section that was dropped
///     dram0_0_seg      0x3ffb0000         0x0002c200         rw  MEMORY
///
/// Then the memory map itself; a name that is too long for its column stands alone and its figures follow on the next line:
///
///     .bss            0x001fc600     0x3aa8                          output section
///      *(.dynbss)                                                    pattern of the script
///      .bss           0x001fc600        0x1 lib/crtbeginS.o          input section
///      *fill*         0x001fc601        0x3                          padding
///      .bss._ZN3rtcL26DEFAULT_H264_VIDEO_PROFILEE                    input section, name
///                     0x001fc604       0x18 lib.a(global.cpp.o)        and figures
///                     0x001fc604                rtc::some_symbol     symbol
///                                      0x20 (size before relaxing)   input section shrank
///     .data           0x20000000      0x120 load address 0x08004000  stored elsewhere
#include "ldmap_parts.h"

#include "vec.h"

// ---- sections ----

static bool is_script_data(struct str name) {
    return str_equal(name, STR("BYTE")) || str_equal(name, STR("SHORT")) ||
           str_equal(name, STR("LONG")) || str_equal(name, STR("QUAD")) ||
           str_equal(name, STR("SQUAD")) || str_equal(name, STR("ASCIZ"));
}

static void add_named(
        struct ldmap_reader *r, struct str name, uint64_t address, uint64_t size, struct str path) {
    if (str_equal(name, STR("*fill*"))) {
        ldmap_add_input(r, LDMAP_FILL, STR(""), address, size, STR(""));
    } else if (str_equal(name, STR("COMMON"))) {
        ldmap_add_input(r, LDMAP_COMMON, STR(""), address, size, path);
    } else if (is_script_data(name)) {
        ldmap_add_input(r, LDMAP_SCRIPT, name, address, size, STR(""));
    } else if (path.len > 0) {
        ldmap_add_input(r, LDMAP_INPUT, name, address, size, path);
    } else {
        r->last_is_added = false; // Such as " .plt 0x1000 0x0" without an object.
    }
}

// ---- lines ----

/// Where contents are stored: behind "load address", which is translated.
static uint64_t load_address_of(struct str rest, uint64_t address) {
    uint64_t load = address;
    while (ldmap_skip_blanks(rest).len > 0 && !ldmap_take_hex(&rest, &load)) {
        (void)ldmap_take_word(&rest);
    }
    return load;
}

/// "0x4ff4162c 0x4 LONG 0x1badcafe": what the script itself writes.
static void read_script_data(struct ldmap_reader *r, struct str rest, uint64_t address) {
    uint64_t size = 0;
    struct str word = STR("");
    if (ldmap_take_hex(&rest, &size)) {
        word = ldmap_take_word(&rest);
    }
    if (is_script_data(word)) {
        ldmap_add_input(r, LDMAP_SCRIPT, word, address, size, STR(""));
    }
}

/// A line that continues the one before: figures of a pending name, an old size, or a symbol.
static void read_continuation(struct ldmap_reader *r, struct str rest) {
    uint64_t address = 0;
    uint64_t size = 0;
    struct str name = r->pending;
    r->pending = STR("");
    if (!ldmap_take_hex(&rest, &address)) {
        return;
    }
    if (str_starts_with(ldmap_skip_blanks(rest), STR("("))) { // "(size before relaxing)"
        ldmap_shrank(r, address);
    } else if (name.len == 0) {
        read_script_data(r, rest, address);
    } else if (ldmap_take_hex(&rest, &size)) {
        if (r->pending_output) {
            ldmap_add_output(r, name, address, load_address_of(rest, address), size);
        } else {
            add_named(r, name, address, size, ldmap_trim_end(ldmap_skip_blanks(rest)));
        }
    }
}

/// A line that begins an output section (`is_output`) or an input section.
static void read_named(struct ldmap_reader *r, struct str rest, bool is_output) {
    uint64_t address = 0;
    uint64_t size = 0;
    struct str name = ldmap_take_word(&rest);
    r->pending = STR("");
    if (str_starts_with(name, STR("*(")) || name.len == 0) {
        return;
    }
    if (is_output) {
        r->in_output = false; // Whatever follows is not the last section's.
    }
    if (ldmap_take_hex(&rest, &address) && ldmap_take_hex(&rest, &size)) {
        if (is_output) {
            ldmap_add_output(r, name, address, load_address_of(rest, address), size);
        } else {
            add_named(r, name, address, size, ldmap_trim_end(ldmap_skip_blanks(rest)));
        }
    } else if (ldmap_skip_blanks(rest).len == 0) {
        r->pending = name;
        r->pending_output = is_output;
    }
}

static void read_line(struct ldmap_reader *r, struct str line) {
    if (line.len == 0) {
        r->pending = STR("");
    } else if (!ldmap_is_blank(line.at[0])) {
        read_named(r, line, true);
    } else if (line.len > 1 && !ldmap_is_blank(line.at[1])) {
        read_named(r, line, false);
    } else {
        read_continuation(r, ldmap_skip_blanks(line));
    }
}

// ---- tables before the memory map ----

/// "name 0x3ffb0000 0x2c200 rw"
static bool read_memory(struct ldmap_reader *r, struct str line) {
    struct ldmap_memory m = { .name = ldmap_take_word(&line) };
    if (!ldmap_take_hex(&line, &m.start) || !ldmap_take_hex(&line, &m.size_bytes)) {
        return false;
    }
    m.attributes = ldmap_trim_end(ldmap_skip_blanks(line));
    if (!str_equal(m.name, STR("*default*")) && r->memories.len < LDMAP_MEMORIES_MOST) {
        *vec_push(r->arena, &r->memories) = m;
    }
    return true;
}

/// " .text.unused 0x0 0x24 main.o", or what follows a name that stands alone.
static void read_discarded(struct ldmap_reader *r, struct str line) {
    struct ldmap_discarded d = { .name = r->pending };
    uint64_t address;
    if (r->pending.len == 0) {
        d.name = ldmap_take_word(&line);
    }
    r->pending = STR("");
    if (ldmap_skip_blanks(line).len == 0) {
        r->pending = d.name;
        return;
    }
    if (!ldmap_take_hex(&line, &address) || !ldmap_take_hex(&line, &d.size_bytes) ||
            d.size_bytes == 0) {
        return;
    }
    ldmap_split_object(ldmap_trim_end(ldmap_skip_blanks(line)), &d.archive, &d.object);
    if (d.object.len > 0) {
        *vec_push(r->arena, &r->discarded) = d;
    }
}

/// "    main.o (net_open)"
static void end_member(struct ldmap_reader *r, struct str line) {
    line = ldmap_trim_end(ldmap_skip_blanks(line));
    struct ldmap_member *m = r->members.len ? &r->members.at[r->members.len - 1] : NULL;
    size_t open = line.len;
    while (open > 0 && line.at[open - 1] != '(') {
        open--;
    }
    bool is_because = m && m->because.len == 0 && open > 1 && line.at[line.len - 1] == ')';
    if (is_because) {
        m->because = ldmap_trim_end((struct str){ line.at, open - 1 });
        m->symbol = (struct str){ line.at + open, line.len - open - 1 };
    }
}

/// "libnet.a(core.o)", perhaps with "main.o (net_open)" behind it.
static bool begin_member(struct ldmap_reader *r, struct str line) {
    size_t end = 0;
    while (end < line.len &&
            !(line.at[end] == ')' && (end + 1 == line.len || ldmap_is_blank(line.at[end + 1])))) {
        end++;
    }
    struct ldmap_member m = { .because = STR(""), .symbol = STR("") };
    if (end == line.len) {
        return false;
    }
    ldmap_split_object((struct str){ line.at, end + 1 }, &m.archive, &m.object);
    if (m.archive.len == 0 || ldmap_is_blank(m.archive.at[m.archive.len - 1])) {
        return false; // a heading with a word in brackets
    }
    *vec_push(r->arena, &r->members) = m;
    end_member(r, (struct str){ line.at + end + 1, line.len - end - 1 });
    return true;
}

static void read_table_line(struct ldmap_reader *r, struct str line) {
    if (line.len == 0) {
        r->pending = STR("");
    } else if (!ldmap_is_blank(line.at[0])) {
        r->pending = STR("");
        if (!read_memory(r, line)) {
            (void)begin_member(r, line);
        }
    } else if (line.len > 1 && !ldmap_is_blank(line.at[1])) {
        r->pending = STR("");
        read_discarded(r, line);
    } else if (r->pending.len > 0) {
        read_discarded(r, line);
    } else {
        end_member(r, line);
    }
}

// ---- the whole ----

static bool take_load(struct ldmap_reader *r, struct str line) {
    if (!str_starts_with(line, STR("LOAD "))) {
        return false;
    }
    *vec_push(r->arena, &r->loads) = ldmap_skip_blanks((struct str){ line.at + 5, line.len - 5 });
    return true;
}

/// Reads what comes before the memory map, and moves `text` there. The heading is translated, but the first thing under it are the
/// files loaded, which are not.
static bool read_tables(struct ldmap_reader *r, struct str *text) {
    while (text->len > 0) {
        struct str before = *text;
        struct str line = ldmap_take_line(text);
        if (str_equal(line, STR("Linker script and memory map"))) {
            return true;
        }
        if (str_starts_with(line, STR("LOAD "))) {
            *text = before;
            return true;
        }
        read_table_line(r, line);
    }
    return false;
}

bool ldmap_read_gnu(struct ldmap_reader *r, struct str text) {
    if (!read_tables(r, &text)) {
        return false;
    }
    r->pending = STR("");
    while (text.len > 0) {
        struct str line = ldmap_take_line(&text);
        if (!take_load(r, line)) {
            read_line(r, line);
        }
    }
    return true;
}
