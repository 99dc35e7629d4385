/// Modules that come and go at one address with other code: what is known of the old must be
/// forgotten.
///
/// Usage: unwind_reload [--stale] PLUGIN PLUGIN. Loads the two in turn while threads walk
/// elsewhere. With
/// --stale nothing is forgotten, and the program succeeds if that was noticed: it proves that the
/// test can fail.
#ifndef _GNU_SOURCE
#    define _GNU_SOURCE
#endif
#include "unwind_check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOADS = 60, THREADS = 3 };

static _Atomic bool over;

static int compare_bytes(const void *a, const void *b) {
    check_event();
    return *(const char *)a - *(const char *)b;
}

static void *walk_elsewhere(void *argument) {
    (void)argument;
    while (!over) {
        char bytes[] = "sortme";
        qsort(bytes, sizeof bytes - 1, 1, compare_bytes);
    }
    return NULL;
}

/// Loads a module, walks through it and unloads it. Returns where it was.
static uintptr_t use_plugin(const char *file, bool forget) {
    int (*call)(void (*)(void), unsigned);
    struct dl_find_object found;
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    *(void **)&call = dlsym(handle, "plugin_call");
    if (call == NULL || _dl_find_object(*(void **)&call, &found) != 0)
        exit(2);
    for (unsigned i = 0; i < 20; i++)
        call(check_event, i % 5);
    dlclose(handle);
    if (forget)
        check_forget((uintptr_t)found.dlfo_map_start, (uintptr_t)found.dlfo_map_end);
    return (uintptr_t)found.dlfo_map_start;
}

int main(int argc, char **argv) {
    struct check_aims aims = { .hit_percent = 50, .events = 1800 };
    bool stale = argc > 1 && strcmp(argv[1], "--stale") == 0;
    pthread_t threads[THREADS];
    uintptr_t last = 0;
    unsigned same_place = 0;
    int status;
    if (argc != 3 + stale)
        return 2;
    check_begin();
    for (unsigned i = 0; i < THREADS && !stale; i++)
        pthread_create(&threads[i], NULL, walk_elsewhere, NULL);
    for (unsigned i = 0; i < LOADS; i++) {
        uintptr_t place = use_plugin(argv[1 + stale + (int)(i % 2)], !stale);
        same_place += place == last;
        last = place;
    }
    over = true;
    for (unsigned i = 0; i < THREADS && !stale; i++)
        pthread_join(threads[i], NULL);
    status = check_end(argv[0], &aims);
    if (same_place < LOADS / 2) { // else nothing was tested
        printf("%s: only %u modules came back to the same place\n", argv[0], same_place);
        return 1;
    }
    return stale ? check_wrong() == 0 : status;
}
