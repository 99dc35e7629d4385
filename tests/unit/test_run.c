// sources: tests/unit/trace_builder.c
//
// A run: what each checkpoint of a trace says, in which order events are taken, what a trace without checkpoints or with damage gives.
#include "model_fixture.h"
#include "run.h"
#include "trace_builder.h"

#include <stdio.h>
#include <string.h>

enum { TICK = RAMLENS_WIRE_PARTS, GIVE = RAMLENS_WIRE_MALLOC, END = RAMLENS_WIRE_FREE };
enum { ALPHA = 1, BETA = 2, LIBC_ALPHA = 3, UNDEFINED = 9 }; // stacks of the traces made here

static struct builder b;
static struct model m;
static struct trace trace;
static struct run run;
static bool opened;

/// Observers count what they hear.
static struct {
    unsigned events, checkpoints;
    uint64_t live_at_events; ///< Live bytes after the latest event.
    char names[256];
} heard;

static int begin(void **state) {
    (void)state;
    builder_begin(&b);
    builder_open(&b, 0, 0);
    builder_image(&b, 0, "/none/program");
    builder_module(&b, 1, 0x10000, 0x8000, "");
    builder_module(&b, 2, 0x20000, 0x8000, "/none/libalpha.so");
    builder_module(&b, 3, 0x30000, 0x8000, "/none/libbeta.so");
    builder_module(&b, 4, 0x40000, 0x8000, "/none/libc.so.6");
    builder_stack(&b, ALPHA, 0, 0x20100);
    builder_stack(&b, BETA, ALPHA, 0x30100);
    builder_stack(&b, LIBC_ALPHA, ALPHA, 0x40100);
    memset(&heard, 0, sizeof heard);
    return 0;
}

static int end(void **state) {
    (void)state;
    if (opened) {
        trace_close(&trace);
        model_end(&m);
    }
    opened = false;
    builder_end(&b);
    return 0;
}

static void hear_event(void *self, const struct trace_event *e) {
    (void)self;
    assert_int_not_equal(e->type, TRACE_CHECKPOINT);
    heard.events++;
    heard.live_at_events = run.ledger.total.live_bytes;
}

static void hear_checkpoint(void *self, const struct run_checkpoint *c) {
    (void)self;
    heard.checkpoints++;
    assert_ptr_equal(c, &run.checkpoints[run.checkpoint_count - 1]);
    (void)snprintf(heard.names + strlen(heard.names), sizeof heard.names - strlen(heard.names),
            "%.*s/%u ", STR_ARG(c->name), c->cycle);
}

/// Reads the image `index` of what was built.
static void read_image(uint32_t index) {
    const struct run_observer observer = { NULL, hear_event, hear_checkpoint };
    model_begin(&m);
    opened = true;
    assert_true(trace_open(&m.arena, builder_path(&b), &trace, &m.err));
    owners_init(&m.owners, &m.arena, &trace.images[index], m.symbolizer, &m.map);
    run_init(&run, &m.arena, &trace, &trace.images[index], &m.owners, m.map.count);
    run_read(&run, &observer, NULL);
}

static void give(uint32_t thread, uint64_t ticks, uint64_t address, uint64_t size, uint32_t stack) {
    struct ramlens_wire_request r = { .kind = GIVE, .size = size, .stack = stack };
    builder_request(&b, thread, ticks * TICK, address, &r);
}

static void end_block(uint32_t thread, uint64_t ticks, uint64_t address) {
    builder_event(&b, thread, ticks * TICK, END, address, 0);
}

static void checkpoint(uint32_t thread, uint64_t ticks, uint32_t cycle, const char *name) {
    uint8_t body[300];
    uint8_t *at = ramlens_wire_put_varint(body, cycle);
    at = ramlens_wire_put_bytes(at, name, strlen(name));
    builder_record(&b, thread, ticks * TICK, RAMLENS_WIRE_CHECKPOINT, body, (size_t)(at - body));
}

static void kernel(uint32_t thread, uint64_t ticks, uint8_t operation, uint8_t object,
        uint64_t address, uint32_t stack) {
    uint8_t body[64];
    uint8_t *at = ramlens_wire_put_varint(body, operation);
    at = ramlens_wire_put_varint(at, object);
    at = ramlens_wire_put_varint(at, address);
    at = ramlens_wire_put_varint(at, stack);
    at = ramlens_wire_put_varint(at, 0);
    builder_record(&b, thread, ticks * TICK, RAMLENS_WIRE_KERNEL, body, (size_t)(at - body));
}

