// Blocks of known sizes, for what a chip's heaps make of them: some kept, some freed, one too large for any heap if asked for.
#include "ramlens.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 40 };

int main(int argc, char **argv) {
    static void *volatile kept[KEPT];
    pthread_mutex_t lock;
    ramlens_checkpoint("start", 0);
    for (int i = 0; i < KEPT; i++)
        kept[i] = malloc(1000);
    void *volatile large = malloc(20000);
    void *volatile passing = malloc(16000);
    ramlens_checkpoint("held", 0);
    free(passing);
    for (int i = 0; i < KEPT; i += 2)
        free(kept[i]);
    pthread_mutex_init(&lock, NULL);
    ramlens_checkpoint("holes", 0);
    if (argc > 1 && strcmp(argv[1], "huge") == 0)
        free(malloc(40 << 20));
    pthread_mutex_destroy(&lock);
    for (int i = 1; i < KEPT; i += 2)
        free(kept[i]);
    free(large);
    ramlens_checkpoint("freed", 0);
    return 0;
}
