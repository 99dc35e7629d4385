// Hooks of the C allocation functions. Each makes the real call, notes what was asked and given, and leaves errno as the real
// call left it.
//
// Stamps: an allocation is stamped after the real call, a free before it; so whatever other threads do, the free of a block is
// never stamped later than the next allocation at its address.
#include "hooks.h"
#include "hooks_placed.h"
#include "ramlens_port.h"
#include "real.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static inline bool ready(void) {
    if (__builtin_expect(real.malloc != NULL, 1))
        return true;
    real_resolve();
    return real.malloc != NULL;
}

bool hooks_is_pending(const struct recorder_thread *t, struct call_site site) {
    enum { DEEPER = 1 << 16 }; // bytes of stack that an operator may need
    const struct pending_new *p = &t->pending;
    return p->request.kind != 0 && t->depth == 1 && p->site.slot - site.slot - 1 < DEEPER &&
           *(const uintptr_t *)p->site.slot == p->caller;
}

/// Whether `size` bytes are what the standard operator new asks malloc for when it is asked for `r`: at least one byte, whole alignments.
static bool is_rounding(const struct ramlens_wire_request *r, size_t size) {
    size_t unit = r->alignment == 0 ? 1 : r->alignment;
    return size >= r->size && size - r->size < unit + (r->size == 0);
}

/// What to note under an operator new in the place of a call that gave `p`. One that got nothing may try again; an operator of the program's own may
/// ask for more than it was asked for.
static struct ramlens_wire_request take_pending(struct pending_new *pending,
        struct ramlens_wire_request r, const void *p, struct call_site *site) {
    bool rounding = is_rounding(&pending->request, (size_t)r.size);
    if (pending->tried ? pending->tried_size != r.size : pending->standard && !rounding)
        return r; // a new-handler's, or for an exception
    size_t size = (size_t)r.size;
    *site = pending->site;
    r = pending->request;
    if (!rounding)
        r.size = size;
    pending->tried = true;
    pending->tried_size = size;
    if (p != NULL)
        pending->request.kind = 0;
    return r;
}

struct ramlens_wire_request hooks_take_request(struct recorder_thread *t, uint8_t kind, size_t size,
        const void *p, struct call_site *site) {
    struct ramlens_wire_request r = { .kind = kind, .size = size };
    if (__builtin_expect(t->pending.request.kind >= RAMLENS_WIRE_FIRST_ALLOC, 0) &&
            hooks_is_pending(t, *site))
        r = take_pending(&t->pending, r, p, site);
    return r;
}

static inline __attribute__((always_inline)) void note_allocation(
        struct recorder_thread *t, struct call_site site, void *p, struct ramlens_wire_request *r) {
    uint64_t time = ramlens_port_time();
    if (p == NULL)
        r->flags |= RAMLENS_WIRE_FAILED;
    recorder_note(t, time, p, site, r);
    recorder_leave(t);
}

void hooks_note_allocation(
        struct recorder_thread *t, struct call_site site, void *p, struct ramlens_wire_request *r) {
    note_allocation(t, site, p, r);
}

void hooks_note_free(
        struct recorder_thread *t, struct call_site site, void *p, struct ramlens_wire_request *r) {
    if (__builtin_expect(locks_in_heap(), 0))
        locks_forget_block(p, real.malloc_usable_size(p));
    recorder_note(t, ramlens_port_time(), p, site, r);
    recorder_leave(t);
}

HOOK void *malloc(size_t size) {
    if (!ready())
        return real_early_malloc(size);
    struct recorder_thread *t = recorder_enter();
    if (placed_is_on())
        return placed_allocate(t, CALL_SITE(), RAMLENS_WIRE_MALLOC, 0, size, NULL);
    void *p = real.malloc(size);
    if (t != NULL) {
        struct call_site site = CALL_SITE();
        struct ramlens_wire_request r = hooks_take_request(t, RAMLENS_WIRE_MALLOC, size, p, &site);
        note_allocation(t, site, p, &r);
    }
    return p;
}

