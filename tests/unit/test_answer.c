// sources: tests/unit/trace_builder.c
//
// The answer: a trace, a chip, a plan and observed figures brought together; what is free and unexplained at each checkpoint, and when the
// model comes down to the next figure.
#include "answer.h"
#include "trace_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "toolchain.h"

enum { TICK = RAMLENS_WIRE_PARTS };
enum { BY_ALPHA = 1, BY_BETA = 2, BY_LIBC = 3, BY_PROGRAM = 4 };
enum { SIZE = 1000, COST = 1012 }; // a block of 1,000 bytes in internal RAM

static const char *const folders[] = { "targets" };
static struct builder b;
static struct arena arena;
static struct answer answer;
static struct err err;
static struct answer_options options;
static char file_paths[8][128];
static unsigned file_count;
static bool opened;

/// The program's module, of whatever build.
static void define_program(const char *path) {
    uint8_t body[256];
    uint8_t *at = ramlens_wire_put_varint(body, 1);
    at = ramlens_wire_put_varint(at, 0); // its code lies where its file says
    at = ramlens_wire_put_varint(at, 0x400000);
    at = ramlens_wire_put_varint(at, 0x100000);
    at = ramlens_wire_put_bytes(at, "", 0);
    at = ramlens_wire_put_bytes(at, path, strlen(path));
    builder_record(&b, 0, 0, RAMLENS_WIRE_MODULE, body, (size_t)(at - body));
}

static void begin_image(const char *program) {
    builder_open(&b, 0, 0);
    builder_image(&b, 0, program);
    define_program("");
    builder_module(&b, 2, 0x20000, 0x8000, "/none/libalpha.so");
    builder_module(&b, 3, 0x30000, 0x8000, "/none/libbeta.so");
    builder_module(&b, 4, 0x40000, 0x8000, "/none/libc.so.6");
    builder_stack(&b, BY_ALPHA, 0, 0x20100);
    builder_stack(&b, BY_BETA, 0, 0x30100);
    builder_stack(&b, BY_LIBC, 0, 0x40100);
    builder_stack(&b, BY_PROGRAM, 0, 0x400800);
}

/// A file of this test with `text`; a path that stays.
static const char *file(const char *name, const char *text) {
    char *path = file_paths[file_count++ % 8];
    (void)snprintf(path, sizeof file_paths[0], "%s/%s", test_folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    return path;
}

static int begin(void **state) {
    (void)state;
    builder_begin(&b);
    begin_image("/none/program");
    memset(&err, 0, sizeof err);
    options = (struct answer_options){ .target = "esp32p4",
        .target_folders = folders,
        .target_folder_count = 1,
        .components = file("components", "component alpha\n    module libalpha.so\n"
                                         "component beta\n    module libbeta.so\n"
                                         "component main\n    module program*\n") };
    return 0;
}

static int end(void **state) {
    (void)state;
    if (opened)
        answer_close(&answer);
    opened = false;
    builder_end(&b);
    arena_clear(&arena);
    return 0;
}

static bool open_answer(void) {
    options.trace = builder_path(&b);
    return answer_open(&answer, &arena, &options, &err);
}

static void run(void) {
    if (!open_answer())
        fail_msg("%s:%u: %s", err.file, err.line, err.text);
    opened = true;
    answer_run(&answer, NULL, NULL);
}

// ---- traces

static void give(uint64_t ticks, uint64_t address, uint64_t size, uint32_t stack) {
    struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_MALLOC, .size = size, .stack = stack };
    builder_request(&b, 1, ticks * TICK, address, &r);
}

static void end_block(uint64_t ticks, uint64_t address) {
    builder_event(&b, 1, ticks * TICK, RAMLENS_WIRE_FREE, address, 0);
}

static void checkpoint(uint64_t ticks, uint32_t cycle, const char *name) {
    uint8_t body[64];
    uint8_t *at = ramlens_wire_put_varint(body, cycle);
    at = ramlens_wire_put_bytes(at, name, strlen(name));
    builder_record(&b, 1, ticks * TICK, RAMLENS_WIRE_CHECKPOINT, body, (size_t)(at - body));
}

