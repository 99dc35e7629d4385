// Q1 of the report: where a region's bytes are before the first connection. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "table.h"

#include <inttypes.h>

static struct str component_name(const struct report *r, uint32_t component) {
    return component == ROW_NO_COMPONENT ? STR("") : r->w->map.names[component];
}

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

/// One line: what, its bytes in the state and, beside it, in stock, how it is known.
static void line(struct report *r, struct table *t, const char *what, const char *state,
        const char *stock, const char *source) {
    table_cell(t, str_from(what));
    table_printf(t, "%s", state);
    if (r->two_states)
        table_printf(t, "%s", stock);
    table_cell(t, str_from(source));
}

/// What belongs to no component because nobody wrote it: words for it; "" for what somebody did.
static struct str nobodys(const struct report *r, const struct region_row *row) {
    bool is_unknown = row->kind == ROW_STATIC && row->component == component_unknown(&r->w->map);
    if (is_unknown && str_equal(row->about, str_from(footprint_kind_names[FOOTPRINT_PADDING])))
        return STR("padding between objects");
    if (is_unknown && str_equal(row->about, str_from(footprint_kind_names[FOOTPRINT_LINKER])))
        return STR("made by the linker");
    return STR("");
}

static void row_line(struct report *r, struct table *t, const struct region_row *row, int64_t state,
        int64_t stock) {
    struct str nobody = nobodys(r, row);
    struct str name = nobody.len ? nobody : component_name(r, row->component);
    bool is_static = row->kind == ROW_STATIC && name.len && nobody.len == 0;
    const char *what = arena_printf(r->ctx->arena, "%-12s %.*s%s%.*s", row_kind_names[row->kind],
            STR_ARG(name.len != 0 ? name : row->about), is_static ? ", " : "",
            (int)(is_static ? row->about.len : 0), row->about.at);
    line(r, t, what, human_change(-state).text, human_change(-stock).text,
            row->known.len ? row->known.at : row_source_names[row->source]);
}

/// The rows of one kind: the state's, then those that only stock has.
static void rows_of_kind(struct report *r, struct table *t, enum row_kind kind,
        const struct region_table *state, const struct region_table *stock) {
    for (uint32_t i = 0; i < state->row_count; i++) {
        const struct region_row *row = &state->rows[i];
        const struct region_row *same = same_row(stock, row);
        if (row->kind == kind)
            row_line(r, t, row, row->bytes, same == NULL ? 0 : same->bytes);
    }
    for (uint32_t i = 0; r->two_states && i < stock->row_count; i++) {
        const struct region_row *row = &stock->rows[i];
        if (row->kind == kind && same_row(state, row) == NULL)
            row_line(r, t, row, 0, row->bytes);
    }
}

static void waterfall(struct report *r, uint32_t index, uint32_t region) {
    const struct table_column columns[] = {
        { .title = "", .is_flexible = true },
        { .title = r->w->placements[ANSWER_STATE].name, .align = TABLE_RIGHT },
        { .title = r->two_states ? "stock" : "known by",
                .align = r->two_states ? TABLE_RIGHT : TABLE_LEFT },
        { .title = "known by" },
    };
    struct region_table state = answer_region(r->w, index, ANSWER_STATE, region);
    struct region_table stock = answer_region(r->w, index, ANSWER_STOCK, region);
    struct table t = table_new(r->ctx->arena, columns, r->two_states ? 4 : 3);
    const char *size = arena_printf(r->ctx->arena, "%s", human_exact(state.region->bytes).text);
    const char *about = arena_copy(r->ctx->arena, state.region->about).at;
    line(r, &t, about, size, size, "profile");
    for (int kind = 0; kind < ROW_KIND_COUNT; kind++)
        rows_of_kind(r, &t, (enum row_kind)kind, &state, &stock);
    table_rule(&t);
    line(r, &t, "free", report_signed(state.free).text, report_signed(stock.free).text,
            state.free_observed ? "observed" : "computed");
    table_write(&t, &r->ctx->term, r->out);
}

// ---- heaps outside the first region, host-only bytes, observed points that the run lacks

