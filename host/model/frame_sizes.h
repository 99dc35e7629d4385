/// Stack frames of functions: the largest, and whose they are.
///
/// Sources are the files of -fstack-usage (`.su`), as given, and `.stack_sizes` sections of the footprint's programs and objects
/// (stack_usage.h says what their figures mean). A frame is not a stack: what lies under each other at run time is not told here.
#ifndef RAMLENS_FRAME_SIZES_H
#define RAMLENS_FRAME_SIZES_H

#include "arena.h"
#include "err.h"
#include "footprint.h"
#include "stack_usage.h"

#include <stdbool.h>
#include <stdint.h>

struct frame_size {
    struct str
            function; ///< For people: "ns::C::f(int)" as the compiler put it, or demangled; "" unknown.
    struct str file; ///< Source file; of a section "" until frame_sizes_place().
    uint32_t line;
    uint64_t bytes;
    uint8_t kind; ///< An enum stack_usage_kind.
    uint32_t
            item; ///< Index into footprint.items; FOOTPRINT_NONE: in none of the files, or several fit.
};

/// Start with frame_sizes_begin().
struct frame_sizes {
    struct {
        struct frame_size *at;
        size_t len, room;
    } list; ///< A function once, with its largest frame; frame_sizes_sort() has the largest first.
    uint32_t
            unmatched; ///< Whose functions are not in the footprint: inlined, dropped, of other files.
    uint32_t ambiguous; ///< That fit several functions.
    uint32_t
            missing; ///< Functions of which programs and objects with `.stack_sizes` tell none: clang leaves out frames that grow at run time.
    uint32_t not_understood;       ///< Lines and entries that make no sense.
    struct frame_matcher *matcher; ///< Private.
};

/// An empty list for `f`, whose items must stay as they are. Results live in `a`. Cost: linear in items.
void frame_sizes_begin(struct frame_sizes *s, struct arena *a, struct footprint *f);

/// Adds the `.su` file at `path`. False with a message when it cannot be read, or no line of it is one of -fstack-usage. Lines that are not
/// understood are counted. A function is found by its name; of several by the object's or source file's name, then by its line, for
/// which debug information is read. Cost: linear in lines, and debug information of each object with such functions once.
bool frame_sizes_add_file(struct frame_sizes *s, const char *path, struct err *err);

/// Adds what the footprint's programs and objects say in `.stack_sizes`. Those that cannot be read are left out and counted as not understood.
void frame_sizes_add_sections(struct frame_sizes *s);

/// Finds where the functions of the first `count` frames are declared, as far as no `.su` file said it. Cost: debug information of their objects, once.
void frame_sizes_place(struct frame_sizes *s, size_t count);

/// Sorts by bytes, then by name.
void frame_sizes_sort(struct frame_sizes *s);

#endif
