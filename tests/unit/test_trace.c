// sources: wire/*.c host/io/trace*.c tests/unit/trace_builder.c
//
// Reading traces: the order of events over threads, several images, modules that come and go, what
// is left when something is lost, open and cut-off blocks, and what is said of a file that is no
// trace.
#include "trace.h"
#include "trace_builder.h"
#include "trace_seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { TICK = RAMLENS_WIRE_PARTS, ADDRESSES = 1 << 16, TEXT = 1 << 16 };
enum {
    GIVE = RAMLENS_WIRE_MALLOC,
    END = RAMLENS_WIRE_FREE,
    RESIZE = RAMLENS_WIRE_REALLOC_IN_PLACE
};

static struct builder b;
static struct arena a;
static struct trace trace;
static struct err err;
static bool opened;

static void begin(void) {
    builder_begin(&b);
    builder_open(&b, 0, 0);
    builder_image(&b, 0, "/bin/subject");
}

static void shut(void) {
    if (opened)
        trace_close(&trace);
    opened = false;
    arena_clear(&a);
}

static bool open_again(const char *path) {
    shut();
    memset(&err, 0, sizeof err);
    opened = trace_open(&a, path, &trace, &err);
    return opened;
}

static void open_built(void) {
    assert_true(open_again(builder_path(&b)));
}

static uint8_t lives[ADDRESSES];
static uint32_t conflicts;

static bool in_conflict(const struct trace_event *e) {
    if (e->type != TRACE_MEMORY || e->request.flags & RAMLENS_WIRE_FAILED)
        return false;
    bool must_live = e->request.kind < RAMLENS_WIRE_FIRST_ALLOC || e->request.kind == RESIZE;
    return lives[e->address % ADDRESSES] != must_live;
}

/// The events of an image as one line: thread, what, address in hexadecimal. "1+a0 2-a0 1~b0
/// 1!name".
static const char *play(uint32_t image, bool defer) {
    static char text[TEXT];
    size_t at = 0;
    struct trace_cursor *c = trace_cursor_new(&a, &trace, &trace.images[image]);
    const struct trace_event *e;
    memset(lives, 0, sizeof lives);
    conflicts = 0;
    text[0] = '\0';
    while ((e = trace_peek(c)) != NULL && at < sizeof text - 100) {
        if (in_conflict(e)) {
            if (defer && trace_defer(c))
                continue;
            conflicts++;
        }
        const char *space = at == 0 ? "" : " ";
        if (e->type == TRACE_CHECKPOINT)
            at += (size_t)sprintf(text + at, "%s%u!%.*s", space, e->thread, STR_ARG(e->name));
        else if (e->type == TRACE_KERNEL)
            at += (size_t)sprintf(text + at, "%s%u@%u.%u.%llx.%llu", space, e->thread, e->operation,
                    e->object, (unsigned long long)e->address, (unsigned long long)e->request.size);
        else {
            bool ends = e->request.kind < RAMLENS_WIRE_FIRST_ALLOC;
            at += (size_t)sprintf(text + at, "%s%u%c%llx", space, e->thread,
                    ends                        ? '-'
                    : e->request.kind == RESIZE ? '~'
                                                : '+',
                    (unsigned long long)e->address);
            lives[e->address % ADDRESSES] = !ends;
        }
        trace_advance(c);
    }
    return text;
}

static uint32_t count_events(uint32_t image) {
    struct trace_cursor *c = trace_cursor_new(&a, &trace, &trace.images[image]);
    uint32_t count = 0;
    for (; trace_peek(c) != NULL; trace_advance(c))
        count++;
    return count;
}

// -------------------------------------------------------------------------------------------------
// Order

static void events_of_all_threads_come_by_their_times(void **state) {
    (void)state;
    begin();
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    builder_event(&b, 2, 11 * TICK, GIVE, 0xb0, 1);
    builder_event(&b, 3, 12 * TICK, GIVE, 0xc0, 1);
    builder_event(&b, 1, 30 * TICK, END, 0xa0, 0);
    builder_event(&b, 2, 20 * TICK, END, 0xb0, 0);
    builder_event(&b, 3, 25 * TICK, END, 0xc0, 0);
    builder_event(&b, 2, 40 * TICK + 3, GIVE, 0xd0, 0);
    builder_event(&b, 1, 40 * TICK + 2, GIVE, 0xe0, 0);
    open_built();
    assert_string_equal(play(0, true), "1+a0 2+b0 3+c0 2-b0 3-c0 1-a0 1+e0 2+d0");
    assert_int_equal(conflicts, 0);
    assert_int_equal(trace.damage.open_blocks, 4);
}

