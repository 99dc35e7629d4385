// sources: tests/unit/trace_builder.c
//
// A replay: what a trace's requests make of the ESP32-P4's heaps. Costs are those of ESP-IDF's TLSF in the heap that
// is asked first, of 19 KiB: a header of 4 bytes, at least 12 of payload, from 64 bytes on rounded to a 16th of the power of two below.
#include "model_fixture.h"
#include "replay.h"
#include "trace_builder.h"

#include <stdio.h>
#include <string.h>

enum { TICK = RAMLENS_WIRE_PARTS, GIVE = RAMLENS_WIRE_MALLOC, END = RAMLENS_WIRE_FREE };
enum {
    ALPHA = 1,
    BETA = 2,
    LIBC_ALPHA = 3,
    LIBC = 4,
    UNDEFINED = 9
}; // stacks of the traces made here
enum { CREATE = 0, DESTROY = 1, RECLAIMED = 3 };
enum { INTERNAL = 0, PSRAM = 3, STATES = 4 };

static struct builder b;
static struct model m;
static struct trace trace;
static struct target target;
static struct replay r;
static struct plan plans[STATES];
static struct heaps_options options;
static bool host_only[64];
static bool opened;
static bool of_device; ///< The trace is a device's.

static int begin(void **state) {
    (void)state;
    of_device = false;
    memset(&options, 0, sizeof options);
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
    builder_stack(&b, LIBC, 0, 0x40200);
    return 0;
}

static int end(void **state) {
    (void)state;
    if (opened) {
        replay_close(&r);
        trace_close(&trace);
        model_end(&m);
    }
    opened = false;
    builder_end(&b);
    return 0;
}

// ---- building

static uint64_t now; ///< Ticks; every event has its own.

static void request(
        uint32_t thread, uint8_t kind, uint64_t address, uint64_t size, uint32_t stack) {
    struct ramlens_wire_request q = { .kind = kind, .size = size, .stack = stack };
    builder_request(&b, thread, ++now * TICK, address, &q);
}

static void give(uint64_t address, uint64_t size, uint32_t stack) {
    request(1, GIVE, address, size, stack);
}

static void end_block(uint64_t address) {
    request(1, END, address, 0, ALPHA);
}

static void checkpoint(const char *name) {
    uint8_t body[300];
    uint8_t *at = ramlens_wire_put_varint(body, 0);
    at = ramlens_wire_put_bytes(at, name, strlen(name));
    builder_record(&b, 1, ++now * TICK, RAMLENS_WIRE_CHECKPOINT, body, (size_t)(at - body));
}

static void kernel(uint8_t operation, uint8_t object, uint64_t address, uint32_t stack) {
    uint8_t body[64];
    uint8_t *at = ramlens_wire_put_varint(body, operation);
    at = ramlens_wire_put_varint(at, object);
    at = ramlens_wire_put_varint(at, address);
    at = ramlens_wire_put_varint(at, stack);
    at = ramlens_wire_put_varint(at, 0);
    builder_record(&b, 1, ++now * TICK, RAMLENS_WIRE_KERNEL, body, (size_t)(at - body));
}

// ---- replaying

static void prepare(bool exact) {
    const char *folder = "targets";
    model_begin(&m);
    opened = true;
    assert_true(trace_open(&m.arena, builder_path(&b), &trace, &m.err));
    owners_init(&m.owners, &m.arena, &trace.images[0], m.symbolizer, &m.map);
    assert_true(target_load(&m.arena, "esp32p4", &folder, 1, NULL, 0, &target, &m.err));
    memset(host_only, 0, sizeof host_only);
    host_only[m.libc] = true;
    if (of_device)
        trace.images[0].platform = STR(TRACE_OF_DEVICE);
    replay_init(&r, &m.arena, &trace, &trace.images[0], &target, &m.owners, host_only, m.map.count,
            exact);
    r.wants_cells = true;
}

