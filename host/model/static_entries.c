// See static_entries.h.
#include "static_entries.h"

#include <elf.h>

const char *const static_origin_names[STATIC_ORIGINS] = { "device-program", "archives",
    "host-program", "boot-log" };

struct visit {
    const struct target *target;
    const struct static_sources *sources;
    uint8_t *origins;
    static_entry_take *take;
    void *self;
};

bool static_entry_is_of_thread(const struct static_entry *entry) {
    return entry->kind == FOOTPRINT_THREAD_DATA || entry->kind == FOOTPRINT_THREAD_ZERO;
}

/// Where a plan puts the item that lies in `region`; TARGET_NONE for a memory that is no region. What its author keeps in internal RAM stays: its section
/// is none that a linker fragment names.
static uint32_t moved_to(const struct visit *v, const struct footprint *f,
        const struct footprint_item *item, uint32_t region) {
    const struct plan_statics *moves = v->sources->moves;
    if (moves == NULL || moves->len == 0 || item->object == FOOTPRINT_NONE ||
            item->must_be_internal)
        return region;
    const struct footprint_object *o = &f->objects.at[item->object];
    enum footprint_kind kind = (enum footprint_kind)item->kind;
    kind = kind == FOOTPRINT_STRING ? FOOTPRINT_CONSTANT : kind;
    const struct plan_static *s = plan_static_for(moves, o->archive.len ? o->archive : o->member,
            str_base_name(o->member), item->symbol, kind);
    return s ? target_find_region(v->target, s->memory) : region;
}

static struct static_entry entry_of(const struct footprint_item *item, enum static_origin origin) {
    return (struct static_entry){ .linked = TARGET_NONE,
        .region = TARGET_NONE,
        .component = item->component,
        .kind = (enum footprint_kind)item->kind,
        .origin = origin,
        .bytes = item->bytes,
        .is_sure = true,
        .item = item };
}

static void visit_device(const struct visit *v, const struct footprint *f) {
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        uint32_t memory = f->sections.at[item->section].memory;
        struct static_entry e = entry_of(item, STATIC_OF_DEVICE);
        if (item->fate != FOOTPRINT_LINKED || item->cause == FOOTPRINT_DUMMY)
            continue;
        if (memory != MEMORY_NONE) {
            e.linked = f->memories.list[memory].region;
            e.region = moved_to(v, f, item, e.linked);
        }
        v->take(v->self, &e);
    }
}

static void visit_archives(const struct visit *v, const struct footprint *f) {
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        struct static_entry e = entry_of(item, STATIC_OF_ARCHIVES);
        e.is_sure = item->fate == FOOTPRINT_STAYS;
        if (!e.is_sure && item->fate != FOOTPRINT_MAY_STAY)
            continue;
        v->origins[item->component] = STATIC_OF_ARCHIVES;
        bool takes_ram = item->must_be_internal ||
                         (!static_entry_is_of_thread(&e) && footprint_kind_is_writable(e.kind));
        if (!e.is_sure && v->sources->has_roots)
            continue;
        if (takes_ram) {
            e.linked = 0;
            e.region = moved_to(v, f, item, 0);
        }
        v->take(v->self, &e);
    }
}

static void visit_host(const struct visit *v, const struct static_data *d) {
    static const enum footprint_kind kinds[STATIC_KIND_COUNT] = { [STATIC_DATA] = FOOTPRINT_DATA,
        [STATIC_ZERO] = FOOTPRINT_ZERO,
        [STATIC_TLS] = FOOTPRINT_THREAD_ZERO,
        [STATIC_CONSTANT] = FOOTPRINT_CONSTANT };
    const bool *host_only = v->sources->host_only;
    for (size_t i = 0; i < d->item_count; i++) {
        const struct static_item *item = &d->items[i];
        bool takes_ram = item->kind == STATIC_DATA || item->kind == STATIC_ZERO;
        if (item->owner != STATIC_COMPONENT || v->origins[item->component] != STATIC_OF_HOST ||
                (host_only && host_only[item->component]))
            continue;
        const struct static_entry e = { .linked = takes_ram ? 0 : TARGET_NONE,
            .region = takes_ram ? 0 : TARGET_NONE,
            .component = item->component,
            .kind = kinds[item->kind],
            .origin = STATIC_OF_HOST,
            .bytes = item->size_bytes,
            .is_sure = true,
            .variable = item };
        v->take(v->self, &e);
    }
}

void static_entries_visit(const struct target *target, const struct component_map *map,
        const struct static_sources *sources, uint8_t *origins, static_entry_take *take,
        void *self) {
    const struct visit v = {
        .target = target, .sources = sources, .origins = origins, .take = take, .self = self
    };
    for (uint32_t c = 0; c < map->count; c++)
        origins[c] = sources->device ? STATIC_OF_DEVICE : STATIC_OF_HOST;
    if (sources->device)
        visit_device(&v, sources->device);
    else if (sources->archives)
        visit_archives(&v, sources->archives);
    if (sources->host && !sources->device)
        visit_host(&v, sources->host);
}

// ---- for people

static const char *machine_name(uint16_t machine, uint8_t bits) {
    switch (machine) {
    case EM_RISCV:
        return bits == 64 ? "riscv64" : "riscv32";
    case EM_XTENSA:
        return "xtensa";
    case EM_ARM:
        return "arm";
    case EM_386:
        return "i386";
    case EM_X86_64:
        return "x86-64";
    default:
        return "another machine";
    }
}

/// With the machine of the first object.
static struct str of_machine(struct arena *a, const char *what, const struct footprint *f) {
    for (size_t i = 0; f && i < f->files.len; i++)
        if (f->files.at[i].elf)
            return str_from(arena_printf(a, "%s, %s", what,
                    machine_name(f->files.at[i].elf->machine, f->files.at[i].elf->class_bits)));
    for (size_t i = 0; f && i < f->objects.len; i++)
        if (f->objects.at[i].elf)
            return str_from(arena_printf(a, "%s, %s", what,
                    machine_name(f->objects.at[i].elf->machine, f->objects.at[i].elf->class_bits)));
    return str_from(what);
}

struct str static_entries_known(
        struct arena *a, const struct static_sources *sources, enum static_origin origin) {
    bool has_map = false;
    switch (origin) {
    case STATIC_OF_DEVICE:
        for (size_t i = 0; sources->device && i < sources->device->files.len; i++)
            has_map |= sources->device->files.at[i].map != NULL;
        return of_machine(a, has_map ? "ELF and map" : "ELF", sources->device);
    case STATIC_OF_ARCHIVES:
        return of_machine(
                a, sources->has_roots ? "archives" : "archives, upper bound", sources->archives);
    case STATIC_OF_HOST:
        return str_from(arena_printf(a, "program, %s", machine_name(sources->host_machine, 32)));
    default:
        return STR("boot log");
    }
}
