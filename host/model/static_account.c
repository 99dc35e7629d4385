// See static_account.h.
#include "static_account.h"

#include <elf.h>
#include <stdlib.h>

const char *const static_origin_names[STATIC_ORIGINS] = { "device-program", "archives",
    "host-program", "boot-log" };

struct making {
    struct arena *a;
    const struct target *target;
    struct static_account *out;
    uint64_t *linked; ///< By region: before a plan moves anything.
    uint64_t *cells;  ///< By region, component, kind.
    uint64_t *least;
    uint8_t *origins; ///< By component.
    struct str known[STATIC_ORIGINS];
    const struct plan_statics *moves;
    uint32_t components;
};

static size_t cell_of(const struct making *m, uint32_t region, uint32_t component, unsigned kind) {
    return ((size_t)region * m->components + component) * FOOTPRINT_KINDS + kind;
}

static void add(struct making *m, uint32_t region, uint32_t component, unsigned kind,
        uint64_t bytes, bool is_sure) {
    size_t cell = cell_of(m, region, component, kind);
    m->cells[cell] += bytes;
    m->least[cell] += is_sure ? bytes : 0;
}

/// Where a plan puts the item that lies in `region`; TARGET_NONE for a memory that is no region.
static uint32_t moved_to(const struct making *m, const struct footprint *f,
        const struct footprint_item *item, uint32_t region) {
    if (m->moves == NULL || m->moves->len == 0 || item->object == FOOTPRINT_NONE)
        return region;
    const struct footprint_object *o = &f->objects.at[item->object];
    enum footprint_kind kind = (enum footprint_kind)item->kind;
    kind = kind == FOOTPRINT_STRING ? FOOTPRINT_CONSTANT : kind;
    const struct plan_static *s = plan_static_for(m->moves, o->archive.len ? o->archive : o->member,
            str_base_name(o->member), item->symbol, kind);
    return s ? target_find_region(m->target, s->memory) : region;
}

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

/// "archives, riscv32": the machine of the first object.
static struct str known_by(struct arena *a, const char *what, const struct footprint *f) {
    for (size_t i = 0; i < f->files.len; i++)
        if (f->files.at[i].elf)
            return str_from(arena_printf(a, "%s, %s", what,
                    machine_name(f->files.at[i].elf->machine, f->files.at[i].elf->class_bits)));
    for (size_t i = 0; i < f->objects.len; i++)
        if (f->objects.at[i].elf)
            return str_from(arena_printf(a, "%s, %s", what,
                    machine_name(f->objects.at[i].elf->machine, f->objects.at[i].elf->class_bits)));
    return str_from(arena_printf(a, "%s", what));
}

// ---- sources

static bool is_thread_local(const struct footprint_item *item) {
    return item->kind == FOOTPRINT_THREAD_DATA || item->kind == FOOTPRINT_THREAD_ZERO;
}

static void add_device(struct making *m, const struct footprint *f) {
    bool has_map = false;
    for (size_t i = 0; i < f->files.len; i++)
        has_map |= f->files.at[i].map != NULL;
    m->known[STATIC_OF_DEVICE] = known_by(m->a, has_map ? "ELF and map" : "ELF", f);
    for (uint32_t c = 0; c < m->components; c++)
        m->origins[c] = STATIC_OF_DEVICE;
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        uint32_t memory = f->sections.at[item->section].memory;
        if (is_thread_local(item) && item->fate == FOOTPRINT_LINKED)
            m->out->thread_bytes[item->component] += item->bytes;
        if (memory == MEMORY_NONE || item->fate != FOOTPRINT_LINKED ||
                item->cause == FOOTPRINT_DUMMY)
            continue;
        uint32_t linked = f->memories.list[memory].region;
        uint32_t region = moved_to(m, f, item, linked);
        if (linked != TARGET_NONE)
            m->linked[linked] += item->bytes;
        if (region != TARGET_NONE)
            add(m, region, item->component, item->kind, item->bytes, true);
    }
}

/// Whether the item takes RAM on a chip.
static bool takes_ram(const struct footprint_item *item) {
    return item->must_be_internal ||
           (!is_thread_local(item) && footprint_kind_is_writable((enum footprint_kind)item->kind));
}

static void add_archives(struct making *m, const struct static_sources *s) {
    const struct footprint *f = s->archives;
    m->known[STATIC_OF_ARCHIVES] =
            known_by(m->a, s->has_roots ? "archives" : "archives, upper bound", f);
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        bool may_stay = item->fate == FOOTPRINT_MAY_STAY || item->fate == FOOTPRINT_STAYS;
        if (!may_stay)
            continue;
        m->origins[item->component] = STATIC_OF_ARCHIVES;
        if (is_thread_local(item))
            m->out->thread_bytes[item->component] += item->bytes;
        bool stays = item->fate == FOOTPRINT_STAYS;
        uint32_t region = moved_to(m, f, item, 0);
        if (!takes_ram(item) || (!stays && s->has_roots))
            continue;
        m->linked[0] += item->bytes;
        if (region != TARGET_NONE)
            add(m, region, item->component, item->kind, item->bytes, stays);
    }
}

