// See lots.h. Two passes: the first finds lots, and which moments are the fullest; the second looks at them.
#include "lots.h"

#include "code_names.h"
#include "containers.h"
#include "hash.h"
#include "heap_cost.h"
#include "replay_feed.h"

#include <string.h>

enum { WINDOWS = 256, CHUNK = 4096, LAST_THREAD = 63 };

/// The fullest moment of a stretch of requests.
struct window {
    uint64_t op, total;
};

struct live_block {
    uint32_t lot; ///< + 1.
    uint32_t cost, size;
    uint64_t birth;
};

struct reader {
    struct lots *l;
    const struct trace_image *image;
    struct plan *plan;
    struct policy policy;
    struct heap_cost heap;
    struct map64 index; ///< Hash of what a lot is to its number + 1.
    struct replay_feed feed;
    VEC(struct live_block) blocks; ///< By id.
    VEC(uint32_t) kernel;          ///< By id: bytes.
    uint32_t object_bytes[KERNEL_OBJECT_COUNT], running_bytes[KERNEL_OBJECT_COUNT];
    uint64_t op, total, others, threads;
    struct window windows[WINDOWS];
    uint32_t window_count;
    uint64_t window_ops; ///< Length of a stretch.
    bool first;          ///< Pass.
    uint64_t *cost;      ///< By lot.
    uint64_t *live;      ///< By lot: blocks.
    size_t next;         ///< Moment to look at.
};

uint32_t lots_other_memory(const struct target *t) {
    struct policy policy;
    policy_for(t, &policy);
    if (policy.large.count == 0)
        return TARGET_NONE;
    for (uint32_t i = 0; i < t->request_count; i++) {
        struct policy_place place = policy_place_of(t, t->requests[i].asks);
        if (place.count > 0 && place.regions[0] == policy.large.regions[0] &&
                (policy.small.count == 0 || place.regions[0] != policy.small.regions[0]))
            return i;
    }
    return TARGET_NONE;
}

// ---- lots

static uint8_t why_stays(const struct plan_rule *rule, uint8_t kind) {
    if (kind == PLAN_LIBC)
        return LOT_IS_LIBC;
    if (rule->strength == PLAN_BY_INSISTENCE)
        return LOT_IS_INSISTED;
    if (rule->keeper == PLAN_PINNED || rule->strength > PLAN_BY_DEFAULT)
        return LOT_IS_PINNED;
    return LOT_MAY_MOVE;
}

static void describe(struct reader *r, struct lot *lot, uint32_t stack) {
    struct owners *o = r->l->owners;
    size_t count, owner;
    const struct owner_frame *frames = owners_walk(o, stack, &count, &owner);
    lot->container = container_of(frames, count, owner).type;
    lot->function = owner < count ? frames[owner].frame->function : STR("");
    lot->scope = code_name_class(lot->function);
    const struct plan_rule *rule = plan_rule_for(r->plan, o, stack, (enum plan_kind)lot->kind);
    lot->base_moves = rule->request == lots_other_memory(r->l->target);
    lot->base_holds = rule->request != PLAN_POLICY && !lot->base_moves;
    lot->base_strength = rule->strength;
    lot->stay = why_stays(rule, lot->kind);
}

static uint32_t find_lot(struct reader *r, uint32_t stack, uint8_t is_new) {
    struct owner owner = owners_get(r->l->owners, stack);
    struct lot lot = { .site = owner.site,
        .stack = stack,
        .component = owner.component,
        .kind = is_new ? PLAN_NEW : owner.malloc_kind };
    describe(r, &lot, stack);
    uint64_t h = hash_str(hash_str(HASH_SEED, lot.container), lot.function);
    h = hash_number(hash_number(h, lot.site), lot.kind * 256u + lot.stay * 16u + lot.base_moves);
    uint64_t *number = map64_put(&r->index, r->l->a, h, NULL);
    if (*number == 0) {
        *vec_push(r->l->a, &r->l->list) = lot;
        *number = r->l->list.len;
    }
    return (uint32_t)*number;
}

