// sources: heap/*.c
// also: i386
//
// TLSF against the tables that the allocator's own sources gave when they were compiled for a 32-bit machine
// (espressif/tlsf ba64d19 under ESP-IDF's multi_heap.c), and rule by rule. Layouts are the same in 32 and 64 bits.
#include "heap_fixture.h"

struct fixture {
    struct ramlens_heap_rules rules;
    struct ramlens_heap heap;
    void *memory;
};

static struct ramlens_heap *make(struct fixture *f, uint32_t bytes) {
    f->memory = fixture_memory(bytes);
    assert_true(ramlens_heap_init(&f->heap, &f->rules, f->memory, bytes, true));
    assert_true(ramlens_heap_check(&f->heap));
    return &f->heap;
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    f->rules = fixture_tlsf();
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    free(f->memory);
    free(f);
    return 0;
}

static void remake(struct fixture *f, uint32_t bytes) {
    free(f->memory);
    make(f, bytes);
}

static void empty_heaps_are_as_the_allocator_makes_them(void **state) {
    struct fixture *f = *state;
    static const struct {
        uint32_t bytes;
        uint32_t control;
        uint32_t first;   ///< Payload; 0: not in the table.
        uint32_t largest; ///< As reported.
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
        { 32767, 716, 32020, 31744 },
        { 8132, 360, 7744, 7680 },
        // Around the limit between two numbers of lists, where the descriptor decides.
        { 16384 + 20, 396 + 36, 0, 0 },
        { 16384 + 21, 716, 0, 0 },
        { 262144 + 20, 988, 0, 0 },
        { 262144 + 21, 1752, 0, 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        remake(f, rows[i].bytes);
        const struct ramlens_heap *h = &f->heap;
        assert_int_equal(h->free_bytes, rows[i].bytes - 20 - rows[i].control);
        assert_int_equal(h->minimum_free_bytes, h->free_bytes);
        struct ramlens_heap_step s = { 0 };
        assert_true(ramlens_heap_walk(h, &s));
        assert_false(s.used);
        assert_int_equal(s.start, 20 + rows[i].control);
        assert_int_equal(s.at, s.start + 4);
        if (rows[i].first) {
            assert_int_equal(s.payload, rows[i].first);
            assert_int_equal(ramlens_heap_largest(h), rows[i].largest);
        }
        assert_false(ramlens_heap_walk(h, &s));
        // What it reports as its largest it serves, and no byte more.
        uint32_t largest = ramlens_heap_largest(h);
        assert_int_equal(ramlens_heap_malloc(&f->heap, largest + 1), 0);
        assert_int_not_equal(ramlens_heap_malloc(&f->heap, largest), 0);
        assert_true(ramlens_heap_check(h));
    }
}

static void blocks_cost_what_the_allocator_takes(void **state) {
    struct fixture *f = *state;
    static const uint32_t heaps[3] = { 16384, 131072, 634816 };
    static const uint32_t rows[][4] = {
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
    for (int i = 0; i < 3; i++) {
        remake(f, heaps[i]);
        uint32_t free_bytes = f->heap.free_bytes;
        for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
            uint32_t at = ramlens_heap_malloc(&f->heap, rows[row][0]);
            assert_int_not_equal(at, 0);
            assert_int_equal(ramlens_heap_cost(&f->heap, at), rows[row][i + 1]);
            assert_int_equal(ramlens_heap_usable(&f->heap, at), rows[row][i + 1] - 4);
            assert_int_equal(f->heap.free_bytes, free_bytes - rows[row][i + 1]);
            ramlens_heap_free(&f->heap, at);
            assert_int_equal(f->heap.free_bytes, free_bytes);
        }
        assert_int_equal(f->heap.minimum_free_bytes, free_bytes - rows[20][i + 1]);
    }
}

static void before_v5_4_only_the_search_rounds(void **state) {
    struct fixture *f = *state;
    f->rules.rounds_block = 0;
    struct ramlens_heap *h = make(f, 131072);
    static const uint32_t rows[][2] = { { 1, 16 }, { 65, 72 }, { 257, 264 }, { 1025, 1032 },
        { 4097, 4104 } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ramlens_heap_cost(h, ramlens_heap_malloc(h, rows[i][0])), rows[i][1]);
    }
    // A freed block of its own size is not found again: its list is below what the search asks for.
    uint32_t a = ramlens_heap_malloc(h, 1025);
    ramlens_heap_malloc(h, 16);
    ramlens_heap_free(h, a);
    assert_true(ramlens_heap_malloc(h, 1025) > a);
    assert_true(ramlens_heap_check(h));
}

