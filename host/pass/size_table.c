// See size_table.h.
#include "size_table.h"

#include "demangle.h"
#include "greatest.h"
#include "hash.h"
#include "memory_use.h"
#include "suggest.h"

#include "vec.h"

#include <assert.h>
#include <stdlib.h>

const char *const size_key_names[SIZE_KEYS + 1] = { "region", "component", "archive", "object",
    "file", "symbol", "kind", "section", "input", "fate", "cause", "program", NULL };
const char *const size_class_names[SIZE_CLASSES] = { "code", "constant", "data", "zero", "padding",
    "linker", "copy", "unknown" };

bool size_key_parse(struct str word, enum size_key *out, struct err *err) {
    struct suggest near = { .word = word };
    char names[256];
    size_t len = 0;
    for (int i = 0; i < SIZE_KEYS; i++) {
        *out = (enum size_key)i;
        if (str_equal(word, str_from(size_key_names[i])))
            return true;
        suggest_offer(&near, size_key_names[i]);
        len += (size_t)snprintf(
                names + len, sizeof names - len, "%s%s", i ? ", " : "", size_key_names[i]);
    }
    return fail(err, NULL, ERR_NO_OFFSET, "there is no key '%.*s'%s%s%s; there is: %s",
            STR_ARG(word), near.best ? ", did you mean '" : "", near.best ? near.best : "",
            near.best ? "'?" : "", names);
}

// ---- fields

static struct str memory_name(const struct footprint *f, uint32_t memory) {
    return memory == MEMORY_NONE ? STR("-") : f->memories.list[memory].name;
}

static struct str archive_of(const struct footprint *f, const struct footprint_item *item) {
    if (item->is_shared)
        return STR("(shared)");
    if (item->object == FOOTPRINT_NONE)
        return STR("");
    const struct footprint_object *o = &f->objects.at[item->object];
    return str_base_name(o->archive.len ? o->archive : o->member);
}

static struct str object_of(const struct footprint *f, const struct footprint_item *item) {
    if (item->is_shared)
        return STR("(shared)");
    return item->object == FOOTPRINT_NONE ? STR("")
                                          : str_base_name(f->objects.at[item->object].member);
}

struct str size_field(
        const struct footprint *f, const struct footprint_item *item, enum size_key key) {
    const struct footprint_section *s = &f->sections.at[item->section];
    switch (key) {
    case SIZE_REGION:
        return memory_name(f, s->memory);
    case SIZE_COMPONENT:
        return f->components ? f->components->names[item->component] : STR("");
    case SIZE_ARCHIVE:
        return archive_of(f, item);
    case SIZE_OBJECT:
        return object_of(f, item);
    case SIZE_FILE:
        return item->source;
    case SIZE_SYMBOL:
        return item->symbol;
    case SIZE_KIND:
        return str_from(footprint_kind_names[item->kind]);
    case SIZE_SECTION:
        return s->name;
    case SIZE_INPUT:
        return item->input;
    case SIZE_FATE:
        return str_from(footprint_fate_names[item->fate]);
    case SIZE_CAUSE:
        return str_from(footprint_cause_names[item->cause]);
    case SIZE_PROGRAM:
        return str_base_name(f->files.at[s->file].path);
    case SIZE_KEYS:
        break;
    }
    return STR("");
}

bool size_has_key(const struct size_options *o, enum size_key key) {
    for (uint32_t i = 0; i < o->key_count; i++)
        if (o->keys[i] == key)
            return true;
    return false;
}

bool size_needs(const struct size_options *o, enum size_key key) {
    return size_has_key(o, key) ||
           (o->filter && o->filter->root && (o->filter->used & (UINT32_C(1) << key)));
}

static enum size_class class_of(enum footprint_kind kind) {
    static const enum size_class classes[FOOTPRINT_KINDS] = { [FOOTPRINT_CODE] = SIZE_CODE,
        [FOOTPRINT_CONSTANT] = SIZE_CONSTANT,
        [FOOTPRINT_LITERAL] = SIZE_CODE,
        [FOOTPRINT_STRING] = SIZE_CONSTANT,
        [FOOTPRINT_DATA] = SIZE_DATA,
        [FOOTPRINT_ZERO] = SIZE_ZERO,
        [FOOTPRINT_THREAD_DATA] = SIZE_DATA,
        [FOOTPRINT_THREAD_ZERO] = SIZE_ZERO,
        [FOOTPRINT_VECTOR] = SIZE_CODE,
        [FOOTPRINT_PADDING] = SIZE_PADDING,
        [FOOTPRINT_LINKER] = SIZE_LINKER,
        [FOOTPRINT_UNKNOWN] = SIZE_UNKNOWN };
    return classes[kind];
}

