// The report for people: see report_text.h. Each section is a function; all numbers come from the answer, none is made here.
#include "report_text.h"

#include "human.h"
#include "table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SITES_SHOWN = 10 };

struct report {
    struct cmd_context *ctx;
    const struct answer *w;
    const struct report_view *view;
    struct text *out;
    uint32_t base;     ///< Checkpoint index of Q1.
    uint32_t steps[8]; ///< Checkpoints of Q2, after the base.
    uint32_t step_count;
};

static struct str component_name(const struct report *r, uint32_t component) {
    return component == ROW_NO_COMPONENT ? STR("") : r->w->map.names[component];
}

static const struct run_checkpoint *checkpoint(const struct report *r, uint32_t index) {
    return &r->w->run.checkpoints[index];
}

static void heading(struct report *r, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void heading(struct report *r, const char *format, ...) {
    char line[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    text_printf(r->out, "\n%s%s%s\n\n", term_bold(&r->ctx->term), line, term_plain(&r->ctx->term));
}

// ---- which checkpoints

static bool find_checkpoint(const struct report *r, const char *name, uint32_t *index) {
    for (uint32_t i = 0; i < r->w->run.checkpoint_count; i++) {
        if (str_equal(checkpoint(r, i)->name, str_from(name)) && checkpoint(r, i)->cycle <= 1) {
            *index = i;
            return true;
        }
    }
    return false;
}

/// The base: as asked, else the first with an observed figure, else the last before the first cycle, else the first.
static void choose_base(struct report *r) {
    const struct answer *w = r->w;
    if (r->view->base != NULL && find_checkpoint(r, r->view->base, &r->base))
        return;
    for (uint32_t i = 0; w->has_observed && i < w->observed.count; i++)
        if (w->observed.figures[i].known && w->observed.figures[i].in_run) {
            const char *name = arena_copy(w->a, w->observed.figures[i].checkpoint).at;
            if (find_checkpoint(r, name, &r->base))
                return;
        }
    while (r->base + 1 < w->run.checkpoint_count && checkpoint(r, r->base + 1)->cycle == 0)
        r->base++;
}

/// Q2's steps: the checkpoints of the first cycle in which it grows, without the first (only made, not yet connected) where there are more.
static void choose_steps(struct report *r) {
    for (uint32_t i = r->base + 1; i < r->w->run.checkpoint_count; i++) {
        const struct run_checkpoint *c = checkpoint(r, i);
        if (c->cycle > 1 || r->step_count == sizeof r->steps / sizeof r->steps[0])
            break;
        if (str_equal(c->name, STR("connected")) || str_starts_with(c->name, STR("streaming")))
            r->steps[r->step_count++] = i;
    }
}

// ---- head

static void head(struct report *r) {
    const struct answer *w = r->w;
    const struct run_checkpoint *last = checkpoint(r, w->run.checkpoint_count - 1);
    text_printf(r->out, "%.*s (%d-bit), %s events in %s, %" PRIu32 " checkpoints\n",
            STR_ARG(w->image->path), w->image->pointer_bytes * 8,
            human_exact(w->run.ledger.counts.events).text, human_time(last->time_us).text,
            w->run.checkpoint_count);
    if (w->has_target)
        text_printf(r->out, "target %.*s: %s; state %s\n", STR_ARG(w->target.name),
                target_choices(w->a, &w->target), w->placements[ANSWER_STATE].name);
}

// ---- sites by name

static struct str site_place(const struct report *r, const struct site *s) {
    if (s->file.len == 0)
        return str_from(
                arena_printf(r->ctx->arena, "%.*s+0x%" PRIx64, STR_ARG(s->module), s->offset));
    // The last two parts of the path tell most; the whole of it stands in JSON.
    size_t at = s->file.len, slashes = 0;
    while (at > 0 && !(s->file.at[at - 1] == '/' && ++slashes == 2))
        at--;
    struct str tail = { s->file.at + at, s->file.len - at };
    return str_from(arena_printf(r->ctx->arena, "%.*s:%" PRIu32, STR_ARG(tail), s->line));
}

/// Function name without its parameters: they seldom tell more than the line does.
static struct str short_name(const struct report *r, const struct site *s) {
    struct str f = s->function;
    int depth = 0;
    for (size_t i = f.len; i > 0; i--) {
        depth += f.at[i - 1] == ')';
        depth -= f.at[i - 1] == '(';
        if (depth == 0 && f.at[i - 1] == '(')
            return (struct str){ f.at, i - 1 };
    }
    (void)r;
    return f.len == 0 ? STR("?") : f;
}

// ---- the answer in two sentences

/// The site that grew most between two moments; `site_count` when none did.
static uint32_t most_grown(const struct report *r, const struct placement_moment *from,
        const struct placement_moment *to, int64_t *bytes) {
    uint32_t best = r->w->owners.site_count;
    *bytes = 0;
    for (uint32_t i = 0; i < to->site_count && i < r->w->owners.site_count; i++) {
        int64_t grown = placement_site_bytes(to, i) - placement_site_bytes(from, i);
        if (grown <= *bytes)
            continue;
        *bytes = grown;
        best = i;
    }
    return best;
}

static void verdict_before(struct report *r) {
    struct region_table t = answer_region(r->w, r->base, ANSWER_STATE, 0);
    int64_t reserved = region_table_sum(&t, ROW_RESERVED),
            unexplained = region_table_sum(&t, ROW_UNEXPLAINED);
    int64_t taken = (int64_t)t.region->bytes - t.free;
    text_printf(r->out,
            "Before the first connection %s of %s B are taken: the chip keeps %s, this program's "
            "components hold %s",
            human_exact((uint64_t)taken).text, human_exact(t.region->bytes).text,
            human_exact((uint64_t)reserved).text,
            human_exact((uint64_t)(taken - reserved - unexplained)).text);
    if (t.free_observed)
        text_printf(r->out, ", and %s B (%s of what is taken) are held by what is not in this run",
                human_change(unexplained).text + (unexplained > 0),
                human_percent(unexplained < 0 ? 0 : (uint64_t)unexplained, (uint64_t)taken).text);
    text_printf(r->out, ".\n");
}

static void verdict_growth(struct report *r) {
    const struct placement_moment *m = r->w->moments[ANSWER_STATE];
    uint32_t from = r->base;
    for (uint32_t i = 0; i < r->step_count; from = r->steps[i++]) {
        int64_t bytes;
        uint32_t site = most_grown(r, &m[from], &m[r->steps[i]], &bytes);
        text_printf(r->out, "From '%.*s' to '%.*s' it takes %s B",
                STR_ARG(checkpoint(r, from)->name), STR_ARG(checkpoint(r, r->steps[i])->name),
                human_change(m[r->steps[i]].regions[0].used - m[from].regions[0].used).text);
        if (site < r->w->owners.site_count)
            text_printf(r->out, ", %s of them at %.*s (%.*s)", human_exact((uint64_t)bytes).text,
                    STR_ARG(short_name(r, &r->w->owners.sites[site])),
                    STR_ARG(r->w->map.names[r->w->owners.sites[site].component]));
        text_printf(r->out, ".\n");
    }
}

static void verdict(struct report *r) {
    struct text all = { .arena = r->ctx->arena };
    struct text *out = r->out;
    r->out = &all;
    verdict_before(r);
    verdict_growth(r);
    r->out = out;
    text_add_char(out, '\n');
    text_wrap(out, text_str(&all), 0, r->ctx->term.columns);
}

// ---- Q1

static const struct region_row *same_row(
        const struct region_table *t, const struct region_row *like) {
    for (uint32_t i = 0; i < t->row_count; i++) {
        const struct region_row *row = &t->rows[i];
        if (row->kind == like->kind && row->component == like->component &&
                str_equal(row->about, like->about))
            return row;
    }
    return NULL;
}

static void waterfall_row(struct report *r, struct table *t, const struct region_row *row,
        const struct region_row *stock) {
    struct str name = component_name(r, row->component);
    table_printf(
            t, "%-12s %.*s", row_kind_names[row->kind], STR_ARG(name.len != 0 ? name : row->about));
    table_printf(t, "%s", human_change(-row->bytes).text);
    table_printf(t, "%s", stock == NULL ? "0" : human_change(-stock->bytes).text);
    table_cell(t, str_from(row_source_names[row->source]));
}

static void waterfall(struct report *r, uint32_t index, uint32_t region) {
    static const struct table_column columns[] = {
        { .title = "", .is_flexible = true },
        { .title = "STATE", .align = TABLE_RIGHT },
        { .title = "stock", .align = TABLE_RIGHT },
        { .title = "known by" },
    };
    struct table_column own[4];
    memcpy(own, columns, sizeof own);
    own[1].title = r->w->placements[ANSWER_STATE].name;
    struct region_table state = answer_region(r->w, index, ANSWER_STATE, region);
    struct region_table stock = answer_region(r->w, index, ANSWER_STOCK, region);
    struct table t = table_new(r->ctx->arena, own, 4);
    table_cell(&t, state.region->about.len != 0 ? state.region->about : state.region->name);
    table_printf(&t, "%s", human_exact(state.region->bytes).text);
    table_printf(&t, "%s", human_exact(stock.region->bytes).text);
    table_cell(&t, STR("profile"));
    for (int kind = 0; kind < ROW_KIND_COUNT; kind++) {
        for (uint32_t i = 0; i < state.row_count; i++)
            if (state.rows[i].kind == (enum row_kind)kind)
                waterfall_row(r, &t, &state.rows[i], same_row(&stock, &state.rows[i]));
        for (uint32_t i = 0; i < stock.row_count; i++) {
            if (stock.rows[i].kind != (enum row_kind)kind ||
                    same_row(&state, &stock.rows[i]) != NULL)
                continue;
            struct region_row none = stock.rows[i];
            none.bytes = 0;
            waterfall_row(r, &t, &none, &stock.rows[i]);
        }
    }
    table_rule(&t);
    table_cell(&t, STR("free"));
    table_printf(&t, "%s",
            state.free < 0 ? human_change(state.free).text
                           : human_exact((uint64_t)state.free).text);
    table_printf(&t, "%s",
            stock.free < 0 ? human_change(stock.free).text
                           : human_exact((uint64_t)stock.free).text);
    table_cell(&t, state.free_observed ? STR("observed") : STR("computed"));
    table_write(&t, &r->ctx->term, r->out);
}

// ---- heaps outside the first region, host-only bytes, observed points that the run lacks

static void outside(struct report *r) {
    const struct answer *w = r->w;
    for (uint32_t i = 1; i < w->target.region_count; i++) {
        const struct target_region *region = &w->target.regions[i];
        struct observed_figure internal = { .asks = target_find_capability(
                                                    &w->target, STR("INTERNAL")) };
        struct region_table t = answer_region(w, r->base, ANSWER_STATE, i);
        struct region_table stock = answer_region(w, r->base, ANSWER_STOCK, i);
        text_printf(r->out, "%-42.*s %11s B free of %s (stock %s)%s\n", STR_ARG(region->about),
                human_exact((uint64_t)t.free).text, human_exact(region->bytes).text,
                human_exact((uint64_t)stock.free).text,
                observed_counts(&w->target, &internal, i) ? ", counted as internal" : "");
    }
}

static void host_only(struct report *r) {
    const struct answer *w = r->w;
    const struct run_checkpoint *c = checkpoint(r, r->base);
    text_printf(r->out, "\nOnly on this host, in no region of the chip:");
    for (uint32_t i = 0; i < w->map.count; i++)
        if (w->host_only[i] && c->rows[i].live_bytes > 0)
            text_printf(r->out, " %.*s %s B in %s blocks;", STR_ARG(w->map.names[i]),
                    human_exact(c->rows[i].live_bytes).text,
                    human_exact(c->rows[i].live_blocks).text);
    text_printf(r->out, " recorder %s\n", human_bytes(c->recorder_bytes).text);
}

static void observed_points(struct report *r) {
    const struct observed *o = &r->w->observed;
    if (!r->w->has_observed)
        return;
    text_printf(r->out, "\nObserved on the device (%s):\n", o->path);
    for (uint32_t i = 0; i < o->count; i++) {
        const struct observed_figure *f = &o->figures[i];
        text_printf(r->out, "  %-14.*s %.*s free %s%s%s\n", STR_ARG(f->checkpoint),
                STR_ARG(f->capability), f->about ? "about " : "",
                f->known ? human_exact(f->free_bytes).text : "not written down",
                f->in_run ? "" : "  (not a moment of this run)");
    }
}

/// Stacks of the tasks that the RTOS always starts: a part of what this run cannot explain.
static uint64_t system_stacks(const struct target *t) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < t->task_count; i++)
        sum += t->tasks[i].always ? t->tasks[i].stack_bytes * t->tasks[i].count : 0;
    return sum;
}

