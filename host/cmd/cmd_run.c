/// `ramlens run`: runs a program with its blocks placed as on a chip.
#include "answer_options.h"
#include "cmd.h"
#include "conf.h"
#include "elf_program.h"
#include "launch.h"
#include "placed_link.h"
#include "placed_run.h"
#include "plan_warnings.h"
#include "recording.h"
#include "replay_setup.h"
#include "run_text.h"
#include "trace_seal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct opt opts[] = {
    { .letter = 't', .name = "target", .value = "CHIP", .help = "the chip: a name or a file" },
    { .letter = 's',
            .name = "set",
            .many = true,
            .value = "NAME=VALUE",
            .help = "choose a parameter of the chip, such as cache=256K" },
    ANSWER_SETTINGS_OPTS,
    REPLAY_OPTS,
    { .letter = 'p', .name = "plan", .value = "FILE", .help = "place by the plan FILE" },
    { .letter = 'c', .name = "components", .value = "FILE", .help = "component map" },
    { .name = "subject",
            .value = "DIR",
            .help = "take the component map from DIR",
            .more = "Uses DIR/components where it exists and --components is not given." },
    { .letter = 'o', .name = "output", .value = "FILE", .help = "keep the trace as FILE" },
    { .letter = 'f', .name = "force", .help = "replace FILE if it exists" },
    { .letter = 'q', .name = "quiet", .help = "print no table when the program has ended" },
    { 0 },
};

/// Everything that lives while the program runs.
struct running {
    struct placed_link link;
    struct placed_run run;
};

static bool read_settings(struct cmd_context *ctx, struct placed_run_options *o) {
    const char *occupied = opt_value(&ctx->values, "occupied", NULL);
    if (occupied != NULL && !conf_parse_number(str_from(occupied), &o->occupied_bytes))
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "--occupied '%s' is no number of bytes, such as 200000 or 200K", occupied);
    struct answer_options chip = { .target = NULL };
    if (!answer_target_options(ctx, &chip))
        return false;
    o->target_options = chip.target_options;
    o->target_option_count = chip.target_option_count;
    return true;
}

static bool read_options(struct cmd_context *ctx, struct placed_run_options *o) {
    *o = (struct placed_run_options){ .target = opt_value(&ctx->values, "target", NULL),
        .plan = opt_value(&ctx->values, "plan", NULL),
        .components = opt_value(&ctx->values, "components", NULL) };
    if (o->target == NULL)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "whose memory? --target names a chip, for example --target esp32p4");
    if (o->components == NULL)
        o->components = answer_subject_file(ctx, "components");
    o->target_folders = answer_target_folders(ctx, &o->target_folder_count);
    return read_settings(ctx, o);
}

/// The program that will run, as its recorder will name it, and its word size; of a script its interpreter's.
static bool find_program(
        struct cmd_context *ctx, const char *word, const char **program, uint32_t *bits) {
    const char *found = launch_find(ctx->arena, word, &ctx->err);
    if (found == NULL || !launch_check(ctx->arena, found, &ctx->err))
        return false;
    struct elf_program p;
    struct err ignored;
    if (elf_program_read(ctx->arena, found, &p, &ignored) && p.kind == ELF_PROGRAM_SCRIPT) {
        found = arena_printf(ctx->arena, "%.*s", STR_ARG(p.interpreter));
        (void)elf_program_read(ctx->arena, found, &p, &ignored);
    }
    char *absolute = realpath(found, NULL);
    *program = arena_printf(ctx->arena, "%s", absolute == NULL ? found : absolute);
    *bits = p.class_bits == 64 ? 64 : 32;
    free(absolute);
    return true;
}

static const char *temporary_name(struct cmd_context *ctx) {
    const char *folder = getenv("TMPDIR");
    return arena_printf(ctx->arena, "%s/ramlens.%ld.rlt",
            folder == NULL || *folder == '\0' ? "/tmp" : folder, (long)getpid());
}

static void serve(void *self) {
    enum { MILLISECONDS = 50 };
    struct running *r = self;
    if (!placed_link_wait(&r->link, MILLISECONDS))
        return;
    placed_run_answer(&r->run);
    placed_link_answered(&r->link);
}

static const char *why_not(struct cmd_context *ctx, const struct running *r) {
    const struct ramlens_placed *s = r->link.shared;
    if (r->run.problem.text[0] != '\0')
        return arena_printf(ctx->arena, "%s: %s", r->run.program, r->run.problem.text);
    if (s->images == 0)
        return "its recorder could not open the memory that ramlens shares";
    if (s->failed_heap < s->rules.count)
        return arena_printf(ctx->arena, "heap '%s' of %u B cannot be made",
                s->rules.places[s->failed_heap].name, s->rules.places[s->failed_heap].bytes);
    return "its address space has no room for it";
}

