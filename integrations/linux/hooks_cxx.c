// Hooks of operator new and delete, all replaceable forms.
//
// Where the program uses the standard library's own operators, the memory comes straight from malloc, as it does there: this tells
// the form and saves a frame. Where an operator was replaced, and where there is no memory (new-handlers, exceptions), the real
// operator is called, and the malloc it makes is noted under the form that was asked for.
//
// Compiled with -fexceptions: std::bad_alloc and what a new-handler throws pass through these frames. They must not want to be told: a
// frame with a cleanup calls into libgcc_s, and the exception may come from a plugin with an unwinder of its own.
#include "hooks.h"
#include "hooks_placed.h"
#include "operators.h"
#include "ramlens_port.h"
#include "real.h"

#include <stdlib.h>

#ifdef __LP64__
#    define SIZE "m"
#else
#    define SIZE "j"
#endif

static struct operator_found find(struct operator_entry *e, struct call_site site) {
    return operators_find(e, *(const uintptr_t *)site.slot);
}

// ---- what was announced

/// The next malloc or free of this thread is noted as `r` at `site`. An operator that another one calls for the same request leaves it as
/// it is: new[] calls new. NULL when there is nothing to conclude: nothing is recorded, or an outer operator has announced already.
static struct recorder_thread *announce(
        const struct ramlens_wire_request *r, struct call_site site, struct operator_found found) {
    operators_enter(found);
    struct recorder_thread *t = recorder_enter();
    if (t == NULL)
        return NULL;
    if (t->depth != 1) { // in a signal handler that interrupted the recorder
        recorder_leave(t);
        return NULL;
    }
    struct pending_new *p = &t->pending;
    bool frees = r->kind < RAMLENS_WIRE_FIRST_ALLOC;
    bool inner = hooks_is_pending(t, site) &&
                 frees == (p->request.kind < RAMLENS_WIRE_FIRST_ALLOC) &&
                 (frees || p->request.size == r->size);
    if (!inner)
        *p = (struct pending_new){ .request = *r,
            .site = site,
            .caller = *(const uintptr_t *)site.slot,
            .standard = found.standard };
    recorder_leave(t);
    return inner ? NULL : t;
}

/// The operator has returned `p`. (If it threw, what was announced is no longer found pending.) What an allocator's own operator gave
/// without our malloc is noted here.
static void *conclude(struct recorder_thread *t, void *p, const struct ramlens_wire_request *r,
        struct call_site site, struct operator_found found) {
    if (t == NULL)
        return p;
    bool failed_unnoted = (r->flags & RAMLENS_WIRE_HAS_ALIGNMENT) != 0 && !t->pending.tried;
    bool unnoted = t->pending.request.kind >= RAMLENS_WIRE_FIRST_ALLOC &&
                   (p != NULL || failed_unnoted); // new_by_malloc() has noted others
    t->pending.request.kind = 0;
    struct ramlens_wire_request request = *r;
    if (found.own_heap && unnoted && recorder_enter() != NULL)
        hooks_note_allocation(t, site, p, &request);
    return p;
}

// ---- new

/// The standard operator's own way to memory; NULL when it failed. Then the real operator will try again and know what to do: its attempts by our
/// malloc are noted, so this one is not.
static void *new_by_malloc(
        struct ramlens_wire_request *r, struct call_site site, struct operator_found found) {
    if (real.malloc == NULL)
        return NULL;
    struct recorder_thread *t = recorder_enter();
    if (placed_is_on())
        return placed_new(t, site, r);
    void *p = real.malloc(r->size == 0 ? 1 : (size_t)r->size);
    if (t == NULL)
        return p;
    if (p == NULL && !found.own_heap) {
        recorder_leave(t);
        return NULL;
    }
    hooks_note_allocation(t, site, p, r);
    if (p == NULL)
        r->flags &= (uint8_t)~RAMLENS_WIRE_FAILED; // the next attempt may not
    return p;
}

/// The throwing operators never return NULL; if there is none to call, the program could not have got here without the recorder.
#define REAL_OPERATOR(found, type)                                                                 \
    ((found).function == NULL ? abort() : (void)0, (type)(uintptr_t)(found).function)

