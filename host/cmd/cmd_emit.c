/// `ramlens emit`: writes the files that apply a plan to a build.
#include "answer_options.h"
#include "cmd.h"
#include "emit.h"
#include "emit_calls.h"
#include "file.h"
#include "file_damage.h"
#include "human.h"
#include "plan_check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const forms[] = { "include", "wrap", "objcopy", "cxx", "sites", "esp-idf",
    NULL };
static bool (*const makers[])(struct emit *, struct err *) = { emit_include, emit_wrap,
    emit_objcopy, emit_cxx, emit_sites, emit_esp_idf };

static const struct opt opts[] = {
    { .letter = 'a',
            .name = "as",
            .value = "FORM",
            .help = "what to write",
            .more = "include: a header per component, to be forced into its sources. objcopy: "
                    "names "
                    "to change in its archives. cxx: the program's operators new and delete. wrap: "
                    "the linker's --wrap. sites: the table by return address that wrap and cxx "
                    "look "
                    "into. esp-idf: what an ESP-IDF project takes in.",
            .choices = forms },
    { .letter = 'o',
            .name = "output",
            .value = "DIR",
            .help = "write into DIR (default: placement)" },
    { .letter = 'f', .name = "force", .help = "overwrite files that differ" },
    { .letter = 't', .name = "target", .value = "CHIP", .help = "the chip (default: esp32p4)" },
    { .letter = 's',
            .name = "set",
            .many = true,
            .value = "NAME=VALUE",
            .help = "choose a parameter of the chip, such as cache=256K" },
    ANSWER_SETTINGS_OPTS,
    { .letter = 'c', .name = "components", .value = "FILE", .help = "component map" },
    { .name = "subject", .value = "DIR", .help = "take the component map from DIR" },
    { .name = "program",
            .value = "ELF",
            .help = "count what is reached in this program",
            .more = "Needs the linker's map and the objects and archives that it names." },
    { .name = "link-map", .value = "FILE", .help = "the linker's map of the program" },
    { .name = "trace",
            .value = "TRACE",
            .help = "count what a recorded run asked for, and tell its sites",
            .more = "With --as sites a run of this very program: its call sites get entries of "
                    "their "
                    "own." },
    { .name = "image", .value = "N", .help = "the N-th process image of the trace (from 1)" },
    { .name = "room", .value = "BYTES", .help = "size of the empty table of sites (16K)" },
    { .name = "insisted",
            .help = "also place what the chip's libraries do by themselves",
            .more = "ESP-IDF's mbedTLS asks for internal RAM by itself; a build of it for a host "
                    "does "
                    "not. With this option the files make it so, unless the plan has a line for "
                    "it." },
    { 0 },
};

/// What the command reads before it writes.
struct inputs {
    struct target target;
    struct component_map map;
    struct plan plan;
    struct ldmap link_map;
    struct elf_file elf;
    struct reach reach;
    bool has_program;
    struct answer answer; ///< Of the trace, if there is one.
    struct emit_program program;
    struct emit_run_calls run;
};

static bool read_plan(struct cmd_context *ctx, struct inputs *in) {
    struct answer_options o = { 0 };
    if (!answer_target_options(ctx, &o))
        return false;
    const char *target = opt_value(&ctx->values, "target", "esp32p4");
    const char *components = opt_value(&ctx->values, "components", NULL);
    if (components == NULL)
        components = answer_subject_file(ctx, "components");
    return target_load(ctx->arena, target, o.target_folders, o.target_folder_count,
                   o.target_options, o.target_option_count, &in->target, &ctx->err) &&
           component_map_read(ctx->arena, components, &in->map, &ctx->err) &&
           plan_read(ctx->arena, ctx->values.operands[0], &in->target, in->map.names, in->map.count,
                   &in->plan, &ctx->err) &&
           // Files for another chip would ask for other memories: no warning, but a refusal.
           plan_check_made_for(&in->plan, "", STR(""), &ctx->err);
}