static void warn_of_run(struct cmd_context *ctx, const struct running *r) {
    const struct ramlens_placed *s = r->link.shared;
    if (s->failed || s->images == 0)
        cmd_warn(ctx, "the program ran, but not in the target's memory: %s", why_not(ctx, r));
    if (s->unanswered > 0)
        cmd_warn(ctx, "%llu requests were placed by the rule of malloc, for want of an answer",
                (unsigned long long)s->unanswered);
}

/// Prints what the trace says of the run.
static bool tell(struct cmd_context *ctx, struct running *r, const char *path) {
    struct trace trace;
    if (!trace_open(ctx->arena, path, &trace, &ctx->err))
        return false;
    struct text text = { .arena = ctx->arena };
    run_text(ctx, &r->run, &trace, &text);
    trace_close(&trace);
    out_add(ctx->out, text_str(&text));
    return true;
}

/// After the program's end.
static int finish(struct cmd_context *ctx, struct running *r, const struct launch *l, bool kept) {
    struct stat status;
    if (stat(l->trace, &status) != 0 || status.st_size == 0) {
        recording_warn_empty(ctx, l);
        unlink(l->trace);
        return recording_end_as(l->status);
    }
    if (!trace_seal(l->trace, &ctx->err))
        cmd_warn(ctx, "%s: %s", ctx->err.file, ctx->err.text);
    warn_of_run(ctx, r);
    if (r->run.owners.a != NULL)
        plan_warn(ctx, &r->run.plan, l->trace, &r->run.image, &r->run.owners);
    if (!opt_is_given(&ctx->values, "quiet") && !tell(ctx, r, l->trace))
        cmd_warn(ctx, "%s: %s", ctx->err.file, ctx->err.text);
    if (!kept)
        unlink(l->trace);
    else if (!opt_is_given(&ctx->values, "quiet") && isatty(STDERR_FILENO))
        cmd_note(ctx, "wrote %s; next: ramlens report --target %s %s", l->trace,
                r->link.shared->target, l->trace);
    out_flush(ctx->out); // a signal may end us
    return recording_end_as(l->status);
}

static int run(struct cmd_context *ctx) {
    static struct running r;
    struct placed_run_options o;
    const char *program;
    uint32_t bits;
    if (!read_options(ctx, &o) || !find_program(ctx, ctx->values.operands[0], &program, &bits) ||
            !placed_link_open(ctx->arena, &r.link, &ctx->err))
        return CMD_FAILED;
    const char *kept = opt_value(&ctx->values, "output", NULL);
    struct launch l = { .argv = (char *const *)(uintptr_t)ctx->values.operands,
        .place = r.link.path,
        .serve = serve,
        .self = &r };
    int result = CMD_FAILED;
    if (placed_run_open(&r.run, ctx->arena, &o, program, bits, r.link.shared, &ctx->err) &&
            (l.trace = recording_make_file(ctx, kept != NULL ? kept : temporary_name(ctx))) !=
                    NULL) {
        if (launch_run(ctx->arena, &l, &ctx->err))
            result = finish(ctx, &r, &l, kept != NULL);
        else
            unlink(l.trace);
    }
    placed_run_close(&r.run);
    placed_link_close(&r.link);
    return result;
}

const struct command cmd_run = {
    .name = "run",
    .group = CMD_GROUP_RECORD,
    .summary = "run a program in the memory of a chip",
    .usage = "[OPTIONS] --target CHIP [--] PROGRAM [ARGUMENT...]",
    .example = "ramlens run --target esp32p4 --plan app.plan -o app.rlt -- ./app",
    .text = "PROGRAM runs here, but its blocks lie in heaps of the chip's sizes, given by the "
            "chip's rules: by its malloc, or "
            "where a plan says so. What does not fit fails as on the chip. Locks and threads take "
            "the chip's blocks, too; their memory is not used. Blocks that only a host has (those "
            "of the C library itself) stay outside.\n\n"
            "A program of 32 bits has the chip's exact geometry. One of 64 bits runs, too, but its "
            "figures are not the chip's.",
    .exits = "PROGRAM's own exit code, or its signal; 2 when it could not be started.",
    .opts = opts,
    .order = OPT_BEFORE_OPERAND,
    .least_operands = 1,
    .most_operands = UINT32_MAX,
    .run = run,
};