#define NEW_PLAIN(id, symbol, form)                                                                \
    HOOK void *id(size_t size) __asm__(symbol);                                                    \
    HOOK void *id(size_t size) {                                                                   \
        static struct operator_entry entry = { .name = symbol };                                   \
        struct ramlens_wire_request r = { .kind = (form), .size = size };                          \
        struct call_site site = CALL_SITE();                                                       \
        struct operator_found found = find(&entry, site);                                          \
        void *p = found.standard ? new_by_malloc(&r, site, found) : NULL;                          \
        if (__builtin_expect(p != NULL, 1))                                                        \
            return p;                                                                              \
        struct recorder_thread *t = announce(&r, site, found);                                     \
        return conclude(t, REAL_OPERATOR(found, void *(*)(size_t))(size), &r, site, found);        \
    }

#define NEW_NOTHROW(id, symbol, form)                                                              \
    HOOK void *id(size_t size, const void *nothrow) __asm__(symbol);                               \
    HOOK void *id(size_t size, const void *nothrow) {                                              \
        static struct operator_entry entry = { .name = symbol };                                   \
        struct ramlens_wire_request r = {                                                          \
            .kind = (form), .size = size, .flags = RAMLENS_WIRE_NOTHROW                            \
        };                                                                                         \
        struct call_site site = CALL_SITE();                                                       \
        struct operator_found found = find(&entry, site);                                          \
        void *p = found.standard ? new_by_malloc(&r, site, found) : NULL;                          \
        if (__builtin_expect(p != NULL, 1))                                                        \
            return p;                                                                              \
        struct recorder_thread *t = announce(&r, site, found);                                     \
        return conclude(t, REAL_OPERATOR(found, void *(*)(size_t, const void *))(size, nothrow),   \
                &r, site, found);                                                                  \
    }

#define NEW_ALIGNED(id, symbol, form)                                                              \
    HOOK void *id(size_t size, size_t alignment) __asm__(symbol);                                  \
    HOOK void *id(size_t size, size_t alignment) {                                                 \
        static struct operator_entry entry = { .name = symbol };                                   \
        struct ramlens_wire_request r = { .kind = (form),                                          \
            .size = size,                                                                          \
            .flags = RAMLENS_WIRE_HAS_ALIGNMENT,                                                   \
            .alignment = (uint32_t)alignment };                                                    \
        struct call_site site = CALL_SITE();                                                       \
        struct operator_found found = find(&entry, site);                                          \
        struct recorder_thread *t = announce(&r, site, found);                                     \
        return conclude(t, REAL_OPERATOR(found, void *(*)(size_t, size_t))(size, alignment), &r,   \
                site, found);                                                                      \
    }

#define NEW_ALIGNED_NOTHROW(id, symbol, form)                                                      \
    HOOK void *id(size_t size, size_t alignment, const void *nothrow) __asm__(symbol);             \
    HOOK void *id(size_t size, size_t alignment, const void *nothrow) {                            \
        static struct operator_entry entry = { .name = symbol };                                   \
        struct ramlens_wire_request r = { .kind = (form),                                          \
            .size = size,                                                                          \
            .flags = RAMLENS_WIRE_HAS_ALIGNMENT | RAMLENS_WIRE_NOTHROW,                            \
            .alignment = (uint32_t)alignment };                                                    \
        struct call_site site = CALL_SITE();                                                       \
        struct operator_found found = find(&entry, site);                                          \
        struct recorder_thread *t = announce(&r, site, found);                                     \
        return conclude(t,                                                                         \
                REAL_OPERATOR(found, void *(*)(size_t, size_t, const void *))(                     \
                        size, alignment, nothrow),                                                 \
                &r, site, found);                                                                  \
    }

