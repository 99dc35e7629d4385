// The table of kernel objects: who replaces whom, what goes with a block, and that the quick filter never says no wrongly.
#include "kernel_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct kernel_table table;

static int begin(void **state) {
    (void)state;
    kernel_table_init(&table, &arena);
    return 0;
}

static int clear(void **state) {
    (void)state;
    arena_clear(&arena);
    return 0;
}

/// Creates an object; returns the object kind that it put out of its place, 0 for none.
static uint8_t create(uint8_t object, uint64_t address, uint32_t stack) {
    struct kernel_entry e = {
        .address = address, .object = object, .stack = stack, .component = 7
    };
    struct kernel_entry abandoned;
    memset(&abandoned, 0xff, sizeof abandoned);
    kernel_table_create(&table, &e, &abandoned);
    return abandoned.object;
}

/// Stack of the object that was destroyed; 0 when there was none.
static uint32_t destroy(uint8_t object, uint64_t address) {
    struct kernel_entry gone = { 0 };
    bool was_there = kernel_table_destroy(&table, object, address, &gone);
    assert_int_equal(was_there, gone.stack != 0);
    return gone.stack;
}

static unsigned count(bool abandoned) {
    unsigned n = 0;
    for (uint32_t i = 0; i < table.entry_count; i++)
        n += table.entries[i].object != KERNEL_NONE && table.entries[i].abandoned == abandoned;
    return n;
}

static void names_are_those_of_the_report(void **state) {
    (void)state;
    static const char *const names[] = { "none", "mutex", "condition", "rwlock", "semaphore",
        "thread", "key", "barrier" };
    assert_int_equal(sizeof names / sizeof names[0], KERNEL_OBJECT_COUNT);
    for (unsigned i = 0; i < KERNEL_OBJECT_COUNT; i++)
        assert_string_equal(kernel_object_names[i], names[i]);
}

static void what_was_created_can_be_destroyed_once(void **state) {
    (void)state;
    assert_int_equal(create(KERNEL_MUTEX, 0x100, 1), KERNEL_NONE);
    assert_int_equal(create(KERNEL_CONDITION, 0x120, 2), KERNEL_NONE);
    struct kernel_entry gone;
    assert_true(kernel_table_destroy(&table, KERNEL_MUTEX, 0x100, &gone));
    assert_int_equal(gone.address, 0x100);
    assert_int_equal(gone.object, KERNEL_MUTEX);
    assert_int_equal(gone.stack, 1);
    assert_int_equal(gone.component, 7);
    assert_false(gone.abandoned);
    assert_false(kernel_table_destroy(&table, KERNEL_MUTEX, 0x100, &gone));
    assert_int_equal(destroy(KERNEL_CONDITION, 0x121), 0);
    assert_int_equal(destroy(KERNEL_CONDITION, 0x120), 2);
    assert_int_equal(count(false), 0);
    assert_int_equal(count(true), 0);
}

static void a_new_object_at_the_place_of_another_abandons_it(void **state) {
    (void)state;
    create(KERNEL_MUTEX, 0x100, 1);
    assert_int_equal(create(KERNEL_MUTEX, 0x100, 2), KERNEL_MUTEX);
    assert_int_equal(create(KERNEL_SEMAPHORE, 0x100, 3), KERNEL_MUTEX);
    assert_int_equal(count(true), 2);
    assert_int_equal(count(false), 1);
    assert_int_equal(destroy(KERNEL_SEMAPHORE, 0x100), 3);
    assert_int_equal(destroy(KERNEL_MUTEX, 0x100), 0);
    assert_int_equal(count(true), 2);
}

static void threads_and_keys_are_numbers_apart(void **state) {
    (void)state;
    assert_int_equal(create(KERNEL_THREAD, 5, 1), KERNEL_NONE);
    assert_int_equal(create(KERNEL_KEY, 5, 2), KERNEL_NONE);
    assert_int_equal(create(KERNEL_MUTEX, 5, 3), KERNEL_NONE);
    assert_int_equal(create(KERNEL_KEY, 0, 4), KERNEL_NONE);
    // A block at their number does not take them along.
    assert_int_equal(kernel_table_abandon(&table, 0, 64), 1);
    assert_int_equal(destroy(KERNEL_THREAD, 5), 1);
    assert_int_equal(destroy(KERNEL_KEY, 5), 2);
    assert_int_equal(destroy(KERNEL_KEY, 0), 4);
    assert_int_equal(destroy(KERNEL_MUTEX, 5), 0);
}

static void a_freed_block_abandons_what_lies_in_it(void **state) {
    (void)state;
    create(KERNEL_MUTEX, 0x0ff, 1);
    create(KERNEL_MUTEX, 0x100, 2);
    create(KERNEL_RWLOCK, 0x1ff, 3);
    create(KERNEL_MUTEX, 0x200, 4);
    assert_true(kernel_table_may_hold(&table, 0x100, 0x100));
    assert_int_equal(kernel_table_abandon(&table, 0x100, 0), 0);
    assert_int_equal(kernel_table_abandon(&table, 0x100, 0x100), 2);
    assert_int_equal(kernel_table_abandon(&table, 0x100, 0x100), 0);
    assert_int_equal(destroy(KERNEL_MUTEX, 0x100), 0);
    assert_int_equal(destroy(KERNEL_RWLOCK, 0x1ff), 0);
    assert_int_equal(destroy(KERNEL_MUTEX, 0x0ff), 1);
    assert_int_equal(destroy(KERNEL_MUTEX, 0x200), 4);
    assert_int_equal(count(true), 2);
    // Its place is free for another.
    assert_int_equal(create(KERNEL_MUTEX, 0x100, 5), KERNEL_NONE);
    assert_int_equal(destroy(KERNEL_MUTEX, 0x100), 5);
}

