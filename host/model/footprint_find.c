/// See footprint_find.h. Items of a section stand together, by address, and cover it, so two searches by halves will do.
#include "footprint_find.h"

#include <stdlib.h>

static bool is_of_program(const struct footprint_section *s) {
    return s->object == FOOTPRINT_NONE && !s->is_dropped && s->bytes != 0;
}

static int compare_sections(const void *left, const void *right, void *self) {
    const struct footprint *f = self;
    const struct footprint_section *l = &f->sections.at[*(const uint32_t *)left];
    const struct footprint_section *r = &f->sections.at[*(const uint32_t *)right];
    if (l->file != r->file) {
        return l->file < r->file ? -1 : 1;
    }
    return (l->address > r->address) - (l->address < r->address);
}

/// Sections need not be in the order of their items, and some have none.
static void find_first_items(struct arena *a, const struct footprint *f, uint32_t **out) {
    uint32_t *first = NEW_ARRAY(a, uint32_t, f->sections.len + 1);
    for (size_t i = f->items.len; i > 0; i--) {
        first[f->items.at[i - 1].section] = (uint32_t)i;
    }
    for (size_t i = 0; i < f->sections.len; i++) {
        first[i] = first[i] != 0 ? first[i] - 1 : FOOTPRINT_NONE;
    }
    *out = first;
}

void footprint_index_make(struct arena *a, const struct footprint *f, struct footprint_index *out) {
    *out = (struct footprint_index){ .footprint = f };
    find_first_items(a, f, &out->first_item);
    out->order = NEW_ARRAY(a, uint32_t, f->sections.len + 1);
    for (uint32_t i = 0; i < f->sections.len; i++) {
        if (is_of_program(&f->sections.at[i])) {
            out->order[out->order_count++] = i;
        }
    }
    qsort_r(out->order, out->order_count, sizeof(*out->order), compare_sections,
            (void *)(uintptr_t)f);
}

uint32_t footprint_find_in(const struct footprint_index *x, uint32_t section, uint64_t address) {
    const struct footprint *f = x->footprint;
    uint32_t first = x->first_item[section];
    if (first == FOOTPRINT_NONE) {
        return FOOTPRINT_NONE;
    }
    size_t low = first;
    size_t high = f->items.len;
    while (low < high) { // To the first item behind the address, or of another section.
        size_t middle = low + (high - low) / 2;
        const struct footprint_item *item = &f->items.at[middle];
        if (item->section == section && item->address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == first) {
        return FOOTPRINT_NONE;
    }
    const struct footprint_item *item = &f->items.at[low - 1];
    return address - item->address < item->bytes ? (uint32_t)(low - 1) : FOOTPRINT_NONE;
}

static bool is_thread(const struct footprint_index *x, uint32_t section) {
    uint32_t first = x->first_item[section];
    if (first == FOOTPRINT_NONE) {
        return false;
    }
    uint8_t kind = x->footprint->items.at[first].kind;
    return kind == FOOTPRINT_THREAD_DATA || kind == FOOTPRINT_THREAD_ZERO;
}

/// Number of sections in the order that begin at or below the address.
static size_t sections_up_to(const struct footprint_index *x, uint32_t file, uint64_t address) {
    size_t low = 0;
    size_t high = x->order_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct footprint_section *s = &x->footprint->sections.at[x->order[middle]];
        if (s->file < file || (s->file == file && s->address <= address)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t footprint_find_linked(
        const struct footprint_index *x, uint32_t file, uint64_t address, bool is_thread_local) {
    enum { TRIES_MOST = 8 }; // Thread-local sections and the next ones begin at one address.
    size_t at = sections_up_to(x, file, address);
    for (unsigned tries = 0; at > 0 && tries < TRIES_MOST; tries++) {
        uint32_t section = x->order[--at];
        const struct footprint_section *s = &x->footprint->sections.at[section];
        if (s->file != file) {
            break;
        }
        if (address - s->address < s->bytes && is_thread(x, section) == is_thread_local) {
            return footprint_find_in(x, section, address);
        }
    }
    return FOOTPRINT_NONE;
}