/// `count` blocks of SIZE bytes, one a tick from `ticks` on, at places made from the time.
static void give_many(uint64_t ticks, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        give(ticks + i, (ticks + i) * 0x1000, SIZE, BY_ALPHA);
}

static void end_many(uint64_t at, uint64_t ticks, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        end_block(at + i, (ticks + i) * 0x1000);
}

/// start, networking with 5 blocks, connected with 20, closed with 5 again.
static void usual_run(void) {
    checkpoint(10, 0, "start");
    give_many(100, 5);
    checkpoint(200, 0, "networking");
    give_many(300, 15);
    checkpoint(400, 1, "connected");
    end_many(500, 300, 15);
    checkpoint(600, 1, "closed");
}

// ---- tables

static int64_t unexplained_in(uint32_t index, unsigned state) {
    struct region_table t = answer_region(&answer, index, state, 0);
    int64_t sum = t.free;
    for (uint32_t i = 0; i < t.row_count; i++)
        sum += t.rows[i].bytes;
    assert_int_equal(sum, t.region->bytes);
    return region_table_sum(&t, ROW_UNEXPLAINED) + region_table_sum(&t, ROW_TASK);
}

static int64_t free_in(uint32_t index, unsigned state) {
    return answer_region(&answer, index, state, 0).free;
}

static bool is_observed(uint32_t index, unsigned state) {
    return answer_region(&answer, index, state, 0).free_observed;
}

static int64_t outside(void) {
    return answer_outside_free(&answer, target_find_capability(&answer.target, STR("INTERNAL")));
}

static void assert_name(struct str name, const char *expected) {
    if (!str_equal(name, str_from(expected)))
        fail_msg("'%.*s', not '%s'", STR_ARG(name), expected);
}

// ---- states

static void without_a_chip_there_are_requested_bytes_alone(void **state) {
    (void)state;
    options.target = NULL;
    usual_run();
    run();
    assert_false(answer.has_target);
    assert_int_equal(answer.run.checkpoint_count, 4);
    assert_int_equal(answer.run.checkpoints[2].total.live_bytes, 20 * SIZE);
    assert_int_equal(answer.crossing_count, 0);
    assert_false(answer.crossing.wanted);
}

static void without_a_plan_the_state_is_stock(void **state) {
    (void)state;
    usual_run();
    run();
    assert_string_equal(answer.placements[ANSWER_STATE].name, "stock");
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(free_in(i, ANSWER_STATE), free_in(i, ANSWER_STOCK));
    assert_int_equal(free_in(0, ANSWER_STATE) - free_in(1, ANSWER_STATE), 5 * COST);
    assert_int_equal(free_in(1, ANSWER_STATE) - free_in(2, ANSWER_STATE), 15 * COST);
    assert_int_equal(free_in(3, ANSWER_STATE), free_in(1, ANSWER_STATE));
    assert_int_equal(unexplained_in(1, ANSWER_STATE), 0);
}

static void a_plan_is_one_state_and_stock_the_other(void **state) {
    (void)state;
    options.plan = file("moved", "component alpha\n    malloc psram\n");
    usual_run();
    run();
    assert_string_equal(answer.placements[ANSWER_STATE].name, "moved");
    assert_string_equal(answer.placements[ANSWER_STOCK].name, "stock");
    assert_int_equal(free_in(0, ANSWER_STATE), free_in(2, ANSWER_STATE));
    assert_int_equal(free_in(0, ANSWER_STOCK) - free_in(2, ANSWER_STOCK), 20 * COST);
    uint32_t psram = target_find_region(&answer.target, STR("psram"));
    struct region_table t = answer_region(&answer, 2, ANSWER_STATE, psram);
    assert_int_equal(region_table_sum(&t, ROW_HEAP), 20 * SIZE);
}

