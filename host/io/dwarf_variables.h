/// The variables that debug information knows, by address: where was each declared?
#ifndef RAMLENS_DWARF_VARIABLES_H
#define RAMLENS_DWARF_VARIABLES_H

#include "arena.h"
#include "dwarf_units.h"
#include "map64.h"

#include <stdbool.h>
#include <stdint.h>

/// Zeroed it is empty. Addresses of thread-local variables count from the beginning of their image,
/// and are kept apart.
struct dwarf_variables {
    struct map64 places;     ///< Address to index in `files`; private, as is all below.
    struct map64 tls_places; ///< The same for thread-local variables.
    struct {
        const char **at; ///< As libdw has them, alive while the file is open.
        size_t len, room;
    } files;
};

/// Reads all units. Cost: linear in their entries.
void dwarf_variables_read(struct dwarf_variables *v, struct arena *a, const struct dwarf_units *u);

/// The file that declares the variable at `address`; NULL when unknown.
const char *dwarf_variables_file(struct dwarf_variables *v, uint64_t address, bool is_thread_local);

#endif
