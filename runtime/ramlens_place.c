/// Placement over heap_caps_*, or over the C library where there is none. SPDX-License-Identifier: Apache-2.0
#include "ramlens_place.h"

#ifndef RAMLENS_PLACE
#    define RAMLENS_PLACE 1
#endif

volatile unsigned char ramlens_place_enabled = 1;

// Of the C library. Declared here: a freestanding compiler brings no header for them.
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void *memalign(size_t alignment, size_t size); // aligned_alloc wants certain sizes.
void free(void *block);
void *memcpy(void *restrict to, const void *restrict from, size_t size);

#define WEAK __attribute__((weak))

WEAK void *ramlens_stock_malloc(size_t size) {
    return malloc(size);
}

WEAK void *ramlens_stock_calloc(size_t count, size_t size) {
    return calloc(count, size);
}

WEAK void *ramlens_stock_realloc(void *block, size_t size) {
    return realloc(block, size);
}

WEAK void *ramlens_stock_aligned(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

WEAK void ramlens_stock_free(void *block) {
    free(block);
}

#if RAMLENS_PLACE
// esp_heap_caps.h. Weak on a host, where they may be missing.
#    ifdef ESP_PLATFORM
#        define MAYBE
#        define HAVE(function) 1
#    else
#        define MAYBE          __attribute__((weak))
#        define HAVE(function) ((function) != 0)
#    endif
MAYBE void *heap_caps_malloc_prefer(size_t size, size_t num, ...);
MAYBE void *heap_caps_calloc_prefer(size_t count, size_t size, size_t num, ...);
MAYBE void *heap_caps_realloc_prefer(void *block, size_t size, size_t num, ...);
MAYBE void *heap_caps_aligned_alloc(size_t alignment, size_t size, uint32_t caps);
MAYBE void heap_caps_free(void *block);

static int is_placed(const struct ramlens_place *where) {
    return where != 0 && where->first != 0 && ramlens_place_enabled;
}

/// Tries of a request: a plan's `only` has one.
static size_t tries_of(const struct ramlens_place *where) {
    return where->small == 0 ? 1 : 3;
}

static uint32_t second_of(const struct ramlens_place *where, size_t size) {
    return size <= where->up_to ? where->small : where->large;
}
#else
#    define HAVE(function)                0
#    define is_placed(where)              ((void)(where), 0)
#    define tries_of(where)               0
#    define second_of(where, size)        0
#    define heap_caps_malloc_prefer(...)  ((void *)0)
#    define heap_caps_calloc_prefer(...)  ((void *)0)
#    define heap_caps_realloc_prefer(...) ((void *)0)
#    define heap_caps_aligned_alloc(...)  ((void *)0)
#    define heap_caps_free(block)         ((void)0)
#endif

int ramlens_place_is_active(const struct ramlens_place *where) {
    return is_placed(where) && HAVE(heap_caps_malloc_prefer);
}

void *ramlens_place_malloc(const struct ramlens_place *where, size_t size) {
    if (!is_placed(where) || !HAVE(heap_caps_malloc_prefer))
        return ramlens_stock_malloc(size);
    return heap_caps_malloc_prefer(
            size, tries_of(where), where->first, second_of(where, size), where->again);
}

void *ramlens_place_calloc(const struct ramlens_place *where, size_t count, size_t size) {
    size_t product;
    if (!is_placed(where) || !HAVE(heap_caps_calloc_prefer) ||
            __builtin_mul_overflow(count, size, &product))
        return ramlens_stock_calloc(count, size);
    return heap_caps_calloc_prefer(
            count, size, tries_of(where), where->first, second_of(where, product), where->again);
}

void *ramlens_place_realloc(const struct ramlens_place *where, void *block, size_t size) {
    if (!is_placed(where) || !HAVE(heap_caps_realloc_prefer))
        return ramlens_stock_realloc(block, size);
    return heap_caps_realloc_prefer(
            block, size, tries_of(where), where->first, second_of(where, size), where->again);
}

void *ramlens_place_reallocarray(
        const struct ramlens_place *where, void *block, size_t count, size_t size) {
    size_t product;
    if (__builtin_mul_overflow(count, size, &product))
        product = SIZE_MAX; // Fails, and sets errno, as the real one does.
    return ramlens_place_realloc(where, block, product);
}

void *ramlens_place_aligned(const struct ramlens_place *where, size_t alignment, size_t size) {
    if (!is_placed(where) || !HAVE(heap_caps_aligned_alloc))
        return ramlens_stock_aligned(alignment, size);
    // There is no `prefer` of this one.
    void *block = heap_caps_aligned_alloc(alignment, size, where->first);
    if (block == 0 && where->small != 0)
        block = ramlens_stock_aligned(alignment, size);
    return block;
}

int ramlens_place_posix_memalign(
        const struct ramlens_place *where, void **block, size_t alignment, size_t size) {
    enum { INVALID = 22, NO_MEMORY = 12 };
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
        return INVALID;
    void *got = ramlens_place_aligned(where, alignment, size);
    if (got == 0)
        return NO_MEMORY;
    *block = got;
    return 0;
}

char *ramlens_place_strndup(const struct ramlens_place *where, const char *text, size_t most) {
    size_t len = 0;
    while (len < most && text[len] != '\0')
        len++;
    char *copy = ramlens_place_malloc(where, len + 1);
    if (copy != 0) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

char *ramlens_place_strdup(const struct ramlens_place *where, const char *text) {
    return ramlens_place_strndup(where, text, SIZE_MAX);
}

void ramlens_place_free(void *block) {
    // ESP-IDF's free() is heap_caps_free(), and that of `ramlens run` takes blocks of both sides.
    if (HAVE(heap_caps_free))
        heap_caps_free(block);
    else
        ramlens_stock_free(block);
}