static uint32_t lot_of(struct reader *r, const struct replay_op *op) {
    struct lots *l = r->l;
    uint32_t stack = op->stack < l->ask_count / 2 - 1 ? op->stack : l->ask_count / 2 - 1;
    uint32_t *number = &l->by_ask[(size_t)stack * 2 + op->is_new];
    if (*number == 0)
        *number = find_lot(r, stack, op->is_new);
    return *number;
}

// ---- requests

static void add_cost(struct reader *r, uint32_t lot, int64_t cost, int blocks) {
    r->total += (uint64_t)cost;
    if (!r->first) {
        r->cost[lot - 1] += (uint64_t)cost;
        r->live[lot - 1] += (uint64_t)(int64_t)blocks;
    }
}

static uint64_t thread_bit(uint32_t thread) {
    return UINT64_C(1) << (thread < LAST_THREAD ? thread : LAST_THREAD);
}

/// The other memory cannot have what asks for capabilities that no heap outside of internal memory offers.
static bool is_capable(struct reader *r, const struct replay_op *op) {
    if (op->asks == 0)
        return false;
    struct policy_place place =
            policy_place_of(r->l->target, r->feed.capabilities.at[op->asks - 1]);
    for (uint32_t i = 0; i < place.count; i++)
        if (r->policy.large.count > 0 && place.regions[i] == r->policy.large.regions[0])
            return false;
    return true;
}

/// Whether the rule of malloc places the block in internal memory; a device's lies where it lies.
static bool is_internal(const struct reader *r, const struct replay_op *op, uint32_t size) {
    uint32_t region =
            r->feed.is_of_device ? target_region_at(r->l->target, op->at, NULL) : TARGET_NONE;
    if (region == TARGET_NONE)
        return size <= r->policy.up_to;
    return r->policy.small.count == 0 || region == r->policy.small.regions[0];
}

static void count_give(struct reader *r, struct lot *lot, const struct replay_op *op) {
    lot->events++;
    lot->small_events += is_internal(r, op, op->size);
    lot->bytes += op->size;
    lot->givers |= thread_bit(op->thread);
    if (lot->stay == LOT_MAY_MOVE && is_capable(r, op))
        lot->stay = LOT_IS_CAPABLE;
}

static void give(struct reader *r, const struct replay_op *op) {
    while (r->blocks.len <= op->id)
        vec_push(r->l->a, &r->blocks);
    struct live_block *b = &r->blocks.at[op->id];
    uint32_t size = op->size == 0 ? 1 : op->size;
    uint32_t lot = lot_of(r, op);
    bool internal = is_internal(r, op, size) || r->l->list.at[lot - 1].base_holds;
    uint64_t cost = internal ? heap_cost_bytes(&r->heap, size) : 0;
    *b = (struct live_block){ .lot = lot, .cost = (uint32_t)cost, .size = size, .birth = op->time };
    if (r->first)
        count_give(r, &r->l->list.at[b->lot - 1], op);
    add_cost(r, b->lot, (int64_t)cost, 1);
}

static void end(struct reader *r, const struct replay_op *op) {
    struct live_block *b = &r->blocks.at[op->id];
    if (b->lot == 0)
        return;
    if (r->first) {
        struct lot *lot = &r->l->list.at[b->lot - 1];
        lot->ended++;
        lot->lifetime +=
                trace_nanoseconds(r->image, op->time) - trace_nanoseconds(r->image, b->birth);
        lot->enders |= thread_bit(op->thread);
    }
    add_cost(r, b->lot, -(int64_t)b->cost, -1);
    b->lot = 0;
}

static void kernel(struct reader *r, const struct replay_op *op) {
    while (r->kernel.len <= op->id)
        *vec_push(r->l->a, &r->kernel) = 0;
    uint32_t *bytes = &r->kernel.at[op->id];
    uint32_t now = op->what == REPLAY_KERNEL ? r->object_bytes[op->object] : 0;
    r->total += (uint64_t)now - *bytes;
    r->others += (uint64_t)now - *bytes;
    *bytes = now;
}

// ---- moments

/// The fullest moments of longer stretches: neighbours are joined.
static void join_windows(struct reader *r) {
    for (uint32_t i = 0; i < WINDOWS / 2; i++) {
        const struct window *a = &r->windows[(size_t)2 * i], *b = a + 1;
        r->windows[i] = a->total >= b->total ? *a : *b;
    }
    r->window_count = WINDOWS / 2;
    r->window_ops *= 2;
}

