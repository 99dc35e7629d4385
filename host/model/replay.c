// See replay.h.
#include "replay.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK = 1 << 13 }; // two of them fit a second-level cache

void replay_init(struct replay *r, struct arena *a, struct trace *t,
        const struct trace_image *image, const struct target *target, struct owners *owners,
        const bool *host_only, uint32_t component_count, bool exact) {
    *r = (struct replay){ .a = a,
        .target = target,
        .owners = owners,
        .image = image,
        .component_count = component_count,
        .exact = exact };
    replay_feed_init(&r->feed, a, t, image, owners, host_only, exact);
}

struct str replay_group_name(const struct replay *r, uint32_t group) {
    return group == REPLAY_COUNTED ? STR("counted") : r->target->regions[group].name;
}

// ---- states

/// Index of `asks` among the state's ways to ask.
static uint8_t intern_asks(struct replay_state *s, const struct ramlens_asks *asks) {
    for (uint32_t i = 0; i < s->asks_count; i++)
        if (s->asks[i].count == asks->count &&
                memcmp(s->asks[i].tries, asks->tries, asks->count * sizeof asks->tries[0]) == 0)
            return (uint8_t)i;
    if (s->asks_count == REPLAY_ASKS_MAX)
        return 0; // a plan has a handful; the rule of malloc is index 0
    s->asks[s->asks_count] = *asks;
    return (uint8_t)s->asks_count++;
}

static void learn_object(struct replay_state *s, enum kernel_object kind) {
    const struct plan *p = s->plan;
    const struct target_object *object =
            target_find_object(p->target, str_from(kernel_object_names[kind]));
    struct replay_object *out = &s->objects[kind];
    for (uint32_t i = 0; object != NULL && i < object->block_count && i < REPLAY_KERNEL_BLOCKS;
            i++) {
        const struct target_block *b = &object->blocks[i];
        struct ramlens_asks asks;
        const struct plan_rule *rule = b->memory == TARGET_STACK ? &p->stack
                                       : b->memory == TARGET_SYSTEM
                                               ? &p->kernel
                                               : plan_component_rule(p, TARGET_NONE, PLAN_LIBC);
        plan_asks(p, rule, &asks);
        out->blocks[i].size = (uint32_t)(b->memory == TARGET_STACK ? p->stack_bytes : b->bytes);
        out->blocks[i].asks = intern_asks(s, &asks);
        out->blocks[i].running = b->running;
        out->blocks[i].is_stack = b->memory == TARGET_STACK;
        out->count++;
    }
}

/// In a run that is replayed as it was, alignments count from where its heaps lay, not from where they lie on the target.
static void align_heaps(const struct replay *r, struct replay_state *s) {
    for (uint32_t i = 0; r->exact && r->image->regions != NULL && i < s->rules.count; i++)
        s->heaps.heaps[i].address = (uint32_t)r->image->regions[i].address;
}

static bool map_heaps(
        const struct replay *r, struct replay_state *s, const char *file, struct err *err) {
    void *memory[RAMLENS_HEAPS_MAX] = { NULL };
    for (uint32_t i = 0; i < s->rules.count; i++) {
        if (s->rules.places[i].carved)
            continue;
        memory[i] = mmap(NULL, s->rules.places[i].bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory[i] == MAP_FAILED)
            return fail(err, NULL, ERR_NO_OFFSET, "no memory for a model of %" PRIu32 " bytes",
                    s->rules.places[i].bytes);
    }
    uint32_t bad;
    if (ramlens_heaps_init(&s->heaps, &s->rules, memory, false, &bad)) {
        align_heaps(r, s);
        return true;
    }
    return fail(err, file, ERR_NO_OFFSET,
            "heap '%s' of %" PRIu32 " B cannot be made%s; less must lie there beforehand",
            s->rules.places[bad].name, s->rules.places[bad].bytes,
            s->rules.places[bad].carved ? ": no heap has room for it" : "");
}

static void start_group(struct replay_state *s, uint32_t group) {
    s->worst[group] = (struct replay_worst){ .free_bytes = s->group_free[group] };
    s->at_worst |= 1u << group;
}

