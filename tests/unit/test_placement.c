// What a chip would hold: where each kind of request goes, what it costs there, and that everything that came can go again.
//
// Numbers are ESP-IDF's: a block has 4 bytes of header, at least 12 of payload, and from 128 bytes on its payload is rounded to a 32nd of
// the power of two below.
#include "placement_fixture.h"

static void assert_region(uint32_t region, int64_t used, int64_t overhead) {
    assert_int_equal(placed.regions[region].used, used);
    assert_int_equal(placed.regions[region].overhead, overhead);
}

static void assert_used_is_the_sum(void) {
    for (uint32_t r = 0; r < placed.target->region_count; r++) {
        int64_t sum = placed.regions[r].overhead;
        for (uint32_t c = 0; c < COMPONENTS; c++)
            sum += placement_heap(cell(r, c)) + cell(r, c)->kernel + cell(r, c)->stack;
        assert_int_equal(sum, placed.regions[r].used);
        assert_true(placed.regions[r].peak >= placed.regions[r].used);
    }
}

// ---- blocks

static void stock_puts_small_blocks_inside_and_large_ones_outside(void **state) {
    place_by(*state, NULL, NULL, NULL);
    born(ALPHA, LEDGER_MALLOC, 100, 0);
    assert_region(internal, 104, 4);
    born(ALPHA, LEDGER_MALLOC, 1000, 0);
    assert_region(internal, 104 + 1012, 4 + 12);
    born(ALPHA, LEDGER_NEW, 16384, 0);
    assert_region(internal, 104 + 1012 + 16388, 4 + 12 + 4);
    assert_region(psram, 0, 0);
    born(BETA, LEDGER_LIBC, 16385, 0);
    assert_region(psram, 16900, 16900 - 16385);
    assert_int_equal(cell(internal, ALPHA)->heap[LEDGER_MALLOC], 1100);
    assert_int_equal(cell(internal, ALPHA)->heap[LEDGER_NEW], 16384);
    assert_int_equal(cell(psram, BETA)->heap[LEDGER_LIBC], 16385);
    assert_int_equal(placement_heap(cell(internal, ALPHA)), 17484);
    assert_int_equal(placement_heap(cell(internal, BETA)), 0);
    assert_used_is_the_sum();
}

static void a_plan_moves_a_components_malloc_alone(void **state) {
    place_by(*state, "component alpha\n    malloc psram\n", NULL, NULL);
    born(ALPHA, LEDGER_MALLOC, 100, 0);
    born(ALPHA, LEDGER_NEW, 200, 0);
    born(ALPHA, LEDGER_LIBC, 300, 0); // a macro in the component's sources does not reach libc
    born(BETA, LEDGER_MALLOC, 400, 0);
    assert_int_equal(cell(psram, ALPHA)->heap[LEDGER_MALLOC], 100);
    assert_int_equal(placement_heap(cell(psram, ALPHA)), 100);
    assert_int_equal(cell(internal, ALPHA)->heap[LEDGER_MALLOC], 0);
    assert_int_equal(cell(internal, ALPHA)->heap[LEDGER_NEW], 200);
    assert_int_equal(cell(internal, ALPHA)->heap[LEDGER_LIBC], 300);
    assert_int_equal(cell(internal, BETA)->heap[LEDGER_MALLOC], 400);
    assert_used_is_the_sum();
}

static void a_plan_moves_operator_new_alone(void **state) {
    place_by(*state, "default new psram\ncomponent beta\n    new internal\n", NULL, NULL);
    born(ALPHA, LEDGER_NEW, 10, 0);
    born(BETA, LEDGER_NEW, 20, 0);
    born(ALPHA, LEDGER_MALLOC, 30, 0);
    assert_int_equal(cell(psram, ALPHA)->heap[LEDGER_NEW], 10);
    assert_int_equal(cell(internal, BETA)->heap[LEDGER_NEW], 20);
    assert_int_equal(cell(internal, ALPHA)->heap[LEDGER_MALLOC], 30);
}

