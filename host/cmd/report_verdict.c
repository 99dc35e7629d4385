// The answer in a few sentences, before the evidence. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "site_text.h"

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
    int64_t reserved = region_table_sum(&t, ROW_RESERVED), tasks = region_table_sum(&t, ROW_TASK),
            unexplained = region_table_sum(&t, ROW_UNEXPLAINED) + tasks;
    int64_t taken = (int64_t)t.region->bytes - t.free;
    text_printf(r->out,
            "At '%.*s' %s of %s B are taken: the chip keeps %s, this program's "
            "components hold %s",
            STR_ARG(report_checkpoint(r, r->base)->name), human_exact((uint64_t)taken).text,
            human_exact(t.region->bytes).text, human_exact((uint64_t)reserved).text,
            human_exact((uint64_t)(taken - reserved - unexplained)).text);
    if (t.free_observed)
        text_printf(r->out, ", and %s B (%s of what is taken) are held by what is not in this run",
                human_change(unexplained).text + (unexplained > 0),
                human_percent(unexplained < 0 ? 0 : (uint64_t)unexplained, (uint64_t)taken).text);
    text_printf(r->out, ".\n");
}

/// Without a trace only what the device said tells of growth.
static void verdict_observed(struct report *r) {
    uint32_t from = r->base;
    for (uint32_t i = 0; i < r->step_count; from = r->steps[i++]) {
        struct region_table before = answer_region(r->w, from, ANSWER_STATE, 0),
                            after = answer_region(r->w, r->steps[i], ANSWER_STATE, 0);
        if (before.free_observed && after.free_observed)
            text_printf(r->out, "From '%.*s' to '%.*s' the device's free bytes change by %s.\n",
                    STR_ARG(report_checkpoint(r, from)->name),
                    STR_ARG(report_checkpoint(r, r->steps[i])->name),
                    human_change(after.free - before.free).text);
    }
}

static void verdict_growth(struct report *r) {
    const struct placement_moment *m = r->w->moments[ANSWER_STATE];
    uint32_t from = r->base;
    for (uint32_t i = 0; i < r->step_count; from = r->steps[i++]) {
        int64_t bytes;
        uint32_t site = most_grown(r, &m[from], &m[r->steps[i]], &bytes);
        text_printf(r->out, "From '%.*s' to '%.*s' it takes %s B",
                STR_ARG(report_checkpoint(r, from)->name),
                STR_ARG(report_checkpoint(r, r->steps[i])->name),
                human_change(m[r->steps[i]].regions[0].used - m[from].regions[0].used).text);
        if (site < r->w->owners.site_count)
            text_printf(r->out, ", %s of them at %.*s (%.*s)", human_exact((uint64_t)bytes).text,
                    STR_ARG(site_function(&r->w->owners.sites[site])),
                    STR_ARG(r->w->map.names[r->w->owners.sites[site].component]));
        text_printf(r->out, ".\n");
    }
}

void report_verdict(struct report *r) {
    struct text all = { .arena = r->ctx->arena };
    struct text *out = r->out;
    r->out = &all;
    verdict_before(r);
    if (r->w->has_trace)
        verdict_growth(r);
    else
        verdict_observed(r);
    r->out = out;
    text_add_char(out, '\n');
    text_wrap(out, text_str(&all), 0, r->ctx->term.columns);
}
