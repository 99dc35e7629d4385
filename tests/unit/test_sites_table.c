/// The table of sites against a search through its ranges, and against the lookup that programs have.
#include "alloc_symbols.h"
#include "sites_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RANGES = 400, ROOM = 1 << 20 };

static struct arena arena;

static int teardown(void **state) {
    (void)state;
    arena_clear(&arena);
    return 0;
}

/// What a walk through the ranges finds.
static uint8_t expected(
        const struct sites_range *ranges, size_t count, uint64_t caller, unsigned kind) {
    uint8_t found = SITES_NONE;
    if (caller - 1 >= ranges[count - 1].start)
        return SITES_NONE;
    for (size_t i = 0; i + 1 < count && ranges[i].start <= caller - 1; i++)
        if (ranges[i].start != ranges[i + 1].start)
            found = ranges[i].places[kind];
    return found;
}

static void check_all(const struct sites_range *ranges, size_t count, uint64_t address) {
    struct str table;
    struct err err = { .text = "" };
    assert_true(sites_table_make(&arena, ranges, count, address, ROOM, &table, &err));
    for (size_t i = 0; i < count; i++) {
        for (uint64_t step = 0; step < 4; step++) {
            uint64_t caller = ranges[i].start + step;
            for (unsigned kind = 0; kind < SITES_KINDS; kind++)
                assert_int_equal(sites_table_find(table, address, caller, kind),
                        expected(ranges, count, caller, kind));
        }
    }
}

static void finds_what_a_walk_finds(void **state) {
    (void)state;
    srand(1);
    for (int run = 0; run < 50; run++) {
        struct sites_range ranges[RANGES];
        uint64_t at = run % 2 ? 0x1000 : UINT64_C(0x555500001000);
        for (size_t i = 0; i < RANGES; i++) {
            at += (uint64_t)(rand() % (run % 5 == 0 ? 3 : 3000));
            ranges[i] = (struct sites_range){ at,
                { (uint8_t)(rand() % 3 ? rand() % 4 : SITES_NONE),
                        (uint8_t)(rand() % 3 ? rand() % 4 : SITES_NONE) } };
        }
        // The table before, between and behind the code.
        check_all(ranges, RANGES, ranges[0].start - 0x800);
        check_all(ranges, RANGES, ranges[RANGES / 2].start);
        check_all(ranges, RANGES, at + 0x10000);
        check_all(ranges, 2, at + 0x10000);
    }
}

static void is_empty_without_places(void **state) {
    (void)state;
    static const struct sites_range ranges[] = { { 16, { SITES_NONE, SITES_NONE } },
        { 32, { SITES_NONE, SITES_NONE } }, { 64, { SITES_NONE, SITES_NONE } } };
    struct str table;
    struct err err;
    assert_true(sites_table_make(&arena, ranges, 3, 4096, ROOM, &table, &err));
    assert_int_equal(table.len, 0);
    assert_int_equal(sites_table_find(table, 4096, 17, SITES_MALLOC), SITES_NONE);
}

static void says_how_much_room_it_needs(void **state) {
    (void)state;
    static const struct sites_range ranges[] = { { 16, { 1, 2 } }, { 64, { 255, 255 } } };
    struct str table;
    struct err err = { .text = "" };
    assert_false(sites_table_make(&arena, ranges, 2, 4096, 32, &table, &err));
    assert_non_null(strstr(err.text, "has room for 32; emit the form wrap with --room 1024"));
}

static void refuses_code_that_is_too_far_apart(void **state) {
    (void)state;
    static const struct sites_range ranges[] = { { 16, { 1, 2 } },
        { UINT64_C(0x200000000), { 255, 255 } } };
    struct str table;
    struct err err = { .text = "" };
    assert_false(sites_table_make(&arena, ranges, 2, 4096, ROOM, &table, &err));
    assert_non_null(strstr(err.text, "cannot hold"));
}

static void every_symbol_is_found_by_its_names(void **state) {
    (void)state;
    uint32_t of_class[ALLOC_CLASSES] = { 0 };
    for (uint32_t i = 0; i < alloc_symbol_count; i++) {
        char name[ALLOC_NAME_MAX];
        for (const char *size = "jm"; *size != '\0'; size++) {
            alloc_symbol_name(i, *size, name);
            assert_int_equal(alloc_symbol_find(str_from(name)), i);
        }
        of_class[alloc_symbols[i].class]++;
    }
    assert_int_equal(of_class[ALLOC_NEW], 8);
    assert_int_equal(of_class[ALLOC_DELETE], 12);
    assert_int_equal(alloc_symbol_find(STR("mallocx")), UINT32_MAX);
    assert_int_equal(alloc_symbol_find(STR("_Znwi")), UINT32_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_a_walk_finds),
        cmocka_unit_test(is_empty_without_places),
        cmocka_unit_test(says_how_much_room_it_needs),
        cmocka_unit_test(refuses_code_that_is_too_far_apart),
        cmocka_unit_test(every_symbol_is_found_by_its_names),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