static void blocks_follow_each_other_and_what_is_left_is_split_off(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = make(f, 131072);
    uint32_t a = ramlens_heap_malloc(h, 100);
    uint32_t b = ramlens_heap_malloc(h, 100);
    uint32_t c = ramlens_heap_malloc(h, 100);
    assert_int_equal(a, 20 + 852 + 4);
    assert_int_equal(b, a + 104);
    assert_int_equal(c, b + 104);
    // 100 + 16 can be split for 100, 100 + 12 cannot.
    ramlens_heap_free(h, b);
    assert_int_equal(ramlens_heap_malloc(h, 84), b);
    assert_int_equal(ramlens_heap_cost(h, b), 88);
    ramlens_heap_free(h, b);
    assert_int_equal(ramlens_heap_malloc(h, 88), b);
    assert_int_equal(ramlens_heap_cost(h, b), 104);
    assert_true(ramlens_heap_check(h));
}

static void free_neighbours_become_one(void **state) {
    struct fixture *f = *state;
    // Every order of freeing three neighbours leaves one block.
    static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
        { 2, 0, 1 }, { 2, 1, 0 } };
    for (int i = 0; i < 6; i++) {
        remake(f, 16384);
        uint32_t at[3];
        for (int k = 0; k < 3; k++) {
            at[k] = ramlens_heap_malloc(&f->heap, 200);
        }
        uint32_t guard = ramlens_heap_malloc(&f->heap, 20);
        for (int k = 0; k < 3; k++) {
            ramlens_heap_free(&f->heap, at[orders[i][k]]);
            assert_true(ramlens_heap_check(&f->heap));
        }
        struct ramlens_heap_step s = { 0 };
        assert_true(ramlens_heap_walk(&f->heap, &s));
        assert_true(!s.used && s.at == at[0] && s.payload == guard - at[0] - 4);
        ramlens_heap_free(&f->heap, guard);
        assert_int_equal(ramlens_heap_largest(&f->heap), 15360);
        assert_true(ramlens_heap_check(&f->heap));
    }
}

static void the_block_freed_last_is_given_first(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = make(f, 131072);
    uint32_t at[8];
    for (int i = 0; i < 8; i++) {
        at[i] = ramlens_heap_malloc(h, 100);
        ramlens_heap_malloc(h, 12); // keeps them apart
    }
    static const int order[8] = { 3, 1, 7, 0, 5, 2, 6, 4 };
    for (int i = 0; i < 8; i++) {
        ramlens_heap_free(h, at[order[i]]);
    }
    for (int i = 8; i-- > 0;) {
        assert_int_equal(ramlens_heap_malloc(h, 100), at[order[i]]);
    }
    // Taken out of the middle of its list by a merge.
    ramlens_heap_free(h, at[1]);
    ramlens_heap_free(h, at[3]);
    ramlens_heap_free(h, at[5]);
    ramlens_heap_free(h, at[3] + 104);
    assert_true(ramlens_heap_check(h));
    assert_int_equal(ramlens_heap_malloc(h, 100), at[5]);
    assert_int_equal(ramlens_heap_malloc(h, 100), at[1]);
    assert_int_equal(ramlens_heap_malloc(h, 100), at[3]);
    assert_true(ramlens_heap_check(h));
}

static void the_smallest_list_that_surely_fits_is_taken(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = make(f, 131072);
    uint32_t large = ramlens_heap_malloc(h, 2000);
    ramlens_heap_malloc(h, 12);
    uint32_t middle = ramlens_heap_malloc(h, 600);
    ramlens_heap_malloc(h, 12);
    uint32_t small = ramlens_heap_malloc(h, 60);
    ramlens_heap_malloc(h, 12);
    ramlens_heap_free(h, small);
    ramlens_heap_free(h, middle);
    ramlens_heap_free(h, large);
    assert_int_equal(ramlens_heap_malloc(h, 500), middle);
    assert_int_equal(ramlens_heap_malloc(h, 40), small);
    assert_int_equal(ramlens_heap_malloc(h, 1000), large);
    assert_true(ramlens_heap_check(h));
}

