// Hooks of what becomes a kernel object on a chip: mutexes, conditions, rwlocks, semaphores, keys, barriers, threads.
//
// glibc allocates nothing for them; an RTOS does, in internal RAM. Creation and end are noted where the program says them, and a statically
// initialised object when it is first used, as the RTOS's pthread layer creates it.
#include "hooks.h"
#include "hooks_caps.h"
#include "locks.h"
#include "placed.h"
#include "ramlens_port.h"
#include "real.h"
#include "threads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/// The real function behind the hook `name`, found when it is first needed.
#define REAL(name)                                                                                 \
    ({                                                                                             \
        static __typeof__(&(name)) function;                                                       \
        if (__builtin_expect(function == NULL, 0))                                                 \
            function = (__typeof__(&(name)))(uintptr_t)real_next_thread(#name);                    \
        function;                                                                                  \
    })

static void note(enum kernel_operation operation, enum kernel_object object, uint64_t address,
        uint64_t size, struct call_site site) {
    struct recorder_thread *t = recorder_enter();
    if (t == NULL)
        return;
    threads_reclaim(t);
    uint32_t stack = recorder_note_kernel(t, operation, object, address, size, site);
    if (placed_is_on()) {
        if (operation == KERNEL_DESTROY)
            placed_object_end(t, object, address, stack, false);
        else
            placed_object_create(t, object, address, stack, 0, NULL);
    }
    recorder_leave(t);
}

/// A thread's creation: esp_pthread_set_cfg() of the creating thread says what stack it has.
static void note_thread(uint32_t number, uint64_t size, struct call_site site) {
    struct recorder_thread *t = recorder_enter();
    if (t == NULL)
        return;
    threads_reclaim(t);
    uint32_t stack = recorder_note_kernel(t, KERNEL_CREATE, KERNEL_THREAD, number, size, site);
    const struct ramlens_asks asks = { .count = 1,
        .tries = { caps_thread_config.stack_alloc_caps } };
    if (placed_is_on())
        placed_object_create(
                t, KERNEL_THREAD, number, stack, (uint32_t)caps_thread_config.stack_size, &asks);
    recorder_leave(t);
}

static void created(enum kernel_object object, const void *address, struct call_site site) {
    if (!recorder_is_alive())
        return;
    locks_add(address, false);
    note(KERNEL_CREATE, object, (uintptr_t)address, 0, site);
}

static void destroyed(enum kernel_object object, const void *address, struct call_site site) {
    if (recorder_is_alive() && locks_remove(address))
        note(KERNEL_DESTROY, object, (uintptr_t)address, 0, site);
}

/// Whether `address` is in no module and not on this stack: then it lies in a heap block (or in memory the program mapped).
static bool is_in_heap(const void *address, struct call_site site) {
    struct dl_find_object found;
    uintptr_t distance = (uintptr_t)address - site.slot;
    return _dl_find_object((void *)(uintptr_t)address, &found) != 0 && distance > 1u << 20;
}

static __attribute__((noinline)) void first_used(
        enum kernel_object object, const void *address, struct call_site site) {
    if (locks_add(address, is_in_heap(address, site)))
        note(KERNEL_FIRST_USE, object, (uintptr_t)address, 0, site);
}

/// Before each use: notes the first one of an object that no call initialised.
#define USED(object, address)                                                                      \
    do {                                                                                           \
        if (recorder_is_alive() && __builtin_expect(!locks_is_known(address), 0))                  \
            first_used(object, address, CALL_SITE());                                              \
    } while (0)

// A hook that only looks for a first use: name, object, declared parameters, arguments to pass on.
#define USE_HOOK(name, object, first, parameters, arguments)                                       \
    HOOK int name parameters {                                                                     \
        USED(object, first);                                                                       \
        return REAL(name) arguments;                                                               \
    }

// The header declares arguments nonnull; the hooks only pass them on.
#define INIT_HOOK(name, object, first, parameters, arguments)                                      \
    HOOK int name parameters {                                                                     \
        int result = REAL(name) arguments;                                                         \
        if (result == 0)                                                                           \
            created(object, first, CALL_SITE());                                                   \
        return result;                                                                             \
    }

#define DESTROY_HOOK(name, object, first, parameters, arguments)                                   \
    HOOK int name parameters {                                                                     \
        int result = REAL(name) arguments;                                                         \
        if (result == 0)                                                                           \
            destroyed(object, first, CALL_SITE());                                                 \
        return result;                                                                             \
    }

#define TIME const struct timespec *

INIT_HOOK(pthread_mutex_init, KERNEL_MUTEX, m, (pthread_mutex_t * m, const pthread_mutexattr_t *a),
        (m, a))
DESTROY_HOOK(pthread_mutex_destroy, KERNEL_MUTEX, m, (pthread_mutex_t * m), (m))
USE_HOOK(pthread_mutex_lock, KERNEL_MUTEX, m, (pthread_mutex_t * m), (m))
USE_HOOK(pthread_mutex_trylock, KERNEL_MUTEX, m, (pthread_mutex_t * m), (m))
USE_HOOK(pthread_mutex_timedlock, KERNEL_MUTEX, m, (pthread_mutex_t * m, TIME until), (m, until))
USE_HOOK(pthread_mutex_clocklock, KERNEL_MUTEX, m,
        (pthread_mutex_t * m, clockid_t clock, TIME until), (m, clock, until))

INIT_HOOK(pthread_cond_init, KERNEL_CONDITION, c, (pthread_cond_t * c, const pthread_condattr_t *a),
        (c, a))
DESTROY_HOOK(pthread_cond_destroy, KERNEL_CONDITION, c, (pthread_cond_t * c), (c))
USE_HOOK(pthread_cond_signal, KERNEL_CONDITION, c, (pthread_cond_t * c), (c))
USE_HOOK(pthread_cond_broadcast, KERNEL_CONDITION, c, (pthread_cond_t * c), (c))
USE_HOOK(pthread_cond_wait, KERNEL_CONDITION, c, (pthread_cond_t * c, pthread_mutex_t *m), (c, m))
USE_HOOK(pthread_cond_timedwait, KERNEL_CONDITION, c,
        (pthread_cond_t * c, pthread_mutex_t *m, TIME until), (c, m, until))
USE_HOOK(pthread_cond_clockwait, KERNEL_CONDITION, c,
        (pthread_cond_t * c, pthread_mutex_t *m, clockid_t clock, TIME until), (c, m, clock, until))

INIT_HOOK(pthread_rwlock_init, KERNEL_RWLOCK, l,
        (pthread_rwlock_t * l, const pthread_rwlockattr_t *a), (l, a))
DESTROY_HOOK(pthread_rwlock_destroy, KERNEL_RWLOCK, l, (pthread_rwlock_t * l), (l))
USE_HOOK(pthread_rwlock_rdlock, KERNEL_RWLOCK, l, (pthread_rwlock_t * l), (l))
USE_HOOK(pthread_rwlock_wrlock, KERNEL_RWLOCK, l, (pthread_rwlock_t * l), (l))
USE_HOOK(pthread_rwlock_tryrdlock, KERNEL_RWLOCK, l, (pthread_rwlock_t * l), (l))
USE_HOOK(pthread_rwlock_trywrlock, KERNEL_RWLOCK, l, (pthread_rwlock_t * l), (l))
USE_HOOK(pthread_rwlock_timedrdlock, KERNEL_RWLOCK, l, (pthread_rwlock_t * l, TIME until),
        (l, until))
USE_HOOK(pthread_rwlock_timedwrlock, KERNEL_RWLOCK, l, (pthread_rwlock_t * l, TIME until),
        (l, until))
USE_HOOK(pthread_rwlock_clockrdlock, KERNEL_RWLOCK, l,
        (pthread_rwlock_t * l, clockid_t clock, TIME until), (l, clock, until))
USE_HOOK(pthread_rwlock_clockwrlock, KERNEL_RWLOCK, l,
        (pthread_rwlock_t * l, clockid_t clock, TIME until), (l, clock, until))

INIT_HOOK(
        sem_init, KERNEL_SEMAPHORE, s, (sem_t * s, int shared, unsigned value), (s, shared, value))
DESTROY_HOOK(sem_destroy, KERNEL_SEMAPHORE, s, (sem_t * s), (s))

INIT_HOOK(pthread_barrier_init, KERNEL_BARRIER, b,
        (pthread_barrier_t * b, const pthread_barrierattr_t *a, unsigned count), (b, a, count))
DESTROY_HOOK(pthread_barrier_destroy, KERNEL_BARRIER, b, (pthread_barrier_t * b), (b))

HOOK int pthread_key_create(pthread_key_t *key, void (*destructor)(void *)) {
    int result = REAL(pthread_key_create)(key, destructor);
    if (result == 0 && recorder_is_alive())
        note(KERNEL_CREATE, KERNEL_KEY, *key, 0, CALL_SITE());
    return result;
}

HOOK int pthread_key_delete(pthread_key_t key) {
    int result = REAL(pthread_key_delete)(key);
    if (result == 0 && recorder_is_alive())
        note(KERNEL_DESTROY, KERNEL_KEY, key, 0, CALL_SITE());
    return result;
}

// ---- threads

/// What a new thread is to run; taken from a list that is reused.
struct beginning {
    void *(*start)(void *);
    void *argument;
    uint32_t number;
    struct beginning *next;
    struct thread_life *life;
    struct esp_pthread_config config; ///< Handed down; stack size 0: none.
};

static struct beginning *spare;

static struct beginning *take_beginning(void) {
    enum { MORE = 32 };
    ramlens_port_lock();
    struct beginning *more = spare == NULL ? ramlens_port_map(MORE * sizeof *more) : NULL;
    for (int i = 0; more != NULL && i < MORE; i++) {
        more[i].next = spare;
        spare = &more[i];
    }
    struct beginning *b = spare;
    if (b != NULL)
        spare = b->next;
    ramlens_port_unlock();
    return b;
}

static void give_beginning(struct beginning *b) {
    ramlens_port_lock();
    b->next = spare;
    spare = b;
    ramlens_port_unlock();
}

static void *run_thread(void *argument) {
    // The C library's own frames lie above this one, and above them its thread descriptor: this much is stack.
    enum { ABOVE = 1024 };
    struct beginning b = *(struct beginning *)argument;
    give_beginning(argument);
    recorder_thread_begin(b.number, (uintptr_t)__builtin_frame_address(0) + ABOVE, b.life);
    threads_started(b.life, b.number, pthread_self());
    caps_thread_config = b.config;
    return b.start(b.argument);
}

/// The stack size that the program asked for; 0 when it left it to the default.
static uint64_t asked_stack_bytes(const pthread_attr_t *attributes) {
    pthread_attr_t fresh;
    size_t usual = 0, asked = 0;
    if (attributes == NULL || pthread_attr_init(&fresh) != 0)
        return 0;
    pthread_attr_getstacksize(&fresh, &usual);
    pthread_attr_getstacksize(attributes, &asked);
    pthread_attr_destroy(&fresh);
    return asked == usual ? 0 : asked;
}

static bool is_detached(const pthread_attr_t *attributes) {
    int state = PTHREAD_CREATE_JOINABLE;
    return attributes != NULL && pthread_attr_getdetachstate(attributes, &state) == 0 &&
           state == PTHREAD_CREATE_DETACHED;
}

HOOK int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
        void *argument) {
    struct beginning *b = recorder_is_alive() ? take_beginning() : NULL;
    if (b == NULL)
        return REAL(pthread_create)(thread, attributes, start, argument);
    uint32_t number = recorder_thread_reserve();
    struct thread_life *life = threads_new(number, is_detached(attributes));
    *b = (struct beginning){ .start = start, .argument = argument, .number = number, .life = life };
    if (caps_thread_config.inherit_cfg)
        b->config = caps_thread_config;
    struct call_site site = CALL_SITE();
    note_thread(number, asked_stack_bytes(attributes), site);
    int result = REAL(pthread_create)(thread, attributes, run_thread, b);
    if (result == 0) {
        threads_started(life, number, *thread);
    } else {
        give_beginning(b);
        note(KERNEL_DESTROY, KERNEL_THREAD, number, 0, site);
        threads_failed(life, number, site);
    }
    return result;
}