static void default_malloc_moves_new_and_libc_too(void **state) {
    place_by(*state, "default malloc psram\n", NULL, NULL);
    born(ALPHA, LEDGER_MALLOC, 10, 0);
    born(ALPHA, LEDGER_NEW, 20, 0);
    born(ALPHA, LEDGER_LIBC, 40, 0);
    born(UNKNOWN, LEDGER_MALLOC, 80, 0);
    assert_int_equal(placement_heap(cell(psram, ALPHA)), 70);
    assert_int_equal(placement_heap(cell(psram, UNKNOWN)), 80);
    assert_region(internal, 0, 0);
}

static void a_library_that_insists_keeps_to_it_unless_the_plan_names_it(void **state) {
    place_by(*state, NULL, NULL, NULL);
    born(MBEDTLS, LEDGER_MALLOC, 20000, 0);
    born(MBEDTLS, LEDGER_NEW, 20000, 0);
    assert_int_equal(cell(internal, MBEDTLS)->heap[LEDGER_MALLOC], 20000);
    assert_int_equal(cell(psram, MBEDTLS)->heap[LEDGER_NEW], 20000);
    assert_region(internal, 20484, 484);
    place_by(*state, "component mbedtls\n    malloc policy\n", NULL, NULL);
    born(MBEDTLS, LEDGER_MALLOC, 20000, 0);
    assert_int_equal(cell(psram, MBEDTLS)->heap[LEDGER_MALLOC], 20000);
    assert_region(internal, 0, 0);
}

static void nothing_costs_nothing_but_operator_new_of_nothing_does(void **state) {
    place_by(*state, NULL, NULL, NULL);
    struct block empty = born(ALPHA, LEDGER_MALLOC, 0, 0);
    assert_region(internal, 0, 0);
    assert_int_equal(placed.unplaced, 0);
    struct block object = born(ALPHA, LEDGER_NEW, 0, 0);
    assert_region(internal, 16, 16);
    assert_int_equal(placement_heap(cell(internal, ALPHA)), 0);
    placement_block_gone(&placed, &empty, ALPHA, 0);
    placement_block_gone(&placed, &object, ALPHA, 0);
    assert_region(internal, 0, 0);
}

static void a_block_too_large_for_a_heap_goes_on_to_the_next(void **state) {
    struct fixture *f = *state;
    place_by(f, "component alpha\n    malloc internal only\ncomponent beta\n    malloc psram\n",
            NULL, NULL);
    uint64_t largest = placed.largest[internal];
    const struct target_heap *heap = &f->target.heaps[f->target.regions[internal].main_heap];
    assert_true(largest > 100000 && largest < heap->bytes);
    struct block most = born(ALPHA, LEDGER_MALLOC, largest, 0);
    assert_int_equal(placement_heap(cell(internal, ALPHA)), largest);
    assert_int_equal(placed.unplaced, 0);
    // Among the internal memories none is larger.
    struct block more = born(ALPHA, LEDGER_MALLOC, largest + 1, 0);
    assert_int_equal(placement_heap(cell(internal, ALPHA)), largest);
    assert_int_equal(placed.unplaced, 1);
    // By the target's own rule it goes outside, unless it is larger than that, too.
    struct block outside = born(BETA, LEDGER_NEW, largest + 1, 0);
    assert_int_equal(placement_heap(cell(psram, BETA)), largest + 1);
    struct block beyond = born(BETA, LEDGER_NEW, UINT64_C(40) << 20, 0);
    struct block absurd = born(BETA, LEDGER_MALLOC, UINT64_C(1) << 62, 0);
    assert_int_equal(placed.unplaced, 3);
    assert_int_equal(placement_heap(cell(psram, BETA)), largest + 1);
    placement_block_gone(&placed, &most, ALPHA, 0);
    placement_block_gone(&placed, &more, ALPHA, 0);
    placement_block_gone(&placed, &outside, BETA, 0);
    placement_block_gone(&placed, &beyond, BETA, 0);
    placement_block_gone(&placed, &absurd, BETA, 0);
    assert_region(internal, 0, 0);
    assert_region(psram, 0, 0);
    assert_used_is_the_sum();
}

