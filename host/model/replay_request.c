// One request through the heaps of one plan. See replay.h.
#include "replay_inside.h"

#include <string.h>

void replay_leave_worst(struct replay_state *s, uint32_t groups) {
    for (uint32_t g = 0; g < REPLAY_GROUPS; g++) {
        if ((groups >> g & 1) == 0)
            continue;
        uint32_t largest = 0;
        for (uint32_t h = 0; h < s->rules.count; h++) {
            bool mine = g == REPLAY_COUNTED ? s->counted >> h & 1 : s->rules.places[h].region == g;
            uint32_t here = mine && s->heaps.live[h] ? ramlens_heap_largest(&s->heaps.heaps[h]) : 0;
            largest = here > largest ? here : largest;
        }
        s->worst[g].largest = largest;
    }
    s->at_worst &= ~groups;
}

/// Before a change of a heap that may add to its free bytes.
static inline void before(struct replay_state *s, uint32_t heap) {
    uint32_t groups = s->at_worst & replay_groups_of(s, heap);
    if (__builtin_expect(groups != 0, 0))
        replay_leave_worst(s, groups);
}

static inline void note_lowest(
        struct replay_state *s, uint32_t group, uint64_t time, uint32_t phase) {
    struct replay_worst *w = &s->worst[group];
    if (s->group_free[group] >= w->free_bytes)
        return;
    w->free_bytes = s->group_free[group];
    w->time = time;
    w->phase = phase;
    s->at_worst |= 1u << group;
}

/// After a change of a heap: its groups' sums follow.
static inline void after(
        const struct replay *r, struct replay_state *s, uint32_t heap, uint64_t time) {
    uint32_t now = s->heaps.heaps[heap].free_bytes;
    int64_t change = (int64_t)now - (int64_t)s->last_free[heap];
    s->last_free[heap] = now;
    uint32_t region = s->rules.places[heap].region;
    s->group_free[region] += (uint64_t)change;
    if (s->counted >> heap & 1)
        s->group_free[REPLAY_COUNTED] += (uint64_t)change;
    if (change >= 0)
        return;
    note_lowest(s, region, time, r->passed);
    if (s->counted >> heap & 1)
        note_lowest(s, REPLAY_COUNTED, time, r->passed);
}

static __attribute__((noinline)) void note_failure(const struct replay *r, struct replay_state *s,
        const struct replay_op *op, uint32_t size, bool is_kernel) {
    s->failure_count++;
    for (size_t i = 0; i < s->failures.len; i++) {
        struct replay_failure *f = &s->failures.at[i];
        if (f->stack == op->stack && f->is_kernel == is_kernel) {
            f->count++;
            return;
        }
    }
    *vec_push(&s->own, &s->failures) = (struct replay_failure){ .stack = op->stack,
        .size = size,
        .count = 1,
        .time = op->time,
        .phase = r->passed,
        .is_kernel = is_kernel };
}

static __attribute__((noinline)) void note_spill(const struct replay *r, struct replay_state *s,
        const struct replay_op *op, uint32_t size, bool is_kernel, bool failed) {
    uint32_t stack = replay_known_stack(r, op->stack);
    uint32_t *index = &s->spill_of[(size_t)stack * 2 + is_kernel];
    if (*index == 0) {
        *vec_push(&s->own, &s->spills) = (struct replay_spill){ .stack = op->stack,
            .size = size,
            .time = op->time,
            .phase = r->passed,
            .is_kernel = is_kernel };
        *index = (uint32_t)s->spills.len;
    }
    struct replay_spill *spill = &s->spills.at[*index - 1];
    s->spill_count++;
    spill->count++;
    spill->bytes += size;
    spill->failed += failed;
}

/// After a request of `size` got `b`, which may be nowhere.
static inline void check_spill(const struct replay *r, struct replay_state *s,
        const struct replay_op *op, const struct ramlens_asks *asks, struct ramlens_block b,
        uint32_t size, bool is_kernel) {
    if (__builtin_expect(b.at != 0 && (s->counted >> b.heap & 1), 1))
        return;
    uint32_t first = asks->count > 0 ? asks->tries[0] : 0;
    if (first == 0)
        first = size <= s->rules.malloc_up_to ? s->rules.malloc_small : s->rules.malloc_large;
    if ((first & s->internal_bits) != 0)
        note_spill(r, s, op, size, is_kernel, b.at == 0);
}

