// The tables of the report that need no chip: what lives at each checkpoint, and where. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "table.h"

#include <inttypes.h>

/// Components in the order of reports: those in focus, then the rest; without those that never held a block.
static uint32_t *shown_components(const struct report *r, uint32_t *count) {
    const struct answer *w = r->w;
    uint32_t *list = NEW_ARRAY(r->ctx->arena, uint32_t, w->map.count + 1);
    *count = 0;
    for (int round = 0; round < 2; round++)
        for (uint32_t k = 0; k < w->map.count; k++) {
            bool any = false;
            for (uint32_t i = 0; i < w->run.checkpoint_count; i++)
                any = any || report_checkpoint(r, i)->rows[k].live_blocks > 0;
            if (any && component_is_in_focus(&w->map, k) == (round == 0))
                list[(*count)++] = k;
        }
    return list;
}

static const char *checkpoint_title(const struct report *r, uint32_t index) {
    const struct run_checkpoint *c = report_checkpoint(r, index);
    if (c->cycle == 0)
        return arena_printf(r->ctx->arena, "%.*s", STR_ARG(c->name));
    return arena_printf(r->ctx->arena, "%.*s %" PRIu32, STR_ARG(c->name), c->cycle);
}

static void count_row(struct report *r, struct table *t, struct str name, uint32_t first,
        uint32_t count, uint32_t component, bool blocks) {
    bool total = component == ROW_NO_COMPONENT;
    table_cell(t, name);
    for (uint32_t i = 0; i < count; i++) {
        const struct run_checkpoint *c = report_checkpoint(r, first + i);
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
void report_components(struct report *r) {
    report_heading(r, "What lives at each checkpoint, as requested by the program, by component");
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
