// See hooks_placed.h. An operation takes the lock, is done, stamped and let go; then its event is written, for which there was room before.
#include "hooks_placed.h"

#include "ramlens_port.h"
#include "real.h"

#include <errno.h>
#include <string.h>

static bool is_new(uint8_t kind) {
    return kind == RAMLENS_WIRE_NEW || kind == RAMLENS_WIRE_NEW_ARRAY;
}

static const struct ramlens_asks *asks_of(const struct ramlens_wire_request *r) {
    return placed_asks(r->stack, is_new(r->kind) ? RAMLENS_PLACED_NEW : RAMLENS_PLACED_CALL);
}

static void set_heap(struct ramlens_wire_request *r, uint8_t heap) {
    r->flags |= RAMLENS_WIRE_HAS_REGION;
    r->region = heap;
}

static void set_served(struct ramlens_wire_request *r, const struct placed_result *x) {
    set_heap(r, x->heap);
    if (x->has_capability) {
        r->flags |= RAMLENS_WIRE_HAS_CAPABILITY;
        r->capability = x->capability;
    }
    if (x->p == NULL)
        r->flags |= RAMLENS_WIRE_FAILED;
}

static void make_room(struct recorder_thread *t, unsigned events) {
    recorder_reserve(t, (size_t)events * RAMLENS_WIRE_EVENT_MAX);
}

static void give(struct recorder_thread *t, void *p, struct ramlens_wire_request *r) {
    make_room(t, 1);
    struct placed_result x = placed_give(p);
    set_heap(r, x.from_heap);
    recorder_note_ordered(t, x.stamp, p, r);
}

void placed_give_late(struct recorder_thread *t) {
    void *p;
    struct ramlens_wire_request r;
    while (placed_take_later(&p, &r))
        give(t, p, &r);
}

/// The real call of a kind, for what only the host has.
static void *allocate_really(uint8_t kind, size_t alignment, size_t size) {
    void *p = NULL;
    switch (kind) {
    case RAMLENS_WIRE_CALLOC:
        return real.calloc(1, size);
    case RAMLENS_WIRE_ALIGNED_ALLOC:
        return real.aligned_alloc(alignment, size);
    case RAMLENS_WIRE_MEMALIGN:
        return real.memalign(alignment, size);
    case RAMLENS_WIRE_POSIX_MEMALIGN:
        return real.posix_memalign(&p, alignment, size) == 0 ? p : NULL;
    default:
        return real.malloc(size);
    }
}

/// As the hooks of other runs do, for calls inside the recorder.
static void *allocate_inside(struct recorder_thread *t, struct call_site site, uint8_t kind,
        size_t alignment, size_t size) {
    void *p = allocate_really(kind, alignment, size);
    if (t == NULL)
        return p;
    struct ramlens_wire_request r = { .kind = kind, .size = size };
    if (alignment != 0) {
        r.flags |= RAMLENS_WIRE_HAS_ALIGNMENT;
        r.alignment = (uint32_t)alignment;
    }
    hooks_note_allocation(t, site, p, &r);
    return p;
}

static void *take(struct recorder_thread *t, const struct ramlens_asks *asks, size_t size,
        size_t alignment, struct ramlens_wire_request *r) {
    placed_give_late(t);
    make_room(t, 1);
    struct placed_result x = placed_take(asks, size, alignment);
    set_served(r, &x);
    recorder_note_ordered(t, x.stamp, x.p, r);
    return x.p;
}

static void note_host(
        struct recorder_thread *t, uint64_t time, void *p, struct ramlens_wire_request *r) {
    if (p == NULL)
        r->flags |= RAMLENS_WIRE_FAILED;
    else
        placed_count_host((size_t)r->size);
    recorder_note_known(t, time, p, r);
}

