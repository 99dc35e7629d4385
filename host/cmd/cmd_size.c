/// `ramlens size`: what takes memory before anything runs.
#include "answer_options.h"
#include "ar_file.h"
#include "conf.h"
#include "footprint_linked.h"
#include "footprint_objects.h"
#include "size_parts.h"
#include "vec.h"

#include <elf.h>
#include <string.h>
#include <sys/stat.h>

static const char *const sorts[] = { "bytes", "name", "code", "constant", "data", "zero", "padding",
    "linker", "copy", "unknown", NULL };

static const struct opt opts[] = {
    { .letter = 'b',
            .name = "by",
            .value = "KEY[,KEY...]",
            .help = "group by region, component, archive, symbol and more",
            .more = "Keys: region, component, archive, object, file, symbol, kind, section, input, "
                    "fate, cause, program." },
    { .letter = 'f',
            .name = "filter",
            .value = "WORDS",
            .help = "only what passes, such as 'kind=zero and not archive=libc.a'",
            .more = "Conditions are KEY=GLOB; a bare word matches any key. They are joined by "
                    "`and`, "
                    "`or`, `not` and brackets." },
    { .letter = 'm', .name = "map", .value = "FILE", .help = "the linker's map of the program" },
    { .letter = 'r',
            .name = "root",
            .value = "GLOB",
            .many = true,
            .help = "before linking: a symbol that is sure to be used" },
    { .letter = 't', .name = "target", .value = "CHIP", .help = "name memories as CHIP has them" },
    { .letter = 's',
            .name = "set",
            .value = "NAME=VALUE",
            .many = true,
            .help = "choose a parameter of the chip, such as cache=256K" },
    ANSWER_SETTINGS_OPTS,
    { .letter = 'c', .name = "components", .value = "FILE", .help = "component map" },
    { .name = "sort",
            .value = "COLUMN",
            .help = "bytes (the default), name, or a kind",
            .choices = sorts },
    { .letter = 'n', .name = "limit", .value = "N", .help = "rows to show; 0: all (default 40)" },
    { .name = "holes", .help = "structs by bytes lost to their layout, times instances" },
    { .name = "stacks",
            .help = "stack frames of functions, and stacks of tasks",
            .more = "Frames are read from `.stack_sizes` sections (clang -fstack-size-section), "
                    "and from "
                    "`.su` files among the operands (gcc -fstack-usage)." },
    { .name = "json", .help = "print JSON (docs/size.schema.json); all rows" },
    { .name = "csv", .help = "print CSV; all rows" },
    { 0 },
};

// ---- what the operands are

enum file_kind { FILE_PROGRAM, FILE_OBJECT, FILE_MAP, FILE_FRAMES };

struct given {
    const char *path;
    enum file_kind kind;
};

/// By its first bytes. What has none, a missing file or a directory, is taken for an object: whoever reads it says why. A pipe, whose bytes come
/// once, is text, as `<(zcat app.map.gz)` makes it.
static enum file_kind kind_of(const char *path) {
    unsigned char head[20] = { 0 };
    struct stat status;
    if (stat(path, &status) == 0 && S_ISFIFO(status.st_mode))
        return FILE_MAP;
    FILE *stream = fopen(path, "rbe");
    size_t len = stream ? fread(head, 1, sizeof head, stream) : 0;
    if (stream)
        (void)fclose(stream);
    struct str bytes = { (const char *)head, len };
    if (str_ends_with(str_from(path), STR(".su")))
        return FILE_FRAMES;
    if (len == 0 || ar_file_is(bytes) || str_starts_with(bytes, STR("BC\xc0\xde")))
        return FILE_OBJECT;
    if (!elf_file_is(bytes))
        return FILE_MAP;
    unsigned type = head[EI_DATA] == ELFDATA2MSB ? (unsigned)head[16] << 8 | head[17]
                                                 : (unsigned)head[17] << 8 | head[16];
    return type == ET_REL ? FILE_OBJECT : FILE_PROGRAM;
}

/// The first operand of that kind from `from` on; `count`: there is none.
static uint32_t find_kind(
        const struct given *files, uint32_t from, uint32_t count, enum file_kind kind) {
    uint32_t i = from;
    while (i < count && files[i].kind != kind)
        i++;
    return i;
}

