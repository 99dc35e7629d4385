// `ramlens size` for people. See size_parts.h.
#include "demangle.h"
#include "human.h"
#include "size_parts.h"
#include "table.h"

#include <inttypes.h>

/// How a row may be known: a word, and the letter that stands for it where there is no room.
static const struct {
    uint8_t bit;
    char letter;
    const char *name;
} sources_known[] = { { FOOTPRINT_BY_MAP, 'm', "map" }, { FOOTPRINT_BY_OBJECT, 'o', "object" },
    { FOOTPRINT_BY_SYMBOL, 's', "symbols" }, { FOOTPRINT_BY_SECTION, 'n', "section" },
    { FOOTPRINT_BY_TEXT, 't', "strings" }, { FOOTPRINT_BY_DEBUG, 'd', "debug" } };
enum { SOURCES_KNOWN = sizeof sources_known / sizeof sources_known[0] };

const char *size_known(struct arena *a, uint8_t known) {
    struct text list = { .arena = a };
    for (size_t i = 0; i < SOURCES_KNOWN; i++)
        if (known & sources_known[i].bit)
            text_printf(&list, "%s%s", list.len ? ", " : "", sources_known[i].name);
    return list.len ? list.at : "-";
}

static const char *known_letters(struct arena *a, uint8_t known) {
    struct text list = { .arena = a };
    for (size_t i = 0; i < SOURCES_KNOWN; i++)
        if (known & sources_known[i].bit)
            text_add_char(&list, sources_known[i].letter);
    return list.len ? list.at : "-";
}

/// "by: m map, o object".
static void explain_letters(uint8_t known, struct text *out) {
    const char *before = "by: ";
    for (size_t i = 0; i < SOURCES_KNOWN; i++)
        if (known & sources_known[i].bit) {
            text_printf(out, "%s%c %s", before, sources_known[i].letter, sources_known[i].name);
            before = ", ";
        }
    text_add_char(out, '\n');
}

struct str size_shown(struct arena *a, enum size_key key, struct str value) {
    if (value.len == 0)
        return STR("-");
    return key == SIZE_SYMBOL ? demangle_variable(a, value) : value;
}

/// What a narrow terminal makes do without, one after the other; --json and --csv have it.
enum narrowness {
    ALL_COLUMNS,
    WITHOUT_SYMBOLS, ///< How many there are.
    WITH_LETTERS,    ///< For how a row is known.
    WITH_OTHER,      ///< Padding and what a linker makes in one column.
    WITHOUT_KNOWN,   ///< How a row is known.
    WITH_LARGEST,    ///< Only the two largest kinds, all the others in one column.
    WITHOUT_PLACES,  ///< Where symbols are declared, and what of the bytes is in RAM.
    WITHOUT_KINDS,   ///< Any kinds.
    NARROWEST = WITHOUT_KINDS
};

/// What is in the columns: only those that anything is in.
struct columns {
    struct table_column list[SIZE_KEYS + SIZE_CLASSES + 12];
    size_t count;
    bool classes[SIZE_CLASSES];
    bool has_where, has_kind, has_ram, has_least, has_duplicate, has_dropped, has_held, has_symbols,
            has_known;
    bool is_other[SIZE_CLASSES]; ///< Kinds that share a column and have none of their own.
    bool has_other;              ///< Any of them.
    bool has_letters;
};

static void add_column(struct columns *c, const char *title, enum table_align align) {
    c->list[c->count++] = (struct table_column){ .title = title, .align = align };
}

/// The row's item if it is a symbol whose source file is known; else NULL.
static const struct footprint_item *item_with_place(
        const struct size_answer *s, const struct size_row *row) {
    const struct footprint_item *item = &s->footprint.items.at[row->item];
    return row->keys && item->symbol.len && item->source.len ? item : NULL;
}

static bool has_place(const struct size_answer *s) {
    for (uint32_t i = 0; i < s->table.row_count; i++)
        if (item_with_place(s, s->table.rows[i]))
            return true;
    return false;
}