void *placed_allocate(struct recorder_thread *t, struct call_site site, uint8_t kind,
        size_t alignment, size_t size, const struct ramlens_asks *asks) {
    if (t == NULL || t->depth != 1 || !placed_state.on)
        return allocate_inside(t, site, kind, alignment, size);
    struct ramlens_wire_request r = hooks_take_request(t, kind, size, NULL, &site);
    if (alignment != 0 && (r.flags & RAMLENS_WIRE_HAS_ALIGNMENT) == 0) {
        r.flags |= RAMLENS_WIRE_HAS_ALIGNMENT;
        r.alignment = (uint32_t)alignment;
    }
    bool for_operator = is_new(r.kind);
    r.stack = recorder_stack(t, site);
    if (asks == NULL)
        asks = asks_of(&r);
    void *p;
    if (asks != NULL) {
        p = take(t, asks, size, alignment, &r);
    } else {
        p = allocate_really(kind, alignment, size);
        note_host(t, ramlens_port_time(), p, &r);
    }
    if (for_operator && p != NULL)
        t->pending.request.kind = 0;
    recorder_leave(t);
    if (p == NULL)
        errno = ENOMEM;
    else if (kind == RAMLENS_WIRE_CALLOC && asks != NULL)
        memset(p, 0, size);
    return p;
}

void *placed_new(struct recorder_thread *t, struct call_site site, struct ramlens_wire_request *r) {
    size_t size = r->size == 0 ? 1 : (size_t)r->size;
    if (t == NULL)
        return real.malloc(size);
    if (t->depth != 1) {
        void *p = real.malloc(size);
        if (p == NULL)
            recorder_leave(t);
        else
            hooks_note_allocation(t, site, p, r);
        return p;
    }
    r->stack = recorder_stack(t, site);
    const struct ramlens_asks *asks = asks_of(r);
    void *p;
    if (asks == NULL) {
        p = real.malloc(size);
        if (p != NULL)
            note_host(t, ramlens_port_time(), p, r);
    } else {
        placed_give_late(t);
        make_room(t, 1);
        struct placed_result x = placed_take(asks, size, 0);
        p = x.p;
        if (p != NULL) {
            set_served(r, &x);
            recorder_note_ordered(t, x.stamp, p, r);
        }
    }
    recorder_leave(t);
    return p;
}

// ---- free

void placed_release_unseen(void *p) {
    if (recorder_is_alive())
        (void)placed_give(p);
}

void placed_release(
        struct recorder_thread *t, struct call_site site, void *p, struct ramlens_wire_request *r) {
    if (!placed_holds(p)) {
        if (t != NULL)
            hooks_note_free(t, site, p, r);
        real.free(p);
        return;
    }
    if (t == NULL) {
        placed_release_unseen(p);
        return;
    }
    if (__builtin_expect(locks_in_heap(), 0))
        locks_forget_block(p, placed_usable(p));
    if (t->depth != 1) {
        placed_give_later(p, r);
    } else {
        r->stack = recorder_stack(t, site);
        placed_give_late(t);
        give(t, p, r);
    }
    recorder_leave(t);
}

// ---- realloc

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/// Out of an arena by the real malloc: inside the recorder, and in a forked child.
static void *move_out_inside(
        struct recorder_thread *t, struct call_site site, void *p, size_t size) {
    void *q = real.malloc(size);
    if (q != NULL)
        memcpy(q, p, smaller(placed_usable(p), size));
    if (t == NULL) {
        if (q != NULL)
            placed_release_unseen(p);
        return q;
    }
    static const struct ramlens_wire_request ends = { .kind = RAMLENS_WIRE_FREE };
    struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_MALLOC, .size = size };
    if (q != NULL)
        placed_give_later(p, &ends);
    hooks_note_allocation(t, site, q, &r);
    return q;
}

static void note_failure(struct recorder_thread *t, uint64_t time, const void *p, uint8_t heap,
        const struct placed_result *x, struct ramlens_wire_request *r) {
    r->kind = RAMLENS_WIRE_REALLOC_IN_PLACE;
    set_served(r, x);
    r->region = heap;
    recorder_note_ordered(t, time, p, r);
    errno = ENOMEM;
}