static void add_host(struct making *m, const struct static_sources *s) {
    const struct static_data *d = s->host;
    m->known[STATIC_OF_HOST] =
            str_from(arena_printf(m->a, "program, %s", machine_name(s->host_machine, 32)));
    for (uint32_t c = 0; c < m->components; c++) {
        if (m->origins[c] != STATIC_OF_HOST || (s->host_only && s->host_only[c]))
            continue;
        add(m, 0, c, FOOTPRINT_DATA, d->bytes[STATIC_DATA][c], true);
        add(m, 0, c, FOOTPRINT_ZERO, d->bytes[STATIC_ZERO][c], true);
        m->out->thread_bytes[c] += d->bytes[STATIC_TLS][c];
        m->linked[0] += d->bytes[STATIC_DATA][c] + d->bytes[STATIC_ZERO][c];
    }
}

// ---- the whole

static void push_rows(struct making *m) {
    struct static_account *out = m->out;
    uint32_t room = 0;
    for (size_t i = 0; i < cell_of(m, m->target->region_count, 0, 0); i++)
        room += m->cells[i] != 0;
    out->rows = NEW_ARRAY(m->a, struct static_row, (size_t)room + m->target->region_count + 1u);
    for (uint32_t r = 0; r < m->target->region_count; r++)
        for (uint32_t c = 0; c < m->components; c++)
            for (unsigned k = 0; k < FOOTPRINT_KINDS; k++) {
                size_t cell = cell_of(m, r, c, k);
                if (m->cells[cell] == 0)
                    continue;
                enum static_origin origin = (enum static_origin)m->origins[c];
                out->rows[out->row_count++] = (struct static_row){ .region = r,
                    .component = c,
                    .kind = (enum footprint_kind)k,
                    .origin = origin,
                    .bytes = m->cells[cell],
                    .least = m->least[cell],
                    .known = m->known[origin] };
                out->region_bytes[r] += m->cells[cell];
                if (r == 0)
                    out->component_bytes[c] += m->cells[cell];
            }
}

/// What the log has more of, region by region.
static void push_rest(struct making *m, const struct device_fit *log) {
    struct static_account *out = m->out;
    for (size_t i = 0; log->has_heaps && log->fits && i < log->regions.len; i++) {
        const struct device_region *r = &log->regions.at[i];
        uint64_t linked = r->region < m->target->region_count ? m->linked[r->region] : 0;
        if (r->heaps == 0 || r->is_short || r->region >= m->target->region_count)
            continue;
        out->beyond_log[r->region] = linked > r->static_bytes ? linked - r->static_bytes : 0;
        if (linked >= r->static_bytes)
            continue;
        uint64_t rest = r->static_bytes - linked;
        out->rows[out->row_count++] = (struct static_row){ .region = r->region,
            .component = STATIC_NO_COMPONENT,
            .kind = FOOTPRINT_UNKNOWN,
            .origin = STATIC_OF_LOG,
            .bytes = rest,
            .least = rest,
            .known = STR("boot log") };
        out->region_bytes[r->region] += rest;
    }
}

void static_account_make(struct arena *a, const struct target *target,
        const struct component_map *map, const struct static_sources *sources,
        struct static_account *out) {
    struct making m = {
        .a = a, .target = target, .out = out, .components = map->count, .moves = sources->moves
    };
    *out = (struct static_account){ .region_count = target->region_count,
        .component_count = map->count,
        .region_bytes = NEW_ARRAY(a, uint64_t, target->region_count + 1u),
        .component_bytes = NEW_ARRAY(a, uint64_t, map->count + 1u),
        .thread_bytes = NEW_ARRAY(a, uint64_t, map->count + 1u),
        .beyond_log = NEW_ARRAY(a, uint64_t, target->region_count + 1u) };
    m.linked = NEW_ARRAY(a, uint64_t, target->region_count + 1u);
    m.cells = NEW_ARRAY(a, uint64_t, cell_of(&m, target->region_count, 0, 0) + 1);
    m.least = NEW_ARRAY(a, uint64_t, cell_of(&m, target->region_count, 0, 0) + 1);
    m.origins = NEW_ARRAY(a, uint8_t, map->count + 1u);
    for (uint32_t c = 0; c < map->count; c++)
        m.origins[c] = STATIC_OF_HOST;
    if (sources->device)
        add_device(&m, sources->device);
    else if (sources->archives)
        add_archives(&m, sources);
    if (sources->host && !sources->device)
        add_host(&m, sources);
    push_rows(&m);
    if (sources->log)
        push_rest(&m, sources->log);
}
