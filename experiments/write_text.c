// The experiments' tables. See write.h.
#include "write.h"

#include "human.h"
#include "table.h"

#include <inttypes.h>

enum { SHORTAGES_SHOWN = 5 };

static bool has_moment(const struct results *r, uint32_t setting, uint32_t m) {
    for (uint32_t i = 0; i < r->row_count; i++)
        if (r->rows[i].setting == setting && r->rows[i].moments[m].free.count > 0)
            return true;
    return false;
}

static void cell_spread(struct table *t, const struct spread *s) {
    if (s->count == 0)
        table_cell(t, STR("-"));
    else if (s->least == s->most)
        table_printf(t, "%s", human_exact(s->median).text);
    else
        table_printf(t, "%s (%s..%s)", human_exact(s->median).text,
                human_change((int64_t)(s->least - s->median)).text,
                human_change((int64_t)(s->most - s->median)).text);
}

static void cell_gain(struct table *t, const struct row *row, const struct row *other, uint32_t m) {
    int64_t gain;
    if (results_gain(row, other, m, &gain))
        table_printf(t, "%s", human_change(gain).text);
    else
        table_cell(t, STR("-"));
}

static const struct row *row_before(const struct results *r, const struct row *row) {
    return row->state->after < 0 ? NULL
                                 : results_row(r, r->states[row->state->after].name, row->setting);
}

/// A column for the state, one for each checkpoint that was reached, and `more` others.
static uint32_t moment_columns(const struct results *r, uint32_t setting,
        struct table_column *columns, uint32_t *moments) {
    uint32_t count = 0;
    columns[0] = (struct table_column){ .title = "internal RAM, bytes" };
    for (uint32_t m = 0; m < MOMENTS; m++) {
        if (!has_moment(r, setting, m))
            continue;
        columns[1 + count] =
                (struct table_column){ .title = moment_titles[m], .align = TABLE_RIGHT };
        moments[count++] = m;
    }
    return count;
}

typedef void cell_fn(struct table *t, const struct results *r, const struct row *row, uint32_t m);

static void cell_free(struct table *t, const struct results *r, const struct row *row, uint32_t m) {
    (void)r;
    cell_spread(t, &row->moments[m].free);
}

static void cell_largest(
        struct table *t, const struct results *r, const struct row *row, uint32_t m) {
    (void)r;
    cell_spread(t, &row->moments[m].largest);
}

static void cell_before(
        struct table *t, const struct results *r, const struct row *row, uint32_t m) {
    cell_gain(t, row, row_before(r, row), m);
}

static void cell_stock(
        struct table *t, const struct results *r, const struct row *row, uint32_t m) {
    cell_gain(t, row, results_row(r, STR("stock"), row->setting), m);
}

static void cell_predicted(
        struct table *t, const struct results *r, const struct row *row, uint32_t m) {
    (void)r;
    if (row->moments[m].predicted)
        table_printf(t, "%s", human_exact(row->moments[m].predicted_free).text);
    else
        table_cell(t, STR("-"));
}

static void cell_difference(
        struct table *t, const struct results *r, const struct row *row, uint32_t m) {
    (void)r;
    const struct moment *at = &row->moments[m];
    if (at->predicted && at->free.count > 0)
        table_printf(t, "%s", human_change((int64_t)(at->predicted_free - at->free.median)).text);
    else
        table_cell(t, STR("-"));
}

static void group(struct table *t, const struct results *r, uint32_t setting, const char *title,
        cell_fn *cell, const uint32_t *moments, uint32_t count, bool skips_first) {
    table_heading(t, str_from(title));
    for (uint32_t i = 0; i < r->row_count; i++) {
        const struct row *row = &r->rows[i];
        if (row->setting != setting || (skips_first && row->state->after < 0))
            continue;
        table_printf(t, "  %.*s", STR_ARG(row->state->name));
        for (uint32_t n = 0; n < count; n++)
            cell(t, r, row, moments[n]);
    }
}

