/// The units and functions of a file's debug information, by address.
///
/// Read lazily: first the ranges of all units; the functions of a unit when an address hits it; what
/// is inside a function (dwarf_function.h) when an address hits that. Addresses are those of the
/// file. Entries whose code the linker dropped keep an address of 0 (GNU ld, lld): what begins at 0 is
/// believed only if the symbol table has a function there.
#ifndef RAMLENS_DWARF_UNITS_H
#define RAMLENS_DWARF_UNITS_H

#include "arena.h"
#include "dwarf_file.h"
#include "dwarf_function.h"
#include "elf_functions.h"
#include "map64.h"
#include "range_table.h"

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dwarf_unit {
    Dwarf_Die
            lines_die; ///< For line numbers: the unit's, of split debug information the skeleton's.
    Dwarf_Die die;     ///< Root of the entries.
    bool is_read;      ///< Its functions are known; private, as is all below.
    struct dwarf_function *functions;
    size_t function_count, function_room;
    struct range_table ranges; ///< Of the functions.
};

/// A namespace, class or function that others are declared in.
struct dwarf_context {
    Dwarf_Die die;
    uint32_t outer; ///< Number of the context around it; 0: the unit.
};

/// Start with dwarf_units_read().
struct dwarf_units {
    struct arena *arena;
    const struct dwarf_file *file;
    struct elf_functions *symbols;
    struct dwarf_unit *units;
    size_t unit_count, unit_room;
    struct range_table ranges;      ///< Of the units; private.
    struct map64 by_cu;             ///< libdw handle of a unit to its index in `units`; private.
    struct dwarf_context *contexts; ///< Of the units that were read; [0] is empty.
    size_t context_count, context_room;
    struct map64
            declared_in; ///< Address of a function's entry that has no linkage name, to the number
                         ///< of its context.
};

/// Reads the list of units and their ranges. `file` and `symbols` must outlive `u`.
void dwarf_units_read(struct dwarf_units *u, struct arena *a, const struct dwarf_file *file,
        struct elf_functions *symbols);

/// The unit with code at `vaddr`; NULL when there is none.
struct dwarf_unit *dwarf_units_find(struct dwarf_units *u, uint64_t vaddr);

/// The out-of-line function of `unit` around `vaddr`, contents read; NULL when there is none (assembly).
const struct dwarf_function *dwarf_units_function(
        struct dwarf_units *u, struct dwarf_unit *unit, uint64_t vaddr);

/// Reads the functions of the unit that holds the entry `die`, if they were not read yet, so that
/// `declared_in` knows them.
void dwarf_units_read_around(struct dwarf_units *u, const Dwarf_Die *die);

/// The line of code at `vaddr` in `unit`: its number, and its file as libdw has it (alive while the
/// file is open); NULL when there is none.
const char *dwarf_units_line(
        const struct dwarf_units *u, struct dwarf_unit *unit, uint64_t vaddr, uint32_t *line);

#endif
