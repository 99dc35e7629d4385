/// What takes memory before anything runs: every byte of the files given, with one owner and one kind.
///
/// Three kinds of files make items. They may be mixed; each item says which it is known by.
///
/// - A linked program, with its linker's map, or one of the two alone (footprint_linked.h). The items of a section
///   add up to its size, which is asserted; what nobody says anything about is FOOTPRINT_UNKNOWN.
/// - Relocatable objects and archives, before linking (footprint_objects.h). The items of an input section add up to its size.
///
/// The map says which object put bytes where, the symbol table what they are called, debug information in which source file and line they were
/// declared. Of two sources the one that knows finer counts. Reading debug information is the costly part: it is read only
/// when footprint_name_sources() is called, or for some items by footprint_place_items().
///
///     footprint_init → footprint_linked_add, footprint_objects_add ... → [footprint_name_sources] → footprint_name_components
#ifndef RAMLENS_FOOTPRINT_H
#define RAMLENS_FOOTPRINT_H

#include "arena.h"
#include "component_map.h"
#include "elf_file.h"
#include "err.h"
#include "ldmap.h"
#include "map64.h"
#include "memories.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOOTPRINT_NONE UINT32_MAX

/// What the bytes are.
enum footprint_kind {
    FOOTPRINT_CODE,
    FOOTPRINT_CONSTANT, ///< Never changes once loaded: flash, unless someone put it elsewhere.
    FOOTPRINT_LITERAL, ///< Constants between functions: Xtensa's .literal, ARM's literal pools ($d in code).
    FOOTPRINT_STRING, ///< In a section of strings that the linker merges, or found to be text.
    FOOTPRINT_DATA,   ///< Has an initial value and may change: RAM, and storage for the value.
    FOOTPRINT_ZERO,   ///< Begins as zero, or with no value (.noinit): RAM. COMMON is this, too.
    FOOTPRINT_THREAD_DATA, ///< Thread-local with an initial value: a copy in each thread.
    FOOTPRINT_THREAD_ZERO, ///< Thread-local, begins as zero.
    FOOTPRINT_VECTOR,      ///< Interrupt and exception vectors.
    FOOTPRINT_PADDING,     ///< Nobody's; `cause` says why it is there.
    FOOTPRINT_LINKER, ///< Made by the linker: .got, .plt, .dynamic, veneers, what the script writes.
    FOOTPRINT_UNKNOWN, ///< In the section, but no symbol and no map says what it is.
    FOOTPRINT_KINDS
};
/// "code", "constant", "literal", "string", "data", "zero", "thread-data", "thread-zero", "vector", "padding",
/// "linker", "unknown".
extern const char *const footprint_kind_names[FOOTPRINT_KINDS];

/// Why there is padding.
enum footprint_cause {
    FOOTPRINT_NO_CAUSE,
    FOOTPRINT_ALIGNS, ///< Before what follows, which asks for an alignment: `object` is the one that asks.
    FOOTPRINT_END, ///< At the end of an output section, by its script.
    FOOTPRINT_SCRIPT, ///< The script moved on by so much (`. = ALIGN(...)`, `. += SIZE`): reserved room.
    FOOTPRINT_INSIDE, ///< Between two symbols of one input section: the compiler's or assembler's alignment.
    FOOTPRINT_DUMMY, ///< A section that only moves the address on because a memory is seen on two buses: takes no room.
    FOOTPRINT_CAUSES
};
extern const char *const footprint_cause_names
        [FOOTPRINT_CAUSES]; ///< "", "alignment", "section end", "script", "inside", "address filler".

/// By what an item is known: bits.
enum footprint_known {
    FOOTPRINT_BY_MAP = 1,
    FOOTPRINT_BY_SYMBOL = 2,
    FOOTPRINT_BY_DEBUG = 4,
    FOOTPRINT_BY_OBJECT = 8, ///< The object or archive itself was read.
    FOOTPRINT_BY_TEXT = 16,  ///< The section's bytes: strings found again.
    FOOTPRINT_BY_START =
            32, ///< `symbol` has no size: only where it begins is known, not that nothing else follows.
    FOOTPRINT_BY_SECTION =
            64 ///< `symbol` is what its input section is called after (input_names.h); no symbol says it.
};

/// Of an item before linking: what a linker will do with it.
enum footprint_fate {
    FOOTPRINT_LINKED,    ///< In a linked program: it is there.
    FOOTPRINT_MAY_STAY,  ///< Before linking: kept if anything refers to it (upper bound).
    FOOTPRINT_STAYS,     ///< Before linking: reached from the roots (lower bound, and upper).
    FOOTPRINT_DUPLICATE, ///< Before linking: a COMDAT copy, a merged string, a COMMON block that another object has too; dropped.
    FOOTPRINT_DROPPED,   ///< In an archive of the map, but not in the program.
    FOOTPRINT_FATES
};
/// "linked", "may stay", "stays", "duplicate", "dropped".
extern const char *const footprint_fate_names[FOOTPRINT_FATES];

/// A file given by the user.
struct footprint_file {
    struct str path;
    struct elf_file *elf; ///< Linked program, or object; NULL for a map alone and for an archive.
    const struct ldmap *map; ///< NULL when there is none.
    struct str
            map_folder; ///< Where the map lies: what its relative paths are tried from. "": nowhere in particular.
    uint32_t
            unmapped; ///< With both: how many loaded sections of the program the map does not tell of,
    struct str unmapped_name; ///< and the first of them.
    struct ar_file *archive;  ///< NULL unless it is one.
    struct footprint_inputs
            *inputs; ///< Private: the objects that its map names, as far as they were opened.
    uint32_t module; ///< Private: number in the symbolizer, + 1.
    uint64_t
            section_bytes; ///< Sum of the sizes of its loaded sections, COMMON included: its items add up to this.
};

