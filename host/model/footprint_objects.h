/// The part of footprint.h that reads objects and archives before they are linked.
#ifndef RAMLENS_FOOTPRINT_OBJECTS_H
#define RAMLENS_FOOTPRINT_OBJECTS_H

#include "footprint.h"

/// Adds the object or archive at `path`. Each loaded section and each COMMON symbol is cut along its symbols. False with a message when it is neither, is damaged, or has slim LTO
/// objects and nothing else (there is no code in them to measure). `*skipped` counts members that are no ELF object or slim LTO, the first named in `*why`.
bool footprint_objects_add(struct footprint *f, const char *path, uint32_t *skipped,
        const char **why, struct err *err);

/// After all objects were added: what would a linker keep? Sets each item's fate. Of COMDAT groups, weak definitions whose strong one is there, equal merged strings, and COMMON
/// blocks of one name (the largest stays) all but one are duplicates. From the roots - objects given by themselves, and symbols that match one of `roots` - what is reached by
/// relocations, section by section as with --gc-sections, stays; archives' members are only taken if they define what is undefined, as a
/// linker does. With `like`, a program of the same sources for another machine, every function and variable of its that others can see is a root, too. Without any root nothing is known to stay. Cost: linear in relocations and symbols.
bool footprint_objects_bounds(struct footprint *f, const char *const *roots, uint32_t root_count,
        const struct elf_file *like, struct err *err);

#endif
