/// Kernel objects as blocks of the target, priced and placed by a plan.
#include "kernel_cost.h"
#include "target_fixture.h"

static const struct str no_components[1];

static void read_costs(struct fixture *f, const char *plan_text, struct kernel_costs *out) {
    static struct plan plan; // outlives the costs
    if (plan_text) {
        assert_true(plan_read(&f->arena, fixture_write(f, "plan", plan_text), &f->target,
                no_components, 0, &plan, &f->err));
    } else {
        plan_stock(&f->arena, &f->target, no_components, 0, &plan);
    }
    if (!kernel_costs_for(&f->arena, &plan, out, &f->err)) {
        fail_msg("%s", f->err.text);
    }
}

static uint64_t bytes_in(struct fixture *f, const struct kernel_costs *costs,
        enum kernel_object kind, const char *region) {
    uint32_t index = target_find_region(&f->target, str_from(region));
    return kernel_cost_bytes(&costs->kinds[kind], index);
}

static uint64_t stack_in(struct fixture *f, const struct kernel_costs *costs, const char *region) {
    uint32_t index = target_find_region(&f->target, str_from(region));
    return kernel_cost_stack_bytes(&costs->kinds[KERNEL_THREAD], index);
}

/// ESP-IDF's own sums: 16 + 88 for a mutex, and so on, all in internal RAM.
static void objects_cost_their_blocks_in_internal_ram(void **state) {
    struct fixture *f = *state;
    struct kernel_costs costs;
    fixture_load(f, NULL, NULL, NULL);
    read_costs(f, NULL, &costs);
    assert_int_equal(bytes_in(f, &costs, KERNEL_MUTEX, "internal"), 16 + 88);
    assert_int_equal(bytes_in(f, &costs, KERNEL_CONDITION, "internal"), 16 + 88);
    assert_int_equal(bytes_in(f, &costs, KERNEL_RWLOCK, "internal"), 16 + 104 + 104);
    assert_int_equal(bytes_in(f, &costs, KERNEL_SEMAPHORE, "internal"), 88);
    assert_int_equal(bytes_in(f, &costs, KERNEL_KEY, "internal"), 16);
    for (uint32_t kind = KERNEL_MUTEX; kind <= KERNEL_KEY; kind++) {
        assert_true(costs.kinds[kind].known);
        assert_int_equal(bytes_in(f, &costs, (enum kernel_object)kind, "psram"), 0);
    }
}

static void a_thread_costs_its_blocks_and_the_default_stack(void **state) {
    struct fixture *f = *state;
    struct kernel_costs costs;
    fixture_load(f, "libc=picolibc", NULL, NULL);
    read_costs(f, NULL, &costs);
    assert_int_equal(bytes_in(f, &costs, KERNEL_THREAD, "internal"), 104 + 32 + 36);
    assert_int_equal(stack_in(f, &costs, "internal"), 3072 + 4);
    fixture_load(f, "libc=newlib", NULL, NULL);
    read_costs(f, NULL, &costs);
    assert_int_equal(bytes_in(f, &costs, KERNEL_THREAD, "internal"), 348 + 32 + 36);
}

static void a_plan_moves_stacks_but_not_control_blocks(void **state) {
    struct fixture *f = *state;
    struct kernel_costs costs;
    fixture_load(f, NULL, NULL, NULL);
    read_costs(f, "stack default 32KB psram\n", &costs);
    assert_int_equal(stack_in(f, &costs, "psram"), 32768 + 4);
    assert_int_equal(stack_in(f, &costs, "internal"), 0);
    assert_int_equal(bytes_in(f, &costs, KERNEL_THREAD, "internal"), 348 + 32 + 36);
    assert_int_equal(bytes_in(f, &costs, KERNEL_THREAD, "psram"), 0);
}

static void blocks_by_plain_malloc_follow_default_malloc(void **state) {
    struct fixture *f = *state;
    struct kernel_costs costs;
    fixture_load(f, NULL, NULL, NULL);
    read_costs(f, "default malloc psram\n", &costs);
    assert_int_equal(bytes_in(f, &costs, KERNEL_MUTEX, "psram"), 16);
    assert_int_equal(bytes_in(f, &costs, KERNEL_MUTEX, "internal"), 88);
    read_costs(f, "kernel psram\n", &costs);
    assert_int_equal(bytes_in(f, &costs, KERNEL_MUTEX, "psram"), 88);
    assert_int_equal(bytes_in(f, &costs, KERNEL_MUTEX, "internal"), 16);
}

static void rounding_is_that_of_the_regions_largest_heap(void **state) {
    struct fixture *f = *state;
    struct kernel_costs costs;
    // With the largest cache only 241,600 bytes are left in one piece: coarser classes.
    fixture_load(f, "cache=512K", NULL, NULL);
    read_costs(f, NULL, &costs);
    assert_int_equal(bytes_in(f, &costs, KERNEL_THREAD, "internal"), 356 + 32 + 36);
}

static void only_the_argument_of_a_thread_goes_when_it_returns(void **state) {
    struct fixture *f = *state;
    struct kernel_costs costs;
    fixture_load(f, NULL, NULL, NULL);
    read_costs(f, NULL, &costs);
    const struct kernel_cost *thread = &costs.kinds[KERNEL_THREAD];
    uint32_t running = 0;
    for (uint32_t i = 0; i < thread->block_count; i++) {
        if (thread->blocks[i].block->running) {
            assert_int_equal(thread->blocks[i].bytes, 32);
            running++;
        }
    }
    assert_int_equal(running, 1);
    assert_true(costs.kinds[KERNEL_MUTEX].lazy);
    assert_false(thread->lazy);
}

static void what_the_target_does_not_price_is_unknown(void **state) {
    struct fixture *f = *state;
    struct kernel_costs costs;
    fixture_load(f, NULL, NULL, NULL);
    read_costs(f, NULL, &costs);
    assert_false(costs.kinds[KERNEL_BARRIER].known);
    assert_int_equal(costs.kinds[KERNEL_BARRIER].block_count, 0);
}

static void a_stack_that_fits_nowhere_is_refused(void **state) {
    struct fixture *f = *state;
    struct kernel_costs costs;
    struct plan plan;
    fixture_load(f, NULL, NULL, NULL);
    assert_true(plan_read(&f->arena, fixture_write(f, "plan", "stack default 400KB internal\n"),
            &f->target, no_components, 0, &plan, &f->err));
    assert_false(kernel_costs_for(&f->arena, &plan, &costs, &f->err));
    fixture_assert_failed(f, 0, "a stack of 409600 bytes");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(objects_cost_their_blocks_in_internal_ram),
        TEST(a_thread_costs_its_blocks_and_the_default_stack),
        TEST(a_plan_moves_stacks_but_not_control_blocks),
        TEST(blocks_by_plain_malloc_follow_default_malloc),
        TEST(rounding_is_that_of_the_regions_largest_heap),
        TEST(only_the_argument_of_a_thread_goes_when_it_returns),
        TEST(what_the_target_does_not_price_is_unknown),
        TEST(a_stack_that_fits_nowhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