static void equal_times_go_by_the_order_of_their_blocks(void **state) {
    (void)state;
    begin();
    builder_open(&b, 2, 0);
    builder_open(&b, 1, 0);
    for (uint32_t i = 0; i < 3; i++) {
        builder_event(&b, 1, 5 * TICK, GIVE, 0x100 + i * 16, 1);
        builder_event(&b, 2, 5 * TICK, GIVE, 0x200 + i * 16, 1);
    }
    open_built();
    assert_string_equal(play(0, true), "2+200 2+210 2+220 1+100 1+110 1+120");
}

static void a_block_opened_early_waits_for_its_events(void **state) {
    (void)state;
    begin();
    builder_open(&b, 3, TICK); // an idle thread's
    for (uint32_t i = 0; i < 400; i++)
        builder_event(&b, 1 + i % 2, (10 + i) * TICK, GIVE, i * 16, 1);
    builder_event(&b, 3, 200 * TICK + 1, GIVE, 0x5550, 1);
    builder_event(&b, 3, 1000 * TICK, END, 0x5550, 0);
    for (uint32_t i = 0; i < 4; i++)
        builder_close(&b, i);
    open_built();
    const char *text = play(0, true);
    const char *found = strstr(text, "3+5550");
    assert_true(found != NULL);
    assert_memory_equal(found - 6, "1+be0 3+5550 2+bf0", 18); // the 190th event is at tick 200
    assert_string_equal(text + strlen(text) - 6, "3-5550");
    assert_int_equal(conflicts, 0);
}

static void streams_come_and_go_without_a_trace_in_memory(void **state) {
    (void)state;
    size_t taken[2];
    for (uint32_t longer = 0; longer < 2; longer++) {
        begin();
        for (uint32_t i = 0; i < 3000u << longer * 3; i++) {
            uint32_t stream =
                    1 + i / 100 % 7; // each lives for a while, and comes again with a new block
            builder_event(&b, stream, (10 + i) * TICK, i % 2 ? END : GIVE, 0xa0, 1);
            if (i % 100 == 99)
                builder_close(&b, stream);
        }
        open_built();
        size_t before = a.taken_bytes;
        assert_int_equal(count_events(0), 3000u << longer * 3);
        taken[longer] = a.taken_bytes - before;
        assert_int_equal(trace.damage.missing, 0);
    }
    assert_true(taken[1] < taken[0] + 4096);
    assert_true(taken[0] < TICK * 4096);
}

/// Clocks of two processors differ by a little: a free may look later than the allocation that
/// followed it.
static void an_event_waits_for_the_one_that_explains_it(void **state) {
    (void)state;
    begin();
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    builder_event(&b, 2, 20 * TICK + 5, GIVE, 0xa0, 1);
    builder_event(&b, 2, 20 * TICK + 6, GIVE, 0xb0, 1);
    builder_event(&b, 1, 20 * TICK + 30, END, 0xa0, 0);
    builder_event(
            &b, 3, 20 * TICK + 5, END, 0xc0, 0); // explained by its own thread's far past only
    builder_event(&b, 3, 20 * TICK + 200, GIVE, 0xc0, 0);
    open_built();
    assert_string_equal(play(0, true), "1+a0 3-c0 1-a0 2+a0 2+b0 3+c0");
    assert_int_equal(conflicts, 1);
    play(0, false);
    assert_int_equal(conflicts, 2); // given where one lives
    assert_int_equal(lives[0xa0], 0);
}

static void what_comes_too_late_explains_nothing(void **state) {
    (void)state;
    begin();
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    builder_event(&b, 2, 20 * TICK, GIVE, 0xa0, 1);
    builder_event(&b, 1, 20 * TICK + 65, END, 0xa0, 0);
    open_built();
    assert_string_equal(play(0, true), "1+a0 2+a0 1-a0");
}

static void events_that_wait_for_each_other_are_given_out_all_the_same(void **state) {
    (void)state;
    begin();
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    builder_event(&b, 1, 11 * TICK, GIVE, 0xb0, 1);
    // Each begins with what only the other's second could allow.
    builder_event(&b, 2, 20 * TICK, GIVE, 0xa0, 1);
    builder_event(&b, 3, 20 * TICK, GIVE, 0xb0, 1);
    builder_event(&b, 2, 20 * TICK + 1, END, 0xb0, 1);
    builder_event(&b, 3, 20 * TICK + 1, END, 0xa0, 1);
    open_built();
    assert_string_equal(play(0, true), "1+a0 1+b0 2+a0 2-b0 3+b0 3-a0");
    assert_int_equal(conflicts, 1);
}

