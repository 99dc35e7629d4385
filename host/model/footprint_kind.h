/// What the bytes of a section are: the one place that decides an item's kind.
///
/// Nothing is decided by one witness alone. What the section is (type and flags, if its ELF file is at hand), the memory it
/// lies in, and what its inputs are called are weighed together: `.flash.rodata` of an ESP32 has the flag for "may
/// be written", lies in flash and is called read-only data, so it is constant. Where there is only a map, names and memories
/// are all there is.
#ifndef RAMLENS_FOOTPRINT_KIND_H
#define RAMLENS_FOOTPRINT_KIND_H

#include "footprint.h"

#include <stdbool.h>

/// What is known of a section of a linked program, or of an object.
struct section_traits {
    struct str name;
    const struct memory *memory; ///< Where it runs; NULL: not known.
    bool has_flags; ///< Type and flags below are the ELF file's; else they say nothing but is_nobits, where it is true.
    bool is_code;
    bool is_nobits;
    bool is_writable;
    bool is_thread;
    bool is_mergeable; ///< The linker folds equal entries.
    bool has_strings;  ///< They are strings, each to its terminator.
};

/// Those of section `s` of an ELF file.
struct section_traits section_traits_of(const struct elf_section *s, const struct memory *memory);

/// The kind of the bytes of input section `input` in a section. An empty `input`, or one whose name says nothing, is what the section
/// is. Never FOOTPRINT_PADDING, nor FOOTPRINT_UNKNOWN unless `s` says nothing either.
enum footprint_kind footprint_kind_of(const struct section_traits *s, struct str input);

/// Of a map alone: whether an output section of that name is one that no program has in memory (.debug_info, .comment).
bool section_name_is_unloaded(struct str name);

/// Whether the name is that of something that the linker makes for the loader: .got, .dynamic, .rela.dyn ...
bool section_name_is_linker_made(struct str name);

/// Whether the name is that of a section that is written to once, by the loader, or only because of relocations: .data.rel.ro,
/// .init_array ...
bool section_name_is_constant(struct str name);

/// Whether the name is one that compilers give to entries that may be merged: .rodata.str1.4, .rodata.cst8.
bool section_name_is_mergeable(struct str name);

/// Whether the name is that of entries of one size that may be merged, and are no strings: .rodata.cst8.
bool section_name_is_merged_constant(struct str name);

/// Whether `input`, which `object` brought to the output section `output`, is what lld made of the mergeable sections of all objects: its map calls it
/// the linker's own, by the name of the output section.
bool section_is_merged_by_lld(struct str object, struct str input, struct str output);

#endif
