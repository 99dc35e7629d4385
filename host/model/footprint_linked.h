/// The part of footprint.h that reads linked programs and linkers' maps.
#ifndef RAMLENS_FOOTPRINT_LINKED_H
#define RAMLENS_FOOTPRINT_LINKED_H

#include "footprint.h"

/// Adds the program at `path` (NULL: none) with its map at `map_path` (NULL: none); one of the two must be there. False
/// with a message when one cannot be read, or the map is not of this program (its sections lie elsewhere).
///
/// Every loaded section, and with a map each output section that takes room, is cut along the inputs of the map and, inside of them, along the
/// symbols: of aliases the first by size, then global before weak before local, then by name, has the bytes. Absolute symbols take no room. What `symbols` say of thread-local
/// zero data overlaps others' addresses and is kept apart by section. Cost: n log n in symbols and inputs.
bool footprint_linked_add(
        struct footprint *f, const char *path, const char *map_path, struct err *err);

/// The same for what was read already; `path` names it in messages. `elf` and `map` must live as long as `f`, which closes `elf` in the
/// end, or at once when this returns false.
bool footprint_linked_of(struct footprint *f, struct elf_file *elf, const struct ldmap *map,
        struct str path, struct err *err);

/// Gives the contents of merged sections back to the objects that brought them, by reading the objects and archives that the map names (relative paths
/// from `folder`, NULL: the map's own): each entry of the output section is looked up in the inputs' entries. One that several objects brought
/// is one item with `is_shared`; one that nobody's contents explain stays with the object that the map names. Objects that cannot be read are
/// counted in `*unread`. Only where both program and map were given. Cost: linear in the mergeable sections' bytes.
bool footprint_linked_merged(
        struct footprint *f, uint32_t file, const char *folder, uint32_t *unread, struct err *err);

/// What of the objects and archives that the map of `file` names is not in the program: an item with FOOTPRINT_DROPPED for each section - from GNU ld's
/// list of discarded sections; of lld's map, which has none, from the objects and members that can be read, of which it names some sections and not others;
/// and, where the archive can be read, of members that were never taken. Of what is merged in a member that was taken nothing is dropped. A map does not
/// tell members of one name apart: where one was taken, the others count as taken, too. Archives that cannot be read are counted in `*unread`.
bool footprint_linked_dropped(
        struct footprint *f, uint32_t file, const char *folder, uint32_t *unread, struct err *err);

#endif
