/// A module's functions as its symbol table has them, by address.
#ifndef RAMLENS_ELF_FUNCTIONS_H
#define RAMLENS_ELF_FUNCTIONS_H

#include "arena.h"
#include "dwarf_file.h"
#include "range_table.h"

#include <stdbool.h>
#include <stdint.h>

/// Zeroed it is empty.
struct elf_functions {
    const char **names;        ///< As in the file, alive while it is open.
    bool *are_functions;       ///< Or labels without a type, as in assembly.
    struct range_table ranges; ///< `value` is an index into both.
};

/// Reads the symbol table of `f`, of its separate debug file included. Of several names for one
/// address a global one wins over a weak one and that over a local one. Cost: n log n.
void elf_functions_read(struct elf_functions *e, struct arena *a, const struct dwarf_file *f);

/// The name of the function around `vaddr`; NULL when no symbol covers it.
const char *elf_functions_find(const struct elf_functions *e, uint64_t vaddr);

/// Whether a symbol that is a function, not only a label, begins at `vaddr`.
bool elf_functions_begin(const struct elf_functions *e, uint64_t vaddr);

#endif
