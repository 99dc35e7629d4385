// sources: host/io/*.c host/model/*.c wire/*.c heap/*.c
//
// Fuzz target: a linked program without a map. Whatever it holds, the items of its sections add up to them.
#include "footprint_linked.h"
#include "input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = { 0 };
    struct footprint f;
    struct err err;
    char path[64];
    int file = fuzz_file(data, size, path);
    footprint_init(&f, &a, NULL);
    if (footprint_linked_add(&f, path, NULL, &err) && !footprint_adds_up(&f, &err))
        abort();
    footprint_close(&f);
    arena_clear(&a);
    return close(file);
}
