/// `ramlens report`: where the bytes are, moment by moment.
#include "answer.h"
#include "answer_options.h"
#include "cmd.h"
#include "file_damage.h"
#include "guesses.h"
#include "plan_warnings.h"
#include "progress.h"
#include "report_json.h"
#include "report_text.h"

#include <unistd.h>

static const struct opt opts[] = {
    ANSWER_TARGET_OPTS,
    ANSWER_SOURCE_OPTS,
    { .name = "estimates", .value = "FILE", .help = "guesses to judge by the run" },
    { .name = "from", .value = "CHECKPOINT", .help = "the moment before the first connection" },
    { .name = "statics", .help = "show static data variable by variable" },
    { .name = "sites", .help = "show all sites, not the ten largest" },
    { .name = "containers", .help = "show all standard containers, by class" },
    { .name = "json", .help = "print JSON (docs/report.schema.json)" },
    { 0 },
};

static void warn_inputs(struct cmd_context *ctx, const struct answer *w) {
    for (const struct module_problem *p = w->owners.problems; p != NULL; p = p->next)
        cmd_warn(ctx, "%.*s: %s; its frames have no names", STR_ARG(p->path), p->text);
    if (w->left_out.count)
        cmd_warn(ctx, "%u %s not counted: %s", (unsigned)w->left_out.count,
                w->left_out.count == 1 ? "member of an archive is" : "members of archives are",
                w->left_out.why);
    if (w->run.no_checkpoints)
        cmd_warn(ctx, "the trace has no checkpoints: figures are those of its end; "
                      "ramlens_checkpoint() in "
                      "runtime/ramlens.h sets them");
}

static void container_born(void *self, struct block *b, uint16_t component, uint32_t site) {
    (void)component;
    (void)site;
    container_table_born(self, b);
}

static void container_gone(void *self, const struct block *b, uint16_t component, uint32_t site) {
    (void)component;
    (void)site;
    container_table_gone(self, b);
}

static void container_checkpoint(void *self, const struct run_checkpoint *c) {
    (void)c;
    container_table_checkpoint(self);
}

/// Goes through the events; the containers' table is kept up besides.
static void read_events(struct cmd_context *ctx, struct answer *w,
        const struct estimates *estimates, struct container_table *containers) {
    const struct ledger_listener listener = {
        .self = containers, .block_born = container_born, .block_gone = container_gone
    };
    const struct run_observer watcher = { .self = containers,
        .at_checkpoint = container_checkpoint };
    struct progress progress;
    container_table_init(containers, ctx->arena, &w->owners);
    w->watcher = &watcher;
    progress_start(&progress, STDERR_FILENO, ctx->progress, "reading events", w->trace.file_bytes);
    answer_run(w, &listener, &progress);
    progress_finish(&progress);
    w->watcher = NULL;
    container_table_finish(containers, estimates->holders, estimates->holder_count);
}

/// Replays the run with the options' other values.
static void replay_options(struct cmd_context *ctx, struct answer *w,
        const struct answer_options *o, const struct report_view *view,
        struct option_table *table) {
    struct region_table t = answer_region(w, view->base, ANSWER_STATE, 0);
    int64_t taken = region_table_sum(&t, ROW_UNEXPLAINED) + region_table_sum(&t, ROW_TASK);
    struct progress progress;
    progress_start(&progress, STDERR_FILENO, ctx->progress, "replaying options", table->count);
    option_table_replay(
            w, o, taken > 0 ? (uint64_t)taken : 0, report_step(w, view->base), table, &progress);
    progress_finish(&progress);
}

/// Options and findings, for a chip. The run is replayed with other values when a configuration asks for it.
static void make_findings(struct cmd_context *ctx, struct answer *w, const struct answer_options *o,
        struct report_view *view, struct option_table *table, struct findings *findings) {
    *table = (struct option_table){ .count = 0 };
    *findings = (struct findings){ .option = NULL };
    view->table = table;
    view->findings = findings;
    if (!w->has_target)
        return;
    option_table_make(w, o, table);
    if (o->configuration != NULL)
        replay_options(ctx, w, o, view, table);
    findings_make(w, view->base, table, findings);
}