static void outside(struct report *r) {
    const struct answer *w = r->w;
    struct observed_figure internal = { .asks = target_find_capability(
                                                &w->target, STR("INTERNAL")) };
    for (uint32_t i = 1; i < w->target.region_count; i++) {
        const struct target_region *region = &w->target.regions[i];
        struct region_table t = answer_region(w, r->base, ANSWER_STATE, i);
        struct region_table stock = answer_region(w, r->base, ANSWER_STOCK, i);
        text_printf(r->out, "%.*s: %s of %s B free%s", STR_ARG(region->about),
                report_signed(t.free).text, human_exact(region->bytes).text,
                observed_counts(&w->target, &internal, i) ? ", counted as internal" : "");
        if (r->two_states && stock.free != t.free)
            text_printf(r->out, " (stock: %s)", report_signed(stock.free).text);
        text_add_char(r->out, '\n');
    }
}

/// Threads that live at the base checkpoint.
static uint64_t report_threads(const struct report *r) {
    const struct run_checkpoint *c = report_checkpoint(r, r->base);
    uint64_t count = 0;
    for (uint32_t i = 0; i < r->w->map.count; i++)
        count += c->rows[i].kernel[KERNEL_THREAD];
    return count;
}

/// What a heap has only later, and what each thread has a copy of.
static void within(struct report *r) {
    const struct answer *w = r->w;
    const struct target_region *region = &w->target.regions[0];
    struct text note = { .arena = r->ctx->arena };
    for (uint32_t i = 0; i < region->lent_count; i++)
        text_printf(&note, "%s%.*s, %s B (until '%.*s')",
                i ? "; " : "Heap only later: ", STR_ARG(region->lent[i].about),
                human_exact(region->lent[i].bytes).text, STR_ARG(region->lent[i].until));
    text_printf(&note, "%s", region->lent_count ? ".\n" : "");
    const struct static_account *s = &w->accounts[ANSWER_STATE];
    uint64_t all = 0;
    for (uint32_t i = 0; i < s->component_count; i++)
        all += s->thread_bytes[i];
    if (all)
        text_printf(&note, "Thread-local data, a copy on each thread's stack: %s B",
                human_exact(all).text);
    for (uint32_t i = 0; i < s->component_count; i++)
        if (s->thread_bytes[i])
            text_printf(&note, ", %.*s %s", STR_ARG(w->map.names[i]),
                    human_exact(s->thread_bytes[i]).text);
    if (all && w->has_trace)
        text_printf(&note, "; %s threads of this run at that moment",
                human_exact(report_threads(r)).text);
    if (all)
        text_add(&note, STR(".\n"));
    if (note.len)
        text_wrap(r->out, text_str(&note), 0, r->ctx->term.columns);
}

static void beyond_log(struct report *r) {
    uint64_t bytes = r->w->accounts[ANSWER_STATE].beyond_log[0];
    if (bytes)
        text_printf(r->out,
                "The files have %s B more static data than the device's log leaves room for: they "
                "are "
                "not of one build.\n",
                human_exact(bytes).text);
}

static void host_only(struct report *r) {
    const struct answer *w = r->w;
    const struct run_checkpoint *c = report_checkpoint(r, r->base);
    struct text note = { .arena = r->ctx->arena };
    text_add_char(r->out, '\n');
    text_printf(&note, "Only on this host, in no region of the chip:");
    for (uint32_t i = 0; i < w->map.count; i++)
        if (w->host_only[i] && c->rows[i].live_bytes > 0)
            text_printf(&note, " %.*s %s B in %s block%s;", STR_ARG(w->map.names[i]),
                    human_exact(c->rows[i].live_bytes).text,
                    human_exact(c->rows[i].live_blocks).text,
                    c->rows[i].live_blocks == 1 ? "" : "s");
    text_printf(&note, " recorder %s\n", human_bytes(c->recorder_bytes).text);
    text_wrap(r->out, text_str(&note), 0, r->ctx->term.columns);
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
    if (unexplained < 0)
        text_printf(r->out,
                "The model needs %s B more than was observed to be taken: it is too high, or the "
                "figure is.\n",
                human_exact((uint64_t)-unexplained).text);
}

void report_first_question(struct report *r) {
    report_heading(r, "Q1  %.*s: where it is at '%.*s'", STR_ARG(r->w->target.regions[0].about),
            STR_ARG(report_checkpoint(r, r->base)->name));
    waterfall(r, r->base, 0);
    explain_free(r);
    text_add_char(r->out, '\n');
    outside(r);
    within(r);
    beyond_log(r);
    if (!trace_is_of_device(r->w->image))
        host_only(r);
    observed_points(r);
}
