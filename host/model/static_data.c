/// Static data by component: the data sections of a footprint, seen as a host's program. Its loader needs what a chip has
/// not, and writes to what no one else does: both are told apart here.
#include "static_data.h"

#include "demangle.h"
#include "footprint_kind.h"
#include "footprint_linked.h"
#include "vec.h"

#include <assert.h>
#include <elf.h>

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
    struct footprint footprint;
    struct {
        struct static_item *at;
        size_t len, room;
    } items;
    struct static_data *out;
};

// ---- sections ----

/// Whether the section holds data, and of which kind.
static bool kind_of(const struct elf_section *section, enum static_kind *kind) {
    bool has_code = (section->flags & SHF_EXECINSTR) != 0;
    bool wraps = section->size_bytes > UINT64_MAX - section->address;
    if (!(section->flags & SHF_ALLOC) || has_code || wraps) {
        return false;
    }
    if (section->flags & SHF_TLS) {
        *kind = STATIC_TLS;
    } else if (!(section->flags & SHF_WRITE) || section_name_is_constant(section->name)) {
        *kind = STATIC_CONSTANT;
    } else {
        *kind = section->type == SHT_NOBITS ? STATIC_ZERO : STATIC_DATA;
    }
    return true;
}

static const struct elf_section *section_of(
        const struct reader *r, const struct footprint_item *item) {
    return &r->elf->sections[r->footprint.sections.at[item->section].number];
}

// ---- owners ----

/// Whether the linker may have put other objects' bytes there, or this object's elsewhere. It shrinks
/// `.eh_frame`, too, but by dropping what describes dropped functions.
static bool is_merged(const struct reader *r, const struct footprint_item *item) {
    const struct ldmap_input *input = r->map ? ldmap_find(r->map, item->address) : NULL;
    bool is_smaller = input && input->is_merged && !str_equal(item->input, STR(".eh_frame"));
    return is_smaller || section_name_is_mergeable(item->input);
}

/// Whether the map itself calls it padding; what only looks like it is its object's.
static bool is_fill(const struct footprint_item *item) {
    return item->kind == FOOTPRINT_PADDING && item->cause != FOOTPRINT_INSIDE &&
           (item->known & FOOTPRINT_BY_MAP);
}

static enum static_owner owner_of(
        const struct reader *r, const struct footprint_item *item, enum static_kind kind) {
    if (section_name_is_linker_made(section_of(r, item)->name) ||
            section_name_is_linker_made(item->input)) {
        return STATIC_LINKER;
    }
    if (is_fill(item)) {
        return STATIC_FILL;
    }
    if (item->object != FOOTPRINT_NONE && r->footprint.objects.at[item->object].is_start) {
        return STATIC_START;
    }
    bool may_be_merged = kind == STATIC_CONSTANT && item->symbol.len == 0;
    return may_be_merged && is_merged(r, item) ? STATIC_MERGED : STATIC_COMPONENT;
}

// ---- items ----

/// The names that point into the program's file are copied: it will be closed.
static void add_item(struct reader *r, const struct footprint_item *item, enum static_kind kind) {
    static const struct footprint_object nobody = { .archive = { "", 0 }, .member = { "", 0 } };
    bool has_object = item->object != FOOTPRINT_NONE;
    const struct footprint_object *object =
            has_object ? &r->footprint.objects.at[item->object] : &nobody;
    enum static_owner owner = owner_of(r, item, kind);
    bool is_named = item->symbol.len != 0;
    *vec_push(r->arena, &r->items) = (struct static_item){
        .name = is_named ? demangle_variable(r->arena, item->symbol) : STR(""),
        .linkage = is_named ? arena_copy(r->arena, item->symbol) : STR(""),
        .section = r->footprint.sections.at[item->section].name,
        .address = item->address,
        .size_bytes = item->bytes,
        .kind = kind,
        .owner = owner,
        .component = owner == STATIC_COMPONENT ? item->component : component_unknown(r->components),
        .archive = object->archive,
        .object = object->member,
        .file = item->source
    };
}

/// Leaves the items of sections with data, so that debug information of code need not be read.
static void keep_data(struct reader *r) {
    struct footprint *f = &r->footprint;
    size_t kept = 0;
    for (size_t i = 0; i < f->items.len; i++) {
        enum static_kind kind;
        if (kind_of(section_of(r, &f->items.at[i]), &kind)) {
            f->items.at[kept++] = f->items.at[i];
        }
    }
    f->items.len = kept;
}

static void add_items(struct reader *r) {
    struct footprint *f = &r->footprint;
    for (size_t i = 0; i < f->sections.len; i++) {
        struct footprint_section *section = &f->sections.at[i];
        enum static_kind kind;
        section->name = arena_copy(r->arena, section->name);
        if (kind_of(&r->elf->sections[section->number], &kind)) {
            r->out->total[kind] += section->bytes;
        }
    }
    for (size_t i = 0; i < f->items.len; i++) {
        enum static_kind kind = STATIC_DATA;
        (void)kind_of(section_of(r, &f->items.at[i]), &kind);
        add_item(r, &f->items.at[i], kind);
    }
    r->out->items = r->items.at;
    r->out->item_count = r->items.len;
}

// ---- the whole ----

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

/// The footprint of the program, named with the help of the symbolizer of the caller, which is only lent.
static bool read_footprint(struct reader *r, struct elf_file *elf, const struct ldmap *map,
        struct symbolizer *s, uint32_t module, struct err *err) {
    struct footprint *f = &r->footprint;
    footprint_init(f, r->arena, NULL);
    if (!footprint_linked_of(f, elf, map, elf->path, err)) {
        return false;
    }
    assert(footprint_adds_up(f, NULL));
    f->symbolizer = s;
    f->files.at[0].module = module + 1;
    keep_data(r);
    footprint_name_sources(f);
    footprint_name_components(f, r->components);
    f->symbolizer = NULL;
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
    struct reader r = { .arena = a, .elf = elf, .map = map, .components = components, .out = out };
    if (!read_footprint(&r, elf, map, s, module, err)) {
        return false;
    }
    add_items(&r);
    footprint_close(&r.footprint);
    add_up(&r);
    assert(static_data_adds_up(out, components->count));
    return true;
}
