// The plan as a file. See plan_parts.h.
#include "plan_parts.h"

#include "human.h"
#include "plan_places.h"
#include "site_text.h"

#include <inttypes.h>
#include <stdlib.h>

// ---- names

/// `name` as a glob that matches nothing else.
static struct str as_glob(struct arena *a, struct str name) {
    struct text t = { .arena = a };
    for (size_t i = 0; i < name.len; i++) {
        if (strchr("*?[\\", name.at[i]) != NULL)
            text_add_char(&t, '\\');
        text_add_char(&t, name.at[i]);
    }
    return text_str(&t);
}

static struct str memory_of(const struct plan_work *w, const struct lot_rule *rule) {
    return rule->label == LOT_GOES ? w->setup.answer.target.requests[w->bench.move].name
                                   : STR("policy");
}

static struct plan_draft_rule draft_rule(const struct plan_work *w, const struct lot_rule *rule) {
    struct arena *a = w->ctx->arena;
    const struct lot *like = &w->lots.list.at[rule->lot];
    const struct owners *o = &w->setup.answer.owners;
    struct plan_draft_rule d = { .strength = (enum plan_strength)rule->strength,
        .kind = (enum plan_kind)rule->kind,
        .memory = memory_of(w, rule),
        .owner = STR("") };
    d.reason = d.evidence = STR("");
    switch (rule->strength) {
    case PLAN_BY_COMPONENT:
        d.name = w->setup.answer.map.names[rule->component];
        break;
    case PLAN_BY_CONTAINER:
        d.name = as_glob(a, like->container);
        d.owner = as_glob(a, like->scope);
        break;
    case PLAN_BY_CLASS:
        d.name = as_glob(a, like->scope);
        break;
    case PLAN_BY_FUNCTION:
        d.name = as_glob(a, like->function);
        break;
    default:
        d.name = o->sites[like->site].id;
        break;
    }
    return d;
}

const char *plan_rule_words(const struct plan_work *w, const struct lot_rule *rule) {
    struct plan_draft_rule d = draft_rule(w, rule);
    struct arena *a = w->ctx->arena;
    const char *key = plan_strength_words[rule->strength];
    const struct site *site = &w->setup.answer.owners.sites[w->lots.list.at[rule->lot].site];
    if (rule->strength == PLAN_BY_COMPONENT)
        return arena_printf(a, "component %.*s: %s %.*s", STR_ARG(d.name), plan_kind_names[d.kind],
                STR_ARG(d.memory));
    if (rule->strength == PLAN_BY_CONTAINER)
        return arena_printf(a, "container %.*s in %.*s %.*s", STR_ARG(d.name), STR_ARG(d.owner),
                STR_ARG(d.memory));
    if (rule->strength != PLAN_BY_SITE)
        return arena_printf(a, "%s %.*s %.*s", key, STR_ARG(d.name), STR_ARG(d.memory));
    struct str function = site_function(site), place = site_place(a, site);
    return arena_printf(a, "site %.*s %.*s (%.*s, %.*s)", STR_ARG(d.name), STR_ARG(d.memory),
            STR_ARG(function), STR_ARG(place));
}

// ---- evidence

/// "1 block", "2 blocks".
static const char *count_of(struct arena *a, uint64_t n, const char *what) {
    return arena_printf(a, "%s %s%s", human_exact(n).text, what, n == 1 ? "" : "s");
}

struct sums {
    uint64_t blocks, events, bytes, cost_goal, cost_worst, ended, lifetime, givers, enders;
    uint64_t accesses, accessed_bytes;
};

static struct sums sum_step(const struct plan_work *w, const struct choose_step *s) {
    struct sums t = { .blocks = 0 };
    const struct lot_moment *goal = lots_checkpoint(&w->lots, w->bench.checkpoint),
                            *worst = lots_fullest(&w->lots);
    for (uint32_t i = 0; i < s->lot_count; i++) {
        const struct lot *lot = &w->lots.list.at[s->lots[i]];
        t.blocks += worst->blocks[s->lots[i]];
        t.cost_goal += goal->cost[s->lots[i]];
        t.cost_worst += worst->cost[s->lots[i]];
        t.events += lot->events;
        t.bytes += lot->bytes;
        t.ended += lot->ended;
        t.lifetime += lot->lifetime;
        t.givers |= lot->givers;
        t.enders |= lot->enders;
        t.accesses += lot->has_accesses ? lot->accesses : 0;
        t.accessed_bytes += lot->has_accesses ? lot->bytes : 0;
    }
    return t;
}

static void add_threads(const struct plan_work *w, struct text *out, uint64_t threads) {
    const struct trace_image *image = w->setup.answer.image;
    int shown = 0, count = __builtin_popcountll(threads);
    for (uint32_t i = 0; i < 64 && shown < 3; i++) {
        if ((threads >> i & 1) == 0)
            continue;
        struct str name = STR("");
        for (uint32_t k = 0; k < image->thread_count; k++)
            if (image->threads[k].number == i)
                name = image->threads[k].name;
        text_printf(out, "%s%" PRIu32 "%s%.*s", shown++ ? ", " : "", i, name.len ? " " : "",
                STR_ARG(name));
    }
    if (count > shown)
        text_printf(out, " and %d more", count - shown);
}

