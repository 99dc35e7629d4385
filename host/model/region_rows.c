// See region_rows.h.
#include "region_rows.h"

#include <assert.h>
#include <string.h>

const char *const row_kind_names[ROW_KIND_COUNT] = { "reserved", "static", "heap", "kernel",
    "stack", "task", "overhead", "unexplained", "unknown" };
const char *const row_source_names[ROW_SOURCE_COUNT] = { "measured", "profile", "observed",
    "computed" };

static void add_row(struct region_table *t, struct region_row row) {
    if (row.bytes == 0)
        return;
    t->rows[t->row_count++] = row;
    t->free -= row.bytes;
}

static void add_reserved(struct region_table *t) {
    for (uint32_t i = 0; i < t->region->reserved_count; i++) {
        const struct target_range *r = &t->region->reserved[i];
        add_row(t, (struct region_row){ .kind = ROW_RESERVED,
                           .source = ROW_PROFILE,
                           .component = ROW_NO_COMPONENT,
                           .about = r->about,
                           .bytes = (int64_t)r->bytes });
    }
}

/// A row for each component and kind.
static void add_statics(
        struct region_table *t, const struct static_account *statics, uint32_t region) {
    for (uint32_t i = 0; statics != NULL && i < statics->row_count; i++) {
        const struct static_row *s = &statics->rows[i];
        bool is_sure = s->least == s->bytes;
        bool is_rest = s->component == STATIC_NO_COMPONENT;
        struct region_row row = { .kind = ROW_STATIC,
            .source = is_rest   ? ROW_OBSERVED
                      : is_sure ? ROW_MEASURED
                                : ROW_COMPUTED,
            .component = is_rest ? ROW_NO_COMPONENT : s->component,
            .about = is_rest ? STR("in no file that was given")
                             : str_from(footprint_kind_names[s->kind]),
            .known = s->known,
            .origin = str_from(static_origin_names[s->origin]),
            .bytes = (int64_t)s->bytes };
        if (s->region == region)
            add_row(t, row);
    }
}

static int64_t cell_bytes(const struct placement_cell *cell, enum row_kind kind) {
    if (kind == ROW_KERNEL)
        return cell->kernel;
    return kind == ROW_STACK ? cell->stack : placement_heap(cell);
}

static void add_cells(struct region_table *t, const struct placement_region *r,
        uint32_t component_count, enum row_kind kind, uint32_t unknown_component) {
    for (uint32_t i = 0; i < component_count; i++) {
        bool unknown = kind == ROW_HEAP && i == unknown_component;
        add_row(t, (struct region_row){ .kind = unknown ? ROW_UNKNOWN : kind,
                           .source = kind == ROW_HEAP ? ROW_MEASURED : ROW_COMPUTED,
                           .component = i,
                           .about = STR(""),
                           .bytes = cell_bytes(&r->cells[i], kind) });
    }
}

static void check_sum(const struct region_table *t) {
    int64_t sum = t->free;
    for (uint32_t i = 0; i < t->row_count; i++)
        sum += t->rows[i].bytes;
    assert(sum == (int64_t)t->region->bytes);
}

struct region_table region_table_of(struct arena *a, const struct placement *p,
        const struct placement_moment *m, uint32_t region, const struct static_account *statics,
        uint32_t unknown_component) {
    const struct target_region *r = &p->target->regions[region];
    uint32_t components = p->component_count;
    uint32_t most = r->reserved_count + components * 3 + 3 + (statics ? statics->row_count : 0);
    struct region_table t = {
        .region = r, .rows = NEW_ARRAY(a, struct region_row, most), .free = (int64_t)r->bytes
    };
    add_reserved(&t);
    add_statics(&t, statics, region);
    add_cells(&t, &m->regions[region], components, ROW_HEAP, unknown_component);
    add_cells(&t, &m->regions[region], components, ROW_KERNEL, unknown_component);
    add_cells(&t, &m->regions[region], components, ROW_STACK, unknown_component);
    add_row(&t, (struct region_row){ .kind = ROW_OVERHEAD,
                        .source = ROW_COMPUTED,
                        .component = ROW_NO_COMPONENT,
                        .about = STR("control structures of the heaps"),
                        .bytes = (int64_t)heap_cost_region_overhead(p->target, region) });
    add_row(&t, (struct region_row){ .kind = ROW_OVERHEAD,
                        .source = ROW_COMPUTED,
                        .component = ROW_NO_COMPONENT,
                        .about = STR("headers and rounding of blocks"),
                        .bytes = m->regions[region].overhead });
    check_sum(&t);
    return t;
}

static void append(struct arena *a, struct region_table *t, struct region_row row) {
    struct region_row *bigger = NEW_ARRAY(a, struct region_row, t->row_count + 1);
    memcpy(bigger, t->rows, t->row_count * sizeof *bigger);
    t->rows = bigger;
    add_row(t, row);
}

void region_table_unexplain(struct arena *a, struct region_table *t, int64_t bytes) {
    append(a, t,
            (struct region_row){ .kind = ROW_UNEXPLAINED,
                    .source = ROW_OBSERVED,
                    .component = ROW_NO_COMPONENT,
                    .about = STR("not in this run (application, Wi-Fi ...)"),
                    .bytes = bytes });
    check_sum(t);
}

void region_table_observe(struct arena *a, struct region_table *t, int64_t free) {
    region_table_unexplain(a, t, t->free - free);
    t->free_observed = true;
}

void region_table_name_tasks(struct arena *a, struct region_table *t, uint64_t bytes) {
    for (uint32_t i = 0; i < t->row_count; i++) {
        if (t->rows[i].kind != ROW_UNEXPLAINED || t->rows[i].bytes < (int64_t)bytes)
            continue;
        t->rows[i].bytes -= (int64_t)bytes;
        t->free += (int64_t)bytes; // the new row takes them again
        append(a, t,
                (struct region_row){ .kind = ROW_TASK,
                        .source = ROW_PROFILE,
                        .component = ROW_NO_COMPONENT,
                        .about = STR("stacks of the RTOS's own tasks"),
                        .bytes = (int64_t)bytes });
        check_sum(t);
        return;
    }
}

int64_t region_table_sum(const struct region_table *t, enum row_kind kind) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < t->row_count; i++)
        sum += t->rows[i].kind == kind ? t->rows[i].bytes : 0;
    return sum;
}
