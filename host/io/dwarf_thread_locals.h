/// The thread-local variables that debug information knows, by symbol: where was each declared?
///
/// In a relocatable object a thread-local variable has no address that debug information could say, and gcc says none for RISC-V even
/// in a linked program. So its symbol is put together from names and scopes, by the rules of the compilers:
///
///     visits                   at file scope, in C
///     visits.0, use.visits     in a function, in C, by gcc and by clang
///     _ZN1n6visitsE            by its linkage name, in C++
///     _ZL6visits, _ZN1nL6visitsE, _ZZ3usevE6visits   C++ without one: static, static in a namespace, in a function (Itanium C++ ABI, 5.1)
#ifndef RAMLENS_DWARF_THREAD_LOCALS_H
#define RAMLENS_DWARF_THREAD_LOCALS_H

#include "arena.h"
#include "dwarf_attributes.h"
#include "dwarf_units.h"
#include "map64.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

/// Zeroed it is empty. Private.
struct dwarf_thread_locals {
    struct map64 by_symbol;    ///< Hash of the symbol to index in `places`.
    struct map64 in_functions; ///< Hash of the name to index, of those in functions.
    struct {
        struct dwarf_place *at;
        size_t len, room;
    } places;
};

/// Reads all units; their file must stay open. Cost: linear in their entries, but for scopes of one function or namespace within
/// another, of which names up to 1,024 bytes are made.
void dwarf_thread_locals_read(
        struct dwarf_thread_locals *t, struct arena *a, const struct dwarf_units *u);

/// Where the variable of that symbol is declared. NULL when unknown, or when variables of two places would have the symbol. Not found are
/// those in functions of RISC-V by gcc, which does not tell them from others, and in C++ those in static functions. Constant time.
const struct dwarf_place *dwarf_thread_locals_find(
        struct dwarf_thread_locals *t, struct str symbol);

#endif