static void explain_free(struct report *r) {
    const struct answer *w = r->w;
    struct region_table t = answer_region(w, r->base, ANSWER_STATE, 0);
    int64_t unexplained = region_table_sum(&t, ROW_UNEXPLAINED);
    uint32_t internal = target_find_capability(&w->target, STR("INTERNAL"));
    if (!t.free_observed)
        return;
    text_printf(r->out,
            "\nThe observed figure counts %s B that are free in SPM and LP RAM, outside these %s "
            "B.\n",
            human_exact((uint64_t)answer_outside_free(w, internal)).text,
            human_exact(w->target.regions[0].bytes).text);
    if (unexplained > 0)
        text_printf(r->out,
                "Of the unexplained bytes %s are stacks of tasks that the RTOS always starts "
                "(profile).\n",
                human_exact(system_stacks(&w->target)).text);
    if (unexplained < 0)
        text_printf(r->out,
                "The model needs %s B more than was observed to be taken: it is too high, or the "
                "figure is.\n",
                human_exact((uint64_t)-unexplained).text);
}

// ---- Q2

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

static void growth_cells(struct table *t, const struct growth *g, int64_t stock) {
    for (int k = 0; k < LEDGER_KIND_COUNT; k++)
        table_printf(t, "%s", human_change(g->heap[k]).text);
    table_printf(t, "%s", human_change(g->kernel).text);
    table_printf(t, "%s", human_change(g->stack).text);
    table_printf(t, "%s", human_change(g->sum).text);
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
    struct table t = table_new(r->ctx->arena, columns, 8);
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
        growth_cells(&t, &g, stock.sum);
    }
    int64_t overhead = b->regions[region].overhead - a->regions[region].overhead;
    int64_t stock_overhead = sb->regions[region].overhead - sa->regions[region].overhead;
    table_cell(&t, STR("headers and rounding"));
    for (int i = 0; i < 5; i++)
        table_cell(&t, STR(""));
    table_printf(&t, "%s", human_change(overhead).text);
    table_printf(&t, "%s", human_change(stock_overhead).text);
    total.sum += overhead;
    table_rule(&t);
    table_cell(&t, STR("taken"));
    growth_cells(&t, &total, stock_total + stock_overhead);
    table_write(&t, &r->ctx->term, r->out);
}

