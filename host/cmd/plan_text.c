// The output of `plan` for people. See plan_parts.h.
#include "plan_parts.h"

#include "human.h"
#include "table.h"

#include <inttypes.h>

static void add_number(struct table *t, uint64_t n) {
    table_printf(t, "%s", human_exact(n).text);
}

static struct str checkpoint_name(const struct plan_work *w) {
    return w->lots.checkpoints[w->bench.checkpoint];
}

static void head(struct plan_work *w, struct text *out) {
    const struct answer *a = &w->setup.answer;
    uint64_t requests = 0;
    for (size_t i = 0; i < w->lots.list.len; i++)
        requests += w->lots.list.at[i].events;
    text_printf(out, "%.*s (%u-bit), %s requests for memory at %" PRIu32 " sites\n",
            STR_ARG(a->image->path), a->image->pointer_bytes * 8u, human_exact(requests).text,
            a->owners.site_count);
    text_printf(out, "target %.*s: %s\n", STR_ARG(a->target.name),
            target_choices(w->ctx->arena, &a->target));
    if (a->image->pointer_bytes == 8)
        text_printf(out, "This program has 64-bit pointers and 16-byte blocks: no figures of the "
                         "chip; a 32-bit build has them.\n");
    uint64_t statics = w->setup.heaps.static_bytes[0], occupied = w->setup.heaps.occupied_bytes[0];
    if (statics + occupied > 0)
        text_printf(out, "taken from '%.*s' beforehand: %s B of static data, %s B occupied\n",
                STR_ARG(w->setup.answer.target.regions[0].name), human_exact(statics).text,
                human_exact(occupied).text);
    if (w->dhat != NULL)
        text_printf(out,
                "accesses by %s: %s of its bytes and %s of its accesses are of sites of this run; "
                "known for %s of the bytes that this run asked for\n",
                w->dhat, human_percent(w->accesses.joined_bytes, w->accesses.bytes).text,
                human_percent(w->accesses.joined_accesses, w->accesses.accesses).text,
                human_percent(w->accesses.known_bytes, w->accesses.lot_bytes).text);
    text_printf(out, "goal %.*s; tried %" PRIu32 " placements by replay\n", STR_ARG(w->goal),
            w->bench.tried);
}

static void add_result(const struct plan_work *w, struct table *t, const struct trial_result *r) {
    add_number(t, r->goal.free_bytes);
    add_number(t, r->worst.free_bytes);
    add_number(t, r->worst.largest);
    add_number(t, r->events);
    if (w->choose.by_accesses)
        add_number(t, r->accesses);
}

/// Columns of both tables, behind the first.
static void columns_of(const struct plan_work *w, struct table_column *columns, const char *title) {
    columns[0] = (struct table_column){ .title = title, .is_flexible = true };
    columns[1] = (struct table_column){ .title = arena_copy(w->ctx->arena, checkpoint_name(w)).at,
        .align = TABLE_RIGHT };
    columns[2] = (struct table_column){ .title = "worst", .align = TABLE_RIGHT };
    columns[3] = (struct table_column){ .title = "largest", .align = TABLE_RIGHT };
    columns[4] = (struct table_column){ .title = "requests", .align = TABLE_RIGHT };
    columns[5] = (struct table_column){ .title = "accesses", .align = TABLE_RIGHT };
}

static void steps_text(struct plan_work *w, struct text *out) {
    const struct choose *c = &w->choose;
    struct table_column columns[6];
    text_printf(out,
            "Internal RAM free at %.*s, at the worst moment of the run, the largest request it "
            "would serve then; requests%s that go elsewhere.\n\n",
            STR_ARG(checkpoint_name(w)), c->by_accesses ? ", and bytes read and written," : "");
    columns_of(w, columns, "lines, each with those above");
    struct table t = table_new(w->ctx->arena, columns, c->by_accesses ? 6 : 5);
    table_printf(&t, "%s%s", w->update != NULL ? "your lines" : "stock",
            w->moves_stacks ? ", stacks moved" : "");
    add_result(w, &t, &c->before);
    for (uint32_t i = 0; i < c->step_count; i++) {
        table_printf(&t, "%s", plan_rule_words(w, &c->steps[i].rules[0]));
        add_result(w, &t, &c->steps[i].after);
        for (uint32_t k = 1; k < c->steps[i].count; k++) {
            table_printf(&t, "  but %s", plan_rule_words(w, &c->steps[i].rules[k]));
            table_end_row(&t);
        }
    }
    table_rule(&t);
    table_cell(&t, STR("all that may move"));
    add_result(w, &t, &c->all);
    table_write(&t, &w->ctx->term, out);
}

