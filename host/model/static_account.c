// See static_account.h.
#include "static_account.h"

struct making {
    struct arena *a;
    const struct target *target;
    const struct static_sources *sources;
    struct static_account *out;
    uint64_t *linked; ///< By region: before a plan moves anything.
    uint64_t *cells;  ///< By region, component, kind.
    uint64_t *least;
    uint8_t *origins; ///< By component.
    uint32_t components;
};

static size_t cell_of(const struct making *m, uint32_t region, uint32_t component, unsigned kind) {
    return ((size_t)region * m->components + component) * FOOTPRINT_KINDS + kind;
}

static void count_entry(void *self, const struct static_entry *e) {
    struct making *m = self;
    if (static_entry_is_of_thread(e))
        m->out->thread_bytes[e->component] += e->bytes;
    if (e->linked != TARGET_NONE)
        m->linked[e->linked] += e->bytes;
    if (e->region == TARGET_NONE)
        return;
    size_t cell = cell_of(m, e->region, e->component, e->kind);
    m->cells[cell] += e->bytes;
    m->least[cell] += e->is_sure ? e->bytes : 0;
}

static void push_rows(struct making *m) {
    struct static_account *out = m->out;
    uint32_t room = 0;
    struct str known[STATIC_ORIGINS] = { { .at = NULL } };
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
                if (known[origin].at == NULL)
                    known[origin] = static_entries_known(m->a, m->sources, origin);
                out->rows[out->row_count++] = (struct static_row){ .region = r,
                    .component = c,
                    .kind = (enum footprint_kind)k,
                    .origin = origin,
                    .bytes = m->cells[cell],
                    .least = m->least[cell],
                    .known = known[origin] };
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
            .known = static_entries_known(m->a, m->sources, STATIC_OF_LOG) };
        out->region_bytes[r->region] += rest;
    }
}

void static_account_make(struct arena *a, const struct target *target,
        const struct component_map *map, const struct static_sources *sources,
        struct static_account *out) {
    struct making m = {
        .a = a, .target = target, .sources = sources, .out = out, .components = map->count
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
    static_entries_visit(target, map, sources, m.origins, count_entry, &m);
    push_rows(&m);
    if (sources->log)
        push_rest(&m, sources->log);
}
