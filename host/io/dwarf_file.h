/// A module's file, opened for symbols and debug information.
#ifndef RAMLENS_DWARF_FILE_H
#define RAMLENS_DWARF_FILE_H

#include "err.h"
#include "symbolize.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A zeroed struct is closed.
struct dwarf_file {
    Dwfl *dwfl;          ///< Private.
    Dwfl_Module *module; ///< For its symbol table; NULL when closed.
    Dwarf *dwarf;        ///< NULL when there is no debug information.
    uint64_t bias;       ///< To add to an address in `dwarf` for the address in the file.
    uint16_t machine;    ///< EM_ number.
};

/// Opens `path`, its separate debug file included, if its build id is `build_id` (of length 0:
/// whatever it is). The quality is that of the file: SYMBOLS_WITH_LINES if `dwarf` is there, else
/// SYMBOLS_ONLY (whether there are any symbols is the caller's to see), or one of the two failures,
/// which have a message. When debug information is there but cannot be read, `err` says so, though
/// that is no failure.
enum symbol_quality dwarf_file_open(struct dwarf_file *f, const char *path, const uint8_t *build_id,
        size_t build_id_len, struct err *err);

/// Closes it; harmless on a zeroed struct. Everything read through it is gone.
void dwarf_file_close(struct dwarf_file *f);

#endif
