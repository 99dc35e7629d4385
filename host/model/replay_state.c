// The heaps of one plan: made, counted, given back. See replay.h.
#include "replay_inside.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

uint8_t replay_intern_asks(struct replay_state *s, const struct ramlens_asks *asks) {
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
        out->blocks[i].asks = replay_intern_asks(s, &asks);
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
    replay_intern_asks(s, &(struct ramlens_asks){ .count = 0 });
    for (enum kernel_object kind = KERNEL_MUTEX; plan != NULL && kind < KERNEL_OBJECT_COUNT; kind++)
        learn_object(s, kind);
    s->decisions = NEW_ARRAY(r->a, uint8_t, ((size_t)r->image->stack_count + 1) * 2);
    if (r->feed.is_of_device)
        s->stays = NEW_ARRAY(r->a, uint8_t, ((size_t)r->image->stack_count + 1) * 2);
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