static void what_only_a_host_has_is_in_no_region(void **state) {
    (void)state;
    checkpoint(10, 0, "start");
    give(20, 0x1000, 73728, BY_LIBC);
    give(30, 0x20000, SIZE, BY_BETA);
    checkpoint(40, 0, "later");
    run();
    assert_int_equal(free_in(0, ANSWER_STATE) - free_in(1, ANSWER_STATE), COST);
    assert_int_equal(answer.moments[ANSWER_STATE][1].host_only_bytes, 73728);
    uint32_t component;
    assert_true(component_find(&answer.map, STR("libc"), &component));
    assert_true(answer.host_only[component]);
    assert_true(component_find(&answer.map, STR("recorder"), &component));
    assert_true(answer.host_only[component]);
    assert_true(component_find(&answer.map, STR("alpha"), &component));
    assert_false(answer.host_only[component]);
    assert_false(answer.host_only[component_unknown(&answer.map)]);
}

static void a_trace_without_checkpoints_is_answered_for_its_end(void **state) {
    (void)state;
    give_many(10, 3);
    run();
    assert_int_equal(answer.run.checkpoint_count, 1);
    assert_int_equal(answer.moments[ANSWER_STATE][0].regions[0].used, 3 * COST);
}

static void many_checkpoints_have_their_moments(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        give_many(100 + i * 10, 1);
        checkpoint(105 + i * 10, i + 1, "round");
    }
    run();
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(answer.moments[ANSWER_STATE][i].regions[0].used, (i + 1) * COST);
        assert_int_equal(answer.moments[ANSWER_STOCK][i].regions[0].used, (i + 1) * COST);
    }
}

struct counts {
    unsigned born, gone, kernel;
};

static void count_born(void *self, struct block *block, uint16_t component, uint32_t site) {
    (void)block, (void)component, (void)site;
    ((struct counts *)self)->born++;
}

static void count_gone(void *self, const struct block *block, uint16_t component, uint32_t site) {
    (void)block, (void)component, (void)site;
    ((struct counts *)self)->gone++;
}

static void count_kernel(void *self, const struct kernel_entry *e, int change) {
    (void)e, (void)change;
    ((struct counts *)self)->kernel++;
}

static void another_listener_hears_too(void **state) {
    (void)state;
    for (unsigned with_target = 0; with_target < 2; with_target++) {
        struct counts counts = { 0 };
        const struct ledger_listener also = { &counts, count_born, count_gone, count_kernel };
        if (with_target == 0)
            usual_run();
        uint8_t mutex[] = { 0, 1, 16, BY_ALPHA, 0 };
        if (with_target == 0)
            builder_record(&b, 1, 700 * TICK, RAMLENS_WIRE_KERNEL, mutex, sizeof mutex);
        options.target = with_target ? "esp32p4" : NULL;
        assert_true(open_answer());
        answer_run(&answer, &also, NULL);
        assert_int_equal(counts.born, 20);
        assert_int_equal(counts.gone, 15);
        assert_int_equal(counts.kernel, 1);
        answer_close(&answer);
    }
}

// ---- observed figures

static void figures_leave_bytes_unexplained_and_carry_them(void **state) {
    (void)state;
    options.observed = file("observed", "free networking about 400K\nfree connected 380000\n");
    usual_run();
    run();
    int64_t at_networking = 409600 - outside(), at_connected = 380000 - outside();
    assert_true(outside() > 30000 && outside() < 8192 + 32768);
    assert_int_equal(free_in(1, ANSWER_STATE), at_networking);
    assert_int_equal(free_in(2, ANSWER_STATE), at_connected);
    assert_true(is_observed(1, ANSWER_STATE) && is_observed(2, ANSWER_STATE));
    assert_false(is_observed(0, ANSWER_STATE) || is_observed(3, ANSWER_STATE));
    // Between the two the model takes 15 blocks, the device 29,600 bytes.
    int64_t first = unexplained_in(1, ANSWER_STATE), second = unexplained_in(2, ANSWER_STATE);
    assert_true(first > 100000);
    assert_int_equal(second - first, 409600 - 380000 - 15 * COST);
    // A moment before the first figure has the first's, one after the last the last's.
    assert_int_equal(unexplained_in(0, ANSWER_STATE), first);
    assert_int_equal(free_in(0, ANSWER_STATE), at_networking + 5 * COST);
    assert_int_equal(unexplained_in(3, ANSWER_STATE), second);
    assert_int_equal(free_in(3, ANSWER_STATE), at_connected + 15 * COST);
}

