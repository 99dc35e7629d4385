/// Items of a section that follow one another are one span; spans of a memory are sorted, and what begins before the
/// furthest end so far is overlaid.
#include "memory_use.h"

#include "vec.h"

#include <stdlib.h>

/// Addresses [low, high) of a memory.
struct span {
    uint32_t memory;
    uint32_t file;
    uint64_t low;
    uint64_t high;
    uint32_t section;
};

struct spans {
    struct arena *arena;
    const struct footprint *footprint;
    struct {
        struct span *at;
        size_t len, room;
    } list;
};

bool memory_use_counts(const struct footprint *f, const struct footprint_item *item) {
    bool is_of_threads =
            item->kind == FOOTPRINT_THREAD_ZERO && f->sections.at[item->section].is_nobits;
    return item->fate == FOOTPRINT_LINKED && item->cause != FOOTPRINT_DUMMY && !is_of_threads;
}

// ---- spans ----

static void add_span(struct spans *s, uint32_t memory, uint64_t low, const struct span *like) {
    if (memory != MEMORY_NONE) {
        *vec_push(s->arena, &s->list) = (struct span){ .memory = memory,
            .file = like->file,
            .low = low,
            .high = low + (like->high - like->low),
            .section = like->section };
    }
}

/// Where the span runs, and where its contents are stored if that is elsewhere.
static void add_spans(struct spans *s, const struct span *found) {
    const struct footprint_section *section = &s->footprint->sections.at[found->section];
    if (found->high == found->low) {
        return;
    }
    add_span(s, section->memory, found->low, found);
    if (!section->is_nobits) {
        uint64_t stored = section->load_address + (found->low - section->address);
        add_span(s, section->load_memory, stored, found);
    }
}

static void find_spans(struct spans *s) {
    const struct footprint *f = s->footprint;
    struct span span = { .section = FOOTPRINT_NONE };
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        if (!memory_use_counts(f, item)) {
            continue;
        }
        if (item->section != span.section || item->address != span.high) {
            add_spans(s, &span);
            span = (struct span){ .section = item->section,
                .file = f->sections.at[item->section].file,
                .low = item->address };
        }
        span.high = item->address + item->bytes;
    }
    add_spans(s, &span);
}

static int compare_spans(const void *left, const void *right) {
    const struct span *l = left;
    const struct span *r = right;
    if (l->memory != r->memory) {
        return l->memory < r->memory ? -1 : 1;
    }
    if (l->file != r->file) {
        return l->file < r->file ? -1 : 1;
    }
    if (l->low != r->low) {
        return l->low < r->low ? -1 : 1;
    }
    return (l->section > r->section) - (l->section < r->section);
}

// ---- their union ----

/// A section with contents stored elsewhere may overlap in both memories, and is named where it does first.
static void note_overlay(struct arena *a, struct memory_use *use, bool *noted, uint32_t section) {
    if (!noted[section]) {
        *vec_push(a, &use->overlays) = section;
    }
    noted[section] = true;
}

void memory_use_of(struct arena *a, const struct footprint *f, struct memory_use *out) {
    struct spans s = { .arena = a, .footprint = f };
    const struct span *furthest = NULL;
    bool *noted = NEW_ARRAY(a, bool, f->sections.len + 1);
    memset(out, 0, f->memories.count * sizeof *out);
    find_spans(&s);
    if (s.list.len != 0) {
        qsort(s.list.at, s.list.len, sizeof *s.list.at, compare_spans);
    }
    for (size_t i = 0; i < s.list.len; i++) {
        const struct span *span = &s.list.at[i];
        struct memory_use *use = &out[span->memory];
        bool is_same = furthest && furthest->memory == span->memory && furthest->file == span->file;
        uint64_t from = is_same && furthest->high > span->low ? furthest->high : span->low;
        uint64_t fresh = span->high > from ? span->high - from : 0;
        use->used += fresh;
        if (is_same && fresh < span->high - span->low) {
            use->overlaid += span->high - span->low - fresh;
            note_overlay(a, use, noted, furthest->section);
            note_overlay(a, use, noted, span->section);
        }
        furthest = fresh != 0 || !is_same ? span : furthest;
    }
}
