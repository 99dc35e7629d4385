/// A chain of chunks that pieces are cut from.
///
///     arena.chunk -> [ head | taken ... | free ... ] -> [ head | taken ... ] -> NULL
///                                  ^at       ^end
///
/// A sanitizer would see each chunk as one big block, and an overrun from one piece into the next
/// would pass unseen. Under AddressSanitizer the free part is therefore poisoned, what is taken is
/// unpoisoned, and a gap of 16 poisoned bytes stays behind each piece.
#include "arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#    define ARENA_ASAN 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define ARENA_ASAN 1
#    endif
#endif

#ifdef ARENA_ASAN
#    include <sanitizer/asan_interface.h>
#    define POISON(at, size)   ASAN_POISON_MEMORY_REGION((at), (size))
#    define UNPOISON(at, size) ASAN_UNPOISON_MEMORY_REGION((at), (size))
enum { GAP_BYTES = 16 };
#else
#    define POISON(at, size)   ((void)(at), (void)(size))
#    define UNPOISON(at, size) ((void)(at), (void)(size))
enum { GAP_BYTES = 0 };
#endif

enum {
    FIRST_CHUNK_BYTES = 64 * 1024,
    LARGEST_CHUNK_BYTES = 4 * 1024 * 1024, ///< Doubling stops here; larger requests get their own.
    HUGE_PAGE_BYTES = 2 * 1024 * 1024,
};

struct arena_chunk {
    struct arena_chunk *older;
    size_t size_bytes; ///< Of `bytes`.
    alignas(max_align_t) char bytes[];
};

static _Noreturn void out_of_memory(size_t count, size_t size) {
    (void)fprintf(
            stderr, "ramlens: out of memory (asked for %zu objects of %zu bytes)\n", count, size);
    exit(2);
}

/// Asks for huge pages: a table of 25 MB would else be 6,000 page faults, which cost more than filling it. A wish only.
static void ask_for_huge_pages(struct arena_chunk *chunk, size_t bytes) {
    size_t before = -(uintptr_t)chunk & (HUGE_PAGE_BYTES - 1);
    if (bytes >= LARGEST_CHUNK_BYTES) {
        (void)madvise((char *)chunk + before, (bytes - before) & ~(size_t)(HUGE_PAGE_BYTES - 1),
                MADV_HUGEPAGE);
    }
}

static struct arena_chunk *chunk_new(size_t size_bytes) {
    struct arena_chunk *chunk = NULL;
    if (size_bytes <= PTRDIFF_MAX - sizeof(*chunk)) {
        chunk = calloc(1, sizeof(*chunk) + size_bytes);
    }
    if (!chunk) {
        out_of_memory(1, size_bytes);
    }
    ask_for_huge_pages(chunk, sizeof(*chunk) + size_bytes);
    chunk->size_bytes = size_bytes;
    POISON(chunk->bytes, size_bytes);
    return chunk;
}

/// Size of the next chunk of the chain: twice the newest, within bounds.
static size_t next_chunk_bytes(const struct arena *a) {
    if (!a->chunk) {
        return FIRST_CHUNK_BYTES;
    }
    return a->chunk->size_bytes < LARGEST_CHUNK_BYTES / 2 ? a->chunk->size_bytes * 2
                                                          : LARGEST_CHUNK_BYTES;
}

/// A piece with a chunk of its own, put behind the newest one so that the newest one's free part
/// stays in use.
static void *take_alone(struct arena *a, size_t bytes, size_t align) {
    struct arena_chunk *chunk = chunk_new(bytes + align + GAP_BYTES);
    size_t pad = -(uintptr_t)chunk->bytes & (align - 1);
    if (a->chunk) {
        chunk->older = a->chunk->older;
        a->chunk->older = chunk;
    } else {
        a->chunk = chunk;
        a->at = a->end = chunk->bytes + chunk->size_bytes;
    }
    a->taken_bytes += bytes;
    UNPOISON(chunk->bytes + pad, bytes);
    return chunk->bytes + pad;
}

static void add_chunk(struct arena *a) {
    struct arena_chunk *chunk = chunk_new(next_chunk_bytes(a));
    chunk->older = a->chunk;
    a->chunk = chunk;
    a->at = chunk->bytes;
    a->end = chunk->bytes + chunk->size_bytes;
}

void *arena_take(struct arena *a, size_t count, size_t size, size_t align) {
    size_t bytes;
    size_t pad = -(uintptr_t)a->at & (align - 1);
    assert(align != 0 && (align & (align - 1)) == 0 && align <= FIRST_CHUNK_BYTES / 8);
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX / 2) {
        out_of_memory(count, size);
    }
    if (!a->at || bytes + pad + GAP_BYTES > (size_t)(a->end - a->at)) {
        if (bytes > next_chunk_bytes(a) / 4) {
            return take_alone(a, bytes, align);
        }
        add_chunk(a);
        pad = -(uintptr_t)a->at & (align - 1);
    }
    char *piece = a->at + pad;
    a->at = piece + bytes + GAP_BYTES;
    a->taken_bytes += pad + bytes;
    UNPOISON(piece, bytes);
    return piece;
}

struct str arena_copy(struct arena *a, struct str s) {
    char *copy = arena_take(a, s.len + 1, 1, 1);
    if (s.len) {
        memcpy(copy, s.at, s.len);
    }
    return (struct str){ copy, s.len };
}

char *arena_printf(struct arena *a, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *out = arena_take(a, (size_t)len + 1, 1, 1);
    va_start(args, format);
    (void)vsnprintf(out, (size_t)len + 1, format, args);
    va_end(args);
    return out;
}

void arena_clear(struct arena *a) {
    struct arena_chunk *chunk = a->chunk;
    while (chunk) {
        struct arena_chunk *older = chunk->older;
        UNPOISON(chunk->bytes, chunk->size_bytes);
        free(chunk);
        chunk = older;
    }
    *a = (struct arena){ 0 };
}
