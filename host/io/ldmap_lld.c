/// lld's map: four numbers without 0x, then a name, indented by what it is:
///
///                  VMA              LMA     Size Align Out     In      Symbol
///             4ff00000         40010000      120     4 .data
///             4ff00000         40010000       10     4         lib.a(core.o):(.data.table)
///             4ff00000         40010000        8     1                 table
///             4ff00010         40010010        4     1         . = ALIGN ( 16 )
///
/// What lies between two inputs is padding.
#include "ldmap_parts.h"

struct line {
    uint64_t address, load_address, size, alignment;
    size_t indent;
    struct str name;
};

static bool take_figures(struct str text, struct line *out) {
    if (!ldmap_take_bare_hex(&text, &out->address) ||
            !ldmap_take_bare_hex(&text, &out->load_address) ||
            !ldmap_take_bare_hex(&text, &out->size) ||
            !ldmap_take_bare_hex(&text, &out->alignment)) {
        return false;
    }
    out->name = ldmap_skip_blanks(text);
    out->indent = (size_t)(out->name.at - text.at);
    return out->name.len > 0;
}

/// "lib.a(core.o):(.data.table)" into path and section; "<internal>:(.comment)" is the linker's.
static bool split_input(struct str name, struct str *path, struct str *section) {
    size_t at = name.len;
    if (name.len < 4 || name.at[name.len - 1] != ')') {
        return false;
    }
    while (at > 1 && !(name.at[at - 2] == ':' && name.at[at - 1] == '(')) {
        at--;
    }
    if (at <= 2) {
        return false;
    }
    *path = (struct str){ name.at, at - 2 };
    *section = (struct str){ name.at + at, name.len - at - 1 };
    return true;
}

/// Where the newest input, or the output section before it, ends.
static uint64_t end_so_far(const struct ldmap_reader *r) {
    const struct ldmap_output *o = &r->outputs.at[r->outputs.len - 1];
    const struct ldmap_input *last = o->count ? &r->inputs.at[r->inputs.len - 1] : NULL;
    return last ? last->address + last->size_bytes : o->address;
}

static void fill_up_to(struct ldmap_reader *r, uint64_t address) {
    uint64_t end = r->in_output ? end_so_far(r) : address;
    if (address > end) {
        ldmap_add_input(r, LDMAP_FILL, STR(""), end, address - end, STR(""));
    }
}

static void end_output(struct ldmap_reader *r) {
    if (r->outputs.len > 0 && r->in_output) {
        const struct ldmap_output *o = &r->outputs.at[r->outputs.len - 1];
        fill_up_to(r, o->address + o->size_bytes);
    }
}

static bool is_assignment(struct str name) {
    return memmem(name.at, name.len, " = ", 3) != NULL;
}

static void read_input(struct ldmap_reader *r, const struct line *l) {
    struct str path, section;
    bool is_script = !split_input(l->name, &path, &section);
    if (is_script &&
            (!str_starts_with(l->name, STR("BYTE")) && !str_starts_with(l->name, STR("SHORT")) &&
                    !str_starts_with(l->name, STR("LONG")) &&
                    !str_starts_with(l->name, STR("QUAD")))) {
        return; // ". = ALIGN(16)": what it moves on shows as padding
    }
    if (l->size == 0 || !r->in_output) {
        return;
    }
    fill_up_to(r, l->address);
    if (is_script) {
        ldmap_add_input(r, LDMAP_SCRIPT, l->name, l->address, l->size, STR(""));
        return;
    }
    bool is_common = str_equal(section, STR("COMMON"));
    ldmap_add_input(r, is_common ? LDMAP_COMMON : LDMAP_INPUT, is_common ? STR("") : section,
            l->address, l->size, path);
    r->inputs.at[r->inputs.len - 1].alignment =
            l->alignment > UINT32_MAX ? 0 : (uint32_t)l->alignment;
}

bool ldmap_read_lld(struct ldmap_reader *r, struct str text) {
    enum { INPUT_INDENT = 9, SYMBOL_INDENT = 17 };
    struct str first = ldmap_take_line(&text);
    if (!str_matches(first, STR("*VMA*LMA*Size*Align*Out*"))) {
        return false;
    }
    while (text.len > 0) {
        struct line l;
        if (!take_figures(ldmap_take_line(&text), &l)) {
            continue;
        }
        if (l.indent >= SYMBOL_INDENT) {
            continue;
        }
        if (l.indent >= INPUT_INDENT) {
            read_input(r, &l);
        } else if (!is_assignment(l.name)) {
            end_output(r);
            ldmap_add_output(r, l.name, l.address, l.load_address, l.size);
        }
    }
    end_output(r);
    return true;
}
