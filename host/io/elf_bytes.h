/// Numbers in an ELF file, of either class and byte order. Private to the files elf_*.c and dwarf_object.c.
#ifndef RAMLENS_ELF_BYTES_H
#define RAMLENS_ELF_BYTES_H

#include "elf_file.h"

#include <stdint.h>
#include <string.h>

/// The `bytes` (2, 4, 8) of a number at `offset`, which must lie inside the file. A symbol table is mostly these: whole loads.
static inline uint64_t elf_number(const struct elf_file *elf, uint64_t offset, unsigned bytes) {
    const char *at = elf->bytes.at + offset;
    bool is_swapped = elf->is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    uint16_t half;
    uint32_t word;
    uint64_t whole;
    switch (bytes) {
    case 2:
        memcpy(&half, at, sizeof half);
        return is_swapped ? __builtin_bswap16(half) : half;
    case 4:
        memcpy(&word, at, sizeof word);
        return is_swapped ? __builtin_bswap32(word) : word;
    default:
        memcpy(&whole, at, sizeof whole);
        return is_swapped ? __builtin_bswap64(whole) : whole;
    }
}

/// A field that is 4 bytes wide in 32-bit files and 8 in 64-bit ones, at the offset for each.
static inline uint64_t elf_word(
        const struct elf_file *elf, uint64_t base, unsigned offset32, unsigned offset64) {
    return elf->class_bits == 64 ? elf_number(elf, base + offset64, 8)
                                 : elf_number(elf, base + offset32, 4);
}

/// Writes the `bytes` (2, 4, 8) of a number into a copy of the file, at an `offset` that lies inside.
static inline void elf_put_number(
        const struct elf_file *elf, char *copy, uint64_t offset, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++)
        copy[offset + (elf->is_big_endian ? bytes - 1 - i : i)] = (char)(value >> (8 * i));
}

/// Whether [offset, offset + size) lies inside the file.
static inline bool elf_has(const struct elf_file *elf, uint64_t offset, uint64_t size) {
    return offset <= elf->bytes.len && size <= elf->bytes.len - offset;
}

/// Whether the section's bytes are in the file: it is not of zeroes, and not damaged.
static inline bool elf_is_stored(const struct elf_section *s) {
    enum { NULL_TYPE = 0, NOBITS_TYPE = 8 };
    return s->type != NULL_TYPE && s->type != NOBITS_TYPE;
}

#endif