/// Who brought the bytes: an object, by itself or in an archive.
struct footprint_object {
    struct str archive;   ///< Path; empty for an object in none.
    struct str member;    ///< Member's name, or the object's path.
    uint32_t file;        ///< Index into `files`.
    uint32_t ordinal;     ///< Of several of one name in the archive, from 1.
    struct elf_file *elf; ///< Read only where it was given, or needed for strings; else NULL.
    bool is_start;        ///< Of the run-time system: crt1.o, crtbegin.o ...
    uint32_t next;        ///< Private: index + 1 of an older one of the same hash.
};

/// A loaded section: of a linked program an output section, before linking an object's.
struct footprint_section {
    struct str name;
    uint32_t file;
    uint32_t object;       ///< Before linking; else FOOTPRINT_NONE.
    uint32_t number;       ///< In its ELF file; 0 when there is no such.
    uint64_t address;      ///< Where it runs; 0 before linking.
    uint64_t load_address; ///< Where its contents are stored; equal when there is no copy.
    uint64_t bytes;
    uint32_t memory; ///< Index into `memories.list`, MEMORY_NONE before linking or when in none.
    uint32_t
            load_memory; ///< Where the contents are stored if that is another memory; else MEMORY_NONE. Charged, too.
    bool is_nobits; ///< Nothing is stored for it. Of a map alone: by its inputs' names and the load addresses.
    bool is_dropped; ///< Of an input that the program does not hold (FOOTPRINT_DROPPED): not in the file's `section_bytes`.
};

/// Bytes [address, address + bytes) of a section.
struct footprint_item {
    uint64_t address; ///< Before linking: offset in its section.
    uint64_t bytes;
    struct str symbol; ///< As the linker sees it; "" when it has none.
    struct str input;  ///< Input section: ".bss.counter"; "" when not known.
    struct str source; ///< Source file; "" until footprint_name_sources(), or unknown.
    uint32_t line;     ///< 0: unknown.
    uint32_t section;  ///< Index into `sections`.
    uint32_t object;   ///< Index into `objects`; FOOTPRINT_NONE: not known.
    uint32_t
            may_shrink; ///< Of one that stays (FOOTPRINT_STAYS): bytes that relaxation, or a merged neighbour, may take off
    ///< it; not in the lower bound.
    uint16_t component; ///< Until footprint_name_components(): unknown.
    uint8_t kind;       ///< An enum footprint_kind.
    uint8_t cause;      ///< An enum footprint_cause.
    uint8_t fate;       ///< An enum footprint_fate.
    uint8_t known;      ///< Bits of enum footprint_known.
    bool is_shared;     ///< A merged string that several objects use: `object` is none of them.
    bool continues; ///< Of the same symbol as the item before it, which constants among its code divide.
    bool must_be_internal; ///< In a section that its author marked for internal RAM (.iram1, .dram1, ...: globs of the target).
};

/// An archive that a program was linked from, as it is itself.
struct footprint_archive {
    struct str path; ///< As the map has it.
    uint64_t
            bytes; ///< Loaded sections and COMMON of all its members. A link keeps less: it drops, merges, relaxes; and may add alignment.
};

struct footprint {
    struct arena *arena;
    struct memories memories;
    struct {
        struct footprint_file *at;
        size_t len, room;
    } files;
    struct {
        struct footprint_object *at;
        size_t len, room;
    } objects;
    struct {
        struct footprint_section *at;
        size_t len, room;
    } sections;
    struct {
        struct footprint_item *at;
        size_t len, room;
    } items; ///< Of a section together, by address.
    struct {
        struct footprint_archive *at;
        size_t len, room;
    } archives; ///< Of linked programs, once footprint_linked_dropped() has read them.
    struct map64 object_index;   ///< Private.
    const struct target *target; ///< NULL when there is none.
    struct component_map *components;
    struct symbolizer *symbolizer; ///< Private; opened when first needed.
};

/// An empty one. `target` (may be NULL) names memories and the sections that must be internal; `memories` are completed
/// by each linked file that is added. All results live in `a`.
void footprint_init(struct footprint *f, struct arena *a, const struct target *target);

/// Closes the files that were mapped: strings of items are gone with them.
void footprint_close(struct footprint *f);

/// The object of that archive ("" none), member and ordinal of `file`, made if it is new. Amortised constant.
uint32_t footprint_object_of(struct footprint *f, uint32_t file, struct str archive,
        struct str member, uint32_t ordinal);

/// Whether each section's items add up to its size, each file's sections to `section_bytes`, and no two items of a section
/// overlap; for assertions and tests. False with the first that does not. Linear.
bool footprint_adds_up(const struct footprint *f, struct err *err);

/// Reads debug information of all files for each item with a symbol: source and line of its declaration. Silent where there is none.
/// Cost: linear in the debug information.
void footprint_name_sources(struct footprint *f);

/// The same for some items, whose order it changes. Cost: opens that of each object once, and reads the units that they lie in.
void footprint_place_items(struct footprint *f, struct footprint_item **items, size_t count);

/// Makes a component of each archive, and each object in none, that no glob of the map knows, where the map is the built-in one alone
/// (component_map_add_archive()). Before `components->count` is relied on.
void footprint_add_components(const struct footprint *f, struct component_map *components);

/// Charges each item to a component: by source if known, by name, by archive or object, by program; as component_map.h says, and where the one found is
/// transparent the archive decides, if it points to one that is not. Padding, linker-made and shared items have no name of their own: they go where
/// their object, else the program, points to.
void footprint_name_components(struct footprint *f, struct component_map *components);

/// Whether the kind is taken from RAM wherever the section lies (data, zero, thread-*).
bool footprint_kind_is_writable(enum footprint_kind kind);

#endif
