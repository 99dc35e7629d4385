/// `ramlens report`: where the bytes are, moment by moment.
#include "answer.h"
#include "answer_options.h"
#include "cmd.h"
#include "file_damage.h"
#include "progress.h"
#include "report_json.h"
#include "report_text.h"

#include <unistd.h>

static const struct opt opts[] = {
    ANSWER_TARGET_OPTS,
    ANSWER_SOURCE_OPTS,
    { .name = "estimates", .value = "FILE", .help = "guesses to judge by the run" },
    { .name = "from", .value = "CHECKPOINT", .help = "the moment before the first connection" },
    { .name = "sites", .help = "show all sites, not the ten largest" },
    { .name = "json", .help = "print JSON (docs/report.schema.json)" },
    { 0 },
};

static void warn_modules(struct cmd_context *ctx, const struct answer *w) {
    for (const struct module_problem *p = w->owners.problems; p != NULL; p = p->next)
        cmd_warn(ctx, "%.*s: %s; its frames have no names", STR_ARG(p->path), p->text);
    if (w->run.no_checkpoints)
        cmd_warn(ctx, "the trace has no checkpoints: figures are those of its end; "
                      "ramlens_checkpoint() in "
                      "runtime/ramlens.h sets them");
}

static void write_text(struct cmd_context *ctx, const struct answer *w) {
    struct text text = { .arena = ctx->arena };
    struct report_view view = { .all_sites = opt_is_given(&ctx->values, "sites"),
        .base = opt_value(&ctx->values, "from", NULL) };
    report_text(ctx, w, &view, &text);
    out_add(ctx->out, text_str(&text));
}

static int run(struct cmd_context *ctx) {
    static struct answer answer;
    struct answer_options o;
    if (!answer_options_of(ctx, true, &o) || !answer_open(&answer, ctx->arena, &o, &ctx->err))
        return CMD_FAILED;
    struct progress progress;
    progress_start(
            &progress, STDERR_FILENO, ctx->progress, "reading events", answer.trace.file_bytes);
    answer_run(&answer, NULL, &progress);
    progress_finish(&progress);
    cmd_warn_damage(ctx, &answer.trace);
    warn_modules(ctx, &answer);
    if (opt_is_given(&ctx->values, "json"))
        report_json_write(ctx, &answer);
    else
        write_text(ctx, &answer);
    answer_close(&answer);
    return CMD_DONE;
}

const struct command cmd_report = {
    .name = "report",
    .group = CMD_GROUP_ASK,
    .summary = "say where the bytes are, moment by moment",
    .usage = "[OPTIONS] TRACE",
    .example = "ramlens report app.rlt\n"
               "ramlens report --target esp32p4 --subject subjects/webrtc app.rlt",
    .text = "Live bytes and blocks of each component at each checkpoint. With --target also what "
            "the chip would hold: "
            "where its internal RAM is before the first connection, what a connection takes, by "
            "component, kind and site, "
            "with how each number is known.",
    .opts = opts,
    .least_operands = 1,
    .most_operands = 1,
    .run = run,
};