NEW_PLAIN(new_plain, "_Znw" SIZE, RAMLENS_WIRE_NEW)
NEW_PLAIN(new_array, "_Zna" SIZE, RAMLENS_WIRE_NEW_ARRAY)
NEW_NOTHROW(new_nothrow, "_Znw" SIZE "RKSt9nothrow_t", RAMLENS_WIRE_NEW)
NEW_NOTHROW(new_array_nothrow, "_Zna" SIZE "RKSt9nothrow_t", RAMLENS_WIRE_NEW_ARRAY)
NEW_ALIGNED(new_aligned, "_Znw" SIZE "St11align_val_t", RAMLENS_WIRE_NEW)
NEW_ALIGNED(new_array_aligned, "_Zna" SIZE "St11align_val_t", RAMLENS_WIRE_NEW_ARRAY)
NEW_ALIGNED_NOTHROW(
        new_aligned_nothrow, "_Znw" SIZE "St11align_val_tRKSt9nothrow_t", RAMLENS_WIRE_NEW)
NEW_ALIGNED_NOTHROW(new_array_aligned_nothrow, "_Zna" SIZE "St11align_val_tRKSt9nothrow_t",
        RAMLENS_WIRE_NEW_ARRAY)

// ---- delete

/// The standard operator's own way: free. False when the operator was replaced and must be called.
static bool delete_by_free(struct operator_found found, void *p, struct ramlens_wire_request *r,
        struct call_site site) {
    if (p == NULL || real_is_early(p))
        return true;
    if (!found.standard || real.free == NULL)
        return false;
    struct recorder_thread *t = recorder_enter();
    if (placed_is_on()) {
        placed_release(t, site, p, r);
        return true;
    }
    if (t != NULL)
        hooks_note_free(t, site, p, r);
    real.free(p);
    return true;
}

/// One form of delete: `parameters` after the pointer, and `arguments` to pass them on.
#define DELETE(id, symbol, form, told, flag, parameters, types, arguments)                         \
    HOOK void id parameters __asm__(symbol);                                                       \
    HOOK void id parameters {                                                                      \
        static struct operator_entry entry = { .name = symbol };                                   \
        struct ramlens_wire_request r = { .kind = (form), .size = (told), .flags = (flag) };       \
        struct call_site site = CALL_SITE();                                                       \
        struct operator_found found = find(&entry, site);                                          \
        if (delete_by_free(found, p, &r, site))                                                    \
            return;                                                                                \
        struct recorder_thread *t = announce(&r, site, found);                                     \
        REAL_OPERATOR(found, void(*) types) arguments;                                             \
        conclude(t, NULL, &r, site, found);                                                        \
    }

#define DELETE_FORMS(id, letter, form)                                                             \
    DELETE(id, "_Zd" letter "Pv", form, 0, 0, (void *p), (void *), (p))                            \
    DELETE(id##_sized, "_Zd" letter "Pv" SIZE, form, size, RAMLENS_WIRE_SIZED,                     \
            (void *p, size_t size), (void *, size_t), (p, size))                                   \
    DELETE(id##_nothrow, "_Zd" letter "PvRKSt9nothrow_t", form, 0, RAMLENS_WIRE_NOTHROW,           \
            (void *p, const void *nothrow), (void *, const void *), (p, nothrow))                  \
    DELETE(id##_aligned, "_Zd" letter "PvSt11align_val_t", form, 0, 0,                             \
            (void *p, size_t alignment), (void *, size_t), (p, alignment))                         \
    DELETE(id##_sized_aligned, "_Zd" letter "Pv" SIZE "St11align_val_t", form, size,               \
            RAMLENS_WIRE_SIZED, (void *p, size_t size, size_t alignment),                          \
            (void *, size_t, size_t), (p, size, alignment))                                        \
    DELETE(id##_aligned_nothrow, "_Zd" letter "PvSt11align_val_tRKSt9nothrow_t", form, 0,          \
            RAMLENS_WIRE_NOTHROW, (void *p, size_t alignment, const void *nothrow),                \
            (void *, size_t, const void *), (p, alignment, nothrow))

DELETE_FORMS(delete_one, "l", RAMLENS_WIRE_DELETE)
DELETE_FORMS(delete_array, "a", RAMLENS_WIRE_DELETE_ARRAY)
