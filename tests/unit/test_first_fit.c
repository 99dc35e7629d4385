// sources: heap/*.c
// also: i386
//
// First fit as FreeRTOS's heap_4.c and heap_5.c have it, rule by rule. tests/prop/oracle.sh compares it with the sources themselves.
#include "heap_fixture.h"

enum { BYTES = 4096 };

struct fixture {
    struct ramlens_heap_rules rules;
    struct ramlens_heap heap;
    void *memory;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    f->rules = fixture_first_fit();
    f->memory = fixture_memory(BYTES);
    assert_true(ramlens_heap_init(&f->heap, &f->rules, f->memory, BYTES, true));
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    free(f->memory);
    free(f);
    return 0;
}

static void an_empty_heap_is_one_block_and_its_end(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = &f->heap;
    assert_int_equal(h->free_bytes, BYTES - 8);
    assert_int_equal(h->minimum_free_bytes, BYTES - 8);
    assert_int_equal(ramlens_heap_largest(h), BYTES - 8); // header included, as FreeRTOS reports it
    assert_int_equal(ramlens_heap_malloc(h, BYTES - 15), 0);
    assert_int_equal(ramlens_heap_malloc(h, BYTES - 16), 8);
    assert_int_equal(h->free_bytes, 0);
    assert_int_equal(ramlens_heap_largest(h), 0);
    assert_true(ramlens_heap_check(h));
}

static void sizes_are_rounded_with_their_header(void **state) {
    struct fixture *f = *state;
    static const uint32_t rows[][2] = { { 1, 16 }, { 8, 16 }, { 9, 24 }, { 100, 112 }, { 104, 112 },
        { 105, 120 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t before = f->heap.free_bytes;
        uint32_t at = ramlens_heap_malloc(&f->heap, rows[i][0]);
        assert_int_equal(ramlens_heap_cost(&f->heap, at), rows[i][1]);
        assert_int_equal(ramlens_heap_usable(&f->heap, at), rows[i][1] - 8);
        assert_int_equal(f->heap.free_bytes, before - rows[i][1]);
    }
    assert_int_equal(ramlens_heap_malloc(&f->heap, 0), 0);
    assert_int_equal(ramlens_heap_malloc(&f->heap, UINT32_MAX), 0);
    assert_int_equal(ramlens_heap_malloc(&f->heap, 0x80000000), 0);
    assert_true(ramlens_heap_check(&f->heap));
}

static void the_lowest_block_that_fits_is_taken(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = &f->heap;
    uint32_t a = ramlens_heap_malloc(h, 200);
    ramlens_heap_malloc(h, 8);
    uint32_t b = ramlens_heap_malloc(h, 100);
    ramlens_heap_malloc(h, 8);
    ramlens_heap_free(h, b);
    ramlens_heap_free(h, a);
    // Not the best fit.
    assert_int_equal(ramlens_heap_malloc(h, 100), a);
    // The rest of a, 208 - 112, does not hold it.
    assert_int_equal(ramlens_heap_malloc(h, 100), b);
    assert_true(ramlens_heap_check(h));
}

static void what_is_left_is_a_block_if_more_than_two_headers(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = &f->heap;
    uint32_t a = ramlens_heap_malloc(h, 104);
    ramlens_heap_malloc(h, 8);
    ramlens_heap_free(h, a);
    assert_int_equal(ramlens_heap_malloc(h, 88), a);
    assert_int_equal(ramlens_heap_cost(h, a), 112); // 16 left: no block
    ramlens_heap_free(h, a);
    assert_int_equal(ramlens_heap_malloc(h, 80), a);
    assert_int_equal(ramlens_heap_cost(h, a), 88);
    assert_int_equal(ramlens_heap_malloc(h, 16), a + 88);
    assert_true(ramlens_heap_check(h));
}

static void free_neighbours_become_one(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = &f->heap;
    static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
        { 2, 0, 1 }, { 2, 1, 0 } };
    for (int i = 0; i < 6; i++) {
        uint32_t at[3];
        for (int k = 0; k < 3; k++) {
            at[k] = ramlens_heap_malloc(h, 96);
        }
        uint32_t guard = ramlens_heap_malloc(h, 8);
        for (int k = 0; k < 3; k++) {
            ramlens_heap_free(h, at[orders[i][k]]);
            assert_true(ramlens_heap_check(h));
        }
        struct ramlens_heap_step s = { 0 };
        assert_true(ramlens_heap_walk(h, &s));
        assert_true(!s.used && s.start == 0 && s.at == 8 && s.payload == 304);
        assert_true(ramlens_heap_walk(h, &s));
        assert_true(s.used && s.at == guard && s.payload == 8);
        ramlens_heap_free(h, guard);
        assert_int_equal(ramlens_heap_largest(h), BYTES - 8);
    }
    assert_int_equal(h->minimum_free_bytes, BYTES - 8 - 3 * 104 - 16);
}

static void realloc_is_a_new_block(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = &f->heap;
    uint32_t a = ramlens_heap_malloc(h, 100);
    memset((uint8_t *)f->memory + a, 9, 100);
    uint32_t b = ramlens_heap_realloc(h, a, 300);
    assert_int_equal(b, a + 112);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(((uint8_t *)f->memory)[b + i], 9);
    }
    assert_int_equal(ramlens_heap_realloc(h, b, BYTES), 0);
    assert_int_equal(ramlens_heap_usable(h, b), 304);
    assert_int_equal(ramlens_heap_realloc(h, b, 20), a);
    assert_true(ramlens_heap_check(h));
}

