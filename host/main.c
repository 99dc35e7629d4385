/// The table of commands, and the one place that prints errors and exits.
///
/// A run: global options, look the command up, its options and operands, `run`, flush standard
/// output, print what went wrong, give the arena back. Each step that fails ends in print_error().
#include "cmd.h"
#include "human.h"
#include "str.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern const struct command cmd_record;
extern const struct command cmd_run;
extern const struct command cmd_import;
extern const struct command cmd_info;
extern const struct command cmd_report;
extern const struct command cmd_explain;
extern const struct command cmd_replay;
extern const struct command cmd_plan;
extern const struct command cmd_match;
extern const struct command cmd_emit;
extern const struct command cmd_size;
extern const struct command cmd_help;
extern const struct command cmd_version;

/// Adding a command: its declaration above, its line here, its test. Here is the overview's order.
static const struct command *const commands[] = {
    &cmd_record,
    &cmd_run,
    &cmd_import,
    &cmd_info,
    &cmd_report,
    &cmd_explain,
    &cmd_replay,
    &cmd_plan,
    &cmd_match,
    &cmd_emit,
    &cmd_size,
    &cmd_help,
    &cmd_version,
    NULL,
};

/// The exit code of what was not done, whatever the reason.
enum { EXIT_NOT_DONE = 2 };

static const struct opt global_opts[] = {
    { .letter = 'V', .name = "version", .help = "print the version" },
    { 0 },
};

/// "ramlens report: app.rlt (byte 12): ..."; names in it come from files, hence the cleaning.
static void print_error(struct arena *a, const struct command *command, const struct err *err) {
    char message[sizeof(err->file) + sizeof(err->text) + 64];
    err_format(err, message, sizeof(message));
    struct str clean = human_clean(a, str_from(message));
    (void)fprintf(stderr, "ramlens%s%s: %.*s\n", command ? " " : "", command ? command->name : "",
            STR_ARG(clean));
}

/// Whether the number of operands is right.
static bool check_operands(struct cmd_context *ctx) {
    const struct command *self = ctx->self;
    const struct opt_values *values = &ctx->values;
    if (values->operand_count < self->least_operands) {
        return fail(&ctx->err, NULL, ERR_NO_OFFSET, "something is missing: ramlens %s %s",
                self->name, self->usage);
    }
    if (values->operand_count > self->most_operands) {
        return fail(&ctx->err, NULL, ERR_NO_OFFSET, "'%s' is one too many: ramlens %s %s",
                values->operands[self->most_operands], self->name, self->usage);
    }
    return true;
}

/// `--color` and `--progress` count before the command's name and behind it; the latter wins.
static void apply_common(struct cmd_context *ctx, const struct opt_values *global) {
    uint32_t color = opt_choice(global, "color", TERM_AUTO);
    uint32_t progress = opt_choice(global, "progress", TERM_AUTO);
    color = opt_choice(&ctx->values, "color", color);
    ctx->term = term_of(STDOUT_FILENO, (enum term_when)color);
    ctx->progress = (enum term_when)opt_choice(&ctx->values, "progress", progress);
}

static void show_page(struct cmd_context *ctx) {
    struct text page = { .arena = ctx->arena };
    cmd_page(&page, ctx->self, ctx->values.help == OPT_HELP_LONG);
    out_add(ctx->out, text_str(&page));
}

/// Runs the command named by the first of `words`, the operands of `global`; gives the exit code.
static int run_command(struct cmd_context *ctx, const struct opt_values *global, char **words) {
    ctx->self = cmd_find(commands, words[0], &ctx->err);
    if (!ctx->self || !opt_parse(ctx->arena, ctx->self->opts, cmd_common_opts, ctx->self->order,
                              (int)global->operand_count - 1, words + 1, &ctx->values, &ctx->err)) {
        return CMD_FAILED;
    }
    if (ctx->values.help != OPT_HELP_NONE) {
        show_page(ctx);
        return CMD_DONE;
    }
    if (!check_operands(ctx)) {
        return CMD_FAILED;
    }
    apply_common(ctx, global);
    return ctx->self->run(ctx);
}

/// The overview: asked for on standard output, else, as a reminder, on standard error.
static int show_overview(struct cmd_context *ctx, enum opt_help help) {
    struct text text = { .arena = ctx->arena };
    cmd_overview(&text, commands, help == OPT_HELP_LONG);
    if (help == OPT_HELP_NONE) {
        (void)fputs(text.at, stderr);
        return EXIT_NOT_DONE;
    }
    out_add(ctx->out, text_str(&text));
    return CMD_DONE;
}

/// Everything between the command line and the exit code.
static int run_line(struct cmd_context *ctx, int argc, char **argv) {
    struct opt_values global;
    if (!opt_parse(ctx->arena, global_opts, cmd_common_opts, OPT_BEFORE_OPERAND,
                argc > 0 ? argc - 1 : 0, argv + 1, &global, &ctx->err)) {
        return CMD_FAILED;
    }
    if (global.help != OPT_HELP_NONE) {
        return show_overview(ctx, global.help);
    }
    if (opt_is_given(&global, "version")) {
        out_add(ctx->out, STR("ramlens " RAMLENS_VERSION "\n"));
        return CMD_DONE;
    }
    if (global.operand_count == 0) {
        return show_overview(ctx, OPT_HELP_NONE);
    }
    // Options end at the first operand, so the operands are the last words of argv.
    return run_command(ctx, &global, argv + argc - global.operand_count);
}

int main(int argc, char **argv) {
    static struct out out;
    struct arena arena = { 0 };
    struct cmd_context ctx = { .commands = commands, .arena = &arena, .out = &out };
    out_open(&out, STDOUT_FILENO);
    int code = run_line(&ctx, argc, argv);
    if (code == CMD_FAILED) {
        assert(ctx.err.text[0]);
        code = EXIT_NOT_DONE;
        out_flush(&out);
        print_error(&arena, ctx.self, &ctx.err);
    }
    if (!out_close(&out, &ctx.err)) {
        code = EXIT_NOT_DONE;
        print_error(&arena, ctx.self, &ctx.err);
    }
    arena_clear(&arena);
    return code;
}
