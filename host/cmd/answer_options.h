/// The options by which commands that answer questions say what to answer from.
#ifndef RAMLENS_ANSWER_OPTIONS_H
#define RAMLENS_ANSWER_OPTIONS_H

#include "answer.h"
#include "cmd.h"

/// Rows for a command's option table.
#define ANSWER_SOURCE_OPTS                                                                         \
    { .letter = 'c', .name = "components", .value = "FILE", .help = "component map" },             \
            { .name = "subject",                                                                   \
                .value = "DIR",                                                                    \
                .help = "take component map, plan and figures from DIR",                           \
                .more = "Uses DIR/components, DIR/as-ported, DIR/observed, DIR/settings and "      \
                        "DIR/estimates where "                                                     \
                        "they exist and the option for each was not given." },                     \
    {                                                                                              \
        .name = "image", .value = "N", .help = "the N-th process image of the trace (from 1)",     \
        .more = "A process that executes another program begins a new image. Without this "        \
                "option: the last."                                                                \
    }

/// Rows for commands that know of chips.
#define ANSWER_SETTINGS_OPTS                                                                       \
    { .name = "settings",                                                                          \
        .value = "FILE",                                                                           \
        .help = "parameters of the chip, as 'ramlens import' writes them",                         \
        .more = "Lines 'set NAME VALUE'. What --set says counts more." },                          \
    {                                                                                              \
        .name = "sdkconfig", .value = "FILE", .help = "the project's configuration",               \
        .more = "Chooses the chip's parameters (L2 cache, silicon revision, threshold of malloc, " \
                "stacks ...); --set overrules it."                                                 \
    }

/// A row for commands that know of the device's files.
#define ANSWER_ARCHIVES_OPT                                                                        \
    {                                                                                              \
        .name = "archives", .value = "FILE", .many = true,                                         \
        .help = "objects and archives compiled for the device",                                    \
        .more = "May be repeated; objects and archives among the operands count, too, so "         \
                "that `--archives lib*.a` works."                                                  \
    }

/// All of them. A command that has another --map calls it --elf-map.
#define ANSWER_DEVICE_OPTS                                                                         \
    { .name = "elf", .value = "FILE", .help = "the device's linked program" },                     \
            { .name = "map",                                                                       \
                .value = "FILE",                                                                   \
                .help = "the linker's map of the device's program" },                              \
            ANSWER_ARCHIVES_OPT

/// Further rows for such commands.
#define ANSWER_TARGET_OPTS                                                                         \
    { .letter = 't',                                                                               \
        .name = "target",                                                                          \
        .value = "CHIP",                                                                           \
        .help = "answer for CHIP: a name or a file" },                                             \
            { .letter = 's',                                                                       \
                .name = "set",                                                                     \
                .many = true,                                                                      \
                .value = "NAME=VALUE",                                                             \
                .help = "choose a parameter of the chip, such as cache=256K" },                    \
            ANSWER_SETTINGS_OPTS,                                                                  \
            { .letter = 'p',                                                                       \
                .name = "plan",                                                                    \
                .value = "FILE",                                                                   \
                .help = "answer for the state that FILE describes" },                              \
            { .name = "observed", .value = "FILE", .help = "free bytes that a device reported" },  \
            { .name = "link-map",                                                                  \
                .value = "FILE",                                                                   \
                .help = "the linker's map of the program that ran" },                              \
            ANSWER_DEVICE_OPTS,                                                                    \
            { .name = "boot-log",                                                                  \
                .value = "FILE",                                                                   \
                .help = "what the device printed on its serial line",                              \
                .more = "As 'ramlens import' reads it: parameters of the chip that follow from "   \
                        "it, what is static, free bytes at moments. --set, --sdkconfig and "       \
                        "--settings count more." },                                                \
            { .name = "boot",                                                                      \
                .value = "N",                                                                      \
                .help = "the device's N-th start in it, from 1; else the last" },                  \
    {                                                                                              \
        .name = "free", .value = "PATTERN", .many = true,                                          \
        .help = "how your own lines in it tell free bytes"                                         \
    }

/// Fills `o` from the command line; the first operand is the trace. `has_target`: the command's table has ANSWER_TARGET_OPTS.
/// False with a message.
bool answer_options_of(struct cmd_context *ctx, bool has_target, struct answer_options *o);

/// The chip that the start of the log `f` names, if there is a file for such a target; NULL.
const char *answer_target_of_log(struct cmd_context *ctx, const struct import_found *f);

/// Whether the command's own table has `option`: not every command takes all of them.
bool answer_has_option(const struct cmd_context *ctx, const char *option);

/// Parameters of the chip into `o->target_options`, as target_load() takes them: what a device's log tells (--boot-log; also `o->boot_log`), then those of the
/// settings file (--settings, or that of --subject if it is for this target), then what the project's configuration chooses (--sdkconfig; also
/// `o->configuration`), then --set. `o->target` and `o->target_folders` must be there; a log may name the target that nothing else does. False with a message.
bool answer_settings(struct cmd_context *ctx, struct answer_options *o);

/// The start of the log that --boot chooses, into `f->boot`. False with a message when there is none of that number.
bool answer_choose_boot(struct cmd_context *ctx, struct import_found *f);

/// Warns of each parameter that the log leaves open, with what is taken for it. `ramlens report` has them in its head.
void answer_warn_open(struct cmd_context *ctx, const struct answer_options *o);

/// Only the parts that choose a chip: `target_options`, and the folders where targets are looked for. False with a message.
bool answer_target_options(struct cmd_context *ctx, struct answer_options *o);

/// Where targets are looked for: the environment's folder, beside a built ramlens, where it was installed.
const char *const *answer_target_folders(struct cmd_context *ctx, uint32_t *count);

/// DIR/`name` of --subject if that is given and the file exists, else NULL.
const char *answer_subject_file(struct cmd_context *ctx, const char *name);

#endif