/// The map, and the program that it belongs to: without a map, the first of them. Either may be missing.
static bool pair_map(struct cmd_context *ctx, const struct given *files, uint32_t count,
        const char **program, const char **map) {
    uint32_t first = find_kind(files, 0, count, FILE_PROGRAM);
    uint32_t second = find_kind(files, first + 1, count, FILE_PROGRAM);
    uint32_t operand = find_kind(files, 0, count, FILE_MAP);
    uint32_t other = find_kind(files, operand + 1, count, FILE_MAP);
    *program = first < count ? files[first].path : NULL;
    *map = opt_value(&ctx->values, "map", NULL);
    if (*map != NULL)
        other = operand;
    else if (operand < count)
        *map = files[operand].path;
    if (other < count)
        return fail(&ctx->err, files[other].path, ERR_NO_OFFSET,
                "is no ELF file and no archive, and a map was given already: %s", *map);
    if (*map != NULL && second < count)
        return fail(&ctx->err, files[second].path, ERR_NO_OFFSET,
                "is a second program, and a map goes with one: ask for each with its own");
    return true;
}

// ---- reading

static bool add_object(struct cmd_context *ctx, struct size_answer *s, const char *path) {
    struct footprint_skipped skipped;
    struct err err = { .text = "" };
    if (!footprint_objects_add(&s->footprint, path, &skipped, &err)) {
        char message[sizeof err.file + sizeof err.text + 64];
        if (ctx->values.operand_count == 1) {
            ctx->err = err;
            return false;
        }
        err_format(&err, message, sizeof message);
        cmd_warn(ctx, "%s; left out", message);
        s->is_partial = true;
        return true;
    }
    s->is_object = true;
    if (skipped.count)
        cmd_warn(ctx, "%s: %u %s not counted: %s", path, (unsigned)skipped.count,
                skipped.count == 1 ? "member is" : "members are", skipped.why);
    s->is_partial |= skipped.is_partial;
    return true;
}

/// A map that lacks what it should tell leaves bytes without an owner.
static void warn_of_map(
        struct cmd_context *ctx, const struct footprint_file *file, const char *map) {
    if (file->map && file->map->is_cut)
        cmd_warn(ctx,
                "%s: its end is missing (there is no line OUTPUT): what it lacks is not shown, or "
                "has no owner",
                map);
    else if (file->unmapped)
        cmd_warn(ctx,
                "%s: tells nothing of %u sections of the program, such as %.*s: they have no owner",
                map, (unsigned)file->unmapped, STR_ARG(file->unmapped_name));
}

static bool add_linked(
        struct cmd_context *ctx, struct size_answer *s, const char *program, const char *map) {
    uint32_t unread = 0;
    uint32_t file = (uint32_t)s->footprint.files.len;
    if (!footprint_linked_add(&s->footprint, program, map, &ctx->err))
        return false;
    s->is_linked = true;
    if (map == NULL)
        return true;
    warn_of_map(ctx, &s->footprint.files.at[file], map);
    if (program && !footprint_linked_merged(&s->footprint, file, NULL, &unread, &ctx->err))
        return false;
    if (unread)
        cmd_warn(ctx,
                "%u objects and archives of the map could not be read: merged strings of theirs "
                "stay with the object that the map names",
                (unsigned)unread);
    bool wants_dropped = s->options.key_count == 0 || size_needs(&s->options, SIZE_FATE) ||
                         size_needs(&s->options, SIZE_ARCHIVE);
    return !wants_dropped ||
           footprint_linked_dropped(&s->footprint, file, NULL, &unread, &ctx->err);
}

static bool read_files(struct cmd_context *ctx, struct size_answer *s) {
    uint32_t count = ctx->values.operand_count;
    struct given *files = NEW_ARRAY(ctx->arena, struct given, count + 1);
    const char *program, *map;
    for (uint32_t i = 0; i < count; i++) {
        files[i].path = ctx->values.operands[i];
        files[i].kind = kind_of(files[i].path);
    }
    if (!pair_map(ctx, files, count, &program, &map))
        return false;
    if ((program || map) && !add_linked(ctx, s, program, map))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        bool is_program = files[i].kind == FILE_PROGRAM && files[i].path != program;
        if ((is_program && !add_linked(ctx, s, files[i].path, NULL)) ||
                (files[i].kind == FILE_OBJECT && !add_object(ctx, s, files[i].path)))
            return false;
    }
    if (s->is_partial && !s->is_object && !s->is_linked)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET, "none of the files could be read");
    return true;
}

static bool read_bounds(struct cmd_context *ctx, struct size_answer *s) {
    uint32_t count = opt_count(&ctx->values, "root");
    const char **roots = NEW_ARRAY(ctx->arena, const char *, count + 1);
    for (uint32_t i = 0; i < count; i++)
        roots[i] = opt_value_at(&ctx->values, "root", i);
    if (count && !s->is_object)
        return fail(&ctx->err, NULL, ERR_NO_OFFSET,
                "--root is for objects and archives: what a program holds is known");
    if (!s->is_object)
        return true;
    if (!footprint_objects_bounds(&s->footprint, roots, count, NULL, &ctx->err))
        return false;
    for (size_t i = 0; i < s->footprint.items.len; i++)
        s->has_roots |= s->footprint.items.at[i].fate == FOOTPRINT_STAYS;
    return true;
}