static void curve_text(struct plan_work *w, struct text *out) {
    const struct choose *c = &w->choose;
    struct table_column columns[6];
    columns_of(w, columns, "threshold alone");
    struct table t = table_new(w->ctx->arena, columns, c->by_accesses ? 6 : 5);
    for (uint32_t i = 0; i < c->curve_count; i++) {
        table_printf(&t, "%s%s", human_exact(c->curve[i].up_to).text,
                c->curve[i].is_default ? " (as now)" : "");
        add_result(w, &t, &c->curve[i].result);
    }
    table_rule(&t);
    table_cell(&t, STR("the plan"));
    add_result(w, &t, &c->result);
    text_printf(out, "\nWithout any plan, by malloc's threshold alone:\n\n");
    table_write(&t, &w->ctx->term, out);
    const char *cost = c->by_accesses ? "accesses" : "requests";
    if (c->dominated_by == CHOOSE_NONE)
        text_printf(out,
                "\nChecked: no threshold leaves more internal RAM free at the worst moment without "
                "more %s outside of it than the plan.\n",
                cost);
    else
        text_printf(out,
                "\nDominated: threshold %s leaves more internal RAM free at the worst moment, with "
                "no more %s outside of it than the plan.\n",
                human_exact(c->curve[c->dominated_by].up_to).text, cost);
}

static void verdict_text(struct plan_work *w, struct text *out) {
    const struct choose *c = &w->choose;
    if (c->goal != CHOOSE_FREE)
        return;
    if (c->met) {
        text_printf(out, "\nThe goal is met%s: %s B free at %.*s, %s B wanted.\n",
                c->rule_count == 0 ? " without a line" : "",
                human_exact(c->result.goal.free_bytes).text, STR_ARG(checkpoint_name(w)),
                human_exact(c->wanted).text);
        if (w->bench.group == REPLAY_COUNTED && c->result.worst.free_bytes < c->wanted / 2)
            text_printf(out,
                    "At the worst moment of the run %s B are free: --knee looks at that.\n",
                    human_exact(c->result.worst.free_bytes).text);
        return;
    }
    text_printf(out,
            "\nThe goal cannot be met: %s B free at %.*s at best, %s B less than wanted. What "
            "stands in the way is below.\n",
            human_exact(c->result.goal.free_bytes).text, STR_ARG(checkpoint_name(w)),
            human_exact(c->wanted - c->result.goal.free_bytes).text);
}

static void advice_text(struct plan_work *w, struct text *out) {
    const struct choose *c = &w->choose;
    if (c->step_count > 0)
        text_printf(out, "\nWhy, and how sure:\n");
    for (uint32_t i = 0; i < c->step_count; i++) {
        const struct choose_step *s = &c->steps[i];
        text_printf(out, "\n%s\n", plan_rule_words(w, &s->rules[0]));
        struct str lines = s->rules[0].label == LOT_GOES ? plan_evidence(w, s) : STR("");
        text_wrap(out, plan_reason_of(w, s), 4, w->ctx->term.columns);
        text_wrap(out, lines, 4, w->ctx->term.columns);
    }
}

