/// Visiting a unit's entries: depth first, with a stack of fixed size instead of recursion, because a
/// file may nest as deep as it likes.
#include "dwarf_walk.h"

void dwarf_walk(Dwarf_Die *root, dwarf_visit *visit, void *self) {
    Dwarf_Die stack[DWARF_WALK_DEEPEST];
    unsigned depth = 0;
    if (dwarf_child(root, &stack[0]) != 0) {
        return;
    }
    for (;;) {
        Dwarf_Die *die = &stack[depth];
        bool enter = visit(self, die, dwarf_tag(die), depth);
        if (enter && depth + 1 < DWARF_WALK_DEEPEST && dwarf_child(die, &stack[depth + 1]) == 0) {
            depth++;
            continue;
        }
        while (dwarf_siblingof(&stack[depth], &stack[depth]) != 0) {
            if (depth-- == 0) {
                return;
            }
        }
    }
}
