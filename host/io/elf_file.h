/// What an ELF file holds: sections, segments, symbols, contents, relocations.
///
/// Any class, byte order and machine; executables, shared libraries and relocatable objects, by themselves or as
/// members of an archive (ar_file.h). The bytes are mapped and read in place: nothing is copied but the tables
/// below, so a file of 100 MB costs what its symbol table costs. The file is hostile input: nothing is believed
/// that was not checked against the file's size, and what cannot be read is left out and counted in `damage`.
#ifndef RAMLENS_ELF_FILE_H
#define RAMLENS_ELF_FILE_H

#include "arena.h"
#include "err.h"
#include "file.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_section {
    struct str name;      ///< In the file's bytes.
    uint64_t address;     ///< Where it runs; 0 when it is not loaded, and in a relocatable object.
    uint64_t size_bytes;  ///< As it lies in memory; of a compressed one as in the file.
    uint64_t file_offset; ///< From the beginning of the ELF file.
    uint64_t flags;       ///< SHF_ bits of <elf.h>.
    uint64_t alignment;   ///< 0 and 1 mean none.
    uint64_t
            entry_bytes; ///< Of tables and of mergeable sections: size of an entry, of a character.
    uint32_t type;       ///< SHT_ number.
    uint32_t link;
    uint32_t info;
    uint32_t group;       ///< Index of the COMDAT group's section that it is a member of; 0: none.
    uint32_t patched_by;  ///< Of an object: the first section with relocations for it; 0: none.
    uint32_t patch_count; ///< Number of such sections.
};

/// A part of the file as the loader, or a flash tool, sees it.
struct elf_segment {
    uint32_t type;  ///< PT_ number.
    uint32_t flags; ///< PF_ bits.
    uint64_t file_offset;
    uint64_t address; ///< Where it runs (p_vaddr).
    uint64_t
            load_address; ///< Where its contents are stored (p_paddr): of initialised data on a microcontroller, flash.
    uint64_t file_bytes;
    uint64_t memory_bytes;
};

/// Where a symbol is when it is in no section.
enum elf_place {
    ELF_IN_SECTION,
    ELF_UNDEFINED,
    ELF_ABSOLUTE, ///< A number that a linker script or a ROM gave; takes no room, whatever its size says.
    ELF_COMMON ///< `size_bytes` to be laid out by the linker; `address` is the alignment.
};

struct elf_symbol {
    struct str name; ///< As in the file; a version (`@GLIBC_2.0`) may follow.
    uint64_t
            address; ///< As in the file, but without ARM's Thumb bit; of a thread-local one in an executable its
    ///< place in the image that each thread copies; in an object the offset in its section.
    uint64_t size_bytes;
    uint32_t section; ///< Index into elf_file.sections; 0 unless ELF_IN_SECTION.
    uint8_t type;     ///< STT_ number.
    uint8_t binding;  ///< STB_ number.
    uint8_t place;    ///< An enum elf_place.
    bool is_mark; ///< No name that anybody gave: ARM and RISC-V mapping symbols ($a, $d, $x...), assembler labels (.L...).
};

struct elf_relocation {
    uint64_t offset; ///< In the section that it patches.
    uint32_t symbol; ///< Index into elf_file.symbols; UINT32_MAX: none.
    uint32_t type;
    int64_t addend; ///< 0 where the section's bytes hold it (REL).
};

