// sources: host/io/*.c host/model/*.c wire/*.c heap/*.c
//
// Fuzz target: an object or archive before linking - its items, what linking keeps, its stack frames. It must add up whatever it holds.
// Debug information is left out: it is elfutils' to read.
#include "footprint_objects.h"
#include "frame_sizes.h"
#include "input.h"

#include <stdlib.h>

static void need(bool is_so) {
    if (!is_so)
        abort();
}

/// No item may shrink to less than nothing; of duplicates nothing stays.
static void check_bounds(struct footprint *f, const char *root) {
    struct err err;
    if (!footprint_objects_bounds(f, &root, root != NULL, NULL, &err))
        return;
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        need(item->may_shrink <= item->bytes && item->fate != FOOTPRINT_LINKED);
    }
    need(footprint_adds_up(f, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = { 0 };
    struct footprint f;
    struct frame_sizes frames;
    struct stack_usages text = { .not_understood = 0 };
    struct err err;
    char path[64];
    struct footprint_skipped skipped;
    int file = fuzz_file(data, size, path);
    footprint_init(&f, &a, NULL);
    if (footprint_objects_add(&f, path, &skipped, &err)) {
        check_bounds(&f, "*");
        check_bounds(&f, NULL);
        frame_sizes_begin(&frames, &a, &f);
        frame_sizes_add_sections(&frames);
        frame_sizes_sort(&frames);
    }
    stack_usage_parse(&a, (struct str){ (const char *)data, size }, &text);
    footprint_close(&f);
    arena_clear(&a);
    return close(file);
}
