/// `ramlens plan`: chooses what goes to the other memory, and writes it as a plan.
#include "answer_options.h"
#include "cmd.h"
#include "conf.h"
#include "file.h"
#include "file_damage.h"
#include "plan_check.h"
#include "plan_parts.h"

#include <inttypes.h>
#include <string.h>

static const struct opt opts[] = {
    ANSWER_SOURCE_OPTS,
    { .letter = 't', .name = "target", .value = "CHIP", .help = "the chip: a name or a file" },
    { .letter = 's',
            .name = "set",
            .many = true,
            .value = "NAME=VALUE",
            .help = "choose a parameter of the chip, such as cache=256K" },
    ANSWER_SETTINGS_OPTS,
    { .name = "free",
            .value = "REGION=BYTES@CHECKPOINT",
            .help = "goal: so many bytes free, as internal=350K@connected" },
    { .name = "everything", .help = "goal: move all that may move" },
    { .name = "knee",
            .help = "goal: as much as is won cheaply (default)",
            .more = "The point from which on more internal RAM costs many more requests in the "
                    "other memory." },
    { .name = "stacks",
            .help = "move the threads' stacks, too",
            .more = "Whether a thread writes flash is not known from a run; the stack of one that "
                    "does must stay internal." },
    { .name = "statics",
            .help = "move static data, too, as far as a linker can",
            .more = "Zero data into external RAM, constants into flash, by archive; --elf and "
                    "--map, or --archives, tell of it. Whether an interrupt or DMA uses it, or "
                    "code "
                    "that runs while the cache is off, is not known." },
    { .name = "dhat",
            .value = "FILE",
            .help = "weigh accesses, by a DHAT run of the same program",
            .more = "From 'valgrind --tool=dhat --read-inline-info=yes --dhat-out-file=FILE "
                    "PROGRAM'. Bytes read and written then count in place of requests." },
    REPLAY_OPTS,
    { .letter = 'o', .name = "output", .value = "FILE", .help = "write the plan to FILE" },
    { .letter = 'u',
            .name = "update",
            .value = "FILE",
            .help = "rewrite the plan FILE, keeping what is yours in it",
            .more = "Comments, order and lines without 'auto' stay as they are. Lines of yours "
                    "are kept to: what a line for a component, or anything narrower, decides, is "
                    "not chosen anew; 'pin' holds against narrower lines, too." },
    { .letter = 'f', .name = "force", .help = "replace FILE of --output" },
    { .letter = 'j', .name = "json", .help = "write JSON (docs/plan.schema.json)" },
    { .name = "link-map", .value = "FILE", .help = "the linker's map of the program" },
    ANSWER_DEVICE_OPTS,
    { 0 },
};

/// The line for stacks that ramlens wrote is taken out of the kept text; with --stacks one is put in, unless the user has one.
static bool set_stacks(struct plan_work *w) {
    struct cmd_context *ctx = w->ctx;
    const struct target *t = &w->setup.answer.target;
    struct conf c;
    w->moves_stacks = opt_is_given(&ctx->values, "stacks");
    if (!conf_parse(ctx->arena, w->update != NULL ? w->update : "plan", w->kept, &c, &ctx->err))
        return false;
    struct conf_line *line = conf_find(c.lines, "stack");
    if (line != NULL && str_equal(line->words[line->word_count - 1], STR("auto"))) {
        conf_remove_words(ctx->arena, &c, line);
        line = NULL;
    }
    if (line == NULL && w->moves_stacks) {
        const struct str words[] = { STR("stack"), STR("default"),
            str_from(arena_printf(ctx->arena, "%llu", (unsigned long long)t->stack_bytes)),
            t->requests[w->bench.move].name, STR("auto") };
        line = conf_add(ctx->arena, &c, NULL, words, 5, STR(""));
        const struct str why[] = { STR("evidence"), STR("unknown: whether a thread writes flash or "
                                                        "sleeps, and so needs an internal stack") };
        conf_add(ctx->arena, &c, line, why, 2, STR(""));
    }
    w->kept = conf_write(ctx->arena, &c);
    return true;
}

/// Lines for static data that ramlens wrote are taken out of the kept text; with --statics new ones are put in for what no line of the user's
/// decides.
static bool set_statics(struct plan_work *w) {
    struct cmd_context *ctx = w->ctx;
    struct conf c;
    struct plan own;
    const char *path = w->update != NULL ? w->update : "plan";
    w->moves_statics = opt_is_given(&ctx->values, "statics");
    if (!conf_parse(ctx->arena, path, w->kept, &c, &ctx->err))
        return false;
    for (struct conf_line *line = conf_find(c.lines, "static"), *next; line; line = next) {
        next = conf_next(line);
        if (str_equal(line->words[line->word_count - 1], STR("auto")))
            conf_remove_words(ctx->arena, &c, line);
    }
    w->kept = conf_write(ctx->arena, &c);
    const struct answer *a = &w->setup.answer;
    if (!plan_parse(
                ctx->arena, path, w->kept, &a->target, a->map.names, a->map.count, &own, &ctx->err))
        return false;
    static_moves_make(a, &own.statics, &w->statics);
    for (size_t i = 0; w->moves_statics && i < w->statics.len; i++)
        plan_static_add(w, &c, &w->statics.at[i]);
    w->kept = conf_write(ctx->arena, &c);
    return true;
}

