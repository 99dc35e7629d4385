// See empty_trace.h.
#include "empty_trace.h"

#include "conf.h"
#include "trace_write.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/// A checkpoint for each moment of which a figure is known.
static bool write_checkpoints(
        struct arena *a, struct trace_writer *w, const char *observed, struct err *err) {
    uint32_t thread = trace_writer_thread(w, STR("device"));
    uint64_t tick = 0;
    struct conf conf = { .lines = NULL };
    if (observed && !conf_read(a, observed, &conf, err))
        return false;
    for (struct conf_line *line = conf_find(conf.lines, "free"); line; line = conf_next(line))
        if (line->word_count > 1)
            trace_writer_checkpoint(w, thread, ++tick, line->words[1], 0);
    if (tick == 0)
        trace_writer_checkpoint(w, thread, 1, STR("start"), 0);
    return true;
}

bool empty_trace_open(struct arena *a, const char *observed, struct trace *out, struct err *err) {
    static const struct trace_writer_image image = { .path = { "", 0 },
        .platform = { TRACE_OF_DEVICE, sizeof TRACE_OF_DEVICE - 1 },
        .pointer_bytes = 4,
        .ticks_per_second = 1000000 };
    struct trace_writer *w = trace_writer_new(a, &image);
    char *path = arena_printf(a, "/tmp/ramlens-XXXXXX");
    if (!write_checkpoints(a, w, observed, err))
        return false;
    int fd = mkstemp(path);
    if (fd < 0)
        return fail(err, path, ERR_NO_OFFSET, "no temporary file can be made: %s", strerror(errno));
    (void)close(fd);
    bool done = trace_writer_finish(w, path, true, err) && trace_open(a, path, out, err);
    (void)unlink(path);
    return done;
}
