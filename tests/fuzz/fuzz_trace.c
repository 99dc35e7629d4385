// sources: wire/*.c host/io/trace*.c
//
// Fuzz target: a trace file, read to its end. The first byte of the input is a switch, not part of
// the file: bit 0, the checksums are set right first, so that the fuzzer gets past them; bit 1, the
// file is sealed and read again.
#include "input.h"
#include "trace.h"
#include "trace_seal.h"

#include <stdlib.h>
#include <string.h>

/// Makes every block in `bytes` whose length is possible a whole one.
static void mend(uint8_t *bytes, size_t size) {
    for (size_t at = 0; at + RAMLENS_WIRE_HEADER_BYTES < size; at++) {
        size_t payload = bytes[at + 20] | (size_t)bytes[at + 21] << 8;
        if (memcmp(bytes + at, "RLT\1", 4) == 0 && bytes[at + 6] == 0 &&
                bytes[at + 5] + payload <= size - at)
            ramlens_wire_block_close(bytes + at, payload, bytes[at + 32], bytes[at + 36]);
    }
}

static void read_all(const char *path) {
    struct arena a = { 0 };
    struct trace t;
    bool opened = trace_open(&a, path, &t, NULL);
    for (uint32_t i = 0; opened && i < t.image_count; i++) {
        struct trace_cursor *c = trace_cursor_new(&a, &t, &t.images[i]);
        for (const struct trace_event *e; (e = trace_peek(c)) != NULL;)
            if ((e->address & 16) == 0 || !trace_defer(c))
                trace_advance(c);
    }
    trace_close(&t);
    if (a.taken_bytes > (32 << 20) + 2000 * t.file_bytes)
        abort(); // memory out of proportion
    arena_clear(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t copy[1 << 20];
    if (size < 2 || size > sizeof copy)
        return 0;
    memcpy(copy, data, size);
    if (data[0] & 1)
        mend(copy + 1, size - 1);
    char path[64];
    int file = fuzz_file(copy + 1, size - 1, path);
    read_all(path);
    if (data[0] & 2 && trace_seal(path, NULL))
        read_all(path);
    return close(file);
}
