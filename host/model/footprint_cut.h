/// The one sweep over a section of a linked program: along the linker's inputs and, inside of them, along the symbols.
///
///     section   [............................................................]
///     inputs    [ a.o ][fill][ lib.a(b.o)                    ][ c.o ]
///     symbols     [x]          [y    ][z]
///     items     [][x][][fill ][][y    ][z][                  ][c.o  ][ rest  ]
///
/// What comes out covers the section to the byte, in the order of addresses, whatever the file holds.
#ifndef RAMLENS_FOOTPRINT_CUT_H
#define RAMLENS_FOOTPRINT_CUT_H

#include "footprint.h"
#include "footprint_kind.h"

#include <stdint.h>

/// A symbol that may own bytes.
struct cut_symbol {
    uint64_t address;
    uint64_t bytes; ///< 0: up to the next one.
    uint32_t section;
    uint32_t index; ///< Into elf_file.symbols.
};

/// Where code and the constants among it begin: by ARM's and RISC-V's mapping symbols, by Xtensa's property tables.
struct cut_mark {
    uint32_t
            section; ///< By number, of a relocatable object, in which all sections begin at 0; else 0.
    uint64_t address;
    uint8_t kind; ///< FOOTPRINT_CODE, FOOTPRINT_LITERAL; FOOTPRINT_UNKNOWN: nothing is said from here on.
};

/// A program being cut. Start with footprint_cut_begin().
struct cut {
    struct footprint *footprint;
    uint32_t file;
    const struct elf_file *elf; ///< NULL: the map alone.
    const struct ldmap *map;    ///< NULL: none.
    struct cut_symbol
            *symbols; ///< By section, then address; of aliases the one that has the bytes first.
    size_t *first_symbol;   ///< By section number; one more than there are sections.
    struct cut_mark *marks; ///< By section, then address.
    size_t mark_count;
    uint64_t
            bytes_left; ///< To be looked at for text: sections may name the same bytes of a file over and over.
};

/// A section to cut.
struct cut_section {
    uint32_t section; ///< Index into footprint.sections.
    struct section_traits traits;
    const struct ldmap_output *output; ///< NULL: not in the map.
    struct str contents;               ///< Empty when nothing is stored, or it cannot be read.
    bool is_of_object;                 ///< Before linking: all of it is `object`'s.
    uint32_t object;
};

/// Sorts the program's symbols. `elf` and `map` may be NULL, not both. Cost: n log n in symbols.
void footprint_cut_begin(struct cut *c, struct footprint *f, uint32_t file,
        const struct elf_file *elf, const struct ldmap *map);

/// Adds the items of one section. Cost: linear in its symbols and inputs, and in the bytes that nobody names.
void footprint_cut_section(struct cut *c, const struct cut_section *in);

#endif