// ---- grouping

struct making {
    struct arena *a;
    const struct footprint *f;
    const struct size_options *o;
    struct {
        struct size_row *at;
        size_t len, room;
    } rows;
    uint32_t *slots;  ///< Open addressing: index of a row + 1.
    uint64_t *hashes; ///< By row; 0: it is not in the table, for nothing else can be of it.
    size_t mask, hash_room, in_table;
    struct str *keys; ///< Room for the keys of all rows; NULL: each gets its own.
    struct greatest
            alone; ///< Of rows that are a symbol alone: what is less than these cannot be shown.
    size_t last;   ///< Row of the last subject that was not alone, + 1; 0: none.
    uint64_t last_identity;
    uint64_t bytes, lost; ///< Of all items, beside the rows' sums: linked; dropped or duplicates.
    bool has_symbols;     ///< Rows are by symbol, among other things,
    bool has_regions;     ///< and by region: an item may count in two.
};

/// What a row is for: an item's values, the memory of its copy in the place of its own.
struct subject {
    struct str keys[SIZE_KEYS];
    uint64_t identity; ///< Tells symbols of one name apart.
    bool is_address;   ///< It is an address, which tells all symbols apart.
    bool is_alone;     ///< And no other item has this symbol: it is a row by itself.
    const struct footprint_item *item;
    bool is_copy;
};

static bool is_row_of(const struct making *m, const struct size_row *row, const struct subject *s) {
    for (uint32_t i = 0; i < m->o->key_count; i++)
        if (!str_equal(row->keys[i], s->keys[i]))
            return false;
    return true;
}

static void widen(struct making *m) {
    size_t slots = m->mask ? (m->mask + 1) * 2 : 256;
    m->slots = NEW_ARRAY(m->a, uint32_t, slots);
    m->mask = slots - 1;
    for (uint32_t i = 0; i < m->rows.len; i++) {
        size_t at = (size_t)m->hashes[i] & m->mask;
        while (m->hashes[i] && m->slots[at])
            at = (at + 1) & m->mask;
        if (m->hashes[i])
            m->slots[at] = i + 1;
    }
}

static void keep_hash(struct making *m, uint64_t hash) {
    if (m->rows.len > m->hash_room) {
        size_t room = m->hash_room ? m->hash_room * 2 : 256;
        uint64_t *wider = NEW_ARRAY(m->a, uint64_t, room);
        if (m->hash_room)
            memcpy(wider, m->hashes, m->hash_room * sizeof *wider);
        m->hashes = wider;
        m->hash_room = room;
    }
    m->hashes[m->rows.len - 1] = hash;
}

static struct size_row *new_row(struct making *m, const struct subject *s, uint64_t hash) {
    struct size_row *row = vec_push(m->a, &m->rows);
    uint32_t keys = m->o->key_count;
    *row = (struct size_row){ .item = (uint32_t)(s->item - m->f->items.at) };
    row->keys =
            m->keys ? m->keys + (m->rows.len - 1) * keys : NEW_ARRAY(m->a, struct str, keys + 1u);
    for (uint32_t i = 0; i < keys; i++)
        row->keys[i] = s->keys[i];
    keep_hash(m, hash);
    return row;
}

/// Names of symbols are long: they are left out where an address says as much.
static uint64_t hash_of(const struct making *m, const struct subject *s) {
    uint64_t hash = hash_number(HASH_SEED, s->identity);
    for (uint32_t i = 0; i < m->o->key_count; i++)
        if (!s->is_address || m->o->keys[i] != SIZE_SYMBOL)
            hash = hash_str(hash, s->keys[i]);
    return hash;
}

