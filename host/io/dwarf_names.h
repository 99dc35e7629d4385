/// What functions are called in debug information.
#ifndef RAMLENS_DWARF_NAMES_H
#define RAMLENS_DWARF_NAMES_H

#include "arena.h"
#include "dwarf_units.h"
#include "str.h"

#include <elfutils/libdw.h>

/// The linkage name of the function or inlined call `die`, taken from its declaration if need be;
/// NULL when there is none: C, and C++ that no other file can see. Alive while the file is open.
const char *dwarf_linkage_name(Dwarf_Die *die);

/// The entry that declares what `die` is an instance of: `die` itself when it is none.
Dwarf_Die dwarf_declaration(const Dwarf_Die *die);

/// Whether the function that `declaration` declares is a member of something (C++), so that its
/// name alone does not say what it is.
bool dwarf_is_member(struct dwarf_units *u, const Dwarf_Die *declaration);

/// The name of such a function in the form of demangle.h, put together from the namespaces, classes
/// and functions around it: "Session::add_channel()::{lambda(...)}::operator()()". Cost: linear in the
/// nesting and the number of parameters.
struct str dwarf_member_name(struct dwarf_units *u, struct arena *a, const Dwarf_Die *declaration);

#endif
