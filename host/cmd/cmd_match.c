/// `ramlens match`: finds the sites of a plan again in a run of another build.
#include "answer_options.h"
#include "cmd.h"
#include "file.h"
#include "file_damage.h"
#include "human.h"
#include "json_out.h"
#include "plan_match.h"
#include "site_text.h"
#include "table.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { PLAN_MOST_BYTES = 16 << 20 };

static const struct opt opts[] = {
    ANSWER_SOURCE_OPTS,
    { .letter = 't', .name = "target", .value = "CHIP", .help = "the chip (default: esp32p4)" },
    { .letter = 's',
            .name = "set",
            .many = true,
            .value = "NAME=VALUE",
            .help = "choose a parameter of the chip, such as cache=256K" },
    ANSWER_SETTINGS_OPTS,
    { .letter = 'a', .name = "all", .help = "list the sites that are the same, too" },
    { .letter = 'u',
            .name = "update",
            .help = "rewrite PLAN with what its sites are now",
            .more = "Comments, order and all else stay as they are; so do sites that changed or "
                    "vanished." },
    { .letter = 'o', .name = "output", .value = "FILE", .help = "write the new plan to FILE" },
    { .letter = 'f', .name = "force", .help = "replace FILE of --output" },
    { .letter = 'j', .name = "json", .help = "write JSON (docs/match.schema.json)" },
    { 0 },
};

struct match {
    struct cmd_context *ctx;
    const char *path; ///< Of the plan.
    struct str text;
    struct answer answer;
    struct target target;
    struct plan plan;
    struct plan_places places;
    struct plan_match_list list;
};

static bool read_plan(struct match *m) {
    struct cmd_context *ctx = m->ctx;
    struct answer_options o = { 0 };
    const struct component_map *map = &m->answer.map;
    return answer_target_options(ctx, &o) &&
           target_load(ctx->arena, opt_value(&ctx->values, "target", "esp32p4"), o.target_folders,
                   o.target_folder_count, o.target_options, o.target_option_count, &m->target,
                   &ctx->err) &&
           file_read(ctx->arena, m->path, PLAN_MOST_BYTES, &m->text, &ctx->err) &&
           plan_parse(ctx->arena, m->path, m->text, &m->target, map->names, map->count, &m->plan,
                   &ctx->err);
}

static void find(struct match *m) {
    struct progress progress;
    progress_start(&progress, STDERR_FILENO, m->ctx->progress, "reading events",
            m->answer.trace.file_bytes);
    answer_run(&m->answer, NULL, &progress);
    progress_finish(&progress);
    cmd_warn_damage(m->ctx, &m->answer.trace);
    plan_places_of(m->ctx->arena, &m->answer.owners, &m->places);
    plan_match_sites(m->ctx->arena, &m->plan, &m->places, &m->list);
}

// ---- what was found

static const struct site *found_site(const struct match *m, const struct plan_match *one) {
    return one->site_count > 0 ? &m->answer.owners.sites[one->sites[0]] : NULL;
}

static void add_row(struct match *m, struct table *t, const struct plan_match *one) {
    const struct site *site = found_site(m, one);
    const struct plan_site *was = &one->rule->site;
    table_cell(t, str_from(plan_match_verdict_names[one->verdict]));
    table_printf(t, "%" PRIu32, one->rule->rule.line);
    table_cell(t, one->rule->name);
    table_cell(t, was->component);
    table_cell(t, site != NULL        ? site_function(site)
                  : was->function.len ? was->function
                                      : was->linkage);
    table_cell(t, str_from(one->text));
}

static void write_text(struct match *m) {
    static const struct table_column columns[] = {
        { .title = "" },
        { .title = "line", .align = TABLE_RIGHT },
        { .title = "site" },
        { .title = "component" },
        { .title = "function", .is_flexible = true },
        { .title = "how it is known, or what changed" },
    };
    struct cmd_context *ctx = m->ctx;
    struct text out = { .arena = ctx->arena };
    struct table t = table_new(ctx->arena, columns, 6);
    bool all = opt_is_given(&ctx->values, "all");
    uint32_t rows = 0;
    text_printf(&out, "%s: %" PRIu32 " site%s; in this run", m->path, m->list.count,
            m->list.count == 1 ? "" : "s");
    for (int v = 0; v < PLAN_SITE_VERDICTS; v++)
        text_printf(&out, "%s %s %" PRIu32, v > 0 ? "," : "", plan_match_verdict_names[v],
                m->list.verdicts[v]);
    text_printf(&out, "\n");
    for (uint32_t i = 0; i < m->list.count; i++) {
        if (m->list.matches[i].verdict == PLAN_SITE_SAME && !all)
            continue;
        add_row(m, &t, &m->list.matches[i]);
        rows++;
    }
    if (rows > 0) {
        text_printf(&out, "\n");
        table_write(&t, &ctx->term, &out);
    }
    out_add(ctx->out, text_str(&out));
}

