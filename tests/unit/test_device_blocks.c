/// What ESP-IDF prints of blocks, line by line, and the trace it becomes.
#include "device_blocks.h"
#include "trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct heap_text line_of(const char *line) {
    struct heap_text item;
    heap_text_read(str_from(line), &item);
    return item;
}

// ---- lines

static void a_record(void **state) {
    (void)state;
    struct heap_text t = line_of("    32 bytes (@ 0x3fffa214, Internal) allocated CPU 1 ccount "
                                 "0x2e9b7384 caller 0x400d276d:0x400d27c1");
    assert_int_equal(t.type, HEAP_TEXT_RECORD);
    assert_int_equal(t.bytes, 32);
    assert_int_equal(t.address, 0x3fffa214);
    assert_int_equal(t.cpu, 1);
    assert_int_equal(t.ccount, 0x2e9b7384);
    assert_int_equal(t.caller_count, 2);
    assert_int_equal(t.callers[0], 0x400d276d);
    assert_int_equal(t.callers[1], 0x400d27c1);
    assert_false(t.is_free);
}

static void records_of_other_versions(void **state) {
    (void)state;
    struct heap_text t; // Before v5.1: no label. v5.5 without frame pointers: no callers.
    t = line_of("     8 bytes (@ 0x3fffaff0) allocated CPU 0 ccount 0x2e9b79c0 caller "
                "0x400d2776:0x400d27c1");
    assert_int_equal(t.type, HEAP_TEXT_RECORD);
    t = line_of("    16 bytes (@ 0x48001000,    PSRAM) allocated CPU 0 ccount 0x00001000");
    assert_int_equal(t.type, HEAP_TEXT_RECORD);
    assert_int_equal(t.caller_count, 0);
    t = line_of("    16 bytes (@ 0x48001000,    PSRAM) allocated CPU 0 ccount 0x00001000 freed");
    assert_int_equal(t.type, HEAP_TEXT_RECORD);
    assert_true(t.is_free);
    t = line_of("123456 bytes (@ 0x4ff01000, Internal) allocated CPU 0 ccount 0x00001000 caller "
                "0x40001000:");
    assert_int_equal(t.type, HEAP_TEXT_RECORD); // fewer frames than the depth: a colon at the end
    assert_int_equal(t.caller_count, 1);
}

static void other_lines(void **state) {
    (void)state;
    struct heap_text t = line_of("====== Heap Trace: 2 records (100 capacity) ======");
    assert_int_equal(t.type, HEAP_TEXT_TRACE);
    assert_int_equal(t.count, 2);
    assert_int_equal(t.capacity, 100);
    t = line_of("freed by 0x400d276d:0x00000000");
    assert_int_equal(t.type, HEAP_TEXT_FREED);
    assert_int_equal(t.caller_count, 1);
    assert_int_equal(line_of("====== Heap Trace Summary ======").type, HEAP_TEXT_SUMMARY);
    assert_int_equal(line_of("================================").type, HEAP_TEXT_END);
    assert_true(line_of("Mode: Heap Trace All").is_all);
    assert_false(line_of("Mode: Heap Trace Leaks").is_all);
    t = line_of("40 bytes alive in trace (2/4 allocations)");
    assert_int_equal(t.type, HEAP_TEXT_ALIVE);
    assert_int_equal(t.bytes, 40);
    assert_int_equal(line_of("40 bytes 'leaked' in trace (2 allocations)").type, HEAP_TEXT_ALIVE);
    assert_int_equal(line_of("total allocations: 12").count, 12);
    assert_int_equal(line_of("records: 4 (100 capacity, 4 high water mark)").type, HEAP_TEXT_NOTE);
    assert_int_equal(line_of("hashmap: 512 capacity (1 hits, 0 misses)").type, HEAP_TEXT_NOTE);
    assert_int_equal(line_of("records: many").type, HEAP_TEXT_NONE);
    assert_int_equal(
            line_of("(NB: Internal Buffer has overflowed, so trace data is incomplete.)").type,
            HEAP_TEXT_OVERFLOW);
    t = line_of("Showing data for heap: 0x3fc9a1c8 ");
    assert_int_equal(t.type, HEAP_TEXT_HEAP);
    t = line_of("Block 0x3fc9a4e0 data, size: 20 bytes, Free: No ");
    assert_int_equal(t.type, HEAP_TEXT_BLOCK);
    assert_false(t.is_free);
    assert_true(line_of("Block 0x3fc9a4e0 data, size: 20 bytes, Free: Yes ").is_free);
    assert_int_equal(line_of("I (312) main: started").type, HEAP_TEXT_NONE);
    assert_int_equal(line_of("").type, HEAP_TEXT_NONE);
}

