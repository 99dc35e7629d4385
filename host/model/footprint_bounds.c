/// What a linker would keep, item by item: what is there twice (groups, COMMON blocks, merged entries), what is reached from the roots
/// (link_closure.h), and what of that relaxation may take away.
#include "footprint_entries.h"

#include "footprint_find.h"
#include "footprint_objects.h"
#include "hash.h"
#include "link_closure.h"
#include "map64.h"
#include "merge_fold.h"
#include "relaxation.h"
#include "vec.h"

#include <elf.h>

struct bounds {
    struct footprint *f;
    struct arena *a;
    struct link_closure closure;
    struct {
        struct merge_entry *at;
        size_t len, room;
    } entries;
};

/// Items [first, end) of a section of an object.
struct run {
    size_t first, end;
    uint32_t object, number;
    const struct elf_file *elf;
    struct str name;
    bool stays;
};

// ---- COMMON ----

static bool is_common(const struct bounds *b, const struct footprint_item *item) {
    const struct footprint_section *s = &b->f->sections.at[item->section];
    return s->object != FOOTPRINT_NONE && s->number == 0 && !s->is_dropped &&
           b->closure.objects[s->object].elf;
}

/// Of blocks of one name the largest stays; none, where a variable of that name is defined in an object that is surely linked.
static void settle_commons(struct bounds *b) {
    struct footprint *f = b->f;
    struct map64 largest = { .slots = NULL }; // Index of an item + 1.
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        if (!is_common(b, item)) {
            continue;
        }
        uint64_t *best = map64_put(&largest, b->a, hash_str(HASH_SEED, item->symbol), NULL);
        *best = *best == 0 || f->items.at[*best - 1].bytes < item->bytes ? i + 1 : *best;
    }
    for (size_t i = 0; i < f->items.len && largest.count != 0; i++) {
        struct footprint_item *item = &f->items.at[i];
        if (!is_common(b, item)) {
            continue;
        }
        struct link_meanings m = link_closure_meanings(&b->closure, item->symbol);
        const uint64_t *found = map64_find(&largest, hash_str(HASH_SEED, item->symbol));
        const struct footprint_item *best = found ? &f->items.at[*found - 1] : item;
        bool is_other = best != item && str_equal(best->symbol, item->symbol);
        uint32_t object = f->sections.at[item->section].object;
        bool stays = b->closure.objects[object].sections[0].stays && m.all == 1;
        item->fate = is_other || m.strong_alone != 0 ? FOOTPRINT_DUPLICATE
                     : stays                         ? FOOTPRINT_STAYS
                                                     : FOOTPRINT_MAY_STAY;
    }
}

// ---- merged entries ----

static void add_entries(struct bounds *b, const struct run *r, uint32_t shape) {
    const struct elf_section *s = &r->elf->sections[r->number];
    struct footprint_entries form = footprint_entries_of(s);
    struct err ignored;
    struct str contents;
    if (!elf_file_contents(b->a, r->elf, r->number, &contents, &ignored)) {
        return;
    }
    for (size_t i = r->first; i < r->end; i++) {
        uint64_t at = b->f->items.at[i].address;
        if (at < contents.len) {
            *vec_push(b->a, &b->entries) = (struct merge_entry){
                .text = { contents.at + at, footprint_entry_bytes(&form, contents, at) },
                .place = merge_place_of(r->name),
                .item = (uint32_t)i,
                .shape = shape,
                .stays = r->stays
            };
        }
    }
}

static void settle_entries(struct bounds *b) {
    merge_fold(b->a, b->entries.at, b->entries.len);
    for (size_t i = 0; i < b->entries.len; i++) {
        const struct merge_entry *e = &b->entries.at[i];
        struct footprint_item *item = &b->f->items.at[e->item];
        item->fate = e->is_duplicate ? FOOTPRINT_DUPLICATE
                     : e->is_least   ? FOOTPRINT_STAYS
                                     : FOOTPRINT_MAY_STAY;
        item->may_shrink = e->is_least ? (uint32_t)(item->bytes - e->text.len) : 0;
    }
}

