// The table of live blocks against a naive list: growth, chains of equal homes, removal that closes gaps.
#include "block_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int clear(void **state) {
    (void)state;
    arena_clear(&arena);
    return 0;
}

static struct block *add(struct block_table *t, uint64_t address, uint64_t size) {
    struct block *b = block_table_add(t, &arena, address);
    b->size = size;
    b->stack = (uint32_t)size;
    b->kind = (uint8_t)(size % 3);
    return b;
}

static void assert_holds(struct block_table *t, uint64_t address, uint64_t size) {
    const struct block *b = block_table_find(t, address);
    assert_non_null(b);
    assert_int_equal(b->address, address);
    assert_int_equal(b->size, size);
    assert_int_equal(b->stack, (uint32_t)size);
    assert_int_equal(b->kind, size % 3);
}

static void an_empty_table_has_nothing(void **state) {
    (void)state;
    struct block_table t = { 0 };
    assert_null(block_table_find(&t, 0));
    assert_null(block_table_find(&t, 16));
    assert_null(block_table_find(&t, UINT64_MAX));
}

static void a_block_is_found_by_its_address_alone(void **state) {
    (void)state;
    struct block_table t = { 0 };
    add(&t, 0x1000, 100);
    assert_int_equal(t.count, 1);
    assert_holds(&t, 0x1000, 100);
    assert_null(block_table_find(&t, 0x1001));
    assert_null(block_table_find(&t, 0xfff));
    assert_null(block_table_find(&t, 0));
    block_table_remove(&t, block_table_find(&t, 0x1000));
    assert_int_equal(t.count, 0);
    assert_null(block_table_find(&t, 0x1000));
}

static void growing_keeps_all_blocks_whole(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    struct block_table t = { 0 };
    for (uint64_t i = 1; i <= COUNT; i++)
        add(&t, i * 16, i);
    assert_int_equal(t.count, COUNT);
    assert_true(t.count <= t.mask - t.mask / 4);
    for (uint64_t i = 1; i <= COUNT; i++)
        assert_holds(&t, i * 16, i);
    assert_null(block_table_find(&t, (COUNT + 1) * 16));
}

/// Addresses whose home is slot `home` of a table with 1,024 slots.
static size_t with_home(size_t home, uint64_t *out, size_t count) {
    struct block_table like = { .mask = 1023, .shift = 64 - 10 };
    size_t found = 0;
    for (uint64_t address = 8; found < count; address += 8)
        if (block_table_home(&like, address) == home)
            out[found++] = address;
    return found;
}

static void removal_closes_gaps_in_chains_that_wrap_around(void **state) {
    (void)state;
    enum { EACH = 6 };
    // Three homes side by side over the end of the table: their chains run into each other.
    uint64_t addresses[3 * EACH];
    with_home(1022, addresses, EACH);
    with_home(1023, addresses + EACH, EACH);
    with_home(0, addresses + 2 * EACH, EACH);
    for (unsigned removed = 0; removed < 3 * EACH; removed++) {
        struct block_table t = { 0 };
        for (unsigned i = 0; i < 3 * EACH; i++)
            add(&t, addresses[i], i + 1);
        assert_int_equal(t.mask, 1023);
        block_table_remove(&t, block_table_find(&t, addresses[removed]));
        for (unsigned i = 0; i < 3 * EACH; i++) {
            if (i == removed)
                assert_null(block_table_find(&t, addresses[i]));
            else
                assert_holds(&t, addresses[i], i + 1);
        }
        add(&t, addresses[removed], 77);
        assert_holds(&t, addresses[removed], 77);
        assert_int_equal(t.count, 3 * EACH);
    }
}

static void random_life_agrees_with_a_list(void **state) {
    (void)state;
    enum { ADDRESSES = 3000, STEPS = 300000 };
    static uint64_t sizes[ADDRESSES]; // 0: not there
    memset(sizes, 0, sizeof sizes);
    struct block_table t = { 0 };
    uint64_t random = 1, live = 0;
    for (unsigned step = 0; step < STEPS; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        unsigned which = (unsigned)((random >> 33) % ADDRESSES);
        // Neighbours, and the ends of the address space.
        uint64_t address = which % 2 ? UINT64_MAX - which : 8 + (uint64_t)which * 8;
        const struct block *b = block_table_find(&t, address);
        assert_int_equal(b != NULL, sizes[which] != 0);
        if (b != NULL) {
            assert_int_equal(b->size, sizes[which]);
            block_table_remove(&t, b);
            sizes[which] = 0;
            live--;
        } else {
            sizes[which] = step + 1;
            add(&t, address, sizes[which]);
            live++;
        }
        assert_int_equal(t.count, live);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_empty_table_has_nothing, clear),
        cmocka_unit_test_teardown(a_block_is_found_by_its_address_alone, clear),
        cmocka_unit_test_teardown(growing_keeps_all_blocks_whole, clear),
        cmocka_unit_test_teardown(removal_closes_gaps_in_chains_that_wrap_around, clear),
        cmocka_unit_test_teardown(random_life_agrees_with_a_list, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