/// Puts a kind that has a column into the one for others.
static void fold(struct columns *c, enum size_class class) {
    c->has_other |= c->classes[class];
    c->is_other[class] = c->classes[class];
    c->classes[class] = false;
}

static void fold_all_but(
        struct columns *c, const struct size_row *total, enum size_class sorted, int kept) {
    for (int shown = SIZE_CLASSES; shown > kept; shown--) {
        int least = SIZE_CLASSES;
        int count = 0;
        for (int i = 0; i < SIZE_CLASSES; i++) {
            count += c->classes[i];
            bool may_go = c->classes[i] && (enum size_class)i != sorted;
            if (may_go && (least == SIZE_CLASSES || total->classes[i] < total->classes[least]))
                least = i;
        }
        if (count <= kept || least == SIZE_CLASSES)
            return;
        fold(c, (enum size_class)least);
    }
}

/// Kinds that a narrow terminal has no columns for.
static void fold_classes(
        const struct size_answer *s, enum narrowness narrowness, struct columns *c) {
    if (narrowness >= WITH_OTHER && c->classes[SIZE_PADDING] && c->classes[SIZE_LINKER]) {
        fold(c, SIZE_PADDING);
        fold(c, SIZE_LINKER);
    }
    if (narrowness >= WITH_LARGEST)
        fold_all_but(c, &s->table.total, s->options.sort_class, 2);
    for (int i = 0; narrowness >= WITHOUT_KINDS && i < SIZE_CLASSES; i++)
        c->classes[i] = c->classes[i] && (enum size_class)i == s->options.sort_class;
    c->has_other = c->has_other && narrowness < WITHOUT_KINDS;
}

static void choose_columns(
        const struct size_answer *s, enum narrowness narrowness, struct columns *c) {
    const struct size_row *total = &s->table.total;
    unsigned classes = 0;
    for (int i = 0; i < SIZE_CLASSES; i++)
        classes += total->classes[i] != 0;
    bool has_symbols = size_has_key(&s->options, SIZE_SYMBOL);
    bool needs_kind = classes > 1 && !size_has_key(&s->options, SIZE_KIND);
    for (int i = 0; i < SIZE_CLASSES; i++) { // A symbol is mostly of one kind: a word says that.
        bool is_shown = !has_symbols || (enum size_class)i == s->options.sort_class;
        c->classes[i] = needs_kind && is_shown && total->classes[i] != 0;
    }
    c->has_kind = needs_kind && has_symbols;
    c->has_ram = total->ram != 0 && total->ram != total->bytes && narrowness < WITHOUT_PLACES;
    c->has_least = s->has_roots;
    c->has_duplicate = total->duplicate != 0;
    c->has_dropped = total->dropped != 0;
    c->has_held = total->held != 0 && narrowness < WITH_OTHER;
    c->has_where = has_symbols && has_place(s) && narrowness < WITHOUT_PLACES;
    c->has_symbols = !has_symbols && narrowness < WITHOUT_SYMBOLS;
    c->has_known = s->is_linked && narrowness < WITHOUT_KNOWN;
    c->has_letters = narrowness >= WITH_LETTERS;
    fold_classes(s, narrowness, c);
}

enum { WIDEST_NAME = 72 }; ///< A longer one would put all figures far to the right.

static void title_columns(const struct size_answer *s, struct columns *c) {
    for (uint32_t i = 0; i < s->options.key_count; i++) {
        add_column(c, size_key_names[s->options.keys[i]], TABLE_LEFT);
        c->list[c->count - 1].is_flexible = true;
        c->list[c->count - 1].most = WIDEST_NAME;
        c->list[c->count - 1].keeps_end = s->options.keys[i] == SIZE_FILE;
    }
    if (c->has_where)
        add_column(c, "where", TABLE_LEFT);
    if (c->has_kind)
        add_column(c, "kind", TABLE_LEFT);
    for (int i = 0; i < SIZE_CLASSES; i++)
        if (c->classes[i])
            add_column(c, size_class_names[i], TABLE_RIGHT);
    if (c->has_other)
        add_column(c, "other", TABLE_RIGHT);
    add_column(c, "bytes", TABLE_RIGHT);
    if (c->has_ram)
        add_column(c, "ram", TABLE_RIGHT);
    if (c->has_least)
        add_column(c, "at least", TABLE_RIGHT);
    if (c->has_duplicate)
        add_column(c, "duplicate", TABLE_RIGHT);
    if (c->has_dropped)
        add_column(c, "dropped", TABLE_RIGHT);
    if (c->has_held)
        add_column(c, "in archive", TABLE_RIGHT);
    if (c->has_symbols)
        add_column(c, "symbols", TABLE_RIGHT);
    if (c->has_known)
        add_column(c, c->has_letters ? "by" : "known by", TABLE_LEFT);
}