static void aligned_blocks_leave_their_gap_to_others(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = make(f, 131072);
    for (uint32_t base = 0; base < 256; base += 4) {
        h->address = base;
        for (uint32_t alignment = 8; alignment <= 4096; alignment *= 2) {
            uint32_t free_bytes = h->free_bytes;
            uint32_t at = ramlens_heap_aligned(h, alignment, 100);
            assert_int_equal((base + at) % alignment, 0);
            // Trimmed, not rounded to a list; the gap is free.
            assert_int_equal(h->free_bytes, free_bytes - 104);
            assert_true(ramlens_heap_check(h));
            uint32_t trimmed = ramlens_heap_aligned(h, alignment, 257);
            assert_int_equal(ramlens_heap_cost(h, trimmed), 264);
            ramlens_heap_free(h, trimmed);
            ramlens_heap_free(h, at);
            assert_int_equal(h->free_bytes, free_bytes);
        }
    }
    // A word or less: as malloc, rounded to its list.
    assert_int_equal(ramlens_heap_cost(h, ramlens_heap_aligned(h, 4, 257)), 276);
    assert_int_equal(ramlens_heap_cost(h, ramlens_heap_aligned(h, 1, 257)), 276);
    assert_int_equal(ramlens_heap_aligned(h, 64, 0), 0);
    assert_int_equal(ramlens_heap_aligned(h, 64, 200000), 0);
    assert_int_equal(ramlens_heap_aligned(h, UINT32_C(1) << 31, 16), 0);
    assert_int_equal(ramlens_heap_aligned(h, 8, UINT32_MAX), 0);
    assert_true(ramlens_heap_check(h));
}

/// A first byte on a boundary needs no gap, one just behind a boundary the next but one: a gap holds a block of 16 at least.
static void gaps_hold_a_block_at_least(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = make(f, 16384);
    uint32_t first = h->first;
    for (uint32_t before = 0; before < 64; before += 4) {
        remake(f, 16384);
        h->address = 64 - before - first; // the first payload lies `before` bytes before a boundary
        uint32_t at = ramlens_heap_aligned(h, 64, 40);
        assert_int_equal(at, first + (before == 0 || before >= 16 ? before : before + 64));
    }
}

static void realloc_grows_into_the_free_block_behind(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = make(f, 131072);
    uint32_t a = ramlens_heap_malloc(h, 100);
    uint32_t b = ramlens_heap_malloc(h, 500);
    uint32_t guard = ramlens_heap_malloc(h, 12);
    uint32_t free_bytes = h->free_bytes;
    memset((uint8_t *)f->memory + a, 1, 100);
    // The next is used: another block, rounded to its list, content taken along.
    uint32_t moved = ramlens_heap_realloc(h, a, 257);
    assert_int_equal(moved, guard + 16);
    assert_int_equal(ramlens_heap_cost(h, moved), 276);
    assert_int_equal(h->free_bytes, free_bytes + 104 - 276);
    assert_int_equal(((uint8_t *)f->memory)[moved + 99], 1);
    // That both lived for a moment is in no account.
    assert_int_equal(h->minimum_free_bytes, free_bytes + 104 - 276);
    // In place, rounded to a word only, the rest split off again.
    assert_int_equal(ramlens_heap_realloc(h, moved, 1025), moved);
    assert_int_equal(ramlens_heap_cost(h, moved), 1032);
    assert_true(ramlens_heap_check(h));
    // Exactly all of the next: nothing is split off.
    ramlens_heap_free(h, b);
    uint32_t c = ramlens_heap_malloc(h, 84);
    assert_int_equal(c, a);
    uint32_t gap = guard - c - 4;
    assert_int_equal(ramlens_heap_realloc(h, c, gap), c);
    assert_int_equal(ramlens_heap_usable(h, c), gap);
    // A word more does not fit.
    assert_int_equal(ramlens_heap_realloc(h, c, gap + 4), moved + 1032);
    assert_true(ramlens_heap_check(h));
}

static void realloc_shrinks_where_a_block_can_be_left(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = make(f, 131072);
    uint32_t a = ramlens_heap_malloc(h, 100);
    uint32_t b = ramlens_heap_malloc(h, 100);
    ramlens_heap_malloc(h, 12);
    assert_int_equal(ramlens_heap_realloc(h, a, 88), a);
    assert_int_equal(ramlens_heap_usable(h, a), 100);
    assert_int_equal(ramlens_heap_realloc(h, a, 84), a);
    assert_int_equal(ramlens_heap_usable(h, a), 84);
    assert_true(ramlens_heap_check(h));
    assert_int_equal(ramlens_heap_malloc(h, 12), a + 88);
    ramlens_heap_free(h, a + 88);
    // What is cut off joins a free block behind it.
    ramlens_heap_free(h, b);
    assert_int_equal(ramlens_heap_realloc(h, a, 40), a);
    assert_true(ramlens_heap_check(h));
    assert_int_equal(ramlens_heap_malloc(h, 150), a + 44);
    assert_true(ramlens_heap_check(h));
}