// ---- sites

struct site_growth {
    uint32_t site;
    int64_t bytes;
};

static int by_growth(const void *a, const void *b) {
    const struct site_growth *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->site < y->site ? -1 : x->site > y->site;
}

static void site_table(
        struct report *r, const struct placement_moment *from, const struct placement_moment *to) {
    const struct answer *w = r->w;
    static const struct table_column columns[] = {
        { .title = "bytes", .align = TABLE_RIGHT },
        { .title = "component" },
        { .title = "function", .is_flexible = true },
        { .title = "where" },
    };
    struct site_growth *list = NEW_ARRAY(r->ctx->arena, struct site_growth, to->site_count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < to->site_count && i < w->owners.site_count; i++) {
        int64_t grown = placement_site_bytes(to, i) - placement_site_bytes(from, i);
        if (grown > 0)
            list[count++] = (struct site_growth){ i, grown };
    }
    qsort(list, count, sizeof *list, by_growth);
    struct table t = table_new(r->ctx->arena, columns, 4);
    for (uint32_t i = 0; i < count && (i < SITES_SHOWN || r->view->all_sites); i++) {
        const struct site *s = &w->owners.sites[list[i].site];
        table_printf(&t, "%s", human_change(list[i].bytes).text);
        table_cell(&t, w->map.names[s->component]);
        table_cell(&t, short_name(r, s));
        table_cell(&t, site_place(r, s));
    }
    table_write(&t, &r->ctx->term, r->out);
}