/// What is asked of the allocator for a request of `size`: operator new and, in a placed run, malloc ask for at least one byte.
static inline uint32_t asked_size(uint32_t size) {
    return size == 0 ? 1 : size;
}

static inline void note_given(const struct replay *r, struct replay_state *s,
        struct ramlens_block b, const struct replay_op *op) {
    uint32_t region = s->rules.places[b.heap].region;
    s->given[region]++;
    s->given_bytes[region] += op->size;
    if (__builtin_expect(r->weights != NULL, 0))
        s->weighed[region] +=
                (uint64_t)r->weights[(size_t)replay_known_stack(r, op->stack) * 2 + op->is_new] *
                op->size;
}

static const struct ramlens_asks *asks_for(
        const struct replay *r, struct replay_state *s, const struct replay_op *op) {
    if (!r->exact)
        return &s->asks[s->decisions[(size_t)op->stack * 2 + op->is_new] - 1];
    s->asks[0].count = op->asks != 0;
    s->asks[0].tries[0] = op->asks != 0 ? r->feed.capabilities.at[op->asks - 1] : 0;
    return &s->asks[0];
}

static __attribute__((noinline)) void compare(struct replay *r, struct replay_state *s,
        const struct replay_op *op, struct ramlens_block b) {
    const struct trace_region *region = op->heap < TRACE_REGIONS_MAX && r->image->regions != NULL
                                                ? &r->image->regions[op->heap]
                                                : NULL;
    uint64_t at = region != NULL ? op->at - region->address : 0;
    s->compared++;
    if (region != NULL && b.heap == op->heap && b.at == at)
        return;
    if (s->mismatches++ == 0) {
        s->mismatch.time = op->time;
        s->mismatch.stack = op->stack;
        s->mismatch.here = b;
        s->mismatch.heap_then = op->heap;
        s->mismatch.at_then = at;
    }
}

/// Whether malloc's rule, with the target's threshold, can have put a block where heap `heap` is. With another threshold it would then have gone
/// where that says; what lies elsewhere was asked for by capabilities.
static bool follows_rule(
        const struct replay *r, const struct replay_state *s, uint32_t size, uint32_t heap) {
    const struct target_malloc *m = &r->target->malloc_rule;
    uint32_t asks = size <= m->up_to ? m->small_asks : m->large_asks;
    return (s->heaps.offers_any[heap] & asks) == asks;
}

/// What a device's block gets that stays where it lay: room in its region. Nowhere when that is full, or the plan has another word.
static __attribute__((noinline)) struct ramlens_block give_there(
        const struct replay *r, struct replay_state *s, const struct replay_op *op) {
    uint32_t size = asked_size(op->size);
    struct ramlens_block b = { .at = 0 };
    if (!s->stays[(size_t)replay_known_stack(r, op->stack) * 2 + op->is_new])
        return b;
    uint32_t region = target_region_at(r->target, op->at, NULL);
    for (uint32_t h = 0; h < s->rules.count && b.at == 0; h++) {
        if (s->rules.places[h].region != region || !s->heaps.live[h] ||
                (s->forced_up_to != UINT32_MAX && follows_rule(r, s, size, h)))
            continue;
        b.heap = h;
        b.at = ramlens_heap_malloc(&s->heaps.heaps[h], size);
    }
    return b;
}

static inline void give(struct replay *r, struct replay_state *s, const struct replay_op *op) {
    uint32_t size = asked_size(op->size);
    uint32_t alignment = op->alignment != 0 ? UINT32_C(1) << op->alignment : 0;
    struct ramlens_block b = { .at = 0 };
    if (__builtin_expect(s->stays != NULL, 0))
        b = give_there(r, s, op);
    const struct ramlens_asks *asks = asks_for(r, s, op);
    if (__builtin_expect(b.at == 0, 1)) {
        b = ramlens_heaps_alloc(&s->heaps, size, alignment, asks);
        check_spill(r, s, op, asks, b, op->size, op->object != 0);
    }
    s->blocks[op->id] = b;
    if (__builtin_expect(b.at == 0, 0)) {
        note_failure(r, s, op, op->size, op->object != 0);
    } else {
        after(r, s, b.heap, op->time);
        note_given(r, s, b, op);
    }
    if (r->exact)
        compare(r, s, op, b);
}

