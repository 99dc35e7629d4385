// The guesses of the plan, judged. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "table.h"

#include <inttypes.h>

void report_guesses(struct report *r, const struct guess_list *list) {
    static const struct table_column columns[] = {
        { .title = "guess", .is_flexible = true },
        { .title = "expected" },
        { .title = "measured", .align = TABLE_RIGHT },
        { .title = "verdict" },
    };
    report_heading(r, "The guesses of the plan (%s)", list->path);
    struct table t = table_new(r->ctx->arena, columns, 4);
    uint32_t counts[GUESS_OPEN + 1] = { 0 };
    for (uint32_t i = 0; i < list->count; i++) {
        const struct guess *g = &list->guesses[i];
        counts[g->verdict]++;
        table_cell(&t, g->estimate->name);
        table_cell(&t, g->estimate->expectation);
        table_printf(&t, "%s", g->verdict == GUESS_OPEN ? "-" : report_signed(g->measured).text);
        table_cell(&t, str_from(guess_verdict_names[g->verdict]));
        table_heading(&t, str_from(arena_printf(r->ctx->arena, "    %.*s", STR_ARG(g->evidence))));
    }
    table_write(&t, &r->ctx->term, r->out);
    text_printf(r->out,
            "\n%" PRIu32 " right, %" PRIu32 " wrong, %" PRIu32 " answered, %" PRIu32
            " that the run cannot say\n",
            counts[GUESS_RIGHT], counts[GUESS_WRONG], counts[GUESS_ANSWERED], counts[GUESS_OPEN]);
}