static const struct run_checkpoint *at(uint32_t index) {
    assert_true(index < run.checkpoint_count);
    return &run.checkpoints[index];
}

static void assert_moment(uint32_t index, const char *name, uint64_t bytes, uint64_t blocks) {
    const struct run_checkpoint *c = at(index);
    assert_true(str_equal(c->name, str_from(name)));
    assert_int_equal(c->total.live_bytes, bytes);
    assert_int_equal(c->total.live_blocks, blocks);
}

// ---- checkpoints

static void each_checkpoint_keeps_the_ledger_of_its_moment(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, ALPHA);
    give(2, 20, 0x2000, 50, BETA);
    checkpoint(1, 30, 0, "start");
    end_block(2, 40, 0x1000);
    give(1, 50, 0x3000, 7, LIBC_ALPHA);
    checkpoint(2, 60, 0, "later");
    end_block(1, 70, 0x2000);
    end_block(1, 80, 0x3000);
    read_image(0);
    assert_int_equal(run.checkpoint_count, 2);
    assert_false(run.no_checkpoints);
    assert_moment(0, "start", 150, 2);
    assert_int_equal(at(0)->time_us, 30);
    assert_int_equal(at(0)->rows[m.alpha].live_bytes, 100);
    assert_int_equal(at(0)->rows[m.beta].live_bytes, 50);
    assert_moment(1, "later", 57, 2);
    assert_int_equal(at(1)->time_us, 60);
    assert_int_equal(at(1)->rows[m.alpha].live_bytes, 7);
    assert_int_equal(at(1)->rows[m.alpha].kind_bytes[LEDGER_LIBC], 7);
    assert_int_equal(at(1)->rows[m.alpha].kind_bytes[LEDGER_MALLOC], 0);
    assert_int_equal(run.end_us, 80);
    assert_int_equal(run.ledger.total.live_bytes, 0);
}

static void peaks_are_those_since_the_checkpoint_before(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, ALPHA);
    give(1, 11, 0x2000, 30, BETA);
    end_block(1, 12, 0x1000);
    checkpoint(1, 20, 0, "one");
    give(1, 21, 0x1000, 20, ALPHA);
    end_block(1, 22, 0x2000);
    checkpoint(1, 30, 0, "two");
    checkpoint(1, 40, 0, "three");
    read_image(0);
    assert_int_equal(at(0)->total.peak_bytes, 130);
    assert_int_equal(at(0)->rows[m.alpha].peak_bytes, 100);
    assert_int_equal(at(1)->total.peak_bytes, 50);
    assert_int_equal(at(1)->rows[m.alpha].peak_bytes, 20);
    assert_int_equal(at(1)->rows[m.beta].peak_bytes, 30);
    assert_int_equal(at(2)->total.peak_bytes, 20);
    assert_int_equal(at(2)->rows[m.beta].peak_bytes, 0);
}

static void checkpoints_of_cycles_are_found_by_name_and_cycle(void **state) {
    (void)state;
    give(1, 10, 0x1000, 1, ALPHA);
    checkpoint(1, 20, 1, "created");
    give(1, 30, 0x2000, 2, ALPHA);
    checkpoint(1, 40, 2, "created");
    give(1, 50, 0x3000, 4, ALPHA);
    checkpoint(1, 60, 0, "cleanup");
    read_image(0);
    assert_string_equal(heard.names, "created/1 created/2 cleanup/0 ");
    assert_ptr_equal(run_find(&run, STR("created"), 0), at(0));
    assert_ptr_equal(run_find(&run, STR("created"), 1), at(0));
    assert_ptr_equal(run_find(&run, STR("created"), 2), at(1));
    assert_null(run_find(&run, STR("created"), 3));
    assert_ptr_equal(run_find(&run, STR("cleanup"), 0), at(2));
    assert_null(run_find(&run, STR("cleanup"), 1));
    assert_null(run_find(&run, STR("create"), 0));
    assert_moment(1, "created", 3, 2);
}