/// Both sides in arenas: one operation of the heaps.
static void *resize(struct recorder_thread *t, void *p, size_t size,
        const struct ramlens_asks *asks, struct ramlens_wire_request *r) {
    make_room(t, 2);
    struct placed_result x = placed_resize(asks, p, size);
    if (x.p == NULL) {
        note_failure(t, x.stamp, p, x.from_heap, &x, r);
        return NULL;
    }
    if (x.p == p) {
        r->kind = RAMLENS_WIRE_REALLOC_IN_PLACE;
    } else {
        struct ramlens_wire_request from = { .kind = RAMLENS_WIRE_REALLOC_FROM, .stack = r->stack };
        set_heap(&from, x.from_heap);
        recorder_note_ordered(t, x.from_stamp, p, &from);
        r->kind = RAMLENS_WIRE_REALLOC_TO;
    }
    set_served(r, &x);
    recorder_note_ordered(t, x.stamp, x.p, r);
    return x.p;
}

static void *move_in(struct recorder_thread *t, void *p, size_t size,
        const struct ramlens_asks *asks, struct ramlens_wire_request *r) {
    make_room(t, 2);
    uint64_t before = recorder_before(t, p);
    struct placed_result x = placed_take(asks, size, 0);
    if (x.p == NULL) {
        note_failure(t, x.stamp, p, RAMLENS_PLACED_NO_HEAP, &x, r);
        return NULL;
    }
    memcpy(x.p, p, smaller(real.malloc_usable_size(p), size));
    struct ramlens_wire_request from = { .kind = RAMLENS_WIRE_REALLOC_FROM, .stack = r->stack };
    recorder_note_known(t, before, p, &from);
    r->kind = RAMLENS_WIRE_REALLOC_TO;
    set_served(r, &x);
    recorder_note_ordered(t, x.stamp, x.p, r);
    real.free(p);
    return x.p;
}

static void *move_out(
        struct recorder_thread *t, void *p, size_t size, struct ramlens_wire_request *r) {
    void *q = real.malloc(size);
    if (q == NULL) {
        r->kind = RAMLENS_WIRE_REALLOC_IN_PLACE;
        r->flags |= RAMLENS_WIRE_FAILED;
        recorder_note_known(t, ramlens_port_time(), p, r);
        return NULL;
    }
    memcpy(q, p, smaller(placed_usable(p), size));
    struct ramlens_wire_request from = { .kind = RAMLENS_WIRE_REALLOC_FROM, .stack = r->stack };
    make_room(t, 2);
    struct placed_result x = placed_give(p);
    set_heap(&from, x.from_heap);
    recorder_note_ordered(t, x.from_stamp, p, &from);
    r->kind = RAMLENS_WIRE_REALLOC_TO; // its stamp is that of the old block's free
    recorder_note_ordered(t, x.stamp, q, r);
    placed_count_host(size);
    return q;
}

static void *resize_host(
        struct recorder_thread *t, void *p, size_t size, struct ramlens_wire_request *r) {
    uint64_t before = recorder_before(t, p);
    void *q = real.realloc(p, size);
    int saved = errno;
    hooks_note_realloc(t, r->stack, before, p, size, q);
    errno = saved;
    return q;
}

void *placed_reallocate(struct recorder_thread *t, struct call_site site, void *p, size_t size,
        const struct ramlens_asks *asks) {
    if (p == NULL)
        return placed_allocate(t, site, RAMLENS_WIRE_REALLOC, 0, size, asks);
    bool here = placed_holds(p);
    if (here && size == 0) {
        struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_REALLOC_FREE };
        placed_release(t, site, p, &r);
        return NULL;
    }
    if (t == NULL || t->depth != 1) {
        if (here)
            return move_out_inside(t, site, p, size);
        if (t == NULL)
            return real.realloc(p, size);
    }
    struct ramlens_wire_request r = { .size = size, .stack = recorder_stack(t, site) };
    if (t->depth != 1 || !placed_state.on)
        asks = NULL;
    else if (asks == NULL)
        asks = placed_asks(r.stack, RAMLENS_PLACED_CALL);
    void *q;
    if (here)
        placed_give_late(t);
    if (here && asks != NULL)
        q = resize(t, p, size, asks, &r);
    else if (here)
        q = move_out(t, p, size, &r);
    else if (asks != NULL && size != 0)
        q = move_in(t, p, size, asks, &r);
    else
        q = resize_host(t, p, size, &r);
    recorder_leave(t);
    return q;
}
