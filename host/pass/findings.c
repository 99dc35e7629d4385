// See findings.h.
#include "findings.h"

#include "map64.h"

// ---- what could lie elsewhere

/// A memory that can hold `kind` and is not the first region; false when there is none.
static bool elsewhere(const struct target *t, uint32_t kind, struct finding_static *out) {
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

static uint32_t bit_of(enum footprint_kind kind) {
    return kind == FOOTPRINT_ZERO                                   ? TARGET_STATIC_ZERO
           : kind == FOOTPRINT_CONSTANT || kind == FOOTPRINT_STRING ? TARGET_STATIC_CONSTANT
                                                                    : 0;
}

static bool is_in_first_region(const struct footprint *f, const struct footprint_item *item) {
    uint32_t memory = f->sections.at[item->section].memory;
    bool is_there = item->fate == FOOTPRINT_LINKED
                            ? memory != MEMORY_NONE && f->memories.list[memory].region == 0
                            : item->fate == FOOTPRINT_STAYS && item->kind == FOOTPRINT_ZERO;
    return is_there && !item->must_be_internal && item->object != FOOTPRINT_NONE;
}

/// Sums by archive and kind; the largest sum is what is looked for.
static void find_static(const struct answer *w, const struct footprint *f, struct findings *out) {
    struct map64 sums = { .slots = NULL };
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        struct finding_static found = {
            .found = true, .kind = (enum footprint_kind)item->kind, .component = item->component
        };
        if (!is_in_first_region(f, item) || bit_of(found.kind) == 0 ||
                !elsewhere(&w->target, bit_of(found.kind), &found))
            continue;
        const struct footprint_object *o = &f->objects.at[item->object];
        found.archive = str_base_name(o->archive.len ? o->archive : o->member);
        uint64_t key = (uint64_t)(uintptr_t)(o->archive.len ? o->archive.at : o->member.at);
        uint64_t *sum = map64_put(&sums, w->a, key * FOOTPRINT_KINDS + item->kind, NULL);
        *sum += item->bytes;
        found.bytes = *sum;
        if (found.bytes > out->largest.bytes)
            out->largest = found;
    }
}

static void find_site(
        const struct answer *w, const struct placement_moment *m, struct findings *out) {
    for (uint32_t i = 0; i < m->site_count && i < w->owners.site_count; i++)
        if (m->site_bytes[i] > out->site.bytes)
            out->site =
                    (struct finding_site){ .found = true, .site = i, .bytes = m->site_bytes[i] };
}

void findings_make(const struct answer *w, uint32_t base, const struct option_table *options,
        struct findings *out) {
    *out = (struct findings){ .largest = { .found = false } };
    if (w->has_device)
        find_static(w, &w->device, out);
    else if (w->has_archives)
        find_static(w, &w->archives, out);
    find_site(w, &w->moments[ANSWER_STATE][base], out);
    out->option = option_table_best(options);
}
