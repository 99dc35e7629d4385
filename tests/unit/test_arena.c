/// The arena: zeroed, aligned, not overlapping; chunks of every size; poison under ASan.
#include "arena.h"
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef __SANITIZE_ADDRESS__
#    include <sanitizer/asan_interface.h>
#endif

static void pieces_are_zeroed_aligned_and_apart(void **state) {
    enum { PIECES = 20000 };
    static unsigned char *pieces[PIECES];
    static size_t sizes[PIECES];
    struct arena a = { 0 };
    size_t asked = 0;
    (void)state;
    srand(1);
    for (size_t i = 0; i < PIECES; i++) {
        size_t align = (size_t)1 << (rand() % 7);
        sizes[i] = (size_t)(rand() % (i % 100 == 0 ? 200000 : 200));
        pieces[i] = arena_take(&a, sizes[i], 1, align);
        asked += sizes[i];
        assert_int_equal((uintptr_t)pieces[i] % align, 0);
        for (size_t j = 0; j < sizes[i]; j++) {
            assert_int_equal(pieces[i][j], 0);
        }
        memset(pieces[i], (int)(i % 255) + 1, sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t j = 0; j < sizes[i]; j++) {
            assert_int_equal(pieces[i][j], i % 255 + 1);
        }
    }
    assert_true(a.taken_bytes >= asked && a.taken_bytes < asked + (size_t)PIECES * 64);
    arena_clear(&a);
    assert_int_equal(a.taken_bytes, 0);
    assert_non_null(NEW(&a, int));
    arena_clear(&a);
    arena_clear(&a);
}

static void nothing_taken_is_not_null(void **state) {
    struct arena a = { 0 };
    (void)state;
    assert_non_null(NEW_ARRAY(&a, uint64_t, 0));
    arena_clear(&a);
}

static void large_piece_leaves_the_chunk_in_use(void **state) {
    struct arena a = { 0 };
    (void)state;
    char *first = arena_take(&a, 8, 1, 8);
    char *large = arena_take(&a, 1, (size_t)10 << 20, 4096);
    char *second = arena_take(&a, 8, 1, 8);
    assert_int_equal((uintptr_t)large % 4096, 0);
    large[((size_t)10 << 20) - 1] = 1;
    assert_true(second > first && second - first < 64);
    arena_clear(&a);
}

/// Ordinary chunks and lone ones, in every order; what is lost shows as a leak at the end.
static void clearing_gives_every_chunk_back(void **state) {
    (void)state;
    srand(6);
    for (int round = 0; round < 50; round++) {
        struct arena a = { 0 };
        for (int i = 0; i < 30; i++) {
            char *piece = arena_take(&a, 1, rand() % 2 ? 50000 : 3000000, 8);
            piece[0] = 1;
        }
        arena_clear(&a);
        assert_null(a.chunk);
    }
}

static void copies_and_prints(void **state) {
    struct arena a = { 0 };
    (void)state;
    struct str s = arena_copy(&a, (struct str){ "abcdef", 3 });
    assert_int_equal(s.len, 3);
    assert_string_equal(s.at, "abc");
    assert_string_equal(arena_copy(&a, (struct str){ 0 }).at, "");
    assert_string_equal(arena_printf(&a, "%s-%d", "x", 42), "x-42");
    assert_string_equal(arena_printf(&a, "%s", ""), "");
    arena_clear(&a);
}

/// Runs `take` in a child and gives its exit code.
static int exit_code_of(void (*take)(void)) {
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        take();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void take_product_that_overflows(void) {
    struct arena a = { 0 };
    volatile size_t count = SIZE_MAX / 4;
    (void)arena_take(&a, count, 16, 8);
}

static void take_more_than_there_is(void) {
    struct arena a = { 0 };
    volatile size_t count = SIZE_MAX / 2;
    (void)arena_take(&a, count, 1, 1);
}

static void running_out_exits_with_2(void **state) {
    (void)state;
    assert_int_equal(exit_code_of(take_product_that_overflows), 2);
    assert_int_equal(exit_code_of(take_more_than_there_is), 2);
}

static void sanitizer_sees_overruns(void **state) {
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    struct arena a = { 0 };
    const char *behind = arena_take(&a, 3, 1, 1);
    behind += 3;
    for (size_t size = 1; size < 70; size++) {
        char *piece = arena_take(&a, size, 1, 1);
        assert_false(__asan_address_is_poisoned(piece));
        assert_false(__asan_address_is_poisoned(piece + size - 1));
        assert_true(__asan_address_is_poisoned(piece + size));
        assert_true(__asan_address_is_poisoned(behind)); // Of the one before: the gap stays.
        assert_true(piece - behind >= 16);
        behind = piece + size;
    }
    char *large = arena_take(&a, 1, 100000, 1);
    assert_true(__asan_address_is_poisoned(large + 100000));
    arena_clear(&a);
#else
    skip();
#endif
}

static void text_grows(void **state) {
    struct arena a = { 0 };
    struct text t = { .arena = &a };
    (void)state;
    assert_int_equal(text_str(&t).len, 0);
    assert_string_equal(text_str(&t).at, "");
    for (int i = 0; i < 1000; i++) {
        text_printf(&t, "%d,", i);
        text_add(&t, STR("x"));
        text_add_char(&t, ';');
    }
    assert_int_equal(t.len, 10 + 180 + 2700 + 3000);
    assert_int_equal(strlen(t.at), t.len);
    assert_memory_equal(t.at, "0,x;1,x;", 8);
    assert_string_equal(t.at + t.len - 6, "999,x;");
    text_fill(&t, '-', 5000);
    assert_string_equal(t.at + t.len - 3, "---");
    arena_clear(&a);
}

static void text_wraps(void **state) {
    struct arena a = { 0 };
    struct text t = { .arena = &a };
    (void)state;
    text_wrap(&t, STR("one two three four\n\nfive\n  kept as it is, however long\nsix"), 2, 11);
    assert_string_equal(t.at, "  one two\n  three\n  four\n\n  five\n"
                              "    kept as it is, however long\n  six\n");
    arena_clear(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(nothing_taken_is_not_null),
        cmocka_unit_test(large_piece_leaves_the_chunk_in_use),
        cmocka_unit_test(clearing_gives_every_chunk_back),
        cmocka_unit_test(copies_and_prints),
        cmocka_unit_test(running_out_exits_with_2),
        cmocka_unit_test(sanitizer_sees_overruns),
        cmocka_unit_test(text_grows),
        cmocka_unit_test(text_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