static void a_resize_needs_a_block_that_lives(void **state) {
    (void)state;
    begin();
    builder_event(&b, 1, 10 * TICK + 1, RESIZE, 0xa0, 9);
    builder_event(&b, 2, 10 * TICK + 2, GIVE, 0xa0, 1);
    open_built();
    assert_string_equal(play(0, true), "2+a0 1~a0");
    assert_int_equal(conflicts, 0);
}

static void kernel_events_and_checkpoints_stand_among_the_others(void **state) {
    (void)state;
    begin();
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    uint8_t kernel[] = { 0, 5, 3, 1, 0x80, 0x01 };
    builder_record(&b, 1, 11 * TICK, RAMLENS_WIRE_KERNEL, kernel, sizeof kernel);
    builder_record(&b, 2, 12 * TICK, RAMLENS_WIRE_CHECKPOINT, "\3\5ready and more", 16);
    builder_record(&b, 2, 12 * TICK, 60, "new", 3);
    uint8_t nonsense[] = { 0x80, 0x02, 1, 1, 1, 1 }; // operation 256
    builder_record(&b, 1, 13 * TICK, RAMLENS_WIRE_KERNEL, nonsense, sizeof nonsense);
    builder_record(&b, 1, 13 * TICK, RAMLENS_WIRE_CHECKPOINT, "\0\7short", 7);
    builder_event(&b, 2, 14 * TICK, END, 0xa0, 1);
    open_built();
    assert_string_equal(play(0, true), "1+a0 1@0.5.3.128 2!ready 2-a0");
    struct trace_cursor *c = trace_cursor_new(&a, &trace, &trace.images[0]);
    const struct trace_event *e;
    while ((e = trace_peek(c))->type != TRACE_CHECKPOINT)
        trace_advance(c);
    assert_int_equal(e->cycle, 3);
    assert_int_equal(e->time, 12 * TICK);
}

// -------------------------------------------------------------------------------------------------
// Definitions

