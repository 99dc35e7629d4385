// See replay.h.
#include "replay_inside.h"

#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>

enum { CHUNK = 1 << 14 }; // two of them fit a second-level cache

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

// ---- decisions: before a request reaches the states

static void decide(struct replay *r, uint32_t stack, uint32_t is_new) {
    enum ledger_kind kind =
            is_new ? LEDGER_NEW : (enum ledger_kind)owners_get(r->owners, stack).malloc_kind;
    for (size_t i = 0; i < r->states.len; i++) {
        struct replay_state *s = r->states.at[i];
        struct ramlens_asks asks = { .count = 0 };
        uint8_t move = s->moves != NULL ? s->moves[(size_t)stack * 2 + is_new] : REPLAY_AS_PLANNED;
        const struct plan_rule *rule =
                move != REPLAY_AS_PLANNED
                        ? NULL
                        : plan_rule_for(s->plan, r->owners, stack, (enum plan_kind)kind);
        if (rule != NULL)
            plan_asks(s->plan, rule, &asks);
        else if (move == REPLAY_MOVES)
            asks = s->move_asks;
        if (s->stays != NULL)
            s->stays[(size_t)stack * 2 + is_new] = rule != NULL && rule->line == 0;
        s->decisions[(size_t)stack * 2 + is_new] = (uint8_t)(replay_intern_asks(s, &asks) + 1);
    }
}

static void decide_all(struct replay *r, struct replay_op *ops, uint32_t count) {
    if (r->exact || r->states.len == 0)
        return;
    const struct replay_state *first = r->states.at[0];
    for (uint32_t i = 0; i < count; i++) {
        struct replay_op *op = &ops[i];
        if (op->what != REPLAY_GIVE && op->what != REPLAY_RESIZE)
            continue;
        op->stack = replay_known_stack(r, op->stack);
        if (__builtin_expect(first->decisions[(size_t)op->stack * 2 + op->is_new] == 0, 0))
            decide(r, op->stack, op->is_new);
    }
}

// ---- what all states share

static void note_block(struct replay *r, const struct replay_op *op) {
    struct replay_block *b = &r->blocks[op->id];
    if (op->what == REPLAY_END) {
        b->live = false;
        return;
    }
    bool is_kernel = op->what == REPLAY_GIVE && op->object != 0;
    *b = (struct replay_block){ op->size, op->stack, op->is_new, true, is_kernel };
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

/// What all states share of the blocks: whoever takes the first state does it.
static void note_blocks(struct replay *r, const struct chunk *c) {
    for (uint32_t n = 0; n < c->count; n++)
        if (c->ops[n].what <= REPLAY_RESIZE)
            note_block(r, &c->ops[n]);
}

/// Applies the chunk to states until none is left.
static void apply_states(struct pipeline *p) {
    struct replay *r = p->r;
    uint32_t i;
    while ((i = __atomic_fetch_add(&p->next, 1, __ATOMIC_RELAXED)) < r->states.len) {
        if (i == 0)
            note_blocks(r, p->chunk);
        replay_apply(r, r->states.at[i], p->chunk->ops, p->chunk->count);
    }
}

static void set_work(struct pipeline *p, int work) {
    pthread_mutex_lock(&p->mutex);
    __atomic_store_n(&p->work, work, __ATOMIC_RELEASE);
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

/// Between two looks: leaves the processor to whoever shares its core.
static void rest(void) {
#if defined(__x86_64__) || defined(__i386__)
    for (int i = 0; i < 32; i++)
        __builtin_ia32_pause();
#else
    sched_yield();
#endif
}

/// Waits while the work is `old`; gives what it is then.
static int await_other(struct pipeline *p, int old) {
    enum { LOOKS = 1 << 9 };
    for (int i = 0; i < LOOKS; i++) {
        int work = __atomic_load_n(&p->work, __ATOMIC_ACQUIRE);
        if (work != old)
            return work;
        rest();
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
    const struct replay_op *last = &c->ops[c->count - 1];
    r->time = last->time;
    if (last->what == REPLAY_CHECKPOINT)
        replay_take_moments(r, last->id);
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
    replay_take_moments(r, (uint32_t)r->feed.checkpoints.len);
    for (size_t i = 0; i < r->states.len; i++)
        replay_leave_worst(r->states.at[i], r->states.at[i]->at_worst);
}
