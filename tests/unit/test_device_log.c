/// What a log teaches: starts, moments and their names, summaries of heaps, tables, failures.
#include "device_fixture.h"

static void a_log_may_hold_several_starts(void **state) {
    struct fixture *f = *state;
    struct device_log *log = fixture_log(f,
            "tail of another run, free 7\n"
            "ESP-ROM:esp8684-api1-20211015\nrst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)\n"
            "I (27) boot: chip revision: v1.0\nI (33) boot.esp32c2: SPI Speed      : 60MHz\n"
            "I (443) cpu_start: Unicore app\nI (1) heap_init: Initializing. RAM available for "
            "dynamic allocation:\n"
            "I (1) main_task: Calling app_main()\nfree 8\n"
            "Guru Meditation Error: Core  0 panic'ed (x). y\n"
            "rst:0xc (SW_CPU_RESET),boot:0xc (SPI_FAST_FLASH_BOOT)\nI (1) main_task: Calling "
            "app_main()\nfree 9\n"
            "I (1) main_task: Calling app_main()\n",
            "free {internal}");
    assert_int_equal(log->boots.len, 4);
    assert_int_equal(log->boots.at[0].first, DEVICE_STAGE_NONE);
    assert_int_equal(log->boots.at[1].first, DEVICE_STAGE_ROM);
    assert_int_equal(log->boots.at[1].line, 2);
    assert_int_equal(log->boots.at[1].stage, DEVICE_STAGE_MAIN);
    assert_true(str_equal(log->boots.at[1].chip.text, STR("esp32c2")));
    assert_true(str_equal(log->boots.at[1].reset.text, STR("POWERON")));
    assert_int_equal(log->boots.at[1].revision.number, 100);
    assert_true(str_equal(log->boots.at[2].reset.text, STR("SW_CPU_RESET")));
    assert_int_equal(log->boots.at[3].first, DEVICE_STAGE_MAIN);
    assert_int_equal(log->moments.len, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(log->moments.at[i].boot, i);
    assert_int_equal(log->failures.len, 1);
    assert_int_equal(log->failures.at[0].boot, 1);
    assert_int_equal(log->failures.at[0].panic, DEVICE_PANIC_EXCEPTION);
}

static void a_start_without_its_beginning_is_one(void **state) {
    struct fixture *f = *state;
    struct device_log *log = fixture_log(f,
            "I (1) app_init: ESP-IDF:          v5.5.1\n"
            "I (1) heap_init: At 4FF22310 len 00018CB0 (99 KiB): RAM\n"
            "I (1) heap_init: At 4FF22310 len 00018CB0 (99 KiB): RAM\nfree 7\n"
            "I (1) main_task: Calling app_main()\nfree 8\n",
            "free {internal}");
    assert_int_equal(log->boots.len, 1);
    assert_int_equal(log->boots.at[0].heaps.len, 1);
    assert_int_equal(log->boots.at[0].idf.line, 1);
    assert_int_equal(log->moments.len, 2);
}

static void blocks_by_themselves_are_of_a_start(void **state) {
    struct fixture *f = *state;
    struct device_log *log = fixture_log(f,
            "I say nothing\n================================\n"
            "====== Heap Trace: 1 records (100 capacity) ======\n"
            "    64 bytes (@ 0x4ff3b9b8, Internal) allocated CPU 0 ccount 0x0012a3b4\n",
            NULL);
    assert_int_equal(log->boots.len, 1);
    assert_int_equal(log->boots.at[0].line, 3);
    assert_int_equal(log->boots.at[0].first, DEVICE_STAGE_NONE);
    assert_int_equal(log->boots.at[0].stage, DEVICE_STAGE_HEAPS);
    assert_int_equal(device_log_newest(log), 0);
    device_log_begin(log);
    assert_int_equal(device_log_newest(log), UINT32_MAX);
}

static void another_log_is_another_start(void **state) {
    struct fixture *f = *state;
    struct device_log *log = fixture_log(f, "free 7\n", "free {internal}");
    const struct device_listener listener = { log, device_log_take };
    device_log_begin(log);
    fixture_tell(f, "nothing\n", NULL, &listener);
    device_log_begin(log);
    fixture_tell(f, "I (1) main_task: Calling app_main()\nfree 8\n", "free {internal}", &listener);
    assert_int_equal(log->boots.len, 2);
    assert_int_equal(log->boots.at[1].input, 2);
    assert_int_equal(log->moments.at[1].boot, 1);
}

static void assert_name(const struct device_log *log, size_t index, const char *name) {
    assert_true(index < log->moments.len);
    assert_string_equal(log->moments.at[index].name.at, name);
}

static void moments_have_names_of_their_own(void **state) {
    struct fixture *f = *state;
    struct device_log *log = fixture_log(f,
            "[a] free 1\n[a-2] free 2\n[a] free 3\n[a] free 4\nESP-ROM:esp32p4-x\n[a] free 5\n"
            "Heap summary for capabilities 0x00000800:\n",
            "[{name}] free {internal}");
    assert_name(log, 0, "a");
    assert_name(log, 1, "a-2");
    assert_name(log, 2, "a-3");
    assert_name(log, 3, "a-4");
    assert_name(log, 4, "a");
    assert_name(log, 5, "heap-info-1");
    assert_true(log->moments.at[0].is_named);
    assert_false(log->moments.at[5].is_named);
    assert_int_equal(log->moments.at[2].figures[0].bytes, 3);
    log = fixture_log(f, "I (77) m: free 1\nfree 2\n", "free {internal}");
    assert_name(log, 0, "free-1");
    assert_name(log, 1, "free-2");
    assert_true(log->moments.at[0].has_time);
    assert_int_equal(log->moments.at[0].time_ms, 77);
    assert_false(log->moments.at[1].has_time);
}

static void summaries_hold_their_heaps(void **state) {
    struct fixture *f = *state;
    struct device_log *log = fixture_log(f,
            "    largest_free_block 1 alloc_blocks 0 free_blocks 1 total_blocks 1\n"
            "Heap summary for capabilities 0x00000800:\n"
            "  At 0x4ff3afc0 len 19440 free 100 allocated 10 min_free 90\n"
            "I (5) wifi: in between\n"
            "    largest_free_block 80 alloc_blocks 3 free_blocks 1 total_blocks 4\n"
            "  At 0x4ff40000 len 262144 free 200 allocated 20 min_free 150\n"
            "  Totals:\n    free 300 allocated 30 min_free 240 largest_free_block 80\n"
            "Heap summary for capabilities 0x00000400:\n"
            "  At 0x48000000 len 262144 free 200 allocated 20 min_free 150\n"
            "Heap summary for capabilities 0x00001000:\n"
            "    free 300 allocated 30 min_free 240 largest_free_block 80\n",
            NULL);
    assert_int_equal(log->stray, 1);
    assert_int_equal(log->moments.len, 3);
    const struct device_moment *m = &log->moments.at[0];
    assert_int_equal(m->caps, 0x800);
    assert_int_equal(m->heaps.len, 2);
    assert_true(m->heaps.at[0].has_blocks);
    assert_int_equal(m->heaps.at[0].largest, 80);
    assert_int_equal(m->heaps.at[0].used_blocks, 3);
    assert_false(m->heaps.at[1].has_blocks);
    assert_true(m->has_total && m->adds_up);
    assert_int_equal(m->free, 300);
    assert_int_equal(m->least_free, 240);
    // its sums are missing
    assert_false(log->moments.at[1].has_total);
    // its heaps are
    assert_true(log->moments.at[2].has_total);
    assert_false(log->moments.at[2].adds_up);
}

static void tables_are_kept_apart(void **state) {
    struct fixture *f = *state;
    struct device_log *log = fixture_log(f,
            "a\tX\t1\t100\t1\nI (1) x: y\nb\tB\t1\t200\t2\na\tX\t1\t90\t1\nthe "
            "end\nb\tB\t1\t200\t2\n"
            "├ ALIVE: main, CURRENT MEMORY USAGE 308, PEAK MEMORY USAGE 7808, TOTAL HEAP USED 1:\n"
            "│    └ HEAP: RAM, CAPS: 0x0010580e, SIZE: 344400, USAGE: CURRENT 220 (0%), PEAK 220 "
            "(0%), ALLOC COUNT: 2\n"
            "└ DELETED: wifi, CURRENT MEMORY USAGE 0, PEAK MEMORY USAGE 4, TOTAL HEAP USED 1:\n"
            "└ ALIVE: other, CURRENT MEMORY USAGE 5, PEAK MEMORY USAGE 6, TOTAL HEAP USED 1:\n"
            "gone\n│    └ HEAP: RAM, CAPS: 0x0010580e, SIZE: 344400, USAGE: CURRENT 220 (0%), PEAK "
            "220 (0%), ALLOC COUNT: 2\n",
            NULL);
    assert_int_equal(log->task_lists.len, 3);
    assert_int_equal(log->task_lists.at[0].tasks.len, 2);
    assert_int_equal(log->task_lists.at[1].tasks.len, 1);
    assert_int_equal(log->task_lists.at[1].tasks.at[0].stack_free, 90);
    assert_int_equal(log->task_lists.at[2].tasks.len, 1);
    assert_int_equal(log->task_heaps.len, 2);
    assert_int_equal(log->task_heaps.at[0].heaps.len, 2);
    assert_int_equal(log->task_heaps.at[0].heaps.at[0].parts.len, 1);
    assert_int_equal(log->task_heaps.at[0].heaps.at[0].parts.at[0].bytes, 220);
    assert_false(log->task_heaps.at[0].heaps.at[1].is_alive);
    assert_int_equal(log->task_heaps.at[1].heaps.len, 1);
    assert_int_equal(log->stray, 1);
}

/// Else each task would be there twice, and its bytes, too.
static void each_form_of_the_tasks_heaps_is_a_table(void **state) {
    struct fixture *f = *state;
    struct device_log *log = fixture_log(f,
            "│ main │ ALIVE │ 308 │ 7808 │ 1 │\n"
            "├ ALIVE: main, CURRENT MEMORY USAGE 308, PEAK MEMORY USAGE 7808, TOTAL HEAP USED 1:\n"
            "Task: Pre-Scheduler allocs -> CAP_8BIT: 100 CAP_32BIT: 20\n"
            "Task: main -> CAP_8BIT: 5 CAP_32BIT: 0\n"
            "Task: Pre-Scheduler allocs -> CAP_8BIT: 100 CAP_32BIT: 21\n"
            "Task: Pre-Scheduler\n",
            NULL);
    assert_int_equal(log->task_heaps.len, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(log->task_heaps.at[i].heaps.len, i == 2 ? 2 : 1);
    assert_int_equal(log->task_heaps.at[2].heaps.at[0].bytes, 120);
    assert_true(log->task_heaps.at[2].heaps.at[0].is_sum);
    assert_true(str_equal(log->task_heaps.at[2].heaps.at[1].name, STR("main")));
}

static void broken_and_mended_lines_are_kept(void **state) {
    struct fixture *f = *state;
    struct device_log *log = fixture_log(f,
            "I (12) heap_init: At 4FF0I (13) x: y\n3000 len 0001F000 (124 KiB): RAM\n"
            "I (12) heap_init: At 4FF\n",
            NULL);
    assert_int_equal(log->mended.len, 1);
    assert_int_equal(log->mended.at[0].line, 1);
    assert_int_equal(log->unknown.len, 1);
    assert_int_equal(log->unknown.at[0].line, 3);
    assert_non_null(log->unknown.at[0].reason);
}

/// Each of the last ones would look through all that came before, and keep what it looked for.
static void names_that_come_again_cost_no_search(void **state) {
    enum { MANY = 2000 };
    struct fixture *f = *state;
    char *text = calloc(2 * MANY, 16), *at = text + sprintf(text, "[a] 5\n");
    for (unsigned i = 2; i <= MANY; i++)
        at += sprintf(at, "[a-%u] 5\n", i);
    for (unsigned i = 0; i < MANY; i++)
        at += sprintf(at, "[a] 5\n");
    size_t before = f->arena.taken_bytes;
    struct device_log *log = fixture_log(f, text, "[{name}] {internal}");
    free(text);
    assert_int_equal(log->moments.len, 2 * MANY);
    assert_name(log, 2 * MANY - 1, "a-4000");
    assert_true(f->arena.taken_bytes - before < (size_t)2 * MANY * 1000);
}

static void what_is_too_much_is_counted(void **state) {
    struct fixture *f = *state;
    char *text = calloc(1, 64 * 300);
    for (unsigned i = 0; i < 300; i++)
        sprintf(text + strlen(text), "I (1) heap_init: At %08X len 00000400 (1 KiB): RAM\n",
                i * 1024);
    struct device_log *log = fixture_log(f, text, NULL);
    free(text);
    assert_int_equal(log->boots.at[0].heaps.len, DEVICE_LOG_FEW);
    assert_int_equal(log->beyond, 300 - DEVICE_LOG_FEW);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_log_may_hold_several_starts),
        CASE(a_start_without_its_beginning_is_one),
        CASE(blocks_by_themselves_are_of_a_start),
        CASE(another_log_is_another_start),
        CASE(moments_have_names_of_their_own),
        CASE(summaries_hold_their_heaps),
        CASE(tables_are_kept_apart),
        CASE(each_form_of_the_tasks_heaps_is_a_table),
        CASE(broken_and_mended_lines_are_kept),
        CASE(names_that_come_again_cost_no_search),
        CASE(what_is_too_much_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
