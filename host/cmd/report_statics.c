// Static data of Q1, variable by variable. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "table.h"

#include <inttypes.h>

/// "main.c:12", without debug information "main.c.obj"; "description.hpp, 22 objects".
static struct str place(struct report *r, const struct static_line *line) {
    struct arena *a = r->ctx->arena;
    struct str file = str_base_name(line->source.len ? line->source : line->object);
    struct text out = { .arena = a };
    text_add(&out, file);
    if (line->line != 0)
        text_printf(&out, ":%" PRIu32, line->line);
    if (line->objects > 1)
        text_printf(&out, "%s%" PRIu32 " objects", file.len ? ", " : "", line->objects);
    return text_str(&out);
}

void report_statics(struct report *r) {
    static const struct table_column columns[] = {
        { .title = "bytes", .align = TABLE_RIGHT },
        { .title = "component" },
        { .title = "kind" },
        { .title = "symbol", .is_flexible = true },
        { .title = "where" },
        { .title = "known by" },
    };
    const struct static_table *list = r->view->statics;
    struct str known[STATIC_ORIGINS];
    uint64_t sum = 0;
    if (list == NULL)
        return;
    const struct target_region *region = &r->w->target.regions[0];
    report_heading(r, "Static data in %.*s, variable by variable", STR_ARG(region->about));
    for (int i = 0; i < STATIC_ORIGINS; i++)
        known[i] = static_entries_known(r->ctx->arena, &r->w->sources, (enum static_origin)i);
    struct table t = table_new(r->ctx->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list->len; i++) {
        const struct static_line *line = &list->at[i];
        table_printf(&t, "%s", human_exact(line->bytes).text);
        table_cell(&t, r->w->map.names[line->component]);
        table_cell(&t, str_from(footprint_kind_names[line->kind]));
        table_cell(&t, line->name.len ? line->name : STR("-"));
        table_cell(&t, place(r, line));
        table_cell(&t, known[line->origin]);
        sum += line->bytes;
    }
    table_rule(&t);
    table_printf(&t, "%s", human_exact(sum).text);
    table_cell(&t, STR("all"));
    for (int i = 0; i < 4; i++)
        table_cell(&t, STR(""));
    table_write(&t, &r->ctx->term, r->out);
}