HOOK void *calloc(size_t count, size_t size) {
    if (!ready())
        return real_early_malloc(count * size); // static memory: zero already
    struct recorder_thread *t = recorder_enter();
    size_t product;
    if (placed_is_on()) {
        if (__builtin_mul_overflow(count, size, &product))
            product = SIZE_MAX;
        return placed_allocate(t, CALL_SITE(), RAMLENS_WIRE_CALLOC, 0, product, NULL);
    }
    void *p = real.calloc(count, size);
    if (t != NULL) {
        if (__builtin_mul_overflow(count, size, &product))
            product = SIZE_MAX;
        struct call_site site = CALL_SITE();
        struct ramlens_wire_request r =
                hooks_take_request(t, RAMLENS_WIRE_CALLOC, product, p, &site);
        note_allocation(t, site, p, &r);
    }
    return p;
}

HOOK void free(void *p) {
    if (p == NULL || real_is_early(p))
        return;
    if (!ready())
        return;
    struct recorder_thread *t = recorder_enter();
    if (t != NULL) {
        struct call_site site = CALL_SITE();
        struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_FREE };
        if (__builtin_expect(t->pending.request.kind != 0, 0) &&
                t->pending.request.kind < RAMLENS_WIRE_FIRST_ALLOC && hooks_is_pending(t, site)) {
            r = t->pending.request;
            site = t->pending.site;
            t->pending.request.kind = 0;
        }
        if (placed_is_on()) {
            placed_release(t, site, p, &r);
            return;
        }
        hooks_note_free(t, site, p, &r);
    } else if (placed_holds(p)) {
        placed_release_unseen(p);
        return;
    }
    real.free(p);
}

/// Blocks of the time before the real functions were known cannot grow in the real heap.
static void *move_early(void *p, size_t size) {
    void *q = malloc(size);
    if (q != NULL)
        memmove(q, p, size); // may read the neighbours in static memory; harmless
    return q;
}

void hooks_note_realloc(
        struct recorder_thread *t, uint32_t stack, uint64_t before, void *p, size_t size, void *q) {
    uint64_t after = ramlens_port_time();
    struct ramlens_wire_request from = { .kind = RAMLENS_WIRE_REALLOC_FROM, .stack = stack };
    struct ramlens_wire_request r = {
        .kind = RAMLENS_WIRE_REALLOC_IN_PLACE, .size = size, .stack = stack
    };
    if (q == NULL && size == 0) {
        from.kind = RAMLENS_WIRE_REALLOC_FREE;
        recorder_note_known(t, before, p, &from);
    } else if (q == NULL) {
        r.flags = RAMLENS_WIRE_FAILED;
        recorder_note_known(t, after, p, &r);
    } else if (q == p) {
        recorder_note_known(t, after, p, &r);
    } else {
        recorder_note_known(t, before, p, &from);
        r.kind = RAMLENS_WIRE_REALLOC_TO;
        recorder_note_known(t, after, q, &r);
    }
}

HOOK void *realloc(void *p, size_t size) {
    if (!ready())
        return real_early_malloc(size);
    if (real_is_early(p))
        return move_early(p, size);
    struct recorder_thread *t = recorder_enter();
    if (placed_is_on())
        return placed_reallocate(t, CALL_SITE(), p, size, NULL);
    if (t == NULL)
        return real.realloc(p, size);
    struct call_site site = CALL_SITE();
    uint64_t before = recorder_before(t, p);
    void *q = real.realloc(p, size);
    if (p != NULL) {
        int saved = errno;
        hooks_note_realloc(t, recorder_stack(t, site), before, p, size, q);
        recorder_leave(t);
        errno = saved;
        return q;
    }
    struct ramlens_wire_request r = hooks_take_request(t, RAMLENS_WIRE_REALLOC, size, q, &site);
    hooks_note_allocation(t, site, q, &r);
    return q;
}

/// A request for more bytes than there can be; it never gets to the heap.
static __attribute__((noinline)) void note_overflow(struct call_site site, void *p) {
    struct recorder_thread *t = recorder_enter();
    if (t == NULL)
        return;
    struct ramlens_wire_request r = { .kind = p == NULL ? RAMLENS_WIRE_REALLOC
                                                        : RAMLENS_WIRE_REALLOC_IN_PLACE,
        .flags = RAMLENS_WIRE_FAILED,
        .size = SIZE_MAX };
    recorder_note(t, ramlens_port_time(), p, site, &r);
    recorder_leave(t);
}

HOOK void *reallocarray(void *p, size_t count, size_t size) {
    size_t product;
    if (__builtin_mul_overflow(count, size, &product)) {
        note_overflow(CALL_SITE(), p);
        errno = ENOMEM;
        return NULL;
    }
    void *q = realloc(p, product);
    __asm__ volatile("" : "+r"(q)); // keep this frame: a sibling call would lose the caller's
    return q;
}