static void note_total(struct reader *r) {
    uint64_t at = (r->op - 1) / r->window_ops;
    if (at >= WINDOWS) {
        join_windows(r);
        at = (r->op - 1) / r->window_ops;
    }
    while (r->window_count <= at)
        r->windows[r->window_count++] = (struct window){ .op = r->op, .total = r->total };
    struct window *w = &r->windows[at];
    if (r->total > w->total)
        *w = (struct window){ .op = r->op, .total = r->total };
}

static void note_checkpoint(struct reader *r, const struct replay_op *op) {
    *vec_push(r->l->a, &r->l->moments) =
            (struct lot_moment){ .op = r->op, .time = op->time, .checkpoint = op->id };
    r->l->checkpoint_count = op->id + 1;
}

/// Puts the fullest moments among the checkpoints, in order.
static void order_moments(struct reader *r) {
    struct lots *l = r->l;
    VEC(struct lot_moment) all = { 0 };
    size_t c = 0;
    for (uint32_t i = 0; i < r->window_count; i++) {
        while (c < l->moments.len && l->moments.at[c].op <= r->windows[i].op)
            *vec_push(l->a, &all) = l->moments.at[c++];
        if (all.len == 0 || all.at[all.len - 1].op != r->windows[i].op)
            *vec_push(l->a, &all) =
                    (struct lot_moment){ .op = r->windows[i].op, .checkpoint = UINT32_MAX };
    }
    while (c < l->moments.len)
        *vec_push(l->a, &all) = l->moments.at[c++];
    *vec_push(l->a, &all) = (struct lot_moment){ .op = r->op, .checkpoint = l->checkpoint_count };
    l->moments.at = all.at;
    l->moments.len = all.len;
    l->moments.room = all.room;
}

static void name_checkpoints(struct lots *l, const struct replay_feed *feed) {
    l->checkpoint_count = (uint32_t)feed->checkpoints.len;
    l->checkpoints = NEW_ARRAY(l->a, struct str, feed->checkpoints.len + 1);
    l->checkpoints[l->checkpoint_count] = STR("end");
    for (uint32_t i = 0; i < l->checkpoint_count; i++) {
        const struct replay_checkpoint *c = &feed->checkpoints.at[i];
        l->checkpoints[i] =
                c->cycle == 0 ? arena_copy(l->a, c->name)
                              : str_from(arena_printf(l->a, "%.*s %u", STR_ARG(c->name), c->cycle));
    }
}

static void look(struct reader *r, struct lot_moment *m, uint64_t time) {
    size_t count = r->l->list.len;
    m->time = time;
    m->total = r->total;
    m->others = r->others;
    m->cost = NEW_ARRAY(r->l->a, uint32_t, count + 1);
    m->blocks = NEW_ARRAY(r->l->a, uint32_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        m->cost[i] = (uint32_t)r->cost[i];
        m->blocks[i] = (uint32_t)r->live[i];
        if (r->cost[i] > r->l->list.at[i].most_cost)
            r->l->list.at[i].most_cost = r->cost[i];
    }
}

// ---- the passes

static void apply(struct reader *r, const struct replay_op *op) {
    switch (op->what) {
    case REPLAY_GIVE:
        give(r, op);
        break;
    case REPLAY_RESIZE:
        end(r, op);
        give(r, op);
        break;
    case REPLAY_END:
        end(r, op);
        break;
    case REPLAY_KERNEL:
    case REPLAY_KERNEL_END:
        kernel(r, op);
        break;
    case REPLAY_CHECKPOINT:
        if (r->first)
            note_checkpoint(r, op);
        break;
    default:
        break;
    }
}

static void take(struct reader *r, const struct replay_op *op) {
    r->op++;
    apply(r, op);
    if (r->first) {
        note_total(r);
        return;
    }
    struct lots *l = r->l;
    while (r->next < l->moments.len && l->moments.at[r->next].op == r->op)
        look(r, &l->moments.at[r->next++], op->time);
}

