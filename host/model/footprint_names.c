/// What items are called by people: the place of their declaration and the component they belong to.
#include "footprint.h"

#include "demangle.h"
#include "symbolize.h"

#include <elf.h>
#include <stdlib.h>

// ---- places ----

/// Debug information that items are looked up in.
struct debug {
    uint32_t module;
    uint64_t tls_address;
    const uint64_t *
            addresses; ///< Of an object: where its sections are taken to lie; NULL: a linked program.
};

/// Whoever has the debug information of an item: two items of the same have the same.
struct debug_owner {
    uint32_t file;
    uint32_t object; ///< Of a relocatable one, else FOOTPRINT_NONE.
};

static struct debug_owner owner_of(const struct footprint *f, const struct footprint_item *item) {
    const struct footprint_section *section = &f->sections.at[item->section];
    return (struct debug_owner){ .file = section->file, .object = section->object };
}

static bool is_same_owner(struct debug_owner a, struct debug_owner b) {
    return a.file == b.file && a.object == b.object;
}

static bool open_program(struct footprint *f, uint32_t number, struct debug *out) {
    struct footprint_file *file = &f->files.at[number];
    if (!file->elf || file->elf->type == ET_REL) {
        return false;
    }
    if (file->module == 0) {
        enum symbol_quality quality; // Without debug information nothing will be found.
        struct err ignored;
        (void)symbolizer_module(f->symbolizer, file->elf->path, file->elf->build_id,
                file->elf->build_id_bytes, &file->module, &quality, &ignored);
        file->module++;
    }
    *out = (struct debug){ .module = file->module - 1, .tls_address = file->elf->tls_address };
    return true;
}

/// Follow with close_debug() when it returns true.
static bool open_debug(struct footprint *f, struct debug_owner owner, struct debug *out) {
    if (!f->symbolizer) {
        f->symbolizer = symbolizer_open(f->arena);
    }
    if (owner.object == FOOTPRINT_NONE) {
        return open_program(f, owner.file, out);
    }
    const struct elf_file *elf = f->objects.at[owner.object].elf;
    *out = (struct debug){ .module = 0 };
    return elf && symbolizer_open_object(f->symbolizer, elf, &out->module, &out->addresses);
}

static void close_debug(struct footprint *f, const struct debug *debug) {
    if (debug->addresses) {
        symbolizer_close_object(f->symbolizer);
    }
}

static bool is_thread(const struct footprint_item *item) {
    return item->kind == FOOTPRINT_THREAD_DATA || item->kind == FOOTPRINT_THREAD_ZERO;
}

static bool is_code(const struct footprint_item *item) {
    return item->kind == FOOTPRINT_CODE || item->kind == FOOTPRINT_VECTOR;
}

/// The item where the symbol of `item` begins.
static const struct footprint_item *beginning_of(
        const struct footprint *f, const struct footprint_item *item) {
    while (item > f->items.at && item->continues) {
        item--;
    }
    return item;
}

/// Where debug information has what begins with `item`; false when it is in no section that it knows.
static bool address_in(const struct footprint *f, const struct debug *debug,
        const struct footprint_item *item, uint64_t *address) {
    const struct footprint_section *section = &f->sections.at[item->section];
    if (!debug->addresses) {
        *address = item->address - (is_thread(item) ? debug->tls_address : 0);
        return true;
    }
    *address = debug->addresses[section->number] + item->address;
    return debug->addresses[section->number] != 0 && !is_thread(item);
}

/// The source that declares what begins with `first`; "" when unknown.
static struct str source_of(struct footprint *f, const struct debug *debug,
        const struct footprint_item *first, uint32_t *line) {
    uint64_t address;
    struct str source = STR("");
    bool has_address = address_in(f, debug, first, &address);
    if (has_address) {
        source = symbolizer_declaration(
                f->symbolizer, debug->module, address, is_thread(first), line);
    }
    if (source.len == 0 && is_thread(first)) {
        source = symbolizer_thread_declaration(f->symbolizer, debug->module, first->symbol, line);
    }
    if (source.len == 0 && has_address &&
            is_code(first)) { // Assembly declares nothing, but has lines.
        source = symbolizer_line(f->symbolizer, debug->module, address, line);
    }
    return source;
}

static void place(struct footprint *f, const struct debug *debug, struct footprint_item *item) {
    uint32_t line = 0;
    struct str source = source_of(f, debug, beginning_of(f, item), &line);
    if (source.len != 0) {
        item->source = source;
        item->line = line;
        item->known |= FOOTPRINT_BY_DEBUG;
    }
}

