// See answer_static_table.h.
#include "answer_static_table.h"

#include "demangle.h"

#include <stdlib.h>

struct taking {
    struct answer *w;
    struct static_table *out;
};

static void name_owner(const struct footprint *f, uint32_t index, struct static_line *line) {
    if (index == FOOTPRINT_NONE)
        return;
    line->archive = f->objects.at[index].archive;
    line->object = f->objects.at[index].member;
}

static void take(void *self, const struct static_entry *e) {
    struct taking *t = self;
    struct answer *w = t->w;
    if (e->region != 0 || e->bytes == 0)
        return;
    struct static_line line = { .bytes = e->bytes,
        .component = e->component,
        .kind = e->kind,
        .origin = e->origin,
        .symbol = STR(""),
        .archive = STR(""),
        .object = STR(""),
        .source = STR(""),
        .objects = 1 };
    if (e->item) {
        line.symbol = e->item->symbol;
        line.source = e->item->source;
        line.line = e->item->line;
        name_owner(
                e->origin == STATIC_OF_DEVICE ? &w->device : &w->archives, e->item->object, &line);
    } else {
        line.symbol = e->variable->linkage;
        line.archive = e->variable->archive;
        line.object = e->variable->object;
        line.source = e->variable->file;
    }
    line.name = demangle_variable(w->a, line.symbol);
    *vec_push(w->a, t->out) = line;
}

static int compare(uint64_t x, uint64_t y) {
    return (x > y) - (x < y);
}

/// What may be joined stands together.
static int by_thing(const void *a, const void *b) {
    const struct static_line *x = a, *y = b;
    int order = str_compare(x->symbol, y->symbol);
    order = order ? order : compare(x->kind, y->kind);
    order = order ? order : compare(x->component, y->component);
    order = order ? order : str_compare(x->source, y->source);
    order = order ? order : compare(x->line, y->line);
    order = order ? order : str_compare(x->archive, y->archive);
    return order ? order : str_compare(x->object, y->object);
}

static int by_bytes(const void *a, const void *b) {
    const struct static_line *x = a, *y = b;
    int order = compare(y->bytes, x->bytes);
    return order ? order : by_thing(a, b);
}

static bool is_same_object(const struct static_line *x, const struct static_line *y) {
    return str_equal(x->archive, y->archive) && str_equal(x->object, y->object);
}

/// Whether they are of one thing: a variable of one declaration, or bytes of one object without a name.
static bool is_same(const struct static_line *x, const struct static_line *y) {
    bool is_declared = x->symbol.len != 0 && x->source.len != 0;
    return x->kind == y->kind && x->component == y->component && str_equal(x->symbol, y->symbol) &&
           str_equal(x->source, y->source) && x->line == y->line &&
           (is_declared || is_same_object(x, y));
}

static void join(struct static_table *t) {
    size_t kept = 0;
    for (size_t i = 0; i < t->len; i++) {
        struct static_line *last = kept ? &t->at[kept - 1] : NULL;
        const struct static_line *line = &t->at[i];
        if (last && is_same(last, line)) {
            last->bytes += line->bytes;
            last->objects += !is_same_object(last, line);
        } else {
            t->at[kept++] = *line;
        }
    }
    t->len = kept;
}

void static_table_make(struct answer *w, struct static_table *out) {
    struct taking t = { .w = w, .out = out };
    struct static_sources sources = w->sources;
    uint8_t *origins = NEW_ARRAY(w->a, uint8_t, w->map.count + 1u);
    *out = (struct static_table){ .len = 0 };
    sources.moves = &w->plans[ANSWER_STATE].statics;
    if (w->has_device)
        footprint_name_sources(&w->device);
    else if (w->has_archives)
        footprint_name_sources(&w->archives);
    static_entries_visit(&w->target, &w->map, &sources, origins, take, &t);
    if (out->len == 0)
        return;
    qsort(out->at, out->len, sizeof *out->at, by_thing);
    join(out);
    qsort(out->at, out->len, sizeof *out->at, by_bytes);
}
