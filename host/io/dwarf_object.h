/// Debug information of a relocatable object, whose sections have no addresses yet: they are given some.
#ifndef RAMLENS_DWARF_OBJECT_H
#define RAMLENS_DWARF_OBJECT_H

#include "arena.h"
#include "dwarf_file.h"
#include "elf_file.h"

#include <stdbool.h>
#include <stdint.h>

/// A zeroed struct is closed.
struct dwarf_object {
    struct dwarf_file file;
    const uint64_t *
            addresses; ///< By section number: where the section is taken to lie; 0: it is not loaded. [0] is where COMMON
    ///< variables are taken to lie, one behind the other in the order of the symbol table.
    Elf *elf; ///< Private.
};

/// Opens the object. Its bytes are copied, because relocations are applied to them; the copy lives in `a`. False when it has no debug
/// information, or it cannot be read. `o` must stay where it is until it is closed. Cost: linear in its bytes.
bool dwarf_object_open(struct dwarf_object *o, struct arena *a, const struct elf_file *elf);

/// Closes it; harmless on a zeroed struct.
void dwarf_object_close(struct dwarf_object *o);

#endif
