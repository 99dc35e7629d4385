/// The variables and functions that debug information knows, by address: where was each declared?
#ifndef RAMLENS_DWARF_DECLARATIONS_H
#define RAMLENS_DWARF_DECLARATIONS_H

#include "arena.h"
#include "dwarf_attributes.h"
#include "dwarf_units.h"
#include "map64.h"

#include <stdbool.h>
#include <stdint.h>

/// An entry whose place is read when it is asked for: that takes a table of files for each unit.
struct dwarf_declaration {
    Dwarf_Die die;
    struct dwarf_place place; ///< `file` is NULL where the entry says none.
    bool is_placed;
};

/// Zeroed it is empty. Addresses of thread-local variables count from the beginning of their image,
/// and are kept apart.
struct dwarf_declarations {
    struct map64 places;     ///< Address to index in `at`; private, as is all below.
    struct map64 tls_places; ///< The same for thread-local variables.
    struct {
        struct dwarf_declaration *at;
        size_t len, room;
    } list;
};

/// Reads all units. Cost: linear in their entries.
void dwarf_declarations_read(
        struct dwarf_declarations *d, struct arena *a, const struct dwarf_units *u);

/// Where the variable at `address`, or the function that begins there, is declared; NULL when unknown. A part of a function that lies
/// elsewhere (`.cold`) is the function's.
const struct dwarf_place *dwarf_declarations_find(
        struct dwarf_declarations *d, uint64_t address, bool is_thread_local);

#endif
