/// The component in C. Compiled as C++, too. Everything that a careless redirection breaks: members and parameters with the names of the
/// functions, their addresses, a zeroed block that the compiler turns into calloc.
#ifndef _GNU_SOURCE
#    define _GNU_SOURCE // Behind a forced header: it must not have decided already what headers show.
#endif
#include "emit_part.h"

#include <errno.h>
#ifdef __cplusplus
#    include <cstdlib>
#    include <cstring>
#else
#    include <stdlib.h>
#    include <string.h>
#endif
#include <malloc.h>

struct methods {
    void *(*malloc)(size_t size);
    void (*free)(void *block);
};

static const struct methods methods = { malloc, free };

static void *by_member(const struct methods *m, size_t size) {
    return m->malloc(size);
}

static void *zeroed(size_t size) {
    void *block = malloc(size);
    if (block != NULL)
        memset(block, 0, size);
    return block;
}

static void *by_posix(size_t size) {
    void *block = NULL;
    int free = posix_memalign(&block, 64, size); // A variable called as a function.
    return free == 0 ? block : NULL;
}

static void *plainly(size_t size) {
#ifdef __cplusplus
    return std::malloc(size);
#else
    return malloc(size);
#endif
}

struct named part_take(int form) {
    void *(*volatile pointer)(size_t) = &malloc;
    struct named n = { NULL, NULL };
    switch (form) {
    case 0:
        n.name = "malloc";
        n.block = plainly(100);
        break;
    case 1:
        n.name = "calloc";
        n.block = calloc(10, 10);
        break;
    case 2:
        n.name = "realloc";
        n.block = realloc(NULL, 100);
        break;
    case 3:
        n.name = "reallocarray";
        n.block = reallocarray(NULL, 10, 10);
        break;
    case 4:
        n.name = "aligned_alloc";
        n.block = aligned_alloc(64, 128);
        break;
    case 5:
        n.name = "posix_memalign";
        n.block = by_posix(100);
        break;
    case 6:
        n.name = "zeroed";
        n.block = zeroed(100);
        break;
    case 7:
        n.name = "pointer";
        n.block = pointer(100);
        break;
    case 8:
        n.name = "member";
        n.block = by_member(&methods, 100);
        break;
    case 9:
        n.name = "strdup";
        n.block = strdup("text");
        break;
    default:
        break;
    }
    return n;
}

void *part_grow(void *block, size_t size) {
    return realloc(block, size);
}

void part_give(void *block) {
    methods.free(block);
}