struct elf_file {
    struct str path;    ///< For messages; of a member "lib.a(member.o)".
    struct str bytes;   ///< The whole ELF file.
    uint8_t class_bits; ///< 32 or 64.
    bool is_big_endian;
    uint16_t machine;             ///< EM_ number.
    uint16_t type;                ///< ET_ number.
    uint32_t flags;               ///< e_flags.
    struct elf_section *sections; ///< By section number; [0] is empty.
    uint32_t section_count;
    struct elf_segment *segments; ///< In the order of the file.
    uint32_t segment_count;
    struct elf_symbol
            *symbols; ///< As numbered in the file, [0] empty: of `.symtab`, else of `.dynsym`.
    size_t symbol_count;
    uint64_t tls_address;    ///< Of the image that each thread copies; 0 when there is none.
    const uint8_t *build_id; ///< NULL when there is none.
    size_t build_id_bytes;
    bool is_dynamic_table; ///< The symbols are those of `.dynsym`: the file is stripped.
    bool is_slim_lto; ///< Relocatable, with the compiler's intermediate code and no machine code (-flto without -ffat-lto-objects).
    uint32_t
            damage; ///< Sections, symbols and the like that were left out because they make no sense.
    const char *
            broken; ///< Private, for elf_file_is_whole(), as is `broken_at`: the first of them that sizes depend on.
    uint64_t broken_at;
    uint64_t stored_left; ///< Private: bytes that further sections may have in the file.
    uint64_t names_left;  ///< Private: the same of names.
    struct file_map map;  ///< Private; open only after elf_file_read().
    struct file_map
            debug_map; ///< Private: where the symbols are, if they are those of a debug file.
};

/// Maps and reads `path`. False with a message when it cannot be opened or is no ELF file (an archive and LLVM
/// bitcode are named as such). The mapping lives until elf_file_close(); all strings point into it or into the
/// arena. Cost: linear in sections and symbols; contents of sections are not touched.
bool elf_file_read(struct arena *a, const char *path, struct elf_file *out, struct err *err);

/// The same for `bytes` at hand, which must outlive `out`: a member of an archive, `path` naming it in messages.
bool elf_file_parse(
        struct arena *a, const char *path, struct str bytes, struct elf_file *out, struct err *err);

/// As elf_file_parse(), but for the symbols, of which there are none then, and what they tell (slim link-time optimisation). Linear in sections.
bool elf_file_parse_outline(
        struct arena *a, const char *path, struct str bytes, struct elf_file *out, struct err *err);

/// Whether the tables that sizes depend on could be read as they are; else false with a message that says what is wrong with the first of them,
/// and where. Symbols without a section, or debug information outside of the file, do no harm. Constant time.
bool elf_file_is_whole(const struct elf_file *elf, struct err *err);

/// Bytes of all COMMON symbols, read from the table itself: for an outline.
uint64_t elf_file_common_bytes(const struct elf_file *elf);

/// Whether `bytes` begin as an ELF file does.
bool elf_file_is(struct str bytes);

/// Gives the mapping back: names and contents are gone. Harmless on a zeroed struct and after elf_file_parse().
void elf_file_close(struct elf_file *elf);

/// Whether `s` is a variable that the linker will lay out (COMMON): takes room, and is no mark of link-time optimisation.
bool elf_symbol_is_common(const struct elf_symbol *s);

/// The first section of that name; NULL when there is none. Linear.
const struct elf_section *elf_file_section(const struct elf_file *elf, struct str name);

/// The bytes of section `index`, decompressed into the arena if need be (zlib, zstd, old `.zdebug_`); empty for
/// SHT_NOBITS. False with a message when they lie outside the file, or decompress to more than 4 GiB or 1,032 times
/// their size (deflate's most; zstd is held to 64 KiB times).
bool elf_file_contents(struct arena *a, const struct elf_file *elf, uint32_t index, struct str *out,
        struct err *err);

/// The whole file as bytes in which no section is compressed with zstd, which elfutils before 0.191 cannot read: `elf->bytes` themselves when there is
/// none, else a copy in `a` with the contents behind the old end. False with a message for such a section that is damaged, or what would be more than 1 GiB.
bool elf_file_unpack(struct arena *a, const struct elf_file *elf, struct str *out, struct err *err);

/// The relocations that patch section `index` of a relocatable object, in the order of the file. In the arena.
/// Those that make no sense are left out. Cost: linear in their number, and in that of sections between the first and the last that hold them.
struct elf_relocation *elf_file_relocations(
        struct arena *a, const struct elf_file *elf, uint32_t index, size_t *count);

/// The name that identifies section `index`'s COMDAT group among objects; empty when it is in none.
struct str elf_file_group_name(const struct elf_file *elf, uint32_t index);

#endif
