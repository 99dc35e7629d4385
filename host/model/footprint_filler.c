/// Fillers, by what memory says: a section that stores nothing and holds nothing takes no room where the bytes at its addresses are another
/// section's, seen on another bus or at the very same addresses, or where the memory cannot be written. ESP-IDF's scripts have one
/// for each pair of buses (components/esp_system/ld/esp32s3/sections.ld.in, `.dram0.dummy`, `.flash_rodata_dummy`).
#include "footprint_filler.h"

#include "vec.h"

#include <stdlib.h>

enum { BISECTIONS_MOST = 4096, HOLLOWS_MOST = 256 };

/// Bytes [low, high), in addresses where each byte of a memory has one.
struct span {
    uint64_t low;
    uint64_t high;
    uint32_t memory;
    uint64_t moved; ///< Main address less address, modulo 2^64.
};

struct spans {
    struct span *at;
    size_t len, room;
};

/// A section that holds nothing.
struct hollow {
    uint32_t section;
    bool is_certain;  ///< The map says that no input is in it; else it may only lack symbols.
    bool is_reserved; ///< Its name and the program's other symbols speak for a script's reserve, not against another's bytes.
    size_t first;     ///< Its items anew, `count` of search.made from here on.
    size_t count;
};

struct search {
    struct footprint *footprint;
    const struct memories *memories;
    struct spans taken; ///< By memory and address, apart; those of sections that hold something.
    struct {
        struct hollow *at;
        size_t len, room;
    } hollows; ///< By section.
    struct {
        struct footprint_item *at;
        size_t len, room;
    } made;
};

// ---- which sections hold nothing ----

static bool is_nothing(const struct footprint_item *item) {
    bool is_nobodys = item->kind == FOOTPRINT_UNKNOWN && item->object == FOOTPRINT_NONE &&
                      item->input.len == 0 && item->symbol.len == 0;
    return item->kind == FOOTPRINT_PADDING || is_nobodys;
}

/// Whether all items of section `number`, from `*at` on, are nothing; moves `*at` behind them. `*has_fill`: the map has padding there.
static bool holds_nothing(const struct footprint *f, uint32_t number, size_t *at, bool *has_fill) {
    bool nothing = true;
    *has_fill = false;
    for (; *at < f->items.len && f->items.at[*at].section == number; ++*at) {
        nothing = nothing && is_nothing(&f->items.at[*at]);
        *has_fill = *has_fill || (f->items.at[*at].known & FOOTPRINT_BY_MAP);
    }
    return nothing;
}

// ---- where a section's bytes are ----

static uint64_t moved_at(const struct search *s, const struct footprint_section *section,
        uint64_t address, uint32_t *memory) {
    uint64_t main = address;
    *memory = memories_find(s->memories, address, section->name, &main);
    return *memory == MEMORY_NONE ? 0 : main - address;
}

/// Adds the bytes [low, high) of `section` to `out`, split where they go on elsewhere in another memory or at another distance. A chip has a
/// handful of such places.
static void add_spans(const struct search *s, const struct footprint_section *section, uint64_t low,
        uint64_t high, struct spans *out) {
    unsigned steps = 0;
    while (low < high && steps < BISECTIONS_MOST) {
        struct span span = { .low = low };
        span.moved = moved_at(s, section, low, &span.memory);
        uint64_t same = low;   // The last address known to go with `low`.
        uint64_t other = high; // The first known not to, or the end.
        uint64_t probe = high - 1;
        while (same + 1 < other && steps++ < BISECTIONS_MOST) {
            uint32_t memory;
            bool goes = moved_at(s, section, probe, &memory) == span.moved;
            goes = goes && memory == span.memory;
            same = goes ? probe : same;
            other = goes ? other : probe;
            probe = same + (other - same) / 2;
        }
        span.low = low + span.moved;
        span.high = other + span.moved;
        *vec_push(s->footprint->arena, out) = span;
        low = other;
    }
    if (low < high) { // More places than any chip has.
        *vec_push(s->footprint->arena, out) =
                (struct span){ .low = low, .high = high, .memory = MEMORY_NONE };
    }
}

