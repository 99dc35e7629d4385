// `ramlens size --holes` and --stacks. See size_parts.h.
#include "demangle.h"
#include "human.h"
#include "json_out.h"
#include "size_parts.h"
#include "table.h"

#include <inttypes.h>

static void number(struct table *t, uint64_t n) {
    table_printf(t, "%s", human_exact(n).text);
}

static struct str place(struct arena *a, struct str source, uint32_t line) {
    return source.len == 0 ? STR("")
                           : str_from(arena_printf(
                                     a, "%.*s:%" PRIu32, STR_ARG(str_base_name(source)), line));
}

static size_t rows_of(const struct size_answer *s, size_t count) {
    return s->options.limit && count > s->options.limit ? s->options.limit : count;
}

static void more(struct text *out, size_t all, size_t shown) {
    if (all > shown)
        text_printf(out, "... and %s more (--limit 0)\n", human_exact(all - shown).text);
}

static struct str memory_of(const struct size_answer *s, uint32_t memory, bool is_writable) {
    if (memory != MEMORY_NONE)
        return s->footprint.memories.list[memory].name;
    return is_writable ? STR("(data)") : STR("(constants)");
}

static struct str variable_of(struct cmd_context *ctx, const struct size_answer *s, uint32_t item) {
    return item == FOOTPRINT_NONE
                   ? STR("")
                   : demangle_variable(ctx->arena, s->footprint.items.at[item].symbol);
}

/// What a narrow terminal makes do without, one after the other.
enum hole_columns { ALL_COLUMNS, WITHOUT_VARIABLE, WITHOUT_MEMORY, WITHOUT_PARTS };

static void add_column(struct table_column *list, size_t *count, struct table_column column) {
    list[(*count)++] = column;
}

static size_t hole_titles(enum hole_columns columns, struct table_column *list) {
    size_t count = 0;
    add_column(list, &count,
            (struct table_column){ .title = "struct", .is_flexible = true, .most = 72 });
    add_column(list, &count,
            (struct table_column){ .title = "where", .is_flexible = true, .keeps_end = true });
    if (columns < WITHOUT_MEMORY)
        add_column(list, &count, (struct table_column){ .title = "memory" });
    add_column(list, &count, (struct table_column){ .title = "size", .align = TABLE_RIGHT });
    if (columns < WITHOUT_PARTS) {
        add_column(list, &count, (struct table_column){ .title = "holes", .align = TABLE_RIGHT });
        add_column(list, &count, (struct table_column){ .title = "tail", .align = TABLE_RIGHT });
    }
    add_column(list, &count, (struct table_column){ .title = "instances", .align = TABLE_RIGHT });
    add_column(list, &count, (struct table_column){ .title = "lost", .align = TABLE_RIGHT });
    if (columns < WITHOUT_VARIABLE)
        add_column(list, &count,
                (struct table_column){ .title = "most by", .is_flexible = true, .most = 72 });
    return count;
}

static void hole_row(struct cmd_context *ctx, struct size_answer *s, const struct struct_hole *h,
        enum hole_columns columns, struct table *t) {
    table_cell(t, h->name.len ? h->name : STR("(no name)"));
    table_cell(t, place(ctx->arena, h->source, h->line));
    if (columns < WITHOUT_MEMORY)
        table_cell(t, memory_of(s, h->memory, h->is_writable));
    number(t, h->bytes);
    if (columns < WITHOUT_PARTS) {
        number(t, h->hole_bytes);
        number(t, h->tail_bytes);
    }
    number(t, h->instances);
    number(t, h->lost_bytes);
    if (columns < WITHOUT_VARIABLE)
        table_cell(t, variable_of(ctx, s, h->item));
}

/// The table with as many columns as there is room for.
static void write_holes(
        struct cmd_context *ctx, struct size_answer *s, size_t shown, struct text *out) {
    for (int columns = ALL_COLUMNS;; columns++) {
        struct table_column list[9];
        size_t count = hole_titles((enum hole_columns)columns, list);
        struct table t = table_new(ctx->arena, list, count);
        for (size_t i = 0; i < shown; i++)
            hole_row(ctx, s, &s->types.holes.at[i], (enum hole_columns)columns, &t);
        if (columns == WITHOUT_PARTS || table_fits(&t, &ctx->term)) {
            table_write(&t, &ctx->term, out);
            return;
        }
    }
}

void size_structs(struct cmd_context *ctx, struct size_answer *s, struct text *out) {
    const struct static_types *types = &s->types;
    size_t shown = rows_of(s, types->holes.len);
    text_printf(out, "\nStructs that lose bytes by their layout, times static instances: %s B\n\n",
            human_exact(types->lost_bytes).text);
    write_holes(ctx, s, shown, out);
    more(out, types->holes.len, shown);
    if (types->without_debug)
        text_printf(out, "%" PRIu32 " programs or objects have no debug information of types.\n",
                types->without_debug);
}

// ---- stacks

