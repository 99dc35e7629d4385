// See empty_trace.h.
#include "empty_trace.h"

#include "trace_write.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/// Whether a figure of another memory made the moment's checkpoint before.
static bool has_checkpoint(const struct conf *observed, const struct conf_line *line) {
    const struct conf_line *other = conf_find(observed->lines, "free");
    for (; other != line; other = conf_next(other))
        if (other->word_count > 1 && str_equal(other->words[1], line->words[1]))
            return true;
    return false;
}

/// A checkpoint for each moment of which a figure is known.
static void write_checkpoints(struct trace_writer *w, const struct conf *observed) {
    uint32_t thread = trace_writer_thread(w, STR("device"));
    uint64_t tick = 0;
    const struct conf_line *line = observed ? conf_find(observed->lines, "free") : NULL;
    for (; line; line = conf_next(line))
        if (line->word_count > 1 && !has_checkpoint(observed, line))
            trace_writer_checkpoint(w, thread, ++tick, line->words[1], 0);
    if (tick == 0)
        trace_writer_checkpoint(w, thread, 1, STR("start"), 0);
}

bool empty_trace_open(
        struct arena *a, const struct conf *observed, struct trace *out, struct err *err) {
    static const struct trace_writer_image image = { .path = { "", 0 },
        .platform = { TRACE_OF_DEVICE, sizeof TRACE_OF_DEVICE - 1 },
        .pointer_bytes = 4,
        .ticks_per_second = 1000000 };
    struct trace_writer *w = trace_writer_new(a, &image);
    char *path = arena_printf(a, "/tmp/ramlens-XXXXXX");
    write_checkpoints(w, observed);
    int fd = mkstemp(path);
    if (fd < 0)
        return fail(err, path, ERR_NO_OFFSET, "no temporary file can be made: %s", strerror(errno));
    (void)close(fd);
    bool done = trace_writer_finish(w, path, true, err) && trace_open(a, path, out, err);
    (void)unlink(path);
    return done;
}
