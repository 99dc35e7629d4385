// What the options of a project's configuration hold, and what another value of each would leave. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "table.h"

#include <inttypes.h>
#include <string.h>

const char *report_option_name(
        const struct report *r, const struct option_line *o, const char *value) {
    struct arena *a = r->ctx->arena;
    if (o->parameter != TARGET_NONE)
        return arena_printf(a, "%s=%s", r->w->target.parameters[o->parameter].name.at, value);
    return arena_printf(a, "CONFIG_%s=%s", o->symbol, value);
}

/// "+12,345", or why there is none.
static const char *change(
        const struct report *r, const struct option_line *o, uint64_t with, uint64_t now) {
    if (!o->has_outcome)
        return o->parameter == TARGET_NONE ? "" : "no room";
    return arena_printf(r->ctx->arena, "%s", human_change((int64_t)with - (int64_t)now).text);
}

static void add_outcome(const struct report *r, struct table *t, const struct option_line *o,
        const struct option_table *all) {
    const struct option_outcome *now = &all->outcome, *with = &o->outcome;
    table_cell(t, str_from(change(r, o, with->free, now->free)));
    table_cell(t, str_from(change(r, o, with->least_free, now->least_free)));
    table_cell(t, str_from(change(r, o, with->failures, now->failures)));
}

static void add_line(const struct report *r, struct table *t, const struct option_line *o,
        const struct option_table *all) {
    bool is_parameter = o->parameter != TARGET_NONE;
    table_cell(t, is_parameter ? r->w->target.parameters[o->parameter].name : str_from(o->symbol));
    table_printf(t, "%s%s", o->line ? "" : "*", o->now);
    table_printf(t, "%s", o->holds ? report_signed(o->holds).text : "");
    table_printf(t, "%s", strcmp(o->other, o->now) != 0 ? o->other : "");
    table_printf(t, "%s", o->frees ? human_change(o->frees).text : "");
    if (all->has_outcome)
        add_outcome(r, t, o, all);
}

void report_options(struct report *r) {
    const struct option_table *all = r->view->table;
    const char *when = arena_printf(
            r->ctx->arena, "at '%.*s'", STR_ARG(report_checkpoint(r, all->checkpoint)->name));
    const struct table_column columns[] = {
        { .title = "option", .is_flexible = true },
        { .title = "value", .align = TABLE_RIGHT },
        { .title = "holds", .align = TABLE_RIGHT },
        { .title = "or", .align = TABLE_RIGHT },
        { .title = "frees", .align = TABLE_RIGHT },
        { .title = when, .align = TABLE_RIGHT },
        { .title = "at worst", .align = TABLE_RIGHT },
        { .title = "failed", .align = TABLE_RIGHT },
    };
    if (r->view->options->configuration == NULL)
        return;
    report_heading(r, "What the configuration holds of internal RAM, and what another value frees");
    struct table t = table_new(r->ctx->arena, columns, all->has_outcome ? 8 : 5);
    for (uint32_t i = 0; i < all->count; i++)
        if (all->lines[i].holds || all->lines[i].frees || all->lines[i].has_outcome)
            add_line(r, &t, &all->lines[i], all);
    table_write(&t, &r->ctx->term, r->out);
    struct text note = { .arena = r->ctx->arena };
    text_printf(&note, "* not in the configuration: the default.\n");
    if (all->has_outcome)
        text_printf(&note,
                "The last three by replay of this run: how its free bytes change %s (%s as "
                "configured) "
                "and at "
                "its worst moment (%s), and how many more requests fail (%s do).\n",
                when, human_exact(all->outcome.free).text,
                human_exact(all->outcome.least_free).text, human_exact(all->outcome.failures).text);
    text_add_char(r->out, '\n');
    text_wrap(r->out, text_str(&note), 0, r->ctx->term.columns);
}
