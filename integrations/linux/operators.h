/// Which operator new or delete a call would have reached without the recorder.
///
/// The preload library stands before all libraries, so a call that arrives at a hook was bound past the program's own definitions, if
/// it has any. Behind the hook comes the next definition of the global scope, which is the same for every caller; or, where
/// C++ came with a plugin only, the one of the caller's own scope.
#ifndef RAMLENS_OPERATORS_H
#define RAMLENS_OPERATORS_H

#include <stdbool.h>
#include <stdint.h>

struct operator_found {
    void *function; ///< NULL: nobody defines it.
    bool standard; ///< It and all it may call do what the standard library's do: malloc, aligned_alloc and free.
    bool own_heap; ///< Standard, and of the library that gives malloc: it gets there without our malloc.
};

/// One operator. Zeroed but for its name; all else is private.
struct operator_entry {
    const char *name;
    uint32_t looked; ///< 1: `global` is right for every caller. 2: each scope has its own.
    struct operator_found global;
    uint32_t sequence; ///< Odd while the fields below change.
    uint32_t generation;
    uintptr_t low, high; ///< Module whose calls reach `local`.
    struct operator_found local;
};

/// The slow way of operators_find().
struct operator_found operators_look(struct operator_entry *e, uintptr_t caller);

/// The operator behind the hook for a call that returns to `caller`. One load as a rule; the first call of each operator, and of each
/// module where scopes differ, asks the loader, which may allocate.
static inline struct operator_found operators_find(struct operator_entry *e, uintptr_t caller) {
    if (__builtin_expect(__atomic_load_n(&e->looked, __ATOMIC_ACQUIRE) == 1, 1))
        return e->global;
    return operators_look(e, caller);
}

/// To be called before the real operator is: a standard one may jump on to another, whose hook then seems to be called by this library.
void operators_enter(struct operator_found found);

/// A library was closed: what was found in scopes of their own is looked up again.
void operators_forget(void);

#endif
