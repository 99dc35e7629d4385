/// Relocations in the debug information of Xtensa objects, for which elfutils has no part (backends/, up to 0.192).
#ifndef RAMLENS_DWARF_XTENSA_H
#define RAMLENS_DWARF_XTENSA_H

#include "arena.h"
#include "elf_file.h"

#include <stdint.h>

/// Applies them in `copy`, the bytes of `elf`, which is an Xtensa object: section `i` is taken to lie at `addresses[i]`; a symbol without a
/// section has the value that `copy` says. The sections that held the relocations are none afterwards, so that nobody applies them again.
/// Compressed debug sections stay as they are. `a` for what is read. Cost: linear in relocations of debug sections.
void dwarf_xtensa_relocate(
        struct arena *a, const struct elf_file *elf, const uint64_t *addresses, char *copy);

#endif
