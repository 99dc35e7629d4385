/// GNU ld's link map (`-Wl,-Map=FILE`): which object put which bytes where.
///
/// The only file that knows of bytes without a symbol and of padding, and from which member of which
/// archive a section came. Understood in any language of ld: the words that matter are not
/// translated. The file is hostile input; lines that fit no pattern are passed over.
#ifndef RAMLENS_LDMAP_H
#define RAMLENS_LDMAP_H

#include "arena.h"
#include "err.h"
#include "range_table.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ldmap_kind {
    LDMAP_INPUT, ///< A section of an object.
    LDMAP_COMMON, ///< An object's variables without initial value that are not in a section of their own.
    LDMAP_FILL,  ///< Padding.
    LDMAP_SCRIPT ///< BYTE, LONG and the like in the linker script.
};

struct ldmap_output {
    struct str name;
    uint64_t address; ///< 0 when it is not loaded.
    uint64_t size_bytes;
    size_t first; ///< Its inputs: `count` of ldmap.inputs from here on.
    size_t count;
};

struct ldmap_input {
    enum ldmap_kind kind;
    uint32_t output; ///< Index into ldmap.outputs.
    struct str name; ///< ".bss.counter"; of COMMON and fill "".
    uint64_t address;
    uint64_t size_bytes; ///< Room taken: 0 when all contents were merged into others'.
    /// Path as ld was given it; empty for an object that is in no archive. Of a fill, here and below,
    /// that of the input it makes room for: the next one; empty at the end of an output section.
    struct str archive;
    struct str object; ///< The archive's member, or the object's path.
    bool is_merged;    ///< ld made it smaller: strings and constants shared with other objects.
};

/// Strings and arrays live in the arena.
struct ldmap {
    struct ldmap_output *outputs; ///< In the order of the file, empty ones left out.
    size_t output_count;
    struct ldmap_input *inputs; ///< In the order of the file, empty ones left out.
    size_t input_count;
    struct range_table ranges; ///< Of the loaded inputs; private.
};

/// Reads the map at `path`. Discarded sections are not in it. False with a message when it cannot be
/// read or is no map of GNU ld. Cost: linear in the file, which is kept in memory.
bool ldmap_read(struct arena *a, const char *path, struct ldmap *out, struct err *err);

/// The same for text at hand, which must outlive `out`. `path` only names it in messages.
bool ldmap_parse(
        struct arena *a, const char *path, struct str text, struct ldmap *out, struct err *err);

/// What lies at `address`; NULL when nothing does. The addresses of thread-local data that starts as
/// zero overlap others; those are not found. Cost: log n.
const struct ldmap_input *ldmap_find(const struct ldmap *map, uint64_t address);

/// The output section of that name; NULL when there is none.
const struct ldmap_output *ldmap_output(const struct ldmap *map, struct str name);

#endif
