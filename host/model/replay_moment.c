// What the heaps of a plan have at a checkpoint. See replay.h.
#include "replay_inside.h"

#include <string.h>

static void add_cell(struct replay *r, const struct replay_state *s, struct replay_moment *m,
        struct ramlens_block b, uint32_t component, enum ledger_kind kind, uint32_t size,
        int kernel) {
    uint32_t region = s->rules.places[b.heap].region;
    struct replay_cell *cell = &m->cells[(size_t)region * r->component_count + component];
    if (kernel == 0)
        cell->heap[kind] += size;
    else if (kernel == 1)
        cell->kernel += size;
    else
        cell->stack += size;
    cell->cost += ramlens_heap_cost(&s->heaps.heaps[b.heap], b.at);
    cell->blocks++;
}

/// Whether a block of `size` behind a kernel object is a stack: no other block of the target has this size.
static bool is_stack(const struct replay *r, uint32_t size) {
    for (enum kernel_object kind = KERNEL_MUTEX; kind < KERNEL_OBJECT_COUNT; kind++) {
        const struct target_object *object =
                target_find_object(r->target, str_from(kernel_object_names[kind]));
        for (uint32_t i = 0; object != NULL && i < object->block_count; i++)
            if (object->blocks[i].memory != TARGET_STACK && object->blocks[i].bytes == size)
                return false;
    }
    return true;
}

/// Linear in the live blocks.
static void sum_cells(struct replay *r, const struct replay_state *s, struct replay_moment *m) {
    m->cells = NEW_ARRAY(
            r->a, struct replay_cell, (size_t)r->target->region_count * r->component_count);
    for (uint32_t i = 0; i < r->block_room; i++) {
        const struct replay_block *b = &r->blocks[i];
        if (!b->live || s->blocks[i].at == 0)
            continue;
        struct owner owner = owners_get(r->owners, b->stack);
        enum ledger_kind kind = b->is_new ? LEDGER_NEW : (enum ledger_kind)owner.malloc_kind;
        add_cell(r, s, m, s->blocks[i], owner.component, kind, b->size,
                b->is_kernel ? 1 + is_stack(r, b->size) : 0);
    }
    for (uint32_t i = 0; i < r->kernel_room; i++) {
        const struct replay_kernel *k = &s->kernel[i];
        for (uint32_t n = 0; n < k->count; n++)
            if (k->blocks[n].at != 0)
                add_cell(r, s, m, k->blocks[n], owners_get(r->owners, k->stack).component,
                        LEDGER_MALLOC, s->objects[k->object].blocks[n].size,
                        s->objects[k->object].blocks[n].is_stack ? 2 : 1);
    }
}

static void take_moment(struct replay *r, struct replay_state *s) {
    struct replay_moment *bigger = NEW_ARRAY(r->a, struct replay_moment, s->moment_count + 1);
    if (s->moment_count > 0)
        memcpy(bigger, s->moments, s->moment_count * sizeof *bigger);
    s->moments = bigger;
    struct replay_moment *m = &s->moments[s->moment_count++];
    for (uint32_t h = 0; h < s->rules.count; h++) {
        const struct ramlens_heap *heap = &s->heaps.heaps[h];
        m->heaps[h].free_bytes = heap->free_bytes;
        m->heaps[h].minimum = heap->minimum_free_bytes;
        m->heaps[h].largest = ramlens_heap_largest(heap);
        for (uint32_t g = 0; g < REPLAY_GROUPS; g++)
            if ((replay_groups_of(s, h) >> g & 1) && m->heaps[h].largest > m->groups[g].largest)
                m->groups[g].largest = m->heaps[h].largest;
    }
    for (uint32_t g = 0; g < REPLAY_GROUPS; g++) {
        m->groups[g].free_bytes = s->group_free[g];
        m->groups[g].minimum = s->worst[g].free_bytes;
    }
    m->failures = s->failure_count;
    if (r->wants_cells)
        sum_cells(r, s, m);
}

void replay_take_moments(struct replay *r, uint32_t checkpoint) {
    for (size_t i = 0; i < r->states.len; i++)
        take_moment(r, r->states.at[i]);
    r->passed++;
    if (r->at_checkpoint != NULL)
        r->at_checkpoint(r->self, r, checkpoint);
}

void replay_compare_said(struct replay *r, struct replay_state *s, const struct replay_op *op) {
    const struct replay_said *said = &r->feed.said.at[op->id];
    for (uint32_t i = 0; i < said->count; i++) {
        const struct trace_heap *then = &said->heaps[i];
        s->compared += 3;
        if (then->region >= s->rules.count) {
            s->mismatches += 3;
            continue;
        }
        const struct ramlens_heap *now = &s->heaps.heaps[then->region];
        s->mismatches += now->free_bytes != then->free_bytes;
        s->mismatches += ramlens_heap_largest(now) != then->largest;
        s->mismatches += now->minimum_free_bytes != then->minimum;
    }
}