/// Cut anywhere, a record is broken or nothing, and never another record, but for its callers.
static void cut_lines(void **state) {
    (void)state;
    static const char line[] = "    32 bytes (@ 0x3fffa214, Internal) allocated CPU 1 ccount "
                               "0x2e9b7384 caller 0x400d276d:0x400d27c1";
    size_t ccount_end = (size_t)(strstr(line, " caller") - line);
    for (size_t cut = 0; cut < ccount_end - 7; cut++) {
        struct heap_text t;
        heap_text_read((struct str){ line, cut }, &t);
        assert_int_not_equal(t.type, HEAP_TEXT_RECORD);
    }
    assert_int_equal(line_of("99999999999 bytes (@ 0x3fffa214) allocated CPU 1 ccount 0x1").type,
            HEAP_TEXT_BROKEN);
}

// ---- traces

static const char *path(struct arena *a) {
    return arena_printf(a, "/tmp/ramlens-blocks-%d.rlt", (int)getpid());
}

/// The events of the lines: "+SIZE" given, "-" freed, "=NAME" a checkpoint.
static const char *events_of(struct arena *a, const char *const *lines, struct device_blocks *d) {
    struct err err = { .text = "" };
    struct trace t;
    device_blocks_init(d, a);
    for (uint32_t i = 0; lines[i]; i++) {
        struct heap_text item = line_of(lines[i]);
        device_blocks_take(d, &item, i + 1);
    }
    device_blocks_close(d);
    if (!device_blocks_write(d, NULL, path(a), true, &err))
        fail_msg("%s", err.text);
    assert_true(trace_open(a, path(a), &t, &err));
    const char *seen = "";
    struct trace_cursor *c = trace_cursor_new(a, &t, &t.images[0]);
    for (const struct trace_event *e; (e = trace_peek(c)) != NULL; trace_advance(c)) {
        if (e->type == TRACE_CHECKPOINT)
            seen = arena_printf(a, "%s =%.*s", seen, STR_ARG(e->name));
        else if (e->request.kind >= RAMLENS_WIRE_FIRST_ALLOC)
            seen = arena_printf(a, "%s +%d@%x", seen, (int)e->request.size, (unsigned)e->address);
        else
            seen = arena_printf(a, "%s -%x", seen, (unsigned)e->address);
    }
    trace_close(&t);
    (void)unlink(path(a));
    return seen;
}

#define RECORD(size, address, ccount)                                                              \
    "    " size " bytes (@ " address ", Internal) allocated CPU 0 ccount " ccount                  \
    " caller 0x40001000"
#define FOOT "====== Heap Trace Summary ======", "================================"

static void leaks_between_two_dumps(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct device_blocks d;
    const char *const lines[] = { "====== Heap Trace: 2 records (10 capacity) ======",
        RECORD("32", "0x4ff01000", "0x1000"), RECORD("48", "0x4ff01040", "0x2000"), FOOT,
        "====== Heap Trace: 2 records (10 capacity) ======", RECORD("48", "0x4ff01040", "0x2000"),
        RECORD("64", "0x4ff01000", "0x3000"), FOOT, NULL };
    assert_string_equal(events_of(&a, lines, &d),
            " +32@4ff01000 +48@4ff01040 =heap trace -4ff01000 +64@4ff01000 =heap trace");
    assert_int_equal(d.broken, 0);
    assert_null(device_blocks_doubt(&d, 0));
    arena_clear(&a);
}

/// Freed meanwhile: as late as it can have been.
static void freed_records(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct device_blocks d;
    const char *const lines[] = { "====== Heap Trace: 3 records (10 capacity) ======",
        RECORD("32", "0x4ff01000", "0x1000"), "freed by 0x40002000",
        RECORD("48", "0x4ff02000", "0x2000"), "freed by 0x40002000",
        RECORD("16", "0x4ff01010", "0x3000"),
        "====== Heap Trace Summary ======", "Mode: Heap Trace All", "total allocations: 3",
        "total frees: 2", "================================", NULL };
    assert_string_equal(events_of(&a, lines, &d),
            " +32@4ff01000 +48@4ff02000 -4ff01000 +16@4ff01010 -4ff02000 =heap trace");
    arena_clear(&a);
}

static void dumps_have_numbers_and_a_limit(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct device_blocks d;
    struct heap_text trace = line_of("====== Heap Trace: 0 records (10 capacity) ======");
    struct heap_text heap = line_of("Showing data for heap: 0x3fc9a1c8 ");
    struct heap_text record = line_of(RECORD("32", "0x4ff01000", "0x1000"));
    device_blocks_init(&d, &a);
    device_blocks_take(&d, &heap, 1);
    for (uint32_t i = 1; i <= DEVICE_BLOCKS_DUMPS; i++)
        device_blocks_take(&d, &trace, i + 1);
    device_blocks_take(&d, &record, 1);
    assert_int_equal(d.dumps.len, DEVICE_BLOCKS_DUMPS);
    assert_int_equal(d.dumps.at[0].cycle, 1);
    assert_int_equal(d.dumps.at[2].cycle, 2);
    assert_int_equal(d.dumps_beyond, 1);
    assert_int_equal(d.blocks.len, 0);
    assert_int_equal(d.broken, 0);
    arena_clear(&a);
}

