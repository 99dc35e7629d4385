/// Who serves a request on an ESP32-P4, and what start-up leaves of its heaps.
#include "heap_fixture.h"

static void check_all(const struct p4 *p) {
    for (uint32_t i = 0; i < p->rules.count; i++) {
        assert_true(ramlens_heap_check(&p->heaps.heaps[i]));
    }
}

/// Empties the heaps that serve `asks`, one after the other; writes their first letters in the order in which they came, 'L' for LP, 'T' for
/// RETENT_RAM.
static void order_of(int release, uint32_t asks, char *order) {
    static const char letters[P4_HEAPS + 1] = "OPSRLT";
    struct p4 *p = p4_new(release);
    p4_start(p, false);
    uint32_t seen = 0;
    for (;;) {
        struct ramlens_block b = ramlens_heaps_ask(&p->heaps, 3000, 0, asks);
        if (b.at == 0) {
            break;
        }
        if (!(seen & (1u << b.heap))) {
            seen |= 1u << b.heap;
            *order++ = letters[b.heap];
        }
    }
    *order = 0;
    check_all(p);
    p4_free(p);
}

static void requests_try_heaps_by_priority_then_by_list(void **state) {
    (void)state;
    static const struct {
        int release;
        uint32_t asks;
        const char *order; ///< pOol, Psram, Spm, Ram, Lp, reTent
    } rows[] = {
        { 555, CAP_INTERNAL | CAP_8BIT, "ROTSL" },
        { 555, CAP_DEFAULT | CAP_INTERNAL, "ROTSL" },
        { 555, CAP_DEFAULT, "PRTOSL" },
        { 555, CAP_DEFAULT | CAP_SPIRAM, "P" },
        { 555, CAP_SPIRAM | CAP_8BIT, "P" },
        { 555, CAP_8BIT, "RTOPSL" },
        { 555, CAP_DMA | CAP_INTERNAL, "ROT" },
        { 555, CAP_INTERNAL, "ROTSL" },
        { 555, CAP_SPM, "S" },
        { 555, CAP_RETENTION, "T" },
        { 555, 0, "" },
        // Where RETENT_RAM is of the first priority, the pool is spared until the rest is full; malloc never has it.
        { 600, CAP_INTERNAL | CAP_8BIT, "RTOSL" },
        { 600, CAP_DEFAULT | CAP_INTERNAL, "RTSL" },
        { 600, CAP_DMA | CAP_INTERNAL, "RTO" },
        { 600, CAP_DEFAULT, "PRTSL" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char order[P4_HEAPS + 1];
        order_of(rows[i].release, rows[i].asks, order);
        assert_string_equal(order, rows[i].order);
    }
}

static void fill(struct p4 *p, uint32_t asks) {
    for (uint32_t size = 1 << 16; size != 0; size /= 2) {
        while (ramlens_heaps_ask(&p->heaps, size, 0, asks).at != 0) {
        }
    }
}

static void malloc_asks_by_size_then_for_anything(void **state) {
    (void)state;
    struct p4 *p = p4_new(555);
    p4_start(p, false);
    assert_int_equal(ramlens_heaps_malloc(&p->heaps, 100, 0).heap, RAM);
    // RAM cannot hold it any more, and the pool is asked before RETENT_RAM.
    assert_int_equal(ramlens_heaps_malloc(&p->heaps, 16384, 0).heap, RAM);
    assert_int_equal(ramlens_heaps_malloc(&p->heaps, 16384, 0).heap, POOL);
    assert_int_equal(ramlens_heaps_malloc(&p->heaps, 16385, 0).heap, PSRAM);
    // Internal memory full: a small request falls back to PSRAM.
    fill(p, CAP_INTERNAL);
    assert_int_equal(ramlens_heaps_malloc(&p->heaps, 100, 0).heap, PSRAM);
    p4_free(p);

    p = p4_new(555);
    p4_start(p, false);
    fill(p, CAP_SPIRAM);
    assert_int_equal(ramlens_heaps_malloc(&p->heaps, 20000, 0).heap, RETENT);
    p->rules.malloc_again = 0;
    assert_int_equal(ramlens_heaps_malloc(&p->heaps, 20000, 0).at, 0);
    assert_int_equal(ramlens_heaps_malloc(&p->heaps, 0, 0).at, 0);
    check_all(p);
    p4_free(p);
}

static void the_pool_is_drained_first_or_spared_by_release(void **state) {
    (void)state;
    static const int releases[] = { 555, 600 };
    for (int i = 0; i < 2; i++) {
        struct p4 *p = p4_new(releases[i]);
        p4_start(p, false);
        uint32_t pool = p->heaps.heaps[POOL].free_bytes;
        for (int n = 0; n < 200; n++) {
            ramlens_heaps_malloc(&p->heaps, 256, 0);
        }
        if (releases[i] == 555) {
            assert_true(p->heaps.heaps[POOL].free_bytes < 1000);
        } else {
            assert_int_equal(p->heaps.heaps[POOL].free_bytes, pool);
        }
        p4_free(p);
    }
}

static void tries_go_in_turn_and_may_end_in_the_rule_of_malloc(void **state) {
    (void)state;
    struct p4 *p = p4_new(555);
    p4_start(p, false);
    struct ramlens_asks spm_first = { 2, { CAP_SPM, CAP_SPIRAM | CAP_8BIT } };
    assert_int_equal(ramlens_heaps_alloc(&p->heaps, 5000, 0, &spm_first).heap, SPM);
    assert_int_equal(ramlens_heaps_alloc(&p->heaps, 5000, 0, &spm_first).heap, PSRAM);
    struct ramlens_asks then_malloc = { 2, { CAP_SPM, 0 } };
    assert_int_equal(ramlens_heaps_alloc(&p->heaps, 5000, 0, &then_malloc).heap, RAM);
    struct ramlens_asks only_spm = { 1, { CAP_SPM } };
    assert_int_equal(ramlens_heaps_alloc(&p->heaps, 5000, 0, &only_spm).at, 0);
    struct ramlens_asks malloc_only = { 0, { 0 } };
    assert_int_equal(ramlens_heaps_alloc(&p->heaps, 20000, 0, &malloc_only).heap, PSRAM);
    check_all(p);
    p4_free(p);
}

static void realloc_stays_while_its_heap_may_serve_the_request(void **state) {
    (void)state;
    struct p4 *p = p4_new(555);
    p4_start(p, true);
    const struct ramlens_asks by_malloc = { 0, { 0 } };
    struct ramlens_block b = ramlens_heaps_malloc(&p->heaps, 1000, 0);
    assert_int_equal(b.heap, RAM);
    memset(ramlens_heaps_pointer(&p->heaps, b), 7, 1000);
    struct ramlens_block grown = ramlens_heaps_realloc(&p->heaps, b, 2000, &by_malloc);
    assert_int_equal(grown.heap, RAM);
    assert_int_equal(grown.at, b.at);
    // Above the limit malloc's rule asks for PSRAM, which RAM does not offer: to another heap, with the content.
    struct ramlens_block moved = ramlens_heaps_realloc(&p->heaps, grown, 40000, &by_malloc);
    assert_int_equal(moved.heap, PSRAM);
    const uint8_t *bytes = ramlens_heaps_pointer(&p->heaps, moved);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(bytes[i], 7);
    }
    // A small size again asks for internal memory, which PSRAM is not.
    struct ramlens_block back = ramlens_heaps_realloc(&p->heaps, moved, 500, &by_malloc);
    assert_int_equal(back.heap, RAM);
    // A block never goes to its "right" heap while its own may serve the request: DEFAULT alone takes any.
    struct ramlens_asks any = { 1, { CAP_DEFAULT } };
    struct ramlens_block same = ramlens_heaps_realloc(&p->heaps, back, 700, &any);
    assert_int_equal(same.heap, RAM);
    // Alignment above a word is always another block.
    struct ramlens_asks dma = { 1, { CAP_DMA } };
    struct ramlens_block aligned = ramlens_heaps_realloc(&p->heaps, same, 600, &dma);
    assert_true(aligned.at != 0 && aligned.at != same.at);
    assert_int_equal((uintptr_t)ramlens_heaps_pointer(&p->heaps, aligned) % 64, 0);
    // In its own heap there is no room: within the try, the next heap.
    fill(p, CAP_INTERNAL);
    struct ramlens_block out = ramlens_heaps_realloc(&p->heaps, aligned, 9000, &by_malloc);
    assert_int_equal(out.heap, PSRAM);
    // No room anywhere: nothing has changed.
    fill(p, CAP_DEFAULT);
    uint32_t free_before = p->heaps.heaps[PSRAM].free_bytes;
    assert_int_equal(ramlens_heaps_realloc(&p->heaps, out, 5 << 20, &by_malloc).at, 0);
    assert_int_equal(p->heaps.heaps[PSRAM].free_bytes, free_before);
    bytes = ramlens_heaps_pointer(&p->heaps, out);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(bytes[i], 7);
    }
    check_all(p);
    p4_free(p);
}