static const char *plan_file(const char *text) {
    static char path[64];
    FILE *f = NULL;
    strcpy(path, "/tmp/ramlens-plan-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0 && (f = fdopen(fd, "w")) != NULL);
    fputs(text, f);
    fclose(f);
    return path;
}

/// Adds a state: by the plan `text`, or stock.
static struct replay_state *add(const char *text, uint32_t up_to) {
    struct plan *plan = &plans[r.states.len];
    if (text == NULL) {
        plan_stock(&m.arena, &target, m.map.names, m.map.count, plan);
    } else {
        const char *path = plan_file(text);
        if (!plan_read(&m.arena, path, &target, m.map.names, m.map.count, plan, &m.err))
            fail_msg("%s", m.err.text);
        remove(path);
    }
    struct replay_state *s = replay_add(&r, "test", plan, &options, up_to, &m.err);
    if (s == NULL)
        fail_msg("%s", m.err.text);
    return s;
}

static struct replay_state *replay_stock(void) {
    prepare(false);
    struct replay_state *s = add(NULL, UINT32_MAX);
    replay_run(&r, NULL);
    return s;
}

static uint64_t free_at(const struct replay_state *s, uint32_t moment, uint32_t group) {
    assert_true(moment < s->moment_count);
    return s->moments[moment].groups[group].free_bytes;
}

/// What a state has given out of a group between its first moment and moment `i`.
static int64_t taken(const struct replay_state *s, uint32_t i, uint32_t group) {
    return (int64_t)free_at(s, 0, group) - (int64_t)free_at(s, i, group);
}

static const struct replay_cell *cell(
        const struct replay_state *s, uint32_t i, uint32_t region, uint32_t component) {
    return &s->moments[i].cells[(size_t)region * r.component_count + component];
}

// ---- blocks

static void small_blocks_are_internal_and_large_ones_external(void **state) {
    (void)state;
    checkpoint("start");
    give(0x1000, 100, ALPHA);
    give(0x2000, 20000, BETA);
    checkpoint("given");
    end_block(0x1000);
    end_block(0x2000);
    const struct replay_state *s = replay_stock();
    assert_int_equal(s->moment_count, 3); // start, given, the end
    assert_int_equal(taken(s, 1, INTERNAL), 104);
    assert_int_equal(taken(s, 1, REPLAY_COUNTED), 104);
    assert_int_equal(taken(s, 1, PSRAM), 20480 + 4);
    assert_int_equal(taken(s, 2, INTERNAL), 0);
    assert_int_equal(taken(s, 2, PSRAM), 0);
    assert_int_equal(cell(s, 1, INTERNAL, m.alpha)->heap[LEDGER_MALLOC], 100);
    assert_int_equal(cell(s, 1, INTERNAL, m.alpha)->cost, 104);
    assert_int_equal(cell(s, 1, PSRAM, m.beta)->blocks, 1);
    assert_int_equal(s->given[INTERNAL], 1);
    assert_int_equal(s->given_bytes[PSRAM], 20000);
    assert_int_equal(s->failure_count, 0);
}

static void a_devices_blocks_stay_where_they_lay(void **state) {
    (void)state;
    checkpoint("start");
    give(0x48110000, 100, ALPHA);  // in PSRAM, though small
    give(0x4ff50000, 20000, BETA); // internal, though large
    give(0x8ff60000, 100, ALPHA);  // internal by its other addresses
    give(0x20000000, 100, ALPHA);  // nowhere: malloc's rule
    checkpoint("given");
    of_device = true;
    prepare(false);
    const struct replay_state *stock = add(NULL, UINT32_MAX);
    const struct replay_state *planned = add("component beta\n    malloc psram\n", UINT32_MAX);
    const struct replay_state *threshold = add(NULL, 131072);
    replay_run(&r, NULL);
    assert_int_equal(taken(stock, 1, PSRAM), 104);
    assert_int_equal(taken(stock, 1, INTERNAL), 20480 + 4 + 104 + 104);
    assert_int_equal(stock->spill_count, 0);
    assert_int_equal(taken(planned, 1, PSRAM), 104 + 20480 + 4); // the plan has a line for beta's
    assert_int_equal(taken(threshold, 1, PSRAM), 104);           // no threshold put it there
}

static void what_only_a_host_has_is_left_out(void **state) {
    (void)state;
    checkpoint("start");
    give(0x1000, 100, LIBC);       // the run-time library's own
    give(0x2000, 200, LIBC_ALPHA); // on alpha's behalf
    checkpoint("given");
    end_block(0x1000);
    end_block(0x2000);
    const struct replay_state *s = replay_stock();
    assert_int_equal(taken(s, 1, INTERNAL), 204);
    assert_int_equal(taken(s, 2, INTERNAL), 0);
    assert_int_equal(cell(s, 1, INTERNAL, m.alpha)->heap[LEDGER_LIBC], 200);
    assert_int_equal(r.feed.counts.host_only, 1);
    assert_int_equal(r.feed.counts.host_only_bytes, 100);
}

static void a_realloc_is_one_operation(void **state) {
    (void)state;
    checkpoint("start");
    give(0x1000, 100, ALPHA);
    request(1, RAMLENS_WIRE_REALLOC_FROM, 0x1000, 0, ALPHA);
    request(1, RAMLENS_WIRE_REALLOC_TO, 0x9000, 120,
            ALPHA); // the host moved it, the target need not
    checkpoint("grown");
    request(1, RAMLENS_WIRE_REALLOC_IN_PLACE, 0x9000, 40, ALPHA);
    checkpoint("shrunk");
    request(1, RAMLENS_WIRE_REALLOC_FREE, 0x9000, 0, ALPHA);
    const struct replay_state *s = replay_stock();
    assert_int_equal(taken(s, 1, INTERNAL), 124);
    assert_int_equal(taken(s, 2, INTERNAL), 44);
    assert_int_equal(taken(s, 3, INTERNAL), 0);
    assert_int_equal(s->given[INTERNAL], 1); // it grew in place
}

static void a_realloc_takes_a_block_to_the_other_memory_when_the_rule_says_so(void **state) {
    (void)state;
    checkpoint("start");
    give(0x1000, 100, ALPHA);
    request(1, RAMLENS_WIRE_REALLOC_FROM, 0x1000, 0, ALPHA);
    request(1, RAMLENS_WIRE_REALLOC_TO, 0x9000, 20000, ALPHA);
    checkpoint("grown");
    const struct replay_state *s = replay_stock();
    assert_int_equal(taken(s, 1, INTERNAL), 0);
    assert_int_equal(taken(s, 1, PSRAM), 20484);
}

static void a_realloc_between_the_hosts_and_the_chips_is_a_birth_or_an_end(void **state) {
    (void)state;
    checkpoint("start");
    give(0x1000, 100, LIBC);
    request(1, RAMLENS_WIRE_REALLOC_FROM, 0x1000, 0, ALPHA);
    request(1, RAMLENS_WIRE_REALLOC_TO, 0x2000, 200, ALPHA);
    checkpoint("chip");
    request(1, RAMLENS_WIRE_REALLOC_IN_PLACE, 0x2000, 50, LIBC);
    checkpoint("host");
    end_block(0x2000);
    const struct replay_state *s = replay_stock();
    assert_int_equal(taken(s, 1, INTERNAL), 204);
    assert_int_equal(taken(s, 2, INTERNAL), 0);
    assert_int_equal(taken(s, 3, INTERNAL), 0);
}

static void what_makes_no_sense_is_counted_and_harmless(void **state) {
    (void)state;
    checkpoint("start");
    end_block(0x7000);        // never given
    give(0x1000, 100, ALPHA); // its free is lost
    give(0x1000, 200, ALPHA);
    give(0, 64, ALPHA);
    request(1, RAMLENS_WIRE_REALLOC_TO, 0x3000, 12, ALPHA); // without a first half
    give(0x4000, 0, ALPHA);
    give(0x5000, UINT64_MAX, ALPHA);
    give(0x6000, 30, UNDEFINED);
    checkpoint("given");
    const struct replay_state *s = replay_stock();
    assert_int_equal(r.feed.counts.conflicts, 3);
    assert_int_equal(taken(s, 1, INTERNAL), 204 + 16 + 16 + 36);
    assert_int_equal(s->failure_count, 1); // 2^32 bytes
    assert_int_equal(cell(s, 1, INTERNAL, m.unknown)->heap[LEDGER_MALLOC], 30);
}

// ---- moments

static void the_worst_moment_is_kept_with_what_could_be_had_then(void **state) {
    (void)state;
    checkpoint("start");
    give(0x1000, 16000, ALPHA);
    give(0x2000, 16384, ALPHA);
    end_block(0x1000);
    checkpoint("later");
    give(0x3000, 100, ALPHA);
    const struct replay_state *s = replay_stock();
    const struct replay_worst *w = &s->worst[INTERNAL];
    assert_int_equal(free_at(s, 0, INTERNAL) - w->free_bytes, 16388 + 16388);
    assert_int_equal(w->phase, 1);
    assert_true(w->largest > 0 && w->largest <= w->free_bytes);
    assert_int_equal(s->moments[1].groups[INTERNAL].minimum, w->free_bytes);
    assert_int_equal(s->worst[PSRAM].free_bytes, free_at(s, 0, PSRAM));
    assert_int_equal(s->worst[PSRAM].phase, 0);
    assert_true(s->worst[PSRAM].largest > 30000000);
}

static void what_lies_there_beforehand_is_taken_off(void **state) {
    (void)state;
    checkpoint("start");
    uint64_t whole = free_at(replay_stock(), 0, INTERNAL);
    replay_close(&r);
    trace_close(&trace);
    model_end(&m);
    options.static_bytes[INTERNAL] = 1000;
    options.occupied_bytes[INTERNAL] = 100000;
    prepare(false);
    const struct replay_state *s = add(NULL, UINT32_MAX);
    replay_run(&r, NULL);
    // In whole 16 bytes; the smaller heap is of another class, with fewer lists.
    assert_in_range(whole - free_at(s, 0, INTERNAL), 101000 - 1200, 101008);
}

static void more_than_a_region_has_is_refused(void **state) {
    (void)state;
    prepare(false);
    plan_stock(&m.arena, &target, m.map.names, m.map.count, &plans[0]);
    options.occupied_bytes[INTERNAL] = 700000;
    assert_null(replay_add(&r, "test", &plans[0], &options, UINT32_MAX, &m.err));
    assert_non_null(strstr(m.err.text, "700000 B are taken beforehand"));
}

static void what_no_heap_can_serve_is_a_failure_with_its_stack(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 40; i++)
        give(0x1000 + i * 0x1000, 1 << 20, BETA);
    give(0x100000, 100, ALPHA);
    const struct replay_state *s = replay_stock();
    assert_true(s->failure_count >= 8);
    assert_int_equal(s->failures.len, 1);
    assert_int_equal(s->failures.at[0].stack, BETA);
    assert_int_equal(s->failures.at[0].size, 1 << 20);
    assert_int_equal(s->failures.at[0].count, s->failure_count);
    assert_false(s->failures.at[0].is_kernel);
}