static void setting_table(
        const struct results *r, uint32_t setting, const struct term *term, struct text *out) {
    struct table_column columns[MOMENTS + 1];
    uint32_t moments[MOMENTS];
    uint32_t count = moment_columns(r, setting, columns, moments);
    struct table t = table_new(r->a, columns, count + 1);
    group(&t, r, setting, "free, measured", cell_free, moments, count, false);
    group(&t, r, setting, "largest free block, measured", cell_largest, moments, count, false);
    group(&t, r, setting, "gained against the row before", cell_before, moments, count, true);
    group(&t, r, setting, "gained against stock", cell_stock, moments, count, true);
    group(&t, r, setting, "free, predicted from the stock run", cell_predicted, moments, count,
            false);
    group(&t, r, setting, "predicted less measured", cell_difference, moments, count, false);
    table_write(&t, term, out);
}

static void head_text(const struct results *r, struct text *out) {
    text_printf(out,
            "The port's states, really built and run on %s (%.*s), %" PRIu64
            " s of streaming, %u run%s each.\n",
            r->target.name.at, STR_ARG(r->target_options), r->seconds, r->rows[0].runs,
            r->rows[0].runs == 1 ? "" : "s");
    text_printf(out,
            "Free: what the chip counts as internal, in all regions; medians (least..most).\n\n");
    for (uint32_t i = 0; i < r->state_count; i++) {
        const struct state *s = &r->states[i];
        text_printf(out, "  %-13.*s %.*s", STR_ARG(s->name), STR_ARG(s->about));
        if (s->mechanism.len > 0)
            text_printf(out, " (%.*s)", STR_ARG(s->mechanism));
        if (s->expects.len > 0)
            text_printf(out, "; the port's plan expects %.*s", STR_ARG(s->expects));
        text_add_char(out, '\n');
    }
}

// ---- what is left

static void left_table(const struct results *r, uint32_t setting, uint32_t m,
        const struct term *term, struct text *out) {
    static const struct table_column columns[] = {
        { .title = "left in internal RAM" },
        { .title = "own malloc", .align = TABLE_RIGHT },
        { .title = "operator new", .align = TABLE_RIGHT },
        { .title = "in libc", .align = TABLE_RIGHT },
        { .title = "port insists", .align = TABLE_RIGHT },
        { .title = "kernel objects", .align = TABLE_RIGHT },
        { .title = "stacks", .align = TABLE_RIGHT },
    };
    struct table t = table_new(r->a, columns, 7);
    for (uint32_t i = 0; i < r->row_count; i++) {
        const struct row *row = &r->rows[i];
        if (row->setting != setting || row->moments[m].holdings == NULL)
            continue;
        table_heading(&t, row->state->name);
        for (uint32_t n = 0; n < row->moments[m].holding_count; n++) {
            const struct holding *h = &row->moments[m].holdings[n];
            uint64_t sum = 0;
            for (int w = 0; w < WHY_COUNT; w++)
                sum += h->internal[w];
            if (sum == 0)
                continue;
            table_printf(&t, "  %.*s", STR_ARG(h->component));
            for (int w = 0; w < WHY_COUNT; w++)
                table_printf(&t, "%s", h->internal[w] == 0 ? "" : human_exact(h->internal[w]).text);
        }
    }
    table_write(&t, term, out);
}

/// Without parameters and template arguments, which are longer than a line.
static struct str short_name(struct str function) {
    for (size_t i = 1; i < function.len; i++)
        if (function.at[i] == '<' || function.at[i] == '(')
            return (struct str){ function.at, i };
    return function;
}

