// sources: host/base/*.c host/io/serial_text.c host/io/device_*.c host/io/heap_text.c host/model/device_log.c
//
// Fuzz target: what a device printed, read to its end. The first byte of the input is a switch, not part of the text: bit 0, patterns are tried; bit 1, all
// lines are kept; bit 2, the text comes twice, as two logs.
#include "device_log.h"
#include "input.h"

#include <stdlib.h>

static void take(void *self, const struct device_event *e) {
    if (e->text.len > 2 * SERIAL_TEXT_LONGEST || e->type > DEVICE_BLOCKS)
        abort();
    device_log_take(self, e);
}

static void add_patterns(struct device_text *text) {
    static const char *const patterns[] = { "[{name}] free {internal} KB",
        "{*}heap: {psram}, {largest} {least}", "{internal}" };
    for (size_t i = 0; i < 3; i++)
        if (!device_text_add_pattern(text, str_from(patterns[i]), NULL))
            abort();
}

/// Reads the log once; gives back its bytes.
static uint64_t read_log(
        struct arena *a, const char *path, bool has_patterns, struct device_log *log) {
    const struct device_listener listener = { log, take };
    struct device_text *text = NEW(a, struct device_text);
    struct serial_text *s = serial_text_open(a, path, NULL);
    struct serial_piece piece;
    device_text_init(text, a, &listener);
    if (s == NULL)
        abort();
    if (has_patterns)
        add_patterns(text);
    device_log_begin(log);
    while (serial_text_next(s, &piece, NULL))
        device_text_take(text, &piece);
    device_text_finish(text);
    uint64_t bytes = serial_text_counts(s)->bytes;
    serial_text_close(s);
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = { 0 };
    struct device_log log;
    char path[64];
    if (size < 1)
        return 0;
    int file = fuzz_file(data + 1, size - 1, path);
    device_log_init(&log, &a, data[0] & 2);
    for (int i = 0; i < ((data[0] & 4) ? 2 : 1); i++)
        if (read_log(&a, path, data[0] & 1, &log) != size - 1)
            abort();
    if (a.taken_bytes > (4 << 20) + 600 * size)
        abort(); // memory out of proportion
    arena_clear(&a);
    return close(file);
}
