// Static data in a plan: lines for what a linker can put elsewhere. See plan_parts.h.
#include "conf.h"
#include "human.h"
#include "json_out.h"
#include "plan_parts.h"
#include "table.h"

static bool is_worth_a_line(const struct static_move *m) {
    return m->bytes >= PLAN_STATIC_LEAST;
}

static struct str evidence(const struct plan_work *w, const struct static_move *m) {
    struct text t = { .arena = w->ctx->arena };
    text_printf(&t, "measured: %s B in %s variables", human_exact(m->bytes).text,
            human_exact(m->items).text);
    if (m->largest.len)
        text_printf(&t, ", the largest %.*s with %s", STR_ARG(m->largest),
                human_exact(m->largest_bytes).text);
    return text_str(&t);
}

void plan_static_add(struct plan_work *w, struct conf *c, const struct static_move *m) {
    struct arena *a = w->ctx->arena;
    const struct str words[] = { STR("static"), m->archive, str_from(footprint_kind_names[m->kind]),
        m->memory, STR("auto") };
    const struct str known[] = { STR("evidence"), evidence(w, m) };
    const struct str unknown[] = { STR("evidence"),
        STR("unknown: use by interrupts, by DMA or while the cache is off") };
    if (!is_worth_a_line(m))
        return;
    struct conf_line *line = conf_add(a, c, NULL, words, 5, STR(""));
    conf_add(a, c, line, known, 2, STR(""));
    conf_add(a, c, line, unknown, 2, STR(""));
}

void plan_statics_text(const struct plan_work *w, struct text *out) {
    static const struct table_column columns[] = {
        { .title = "archive", .is_flexible = true },
        { .title = "component" },
        { .title = "kind" },
        { .title = "bytes", .align = TABLE_RIGHT },
        { .title = "to" },
    };
    struct table t = table_new(w->ctx->arena, columns, 5);
    uint64_t sum = 0;
    for (size_t i = 0; i < w->statics.len && is_worth_a_line(&w->statics.at[i]); i++) {
        const struct static_move *m = &w->statics.at[i];
        table_cell(&t, m->archive);
        table_cell(&t, w->setup.answer.map.names[m->component]);
        table_cell(&t, str_from(footprint_kind_names[m->kind]));
        table_printf(&t, "%s", human_exact(m->bytes).text);
        table_cell(&t, m->memory);
        sum += m->bytes;
    }
    if (sum == 0)
        return;
    text_printf(out, "\nStatic data, %s:\n\n",
            w->moves_statics
                    ? "moved by the linker (`ramlens emit --as esp-idf` writes its fragment)"
                    : "which --statics moves by the linker");
    table_write(&t, &w->ctx->term, out);
    text_printf(out,
            "\n%s B in all. Whether an interrupt, DMA or code that runs while the cache is off "
            "uses it is not known.\n",
            human_exact(sum).text);
}

json_t *plan_statics_json(const struct plan_work *w) {
    json_t *list = json_array();
    for (size_t i = 0; i < w->statics.len; i++) {
        const struct static_move *m = &w->statics.at[i];
        json_t *o = json_object();
        json_out_str(o, "archive", m->archive);
        json_out_str(o, "component", w->setup.answer.map.names[m->component]);
        json_out_str(o, "kind", str_from(footprint_kind_names[m->kind]));
        json_out_number(o, "bytes", m->bytes);
        json_out_str(o, "memory", m->memory);
        json_object_set_new(o, "moved", json_boolean(w->moves_statics && is_worth_a_line(m)));
        json_array_append_new(list, o);
    }
    return list;
}