static void aligned_blocks_are_cut_from_the_first_that_holds_one(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = &f->heap;
    for (uint32_t base = 0; base < 128; base += 8) {
        h->address = base;
        for (uint32_t alignment = 16; alignment <= 1024; alignment *= 2) {
            uint32_t a = ramlens_heap_malloc(h, 40);
            uint32_t at = ramlens_heap_aligned(h, alignment, 100);
            assert_int_equal((base + at) % alignment, 0);
            assert_int_equal(ramlens_heap_cost(h, at), 112);
            assert_true(ramlens_heap_check(h));
            ramlens_heap_free(h, a);
            ramlens_heap_free(h, at);
            assert_int_equal(ramlens_heap_largest(h), BYTES - 8);
        }
    }
    assert_int_equal(ramlens_heap_aligned(h, 8192, 8), 0);
    assert_int_equal(ramlens_heap_aligned(h, UINT32_C(1) << 31, 8), 0);
    assert_int_equal(ramlens_heap_aligned(h, 64, BYTES), 0);
}

static void regions_are_one_heap(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = &f->heap;
    // The second begins where the first ends, unaligned; the third is apart.
    static const struct ramlens_heap_region regions[] = { { 16, 500 }, { 516, 700 },
        { 2048, 2048 } };
    assert_true(ramlens_heap_init_regions(h, &f->rules, f->memory, regions, 3, true));
    uint32_t first = 504 - 16, second = 1208 - 520, third = 2040;
    assert_int_equal(h->free_bytes, first + second + third);
    assert_int_equal(ramlens_heap_largest(h), third);
    assert_true(ramlens_heap_check(h));
    assert_int_equal(ramlens_heap_malloc(h, 1000), 2048 + 8);
    uint32_t a = ramlens_heap_malloc(h, first - 8);
    assert_int_equal(a, 16 + 8);
    uint32_t b = ramlens_heap_malloc(h, second - 8);
    assert_int_equal(b, 520 + 8);
    // Freed next to an end marker: nothing reaches over it.
    ramlens_heap_free(h, a);
    ramlens_heap_free(h, b);
    assert_true(ramlens_heap_check(h));
    struct ramlens_heap_step s = { 0 };
    assert_true(ramlens_heap_walk(h, &s));
    assert_true(!s.used && s.start == 16 && s.payload == first - 8);
    assert_true(ramlens_heap_walk(h, &s));
    assert_true(!s.used && s.start == 520 && s.payload == second - 8);
    assert_true(ramlens_heap_walk(h, &s));
    assert_true(s.used && s.at == 2056);
    assert_true(ramlens_heap_walk(h, &s));
    assert_false(s.used);
    assert_false(ramlens_heap_walk(h, &s));
    assert_int_equal(ramlens_heap_malloc(h, first), 520 + 8);
    assert_true(ramlens_heap_check(h));
}

static void regions_that_cannot_be_are_refused(void **state) {
    struct fixture *f = *state;
    static const struct ramlens_heap_region overlap[] = { { 0, 500 }, { 400, 700 } };
    static const struct ramlens_heap_region tiny[] = { { 0, 500 }, { 600, 20 } };
    static const struct ramlens_heap_region large[] = { { 16, UINT32_MAX } };
    assert_false(ramlens_heap_init_regions(&f->heap, &f->rules, f->memory, overlap, 2, true));
    assert_false(ramlens_heap_init_regions(&f->heap, &f->rules, f->memory, tiny, 2, true));
    assert_false(ramlens_heap_init_regions(&f->heap, &f->rules, f->memory, large, 1, true));
    assert_false(ramlens_heap_init_regions(&f->heap, &f->rules, f->memory, tiny, 0, true));
    assert_false(ramlens_heap_init(&f->heap, &f->rules, f->memory, 20, true));
}

static void check_finds_what_does_not_hold(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = &f->heap;
    uint32_t a = ramlens_heap_malloc(h, 100);
    ramlens_heap_malloc(h, 8);
    ramlens_heap_free(h, a);
    uint32_t *words = f->memory;
    // The free block's link and size, the used one's size, the last block's link and size.
    static const uint32_t cells[] = { 0, 1, 112 / 4 + 1, 128 / 4, 128 / 4 + 1 };
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        uint32_t was = words[cells[i]];
        words[cells[i]] = was ^ 16;
        assert_false(ramlens_heap_check(h));
        words[cells[i]] = was;
    }
    h->free_bytes -= 8;
    assert_false(ramlens_heap_check(h));
    h->free_bytes += 8;
    assert_true(ramlens_heap_check(h));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_empty_heap_is_one_block_and_its_end),
        TEST(sizes_are_rounded_with_their_header),
        TEST(the_lowest_block_that_fits_is_taken),
        TEST(what_is_left_is_a_block_if_more_than_two_headers),
        TEST(free_neighbours_become_one),
        TEST(realloc_is_a_new_block),
        TEST(aligned_blocks_are_cut_from_the_first_that_holds_one),
        TEST(regions_are_one_heap),
        TEST(regions_that_cannot_be_are_refused),
        TEST(check_finds_what_does_not_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