static void the_figures_belong_to_the_state_asked_about(void **state) {
    (void)state;
    options.plan = file("moved", "component alpha\n    malloc psram\n");
    options.observed = file("observed", "free networking 400K\n");
    usual_run();
    run();
    assert_int_equal(free_in(1, ANSWER_STATE), 409600 - outside());
    // Stock has the same unexplained bytes, and its own free ones.
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(unexplained_in(i, ANSWER_STOCK), unexplained_in(i, ANSWER_STATE));
    assert_int_equal(free_in(1, ANSWER_STOCK), 409600 - outside() - 5 * COST);
    assert_false(is_observed(1, ANSWER_STOCK));
}

static void a_figure_above_the_model_is_not_clipped(void **state) {
    (void)state;
    options.observed = file("observed", "free connected 670K\n");
    usual_run();
    run();
    assert_true(unexplained_in(2, ANSWER_STATE) < 0);
    assert_int_equal(free_in(2, ANSWER_STATE), 686080 - outside());
}

static void figures_of_other_memories_say_nothing_of_this_one(void **state) {
    (void)state;
    options.observed = file("observed", "free networking PSRAM 30M\nfree connected unknown\n");
    usual_run();
    run();
    assert_int_equal(unexplained_in(1, ANSWER_STATE), 0);
    assert_int_equal(unexplained_in(2, ANSWER_STATE), 0);
    assert_false(is_observed(1, ANSWER_STATE));
    assert_false(answer.crossing.wanted);
    assert_true(answer.observed.figures[0].in_run);
}

static void figures_are_of_the_first_cycle(void **state) {
    (void)state;
    options.observed = file("observed", "free connected 400K\nfree wifi 500K\n");
    give_many(100, 5);
    checkpoint(200, 1, "connected");
    give_many(300, 5);
    checkpoint(400, 2, "connected");
    run();
    assert_int_equal(free_in(0, ANSWER_STATE), 409600 - outside());
    assert_true(is_observed(0, ANSWER_STATE));
    assert_false(is_observed(1, ANSWER_STATE));
    assert_int_equal(unexplained_in(1, ANSWER_STATE), unexplained_in(0, ANSWER_STATE));
    assert_int_equal(free_in(1, ANSWER_STATE), 409600 - outside() - 5 * COST);
    assert_true(answer.observed.figures[0].in_run);
    assert_false(answer.observed.figures[1].in_run);
}

// ---- crossings

/// Figures at networking and at a checkpoint `blocks` blocks lower.
static void observe_fall(const char *to, unsigned blocks) {
    char text[128];
    (void)snprintf(
            text, sizeof text, "free networking 400K\nfree %s %u\n", to, 409600 - blocks * COST);
    options.observed = file("observed", text);
}

static void the_crossing_is_the_event_that_comes_down_to_the_figure(void **state) {
    (void)state;
    observe_fall("connected", 10);
    usual_run();
    run();
    const struct answer_crossing *c = &answer.crossing;
    assert_int_equal(answer.crossing_count, 1);
    assert_true(c->wanted && c->found);
    assert_name(c->from, "networking");
    assert_name(c->to, "connected");
    assert_int_equal(c->time_us, 309); // the tenth block
    assert_int_equal(c->used_bytes, 15 * COST);
    assert_int_equal(c->least_free, 409600 - outside() - 10 * COST);
    assert_int_equal(c->start.regions[0].used, 5 * COST);
    assert_int_equal(c->moment.regions[0].used, 15 * COST);
    assert_name(c->phase, "connected");
}

