// Parameters of a target from all that says some: a file of settings, a project's configuration, --set. See answer_options.h.
#include "answer_options.h"
#include "kconfig.h"
#include "settings.h"

enum { SET_MAX = 32 };

/// The name of the target that --target chooses by name or by a file's path; empty when it is not given.
static struct str target_name(const struct cmd_context *ctx) {
    const char *given = opt_value(&ctx->values, "target", NULL);
    return given != NULL ? str_base_name(str_from(given)) : STR("");
}

/// Reads the settings that count, if there are any.
static bool read_settings(struct cmd_context *ctx, struct settings *out) {
    *out = (struct settings){ .count = 0 };
    if (!answer_has_option(ctx, "settings"))
        return true;
    const char *given = opt_value(&ctx->values, "settings", NULL);
    const char *path = given != NULL                       ? given
                       : answer_has_option(ctx, "subject") ? answer_subject_file(ctx, "settings")
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

/// What the project's configuration chooses; --set comes behind it and overrules. Problems are warnings.
static bool read_configuration(
        struct cmd_context *ctx, struct answer_options *o, struct kconfig *k) {
    const char *path =
            answer_has_option(ctx, "sdkconfig") ? opt_value(&ctx->values, "sdkconfig", NULL) : NULL;
    const char *target = opt_value(&ctx->values, "target", NULL);
    struct sdkconfig *config = NEW(ctx->arena, struct sdkconfig);
    struct target *plain = NEW(ctx->arena, struct target);
    *k = (struct kconfig){ .choices = { .len = 0 } };
    if (path == NULL)
        return true;
    if (target == NULL)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "a configuration is of a chip's project; --target names the chip");
    if (!sdkconfig_read(ctx->arena, path, config, &ctx->err) ||
            !target_load(ctx->arena, target, o->target_folders, o->target_folder_count, NULL, 0,
                    plain, &ctx->err))
        return false;
    kconfig_read(ctx->arena, plain, config, k);
    o->configuration = config;
    for (size_t i = 0; i < k->choices.len; i++)
        if (k->choices.at[i].problem)
            cmd_warn(ctx, "%s:%u: %s", path, (unsigned)k->choices.at[i].line,
                    k->choices.at[i].problem);
    if (config->not_understood)
        cmd_warn(ctx, "%s:%u: is no line of a configuration; %u such lines are passed over", path,
                (unsigned)config->first_line, (unsigned)config->not_understood);
    return true;
}

bool answer_settings(struct cmd_context *ctx, struct answer_options *o) {
    struct settings settings;
    struct kconfig config;
    uint32_t set = opt_count(&ctx->values, "set");
    uint32_t count = 0;
    if (set > SET_MAX)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET, "--set is given more than %d times", SET_MAX);
    if (!read_settings(ctx, &settings) || !read_configuration(ctx, o, &config))
        return false;
    const char **all =
            NEW_ARRAY(ctx->arena, const char *, settings.count + config.choices.len + set + 1);
    for (uint32_t i = 0; i < settings.count; i++)
        all[count++] = settings.options[i];
    for (size_t i = 0; i < config.choices.len; i++)
        if (config.choices.at[i].option)
            all[count++] = config.choices.at[i].option;
    for (uint32_t i = 0; i < set; i++)
        all[count++] = opt_value_at(&ctx->values, "set", i);
    o->target_options = all;
    o->target_option_count = count;
    return true;
}