// A handle may be another thread's as soon as the real call has returned.
#define JOIN_HOOK(name, parameters, arguments)                                                     \
    HOOK int name parameters {                                                                     \
        struct thread_life *life = recorder_is_alive() ? threads_find(thread) : NULL;              \
        int result = REAL(name) arguments;                                                         \
        if (result == 0)                                                                           \
            threads_joined(life, CALL_SITE());                                                     \
        return result;                                                                             \
    }

JOIN_HOOK(pthread_join, (pthread_t thread, void **value), (thread, value))
JOIN_HOOK(pthread_tryjoin_np, (pthread_t thread, void **value), (thread, value))
JOIN_HOOK(
        pthread_timedjoin_np, (pthread_t thread, void **value, TIME until), (thread, value, until))
JOIN_HOOK(pthread_clockjoin_np, (pthread_t thread, void **value, clockid_t clock, TIME until),
        (thread, value, clock, until))

HOOK int pthread_detach(pthread_t thread) {
    struct thread_life *life = recorder_is_alive() ? threads_find(thread) : NULL;
    int result = REAL(pthread_detach)(thread);
    if (result == 0)
        threads_detached(life, CALL_SITE());
    return result;
}

HOOK int pthread_setname_np(pthread_t thread, const char *name) {
    int result = REAL(pthread_setname_np)(thread, name);
    if (result == 0 && pthread_equal(thread, pthread_self()))
        recorder_rename_self(name);
    return result;
}