/// The functions through which it goes, call stacks of one summed up, in the order of the first.
static void shortages_of(const struct row *row, struct text *out) {
    uint32_t shown = 0;
    for (uint32_t n = 0; n < row->shortage_count && shown < SHORTAGES_SHOWN; n++) {
        struct shortage sum = row->shortages[n];
        bool seen = false;
        for (uint32_t i = 0; i < row->shortage_count; i++) {
            const struct shortage *s = &row->shortages[i];
            if (i == n || !str_equal(short_name(s->function), short_name(sum.function)) ||
                    s->is_kernel != sum.is_kernel)
                continue;
            seen |= i < n;
            sum.count += s->count;
            sum.bytes += s->bytes;
            sum.failed += s->failed;
        }
        if (seen)
            continue;
        shown++;
        text_printf(out, "      %8s requests, %11s B  %.*s: %.*s%s", human_exact(sum.count).text,
                human_exact(sum.bytes).text, STR_ARG(sum.component),
                STR_ARG(short_name(sum.function)), sum.is_kernel ? ", a kernel object" : "");
        if (sum.failed > 0)
            text_printf(out, ", %s in vain", human_exact(sum.failed).text);
        text_add_char(out, '\n');
    }
}

static void shortages_text(const struct results *r, struct text *out) {
    for (uint32_t i = 0; i < r->row_count; i++) {
        const struct row *row = &r->rows[i];
        if (row->complaint.len > 0)
            text_printf(out, "  %.*s, %s: %u of %u runs did not end well: %.*s\n",
                    STR_ARG(row->state->name), setting_names[row->setting],
                    row->runs - row->completed, row->runs, STR_ARG(row->complaint));
        if (row->shortage_count == 0)
            continue;
        const struct shortage *first = &row->shortages[0];
        double seconds = ((double)row->first_short_us - (double)row->connected_us) / 1e6;
        bool streams = row->connected_us > 0 && row->first_short_us >= row->connected_us;
        text_printf(out,
                "  %.*s, %s: %s %.1f s %s, at %.*s (%.*s); then %s requests of %u call stacks",
                STR_ARG(row->state->name), setting_names[row->setting], streams ? "" : "already",
                streams ? seconds : (double)row->first_short_us / 1e6,
                streams ? "after connected" : "into the run", STR_ARG(short_name(first->function)),
                STR_ARG(first->component), human_exact(row->short_requests).text,
                row->shortage_count);
        if (row->short_failed > 0)
            text_printf(out, ", %s of them in vain", human_exact(row->short_failed).text);
        text_printf(out, "\n");
        shortages_of(row, out);
    }
}

// ---- verdicts and checks

static const char *figure_of(struct arena *a, bool known, bool is_count, int64_t figure) {
    if (!known)
        return "-";
    return is_count ? arena_printf(a, "%" PRId64, figure)
                    : arena_printf(a, "%s B", human_exact((uint64_t)figure).text);
}

static void claims_table(const struct answers *w, const struct term *term, struct text *out) {
    static const struct table_column columns[] = {
        { .title = "step", .align = TABLE_RIGHT },
        { .title = "claim" },
        { .title = "expected" },
        { .title = "measured", .align = TABLE_RIGHT },
        { .title = "verdict" },
        { .title = "", .is_flexible = true },
    };
    struct arena *a = w->results->a;
    struct table t = table_new(a, columns, 6);
    for (uint32_t i = 0; i < w->claims->count; i++) {
        const struct claim *c = &w->claims->list[i];
        if (c->step == 0)
            table_cell(&t, STR("-"));
        else
            table_printf(&t, "%u", c->step);
        table_cell(&t, c->name);
        table_cell(&t, c->expectation);
        if (c->known && !c->is_count && c->figure < 0)
            table_printf(&t, "%s B", human_change(c->figure).text);
        else
            table_cell(&t, str_from(figure_of(a, c->known, c->is_count, c->figure)));
        table_cell(&t, str_from(verdict_names[c->verdict]));
        table_cell(&t, c->note);
    }
    table_write(&t, term, out);
}

static void claims_words(const struct claims *claims, struct text *out) {
    text_printf(out, "\nIn the plan's words:\n\n");
    for (uint32_t i = 0; i < claims->count; i++)
        text_printf(out, "- %.*s: \"%.*s\"\n", STR_ARG(claims->list[i].name),
                STR_ARG(claims->list[i].text));
}

