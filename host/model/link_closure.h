/// What a linker that collects sections is sure to keep of objects and archives: a graph of sections whose edges are relocations, walked
/// from the roots. Nothing is linked; where the outcome hangs on an order of files that is not known here, nothing is claimed.
///
/// - An object given by itself is taken. A member of an archive is taken when an object that is taken asks for what it alone defines.
/// - Of what is taken, sections that every linker's own script keeps (constructors, `SHF_GNU_RETAIN`) stay, and what they refer to.
/// - A name leads to its definition if there is only one that can be meant: the only one at all, or the only strong one in an object given by
///   itself. All copies of a COMDAT group are one definition, if they are of one size; the first that is reached is the one that stays.
/// - An undefined weak name takes no member out of its archive.
/// - COMMON blocks of one object stay together, as GNU ld keeps them.
#ifndef RAMLENS_LINK_CLOSURE_H
#define RAMLENS_LINK_CLOSURE_H

#include "arena.h"
#include "err.h"
#include "footprint.h"

#include <stdbool.h>
#include <stdint.h>

/// A COMDAT group: equal in all objects that have it, but for what each compiler made of it.
struct link_group {
    struct str name;
    uint64_t bytes;  ///< Of its largest copy.
    uint32_t object; ///< Whose copy that is, the first of them.
    uint32_t
            last; ///< Private: the object that was looked at last, and what of its copy was counted.
    uint64_t last_bytes;
    uint32_t copies;
    bool differs;    ///< Copies have different sizes, so nobody knows which one stays.
    bool is_reached; ///< `object` has the copy that was reached.
};

struct link_section {
    uint32_t section; ///< Index into footprint.sections; FOOTPRINT_NONE: not loaded.
    uint32_t group;   ///< Index into groups + 1; 0: in none.
    bool stays;
};

struct link_object {
    const struct elf_file *elf;    ///< NULL: nothing that is to be linked.
    struct link_section *sections; ///< By number; [0] is COMMON.
    bool is_alone;                 ///< Given by itself.
    bool is_taken;
};

struct link_closure {
    struct link_object *objects; ///< By footprint's number.
    struct {
        struct link_group *at;
        size_t len, room;
    } groups;
    struct link_names *names; ///< Private.
};

/// Finds what stays from symbols that match one of `roots` (in any object), and from where programs begin (main, _start, app_main, Reset_Handler,
/// call_start_cpu0) in objects given by themselves, and from the names that `like` (may be NULL) defines for all to see: a program of the same sources,
/// for whatever machine. False with a message when a glob matches nothing. Cost: linear in symbols and in the
/// relocations of what stays.
bool link_closure_find(struct link_closure *c, struct arena *a, const struct footprint *f,
        const char *const *roots, uint32_t root_count, const struct elf_file *like,
        struct err *err);

/// Whether the section is in a group of which another object's copy is the one that counts.
bool link_closure_is_copy(const struct link_closure *c, uint32_t object, uint32_t number);

/// How often a name is defined, COMMON included.
struct link_meanings {
    uint32_t all;
    uint32_t strong_alone; ///< In objects given by themselves, neither weak nor COMMON.
};

/// Of the name `text`; all 0 when there were no roots.
struct link_meanings link_closure_meanings(const struct link_closure *c, struct str text);

#endif
