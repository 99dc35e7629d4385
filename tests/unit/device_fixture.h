/// Shared by the tests of what a device prints: text in, events as lines out, or a log.
#ifndef RAMLENS_DEVICE_FIXTURE_H
#define RAMLENS_DEVICE_FIXTURE_H

#include "device_log.h"
#include "device_text.h"
#include "target_fixture.h"

/// Events of a text that say something, one a line.
struct events {
    char text[16384];
    struct device_counts counts;
};

static inline void events_add(struct events *out, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static inline void events_add(struct events *out, const char *format, ...) {
    size_t at = strlen(out->text);
    va_list list;
    va_start(list, format);
    vsnprintf(out->text + at, sizeof out->text - at, format, list);
    va_end(list);
}

static inline void events_match(struct events *out, const struct device_match *m) {
    events_add(out, "free '%.*s'", STR_ARG(m->name));
    for (uint32_t i = 0; i < m->count; i++)
        events_add(out, " %.*s%s=%llu", STR_ARG(m->figures[i].capability),
                m->figures[i].kind == DEVICE_FIGURE_FREE      ? ""
                : m->figures[i].kind == DEVICE_FIGURE_LARGEST ? ":largest"
                                                              : ":least",
                (unsigned long long)m->figures[i].bytes);
}

static inline void events_take(void *self, const struct device_event *e) {
    struct events *out = self;
    unsigned long long address = e->address, bytes = e->bytes, number = e->number;
    if (e->type == DEVICE_NOTHING || e->type == DEVICE_KNOWN)
        return;
    events_add(out, "%llu ", (unsigned long long)e->line);
    if (e->is_mended)
        events_add(out, "mended ");
    switch (e->type) {
    case DEVICE_BROKEN:
        events_add(out, "broken");
        break;
    case DEVICE_STAGE:
        events_add(out, "stage %d '%.*s'", (int)e->stage, STR_ARG(e->name));
        break;
    case DEVICE_CHIP:
    case DEVICE_IDF:
    case DEVICE_PROJECT:
    case DEVICE_APP_VERSION:
        events_add(out, "name '%.*s'", STR_ARG(e->name));
        break;
    case DEVICE_REVISION:
        events_add(out, "revision %llu", number);
        break;
    case DEVICE_SEGMENT:
        events_add(out, "segment %llx+%llx", address, bytes);
        break;
    case DEVICE_HEAP:
        events_add(out, "heap %llx+%llx %.*s", address, bytes, STR_ARG(e->name));
        break;
    case DEVICE_PSRAM:
        events_add(out, "psram %llu", bytes);
        break;
    case DEVICE_PSRAM_POOL:
        events_add(out, "pool %llu", bytes);
        break;
    case DEVICE_RESERVE:
        events_add(out, "reserve %llu", bytes);
        break;
    case DEVICE_INFO:
        events_add(out, "info %llx", (unsigned long long)e->caps);
        break;
    case DEVICE_INFO_HEAP:
        events_add(out, "in %llx+%llu free %llu allocated %llu least %llu", address, bytes,
                (unsigned long long)e->free, (unsigned long long)e->allocated,
                (unsigned long long)e->least_free);
        break;
    case DEVICE_INFO_BLOCKS:
        events_add(out, "blocks %llu of %llu+%llu", (unsigned long long)e->largest,
                (unsigned long long)e->used_blocks, (unsigned long long)e->free_blocks);
        break;
    case DEVICE_INFO_TOTAL:
        events_add(out, "total %llu %llu %llu %llu", (unsigned long long)e->free,
                (unsigned long long)e->allocated, (unsigned long long)e->least_free,
                (unsigned long long)e->largest);
        break;
    case DEVICE_FREE:
        events_match(out, &e->match);
        break;
    case DEVICE_TASK:
        events_add(out, "task '%.*s' %c %llu %llu %llu %lld", STR_ARG(e->name), e->state,
                (unsigned long long)e->priority, (unsigned long long)e->free, number,
                (long long)e->core);
        break;
    case DEVICE_TASK_HEAPS:
        events_add(out, "task heaps");
        break;
    case DEVICE_TASK_HEAP:
        events_add(out, "has '%.*s'%s %llu %llu %llu%s", STR_ARG(e->name),
                e->is_alive ? "" : " deleted", bytes, (unsigned long long)e->peak, number,
                e->is_detail ? e->is_last ? " last" : " detail" : "");
        break;
    case DEVICE_TASK_PART:
        events_add(out, "part '%.*s' %llx %llu: %llu %llu %llu", STR_ARG(e->name),
                (unsigned long long)e->caps, (unsigned long long)e->size, bytes,
                (unsigned long long)e->peak, (unsigned long long)e->blocks);
        break;
    case DEVICE_NO_MEMORY:
        events_add(out, "no memory %llu %llx", bytes, (unsigned long long)e->caps);
        break;
    case DEVICE_PANIC:
        events_add(out, "panic %d '%.*s'", (int)e->panic, STR_ARG(e->name));
        break;
    case DEVICE_BLOCKS:
        events_add(out, "blocks text %d", (int)e->blocks_text.type);
        break;
    default:
        break;
    }
    events_add(out, "\n");
}

/// Reads `text` with a pattern (NULL: none) and tells `listener`.
static inline struct device_counts fixture_tell(struct fixture *f, const char *text,
        const char *pattern, const struct device_listener *listener) {
    struct device_text *reader = NEW(&f->arena, struct device_text);
    struct serial_piece piece;
    device_text_init(reader, &f->arena, listener);
    if (pattern)
        assert_true(device_text_add_pattern(reader, str_from(pattern), &f->err));
    struct serial_text *s = serial_text_open(&f->arena, fixture_write(f, "log", text), &f->err);
    assert_non_null(s);
    while (serial_text_next(s, &piece, &f->err))
        device_text_take(reader, &piece);
    device_text_finish(reader);
    serial_text_close(s);
    return reader->counts;
}

static inline struct events fixture_events(
        struct fixture *f, const char *text, const char *pattern) {
    struct events out = { .text = "" };
    const struct device_listener listener = { &out, events_take };
    out.counts = fixture_tell(f, text, pattern, &listener);
    return out;
}

static inline void fixture_assert_events(
        struct fixture *f, const char *text, const char *expected) {
    struct events out = fixture_events(f, text, NULL);
    assert_string_equal(out.text, expected);
}

/// The log of a text.
static inline struct device_log *fixture_log(
        struct fixture *f, const char *text, const char *pattern) {
    struct device_log *log = NEW(&f->arena, struct device_log);
    const struct device_listener listener = { log, device_log_take };
    device_log_init(log, &f->arena, false);
    device_log_begin(log);
    fixture_tell(f, text, pattern, &listener);
    return log;
}

#endif
