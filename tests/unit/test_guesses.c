// Guesses: what a file of estimates may say, what each measure counts, and how it is judged.
#include "guesses.h"
#include "placement_fixture.h"
#include "toolchain.h"

enum { START, LATER, CHECKPOINTS };

static struct fixture fixture;
static struct arena *arena;
static struct run run;
static struct component_map map;
static struct trace_image image;
static struct static_data statics;
static struct estimates estimates;
static struct guess_list list;
static struct err err;

// ---- a run of two checkpoints

static struct ledger_row rows[CHECKPOINTS][COMPONENTS];
static uint64_t containers[CHECKPOINTS][COMPONENTS];
static struct run_thread threads[] = { { 1, ALPHA }, { 2, ALPHA }, { 3, BETA } };
static struct trace_thread thread_names[3];
static struct run_checkpoint checkpoints[CHECKPOINTS];
static struct static_item items[3];
static uint64_t static_bytes[STATIC_KIND_COUNT][COMPONENTS];
static struct str names[COMPONENTS + 1];

static int begin(void **state) {
    (void)state;
    memset(rows, 0, sizeof rows);
    rows[START][ALPHA].kind_bytes[LEDGER_MALLOC] = 100;
    rows[LATER][ALPHA].kind_bytes[LEDGER_MALLOC] = 150;
    rows[LATER][ALPHA].kind_bytes[LEDGER_NEW] = 4000;
    rows[LATER][BETA].kind_bytes[LEDGER_LIBC] = 7;
    rows[LATER][HOST].kind_bytes[LEDGER_MALLOC] = 100000; // named "recorder" below
    rows[LATER][ALPHA].kernel[KERNEL_MUTEX] = 3;
    rows[LATER][BETA].kernel[KERNEL_THREAD] = 2;
    containers[LATER][ALPHA] = 1234;
    for (int i = 0; i < COMPONENTS; i++)
        names[i] = component_names[i];
    names[HOST] = STR("recorder");
    map = (struct component_map){ .count = COMPONENTS, .names = names };
    checkpoints[START] = (struct run_checkpoint){ .name = STR("start"),
        .rows = rows[START],
        .container_bytes = containers[START],
        .threads = threads,
        .thread_count = 1 };
    checkpoints[LATER] = (struct run_checkpoint){ .name = STR("later"),
        .cycle = 1,
        .rows = rows[LATER],
        .container_bytes = containers[LATER],
        .threads = threads,
        .thread_count = 3 };
    run = (struct run){ .checkpoints = checkpoints, .checkpoint_count = CHECKPOINTS };
    thread_names[0] = (struct trace_thread){ .number = 1, .name = STR("main") };
    thread_names[1] = (struct trace_thread){ .number = 2, .name = STR("pool") };
    thread_names[2] = (struct trace_thread){ .number = 3, .name = STR("recv") };
    image = (struct trace_image){ .threads = thread_names, .thread_count = 3 };
    items[0] = (struct static_item){ .name = STR("table_a"),
        .section = STR(".rodata"),
        .kind = STATIC_CONSTANT,
        .component = ALPHA };
    items[1] = (struct static_item){
        .name = STR("table_b"), .section = STR(".data"), .kind = STATIC_DATA, .component = ALPHA
    };
    items[2] = (struct static_item){
        .name = STR("table_b"), .section = STR(".bss"), .kind = STATIC_ZERO, .component = BETA
    };
    memset(static_bytes, 0, sizeof static_bytes);
    static_bytes[STATIC_DATA][ALPHA] = 10;
    static_bytes[STATIC_ZERO][ALPHA] = 200;
    static_bytes[STATIC_TLS][ALPHA] = 3000;
    static_bytes[STATIC_CONSTANT][ALPHA] = 40000;
    statics = (struct static_data){ .items = items, .item_count = 3 };
    for (int k = 0; k < STATIC_KIND_COUNT; k++)
        statics.bytes[k] = static_bytes[k];
    memset(&fixture, 0, sizeof fixture);
    (void)snprintf(fixture.folder, sizeof fixture.folder, "%.31s", test_folder);
    place_by(&fixture, NULL, NULL, NULL);
    arena = &fixture.arena;
    return 0;
}

static int end(void **state) {
    (void)state;
    arena_clear(arena);
    return 0;
}

static bool read_text(const char *text) {
    memset(&err, 0, sizeof err);
    return estimates_read(arena, fixture_write(&fixture, "estimates", text), &estimates, &err);
}

/// The one estimate of `measures` (whole lines) and `expect`, judged.
static const struct guess *judged(const char *measures, const char *expect) {
    const struct guess_input in = {
        .run = &run, .map = &map, .image = &image, .placement = &placed, .statics = &statics
    };
    if (!read_text(arena_printf(arena, "estimate \"one\"\n%s    expect %s\n", measures, expect)))
        fail_msg("line %u: %s", err.line, err.text);
    guesses_judge(arena, &estimates, &in, &list);
    return &list.guesses[0];
}

static int64_t measured(const char *measure) {
    const struct guess *g = judged(arena_printf(arena, "    measure %s\n", measure), "question");
    assert_int_equal(g->verdict, GUESS_ANSWERED);
    return g->measured;
}

