// See answer_static_moves.h.
#include "answer_static_moves.h"

#include "hash.h"
#include "map64.h"

#include <stdlib.h>
#include <string.h>

/// A memory that can hold `kind`, one bit of enum target_static, and is not the first region; false when there is none.
static bool elsewhere(const struct target *t, uint32_t kind, struct static_move *out) {
    for (uint32_t i = 0; i < t->store_count; i++)
        if (t->stores[i].holds & kind) {
            out->memory = t->stores[i].name;
            out->price = t->stores[i].price;
            return true;
        }
    for (uint32_t i = 1; i < t->region_count; i++)
        if ((t->regions[i].holds & kind) && t->regions[i].price.len) {
            out->memory = t->regions[i].name;
            out->price = t->regions[i].price;
            return true;
        }
    return false;
}

/// Code is left out: what of it runs in interrupts or while the cache is off, and must stay, no file says.
static bool is_proposed(enum footprint_kind kind) {
    return kind == FOOTPRINT_ZERO || kind == FOOTPRINT_CONSTANT;
}

static bool is_in_first_region(const struct footprint *f, const struct footprint_item *item) {
    uint32_t memory = f->sections.at[item->section].memory;
    bool is_there = item->fate == FOOTPRINT_LINKED
                            ? memory != MEMORY_NONE && f->memories.list[memory].region == 0
                            : item->fate == FOOTPRINT_STAYS && item->kind == FOOTPRINT_ZERO;
    return is_there && !item->must_be_internal && item->object != FOOTPRINT_NONE;
}

/// The sum of that archive and kind; made when there is none. Each object of a map has a name of its own, so names are compared, not where they lie.
static struct static_move *move_of(const struct answer *w, struct map64 *known,
        struct static_moves *out, struct str archive, enum footprint_kind kind) {
    uint64_t key = hash_number(hash_str(HASH_SEED, archive), kind);
    for (;; key = hash_number(key, kind)) {
        bool is_new;
        uint64_t *index = map64_put(known, w->a, key, &is_new);
        if (is_new) {
            *index = out->len;
            *vec_push(w->a, out) = (struct static_move){ .archive = archive, .kind = kind };
        }
        struct static_move *found = &out->at[*index];
        if (found->kind == kind && str_equal(found->archive, archive))
            return found;
    }
}

static void take_item(const struct answer *w, const struct footprint *f,
        const struct footprint_item *item, const struct plan_statics *lines, struct map64 *known,
        struct static_moves *out) {
    enum footprint_kind kind =
            item->kind == FOOTPRINT_STRING ? FOOTPRINT_CONSTANT : (enum footprint_kind)item->kind;
    struct static_move like;
    if (!is_in_first_region(f, item) || !is_proposed(kind) ||
            !elsewhere(&w->target, plan_static_bit(kind), &like))
        return;
    const struct footprint_object *o = &f->objects.at[item->object];
    if (lines && plan_static_for(lines, o->archive.len ? o->archive : o->member,
                         str_base_name(o->member), item->symbol, kind))
        return;
    struct static_move *move =
            move_of(w, known, out, str_base_name(o->archive.len ? o->archive : o->member), kind);
    if (move->items++ == 0) {
        move->component = item->component;
        move->memory = like.memory;
        move->price = like.price;
    }
    move->bytes += item->bytes;
    if (item->symbol.len && item->bytes > move->largest_bytes) {
        move->largest = item->symbol;
        move->largest_bytes = item->bytes;
    }
}

static int by_bytes(const void *a, const void *b) {
    const struct static_move *p = a, *q = b;
    if (p->bytes != q->bytes)
        return p->bytes < q->bytes ? 1 : -1;
    int order = str_compare(p->archive, q->archive);
    return order ? order : (int)p->kind - (int)q->kind;
}

void static_moves_make(
        const struct answer *w, const struct plan_statics *lines, struct static_moves *out) {
    const struct footprint *f = w->has_device ? &w->device : w->has_archives ? &w->archives : NULL;
    struct map64 known = { .slots = NULL };
    *out = (struct static_moves){ .len = 0 };
    for (size_t i = 0; f && i < f->items.len; i++)
        take_item(w, f, &f->items.at[i], lines, &known, out);
    if (out->len)
        qsort(out->at, out->len, sizeof *out->at, by_bytes);
}