// ---- options

static bool read_target(struct cmd_context *ctx, struct size_answer *s) {
    struct answer_options o = { .trace = NULL };
    const char *name = opt_value(&ctx->values, "target", NULL);
    if (!answer_target_options(ctx, &o))
        return false;
    if (name == NULL)
        return o.target_option_count == 0 ||
               fail(&ctx->err, NULL, ERR_NO_OFFSET, "parameters are a chip's; --target names it");
    s->has_target = true;
    return target_load(ctx->arena, name, o.target_folders, o.target_folder_count, o.target_options,
            o.target_option_count, &s->target, &ctx->err);
}

/// Without --by: what tells most of what there is.
static void default_keys(struct size_answer *s, bool has_map, bool has_components) {
    struct size_options *o = &s->options;
    o->key_count = 1;
    o->keys[0] = has_components            ? SIZE_COMPONENT
                 : has_map || s->is_object ? SIZE_ARCHIVE
                                           : SIZE_SECTION;
}

static bool read_keys(struct cmd_context *ctx, struct size_options *o) {
    struct str words = str_from(opt_value(&ctx->values, "by", ""));
    while (words.len > 0) {
        const char *comma = memchr(words.at, ',', words.len);
        struct str word = { words.at, comma ? (size_t)(comma - words.at) : words.len };
        enum size_key key;
        if (!size_key_parse(word, &key, &ctx->err))
            return false;
        if (size_has_key(o, key))
            return fail(&ctx->err, NULL, ERR_NO_OFFSET, "--by has '%s' twice", size_key_names[key]);
        o->keys[o->key_count++] = key;
        size_t taken = word.len + (comma != NULL);
        words = (struct str){ words.at + taken, words.len - taken };
    }
    return true;
}

static bool read_options(struct cmd_context *ctx, struct size_answer *s) {
    enum { LIMIT = 40 };
    struct size_options *o = &s->options;
    uint64_t limit;
    bool is_for_programs = opt_is_given(&ctx->values, "json") || opt_is_given(&ctx->values, "csv");
    if (!read_keys(ctx, o) ||
            !opt_number(&ctx->values, "limit", is_for_programs ? 0 : LIMIT, &limit, &ctx->err) ||
            !filter_parse(ctx->arena, str_from(opt_value(&ctx->values, "filter", "")),
                    size_key_names, &s->filter, &ctx->err))
        return false;
    o->filter = &s->filter;
    o->limit = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
    uint32_t sort = opt_choice(&ctx->values, "sort", 0);
    o->by_name = sort == 1;
    o->sort_class = sort < 2 ? SIZE_CLASSES : (enum size_class)(sort - 2);
    return true;
}

// ---- the answer

/// Frames of `.su` files and sections; types of static variables.
static bool read_stacks(struct cmd_context *ctx, struct size_answer *s) {
    s->wants_frames = opt_is_given(&ctx->values, "stacks");
    s->wants_types = s->wants_frames || opt_is_given(&ctx->values, "holes");
    if (s->wants_types)
        static_types_read(ctx->arena, &s->footprint, &task_stack_usual, &s->types);
    if (s->wants_frames)
        frame_sizes_begin(&s->frames, ctx->arena, &s->footprint);
    for (uint32_t i = 0; i < ctx->values.operand_count; i++) {
        const char *path = ctx->values.operands[i];
        if (kind_of(path) != FILE_FRAMES)
            continue;
        if (!s->wants_frames)
            return fail(&ctx->err, path, ERR_NO_OFFSET, "tells stack frames: --stacks shows them");
        if (!frame_sizes_add_file(&s->frames, path, &ctx->err))
            return false;
    }
    if (s->wants_frames) {
        frame_sizes_add_sections(&s->frames);
        frame_sizes_sort(&s->frames);
    }
    return true;
}

static bool name_all(struct cmd_context *ctx, struct size_answer *s) {
    const char *path = opt_value(&ctx->values, "components", NULL);
    bool wants_components = path != NULL || size_needs(&s->options, SIZE_COMPONENT);
    if (wants_components && !component_map_read(ctx->arena, path, &s->components, &ctx->err))
        return false;
    if (wants_components)
        footprint_add_components(&s->footprint, &s->components);
    if (size_needs(&s->options, SIZE_FILE) || (wants_components && s->components.names_sources))
        footprint_name_sources(&s->footprint);
    if (wants_components)
        footprint_name_components(&s->footprint, &s->components);
    return true;
}

