/// What an ELF file holds: sections, symbols, build id.
///
/// Any class, byte order and machine. The file is hostile input: nothing is believed that was not
/// checked, and what cannot be read is left out.
#ifndef RAMLENS_ELF_FILE_H
#define RAMLENS_ELF_FILE_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_section {
    struct str name;
    uint64_t address; ///< 0 when it is not loaded.
    uint64_t size_bytes;
    uint64_t flags; ///< SHF_ bits of <elf.h>.
    uint32_t type;  ///< SHT_ number.
};

struct elf_symbol {
    struct str name; ///< As in the file; a version (`@GLIBC_2.0`) may follow.
    uint64_t
            address; ///< Of a thread-local one too: its place in the image that each thread copies.
    uint64_t size_bytes;
    uint32_t section; ///< Index into elf_file.sections; 0: none (undefined, absolute).
    uint8_t type;     ///< STT_ number.
    uint8_t binding;  ///< STB_ number.
};

struct elf_file {
    struct str path;
    uint8_t class_bits;           ///< 32 or 64.
    uint16_t machine;             ///< EM_ number.
    uint16_t type;                ///< ET_ number.
    struct elf_section *sections; ///< By section number; [0] is empty.
    uint32_t section_count;
    struct elf_symbol *symbols; ///< In the order of the file: of `.symtab`, else of `.dynsym`.
    size_t symbol_count;
    uint64_t tls_address;    ///< Of the image that each thread copies; 0 when there is none.
    const uint8_t *build_id; ///< NULL when there is none.
    size_t build_id_bytes;
};

/// Reads all of that into the arena. False with a message when `path` cannot be opened or is no ELF
/// file. Cost: linear in sections and symbols; contents of sections are not read.
bool elf_file_read(struct arena *a, const char *path, struct elf_file *out, struct err *err);

/// The first section of that name; NULL when there is none.
const struct elf_section *elf_file_section(const struct elf_file *elf, struct str name);

#endif