static struct size_row *found_row_of(struct making *m, const struct subject *s) {
    uint64_t hash = hash_of(m, s) | 1;
    if (m->in_table >= m->mask / 4 * 3)
        widen(m);
    size_t at = (size_t)hash & m->mask;
    for (; m->slots[at]; at = (at + 1) & m->mask) {
        uint32_t index = m->slots[at] - 1;
        if (m->hashes[index] == hash && is_row_of(m, &m->rows.at[index], s))
            return &m->rows.at[index];
    }
    m->slots[at] = (uint32_t)m->rows.len + 1;
    m->in_table++;
    return new_row(m, s, hash);
}

static struct size_row *row_of(struct making *m, const struct subject *s) {
    if (s->is_alone)
        return new_row(m, s, 0);
    // What has no name stands between all that has one: it is mostly the row of the time before.
    if (m->last && s->identity == m->last_identity && is_row_of(m, &m->rows.at[m->last - 1], s))
        return &m->rows.at[m->last - 1];
    struct size_row *row = found_row_of(m, s);
    m->last = (size_t)(row - m->rows.at) + 1;
    m->last_identity = s->identity;
    return row;
}

// ---- counting

/// Whether it lies anywhere: what another bus shows does not, nor zero data of threads.
static bool takes_room(const struct footprint *f, const struct footprint_item *item) {
    return item->fate != FOOTPRINT_LINKED || memory_use_counts(f, item);
}

static bool is_in_ram(const struct footprint *f, const struct footprint_item *item) {
    const struct footprint_section *s = &f->sections.at[item->section];
    if (s->memory != MEMORY_NONE)
        return f->memories.list[s->memory].is_ram;
    return footprint_kind_is_writable((enum footprint_kind)item->kind) || item->must_be_internal;
}

static void count_known(
        struct size_row *row, const struct footprint *f, const struct footprint_item *item) {
    row->known |= item->known;
    row->is_shared |= item->is_shared;
    row->symbols += item->symbol.len != 0 && !item->continues;
    if (item->bytes > f->items.at[row->item].bytes)
        row->item = (uint32_t)(item - f->items.at);
}

/// Counts, but is in no sum of bytes.
static bool is_lost(const struct footprint_item *item) {
    return item->fate == FOOTPRINT_DUPLICATE || item->fate == FOOTPRINT_DROPPED;
}

static void count(struct size_row *row, const struct footprint *f, const struct subject *s) {
    const struct footprint_item *item = s->item;
    const struct footprint_section *section = &f->sections.at[item->section];
    bool has_copy = section->load_memory != MEMORY_NONE && !section->is_nobits;
    if (is_lost(item)) {
        *(item->fate == FOOTPRINT_DUPLICATE ? &row->duplicate : &row->dropped) += item->bytes;
        return;
    }
    bool takes = takes_room(f, item);
    bool in_ram = takes && !s->is_copy && is_in_ram(f, item);
    row->classes[s->is_copy ? SIZE_COPY : class_of((enum footprint_kind)item->kind)] += item->bytes;
    bool is_ownerless = item->kind == FOOTPRINT_UNKNOWN && item->object == FOOTPRINT_NONE;
    row->ownerless += is_ownerless && !s->is_copy ? item->bytes : 0;
    row->bytes += item->bytes;
    row->ram += in_ram ? item->bytes : 0;
    bool is_stored = takes && (!in_ram || (has_copy && !s->is_copy));
    row->stored += is_stored ? item->bytes : 0;
    row->least += item->fate == FOOTPRINT_STAYS ? item->bytes - item->may_shrink : 0;
}

/// Whether the row that the item would be lies beyond the limit in any case. Of 100,000 symbols 40 are shown: the others need no row.
static bool is_beyond(struct making *m, const struct footprint_item *item) {
    const struct size_options *o = m->o;
    bool counts = o->sort_class == SIZE_CLASSES ||
                  o->sort_class == class_of((enum footprint_kind)item->kind);
    uint64_t weight = counts ? item->bytes : 0;
    if (o->limit == 0 || o->by_name || item->fate != FOOTPRINT_LINKED)
        return false;
    bool is_small = weight < greatest_least(&m->alone);
    greatest_offer(&m->alone, weight);
    return is_small;
}