static void definitions_are_read(void **state) {
    (void)state;
    begin();
    builder_numbers(&b, 0, 0, RAMLENS_WIRE_CLOCK, 100, 5000, 0);
    builder_module(&b, 1, 0x10000, 0x1000, "");
    builder_module(&b, 2, 0x20000, 0x1000, "/lib/a.so");
    builder_thread(&b, 1, 4321, "first");
    builder_thread(&b, 7, 4322, "");
    builder_thread(&b, 1, 4321, "renamed");
    builder_stack(&b, 1, 0, 0x10010);
    builder_stack(&b, 2, 1, 0x21000); // its call is the module's last instruction
    builder_stack(&b, 3, 1, 0x20000); // its call stands before the module
    uint8_t counters[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
    builder_record(&b, 0, 0, RAMLENS_WIRE_COUNTERS, counters, sizeof counters);
    builder_record(&b, 0, 0, RAMLENS_WIRE_END, "", 0);
    open_built();
    const struct trace_image *image = &trace.images[0];
    assert_int_equal(trace.image_count, 1);
    assert_int_equal(image->pointer_bytes, 8);
    assert_int_equal(image->ticks_per_second, 1000000);
    assert_int_equal(image->process, 4321);
    assert_true(str_equal(image->path, STR("/bin/subject")));
    assert_true(str_equal(image->platform, STR("test")));
    assert_int_equal(image->module_count, 2);
    assert_true(str_equal(image->modules[0].path, STR("/bin/subject")));
    assert_true(str_equal(image->modules[1].path, STR("/lib/a.so")));
    assert_int_equal(image->modules[1].build_id_bytes, 3);
    assert_memory_equal(image->modules[1].build_id, "\xb1\x1d\x1d", 3);
    assert_int_equal(image->thread_count, 2);
    assert_true(str_equal(image->threads[0].name, STR("renamed")));
    assert_int_equal(image->threads[1].number, 7);
    assert_int_equal(image->stack_count, 4);
    assert_int_equal(image->stacks[1].module, 1);
    assert_int_equal(image->stacks[2].module, 2);
    assert_int_equal(image->stacks[2].outer, 1);
    assert_int_equal(image->stacks[2].address, 0x21000);
    assert_int_equal(image->stacks[3].module, 0);
    assert_false(image->stacks[0].known);
    assert_true(image->counters.present && image->counters.too_deep == 11 &&
                image->counters.map_bytes == 3);
    assert_int_equal(trace.lost_allocs, 1);
    assert_int_equal(trace.lost_frees, 2);
    assert_true(image->ended);
    assert_int_equal(trace.damage.blocks, 0);
}

static void a_stack_belongs_to_the_module_of_its_time(void **state) {
    (void)state;
    begin();
    builder_module(&b, 1, 0x10000, 0x1000, "/lib/first.so");
    builder_stack(&b, 1, 0, 0x10010);
    builder_numbers(&b, 0, 0, RAMLENS_WIRE_UNLOAD, 1, 0, 0);
    builder_stack(&b, 2, 0, 0x10014); // between two modules
    builder_module(&b, 2, 0x10000, 0x800, "/lib/second.so");
    builder_stack(&b, 3, 0, 0x10010);
    builder_module(&b, 3, 0x10400, 0x1000, "/lib/third.so"); // the unloading of the second was lost
    builder_stack(&b, 4, 0, 0x10010);
    builder_stack(&b, 5, 0, 0x10410);
    builder_module(&b, 3, 0x40000, 0x1000, "/lib/third.so");
    builder_numbers(&b, 0, 0, RAMLENS_WIRE_UNLOAD, 3, 0, 0); // of the latest with that number
    builder_stack(&b, 6, 0, 0x40010);
    builder_stack(&b, 7, 0, 0x10410);
    builder_module(&b, 4, UINT64_MAX - 10, 0x1000, "/beyond");
    builder_stack(&b, 8, 0, UINT64_MAX - 3);
    open_built();
    static const uint32_t wanted[] = { 0, 1, 0, 2, 0, 3, 0, 3, 0 };
    for (uint32_t i = 1; i < 9; i++)
        assert_int_equal(trace.images[0].stacks[i].module, wanted[i]);
    assert_false(trace.images[0].modules[1].loaded);
    assert_true(trace.images[0].modules[2].loaded);
    assert_false(trace.images[0].modules[3].loaded);
}

static void many_modules_are_found(void **state) {
    (void)state;
    begin();
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t place = i * 7919u % 1000;
        builder_module(&b, i + 1, 0x10000 + place * 0x100u, 0x80, "/m");
    }
    for (uint32_t i = 0; i < 1000; i++)
        builder_stack(&b, i + 1, 0, 0x10000 + i * 7919u % 1000 * 0x100u + 0x40);
    builder_stack(&b, 1001, 0, 0x100c0);
    open_built();
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(trace.images[0].stacks[i + 1].module, i + 1);
    assert_int_equal(trace.images[0].stacks[1001].module, 0);
}

static void a_lost_definition_leaves_the_bytes_exact(void **state) {
    (void)state;
    begin();
    builder_stack(&b, 1, 0, 0x1000);
    size_t second = b.size;
    builder_open(&b, 0, TICK);
    builder_stack(&b, 2, 1, 0x2000);
    builder_stack(&b, 3, 2, 0x3000);
    builder_open(&b, 0, 2 * TICK);
    builder_stack(&b, 4, 3, 0x2f00);
    struct ramlens_wire_request r = { .kind = GIVE, .size = 100, .stack = 3 };
    builder_request(&b, 1, 10 * TICK, 0xa0, &r);
    r.stack = 4;
    builder_request(&b, 1, 11 * TICK, 0xb0, &r);
    builder_close(&b, 0);
    builder_close(&b, 1);
    b.bytes[second + RAMLENS_WIRE_HEADER_BYTES + 3] ^= 4;
    open_built();
    const struct trace_image *image = &trace.images[0];
    assert_int_equal(image->stack_count, 5);
    assert_true(image->stacks[1].known);
    assert_false(image->stacks[2].known);
    assert_false(image->stacks[3].known);
    assert_true(image->stacks[4].known);
    assert_int_equal(image->stacks[4].address, 0x2f00); // each block's addresses stand alone
    assert_string_equal(play(0, true), "1+a0 1+b0");
    assert_int_equal(trace.damage.blocks, 1);
    assert_int_equal(trace.damage.first_offset, second);
    assert_int_equal(trace.damage.missing, 1);
}

