// The program that the documentation records: a thread keeps the latest lines of a text in a ring, twice.
#include "ramlens.h"
#include "ring.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

enum { CYCLES = 2, LINES = 200, PICTURE_BYTES = 20000 };

static struct ring *ring;
static sem_t full, stop;

static void *write_lines(void *unused) {
    (void)unused;
    for (int i = 0; i < LINES; i++) {
        char line[40];
        (void)snprintf(line, sizeof line, "line %d of a text that nobody reads", i);
        ring_add(ring, line);
    }
    sem_post(&full);
    sem_wait(&stop);
    return NULL;
}

int main(void) {
    sem_init(&full, 0, 0);
    sem_init(&stop, 0, 0);
    char *picture = malloc(PICTURE_BYTES);
    ramlens_checkpoint("start", 0);
    ring = ring_new(64);
    ramlens_checkpoint("ready", 0);
    for (unsigned cycle = 1; cycle <= CYCLES; cycle++) {
        pthread_t writer;
        if (pthread_create(&writer, NULL, write_lines, NULL) != 0)
            return 1;
        sem_wait(&full);
        ramlens_checkpoint("running", cycle); // the writer waits: the program is quiet
        sem_post(&stop);
        pthread_join(writer, NULL);
        ring_empty(ring);
        ramlens_checkpoint("closed", cycle);
    }
    ring_free(ring);
    free(picture);
    sem_destroy(&full);
    sem_destroy(&stop);
    return 0;
}
