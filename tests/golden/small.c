// A small program whose recording is kept: two threads, every way to ask for a block, checkpoints,
// a thread's name.
#define _GNU_SOURCE
#include "ramlens.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *handed[8];

static void *work(void *seed) {
    unsigned state = *(unsigned *)seed;
    pthread_setname_np(pthread_self(), "worker");
    for (int i = 0; i < 60; i++) {
        state = state * 1664525u + 1013904223u;
        unsigned slot = state >> 29;
        pthread_mutex_lock(&lock);
        void *p = handed[slot];
        handed[slot] = i % 3 == 0 ? calloc(1, state >> 26) : realloc(p, (state >> 24) + 1);
        if (i % 3 == 0)
            free(p);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(void) {
    unsigned seeds[2] = { 1, 2 };
    pthread_t threads[2];
    ramlens_checkpoint("start", 0);
    free(memalign(64, 100));
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, work, &seeds[i]) != 0)
            return 1;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ramlens_checkpoint("done", 1);
    for (int i = 0; i < 8; i++)
        free(handed[i]);
    ramlens_checkpoint("end", 0);
    return 0;
}
