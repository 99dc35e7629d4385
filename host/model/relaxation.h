/// How much shorter a linker may make code: RISC-V and Xtensa relax calls and addresses, so that linked code is smaller than the objects'.
#ifndef RAMLENS_RELAXATION_H
#define RAMLENS_RELAXATION_H

#include "elf_file.h"

#include <stdbool.h>
#include <stdint.h>

/// Whether linkers shorten code for that machine.
bool relaxation_is_known(const struct elf_file *elf);

/// The most bytes that one relocation may save, `next` (NULL: none) being the one behind it. RISC-V: by the processor-specific ABI, "Linker
/// Relaxation"; only those that R_RISCV_RELAX marks, and all of an alignment.
uint32_t relaxation_saves(const struct elf_file *elf, const struct elf_relocation *r,
        const struct elf_relocation *next);

/// The same for `bytes` of code, whatever its relocations: Xtensa's instructions of three bytes may become those of two.
uint64_t relaxation_narrows(const struct elf_file *elf, uint64_t bytes);

#endif
