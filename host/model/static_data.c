/// Static data by component: one sweep over each data section, along the linker's inputs and, inside
/// of them, along the symbols.
///
///     section   [............................................................]
///     inputs    [ a.o ][fill][ lib.a(b.o)                    ][ c.o ]
///     symbols     [x]          [y    ][z]
///     items     [][x][][fill ][][y    ][z][                  ][c.o  ][ rest  ]
#include "static_data.h"

#include "demangle.h"
#include "vec.h"

#include <assert.h>
#include <elf.h>
#include <stdlib.h>

const char *const static_kind_names[STATIC_KIND_COUNT] = { "data", "zero", "thread-local",
    "constant" };
const char *const static_owner_names[STATIC_OWNER_COUNT] = { "component", "fill", "start files",
    "linker", "merged" };

/// A reading in progress.
struct reader {
    struct arena *arena;
    const struct elf_file *elf;
    const struct ldmap *map;
    struct component_map *components;
    struct symbolizer *symbolizer;
    uint32_t module;
    struct str path;
    struct elf_symbol *symbols; ///< Of data, by section, then address.
    size_t symbol_count;
    struct {
        struct static_item *at;
        size_t len, room;
    } items;
    struct static_data *out;
};

/// Part of a section that one object, or nobody, put there.
struct piece {
    uint64_t low;
    uint64_t high;
    const struct ldmap_input *input; ///< NULL: not in the map.
    const struct elf_section *section;
    enum static_kind kind;
};

// ---- sections ----

static bool name_begins(struct str name, const char *beginning) {
    struct str b = str_from(beginning);
    return str_starts_with(name, b) && (name.len == b.len || name.at[b.len] == '.');
}

/// Sections that the loader writes to once, or only because of relocations.
static bool is_constant_after_start(struct str name) {
    static const char *const names[] = { ".data.rel.ro", ".init_array", ".fini_array",
        ".preinit_array", ".ctors", ".dtors", ".dynamic", ".got", ".eh_frame", ".gcc_except_table",
        ".jcr" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (name_begins(name, names[i])) {
            return true;
        }
    }
    return false;
}

/// Sections that a linker makes for the loader and the debugger.
static bool is_made_by_linker(struct str name) {
    static const char *const names[] = { ".dynamic", ".got", ".plt", ".dynsym", ".dynstr", ".hash",
        ".gnu.hash", ".gnu.version", ".gnu.version_r", ".gnu.version_d", ".rel", ".rela", ".relr",
        ".interp", ".eh_frame_hdr", ".note", ".dynbss", ".iplt", ".igot" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (name_begins(name, names[i])) {
            return true;
        }
    }
    return false;
}

/// Whether the section holds data, and of which kind.
static bool kind_of(const struct elf_section *section, enum static_kind *kind) {
    bool has_code = (section->flags & SHF_EXECINSTR) != 0;
    bool wraps = section->size_bytes > UINT64_MAX - section->address;
    if (!(section->flags & SHF_ALLOC) || has_code || wraps) {
        return false;
    }
    if (section->flags & SHF_TLS) {
        *kind = STATIC_TLS;
    } else if (!(section->flags & SHF_WRITE) || is_constant_after_start(section->name)) {
        *kind = STATIC_CONSTANT;
    } else {
        *kind = section->type == SHT_NOBITS ? STATIC_ZERO : STATIC_DATA;
    }
    return true;
}

// ---- symbols ----

static bool is_data_symbol(const struct elf_symbol *s) {
    bool is_data = s->type == STT_OBJECT || s->type == STT_TLS || s->type == STT_COMMON ||
                   s->type == STT_NOTYPE;
    return is_data && s->section != 0 && s->size_bytes != 0 && s->name.len != 0;
}

/// By section and address; of aliases the wider first, then the global one, then by name.
static int compare_symbols(const void *left, const void *right) {
    const struct elf_symbol *l = left;
    const struct elf_symbol *r = right;
    if (l->section != r->section) {
        return l->section < r->section ? -1 : 1;
    }
    if (l->address != r->address) {
        return l->address < r->address ? -1 : 1;
    }
    if (l->size_bytes != r->size_bytes) {
        return l->size_bytes > r->size_bytes ? -1 : 1;
    }
    if ((l->binding == STB_GLOBAL) != (r->binding == STB_GLOBAL)) {
        return l->binding == STB_GLOBAL ? -1 : 1;
    }
    return str_compare(l->name, r->name);
}

static void take_symbols(struct reader *r) {
    r->symbols = NEW_ARRAY(r->arena, struct elf_symbol, r->elf->symbol_count + 1);
    for (size_t i = 0; i < r->elf->symbol_count; i++) {
        if (is_data_symbol(&r->elf->symbols[i])) {
            r->symbols[r->symbol_count++] = r->elf->symbols[i];
        }
    }
    if (r->symbol_count != 0) {
        qsort(r->symbols, r->symbol_count, sizeof(*r->symbols), compare_symbols);
    }
}

