/// See answer_options.h.
#include "answer_options.h"

#include "settings.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDERS_MAX = 4, SET_MAX = 16 };

const char *answer_subject_file(struct cmd_context *ctx, const char *name) {
    const char *dir = opt_value(&ctx->values, "subject", NULL);
    if (dir == NULL)
        return NULL;
    const char *path = arena_printf(ctx->arena, "%s/%s", dir, name);
    return access(path, R_OK) == 0 ? path : NULL;
}

/// Whether the command's own table has `option`: not every command takes all of them.
static bool has_option(const struct cmd_context *ctx, const char *option) {
    for (const struct opt *o = ctx->self->opts; o->name != NULL || o->letter != 0; o++)
        if (o->name != NULL && strcmp(o->name, option) == 0)
            return true;
    return false;
}

static const char *given_or_subject(struct cmd_context *ctx, const char *option, const char *file) {
    if (!has_option(ctx, option))
        return NULL;
    const char *given = opt_value(&ctx->values, option, NULL);
    return given != NULL ? given : answer_subject_file(ctx, file);
}

const char *const *answer_target_folders(struct cmd_context *ctx, uint32_t *count_out) {
    static const char *folders[FOLDERS_MAX];
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL)
        *slash = '\0';
    uint32_t count = 0;
    const char *own = getenv("RAMLENS_TARGETS");
    if (own != NULL && *own != '\0')
        folders[count++] = own;
    folders[count++] = arena_printf(ctx->arena, "%s/../targets", self);
    folders[count++] = arena_printf(ctx->arena, "%s/../share/ramlens/targets", self);
    *count_out = count;
    return folders;
}

/// The name of the target that --target chooses by name or by a file's path; empty when it is not given.
static struct str target_name(const struct cmd_context *ctx) {
    const char *given = opt_value(&ctx->values, "target", NULL);
    return given != NULL ? str_base_name(str_from(given)) : STR("");
}

/// Reads the settings that count, if there are any.
static bool read_settings(struct cmd_context *ctx, struct settings *out) {
    *out = (struct settings){ .count = 0 };
    if (!has_option(ctx, "settings"))
        return true;
    const char *given = opt_value(&ctx->values, "settings", NULL);
    const char *path = given != NULL                ? given
                       : has_option(ctx, "subject") ? answer_subject_file(ctx, "settings")
                                                    : NULL;
    struct str target = target_name(ctx);
    if (path == NULL || (given == NULL && target.len == 0))
        return true;
    if (!settings_read(ctx->arena, path, out, &ctx->err))
        return false;
    if (out->target.len == 0 || target.len == 0 || str_equal(out->target, target))
        return true;
    if (given != NULL)
        return fail(&ctx->err, path, ERR_NO_OFFSET, "is for target '%.*s', not '%.*s'",
                STR_ARG(out->target), STR_ARG(target));
    out->count = 0; // the subject was ported to several chips
    return true;
}

bool answer_settings(struct cmd_context *ctx, const char *const **options, uint32_t *count) {
    struct settings settings;
    uint32_t set = opt_count(&ctx->values, "set");
    if (set > SET_MAX)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET, "--set is given more than %d times", SET_MAX);
    if (!read_settings(ctx, &settings))
        return false;
    const char **all = NEW_ARRAY(ctx->arena, const char *, settings.count + set);
    for (uint32_t i = 0; i < settings.count; i++)
        all[i] = settings.options[i];
    for (uint32_t i = 0; i < set; i++)
        all[settings.count + i] = opt_value_at(&ctx->values, "set", i);
    *options = all;
    *count = settings.count + set;
    return true;
}

bool answer_target_options(struct cmd_context *ctx, struct answer_options *o) {
    o->target_folders = answer_target_folders(ctx, &o->target_folder_count);
    return answer_settings(ctx, &o->target_options, &o->target_option_count);
}

static bool read_target_options(struct cmd_context *ctx, struct answer_options *o) {
    o->target = opt_value(&ctx->values, "target", NULL);
    o->plan = given_or_subject(ctx, "plan", "as-ported");
    o->observed = given_or_subject(ctx, "observed", "observed");
    o->link_map = opt_value(&ctx->values, "link-map", NULL);
    if (!answer_target_options(ctx, o))
        return false;
    bool observed = has_option(ctx, "observed") && opt_is_given(&ctx->values, "observed");
    if (has_option(ctx, "observed") && o->target == NULL &&
            (opt_is_given(&ctx->values, "plan") || observed || o->target_option_count > 0))
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "a plan, figures and parameters are a chip's; --target names it");
    return true;
}

bool answer_options_of(struct cmd_context *ctx, bool has_target, struct answer_options *o) {
    *o = (struct answer_options){ .trace = ctx->values.operands[0] };
    uint64_t image;
    if (!opt_number(&ctx->values, "image", 0, &image, &ctx->err))
        return false;
    if (opt_is_given(&ctx->values, "image") && (image == 0 || image > UINT32_MAX))
        return fail(&ctx->err, NULL, ERR_NO_OFFSET, "--image counts from 1");
    o->image = (uint32_t)image;
    o->components = given_or_subject(ctx, "components", "components");
    return !has_target || read_target_options(ctx, o);
}
