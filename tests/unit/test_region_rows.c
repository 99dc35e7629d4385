// A region's table: what each row says, that rows and free bytes are the region's size whatever happens, and observed figures.
#include "region_rows.h"

#include "placement_fixture.h"

static struct region_table table(uint32_t region, const struct static_account *statics) {
    struct placement_moment m = placement_copy(placed.a, &placed);
    return region_table_of(placed.a, &placed, &m, region, statics, UNKNOWN);
}

static void assert_adds_up(const struct region_table *t) {
    int64_t sum = t->free, kinds = t->free;
    for (uint32_t i = 0; i < t->row_count; i++) {
        sum += t->rows[i].bytes;
        assert_int_not_equal(t->rows[i].bytes, 0);
        assert_true(t->rows[i].bytes > 0 || t->rows[i].kind == ROW_UNEXPLAINED);
    }
    for (int kind = 0; kind < ROW_KIND_COUNT; kind++)
        kinds += region_table_sum(t, (enum row_kind)kind);
    assert_int_equal(sum, t->region->bytes);
    assert_int_equal(kinds, t->region->bytes);
}

/// The row of `kind` and `component`, of `source`; there must be exactly one.
static int64_t row_bytes(const struct region_table *t, enum row_kind kind, enum row_source source,
        uint32_t component) {
    int64_t bytes = 0;
    unsigned found = 0;
    for (uint32_t i = 0; i < t->row_count; i++) {
        const struct region_row *row = &t->rows[i];
        if (row->kind != kind || row->component != component)
            continue;
        assert_int_equal(row->source, source);
        bytes = row->bytes;
        found++;
    }
    assert_int_equal(found, 1);
    return bytes;
}

static void names_are_those_of_the_report(void **state) {
    (void)state;
    static const char *const kinds[] = { "reserved", "static", "heap", "kernel", "stack", "task",
        "overhead", "unexplained", "unknown" };
    static const char *const sources[] = { "measured", "profile", "observed", "computed" };
    assert_int_equal(sizeof kinds / sizeof kinds[0], ROW_KIND_COUNT);
    assert_int_equal(sizeof sources / sizeof sources[0], ROW_SOURCE_COUNT);
    for (int i = 0; i < ROW_KIND_COUNT; i++)
        assert_string_equal(row_kind_names[i], kinds[i]);
    for (int i = 0; i < ROW_SOURCE_COUNT; i++)
        assert_string_equal(row_source_names[i], sources[i]);
}

static void an_empty_chip_has_its_reserved_ranges_and_heaps(void **state) {
    struct fixture *f = *state;
    place_by(f, NULL, NULL, NULL);
    struct region_table t = table(internal, NULL);
    assert_adds_up(&t);
    int64_t control = (int64_t)heap_cost_region_overhead(&f->target, internal);
    assert_int_equal(t.region->bytes, 786432);
    assert_int_equal(t.row_count, 3);
    assert_true(str_equal(t.rows[0].about, STR("ROM data, kept")));
    assert_int_equal(t.rows[0].bytes, 1116);
    assert_true(str_equal(t.rows[1].about, STR("L2 cache")));
    assert_int_equal(t.rows[1].bytes, 131072);
    assert_int_equal(region_table_sum(&t, ROW_RESERVED), 131072 + 1116);
    assert_int_equal(t.rows[0].source, ROW_PROFILE);
    assert_int_equal(row_bytes(&t, ROW_OVERHEAD, ROW_COMPUTED, ROW_NO_COMPONENT), control);
    assert_int_equal(t.free, 786432 - 131072 - 1116 - control);
    assert_false(t.free_observed);
}