static void what_internal_memory_had_no_room_for_is_told_by_its_stack(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 80; i++)
        give(0x1000 + i * 0x4000, 10000, BETA); // 800 KB: up to 16 KB internal first
    checkpoint("full");
    give(0x1000000, 100000, ALPHA); // PSRAM is its first choice
    give(0x1100000, 10000, ALPHA);
    const struct replay_state *s = replay_stock();
    assert_int_equal(s->failure_count, 0);
    assert_int_equal(s->spills.len, 2);
    assert_int_equal(s->spills.at[0].stack, BETA);
    assert_in_range(s->spills.at[0].count, 15, 30);
    assert_int_equal(s->spills.at[0].bytes, 10000 * s->spills.at[0].count);
    assert_int_equal(s->spills.at[0].phase, 0);
    assert_int_equal(s->spills.at[1].stack, ALPHA);
    assert_int_equal(s->spills.at[1].count, 1);
    assert_int_equal(s->spills.at[1].phase, 1);
    assert_int_equal(s->spills.at[1].failed, 0);
    assert_int_equal(s->spill_count, s->spills.at[0].count + 1);
}

static void internal_falls_back_to_external_and_back(void **state) {
    (void)state;
    checkpoint("start");
    for (uint64_t i = 0; i < 50; i++)
        give(0x1000 + i * 0x10000, 16384, ALPHA);
    checkpoint("full");
    const struct replay_state *s = replay_stock();
    assert_int_equal(s->failure_count, 0);
    assert_true(s->given[PSRAM] > 5);
    assert_true(s->given[INTERNAL] > 30);
    assert_int_equal(s->given[INTERNAL] + s->given[PSRAM] + s->given[1] + s->given[2], 50);
}