static void many_checkpoints_keep_their_numbers(void **state) {
    (void)state;
    enum { MANY = 300 };
    for (uint32_t i = 0; i < MANY; i++) {
        give(1, 10 + 2 * i, 0x1000 + i * 16, i, ALPHA);
        checkpoint(1, 11 + 2 * i, i + 1, "round");
    }
    read_image(0);
    assert_int_equal(run.checkpoint_count, MANY);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        bytes += i;
        assert_moment(i, "round", bytes, i + 1);
        assert_int_equal(at(i)->cycle, i + 1);
        assert_int_equal(at(i)->rows[m.alpha].live_bytes, bytes);
    }
    assert_int_equal(heard.checkpoints, MANY);
    assert_int_equal(heard.events, MANY);
}

static void sites_that_come_later_had_nothing_before(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, ALPHA);
    checkpoint(1, 20, 0, "one");
    give(1, 30, 0x2000, 50, BETA);
    checkpoint(1, 40, 0, "two");
    read_image(0);
    uint32_t alpha = owners_get(&m.owners, ALPHA).site, beta = owners_get(&m.owners, BETA).site;
    assert_int_equal(at(0)->site_count, 1);
    assert_int_equal(run_site_bytes(at(0), alpha), 100);
    assert_int_equal(run_site_blocks(at(0), alpha), 1);
    assert_int_equal(run_site_bytes(at(0), beta), 0);
    assert_int_equal(run_site_blocks(at(0), beta), 0);
    assert_int_equal(run_site_bytes(at(1), alpha), 100);
    assert_int_equal(run_site_bytes(at(1), beta), 50);
    assert_int_equal(run_site_bytes(at(1), UINT32_MAX), 0);
}

static void sites_sum_to_the_total_at_each_checkpoint(void **state) {
    (void)state;
    static const uint32_t stacks[] = { ALPHA, BETA, LIBC_ALPHA, 0, UNDEFINED };
    for (uint32_t i = 0; i < 400; i++) {
        give(1 + i % 3, 10 + i, 0x1000 + i * 32, i * i, stacks[i % 5]);
        if (i % 7 == 0)
            end_block(1 + i % 3, 10 + i, 0x1000 + i / 2 * 32);
        if (i % 50 == 49)
            checkpoint(1, 10 + i, 0, "here");
    }
    read_image(0);
    assert_int_equal(run.checkpoint_count, 8);
    for (uint32_t c = 0; c < 8; c++) {
        uint64_t bytes = 0, blocks = 0, components = 0;
        for (uint32_t i = 0; i < m.owners.site_count; i++) {
            bytes += run_site_bytes(at(c), i);
            blocks += run_site_blocks(at(c), i);
        }
        for (uint32_t i = 0; i < m.map.count; i++)
            components += at(c)->rows[i].live_bytes;
        assert_int_equal(bytes, at(c)->total.live_bytes);
        assert_int_equal(blocks, at(c)->total.live_blocks);
        assert_int_equal(components, at(c)->total.live_bytes);
    }
    assert_true(at(7)->rows[m.unknown].live_bytes > 0);
}

static void a_trace_without_checkpoints_has_its_end(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, ALPHA);
    give(1, 25, 0x2000, 5, BETA);
    read_image(0);
    assert_true(run.no_checkpoints);
    assert_int_equal(run.checkpoint_count, 1);
    assert_moment(0, "end", 105, 2);
    assert_int_equal(at(0)->time_us, 25);
    assert_int_equal(at(0)->cycle, 0);
    assert_string_equal(heard.names, "end/0 ");
}

static void a_trace_without_events_has_an_end_too(void **state) {
    (void)state;
    read_image(0);
    assert_true(run.no_checkpoints);
    assert_moment(0, "end", 0, 0);
    assert_int_equal(run.end_us, 0);
    assert_int_equal(heard.events, 0);
}

static void observers_hear_of_events_after_they_were_taken_in(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, ALPHA);
    kernel(1, 11, MODEL_CREATE, KERNEL_MUTEX, 0x1000, BETA);
    checkpoint(1, 12, 0, "x");
    read_image(0);
    assert_int_equal(heard.events, 2);
    assert_int_equal(heard.live_at_events, 100);
    assert_int_equal(at(0)->rows[m.beta].kernel[KERNEL_MUTEX], 1);
    // The same without anybody who listens.
    struct run alone;
    owners_init(&m.owners, &m.arena, &trace.images[0], m.symbolizer, &m.map);
    run_init(&alone, &m.arena, &trace, &trace.images[0], &m.owners, m.map.count);
    run_read(&alone, NULL, NULL);
    assert_int_equal(alone.checkpoint_count, 1);
    assert_int_equal(alone.checkpoints[0].total.live_bytes, 100);
}

