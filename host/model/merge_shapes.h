/// How the bytes of a section that a linker made of all objects' mergeable ones are divided: into strings, or constants of one size.
///
/// GNU ld's map names the first object's section, which says so itself. lld's calls it its own, by the output section's name:
/// then it is divided as the objects' sections of that alignment are, in the way in which most of its entries are theirs.
#ifndef RAMLENS_MERGE_SHAPES_H
#define RAMLENS_MERGE_SHAPES_H

#include "arena.h"
#include "elf_file.h"
#include "footprint_entries.h"
#include "map64.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

enum { MERGE_SHAPES_MOST = 32 }; ///< That are told apart; compilers make a dozen.

/// A zeroed one is valid and empty.
struct merge_shapes {
    struct merge_shape {
        struct footprint_entries entries;
        uint64_t alignment; ///< Of the sections.
        struct map64 texts; ///< Hashes of their entries.
    } list[MERGE_SHAPES_MOST];
    uint32_t count;
};

/// Notes the mergeable sections of an object that is in the program. Cost: linear in their bytes.
void merge_shapes_add(struct merge_shapes *m, struct arena *a, const struct elf_file *elf);

/// The shape in which most of `contents`, of a section of that alignment, is known; false when in none anything is. Cost: linear in
/// `contents`, for each shape.
bool merge_shapes_find(struct merge_shapes *m, struct str contents, uint64_t alignment,
        struct footprint_entries *out);

#endif
