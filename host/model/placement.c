// See placement.h.
#include "placement.h"

#include <assert.h>
#include <string.h>

static_assert((int)PLAN_MALLOC == (int)LEDGER_MALLOC && (int)PLAN_NEW == (int)LEDGER_NEW &&
                      (int)PLAN_LIBC == (int)LEDGER_LIBC &&
                      (int)PLAN_KINDS == (int)LEDGER_KIND_COUNT,
        "a block's kind is a plan's");

static void know_heap(struct placement *p, uint32_t region, uint64_t heap_bytes) {
    const struct target_allocator *allocator = &p->target->allocator;
    if (!heap_cost_for(allocator, heap_bytes, &p->heap_costs[region]))
        return;
    uint64_t first = heap_cost_first_block(allocator, heap_bytes);
    p->largest[region] = heap_cost_largest(&p->heap_costs[region], first);
}

bool placement_init(struct placement *p, struct arena *a, const char *name, struct plan *plan,
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
            know_heap(p, i, p->target->heaps[region->main_heap].bytes);
    }
    return kernel_costs_for(a, plan, &p->kernel_costs, err);
}

void placement_know_owners(struct placement *p, struct owners *o) {
    if (!plan_names_code(p->plan))
        return;
    p->owners = o;
    p->stack_rules =
            NEW_ARRAY(p->a, const struct plan_rule *, (size_t)o->image->stack_count *PLAN_KINDS);
}

static const struct plan_rule *rule_of(
        struct placement *p, const struct block *b, uint16_t component) {
    enum plan_kind kind = (enum plan_kind)b->kind;
    if (p->owners == NULL || b->stack >= p->owners->image->stack_count)
        return plan_component_rule(p->plan, component, kind);
    const struct plan_rule **known = &p->stack_rules[(size_t)b->stack * PLAN_KINDS + b->kind];
    if (*known == NULL)
        *known = plan_rule_for(p->plan, p->owners, b->stack, kind);
    return *known;
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

/// What `b` takes out of the heap of `region`, 0 when it cannot be there. operator new asks for one byte where the program asked for
/// none; malloc(0) gives nothing on the target.
static uint64_t block_cost(const struct placement *p, uint32_t region, const struct block *b) {
    uint64_t size = b->size == 0 && b->kind == LEDGER_NEW ? 1 : b->size;
    return heap_cost_bytes(&p->heap_costs[region], size);
}

/// The first region of `place` that can hold `b`; PLACEMENT_NOWHERE when none can.
static uint8_t choose_region(
        const struct placement *p, const struct policy_place *place, const struct block *b) {
    for (uint32_t i = 0; i < place->count; i++)
        if (b->size <= p->largest[place->regions[i]] && block_cost(p, place->regions[i], b) != 0)
            return (uint8_t)place->regions[i];
    return PLACEMENT_NOWHERE;
}

/// The region that a device's block lies in; PLACEMENT_NOWHERE for an address outside of all.
static uint8_t region_of_address(const struct placement *p, uint64_t address) {
    uint32_t region = target_region_at(p->target, address, NULL);
    return region == TARGET_NONE ? PLACEMENT_NOWHERE : (uint8_t)region;
}

/// Adds (`sign` 1) or takes off (-1) a block that lies in `region`.
static void change_block(struct placement *p, uint32_t region, const struct block *b,
        uint16_t component, uint32_t site, int sign) {
    struct placement_region *r = &p->regions[region];
    int64_t cost = (int64_t)block_cost(p, region, b);
    int64_t asked = (int64_t)b->size;
    r->cells[component].heap[b->kind] += sign * asked;
    r->overhead += sign * (cost - asked);
    change_used(r, sign * cost);
    if (region == p->watched)
        *site_cell(p, site) += sign * cost;
}

void placement_block_born(struct placement *p, struct block *b, uint16_t component, uint32_t site) {
    if (p->host_only[component]) {
        p->host_only_bytes += (int64_t)b->size;
        p->host_only_blocks++;
        return;
    }
    const struct plan_rule *rule = rule_of(p, b, component);
    uint8_t region = p->by_address && rule->line == 0
                             ? region_of_address(p, b->address)
                             : choose_region(p, plan_rule_place(p->plan, rule, b->size), b);
    b->places[p->slot] = region;
    if (region != PLACEMENT_NOWHERE)
        change_block(p, region, b, component, site, 1);
    else if (b->size != 0)
        p->unplaced++;
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
        if (k->region == p->watched)
            *site_cell(p, e->site) += change * (int64_t)k->cost_bytes;
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