static void the_first_event_below_the_figure_is_the_crossing(void **state) {
    (void)state;
    options.observed = file("observed", "free networking 400000\nfree connected 395000\n");
    usual_run();
    run();
    assert_true(answer.crossing.found);
    assert_int_equal(answer.crossing.time_us, 304); // 5 * 1,012 is more than 5,000
    assert_int_equal(answer.crossing.used_bytes, 5 * COST + 5000);
}

static void a_figure_that_is_never_met_says_how_near_the_model_came(void **state) {
    (void)state;
    observe_fall("connected", 100);
    usual_run();
    give_many(700, 17); // after all checkpoints, and lower than at any
    end_many(800, 700, 17);
    run();
    const struct answer_crossing *c = &answer.crossing;
    assert_true(c->wanted);
    assert_false(c->found);
    assert_int_equal(c->least_free, 409600 - outside() - 17 * COST);
    assert_int_equal(c->phase.len, 0);
}

static void a_run_that_ends_at_the_figure_came_no_nearer(void **state) {
    (void)state;
    observe_fall("closed", 100);
    checkpoint(100, 0, "networking");
    checkpoint(200, 0, "closed");
    run();
    assert_true(answer.crossing.wanted);
    assert_false(answer.crossing.found);
    assert_int_equal(answer.crossing.least_free, 409600 - outside());
}

static void a_figure_may_be_met_after_its_checkpoint(void **state) {
    (void)state;
    observe_fall("connected", 18);
    usual_run();
    checkpoint(650, 1, "streaming");
    give_many(700, 18);
    run();
    assert_true(answer.crossing.found);
    assert_int_equal(answer.crossing.time_us, 717);
    assert_int_equal(answer.crossing.phase.len, 0);
}

static void a_figure_may_be_met_in_a_later_cycle(void **state) {
    (void)state;
    observe_fall("connected", 12);
    checkpoint(100, 0, "networking");
    for (uint32_t cycle = 1; cycle <= 3; cycle++) {
        give_many(cycle * 1000, 5); // each cycle loses five
        checkpoint(cycle * 1000 + 500, cycle, "connected");
    }
    run();
    assert_int_equal(answer.crossing_count, 1);
    assert_true(answer.crossing.found);
    assert_int_equal(answer.crossing.time_us, 3001);
    assert_name(answer.crossing.from, "networking");
    assert_name(answer.crossing.phase, "connected");
}

static void figures_met_in_later_cycles_alone_ask_nothing(void **state) {
    (void)state;
    options.observed =
            file("observed", "free created 400K\nfree connected 399K\nfree closed 398K\n");
    for (uint32_t cycle = 1; cycle <= 2; cycle++) {
        checkpoint(cycle * 1000, cycle, "created");
        give_many(cycle * 1000 + 100, 3);
        checkpoint(cycle * 1000 + 200, cycle, "connected");
    }
    checkpoint(3000, 2, "closed");
    run();
    assert_int_equal(answer.crossing_count, 1);
    assert_name(answer.crossing.to, "connected");
    assert_int_equal(answer.crossing.time_us, 1101);
}

static void a_figure_that_rises_is_nothing_to_come_down_to(void **state) {
    (void)state;
    options.observed =
            file("observed", "free networking 400K\nfree connected 410K\nfree closed 410K\n");
    usual_run();
    run();
    assert_int_equal(answer.crossing_count, 0);
    assert_false(answer.crossing.wanted);
}

