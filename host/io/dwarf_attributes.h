/// What several readers of debug information ask of an entry.
#ifndef RAMLENS_DWARF_ATTRIBUTES_H
#define RAMLENS_DWARF_ATTRIBUTES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

/// A line that declares something.
struct dwarf_place {
    const char *file; ///< As libdw has it, alive while the file is open.
    uint32_t line;    ///< 0: unknown.
};

/// Whether the variable `die` lies at one place for good: its address, or, of a thread-local one, its distance from the
/// beginning of the image that each thread copies.
bool dwarf_fixed_address(Dwarf_Die *die, uint64_t *address, bool *is_thread_local);

/// The file that declares `die`, as the table of its unit has it; NULL when it is not known.
const char *dwarf_declaring_file(Dwarf_Die *die);

/// The file that declares `die`, as libdw has it, and the line; NULL and 0 when they are not known.
const char *dwarf_declared_at(Dwarf_Die *die, uint32_t *line);

/// The number that attribute `name` of `die` holds; false when there is none, or it is no constant.
bool dwarf_number(Dwarf_Die *die, unsigned name, uint64_t *out);

#endif