static int compare_spans(const void *left, const void *right) {
    const struct span *l = left;
    const struct span *r = right;
    if (l->memory != r->memory) {
        return l->memory < r->memory ? -1 : 1;
    }
    return (l->low > r->low) - (l->low < r->low);
}

/// Puts `spans` in order and joins those that touch or overlap.
static void join_spans(struct spans *spans) {
    size_t kept = 0;
    if (spans->len != 0) {
        qsort(spans->at, spans->len, sizeof(*spans->at), compare_spans);
    }
    for (size_t i = 0; i < spans->len; i++) {
        struct span *last = kept > 0 ? &spans->at[kept - 1] : NULL;
        const struct span *span = &spans->at[i];
        if (last && last->memory == span->memory && span->low <= last->high) {
            last->high = span->high > last->high ? span->high : last->high;
        } else {
            spans->at[kept++] = *span;
        }
    }
    spans->len = kept;
}

/// The first of `taken` that ends behind `address` of `memory`; NULL when there is none.
static const struct span *first_taken(
        const struct spans *taken, uint32_t memory, uint64_t address) {
    size_t low = 0;
    size_t high = taken->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct span *span = &taken->at[middle];
        if (span->memory < memory || (span->memory == memory && span->high <= address)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < taken->len && taken->at[low].memory == memory ? &taken->at[low] : NULL;
}

// ---- items anew ----

static void add_item(
        struct search *s, const struct hollow *h, uint64_t low, uint64_t high, bool is_filler) {
    if (low >= high) {
        return;
    }
    bool is_unknown = !is_filler && !h->is_certain && !h->is_reserved;
    enum footprint_cause reserved = is_unknown ? FOOTPRINT_NO_CAUSE : FOOTPRINT_SCRIPT;
    *vec_push(s->footprint->arena, &s->made) = (struct footprint_item){ .address = low,
        .bytes = high - low,
        .symbol = STR(""),
        .input = STR(""),
        .source = STR(""),
        .section = h->section,
        .object = FOOTPRINT_NONE,
        .kind = (uint8_t)(is_unknown ? FOOTPRINT_UNKNOWN : FOOTPRINT_PADDING),
        .cause = (uint8_t)(is_filler ? FOOTPRINT_DUMMY : reserved),
        .fate = FOOTPRINT_LINKED,
        .known = (uint8_t)(h->is_certain ? FOOTPRINT_BY_MAP : 0) };
}

/// A name that says so, for a program whose memories are not known well enough. Only of a section that holds nothing.
static bool is_called_filler(struct str name) {
    return str_ends_with(name, STR("dummy"));
}

/// Whether no byte of a section that stores nothing can be there.
static bool is_no_room(const struct search *s, const struct footprint_section *section) {
    const struct memories *all = &s->footprint->memories;
    bool is_fixed = section->memory != MEMORY_NONE && !all->list[section->memory].is_ram &&
                    all->list[section->memory].source == MEMORY_OF_TARGET;
    return is_fixed || is_called_filler(section->name);
}

/// Cuts one span of a hollow section along what others have there.
static void cut_span(struct search *s, const struct hollow *h, const struct span *span) {
    uint64_t at = span->low;
    const struct span *taken = s->taken.len ? first_taken(&s->taken, span->memory, at) : NULL;
    const struct span *end = taken ? s->taken.at + s->taken.len : NULL;
    for (; taken && taken < end && taken->memory == span->memory && taken->low < span->high;
            taken++) {
        uint64_t low = taken->low > at ? taken->low : at;
        uint64_t high = taken->high < span->high ? taken->high : span->high;
        add_item(s, h, at - span->moved, low - span->moved, false);
        add_item(s, h, low - span->moved, high - span->moved, true);
        at = high;
    }
    add_item(s, h, at - span->moved, span->high - span->moved, false);
}

/// Reserved room is nobody else's from now on.
static void take_reserved(struct search *s, const struct hollow *h) {
    const struct footprint_section *section = &s->footprint->sections.at[h->section];
    for (size_t i = h->first; i < h->first + h->count && h->is_certain; i++) {
        const struct footprint_item *item = &s->made.at[i];
        if (item->cause != FOOTPRINT_DUMMY) {
            add_spans(s, section, item->address, item->address + item->bytes, &s->taken);
        }
    }
    join_spans(&s->taken);
}

static void remake(struct search *s, struct hollow *h) {
    const struct footprint_section *section = &s->footprint->sections.at[h->section];
    uint64_t end = section->address + section->bytes;
    h->first = s->made.len;
    if (is_no_room(s, section)) {
        add_item(s, h, section->address, end, true);
    } else {
        struct spans own = { 0 };
        add_spans(s, section, section->address, end, &own);
        for (size_t i = 0; i < own.len; i++) {
            cut_span(s, h, &own.at[i]);
        }
    }
    h->count = s->made.len - h->first;
    take_reserved(s, h);
}

/// The smaller first: it tells more exactly what it stands for.
static int compare_hollows(const void *left, const void *right, void *self) {
    const struct footprint *f = self;
    const struct hollow *const *l = left;
    const struct hollow *const *r = right;
    uint64_t l_bytes = f->sections.at[(*l)->section].bytes;
    uint64_t r_bytes = f->sections.at[(*r)->section].bytes;
    if (l_bytes != r_bytes) {
        return l_bytes < r_bytes ? -1 : 1;
    }
    return ((*l)->section > (*r)->section) - ((*l)->section < (*r)->section);
}

static void remake_all(struct search *s) {
    struct hollow **order = NEW_ARRAY(s->footprint->arena, struct hollow *, s->hollows.len);
    for (size_t i = 0; i < s->hollows.len; i++) {
        order[i] = &s->hollows.at[i];
    }
    qsort_r(order, s->hollows.len, sizeof(struct hollow *), compare_hollows, s->footprint);
    for (size_t i = 0; i < s->hollows.len; i++) {
        remake(s, order[i]);
    }
}

// ---- the whole ----

static void find_hollows(struct search *s, size_t first_section, size_t first_item) {
    struct footprint *f = s->footprint;
    size_t at = first_item;
    for (size_t i = first_section; i < f->sections.len; i++) {
        const struct footprint_section *section = &f->sections.at[i];
        const struct footprint_file *file = &f->files.at[section->file];
        size_t first = at;
        bool has_fill;
        bool nothing = holds_nothing(f, (uint32_t)i, &at, &has_fill);
        bool may_be = section->is_nobits || !file->elf;
        bool is_thread = first < at && (f->items.at[first].kind == FOOTPRINT_THREAD_ZERO);
        if (nothing && may_be && s->hollows.len < HOLLOWS_MOST) {
            *vec_push(f->arena, &s->hollows) = (struct hollow){ .section = (uint32_t)i,
                .is_certain = file->map && (has_fill || !file->elf),
                .is_reserved = first < at && f->items.at[first].cause == FOOTPRINT_SCRIPT };
        } else if (!is_thread) {
            add_spans(s, section, section->address, section->address + section->bytes, &s->taken);
        }
    }
    join_spans(&s->taken);
}

/// Puts the items made anew in the place of the hollow sections' old ones.
static void replace_items(struct search *s, size_t first_item) {
    struct footprint *f = s->footprint;
    size_t old_len = f->items.len - first_item;
    struct footprint_item *old = NEW_ARRAY(f->arena, struct footprint_item, old_len + 1);
    memcpy(old, f->items.at + first_item, old_len * sizeof(*old));
    f->items.len = first_item;
    const struct hollow *next = s->hollows.at;
    const struct hollow *end = next + s->hollows.len;
    for (size_t i = 0; i < old_len; i++) {
        while (next < end && next->section < old[i].section) {
            next++;
        }
        if (next == end || next->section != old[i].section) {
            *vec_push(f->arena, &f->items) = old[i];
        } else if (i == 0 || old[i - 1].section != old[i].section) {
            for (size_t k = next->first; k < next->first + next->count; k++) {
                *vec_push(f->arena, &f->items) = s->made.at[k];
            }
        }
    }
}

void footprint_fillers(struct footprint *f, const struct memories *m, size_t first_section) {
    struct search s = { .footprint = f, .memories = m };
    size_t first_item = f->items.len;
    while (first_item > 0 && f->items.at[first_item - 1].section >= first_section) {
        first_item--;
    }
    find_hollows(&s, first_section, first_item);
    if (s.hollows.len != 0) {
        remake_all(&s);
        replace_items(&s, first_item);
    }
}
