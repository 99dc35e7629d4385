/// Names as people read them, from names as the linker sees them.
///
/// Understands the C++ (Itanium) and Rust manglings; anything else comes back as it is. libiberty does
/// the work; here are the choices of form. Names are hostile input: one that is too long (16 KiB), or
/// whose readable form would be (64 KiB), stays as it is.
#ifndef RAMLENS_DEMANGLE_H
#define RAMLENS_DEMANGLE_H

#include "arena.h"
#include "str.h"

/// `symbol` without what compilers append to the name of a function that they split, clone or
/// specialise (`.cold`, `.isra.0`, `.constprop.0`, `.part.0`, `.lto_priv.0`, `.llvm.123` and the like)
/// and without a symbol version (`@GLIBC_2.0`). A slice of `symbol`. Linear in its length.
struct str demangle_base(struct str symbol);

/// A function for people: `_ZN3rtc7Channel4sendEi.cold` is "rtc::Channel::send(...)". Parameters are
/// left out but for whether there are any ("()" or "(...)"), return types, ABI tags and clone
/// suffixes are left out altogether, and a thunk bears the name of the function that it leads to. So
/// overloads look the same; their linkage names tell them apart. The result lives in the arena.
/// Cost: a few microseconds.
struct str demangle_function(struct arena *a, struct str linkage);

/// A variable for people, what a compiler makes included: "vtable for rtc::Channel", "guard variable
/// for f()::lock". Otherwise as demangle_function().
struct str demangle_variable(struct arena *a, struct str linkage);

/// What a variable belongs to: "rtc::Channel" for its vtable, "f()::lock" for its guard. The same as
/// demangle_variable() for a variable that someone wrote.
struct str demangle_subject(struct arena *a, struct str linkage);

#endif
