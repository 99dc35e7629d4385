// See replay_setup.h.
#include "replay_setup.h"

#include "conf.h"

#include <inttypes.h>
#include <string.h>

/// The settings of a placed run's record, as --set words.
static uint32_t split_settings(
        struct arena *a, struct str settings, const char **out, uint32_t room) {
    uint32_t count = 0;
    size_t at = 0;
    while (at < settings.len && count < room) {
        size_t end = at;
        while (end < settings.len && settings.at[end] != ' ')
            end++;
        if (end > at)
            out[count++] = arena_copy(a, (struct str){ settings.at + at, end - at }).at;
        at = end + 1;
    }
    return count;
}

/// A placed run's target and settings, where the user named none.
static bool take_placed(struct cmd_context *ctx, struct answer_options *o, bool *placed) {
    enum { SETTINGS_MAX = 32 };
    static const char *settings[SETTINGS_MAX];
    struct trace t;
    if (!trace_open(ctx->arena, o->trace, &t, &ctx->err))
        return false;
    uint32_t image = o->image == 0 ? t.image_count : o->image;
    *placed = image <= t.image_count && t.images[image - 1].placed.present;
    if (*placed && o->target == NULL) {
        const struct trace_placed *p = &t.images[image - 1].placed;
        o->target = arena_copy(ctx->arena, p->target).at;
        o->target_options = settings;
        o->target_option_count = split_settings(ctx->arena, p->settings, settings, SETTINGS_MAX);
    }
    trace_close(&t);
    return true;
}

static void take_statics(const struct static_account *account, struct heaps_options *heaps) {
    for (uint32_t i = 0; i < account->region_count; i++)
        heaps->static_bytes[i] = account->region_bytes[i];
}

struct heaps_options replay_setup_heaps(struct replay_setup *s, const struct plan *plan) {
    struct heaps_options heaps = s->heaps;
    struct static_account account;
    if (s->exact || plan->statics.len == 0)
        return heaps;
    answer_account(&s->answer, &plan->statics, &account);
    take_statics(&account, &heaps);
    return heaps;
}

static bool take_occupied(struct cmd_context *ctx, struct replay_setup *s) {
    const char *given = opt_value(&ctx->values, "occupied", NULL);
    uint64_t bytes = s->exact ? s->answer.image->placed.occupied_bytes : 0;
    if (given != NULL && !conf_parse_number(str_from(given), &bytes))
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "--occupied '%s' is no number of bytes, such as 200000 or 200K", given);
    s->heaps.occupied_bytes[0] = bytes;
    // What a placed run had occupied beforehand includes its program's static data.
    if (!s->exact)
        take_statics(&s->answer.accounts[ANSWER_STATE], &s->heaps);
    if (s->answer.image->pointer_bytes == 8)
        s->heaps.alignment = 16;
    return true;
}

bool replay_setup_open(struct cmd_context *ctx, bool plan_given, struct replay_setup *s) {
    *s = (struct replay_setup){ .exact = false };
    struct answer_options o;
    bool placed;
    if (!answer_options_of(ctx, true, &o) || !take_placed(ctx, &o, &placed))
        return false;
    answer_warn_open(ctx, &o);
    if (o.target == NULL)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "whose heaps? --target names a chip, for example --target esp32p4");
    o.plan = NULL;
    o.observed = NULL;
    s->exact = placed && !plan_given;
    s->trace = o.trace;
    if (!answer_open(&s->answer, ctx->arena, &o, &ctx->err))
        return false;
    if (take_occupied(ctx, s))
        return true;
    answer_close(&s->answer);
    return false;
}

bool replay_setup_plan(
        struct cmd_context *ctx, struct replay_setup *s, const char *path, struct plan *out) {
    return plan_read(ctx->arena, path, &s->answer.target, s->answer.map.names, s->answer.map.count,
            out, &ctx->err);
}

struct str replay_checkpoint_name(struct arena *a, const struct replay *r, uint32_t checkpoint) {
    if (checkpoint >= r->feed.checkpoints.len)
        return STR("end");
    const struct replay_checkpoint *c = &r->feed.checkpoints.at[checkpoint];
    if (c->cycle == 0)
        return c->name;
    return str_from(arena_printf(a, "%.*s %" PRIu32, STR_ARG(c->name), c->cycle));
}

bool replay_is_checkpoint(
        struct arena *a, const struct replay *r, uint32_t checkpoint, struct str words) {
    return str_equal(replay_checkpoint_name(a, r, checkpoint), words) ||
           (checkpoint < r->feed.checkpoints.len &&
                   str_equal(r->feed.checkpoints.at[checkpoint].name, words));
}