static void blocks_at_the_end_of_the_address_space_are_no_danger(void **state) {
    (void)state;
    create(KERNEL_MUTEX, UINT64_MAX, 1);
    create(KERNEL_MUTEX, 0x10, 2);
    assert_true(kernel_table_may_hold(&table, UINT64_MAX - 4, 16));
    assert_int_equal(kernel_table_abandon(&table, UINT64_MAX - 4, 5), 1);
    assert_true(kernel_table_may_hold(&table, 0, UINT64_MAX));
    assert_int_equal(kernel_table_abandon(&table, 0, UINT64_MAX), 1);
}

/// Numbers so large that they look like addresses: one counts as the other's successor, and nothing is lost or counted twice.
static void made_up_numbers_that_meet_stay_counted(void **state) {
    (void)state;
    create(KERNEL_MUTEX, UINT64_C(1) << 62 | 5, 1);
    assert_int_equal(create(KERNEL_THREAD, 5, 2), KERNEL_MUTEX);
    assert_int_equal(create(KERNEL_KEY, UINT64_MAX, 3), KERNEL_NONE);
    assert_int_equal(create(KERNEL_KEY, UINT64_MAX >> 1, 4), KERNEL_KEY);
    assert_int_equal(count(false) + count(true), 4);
}

static void entries_are_used_again(void **state) {
    (void)state;
    for (uint32_t round = 0; round < 100; round++) {
        for (uint32_t i = 0; i < 300; i++)
            create(KERNEL_MUTEX, 0x1000 + i * 24, i + 1);
        for (uint32_t i = 0; i < 300; i++)
            assert_int_equal(destroy(KERNEL_MUTEX, 0x1000 + i * 24), i + 1);
    }
    assert_int_equal(table.entry_count, 300);
    assert_int_equal(count(false) + count(true), 0);
}

static void random_life_agrees_with_a_list(void **state) {
    (void)state;
    enum { PLACES = 512, STEPS = 20000 };
    static uint32_t lives[PLACES]; // Stack of the object there; 0 none.
    memset(lives, 0, sizeof lives);
    uint64_t random = 3;
    unsigned lost = 0;
    for (uint32_t step = 1; step <= STEPS; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        unsigned place = (unsigned)((random >> 33) % PLACES);
        uint64_t address = 0x7f0000000000 + place * 40;
        switch ((random >> 20) % 3) {
        case 0:
            assert_int_equal(create(KERNEL_MUTEX, address, step) != 0, lives[place] != 0);
            lost += lives[place] != 0;
            lives[place] = step;
            break;
        case 1:
            assert_int_equal(destroy(KERNEL_MUTEX, address), lives[place]);
            lives[place] = 0;
            break;
        default: {
            unsigned places = (unsigned)((random >> 50) % 12);
            uint32_t expected = 0;
            for (unsigned i = place; i < place + places && i < PLACES; i++) {
                expected += lives[i] != 0;
                lives[i] = 0;
            }
            uint64_t size = places * 40;
            assert_true(expected == 0 || kernel_table_may_hold(&table, address, size));
            assert_int_equal(kernel_table_abandon(&table, address, size), expected);
            lost += expected;
        }
        }
    }
    unsigned live = 0;
    for (unsigned i = 0; i < PLACES; i++)
        live += lives[i] != 0;
    assert_int_equal(count(false), live);
    assert_int_equal(count(true), lost);
}

static void the_filter_says_no_where_nothing_ever_was(void **state) {
    (void)state;
    assert_false(kernel_table_may_hold(&table, 0x1000, 4096));
    create(KERNEL_MUTEX, 0x5000, 1);
    assert_true(kernel_table_may_hold(&table, 0x4fc0, 0x80));
    assert_false(kernel_table_may_hold(&table, 0x9000, 64));
    create(KERNEL_THREAD, 0x9000, 1);
    assert_false(kernel_table_may_hold(&table, 0x9000, 64));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_those_of_the_report, begin, clear),
        cmocka_unit_test_setup_teardown(what_was_created_can_be_destroyed_once, begin, clear),
        cmocka_unit_test_setup_teardown(
                a_new_object_at_the_place_of_another_abandons_it, begin, clear),
        cmocka_unit_test_setup_teardown(threads_and_keys_are_numbers_apart, begin, clear),
        cmocka_unit_test_setup_teardown(a_freed_block_abandons_what_lies_in_it, begin, clear),
        cmocka_unit_test_setup_teardown(
                blocks_at_the_end_of_the_address_space_are_no_danger, begin, clear),
        cmocka_unit_test_setup_teardown(made_up_numbers_that_meet_stay_counted, begin, clear),
        cmocka_unit_test_setup_teardown(entries_are_used_again, begin, clear),
        cmocka_unit_test_setup_teardown(random_life_agrees_with_a_list, begin, clear),
        cmocka_unit_test_setup_teardown(the_filter_says_no_where_nothing_ever_was, begin, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