static void hardware_alignment_rounds_address_and_size(void **state) {
    (void)state;
    struct p4 *p = p4_new(555);
    p4_start(p, false);
    struct ramlens_heaps *h = &p->heaps;
    static const struct {
        uint32_t size;
        uint32_t asks;
        uint32_t cost;
        uint32_t heap;
    } rows[] = {
        { 100, CAP_DMA, 128 + 4, RAM },
        { 100, CAP_DMA | CAP_INTERNAL, 128 + 4, RAM },
        { 1, CAP_CACHE_ALIGNED | CAP_INTERNAL, 64 + 4, RAM },
        { 100, CAP_SIMD, 128 + 4, RAM },
        { 24, CAP_DMA_DESC_AXI | CAP_INTERNAL, 64 + 4, RAM },
        { 24, CAP_DMA_DESC_AHB, 64 + 4, RAM },
        { 100, CAP_DMA | CAP_SPIRAM, 128 + 4, PSRAM },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ramlens_block b = ramlens_heaps_ask(h, rows[i].size, 0, rows[i].asks);
        assert_true(b.at != 0);
        assert_int_equal(b.heap, rows[i].heap);
        assert_int_equal((p->rules.places[b.heap].start + b.at) % 64, 0);
        assert_int_equal(ramlens_heap_cost(&h->heaps[b.heap], b.at), rows[i].cost);
    }
    // The larger of both alignments, and the size to that.
    struct ramlens_block b = ramlens_heaps_ask(h, 100, 256, CAP_DMA);
    assert_int_equal((p->rules.places[b.heap].start + b.at) % 256, 0);
    assert_int_equal(ramlens_heap_cost(&h->heaps[b.heap], b.at), 256 + 4);
    // Without such a capability an alignment leaves the size.
    b = ramlens_heaps_ask(h, 100, 256, CAP_INTERNAL);
    assert_int_equal(ramlens_heap_cost(&h->heaps[b.heap], b.at), 100 + 4);
    // 32-bit memory: whole words.
    b = ramlens_heaps_ask(h, 61, 0, CAP_32BIT | CAP_INTERNAL);
    assert_int_equal(ramlens_heap_cost(&h->heaps[b.heap], b.at), 64 + 4);
    // Too large for the rounding: refused.
    assert_int_equal(ramlens_heaps_ask(h, UINT32_MAX, 0, CAP_DMA).at, 0);
    assert_int_equal(ramlens_heaps_ask(h, UINT32_MAX, 0, CAP_32BIT).at, 0);
    // A target whose internal memory has no line: words.
    p->rules.line_internal = 0;
    b = ramlens_heaps_ask(h, 101, 0, CAP_DMA);
    assert_int_equal(ramlens_heap_cost(&h->heaps[b.heap], b.at), 104 + 4);
    b = ramlens_heaps_ask(h, 100, 0, CAP_SIMD);
    assert_int_equal(ramlens_heap_cost(&h->heaps[b.heap], b.at), 112 + 4);
    check_all(p);
    p4_free(p);
}

