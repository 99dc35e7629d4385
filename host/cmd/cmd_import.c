/// `ramlens import`: what a device says of its memory, from the text that it printed.
#include "answer_options.h"
#include "cmd.h"
#include "elf_file.h"
#include "file.h"
#include "import_files.h"
#include "import_parts.h"
#include "pattern_fields.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const struct opt opts[] = {
    { .letter = 't',
            .name = "target",
            .value = "CHIP",
            .help = "the chip: a name or a file",
            .more = "Without it the chip that the log names, if there is such a target." },
    { .letter = 's',
            .name = "set",
            .many = true,
            .value = "NAME=VALUE",
            .help = "a parameter of the chip that you know" },
    ANSWER_SETTINGS_OPTS,
    { .name = "free",
            .many = true,
            .value = "PATTERN",
            .help = "how your own lines tell free bytes",
            .more = "For example 'free internal: {internal}, psram: {psram}, largest {largest}'. "
                    "{CAPABILITY} is "
                    "the free bytes of that memory, {largest} and {least} its largest free block "
                    "and its least "
                    "free bytes so far, {name} the moment's name, {*} anything. KB and MB in the "
                    "line count." },
    { .name = "boot",
            .value = "N",
            .help = "compare and write the N-th start (from 1)",
            .more = "A log holds several when the device started anew. Without this option: the "
                    "last one." },
    { .letter = 'o',
            .name = "output",
            .value = "DIR",
            .help = "write what was learnt to files in DIR",
            .more = "DIR/observed (for --observed), DIR/settings (for --settings) and, when the "
                    "log holds heap "
                    "traces or dumps, DIR/trace.rlt, a trace that every command reads." },
    { .name = "elf", .value = "FILE", .help = "the firmware, for names in that trace" },
    { .letter = 'f', .name = "force", .help = "replace files that exist" },
    { .name = "unknown", .help = "list the lines that gave nothing" },
    { .letter = 'j', .name = "json", .help = "print JSON (docs/import.schema.json)" },
    { 0 },
};

// ---- reading

static bool read_logs(struct cmd_context *ctx, struct import_found *f) {
    uint32_t count = opt_count(&ctx->values, "free");
    const char **patterns = NEW_ARRAY(ctx->arena, const char *, count + 1u);
    for (uint32_t i = 0; i < count; i++)
        patterns[i] = opt_value_at(&ctx->values, "free", i);
    return import_log_read(ctx->arena, ctx->values.operands, ctx->values.operand_count, patterns,
            count, opt_is_given(&ctx->values, "unknown"), f, &ctx->err);
}

// ---- the start that counts, and its chip

/// The target by the user, else by the log; NULL.
static const char *target_of(struct cmd_context *ctx, const struct import_found *f) {
    const char *given = opt_value(&ctx->values, "target", NULL);
    return given ? given : answer_target_of_log(ctx, f);
}

static bool compare(struct cmd_context *ctx, struct import_found *f) {
    struct device_fit_source source = { .name = f->boot == UINT32_MAX ? NULL : target_of(ctx, f) };
    if (source.name == NULL)
        return true;
    struct answer_options chip = { .target = source.name };
    if (!answer_target_options(ctx, &chip))
        return false;
    source.options = chip.target_options;
    source.option_count = chip.target_option_count;
    source.folders = chip.target_folders;
    source.folder_count = chip.target_folder_count;
    return import_log_fit(ctx->arena, &source, f, &ctx->err);
}

// ---- files

static bool write_one(struct cmd_context *ctx, const char *dir, const char *name, struct str text) {
    const char *path = arena_printf(ctx->arena, "%s/%s", dir, name);
    if (!file_write(path, text, opt_is_given(&ctx->values, "force"), &ctx->err))
        return false;
    cmd_note(ctx, "wrote %s", path);
    return true;
}

/// The first doubts; a log may hold thousands of dumps.
static void tell_doubts(struct cmd_context *ctx, const struct device_blocks *blocks) {
    enum { MOST = 16 };
    const char *doubt = NULL;
    for (uint32_t i = 0; i <= MOST && (doubt = device_blocks_doubt(blocks, i)) != NULL; i++)
        cmd_warn(ctx, "%s", i < MOST ? doubt : "and more of that kind");
}

/// The trace of what heap traces and dumps listed, if there are any.
static bool write_trace(struct cmd_context *ctx, const struct import_found *f, const char *dir) {
    const struct device_blocks *blocks = import_blocks_of(f, f->boot);
    const char *program = opt_value(&ctx->values, "elf", NULL);
    struct elf_file elf;
    if (blocks == NULL || blocks->dumps.len == 0)
        return true;
    if (program != NULL && !elf_file_read(ctx->arena, program, &elf, &ctx->err))
        return false;
    const char *path = arena_printf(ctx->arena, "%s/trace.rlt", dir);
    bool is_written = device_blocks_write(
            blocks, program ? &elf : NULL, path, opt_is_given(&ctx->values, "force"), &ctx->err);
    if (program != NULL)
        elf_file_close(&elf);
    if (!is_written)
        return false;
    cmd_note(ctx, "wrote %s", path);
    tell_doubts(ctx, blocks);
    return true;
}

static bool write_files(struct cmd_context *ctx, const struct import_found *f) {
    const char *dir = opt_value(&ctx->values, "output", NULL);
    if (dir == NULL)
        return true;
    if (!f->has_fit)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                f->boot == UINT32_MAX
                        ? "the log says nothing that could be written"
                        : "whose memory? --target names a chip, for example --target esp32p4");
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return fail(&ctx->err, dir, ERR_NO_OFFSET, "cannot be made: %s", strerror(errno));
    const struct import_source source = { .path = import_path(f, f->log.boots.at[f->boot].input),
        .log = &f->log,
        .fit = &f->fit,
        .boot = f->boot };
    uint32_t figures;
    struct str observed = import_observed(ctx->arena, &source, &figures);
    return (figures == 0 || write_one(ctx, dir, "observed", observed)) &&
           write_one(ctx, dir, "settings", import_settings(ctx->arena, &source)) &&
           write_trace(ctx, f, dir);
}

static int run(struct cmd_context *ctx) {
    struct import_found *found = NEW(ctx->arena, struct import_found);
    if (!read_logs(ctx, found) || !answer_choose_boot(ctx, found) || !compare(ctx, found) ||
            !pattern_fields_check(ctx, found) || !write_files(ctx, found))
        return CMD_FAILED;
    if (opt_is_given(&ctx->values, "json"))
        import_json(ctx, found);
    else
        import_text(ctx, found);
    return CMD_DONE;
}

const struct command cmd_import = {
    .name = "import",
    .group = CMD_GROUP_RECORD,
    .summary = "read what a device printed of its memory",
    .usage = "[OPTIONS] LOG...",
    .example = "ramlens import boot.log\n"
               "ramlens import --free '[{name}] free {internal}' -o device boot.log",
    .text = "Reads the text of a device's serial line: the heaps that it announces at its start, "
            "free bytes that it or "
            "your application prints, tasks, tables of heaps, failed requests, heap traces. Time "
            "stamps, colours, "
            "cut lines and two cores' lines in each other are what such text is made of: what was "
            "mended or could not be "
            "read is counted, and listed by --unknown; nothing is guessed.\n"
            "\n"
            "The announced heaps tell which parameters of the chip hold (the size of its cache, "
            "its revision). '-' is "
            "standard input.",
    .opts = opts,
    .least_operands = 1,
    .most_operands = UINT32_MAX,
    .run = run,
};
