/// The separate debug file of a stripped program, for its symbols.
#ifndef RAMLENS_ELF_DEBUG_FILE_H
#define RAMLENS_ELF_DEBUG_FILE_H

#include "elf_file.h"

#include <stdbool.h>

/// Looks for the debug file of `elf`, which is stripped, where gdb does: by its build id below /usr/lib/debug/.build-id, by the name in .gnu_debuglink
/// beside it, in .debug beside it, and below /usr/lib/debug. If one is there with the same build id (else the checksum that the
/// link names), `elf` gets its symbols; the path is `*path`. False, silently, when there is none. The file stays mapped until elf_file_close().
bool elf_debug_file_symbols(struct arena *a, struct elf_file *elf, struct str *path);

#endif
