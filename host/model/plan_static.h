/// Lines of a plan for what is in memory from the start, placed by the linker:
///
///     static libusrsctp.a zero psram                       # all zero data of an archive
///     static libmbedcrypto.a:ecp_curves.* constant flash   # constants of one object
///     static libapp.a:frames.*:frame_buffer zero psram auto
///         evidence "153,600 B"
///
/// ARCHIVE, OBJECT and SYMBOL are globs: base name of the archive, member, name as the linker sees it. KIND is `zero`, `constant`, `data` or
/// `code`. MEMORY is a region of the target, or a memory of its that holds no heap (`flash`).
///
/// A line for a symbol is stronger than one for an object, that than one for an archive; of several of one strength the last one of the file
/// decides. What no line names lies where the linker put it, and so does what its author keeps in internal RAM (`internal-sections` of the target):
/// IRAM_ATTR, DRAM_ATTR and the like.
#ifndef RAMLENS_PLAN_STATIC_H
#define RAMLENS_PLAN_STATIC_H

#include "arena.h"
#include "conf.h"
#include "err.h"
#include "footprint.h"
#include "str.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

struct plan_static {
    struct str archive;       ///< Glob.
    struct str object;        ///< Glob; "" for the whole archive.
    struct str symbol;        ///< Glob; "" for the whole object.
    enum footprint_kind kind; ///< FOOTPRINT_ZERO, _CONSTANT, _DATA or _CODE.
    struct str memory;        ///< Name of a memory of the target.
    uint32_t line;            ///< Of the file; 0 when it was made.
    uint8_t keeper;           ///< enum plan_keeper.
    struct str reason, evidence;
};

struct plan_statics {
    struct plan_static *at;
    size_t len, room;
};

/// The word of a kind that a line may name ("zero" ...); NULL for others.
const char *plan_static_kind(enum footprint_kind kind);

/// The bit of enum target_static of a kind that a line may name.
uint32_t plan_static_bit(enum footprint_kind kind);

/// Reads one line `static ...`. False with file and line for a word or memory that is unknown, a kind that the memory cannot hold (the target says so), or the
/// very same thing said before.
bool plan_static_read(struct arena *a, const struct conf *c, const struct conf_line *line,
        const struct target *target, struct plan_statics *out, struct err *err);

/// The line that decides for bytes of that kind, if their author lets them move; NULL when none does. `archive` may be a path. Cost: linear in the lines.
const struct plan_static *plan_static_for(const struct plan_statics *s, struct str archive,
        struct str object, struct str symbol, enum footprint_kind kind);

/// "ARCHIVE[:OBJECT[:SYMBOL]]" as the file has it. In the arena.
struct str plan_static_name(struct arena *a, const struct plan_static *s);

#endif