static bool may_have_place(const struct footprint *f, const struct footprint_item *item) {
    return item->symbol.len != 0 && !f->sections.at[item->section].is_dropped;
}

static int by_address(const void *a, const void *b) {
    const struct footprint_item *x = *(struct footprint_item *const *)a;
    const struct footprint_item *y = *(struct footprint_item *const *)b;
    return (x > y) - (x < y);
}

void footprint_place_items(struct footprint *f, struct footprint_item **items, size_t count) {
    struct debug debug;
    bool is_open = false;
    if (count) {
        qsort(items, count, sizeof(struct footprint_item *), by_address);
    }
    for (size_t i = 0; i < count; i++) { // Those of one owner stand together.
        struct debug_owner owner = owner_of(f, items[i]);
        if (i == 0 || !is_same_owner(owner, owner_of(f, items[i - 1]))) {
            if (is_open) {
                close_debug(f, &debug);
            }
            is_open = open_debug(f, owner, &debug);
        }
        if (is_open && may_have_place(f, items[i])) {
            place(f, &debug, items[i]);
        }
    }
    if (is_open) {
        close_debug(f, &debug);
    }
}

/// Places the items from `first` on that have the same debug information; the index behind them.
static size_t place_together(struct footprint *f, size_t first) {
    struct debug_owner owner = owner_of(f, &f->items.at[first]);
    struct debug debug;
    bool is_dropped = f->sections.at[f->items.at[first].section].is_dropped;
    bool is_open = !is_dropped && open_debug(f, owner, &debug);
    size_t i = first;
    for (; i < f->items.len && is_same_owner(owner_of(f, &f->items.at[i]), owner); i++) {
        if (is_open && may_have_place(f, &f->items.at[i])) {
            place(f, &debug, &f->items.at[i]);
        }
    }
    if (is_open) {
        close_debug(f, &debug);
    }
    return i;
}

void footprint_name_sources(struct footprint *f) {
    for (size_t i = 0; i < f->items.len;) {
        i = place_together(f, i);
    }
}

// ---- components ----

void footprint_add_components(const struct footprint *f, struct component_map *components) {
    for (size_t i = 0; i < f->objects.len; i++) {
        const struct footprint_object *o = &f->objects.at[i];
        (void)component_map_add_archive(components, o->archive.len ? o->archive : o->member);
    }
}

/// Whether bytes of this kind have no name of their own.
static bool is_nobodys(const struct footprint_item *item) {
    return item->kind == FOOTPRINT_PADDING || item->kind == FOOTPRINT_LINKER || item->is_shared;
}

/// What is known of whoever brought the item, less its name.
static struct component_evidence evidence_of(
        const struct footprint *f, const struct footprint_item *item) {
    const struct footprint_file *file = &f->files.at[f->sections.at[item->section].file];
    bool is_program = !file->archive && !(file->elf && file->elf->type == ET_REL);
    struct component_evidence e = { .source = STR(""),
        .function = STR(""),
        .archive = STR(""),
        .module = is_program ? file->path : STR("") };
    if (item->object != FOOTPRINT_NONE) {
        const struct footprint_object *object = &f->objects.at[item->object];
        e.archive = object->archive.len != 0 ? object->archive : object->member;
    }
    return e;
}

static bool is_settled(const struct component_map *m, uint32_t component) {
    return component != component_unknown(m) && !component_is_transparent(m, component);
}

/// The component of an item with a name. Reading the name costs most, so it is left out where the source decides alone.
static uint32_t component_of_named(
        struct footprint *f, const struct footprint_item *item, struct component_evidence origin) {
    struct component_evidence e = {
        .source = item->source, .function = STR(""), .archive = STR(""), .module = STR("")
    };
    uint32_t found = component_of(f->components, &e);
    if (is_settled(f->components, found)) {
        return found;
    }
    e = origin;
    e.source = item->source;
    e.function = demangle_subject(f->arena, item->symbol);
    return component_of(f->components, &e);
}

static uint32_t component_of_item(struct footprint *f, const struct footprint_item *item) {
    struct component_evidence origin = evidence_of(f, item);
    bool is_named = item->symbol.len != 0 && !is_nobodys(item);
    uint32_t found =
            is_named ? component_of_named(f, item, origin) : component_of(f->components, &origin);
    if (!component_is_transparent(f->components, found)) {
        return found;
    }
    uint32_t other = component_of(f->components, &origin);
    return is_settled(f->components, other) ? other : found;
}

void footprint_name_components(struct footprint *f, struct component_map *components) {
    f->components = components;
    for (size_t i = 0; i < f->items.len; i++) {
        f->items.at[i].component = (uint16_t)component_of_item(f, &f->items.at[i]);
    }
}