static void note_aligned(struct recorder_thread *t, struct call_site site, uint8_t kind,
        size_t alignment, size_t size, void *p) {
    if (t == NULL)
        return;
    struct ramlens_wire_request r = hooks_take_request(t, kind, size, p, &site);
    if ((r.flags & RAMLENS_WIRE_HAS_ALIGNMENT) == 0) {
        r.flags |= RAMLENS_WIRE_HAS_ALIGNMENT;
        r.alignment = (uint32_t)alignment;
    }
    hooks_note_allocation(t, site, p, &r);
}

enum { PAGE_BYTES = 4096 };

/// `n` rounded up to a power of two, as glibc takes alignments; too much to be had where there is none.
static size_t power_of_two(size_t n) {
    size_t power = sizeof(void *);
    while (power < n && power <= SIZE_MAX / 2)
        power *= 2;
    return power >= n ? power : SIZE_MAX;
}

HOOK void *aligned_alloc(size_t alignment, size_t size) {
    if (!ready())
        return NULL;
    struct recorder_thread *t = recorder_enter();
    if (placed_is_on())
        return placed_allocate(
                t, CALL_SITE(), RAMLENS_WIRE_ALIGNED_ALLOC, power_of_two(alignment), size, NULL);
    void *p = real.aligned_alloc(alignment, size);
    note_aligned(t, CALL_SITE(), RAMLENS_WIRE_ALIGNED_ALLOC, alignment, size, p);
    return p;
}

HOOK void *memalign(size_t alignment, size_t size) {
    if (!ready())
        return NULL;
    struct recorder_thread *t = recorder_enter();
    if (placed_is_on())
        return placed_allocate(
                t, CALL_SITE(), RAMLENS_WIRE_MEMALIGN, power_of_two(alignment), size, NULL);
    void *p = real.memalign(alignment, size);
    note_aligned(t, CALL_SITE(), RAMLENS_WIRE_MEMALIGN, alignment, size, p);
    return p;
}

HOOK void *valloc(size_t size) {
    if (!ready())
        return NULL;
    struct recorder_thread *t = recorder_enter();
    if (placed_is_on())
        return placed_allocate(t, CALL_SITE(), RAMLENS_WIRE_MEMALIGN, PAGE_BYTES, size, NULL);
    void *p = real.valloc(size);
    note_aligned(t, CALL_SITE(), RAMLENS_WIRE_MEMALIGN, PAGE_BYTES, size, p);
    return p;
}

HOOK void *pvalloc(size_t size) {
    if (!ready())
        return NULL;
    struct recorder_thread *t = recorder_enter();
    if (placed_is_on())
        return placed_allocate(t, CALL_SITE(), RAMLENS_WIRE_MEMALIGN, PAGE_BYTES,
                (size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES, NULL);
    void *p = real.pvalloc(size);
    note_aligned(t, CALL_SITE(), RAMLENS_WIRE_MEMALIGN, PAGE_BYTES, size, p);
    return p;
}

static int posix_memalign_placed(struct recorder_thread *t, struct call_site site, void **out,
        size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) {
        if (t != NULL)
            recorder_leave(t);
        return EINVAL;
    }
    int saved = errno;
    void *p = placed_allocate(t, site, RAMLENS_WIRE_POSIX_MEMALIGN, alignment, size, NULL);
    errno = saved;
    if (p == NULL)
        return ENOMEM;
    *out = p;
    return 0;
}

HOOK int posix_memalign(void **out, size_t alignment, size_t size) {
    if (!ready())
        return ENOMEM;
    struct recorder_thread *t = recorder_enter();
    if (placed_is_on())
        return posix_memalign_placed(t, CALL_SITE(), out, alignment, size);
    int result = real.posix_memalign(out, alignment, size);
    note_aligned(t, CALL_SITE(), RAMLENS_WIRE_POSIX_MEMALIGN, alignment, size,
            result == 0 ? *out : NULL);
    return result;
}

HOOK size_t malloc_usable_size(void *p) {
    if (p == NULL || real_is_early(p) || !ready())
        return 0;
    return placed_holds(p) ? placed_usable(p) : real.malloc_usable_size(p);
}
