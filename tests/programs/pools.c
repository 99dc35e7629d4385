/// heap_caps_* of ESP-IDF and the C library's malloc over two memories of their own, as a chip has them: for tests of what `ramlens emit`
/// writes. malloc follows ESP-IDF's rule (16 KB). Each memory is an array with a free list for each size; a pointer before each block leads to its head.
#include "pools.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CAP_SPIRAM = 1 << 10,
    CAP_INTERNAL = 1 << 11,
    CAP_DEFAULT = 1 << 12,
    POOL_BYTES = 64 << 20,
    UP_TO = 16384,
    CLASSES = 64,
};

struct head {
    struct head *next;
    size_t size; ///< Bytes that were asked for.
    unsigned class;
} __attribute__((aligned(16)));

struct pool {
    char *bytes;
    size_t used, live, limit, given;
    struct head *free[CLASSES];
};

static char memory[2][POOL_BYTES] __attribute__((aligned(64)));
static struct pool pools[2] = { { .bytes = memory[0], .limit = SIZE_MAX },
    { .bytes = memory[1], .limit = SIZE_MAX } };
static volatile char busy;

static void lock(void) {
    while (__atomic_test_and_set(&busy, __ATOMIC_ACQUIRE)) {
    }
}

static void unlock(void) {
    __atomic_clear(&busy, __ATOMIC_RELEASE);
}

static unsigned class_of(size_t size) {
    unsigned class = 0;
    while (((size_t)16 << class) < size && class < CLASSES - 1)
        class ++;
    return class;
}

static struct head *head_of(void *block) {
    return ((struct head **)block)[-1];
}

static void *take(struct pool *p, size_t alignment, size_t size) {
    if (size == 0 || size > POOL_BYTES / 4)
        return NULL;
    unsigned class = class_of(size + alignment + sizeof(void *));
    size_t room = (size_t)16 << class;
    lock();
    struct head *h = NULL;
    if (p->live + size <= p->limit) {
        h = p->free[class];
        if (h != NULL) {
            p->free[class] = h->next;
        } else if (p->used + sizeof *h + room <= POOL_BYTES) {
            h = (struct head *)(void *)(p->bytes + p->used);
            p->used += sizeof *h + room;
        }
    }
    if (h == NULL) {
        unlock();
        return NULL;
    }
    p->live += size;
    p->given += size;
    unlock();
    uintptr_t at = (uintptr_t)(h + 1) + sizeof(void *);
    at = (at + alignment - 1) & ~(uintptr_t)(alignment - 1);
    h->size = size;
    h->class = class;
    ((struct head **)at)[-1] = h;
    return (void *)at;
}

static struct pool *pool_of(const void *block) {
    for (int i = 0; i < 2; i++)
        if ((const char *)block >= memory[i] && (const char *)block < memory[i] + POOL_BYTES)
            return &pools[i];
    return NULL;
}

static struct pool *pool_for(uint32_t caps, int turn) {
    if (caps & CAP_SPIRAM)
        return turn == 0 ? &pools[1] : NULL;
    if (caps & CAP_INTERNAL)
        return turn == 0 ? &pools[0] : NULL;
    return turn == 0 ? &pools[1] : turn == 1 ? &pools[0] : NULL; // DEFAULT alone: PSRAM first.
}

static void *by_caps(size_t alignment, size_t size, uint32_t caps) {
    void *block = NULL;
    for (int turn = 0; block == NULL && pool_for(caps, turn) != NULL; turn++)
        block = take(pool_for(caps, turn), alignment, size);
    return block;
}

static void *plain(size_t alignment, size_t size) {
    if (size == 0)
        size = 1; // As glibc, whose programs expect it.
    void *block = by_caps(alignment, size, size <= UP_TO ? CAP_INTERNAL : CAP_SPIRAM);
    if (block == NULL)
        block = by_caps(alignment, size, CAP_DEFAULT);
    if (block == NULL)
        errno = ENOMEM;
    return block;
}

const char *pools_side(const void *block) {
    struct pool *p = pool_of(block);
    return p == &pools[0] ? "internal" : p == &pools[1] ? "psram" : "elsewhere";
}

