/// `ramlens replay`: a trace's requests through the target's own heaps.
#include "cmd.h"
#include "file_damage.h"
#include "plan_warnings.h"
#include "replay_parts.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { PLANS_MAX = 16 };

static const struct opt opts[] = {
    ANSWER_SOURCE_OPTS,
    { .letter = 't',
            .name = "target",
            .value = "CHIP",
            .help = "the chip whose heaps serve: a name or a file",
            .more = "The trace of a placed run (ramlens run) names its own." },
    { .letter = 's',
            .name = "set",
            .many = true,
            .value = "NAME=VALUE",
            .help = "choose a parameter of the chip, such as threshold=4096" },
    ANSWER_SETTINGS_OPTS,
    { .letter = 'p',
            .name = "plan",
            .many = true,
            .value = "FILE",
            .help = "place by FILE; several give several answers",
            .more = "Without a plan everything goes by the chip's own rules (stock), or, in the "
                    "trace of a placed run, as it went there. 'stock' is a plan, too." },
    REPLAY_OPTS,
    { .letter = 'm',
            .name = "map",
            .value = "CHECKPOINT",
            .help = "draw the heaps as they are at CHECKPOINT ('end': at the end)" },
    { .name = "region", .value = "NAME", .help = "the region that --map draws (internal)" },
    { .letter = 'j', .name = "json", .help = "write JSON (docs/replay.schema.json)" },
    { .name = "link-map", .value = "FILE", .help = "the linker's map of the program" },
    { .name = "elf", .value = "FILE", .help = "the device's linked program" },
    { .name = "elf-map", .value = "FILE", .help = "the linker's map of the device's program" },
    ANSWER_ARCHIVES_OPT,
    { 0 },
};

/// What --map asks for.
struct drawing {
    struct cmd_context *ctx;
    const struct replay_setup *setup;
    struct str checkpoint;
    uint32_t region;
    bool done;
    struct text out;
};

static void draw(void *self, struct replay *r, uint32_t checkpoint) {
    struct drawing *d = self;
    if (d->checkpoint.len == 0 || d->done ||
            !replay_is_checkpoint(d->ctx->arena, r, checkpoint, d->checkpoint))
        return;
    d->done = true;
    for (size_t i = 0; i < r->states.len; i++)
        replay_map(d->ctx, d->setup, r, r->states.at[i], d->region, &d->out);
}

static bool read_drawing(struct cmd_context *ctx, const struct replay_setup *s, struct drawing *d) {
    const char *region = opt_value(&ctx->values, "region", s->answer.target.regions[0].name.at);
    *d = (struct drawing){ .ctx = ctx,
        .setup = s,
        .checkpoint = str_from(opt_value(&ctx->values, "map", "")),
        .region = target_find_region(&s->answer.target, str_from(region)),
        .out = { .arena = ctx->arena } };
    if (d->region != TARGET_NONE)
        return true;
    struct text list = { .arena = ctx->arena };
    for (uint32_t i = 0; i < s->answer.target.region_count; i++)
        text_printf(&list, "%s%s", i ? ", " : "", s->answer.target.regions[i].name.at);
    return fail(&ctx->err, NULL, ERR_NO_OFFSET, "unknown region '%s' of target '%s'; there is: %s",
            region, s->answer.target.name.at, list.at);
}

static bool add_states(struct cmd_context *ctx, struct replay_setup *s, struct replay *r) {
    uint32_t count = opt_count(&ctx->values, "plan");
    if (count > PLANS_MAX)
        return fail(
                &ctx->err, NULL, ERR_NO_OFFSET, "--plan is given more than %d times", PLANS_MAX);
    struct plan *plans = NEW_ARRAY(ctx->arena, struct plan, count + 1);
    if (s->exact)
        return replay_add(r, "as it ran", NULL, &s->heaps, UINT32_MAX, &ctx->err) != NULL;
    for (uint32_t i = 0; i < count || i == 0; i++) {
        const char *path = count > 0 ? opt_value_at(&ctx->values, "plan", i) : "stock";
        if (strcmp(path, "stock") == 0)
            plan_stock(ctx->arena, &s->answer.target, s->answer.map.names, s->answer.map.count,
                    &plans[i]);
        else if (!replay_setup_plan(ctx, s, path, &plans[i]))
            return false;
        struct heaps_options heaps = replay_setup_heaps(s, &plans[i]);
        if (replay_add(r, arena_copy(ctx->arena, plans[i].name).at, &plans[i], &heaps, UINT32_MAX,
                    &ctx->err) == NULL)
            return false;
    }
    return true;
}