// ---- plans

static void several_plans_in_one_pass_are_as_each_alone(void **state) {
    (void)state;
    checkpoint("start");
    for (uint64_t i = 0; i < 300; i++) {
        give(0x1000 + i * 0x1000, 20 + i * 37 % 5000, i % 3 ? ALPHA : BETA);
        if (i % 4 == 3)
            end_block(0x1000 + (i - 2) * 0x1000);
    }
    checkpoint("given");
    prepare(false);
    static const char alpha_out[] = "component alpha\n    malloc psram\n";
    const struct replay_state *all[STATES] = { add(NULL, UINT32_MAX), add(alpha_out, UINT32_MAX),
        add(NULL, 256), add(NULL, 0) };
    replay_run(&r, NULL);
    assert_true(taken(all[1], 1, INTERNAL) < taken(all[0], 1, INTERNAL));
    assert_int_equal(cell(all[1], 1, INTERNAL, m.alpha)->blocks, 0);
    assert_int_equal(taken(all[3], 1, INTERNAL), 0);
    assert_int_equal(all[3]->given[INTERNAL], 0);
    assert_true(all[2]->given[INTERNAL] > 0 && all[2]->given[PSRAM] > 0);
    struct replay_moment kept[STATES];
    for (int i = 0; i < STATES; i++)
        kept[i] = all[i]->moments[1];
    for (int i = 0; i < STATES; i++) {
        replay_close(&r);
        trace_close(&trace);
        model_end(&m);
        prepare(false);
        const struct replay_state *s = add(i == 1 ? alpha_out : NULL, i < 2    ? UINT32_MAX
                                                                      : i == 2 ? 256
                                                                               : 0);
        replay_run(&r, NULL);
        assert_memory_equal(kept[i].groups, s->moments[1].groups, sizeof kept[i].groups);
        assert_memory_equal(kept[i].heaps, s->moments[1].heaps, sizeof kept[i].heaps);
    }
}

