// Q2 of the report: what a connection takes, by component, kind and site. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "table.h"

#include <inttypes.h>

/// Growth of one component in the first region between two moments, by what it is.
struct growth {
    int64_t heap[LEDGER_KIND_COUNT];
    int64_t kernel, stack, sum;
};

static struct growth growth_of(const struct placement_moment *from,
        const struct placement_moment *to, uint32_t component, uint32_t region) {
    const struct placement_cell *a = &from->regions[region].cells[component];
    const struct placement_cell *b = &to->regions[region].cells[component];
    struct growth g = { .kernel = b->kernel - a->kernel, .stack = b->stack - a->stack };
    g.sum = g.kernel + g.stack;
    for (int k = 0; k < LEDGER_KIND_COUNT; k++) {
        g.heap[k] = b->heap[k] - a->heap[k];
        g.sum += g.heap[k];
    }
    return g;
}

static void growth_cells(struct table *t, const struct growth *g, int64_t stock, bool two_states) {
    for (int k = 0; k < LEDGER_KIND_COUNT; k++)
        table_printf(t, "%s", human_change(g->heap[k]).text);
    table_printf(t, "%s", human_change(g->kernel).text);
    table_printf(t, "%s", human_change(g->stack).text);
    table_printf(t, "%s", human_change(g->sum).text);
    if (two_states)
        table_printf(t, "%s", human_change(stock).text);
}

static void add_growth(struct growth *sum, const struct growth *g) {
    for (int k = 0; k < LEDGER_KIND_COUNT; k++)
        sum->heap[k] += g->heap[k];
    sum->kernel += g->kernel;
    sum->stack += g->stack;
    sum->sum += g->sum;
}

static void growth_table(struct report *r, uint32_t from, uint32_t to, uint32_t region) {
    const struct answer *w = r->w;
    static const struct table_column columns[] = {
        { .title = "component", .is_flexible = true },
        { .title = "malloc", .align = TABLE_RIGHT },
        { .title = "new", .align = TABLE_RIGHT },
        { .title = "in libc", .align = TABLE_RIGHT },
        { .title = "kernel", .align = TABLE_RIGHT },
        { .title = "stacks", .align = TABLE_RIGHT },
        { .title = "sum", .align = TABLE_RIGHT },
        { .title = "stock", .align = TABLE_RIGHT },
    };
    struct table t = table_new(r->ctx->arena, columns, r->two_states ? 8 : 7);
    const struct placement_moment *a = &w->moments[ANSWER_STATE][from],
                                  *b = &w->moments[ANSWER_STATE][to];
    const struct placement_moment *sa = &w->moments[ANSWER_STOCK][from],
                                  *sb = &w->moments[ANSWER_STOCK][to];
    struct growth total = { 0 };
    int64_t stock_total = 0;
    for (uint32_t i = 0; i < w->map.count; i++) {
        struct growth g = growth_of(a, b, i, region);
        struct growth stock = growth_of(sa, sb, i, region);
        add_growth(&total, &g);
        stock_total += stock.sum;
        if (g.sum == 0 && stock.sum == 0 && g.heap[0] == 0 && g.heap[1] == 0 && g.kernel == 0)
            continue;
        table_cell(&t, w->map.names[i]);
        growth_cells(&t, &g, stock.sum, r->two_states);
    }
    int64_t overhead = b->regions[region].overhead - a->regions[region].overhead;
    int64_t stock_overhead = sb->regions[region].overhead - sa->regions[region].overhead;
    table_cell(&t, STR("headers and rounding"));
    for (int i = 0; i < 5; i++)
        table_cell(&t, STR(""));
    table_printf(&t, "%s", human_change(overhead).text);
    if (r->two_states)
        table_printf(&t, "%s", human_change(stock_overhead).text);
    total.sum += overhead;
    table_rule(&t);
    table_cell(&t, STR("taken"));
    growth_cells(&t, &total, stock_total + stock_overhead, r->two_states);
    table_write(&t, &r->ctx->term, r->out);
}

/// After the step that a pair of observed figures spans: the moment of the run that explains the second one.
static void crossing(struct report *r, uint32_t from, uint32_t to) {
    const struct answer_crossing *c = &r->w->crossing;
    if (!c->wanted || !str_equal(c->from, report_checkpoint(r, from)->name) ||
            !str_equal(c->to, report_checkpoint(r, to)->name))
        return;
    if (!c->found) {
        text_printf(r->out,
                "\nThe figure observed at '%.*s' is never reached in this run: the least that the "
                "model has free is %s B.\n",
                STR_ARG(c->to), human_change(c->least_free).text);
        return;
    }
    struct text note = { .arena = r->ctx->arena };
    text_printf(&note,
            "The modelled free bytes meet the figure observed at '%.*s' %s after the "
            "start%s%.*s%s. What grew up to there:\n",
            STR_ARG(c->to), human_time(c->time_us).text, c->phase.len == 0 ? "" : ", before '",
            STR_ARG(c->phase), c->phase.len == 0 ? "" : "'");
    text_add_char(r->out, '\n');
    text_wrap(r->out, text_str(&note), 0, r->ctx->term.columns);
    text_add_char(r->out, '\n');
    report_grown_sites(r, &c->start, &c->moment);
}

/// What is free before and after, in the model and as observed.
static void say_free(struct report *r, uint32_t from, uint32_t to,
        const struct region_table *before, const struct region_table *after) {
    const struct placement_moment *m = r->w->moments[ANSWER_STATE];
    int64_t taken = m[to].regions[0].used - m[from].regions[0].used;
    text_printf(r->out, "\nfree at '%.*s': %s; by the model free at '%.*s': %s\n",
            STR_ARG(report_checkpoint(r, from)->name), human_change(before->free).text,
            STR_ARG(report_checkpoint(r, to)->name), human_change(before->free - taken).text);
    if (!after->free_observed)
        return;
    int64_t more = before->free - taken - after->free;
    text_printf(r->out,
            "observed free at '%.*s': %s, that is %s B %s than this run explains at that moment\n",
            STR_ARG(report_checkpoint(r, to)->name), human_change(after->free).text,
            human_exact((uint64_t)(more < 0 ? -more : more)).text, more < 0 ? "more" : "less");
}

void report_second_question(struct report *r) {
    const struct answer *w = r->w;
    uint32_t from = r->base;
    for (uint32_t i = 0; i < r->step_count; i++) {
        uint32_t to = r->steps[i];
        struct region_table before = answer_region(w, from, ANSWER_STATE, 0);
        struct region_table after = answer_region(w, to, ANSWER_STATE, 0);
        report_heading(r, "Q2  from '%.*s' to '%.*s': internal RAM that was taken",
                STR_ARG(report_checkpoint(r, from)->name), STR_ARG(report_checkpoint(r, to)->name));
        growth_table(r, from, to, 0);
        say_free(r, from, to, &before, &after);
        text_printf(r->out, "\nSites that grew most (consumed bytes of internal RAM, %s):\n\n",
                w->placements[ANSWER_STATE].name);
        report_grown_sites(r, &w->moments[ANSWER_STATE][from], &w->moments[ANSWER_STATE][to]);
        crossing(r, from, to);
        from = to;
    }
}