// ---- measures

static void heap_is_counted_by_component_kind_and_checkpoint(void **state) {
    (void)state;
    assert_int_equal(measured("heap at=start"), 100);
    assert_int_equal(measured("heap at=later"), 150 + 4000 + 7); // not the recorder's
    assert_int_equal(measured("heap at=later component=recorder"), 100000);
    assert_int_equal(measured("heap at=later component=alpha"), 4150);
    assert_int_equal(measured("heap at=later component=al*,beta kind=malloc,libc"), 157);
    assert_int_equal(measured("heap at=later from=start component=alpha kind=malloc"), 50);
    assert_int_equal(measured("heap at=start from=later component=alpha"), -4050);
}

static void containers_threads_and_kernel_objects_are_counted(void **state) {
    (void)state;
    assert_int_equal(measured("containers at=later component=alpha"), 1234);
    assert_int_equal(measured("containers at=start"), 0);
    assert_int_equal(measured("threads at=later"), 3);
    assert_int_equal(measured("threads at=later from=start"), 2);
    assert_int_equal(measured("threads at=later component=alpha"), 2);
    assert_int_equal(measured("threads at=later name=rec*,p*"), 2);
    const struct kernel_cost *mutex = &placed.kernel_costs.kinds[KERNEL_MUTEX];
    int64_t each = (int64_t)(kernel_cost_bytes(mutex, internal) + kernel_cost_bytes(mutex, psram));
    assert_true(each > 0);
    assert_int_equal(measured("kernel at=later object=mutex"), 3 * each);
    assert_int_equal(measured("kernel at=later object=mutex each=yes"), each);
    assert_int_equal(measured("kernel at=later object=mutex each=no"), 3 * each);
    assert_int_equal(measured("kernel at=later object=mutex component=beta"), 0);
    assert_true(measured("kernel at=later") > 3 * each); // and two threads
}

static void static_data_is_what_can_be_written_to(void **state) {
    (void)state;
    assert_int_equal(measured("static component=alpha"), 3210);
    assert_int_equal(measured("static component=beta"), 0);
    assert_int_equal(measured("section symbol=table_a"), 0);
    assert_int_equal(measured("section symbol=table_*"), 2);
    assert_int_equal(measured("section symbol=table_* component=alpha"), 1);
}

static void measures_add_up(void **state) {
    (void)state;
    const struct guess *g = judged("    measure static component=alpha\n"
                                   "    measure heap component=alpha at=start\n",
            "equals 3310");
    assert_int_equal(g->verdict, GUESS_RIGHT);
    assert_string_equal(g->evidence.at, "static component=alpha; heap component=alpha at=start");
    assert_false(g->is_count);
    g = judged("    measure threads at=later component=alpha\n", "equals 2");
    assert_true(g->is_count);
    assert_string_equal(g->evidence.at, "threads 'main', 'pool'");
}

// ---- verdicts

static void expectations_are_judged_at_their_limits(void **state) {
    (void)state;
    static const struct {
        const char *expect;
        enum guess_verdict verdict;
    } cases[] = { // of 4,150 bytes
        { "below 4151", GUESS_RIGHT }, { "below 4150", GUESS_WRONG },
        { "equals 4150", GUESS_RIGHT }, { "equals 4151", GUESS_WRONG },
        { "about 8300", GUESS_RIGHT }, { "about 8301", GUESS_WRONG }, { "about 2075", GUESS_RIGHT },
        { "about 2074", GUESS_WRONG }, { "between 4150 4151", GUESS_RIGHT },
        { "between 4149 4150", GUESS_RIGHT }, { "between 4151 5000", GUESS_WRONG },
        { "between 1 4149", GUESS_WRONG }, { "between 4K 5K", GUESS_RIGHT },
        { "something", GUESS_RIGHT }, { "nothing", GUESS_WRONG }, { "question", GUESS_ANSWERED }
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct guess *g =
                judged("    measure heap at=later component=alpha\n", cases[i].expect);
        assert_int_equal(g->measured, 4150);
        assert_string_equal(g->estimate->expectation.at, cases[i].expect);
        if (g->verdict != cases[i].verdict)
            fail_msg("%s: %s", cases[i].expect, guess_verdict_names[g->verdict]);
    }
    assert_int_equal(
            judged("    measure heap at=start component=beta\n", "nothing")->verdict, GUESS_RIGHT);
    assert_int_equal(judged("    measure heap at=start component=beta\n", "something")->verdict,
            GUESS_WRONG);
    assert_int_equal(
            judged("    measure section symbol=table_a\n", "read-only")->verdict, GUESS_RIGHT);
    assert_int_equal(
            judged("    measure section symbol=table_b\n", "read-only")->verdict, GUESS_WRONG);
}

static void assert_open(const struct guess *g, const char *word) {
    assert_int_equal(g->verdict, GUESS_OPEN);
    if (strstr(g->evidence.at, word) == NULL)
        fail_msg("'%s' does not say '%s'", g->evidence.at, word);
}

