/// Static data: what a linked program keeps in memory from its start, by component.
///
/// Every byte of every loaded section that holds data is one **item** or part of one: a symbol, an
/// object's bytes without a symbol, padding, or what the linker made. So the items of a section add up to
/// its size, which is asserted. With the linker's map each byte's object and archive are known;
/// without it there are symbols only, and what no symbol covers is unknown.
///
/// A variable belongs to the component that its source file (from debug information), its name, or its
/// archive points to, as in component_map.h. If that one is transparent (a template of libstdc++) the
/// archive decides, if it points to one that is not.
#ifndef RAMLENS_STATIC_DATA_H
#define RAMLENS_STATIC_DATA_H

#include "arena.h"
#include "component_map.h"
#include "elf_file.h"
#include "err.h"
#include "ldmap.h"
#include "str.h"
#include "symbolize.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What kind of memory static data costs on a chip. Decided by the section's type, flags and, because
/// relocation-only data is writable for the loader alone, its name.
enum static_kind {
    STATIC_DATA,     ///< Has an initial value and may change: RAM, and flash for the value.
    STATIC_ZERO,     ///< Begins as zero: RAM.
    STATIC_TLS,      ///< Thread-local: RAM for each thread; counted once here.
    STATIC_CONSTANT, ///< Never changes once loaded: flash.
    STATIC_KIND_COUNT
};
extern const char *const static_kind_names[STATIC_KIND_COUNT];

/// Who has the bytes.
enum static_owner {
    STATIC_COMPONENT, ///< A component, `unknown` included.
    STATIC_FILL,      ///< Nobody: padding between items.
    STATIC_START,     ///< The run-time system's start files (crt1.o, crtbegin.o ...).
    STATIC_LINKER, ///< Made by the linker for the loader: .got, .dynamic, symbol tables. A chip has none.
    STATIC_MERGED, ///< Strings and constants merged over all objects: nobody's alone.
    STATIC_OWNER_COUNT
};
extern const char *const static_owner_names[STATIC_OWNER_COUNT];

/// One variable, or bytes without a name.
struct static_item {
    struct str name; ///< For people: "guard variable for f()::lock"; "" for bytes without a symbol.
    struct str linkage;
    struct str section; ///< Output section.
    uint64_t address;
    uint64_t size_bytes;
    enum static_kind kind;
    enum static_owner owner;
    uint32_t component; ///< For STATIC_COMPONENT; else component_unknown().
    struct str archive; ///< Path; empty without a map and for an object in none.
    struct str object;  ///< Empty without a map.
    struct str file;    ///< Source file that declares it; "" when unknown.
};

struct static_data {
    struct static_item *items; ///< By section, then address.
    size_t item_count;
    uint64_t *bytes[STATIC_KIND_COUNT]; ///< By kind and component.
    uint64_t *component_bytes;          ///< STATIC_DATA + STATIC_ZERO, by component.
    uint64_t rest[STATIC_OWNER_COUNT][STATIC_KIND_COUNT]; ///< Of the owners that are no component.
    uint64_t total
            [STATIC_KIND_COUNT]; ///< Sum of the sizes of the sections; all of the above adds up to it.
    bool has_map;
};

/// Works out the static data of the program at `path`. `map` may be NULL. `s` and `module` are the
/// program's, for debug information. Strings of the result live in `a`, in `map`, or in `s`'s arena.
/// False with a message when the program cannot be read, or when the map is not of this program
/// (its sections lie elsewhere). Cost: n log n in symbols and inputs, and reading all debug units once.
bool static_data_read(struct arena *a, const char *path, const struct ldmap *map,
        struct component_map *components, struct symbolizer *s, uint32_t module,
        struct static_data *out, struct err *err);

/// Whether every kind's parts add up to its total; for assertions. Linear.
bool static_data_adds_up(const struct static_data *d, uint32_t component_count);

#endif
