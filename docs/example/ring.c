// See ring.h.
#include "ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct ring {
    pthread_mutex_t lock;
    size_t count, next;
    char **lines;
};

struct ring *ring_new(size_t count) {
    struct ring *r = malloc(sizeof *r);
    char **lines = calloc(count, sizeof *lines);
    if (r == NULL || lines == NULL) {
        free(r);
        free(lines);
        return NULL;
    }
    pthread_mutex_init(&r->lock, NULL);
    r->count = count;
    r->next = 0;
    r->lines = lines;
    return r;
}

void ring_add(struct ring *r, const char *line) {
    pthread_mutex_lock(&r->lock);
    free(r->lines[r->next]);
    r->lines[r->next] = strdup(line);
    r->next = (r->next + 1) % r->count;
    pthread_mutex_unlock(&r->lock);
}

void ring_empty(struct ring *r) {
    for (size_t i = 0; i < r->count; i++) {
        free(r->lines[i]);
        r->lines[i] = NULL;
    }
}

void ring_free(struct ring *r) {
    ring_empty(r);
    pthread_mutex_destroy(&r->lock);
    free(r->lines);
    free(r);
}