/// The user's lines alone: what ramlens wrote is taken out.
static bool read_kept(struct plan_work *w) {
    struct cmd_context *ctx = w->ctx;
    const struct answer *a = &w->setup.answer;
    struct plan_draft nothing = { .trace = STR("") };
    struct plan_rewritten out;
    nothing.identity = nothing.target = nothing.goal = STR("");
    w->kept = STR("");
    w->update = opt_value(&ctx->values, "update", NULL);
    if (w->update == NULL) {
        return set_stacks(w) && set_statics(w) &&
               plan_parse(ctx->arena, "plan", w->kept, &a->target, a->map.names, a->map.count,
                       &w->base, &ctx->err);
    }
    struct plan whole;
    return file_read(ctx->arena, w->update, 16 << 20, &w->kept, &ctx->err) &&
           plan_parse(ctx->arena, w->update, w->kept, &a->target, a->map.names, a->map.count,
                   &whole, &ctx->err) &&
           plan_check_made_for(&whole, w->setup.trace, STR(""), &ctx->err) && set_stacks(w) &&
           set_statics(w) &&
           plan_rewrite(ctx->arena, w->update, w->kept, &nothing, &out, &ctx->err) &&
           plan_parse(ctx->arena, w->update, out.text, &a->target, a->map.names, a->map.count,
                   &w->base, &ctx->err);
}

static bool prepare(struct plan_work *w) {
    struct answer *a = &w->setup.answer;
    struct cmd_context *ctx = w->ctx;
    w->bench = (struct trial_bench){ .trace = &a->trace,
        .image = a->image,
        .target = &a->target,
        .owners = &a->owners,
        .host_only = a->host_only,
        .component_count = a->map.count,
        .heaps = &w->setup.heaps,
        .lots = &w->lots,
        .move = lots_other_memory(&a->target) };
    if (w->bench.move == TARGET_NONE)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "target '%s' has one memory: there is nothing to plan", a->target.name.at);
    plan_stock(ctx->arena, &a->target, a->map.names, a->map.count, &w->stock);
    if (!read_kept(w))
        return false;
    w->setup.heaps = replay_setup_heaps(&w->setup, &w->base);
    lots_read(&w->lots, ctx->arena, &a->trace, a->image, &a->target, &a->owners, a->host_only,
            &w->base);
    return true;
}

static bool read_dhat(struct plan_work *w) {
    struct cmd_context *ctx = w->ctx;
    struct dhat d;
    w->dhat = opt_value(&ctx->values, "dhat", NULL);
    if (w->dhat == NULL)
        return true;
    if (!dhat_read(ctx->arena, w->dhat, &d, &ctx->err) ||
            !accesses_join(ctx->arena, w->dhat, &d, w->setup.answer.image, &w->lots, &w->accesses,
                    &ctx->err))
        return false;
    w->bench.weights = w->accesses.weights;
    w->choose.by_accesses = true;
    return true;
}

static bool choose(struct plan_work *w) {
    w->choose.a = w->ctx->arena;
    w->choose.bench = &w->bench;
    w->choose.base = &w->base;
    w->choose.stock = &w->stock;
    return plan_goal(w) && read_dhat(w) && choose_run(&w->choose, &w->ctx->err) &&
           plan_draft_make(w);
}

static bool write_file(struct plan_work *w) {
    struct cmd_context *ctx = w->ctx;
    const char *path = opt_value(&ctx->values, "output", w->update);
    bool replace = opt_is_given(&ctx->values, "force") || !opt_is_given(&ctx->values, "output");
    if (path == NULL)
        return true;
    if (!file_write(path, w->file, replace, &ctx->err))
        return false;
    cmd_note(ctx, "wrote %s", path);
    return true;
}

static int run(struct cmd_context *ctx) {
    static struct plan_work w;
    w = (struct plan_work){ .ctx = ctx };
    if (!replay_setup_open(ctx, true, &w.setup))
        return CMD_FAILED;
    bool good = prepare(&w) && choose(&w);
    cmd_warn_damage(ctx, &w.setup.answer.trace);
    if (good && opt_is_given(&ctx->values, "json")) {
        plan_json(&w);
    } else if (good) {
        struct text text = { .arena = ctx->arena };
        plan_text(&w, &text);
        out_add(ctx->out, text_str(&text));
    }
    good = good && write_file(&w);
    replay_close(&w.replay);
    answer_close(&w.setup.answer);
    return !good ? CMD_FAILED : w.choose.met ? CMD_DONE : CMD_NO;
}

const struct command cmd_plan = {
    .name = "plan",
    .group = CMD_GROUP_PLACE,
    .summary = "choose what goes to the other memory, and prove it by replay",
    .usage = "[OPTIONS] --target CHIP TRACE",
    .example = "ramlens plan --target esp32p4 --free internal=350K@connected -o app.plan app.rlt\n"
               "ramlens plan --target esp32p4 --update app.plan app.rlt",
    .text = "Tries many placements of what the run asked for, each by the chip's own heaps, and "
            "keeps the one that reaches the goal with few requests in the other memory and few "
            "lines. Large blocks that live long go first. Beside it stands what malloc's "
            "threshold alone can do, at every value.",
    .exits = "0 done; 1 done, and the goal of --free cannot be met; 2 not done",
    .opts = opts,
    .least_operands = 1,
    .most_operands = UINT32_MAX,
    .run = run,
};