static void each_fall_between_figures_has_its_crossing(void **state) {
    (void)state;
    options.observed =
            file("observed", "free start 400K\nfree nvs 399K\nfree networking 405000\n"
                             "free wifi 390000\nfree connected 395000\nfree closed 396000\n");
    usual_run();
    run();
    // nvs and wifi are no moments of this run; closed is higher than connected.
    assert_int_equal(answer.crossing_count, 2);
    const struct answer_crossing *first = &answer.crossings[0], *second = &answer.crossings[1];
    assert_name(first->from, "start");
    assert_name(first->to, "networking");
    assert_true(first->found);
    assert_int_equal(first->time_us, 104); // 409,600 less 5 * 1,012 is below 405,000
    assert_name(first->phase, "networking");
    assert_name(second->from, "networking");
    assert_name(second->to, "connected");
    assert_true(second->found);
    assert_int_equal(second->time_us, 309);
    assert_ptr_equal(answer.crossing.to.at, second->to.at);
    assert_int_equal(answer.crossing.time_us, 309);
}

static void a_checkpoint_reached_again_and_again_asks_once(void **state) {
    (void)state;
    options.observed = file("observed", "free a 400K\nfree b 399K\nfree c 398K\n");
    for (uint32_t i = 0; i < 50; i++) {
        give_many(100 + i * 10, 1);
        checkpoint(103 + i * 10, 0, "a");
        checkpoint(106 + i * 10, 0, i % 2 ? "b" : "c");
    }
    run();
    assert_int_equal(answer.crossing_count, 2);
    assert_name(answer.crossings[0].to, "c");
    assert_name(answer.crossings[1].to, "b");
}

static void a_crossing_is_of_the_state_asked_about(void **state) {
    (void)state;
    options.plan = file("moved", "component alpha\n    malloc psram\n");
    observe_fall("connected", 10);
    usual_run();
    run();
    assert_true(answer.crossing.wanted);
    assert_false(answer.crossing.found);
}

// ---- the program itself

/// A program with known data.
static const char *build_program(const char *name) {
    assert_true(command(
            "cd %s && gcc -O0 -g -no-pie -Wl,-Map=%s.map -o %s data.c", test_folder, name, name));
    static char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", test_folder, name);
    return path;
}

static void write_data(unsigned bytes) {
    char text[128];
    (void)snprintf(text, sizeof text,
            "char table[%u] = { 1 }; char zeros[%u];\nint main(void) { return 0; }\n", bytes,
            bytes * 2);
    (void)file("data.c", text);
}

static void record_program(const char *path) {
    builder_begin(&b);
    begin_image(path);
    usual_run();
    options.components = file("components", "component data\n    source */data.c\n");
}

static uint64_t static_bytes(const char *component) {
    uint32_t number;
    assert_true(component_find(&answer.map, str_from(component), &number));
    return answer.statics.component_bytes[number];
}

static void static_data_of_the_program_is_in_the_first_region(void **state) {
    (void)state;
    write_data(4096);
    record_program(build_program("program"));
    options.components =
            file("components", "component data\n    archive data.o *.o\n    source *data.c\n");
    run();
    assert_true(answer.has_link_map);
    assert_true(answer.has_statics);
    assert_string_equal(answer.statics_problem.text, "");
    uint64_t bytes = static_bytes("data");
    assert_in_range(bytes, 3 * 4096, 3 * 4096 + 64);
    struct region_table t = answer_region(&answer, 1, ANSWER_STATE, 0);
    assert_in_range(region_table_sum(&t, ROW_STATIC), bytes, bytes + 256);
    struct region_table other = answer_region(&answer, 1, ANSWER_STATE, 1);
    assert_int_equal(region_table_sum(&other, ROW_STATIC), 0);
    // The same data in a library that only a host has.
    answer_close(&answer);
    options.components = file("components", "component data transparent\n    source *data.c\n");
    run();
    assert_true(answer.has_statics);
    assert_int_equal(static_bytes("data"), 0);
    t = answer_region(&answer, 1, ANSWER_STATE, 0);
    assert_in_range(region_table_sum(&t, ROW_STATIC), 0, 256);
}

