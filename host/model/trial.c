// See trial.h.
#include "trial.h"

/// By stack and kind of call what the labels say by lot.
static const uint8_t *moves_of(struct arena *a, const struct lots *l, const uint8_t *labels) {
    static const uint8_t as[LOT_LABELS] = { REPLAY_AS_PLANNED, REPLAY_MOVES, REPLAY_POLICY };
    if (labels == NULL)
        return NULL;
    uint8_t *moves = NEW_ARRAY(a, uint8_t, l->ask_count);
    for (uint32_t i = 0; i < l->ask_count; i++)
        if (l->by_ask[i] != 0)
            moves[i] = as[labels[l->by_ask[i] - 1]];
    return moves;
}

static void take_result(
        const struct trial_bench *b, const struct replay_state *s, struct trial *t) {
    uint32_t at = b->checkpoint < s->moment_count ? b->checkpoint : s->moment_count - 1;
    const struct replay_moment *m = &s->moments[at];
    t->result = (struct trial_result){ .goal = m->groups[b->group],
        .goal_counted = m->groups[REPLAY_COUNTED],
        .worst = s->worst[REPLAY_COUNTED],
        .failures = s->failure_count };
    uint32_t internal = 0; // regions with a heap that counts as internal
    for (uint32_t h = 0; h < s->rules.count; h++)
        internal |= (s->counted >> h & 1) << s->rules.places[h].region;
    for (uint32_t g = 0; g < b->target->region_count; g++) {
        if (internal >> g & 1)
            continue;
        t->result.events += s->given[g];
        t->result.accesses += s->weighed[g] >> TRIAL_WEIGHT_SHIFT;
    }
}

static bool run_some(struct trial_bench *b, struct trial *trials, uint32_t count, struct err *err) {
    struct arena scratch = { 0 };
    struct replay *r = NEW(&scratch, struct replay);
    replay_init(r, &scratch, b->trace, b->image, b->target, b->owners, b->host_only,
            b->component_count, false);
    r->weights = b->weights;
    bool good = true;
    for (uint32_t i = 0; good && i < count; i++) {
        struct replay_state *s =
                replay_add(r, "trial", trials[i].plan, b->heaps, trials[i].up_to, err);
        good = s != NULL;
        if (!good)
            break;
        s->moves = moves_of(&scratch, b->lots, trials[i].labels);
        s->move_asks = (struct ramlens_asks){ .count = 2,
            .tries = { b->target->requests[b->move].asks } }; // behind it 0, malloc's rule
    }
    if (good)
        replay_run(r, NULL);
    for (uint32_t i = 0; good && i < count; i++)
        take_result(b, r->states.at[i], &trials[i]);
    replay_close(r);
    arena_clear(&scratch);
    b->passes++;
    b->tried += count;
    return good;
}

bool trial_run(struct trial_bench *b, struct trial *trials, uint32_t count, struct err *err) {
    for (uint32_t at = 0; at < count; at += TRIAL_AT_ONCE) {
        uint32_t some = count - at < TRIAL_AT_ONCE ? count - at : TRIAL_AT_ONCE;
        if (!run_some(b, trials + at, some, err))
            return false;
    }
    return true;
}
