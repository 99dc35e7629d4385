// Programs in want: of address space, of file size. usage: limits memory | files
#include "ramlens.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static long pages_mapped(void) {
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%ld", &pages) != 1)
        abort();
    fclose(f);
    return pages;
}

/// Allocates until nothing is left, copes, and goes on with what it has; from time to time there is nothing for the recorder either.
static void without_memory(void) {
    enum { BLOCKS = 4096, BLOCK_BYTES = 16384, ROUNDS = 60 };
    static void *blocks[BLOCKS];
    struct rlimit limit;
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = (rlim_t)pages_mapped() * 4096 + (8 << 20);
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        abort();
    long failures = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = malloc(BLOCK_BYTES);
            if (blocks[i] == NULL) {
                failures += errno == ENOMEM;
                continue;
            }
            memset(blocks[i], round, 64);
        }
        for (int i = 0; i < BLOCKS; i++)
            free(blocks[i]);
    }
    puts(failures > 0 ? "done" : "never failed");
}

/// A limit on file sizes is the program's: its own writes fail as they do without the recorder, and nothing else happens.
static void without_files(const char *path) {
    struct rlimit limit = { 65536, 65536 };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_DFL);
    for (int i = 0; i < 500000; i++) {
        void *volatile block = malloc(100 + i % 300);
        free(block);
    }
    signal(SIGXFSZ, SIG_IGN);
    FILE *f = fopen(path, "w");
    static char text[100000];
    size_t wrote = f == NULL ? 0 : fwrite(text, 1, sizeof text, f);
    printf("%s\n", wrote < sizeof text && errno == EFBIG ? "done" : "no limit");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "memory") == 0)
        without_memory();
    else if (argc > 2)
        without_files(argv[2]);
    else
        return 2;
    return 0;
}