/// Whether no memory of the target is where `section` is linked to.
static bool is_elsewhere(const struct footprint *f, const struct footprint_section *section) {
    return section->memory == MEMORY_NONE ||
           f->memories.list[section->memory].source != MEMORY_OF_TARGET;
}

/// What is linked to where the target has no memory.
static uint64_t bytes_elsewhere(const struct footprint *f) {
    uint64_t sum = 0;
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        if (memory_use_counts(f, item) && is_elsewhere(f, &f->sections.at[item->section]))
            sum += item->bytes;
    }
    return sum;
}

/// What each memory holds, whatever the filter.
static void fill_memories(struct cmd_context *ctx, struct size_answer *s) {
    struct footprint *f = &s->footprint;
    struct memory_use *use = NEW_ARRAY(ctx->arena, struct memory_use, f->memories.count + 1);
    memory_use_of(ctx->arena, f, use);
    s->elsewhere = s->has_target ? bytes_elsewhere(f) : 0;
    s->memories = NEW_ARRAY(ctx->arena, struct size_memory, f->memories.count + 1);
    for (uint32_t i = 0; i < f->memories.count; i++) {
        const struct memory *m = &f->memories.list[i];
        bool is_region = m->source == MEMORY_OF_TARGET && m->region != TARGET_NONE;
        if (use[i].used || is_region)
            s->memories[s->memory_count++] = (struct size_memory){ .memory = i,
                .use = use[i],
                .reserved = is_region ? s->target.regions[m->region].reserved_bytes : 0 };
    }
}

/// Where the symbols of the rows are declared. Debug information is read for these alone.
static void place_rows(struct cmd_context *ctx, struct size_answer *s) {
    const struct size_table *t = &s->table;
    struct footprint_item **items =
            NEW_ARRAY(ctx->arena, struct footprint_item *, t->row_count + 1u);
    size_t count = 0;
    if (!size_has_key(&s->options, SIZE_SYMBOL) || opt_is_given(&ctx->values, "csv"))
        return;
    for (uint32_t i = 0; i < t->row_count; i++) {
        struct footprint_item *item = &s->footprint.items.at[t->rows[i]->item];
        if (item->symbol.len && item->source.len == 0)
            items[count++] = item;
    }
    footprint_place_items(&s->footprint, items, count);
}

static void show(struct cmd_context *ctx, struct size_answer *s) {
    if (opt_is_given(&ctx->values, "json"))
        size_json(ctx, s);
    else if (opt_is_given(&ctx->values, "csv"))
        size_csv(ctx, s);
    else
        size_text(ctx, s);
}

static int run(struct cmd_context *ctx) {
    struct size_answer *s = NEW(ctx->arena, struct size_answer);
    if (!read_options(ctx, s) || !read_target(ctx, s))
        return CMD_FAILED;
    footprint_init(&s->footprint, ctx->arena, s->has_target ? &s->target : NULL);
    bool has_components = opt_is_given(&ctx->values, "components");
    bool done = read_files(ctx, s) && read_bounds(ctx, s);
    bool has_map = false;
    for (size_t i = 0; done && i < s->footprint.files.len; i++)
        has_map |= s->footprint.files.at[i].map != NULL;
    if (done && s->options.key_count == 0)
        default_keys(s, has_map, has_components);
    done = done && name_all(ctx, s) && read_stacks(ctx, s);
    if (done) {
        size_table_make(ctx->arena, &s->footprint, &s->options, &s->table);
        fill_memories(ctx, s);
        place_rows(ctx, s);
        show(ctx, s);
    }
    footprint_close(&s->footprint);
    return !done ? CMD_FAILED : s->is_partial ? CMD_NO : CMD_DONE;
}

const struct command cmd_size = {
    .name = "size",
    .group = CMD_GROUP_SIZE,
    .summary = "say what takes memory before anything runs",
    .usage = "[OPTIONS] FILE...",
    .example = "ramlens size lib*.a\n"
               "ramlens size --by symbol --filter 'kind=zero' lib*.a\n"
               "ramlens size --target esp32p4 app.elf app.map\n"
               "ramlens size --by region,archive,kind --json app.elf app.map",
    .text = "Static memory of objects and archives before linking, of a linked program and its "
            "linker's map after it, in any mix. Every byte has one owner and one kind; rows add up "
            "to what readelf and size say. Each row says how it is known.\n"
            "Before linking, bytes are an upper bound: what nothing refers to is dropped by a "
            "linker that collects sections. With --root, or objects given by themselves, the lower "
            "bound is shown, too: what is reached from there.\n"
            "Files are recognised by what they hold. A map belongs to the program given.",
    .exits = "0 done; 1 some of several files could not be read, the others are shown; 2 not done",
    .opts = opts,
    .least_operands = 1,
    .most_operands = UINT32_MAX,
    .run = run,
};