static void a_fuller_region_than_there_is_stays_counted(void **state) {
    struct fixture *f = *state;
    place_by(f, NULL, NULL, NULL);
    for (unsigned i = 0; i < 100; i++)
        born(ALPHA, LEDGER_MALLOC, 16384, 0);
    assert_region(internal, 100 * 16388, 100 * 4);
    assert_true(placed.regions[internal].used > (int64_t)f->target.regions[internal].bytes);
    assert_int_equal(placed.unplaced, 0);
}

/// A device's blocks lie where they lay; what the plan names is moved.
static void a_devices_blocks_lie_by_their_addresses(void **state) {
    struct fixture *f = *state;
    place_by(f, "component beta\n    malloc psram\n", NULL, NULL);
    placed.by_address = true;
    struct block here = { .address = 0x4ff10000, .size = 20000 };
    struct block there = { .address = 0x48000100, .size = 8 };
    struct block nowhere = { .address = 0x1000, .size = 8 };
    struct block moved = { .address = 0x4ff20000, .size = 8 };
    placement_block_born(&placed, &here, ALPHA, 0);
    placement_block_born(&placed, &there, ALPHA, 0);
    placement_block_born(&placed, &nowhere, ALPHA, 0);
    placement_block_born(&placed, &moved, BETA, 0);
    assert_int_equal(here.places[0], internal);
    assert_int_equal(there.places[0], psram);
    assert_int_equal(nowhere.places[0], PLACEMENT_NOWHERE);
    assert_int_equal(moved.places[0], psram);
    assert_int_equal(placed.unplaced, 1);
}

static void what_only_a_host_has_stays_out(void **state) {
    place_by(*state, NULL, NULL, NULL);
    struct block pool = born(HOST, LEDGER_LIBC, 73728, 0);
    struct block huge = born(HOST, LEDGER_LIBC, INT64_MAX - 73728, 0);
    assert_int_equal(placed.host_only_bytes, INT64_MAX);
    assert_int_equal(placed.host_only_blocks, 2);
    for (uint32_t r = 0; r < placed.target->region_count; r++)
        assert_region(r, 0, 0);
    placement_block_gone(&placed, &huge, HOST, 0);
    assert_int_equal(placed.host_only_bytes, 73728);
    placement_block_gone(&placed, &pool, HOST, 0);
    assert_int_equal(placed.host_only_bytes, 0);
    assert_int_equal(placed.host_only_blocks, 0);
}

// ---- kernel objects

static void locks_cost_their_blocks(void **state) {
    place_by(*state, NULL, NULL, NULL);
    kernel_object(ALPHA, KERNEL_MUTEX, 1);
    assert_int_equal(cell(internal, ALPHA)->kernel, 8 + 84);
    assert_region(internal, 16 + 88, 8 + 4);
    kernel_object(ALPHA, KERNEL_RWLOCK, 1);
    assert_int_equal(cell(internal, ALPHA)->kernel, 92 + 12 + 92 + 96);
    kernel_object(BETA, KERNEL_SEMAPHORE, 1);
    assert_int_equal(cell(internal, BETA)->kernel, 84);
    assert_used_is_the_sum();
    kernel_object(ALPHA, KERNEL_MUTEX, -1);
    kernel_object(ALPHA, KERNEL_RWLOCK, -1);
    kernel_object(BETA, KERNEL_SEMAPHORE, -1);
    assert_region(internal, 0, 0);
}

static void a_thread_costs_stack_and_control_blocks_by_the_plan(void **state) {
    place_by(*state, NULL, NULL, NULL);
    kernel_object(ALPHA, KERNEL_THREAD, 1);
    // The target's own stack size, not what the host program asked for.
    assert_int_equal(cell(internal, ALPHA)->stack, 3072);
    assert_int_equal(cell(internal, ALPHA)->kernel, 32 + 28 + 340);
    assert_region(internal, 3076 + 36 + 32 + 348, 4 + 4 + 4 + 8);
    place_by(*state, "stack default 32KB psram\nkernel internal\n", NULL, NULL);
    kernel_object(ALPHA, KERNEL_THREAD, 1);
    kernel_object(ALPHA, KERNEL_THREAD, 1);
    assert_int_equal(cell(internal, ALPHA)->stack, 0);
    assert_int_equal(cell(psram, ALPHA)->stack, 2 * 32768);
    assert_int_equal(cell(psram, ALPHA)->kernel, 0);
    assert_int_equal(cell(internal, ALPHA)->kernel, 2 * 400);
    assert_region(psram, 2 * 32772, 8);
    assert_used_is_the_sum();
}