static void stays_text(struct plan_work *w, struct text *out) {
    static const struct table_column columns[] = {
        { .title = "", .is_flexible = true },
        { .title = "kernel objects", .align = TABLE_RIGHT },
        { .title = "stacks", .align = TABLE_RIGHT },
        { .title = "libc's own", .align = TABLE_RIGHT },
        { .title = "malloc", .align = TABLE_RIGHT },
        { .title = "new", .align = TABLE_RIGHT },
        { .title = "all, with headers", .align = TABLE_RIGHT },
    };
    struct plan_stay *list;
    uint32_t count = plan_stays(w, &list);
    struct table t = table_new(w->ctx->arena, columns, 7);
    for (uint32_t i = 0; i < count; i++) {
        table_cell(&t, w->setup.answer.map.names[list[i].component]);
        add_number(&t, list[i].kernel);
        add_number(&t, list[i].stack);
        add_number(&t, list[i].heap[LEDGER_LIBC]);
        add_number(&t, list[i].heap[LEDGER_MALLOC]);
        add_number(&t, list[i].heap[LEDGER_NEW]);
        add_number(&t, list[i].cost);
    }
    uint64_t statics = w->setup.heaps.static_bytes[0] + w->setup.heaps.occupied_bytes[0];
    if (statics > 0) {
        table_cell(&t, STR("static data, and what was occupied beforehand"));
        for (int i = 0; i < 5; i++)
            table_cell(&t, STR(""));
        add_number(&t, statics);
    }
    text_printf(out, "\nWhat is left in internal RAM at %.*s:\n\n", STR_ARG(checkpoint_name(w)));
    table_write(&t, &w->ctx->term, out);
}

/// Whether no line of the user's plan moves what the component's port insists on.
static bool still_insists(const struct plan_work *w, struct str name) {
    uint32_t component;
    return component_find(&w->setup.answer.map, name, &component) &&
           plan_component_rule(&w->base, component, PLAN_MALLOC)->strength == PLAN_BY_INSISTENCE;
}

/// Most bytes at a moment of what the component's port insists on; 0 when it does not, or a line of the user's says otherwise.
static uint64_t insisted_bytes(const struct plan_work *w, struct str component) {
    uint64_t most = 0;
    for (size_t m = 0; m < w->lots.moments.len; m++) {
        uint64_t bytes = 0;
        for (size_t i = 0; i < w->lots.list.len; i++)
            if (w->lots.list.at[i].stay == LOT_IS_INSISTED &&
                    str_equal(w->setup.answer.map.names[w->lots.list.at[i].component], component))
                bytes += w->lots.moments.at[m].cost[i];
        most = bytes > most ? bytes : most;
    }
    return most;
}

/// What the tool left alone, and why.
static void left_text(struct plan_work *w, struct text *out) {
    const struct target *t = &w->setup.answer.target;
    text_printf(out, "\n");
    text_wrap(out,
            STR("Kernel objects stay: the kernel asks for internal RAM, and queues and control "
                "blocks may be used by interrupts. What libc allocates by itself stays: no line "
                "of a plan for a component reaches it."),
            0, w->ctx->term.columns);
    for (uint32_t i = 0; i < t->insistence_count; i++) {
        const struct target_insistence *insists = &t->insistences[i];
        if (insisted_bytes(w, insists->component) == 0 || !still_insists(w, insists->component))
            continue;
        text_wrap(out,
                str_from(arena_printf(w->ctx->arena,
                        "%.*s stays: its port insists on '%.*s', up to %s B at once, which its own "
                        "configuration alone changes (%.*s).",
                        STR_ARG(insists->component), STR_ARG(t->requests[insists->request].name),
                        human_exact(insisted_bytes(w, insists->component)).text,
                        STR_ARG(insists->source))),
                0, w->ctx->term.columns);
    }
    if (!w->moves_stacks)
        text_wrap(out,
                STR("Stacks stay: whether a thread writes flash, or sleeps, is not known from this "
                    "run, and then its stack must be internal. --stacks moves them all."),
                0, w->ctx->term.columns);
}

void plan_text(struct plan_work *w, struct text *out) {
    head(w, out);
    text_printf(out, "\n");
    steps_text(w, out);
    verdict_text(w, out);
    curve_text(w, out);
    advice_text(w, out);
    plan_statics_text(w, out);
    stays_text(w, out);
    left_text(w, out);
    if (w->update == NULL && !opt_is_given(&w->ctx->values, "output"))
        text_printf(out, "\nNothing was written: --output FILE writes the plan.\n");
}