/// What the run does not have is neither nothing nor right.
static void what_cannot_be_said_stays_open(void **state) {
    (void)state;
    assert_open(judged("    measure heap at=never\n", "nothing"), "no checkpoint 'never'");
    assert_open(
            judged("    measure heap at=later from=never\n", "nothing"), "no checkpoint 'never'");
    assert_open(judged("    measure heap at=later component=alpha,gamma\n", "nothing"),
            "no component 'gamma'");
    assert_open(judged("    measure section symbol=other*\n", "read-only"), "no such symbol");
    assert_true(read_text("estimate a\n  measure static\n  expect nothing\n"
                          "estimate b\n  measure kernel at=later\n  expect nothing\n"));
    const struct guess_input bare = { .run = &run, .map = &map, .image = &image };
    guesses_judge(arena, &estimates, &bare, &list);
    assert_open(&list.guesses[0], "--target");
    assert_open(&list.guesses[1], "--target");
}

// ---- the file

static void a_file_is_read_whole(void **state) {
    (void)state;
    assert_true(read_text("containers std::vector* std::map*\ncontainers std::set*\n"
                          "estimate first\n  text \"as they said\"\n  step 3\n"
                          "  measure heap at=x\n  expect below 10K\n"
                          "estimate \"the second\"\n  measure static\n  expect nothing\n"));
    assert_int_equal(estimates.container_count, 3);
    assert_string_equal(estimates.containers[2].at, "std::set*");
    assert_int_equal(estimates.count, 2);
    assert_string_equal(estimates.list[0].text.at, "as they said");
    assert_int_equal(estimates.list[0].step, 3);
    assert_int_equal(estimates.list[0].low, 10240);
    assert_string_equal(estimates.list[1].name.at, "the second");
}

static void what_makes_no_sense_is_refused_with_its_line(void **state) {
    (void)state;
    static const struct {
        const char *lines; ///< Inside an estimate, from line 2 on.
        uint32_t line;
        const char *says;
    } cases[] = {
        { "  measure heep at=x\n  expect nothing\n", 2,
                "'heep' is no measure; did you mean 'heap'" },
        { "  measure heap componnent=a at=x\n  expect nothing\n", 2, "did you mean 'component'" },
        { "  measure static at=x\n  expect nothing\n", 2, "'at' is no key of this measure" },
        { "  measure heap alpha at=x\n  expect nothing\n", 2, "write KEY=VALUE" },
        { "  measure heap at=\n  expect nothing\n", 2, "write KEY=VALUE" },
        { "  measure heap component=a\n  expect nothing\n", 2, "needs at=CHECKPOINT" },
        { "  measure section component=a\n  expect nothing\n", 2, "needs symbol=GLOB" },
        { "  measure kernel at=x each=maybe\n  expect nothing\n", 2, "'yes' or 'no'" },
        { "  measure heap at=x kind=malloc,mallok\n  expect nothing\n", 2,
                "did you mean 'malloc'" },
        { "  measure kernel at=x object=mutes\n  expect nothing\n", 2, "did you mean 'mutex'" },
        { "  measure kernel at=x object=none\n  expect nothing\n", 2, "'none' is nothing" },
        { "  measure\n  expect nothing\n", 2, "what is measured" },
        { "  measure heap at=x\n  expect belov 3\n", 3, "did you mean 'below'" },
        { "  measure heap at=x\n  expect below\n", 3, "what is expected" },
        { "  measure heap at=x\n  expect below lots\n", 3, "lots" },
        { "  measure heap at=x\n  expect between 3\n", 3, "what is expected" },
        { "  measure heap at=x\n  expect nothing 3\n", 3, "one word too many" },
        { "  measure heap at=x\n  expect equals 0x7fffffffffffffff\n", 3, "more than any memory" },
        { "  measure heap at=x\n", 1, "needs a 'measure' and an 'expect'" },
        { "  expect nothing\n", 1, "needs a 'measure' and an 'expect'" },
        { "  measure heap at=x\n  measure threads at=x\n  expect nothing\n", 1, "cannot be added" },
        { "  step two\n  measure static\n  expect nothing\n", 2, "two" },
        { "  mesure static\n  expect nothing\n", 2, "did you mean 'measure'" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(read_text(arena_printf(arena, "estimate one\n%s", cases[i].lines)));
        if (err.line != cases[i].line || strstr(err.text, cases[i].says) == NULL)
            fail_msg("%s line %u: %s", cases[i].lines, err.line, err.text);
    }
    assert_false(read_text("estimat one\n"));
    assert_false(estimates_read(arena, "no-such-file", &estimates, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                heap_is_counted_by_component_kind_and_checkpoint, begin, end),
        cmocka_unit_test_setup_teardown(
                containers_threads_and_kernel_objects_are_counted, begin, end),
        cmocka_unit_test_setup_teardown(static_data_is_what_can_be_written_to, begin, end),
        cmocka_unit_test_setup_teardown(measures_add_up, begin, end),
        cmocka_unit_test_setup_teardown(expectations_are_judged_at_their_limits, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_said_stays_open, begin, end),
        cmocka_unit_test_setup_teardown(a_file_is_read_whole, begin, end),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused_with_its_line, begin, end),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