static void start_up_takes_records_and_the_pool(void **state) {
    (void)state;
    struct p4 *p = p4_new(555);
    p4_start(p, false);
    const struct ramlens_heaps *h = &p->heaps;
    // Heaps of boot, the late one included: one array, in the first of internal memory.
    assert_int_equal(h->records.heap, RETENT);
    const struct ramlens_heap *retent = &h->heaps[RETENT];
    assert_int_equal(ramlens_heap_cost(retent, h->records.at), 4 * 36 + 4);
    assert_int_equal(h->records.at, 20 + 1752 + 4);
    // PSRAM's record comes before RAM is a heap, the pool's after.
    assert_int_equal(h->heaps[RAM].free_bytes, 19440 - 20 - 716 - 40);
    assert_int_equal(retent->free_bytes, 400000 - 20 - 1752 - 148 - 40 - 32768 - 4);
    assert_int_equal(h->carved[POOL].heap, RETENT);
    assert_int_equal((p->rules.places[RETENT].start + h->carved[POOL].at) % 64, 0);
    assert_int_equal(h->heaps[POOL].bytes, 32767);
    assert_int_equal(h->heaps[POOL].free_bytes, 32767 - 20 - 716);
    assert_ptr_equal(h->heaps[POOL].memory, ramlens_heaps_pointer(h, h->carved[POOL]));
    // Added after start-up: nothing of it counts in the minimum.
    assert_int_equal(h->heaps[POOL].minimum_free_bytes, 0);
    assert_int_equal(h->heaps[SPM].free_bytes, 8192 - 20 - 360);
    assert_int_equal(h->heaps[LP].free_bytes, 32744 - 20 - 716);
    assert_int_equal(h->heaps[PSRAM].free_bytes, (8 << 20) - 20 - 2280);
    check_all(p);
    p4_free(p);
}

