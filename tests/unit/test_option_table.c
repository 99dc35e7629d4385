/// Which option of a configuration is said to buy most.
#include "answer_option_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STACK, CACHE, THRESHOLD, TLS, LINES };

static struct option_line lines[LINES];
static struct option_table table;

static int set_up(void **state) {
    (void)state;
    lines[STACK] = (struct option_line){
        .parameter = TARGET_NONE, .symbol = "STACK", .is_held = true, .frees = 1000
    };
    lines[CACHE] = (struct option_line){ .parameter = 0, .is_held = true, .frees = 5000 };
    lines[THRESHOLD] = (struct option_line){ .parameter = 1, .is_held = true };
    lines[TLS] = (struct option_line){ .parameter = TARGET_NONE, .symbol = "TLS", .frees = 9000 };
    table = (struct option_table){ .lines = lines, .count = LINES };
    return 0;
}

/// The replay of line `which` leaves `least_free` at its worst moment.
static void replayed(int which, uint64_t least_free, uint64_t failures) {
    table.has_outcome = true;
    table.outcome = (struct option_outcome){ .least_free = 20000, .failures = 3 };
    lines[which].has_outcome = true;
    lines[which].outcome =
            (struct option_outcome){ .least_free = least_free, .failures = failures };
}

static void without_a_replay_what_is_free_before_anything_runs_counts(void **state) {
    (void)state;
    assert_ptr_equal(option_table_best(&table), &lines[CACHE]);
    assert_int_equal(option_table_gain(&table, &lines[CACHE]), 5000);
}

static void what_the_program_is_not_known_to_hold_is_no_best_one(void **state) {
    (void)state;
    lines[TLS].is_held = true;
    assert_ptr_equal(option_table_best(&table), &lines[TLS]);
}

static void with_a_replay_its_worst_moment_counts(void **state) {
    (void)state;
    replayed(CACHE, 21000, 3);
    replayed(THRESHOLD, 60000, 3);
    assert_ptr_equal(option_table_best(&table), &lines[THRESHOLD]);
    assert_int_equal(option_table_gain(&table, &lines[THRESHOLD]), 40000);
    assert_int_equal(option_table_gain(&table, &lines[STACK]), 1000);
}

static void what_makes_requests_fail_buys_nothing(void **state) {
    (void)state;
    replayed(THRESHOLD, 60000, 4);
    assert_ptr_equal(option_table_best(&table), &lines[STACK]); // the cache has no room for the run
    assert_int_equal(option_table_gain(&table, &lines[CACHE]), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
        TEST(without_a_replay_what_is_free_before_anything_runs_counts),
        TEST(what_the_program_is_not_known_to_hold_is_no_best_one),
        TEST(with_a_replay_its_worst_moment_counts),
        TEST(what_makes_requests_fail_buys_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
