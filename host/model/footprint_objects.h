/// The part of footprint.h that reads objects and archives before they are linked.
#ifndef RAMLENS_FOOTPRINT_OBJECTS_H
#define RAMLENS_FOOTPRINT_OBJECTS_H

#include "footprint.h"

/// Members of an archive that are not in the answer.
struct footprint_skipped {
    uint32_t count;
    const char *why; ///< Of the first, with its name; NULL: there are none.
    bool is_partial; ///< One of them may hold code or data: it is damaged, missing, or slim LTO, and no list or text.
};

/// Adds the object or archive at `path`. Each loaded section is cut along its symbols, one that a linker merges along its entries; each COMMON
/// symbol is an item. False with a message when it is neither, is damaged, or has slim LTO objects and nothing else (there is no code in them
/// to measure). A member of an archive that cannot be measured is passed over, and told by `*skipped`.
bool footprint_objects_add(
        struct footprint *f, const char *path, struct footprint_skipped *skipped, struct err *err);

/// After all objects were added: what would a linker keep? Sets each item's fate. May be asked again with other roots.
///
/// - The **upper bound** is all that is no duplicate. Duplicates are, but for one each: copies of COMDAT groups (the largest is kept), COMMON blocks of
///   one name (the largest; none where an object given by itself defines the variable), equal entries of merged sections.
/// - The **lower bound** is what stays (FOOTPRINT_STAYS) less `may_shrink`: reached from the roots by relocations, section by section as
///   with --gc-sections (link_closure.h); of merged strings those that are the end of no other; of RISC-V and Xtensa code what no relaxation
///   takes away. Roots are symbols that match one of `roots`, where programs begin in objects given by themselves, and what `like` (may be
///   NULL) defines for all to see: a program of the same sources, for whatever machine. Without any root nothing is known to stay.
///
/// Between them lies what a static link with GNU ld's own scripts puts into its output from these files, if they define all that is meant and the script
/// defines none of it (as ROM symbols do), without folding of identical code (--icf). Neither holds what a linker adds: alignment between
/// sections, tables, veneers, `.eh_frame` made smaller or larger.
/// A weak definition whose strong one is there is not dropped by a linker unless it collects sections, so it is no duplicate.
///
/// False with a message when one of `roots` matches no symbol. Cost: linear in symbols, and in relocations of what stays; n log n in merged entries if
/// anything stays.
bool footprint_objects_bounds(struct footprint *f, const char *const *roots, uint32_t root_count,
        const struct elf_file *like, struct err *err);

#endif