static void start_up_says_which_heap_cannot_be_made(void **state) {
    (void)state;
    uint32_t bad;
    struct p4 *p = p4_new(555);
    for (uint32_t i = 0; i < P4_HEAPS; i++) {
        p->memory[i] = i == POOL ? NULL : fixture_memory(p->rules.places[i].bytes);
    }
    p->rules.places[LP].bytes = 200;
    assert_false(ramlens_heaps_init(&p->heaps, &p->rules, p->memory, false, &bad));
    assert_int_equal(bad, LP);
    p->rules.places[LP].bytes = 32744;
    p->rules.places[POOL].bytes = 500000;
    assert_false(ramlens_heaps_init(&p->heaps, &p->rules, p->memory, false, &bad));
    assert_int_equal(bad, POOL);
    p->rules.places[POOL].bytes = 32767;
    assert_true(ramlens_heaps_init(&p->heaps, &p->rules, p->memory, false, &bad));
    p4_free(p);
}

static void queries_sum_heaps_that_offer_all(void **state) {
    (void)state;
    struct p4 *p = p4_new(555);
    p4_start(p, false);
    struct ramlens_heaps *h = &p->heaps;
    uint32_t of[P4_HEAPS];
    uint32_t all = 0;
    for (uint32_t i = 0; i < P4_HEAPS; i++) {
        of[i] = h->heaps[i].free_bytes;
        all += of[i];
    }
    assert_int_equal(ramlens_heaps_free_bytes(h, 0), all);
    assert_int_equal(ramlens_heaps_free_bytes(h, CAP_SPIRAM), of[PSRAM]);
    assert_int_equal(ramlens_heaps_free_bytes(h, CAP_INTERNAL | CAP_8BIT), all - of[PSRAM]);
    assert_int_equal(ramlens_heaps_free_bytes(h, CAP_DMA), of[RAM] + of[POOL] + of[RETENT]);
    assert_int_equal(ramlens_heaps_free_bytes(h, CAP_DMA | CAP_SPIRAM), 0);
    assert_int_equal(ramlens_heaps_minimum(h, CAP_DMA), of[RAM] + of[RETENT]);
    assert_int_equal(
            ramlens_heaps_largest(h, CAP_INTERNAL), ramlens_heap_largest(&h->heaps[RETENT]));
    assert_int_equal(ramlens_heaps_largest(h, CAP_SPIRAM), 8257536);
    assert_int_equal(ramlens_heaps_largest(h, CAP_SPIRAM | CAP_DMA), 0);
    struct ramlens_block b = ramlens_heaps_ask(h, 1000, 0, CAP_SPIRAM);
    ramlens_heaps_free(h, b);
    assert_int_equal(ramlens_heaps_free_bytes(h, CAP_SPIRAM), of[PSRAM]);
    assert_int_equal(ramlens_heaps_minimum(h, CAP_SPIRAM), of[PSRAM] - 1012);
    p4_free(p);
}

