/// Blocks that a device printed (heap_text.h), turned into events: a trace that `report` and every other command read.
///
/// A dump is a **moment**: what it lists lives then. heap_trace_dump() lists blocks in the order in which they were asked for, so its records give that order,
/// though no times: every event is one tick after the one before. Between two moments, a block that is no longer listed was
/// freed; of one that is listed as freed the moment is not known, and it is freed as late as it can have been: before another block took its
/// place, or right before the dump. So what lives at a moment is exact; in between it may be too much.
///
/// A dump that lists fewer records than it says (filtered by capability, lines lost) proves nothing of the rest: nothing is taken for freed by it, and what is missing is
/// counted. heap_caps_dump() knows no callers and no requested sizes: a block that no heap trace listed counts with its whole size and
/// has no stack.
#ifndef RAMLENS_DEVICE_BLOCKS_H
#define RAMLENS_DEVICE_BLOCKS_H

#include "arena.h"
#include "elf_file.h"
#include "err.h"
#include "heap_text.h"
#include "map64.h"
#include "str.h"
#include "trace_write.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

/// One record or block of a dump.
struct device_block {
    uint64_t address;
    uint64_t bytes;
    uint32_t ccount;
    uint32_t stack; ///< Index into `callers`; 0 none.
    uint8_t cpu;
    bool is_freed;
    bool is_of_walk; ///< By heap_caps_dump(): its size is the block's.
};

/// Return addresses, innermost first.
struct device_callers {
    uint64_t *at;
    uint32_t count;
};

enum {
    DEVICE_BLOCKS_MOST =
            1 << 17, ///< More than this a dump of a chip with megabytes of memory does not list.
    DEVICE_BLOCKS_DUMPS = 1 << 16, ///< What comes after is counted, not kept.
    DEVICE_BLOCKS_HEAPS = 64
};

/// What a dump said, as far as it was read.
struct device_dump {
    uint32_t first, count;                   ///< Its blocks in `blocks`.
    uint32_t line;                           ///< Of the log.
    uint64_t announced;                      ///< Records by its heading; of a walk its blocks.
    uint32_t freed;                          ///< Of them, records that are marked so.
    uint64_t total_allocations, total_frees; ///< 0: not said.
    bool is_walk;                            ///< heap_caps_dump(); else heap_trace_dump().
    bool keeps_freed;                        ///< Mode "all".
    bool has_overflowed;                     ///< The oldest records were dropped by the device.
    bool is_corrupt;
    bool is_closed;  ///< Its footer was read.
    struct str name; ///< Of the checkpoint it becomes: "heap trace", "heap dump".
    uint32_t cycle;  ///< Of that checkpoint: the how manieth of its name, from 1.
};

struct device_blocks {
    struct arena *a;
    VEC(struct device_block) blocks;
    VEC(struct device_dump) dumps;
    VEC(struct device_callers) stacks; ///< [0] is empty.
    uint32_t
            broken; ///< Lines that began as one of a dump and could not be read, or belong to none.
    uint32_t beyond;       ///< Blocks behind the DEVICE_BLOCKS_MOST-th of a dump: not taken.
    uint32_t dumps_beyond; ///< Dumps behind the DEVICE_BLOCKS_DUMPS-th: not taken.
    bool in_dump;          ///< The last of `dumps` takes blocks; private, as is all below.
    bool is_beyond;        ///< Lines are of a dump that is not taken.
    struct map64 cycles;   ///< Hash of a dump's name to how many there are.
    uint64_t heaps[DEVICE_BLOCKS_HEAPS]; ///< Those that the open walk has shown so far.
    uint32_t heap_count;
};

void device_blocks_init(struct device_blocks *d, struct arena *a);

/// Takes one item of line `line` of the log. Items that belong to no dump are counted as broken.
void device_blocks_take(struct device_blocks *d, const struct heap_text *item, uint32_t line);

/// Ends a dump that is open: the log ended, or the device started anew.
void device_blocks_close(struct device_blocks *d);

/// What could not be told apart, in words for a warning each, in the arena; NULL behind the last.
const char *device_blocks_doubt(const struct device_blocks *d, uint32_t index);

/// Writes all dumps as a trace to `path`. `program` is the firmware's ELF file, for names of callers; NULL: none. Each CPU is a thread.
/// False with a message when there is no dump, or the file cannot be written.
bool device_blocks_write(const struct device_blocks *d, const struct elf_file *program,
        const char *path, bool replace, struct err *err);

#endif