static const char *folder_of(struct arena *a, const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "." : arena_printf(a, "%.*s", (int)(slash - path), path);
}

static bool count_reach(struct cmd_context *ctx, struct inputs *in) {
    const char *program = opt_value(&ctx->values, "program", NULL);
    if (program == NULL)
        return opt_is_given(&ctx->values, "link-map")
                       ? fail(&ctx->err, NULL, ERR_NO_OFFSET,
                                 "--link-map goes with --program: it is that program's map")
                       : true;
    const char *path = opt_value(&ctx->values, "link-map", NULL);
    if (path == NULL)
        path = arena_printf(ctx->arena, "%s.map", program);
    if (!elf_file_read(ctx->arena, program, &in->elf, &ctx->err))
        return false;
    if (access(path, R_OK) != 0)
        return fail(&ctx->err, path, ERR_NO_OFFSET,
                "cannot be read: %s; the program's map is needed to count: link with -Wl,-Map=%s, "
                "or "
                "leave --program out",
                strerror(errno), path);
    if (!ldmap_read(ctx->arena, path, &in->link_map, &ctx->err) ||
            !reach_read(ctx->arena, &in->link_map, folder_of(ctx->arena, path), &in->map,
                    &in->reach, &ctx->err))
        return false;
    const char *slash = strrchr(program, '/');
    in->reach.program = str_from(slash == NULL ? program : slash + 1);
    in->reach.size = in->elf.class_bits == 64 ? 'm' : 'j';
    in->has_program = true;
    return true;
}

/// Whether the file is there with just this content: then nothing has to be written.
static bool is_same(struct cmd_context *ctx, const char *path, struct str content) {
    struct str old;
    struct err ignored;
    return access(path, R_OK) == 0 && file_read(ctx->arena, path, content.len, &old, &ignored) &&
           str_equal(old, content);
}

/// The folder, and those above it.
static bool make_folder(struct cmd_context *ctx, const char *path) {
    char *name = arena_printf(ctx->arena, "%s", path);
    for (char *c = name + 1; *c != '\0'; c++) {
        if (*c == '/') {
            *c = '\0';
            (void)mkdir(name, 0777);
            *c = '/';
        }
    }
    struct stat s;
    if (mkdir(name, 0777) != 0 && (errno != EEXIST || stat(name, &s) != 0 || !S_ISDIR(s.st_mode)))
        return fail(&ctx->err, path, ERR_NO_OFFSET, "is no folder and cannot be made one: %s",
                strerror(errno));
    return true;
}

static bool write_files(struct cmd_context *ctx, struct emit *e) {
    const char *folder = opt_value(&ctx->values, "output", "placement");
    bool force = opt_is_given(&ctx->values, "force");
    if (!make_folder(ctx, folder))
        return false;
    // First all checks: half of a set is worse than none.
    for (uint32_t i = 0; i < e->file_count; i++) {
        const char *path = arena_printf(ctx->arena, "%s/%s", folder, e->files[i].name);
        if (!force && access(path, F_OK) == 0 && !is_same(ctx, path, text_str(&e->files[i].text)))
            return fail(&ctx->err, path, ERR_NO_OFFSET,
                    "is there already, with other content; -f overwrites it; nothing was written");
    }
    for (uint32_t i = 0; i < e->file_count; i++) {
        const char *path = arena_printf(ctx->arena, "%s/%s", folder, e->files[i].name);
        struct str content = text_str(&e->files[i].text);
        if (!is_same(ctx, path, content) && !file_write(path, content, true, &ctx->err))
            return false;
        out_add(ctx->out, str_from(arena_printf(ctx->arena, "%s\n", path)));
    }
    return true;
}

