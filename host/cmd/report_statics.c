// Static data of Q1, variable by variable. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "table.h"

#include <inttypes.h>

/// "main.c:12", "main.c", or "".
static struct str place(struct report *r, const struct static_line *line) {
    struct str file = str_base_name(line->source);
    if (line->line == 0)
        return file;
    return str_from(arena_printf(r->ctx->arena, "%.*s:%" PRIu32, STR_ARG(file), line->line));
}

/// "y.o", or how many.
static struct str owner(struct report *r, const struct static_line *line) {
    if (line->objects > 1)
        return str_from(arena_printf(r->ctx->arena, "%" PRIu32 " objects", line->objects));
    return str_base_name(line->object);
}

void report_statics(struct report *r) {
    static const struct table_column columns[] = {
        { .title = "bytes", .align = TABLE_RIGHT },
        { .title = "component" },
        { .title = "kind" },
        { .title = "symbol", .is_flexible = true },
        { .title = "where" },
        { .title = "object" },
    };
    const struct static_table *list = r->view->statics;
    uint64_t sum = 0;
    if (list == NULL)
        return;
    const struct target_region *region = &r->w->target.regions[0];
    report_heading(r, "Static data in %.*s, variable by variable", STR_ARG(region->about));
    struct table t = table_new(r->ctx->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list->len; i++) {
        const struct static_line *line = &list->at[i];
        table_printf(&t, "%s", human_exact(line->bytes).text);
        table_cell(&t, r->w->map.names[line->component]);
        table_cell(&t, str_from(footprint_kind_names[line->kind]));
        table_cell(&t, line->name.len ? line->name : STR("-"));
        table_cell(&t, place(r, line));
        table_cell(&t, owner(r, line));
        sum += line->bytes;
    }
    table_rule(&t);
    table_printf(&t, "%s", human_exact(sum).text);
    table_cell(&t, STR("all"));
    for (int i = 0; i < 4; i++)
        table_cell(&t, STR(""));
    table_write(&t, &r->ctx->term, r->out);
}