static void a_library_that_insists_stays_or_fails(void **state) {
    (void)state;
    give(0x1000, 1 << 20, ALPHA);
    prepare(false);
    const struct replay_state *s =
            add("default malloc psram\ncomponent beta\n    malloc internal\n", UINT32_MAX);
    replay_run(&r, NULL);
    assert_int_equal(s->given[PSRAM], 1);
}

// ---- kernel objects

static void a_lock_is_the_blocks_that_the_target_makes_of_it(void **state) {
    (void)state;
    checkpoint("start");
    kernel(CREATE, KERNEL_MUTEX, 0x1010, ALPHA);
    checkpoint("made");
    kernel(DESTROY, KERNEL_MUTEX, 0x1010, ALPHA);
    const struct replay_state *s = replay_stock();
    assert_int_equal(taken(s, 1, INTERNAL), 16 + 88); // a handle of 8, a queue of 84
    assert_int_equal(taken(s, 2, INTERNAL), 0);
    assert_int_equal(cell(s, 1, INTERNAL, m.alpha)->kernel, 92);
}

static void a_lock_in_memory_that_was_freed_is_lost(void **state) {
    (void)state;
    checkpoint("start");
    give(0x1000, 64, ALPHA);
    kernel(CREATE, KERNEL_MUTEX, 0x1010, ALPHA);
    end_block(0x1000);
    kernel(DESTROY, KERNEL_MUTEX, 0x1010, ALPHA); // another one's
    const struct replay_state *s = replay_stock();
    assert_int_equal(taken(s, 1, INTERNAL), 16 + 88);
    assert_int_equal(r.feed.counts.abandoned, 1);
}

