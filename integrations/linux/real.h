/// The functions behind the hooks: what the program would have called without ramlens.
#ifndef RAMLENS_REAL_H
#define RAMLENS_REAL_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>

/// Next definitions after the preload library. NULL where the program has none.
struct real_functions {
    void *(*malloc)(size_t);
    void (*free)(void *);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    size_t (*malloc_usable_size)(void *);
    int (*dlclose)(void *);
};

extern struct real_functions real;

/// Finds the functions; called by every hook that finds `real.malloc` null (before any constructor has run, too). While it
/// runs, real_early_malloc() serves requests of the loader.
void real_resolve(void);

/// Whether the program brings a malloc of its own: its calls never come here, and nothing can be recorded.
bool real_is_bypassed(void);

/// Whether `p` came from real_early_malloc(): it must not reach the real free.
bool real_is_early(const void *p);
void *real_early_malloc(size_t size);

/// The next definition of a thread function, of the current version where there are two.
void *real_next_thread(const char *name);

#endif
