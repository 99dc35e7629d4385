// Hooks of operator new and delete, all replaceable forms.
//
// Where the program uses the standard library's own operators, the memory comes straight from malloc, as it does there: this tells
// the form and saves a frame. Where the program replaced an operator, and for aligned forms and failures (new-handlers,
// exceptions), the real operator is called, and the malloc it makes is noted under the form that was asked for.
//
// Compiled with -fexceptions: std::bad_alloc and what a new-handler throws pass through these frames.
#include "hooks.h"
#include "ramlens_port.h"
#include "real.h"

#ifdef __LP64__
#    define SIZE "m"
#else
#    define SIZE "j"
#endif

/// A real operator, looked up when it is first used.
struct operator_entry {
    const char *name;
    void *function; ///< NULL: not looked up, or none.
    bool looked;
    bool standard; ///< Nobody replaced it.
};

static struct operator_entry *find(struct operator_entry *e) {
    if (__builtin_expect(!e->looked, 0)) {
        e->function = real_next_cxx(e->name);
        e->standard = e->function == NULL || real_is_standard_cxx(e->function);
        __atomic_store_n(&e->looked, true, __ATOMIC_RELEASE);
    }
    return e;
}

/// Takes back what was announced, also when an exception passes.
static void withdraw(struct recorder_thread **t) {
    if (*t != NULL)
        (*t)->pending.request.kind = 0;
}

/// Lets the next malloc or free of this thread be noted as `r` at `site`. NULL when nothing is recorded.
static struct recorder_thread *announce(struct ramlens_wire_request r, struct call_site site) {
    struct recorder_thread *t = recorder_enter();
    if (t == NULL)
        return NULL;
    t->pending.request = r;
    t->pending.site = site;
    recorder_leave(t);
    return t;
}

/// The standard operator's own way to memory; NULL when it failed, unnoted: the real operator will try again and know what to do.
static void *new_by_malloc(struct ramlens_wire_request *r, struct call_site site) {
    if (real.malloc == NULL)
        return NULL;
    struct recorder_thread *t = recorder_enter();
    void *p = real.malloc(r->size == 0 ? 1 : (size_t)r->size);
    if (t == NULL)
        return p;
    if (p == NULL) {
        recorder_leave(t);
        return NULL;
    }
    hooks_note_allocation(t, site, p, r);
    return p;
}

#define WITH_ANNOUNCED(request, site)                                                              \
    struct recorder_thread *announced __attribute__((cleanup(withdraw))) =                         \
            announce(request, site);                                                               \
    (void)announced

#define NEW_PLAIN(id, symbol, form)                                                                \
    HOOK void *id(size_t size) __asm__(symbol);                                                    \
    HOOK void *id(size_t size) {                                                                   \
        static struct operator_entry entry = { .name = symbol };                                   \
        struct ramlens_wire_request r = { .kind = (form), .size = size };                          \
        struct call_site site = CALL_SITE();                                                       \
        void *p = find(&entry)->standard ? new_by_malloc(&r, site) : NULL;                         \
        if (__builtin_expect(p != NULL, 1))                                                        \
            return p;                                                                              \
        WITH_ANNOUNCED(r, site);                                                                   \
        return ((void *(*)(size_t))(uintptr_t)entry.function)(size);                               \
    }

#define NEW_NOTHROW(id, symbol, form)                                                              \
    HOOK void *id(size_t size, const void *nothrow) __asm__(symbol);                               \
    HOOK void *id(size_t size, const void *nothrow) {                                              \
        static struct operator_entry entry = { .name = symbol };                                   \
        struct ramlens_wire_request r = {                                                          \
            .kind = (form), .size = size, .flags = RAMLENS_WIRE_NOTHROW                            \
        };                                                                                         \
        struct call_site site = CALL_SITE();                                                       \
        void *p = find(&entry)->standard ? new_by_malloc(&r, site) : NULL;                         \
        if (__builtin_expect(p != NULL, 1))                                                        \
            return p;                                                                              \
        WITH_ANNOUNCED(r, site);                                                                   \
        return ((void *(*)(size_t, const void *))(uintptr_t)entry.function)(size, nothrow);        \
    }

#define NEW_ALIGNED(id, symbol, form)                                                              \
    HOOK void *id(size_t size, size_t alignment) __asm__(symbol);                                  \
    HOOK void *id(size_t size, size_t alignment) {                                                 \
        static struct operator_entry entry = { .name = symbol };                                   \
        struct ramlens_wire_request r = { .kind = (form),                                          \
            .size = size,                                                                          \
            .flags = RAMLENS_WIRE_HAS_ALIGNMENT,                                                   \
            .alignment = (uint32_t)alignment };                                                    \
        find(&entry);                                                                              \
        WITH_ANNOUNCED(r, CALL_SITE());                                                            \
        return ((void *(*)(size_t, size_t))(uintptr_t)entry.function)(size, alignment);            \
    }

#define NEW_ALIGNED_NOTHROW(id, symbol, form)                                                      \
    HOOK void *id(size_t size, size_t alignment, const void *nothrow) __asm__(symbol);             \
    HOOK void *id(size_t size, size_t alignment, const void *nothrow) {                            \
        static struct operator_entry entry = { .name = symbol };                                   \
        struct ramlens_wire_request r = { .kind = (form),                                          \
            .size = size,                                                                          \
            .flags = RAMLENS_WIRE_HAS_ALIGNMENT | RAMLENS_WIRE_NOTHROW,                            \
            .alignment = (uint32_t)alignment };                                                    \
        find(&entry);                                                                              \
        WITH_ANNOUNCED(r, CALL_SITE());                                                            \
        return ((void *(*)(size_t, size_t, const void *))(uintptr_t)entry.function)(               \
                size, alignment, nothrow);                                                         \
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

/// The standard operator's own way: free. False when the operator was replaced and must be called.
static bool delete_by_free(struct operator_entry *entry, void *p, struct ramlens_wire_request *r,
        struct call_site site) {
    if (p == NULL || real_is_early(p))
        return true;
    if (!find(entry)->standard || real.free == NULL)
        return false;
    struct recorder_thread *t = recorder_enter();
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
        if (delete_by_free(&entry, p, &r, site))                                                   \
            return;                                                                                \
        WITH_ANNOUNCED(r, site);                                                                   \
        ((void(*) types)(uintptr_t)entry.function) arguments;                                      \
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