static void add_subject(struct making *m, struct size_table *out, const struct subject *s) {
    *(is_lost(s->item) ? &m->lost : &m->bytes) += s->item->bytes;
    if (s->is_alone && is_beyond(m, s->item)) {
        out->rest.symbols++;
        out->rest.known |= s->item->known;
        out->rest_count++;
        count(&out->rest, m->f, s);
        return;
    }
    struct size_row *row = row_of(m, s);
    if (!s->is_copy)
        count_known(row, m->f, s->item);
    count(row, m->f, s);
}

/// Two symbols of one name are told apart by their objects, without those by their places.
static void identify(const struct making *m, struct subject *s) {
    const struct footprint_item *item = s->item;
    const struct footprint_item *end = m->f->items.at + m->f->items.len;
    if (item->symbol.len == 0 || !m->has_symbols)
        return;
    bool is_divided = item->continues || (item + 1 < end && item[1].continues);
    while (item->continues && item > m->f->items.at)
        item--;
    s->is_address = item->object == FOOTPRINT_NONE;
    s->is_alone = s->is_address && !is_divided && !m->has_regions;
    s->identity = s->is_address ? ~item->address : item->object + UINT64_C(1);
}

static void add_item(struct making *m, struct size_table *out, const struct footprint_item *item) {
    const struct footprint_section *section = &m->f->sections.at[item->section];
    struct subject s = { .item = item };
    identify(m, &s);
    uint32_t region = SIZE_KEYS;
    for (uint32_t i = 0; i < m->o->key_count; i++) {
        s.keys[i] = size_field(m->f, item, m->o->keys[i]);
        region = m->o->keys[i] == SIZE_REGION ? i : region;
    }
    add_subject(m, out, &s);
    bool has_copy = section->load_memory != MEMORY_NONE && !section->is_nobits &&
                    item->fate == FOOTPRINT_LINKED;
    if (region != SIZE_KEYS && has_copy) {
        s.keys[region] = memory_name(m->f, section->load_memory);
        s.is_copy = true;
        add_subject(m, out, &s);
    }
}

static struct str filter_field(void *self, const void *row, uint32_t field) {
    const struct making *m = self;
    return size_field(m->f, row, (enum size_key)field);
}

/// A symbol's name as tables show it.
static struct str filter_name(void *self, const void *row, uint32_t field) {
    const struct making *m = self;
    const struct footprint_item *item = row;
    bool is_mangled = str_starts_with(item->symbol, STR("_")) ||
                      memchr(item->symbol.at, '.', item->symbol.len);
    return field == SIZE_SYMBOL && is_mangled ? demangle_variable(m->a, item->symbol) : STR("");
}

// ---- order

/// A row to be sorted: what mostly decides stands beside it, for rows are large.
struct place {
    uint64_t weight; ///< By which it goes; 0 when by name.
    uint64_t lost;   ///< Then by what was dropped.
    const struct size_row *row;
};

static int by_keys(const struct size_row *a, const struct size_row *b, uint32_t key_count) {
    for (uint32_t i = 0; i < key_count; i++) {
        int order = str_compare(a->keys[i], b->keys[i]);
        if (order != 0)
            return order;
    }
    return a->item < b->item ? -1 : a->item > b->item;
}

/// `self`: how many keys a row has.
static int compare_places(const void *left, const void *right, void *self) {
    const struct place *a = left;
    const struct place *b = right;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    if (a->lost != b->lost)
        return a->lost > b->lost ? -1 : 1;
    return by_keys(a->row, b->row, *(const uint32_t *)self);
}

/// Moves what may be among the first `limit` to the front; returns how many these are.
static uint32_t put_heavy_first(
        struct arena *a, struct place *places, uint32_t all, uint32_t limit) {
    if (limit == 0 || limit >= all)
        return all;
    struct greatest g;
    greatest_begin(&g, a, limit);
    for (uint32_t i = 0; i < all; i++)
        greatest_offer(&g, places[i].weight);
    uint64_t least = greatest_least(&g);
    uint32_t front = 0;
    for (uint32_t i = 0; i < all; i++)
        if (places[i].weight >= least) {
            struct place heavy = places[i];
            places[i] = places[front];
            places[front++] = heavy;
        }
    return front;
}