static void start_counts(struct replay *r, struct replay_state *s) {
    uint32_t asks = s->rules.record_asks, elsewhere = 0;
    for (uint32_t i = 0; i < s->rules.count; i++) {
        uint32_t bytes = s->heaps.heaps[i].free_bytes;
        s->last_free[i] = bytes;
        s->group_free[s->rules.places[i].region] += bytes;
        if ((s->heaps.offers_any[i] & asks) == asks) {
            s->counted |= 1u << i;
            s->group_free[REPLAY_COUNTED] += bytes;
        } else {
            elsewhere |= s->heaps.offers_any[i];
        }
    }
    s->internal_bits = asks & ~elsewhere;
    for (uint32_t g = 0; g < r->target->region_count; g++)
        start_group(s, g);
    start_group(s, REPLAY_COUNTED);
}

struct replay_state *replay_add(struct replay *r, const char *name, struct plan *plan,
        const struct heaps_options *options, uint32_t up_to, struct err *err) {
    struct replay_state *s = NEW(r->a, struct replay_state);
    s->name = name;
    s->plan = plan;
    s->forced_up_to = up_to;
    if (!heaps_rules_of(r->target, options, &s->rules, err))
        return NULL;
    if (up_to != UINT32_MAX)
        s->rules.malloc_up_to = up_to;
    intern_asks(s, &(struct ramlens_asks){ .count = 0 });
    for (enum kernel_object kind = KERNEL_MUTEX; plan != NULL && kind < KERNEL_OBJECT_COUNT; kind++)
        learn_object(s, kind);
    s->decisions = NEW_ARRAY(r->a, uint8_t, ((size_t)r->image->stack_count + 1) * 2);
    s->spill_of = NEW_ARRAY(r->a, uint32_t, ((size_t)r->image->stack_count + 1) * 2);
    if (!map_heaps(r, s, r->target->path, err))
        return NULL;
    start_counts(r, s);
    *vec_push(r->a, &r->states) = s;
    return s;
}

void replay_close(struct replay *r) {
    for (size_t i = 0; i < r->states.len; i++) {
        struct replay_state *s = r->states.at[i];
        for (uint32_t h = 0; h < s->rules.count; h++)
            if (!s->rules.places[h].carved && s->heaps.heaps[h].memory != NULL)
                munmap(s->heaps.heaps[h].memory, s->rules.places[h].bytes);
    }
    for (size_t i = 0; i < r->states.len; i++)
        arena_clear(&r->states.at[i]->own);
    r->states.len = 0;
}

// ---- decisions: before a request reaches the states

static void decide(struct replay *r, uint32_t stack, uint32_t is_new) {
    enum ledger_kind kind =
            is_new ? LEDGER_NEW : (enum ledger_kind)owners_get(r->owners, stack).malloc_kind;
    for (size_t i = 0; i < r->states.len; i++) {
        struct replay_state *s = r->states.at[i];
        struct ramlens_asks asks = { .count = 0 };
        uint8_t move = s->moves != NULL ? s->moves[(size_t)stack * 2 + is_new] : REPLAY_AS_PLANNED;
        if (move == REPLAY_AS_PLANNED)
            plan_asks(
                    s->plan, plan_rule_for(s->plan, r->owners, stack, (enum plan_kind)kind), &asks);
        else if (move == REPLAY_MOVES)
            asks = s->move_asks;
        s->decisions[(size_t)stack * 2 + is_new] = (uint8_t)(intern_asks(s, &asks) + 1);
    }
}

static uint32_t known_stack(const struct replay *r, uint32_t stack) {
    return stack < r->image->stack_count ? stack : r->image->stack_count;
}

static void decide_all(struct replay *r, struct replay_op *ops, uint32_t count) {
    if (r->exact || r->states.len == 0)
        return;
    const struct replay_state *first = r->states.at[0];
    for (uint32_t i = 0; i < count; i++) {
        struct replay_op *op = &ops[i];
        if (op->what != REPLAY_GIVE && op->what != REPLAY_RESIZE)
            continue;
        op->stack = known_stack(r, op->stack);
        if (__builtin_expect(first->decisions[(size_t)op->stack * 2 + op->is_new] == 0, 0))
            decide(r, op->stack, op->is_new);
    }
}