static void guesses_table(const struct results *r, const struct term *term, struct text *out) {
    static const struct table_column columns[] = {
        { .title = "step", .align = TABLE_RIGHT },
        { .title = "guess" },
        { .title = "expected" },
        { .title = "measured", .align = TABLE_RIGHT },
        { .title = "verdict" },
    };
    struct table t = table_new(r->a, columns, 5);
    for (uint32_t i = 0; i < r->guess_count; i++) {
        const struct guess *g = &r->guesses[i];
        table_printf(&t, "%u", g->step);
        table_cell(&t, g->name);
        table_cell(&t, g->expected);
        table_printf(&t, "%s",
                human_change(g->measured).text[0] == '+' ? human_change(g->measured).text + 1
                                                         : human_change(g->measured).text);
        table_cell(&t, g->verdict);
    }
    table_write(&t, term, out);
}

static void checks_table(const struct answers *w, const struct term *term, struct text *out) {
    static const struct table_column columns[] = {
        { .title = "check" },
        { .title = "state" },
        { .title = "setting" },
        { .title = "" },
        { .title = "", .is_flexible = true },
    };
    struct table t = table_new(w->results->a, columns, 5);
    for (uint32_t i = 0; i < w->checks->count; i++) {
        const struct check *c = &w->checks->list[i];
        table_cell(&t, str_from(c->name));
        table_cell(&t, c->row->state->name);
        table_cell(&t, str_from(setting_names[c->row->setting]));
        table_cell(&t, !c->applies ? STR("-") : c->pass ? STR("pass") : STR("FAIL"));
        table_cell(&t, str_from(c->figure));
    }
    table_write(&t, term, out);
}

static void section(struct text *out, bool page, const char *title, bool fenced) {
    text_printf(out, page ? "\n## %s\n\n%s" : "\n%s\n\n", title, fenced ? "```text\n" : "");
}

static void body(const struct answers *w, unsigned columns, bool page, struct text *out) {
    const struct results *r = w->results;
    struct term term = { .columns = columns };
    const char *end = page ? "```\n" : "";
    section(out, page, "bare: the chip holds this run and nothing else", page);
    setting_table(r, 0, &term, out);
    text_printf(out, "%s", end);
    section(out, page,
            arena_printf(r->a,
                    "observed: %s B are occupied beforehand, so that as-ported has free at "
                    "networking what was seen "
                    "on the chip",
                    human_exact(r->occupied_bytes).text),
            page);
    setting_table(r, 1, &term, out);
    text_printf(out, "%s", end);
    section(out, page,
            "Out of internal RAM: requests whose first choice it was, served elsewhere or not at "
            "all",
            page);
    shortages_text(r, out);
    text_printf(out, "%s", end);
    section(out, page, "What still sits in internal RAM at connected, by component and why (bare)",
            page);
    left_table(r, 0, MOMENT_CONNECTED, &term, out);
    text_printf(out, "%s", end);
    section(out, page, "The port's plan: what it claims of its states", page);
    claims_table(w, &term, out);
    text_printf(out, "%s", end);
    if (page)
        claims_words(w->claims, out);
    section(out, page, "The port's plan: its guesses on sizes, by ramlens report on the stock run",
            page);
    guesses_table(r, &term, out);
    text_printf(out, "%s", end);
    section(out, page, "Checks", page);
    checks_table(w, &term, out);
    text_printf(out, "%s", end);
}

void write_text(const struct answers *w, unsigned columns, struct text *out) {
    head_text(w->results, out);
    body(w, columns, false, out);
}

void write_page(const struct answers *w, struct text *out) {
    text_printf(out, "# The porting plan, carried out\n\n"
                     "Written by `make experiments`; run it to have it from your machine. Figures "
                     "are bytes.\n\n```text\n");
    head_text(w->results, out);
    text_printf(out, "```\n");
    body(w, 200, true, out);
}