/// The run's own heaps had nothing for it; nor may these.
static void refuse(struct replay *r, struct replay_state *s, const struct replay_op *op) {
    uint32_t size = asked_size(op->size);
    uint32_t alignment = op->alignment != 0 ? UINT32_C(1) << op->alignment : 0;
    const struct ramlens_asks *asks = asks_for(r, s, op);
    struct ramlens_block b = ramlens_heaps_alloc(&s->heaps, size, alignment, asks);
    s->compared++;
    if (b.at != 0) {
        s->mismatches++;
        ramlens_heaps_free(&s->heaps, b);
    }
    b.at = 0;
    check_spill(r, s, op, asks, b, op->size, op->object != 0);
    note_failure(r, s, op, op->size, op->object != 0);
}

static inline void end(
        struct replay *r, struct replay_state *s, struct ramlens_block b, uint64_t time) {
    if (b.at == 0)
        return;
    before(s, b.heap);
    ramlens_heaps_free(&s->heaps, b);
    after(r, s, b.heap, time);
}

static void resize(struct replay *r, struct replay_state *s, const struct replay_op *op) {
    struct ramlens_block old = s->blocks[op->id];
    if (old.at == 0) { // it could not be served then: as if it were new
        give(r, s, op);
        return;
    }
    before(s, old.heap);
    const struct ramlens_asks *asks = asks_for(r, s, op);
    struct ramlens_block b = ramlens_heaps_realloc(&s->heaps, old, asked_size(op->size), asks);
    if (b.heap != old.heap || b.at != old.at) // grown in place it stays where it was served then
        check_spill(r, s, op, asks, b, op->size, false);
    if (b.at == 0) {
        note_failure(r, s, op, op->size, false);
        return;
    }
    s->blocks[op->id] = b;
    after(r, s, b.heap, op->time);
    if (b.heap != old.heap)
        after(r, s, old.heap, op->time);
    if (b.heap != old.heap || b.at != old.at)
        note_given(r, s, b, op);
    if (r->exact)
        compare(r, s, op, b);
}

static void create_kernel(struct replay *r, struct replay_state *s, const struct replay_op *op) {
    const struct replay_object *object = &s->objects[op->object];
    struct replay_kernel *k = &s->kernel[op->id];
    *k = (struct replay_kernel){
        .object = op->object, .stack = op->stack, .count = (uint8_t)object->count
    };
    for (uint32_t i = 0; i < object->count; i++) {
        const struct ramlens_asks *asks = &s->asks[object->blocks[i].asks];
        struct ramlens_block b = ramlens_heaps_alloc(&s->heaps, object->blocks[i].size, 0, asks);
        k->blocks[i] = b;
        check_spill(r, s, op, asks, b, object->blocks[i].size, true);
        if (b.at == 0)
            note_failure(r, s, op, object->blocks[i].size, true);
        else
            after(r, s, b.heap, op->time);
    }
}

/// A lock's blocks go in the reverse of their order, the queue before its handle (components/pthread/pthread.c,
/// pthread_mutex_destroy; pthread_cond_var.c); a thread's in their order.
static void end_kernel(
        struct replay *r, struct replay_state *s, const struct replay_op *op, bool running) {
    struct replay_kernel *k = &s->kernel[op->id];
    for (uint32_t n = 0; n < k->count; n++) {
        uint32_t i = k->object == KERNEL_THREAD ? n : k->count - 1u - n;
        if (running && !s->objects[k->object].blocks[i].running)
            continue;
        end(r, s, k->blocks[i], op->time);
        k->blocks[i].at = 0;
    }
    if (!running)
        k->count = 0;
}

// ---- all

static inline void apply(struct replay *r, struct replay_state *s, const struct replay_op *op) {
    switch (op->what) {
    case REPLAY_GIVE:
        give(r, s, op);
        break;
    case REPLAY_END:
        end(r, s, s->blocks[op->id], op->time);
        s->blocks[op->id].at = 0;
        break;
    case REPLAY_RESIZE:
        resize(r, s, op);
        break;
    case REPLAY_KERNEL:
        create_kernel(r, s, op);
        break;
    case REPLAY_RUN_END:
        end_kernel(r, s, op, true);
        break;
    case REPLAY_KERNEL_END:
        end_kernel(r, s, op, false);
        break;
    case REPLAY_REFUSED:
        refuse(r, s, op);
        break;
    case REPLAY_HEAPS:
        if (r->exact)
            replay_compare_said(r, s, op);
        break;
    default:
        break;
    }
}

void replay_apply(
        struct replay *r, struct replay_state *s, const struct replay_op *ops, uint32_t count) {
    for (uint32_t n = 0; n < count; n++)
        apply(r, s, &ops[n]);
}
