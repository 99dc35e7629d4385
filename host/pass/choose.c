// See choose.h.
#include "choose.h"

#include <stdlib.h>
#include <string.h>

/// What one more line of a plan must win, in parts of all there is to win.
static const double a_line = 0.004;

uint64_t choose_cost(const struct choose *c, const struct trial_result *r) {
    return c->by_accesses ? r->accesses : r->events;
}

// ---- the curve

static uint32_t curve_values(const struct target *t, uint32_t *out) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->parameter_count; i++) {
        const struct target_parameter *p = &t->parameters[i];
        if (!p->is_number || !str_equal(p->name, STR("threshold")))
            continue;
        for (uint64_t v = p->least; v <= p->most && count + 2 < CHOOSE_CURVE_MAX;
                v = v == 0 ? 16 : v * 2)
            out[count++] = (uint32_t)v;
    }
    uint32_t chosen = (uint32_t)t->malloc_rule.up_to, at = 0;
    while (at < count && out[at] < chosen)
        at++;
    if (at < count && out[at] == chosen)
        return count;
    memmove(out + at + 1, out + at, (count - at) * sizeof *out);
    out[at] = chosen;
    return count + 1;
}

/// The curve, the plan to begin with, and everything moved.
static bool try_bounds(struct choose *c, struct err *err) {
    struct trial trials[CHOOSE_CURVE_MAX + 2] = { { .plan = c->base, .up_to = UINT32_MAX },
        { .plan = c->base, .up_to = UINT32_MAX } };
    uint32_t values[CHOOSE_CURVE_MAX] = { 0 };
    c->curve_count = curve_values(c->bench->target, values);
    candidates_add(&c->candidates, AIM_ALL, 0, 0);
    trials[1].labels = c->candidates.list.at[0].labels;
    for (uint32_t i = 0; i < c->curve_count; i++)
        trials[i + 2] = (struct trial){ .plan = c->stock, .up_to = values[i] };
    if (!trial_run(c->bench, trials, c->curve_count + 2, err))
        return false;
    c->before = trials[0].result;
    c->all = c->candidates.list.at[0].result = trials[1].result;
    for (uint32_t i = 0; i < c->curve_count; i++)
        c->curve[i] = (struct choose_point){ .up_to = values[i],
            .is_default = values[i] == c->bench->target->malloc_rule.up_to,
            .result = trials[i + 2].result };
    return true;
}

static uint32_t dominated_by(const struct choose *c, const struct trial_result *r) {
    for (uint32_t i = 0; i < c->curve_count; i++)
        if (c->curve[i].result.worst.free_bytes > r->worst.free_bytes &&
                choose_cost(c, &c->curve[i].result) <= choose_cost(c, r))
            return i;
    return CHOOSE_NONE;
}

// ---- which candidate is best

static double part(double value, double low, double high) {
    return high > low ? (value - low) / (high - low) : 0;
}

static double cost_part(const struct choose *c, const struct trial_result *r) {
    return part((double)choose_cost(c, r), (double)choose_cost(c, &c->before),
            (double)choose_cost(c, &c->all));
}

static double worst_part(const struct choose *c, const struct trial_result *r) {
    return part((double)r->worst.free_bytes, (double)c->before.worst.free_bytes,
            (double)c->all.worst.free_bytes);
}

static double goal_part(const struct choose *c, const struct trial_result *r) {
    return part((double)r->goal.free_bytes, (double)c->before.goal.free_bytes,
            (double)c->all.goal.free_bytes);
}

static bool meets(const struct choose *c, const struct trial_result *r) {
    return c->goal != CHOOSE_FREE || r->goal.free_bytes >= c->wanted;
}

/// Higher is better. What is dominated, misses the goal or makes requests fail stands behind all that does not.
static double score(const struct choose *c, const struct candidate *k) {
    const struct trial_result *r = &k->result;
    double lines = a_line * (double)k->rules.len, s = 0;
    if (r->failures > c->before.failures)
        s -= 10000;
    if (dominated_by(c, r) != CHOOSE_NONE)
        s -= 100;
    if (c->goal == CHOOSE_EVERYTHING)
        return s + (k->aim == AIM_ALL ? 50 : 0) + 20 * worst_part(c, r) - cost_part(c, r) - lines;
    if (c->goal == CHOOSE_KNEE)
        return s + worst_part(c, r) - cost_part(c, r) - lines;
    if (!meets(c, r))
        return s - 1000 + 100 * goal_part(c, r) - lines;
    double cost = cost_part(c, r);
    return s - (cost > 0 ? cost : 0) - lines; // what the goal does not need is not looked for
}