static bool check_map(struct cmd_context *ctx, const struct replay *r, const struct drawing *d) {
    if (d->checkpoint.len == 0 || d->done)
        return true;
    struct text list = { .arena = ctx->arena };
    for (uint32_t i = 0; i <= r->feed.checkpoints.len; i++) {
        struct str name = replay_checkpoint_name(ctx->arena, r, i);
        text_printf(&list, "%s%.*s", i ? ", " : "", STR_ARG(name));
    }
    return fail(&ctx->err, NULL, ERR_NO_OFFSET, "the run has no checkpoint '%.*s'; there is: %s",
            STR_ARG(d->checkpoint), list.at);
}

static void write_answer(struct cmd_context *ctx, const struct replay_setup *s,
        const struct replay *r, const struct drawing *d) {
    struct text text = { .arena = ctx->arena };
    if (opt_is_given(&ctx->values, "json")) {
        replay_json(ctx, s, r);
        return;
    }
    if (d->checkpoint.len == 0)
        replay_text(ctx, s, r, &text);
    out_add(ctx->out, text_str(d->checkpoint.len == 0 ? &text : &d->out));
}

static void warn_plans(struct cmd_context *ctx, struct replay_setup *s, const struct replay *r) {
    for (size_t i = 0; i < r->states.len; i++)
        if (r->states.at[i]->plan != NULL)
            plan_warn(ctx, r->states.at[i]->plan, s->trace, s->answer.image, &s->answer.owners);
}

static int run(struct cmd_context *ctx) {
    static struct replay_setup s;
    static struct replay r;
    struct drawing drawing;
    if (!replay_setup_open(ctx, opt_is_given(&ctx->values, "plan"), &s))
        return CMD_FAILED;
    replay_init(&r, ctx->arena, &s.answer.trace, s.answer.image, &s.answer.target, &s.answer.owners,
            s.answer.host_only, s.answer.map.count, s.exact);
    r.wants_cells = opt_is_given(&ctx->values, "json");
    bool good = read_drawing(ctx, &s, &drawing) && add_states(ctx, &s, &r);
    r.self = &drawing;
    r.at_checkpoint = draw;
    if (good) {
        struct progress progress;
        progress_start(
                &progress, STDERR_FILENO, ctx->progress, "replaying", s.answer.trace.file_bytes);
        replay_run(&r, &progress);
        progress_finish(&progress);
        cmd_warn_damage(ctx, &s.answer.trace);
        warn_plans(ctx, &s, &r);
        good = check_map(ctx, &r, &drawing);
    }
    if (good)
        write_answer(ctx, &s, &r, &drawing);
    replay_close(&r);
    answer_close(&s.answer);
    return good ? CMD_DONE : CMD_FAILED;
}

const struct command cmd_replay = {
    .name = "replay",
    .group = CMD_GROUP_ASK,
    .summary = "run a trace through a chip's own heap rules",
    .usage = "[OPTIONS] --target CHIP TRACE",
    .example = "ramlens replay --target esp32p4 --plan as-ported --plan stock app.rlt\n"
               "ramlens replay --target esp32p4 --set threshold=4096 --map connected app.rlt",
    .text = "What the chip's heaps would hold, had they served this run: free bytes, the largest "
            "request that they would serve, the lowest point, per region, at each checkpoint and "
            "at "
            "the worst moment; and which requests would have failed. Blocks are placed by the "
            "chip's own allocator, address by address, so holes are those of the chip.\n\n"
            "The trace of a placed run (ramlens run), without --plan, is replayed as it was, and "
            "every address compared.",
    .opts = opts,
    .least_operands = 1,
    .most_operands = UINT32_MAX,
    .run = run,
};