static void a_thread_gives_its_memory_back_when_it_is_reclaimed(void **state) {
    (void)state;
    checkpoint("start");
    kernel(CREATE, KERNEL_THREAD, 7, ALPHA);
    checkpoint("runs");
    kernel(DESTROY, KERNEL_THREAD, 7, ALPHA);
    checkpoint("ended");
    kernel(RECLAIMED, KERNEL_THREAD, 7, ALPHA);
    const struct replay_state *s = replay_stock();
    // Argument 32, thread 28, stack 3,072, control block 340 with newlib.
    assert_int_equal(taken(s, 1, INTERNAL), 36 + 32 + 3076 + 356);
    assert_int_equal(taken(s, 2, INTERNAL), 32 + 3076 + 356);
    assert_int_equal(taken(s, 3, INTERNAL), 0);
    assert_int_equal(cell(s, 1, INTERNAL, m.alpha)->stack, 3072);
}

static void a_plan_moves_stacks_and_sizes_them(void **state) {
    (void)state;
    checkpoint("start");
    kernel(CREATE, KERNEL_THREAD, 7, ALPHA);
    checkpoint("runs");
    prepare(false);
    const struct replay_state *s = add("stack default 32KB psram\n", UINT32_MAX);
    replay_run(&r, NULL);
    assert_int_equal(taken(s, 1, PSRAM), 32768 + 4);
    assert_int_equal(taken(s, 1, INTERNAL), 36 + 32 + 356);
}

// ---- a placed run, replayed as it was

/// Writes a placed run as its engine would: its regions, then requests with the address that the engine gives; `shift` moves each address.
static void write_placed(uint32_t shift) {
    static struct ramlens_heaps heaps;
    static struct ramlens_heaps_rules rules;
    void *memory[RAMLENS_HEAPS_MAX];
    struct target t;
    struct arena a = { 0 };
    struct err err;
    const char *folder = "targets";
    uint32_t bad;
    uint64_t seed = 12345, address[64] = { 0 };
    struct ramlens_block blocks[64] = { { 0 } };
    assert_true(target_load(&a, "esp32p4", &folder, 1, NULL, 0, &t, &err));
    assert_true(heaps_rules_of(&t, &options, &rules, &err));
    for (uint32_t i = 0; i < rules.count; i++)
        memory[i] = rules.places[i].carved ? NULL
                                           : aligned_alloc(64, (rules.places[i].bytes + 63) & ~63u);
    assert_true(ramlens_heaps_init(&heaps, &rules, memory, false, &bad));
    for (uint32_t i = 0; i < rules.count; i++) {
        uint8_t body[128];
        uint8_t *at = ramlens_wire_put_varint(body, i);
        at = ramlens_wire_put_bytes(at, rules.places[i].name, strlen(rules.places[i].name));
        at = ramlens_wire_put_varint(at, 0x100000000 * (i + 1));
        at = ramlens_wire_put_varint(at, rules.places[i].bytes);
        at = ramlens_wire_put_varint(at, rules.places[i].start);
        builder_record(&b, 0, 0, RAMLENS_WIRE_REGION, body, (size_t)(at - body));
    }
    builder_open(&b, 1, 0);
    for (uint32_t n = 0; n < 2000; n++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint32_t i = (uint32_t)(seed >> 40) % 64, size = (uint32_t)(seed >> 20) % 3000;
        if (blocks[i].at != 0) {
            ramlens_heaps_free(&heaps, blocks[i]);
            request(1, END, address[i], 0, ALPHA);
            blocks[i].at = 0;
            continue;
        }
        struct ramlens_asks asks = { .count = n % 3 == 0, .tries = { 1u << 10 | 1u << 2 } };
        blocks[i] = ramlens_heaps_alloc(&heaps, size == 0 ? 1 : size, 0, &asks);
        address[i] = 0x100000000 * (blocks[i].heap + 1) + blocks[i].at + shift * (n > 1000);
        struct ramlens_wire_request q = { .kind = n % 5 ? GIVE : RAMLENS_WIRE_KERNEL_BLOCK,
            .size = size,
            .stack = ALPHA,
            .region = (uint8_t)blocks[i].heap,
            .flags = RAMLENS_WIRE_HAS_REGION,
            .capability = asks.tries[0] };
        if (asks.count != 0)
            q.flags |= RAMLENS_WIRE_HAS_CAPABILITY;
        builder_request(&b, 1, ++now * TICK, address[i], &q);
    }
    checkpoint("end");
    uint8_t body[512];
    uint8_t *at = ramlens_wire_put_varint(body, rules.count);
    for (uint32_t i = 0; i < rules.count; i++) {
        at = ramlens_wire_put_varint(at, i);
        at = ramlens_wire_put_varint(at, heaps.heaps[i].free_bytes);
        at = ramlens_wire_put_varint(at, ramlens_heap_largest(&heaps.heaps[i]));
        at = ramlens_wire_put_varint(at, heaps.heaps[i].minimum_free_bytes);
        free(memory[i]);
    }
    builder_record(&b, 1, ++now * TICK, RAMLENS_WIRE_HEAPS, body, (size_t)(at - body));
    arena_clear(&a);
}