static void realloc_without_room_changes_nothing(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = make(f, 16384);
    uint32_t a = ramlens_heap_malloc(h, 8000);
    ramlens_heap_malloc(h, 12);
    uint32_t free_bytes = h->free_bytes;
    assert_int_equal(ramlens_heap_realloc(h, a, 9000), 0);
    assert_int_equal(ramlens_heap_realloc(h, a, 1 << 20), 0);
    assert_int_equal(ramlens_heap_realloc(h, a, UINT32_MAX), 0);
    assert_int_equal(ramlens_heap_realloc(h, a, 0), 0);
    assert_int_equal(ramlens_heap_usable(h, a), 8192);
    assert_int_equal(h->free_bytes, free_bytes);
    assert_true(ramlens_heap_check(h));
}

static void poisoning_adds_twelve_bytes(void **state) {
    struct fixture *f = *state;
    f->rules.poisoning = RAMLENS_POISON_LIGHT;
    struct ramlens_heap *h = make(f, 131072);
    assert_int_equal(ramlens_heap_largest(h), 126976 - 12);
    uint32_t a = ramlens_heap_malloc(h, 100);
    assert_int_equal(a, h->first + 8);
    assert_int_equal(ramlens_heap_usable(h, a), 100);
    assert_int_equal(ramlens_heap_cost(h, a), 116);
    struct ramlens_heap_step s = { 0 };
    assert_true(ramlens_heap_walk(h, &s));
    assert_true(s.used && s.at == a && s.payload == 112 && s.start == h->first - 4);
    // The aligned byte is the program's first; its canary lies before, so there is a gap always.
    h->address = 64 - h->first - 116 - 8;
    uint32_t b = ramlens_heap_aligned(h, 64, 100);
    assert_int_equal((h->address + b) % 64, 0);
    assert_int_equal(ramlens_heap_cost(h, b), 116);
    assert_true(ramlens_heap_check(h));
    assert_int_equal(ramlens_heap_realloc(h, b, 200), b);
    assert_int_equal(ramlens_heap_malloc(h, UINT32_MAX - 8), 0);
    ramlens_heap_free(h, a);
    ramlens_heap_free(h, b);
    assert_true(ramlens_heap_check(h));
    assert_int_equal(ramlens_heap_largest(h), 126976 - 12);
}

static void comprehensive_poisoning_always_moves(void **state) {
    struct fixture *f = *state;
    f->rules.poisoning = RAMLENS_POISON_COMPREHENSIVE;
    struct ramlens_heap *h = make(f, 131072);
    uint32_t a = ramlens_heap_malloc(h, 100);
    uint32_t free_bytes = h->free_bytes;
    memset((uint8_t *)f->memory + a, 3, 100);
    uint32_t b = ramlens_heap_realloc(h, a, 50);
    assert_int_equal(b, a + 116);
    assert_int_equal(((uint8_t *)f->memory)[b + 49], 3);
    // Both are in the account for a moment.
    assert_int_equal(h->minimum_free_bytes, free_bytes - 68);
    assert_int_equal(h->free_bytes, free_bytes + 116 - 68);
    assert_true(ramlens_heap_check(h));
}

static void too_small_heaps_and_wrong_rules_are_refused(void **state) {
    struct fixture *f = *state;
    f->memory = fixture_memory(1024);
    struct ramlens_heap h;
    uint32_t bytes = 0;
    while (!ramlens_heap_init(&h, &f->rules, f->memory, bytes, true)) {
        bytes++;
    }
    // 20 + 36 + 4 rows of 4 + 8 lists, of 4 each, and a smallest block with its ends.
    assert_int_equal(bytes, 20 + 36 + 4 * (4 + 32) + 12 + 8);
    assert_true(ramlens_heap_check(&h));
    assert_int_equal(ramlens_heap_malloc(&h, 12), bytes - 12 - 4);
    assert_int_equal(ramlens_heap_malloc(&h, 1), 0);
    assert_int_equal(ramlens_heap_largest(&h), 0);
    f->rules.class_count = 0;
    assert_false(ramlens_heap_init(&h, &f->rules, f->memory, 1024, true));
    f->rules = fixture_tlsf();
    assert_false(ramlens_heap_init(&h, &f->rules, f->memory, UINT32_MAX, true));
    struct ramlens_heap_region all = { 0, 1024 };
    assert_false(ramlens_heap_init_regions(&h, &f->rules, f->memory, &all, 1, true));
}

