// What the cmocka.h macros that our tests use call, for programs built with -m32 where only the
// 64-bit library is installed. Linked in place of -lcmocka; empty in other builds. A failed
// assertion ends the test, as there.
#if defined(__i386__)
#    include <setjmp.h>
#    include <stdarg.h>
#    include <stddef.h>
#    include <stdint.h>
#    include <stdio.h>
#    include <stdlib.h>
#    include <string.h>

#    include <cmocka.h>

static jmp_buf failed;

void _fail(const char *const file, const int line) {
    printf("[   LINE   ] --- %s:%d: error: Failure!\n", file, line);
    longjmp(failed, 1);
}

void _assert_true(const LargestIntegralType result, const char *const expression,
        const char *const file, const int line) {
    if (result)
        return;
    printf("[  ERROR   ] --- %s\n", expression);
    _fail(file, line);
}

void _assert_int_equal(const LargestIntegralType a, const LargestIntegralType b,
        const char *const file, const int line) {
    if (a == b)
        return;
    printf("[  ERROR   ] --- %#llx != %#llx\n", (unsigned long long)a, (unsigned long long)b);
    _fail(file, line);
}

void _assert_int_not_equal(const LargestIntegralType a, const LargestIntegralType b,
        const char *const file, const int line) {
    _assert_true(a != b, "equal", file, line);
}

void _assert_memory_equal(const void *const a, const void *const b, const size_t size,
        const char *const file, const int line) {
    _assert_true(memcmp(a, b, size) == 0, "memory differs", file, line);
}

void _assert_string_equal(
        const char *const a, const char *const b, const char *const file, const int line) {
    _assert_true(strcmp(a, b) == 0, "strings differ", file, line);
}

int _cmocka_run_group_tests(const char *group_name, const struct CMUnitTest *const tests,
        const size_t num_tests, CMFixtureFunction group_setup, CMFixtureFunction group_teardown) {
    volatile int failures = 0;
    (void)group_setup;
    (void)group_teardown;
    printf("[==========] Running %zu test(s).\n", num_tests);
    for (volatile size_t i = 0; i < num_tests; i++) {
        printf("[ RUN      ] %s\n", tests[i].name);
        void *state = NULL;
        if (setjmp(failed) == 0) {
            if (tests[i].setup_func) {
                tests[i].setup_func(&state);
            }
            tests[i].test_func(&state);
            if (tests[i].teardown_func) {
                tests[i].teardown_func(&state);
            }
            printf("[       OK ] %s\n", tests[i].name);
        } else {
            failures++;
            printf("[  FAILED  ] %s\n", tests[i].name);
        }
    }
    printf("[==========] %s: %zu test(s) run.\n[  PASSED  ] %zu test(s).\n", group_name, num_tests,
            num_tests - (size_t)failures);
    return failures;
}
#else
typedef int no_empty_unit;
#endif
