/// Entries of sections that a linker merges: strings, each to its terminator, or constants of one size.
#ifndef RAMLENS_FOOTPRINT_ENTRIES_H
#define RAMLENS_FOOTPRINT_ENTRIES_H

#include "elf_file.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How such a section is divided.
struct footprint_entries {
    uint32_t char_bytes; ///< Of a string's characters, or the size of a constant.
    uint32_t alignment;  ///< Entries begin at multiples of this.
    bool is_strings;
};

/// By the section's flags, size of entries and alignment.
struct footprint_entries footprint_entries_of(const struct elf_section *s);

/// Bytes of the entry at `at`, its terminator included; at least 1. `at` lies inside of the contents. Linear in the entry.
size_t footprint_entry_bytes(const struct footprint_entries *e, struct str contents, size_t at);

/// Where the entry behind `end` begins: at the end of the contents when there is none.
size_t footprint_entry_next(const struct footprint_entries *e, struct str contents, size_t end);

#endif