// ---- sections ----

/// The item of `r` that `offset` lies in.
static struct footprint_item *item_at(
        const struct bounds *b, const struct run *r, uint64_t offset) {
    size_t low = r->first;
    size_t high = r->end;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        bool is_before = b->f->items.at[middle].address <= offset;
        low = is_before ? middle : low;
        high = is_before ? high : middle;
    }
    return &b->f->items.at[low];
}

/// Charges what relaxation may save to the items that its relocations lie in.
static void count_relaxation(struct bounds *b, const struct run *r) {
    size_t count;
    const struct elf_relocation *list = elf_file_relocations(b->a, r->elf, r->number, &count);
    for (size_t i = r->first; i < r->end; i++) {
        struct footprint_item *item = &b->f->items.at[i];
        item->may_shrink = (uint32_t)relaxation_narrows(r->elf, item->bytes);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t saved = relaxation_saves(r->elf, &list[i], i + 1 < count ? &list[i + 1] : NULL);
        struct footprint_item *item = item_at(b, r, list[i].offset);
        uint64_t sum = (uint64_t)item->may_shrink + saved;
        item->may_shrink = (uint32_t)(sum < item->bytes ? sum : item->bytes);
    }
}

/// Xtensa's linker gives equal literals one place.
static bool is_folded(const struct footprint_item *item, const struct elf_file *elf) {
    return elf->machine == EM_XTENSA && item->kind == FOOTPRINT_LITERAL;
}

static void settle_run(struct bounds *b, const struct run *r) {
    bool is_copy = link_closure_is_copy(&b->closure, r->object, r->number);
    for (size_t i = r->first; i < r->end; i++) {
        struct footprint_item *item = &b->f->items.at[i];
        bool stays = r->stays && !is_folded(item, r->elf);
        item->fate = is_copy ? FOOTPRINT_DUPLICATE : stays ? FOOTPRINT_STAYS : FOOTPRINT_MAY_STAY;
    }
    bool is_code = (r->elf->sections[r->number].flags & SHF_EXECINSTR) != 0;
    if (r->stays && is_code && relaxation_is_known(r->elf)) {
        count_relaxation(b, r);
    }
}

static void settle_section(struct bounds *b, const struct run *r) {
    uint32_t shape;
    bool is_copy = link_closure_is_copy(&b->closure, r->object, r->number);
    if (!is_copy && merge_shape_of(r->elf, r->number, &shape)) {
        add_entries(b, r, shape);
    } else {
        settle_run(b, r);
    }
}

/// Items of a section stand together.
static void settle_sections(struct bounds *b) {
    struct footprint *f = b->f;
    for (size_t i = 0, end; i < f->items.len; i = end) {
        const struct footprint_section *s = &f->sections.at[f->items.at[i].section];
        for (end = i; end < f->items.len && f->items.at[end].section == f->items.at[i].section;
                end++) {
            f->items.at[end].may_shrink = 0;
        }
        bool is_there = s->object != FOOTPRINT_NONE && !s->is_dropped && s->number != 0;
        if (is_there && b->closure.objects[s->object].elf) {
            struct run r = { .first = i,
                .end = end,
                .object = s->object,
                .number = s->number,
                .elf = b->closure.objects[s->object].elf,
                .name = s->name,
                .stays = b->closure.objects[s->object].sections[s->number].stays };
            settle_section(b, &r);
        }
    }
}

bool footprint_objects_bounds(struct footprint *f, const char *const *roots, uint32_t root_count,
        const struct elf_file *like, struct err *err) {
    struct bounds b = { .f = f, .a = f->arena };
    if (!link_closure_find(&b.closure, b.a, f, roots, root_count, like, err)) {
        return false;
    }
    settle_sections(&b);
    settle_entries(&b);
    settle_commons(&b);
    return true;
}