static void a_map_of_another_build_is_left_out_and_said(void **state) {
    (void)state;
    write_data(4096);
    const char *path = build_program("program");
    assert_true(command("cd %s && cp program kept", test_folder));
    write_data(8192);
    build_program("program");
    assert_true(command("cd %s && mv kept program", test_folder));
    record_program(path);
    run();
    assert_false(answer.has_link_map);
    assert_null(answer.owners.link_map);
    assert_true(answer.has_statics);
    assert_non_null(strstr(answer.statics_problem.text, "linker map"));
    // The same map, asked for, is an error.
    answer_close(&answer);
    opened = false;
    options.link_map = in_folder("program.map");
    assert_false(open_answer());
    assert_non_null(strstr(err.text, "linker map"));
}

static void a_map_that_is_none_is_left_out_and_said(void **state) {
    (void)state;
    write_data(4096);
    const char *path = build_program("program");
    (void)file("program.map", "nothing of the kind\n");
    record_program(path);
    run();
    assert_false(answer.has_link_map);
    assert_true(answer.has_statics);
    assert_true(answer.statics_problem.text[0] != '\0');
    answer_close(&answer);
    opened = false;
    options.link_map = "/none/program.map";
    assert_false(open_answer());
    assert_string_equal(err.file, "/none/program.map");
}

static void a_program_that_cannot_be_read_is_no_failure(void **state) {
    (void)state;
    usual_run();
    give(700, 0x500000, 50, BY_PROGRAM);
    run();
    assert_false(answer.has_statics);
    struct region_table t = answer_region(&answer, 1, ANSWER_STATE, 0);
    assert_int_equal(region_table_sum(&t, ROW_STATIC), 0);
    bool said = false;
    for (const struct module_problem *p = answer.owners.problems; p != NULL; p = p->next)
        said = said || str_equal(p->path, STR("/none/program"));
    assert_true(said);
}

/// Without the image's record nobody knows which module is the program: the first one that is left may be a library.
static void a_library_is_not_taken_for_the_program(void **state) {
    (void)state;
    write_data(4096);
    const char *path = build_program("libdata.so");
    builder_begin(&b);
    builder_open(&b, 0, 0);
    builder_image(&b, 0, "/none/program");
    define_program(path);
    usual_run();
    run();
    assert_false(answer.has_statics);
    assert_false(answer.has_link_map);
}

// ---- images, wrong input

static void an_image_can_be_chosen(void **state) {
    (void)state;
    give_many(100, 1);
    checkpoint(200, 0, "first");
    for (uint32_t i = 0; i < 2; i++)
        builder_close(&b, i);
    b.image = 2;
    b.sequence[0] = b.sequence[1] = 0;
    begin_image("/none/program");
    give_many(100, 2);
    checkpoint(200, 0, "second");
    run();
    assert_name(answer.run.checkpoints[0].name, "second");
    answer_close(&answer);
    options.image = 1;
    run();
    assert_name(answer.run.checkpoints[0].name, "first");
    answer_close(&answer);
    opened = false;
    options.image = 3;
    assert_false(open_answer());
    assert_non_null(strstr(err.text, "has 2 process images"));
}

static void assert_refused(const char *file_named, uint32_t line, const char *text) {
    memset(&err, 0, sizeof err);
    assert_false(open_answer());
    if (strcmp(err.file, file_named) != 0 || err.line != line || !strstr(err.text, text))
        fail_msg("%s:%u: %s", err.file, err.line, err.text);
}

static void wrong_input_is_named(void **state) {
    (void)state;
    usual_run();
    const struct answer_options good = options;
    options.components = "/none/components";
    assert_refused("/none/components", 0, "");
    options = good;
    options.target = "esp32q9";
    assert_refused("", 0, "esp32q9");
    options = good;
    options.plan = file("plan", "# a plan\ncomponent gamma\n    malloc psram\n");
    assert_refused(options.plan, 2, "unknown component 'gamma'");
    options.plan = file("plan", "stack default 64MB psram\n");
    assert_refused(options.plan, 0, "can hold a stack");
    options = good;
    options.observed = file("observed", "free networking internal lots\n");
    assert_refused(options.observed, 1, "lots");
    options = good;
    options.trace = "/none/trace";
    assert_false(answer_open(&answer, &arena, &options, &err));
    assert_string_equal(err.file, "/none/trace");
}

