// See candidates.h.
#include "candidates.h"

#include <string.h>

enum { ROUNDS = 6 };

/// Share of requests that would have been internal: only these cost anything to move.
static double cost_of(const struct lot *lot, bool by_accesses, double accesses_a_byte) {
    if (!by_accesses)
        return (double)lot->small_events;
    double accesses =
            lot->has_accesses ? (double)lot->accesses : (double)lot->bytes * accesses_a_byte;
    return lot->events == 0 ? 0 : accesses * (double)lot->small_events / (double)lot->events;
}

/// What an unknown lot is taken for: the accesses to a byte of those that are known.
static double mean_accesses(const struct lots *l) {
    double accesses = 0, bytes = 0;
    for (size_t i = 0; i < l->list.len; i++) {
        if (!l->list.at[i].has_accesses)
            continue;
        accesses += (double)l->list.at[i].accesses;
        bytes += (double)l->list.at[i].bytes;
    }
    return bytes > 0 ? accesses / bytes : 0;
}

void candidates_init(struct candidates *c, struct arena *a, const struct lots *l,
        uint32_t checkpoint, bool by_accesses) {
    *c = (struct candidates){
        .a = a, .lots = l, .checkpoint = checkpoint, .cost = NEW_ARRAY(a, double, l->list.len + 1)
    };
    lot_tree_build(a, l, &c->tree);
    double mean = mean_accesses(l), gain = 0, cost = 0;
    for (uint32_t i = 0; i < l->list.len; i++) {
        c->cost[i] = cost_of(&l->list.at[i], by_accesses, mean);
        if (l->list.at[i].stay != LOT_MAY_MOVE)
            continue;
        gain += candidates_gain(c, AIM_ANY, i);
        cost += c->cost[i];
    }
    c->unit = cost > 0 ? gain / cost : 1;
    c->rule_unit = gain;
}

// ---- moments that count

struct weights {
    struct {
        const struct lot_moment *moment;
        double weight;
    } of[ROUNDS + 2];
    uint32_t count;
};

static void count_in(struct weights *w, const struct lot_moment *m, double weight) {
    for (uint32_t i = 0; i < w->count; i++)
        w->of[i].weight *= 1 - weight;
    w->of[w->count].moment = m;
    w->of[w->count++].weight = weight;
}

static double weigh(const struct weights *w, uint32_t lot) {
    double gain = 0;
    for (uint32_t i = 0; i < w->count; i++)
        gain += w->of[i].weight * w->of[i].moment->cost[lot];
    return gain;
}

static bool moves(const struct lot *lot, uint8_t label) {
    return label == LOT_GOES || (label == LOT_AS_BEFORE && lot->base_moves);
}

/// The moment that is the fullest under `labels`, and its internal bytes.
static const struct lot_moment *fullest(
        const struct lots *l, const uint8_t *labels, uint64_t *bytes) {
    const struct lot_moment *worst = NULL;
    for (size_t m = 0; m < l->moments.len; m++) {
        const struct lot_moment *moment = &l->moments.at[m];
        uint64_t left = moment->total;
        for (size_t i = 0; i < l->list.len; i++)
            if (moves(&l->list.at[i], labels[i]))
                left -= moment->cost[i];
        if (worst == NULL || left > *bytes) {
            worst = moment;
            *bytes = left;
        }
    }
    return worst;
}

// ---- candidates

static bool is_other(const struct candidates *c, const struct candidate *made) {
    for (size_t i = 0; i < c->list.len; i++)
        if (memcmp(c->list.at[i].labels, made->labels, c->lots->list.len) == 0 &&
                c->list.at[i].rules.len <= made->rules.len)
            return false;
    return true;
}

static bool keep(struct candidates *c, const struct candidate *made) {
    if (!is_other(c, made))
        return false;
    *vec_push(c->a, &c->list) = *made;
    return true;
}

static uint8_t *labels_of(struct candidates *c, const struct lot_rule *rules, size_t count) {
    uint8_t *labels = NEW_ARRAY(c->a, uint8_t, c->lots->list.len + 1);
    lot_rules_apply(c->lots, rules, count, labels);
    return labels;
}

static void solve(struct candidates *c, const double *values, struct candidate *out) {
    out->rules.at = NULL;
    out->rules.len = out->rules.room = 0;
    lot_tree_best(&c->tree, c->a, values, out->rule_price, &out->rules);
    out->labels = labels_of(c, out->rules.at, out->rules.len);
}

/// What the candidate is worth at its prices, by sums.
static double worth(const struct candidates *c, const struct candidate *made, uint64_t left) {
    double cost = 0;
    for (size_t i = 0; i < c->lots->list.len; i++)
        if (moves(&c->lots->list.at[i], made->labels[i]))
            cost += c->cost[i];
    return -(double)left - made->price * cost - made->rule_price * (double)made->rules.len;
}

/// Plays the worst moment out: the best answer of some rounds.
static void play(struct candidates *c, struct candidate *out) {
    struct weights w = { .count = 0 };
    double *values = NEW_ARRAY(c->a, double, c->lots->list.len + 1);
    double best = 0;
    count_in(&w, lots_fullest(c->lots), 1);
    if (out->aim == AIM_BOTH)
        count_in(&w, lots_checkpoint(c->lots, c->checkpoint), 0.5);
    for (int round = 0; round < ROUNDS; round++) {
        struct candidate made = *out;
        uint64_t left = 0;
        for (uint32_t i = 0; i < c->lots->list.len; i++)
            values[i] = weigh(&w, i) - made.price * c->cost[i];
        solve(c, values, &made);
        const struct lot_moment *worst = fullest(c->lots, made.labels, &left);
        double now = worth(c, &made, left);
        if (round == 0 || now > best) {
            best = now;
            *out = made;
        }
        if (round + 1 < ROUNDS)
            count_in(&w, worst, 1.0 / (round + 2));
    }
}

double candidates_gain(const struct candidates *c, enum candidate_aim aim, uint32_t lot) {
    switch (aim) {
    case AIM_CHECKPOINT:
        return lots_checkpoint(c->lots, c->checkpoint)->cost[lot];
    case AIM_ANY:
        return (double)c->lots->list.at[lot].most_cost;
    case AIM_ALL:
        return 1 + (double)c->lots->list.at[lot].bytes;
    default:
        return lots_fullest(c->lots)->cost[lot];
    }
}

bool candidates_add(struct candidates *c, enum candidate_aim aim, double price, double rule_price) {
    struct candidate made = {
        .aim = aim, .price = price * c->unit, .rule_price = rule_price * c->rule_unit
    };
    if (aim == AIM_WORST || aim == AIM_BOTH) {
        play(c, &made);
        return keep(c, &made);
    }
    if (aim == AIM_ALL) {
        made.price = 0;
        made.rule_price = 0.5;
    }
    double *values = NEW_ARRAY(c->a, double, c->lots->list.len + 1);
    for (uint32_t i = 0; i < c->lots->list.len; i++)
        values[i] = candidates_gain(c, aim, i) - made.price * c->cost[i];
    solve(c, values, &made);
    return keep(c, &made);
}

bool candidates_add_rules(struct candidates *c, const struct lot_rule *rules, size_t count) {
    struct candidate made = { .aim = AIM_WORST };
    for (size_t i = 0; i < count; i++)
        *vec_push(c->a, &made.rules) = rules[i];
    made.labels = labels_of(c, rules, count);
    return keep(c, &made);
}
