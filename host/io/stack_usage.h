/// What a compiler says of a function's stack frame: the text files of -fstack-usage (gcc, clang) and the sections of
/// -fstack-size-section (clang).
///
/// The figures are the compilers' own and not alike: gcc for x86 counts the return address, clang does not; a frame that grows (dynamic) is
/// known only in part, and clang's sections leave such functions out.
#ifndef RAMLENS_STACK_USAGE_H
#define RAMLENS_STACK_USAGE_H

#include "arena.h"
#include "elf_file.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stack_usage_kind {
    STACK_STATIC,  ///< Always that many bytes.
    STACK_BOUNDED, ///< Grows, to that many at most.
    STACK_DYNAMIC, ///< Grows without bound: that many, and more.
    STACK_USAGE_KINDS
};
/// "static", "bounded", "dynamic".
extern const char *const stack_usage_names[STACK_USAGE_KINDS];

/// One function's frame.
struct stack_usage {
    struct str
            function; ///< As the compiler put it: a C name, "int ns::C::f(int)" (g++), a linkage name (clang, sections); "" unknown.
    struct str file;  ///< Source file as the compiler was given it; "" of a section.
    uint32_t line;
    uint64_t bytes;
    uint8_t kind;     ///< An enum stack_usage_kind.
    uint32_t section; ///< Of an entry in an object's section: section of its code; else 0.
    uint64_t address; ///< Of an entry in a section: the function's, in an object its offset.
};

struct stack_usages {
    struct {
        struct stack_usage *at;
        size_t len, room;
    } list;
    uint32_t not_understood; ///< Lines, or entries of sections, that make no sense.
    uint32_t first_bad_line; ///< The first of such lines; 0: none.
};

/// Reads the text of a `.su` file; slices of it are kept. A line that is not understood is counted. Linear.
void stack_usage_parse(struct arena *a, struct str text, struct stack_usages *out);

/// Reads the `.stack_sizes` sections of `elf`, adding to `out`; of an object relocations tell the functions. Slices of the file are kept. Nothing when there
/// are none. False with a message when one cannot be read. Cost: n log n in entries and functions.
bool stack_usage_of_elf(
        struct arena *a, const struct elf_file *elf, struct stack_usages *out, struct err *err);

#endif
