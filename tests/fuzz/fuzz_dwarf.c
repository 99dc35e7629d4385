// sources: host/io/*.c host/model/*.c wire/*.c heap/*.c
//
// Fuzz target: what debug information says of an object - places of its symbols, holes of its structs. elfutils reads the bytes; what is asked of it,
// and what is made of the answers, is ours.
#include "footprint_objects.h"
#include "input.h"
#include "static_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = { 0 };
    struct footprint f;
    struct static_types types;
    struct err err;
    char path[64];
    struct footprint_skipped skipped;
    int file = fuzz_file(data, size, path);
    footprint_init(&f, &a, NULL);
    if (footprint_objects_add(&f, path, &skipped, &err)) {
        footprint_name_sources(&f);
        static_types_read(&a, &f, &task_stack_usual, &types);
    }
    footprint_close(&f);
    arena_clear(&a);
    return close(file);
}
