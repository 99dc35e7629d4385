/// The greatest of many numbers.
#include "greatest.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

enum { MANY = 500 };

static int falling(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/// Against sorting, for every limit and several series, equal numbers among them.
static void the_least_of_the_greatest_is_that_of_a_sorted_list(void **state) {
    (void)state;
    struct arena a = { 0 };
    uint64_t seed = 7, numbers[MANY], sorted[MANY];
    for (uint32_t limit = 1; limit <= 60; limit++) {
        struct greatest g;
        greatest_begin(&g, &a, limit);
        for (uint32_t i = 0; i < MANY; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            numbers[i] = (seed >> 33) % (limit % 3 == 0 ? 20 : 1000000);
            greatest_offer(&g, numbers[i]);
            for (uint32_t k = 0; k <= i; k++)
                sorted[k] = numbers[k];
            if (i + 1 < limit) {
                assert_int_equal(greatest_least(&g), 0);
            } else if (i % 50 == 0 || i + 1 == MANY) {
                qsort(sorted, i + 1, sizeof *sorted, falling);
                assert_int_equal(greatest_least(&g), sorted[limit - 1]);
            }
        }
    }
    arena_clear(&a);
}

static void with_no_room_nothing_is_kept(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct greatest g;
    greatest_begin(&g, &a, 0);
    greatest_offer(&g, 5);
    assert_int_equal(greatest_least(&g), 0);
    arena_clear(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_of_the_greatest_is_that_of_a_sorted_list),
        cmocka_unit_test(with_no_room_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
