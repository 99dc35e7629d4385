/// Which code belongs to which **component**: a file that people write, and the built-in beginnings of
/// one.
///
///     component libdatachannel
///         source */libdatachannel/src/*       # the path of the source file
///         namespace rtc::*                    # the demangled name of the function
///         archive libdatachannel*.a           # the base name of the static library
///     component libstdc++ transparent         # what it allocates is charged to its caller
///         module libstdc++.so*                # the base name of the program or shared library
///
/// A key may have several globs and may be repeated. `transparent` marks code that acts on behalf of its
/// caller; `allocator` marks the allocator itself, whose frames are nobody's; `focus` what the user asks
/// about, which reports show first. The grammar is that of
/// conf.h, the globs are those of str_matches().
///
/// **What decides.** The kinds of evidence are tried in this order: source, namespace, archive, module.
/// Within one kind the first glob of the file that matches decides. So a function of plog that was
/// inlined into libdatachannel has plog's source path and is plog's, although it lies in
/// libdatachannel's archive; and a template of libstdc++ that was instantiated there is transparent,
/// because its source lies under include/c++.
///
/// After the globs of the file come those of the built-in map: libstdc++ (with libgcc) and libc (with
/// loader and vdso), both transparent, and the recorder. A component of the file that has one of these
/// names gets its globs, too, but keeps its own words. What nothing matches is `unknown`, which is
/// always there.
#ifndef RAMLENS_COMPONENT_MAP_H
#define RAMLENS_COMPONENT_MAP_H

#include "arena.h"
#include "err.h"
#include "map64.h"
#include "str.h"
#include "symbolize.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    COMPONENTS_MOST = 4096, ///< Of one map, so that a number fits 16 bits with room to spare.
};

/// What is known of a piece of code or data, strongest first. Strings may be empty.
struct component_evidence {
    struct str source; ///< Path of the source file.
    struct str
            function; ///< Name as in demangle.h, of the function or of what a variable belongs to.
    struct str archive; ///< Path of the static library; of an object in none, the object's.
    struct str module;  ///< Path of the program or shared library.
};

enum { COMPONENT_EVIDENCE_KINDS = 4 };

struct component_rule; // Private.
struct component_flags;

/// Start with component_map_read(). Numbers of components count from 0 to `count` - 1.
struct component_map {
    uint32_t count;
    struct str *names;             ///< By number.
    struct component_flags *flags; ///< By number; private, as is all below.
    size_t names_room, flags_room;
    struct arena *arena;
    bool names_modules;
    bool names_sources; ///< A map that someone wrote has `source` globs: without debug information less is known.
    bool is_built_in;
    uint32_t unknown;
    struct {
        struct component_rule *at;
        size_t len, room;
    } rules[COMPONENT_EVIDENCE_KINDS];
    struct map64
            known[COMPONENT_EVIDENCE_KINDS]; ///< Address of a string to the number it means, + 1.
};

/// Reads the map at `path`; NULL: the built-in one alone. False with a message that names the line.
bool component_map_read(
        struct arena *a, const char *path, struct component_map *out, struct err *err);

/// The same for text at hand; `path` only names it in messages.
bool component_map_parse(struct arena *a, const char *path, struct str text,
        struct component_map *out, struct err *err);

/// Tells the map of a module of the run, before `count` is relied on. With the built-in map alone,
/// a module that no glob matches becomes a component of its own, named by its base name (less what
/// follows ".so"); a map that someone wrote stays as it is. Returns the module's component.
uint32_t component_map_add_module(struct component_map *m, struct str module);

/// The same of an archive, or an object in none, at that path: "libnet" of libnet.a.
uint32_t component_map_add_archive(struct component_map *m, struct str archive);

/// The component that `e` points to; component_unknown() when nothing matches. The strings must stay
/// in place, unchanged, as long as the map: answers are remembered by address, so that asking again
/// costs a hash probe; the first time it costs a match with every glob.
uint32_t component_of(struct component_map *m, const struct component_evidence *e);

/// The component of frame `f` of the symbolizer in the module at path `module`.
uint32_t component_of_frame(struct component_map *m, const struct frame *f, struct str module);

/// The same when the linker's map told the archive of the frame's address. Of no avail for frames that
/// have a source or namespace of a component.
uint32_t component_of_frame_in(
        struct component_map *m, const struct frame *f, struct str archive, struct str module);

uint32_t component_unknown(const struct component_map *m);
bool component_is_transparent(const struct component_map *m, uint32_t component);
/// What the user asks about: reports show it first.
bool component_is_in_focus(const struct component_map *m, uint32_t component);
bool component_is_allocator(const struct component_map *m, uint32_t component);

/// The component of that name; false when there is none.
bool component_find(const struct component_map *m, struct str name, uint32_t *component);

#endif