static void numbers_that_no_writer_gave_take_no_memory(void **state) {
    (void)state;
    begin();
    builder_stack(&b, UINT32_MAX, 0, 0x1000);
    builder_stack(&b, 5, 5, 0x1000);
    builder_stack(&b, 0, 0, 0x1000);
    builder_stack(&b, 100, 0, 0x4000);
    open_built();
    assert_int_equal(trace.images[0].stack_count, 101);
    assert_int_equal(trace.images[0].stacks[100].address, 0x4000);
    assert_true(a.taken_bytes < 1 << 20);
}

static void ticks_become_nanoseconds(void **state) {
    (void)state;
    begin();
    open_built();
    assert_int_equal(trace_nanoseconds(&trace.images[0], 5 * TICK), 5000); // nominal rate, no clock
    begin();
    builder_numbers(&b, 0, 0, RAMLENS_WIRE_CLOCK, 1000, 500000, 0);
    builder_numbers(&b, 0, 0, RAMLENS_WIRE_CLOCK, 3000, 200500000, 0); // 100,000 ns a tick
    builder_numbers(&b, 0, 0, RAMLENS_WIRE_CLOCK, 2000, 1, 0);         // neither first nor last
    open_built();
    assert_int_equal(trace_nanoseconds(&trace.images[0], 1000 * TICK), 0);
    assert_int_equal(trace_nanoseconds(&trace.images[0], 999 * TICK), 0);
    assert_int_equal(trace_nanoseconds(&trace.images[0], 1010 * TICK + TICK / 2), 1050000);
    begin();
    builder_numbers(&b, 0, 0, RAMLENS_WIRE_CLOCK, 1000, 500000, 0);
    builder_numbers(
            &b, 0, 0, RAMLENS_WIRE_CLOCK, 3000, 2500000, 0); // over 2 ms the nominal rate is better
    open_built();
    assert_int_equal(trace_nanoseconds(&trace.images[0], 1500 * TICK), 500000);
    begin();
    builder_numbers(&b, 0, 0, RAMLENS_WIRE_CLOCK, 0, 0, 0);
    builder_numbers(
            &b, 0, 0, RAMLENS_WIRE_CLOCK, 1, UINT64_MAX, 0); // nonsense, and yet no overflow
    open_built();
    assert_true(trace_nanoseconds(&trace.images[0], UINT64_MAX) == UINT64_MAX);
}

// -------------------------------------------------------------------------------------------------
// Images

static void build_two_images(bool second_record) {
    begin();
    builder_stack(&b, 1, 0, 0x1000);
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    builder_event(&b, 2, 11 * TICK, GIVE, 0xb0, 1);
    b.image = 2;
    memset(b.sequence, 0, sizeof b.sequence);
    for (uint32_t i = 0; i < 3; i++)
        builder_close(&b, i);
    builder_open(&b, 0, 20 * TICK);
    if (second_record)
        builder_image(&b, 20 * TICK, "/bin/other");
    builder_stack(&b, 1, 0, 0x9000);
    builder_event(&b, 1, 21 * TICK, GIVE, 0xc0, 1);
}

static void each_image_has_its_own_numbers(void **state) {
    (void)state;
    build_two_images(true);
    open_built();
    assert_int_equal(trace.image_count, 2);
    assert_int_equal(trace.images[0].stacks[1].address, 0x1000);
    assert_int_equal(trace.images[1].stacks[1].address, 0x9000);
    assert_true(str_equal(trace.images[1].path, STR("/bin/other")));
    assert_string_equal(play(0, true), "1+a0 2+b0");
    assert_string_equal(play(1, true), "1+c0");
    assert_int_equal(trace.damage.missing, 0);
}

static void an_image_without_its_record_is_kept_apart(void **state) {
    (void)state;
    build_two_images(false);
    open_built();
    assert_int_equal(trace.image_count, 2);
    assert_int_equal(trace.images[0].stacks[1].address, 0x1000);
    assert_int_equal(trace.images[1].stacks[1].address, 0x9000);
    assert_int_equal(trace.images[1].path.len, 0);
    assert_int_equal(trace.images[1].pointer_bytes, 0);
    assert_string_equal(play(1, true), "1+c0");
}

static void a_record_tells_images_of_one_mark_apart(void **state) {
    (void)state;
    begin();
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    builder_close(&b, 1);
    b.sequence[0] = 0;
    b.sequence[1] = 0;
    builder_open(&b, 0, 0);
    builder_image(&b, 0, "/bin/again");
    builder_event(&b, 1, 5 * TICK, GIVE, 0xb0, 1);
    open_built();
    assert_int_equal(trace.image_count, 2);
    assert_string_equal(play(0, true), "1+a0");
    assert_string_equal(play(1, true), "1+b0");
}

