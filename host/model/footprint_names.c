/// What items are called by people: the place of their declaration and the component they belong to.
#include "footprint.h"

#include "demangle.h"
#include "symbolize.h"

#include <elf.h>

// ---- places ----

/// The symbolizer's module of linked program `number`; false when it is none.
static bool open_debug(struct footprint *f, uint32_t number, uint32_t *module) {
    struct footprint_file *file = &f->files.at[number];
    if (!file->elf || file->elf->type == ET_REL) {
        return false;
    }
    if (!f->symbolizer) {
        f->symbolizer = symbolizer_open(f->arena);
    }
    if (file->module == 0) {
        enum symbol_quality quality; // Without debug information nothing will be found.
        struct err ignored;
        (void)symbolizer_module(f->symbolizer, file->elf->path, file->elf->build_id,
                file->elf->build_id_bytes, &file->module, &quality, &ignored);
        file->module++;
    }
    *module = file->module - 1;
    return true;
}

static bool is_thread(const struct footprint_item *item) {
    return item->kind == FOOTPRINT_THREAD_DATA || item->kind == FOOTPRINT_THREAD_ZERO;
}

static bool is_code(const struct footprint_item *item) {
    return item->kind == FOOTPRINT_CODE || item->kind == FOOTPRINT_VECTOR;
}

/// Places `item`, whose symbol begins with the item `first`.
static void place(struct footprint *f, uint32_t module, struct footprint_item *item,
        const struct footprint_item *first) {
    const struct elf_file *elf = f->files.at[f->sections.at[item->section].file].elf;
    uint64_t where = first->address - (is_thread(item) ? elf->tls_address : 0);
    uint32_t line;
    struct str source =
            symbolizer_declaration(f->symbolizer, module, where, is_thread(item), &line);
    if (source.len == 0 && is_code(first)) { // Assembly declares nothing, but has lines.
        source = symbolizer_line(f->symbolizer, module, where, &line);
    }
    if (source.len != 0) {
        item->source = source;
        item->line = line;
        item->known |= FOOTPRINT_BY_DEBUG;
    }
}

/// The item where the symbol of `item` begins.
static const struct footprint_item *beginning_of(
        const struct footprint *f, const struct footprint_item *item) {
    while (item > f->items.at && item->continues) {
        item--;
    }
    return item;
}

static bool may_have_place(const struct footprint_item *item) {
    return item->symbol.len != 0 && item->fate == FOOTPRINT_LINKED;
}

void footprint_place(struct footprint *f, struct footprint_item *item) {
    uint32_t module;
    if (may_have_place(item) && open_debug(f, f->sections.at[item->section].file, &module)) {
        place(f, module, item, beginning_of(f, item));
    }
}

void footprint_name_sources(struct footprint *f) {
    for (size_t i = 0; i < f->items.len;) {
        uint32_t file = f->sections.at[f->items.at[i].section].file;
        uint32_t module;
        bool opened = open_debug(f, file, &module);
        for (; i < f->items.len && f->sections.at[f->items.at[i].section].file == file; i++) {
            struct footprint_item *item = &f->items.at[i];
            if (opened && may_have_place(item)) {
                place(f, module, item, beginning_of(f, item));
            }
        }
    }
}

// ---- components ----

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
