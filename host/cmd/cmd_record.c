/// `ramlens record`: runs a program under the recorder.
#include "cmd.h"
#include "launch.h"
#include "recording.h"
#include "trace_seal.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct opt opts[] = {
    { .letter = 'o', .name = "output", .value = "FILE", .help = "write the trace to FILE" },
    { .letter = 'f', .name = "force", .help = "replace FILE if it exists" },
    { .name = "children",
            .help = "record forked children too",
            .more = "Each child process gets a trace of its own, FILE.PID. Without this option "
                    "children "
                    "run unrecorded and unchanged." },
    { .letter = 'q', .name = "quiet", .help = "say nothing when the program has ended" },
    { 0 },
};

/// "ramlens.PROGRAM.PID.rlt" in the current folder.
static const char *default_name(struct cmd_context *ctx) {
    const char *program = ctx->values.operands[0];
    const char *slash = strrchr(program, '/');
    return arena_printf(
            ctx->arena, "ramlens.%s.%ld.rlt", slash == NULL ? program : slash + 1, (long)getpid());
}

/// What the user may want to know; only on a terminal, because standard error is the program's.
static void say_next(struct cmd_context *ctx, const char *path) {
    if (opt_is_given(&ctx->values, "quiet") || !isatty(STDERR_FILENO))
        return;
    cmd_note(ctx, "wrote %s; next: ramlens report %s", path, path);
}

static int run(struct cmd_context *ctx) {
    const char *path = opt_value(&ctx->values, "output", NULL);
    if (path == NULL)
        path = default_name(ctx);
    struct launch l = { .argv = (char *const *)(uintptr_t)ctx->values.operands,
        .children = opt_is_given(&ctx->values, "children") };
    const char *program = launch_find(ctx->arena, l.argv[0], &ctx->err);
    if (program == NULL || !launch_check(ctx->arena, program, &ctx->err) ||
            (l.trace = recording_make_file(ctx, path)) == NULL)
        return CMD_FAILED;
    if (!launch_run(ctx->arena, &l, &ctx->err)) {
        unlink(l.trace);
        return CMD_FAILED;
    }
    struct stat trace;
    if (stat(l.trace, &trace) != 0 || trace.st_size == 0) {
        recording_warn_empty(ctx, &l);
        unlink(l.trace);
        return recording_end_as(l.status);
    }
    if (!trace_seal(l.trace, &ctx->err))
        cmd_warn(ctx, "%s: %s", ctx->err.file, ctx->err.text);
    say_next(ctx, path);
    return recording_end_as(l.status);
}

const struct command cmd_record = {
    .name = "record",
    .group = CMD_GROUP_RECORD,
    .summary = "run a program and record what it allocates",
    .usage = "[OPTIONS] [--] PROGRAM [ARGUMENT...]",
    .example = "ramlens record -o app.rlt -- ./app --its-own option",
    .text = "Every allocation, free and kernel object of PROGRAM goes into the trace, with its "
            "time, thread and "
            "complete call stack. The program runs at its usual speed but for a few tens of "
            "nanoseconds an event; "
            "its output, exit code and signals stay its own.\n\n"
            "The started process is recorded, also across exec; forked children are not unless "
            "--children asks for them. What a "
            "killed program "
            "recorded can be read.",
    .exits = "PROGRAM's own exit code, or its signal; 2 when it could not be started or the trace "
             "could not be "
             "made.",
    .opts = opts,
    .order = OPT_BEFORE_OPERAND,
    .least_operands = 1,
    .most_operands = UINT32_MAX,
    .run = run,
};
