/// Static variables with their types, and how the structs among these are laid out: where nothing lies between members, and behind
/// the last one.
///
/// Only types that a static variable is made of are read. A byte of a variable is lost when no member of any kind covers it: in a union
/// what any alternative uses is used; of a base class whose tail its heir uses, that is used. Each lost byte belongs to one
/// struct, the innermost one around it, so that sums over structs count no byte twice.
#ifndef RAMLENS_DWARF_STRUCTS_H
#define RAMLENS_DWARF_STRUCTS_H

#include "arena.h"
#include "dwarf_file.h"
#include "map64.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DWARF_STRUCT_NONE UINT32_MAX

/// What one instance of a struct has of a struct inside of it.
struct dwarf_part {
    uint32_t type;      ///< Index into dwarf_structs.types.
    uint64_t instances; ///< Alternatives of unions included.
    uint64_t lost_bytes;
};

/// A struct, class or union.
struct dwarf_struct {
    struct str name;  ///< With its namespaces; the typedef's where it has none itself; else "".
    const char *file; ///< Of its declaration, alive while the file is open; NULL: unknown.
    uint32_t line;
    bool is_union;
    bool is_unsure; ///< Virtual bases, variants, or nonsense: its members are not all known, so nothing of it counts as lost.
    uint64_t bytes;
    uint64_t hole_bytes; ///< Between its members, and before the first.
    uint64_t tail_bytes; ///< Behind the last.
    uint64_t spare_bits; ///< Of bytes that bit-fields use in part.
    uint32_t holes;
    struct dwarf_part
            *parts; ///< Itself first, with what is lost in it but not in the structs inside.
    size_t part_count;
    struct dwarf_member *members; ///< Private.
    size_t member_count;
    bool is_read; ///< Private.
};

/// A variable that lies at one place for good.
struct dwarf_static {
    const char *name; ///< As in the source, alive while the file is open; NULL: none.
    uint64_t
            address; ///< In the file; of a thread-local one its place in the image that each thread copies.
    uint64_t elements; ///< Of an array in all its dimensions; else 1.
    uint64_t bytes;    ///< By its type; 0: not known.
    const char *
            type; ///< Of an element, by its outermost typedef ("StackType_t"), alive while the file is open; NULL: none.
    uint32_t
            struct_type; ///< Of an element, an index into dwarf_structs.types; DWARF_STRUCT_NONE: it is none.
    bool is_thread_local;
    bool is_array;
    bool is_unknown; ///< Its type is not there, or not known to its end: of objects libdw reads no types that lie in
            ///< sections of their own (-fdebug-types-section).
};

/// Start with dwarf_structs_read().
struct dwarf_structs {
    struct {
        struct dwarf_struct *at;
        size_t len, room;
    } types; ///< Those that static variables are made of.
    struct {
        struct dwarf_static *at;
        size_t len, room;
    } statics; ///< In the order of the file. A variable may stand there several times.
};

/// Reads all units of `f`, which must have debug information. Cost: linear in its entries; of unions and of classes whose members overlap,
/// in their bytes.
void dwarf_structs_read(struct dwarf_structs *d, struct arena *a, const struct dwarf_file *f);

#endif