static void number(struct table *t, uint64_t n) {
    table_printf(t, "%s", human_exact(n).text);
}

/// "main.c:12".
static void where(struct cmd_context *ctx, struct size_answer *s, struct table *t,
        const struct size_row *row) {
    const struct footprint_item *item = item_with_place(s, row);
    if (item == NULL)
        table_cell(t, STR(""));
    else if (item->line == 0)
        table_cell(t, str_base_name(item->source));
    else
        table_cell(t, str_from(arena_printf(ctx->arena, "%.*s:%" PRIu32,
                              STR_ARG(str_base_name(item->source)), item->line)));
}

/// The kind of what is in the row. Of a symbol with constants among its code that is several.
static void kind(struct size_answer *s, struct table *t, const struct size_row *row) {
    const struct footprint_item *item = &s->footprint.items.at[row->item];
    int classes = 0;
    int last = 0;
    for (int i = 0; i < SIZE_CLASSES; i++)
        if (row->classes[i]) {
            classes++;
            last = i;
        }
    bool is_item = classes == 0 || row->bytes == item->bytes;
    if (row->keys == NULL)
        table_cell(t, STR(""));
    else
        table_cell(t, str_from(classes > 1 ? "several"
                               : is_item   ? footprint_kind_names[item->kind]
                                           : size_class_names[last]));
}

static void figures(struct cmd_context *ctx, struct table *t, const struct columns *c,
        const struct size_row *row) {
    for (int i = 0; i < SIZE_CLASSES; i++)
        if (c->classes[i])
            number(t, row->classes[i]);
    uint64_t other = 0;
    for (int i = 0; i < SIZE_CLASSES; i++)
        other += c->is_other[i] ? row->classes[i] : 0;
    if (c->has_other)
        number(t, other);
    number(t, row->bytes);
    if (c->has_ram)
        number(t, row->ram);
    if (c->has_least)
        number(t, row->least);
    if (c->has_duplicate)
        number(t, row->duplicate);
    if (c->has_dropped)
        number(t, row->dropped);
    if (c->has_held)
        number(t, row->held);
    if (c->has_symbols)
        number(t, row->symbols);
    if (c->has_known)
        table_cell(t, row->keys == NULL ? STR("")
                      : c->has_letters  ? str_from(known_letters(ctx->arena, row->known))
                                        : str_from(size_known(ctx->arena, row->known)));
}

/// A row without keys: `title` in the first column.
static void row_without_keys(struct cmd_context *ctx, struct size_answer *s, struct table *t,
        const struct columns *c, const struct size_row *row, const char *title) {
    table_cell(t, str_from(title));
    for (uint32_t i = 1; i < s->options.key_count; i++)
        table_cell(t, STR(""));
    if (c->has_where)
        table_cell(t, STR(""));
    if (c->has_kind)
        table_cell(t, STR(""));
    figures(ctx, t, c, row);
}

