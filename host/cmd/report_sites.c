// Tables of sites. See report_parts.h.
#include "report_parts.h"

#include "human.h"
#include "site_text.h"
#include "table.h"

#include <stdlib.h>

enum { SITES_SHOWN = 10 };

struct ranked_site {
    uint32_t site;
    int64_t bytes;
};

static int by_bytes(const void *a, const void *b) {
    const struct ranked_site *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->site < y->site ? -1 : x->site > y->site;
}

static void write_sites(struct report *r, struct ranked_site *list, uint32_t count, bool change) {
    static const struct table_column columns[] = {
        { .title = "bytes", .align = TABLE_RIGHT },
        { .title = "component" },
        { .title = "function", .is_flexible = true },
        { .title = "where" },
        { .title = "site" },
    };
    qsort(list, count, sizeof *list, by_bytes);
    struct table t = table_new(r->ctx->arena, columns, 5);
    for (uint32_t i = 0; i < count && (i < SITES_SHOWN || r->view->all_sites); i++) {
        const struct site *s = &r->w->owners.sites[list[i].site];
        table_printf(&t, "%s",
                change ? human_change(list[i].bytes).text : report_signed(list[i].bytes).text);
        table_cell(&t, r->w->map.names[s->component]);
        table_cell(&t, site_function(s));
        table_cell(&t, site_place(r->ctx->arena, s));
        table_printf(&t, "%.6s", s->id.at);
    }
    table_write(&t, &r->ctx->term, r->out);
}

void report_grown_sites(
        struct report *r, const struct placement_moment *from, const struct placement_moment *to) {
    struct ranked_site *list = NEW_ARRAY(r->ctx->arena, struct ranked_site, to->site_count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < to->site_count && i < r->w->owners.site_count; i++) {
        int64_t grown = placement_site_bytes(to, i) - placement_site_bytes(from, i);
        if (grown > 0)
            list[count++] = (struct ranked_site){ i, grown };
    }
    write_sites(r, list, count, true);
}

void report_largest_sites(struct report *r) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < r->w->run.checkpoint_count; i++)
        if (report_checkpoint(r, i)->total.live_bytes >
                report_checkpoint(r, most)->total.live_bytes)
            most = i;
    const struct run_checkpoint *c = report_checkpoint(r, most);
    report_heading(r, "Largest sites at '%.*s', where most lives", STR_ARG(c->name));
    struct ranked_site *list = NEW_ARRAY(r->ctx->arena, struct ranked_site, c->site_count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->site_count; i++)
        if (run_site_bytes(c, i) > 0)
            list[count++] = (struct ranked_site){ i, (int64_t)run_site_bytes(c, i) };
    write_sites(r, list, count, false);
}
