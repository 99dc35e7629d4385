// See threads.h. The list is short: threads that live, or have ended and were neither joined nor reclaimed. Under the port's lock.
#include "threads.h"

#include "placed.h"
#include "ramlens_port.h"

#include <stddef.h>

struct thread_life {
    struct thread_life *next;
    pthread_t handle;
    uint64_t end; ///< Nanoseconds.
    uint32_t number;
    bool has_handle;
    bool detached;
    bool ended;
};

static struct thread_life *lives;
static struct thread_life *spares;
static uint32_t waiting; ///< Detached ones that have ended.

struct thread_life *threads_new(uint32_t number, bool detached) {
    enum { MORE = 64 };
    ramlens_port_lock();
    struct thread_life *more =
            spares == NULL ? ramlens_port_map(MORE * sizeof(struct thread_life)) : NULL;
    for (int i = 0; more != NULL && i < MORE; i++) {
        more[i].next = spares;
        spares = &more[i];
    }
    struct thread_life *life = spares;
    if (life != NULL) {
        spares = life->next;
        *life = (struct thread_life){ .next = lives, .number = number, .detached = detached };
        lives = life;
    }
    ramlens_port_unlock();
    return life;
}

static void drop_locked(struct thread_life *life) {
    struct thread_life **link = &lives;
    while (*link != NULL && *link != life)
        link = &(*link)->next;
    if (*link == NULL)
        return;
    *link = life->next;
    life->number = 0;
    life->next = spares;
    spares = life;
}

static void drop(struct thread_life *life) {
    ramlens_port_lock();
    if (life != NULL)
        drop_locked(life);
    ramlens_port_unlock();
}

void threads_started(struct thread_life *life, uint32_t number, pthread_t handle) {
    ramlens_port_lock();
    if (life != NULL && life->number == number && !life->ended) {
        life->handle = handle;
        life->has_handle = true;
    }
    ramlens_port_unlock();
}

void threads_ended(struct thread_life *life) {
    ramlens_port_lock();
    if (life != NULL) {
        life->ended = true;
        life->end = trace_clock_nanoseconds();
        if (life->detached) {
            life->has_handle = false;
            __atomic_store_n(&waiting, waiting + 1, __ATOMIC_RELAXED);
        }
    }
    ramlens_port_unlock();
}

struct thread_life *threads_find(pthread_t handle) {
    ramlens_port_lock();
    struct thread_life *life = lives;
    while (life != NULL && !(life->has_handle && pthread_equal(life->handle, handle)))
        life = life->next;
    ramlens_port_unlock();
    return life;
}

static void note_reclaimed(struct recorder_thread *t, uint32_t number, struct call_site site) {
    uint32_t stack = recorder_note_kernel(t, KERNEL_RECLAIMED, KERNEL_THREAD, number, 0, site);
    if (placed_is_on())
        placed_object_end(t, KERNEL_THREAD, number, stack, false);
}

static void reclaim_now(uint32_t number, struct call_site site) {
    struct recorder_thread *t = recorder_enter();
    if (t == NULL)
        return;
    note_reclaimed(t, number, site);
    recorder_leave(t);
}

void threads_joined(struct thread_life *life, struct call_site site) {
    if (life == NULL)
        return;
    uint32_t number = life->number;
    drop(life);
    reclaim_now(number, site);
}

void threads_failed(struct thread_life *life, uint32_t number, struct call_site site) {
    drop(life);
    reclaim_now(number, site);
}

void threads_detached(struct thread_life *life, struct call_site site) {
    if (life == NULL)
        return;
    uint32_t number = life->number;
    ramlens_port_lock();
    life->detached = true;
    bool ended = life->ended;
    if (ended)
        drop_locked(life);
    ramlens_port_unlock();
    if (ended)
        reclaim_now(number, site);
}

/// The number of a detached thread that has ended long enough ago; 0 when there is none.
static uint32_t take_due(void) {
    enum { IDLE_NANOSECONDS = 1000000 };
    uint32_t number = 0;
    uint64_t now = trace_clock_nanoseconds();
    ramlens_port_lock();
    for (struct thread_life *life = lives; life != NULL && number == 0; life = life->next) {
        if (!life->detached || !life->ended || now - life->end < IDLE_NANOSECONDS)
            continue;
        number = life->number;
        drop_locked(life);
        __atomic_store_n(&waiting, waiting - 1, __ATOMIC_RELAXED);
        break;
    }
    ramlens_port_unlock();
    return number;
}

void threads_reclaim(struct recorder_thread *t) {
    if (__builtin_expect(__atomic_load_n(&waiting, __ATOMIC_RELAXED) == 0, 1))
        return;
    uint32_t number;
    while ((number = take_due()) != 0)
        note_reclaimed(t, number, (struct call_site){ 0, 0 });
}