// -------------------------------------------------------------------------------------------------
// Loss and damage

static void missing_blocks_are_counted(void **state) {
    (void)state;
    begin();
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    b.sequence[1] += 2;
    builder_open(&b, 1, 20 * TICK);
    builder_event(&b, 1, 20 * TICK, GIVE, 0xb0, 1);
    b.sequence[2] = 1;
    builder_event(&b, 2, 30 * TICK, GIVE, 0xc0, 1);
    b.sequence[0] += 1;
    builder_open(&b, 0, 40 * TICK);
    open_built();
    assert_int_equal(trace.damage.missing, 2 + 1 + 1);
    assert_int_equal(trace.damage.blocks, 0);
    assert_string_equal(play(0, true), "1+a0 1+b0 2+c0");
    begin();
    b.sequence[1] = UINT32_MAX;
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    b.sequence[2] = UINT32_MAX;
    builder_event(&b, 2, 10 * TICK, GIVE, 0xb0, 1);
    open_built();
    assert_int_equal(trace.damage.missing, UINT32_MAX);
}

/// What was cut off behind a stream's latest block leaves no gap in its numbers.
static void the_end_tells_how_many_blocks_there_were(void **state) {
    (void)state;
    for (uint32_t told = 1; told <= 6; told++) {
        begin();
        builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
        b.sequence[1] += 1;
        builder_open(&b, 1, 20 * TICK);
        builder_event(&b, 1, 20 * TICK, GIVE, 0xb0, 1);
        builder_numbers(&b, 0, 30 * TICK, RAMLENS_WIRE_END, told, 0, 0);
        open_built();
        assert_int_equal(trace.damage.missing, told <= 3 + 1 ? 1 : told - 3);
    }
}

