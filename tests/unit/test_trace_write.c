/// A trace written on the host reads back as it was given.
#include "trace.h"
#include "trace_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const struct trace_writer_image image = { .path = { "app.elf", 7 },
    .platform = { "esp-idf", 7 },
    .pointer_bytes = 4,
    .ticks_per_second = 1000000 };

static const char *path(struct arena *a) {
    return arena_printf(a, "/tmp/ramlens-write-%d.rlt", (int)getpid());
}

static void finish(struct arena *a, struct trace_writer *w, struct trace *t) {
    struct err err = { .text = "" };
    assert_true(trace_writer_finish(w, path(a), true, &err));
    if (!trace_open(a, path(a), t, &err))
        fail_msg("%s", err.text);
    assert_int_equal(t->damage.blocks + t->damage.missing + t->damage.open_blocks, 0);
    assert_int_equal(t->image_count, 1);
    assert_true(t->images[0].ended);
}

static void close_trace(struct arena *a, struct trace *t) {
    (void)unlink(t->path);
    trace_close(t);
    arena_clear(a);
}

static void everything_comes_back(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct trace t;
    struct trace_writer *w = trace_writer_new(&a, &image);
    trace_writer_module(w, 0, 0x40000000, 0x100000, STR(""), (const uint8_t *)"\1\2\3", 3);
    uint32_t thread = trace_writer_thread(w, STR("main"));
    uint64_t callers[] = { 0x40000100, 0x40000200 };
    struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_MALLOC,
        .size = 100,
        .stack = trace_writer_stack(w, callers, 2),
        .flags = RAMLENS_WIRE_HAS_CAPABILITY,
        .capability = 0x1800 };
    assert_int_equal(trace_writer_thread(w, STR("main")), thread);
    assert_int_equal(trace_writer_stack(w, callers, 2), r.stack);
    assert_int_equal(trace_writer_stack(w, NULL, 0), 0);
    trace_writer_event(w, thread, 5, 0x4ff01000, &r);
    trace_writer_checkpoint(w, thread, 6, STR("dump"), 1);
    finish(&a, w, &t);
    const struct trace_image *i = &t.images[0];
    assert_int_equal(i->pointer_bytes, 4);
    assert_true(str_equal(i->path, STR("app.elf")));
    assert_int_equal(i->module_count, 1);
    assert_int_equal(i->stacks[r.stack].address, 0x40000100);
    assert_int_equal(i->stacks[r.stack].module, 1);
    assert_int_equal(i->stacks[i->stacks[r.stack].outer].address, 0x40000200);
    struct trace_cursor *c = trace_cursor_new(&a, &t, i);
    const struct trace_event *e = trace_peek(c);
    assert_int_equal(e->address, 0x4ff01000);
    assert_int_equal(e->request.size, 100);
    assert_int_equal(e->request.capability, 0x1800);
    assert_int_equal(e->time / RAMLENS_WIRE_PARTS, 5);
    trace_advance(c);
    e = trace_peek(c);
    assert_int_equal(e->type, TRACE_CHECKPOINT);
    assert_true(str_equal(e->name, STR("dump")));
    trace_advance(c);
    assert_null(trace_peek(c));
    close_trace(&a, &t);
}

/// Enough for many blocks of each stream: order and stacks survive.
static void many_blocks(void **state) {
    (void)state;
    enum { EVENTS = 20000 };
    struct arena a = { 0 };
    struct trace t;
    struct trace_writer *w = trace_writer_new(&a, &image);
    uint32_t threads[] = { trace_writer_thread(w, STR("cpu 0")),
        trace_writer_thread(w, STR("cpu 1")) };
    for (uint32_t i = 0; i < EVENTS; i++) {
        uint64_t callers[] = { 0x40000000 + i * 4, 0x41000000 };
        struct ramlens_wire_request r = {
            .kind = RAMLENS_WIRE_MALLOC, .size = i, .stack = trace_writer_stack(w, callers, 2)
        };
        trace_writer_event(w, threads[i % 3 == 0], i, 0x4ff00000 + 64 * i, &r);
    }
    finish(&a, w, &t);
    struct trace_cursor *c = trace_cursor_new(&a, &t, &t.images[0]);
    uint32_t seen = 0;
    for (const struct trace_event *e; (e = trace_peek(c)) != NULL; seen++, trace_advance(c)) {
        assert_int_equal(e->request.size, seen);
        assert_int_equal(e->thread, threads[seen % 3 == 0]);
        assert_int_equal(t.images[0].stacks[e->request.stack].address, 0x40000000 + seen * 4);
    }
    assert_int_equal(seen, EVENTS);
    close_trace(&a, &t);
}

static void losses_are_told(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct trace t;
    struct trace_writer *w = trace_writer_new(&a, &image);
    uint32_t thread = trace_writer_thread(w, STR("cpu 0"));
    trace_writer_checkpoint(w, thread, 1, STR("dump"), 0);
    trace_writer_lost(w, thread, 7, 3);
    finish(&a, w, &t);
    assert_int_equal(t.lost_allocs, 7);
    assert_int_equal(t.lost_frees, 3);
    close_trace(&a, &t);
}

static void an_existing_file_stays(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct err err = { .text = "" };
    assert_true(trace_writer_finish(trace_writer_new(&a, &image), path(&a), true, &err));
    assert_false(trace_writer_finish(trace_writer_new(&a, &image), path(&a), false, &err));
    assert_true(err.text[0] != '\0');
    (void)unlink(path(&a));
    arena_clear(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(many_blocks),
        cmocka_unit_test(losses_are_told),
        cmocka_unit_test(an_existing_file_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