static void tasks(struct cmd_context *ctx, struct size_answer *s, struct text *out) {
    static const char *const by[] = { "its type", "its name: a guess", "control block" };
    static const struct table_column columns[] = { { .title = "variable", .is_flexible = true },
        { .title = "memory" }, { .title = "bytes", .align = TABLE_RIGHT }, { .title = "type" },
        { .title = "known by" } };
    struct table t = table_new(ctx->arena, columns, 5);
    text_printf(out, "\nStatic stacks and control blocks of tasks\n\n");
    for (size_t i = 0; i < s->types.stacks.len; i++) {
        const struct task_stack *stack = &s->types.stacks.at[i];
        const struct footprint_item *item = &s->footprint.items.at[stack->item];
        table_cell(&t, variable_of(ctx, s, stack->item));
        table_cell(&t, memory_of(s, s->footprint.sections.at[item->section].memory, true));
        number(&t, item->bytes);
        table_cell(&t, stack->type);
        table_cell(&t, str_from(by[stack->by]));
    }
    table_write(&t, &ctx->term, out);
}

/// What the list of frames lacks.
static void frame_notes(const struct frame_sizes *s, struct text *out) {
    const struct {
        uint32_t count;
        const char *what;
    } notes[] = {
        { s->missing, "functions have none: clang leaves out those whose frame grows at run time" },
        { s->unmatched, "frames are of functions that no given file holds" },
        { s->ambiguous, "frames fit several functions of one name" },
        { s->not_understood, "lines or entries make no sense and are passed over" },
    };
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
        if (notes[i].count)
            text_printf(out, "%s %s.\n", human_exact(notes[i].count).text, notes[i].what);
}

void size_stacks(struct cmd_context *ctx, struct size_answer *s, struct text *out) {
    static const struct table_column columns[] = {
        { .title = "function", .is_flexible = true, .most = 72 },
        { .title = "where", .is_flexible = true, .keeps_end = true },
        { .title = "frame", .align = TABLE_RIGHT }, { .title = "" }
    };
    tasks(ctx, s, out);
    struct table t = table_new(ctx->arena, columns, 4);
    size_t shown = rows_of(s, s->frames.list.len);
    frame_sizes_place(&s->frames, shown);
    text_printf(out, "\nLargest stack frames (one function each: not what lies under it)\n\n");
    for (size_t i = 0; i < shown; i++) {
        struct frame_size *f = &s->frames.list.at[i];
        table_cell(&t, f->function.len ? f->function : STR("(no name)"));
        table_cell(&t, place(ctx->arena, f->file, f->line));
        number(&t, f->bytes);
        table_cell(&t, f->kind == STACK_STATIC ? STR("") : str_from(stack_usage_names[f->kind]));
    }
    table_write(&t, &ctx->term, out);
    more(out, s->frames.list.len, shown);
    if (s->frames.list.len == 0)
        text_printf(out, "None: no .su file was given, and no file has a section .stack_sizes.\n");
    frame_notes(&s->frames, out);
}

// ---- JSON

static json_t *hole_json(
        struct cmd_context *ctx, struct size_answer *s, const struct struct_hole *h) {
    json_t *o = json_object();
    json_out_str(o, "name", h->name);
    json_out_str(o, "file", h->source);
    json_out_number(o, "line", h->line);
    json_out_str(o, "memory", memory_of(s, h->memory, h->is_writable));
    json_out_number(o, "size", h->bytes);
    json_out_number(o, "holes", h->hole_bytes);
    json_out_number(o, "tail", h->tail_bytes);
    json_out_number(o, "instances", h->instances);
    json_out_number(o, "lost", h->lost_bytes);
    json_out_str(o, "most_by", variable_of(ctx, s, h->item));
    return o;
}

static json_t *stack_json(
        struct cmd_context *ctx, struct size_answer *s, const struct task_stack *k) {
    static const char *const by[] = { "type", "name", "control-block" };
    const struct footprint_item *item = &s->footprint.items.at[k->item];
    json_t *o = json_object();
    json_out_str(o, "variable", variable_of(ctx, s, k->item));
    json_out_str(o, "memory", memory_of(s, s->footprint.sections.at[item->section].memory, true));
    json_out_number(o, "bytes", item->bytes);
    json_out_str(o, "type", k->type);
    json_out_str(o, "known_by", str_from(by[k->by]));
    return o;
}

static json_t *frame_json(const struct frame_size *f) {
    json_t *o = json_object();
    json_out_str(o, "function", f->function);
    json_out_str(o, "file", f->file);
    json_out_number(o, "line", f->line);
    json_out_number(o, "bytes", f->bytes);
    json_out_str(o, "kind", str_from(stack_usage_names[f->kind]));
    return o;
}

void size_structs_json(struct cmd_context *ctx, struct size_answer *s, json_t *root) {
    json_t *holes = json_array(), *stacks = json_array(), *frames = json_array();
    for (size_t i = 0; s->wants_types && i < s->types.holes.len; i++)
        json_array_append_new(holes, hole_json(ctx, s, &s->types.holes.at[i]));
    for (size_t i = 0; s->wants_types && i < s->types.stacks.len; i++)
        json_array_append_new(stacks, stack_json(ctx, s, &s->types.stacks.at[i]));
    if (s->wants_frames)
        frame_sizes_place(&s->frames, s->frames.list.len);
    for (size_t i = 0; s->wants_frames && i < s->frames.list.len; i++)
        json_array_append_new(frames, frame_json(&s->frames.list.at[i]));
    if (s->wants_types) {
        json_object_set(root, "holes", holes);
        json_object_set(root, "stacks", stacks);
    }
    if (s->wants_frames)
        json_object_set(root, "frames", frames);
    json_decref(holes);
    json_decref(stacks);
    json_decref(frames);
}