/// After the step that a pair of observed figures spans: the moment of the run that explains the second one.
static void crossing(struct report *r, uint32_t from, uint32_t to) {
    const struct answer_crossing *c = &r->w->crossing;
    if (!c->wanted || !str_equal(c->from, checkpoint(r, from)->name) ||
            !str_equal(c->to, checkpoint(r, to)->name))
        return;
    if (!c->found) {
        text_printf(r->out,
                "\nThe figure observed at '%.*s' is never reached in this run: the least that the "
                "model has free is %s B.\n",
                STR_ARG(c->to), human_change(c->least_free).text);
        return;
    }
    text_printf(r->out,
            "\nThe modelled free bytes meet the figure observed at '%.*s' %s after the "
            "start%s%.*s%s. What grew up to there:\n\n",
            STR_ARG(c->to), human_time(c->time_us).text, c->phase.len == 0 ? "" : ", before '",
            STR_ARG(c->phase), c->phase.len == 0 ? "" : "'");
    site_table(r, &c->start, &c->moment);
}

/// What is free before and after, in the model and as observed.
static void say_free(struct report *r, uint32_t from, uint32_t to,
        const struct region_table *before, const struct region_table *after) {
    const struct placement_moment *m = r->w->moments[ANSWER_STATE];
    int64_t taken = m[to].regions[0].used - m[from].regions[0].used;
    text_printf(r->out, "\nfree at '%.*s': %s; by the model free at '%.*s': %s\n",
            STR_ARG(checkpoint(r, from)->name), human_change(before->free).text,
            STR_ARG(checkpoint(r, to)->name), human_change(before->free - taken).text);
    if (!after->free_observed)
        return;
    int64_t more = before->free - taken - after->free;
    text_printf(r->out,
            "observed free at '%.*s': %s, that is %s B %s than this run explains at that moment\n",
            STR_ARG(checkpoint(r, to)->name), human_change(after->free).text,
            human_exact((uint64_t)(more < 0 ? -more : more)).text, more < 0 ? "more" : "less");
}

