// Parameters of a target from all that says some: a device's log, a file of settings, a project's configuration, --set. See answer_options.h.
#include "answer_options.h"
#include "kconfig.h"
#include "pattern_fields.h"
#include "settings.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SET_MAX = 32 };

// ---- where things are

enum { FOLDERS_MAX = 4 };

const char *answer_subject_file(struct cmd_context *ctx, const char *name) {
    const char *dir = opt_value(&ctx->values, "subject", NULL);
    if (dir == NULL)
        return NULL;
    const char *path = arena_printf(ctx->arena, "%s/%s", dir, name);
    return access(path, R_OK) == 0 ? path : NULL;
}

bool answer_has_option(const struct cmd_context *ctx, const char *option) {
    for (const struct opt *o = ctx->self->opts; o->name != NULL || o->letter != 0; o++)
        if (o->name != NULL && strcmp(o->name, option) == 0)
            return true;
    return false;
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

// ---- settings and configuration

/// Reads the settings that count, if there are any.
static bool read_settings(struct cmd_context *ctx, const char *chip, struct settings *out) {
    *out = (struct settings){ .count = 0 };
    if (!answer_has_option(ctx, "settings"))
        return true;
    const char *given = opt_value(&ctx->values, "settings", NULL);
    const char *path = given != NULL                       ? given
                       : answer_has_option(ctx, "subject") ? answer_subject_file(ctx, "settings")
                                                           : NULL;
    struct str target = chip ? str_base_name(str_from(chip)) : STR("");
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

/// What there is to say of a configuration: what does not fit the target, what that does not model.
static void warn_configuration(struct cmd_context *ctx, const struct sdkconfig *c,
        const struct target *t, const struct kconfig *k) {
    const struct sdkconfig_value *chip = sdkconfig_find(c, STR("IDF_TARGET"));
    if (chip && !str_equal(chip->value, t->name))
        cmd_warn(ctx,
                "%s:%u: is of a project for '%.*s', and counted as one for '%s', whose memories "
                "and options are others",
                c->path, (unsigned)chip->line, STR_ARG(chip->value), t->name.at);
    for (size_t i = 0; i < k->choices.len; i++)
        if (k->choices.at[i].problem)
            cmd_warn(ctx, "%s:%u: %s", c->path, (unsigned)k->choices.at[i].line,
                    k->choices.at[i].problem);
    for (size_t i = 0; i < k->unmodelled.len; i++)
        cmd_warn(ctx, "%s:%u: CONFIG_%s changes memory and is not modelled: %s", c->path,
                (unsigned)k->unmodelled.at[i].line, k->unmodelled.at[i].option->symbol.at,
                k->unmodelled.at[i].option->about.at);
    if (c->not_understood)
        cmd_warn(ctx, "%s:%u: is no line of a configuration; %u such lines are passed over",
                c->path, (unsigned)c->first_line, (unsigned)c->not_understood);
}

/// What the project's configuration chooses; --set comes behind it and overrules. Problems are warnings.
static bool read_configuration(
        struct cmd_context *ctx, struct answer_options *o, struct kconfig *k) {
    const char *path =
            answer_has_option(ctx, "sdkconfig") ? opt_value(&ctx->values, "sdkconfig", NULL) : NULL;
    const char *target = o->target;
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
    warn_configuration(ctx, config, plain, k);
    return true;
}

// ---- a device's log

/// Whether there is a file for the target that a log names.
static bool has_target(struct cmd_context *ctx, const char *name) {
    uint32_t count;
    const char *const *folders = answer_target_folders(ctx, &count);
    struct stat status;
    for (uint32_t i = 0; i < count && name[0] && strchr(name, '/') == NULL; i++)
        if (stat(arena_printf(ctx->arena, "%s/%s", folders[i], name), &status) == 0 &&
                S_ISREG(status.st_mode))
            return true;
    return false;
}

const char *answer_target_of_log(struct cmd_context *ctx, const struct import_found *f) {
    const char *named = import_chip(f);
    return has_target(ctx, named) ? named : NULL;
}

bool answer_choose_boot(struct cmd_context *ctx, struct import_found *f) {
    uint64_t number, most = f->log.boots.len;
    if (!opt_number(&ctx->values, "boot", 0, &number, &ctx->err))
        return false;
    if (opt_is_given(&ctx->values, "boot") && (number == 0 || number > most))
        return fail(&ctx->err, NULL, ERR_NO_OFFSET, "there are %u starts; --boot takes 1 to that",
                (unsigned)most);
    if (number)
        f->boot = (uint32_t)number - 1;
    return true;
}

/// Reads the log, and lets it name the target if nothing else does.
static bool read_boot_log(struct cmd_context *ctx, struct answer_options *o) {
    const char *path = opt_value(&ctx->values, "boot-log", NULL);
    uint32_t count = opt_count(&ctx->values, "free");
    const char **patterns = NEW_ARRAY(ctx->arena, const char *, count + 1u);
    struct import_found *log = NEW(ctx->arena, struct import_found);
    for (uint32_t i = 0; i < count; i++)
        patterns[i] = opt_value_at(&ctx->values, "free", i);
    if (!import_log_read(ctx->arena, &path, 1, patterns, count, false, log, &ctx->err))
        return false;
    if (!answer_choose_boot(ctx, log))
        return false;
    if (log->boot == UINT32_MAX)
        return fail(&ctx->err, path, ERR_NO_OFFSET,
                "nothing in it is a device's start, or tells of memory; `ramlens import --unknown` "
                "lists "
                "its lines");
    if (o->target == NULL)
        o->target = answer_target_of_log(ctx, log);
    if (o->target == NULL)
        return fail(
                &ctx->err, path, ERR_NO_OFFSET, "names no chip that is known; --target names it");
    o->boot_log = log;
    return true;
}

/// "cache=256K", of an open parameter what is taken for it; NULL when the user gave it, or nothing is known.
static const char *choice_option(struct arena *a, const struct device_choice *c) {
    struct str value = c->open ? c->taken : c->value;
    return c->is_given || value.len == 0
                   ? NULL
                   : arena_printf(a, "%.*s=%.*s", STR_ARG(c->parameter), STR_ARG(value));
}

/// What the log says besides what is said already: parameters that follow from it, free bytes at moments.
static bool take_boot_log(struct cmd_context *ctx, struct answer_options *o) {
    struct import_found *log = NEW(ctx->arena, struct import_found);
    const struct device_fit_source chip = { .name = o->target,
        .folders = o->target_folders,
        .folder_count = o->target_folder_count,
        .options = o->target_options,
        .option_count = o->target_option_count };
    *log = *o->boot_log;
    if (!import_log_fit(ctx->arena, &chip, log, &ctx->err) || !pattern_fields_check(ctx, log))
        return false;
    const struct device_fit *fit = &log->fit;
    const char **all =
            NEW_ARRAY(ctx->arena, const char *, o->target_option_count + fit->choices.len + 1);
    uint32_t count = 0;
    for (size_t i = 0; i < fit->choices.len; i++) {
        const char *option = choice_option(ctx->arena, &fit->choices.at[i]);
        if (option)
            all[count++] = option;
    }
    for (uint32_t i = 0; i < o->target_option_count; i++)
        all[count++] = o->target_options[i];
    for (size_t i = 0; i < fit->notes.len; i++)
        cmd_warn(ctx, "%s: %s", import_path(log, log->log.boots.at[log->boot].input),
                fit->notes.at[i]);
    o->target_options = all;
    o->target_option_count = count;
    o->boot_log = log;
    return true;
}

void answer_warn_open(struct cmd_context *ctx, const struct answer_options *o) {
    for (size_t i = 0; o->boot_log && i < o->boot_log->fit.choices.len; i++) {
        const struct device_choice *c = &o->boot_log->fit.choices.at[i];
        if (c->open && !c->is_given)
            cmd_warn(ctx, "%s: leaves open: %.*s may be %s; %.*s is taken",
                    import_path(o->boot_log, o->boot_log->log.boots.at[o->boot_log->boot].input),
                    STR_ARG(c->parameter), c->open, STR_ARG(c->taken));
    }
}

// ---- all of it

bool answer_settings(struct cmd_context *ctx, struct answer_options *o) {
    bool has_log = answer_has_option(ctx, "boot-log") && opt_is_given(&ctx->values, "boot-log");
    struct settings settings;
    struct kconfig config;
    uint32_t set = opt_count(&ctx->values, "set");
    uint32_t count = 0;
    if (set > SET_MAX)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET, "--set is given more than %d times", SET_MAX);
    if ((has_log && !read_boot_log(ctx, o)) || !read_settings(ctx, o->target, &settings) ||
            !read_configuration(ctx, o, &config))
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
    return !has_log || take_boot_log(ctx, o);
}
