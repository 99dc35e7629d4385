// Every allocation call of C, one checkpoint a group, sizes known: c_calls.expected lists the events.
#define _GNU_SOURCE
#include "ramlens.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Out of the compiler's sight.
static volatile size_t huge = (size_t)PTRDIFF_MAX + 1;
static volatile size_t half = SIZE_MAX / 2 + 1;

static void plain(void) {
    ramlens_checkpoint("plain", 0);
    void *a = malloc(100);
    void *b = calloc(3, 40);
    void *c = malloc(0);
    free(b);
    free(NULL);
    free(a);
    free(c);
}

static void aligned(void) {
    ramlens_checkpoint("aligned", 0);
    void *a = aligned_alloc(64, 128);
    void *b = memalign(32, 100);
    void *c = valloc(10);
    void *d = pvalloc(20);
    void *e = NULL;
    if (posix_memalign(&e, 256, 300) != 0 || (uintptr_t)e % 256 != 0 || (uintptr_t)a % 64 != 0)
        abort();
    free(a);
    free(b);
    free(c);
    free(d);
    free(e);
}

static void reallocs(void) {
    ramlens_checkpoint("realloc", 0);
    char *a = realloc(NULL, 50);
    char *wall = malloc(16);
    strcpy(a, "kept");
    a = realloc(a, 500); // the wall is in its way: it moves
    a = realloc(a, 200); // shrinks in place
    if (strcmp(a, "kept") != 0)
        abort();
    a = reallocarray(a, 10, 10);
    if (realloc(a, 0) != NULL)
        abort();
    free(wall);
    void *zero = realloc(NULL, 0);
    free(zero);
}

static void failures(void) {
    ramlens_checkpoint("failures", 0);
    char *a = malloc(70);
    strcpy(a, "kept");
    errno = 0;
    if (malloc(huge) != NULL || errno != ENOMEM)
        abort();
    errno = 0;
    if (realloc(a, huge) != NULL || errno != ENOMEM || strcmp(a, "kept") != 0)
        abort();
    if (calloc(half, 2) != NULL || calloc(1, huge) != NULL || realloc(NULL, huge) != NULL)
        abort();
    if (reallocarray(a, half, 2) != NULL)
        abort();
    void *out = a;
    if (posix_memalign(&out, 3, 10) != EINVAL || out != a)
        abort();
    if (memalign(64, huge) != NULL || aligned_alloc(64, huge) != NULL)
        abort();
    free(a);
}

// errno is the program's: neither a free nor a successful allocation changes it.
static void quiet_errno(void) {
    ramlens_checkpoint("errno", 0);
    errno = 12345;
    void *a = malloc(10);
    a = realloc(a, 20);
    free(a);
    void *b = calloc(1, 1);
    free(b);
    if (errno != 12345)
        abort();
}

static void usable(void) {
    ramlens_checkpoint("usable", 0);
    void *a = malloc(24);
    printf("usable %zu\n", malloc_usable_size(a));
    free(a);
}

int main(void) {
    static char buffer[512]; // else printf allocates one
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    reallocs(); // first: the heap is fresh, so what moves is known
    plain();
    aligned();
    failures();
    quiet_errno();
    usable();
    ramlens_checkpoint("done", 0);
    puts("done");
    return 0;
}