static void second_question(struct report *r) {
    const struct answer *w = r->w;
    uint32_t from = r->base;
    for (uint32_t i = 0; i < r->step_count; i++) {
        uint32_t to = r->steps[i];
        struct region_table before = answer_region(w, from, ANSWER_STATE, 0);
        struct region_table after = answer_region(w, to, ANSWER_STATE, 0);
        heading(r, "Q2  from '%.*s' to '%.*s': internal RAM that was taken",
                STR_ARG(checkpoint(r, from)->name), STR_ARG(checkpoint(r, to)->name));
        growth_table(r, from, to, 0);
        say_free(r, from, to, &before, &after);
        text_printf(r->out,
                "\nThe %d sites that grew most (consumed bytes of internal RAM, %s):\n\n",
                SITES_SHOWN, w->placements[ANSWER_STATE].name);
        site_table(r, &w->moments[ANSWER_STATE][from], &w->moments[ANSWER_STATE][to]);
        crossing(r, from, to);
        from = to;
    }
}

// ---- components and checkpoints

/// Components in the order of reports: those in focus, then the rest; without those that never held a block.
static uint32_t *shown_components(const struct report *r, uint32_t *count) {
    const struct answer *w = r->w;
    uint32_t *list = NEW_ARRAY(r->ctx->arena, uint32_t, w->map.count + 1);
    *count = 0;
    for (int round = 0; round < 2; round++)
        for (uint32_t k = 0; k < w->map.count; k++) {
            bool any = false;
            for (uint32_t i = 0; i < w->run.checkpoint_count; i++)
                any = any || checkpoint(r, i)->rows[k].live_blocks > 0;
            if (any && component_is_in_focus(&w->map, k) == (round == 0))
                list[(*count)++] = k;
        }
    return list;
}