static void each_row_says_what_where_and_how_it_is_known(void **state) {
    struct fixture *f = *state;
    static struct static_row rows[] = {
        { .component = ALPHA, .kind = FOOTPRINT_ZERO, .bytes = 5000, .least = 5000 },
        { .component = BETA,
                .kind = FOOTPRINT_DATA,
                .origin = STATIC_OF_ARCHIVES,
                .bytes = 60,
                .least = 10 },
        { .component = UNKNOWN, .kind = FOOTPRINT_DATA, .bytes = 70, .least = 70 },
        { .region = 3, .component = ALPHA, .kind = FOOTPRINT_ZERO, .bytes = 9, .least = 9 }
    };
    static const struct static_account statics = { .rows = rows, .row_count = 4 };
    place_by(f, "stack default 32KB psram\n", NULL, NULL);
    born(ALPHA, LEDGER_MALLOC, 100, 0);
    born(ALPHA, LEDGER_NEW, 1000, 0);
    born(UNKNOWN, LEDGER_MALLOC, 20, 0);
    born(HOST, LEDGER_MALLOC, 99999, 0);
    kernel_object(BETA, KERNEL_MUTEX, 1);
    kernel_object(UNKNOWN, KERNEL_SEMAPHORE, 1);
    kernel_object(ALPHA, KERNEL_THREAD, 1);
    struct region_table t = table(internal, &statics);
    assert_adds_up(&t);
    assert_int_equal(row_bytes(&t, ROW_STATIC, ROW_MEASURED, ALPHA), 5000);
    assert_int_equal(row_bytes(&t, ROW_STATIC, ROW_COMPUTED, BETA), 60); // an upper bound
    assert_int_equal(row_bytes(&t, ROW_STATIC, ROW_MEASURED, UNKNOWN), 70);
    assert_int_equal(row_bytes(&t, ROW_HEAP, ROW_MEASURED, ALPHA), 1100);
    assert_int_equal(row_bytes(&t, ROW_UNKNOWN, ROW_MEASURED, UNKNOWN), 20);
    assert_int_equal(row_bytes(&t, ROW_KERNEL, ROW_COMPUTED, BETA), 92);
    assert_int_equal(row_bytes(&t, ROW_KERNEL, ROW_COMPUTED, UNKNOWN), 84);
    assert_int_equal(row_bytes(&t, ROW_KERNEL, ROW_COMPUTED, ALPHA), 400);
    assert_int_equal(region_table_sum(&t, ROW_HEAP), 1100);
    assert_int_equal(region_table_sum(&t, ROW_STACK), 0);
    int64_t control = (int64_t)heap_cost_region_overhead(&f->target, internal);
    assert_int_equal(region_table_sum(&t, ROW_OVERHEAD), control + 4 + 12 + 4 + 12 + 4 + 16);
    struct region_table outside = table(psram, NULL);
    assert_adds_up(&outside);
    assert_int_equal(row_bytes(&outside, ROW_STACK, ROW_COMPUTED, ALPHA), 32768);
    assert_int_equal(region_table_sum(&outside, ROW_HEAP), 0);
}

static void rows_of_nothing_are_left_out(void **state) {
    static const struct static_account statics = { .row_count = 0 };
    place_by(*state, NULL, NULL, NULL);
    struct block b = born(ALPHA, LEDGER_MALLOC, 100, 0);
    placement_block_gone(&placed, &b, ALPHA, 0);
    struct region_table t = table(internal, &statics);
    assert_int_equal(t.row_count, 3);
    assert_adds_up(&t);
}

static void free_bytes_below_zero_are_not_clipped(void **state) {
    place_by(*state, NULL, NULL, NULL);
    struct region_table before = table(internal, NULL);
    for (unsigned i = 0; i < 60; i++)
        born(ALPHA, LEDGER_MALLOC, 16384, 0);
    struct region_table t = table(internal, NULL);
    assert_adds_up(&t);
    assert_int_equal(t.free, before.free - 60 * 16388);
    assert_true(t.free < 0);
}