static void losses_of_all_streams_are_added_up(void **state) {
    (void)state;
    begin();
    for (uint32_t stream = 1; stream < 4; stream++) {
        for (uint32_t block = 0; block < 2; block++) {
            builder_open(&b, stream, 10 * TICK);
            ramlens_wire_end(&b.encoder[stream], 10 * stream + block, 100 * stream);
        }
    }
    open_built();
    assert_int_equal(trace.lost_allocs, 11 + 21 + 31);
    assert_int_equal(trace.lost_frees, 100 + 200 + 300);
    uint8_t counters[] = { 70, 20, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
    builder_record(&b, 0, 0, RAMLENS_WIRE_COUNTERS, counters, sizeof counters);
    open_built();
    assert_int_equal(trace.lost_allocs, 70);
    assert_int_equal(trace.lost_frees, 600);
}

static void zeros_between_blocks_are_padding(void **state) {
    (void)state;
    begin();
    builder_close(&b, 0);
    memmove(b.bytes + 9999, b.bytes, b.size); // zeros before the first, as many as you like
    memset(b.bytes, 0, 9999);
    b.size += 9999;
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    builder_close(&b, 1);
    builder_pad(&b, 300000);
    builder_event(&b, 1, 20 * TICK, END, 0xa0, 1);
    builder_close(&b, 1);
    builder_pad(&b, 1);
    open_built();
    assert_string_equal(play(0, true), "1+a0 1-a0");
    assert_int_equal(trace.damage.blocks, 0);
    assert_int_equal(trace.damage.bytes, 0);
}

static void damage_is_passed_over_and_located(void **state) {
    (void)state;
    begin();
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    builder_close(&b, 1);
    size_t junk = b.size;
    builder_pad(&b, 5000);
    memset(b.bytes + junk, 0x52, 5000);
    builder_event(&b, 1, 20 * TICK, GIVE, 0xb0, 1);
    builder_close(&b, 1);
    size_t flipped = b.size;
    builder_event(&b, 1, 30 * TICK, GIVE, 0xc0, 1);
    builder_close(&b, 1);
    builder_event(&b, 1, 40 * TICK, GIVE, 0xd0, 1);
    builder_close(&b, 1);
    b.bytes[flipped + 50] ^= 1;
    open_built();
    assert_string_equal(play(0, true), "1+a0 1+b0 1+d0");
    assert_int_equal(trace.damage.blocks, 2);
    assert_int_equal(trace.damage.first_offset, junk);
    assert_int_equal(trace.damage.bytes, 5000 + 512);
    assert_int_equal(trace.damage.missing, 1);
}

/// A block with a right checksum around nonsense: no accident, yet it is read to its last sensible
/// item, and said.
static void nonsense_with_a_right_checksum_is_damage(void **state) {
    (void)state;
    begin();
    size_t at = b.size;
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    *b.encoder[1].at++ = 0xff;
    builder_close(&b, 1);
    builder_event(&b, 1, 20 * TICK, END, 0xa0, 1);
    open_built();
    assert_string_equal(play(0, true), "1+a0 1-a0");
    assert_string_equal(play(0, true), "1+a0 1-a0");
    assert_int_equal(trace.damage.blocks, 1);
    assert_int_equal(trace.damage.first_offset, at);
    assert_int_equal(trace.damage.bytes, 1);
    begin();
    *b.encoder[0].at++ = 0xff;
    builder_close(&b, 0);
    open_built();
    assert_int_equal(trace.damage.blocks, 1);
}

static void an_open_block_ends_after_its_last_whole_item(void **state) {
    (void)state;
    begin();
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    memset(b.encoder[1].at + 1, 0x77, 20); // an item whose tag was never stored
    builder_event(&b, 2, 20 * TICK, GIVE, 0xb0, 1);
    open_built();
    assert_string_equal(play(0, true), "1+a0 2+b0");
    assert_int_equal(trace.damage.open_blocks, 3);
    assert_int_equal(trace.damage.blocks, 0);
    // Sealed, it is as good as any.
    assert_true(trace_seal(b.path, &err));
    assert_true(open_again(b.path));
    assert_string_equal(play(0, true), "1+a0 2+b0");
    assert_int_equal(trace.damage.open_blocks, 0);
    assert_int_equal(trace.damage.blocks, 0);
    assert_true(builder_file_bytes(&b) < b.size);
    // A broken one is said to be broken.
    *b.encoder[1].at = 0xff;
    open_built();
    assert_string_equal(play(0, true), "1+a0 2+b0");
    assert_int_equal(trace.damage.blocks, 1);
    assert_int_equal(trace.damage.bytes, 512 - (size_t)(b.encoder[1].at - b.encoder[1].begin));
}

static void sealing_keeps_what_it_does_not_understand(void **state) {
    (void)state;
    begin();
    builder_close(&b, 0);
    size_t size = b.size;
    builder_pad(&b, 100);
    memset(b.bytes + size, 'x', 50);
    builder_path(&b);
    assert_true(trace_seal(b.path, &err));
    assert_int_equal(builder_file_bytes(&b),
            b.size); // damage behind the last block may be somebody's last block
    memset(b.bytes + size, 0, 50);
    builder_path(&b);
    assert_true(trace_seal(b.path, &err));
    assert_true(builder_file_bytes(&b) < size);
    assert_false(trace_seal("/nowhere/at/all", &err));
    assert_string_equal(err.file, "/nowhere/at/all");
}

static void a_file_cut_anywhere_is_read_to_there(void **state) {
    (void)state;
    begin();
    size_t ends[40], count = 0;
    b.place_bytes = 256;
    for (uint32_t i = 0; i < 40; i++) {
        builder_event(&b, 1, (10 + i) * TICK, GIVE, 0x100 + i * 0x30, i);
        ends[count++] = (size_t)(b.encoder[1].at - b.bytes);
    }
    bool closed = false;
    for (uint32_t round = 0; round < 2; round++, closed = true) {
        if (closed)
            builder_close(&b, 1);
        builder_path(&b);
        for (size_t cut = b.size; cut-- > 520;) {
            assert_int_equal(ftruncate(b.file, (off_t)cut), 0);
            assert_true(open_again(b.path));
            size_t first = 512 + (cut - 512) / 256 * 256; // of the block that is cut
            size_t whole = 0;
            while (whole < count && ends[whole] <= cut)
                whole++;
            if (closed || first + RAMLENS_WIRE_HEADER_BYTES > cut || first + 256 < b.size) {
                size_t length = cut; // a closed block that is cut is lost as a whole
                whole = 0;
                for (size_t i = 0; i < count; i++) {
                    size_t block_end = 0;
                    for (size_t j = i; j < count && ends[j] / 256 == ends[i] / 256; j++)
                        block_end = ends[j];
                    whole += block_end <= length;
                }
            }
            assert_int_equal(count_events(0), whole);
        }
        builder_path(&b);
    }
}

// -------------------------------------------------------------------------------------------------
// No trace at all

static bool refuses(const void *bytes, size_t size, uint64_t offset, const char *words) {
    int file = memfd_create("bad", 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    assert_true(write(file, bytes, size) == (ssize_t)size);
    bool good = open_again(path);
    close(file);
    bool said = strstr(err.text, words) != NULL;
    if (good || !said || err.offset != offset || strcmp(err.file, path) != 0)
        printf("opened %d: '%s' at %llu\n", good, err.text, (unsigned long long)err.offset);
    return !good && said && err.offset == offset && strcmp(err.file, path) == 0;
}

static void what_is_no_trace_is_refused_with_a_reason(void **state) {
    (void)state;
    static uint8_t zeros[5000];
    assert_true(refuses("", 0, 0, "is empty"));
    assert_true(refuses("RL", 2, 0, "is not a ramlens trace"));
    assert_true(refuses("\177ELF and so on", 14, 0, "is not a ramlens trace"));
    assert_true(refuses(zeros, sizeof zeros, 0, "is not a ramlens trace"));
    assert_false(open_again("/nowhere/at/all"));
    assert_true(strstr(err.text, "cannot be opened") != NULL &&
                strcmp(err.file, "/nowhere/at/all") == 0);
    assert_false(open_again("/"));
    assert_true(strstr(err.text, "not a regular file") != NULL);
    assert_false(open_again("/dev/null"));
    assert_true(strstr(err.text, "not a regular file") != NULL);
}

static void a_newer_version_is_named(void **state) {
    (void)state;
    begin();
    builder_close(&b, 0);
    b.bytes[3] = 2;
    assert_true(refuses(b.bytes, b.size, 3, "format version 2"));
    static uint8_t behind_zeros[9000]; // the first place may be empty
    memcpy(behind_zeros + 4096, b.bytes, b.size);
    assert_true(refuses(behind_zeros, sizeof behind_zeros, 4099, "update ramlens"));
    // One damaged byte makes no newer version.
    builder_event(&b, 1, 10 * TICK, GIVE, 0xa0, 1);
    open_built();
    assert_string_equal(play(0, true), "1+a0");
    assert_int_equal(trace.damage.blocks, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_all_threads_come_by_their_times),
        cmocka_unit_test(equal_times_go_by_the_order_of_their_blocks),
        cmocka_unit_test(a_block_opened_early_waits_for_its_events),
        cmocka_unit_test(streams_come_and_go_without_a_trace_in_memory),
        cmocka_unit_test(an_event_waits_for_the_one_that_explains_it),
        cmocka_unit_test(what_comes_too_late_explains_nothing),
        cmocka_unit_test(events_that_wait_for_each_other_are_given_out_all_the_same),
        cmocka_unit_test(a_resize_needs_a_block_that_lives),
        cmocka_unit_test(kernel_events_and_checkpoints_stand_among_the_others),
        cmocka_unit_test(definitions_are_read),
        cmocka_unit_test(a_stack_belongs_to_the_module_of_its_time),
        cmocka_unit_test(many_modules_are_found),
        cmocka_unit_test(a_lost_definition_leaves_the_bytes_exact),
        cmocka_unit_test(numbers_that_no_writer_gave_take_no_memory),
        cmocka_unit_test(ticks_become_nanoseconds),
        cmocka_unit_test(each_image_has_its_own_numbers),
        cmocka_unit_test(an_image_without_its_record_is_kept_apart),
        cmocka_unit_test(a_record_tells_images_of_one_mark_apart),
        cmocka_unit_test(missing_blocks_are_counted),
        cmocka_unit_test(the_end_tells_how_many_blocks_there_were),
        cmocka_unit_test(losses_of_all_streams_are_added_up),
        cmocka_unit_test(zeros_between_blocks_are_padding),
        cmocka_unit_test(damage_is_passed_over_and_located),
        cmocka_unit_test(nonsense_with_a_right_checksum_is_damage),
        cmocka_unit_test(an_open_block_ends_after_its_last_whole_item),
        cmocka_unit_test(sealing_keeps_what_it_does_not_understand),
        cmocka_unit_test(a_file_cut_anywhere_is_read_to_there),
        cmocka_unit_test(what_is_no_trace_is_refused_with_a_reason),
        cmocka_unit_test(a_newer_version_is_named),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    shut();
    builder_end(&b);
    return failed;
}