struct str plan_evidence(const struct plan_work *w, const struct choose_step *s) {
    struct sums t = sum_step(w, s);
    struct text out = { .arena = w->ctx->arena };
    text_printf(&out,
            "measured: %s B of internal RAM at the fullest moment in %s, %s B at %.*s; "
            "%s in the run",
            human_exact(t.cost_worst).text, count_of(w->ctx->arena, t.blocks, "block"),
            human_exact(t.cost_goal).text, STR_ARG(w->lots.checkpoints[w->bench.checkpoint]),
            count_of(w->ctx->arena, t.events, "request"));
    if (t.ended > 0)
        text_printf(&out, "; a block lives %s", human_time(t.lifetime / t.ended / 1000).text);
    text_printf(&out, "\nthreads: allocated by ");
    add_threads(w, &out, t.givers);
    if (t.enders != 0) {
        text_printf(&out, "; freed by ");
        add_threads(w, &out, t.enders);
    } else {
        text_printf(&out, "; never freed in this run");
    }
    if (t.accessed_bytes > 0)
        text_printf(&out,
                "\naccesses: %s B read and written, %.1f a byte, known for %s of what it asks for",
                human_exact(t.accesses).text, (double)t.accesses / (double)t.accessed_bytes,
                human_percent(t.accessed_bytes, t.bytes).text);
    else if (w->bench.weights != NULL)
        text_printf(&out, "\nunknown: how often it is accessed; the DHAT run does not have it");
    text_printf(&out, "\nunknown: use by interrupts, by DMA or while the cache is off%s",
            w->bench.weights == NULL ? "; how often it is accessed (--dhat)" : "");
    return text_str(&out);
}

struct str plan_reason_of(const struct plan_work *w, const struct choose_step *s) {
    const struct choose *c = &w->choose;
    uint32_t at = (uint32_t)(s - c->steps);
    const struct trial_result *before = at > 0 ? &c->steps[at - 1].after : &c->before;
    int64_t worst = (int64_t)(s->after.worst.free_bytes - before->worst.free_bytes);
    int64_t goal = (int64_t)(s->after.goal_counted.free_bytes - before->goal_counted.free_bytes);
    return str_from(arena_printf(w->ctx->arena,
            "wins %s B at the worst moment, %s B at %.*s, for %s requests outside of internal RAM",
            human_change(worst).text, human_change(goal).text,
            STR_ARG(w->lots.checkpoints[w->bench.checkpoint]),
            human_change((int64_t)(s->after.events - before->events)).text));
}

// ---- the file

static struct plan_site *site_of(
        struct plan_work *w, struct plan_places *places, const struct lot_rule *rule) {
    const struct lot *lot = &w->lots.list.at[rule->lot];
    struct plan_site *s = NEW(w->ctx->arena, struct plan_site);
    *s = plan_places_describe(places, lot->site, lot->stack);
    return s;
}

/// Why what a wider line moves does not move here.
static struct str why_kept(const struct plan_work *w, const struct lot_rule *rule) {
    uint64_t events = 0, cost = 0, accesses = 0;
    bool must = false;
    for (uint32_t i = 0; i < w->lots.list.len; i++) {
        const struct lot *lot = &w->lots.list.at[i];
        if (w->choose.labels[i] != LOT_KEEPS || !lot_rule_matches(&w->lots, rule, lot))
            continue;
        events += lot->events;
        accesses += lot->accesses;
        cost += lot->most_cost;
        must |= lot->stay != LOT_MAY_MOVE;
    }
    if (must)
        return STR("stays: it asks for what the other memory does not have");
    const char *touched = w->bench.weights != NULL
                                  ? arena_printf(w->ctx->arena, ", %s B read and written",
                                            human_exact(accesses).text)
                                  : "";
    return str_from(arena_printf(w->ctx->arena, "stays: %s%s for at most %s B at once",
            count_of(w->ctx->arena, events, "request"), touched, human_exact(cost).text));
}

static struct plan_draft_rule *draft_rules(struct plan_work *w) {
    const struct choose *c = &w->choose;
    struct plan_places places;
    plan_places_of(w->ctx->arena, &w->setup.answer.owners, &places);
    struct plan_draft_rule *rules =
            NEW_ARRAY(w->ctx->arena, struct plan_draft_rule, c->rule_count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->step_count; i++) {
        for (uint32_t k = 0; k < c->steps[i].count; k++) {
            const struct lot_rule *rule = &c->steps[i].rules[k];
            rules[count] = draft_rule(w, rule);
            if (k == 0 && rule->label == LOT_GOES) {
                rules[count].reason = plan_reason_of(w, &c->steps[i]);
                rules[count].evidence = plan_evidence(w, &c->steps[i]);
            } else {
                rules[count].reason = why_kept(w, rule);
            }
            if (rule->strength == PLAN_BY_SITE)
                rules[count].site = site_of(w, &places, rule);
            count++;
        }
    }
    return rules;
}

