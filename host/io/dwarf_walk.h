/// Visiting the tree of a unit's entries, in the order of the file.
#ifndef RAMLENS_DWARF_WALK_H
#define RAMLENS_DWARF_WALK_H

#include <elfutils/libdw.h>
#include <stdbool.h>

enum {
    DWARF_WALK_DEEPEST = 200, ///< Levels below the root; what lies deeper is not visited.
};

/// Told of each entry below the root: `tag` is its DW_TAG_ number, `depth` counts from 0. Returns
/// whether its children are to be visited.
typedef bool dwarf_visit(void *self, Dwarf_Die *die, int tag, unsigned depth);

/// Visits everything below `root`. No recursion. Ends at the first entry that cannot be read.
/// Cost: linear in the entries visited.
void dwarf_walk(Dwarf_Die *root, dwarf_visit *visit, void *self);

#endif