void pools_limit(char which, size_t bytes) {
    pools[which == 'p'].limit = bytes;
}

/// At the end of a process, into the file that POOLS_REPORT names: all bytes ever given, by memory.
__attribute__((destructor)) static void report(void) {
    const char *path = getenv("POOLS_REPORT");
    FILE *to = path == NULL ? NULL : fopen(path, "a");
    if (to == NULL)
        return;
    fprintf(to, "internal %zu\npsram %zu\n", pools[0].given, pools[1].given);
    (void)fclose(to);
}

size_t pools_live(char which) {
    return pools[which == 'p'].live;
}

// ---- ESP-IDF

#define EXPORT __attribute__((visibility("default")))

void heap_caps_free(void *block);
EXPORT void heap_caps_free(void *block) {
    struct pool *p = pool_of(block);
    if (p == NULL)
        return;
    struct head *h = head_of(block);
    lock();
    p->live -= h->size;
    h->next = p->free[h->class];
    p->free[h->class] = h;
    unlock();
}

static void *prefer(size_t size, size_t num, va_list caps) {
    void *block = NULL;
    while (num-- > 0 && block == NULL)
        block = by_caps(16, size, va_arg(caps, uint32_t));
    return block;
}

void *heap_caps_malloc_prefer(size_t size, size_t num, ...);
EXPORT void *heap_caps_malloc_prefer(size_t size, size_t num, ...) {
    va_list caps;
    va_start(caps, num);
    void *block = prefer(size, num, caps);
    va_end(caps);
    return block;
}

void *heap_caps_calloc_prefer(size_t count, size_t size, size_t num, ...);
EXPORT void *heap_caps_calloc_prefer(size_t count, size_t size, size_t num, ...) {
    size_t product;
    if (__builtin_mul_overflow(count, size, &product))
        return NULL;
    va_list caps;
    va_start(caps, num);
    void *block = prefer(product, num, caps);
    va_end(caps);
    if (block != NULL)
        memset(block, 0, product);
    return block;
}

static void *moved(void *block, void *fresh, size_t size) {
    if (fresh == NULL)
        return NULL;
    size_t old = head_of(block)->size;
    memcpy(fresh, block, old < size ? old : size);
    heap_caps_free(block);
    return fresh;
}

void *heap_caps_realloc_prefer(void *block, size_t size, size_t num, ...);
EXPORT void *heap_caps_realloc_prefer(void *block, size_t size, size_t num, ...) {
    if (block != NULL && size == 0) {
        heap_caps_free(block);
        return NULL;
    }
    va_list caps;
    va_start(caps, num);
    void *fresh = prefer(size, num, caps);
    va_end(caps);
    return block == NULL ? fresh : moved(block, fresh, size);
}

void *heap_caps_aligned_alloc(size_t alignment, size_t size, uint32_t caps);
EXPORT void *heap_caps_aligned_alloc(size_t alignment, size_t size, uint32_t caps) {
    return by_caps(alignment < 16 ? 16 : alignment, size, caps);
}

// ---- the C library's

EXPORT void *malloc(size_t size) {
    return plain(16, size);
}

EXPORT void free(void *block) {
    heap_caps_free(block);
}

EXPORT void *calloc(size_t count, size_t size) {
    size_t product;
    if (__builtin_mul_overflow(count, size, &product))
        return NULL;
    void *block = plain(16, product);
    return block == NULL ? NULL : memset(block, 0, product);
}

EXPORT void *realloc(void *block, size_t size) {
    if (block == NULL)
        return plain(16, size);
    if (size == 0) {
        free(block);
        return NULL;
    }
    return moved(block, plain(16, size), size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
    return plain(alignment < 16 ? 16 : alignment, size);
}

EXPORT void *memalign(size_t alignment, size_t size) {
    return aligned_alloc(alignment, size);
}

EXPORT int posix_memalign(void **block, size_t alignment, size_t size) {
    void *got = aligned_alloc(alignment, size);
    if (got == NULL)
        return ENOMEM;
    *block = got;
    return 0;
}