static void write_report(
        struct cmd_context *ctx, const struct answer *w, const struct report_view *view) {
    struct text text = { .arena = ctx->arena };
    if (opt_is_given(&ctx->values, "json")) {
        report_json_write(ctx, w, view);
        return;
    }
    report_text(ctx, w, view, &text);
    out_add(ctx->out, text_str(&text));
}

/// Reads the estimates, if there are any, and lets the owners know which functions are containers'.
static bool read_estimates(
        struct cmd_context *ctx, struct answer *w, struct estimates *estimates, bool *any) {
    const char *path = opt_value(&ctx->values, "estimates", NULL);
    if (path == NULL)
        path = answer_subject_file(ctx, "estimates");
    *any = path != NULL;
    if (path == NULL)
        return true;
    if (!estimates_read(ctx->arena, path, estimates, &ctx->err))
        return false;
    w->owners.containers = estimates->containers;
    w->owners.container_count = estimates->container_count;
    return true;
}

static void judge_guesses(struct cmd_context *ctx, const struct answer *w,
        const struct estimates *estimates, struct guess_list *list) {
    const struct guess_input in = { .run = &w->run,
        .map = &w->map,
        .image = w->image,
        .placement = w->has_target ? &w->placements[ANSWER_STATE] : NULL,
        .statics = w->has_statics ? &w->statics : NULL };
    guesses_judge(ctx->arena, estimates, &in, list);
}

static int run(struct cmd_context *ctx) {
    static struct answer answer;
    struct answer_options o;
    struct estimates estimates = { .count = 0 };
    struct container_table containers;
    struct guess_list guesses;
    struct option_table table;
    struct findings findings;
    struct static_table statics;
    bool any;
    if (!answer_options_of(ctx, true, &o))
        return CMD_FAILED;
    if (o.trace == NULL && o.target == NULL) {
        (void)fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "something is missing: a TRACE, or --target with what is known of the device "
                "(--elf, "
                "--map, --archives, --sdkconfig)");
        return CMD_FAILED;
    }
    if (o.target == NULL && opt_is_given(&ctx->values, "statics")) {
        (void)fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "--statics takes a chip's static rows apart; --target names the chip");
        return CMD_FAILED;
    }
    if (!answer_open(&answer, ctx->arena, &o, &ctx->err))
        return CMD_FAILED;
    if (!read_estimates(ctx, &answer, &estimates, &any)) {
        answer_close(&answer);
        return CMD_FAILED;
    }
    read_events(ctx, &answer, &estimates, &containers);
    if (any)
        judge_guesses(ctx, &answer, &estimates, &guesses);
    cmd_warn_damage(ctx, &answer.trace);
    warn_inputs(ctx, &answer);
    if (answer.has_target)
        plan_warn(ctx, &answer.plans[ANSWER_STATE], o.trace ? o.trace : "(no trace)", answer.image,
                &answer.owners);
    struct report_view view = { .options = &o,
        .all_sites = opt_is_given(&ctx->values, "sites"),
        .base = report_base(&answer, opt_value(&ctx->values, "from", NULL)),
        .guesses = any ? &guesses : NULL,
        .containers = &containers,
        .all_containers = opt_is_given(&ctx->values, "containers") };
    make_findings(ctx, &answer, &o, &view, &table, &findings);
    if (opt_is_given(&ctx->values, "statics")) {
        static_table_make(&answer, &statics);
        view.statics = &statics;
    }
    write_report(ctx, &answer, &view);
    answer_close(&answer);
    return CMD_DONE;
}

const struct command cmd_report = {
    .name = "report",
    .group = CMD_GROUP_ASK,
    .summary = "say where the bytes are, moment by moment",
    .usage = "[OPTIONS] [TRACE]",
    .example = "ramlens report app.rlt\n"
               "ramlens report --target esp32p4 --subject subjects/webrtc app.rlt\n"
               "ramlens report --target esp32p4 --elf app.elf --map app.map --sdkconfig sdkconfig",
    .text = "Live bytes and blocks of each component at each checkpoint. With --target also what "
            "the chip would hold: "
            "where its internal RAM is before the first connection, what a connection takes, by "
            "component, kind and site, "
            "with how each number is known.",
    .opts = opts,
    .least_operands = 0,
    .most_operands = UINT32_MAX,
    .run = run,
};
