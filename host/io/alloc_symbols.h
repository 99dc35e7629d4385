/// The functions by which code asks for memory and gives it back: what can be redirected by name.
#ifndef RAMLENS_ALLOC_SYMBOLS_H
#define RAMLENS_ALLOC_SYMBOLS_H

#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum alloc_class {
    ALLOC_MALLOC, ///< malloc and its family.
    ALLOC_LIBC,   ///< The C library allocates for the caller: strdup.
    ALLOC_NEW,    ///< operator new, all forms.
    ALLOC_FREE,
    ALLOC_DELETE, ///< operator delete, all forms.
    ALLOC_CLASSES,
};

/// What a form of operator new or delete takes besides the block.
enum alloc_form {
    ALLOC_ARRAY = 1,
    ALLOC_SIZED = 2, ///< Of delete. Of new: every form is.
    ALLOC_ALIGNED = 4,
    ALLOC_NOTHROW = 8,
};

struct alloc_symbol {
    /// Of C++ functions the mangled name; `%` stands for size_t, `j` or `m` by word size.
    const char *name;
    uint8_t class;
    uint8_t form; ///< ALLOC_* bits; 0 for C.
};

extern const struct alloc_symbol alloc_symbols[];
extern const uint32_t alloc_symbol_count;

/// Number of the symbol called `name` in an object of either word size; UINT32_MAX for any other name.
uint32_t alloc_symbol_find(struct str name);

/// Writes the name for size_t `size` ('j' or 'm') into `out`.
enum { ALLOC_NAME_MAX = 64 };
void alloc_symbol_name(uint32_t symbol, char size, char out[ALLOC_NAME_MAX]);

#endif
