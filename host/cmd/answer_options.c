/// See answer_options.h.
#include "answer_options.h"

#include "ar_file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *given_or_subject(struct cmd_context *ctx, const char *option, const char *file) {
    if (!answer_has_option(ctx, option))
        return NULL;
    const char *given = opt_value(&ctx->values, option, NULL);
    return given != NULL ? given : answer_subject_file(ctx, file);
}

/// Whether the operand is an object or archive.
static bool is_object(const char *path) {
    struct file_map map;
    struct err ignored = { .text = "" };
    if (!file_map(path, &map, &ignored))
        return false;
    struct str bytes = { (const char *)map.bytes, map.size_bytes };
    bool is_one = ar_file_is(bytes) || elf_file_is(bytes);
    file_unmap(&map);
    return is_one;
}

/// Those of --archives, and those among the operands; the one operand that is none is the trace.
static bool read_archives(struct cmd_context *ctx, struct answer_options *o) {
    uint32_t given = opt_count(&ctx->values, "archives");
    const char **list =
            NEW_ARRAY(ctx->arena, const char *, (size_t)given + ctx->values.operand_count + 1);
    o->archives = list;
    o->trace = NULL;
    for (uint32_t i = 0; i < given; i++)
        list[o->archive_count++] = opt_value_at(&ctx->values, "archives", i);
    for (uint32_t i = 0; i < ctx->values.operand_count; i++) {
        const char *path = ctx->values.operands[i];
        if (given && is_object(path))
            list[o->archive_count++] = path;
        else if (o->trace != NULL)
            return fail(&ctx->err, NULL, ERR_NO_OFFSET, "'%s' is one trace too many", path);
        else
            o->trace = path;
    }
    return true;
}

bool answer_target_options(struct cmd_context *ctx, struct answer_options *o) {
    if (o->target == NULL)
        o->target = opt_value(&ctx->values, "target", NULL);
    o->target_folders = answer_target_folders(ctx, &o->target_folder_count);
    return answer_settings(ctx, o);
}

/// Nothing for commands that do not take such files.
static bool read_device_files(struct cmd_context *ctx, struct answer_options *o) {
    if (!answer_has_option(ctx, "archives"))
        return true;
    o->device_elf = opt_value(&ctx->values, "elf", NULL);
    o->device_map =
            opt_value(&ctx->values, answer_has_option(ctx, "elf-map") ? "elf-map" : "map", NULL);
    return read_archives(ctx, o);
}

/// Figures of the log itself count more than those that a subject has from another day.
static void leave_observed(struct cmd_context *ctx, struct answer_options *o) {
    uint32_t figures = 0;
    if (o->boot_log == NULL || opt_is_given(&ctx->values, "observed"))
        return;
    (void)answer_log_figures(ctx->arena, o->boot_log, &figures);
    if (figures)
        o->observed = NULL;
}

static bool read_target_options(struct cmd_context *ctx, struct answer_options *o) {
    o->plan = given_or_subject(ctx, "plan", "as-ported");
    o->observed = given_or_subject(ctx, "observed", "observed");
    o->link_map = opt_value(&ctx->values, "link-map", NULL);
    if (!answer_target_options(ctx, o) || !read_device_files(ctx, o))
        return false;
    leave_observed(ctx, o);
    bool observed = answer_has_option(ctx, "observed") && opt_is_given(&ctx->values, "observed");
    if (answer_has_option(ctx, "observed") && o->target == NULL &&
            (opt_is_given(&ctx->values, "plan") || observed || o->target_option_count > 0 ||
                    o->device_elf || o->device_map || o->archive_count))
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "a plan, figures, parameters and a device's files are a chip's; --target names it");
    return true;
}

bool answer_options_of(struct cmd_context *ctx, bool has_target, struct answer_options *o) {
    *o = (struct answer_options){ .trace = ctx->values.operand_count ? ctx->values.operands[0]
                                                                     : NULL };
    uint64_t image;
    if (!opt_number(&ctx->values, "image", 0, &image, &ctx->err))
        return false;
    if (opt_is_given(&ctx->values, "image") && (image == 0 || image > UINT32_MAX))
        return fail(&ctx->err, NULL, ERR_NO_OFFSET, "--image counts from 1");
    o->image = (uint32_t)image;
    o->components = given_or_subject(ctx, "components", "components");
    return !has_target || read_target_options(ctx, o);
}
