// Finding the operators behind the hooks: see operators.h.
//
// An operator is taken as standard only if none of the basic ones is replaced, because the standard library's others call them:
// new[] calls new, a sized delete calls the plain one. Allocators that bring operators of their own (they give malloc, too) do what
// their malloc and free do.
#include "operators.h"

#include "ramlens_port.h"
#include "real.h"
#include "recorder.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

#ifdef __LP64__
#    define SIZE "m"
#else
#    define SIZE "j"
#endif

static const char *const basic_names[] = {
    "_Znw" SIZE,
    "_Zna" SIZE,
    "_Znw" SIZE "RKSt9nothrow_t",
    "_Zna" SIZE "RKSt9nothrow_t",
    "_Znw" SIZE "St11align_val_t",
    "_Zna" SIZE "St11align_val_t",
    "_ZdlPv",
    "_ZdaPv",
    "_ZdlPv" SIZE,
    "_ZdaPv" SIZE,
    "_ZdlPvSt11align_val_t",
    "_ZdaPvSt11align_val_t",
};

enum { BASIC_NAMES = sizeof basic_names / sizeof basic_names[0] };

static uint32_t generation; // of closed libraries

/// The real operator that a hook called last.
static __thread uintptr_t outer __attribute__((tls_model("initial-exec")));

static const void *module_of(const void *function) {
    Dl_info info;
    return dladdr(function, &info) == 0 ? NULL : info.dli_fbase;
}

static bool is_ours(const void *function) {
    return module_of(function) == module_of(basic_names);
}

static bool is_allocators(const void *function) {
    return module_of(function) == module_of((const void *)(uintptr_t)real.malloc);
}

/// Whether `function` is the standard library's, or of the library that gives malloc.
static bool is_standard(const void *function) {
    Dl_info info;
    if (dladdr(function, &info) == 0 || info.dli_fname == NULL)
        return false;
    const char *slash = strrchr(info.dli_fname, '/');
    const char *base = slash == NULL ? info.dli_fname : slash + 1;
    return strncmp(base, "libstdc++.so", 12) == 0 || strncmp(base, "libc++", 6) == 0 ||
           is_allocators(function);
}

// ---- the global scope

/// Whether anyone between the program and the standard library replaced an operator.
static bool replaced_globally(void) {
    static uint32_t answer; // 0: not asked yet; 1: no; 2: yes
    if (answer != 0)
        return answer == 2;
    bool replaced = false;
    for (int i = 0; i < BASIC_NAMES && !replaced; i++) {
        const void *first = dlsym(RTLD_DEFAULT, basic_names[i]);
        const void *next = dlsym(RTLD_NEXT, basic_names[i]);
        replaced = (first != NULL && !is_ours(first)) || (next != NULL && !is_standard(next));
    }
    answer = replaced ? 2 : 1;
    return replaced;
}

static void look_globally(struct operator_entry *e) {
    void *function = dlsym(RTLD_NEXT, e->name);
    if (function != NULL) {
        bool standard = is_standard(function) && !replaced_globally();
        e->global =
                (struct operator_found){ function, standard, standard && is_allocators(function) };
    }
    __atomic_store_n(&e->looked, function != NULL ? 1 : 2, __ATOMIC_RELEASE);
}

// ---- scopes of their own

static struct operator_found look_in(void *scope, const char *name) {
    void *function = dlsym(scope, name);
    struct operator_found found = { function, function == NULL || is_standard(function), false };
    for (int i = 0; i < BASIC_NAMES && found.standard && function != NULL; i++) {
        const void *basic = dlsym(scope, basic_names[i]);
        found.standard = basic == NULL || is_standard(basic);
    }
    return found;
}

