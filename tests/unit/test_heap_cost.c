/// Heap costs against the tables that the allocator's own sources gave when they were compiled for
/// a 32-bit machine (espressif/tlsf ba64d19, of which ESP-IDF's pinned 2867f688 differs by casts).
#include "heap_cost.h"
#include "target_fixture.h"

static struct heap_cost cost_of(const struct target *t, uint64_t heap_bytes) {
    struct heap_cost heap;
    assert_true(heap_cost_for(&t->allocator, heap_bytes, &heap));
    return heap;
}

static void control_blocks_and_first_blocks_are_as_computed_by_the_allocator(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    static const struct {
        uint64_t heap;
        uint64_t control;
        uint64_t first; ///< 0: not in the table.
        uint64_t largest;
    } rows[] = {
        { 8192, 360, 7804, 7680 },
        { 16384, 396, 15960, 15360 },
        { 19440, 716, 18696, 18432 },
        { 32768, 716, 32024, 31744 },
        { 131072, 852, 130192, 126976 },
        { 262144, 920, 261196, 253952 },
        { 393216, 1752, 391436, 385024 },
        { 503744, 1752, 501964, 499712 },
        { 634816, 1884, 632904, 622592 },
        { 1 << 20, 1884, 0, 0 },
        { 2 << 20, 2016, 0, 0 },
        { 4 << 20, 2148, 0, 0 },
        { 8 << 20, 2280, 8386300, 8257536 },
        { 16 << 20, 2412, 0, 0 },
        { 32 << 20, 2544, 33551860, 33030144 },
        // Heaps whose totals devices printed: a reserve pool, and RTC RAM after its reserved words.
        { 32767, 716, 0, 0 },
        { 8132, 360, 0, 0 },
        // Around the limit between two numbers of lists, where the descriptor decides.
        { 16384 + 20, 396 + 36, 0, 0 },
        { 16384 + 21, 716, 0, 0 },
        { 262144 + 20, 988, 0, 0 },
        { 262144 + 21, 1752, 0, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct heap_cost heap = cost_of(t, rows[i].heap);
        assert_int_equal(heap.control_bytes, rows[i].control);
        assert_int_equal(heap_cost_overhead(&t->allocator, rows[i].heap), rows[i].control + 28);
        uint64_t first = heap_cost_first_block(&t->allocator, rows[i].heap);
        assert_int_equal(first, rows[i].heap - 28 - rows[i].control);
        if (rows[i].first) {
            assert_int_equal(first, rows[i].first);
            assert_int_equal(heap_cost_largest(&heap, first), rows[i].largest);
        }
    }
}

static void blocks_cost_what_the_allocator_takes(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    const struct heap_cost small = cost_of(t, 16384);
    const struct heap_cost middle = cost_of(t, 131072);
    const struct heap_cost large = cost_of(t, 634816);
    static const struct {
        uint64_t size;
        uint64_t small;
        uint64_t middle;
        uint64_t large;
    } rows[] = {
        { 1, 16, 16, 16 },
        { 12, 16, 16, 16 },
        { 13, 20, 20, 20 },
        { 65, 76, 72, 72 },
        { 84, 92, 88, 88 },
        { 100, 108, 104, 104 },
        { 129, 148, 140, 136 },
        { 257, 292, 276, 268 },
        { 340, 356, 356, 348 },
        { 500, 516, 516, 508 },
        { 1000, 1028, 1028, 1012 },
        { 1025, 1156, 1092, 1060 },
        { 1460, 1540, 1476, 1476 },
        { 1500, 1540, 1540, 1508 },
        { 2000, 2052, 2052, 2020 },
        { 3000, 3076, 3076, 3012 },
        { 3584, 3588, 3588, 3588 },
        { 4000, 4100, 4100, 4036 },
        { 4096, 4100, 4100, 4100 },
        { 4097, 4612, 4356, 4228 },
        { 5000, 5124, 5124, 5124 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(heap_cost_bytes(&small, rows[i].size), rows[i].small);
        assert_int_equal(heap_cost_bytes(&middle, rows[i].size), rows[i].middle);
        assert_int_equal(heap_cost_bytes(&large, rows[i].size), rows[i].large);
    }
}

static void the_least_block_serves_up_to_twelve_bytes(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    const struct heap_cost heap = cost_of(t, 634816);
    for (uint64_t size = 1; size <= 12; size++) {
        assert_int_equal(heap_cost_bytes(&heap, size), 16);
    }
}

static void no_block_comes_of_nothing_or_of_too_much(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    const struct heap_cost heap = cost_of(t, 634816);
    assert_int_equal(heap_cost_bytes(&heap, 0), 0);
    assert_int_equal(heap_cost_bytes(&heap, (1 << 20) - 4), (1 << 20) + 4);
    assert_int_equal(heap_cost_bytes(&heap, (1 << 20) - 3), 0);
    assert_int_equal(heap_cost_bytes(&heap, UINT64_MAX), 0);
    assert_int_equal(heap_cost_trimmed_bytes(&heap, UINT64_MAX), 0);
}

/// In every heap of every size: never less than asked plus header, loss bounded by the class, sizes
/// that are their own class lose nothing, larger requests never cost less.
static void rounding_is_bounded_and_monotone(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    static const struct {
        uint64_t heap;
        uint64_t lists;
    } heaps[] = { { 8192, 8 }, { 19428, 16 }, { 241600, 16 }, { 393216, 32 }, { 32 << 20, 32 } };
    for (size_t h = 0; h < sizeof(heaps) / sizeof(heaps[0]); h++) {
        const struct heap_cost heap = cost_of(t, heaps[h].heap);
        uint64_t before = 0;
        for (uint64_t size = 1; size < 7000; size++) {
            uint64_t cost = heap_cost_bytes(&heap, size);
            uint64_t trimmed = heap_cost_trimmed_bytes(&heap, size);
            assert_true(cost >= before);
            assert_true(trimmed >= size + 4 && trimmed <= (size < 12 ? 16 : size + 3 + 4));
            assert_true(cost >= trimmed && (cost - trimmed) * heaps[h].lists < size + 3);
            assert_int_equal(heap_cost_bytes(&heap, cost - 4), cost);
            before = cost;
        }
    }
}

static void before_v54_only_the_search_rounds(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    struct target_allocator old = t->allocator;
    old.rounds_block = false;
    struct heap_cost heap;
    assert_true(heap_cost_for(&old, 634816, &heap));
    assert_int_equal(heap_cost_bytes(&heap, 4097), 4104);
    assert_int_equal(heap_cost_bytes(&heap, 1), 16);
}

static void a_few_bytes_are_no_heap(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    struct heap_cost heap;
    for (uint64_t bytes = 0; bytes < 100; bytes++) {
        assert_false(heap_cost_for(&t->allocator, bytes, &heap));
        assert_int_equal(heap_cost_overhead(&t->allocator, bytes), 0);
        assert_int_equal(heap_cost_first_block(&t->allocator, bytes), 0);
    }
}

static void the_overhead_of_a_region_is_that_of_its_heaps(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    // 19,428, 241,600 and 393,216 bytes; the pool: its own and 5 bytes of its block; the list of
    // heaps: five at boot in one block of 180 bytes, PSRAM and pool 36 bytes each.
    uint64_t internal = (716 + 28) + (920 + 28) + (1752 + 28) + (716 + 28 + 5) + 184 + 2 * 40;
    assert_int_equal(
            heap_cost_region_overhead(t, target_find_region(t, STR("internal"))), internal);
    assert_int_equal(heap_cost_region_overhead(t, target_find_region(t, STR("spm"))), 360 + 28);
    assert_int_equal(heap_cost_region_overhead(t, target_find_region(t, STR("lp"))), 716 + 28);
    assert_int_equal(heap_cost_region_overhead(t, target_find_region(t, STR("psram"))), 2544 + 28);
    t = fixture_load(*state, "idf=v5.5.5", "revision=3", NULL);
    internal = (716 + 28) + (1884 + 28) + (716 + 28 + 5) + 148 + 2 * 40;
    assert_int_equal(
            heap_cost_region_overhead(t, target_find_region(t, STR("internal"))), internal);
}

/// FreeRTOS's heap_4.c: eight bytes of header, whole eights, a hole is taken as it is.
static void first_fit_has_headers_and_no_classes(void **state) {
    struct fixture *f = *state;
    assert_true(
            target_load(&f->arena, "freertos", fixture_folders, 1, NULL, 0, &f->target, &f->err));
    struct heap_cost heap;
    assert_true(heap_cost_for(&f->target.allocator, 262144, &heap));
    assert_int_equal(heap_cost_bytes(&heap, 1), 16);
    assert_int_equal(heap_cost_bytes(&heap, 8), 16);
    assert_int_equal(heap_cost_bytes(&heap, 9), 24);
    assert_int_equal(heap_cost_bytes(&heap, 1000), 1008);
    assert_int_equal(heap_cost_bytes(&heap, 1001), 1016);
    assert_int_equal(heap_cost_first_block(&f->target.allocator, 262144), 262144 - 16);
    assert_int_equal(heap_cost_largest(&heap, 1001), 1001);
    assert_false(heap_cost_for(&f->target.allocator, 16, &heap));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(control_blocks_and_first_blocks_are_as_computed_by_the_allocator),
        TEST(first_fit_has_headers_and_no_classes),
        TEST(blocks_cost_what_the_allocator_takes),
        TEST(the_least_block_serves_up_to_twelve_bytes),
        TEST(no_block_comes_of_nothing_or_of_too_much),
        TEST(rounding_is_bounded_and_monotone),
        TEST(before_v54_only_the_search_rounds),
        TEST(a_few_bytes_are_no_heap),
        TEST(the_overhead_of_a_region_is_that_of_its_heaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
