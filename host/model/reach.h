/// What can be redirected by name in a linked program: references to the functions of alloc_symbols.h, by component.
///
/// Counted in the objects and archives that the linker's map names, and only where the program holds the section: of an inline
/// function that several objects have, the linker kept one copy. Code inside of shared libraries is not seen: no name redirects it.
#ifndef RAMLENS_REACH_H
#define RAMLENS_REACH_H

#include "alloc_symbols.h"
#include "arena.h"
#include "component_map.h"
#include "err.h"
#include "ldmap.h"
#include "str.h"

#include <stdint.h>

enum { REACH_SYMBOLS = 64 };

struct reach_component {
    uint32_t archives;                 ///< Archives and single objects that are its own.
    uint32_t objects;                  ///< Objects of these that the program holds.
    uint32_t by_symbol[REACH_SYMBOLS]; ///< References in the program from its own objects.
    uint32_t by_class[ALLOC_CLASSES];  ///< The same, summed.
    /// References in inline functions of its objects whose kept copy comes from another component's.
    uint32_t elsewhere[ALLOC_CLASSES];
    /// References in sections that the program does not hold at all.
    uint32_t dropped[ALLOC_CLASSES];
    /// References from its functions, by their names, in the objects of others: a header-only library.
    uint32_t guests[ALLOC_CLASSES];
    uint32_t guest_host; ///< The component whose objects hold most of those; UINT32_MAX none.
    bool defines[REACH_SYMBOLS]; ///< It has a definition of its own.
};

struct reach {
    struct str program;                 ///< Base name, for people.
    char size;                          ///< How size_t is mangled: 'j' or 'm'.
    struct reach_component *components; ///< By number.
    uint32_t component_count;
    uint32_t unread;        ///< Archives and objects of the map that could not be read.
    struct str unread_path; ///< The first of them.
    char unread_why[400];
};

/// Counts. `folder`: where the linker ran, from which relative paths of the map start. False with a message when no file of the map could
/// be read. Cost: reads every object and archive of the map.
bool reach_read(struct arena *a, const struct ldmap *link_map, const char *folder,
        struct component_map *map, struct reach *out, struct err *err);

#endif
