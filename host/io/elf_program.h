/// What kind of program a file is: can the recorder get into it, and if not, why?
#ifndef RAMLENS_ELF_PROGRAM_H
#define RAMLENS_ELF_PROGRAM_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

enum elf_program_kind {
    ELF_PROGRAM_DYNAMIC, ///< Started by a loader, which loads the recorder first.
    ELF_PROGRAM_STATIC,  ///< Has no loader: nothing can be loaded into it.
    ELF_PROGRAM_SCRIPT,  ///< `#!`: what runs is `interpreter`.
    ELF_PROGRAM_LIBRARY, ///< A shared library or an object file.
    ELF_PROGRAM_OTHER    ///< No ELF file: a script without `#!`, or another system's program.
};

struct elf_program {
    enum elf_program_kind kind;
    uint8_t class_bits;     ///< 32 or 64; 0 when it is no ELF file.
    uint16_t machine;       ///< EM_ number; 0 when it is no ELF file.
    struct str interpreter; ///< The loader, or the script's interpreter; empty when there is none.
    bool gains_privileges; ///< Set-user-id, set-group-id or with capabilities: the loader ignores LD_PRELOAD.
};

/// Looks at the file. False with a message when it cannot be read. Constant time.
bool elf_program_read(struct arena *a, const char *path, struct elf_program *out, struct err *err);

/// Why the recorder for x86-64 and i386 cannot be loaded into it, and what would help ("is linked
/// statically, ..."); NULL when nothing speaks against it. Scripts and kind OTHER are believed: what
/// they start decides.
const char *elf_program_obstacle(const struct elf_program *program);

#endif
