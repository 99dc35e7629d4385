/// A linker's map (`-Wl,-Map=FILE`): which object put which bytes where. GNU ld's and lld's.
///
/// The only file that knows of bytes without a symbol and of padding, and from which member of which
/// archive a section came. GNU ld's is understood in any language: the words that matter are not
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

enum ldmap_linker { LDMAP_GNU, LDMAP_LLD };

enum { LDMAP_MEMORIES_MOST = 1024 }; ///< A script has a handful.

/// A line of the linker script's MEMORY: "dram0_0_seg 0x3ffb0000 0x2c200 rw".
struct ldmap_memory {
    struct str name;
    uint64_t start;
    uint64_t size_bytes;
    struct str attributes; ///< Letters as printed; may be empty.
};

/// A section of an input that the program does not hold (--gc-sections, COMDAT).
struct ldmap_discarded {
    struct str name;
    uint64_t size_bytes;
    struct str archive;
    struct str object;
};

/// A member that was taken out of its archive, and why.
struct ldmap_member {
    struct str archive;
    struct str object;
    struct str because; ///< Object, or "archive(member)", that asked for it; empty: none is named.
    struct str symbol;  ///< What it asked for.
};

struct ldmap_output {
    struct str name;
    uint64_t address; ///< 0 when it is not loaded.
    uint64_t
            load_address; ///< Where its contents are stored; the address itself unless the map says otherwise.
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
    uint64_t
            given_bytes; ///< Size that the input brought, where the map says so ("size before relaxing", or a size line at another's address); else size_bytes.
    uint32_t alignment;  ///< lld says it; else 0.
};

/// Strings and arrays live in the arena.
struct ldmap {
    struct ldmap_output *outputs; ///< In the order of the file, empty ones left out.
    size_t output_count;
    struct ldmap_input *inputs; ///< In the order of the file, empty ones left out.
    size_t input_count;
    enum ldmap_linker linker;
    bool is_cut; ///< It has not the line behind the loaded sections (GNU ld's `OUTPUT(...)`): its end is missing. Of lld's: not known.
    struct ldmap_memory
            *memories; ///< Of MEMORY, without `*default*`; the first LDMAP_MEMORIES_MOST.
    size_t memory_count;
    struct ldmap_discarded *discarded; ///< In the order of the file, empty ones left out.
    size_t discarded_count;
    struct ldmap_member *members; ///< In the order of the file.
    size_t member_count;
    struct str *
            loads; ///< Files that the linker read, in order ("LOAD ..."), archives named once; of lld those that its inputs name.
    size_t load_count;
    struct range_table ranges; ///< Of the loaded inputs; private.
};

/// Reads the map at `path`. Discarded sections are not among the inputs. False with a message when it cannot be
/// read or is no map of GNU ld or lld (armlink's, IAR's and gold's are named as such). Cost: linear in the file, which is kept in memory.
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
