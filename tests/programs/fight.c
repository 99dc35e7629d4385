// Threads fight over addresses: each frees what another allocated a moment ago, so that the allocator hands the same addresses back and
// forth. A recorder that swaps a free and the next allocation of an address shows two live blocks at one address.
// usage: fight THREADS ROUNDS
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 8 };

static _Atomic(void *) slots[SLOTS];
static int rounds;

static unsigned next_random(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static void *fight(void *seed) {
    unsigned state = (unsigned)(size_t)seed;
    for (int i = 0; i < rounds; i++) {
        unsigned r = next_random(&state);
        void *p = atomic_exchange(&slots[r % SLOTS], NULL);
        if (r & 0x100) {
            free(p);
            p = malloc(24 + r % 3 * 16);
        } else {
            p = realloc(p, 24 + r % 2000);
        }
        if (p == NULL)
            abort();
        memset(p, 1, 24);
        free(atomic_exchange(&slots[(r >> 4) % SLOTS], p));
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    int count = atoi(argv[1]);
    rounds = atoi(argv[2]);
    pthread_t *threads = malloc((size_t)count * sizeof *threads);
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, fight, (void *)(size_t)(i + 1));
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    for (int i = 0; i < SLOTS; i++)
        free(slots[i]);
    puts("done");
    return 0;
}
