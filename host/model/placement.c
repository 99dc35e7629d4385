// See placement.h.
#include "placement.h"

#include <string.h>

bool placement_init(struct placement *p, struct arena *a, const char *name, const struct plan *plan,
        const bool *host_only, uint32_t component_count, unsigned slot, struct err *err) {
    *p = (struct placement){ .name = name,
        .target = plan->target,
        .plan = plan,
        .component_count = component_count,
        .host_only = host_only,
        .a = a,
        .slot = slot };
    for (uint32_t i = 0; i < p->target->region_count; i++) {
        const struct target_region *region = &p->target->regions[i];
        p->regions[i].cells = NEW_ARRAY(a, struct placement_cell, component_count);
        if (region->main_heap != TARGET_NONE)
            (void)heap_cost_for(&p->target->allocator, p->target->heaps[region->main_heap].bytes,
                    &p->heap_costs[i]);
    }
    return kernel_costs_for(a, plan, &p->kernel_costs, err);
}

static void change_used(struct placement_region *r, int64_t bytes) {
    r->used += bytes;
    if (r->used > r->peak)
        r->peak = r->used;
}

static int64_t *site_cell(struct placement *p, uint32_t site) {
    if (__builtin_expect(site >= p->site_capacity, 0)) {
        uint32_t capacity = p->site_capacity == 0 ? 256 : p->site_capacity * 2;
        while (capacity <= site)
            capacity *= 2;
        int64_t *bigger = NEW_ARRAY(p->a, int64_t, capacity);
        if (p->site_capacity > 0)
            memcpy(bigger, p->site_bytes, p->site_capacity * sizeof *bigger);
        p->site_bytes = bigger;
        p->site_capacity = capacity;
    }
    return &p->site_bytes[site];
}

/// Adds (`sign` 1) or takes off (-1) a block that lies in `region`.
static void change_block(struct placement *p, uint32_t region, const struct block *b,
        uint16_t component, uint32_t site, int sign) {
    struct placement_region *r = &p->regions[region];
    // operator new asks for one byte where the program asked for none; malloc(0) gives nothing on the target.
    int64_t cost = (int64_t)heap_cost_bytes(&p->heap_costs[region], b->size);
    int64_t asked = cost == 0 ? 0 : (int64_t)b->size;
    r->cells[component].heap[b->kind] += sign * asked;
    r->overhead += sign * (cost - asked);
    change_used(r, sign * cost);
    if (region == p->watched)
        *site_cell(p, site) += sign * cost;
}

void placement_block_born(struct placement *p, struct block *b, uint16_t component, uint32_t site) {
    b->places[p->slot] = PLACEMENT_NOWHERE;
    if (p->host_only[component]) {
        p->host_only_bytes += (int64_t)b->size;
        p->host_only_blocks++;
        return;
    }
    const struct policy_place *place =
            plan_place(p->plan, component, (enum plan_kind)b->kind, b->size);
    if (place->count == 0) {
        p->unplaced++;
        return;
    }
    b->places[p->slot] = (uint8_t)place->regions[0];
    change_block(p, place->regions[0], b, component, site, 1);
}

void placement_block_gone(
        struct placement *p, const struct block *b, uint16_t component, uint32_t site) {
    if (p->host_only[component]) {
        p->host_only_bytes -= (int64_t)b->size;
        p->host_only_blocks--;
        return;
    }
    if (b->places[p->slot] != PLACEMENT_NOWHERE)
        change_block(p, b->places[p->slot], b, component, site, -1);
}

void placement_kernel_changed(struct placement *p, const struct kernel_entry *e, int change) {
    if (p->host_only[e->component] && e->object != KERNEL_THREAD)
        return;
    const struct kernel_cost *cost = &p->kernel_costs.kinds[e->object];
    for (uint32_t i = 0; i < cost->block_count; i++) {
        const struct kernel_block *k = &cost->blocks[i];
        struct placement_region *r = &p->regions[k->region];
        struct placement_cell *cell = &r->cells[e->component];
        if (k->block->memory == TARGET_STACK)
            cell->stack += change * (int64_t)k->bytes;
        else
            cell->kernel += change * (int64_t)k->bytes;
        r->overhead += change * (int64_t)(k->cost_bytes - k->bytes);
        change_used(r, change * (int64_t)k->cost_bytes);
    }
}

struct placement_moment placement_copy(struct arena *a, const struct placement *p) {
    uint32_t count = p->target->region_count;
    struct placement_moment m = { .regions = NEW_ARRAY(a, struct placement_region, count),
        .site_bytes = NEW_ARRAY(a, int64_t, p->site_capacity),
        .site_count = p->site_capacity,
        .host_only_bytes = p->host_only_bytes };
    for (uint32_t i = 0; i < count; i++) {
        m.regions[i] = p->regions[i];
        m.regions[i].cells = NEW_ARRAY(a, struct placement_cell, p->component_count);
        memcpy(m.regions[i].cells, p->regions[i].cells,
                p->component_count * sizeof *m.regions[i].cells);
    }
    if (p->site_capacity > 0)
        memcpy(m.site_bytes, p->site_bytes, p->site_capacity * sizeof *m.site_bytes);
    return m;
}

int64_t placement_heap(const struct placement_cell *cell) {
    int64_t sum = 0;
    for (int k = 0; k < LEDGER_KIND_COUNT; k++)
        sum += cell->heap[k];
    return sum;
}

int64_t placement_site_bytes(const struct placement_moment *m, uint32_t site) {
    return site < m->site_count ? m->site_bytes[site] : 0;
}