static size_t best_of(const struct choose *c) {
    size_t best = 0;
    for (size_t i = 1; i < c->candidates.list.len; i++)
        if (score(c, &c->candidates.list.at[i]) > score(c, &c->candidates.list.at[best]) + 1e-9)
            best = i;
    return best;
}

// ---- trials of candidates

/// Tries the candidates from number `from` on.
static bool try_from(struct choose *c, size_t from, struct err *err) {
    size_t count = c->candidates.list.len - from;
    struct trial *trials = NEW_ARRAY(c->a, struct trial, count + 1);
    for (size_t i = 0; i < count; i++)
        trials[i] = (struct trial){
            .plan = c->base, .up_to = UINT32_MAX, .labels = c->candidates.list.at[from + i].labels
        };
    if (!trial_run(c->bench, trials, (uint32_t)count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        c->candidates.list.at[from + i].result = trials[i].result;
    return true;
}

static bool try_prices(struct choose *c, struct err *err) {
    static const double prices[] = { 0, 0.001, 0.004, 0.016, 0.06, 0.12, 0.25, 0.5, 1, 2, 4, 16 };
    static const double rule_prices[] = { 0.004, 0.0005 };
    size_t from = c->candidates.list.len;
    candidates_add_rules(&c->candidates, NULL, 0);
    for (int aim = 0; aim < AIM_ALL; aim++)
        for (int r = 0; r < 2; r++)
            for (size_t p = 0; p < sizeof prices / sizeof prices[0]; p++)
                if (c->goal == CHOOSE_FREE || aim == AIM_WORST || aim == AIM_ANY)
                    candidates_add(
                            &c->candidates, (enum candidate_aim)aim, prices[p], rule_prices[r]);
    return try_from(c, from, err);
}

/// Prices around those of the best so far.
static bool refine(struct choose *c, struct err *err) {
    static const double near[] = { 0.5, 0.6, 0.7, 0.84, 0.92, 1, 1.1, 1.2, 1.4, 1.7 };
    static const double rule_near[] = { 0.5, 1, 2 };
    struct candidate best = c->candidates.list.at[best_of(c)];
    size_t from = c->candidates.list.len;
    if (best.aim >= AIM_ALL)
        return true;
    for (size_t p = 0; p < sizeof near / sizeof near[0]; p++)
        for (size_t r = 0; r < sizeof rule_near / sizeof rule_near[0]; r++)
            candidates_add(&c->candidates, best.aim, best.price / c->candidates.unit * near[p],
                    best.rule_price / c->candidates.rule_unit * rule_near[r]);
    return try_from(c, from, err);
}

/// Tries the best without each of its lines, as long as that is better.
static bool prune(struct choose *c, struct err *err) {
    enum { ROUNDS = 8 };
    size_t best = best_of(c);
    for (int round = 0; round < ROUNDS; round++) {
        struct candidate now = c->candidates.list.at[best];
        struct lot_rule *without = NEW_ARRAY(c->a, struct lot_rule, now.rules.len + 1);
        size_t from = c->candidates.list.len;
        for (size_t i = 0; i < now.rules.len; i++) {
            memcpy(without, now.rules.at, i * sizeof *without);
            memcpy(without + i, now.rules.at + i + 1, (now.rules.len - i - 1) * sizeof *without);
            candidates_add_rules(&c->candidates, without, now.rules.len - 1);
        }
        if (!try_from(c, from, err))
            return false;
        size_t better = best_of(c);
        if (better == best)
            break;
        best = better;
    }
    return true;
}

// ---- steps

/// Whether rule `a` is the line from which `b` is an exception: it would decide for the lot that `b` is for.
static bool is_exception(
        const struct choose *c, const struct lot_rule *a, const struct lot_rule *b) {
    return a->label == LOT_GOES && b->label == LOT_KEEPS && a->strength < b->strength &&
           lot_rule_matches(c->bench->lots, a, &c->bench->lots->list.at[b->lot]);
}

/// The line that `rule` belongs to, the strongest of several; itself when it is an exception from none.
static size_t line_of(const struct choose *c, const lot_rule_list *rules, size_t rule) {
    size_t line = rule;
    for (size_t i = 0; i < rules->len; i++)
        if (is_exception(c, &rules->at[i], &rules->at[rule]) &&
                (line == rule || rules->at[i].strength > rules->at[line].strength))
            line = i;
    return line;
}

/// Lots that move by the step and by no other.
static void find_lots(struct choose *c, const lot_rule_list *rules, size_t line,
        const uint8_t *labels, struct choose_step *out) {
    const struct lots *l = c->bench->lots;
    out->lots = NEW_ARRAY(c->a, uint32_t, l->list.len + 1);
    for (uint32_t i = 0; i < l->list.len; i++) {
        const struct lot *lot = &l->list.at[i];
        bool mine = labels[i] == LOT_GOES && lot_rule_matches(l, &rules->at[line], lot);
        for (size_t k = 0; mine && k < rules->len; k++)
            mine = rules->at[k].strength <= rules->at[line].strength ||
                   !lot_rule_matches(l, &rules->at[k], lot);
        if (!mine)
            continue;
        out->lots[out->lot_count++] = i;
        bool at_checkpoint = c->goal == CHOOSE_FREE;
        out->gain += candidates_gain(&c->candidates, at_checkpoint ? AIM_CHECKPOINT : AIM_WORST, i);
    }
}

static int by_gain(const void *a, const void *b) {
    const struct choose_step *p = a, *q = b;
    if (p->gain != q->gain)
        return p->gain < q->gain ? 1 : -1;
    return p->rules->lot < q->rules->lot ? -1 : p->rules->lot > q->rules->lot;
}

static void make_steps(struct choose *c, const struct candidate *best) {
    const lot_rule_list *rules = &best->rules;
    c->steps = NEW_ARRAY(c->a, struct choose_step, rules->len + 1);
    for (size_t i = 0; i < rules->len; i++) {
        if (line_of(c, rules, i) != i)
            continue;
        struct choose_step *s = &c->steps[c->step_count++];
        struct lot_rule *own = NEW_ARRAY(c->a, struct lot_rule, rules->len);
        own[s->count++] = rules->at[i];
        for (size_t k = 0; k < rules->len; k++)
            if (k != i && line_of(c, rules, k) == i)
                own[s->count++] = rules->at[k];
        s->rules = own;
        find_lots(c, rules, i, best->labels, s);
    }
    qsort(c->steps, c->step_count, sizeof *c->steps, by_gain);
    c->rules = NEW_ARRAY(c->a, struct lot_rule, rules->len + 1);
    for (uint32_t i = 0; i < c->step_count; i++)
        for (uint32_t k = 0; k < c->steps[i].count; k++)
            c->rules[c->rule_count++] = c->steps[i].rules[k];
}

/// The run after each step, one after the other.
static bool try_steps(struct choose *c, struct err *err) {
    struct trial *trials = NEW_ARRAY(c->a, struct trial, c->step_count + 1);
    uint32_t rules = 0;
    for (uint32_t i = 0; i < c->step_count; i++) {
        uint8_t *labels = NEW_ARRAY(c->a, uint8_t, c->bench->lots->list.len + 1);
        rules += c->steps[i].count;
        lot_rules_apply(c->bench->lots, c->rules, rules, labels);
        trials[i] = (struct trial){ .plan = c->base, .up_to = UINT32_MAX, .labels = labels };
    }
    if (!trial_run(c->bench, trials, c->step_count, err))
        return false;
    for (uint32_t i = 0; i < c->step_count; i++)
        c->steps[i].after = trials[i].result;
    return true;
}

bool choose_run(struct choose *c, struct err *err) {
    candidates_init(&c->candidates, c->a, c->bench->lots, c->bench->checkpoint, c->by_accesses);
    if (!try_bounds(c, err) || !try_prices(c, err) || !refine(c, err) || !prune(c, err))
        return false;
    const struct candidate *best = &c->candidates.list.at[best_of(c)];
    c->labels = best->labels;
    c->result = best->result;
    c->met = meets(c, &best->result);
    c->dominated_by = dominated_by(c, &best->result);
    make_steps(c, best);
    return try_steps(c, err);
}
