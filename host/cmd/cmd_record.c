/// `ramlens record`: runs a program under the recorder.
#include "cmd.h"
#include "launch.h"
#include "trace_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
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

/// Makes the empty file, so that an unwritable place is said before the program runs; gives its absolute path.
static const char *make_file(struct cmd_context *ctx, const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 &&
            (!S_ISREG(status.st_mode) || !opt_is_given(&ctx->values, "force"))) {
        fail(&ctx->err, path, ERR_NO_OFFSET, "%s",
                S_ISREG(status.st_mode) ? "exists; -f replaces it"
                                        : "is not a regular file; a trace needs one");
        return NULL;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    char *absolute = fd < 0 ? NULL : realpath(path, NULL);
    if (absolute == NULL) {
        fail(&ctx->err, path, ERR_NO_OFFSET, "cannot be written: %s", strerror(errno));
        return NULL;
    }
    close(fd);
    const char *kept = arena_printf(ctx->arena, "%s", absolute);
    free(absolute);
    return kept;
}

/// Ends as the program ended: with its exit code, or by its signal.
static int end_as(int status) {
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none); // the program's own core file is the one of interest
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

/// Whether a trace cannot even begin at `path`: the recorder takes space by the quarter of a mebibyte.
static bool has_no_room(const char *path) {
    enum { LEAST = 1 << 18 };
    struct statvfs place;
    struct rlimit limit;
    return (statvfs(path, &place) == 0 && (uint64_t)place.f_bavail * place.f_frsize < LEAST) ||
           (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < LEAST);
}

/// The program has run, and there is no trace.
static void warn_empty(struct cmd_context *ctx, const struct launch *l) {
    if (has_no_room(l->trace))
        cmd_warn(ctx, "nothing was recorded: no room for %s; make some, or choose another place",
                l->trace);
    else
        cmd_warn(ctx,
                "nothing was recorded: '%s' did not load the recorder (it starts a static program, "
                "one of "
                "another machine, or drops LD_PRELOAD) or brings a malloc of its own",
                l->argv[0]);
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
            (l.trace = make_file(ctx, path)) == NULL)
        return CMD_FAILED;
    if (!launch_run(ctx->arena, &l, &ctx->err)) {
        unlink(l.trace);
        return CMD_FAILED;
    }
    struct stat trace;
    if (stat(l.trace, &trace) != 0 || trace.st_size == 0) {
        warn_empty(ctx, &l);
        unlink(l.trace);
        return end_as(l.status);
    }
    if (!trace_seal(l.trace, &ctx->err))
        cmd_warn(ctx, "%s: %s", ctx->err.file, ctx->err.text);
    say_next(ctx, path);
    return end_as(l.status);
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
