/// Which memory an address lies in: the regions of a target, its flash and ROM, a linker's MEMORY, a program's
/// segments - whichever of these is there, the first one first.
///
/// One memory may be seen at several addresses (ESP32's instruction and data bus, the ESP32-P4's view past the cache): an **alias** is
/// the same bytes and is never counted twice. One window of addresses may show two memories (flash and PSRAM on the
/// ESP32-S3): then the name of the output section decides, by globs that the target's file states. Nothing here
/// knows the name of a chip, of a memory, or of a section.
#ifndef RAMLENS_MEMORIES_H
#define RAMLENS_MEMORIES_H

#include "arena.h"
#include "elf_file.h"
#include "ldmap.h"
#include "str.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

#define MEMORY_NONE UINT32_MAX

/// How a memory is known.
enum memory_source {
    MEMORY_OF_TARGET, ///< The target's file.
    MEMORY_OF_MAP,    ///< MEMORY of the linker script, as the map prints it.
    MEMORY_OF_SEGMENT ///< Only that the program is loaded there, or its initial values are stored there.
};

struct memory {
    struct str
            name; ///< One word: `internal`, `flash`, `psram`, `dram0_0_seg`, `segment-2`, `stored-3`.
    struct str about; ///< For people; may be empty.
    enum memory_source source;
    uint32_t
            region; ///< Index into target.regions; TARGET_NONE for flash, ROM and what no target says.
    uint64_t start; ///< At its main address.
    uint64_t bytes;
    bool is_ram; ///< Holds what may change. Of the map: by its attributes, `w`; of a segment: PF_W.
};

struct memories {
    struct memory *list;
    uint32_t count;
    struct memory_window *windows; ///< Private.
    uint32_t window_count;
};

/// What is known of them from `target`, `map` and `elf`, each of which may be NULL. Memories of the map that lie
/// inside one of the target's are that one, under the target's name.
void memories_of(struct arena *a, const struct target *target, const struct ldmap *map,
        const struct elf_file *elf, struct memories *out);

/// The memory at `address` for the output section of that name (empty: not known), and in `*main_address`, unless NULL, the
/// same byte's address where the memory is counted; MEMORY_NONE when there is none. Cost: linear in the windows, which are few.
uint32_t memories_find(const struct memories *m, uint64_t address, struct str output_section,
        uint64_t *main_address);

#endif
