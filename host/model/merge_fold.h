/// Entries of sections that a linker merges, folded as it does: equal ones, and strings that are the end of another.
///
/// As GNU ld does it (bfd/merge.c): sections with the same flags, size of entries and alignment, and without relocations, that come into one
/// output section. Which that is, only the linker's script says. Here sections of one first name (".rodata" of ".rodata.str1.1") are taken
/// to come together for the upper bound, and for the lower one all.
#ifndef RAMLENS_MERGE_FOLD_H
#define RAMLENS_MERGE_FOLD_H

#include "arena.h"
#include "elf_file.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

struct merge_entry {
    struct str text;  ///< Terminator included, what aligns the next one not.
    struct str place; ///< First name of its section.
    uint32_t item;    ///< The caller's.
    uint32_t shape;   ///< Flags, size of entries and alignment, as merge_shape_of().
    bool stays;       ///< Its section is surely linked.
    // What merge_fold() finds:
    bool is_duplicate; ///< Another entry of that text in the same place is kept for it.
    bool is_least; ///< Stays, whatever is merged: it is the one of its text that does, and the end of no other.
};

/// Whether a linker would merge section `number` at all, and its shape in `*shape`.
bool merge_shape_of(const struct elf_file *elf, uint32_t number, uint32_t *shape);

/// ".rodata" of ".rodata.name.str1.1".
struct str merge_place_of(struct str section);

/// Folds `count` entries, in this order. Of equal ones one that stays is kept, else the first. Cost: n log n comparisons of strings.
void merge_fold(struct arena *a, struct merge_entry *entries, size_t count);

#endif