/// Releases before v5.5 without callers: a freed record looks like one that lives.
static void frees_without_a_mark_are_doubted(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct device_blocks d;
    const char *const lines[] = { "====== Heap Trace: 1 records (10 capacity) ======",
        "    32 bytes (@ 0x4ff01000, Internal) allocated CPU 0 ccount 0x00001000",
        "====== Heap Trace Summary ======", "Mode: Heap Trace All", "total allocations: 1",
        "total frees: 1", "================================", NULL };
    assert_string_equal(events_of(&a, lines, &d), " +32@4ff01000 =heap trace");
    assert_non_null(device_blocks_doubt(&d, 0));
    assert_non_null(strstr(device_blocks_doubt(&d, 0), "1 frees were counted"));
    assert_null(device_blocks_doubt(&d, 1));
    arena_clear(&a);
}

/// A dump that lacks records proves nothing of what it does not list.
static void a_cut_dump(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct device_blocks d;
    const char *const lines[] = { "====== Heap Trace: 2 records (10 capacity) ======",
        RECORD("32", "0x4ff01000", "0x1000"), RECORD("48", "0x4ff01040", "0x2000"), FOOT,
        "====== Heap Trace: 2 records (10 capacity) ======", "    32 bytes (@ 0x4ff010",
        RECORD("48", "0x4ff01040", "0x2000"), FOOT, NULL };
    assert_string_equal(
            events_of(&a, lines, &d), " +32@4ff01000 +48@4ff01040 =heap trace =heap trace");
    assert_int_equal(d.broken, 1);
    assert_non_null(strstr(device_blocks_doubt(&d, 0), "line 6"));
    assert_null(device_blocks_doubt(&d, 1));
    arena_clear(&a);
}

/// A walk knows all blocks; what a trace knew of one stays.
static void a_walk_after_a_trace(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct device_blocks d;
    const char *const lines[] = { "====== Heap Trace: 2 records (10 capacity) ======",
        RECORD("30", "0x4ff01004", "0x1000"), RECORD("48", "0x4ff01040", "0x2000"), FOOT,
        "Showing data for heap: 0x4ff00000 ", "Block 0x4ff01004 data, size: 32 bytes, Free: No ",
        "Block 0x4ff01028 data, size: 100 bytes, Free: Yes ",
        "Block 0x4ff01090 data, size: 20 bytes, Free: No ", NULL };
    assert_string_equal(events_of(&a, lines, &d),
            " +30@4ff01004 +48@4ff01040 =heap trace -4ff01040 +20@4ff01090 =heap dump");
    arena_clear(&a);
}

static void two_walks_of_two_heaps(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct device_blocks d;
    const char *const lines[] = { "Showing data for heap: 0x4ff00000 ",
        "Block 0x4ff01000 data, size: 32 bytes, Free: No ", "Showing data for heap: 0x48000000 ",
        "Block 0x48001000 data, size: 64 bytes, Free: No ", "Showing data for heap: 0x4ff00000 ",
        "Block 0x4ff01000 data, size: 16 bytes, Free: No ", NULL };
    assert_string_equal(events_of(&a, lines, &d),
            " +32@4ff01000 +64@48001000 =heap dump -4ff01000 +16@4ff01000 =heap dump");
    assert_int_equal(d.dumps.len, 2);
    arena_clear(&a);
}

static void nothing_to_write(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct device_blocks d;
    struct err err = { .text = "" };
    device_blocks_init(&d, &a);
    struct heap_text item = line_of(RECORD("32", "0x4ff01000", "0x1000"));
    device_blocks_take(&d, &item, 1); // of no dump
    assert_int_equal(d.broken, 1);
    assert_false(device_blocks_write(&d, NULL, path(&a), true, &err));
    assert_non_null(strstr(err.text, "heap_trace_dump"));
    arena_clear(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record),
        cmocka_unit_test(records_of_other_versions),
        cmocka_unit_test(other_lines),
        cmocka_unit_test(cut_lines),
        cmocka_unit_test(leaks_between_two_dumps),
        cmocka_unit_test(freed_records),
        cmocka_unit_test(dumps_have_numbers_and_a_limit),
        cmocka_unit_test(frees_without_a_mark_are_doubted),
        cmocka_unit_test(a_cut_dump),
        cmocka_unit_test(a_walk_after_a_trace),
        cmocka_unit_test(two_walks_of_two_heaps),
        cmocka_unit_test(nothing_to_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