static const struct str *target_words(struct plan_work *w, uint32_t *count) {
    const char *choices = target_choices(w->ctx->arena, &w->setup.answer.target);
    struct str *words = NEW_ARRAY(w->ctx->arena, struct str, strlen(choices) / 2 + 1);
    *count = 0;
    while (*choices != '\0') {
        size_t len = strcspn(choices, " ");
        if (len > 0)
            words[(*count)++] = arena_copy(w->ctx->arena, (struct str){ choices, len });
        choices += len + (choices[len] != '\0');
    }
    return words;
}

static struct plan_draft make_draft(struct plan_work *w) {
    struct plan_draft d = { .trace = str_from(w->setup.trace),
        .identity = plan_trace_identity(w->ctx->arena, w->setup.answer.image),
        .target = w->setup.answer.target.name,
        .goal = w->goal,
        .rules = draft_rules(w),
        .rule_count = w->choose.rule_count };
    d.options = target_words(w, &d.option_count);
    if (d.identity.len == 0)
        d.trace = STR("");
    return d;
}

/// What the replay of the file says, for each checkpoint.
static void predict(struct plan_work *w, struct plan_draft *d) {
    const struct replay_state *s = w->replay.states.at[0];
    struct plan_prediction *list =
            NEW_ARRAY(w->ctx->arena, struct plan_prediction, s->moment_count + 1);
    for (uint32_t i = 0; i < s->moment_count; i++) {
        const struct replay_group *g = &s->moments[i].groups[REPLAY_COUNTED];
        list[i] = (struct plan_prediction){ .checkpoint = w->lots.checkpoints[i],
            .region = replay_group_name(&w->replay, REPLAY_COUNTED),
            .free_bytes = g->free_bytes,
            .largest_bytes = g->largest };
    }
    const struct replay_worst *worst = &s->worst[REPLAY_COUNTED];
    list[s->moment_count] = (struct plan_prediction){ .checkpoint = STR("worst"),
        .region = replay_group_name(&w->replay, REPLAY_COUNTED),
        .free_bytes = worst->free_bytes,
        .largest_bytes = worst->largest };
    d->predicted = list;
    d->predicted_count = s->moment_count + 1;
}

static bool replay_file(struct plan_work *w) {
    const struct answer *a = &w->setup.answer;
    replay_init(&w->replay, w->ctx->arena, w->bench.trace, a->image, &a->target, w->bench.owners,
            a->host_only, a->map.count, false);
    w->replay.wants_cells = true;
    struct replay_state *s =
            replay_add(&w->replay, "plan", &w->plan, &w->setup.heaps, UINT32_MAX, &w->ctx->err);
    if (s != NULL)
        replay_run(&w->replay, NULL);
    return s != NULL;
}

bool plan_draft_make(struct plan_work *w) {
    struct cmd_context *ctx = w->ctx;
    const struct answer *a = &w->setup.answer;
    struct plan_draft d = make_draft(w);
    const char *path = w->update != NULL ? w->update : "plan";
    if (!plan_rewrite(ctx->arena, path, w->kept, &d, &w->rewritten, &ctx->err) ||
            !plan_parse(ctx->arena, path, w->rewritten.text, &a->target, a->map.names, a->map.count,
                    &w->plan, &ctx->err) ||
            !replay_file(w))
        return false;
    predict(w, &d);
    if (!plan_rewrite(ctx->arena, path, w->kept, &d, &w->rewritten, &ctx->err))
        return false;
    w->file = w->rewritten.text;
    return true;
}

// ---- what stays

static int by_cost(const void *a, const void *b) {
    const struct plan_stay *p = a, *q = b;
    if (p->cost != q->cost)
        return p->cost < q->cost ? 1 : -1;
    return p->component < q->component ? -1 : p->component > q->component;
}

uint32_t plan_stays(struct plan_work *w, struct plan_stay **out) {
    const struct replay *r = &w->replay;
    const struct replay_state *s = r->states.at[0];
    uint32_t at = w->bench.checkpoint < s->moment_count ? w->bench.checkpoint : s->moment_count - 1;
    struct plan_stay *list = NEW_ARRAY(w->ctx->arena, struct plan_stay, r->component_count + 1);
    uint32_t count = 0, internal = 0;
    for (uint32_t h = 0; h < s->rules.count; h++)
        internal |= (s->counted >> h & 1) << s->rules.places[h].region;
    for (uint32_t i = 0; i < r->component_count; i++) {
        struct plan_stay *stay = &list[count];
        *stay = (struct plan_stay){ .component = i };
        for (uint32_t g = 0; g < r->target->region_count; g++) {
            const struct replay_cell *cell =
                    &s->moments[at].cells[(size_t)g * r->component_count + i];
            if ((internal >> g & 1) == 0)
                continue;
            stay->kernel += cell->kernel;
            stay->stack += cell->stack;
            stay->cost += cell->cost;
            for (int k = 0; k < LEDGER_KIND_COUNT; k++)
                stay->heap[k] += cell->heap[k];
        }
        count += stay->cost != 0;
    }
    qsort(list, count, sizeof *list, by_cost);
    *out = list;
    return count;
}
