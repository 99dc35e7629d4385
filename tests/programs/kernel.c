// Every kind of kernel object: made by a call, by first use, ended, abandoned in a freed block. kernel.expected lists the events.
#include "ramlens.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void expect(int result, int wanted) {
    if (result != wanted)
        abort();
}

static void mutexes(void) {
    static pthread_mutex_t still = PTHREAD_MUTEX_INITIALIZER;
    static pthread_mutex_t tried = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_t made, recursive;
    pthread_mutexattr_t attributes;
    ramlens_checkpoint("mutex", 0);
    expect(pthread_mutex_init(&made, NULL), 0); // #0
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&made);
        pthread_mutex_unlock(&made);
    }
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    expect(pthread_mutex_init(&recursive, &attributes), 0); // #1
    expect(pthread_mutex_lock(&recursive), 0);
    expect(pthread_mutex_lock(&recursive), 0);
    pthread_mutex_unlock(&recursive);
    pthread_mutex_unlock(&recursive);
    pthread_mutexattr_destroy(&attributes);
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&still); // #2, the first time
        pthread_mutex_unlock(&still);
    }
    expect(pthread_mutex_trylock(&tried), 0); // #3
    expect(pthread_mutex_trylock(&tried), EBUSY);
    struct timespec past = { 1, 0 };
    expect(pthread_mutex_timedlock(&tried, &past), ETIMEDOUT);
    pthread_mutex_unlock(&tried);
    pthread_mutex_destroy(&still);
    pthread_mutex_lock(&still); // again a first use
    pthread_mutex_unlock(&still);
    pthread_mutex_destroy(&still);
    pthread_mutex_destroy(&recursive);
    pthread_mutex_destroy(&made);
}

static void conditions(void) {
    static pthread_cond_t still = PTHREAD_COND_INITIALIZER;
    static pthread_cond_t waited = PTHREAD_COND_INITIALIZER;
    static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    pthread_mutex_t m;
    pthread_cond_t made;
    ramlens_checkpoint("condition", 0);
    pthread_mutex_init(&m, NULL);
    expect(pthread_cond_init(&made, NULL), 0);
    pthread_cond_signal(&made);
    pthread_cond_signal(&still); // first use
    pthread_cond_broadcast(&still);
    pthread_mutex_lock(&m);
    struct timespec past = { 1, 0 };
    expect(pthread_cond_timedwait(&waited, &m, &past), ETIMEDOUT); // first use
    pthread_mutex_unlock(&m);
    pthread_cond_destroy(&never); // never used: never was one
    pthread_cond_destroy(&waited);
    pthread_cond_destroy(&still);
    pthread_cond_destroy(&made);
    pthread_mutex_destroy(&m);
}

static void others(void) {
    static pthread_rwlock_t still = PTHREAD_RWLOCK_INITIALIZER;
    pthread_rwlock_t made;
    sem_t semaphore;
    pthread_barrier_t barrier;
    pthread_key_t key;
    ramlens_checkpoint("others", 0);
    expect(pthread_rwlock_init(&made, NULL), 0);
    pthread_rwlock_wrlock(&made);
    pthread_rwlock_unlock(&made);
    pthread_rwlock_rdlock(&still); // first use
    expect(pthread_rwlock_trywrlock(&still), EBUSY);
    pthread_rwlock_unlock(&still);
    expect(sem_init(&semaphore, 0, 1), 0);
    sem_wait(&semaphore);
    sem_post(&semaphore);
    expect(pthread_barrier_init(&barrier, NULL, 1), 0);
    pthread_barrier_wait(&barrier);
    expect(pthread_key_create(&key, NULL), 0);
    ramlens_checkpoint("all-live", 0);
    pthread_key_delete(key);
    pthread_barrier_destroy(&barrier);
    sem_destroy(&semaphore);
    pthread_rwlock_destroy(&still);
    pthread_rwlock_destroy(&made);
    ramlens_checkpoint("none-live", 0);
    // What fails makes nothing.
    expect(pthread_barrier_init(&barrier, NULL, 0), EINVAL);
    expect(pthread_key_delete(key), EINVAL);
    ramlens_checkpoint("failed", 0);
}

struct holder {
    char front[40];
    pthread_mutex_t lock;
    pthread_cond_t condition;
    char back[4000]; // its own place in the heap: the next of its size gets the same
};

/// Locks in blocks that are freed without a destroy: on a chip their kernel objects are lost.
static void *freed_with_locks(int by_call) {
    static const pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static const pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    struct holder *h = malloc(sizeof *h);
    if (by_call) {
        pthread_mutex_init(&h->lock, NULL);
        pthread_cond_init(&h->condition, NULL);
    } else {
        h->lock = mutex;
        h->condition = condition;
    }
    pthread_mutex_lock(&h->lock);
    pthread_cond_signal(&h->condition);
    pthread_mutex_unlock(&h->lock);
    void *where = h;
    free(h);
    return where;
}

static void abandoned(void) {
    ramlens_checkpoint("heap", 0);
    void *first = freed_with_locks(0);
    ramlens_checkpoint("abandoned", 1);
    void *second = freed_with_locks(0);
    ramlens_checkpoint("abandoned", 2);
    void *third = freed_with_locks(1);
    ramlens_checkpoint("abandoned", 3);
    if (first != second || second != third)
        abort(); // the allocator has changed: this program shows nothing
    // One that is destroyed in time, at the same place.
    struct holder *h = malloc(sizeof *h);
    pthread_mutex_init(&h->lock, NULL);
    pthread_mutex_destroy(&h->lock);
    free(h);
    ramlens_checkpoint("end", 0);
}

int main(void) {
    mutexes();
    conditions();
    others();
    abandoned();
    return 0;
}
