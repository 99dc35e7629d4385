/// A module's functions as its symbol table has them, by address.
#ifndef RAMLENS_ELF_FUNCTIONS_H
#define RAMLENS_ELF_FUNCTIONS_H

#include "arena.h"
#include "dwarf_file.h"
#include "range_table.h"

#include <stdbool.h>
#include <stdint.h>

/// Zeroed it is empty. Read when it is first needed: much can be asked of debug information without it.
struct elf_functions {
    struct arena *arena;           ///< Private, as is all below.
    const struct dwarf_file *file; ///< Until it was read.
    const char **names;            ///< As in the file, alive while it is open.
    bool *are_functions;           ///< Or labels without a type, as in assembly.
    struct range_table ranges;     ///< `value` is an index into both.
};

/// Begins with the symbol table of `f`, of its separate debug file included; both must outlive it. Of
/// several names for one address a global one wins over a weak one and that over a local one. The
/// first question reads: n log n.
void elf_functions_init(struct elf_functions *e, struct arena *a, const struct dwarf_file *f);

/// Whether there are none.
bool elf_functions_are_none(struct elf_functions *e);

/// The name of the function around `vaddr`; NULL when no symbol covers it.
const char *elf_functions_find(struct elf_functions *e, uint64_t vaddr);

/// Whether a symbol that is a function, not only a label, begins at `vaddr`. Does not read for an
/// address where the file has no code.
bool elf_functions_begin(struct elf_functions *e, uint64_t vaddr);

#endif
