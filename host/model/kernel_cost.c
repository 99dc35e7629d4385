/// The target's blocks behind each kind of object, placed by a plan and priced in the heap they go
/// to.
#include "kernel_cost.h"

#include "heap_cost.h"

#include <inttypes.h>

static const struct policy_place *place_of(
        const struct plan *p, const struct target_block *block, uint64_t bytes) {
    switch (block->memory) {
    case TARGET_STACK:
        return plan_stack_place(p);
    case TARGET_SYSTEM:
        return plan_kernel_place(p);
    case TARGET_MALLOC:
        break;
    }
    return plan_place(p, TARGET_NONE, PLAN_LIBC, bytes);
}

static bool price(const struct plan *p, const struct target_block *block, struct kernel_block *out,
        struct err *err) {
    const struct target *t = p->target;
    uint64_t bytes = block->memory == TARGET_STACK ? p->stack_bytes : block->bytes;
    const struct policy_place *place = place_of(p, block, bytes);
    *out = (struct kernel_block){ .block = block, .bytes = bytes, .region = TARGET_NONE };
    for (uint32_t i = 0; i < place->count && out->cost_bytes == 0; i++) {
        struct heap_cost heap;
        uint32_t main_heap = t->regions[place->regions[i]].main_heap;
        uint64_t heap_bytes = t->heaps[main_heap].bytes;
        if (heap_cost_for(&t->allocator, heap_bytes, &heap) &&
                bytes <= heap_cost_largest(
                                 &heap, heap_cost_first_block(&t->allocator, heap_bytes))) {
            out->region = place->regions[i];
            out->cost_bytes = heap_cost_bytes(&heap, bytes);
        }
    }
    if (out->cost_bytes == 0) {
        return fail(err, p->path ? p->path : t->path, ERR_NO_OFFSET,
                "no heap of target '%s' can hold a %s of %" PRIu64
                " bytes where plan '%s' wants it",
                t->name.at, block->name.at, bytes, p->name.at);
    }
    return true;
}

static bool price_object(struct arena *a, const struct plan *p, const struct target_object *object,
        struct kernel_cost *out, struct err *err) {
    struct kernel_block *blocks = NEW_ARRAY(a, struct kernel_block, object->block_count);
    for (uint32_t i = 0; i < object->block_count; i++) {
        if (!price(p, &object->blocks[i], &blocks[i], err)) {
            return false;
        }
    }
    *out = (struct kernel_cost){ blocks, object->block_count, object->lazy, true };
    return true;
}

bool kernel_costs_for(
        struct arena *a, const struct plan *p, struct kernel_costs *out, struct err *err) {
    *out = (struct kernel_costs){ 0 };
    for (uint32_t kind = KERNEL_NONE + 1; kind < KERNEL_OBJECT_COUNT; kind++) {
        const struct target_object *object =
                target_find_object(p->target, str_from(kernel_object_names[kind]));
        if (object && !price_object(a, p, object, &out->kinds[kind], err)) {
            return false;
        }
    }
    return true;
}

static uint64_t sum(const struct kernel_cost *cost, uint32_t region, bool stacks) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < cost->block_count; i++) {
        const struct kernel_block *block = &cost->blocks[i];
        bool stack = block->block->memory == TARGET_STACK;
        bytes += block->region == region && stack == stacks ? block->cost_bytes : 0;
    }
    return bytes;
}

uint64_t kernel_cost_bytes(const struct kernel_cost *cost, uint32_t region) {
    return sum(cost, region, false);
}

uint64_t kernel_cost_stack_bytes(const struct kernel_cost *cost, uint32_t region) {
    return sum(cost, region, true);
}