static void requests_that_no_heap_serves_are_refused(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = make(f, 131072);
    static const uint32_t sizes[] = { 0, 131072, 1 << 20, 0x7fffffff, 0x80000000, 0xfffffff0,
        UINT32_MAX - 3, UINT32_MAX - 2, UINT32_MAX };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(ramlens_heap_malloc(h, sizes[i]), 0);
    }
    assert_int_equal(h->minimum_free_bytes, 131072 - 20 - 852);
}

static void blocks_of_sixteen_keep_every_rule_but_the_unit(void **state) {
    struct fixture *f = *state;
    f->rules.alignment = 16;
    f->rules.header_bytes = 16;
    struct ramlens_heap *h = make(f, 131072);
    uint32_t a = ramlens_heap_malloc(h, 1);
    uint32_t b = ramlens_heap_malloc(h, 17);
    assert_int_equal(a % 16, 0);
    assert_int_equal(ramlens_heap_usable(h, a), 16);
    assert_int_equal(b, a + 32);
    assert_int_equal(ramlens_heap_usable(h, b), 32);
    assert_int_equal(ramlens_heap_cost(h, b), 48);
    ramlens_heap_free(h, a);
    assert_int_equal(ramlens_heap_malloc(h, 16), a);
    assert_int_equal(ramlens_heap_realloc(h, b, 100), b);
    assert_int_equal(ramlens_heap_usable(h, b), 112);
    // 257 in steps of 16 with 16 lists: exact up to 255, then steps of 16.
    assert_int_equal(ramlens_heap_usable(h, ramlens_heap_malloc(h, 257)), 272);
    assert_int_equal(ramlens_heap_usable(h, ramlens_heap_malloc(h, 1025)), 1088);
    assert_int_equal(ramlens_heap_aligned(h, 4096, 100) % 4096, (4096 - h->address % 4096) % 4096);
    assert_true(ramlens_heap_check(h));
}

static void check_finds_what_does_not_hold(void **state) {
    struct fixture *f = *state;
    struct ramlens_heap *h = make(f, 16384);
    uint32_t a = ramlens_heap_malloc(h, 104);
    ramlens_heap_malloc(h, 12);
    ramlens_heap_free(h, a);
    assert_true(ramlens_heap_check(h));
    uint32_t *words = (uint32_t *)f->memory;
    uint32_t cells[] = { a / 4 - 1, a / 4, a / 4 + 1, a / 4 + 25, a / 4 + 26, h->end / 4 - 1 };
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        uint32_t was = words[cells[i]];
        words[cells[i]] = was ^ 1;
        assert_false(ramlens_heap_check(h));
        words[cells[i]] = was;
    }
    h->free_bytes += 4;
    assert_false(ramlens_heap_check(h));
    h->free_bytes -= 4;
    h->row_bits ^= 4;
    assert_false(ramlens_heap_check(h));
    h->row_bits ^= 4;
    h->list_bits[0] ^= 2;
    assert_false(ramlens_heap_check(h));
    h->list_bits[0] ^= 2;
    assert_true(ramlens_heap_check(h));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(empty_heaps_are_as_the_allocator_makes_them),
        TEST(blocks_cost_what_the_allocator_takes),
        TEST(before_v5_4_only_the_search_rounds),
        TEST(blocks_follow_each_other_and_what_is_left_is_split_off),
        TEST(free_neighbours_become_one),
        TEST(the_block_freed_last_is_given_first),
        TEST(the_smallest_list_that_surely_fits_is_taken),
        TEST(aligned_blocks_leave_their_gap_to_others),
        TEST(gaps_hold_a_block_at_least),
        TEST(realloc_grows_into_the_free_block_behind),
        TEST(realloc_shrinks_where_a_block_can_be_left),
        TEST(realloc_without_room_changes_nothing),
        TEST(poisoning_adds_twelve_bytes),
        TEST(comprehensive_poisoning_always_moves),
        TEST(too_small_heaps_and_wrong_rules_are_refused),
        TEST(requests_that_no_heap_serves_are_refused),
        TEST(blocks_of_sixteen_keep_every_rule_but_the_unit),
        TEST(check_finds_what_does_not_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