/// Of each field that the filter asks for, the values there are: a name that is slightly wrong is seen.
static void nothing_matches(struct cmd_context *ctx, struct size_answer *s, struct text *out) {
    enum { SHOWN = 8 };
    text_printf(out, "\nNothing matches the filter. What there is:\n");
    for (int key = 0; key < SIZE_KEYS; key++) {
        struct size_options o = { .keys = { (enum size_key)key },
            .key_count = 1,
            .limit = SHOWN,
            .sort_class = SIZE_CLASSES };
        struct size_table values;
        if (!(s->filter.used & (UINT32_C(1) << key)))
            continue;
        size_table_make(ctx->arena, &s->footprint, &o, &values);
        text_printf(out, "  %s", size_key_names[key]);
        for (uint32_t i = 0; i < values.row_count; i++)
            text_printf(out, "%s %.*s", i ? "," : "",
                    STR_ARG(human_clean(ctx->arena,
                            size_shown(ctx->arena, (enum size_key)key, values.rows[i]->keys[0]))));
        if (values.rest_count)
            text_printf(out, " and %s more", human_exact(values.rest_count).text);
        text_add_char(out, '\n');
    }
}

/// The table with the columns of `c`.
static struct table make_table(struct cmd_context *ctx, struct size_answer *s, struct columns *c) {
    title_columns(s, c);
    struct table t = table_new(ctx->arena, c->list, c->count);
    for (uint32_t i = 0; i < s->table.row_count; i++) {
        const struct size_row *row = s->table.rows[i];
        for (uint32_t k = 0; k < s->options.key_count; k++)
            table_cell(&t, size_shown(ctx->arena, s->options.keys[k], row->keys[k]));
        if (c->has_where)
            where(ctx, s, &t, row);
        if (c->has_kind)
            kind(s, &t, row);
        figures(ctx, &t, c, row);
    }
    if (s->table.rest_count)
        row_without_keys(ctx, s, &t, c, &s->table.rest,
                arena_printf(
                        ctx->arena, "%s more (--limit 0)", human_exact(s->table.rest_count).text));
    table_rule(&t);
    row_without_keys(ctx, s, &t, c, &s->table.total, "all");
    return t;
}

static void rows(struct cmd_context *ctx, struct size_answer *s, struct text *out) {
    for (int narrowness = ALL_COLUMNS;; narrowness++) {
        struct columns c = { .count = 0 };
        choose_columns(s, (enum narrowness)narrowness, &c);
        struct table t = make_table(ctx, s, &c);
        if (narrowness == NARROWEST || table_fits(&t, &ctx->term)) {
            table_write(&t, &ctx->term, out);
            if (c.has_known && c.has_letters)
                explain_letters(s->table.total.known, out);
            return;
        }
    }
}

/// Sections that take turns at one place: their rows add up to more than the memory has of them.
static void overlays(struct cmd_context *ctx, const struct size_answer *s, struct text *out) {
    enum { SHOWN = 8 };
    for (uint32_t i = 0; i < s->memory_count; i++) {
        const struct memory_use *use = &s->memories[i].use;
        if (use->overlays.len == 0)
            continue;
        text_printf(out, "In %.*s ",
                STR_ARG(human_clean(
                        ctx->arena, s->footprint.memories.list[s->memories[i].memory].name)));
        for (size_t k = 0; k < use->overlays.len && k < SHOWN; k++)
            text_printf(out, "%s%.*s", k ? ", " : "",
                    STR_ARG(human_clean(
                            ctx->arena, s->footprint.sections.at[use->overlays.at[k]].name)));
        if (use->overlays.len > SHOWN)
            text_printf(out, " and %s more", human_exact(use->overlays.len - SHOWN).text);
        text_printf(out, " share addresses: %s B of them are not counted twice.\n\n",
                human_exact(use->overlaid).text);
    }
}

/// What the table of memories has beside sizes.
struct memory_columns {
    bool has_reserved;
    bool has_source; ///< Where there is room.
};

static void memory_titles(const struct memory_columns *shown, struct columns *c) {
    add_column(c, "memory", TABLE_LEFT);
    c->list[0].is_flexible = true;
    add_column(c, "size", TABLE_RIGHT);
    if (shown->has_reserved)
        add_column(c, "reserved", TABLE_RIGHT);
    add_column(c, "used", TABLE_RIGHT);
    add_column(c, "", TABLE_RIGHT);
    add_column(c, "left", TABLE_RIGHT);
    if (shown->has_source)
        add_column(c, "known by", TABLE_LEFT);
}