static void replay_exactly(void) {
    prepare(true);
    assert_non_null(replay_add(&r, "as it ran", NULL, &options, UINT32_MAX, &m.err));
    replay_run(&r, NULL);
}

static void a_placed_run_replays_to_the_same_addresses(void **state) {
    (void)state;
    write_placed(0);
    replay_exactly();
    const struct replay_state *s = r.states.at[0];
    assert_int_equal(s->mismatches, 0);
    assert_true(s->compared > 1000);
    assert_int_equal(r.feed.said.len, 1);
}

static void an_address_that_differs_is_found(void **state) {
    (void)state;
    write_placed(4);
    replay_exactly();
    assert_true(r.states.at[0]->mismatches > 100);
    assert_true(r.states.at[0]->mismatch.at_then != r.states.at[0]->mismatch.here.at);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(small_blocks_are_internal_and_large_ones_external),
        TEST(a_devices_blocks_stay_where_they_lay),
        TEST(what_only_a_host_has_is_left_out),
        TEST(a_realloc_is_one_operation),
        TEST(a_realloc_takes_a_block_to_the_other_memory_when_the_rule_says_so),
        TEST(a_realloc_between_the_hosts_and_the_chips_is_a_birth_or_an_end),
        TEST(what_makes_no_sense_is_counted_and_harmless),
        TEST(the_worst_moment_is_kept_with_what_could_be_had_then),
        TEST(what_lies_there_beforehand_is_taken_off),
        TEST(more_than_a_region_has_is_refused),
        TEST(what_no_heap_can_serve_is_a_failure_with_its_stack),
        TEST(what_internal_memory_had_no_room_for_is_told_by_its_stack),
        TEST(internal_falls_back_to_external_and_back),
        TEST(several_plans_in_one_pass_are_as_each_alone),
        TEST(a_library_that_insists_stays_or_fails),
        TEST(a_lock_is_the_blocks_that_the_target_makes_of_it),
        TEST(a_lock_in_memory_that_was_freed_is_lost),
        TEST(a_thread_gives_its_memory_back_when_it_is_reclaimed),
        TEST(a_plan_moves_stacks_and_sizes_them),
        TEST(a_placed_run_replays_to_the_same_addresses),
        TEST(an_address_that_differs_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
