// Two findings at the report's head: what is largest and could lie elsewhere, which choice of the configuration buys most; and, at its end,
// which input would tell more. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "site_text.h"

static void price(struct text *out, struct str words) {
    if (words.len)
        text_printf(out, " Price: %.*s.", STR_ARG(words));
    text_add_char(out, '\n');
}

static void largest_site(
        const struct report *r, const struct finding_site *found, struct text *out) {
    const struct site *s = &r->w->owners.sites[found->site];
    text_printf(out,
            "Largest and movable: %s B at %.*s (%.*s), on the heap at '%.*s'; `ramlens plan` says "
            "what "
            "moving it wins.\n",
            human_exact((uint64_t)found->bytes).text, STR_ARG(site_function(s)),
            STR_ARG(r->w->map.names[s->component]), STR_ARG(report_checkpoint(r, r->base)->name));
}

static void largest(const struct report *r, const struct findings *f, struct text *out) {
    const struct static_move *m = f->largest;
    const char *kind = m ? footprint_kind_names[m->kind] : "";
    if (f->site.found && (m == NULL || (uint64_t)f->site.bytes > m->bytes)) {
        largest_site(r, &f->site, out);
        return;
    }
    if (m == NULL)
        return;
    text_printf(out,
            "Largest and movable: %s B of %s%s of %.*s (%.*s) could lie in %.*s: `static %.*s %s "
            "%.*s` "
            "in a plan.",
            human_exact(m->bytes).text, kind, m->kind == FOOTPRINT_ZERO ? " data" : "s",
            STR_ARG(m->archive), STR_ARG(r->w->map.names[m->component]), STR_ARG(m->memory),
            STR_ARG(m->archive), kind, STR_ARG(m->memory));
    price(out, m->price);
}

/// When the bytes are won. Of what only costs, such as buffers of a connection, its own words say it.
static const char *when_won(const struct report *r, const struct option_line *o) {
    if (r->view->table->has_outcome && o->has_outcome)
        return " at the worst moment of this run, by replay";
    return o->parameter == TARGET_NONE ? "" : " before anything runs";
}

static void option(const struct report *r, struct text *out) {
    const struct option_line *o = r->view->findings->option;
    if (o == NULL)
        return;
    text_printf(out,
            "Of the configuration, %s in place of %s buys most: %s B of internal RAM%s (%.*s).",
            report_option_name(r, o, o->other), o->now,
            human_exact((uint64_t)option_table_gain(r->view->table, o)).text, when_won(r, o),
            STR_ARG(o->about));
    price(out, o->price);
}

void report_findings(struct report *r) {
    struct text all = { .arena = r->ctx->arena };
    largest(r, r->view->findings, &all);
    option(r, &all);
    if (all.len == 0)
        return;
    text_add_char(r->out, '\n');
    text_wrap(r->out, text_str(&all), 0, r->ctx->term.columns);
}

// ---- which input would tell more

static bool has_origin(const struct region_table *t, const char *origin) {
    for (uint32_t i = 0; i < t->row_count; i++)
        if (t->rows[i].kind == ROW_STATIC && str_equal(t->rows[i].origin, str_from(origin)))
            return true;
    return false;
}

void report_hints(struct report *r) {
    const struct answer *w = r->w;
    struct region_table t = answer_region(w, r->base, ANSWER_STATE, 0);
    struct text all = { .arena = r->ctx->arena };
    if (has_origin(&t, static_origin_names[STATIC_OF_HOST]))
        text_printf(&all,
                "Static data known by the program that ran is another machine's: --archives "
                "gives the device's, before it is linked.\n");
    if (!w->has_device)
        text_printf(&all,
                "--elf and --map of the device's program tell its code in RAM, its padding, and "
                "what of the archives is really linked.\n");
    if (r->view->options->configuration == NULL && w->target.kconfig_count > 0)
        text_printf(&all,
                "--sdkconfig tells the cache, the revision, the stacks and buffers that the "
                "profile has by default.\n");
    if (!w->has_observed)
        text_printf(&all,
                "--boot-log, what the device printed, tells the chip's parameters and how much is "
                "static in all; with --free, or by --observed, what is free at moments.\n");
    if (!w->has_trace)
        text_printf(&all,
                "A trace of the same sources (`ramlens record`), or of the device (`ramlens "
                "import`), tells what is allocated, and by whom.\n");
    if (all.len == 0)
        return;
    text_printf(r->out, "\nTo know more:\n");
    text_wrap(r->out, text_str(&all), 2, r->ctx->term.columns);
}