static void every_region_of_every_chip_adds_up(void **state) {
    static const char *const choices[][2] = { { NULL, NULL }, { "cache=256K", NULL },
        { "cache=512K", "idf=v6.0" }, { "revision=3", "idf=v5.5.5" },
        { "libc=picolibc", "psram=16M" } };
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        place_by(*state, "component alpha\n    malloc psram\nstack default 8KB internal\n",
                choices[i][0], choices[i][1]);
        born(ALPHA, LEDGER_MALLOC, 12345, 0);
        born(BETA, LEDGER_NEW, 54321, 0);
        born(MBEDTLS, LEDGER_MALLOC, 16717, 0);
        for (uint8_t object = KERNEL_MUTEX; object < KERNEL_OBJECT_COUNT; object++)
            kernel_object(ALPHA, object, 1);
        for (uint32_t r = 0; r < placed.target->region_count; r++) {
            struct region_table t = table(r, NULL);
            assert_adds_up(&t);
            assert_ptr_equal(t.region, &placed.target->regions[r]);
        }
    }
}

// ---- observed figures

static void a_figure_below_the_model_leaves_bytes_unexplained(void **state) {
    struct fixture *f = *state;
    place_by(f, NULL, NULL, NULL);
    born(ALPHA, LEDGER_MALLOC, 100, 0);
    struct region_table t = table(internal, NULL);
    int64_t model = t.free;
    uint32_t rows = t.row_count;
    region_table_observe(&f->arena, &t, 409600);
    assert_adds_up(&t);
    assert_int_equal(t.free, 409600);
    assert_true(t.free_observed);
    assert_int_equal(t.row_count, rows + 1);
    assert_int_equal(
            row_bytes(&t, ROW_UNEXPLAINED, ROW_OBSERVED, ROW_NO_COMPONENT), model - 409600);
    assert_true(region_table_sum(&t, ROW_UNEXPLAINED) > 0);
}

static void a_figure_above_the_model_says_that_it_needs_more(void **state) {
    struct fixture *f = *state;
    place_by(f, NULL, NULL, NULL);
    struct region_table t = table(internal, NULL);
    int64_t model = t.free;
    region_table_observe(&f->arena, &t, model + 1000);
    assert_adds_up(&t);
    assert_int_equal(t.free, model + 1000);
    assert_int_equal(region_table_sum(&t, ROW_UNEXPLAINED), -1000);
}

static void a_figure_that_agrees_needs_no_row(void **state) {
    struct fixture *f = *state;
    place_by(f, NULL, NULL, NULL);
    struct region_table t = table(internal, NULL);
    uint32_t rows = t.row_count;
    region_table_observe(&f->arena, &t, t.free);
    assert_adds_up(&t);
    assert_int_equal(t.row_count, rows);
    assert_true(t.free_observed);
}

static void unexplained_bytes_are_carried_to_moments_without_a_figure(void **state) {
    struct fixture *f = *state;
    place_by(f, NULL, NULL, NULL);
    struct region_table t = table(internal, NULL);
    int64_t model = t.free;
    region_table_unexplain(&f->arena, &t, 200000);
    assert_adds_up(&t);
    assert_int_equal(t.free, model - 200000);
    assert_false(t.free_observed);
    assert_int_equal(row_bytes(&t, ROW_UNEXPLAINED, ROW_OBSERVED, ROW_NO_COMPONENT), 200000);
    t = table(internal, NULL);
    region_table_unexplain(&f->arena, &t, -5);
    assert_adds_up(&t);
    assert_int_equal(t.free, model + 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(names_are_those_of_the_report),
        TEST(an_empty_chip_has_its_reserved_ranges_and_heaps),
        TEST(each_row_says_what_where_and_how_it_is_known),
        TEST(rows_of_nothing_are_left_out),
        TEST(free_bytes_below_zero_are_not_clipped),
        TEST(every_region_of_every_chip_adds_up),
        TEST(a_figure_below_the_model_leaves_bytes_unexplained),
        TEST(a_figure_above_the_model_says_that_it_needs_more),
        TEST(a_figure_that_agrees_needs_no_row),
        TEST(unexplained_bytes_are_carried_to_moments_without_a_figure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