static const char *checkpoint_title(const struct report *r, uint32_t index) {
    const struct run_checkpoint *c = checkpoint(r, index);
    if (c->cycle == 0)
        return arena_printf(r->ctx->arena, "%.*s", STR_ARG(c->name));
    return arena_printf(r->ctx->arena, "%.*s %" PRIu32, STR_ARG(c->name), c->cycle);
}

static void count_row(struct report *r, struct table *t, struct str name, uint32_t first,
        uint32_t count, uint32_t component, bool blocks) {
    bool total = component == ROW_NO_COMPONENT;
    table_cell(t, name);
    for (uint32_t i = 0; i < count; i++) {
        const struct run_checkpoint *c = checkpoint(r, first + i);
        const struct ledger_row *row = total ? &c->total : &c->rows[component];
        table_printf(t, "%s", human_exact(blocks ? row->live_blocks : row->live_bytes).text);
    }
}

/// One table of `count` checkpoints, of bytes or of blocks.
static void part_of_table(struct report *r, uint32_t first, uint32_t count, const uint32_t *shown,
        uint32_t shown_count, bool blocks) {
    struct table_column *columns = NEW_ARRAY(r->ctx->arena, struct table_column, count + 1);
    columns[0] = (struct table_column){ .title = blocks ? "blocks" : "bytes", .is_flexible = true };
    for (uint32_t i = 0; i < count; i++)
        columns[i + 1] = (struct table_column){ .title = checkpoint_title(r, first + i),
            .align = TABLE_RIGHT };
    struct table t = table_new(r->ctx->arena, columns, count + 1);
    for (uint32_t k = 0; k < shown_count; k++)
        count_row(r, &t, r->w->map.names[shown[k]], first, count, shown[k], blocks);
    table_rule(&t);
    count_row(r, &t, STR("total (checked)"), first, count, ROW_NO_COMPONENT, blocks);
    table_write(&t, &r->ctx->term, r->out);
    text_add_char(r->out, '\n');
}

/// As many checkpoints a table as fit the width.
static void component_table(struct report *r) {
    enum { NAME_COLUMNS = 15, CELL_COLUMNS = 12 };
    uint32_t most = (r->ctx->term.columns - NAME_COLUMNS) / CELL_COLUMNS;
    uint32_t shown_count;
    const uint32_t *shown = shown_components(r, &shown_count);
    uint32_t all = r->w->run.checkpoint_count;
    for (int blocks = 0; blocks < 2; blocks++)
        for (uint32_t first = 0; first < all; first += most)
            part_of_table(r, first, all - first < most ? all - first : most, shown, shown_count,
                    blocks == 1);
}

void report_text(struct cmd_context *ctx, const struct answer *answer,
        const struct report_view *view, struct text *out) {
    struct report r = { .ctx = ctx, .w = answer, .view = view, .out = out };
    choose_base(&r);
    choose_steps(&r);
    head(&r);
    if (answer->has_target) {
        verdict(&r);
        heading(&r, "Q1  %.*s: where it is at '%.*s'", STR_ARG(answer->target.regions[0].about),
                STR_ARG(checkpoint(&r, r.base)->name));
        waterfall(&r, r.base, 0);
        explain_free(&r);
        text_add_char(out, '\n');
        outside(&r);
        host_only(&r);
        observed_points(&r);
        second_question(&r);
    }
    heading(&r, "What lives at each checkpoint, as requested by the program, by component");
    component_table(&r);
}