/// What was found for this module before; false when it was another module, or before a library was closed.
static bool recall(struct operator_entry *e, uintptr_t caller, struct operator_found *found) {
    uint32_t sequence = __atomic_load_n(&e->sequence, __ATOMIC_ACQUIRE);
    uintptr_t low = __atomic_load_n(&e->low, __ATOMIC_RELAXED);
    uintptr_t high = __atomic_load_n(&e->high, __ATOMIC_RELAXED);
    uint32_t then = __atomic_load_n(&e->generation, __ATOMIC_RELAXED);
    found->function = __atomic_load_n(&e->local.function, __ATOMIC_RELAXED);
    found->standard = __atomic_load_n(&e->local.standard, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return sequence % 2 == 0 && __atomic_load_n(&e->sequence, __ATOMIC_RELAXED) == sequence &&
           then == __atomic_load_n(&generation, __ATOMIC_ACQUIRE) && caller - low < high - low;
}

static void remember(struct operator_entry *e, const struct dl_find_object *module, uint32_t now,
        struct operator_found found) {
    ramlens_port_lock();
    __atomic_add_fetch(&e->sequence, 1, __ATOMIC_ACQ_REL);
    __atomic_store_n(&e->low, (uintptr_t)module->dlfo_map_start, __ATOMIC_RELAXED);
    __atomic_store_n(&e->high, (uintptr_t)module->dlfo_map_end, __ATOMIC_RELAXED);
    __atomic_store_n(&e->generation, now, __ATOMIC_RELAXED);
    __atomic_store_n(&e->local.function, found.function, __ATOMIC_RELAXED);
    __atomic_store_n(&e->local.standard, found.standard, __ATOMIC_RELAXED);
    __atomic_add_fetch(&e->sequence, 1, __ATOMIC_RELEASE);
    ramlens_port_unlock();
}

static bool is_own_code(uintptr_t address) {
    struct dl_find_object here, there;
    return _dl_find_object((void *)address, &there) == 0 &&
           _dl_find_object((void *)(uintptr_t)operators_enter, &here) == 0 &&
           here.dlfo_map_start == there.dlfo_map_start;
}

void operators_enter(struct operator_found found) {
    outer = (uintptr_t)found.function;
}

static bool is_within(const struct dl_find_object *module, uintptr_t address) {
    uintptr_t low = (uintptr_t)module->dlfo_map_start;
    return address - low < (uintptr_t)module->dlfo_map_end - low;
}

static void *open_again(const struct link_map *module) {
    return dlopen(module->l_name, RTLD_LAZY | RTLD_NOLOAD);
}

/// Whether `library` was loaded with `module`, or before it: what `module` sees of it lies there.
static bool sees(const struct link_map *module, const struct dl_find_object *library) {
    void *scope = open_again(module);
    if (scope == NULL)
        return false;
    uintptr_t found = (uintptr_t)dlsym(scope, "_ZSt15get_new_handlerv");
    real.dlclose(scope);
    return is_within(library, found);
}

/// The module in whose scope calls from `caller` are bound: its own, but of the standard library that of the plugin which brought it. The loader lists
/// a plugin before what it needs.
static const struct link_map *loader_of(const struct dl_find_object *caller) {
    const struct link_map *module = caller->dlfo_link_map;
    if (!is_standard(caller->dlfo_map_start))
        return module;
    while (module->l_prev != NULL && sees(module->l_prev, caller))
        module = module->l_prev;
    return module;
}

static struct operator_found look_locally(struct operator_entry *e, uintptr_t caller) {
    struct operator_found found = { NULL, true, false };
    struct dl_find_object module;
    if (recall(e, caller, &found))
        return found;
    found = (struct operator_found){ NULL, true, false };
    uint32_t now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
    if (_dl_find_object((void *)caller, &module) != 0)
        return found;
    const struct link_map *loader = loader_of(&module);
    void *scope = open_again(loader);
    if (scope == NULL)
        return found;
    found = look_in(scope, e->name);
    // A library that was bound to a plugin's operator keeps the plugin loaded, with the recorder and without.
    if (loader == module.dlfo_link_map || is_within(&module, (uintptr_t)found.function))
        real.dlclose(scope); // not the hook: nothing goes away
    remember(e, &module, now, found);
    return found;
}

static struct operator_found look(struct operator_entry *e, uintptr_t caller) {
    if (__atomic_load_n(&e->looked, __ATOMIC_ACQUIRE) == 0)
        look_globally(e);
    if (__atomic_load_n(&e->looked, __ATOMIC_ACQUIRE) == 1)
        return e->global;
    return look_locally(e, is_own_code(caller) ? outer : caller);
}

struct operator_found operators_look(struct operator_entry *e, uintptr_t caller) {
    if (real.malloc == NULL)
        real_resolve();
    // What the loader allocates meanwhile is not what an operator under way asked for.
    struct recorder_thread *t = recorder_enter();
    struct operator_found found = look(e, caller);
    if (t != NULL)
        recorder_leave(t);
    return found;
}

void operators_forget(void) {
    __atomic_add_fetch(&generation, 1, __ATOMIC_ACQ_REL);
}
