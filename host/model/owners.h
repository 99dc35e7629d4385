/// Who owns what a call stack allocates: its component and its site.
///
/// The **owner** is the innermost frame outward that is not transparent (libc, libstdc++ and the allocator are); where every frame is
/// transparent, the innermost one outside the allocator. Inlined frames count as frames. Worked out once for each stack, when it is
/// first asked for.
#ifndef RAMLENS_OWNERS_H
#define RAMLENS_OWNERS_H

#include "arena.h"
#include "component_map.h"
#include "ldmap.h"
#include "map64.h"
#include "symbolize.h"
#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

/// How memory was asked for, as reports split it.
enum ledger_kind { LEDGER_MALLOC, LEDGER_NEW, LEDGER_LIBC, LEDGER_KIND_COUNT };
extern const char *const ledger_kind_names[LEDGER_KIND_COUNT]; ///< "malloc", "new", "libc".

struct owner {
    uint32_t site;       ///< Index into owners.sites.
    uint16_t component;  ///< Of the component map.
    uint8_t malloc_kind; ///< enum ledger_kind of a malloc from this stack: LEDGER_LIBC when the run-time library itself called it.
    bool container;      ///< A standard container asked, on the owner's behalf (owners.containers).
    bool known;          ///< Worked out already.
};

/// A place in the program that asks for memory.
struct site {
    struct str
            id; ///< Twelve hexadecimal digits made of what survives a rebuild: component, function, file name, what it is inlined into, call ordinal.
    uint16_t component;
    struct str function; ///< "" when unknown.
    struct str file;     ///< "" when unknown: then `module` and `offset` say where.
    uint32_t line;
    uint32_t ordinal; ///< Of the call in its function, from 1; 0 unknown.
    struct str module;
    uint64_t offset;
    bool has_debug; ///< The code was built with debug information.
};

/// A frame of a stack as people see it.
struct owner_frame {
    const struct frame *frame; ///< Names; its strings may be empty.
    const struct frame
            *outer;    ///< The out-of-line function it is inlined into; itself when it is not.
    struct str module; ///< Path of the module; "" when none is known.
    uint64_t offset;   ///< Address in the module's file.
    uint32_t component;
    bool transparent; ///< Passed over when the owner is looked for.
};

struct owners {
    struct arena *a;
    const struct trace_image *image;
    struct symbolizer *symbolizer;
    struct component_map *map;
    const struct ldmap *link_map; ///< Of the program, for archives; NULL when there is none.
    const struct str *
            containers; ///< Globs of the functions of standard containers; set before the first use, or none.
    uint32_t container_count;
    struct owner *list; ///< By stack number.
    struct site *sites;
    uint32_t site_count;
    uint32_t site_capacity;
    struct owner_module *modules;    ///< By index in the image's modules.
    struct map64 site_index;         ///< Hash of a site's parts to its number + 1.
    struct module_problem *problems; ///< Modules that could not be read as they were recorded.
    struct owner_frame *frames;      ///< Scratch: one stack's frames.
};

/// A module whose code cannot be named, and why.
struct module_problem {
    struct module_problem *next;
    struct str path;
    char text[400];
};

/// `image` and `map` must outlive the result. Opens no module yet.
void owners_init(struct owners *o, struct arena *a, const struct trace_image *image,
        struct symbolizer *s, struct component_map *map);

/// Works out the owner of `stack`; use owners_get().
struct owner owners_find(struct owners *o, uint32_t stack);

/// The owner of stack `stack`; unknown stacks have the component `unknown`. One load when it was asked before.
static inline struct owner owners_get(struct owners *o, uint32_t stack) {
    if (__builtin_expect(stack < o->image->stack_count && o->list[stack].known, 1))
        return o->list[stack];
    return owners_find(o, stack);
}

/// A stack's frames for people, innermost first, inlined ones included, recorder's own left out; at most `max`.
size_t owners_frames(struct owners *o, uint32_t stack, struct owner_frame *out, size_t max);

/// All frames of `stack`, innermost first, the allocator's included; `*owner` is the index of the owner's, `*count` when there is none.
/// Valid until the next question to `o`.
const struct owner_frame *owners_walk(
        struct owners *o, uint32_t stack, size_t *count, size_t *owner);

/// Whether module `index` is the program itself: what its linker's map tells of. The first one is, unless its record or that of the image
/// was lost.
bool owners_is_program(const struct trace_image *image, uint32_t index);

/// The name of `component` in the map.
struct str owners_component_name(const struct owners *o, uint32_t component);

#endif