static json_t *match_json(const struct match *m, const struct plan_match *one) {
    json_t *o = json_object(), *sites = json_array();
    json_out_str(o, "verdict", str_from(plan_match_verdict_names[one->verdict]));
    json_out_number(o, "line", one->rule->rule.line);
    json_out_str(o, "site", one->rule->name);
    json_out_str(o, "component", one->rule->site.component);
    json_out_str(o, "function", one->rule->site.linkage);
    for (uint32_t i = 0; i < one->site_count; i++)
        json_array_append_new(sites, json_out_value(m->answer.owners.sites[one->sites[i]].id));
    json_object_set_new(o, "now", sites);
    json_out_str(o, "text", str_from(one->text));
    return o;
}

static void write_json(struct match *m) {
    json_t *root = json_object(), *counts = json_object(), *list = json_array();
    json_out_str(root, "schema", STR("ramlens.match/1"));
    json_out_str(root, "plan", str_from(m->path));
    json_out_str(root, "program", m->answer.image->path);
    for (int v = 0; v < PLAN_SITE_VERDICTS; v++)
        json_out_number(counts, plan_match_verdict_names[v], m->list.verdicts[v]);
    json_object_set_new(root, "counts", counts);
    for (uint32_t i = 0; i < m->list.count; i++)
        json_array_append_new(list, match_json(m, &m->list.matches[i]));
    json_object_set_new(root, "sites", list);
    json_out_write(root, m->ctx->out);
}

/// The plan with what its sites are now, where that was asked for.
static bool write_plan(struct match *m) {
    struct cmd_context *ctx = m->ctx;
    const char *output = opt_value(&ctx->values, "output", NULL);
    bool update = opt_is_given(&ctx->values, "update");
    if (output == NULL && !update)
        return true;
    struct str text;
    const char *to = output != NULL ? output : m->path;
    bool replace = output == NULL || opt_is_given(&ctx->values, "force");
    if (!plan_match_rewrite(ctx->arena, m->path, m->text, &m->places, &m->list, &text, &ctx->err))
        return false;
    if (!file_write(to, text, replace, &ctx->err))
        return false;
    cmd_note(ctx, "wrote %s", to);
    return true;
}

static bool open_all(struct match *m) {
    struct answer_options o;
    if (!answer_options_of(m->ctx, false, &o))
        return false;
    if (opt_is_given(&m->ctx->values, "update") && opt_is_given(&m->ctx->values, "output"))
        return fail(&m->ctx->err, NULL, ERR_NO_OFFSET,
                "--update writes to the plan itself, --output elsewhere: choose one");
    return answer_open(&m->answer, m->ctx->arena, &o, &m->ctx->err);
}

static int run(struct cmd_context *ctx) {
    static struct match m;
    m = (struct match){ .ctx = ctx, .path = ctx->values.operands[1] };
    if (!open_all(&m))
        return CMD_FAILED;
    bool good = read_plan(&m);
    if (good) {
        find(&m);
        if (opt_is_given(&ctx->values, "json"))
            write_json(&m);
        else
            write_text(&m);
        good = write_plan(&m);
    }
    answer_close(&m.answer);
    bool lost = m.list.verdicts[PLAN_SITE_CHANGED] + m.list.verdicts[PLAN_SITE_VANISHED] > 0;
    return !good ? CMD_FAILED : lost ? CMD_NO : CMD_DONE;
}

const struct command cmd_match = {
    .name = "match",
    .group = CMD_GROUP_PLACE,
    .summary = "find a plan's sites again in another build",
    .usage = "[OPTIONS] TRACE PLAN",
    .example = "ramlens match --subject subjects/webrtc new.rlt plan\n"
               "ramlens match --update new.rlt plan",
    .text = "A plan that names sites was made from one build of a program; TRACE is a run of "
            "another. Each site is the same, has moved (its place has another id now), has changed "
            "(its function is there, but which of its calls it is cannot be said) or has vanished. "
            "With --update the plan then says what its sites are now.",
    .exits = "0 when every site was found, 1 when some changed or vanished, 2 when it could not be "
             "done.",
    .opts = opts,
    .least_operands = 2,
    .most_operands = 2,
    .run = run,
};