/// The rows in order, as far as the limit goes; those behind it in any.
static void sort_rows(struct making *m, struct size_table *out) {
    const struct size_options *o = m->o;
    uint32_t all = (uint32_t)m->rows.len;
    struct place *places = NEW_ARRAY(m->a, struct place, all + 1u);
    for (uint32_t i = 0; i < all; i++) {
        const struct size_row *r = &m->rows.at[i];
        uint64_t weight = o->sort_class == SIZE_CLASSES ? r->bytes : r->classes[o->sort_class];
        places[i] = (struct place){ .weight = o->by_name ? 0 : weight,
            .lost = o->by_name ? 0 : r->dropped + r->duplicate,
            .row = r };
    }
    uint32_t key_count = o->key_count;
    uint32_t front = put_heavy_first(m->a, places, all, o->limit);
    qsort_r(places, front, sizeof *places, compare_places, &key_count);
    out->rows = NEW_ARRAY(m->a, const struct size_row *, all + 1u);
    out->row_count = all;
    for (uint32_t i = 0; i < all; i++)
        out->rows[i] = places[i].row;
}

/// What each archive has before linking, in the rows by archive.
static void add_held(struct making *m) {
    const struct size_options *o = m->o;
    if (o->key_count != 1 || o->keys[0] != SIZE_ARCHIVE || (o->filter && o->filter->root))
        return;
    for (size_t i = 0; i < m->f->archives.len; i++)
        for (size_t k = 0; k < m->rows.len; k++)
            if (str_equal(m->rows.at[k].keys[0], str_base_name(m->f->archives.at[i].path)))
                m->rows.at[k].held += m->f->archives.at[i].bytes;
}

static void add_row(struct size_row *to, const struct size_row *row) {
    for (int i = 0; i < SIZE_CLASSES; i++)
        to->classes[i] += row->classes[i];
    to->bytes += row->bytes;
    to->ram += row->ram;
    to->ownerless += row->ownerless;
    to->stored += row->stored;
    to->least += row->least;
    to->duplicate += row->duplicate;
    to->dropped += row->dropped;
    to->held += row->held;
    to->symbols += row->symbols;
    to->known |= row->known;
}

/// Sums up all rows, and those that got none; nothing was lost on the way.
static void add_up(const struct making *m, struct size_table *t) {
    t->total = t->rest;
    for (uint32_t i = 0; i < t->row_count; i++)
        add_row(&t->total, t->rows[i]);
    assert(t->total.bytes == m->bytes && t->total.dropped + t->total.duplicate == m->lost);
}

static void cut_off(struct size_table *t, uint32_t limit) {
    uint32_t all = t->row_count;
    t->row_count = limit == 0 || limit > all ? all : limit;
    for (uint32_t i = t->row_count; i < all; i++)
        add_row(&t->rest, t->rows[i]);
    t->rest_count += all - t->row_count;
}

/// By symbol nearly each item gets a row. What is not used of the room is never touched.
static void reserve_rows(struct making *m) {
    if (!m->has_symbols)
        return;
    m->rows.room = m->hash_room = m->f->items.len * (m->has_regions ? 2 : 1) + 1;
    m->rows.at = NEW_ARRAY(m->a, struct size_row, m->rows.room);
    m->hashes = NEW_ARRAY(m->a, uint64_t, m->hash_room);
    m->keys = NEW_ARRAY(m->a, struct str, m->rows.room * m->o->key_count + 1);
}

void size_table_make(struct arena *a, const struct footprint *f, const struct size_options *options,
        struct size_table *out) {
    struct making m = { .a = a, .f = f, .o = options };
    for (uint32_t i = 0; i < options->key_count; i++) {
        m.has_symbols |= options->keys[i] == SIZE_SYMBOL;
        m.has_regions |= options->keys[i] == SIZE_REGION;
    }
    *out = (struct size_table){ .options = *options };
    reserve_rows(&m);
    size_t most = f->items.len;
    greatest_begin(&m.alone, a, options->limit < most ? options->limit : (uint32_t)most);
    struct filter filter = options->filter ? *options->filter : (struct filter){ .root = NULL };
    filter.also = filter_name;
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        if (filter_accepts(&filter, filter_field, &m, item))
            add_item(&m, out, item);
    }
    add_held(&m);
    sort_rows(&m, out);
    add_up(&m, out);
    cut_off(out, options->limit);
}