static void poisoning_shows_in_the_queries(void **state) {
    (void)state;
    struct p4 *p = p4_new(555);
    p->rules.heap.poisoning = RAMLENS_POISON_LIGHT;
    p4_start(p, false);
    assert_int_equal(ramlens_heaps_free_bytes(&p->heaps, CAP_SPM), 8192 - 20 - 360 - 12);
    assert_int_equal(ramlens_heaps_minimum(&p->heaps, CAP_SPM), 8192 - 20 - 360 - 12);
    assert_int_equal(ramlens_heaps_largest(&p->heaps, CAP_SPM), 7680 - 12);
    check_all(p);
    p4_free(p);
}

static void a_pointer_finds_its_innermost_heap(void **state) {
    (void)state;
    struct p4 *p = p4_new(555);
    p4_start(p, true);
    struct ramlens_heaps *h = &p->heaps;
    for (int n = 0; n < 400; n++) {
        struct ramlens_block b = ramlens_heaps_malloc(h, 700, 0);
        struct ramlens_block found = ramlens_heaps_find(h, ramlens_heaps_pointer(h, b));
        assert_int_equal(found.heap, b.heap);
        assert_int_equal(found.at, b.at);
    }
    int here;
    assert_int_equal(ramlens_heaps_find(h, &here).at, 0);
    assert_int_equal(ramlens_heaps_find(h, NULL).at, 0);
    p4_free(p);
}

static void freertos_is_one_heap_without_records(void **state) {
    (void)state;
    static struct ramlens_heaps heaps;
    static struct ramlens_heaps_rules rules = {
        .count = 1, .malloc_up_to = UINT32_MAX, .malloc_small = 1
    };
    rules.heap = fixture_first_fit();
    rules.places[0].bytes = 65536;
    rules.places[0].offers[0] = 1;
    void *memory[] = { fixture_memory(65536) };
    uint32_t bad;
    assert_true(ramlens_heaps_init(&heaps, &rules, memory, false, &bad));
    assert_int_equal(ramlens_heaps_free_bytes(&heaps, 0), 65536 - 8);
    struct ramlens_block b = ramlens_heaps_malloc(&heaps, 100, 0);
    assert_int_equal(b.at, 8);
    assert_int_equal(ramlens_heaps_free_bytes(&heaps, 1), 65536 - 8 - 112);
    ramlens_heaps_free(&heaps, b);
    assert_int_equal(ramlens_heaps_largest(&heaps, 1), 65536 - 8);
    free(memory[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_try_heaps_by_priority_then_by_list),
        cmocka_unit_test(malloc_asks_by_size_then_for_anything),
        cmocka_unit_test(the_pool_is_drained_first_or_spared_by_release),
        cmocka_unit_test(tries_go_in_turn_and_may_end_in_the_rule_of_malloc),
        cmocka_unit_test(realloc_stays_while_its_heap_may_serve_the_request),
        cmocka_unit_test(hardware_alignment_rounds_address_and_size),
        cmocka_unit_test(start_up_takes_records_and_the_pool),
        cmocka_unit_test(start_up_says_which_heap_cannot_be_made),
        cmocka_unit_test(queries_sum_heaps_that_offer_all),
        cmocka_unit_test(poisoning_shows_in_the_queries),
        cmocka_unit_test(a_pointer_finds_its_innermost_heap),
        cmocka_unit_test(freertos_is_one_heap_without_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
