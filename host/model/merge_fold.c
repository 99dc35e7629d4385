/// Sorted by their ends, strings that are the end of another stand right before one of these: so one comparison with the next tells.
#include "merge_fold.h"

#include "hash.h"
#include "map64.h"

#include <elf.h>
#include <stdlib.h>

// ---- what is merged with what ----

/// The conditions of _bfd_add_merge_section() in bfd/merge.c.
bool merge_shape_of(const struct elf_file *elf, uint32_t number, uint32_t *shape) {
    const struct elf_section *s = &elf->sections[number];
    bool is_strings = (s->flags & SHF_STRINGS) != 0;
    uint64_t entry = s->entry_bytes;
    uint64_t alignment = s->alignment > 1 ? s->alignment : 1;
    if (!(s->flags & SHF_MERGE) || s->type == SHT_NOBITS || entry == 0 || entry > UINT16_MAX ||
            alignment > UINT16_MAX / 2 || s->patch_count != 0 || s->size_bytes % entry != 0) {
        return false;
    }
    bool is_power = (entry & (entry - 1)) == 0;
    bool is_narrow = entry < alignment && (!is_power || !is_strings);
    bool is_odd = entry > alignment && entry % alignment != 0;
    *shape = (uint32_t)is_strings << 31 | (uint32_t)alignment << 16 | (uint32_t)entry;
    return !is_narrow && !is_odd;
}

struct str merge_place_of(struct str section) {
    for (size_t i = 1; i < section.len; i++) {
        if (section.at[i] == '.') {
            return (struct str){ section.at, i };
        }
    }
    return section;
}

// ---- folding ----

static bool is_same_text(const struct merge_entry *a, const struct merge_entry *b) {
    return a->shape == b->shape && str_equal(a->text, b->text);
}

/// Of equal entries in one place all but one are duplicates.
static void find_duplicates(struct arena *a, struct merge_entry *entries, size_t count) {
    struct map64 kept = { .slots = NULL };
    for (size_t i = 0; i < count; i++) {
        struct merge_entry *e = &entries[i];
        bool is_new;
        uint64_t key = hash_str(hash_str(e->shape, e->place), e->text);
        uint64_t *index = map64_put(&kept, a, key, &is_new);
        struct merge_entry *first = &entries[*index];
        bool is_equal = !is_new && is_same_text(first, e) && str_equal(first->place, e->place);
        if (is_equal && e->stays && !first->stays) {
            first->is_duplicate = true;
            *index = i;
        } else if (is_equal) {
            e->is_duplicate = true;
        } else if (is_new) {
            *index = i;
        }
    }
}

/// By shape, then as texts are when read from behind; of equal ones those that are not kept for sure last.
static int compare_ends(const void *left, const void *right) {
    const struct merge_entry *l = *(const struct merge_entry *const *)left;
    const struct merge_entry *r = *(const struct merge_entry *const *)right;
    if (l->shape != r->shape) {
        return l->shape < r->shape ? -1 : 1;
    }
    size_t len = l->text.len < r->text.len ? l->text.len : r->text.len;
    for (size_t i = 1; i <= len; i++) {
        unsigned char a = (unsigned char)l->text.at[l->text.len - i];
        unsigned char b = (unsigned char)r->text.at[r->text.len - i];
        if (a != b) {
            return a < b ? -1 : 1;
        }
    }
    if (l->text.len != r->text.len) {
        return l->text.len < r->text.len ? -1 : 1;
    }
    return (l > r) - (l < r);
}

/// Whether all of `e` is the end of `next`, which is longer.
static bool is_end_of(const struct merge_entry *e, const struct merge_entry *next) {
    bool are_strings = e->shape >> 31 && e->shape == next->shape;
    return are_strings && e->text.len < next->text.len &&
           memcmp(next->text.at + next->text.len - e->text.len, e->text.at, e->text.len) == 0;
}

/// Of a run of equal texts the first that stays, if they are the end of no other.
static void find_least(struct merge_entry **sorted, size_t count) {
    for (size_t i = 0, end; i < count; i = end) {
        struct merge_entry *found = NULL;
        for (end = i; end < count && is_same_text(sorted[i], sorted[end]); end++) {
            bool is_better = sorted[end]->stays && !sorted[end]->is_duplicate;
            found = !found && is_better ? sorted[end] : found;
        }
        if (found && (end == count || !is_end_of(found, sorted[end]))) {
            found->is_least = true;
        }
    }
}

void merge_fold(struct arena *a, struct merge_entry *entries, size_t count) {
    struct merge_entry **sorted = NEW_ARRAY(a, struct merge_entry *, count + 1);
    size_t staying = 0;
    find_duplicates(a, entries, count);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &entries[i];
        staying += entries[i].stays;
    }
    if (staying != 0) { // Else there is no lower bound.
        qsort(sorted, count, sizeof(struct merge_entry *), compare_ends);
        find_least(sorted, count);
    }
}