static void small_kernel_blocks_follow_default_malloc(void **state) {
    place_by(*state, "default malloc psram\n", NULL, NULL);
    kernel_object(ALPHA, KERNEL_MUTEX, 1);
    assert_int_equal(cell(psram, ALPHA)->kernel, 8);
    assert_int_equal(cell(internal, ALPHA)->kernel, 84);
}

static void a_hosts_own_locks_stay_out_but_its_threads_do_not(void **state) {
    place_by(*state, NULL, NULL, NULL);
    kernel_object(HOST, KERNEL_MUTEX, 1);
    assert_region(internal, 0, 0);
    kernel_object(HOST, KERNEL_THREAD, 1);
    assert_int_equal(cell(internal, HOST)->stack, 3072);
}

static void what_the_target_does_not_have_costs_nothing(void **state) {
    place_by(*state, NULL, NULL, NULL);
    assert_false(placed.kernel_costs.kinds[KERNEL_BARRIER].known);
    kernel_object(ALPHA, KERNEL_BARRIER, 1);
    assert_region(internal, 0, 0);
}

static void a_stack_that_fits_nowhere_is_refused(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    assert_true(plan_read(&f->arena, fixture_write(f, "plan", "stack default 64MB psram\n"),
            &f->target, component_names, COMPONENTS, &plan, &f->err));
    assert_false(placement_init(
            &placed, &f->arena, "test", &plan, component_host_only, COMPONENTS, 0, &f->err));
    fixture_assert_failed(f, 0, "no heap of target 'esp32p4' can hold a stack");
}

// ---- sites, moments, several placements

static void sites_count_what_they_consume_of_the_first_region(void **state) {
    place_by(*state, "component beta\n    malloc psram\n", NULL, NULL);
    struct block a = born(ALPHA, LEDGER_MALLOC, 100, 3);
    born(ALPHA, LEDGER_NEW, 1000, 3);
    born(BETA, LEDGER_MALLOC, 500, 4);
    born(ALPHA, LEDGER_MALLOC, 20, 5000); // the table grows
    struct placement_moment m = placement_copy(placed.a, &placed);
    assert_int_equal(placement_site_bytes(&m, 3), 104 + 1012);
    assert_int_equal(placement_site_bytes(&m, 4), 0);
    assert_int_equal(placement_site_bytes(&m, 5000), 24);
    assert_int_equal(placement_site_bytes(&m, UINT32_MAX), 0);
    placement_block_gone(&placed, &a, ALPHA, 3);
    // The moment stays what it was.
    assert_int_equal(placement_site_bytes(&m, 3), 104 + 1012);
    m = placement_copy(placed.a, &placed);
    assert_int_equal(placement_site_bytes(&m, 3), 1012);
}

static void a_moment_is_a_copy(void **state) {
    place_by(*state, NULL, NULL, NULL);
    born(ALPHA, LEDGER_MALLOC, 100, 0);
    born(HOST, LEDGER_MALLOC, 55, 0);
    struct placement_moment m = placement_copy(placed.a, &placed);
    born(ALPHA, LEDGER_MALLOC, 200, 0);
    kernel_object(ALPHA, KERNEL_MUTEX, 1);
    born(HOST, LEDGER_MALLOC, 1, 0);
    assert_int_equal(m.regions[internal].used, 104);
    assert_int_equal(placement_heap(&m.regions[internal].cells[ALPHA]), 100);
    assert_int_equal(m.regions[internal].cells[ALPHA].kernel, 0);
    assert_int_equal(m.host_only_bytes, 55);
    assert_int_equal(placed.host_only_bytes, 56);
}

static void the_peak_is_the_highest_so_far(void **state) {
    place_by(*state, NULL, NULL, NULL);
    struct block a = born(ALPHA, LEDGER_MALLOC, 100, 0);
    placement_block_gone(&placed, &a, ALPHA, 0);
    born(ALPHA, LEDGER_MALLOC, 20, 0);
    kernel_object(ALPHA, KERNEL_SEMAPHORE, 1);
    assert_int_equal(placed.regions[internal].peak, 24 + 88);
    assert_int_equal(placed.regions[psram].peak, 0);
}