// ---- one request

/// The lowest moment of some groups ends: what was the largest request then is still so.
static __attribute__((noinline)) void leave_worst(struct replay_state *s, uint32_t groups) {
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

static uint32_t groups_of(const struct replay_state *s, uint32_t heap) {
    return 1u << s->rules.places[heap].region | (s->counted >> heap & 1) << REPLAY_COUNTED;
}

/// Before a change of a heap that may add to its free bytes.
static inline void before(struct replay_state *s, uint32_t heap) {
    uint32_t groups = s->at_worst & groups_of(s, heap);
    if (__builtin_expect(groups != 0, 0))
        leave_worst(s, groups);
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
    uint32_t stack = known_stack(r, op->stack);
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
                (uint64_t)r->weights[(size_t)known_stack(r, op->stack) * 2 + op->is_new] * op->size;
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

static inline void give(struct replay *r, struct replay_state *s, const struct replay_op *op) {
    uint32_t size = asked_size(op->size);
    uint32_t alignment = op->alignment != 0 ? UINT32_C(1) << op->alignment : 0;
    const struct ramlens_asks *asks = asks_for(r, s, op);
    struct ramlens_block b = ramlens_heaps_alloc(&s->heaps, size, alignment, asks);
    s->blocks[op->id] = b;
    check_spill(r, s, op, asks, b, op->size, op->object != 0);
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

// ---- moments

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
            if ((groups_of(s, h) >> g & 1) && m->heaps[h].largest > m->groups[g].largest)
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

static void take_moments(struct replay *r, uint32_t checkpoint) {
    for (size_t i = 0; i < r->states.len; i++)
        take_moment(r, r->states.at[i]);
    r->passed++;
    if (r->at_checkpoint != NULL)
        r->at_checkpoint(r->self, r, checkpoint);
}

/// A placed run's own figures against the model's.
static void compare_said(struct replay *r, struct replay_state *s, const struct replay_op *op) {
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

// ---- the pass

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
            compare_said(r, s, op);
        break;
    default:
        break;
    }
}

static void note_block(struct replay *r, const struct replay_op *op) {
    struct replay_block *b = &r->blocks[op->id];
    if (op->what == REPLAY_END) {
        b->live = false;
        return;
    }
    bool is_kernel = op->what == REPLAY_GIVE && op->object != 0;
    *b = (struct replay_block){ op->size, op->stack, op->is_new, true, is_kernel };
}

/// All of `ops` through one state.
static void apply_all(
        struct replay *r, struct replay_state *s, const struct replay_op *ops, uint32_t count) {
    for (uint32_t n = 0; n < count; n++)
        apply(r, s, &ops[n]);
}

static void *grown(struct arena *a, const void *old, size_t count, size_t room, size_t size) {
    void *bigger = arena_take(a, room, size, _Alignof(max_align_t));
    if (count > 0)
        memcpy(bigger, old, count * size);
    return bigger;
}

/// Room for the numbers that the feed has given out.
static void make_room(struct replay *r) {
    uint32_t blocks = r->block_room, kernel = r->kernel_room;
    while (r->block_room < r->feed.block_count)
        r->block_room = r->block_room == 0 ? 4096 : r->block_room * 2;
    while (r->kernel_room < r->feed.kernel_count)
        r->kernel_room = r->kernel_room == 0 ? 256 : r->kernel_room * 2;
    if (r->block_room > blocks)
        r->blocks = grown(r->a, r->blocks, blocks, r->block_room, sizeof *r->blocks);
    for (size_t i = 0; i < r->states.len; i++) {
        struct replay_state *s = r->states.at[i];
        if (r->block_room > blocks)
            s->blocks = grown(r->a, s->blocks, blocks, r->block_room, sizeof *s->blocks);
        if (r->kernel_room > kernel)
            s->kernel = grown(r->a, s->kernel, kernel, r->kernel_room, sizeof *s->kernel);
    }
}

// ---- two threads: one reads ahead while the other applies

/// Requests read and not applied yet.
struct chunk {
    struct replay_op *ops;
    uint32_t count;
};

/// What the helper is to do. A chunk takes a fraction of a millisecond, so who waits looks again for about as long before it sleeps: waking
/// takes longer than the wait.
enum pipeline_work { PIPELINE_NOTHING, PIPELINE_CHUNK, PIPELINE_END };

struct pipeline {
    struct replay *r;
    const struct chunk *chunk; ///< Being applied.
    uint32_t next;             ///< State to be taken by whoever is free.
    int work;                  ///< enum pipeline_work; changed under the mutex, looked at without.
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

/// Applies the chunk to states until none is left.
static void apply_states(struct pipeline *p) {
    struct replay *r = p->r;
    uint32_t i;
    while ((i = __atomic_fetch_add(&p->next, 1, __ATOMIC_RELAXED)) < r->states.len)
        apply_all(r, r->states.at[i], p->chunk->ops, p->chunk->count);
}

static void set_work(struct pipeline *p, int work) {
    pthread_mutex_lock(&p->mutex);
    __atomic_store_n(&p->work, work, __ATOMIC_RELEASE);
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

/// Waits while the work is `old`; gives what it is then.
static int await_other(struct pipeline *p, int old) {
    enum { LOOKS = 1 << 14 };
    for (int i = 0; i < LOOKS; i++) {
        int work = __atomic_load_n(&p->work, __ATOMIC_ACQUIRE);
        if (work != old)
            return work;
        if (i % 64 == 63)
            sched_yield();
    }
    pthread_mutex_lock(&p->mutex);
    while (p->work == old)
        pthread_cond_wait(&p->changed, &p->mutex);
    int work = p->work;
    pthread_mutex_unlock(&p->mutex);
    return work;
}

static void *help(void *pipeline) {
    struct pipeline *p = pipeline;
    while (await_other(p, PIPELINE_NOTHING) == PIPELINE_CHUNK) {
        apply_states(p);
        set_work(p, PIPELINE_NOTHING);
    }
    return NULL;
}

static void read_chunk(struct replay *r, struct chunk *c) {
    c->count = replay_feed_read(&r->feed, c->ops, CHUNK);
    decide_all(r, c->ops, c->count);
}

/// What all states share, after a chunk was applied to each; a chunk ends behind a checkpoint.
static void finish_chunk(struct replay *r, const struct chunk *c) {
    for (uint32_t n = 0; n < c->count; n++)
        if (c->ops[n].what <= REPLAY_RESIZE)
            note_block(r, &c->ops[n]);
    const struct replay_op *last = &c->ops[c->count - 1];
    r->time = last->time;
    if (last->what == REPLAY_CHECKPOINT)
        take_moments(r, last->id);
}

/// Applies `now` while the next chunk is read into `ahead`.
static void run_chunk(
        struct pipeline *p, bool helped, const struct chunk *now, struct chunk *ahead) {
    make_room(p->r);
    p->chunk = now;
    p->next = 0;
    if (helped)
        set_work(p, PIPELINE_CHUNK);
    read_chunk(p->r, ahead);
    apply_states(p);
    if (helped)
        await_other(p, PIPELINE_CHUNK);
    finish_chunk(p->r, now);
}

void replay_run(struct replay *r, struct progress *progress) {
    struct chunk chunks[2];
    for (int i = 0; i < 2; i++)
        chunks[i].ops = NEW_ARRAY(r->a, struct replay_op, CHUNK);
    struct pipeline p = { .r = r };
    pthread_t helper;
    pthread_mutex_init(&p.mutex, NULL);
    pthread_cond_init(&p.changed, NULL);
    // In exact mode the requests point into lists that the feed adds to: one after the other.
    bool helped = !r->exact && pthread_create(&helper, NULL, help, &p) == 0;
    read_chunk(r, &chunks[0]);
    for (int i = 0; chunks[i].count > 0; i = 1 - i) {
        run_chunk(&p, helped, &chunks[i], &chunks[1 - i]);
        if (progress != NULL)
            progress_update(progress, trace_position(r->feed.cursor));
    }
    if (helped) {
        set_work(&p, PIPELINE_END);
        pthread_join(helper, NULL);
    }
    take_moments(r, (uint32_t)r->feed.checkpoints.len);
    for (size_t i = 0; i < r->states.len; i++)
        leave_worst(r->states.at[i], r->states.at[i]->at_worst);
}