static void pass(struct reader *r, struct trace *t, const struct trace_image *image,
        const bool *host_only, bool first) {
    struct replay_feed *feed = &r->feed;
    struct arena scratch = { 0 };
    replay_feed_init(feed, &scratch, t, image, r->l->owners, host_only, false);
    r->first = first;
    r->op = r->total = r->others = 0;
    r->blocks.len = r->kernel.len = 0;
    struct replay_op *ops = NEW_ARRAY(&scratch, struct replay_op, CHUNK);
    uint32_t count;
    while ((count = replay_feed_read(feed, ops, CHUNK)) > 0)
        for (uint32_t i = 0; i < count; i++)
            take(r, &ops[i]);
    if (first)
        name_checkpoints(r->l, feed);
    arena_clear(&scratch);
}

/// Internal bytes of each kernel object, and what threads' stacks take.
static void learn_objects(struct reader *r) {
    const struct target *t = r->l->target;
    for (enum kernel_object kind = KERNEL_MUTEX; kind < KERNEL_OBJECT_COUNT; kind++) {
        const struct target_object *o = target_find_object(t, str_from(kernel_object_names[kind]));
        for (uint32_t i = 0; o != NULL && i < o->block_count; i++)
            if (o->blocks[i].memory != TARGET_STACK ||
                    r->plan->stack.request != lots_other_memory(t))
                r->object_bytes[kind] += (uint32_t)heap_cost_bytes(
                        &r->heap, o->blocks[i].memory == TARGET_STACK ? r->plan->stack_bytes
                                                                      : o->blocks[i].bytes);
    }
}

/// What a device had outside of internal memory has nothing to win there.
static void leave_what_is_there(struct reader *r) {
    for (size_t i = 0; r->feed.is_of_device && i < r->l->list.len; i++) {
        struct lot *lot = &r->l->list.at[i];
        if (lot->stay == LOT_MAY_MOVE && lot->small_events == 0)
            lot->stay = LOT_IS_THERE;
    }
}

void lots_read(struct lots *l, struct arena *a, struct trace *t, const struct trace_image *image,
        const struct target *target, struct owners *owners, const bool *host_only, struct plan *p) {
    *l = (struct lots){ .a = a,
        .owners = owners,
        .target = target,
        .ask_count = (image->stack_count + 1) * 2,
        .by_ask = NEW_ARRAY(a, uint32_t, ((size_t)image->stack_count + 1) * 2) };
    struct reader r = { .l = l, .image = image, .plan = p, .window_ops = 16 };
    policy_for(target, &r.policy);
    const struct target_region *region =
            &target->regions[r.policy.small.count > 0 ? r.policy.small.regions[0] : 0];
    heap_cost_for(&target->allocator, region->heap_bytes, &r.heap);
    learn_objects(&r);
    pass(&r, t, image, host_only, true);
    leave_what_is_there(&r);
    order_moments(&r);
    r.cost = NEW_ARRAY(a, uint64_t, l->list.len + 1);
    r.live = NEW_ARRAY(a, uint64_t, l->list.len + 1);
    pass(&r, t, image, host_only, false);
    for (size_t i = 0; i < l->list.len; i++)
        l->list.at[i].live_blocks = r.live[i];
}

const struct lot_moment *lots_checkpoint(const struct lots *l, uint32_t index) {
    const struct lot_moment *last = &l->moments.at[l->moments.len - 1];
    for (size_t i = 0; i < l->moments.len; i++)
        if (l->moments.at[i].checkpoint == index)
            return &l->moments.at[i];
    return last;
}

uint32_t lots_find_checkpoint(const struct lots *l, struct str words) {
    for (uint32_t i = 0; i <= l->checkpoint_count; i++)
        if (str_equal(l->checkpoints[i], words))
            return i;
    for (uint32_t i = 0; i < l->checkpoint_count; i++) {
        struct str name = l->checkpoints[i];
        if (str_starts_with(name, words) && name.len > words.len && name.at[words.len] == ' ' &&
                memchr(name.at + words.len + 1, ' ', name.len - words.len - 1) == NULL)
            return i;
    }
    return TARGET_NONE;
}

const struct lot_moment *lots_fullest(const struct lots *l) {
    const struct lot_moment *fullest = &l->moments.at[0];
    for (size_t i = 1; i < l->moments.len; i++)
        if (l->moments.at[i].total > fullest->total)
            fullest = &l->moments.at[i];
    return fullest;
}
