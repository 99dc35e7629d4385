/// The objects that a linker's map names, opened where they lie: alone or in an archive.
#ifndef RAMLENS_FOOTPRINT_INPUTS_H
#define RAMLENS_FOOTPRINT_INPUTS_H

#include "ar_file.h"
#include "arena.h"
#include "elf_file.h"
#include "footprint.h"
#include "map64.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

/// An archive or an object that was asked for.
struct footprint_input_file {
    struct str path;         ///< As the map has it.
    struct ar_file *archive; ///< NULL: an object, or unreadable.
    struct elf_file *elf;    ///< NULL: an archive, or unreadable.
    uint32_t next;           ///< Index + 1 of an older one of the same hash.
    uint32_t *next_of_name;  ///< Of an archive, by member: index + 1 of the next of the same name.
    struct map64 by_name;    ///< Hash of a member's name to index + 1 of the first.
    struct elf_file **outlines; ///< Of an archive, by member: NULL as long as nobody asked for it.
};

/// Start with footprint_inputs_open().
struct footprint_inputs {
    struct arena *arena;
    struct str folder; ///< What relative paths are relative to; empty: the working directory.
    struct map64 index;
    struct {
        struct footprint_input_file *at;
        size_t len, room;
    } files;
};

/// Told of each object found, of those in archives without symbols; it is there until footprint_inputs_close().
typedef void footprint_input_visit(void *self, const struct elf_file *elf);

void footprint_inputs_open(struct footprint_inputs *in, struct arena *a, struct str folder);

/// Those of the program `file` of `f`, relative to `folder` (NULL: to its map's), opened when they are first asked for; footprint_close() closes them.
struct footprint_inputs *footprint_inputs_of(
        struct footprint *f, uint32_t file, const char *folder);

/// Gives all mappings back.
void footprint_inputs_close(struct footprint_inputs *in);

/// Calls `visit` for the object `object` of `archive` (empty: the object by itself), and for others of that name in it: a map does not
/// tell them apart. False when there is none that can be read. Cost: opening the file when first asked, then a hash probe; parsing the object.
bool footprint_inputs_visit(struct footprint_inputs *in, struct str archive, struct str object,
        footprint_input_visit *visit, void *self);

/// The member `index` of the archive at `path`, which can be read, without symbols; NULL when it is no ELF file. Cost: parsing it, once.
const struct elf_file *footprint_inputs_member(
        struct footprint_inputs *in, struct str path, size_t index);

/// The archive at `path`, NULL when it cannot be read.
const struct ar_file *footprint_inputs_archive(struct footprint_inputs *in, struct str path);

#endif