/// Goes through the run, if one is given.
static bool read_run(struct cmd_context *ctx, struct inputs *in, struct emit *e) {
    const char *trace = opt_value(&ctx->values, "trace", NULL);
    uint64_t image;
    if (trace == NULL)
        return true;
    if (!opt_number(&ctx->values, "image", 0, &image, &ctx->err))
        return false;
    struct answer_options o = { .trace = trace,
        .image = image > UINT32_MAX ? UINT32_MAX : (uint32_t)image,
        .components = opt_value(&ctx->values, "components", NULL),
        .link_map = opt_value(&ctx->values, "link-map", NULL) };
    if (o.components == NULL)
        o.components = answer_subject_file(ctx, "components");
    if (o.components == NULL)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "--trace needs the component map that the plan is written with: --components");
    if (!answer_open(&in->answer, ctx->arena, &o, &ctx->err))
        return false;
    bool done = emit_calls_read(&in->answer, &in->plan, e->options.with_insisted,
            in->has_program ? &in->elf : NULL,
            in->has_program           ? &in->link_map
            : in->answer.has_link_map ? &in->answer.link_map
                                      : NULL,
            &in->run, &ctx->err);
    cmd_warn_damage(ctx, &in->answer.trace);
    answer_close(&in->answer);
    const char *slash = strrchr(trace, '/');
    in->run.name = slash == NULL ? trace : slash + 1;
    e->run = &in->run;
    return done;
}

static bool read_room(struct cmd_context *ctx, struct emit_options *o) {
    enum { ROOM = 16384, ROOM_LEAST = 64, ROOM_MOST = 1 << 24 };
    uint64_t room;
    if (!opt_number(&ctx->values, "room", ROOM, &room, &ctx->err))
        return false;
    if (room < ROOM_LEAST || room > ROOM_MOST)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET, "--room is between %d and %d bytes", ROOM_LEAST,
                ROOM_MOST);
    o->room = (uint32_t)room & ~UINT32_C(15);
    return true;
}

static int run(struct cmd_context *ctx) {
    static struct inputs in;
    static struct emit e;
    struct emit_options o = { .with_insisted = opt_is_given(&ctx->values, "insisted") };
    if (!opt_is_given(&ctx->values, "as")) {
        (void)fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "--as says what to write: include, wrap, objcopy, cxx, sites or esp-idf");
        return CMD_FAILED;
    }
    if (!read_room(ctx, &o) || !read_plan(ctx, &in) || !count_reach(ctx, &in))
        return CMD_FAILED;
    emit_init(&e, ctx->arena, &in.plan, &in.map, &o);
    in.program = (struct emit_program){ &in.elf, &in.link_map, &in.map };
    e.reach = in.has_program ? &in.reach : NULL;
    e.program = in.has_program ? &in.program : NULL;
    if (!read_run(ctx, &in, &e) || !makers[opt_choice(&ctx->values, "as", 0)](&e, &ctx->err) ||
            !write_files(ctx, &e))
        return CMD_FAILED;
    for (uint32_t i = 0; i < e.warning_count; i++)
        cmd_warn(ctx, "%s", e.warnings[i]);
    return CMD_DONE;
}

const struct command cmd_emit = {
    .name = "emit",
    .group = CMD_GROUP_PLACE,
    .summary = "write the files that apply a plan to a build",
    .usage = "[OPTIONS] --as FORM PLAN",
    .example = "ramlens emit --as include --components components -o placement plan\n"
               "ramlens emit --as objcopy --subject subjects/webrtc --program device plan",
    .text = "Writes what a build compiles, links or renames so that the plan comes true, and "
            "prints "
            "the names of the files. Each begins with a comment that says what it reaches and what "
            "it "
            "does not; with --program that is counted. What the files call are ESP-IDF's "
            "heap_caps_* functions; on a host 'ramlens run' provides them, and without either they "
            "are plain malloc.\n"
            "docs/emit.md says when to use which form.",
    .exits = NULL,
    .opts = opts,
    .least_operands = 1,
    .most_operands = 1,
    .run = run,
};