/// Index of the first symbol of section `number`.
static size_t first_symbol(const struct reader *r, uint32_t number) {
    size_t low = 0;
    size_t high = r->symbol_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->symbols[middle].section < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// ---- owners ----

static struct str base_name(struct str path) {
    for (size_t i = path.len; i > 0; i--) {
        if (path.at[i - 1] == '/') {
            return (struct str){ path.at + i, path.len - i };
        }
    }
    return path;
}

static bool is_start_file(const struct ldmap_input *input) {
    struct str name = base_name(input->object);
    return input->archive.len == 0 && str_ends_with(name, STR(".o")) &&
           (str_matches(name, STR("*crt[1in].o")) || str_matches(name, STR("crtbegin*.o")) ||
                   str_matches(name, STR("crtend*.o")) || str_matches(name, STR("crt0.o")) ||
                   str_matches(name, STR("rcrt1.o")) || str_matches(name, STR("gcrt1.o")));
}

/// Whether the linker may have put other objects' bytes there, or this object's elsewhere. It shrinks
/// `.eh_frame`, too, but by dropping what describes dropped functions.
static bool is_mergeable(const struct ldmap_input *input) {
    return (input->is_merged && !str_equal(input->name, STR(".eh_frame"))) ||
           str_matches(input->name, STR("*.str[1248].[0-9]*")) ||
           str_matches(input->name, STR("*.cst[0-9]*"));
}

static enum static_owner owner_of(const struct piece *p, bool is_named) {
    if (is_made_by_linker(p->section->name) || (p->input && is_made_by_linker(p->input->name))) {
        return STATIC_LINKER;
    }
    if (!p->input) {
        return STATIC_COMPONENT;
    }
    if (p->input->kind == LDMAP_FILL) {
        return STATIC_FILL;
    }
    if (is_start_file(p->input)) {
        return STATIC_START;
    }
    bool may_be_merged = p->kind == STATIC_CONSTANT && !is_named;
    return may_be_merged && is_mergeable(p->input) ? STATIC_MERGED : STATIC_COMPONENT;
}

/// The archive's path, or that of an object in none: what `archive` globs look at.
static struct str archive_of(const struct piece *p) {
    if (!p->input) {
        return STR("");
    }
    return p->input->archive.len != 0 ? p->input->archive : p->input->object;
}

static uint32_t component_of_item(
        struct reader *r, const struct piece *p, struct str file, struct str subject) {
    struct component_evidence archive_alone = {
        .source = STR(""), .function = STR(""), .archive = archive_of(p), .module = r->path
    };
    struct component_evidence all = archive_alone;
    all.source = file;
    all.function = subject;
    uint32_t found = component_of(r->components, &all);
    if (!component_is_transparent(r->components, found)) {
        return found;
    }
    uint32_t other = component_of(r->components, &archive_alone);
    bool is_better = other != component_unknown(r->components) &&
                     !component_is_transparent(r->components, other);
    return is_better ? other : found;
}

// ---- items ----

/// Adds bytes [low, high) of `p`, named by `symbol` unless that is NULL.
static void add_item(struct reader *r, const struct piece *p, uint64_t low, uint64_t high,
        const struct elf_symbol *symbol) {
    if (low >= high) {
        return;
    }
    struct static_item *item = vec_push(r->arena, &r->items);
    *item = (struct static_item){ .section = p->section->name,
        .address = low,
        .size_bytes = high - low,
        .kind = p->kind,
        .owner = owner_of(p, symbol != NULL),
        .component = component_unknown(r->components),
        .archive = p->input ? p->input->archive : STR(""),
        .object = p->input ? p->input->object : STR(""),
        .name = STR(""),
        .linkage = STR(""),
        .file = STR("") };
    struct str subject = STR("");
    if (symbol) {
        bool is_tls = p->kind == STATIC_TLS;
        uint64_t where = symbol->address - (is_tls ? r->elf->tls_address : 0);
        item->linkage = symbol->name;
        item->name = demangle_variable(r->arena, symbol->name);
        item->file = symbolizer_variable_file(r->symbolizer, r->module, where, is_tls);
        subject = demangle_subject(r->arena, symbol->name);
    }
    if (item->owner == STATIC_COMPONENT) {
        item->component = component_of_item(r, p, item->file, subject);
    }
}

/// Splits `p` along the symbols in it. `*next` is the first symbol not passed yet.
static void add_piece(struct reader *r, const struct piece *p, size_t *next) {
    uint64_t at = p->low;
    uint32_t section = (uint32_t)(p->section - r->elf->sections);
    while (*next < r->symbol_count && r->symbols[*next].section == section) {
        const struct elf_symbol *symbol = &r->symbols[*next];
        uint64_t end = symbol->address + symbol->size_bytes;
        if (symbol->address >= p->high) {
            break;
        }
        if (end > at && end > symbol->address) { // Else an alias of what was passed, or nonsense.
            uint64_t low = symbol->address > at ? symbol->address : at;
            uint64_t high = end < p->high ? end : p->high;
            add_item(r, p, at, low, NULL);
            add_item(r, p, low, high, symbol);
            at = high;
        }
        if (end > p->high) {
            break; // it goes on in the next piece.
        }
        ++*next;
    }
    add_item(r, p, at, p->high, NULL);
}

/// Bytes that the map does not mention.
static void add_gap(struct reader *r, struct piece p, uint64_t low, uint64_t high, size_t *next) {
    p.low = low;
    p.high = high;
    p.input = NULL;
    if (low < high) {
        add_piece(r, &p, next);
    }
}

static bool is_same(const struct ldmap_output *output, const struct elf_section *section) {
    return output->address == section->address && output->size_bytes == section->size_bytes &&
           str_equal(output->name, section->name);
}

/// What the map, which may be NULL, says of `section`; NULL when nothing.
static const struct ldmap_output *find_output(
        const struct ldmap *map, const struct elf_section *section) {
    for (size_t i = 0; map && i < map->output_count; i++) {
        if (is_same(&map->outputs[i], section)) {
            return &map->outputs[i];
        }
    }
    return NULL;
}

static void add_section(
        struct reader *r, const struct elf_section *section, enum static_kind kind) {
    const struct ldmap_output *output = find_output(r->map, section);
    struct piece p = { .section = section, .kind = kind };
    uint64_t at = section->address;
    uint64_t end = section->address + section->size_bytes;
    size_t next = first_symbol(r, (uint32_t)(section - r->elf->sections));
    assert(!output || r->map);
    for (size_t i = 0; output && i < output->count; i++) {
        const struct ldmap_input *input = &r->map->inputs[output->first + i];
        uint64_t low = input->address > at ? input->address : at;
        uint64_t high = input->address + input->size_bytes;
        high = high < end ? high : end;
        if (low >= high) {
            continue;
        }
        add_gap(r, p, at, low, &next);
        p.input = input;
        p.low = low;
        p.high = high;
        add_piece(r, &p, &next);
        at = high;
    }
    add_gap(r, p, at, end, &next);
    r->out->total[kind] += section->size_bytes;
}

// ---- the whole ----

/// Whether the map tells of the same data sections as the program, as far as it tells of them.
static bool fits(const struct reader *r, struct err *err) {
    for (uint32_t i = 1; r->map && i < r->elf->section_count; i++) {
        const struct elf_section *section = &r->elf->sections[i];
        enum static_kind kind;
        if (kind_of(section, &kind) && section->size_bytes != 0 &&
                ldmap_output(r->map, section->name) && !find_output(r->map, section)) {
            return fail(err, r->elf->path.at, ERR_NO_OFFSET,
                    "is not the program that its linker map tells of: section %.*s differs; link "
                    "it "
                    "again",
                    STR_ARG(section->name));
        }
    }
    return true;
}

static void add_up(struct reader *r) {
    struct static_data *d = r->out;
    d->component_bytes = NEW_ARRAY(r->arena, uint64_t, r->components->count);
    for (unsigned kind = 0; kind < STATIC_KIND_COUNT; kind++) {
        d->bytes[kind] = NEW_ARRAY(r->arena, uint64_t, r->components->count);
    }
    for (size_t i = 0; i < d->item_count; i++) {
        const struct static_item *item = &d->items[i];
        if (item->owner != STATIC_COMPONENT) {
            d->rest[item->owner][item->kind] += item->size_bytes;
            continue;
        }
        d->bytes[item->kind][item->component] += item->size_bytes;
        if (item->kind == STATIC_DATA || item->kind == STATIC_ZERO) {
            d->component_bytes[item->component] += item->size_bytes;
        }
    }
}

bool static_data_adds_up(const struct static_data *d, uint32_t component_count) {
    for (unsigned kind = 0; kind < STATIC_KIND_COUNT; kind++) {
        uint64_t sum = 0;
        for (uint32_t i = 0; i < component_count; i++) {
            sum += d->bytes[kind][i];
        }
        for (unsigned owner = 0; owner < STATIC_OWNER_COUNT; owner++) {
            sum += d->rest[owner][kind];
        }
        if (sum != d->total[kind]) {
            return false;
        }
    }
    return true;
}

bool static_data_read(struct arena *a, const char *path, const struct ldmap *map,
        struct component_map *components, struct symbolizer *s, uint32_t module,
        struct static_data *out, struct err *err) {
    struct elf_file *elf = NEW(a, struct elf_file);
    *out = (struct static_data){ .has_map = map != NULL };
    if (!elf_file_read(a, path, elf, err)) {
        return false;
    }
    struct reader r = { .arena = a,
        .elf = elf,
        .map = map,
        .components = components,
        .symbolizer = s,
        .module = module,
        .path = elf->path,
        .out = out };
    if (!fits(&r, err)) {
        return false;
    }
    take_symbols(&r);
    for (uint32_t i = 1; i < elf->section_count; i++) {
        enum static_kind kind;
        if (kind_of(&elf->sections[i], &kind)) {
            add_section(&r, &elf->sections[i], kind);
        }
    }
    out->items = r.items.at;
    out->item_count = r.items.len;
    add_up(&r);
    assert(static_data_adds_up(out, components->count));
    return true;
}
