// sources: host/io/ldmap*.c host/io/range_table.c
//
// Fuzz target: a linker's map. Whatever it says: inputs lie in their outputs, and no two of one overlap.
#include "input.h"
#include "ldmap.h"

#include <stdlib.h>

static void check(const struct ldmap *map) {
    for (size_t i = 0; i < map->output_count; i++) {
        const struct ldmap_output *o = &map->outputs[i];
        if (o->first + o->count > map->input_count)
            abort();
        for (size_t k = 0; k + 1 < o->count; k++) {
            const struct ldmap_input *in = &map->inputs[o->first + k];
            if (in->output != i || (in->size_bytes && in->address + in->size_bytes > in[1].address))
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = { 0 };
    struct ldmap map;
    struct err err;
    if (ldmap_parse(&a, "fuzz", (struct str){ (const char *)data, size }, &map, &err)) {
        check(&map);
        for (uint64_t at = 0; at < 64; at++)
            (void)ldmap_find(&map, at * 0x1000);
    }
    arena_clear(&a);
    return 0;
}