static void threads_that_live_are_listed_with_their_makers(void **state) {
    (void)state;
    kernel(1, 10, MODEL_CREATE, KERNEL_THREAD, 7, ALPHA);
    kernel(1, 11, MODEL_CREATE, KERNEL_THREAD, 8, BETA);
    kernel(1, 12, MODEL_CREATE, KERNEL_MUTEX, 9, BETA);
    checkpoint(1, 20, 0, "both");
    kernel(1, 21, MODEL_DESTROY, KERNEL_THREAD, 7, 0);
    checkpoint(1, 30, 0, "one");
    read_image(0);
    assert_int_equal(at(0)->thread_count, 2);
    assert_int_equal(at(0)->threads[0].number, 7);
    assert_int_equal(at(0)->threads[0].component, m.alpha);
    assert_int_equal(at(0)->threads[1].number, 8);
    assert_int_equal(at(0)->threads[1].component, m.beta);
    assert_int_equal(at(1)->thread_count, 1);
    assert_int_equal(at(1)->threads[0].number, 8);
}

static void the_recorders_own_memory_is_told(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, ALPHA);
    checkpoint(1, 20, 0, "x");
    uint8_t body[64], *end_at = body;
    const uint64_t counters[] = { 0, 0, 123456, 1, 2, 3, 4, 5, 6, 7, 8 };
    for (unsigned i = 0; i < sizeof counters / sizeof counters[0]; i++)
        end_at = ramlens_wire_put_varint(end_at, counters[i]);
    builder_record(&b, 0, 0, RAMLENS_WIRE_COUNTERS, body, (size_t)(end_at - body));
    read_image(0);
    assert_int_equal(at(0)->recorder_bytes, 123456);
    assert_int_equal(at(0)->total.live_bytes, 100); // not among the program's
}

// ---- order

static void an_event_of_another_thread_is_taken_first_where_it_must_be(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, ALPHA);
    // Stamped a little too early: the free that made room follows.
    builder_event(&b, 2, 20 * TICK + 5, GIVE, 0x1000, 30);
    builder_event(&b, 1, 20 * TICK + 20, END, 0x1000, 0);
    checkpoint(1, 30, 0, "x");
    read_image(0);
    assert_moment(0, "x", 30, 1);
    assert_int_equal(run.unresolved, 0);
    assert_int_equal(run.ledger.counts.conflicts, 0);
    assert_int_equal(run.ledger.counts.foreign_frees, 0);
}

static void what_no_order_explains_is_counted(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, ALPHA);
    give(2, 20, 0x1000, 30, BETA); // its free was lost
    end_block(2, 30, 0x7000);      // its birth was lost
    checkpoint(1, 40, 0, "x");
    read_image(0);
    assert_moment(0, "x", 30, 1);
    assert_int_equal(run.unresolved, 2);
    assert_int_equal(run.ledger.counts.conflicts, 1);
    assert_int_equal(run.ledger.counts.foreign_frees, 1);
}

static void a_moving_realloc_crosses_threads(void **state) {
    (void)state;
    struct ramlens_wire_request from = { .kind = RAMLENS_WIRE_REALLOC_FROM, .stack = ALPHA };
    struct ramlens_wire_request to = {
        .kind = RAMLENS_WIRE_REALLOC_TO, .size = 500, .stack = ALPHA
    };
    give(1, 10, 0x1000, 100, ALPHA);
    builder_request(&b, 1, 20 * TICK, 0x1000, &from);
    give(2, 21, 0x1000, 9, BETA); // gets the old place before realloc returns
    builder_request(&b, 1, 22 * TICK, 0x5000, &to);
    checkpoint(1, 30, 0, "x");
    read_image(0);
    assert_moment(0, "x", 509, 2);
    assert_int_equal(run.ledger.counts.events, 3);
    assert_int_equal(run.unresolved, 0);
}

// ---- damage

static void a_lost_definition_leaves_bytes_exact(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, UNDEFINED);
    give(1, 11, 0x2000, 11, UINT32_MAX);
    give(1, 12, 0x3000, 7, ALPHA);
    checkpoint(1, 20, 0, "x");
    read_image(0);
    assert_moment(0, "x", 118, 3);
    assert_int_equal(at(0)->rows[m.unknown].live_bytes, 111);
    assert_int_equal(at(0)->rows[m.unknown].live_blocks, 2);
    assert_int_equal(at(0)->rows[m.alpha].live_bytes, 7);
}