static void memory_row(struct cmd_context *ctx, const struct size_memory *used,
        const struct memory *m, const struct memory_columns *shown, struct table *t) {
    static const char *const sources[] = { "target", "map", "segment" };
    uint64_t taken = used->use.used + used->reserved;
    table_cell(t, m->about.len ? str_from(arena_printf(ctx->arena, "%.*s: %.*s", STR_ARG(m->name),
                                         STR_ARG(m->about)))
                               : m->name);
    number(t, m->bytes);
    if (shown->has_reserved)
        number(t, used->reserved);
    number(t, used->use.used);
    table_printf(t, "%s", human_percent(used->use.used, m->bytes).text);
    table_printf(t, "%s",
            human_change((int64_t)m->bytes - (int64_t)taken).text +
                    (m->bytes >= taken && m->bytes != taken));
    if (shown->has_source)
        table_cell(t, str_from(sources[m->source]));
}

/// The table; false when no memory is known but by the segments in it, which are as large as what they hold.
static bool make_memories(struct cmd_context *ctx, struct size_answer *s,
        const struct memory_columns *shown, struct columns *c, struct table *t) {
    bool any = false;
    memory_titles(shown, c);
    *t = table_new(ctx->arena, c->list, c->count);
    for (uint32_t i = 0; i < s->memory_count; i++) {
        const struct memory *m = &s->footprint.memories.list[s->memories[i].memory];
        if (m->source != MEMORY_OF_SEGMENT) {
            memory_row(ctx, &s->memories[i], m, shown, t);
            any = true;
        }
    }
    return any;
}

/// Each memory: what it has, what of it is used.
static void memories(struct cmd_context *ctx, struct size_answer *s, struct text *out) {
    struct memory_columns shown = { .has_source = true };
    struct columns wide = { .count = 0 };
    struct columns narrow = { .count = 0 };
    struct table t;
    for (uint32_t i = 0; i < s->memory_count; i++)
        shown.has_reserved |= s->memories[i].reserved != 0;
    bool any = make_memories(ctx, s, &shown, &wide, &t);
    if (any && !table_fits(&t, &ctx->term)) {
        shown.has_source = false;
        (void)make_memories(ctx, s, &shown, &narrow, &t);
    }
    if (any) {
        table_write(&t, &ctx->term, out);
        text_add_char(out, '\n');
    }
    overlays(ctx, s, out);
    if (s->elsewhere)
        text_printf(out,
                "%s B are linked to where %.*s has no memory. Is it a program for another "
                "chip?\n\n",
                human_exact(s->elsewhere).text, STR_ARG(s->target.name));
}

static void unknown(struct size_answer *s, struct text *out) {
    const struct size_row *total = &s->table.total;
    uint64_t owned = total->classes[SIZE_UNKNOWN] - total->ownerless;
    if (s->is_linked)
        text_printf(out, "\n%s B (%s) are unknown: no symbol and no map says whose they are.\n",
                human_exact(total->ownerless).text,
                human_percent(total->ownerless, total->bytes).text);
    if (owned)
        text_printf(out,
                "%s%s B (%s) have an owner, but neither name nor memory says what they are.\n",
                s->is_linked ? "" : "\n", human_exact(owned).text,
                human_percent(owned, total->bytes).text);
    if (s->is_object && !s->has_roots)
        text_printf(out, "\nBytes are an upper bound: a linker keeps what is used. --root SYMBOL "
                         "gives the lower one.\n");
}

void size_text(struct cmd_context *ctx, struct size_answer *s) {
    struct text out = { .arena = ctx->arena };
    memories(ctx, s, &out);
    rows(ctx, s, &out);
    if (s->filter.root && s->table.row_count == 0)
        nothing_matches(ctx, s, &out);
    else
        unknown(s, &out);
    if (opt_is_given(&ctx->values, "holes"))
        size_structs(ctx, s, &out);
    if (s->wants_frames)
        size_stacks(ctx, s, &out);
    out_add(ctx->out, text_str(&out));
}
