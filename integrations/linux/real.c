// Finding the real functions: see real.h.
#include "real.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

struct real_functions real;

// The loader may allocate while it is asked for malloc itself: those few bytes come from here and are never freed.
static char early_memory[8192] __attribute__((aligned(16)));
static size_t early_used;
static bool resolving;

void *real_early_malloc(size_t size) {
    size_t rounded = (size + 15) & ~(size_t)15;
    size_t at = __atomic_fetch_add(&early_used, rounded, __ATOMIC_RELAXED);
    return at + rounded <= sizeof early_memory ? early_memory + at : NULL;
}

bool real_is_early(const void *p) {
    return (uintptr_t)p - (uintptr_t)early_memory < sizeof early_memory;
}

static bool is_ours(const void *function) {
    Dl_info there, here;
    return dladdr(function, &there) != 0 && dladdr(&real, &here) != 0 &&
           there.dli_fbase == here.dli_fbase;
}

/// What a call is bound to without this library: the first definition, if it is the program's own, else the next after ours.
static void *find(const char *name) {
    void *first = dlsym(RTLD_DEFAULT, name);
    return first != NULL && !is_ours(first) ? first : dlsym(RTLD_NEXT, name);
}

bool real_is_bypassed(void) {
    return !is_ours(dlsym(RTLD_DEFAULT, "malloc"));
}

#define NEXT(name) (__typeof__(real.name))(uintptr_t)find(#name)

void real_resolve(void) {
    if (__atomic_exchange_n(&resolving, true, __ATOMIC_ACQ_REL)) {
        return; // the hooks fall back on the early functions
    }
    struct real_functions found = {
        .malloc = NEXT(malloc),
        .free = NEXT(free),
        .calloc = NEXT(calloc),
        .realloc = NEXT(realloc),
        .aligned_alloc = NEXT(aligned_alloc),
        .memalign = NEXT(memalign),
        .valloc = NEXT(valloc),
        .pvalloc = NEXT(pvalloc),
        .posix_memalign = NEXT(posix_memalign),
        .malloc_usable_size = NEXT(malloc_usable_size),
        .dlclose = NEXT(dlclose),
    };
    real = found;
    __atomic_store_n(&resolving, false, __ATOMIC_RELEASE);
}

void *real_next_thread(const char *name) {
    // Conditions have an old version for programs of glibc before 2.3.2; the plain look-up may find it.
    if (strncmp(name, "pthread_cond_", 13) == 0) {
        void *function = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
        if (function != NULL)
            return function;
    }
    return dlsym(RTLD_NEXT, name);
}