static void a_figure_beyond_the_heaps_cannot_be(void **state) {
    (void)state;
    usual_run();
    options.observed = file("observed", "free start 100K\nfree networking 18446744073709551615\n");
    assert_refused(options.observed, 2, "18446744073709551615 bytes free cannot be");
    options.observed = file("observed", "free networking 768K\n");
    assert_refused(options.observed, 1, "'internal'");
    options.observed = file("observed", "free networking PSRAM 32M\nfree start 600K\n");
    run();
}

static void hostile_sizes_stay_out_of_the_chip(void **state) {
    (void)state;
    checkpoint(10, 0, "start");
    give(20, 0x1000, UINT64_C(1) << 62, BY_ALPHA);
    give(30, 0x2000, (UINT64_C(1) << 62) - 1, BY_LIBC);
    give(40, 0x3000, UINT64_MAX, BY_BETA);
    give(50, 0, 16, BY_BETA);
    give(60, 0x4000, 0, UINT32_MAX);
    checkpoint(70, 0, "later");
    end_block(80, 0x1000);
    end_block(90, 0x2000);
    checkpoint(100, 0, "end");
    run();
    assert_int_equal(free_in(0, ANSWER_STATE), free_in(1, ANSWER_STATE));
    assert_int_equal(answer.moments[ANSWER_STATE][1].host_only_bytes, (INT64_C(1) << 62) - 1);
    assert_int_equal(answer.placements[ANSWER_STATE].unplaced, 1);
    assert_int_equal(answer.run.ledger.counts.impossible, 2);
    assert_int_equal(free_in(2, ANSWER_STATE), free_in(0, ANSWER_STATE));
    assert_int_equal(answer.moments[ANSWER_STATE][2].host_only_bytes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(without_a_chip_there_are_requested_bytes_alone),
        TEST(without_a_plan_the_state_is_stock),
        TEST(a_plan_is_one_state_and_stock_the_other),
        TEST(what_only_a_host_has_is_in_no_region),
        TEST(a_trace_without_checkpoints_is_answered_for_its_end),
        TEST(many_checkpoints_have_their_moments),
        TEST(another_listener_hears_too),
        TEST(figures_leave_bytes_unexplained_and_carry_them),
        TEST(the_figures_belong_to_the_state_asked_about),
        TEST(a_figure_above_the_model_is_not_clipped),
        TEST(figures_of_other_memories_say_nothing_of_this_one),
        TEST(figures_are_of_the_first_cycle),
        TEST(the_crossing_is_the_event_that_comes_down_to_the_figure),
        TEST(the_first_event_below_the_figure_is_the_crossing),
        TEST(a_figure_that_is_never_met_says_how_near_the_model_came),
        TEST(a_run_that_ends_at_the_figure_came_no_nearer),
        TEST(a_figure_may_be_met_after_its_checkpoint),
        TEST(a_figure_may_be_met_in_a_later_cycle),
        TEST(figures_met_in_later_cycles_alone_ask_nothing),
        TEST(a_figure_that_rises_is_nothing_to_come_down_to),
        TEST(each_fall_between_figures_has_its_crossing),
        TEST(a_checkpoint_reached_again_and_again_asks_once),
        TEST(a_crossing_is_of_the_state_asked_about),
        TEST(static_data_of_the_program_is_in_the_first_region),
        TEST(a_map_of_another_build_is_left_out_and_said),
        TEST(a_map_that_is_none_is_left_out_and_said),
        TEST(a_program_that_cannot_be_read_is_no_failure),
        TEST(a_library_is_not_taken_for_the_program),
        TEST(an_image_can_be_chosen),
        TEST(wrong_input_is_named),
        TEST(a_figure_beyond_the_heaps_cannot_be),
        TEST(hostile_sizes_stay_out_of_the_chip),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