static void two_placements_share_a_block(void **state) {
    struct fixture *f = *state;
    static struct plan other_plan;
    static struct placement other;
    place_by(f, "component alpha\n    malloc psram\n", NULL, NULL);
    plan_stock(&f->arena, &f->target, component_names, COMPONENTS, &other_plan);
    assert_true(placement_init(&other, &f->arena, "stock", &other_plan, component_host_only,
            COMPONENTS, PLACEMENTS_MAX - 1, &f->err));
    struct block b = born(ALPHA, LEDGER_MALLOC, 100, 0);
    placement_block_born(&other, &b, ALPHA, 0);
    assert_int_equal(placement_heap(&other.regions[internal].cells[ALPHA]), 100);
    assert_int_equal(placement_heap(cell(psram, ALPHA)), 100);
    placement_block_gone(&placed, &b, ALPHA, 0);
    placement_block_gone(&other, &b, ALPHA, 0);
    assert_int_equal(other.regions[internal].used, 0);
    assert_int_equal(placed.regions[psram].used, 0);
}

static void any_life_ends_where_it_began(void **state) {
    enum { LIVE = 500, STEPS = 20000 };
    static struct {
        struct block b;
        uint16_t component;
        bool lives;
    } blocks[LIVE];
    memset(blocks, 0, sizeof blocks);
    place_by(*state, "default new psram\ncomponent beta\n    malloc psram\n", NULL, NULL);
    uint64_t random = 11;
    for (unsigned step = 0; step < STEPS; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        unsigned i = (unsigned)((random >> 40) % LIVE);
        if (blocks[i].lives) {
            placement_block_gone(&placed, &blocks[i].b, blocks[i].component, i % 7);
        } else {
            uint64_t size = (random >> 20) & ((UINT64_C(1) << (random >> 59)) - 1);
            blocks[i].component = (uint16_t)(random % COMPONENTS);
            blocks[i].b = born(blocks[i].component, (uint8_t)(random >> 33) % 3, size, i % 7);
        }
        blocks[i].lives = !blocks[i].lives;
        if (step % 100 == 0)
            assert_used_is_the_sum();
    }
    for (unsigned i = 0; i < LIVE; i++)
        if (blocks[i].lives)
            placement_block_gone(&placed, &blocks[i].b, blocks[i].component, i % 7);
    for (uint32_t r = 0; r < placed.target->region_count; r++)
        assert_region(r, 0, 0);
    assert_used_is_the_sum();
    for (uint32_t i = 0; i < placed.site_capacity; i++)
        assert_int_equal(placed.site_bytes[i], 0);
    assert_int_equal(placed.host_only_bytes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(stock_puts_small_blocks_inside_and_large_ones_outside),
        TEST(a_plan_moves_a_components_malloc_alone),
        TEST(a_plan_moves_operator_new_alone),
        TEST(default_malloc_moves_new_and_libc_too),
        TEST(a_library_that_insists_keeps_to_it_unless_the_plan_names_it),
        TEST(nothing_costs_nothing_but_operator_new_of_nothing_does),
        TEST(a_block_too_large_for_a_heap_goes_on_to_the_next),
        TEST(a_fuller_region_than_there_is_stays_counted),
        TEST(a_devices_blocks_lie_by_their_addresses),
        TEST(what_only_a_host_has_stays_out),
        TEST(locks_cost_their_blocks),
        TEST(a_thread_costs_stack_and_control_blocks_by_the_plan),
        TEST(small_kernel_blocks_follow_default_malloc),
        TEST(a_hosts_own_locks_stay_out_but_its_threads_do_not),
        TEST(what_the_target_does_not_have_costs_nothing),
        TEST(a_stack_that_fits_nowhere_is_refused),
        TEST(sites_count_what_they_consume_of_the_first_region),
        TEST(a_moment_is_a_copy),
        TEST(the_peak_is_the_highest_so_far),
        TEST(two_placements_share_a_block),
        TEST(any_life_ends_where_it_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
