/// The hash map against a plain array, and the growing array.
#include "map64.h"
#include "vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS = 3000 };

/// Keys that are awkward: 0, all ones, addresses in step, small numbers, and ones whose low bits
/// are all zero.
static uint64_t key_of(size_t i) {
    if (i == 0) {
        return 0;
    }
    if (i == 1) {
        return UINT64_MAX;
    }
    return i % 3 == 0 ? (uint64_t)i << 40 : i % 3 == 1 ? 0x55550000u + i * 16 : i;
}

static void assert_same(const struct map64 *m, const uint64_t *values, const bool *there) {
    size_t at = 0;
    size_t seen = 0;
    uint64_t key;
    uint64_t value;
    uint64_t sum_keys = 0;
    uint64_t sum_values = 0;
    uint64_t want_keys = 0;
    uint64_t want_values = 0;
    size_t want = 0;
    while (map64_next(m, &at, &key, &value)) {
        seen++;
        sum_keys += key;
        sum_values += value;
    }
    for (size_t i = 0; i < KEYS; i++) {
        want += there[i];
        want_keys += there[i] ? key_of(i) : 0;
        want_values += there[i] ? values[i] : 0;
    }
    assert_int_equal(seen, want);
    assert_int_equal(m->count, want);
    assert_true(sum_keys == want_keys && sum_values == want_values);
}

static void agrees_with_a_plain_array(void **state) {
    static uint64_t values[KEYS];
    static bool there[KEYS];
    struct arena a = { 0 };
    struct map64 m = { 0 };
    (void)state;
    srand(4);
    for (int step = 0; step < 400000; step++) {
        size_t i = (size_t)rand() % KEYS;
        const uint64_t *found = NULL;
        uint64_t got = 0;
        bool added = false;
        switch (rand() % (step / 50000 % 2 ? 6 : 3)) { // Phases of growth and of shrinking.
        case 0:
        case 1:
            *map64_put(&m, &a, key_of(i), &added) += (uint64_t)step;
            assert_int_equal(added, !there[i]);
            values[i] = (there[i] ? values[i] : 0) + (uint64_t)step;
            there[i] = true;
            break;
        case 2:
            map64_prefetch(&m, key_of(i));
            found = map64_find(&m, key_of(i));
            assert_int_equal(found != NULL, there[i]);
            assert_true(!found || *found == values[i]);
            break;
        default:
            assert_int_equal(map64_take(&m, key_of(i), &got), there[i]);
            assert_true(!there[i] || got == values[i]);
            there[i] = false;
            break;
        }
        if (step % 10000 == 0) {
            assert_same(&m, values, there);
        }
    }
    assert_same(&m, values, there);
    for (size_t i = 0; i < KEYS; i++) {
        assert_int_equal(map64_take(&m, key_of(i), NULL), there[i]);
        there[i] = false;
    }
    assert_same(&m, values, there);
    arena_clear(&a);
}

static void an_empty_map(void **state) {
    struct map64 m = { 0 };
    size_t at = 0;
    uint64_t key;
    uint64_t value;
    (void)state;
    assert_null(map64_find(&m, 0));
    assert_null(map64_find(&m, 7));
    assert_false(map64_take(&m, 0, NULL));
    assert_false(map64_take(&m, 7, &value));
    assert_false(map64_next(&m, &at, &key, &value));
    map64_prefetch(&m, 7);
}

/// Blocks come and go for long while few are live: room follows the live ones, not the history.
static void churn_takes_no_room(void **state) {
    struct arena a = { 0 };
    struct map64 m = { 0 };
    (void)state;
    for (uint64_t i = 0; i < 2000000; i++) {
        *map64_put(&m, &a, 0x1000 + i * 16, NULL) = i;
        if (i >= 100) {
            uint64_t value = 0;
            assert_true(map64_take(&m, 0x1000 + (i - 100) * 16, &value));
            assert_int_equal(value, i - 100);
        }
    }
    assert_int_equal(m.count, 100);
    assert_true(a.taken_bytes < 16384);
    arena_clear(&a);
}

struct odd {
    char name[3];
    uint32_t number;
};

static void array_grows(void **state) {
    struct arena a = { 0 };
    VEC(struct odd) v = { 0 };
    (void)state;
    for (uint32_t i = 0; i < 10000; i++) {
        struct odd *odd = vec_push(&a, &v);
        assert_int_equal(odd->number, 0);
        odd->number = i;
    }
    assert_int_equal(v.len, 10000);
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(v.at[i].number, i);
    }
    arena_clear(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_plain_array),
        cmocka_unit_test(an_empty_map),
        cmocka_unit_test(churn_takes_no_room),
        cmocka_unit_test(array_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
