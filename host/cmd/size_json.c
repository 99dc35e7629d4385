// `ramlens size --json` and --csv. See size_parts.h.
#include "json_out.h"
#include "size_parts.h"

#include <inttypes.h>

static json_t *list_of_known(uint8_t known) {
    static const char *const names[] = { // By bit; that a symbol has no size is no source.
        "map", "symbols", "debug", "object", "strings", NULL, "section"
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i] && known & (1u << i))
            json_array_append_new(list, json_out_value(str_from(names[i])));
    return list;
}

static json_t *figures(const struct size_row *row) {
    json_t *o = json_object();
    json_out_number(o, "bytes", row->bytes);
    for (int i = 0; i < SIZE_CLASSES; i++)
        json_out_number(o, size_class_names[i], row->classes[i]);
    json_out_number(o, "ram", row->ram);
    json_out_number(o, "stored", row->stored);
    json_out_number(o, "at_least", row->least);
    json_out_number(o, "duplicate", row->duplicate);
    json_out_number(o, "dropped", row->dropped);
    json_out_number(o, "in_archive", row->held);
    json_out_number(o, "symbols", row->symbols);
    return o;
}

static json_t *row_of(struct cmd_context *ctx, struct size_answer *s, const struct size_row *row) {
    json_t *o = json_object();
    for (uint32_t i = 0; i < s->options.key_count; i++)
        json_out_str(o, size_key_names[s->options.keys[i]], row->keys[i]);
    const struct footprint_item *item = &s->footprint.items.at[row->item];
    if (size_has_key(&s->options, SIZE_SYMBOL) && item->symbol.len) {
        json_out_str(o, "name", size_shown(ctx->arena, SIZE_SYMBOL, item->symbol));
        json_out_str(o, "declared_in", item->source);
        json_out_number(o, "line", item->line);
    }
    json_object_update_new(o, figures(row));
    json_object_set_new(o, "known_by", list_of_known(row->known));
    return o;
}

static json_t *memories(const struct size_answer *s) {
    static const char *const sources[] = { "target", "map", "segment" };
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->memory_count; i++) {
        const struct memory *m = &s->footprint.memories.list[s->memories[i].memory];
        json_t *o = json_object();
        json_out_str(o, "name", m->name);
        json_out_str(o, "about", m->about);
        json_out_number(o, "start", m->start);
        json_out_number(o, "bytes", m->bytes);
        json_out_number(o, "reserved", s->memories[i].reserved);
        json_out_number(o, "used", s->memories[i].use.used);
        json_out_number(o, "overlaid", s->memories[i].use.overlaid);
        json_object_set_new(o, "is_ram", json_boolean(m->is_ram));
        json_out_str(o, "known_by", str_from(sources[m->source]));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *files(const struct size_answer *s) {
    json_t *list = json_array();
    for (size_t i = 0; i < s->footprint.files.len; i++) {
        const struct footprint_file *f = &s->footprint.files.at[i];
        json_t *o = json_object();
        json_out_str(o, "path", f->path);
        json_out_number(o, "section_bytes", f->section_bytes);
        json_object_set_new(o, "has_map", json_boolean(f->map != NULL));
        json_array_append_new(list, o);
    }
    return list;
}

void size_json(struct cmd_context *ctx, struct size_answer *s) {
    json_t *root = json_object();
    json_t *keys = json_array();
    json_t *list = json_array();
    json_out_str(root, "schema", STR("ramlens.size/1"));
    json_object_set_new(root, "files", files(s));
    if (s->has_target)
        json_out_str(root, "target", s->target.name);
    json_object_set_new(root, "memories", memories(s));
    json_out_number(root, "elsewhere", s->elsewhere);
    for (uint32_t i = 0; i < s->options.key_count; i++)
        json_array_append_new(keys, json_out_value(str_from(size_key_names[s->options.keys[i]])));
    json_object_set_new(root, "by", keys);
    for (uint32_t i = 0; i < s->table.row_count; i++)
        json_array_append_new(list, row_of(ctx, s, s->table.rows[i]));
    json_object_set_new(root, "rows", list);
    json_object_set_new(root, "rest", figures(&s->table.rest));
    json_out_number(json_object_get(root, "rest"), "rows", s->table.rest_count);
    json_object_set_new(root, "total", figures(&s->table.total));
    json_object_set_new(root, "has_lower_bound", json_boolean(s->has_roots));
    size_structs_json(ctx, s, root);
    json_out_write(root, ctx->out);
}

// ---- CSV

/// A field, in quotes where RFC 4180 wants them.
static void field(struct text *out, struct str s) {
    bool quotes = false;
    for (size_t i = 0; i < s.len; i++)
        quotes |= s.at[i] == ',' || s.at[i] == '"' || s.at[i] == '\n' || s.at[i] == '\r';
    if (quotes)
        text_add_char(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '"')
            text_add_char(out, '"');
        text_add_char(out, s.at[i]);
    }
    if (quotes)
        text_add_char(out, '"');
}

static void csv_line(struct cmd_context *ctx, const struct size_answer *s, struct text *out,
        const struct size_row *row) {
    for (uint32_t i = 0; i < s->options.key_count; i++) {
        field(out, row->keys ? row->keys[i] : i == 0 ? STR("(more)") : STR(""));
        text_add_char(out, ',');
    }
    text_printf(out, "%" PRIu64, row->bytes);
    for (int i = 0; i < SIZE_CLASSES; i++)
        text_printf(out, ",%" PRIu64, row->classes[i]);
    text_printf(out,
            ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu32 ",",
            row->ram, row->stored, row->least, row->duplicate, row->dropped, row->held,
            row->symbols);
    field(out, str_from(size_known(ctx->arena, row->known)));
    text_printf(out, "\r\n");
}

void size_csv(struct cmd_context *ctx, struct size_answer *s) {
    struct text out = { .arena = ctx->arena };
    for (uint32_t i = 0; i < s->options.key_count; i++)
        text_printf(&out, "%s,", size_key_names[s->options.keys[i]]);
    text_printf(&out, "bytes");
    for (int i = 0; i < SIZE_CLASSES; i++)
        text_printf(&out, ",%s", size_class_names[i]);
    text_printf(&out, ",ram,stored,at_least,duplicate,dropped,in_archive,symbols,known_by\r\n");
    for (uint32_t i = 0; i < s->table.row_count; i++)
        csv_line(ctx, s, &out, s->table.rows[i]);
    if (s->table.rest_count)
        csv_line(ctx, s, &out, &s->table.rest);
    out_add(ctx->out, text_str(&out));
}
