/// ESP-IDF's search over heaps, once for each question, and what follows from it for regions.
#include "policy.h"

static bool is_among(
        const struct target_heap *heap, const struct target_heap *const *list, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (list[i] == heap) {
            return true;
        }
    }
    return false;
}

uint32_t policy_heaps(
        const struct target *t, uint32_t asked, const struct target_heap **out, uint32_t room) {
    uint32_t count = 0;
    for (uint32_t priority = 0; priority < TARGET_PRIORITIES; priority++) {
        for (uint32_t i = 0; i < t->heap_count && count < room; i++) {
            const struct target_heap *heap = &t->heaps[i];
            if ((heap->offers[priority] & asked) && target_heap_has(heap, asked) &&
                    !is_among(heap, out, count)) {
                out[count++] = heap;
            }
        }
    }
    return count;
}

static void add_region(struct policy_place *place, uint32_t region) {
    for (uint32_t i = 0; i < place->count; i++) {
        if (place->regions[i] == region) {
            return;
        }
    }
    place->regions[place->count++] = region;
}

static void add_request(const struct target *t, uint32_t asked, struct policy_place *place) {
    const struct target_heap *heaps[64];
    uint32_t count = policy_heaps(t, asked, heaps, 64);
    for (uint32_t i = 0; i < count; i++) {
        add_region(place, heaps[i]->region);
    }
}

struct policy_place policy_place_of(const struct target *t, uint32_t asked) {
    struct policy_place place = { 0 };
    add_request(t, asked, &place);
    return place;
}

struct policy_place policy_place_then(
        const struct policy_place *first, const struct policy_place *then) {
    struct policy_place place = *first;
    for (uint32_t i = 0; i < then->count; i++) {
        add_region(&place, then->regions[i]);
    }
    return place;
}

void policy_for(const struct target *t, struct policy *out) {
    const struct target_malloc *m = &t->malloc_rule;
    *out = (struct policy){ .up_to = m->up_to };
    add_request(t, m->small_asks, &out->small);
    add_request(t, m->again_asks, &out->small);
    add_request(t, m->large_asks, &out->large);
    add_request(t, m->again_asks, &out->large);
    add_request(t, t->requests[t->system_request].asks, &out->system);
}

const struct policy_place *policy_malloc(const struct policy *p, uint64_t size) {
    return size <= p->up_to ? &p->small : &p->large;
}
