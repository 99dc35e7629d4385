// Standard containers by the class that has them. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "table.h"

static bool is_shown(const struct report *r, const struct container_row *row) {
    return row->wanted || r->view->all_containers;
}

static uint32_t count_shown(const struct report *r, const struct container_table *t) {
    uint32_t count = 0;
    for (size_t i = 0; i < t->rows.len; i++)
        count += is_shown(r, &t->rows.at[i]);
    return count;
}

static void amount_cell(struct table *t, const struct container_amount *amount) {
    if (amount->blocks == 0)
        table_cell(t, STR("0"));
    else
        table_printf(
                t, "%s in %s", human_exact(amount->bytes).text, human_exact(amount->blocks).text);
}

void report_containers(struct report *r, const struct container_table *containers) {
    if (count_shown(r, containers) == 0)
        return;
    uint32_t step = r->step_count > 0 ? r->steps[0] : r->w->run.checkpoint_count - 1;
    struct table_column columns[] = {
        { .title = "class", .is_flexible = true },
        { .title = "container" },
        { .title = arena_copy(r->ctx->arena, report_checkpoint(r, r->base)->name).at,
                .align = TABLE_RIGHT },
        { .title = arena_copy(r->ctx->arena, report_checkpoint(r, step)->name).at,
                .align = TABLE_RIGHT },
        { .title = "at its peak", .align = TABLE_RIGHT },
    };
    report_heading(r, "What standard containers hold, in bytes as requested and blocks, by class");
    struct table t = table_new(r->ctx->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < containers->rows.len; i++) {
        const struct container_row *row = &containers->rows.at[i];
        if (!is_shown(r, row))
            continue;
        table_cell(&t, row->owner);
        table_cell(&t, row->type);
        amount_cell(&t, &row->at[r->base]);
        amount_cell(&t, &row->at[step]);
        amount_cell(&t, &row->peak);
    }
    table_write(&t, &r->ctx->term, r->out);
    if (!r->view->all_containers)
        text_printf(r->out, "\nThe containers that the estimates name; --containers shows all.\n");
}