static void a_damaged_block_of_definitions_makes_unknown_stacks(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, ALPHA);
    size_t first = b.size; // behind all blocks so far: the next one of stream 0 is closed here
    builder_open(&b, 0, 15 * TICK);
    builder_stack(&b, 5, 0, 0x30200);
    builder_close(&b, 0);
    give(1, 20, 0x2000, 23, 5);
    checkpoint(1, 30, 0, "x");
    builder_close(&b, 1);
    b.bytes[first + 50] ^= 0x40;
    read_image(0);
    assert_int_equal(trace.damage.blocks, 1);
    assert_moment(0, "x", 123, 2);
    assert_int_equal(at(0)->rows[m.unknown].live_bytes, 23);
    assert_int_equal(at(0)->rows[m.alpha].live_bytes, 100);
}

static void hostile_events_do_not_stop_the_run(void **state) {
    (void)state;
    give(1, 10, 0, 100, ALPHA);
    give(1, 11, 0x1000, UINT64_C(1) << 63, ALPHA);
    give(1, 12, 0x2000, UINT64_C(1) << 62, ALPHA);
    give(1, 13, 0x3000, UINT64_C(1) << 62, ALPHA);
    kernel(1, 14, MODEL_CREATE, 200, 0x2000, ALPHA);
    kernel(1, 15, 77, KERNEL_MUTEX, 0x2000, ALPHA);
    kernel(1, 16, MODEL_CREATE, KERNEL_THREAD, UINT64_MAX, UINT32_MAX);
    checkpoint(1, 20, UINT32_MAX, "");
    give(1, 21, 0x4000, 5, ALPHA);
    checkpoint(1, 30, 0, "a\nb");
    read_image(0);
    assert_moment(0, "", UINT64_C(1) << 62, 1);
    assert_int_equal(at(0)->cycle, UINT32_MAX);
    assert_moment(1, "a\nb", (UINT64_C(1) << 62) + 5, 2);
    assert_int_equal(run.ledger.counts.impossible, 3);
    assert_int_equal(at(0)->total.kernel[KERNEL_THREAD], 1);
    assert_int_equal(at(0)->total.kernel[KERNEL_MUTEX], 0);
}

static void each_image_is_a_run_of_its_own(void **state) {
    (void)state;
    give(1, 10, 0x1000, 100, ALPHA);
    checkpoint(1, 20, 0, "first");
    for (uint32_t i = 0; i < 2; i++)
        builder_close(&b, i);
    b.image = 2;
    b.sequence[0] = b.sequence[1] = 0;
    builder_open(&b, 0, 0);
    builder_image(&b, 0, "/none/program");
    builder_module(&b, 1, 0x30000, 0x8000, "/none/libbeta.so");
    builder_stack(&b, 1, 0, 0x30100);
    give(1, 10, 0x1000, 9, 1);
    checkpoint(1, 20, 0, "second");
    read_image(1);
    assert_int_equal(run.checkpoint_count, 1);
    assert_moment(0, "second", 9, 1);
    assert_int_equal(at(0)->rows[m.beta].live_bytes, 9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_checkpoint_keeps_the_ledger_of_its_moment),
        TEST(peaks_are_those_since_the_checkpoint_before),
        TEST(checkpoints_of_cycles_are_found_by_name_and_cycle),
        TEST(many_checkpoints_keep_their_numbers),
        TEST(sites_that_come_later_had_nothing_before),
        TEST(sites_sum_to_the_total_at_each_checkpoint),
        TEST(a_trace_without_checkpoints_has_its_end),
        TEST(a_trace_without_events_has_an_end_too),
        TEST(observers_hear_of_events_after_they_were_taken_in),
        TEST(threads_that_live_are_listed_with_their_makers),
        TEST(the_recorders_own_memory_is_told),
        TEST(an_event_of_another_thread_is_taken_first_where_it_must_be),
        TEST(what_no_order_explains_is_counted),
        TEST(a_moving_realloc_crosses_threads),
        TEST(a_lost_definition_leaves_bytes_exact),
        TEST(a_damaged_block_of_definitions_makes_unknown_stacks),
        TEST(hostile_events_do_not_stop_the_run),
        TEST(each_image_is_a_run_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
