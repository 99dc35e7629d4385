/// Terminals, numbers and names for people.
#include "human.h"
#include "term.h"
#include "utf8.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int plain_environment(void **state) {
    (void)state;
    (void)unsetenv("COLUMNS");
    (void)unsetenv("NO_COLOR");
    return setenv("TERM", "xterm", 1);
}

static void width_of_a_file(void **state) {
    int fd = open("/dev/null", O_WRONLY);
    (void)state;
    struct term term = term_of(fd, TERM_AUTO);
    assert_int_equal(term.columns, TERM_FILE_COLUMNS);
    assert_false(term.is_terminal);
    assert_false(term.has_color);
    assert_true(term_of(fd, TERM_ALWAYS).has_color);
    (void)setenv("COLUMNS", "72", 1);
    assert_int_equal(term_of(fd, TERM_AUTO).columns, 72);
    (void)setenv("COLUMNS", "7", 1);
    assert_int_equal(term_of(fd, TERM_AUTO).columns, TERM_LEAST_COLUMNS);
    (void)setenv("COLUMNS", "99999999999999999999999", 1);
    assert_int_equal(term_of(fd, TERM_AUTO).columns, TERM_MOST_COLUMNS);
    static const char *const nonsense[] = { "", "0", "x", "80x", "-5", " 60" };
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        (void)setenv("COLUMNS", nonsense[i], 1);
        assert_int_equal(term_of(fd, TERM_AUTO).columns, TERM_FILE_COLUMNS);
    }
    (void)close(fd);
}

static void a_terminal(void **state) {
    struct winsize size = { .ws_col = 123, .ws_row = 40 };
    int outer;
    int inner;
    (void)state;
    if (openpty(&outer, &inner, NULL, NULL, &size) != 0) {
        skip();
    }
    struct term term = term_of(inner, TERM_AUTO);
    assert_true(term.is_terminal);
    assert_int_equal(term.columns, 123);
    assert_true(term.has_color);
    assert_string_equal(term_bold(&term), "\033[1m");
    assert_false(term_of(inner, TERM_NEVER).has_color);
    (void)setenv("NO_COLOR", "", 1);
    assert_true(term_of(inner, TERM_AUTO).has_color);
    (void)setenv("NO_COLOR", "1", 1);
    assert_false(term_of(inner, TERM_AUTO).has_color);
    assert_true(term_of(inner, TERM_ALWAYS).has_color);
    (void)unsetenv("NO_COLOR");
    (void)setenv("TERM", "dumb", 1);
    term = term_of(inner, TERM_AUTO);
    assert_false(term.has_color);
    assert_string_equal(term_bold(&term), "");
    assert_string_equal(term_plain(&term), "");
    size.ws_col = 0; // A terminal that does not tell.
    assert_int_equal(ioctl(outer, TIOCSWINSZ, &size), 0);
    assert_int_equal(term_of(inner, TERM_AUTO).columns, TERM_DEFAULT_COLUMNS);
    (void)close(outer);
    (void)close(inner);
}

static void assert_bytes(uint64_t bytes, const char *expected) {
    assert_string_equal(human_bytes(bytes).text, expected);
}

static void bytes_in_three_figures(void **state) {
    (void)state;
    assert_bytes(0, "0 B");
    assert_bytes(1, "1 B");
    assert_bytes(1023, "1023 B");
    assert_bytes(1024, "1.00 KiB");
    assert_bytes(10445, "10.2 KiB");
    assert_bytes(10234, "9.99 KiB");
    assert_bytes(10235, "10.0 KiB"); // 9.995 of one is 10.0, not 9.100 or 10.00.
    assert_bytes(102348, "99.9 KiB");
    assert_bytes(102349, "100 KiB");
    assert_bytes(786432, "768 KiB");
    assert_bytes(1048063, "1023 KiB");
    assert_bytes(1048064, "1.00 MiB"); // Rounds to 1024 KiB.
    assert_bytes(1048575, "1.00 MiB");
    assert_bytes(1048576, "1.00 MiB");
    assert_bytes(32u << 20, "32.0 MiB");
    assert_bytes(UINT64_C(1) << 40, "1.00 TiB");
    assert_bytes(UINT64_C(1) << 60, "1.00 EiB");
    assert_bytes(UINT64_MAX, "16.0 EiB");
}

/// Against the same rounding done in long double, for what that can hold exactly.
static void bytes_agree_with_floating_point(void **state) {
    (void)state;
    srand(5);
    for (int i = 0; i < 100000; i++) {
        uint64_t bytes = ((uint64_t)rand() << 20 ^ (uint64_t)rand()) >> rand() % 40;
        static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
        long double value = (long double)bytes / 1024;
        char expected[64];
        size_t unit = 0;
        for (; value >= 1023.5L && unit < 4; unit++) {
            value /= 1024;
        }
        int digits = value + 0.005L < 10 ? 2 : value + 0.05L < 100 ? 1 : 0;
        long double scale = digits == 2 ? 100 : digits == 1 ? 10 : 1;
        uint64_t rounded = (uint64_t)(value * scale + 0.5L);
        (void)snprintf(expected, sizeof(expected), "%.*Lf %s", digits, (long double)rounded / scale,
                units[unit]);
        if (bytes >= 1024) {
            assert_bytes(bytes, expected);
        }
    }
}

static void exact_numbers(void **state) {
    (void)state;
    assert_string_equal(human_exact(0).text, "0");
    assert_string_equal(human_exact(999).text, "999");
    assert_string_equal(human_exact(1000).text, "1,000");
    assert_string_equal(human_exact(786432).text, "786,432");
    assert_string_equal(human_exact(UINT64_MAX).text, "18,446,744,073,709,551,615");
    assert_string_equal(human_change(0).text, "0");
    assert_string_equal(human_change(1024).text, "+1,024");
    assert_string_equal(human_change(-3).text, "-3");
    assert_string_equal(human_change(INT64_MIN).text, "-9,223,372,036,854,775,808");
}

static void percentages(void **state) {
    (void)state;
    assert_string_equal(human_percent(1, 0).text, "-");
    assert_string_equal(human_percent(0, 5).text, "0.0 %");
    assert_string_equal(human_percent(5, 5).text, "100.0 %");
    assert_string_equal(human_percent(623, 1000).text, "62.3 %");
    assert_string_equal(human_percent(1, 100000).text, "< 0.1 %");
    assert_string_equal(human_percent(99999, 100000).text, "> 99.9 %");
    assert_string_equal(human_percent(3, 2).text, "150.0 %");
    assert_string_equal(human_percent(UINT64_MAX / 2, UINT64_MAX).text, "50.0 %");
}

static void times(void **state) {
    (void)state;
    assert_string_equal(human_time(0).text, "0 us");
    assert_string_equal(human_time(999).text, "999 us");
    assert_string_equal(human_time(1000).text, "1.00 ms");
    assert_string_equal(human_time(1234).text, "1.23 ms");
    assert_string_equal(human_time(999499).text, "999 ms");
    assert_string_equal(human_time(999500).text, "1.00 s");
    assert_string_equal(human_time(3400000).text, "3.40 s");
    assert_string_equal(human_time(119400000).text, "119 s");
    assert_string_equal(human_time(119500000).text, "2 min 0 s");
    assert_string_equal(human_time(200000000).text, "3 min 20 s");
}

static void assert_cut(const char *s, unsigned columns, const char *expected) {
    struct arena a = { 0 };
    struct str cut = human_cut(&a, str_from(s), columns);
    char *copy = arena_printf(&a, "%.*s", STR_ARG(cut));
    assert_string_equal(copy, expected);
    arena_clear(&a);
}

#define DOTS "\xE2\x80\xA6"

static void names_are_cut_in_the_middle(void **state) {
    (void)state;
    assert_cut("src/track.cpp", 13, "src/track.cpp");
    assert_cut("src/impl/track.cpp", 13, "src/im" DOTS "ck.cpp");
    assert_cut("src/impl/track.cpp", 12, "src/i" DOTS "ck.cpp");
    assert_cut("abc", 2, DOTS "c");
    assert_cut("abc", 1, DOTS);
    assert_cut("abc", 0, "");
    assert_cut("", 0, "");
}

static void paths_are_cut_in_front(void **state) {
    struct arena a = { 0 };
    (void)state;
    assert_true(str_equal(human_cut_front(&a, STR("src/track.cpp"), 13), STR("src/track.cpp")));
    assert_true(str_equal(
            human_cut_front(&a, STR("src/impl/track.cpp"), 13), STR(DOTS "pl/track.cpp")));
    assert_true(str_equal(human_cut_front(&a, STR("abc"), 1), STR(DOTS)));
    assert_true(str_equal(human_cut_front(&a, STR("abc"), 0), STR("")));
    assert_true(str_equal( // Wide: 3 of 4.
            human_cut_front(&a, STR("ab\xE4\xB8\xAD\xE6\x96\x87"), 4), STR(DOTS "\xE6\x96\x87")));
    arena_clear(&a);
}

static void wide_and_combining_characters(void **state) {
    (void)state;
    assert_int_equal(human_columns(STR("a\xC3\xA4")), 2);
    assert_int_equal(human_columns(STR("\xE4\xB8\xAD\xE6\x96\x87")), 4);
    assert_int_equal(human_columns(STR("e\xCC\x81")), 1); // e with a combining acute.
    assert_cut("\xE4\xB8\xAD\xE6\x96\x87\xE4\xB8\xAD", 5, "\xE4\xB8\xAD" DOTS "\xE4\xB8\xAD");
    assert_cut("\xE4\xB8\xAD\xE6\x96\x87\xE4\xB8\xAD", 4, DOTS "\xE4\xB8\xAD"); // Wide: 3 of 4.
    assert_cut("abe\xCC\x81", 2, DOTS "e\xCC\x81");
    assert_cut("ae\xCC\x81z", 2, DOTS "z"); // The accent does not stay without its letter.
}

static void hostile_names_cannot_reach_the_terminal(void **state) {
    struct arena a = { 0 };
    (void)state;
    struct str same = STR("ok \xC3\xA4");
    assert_ptr_equal(human_clean(&a, same).at, same.at);
    struct str clean = human_clean(&a,
            STR("\033[31m\n\t\xFF\x7F\xC2\x9B\xE2\x80\xAE!")); // NOLINT(misc-misleading-bidirectional)
    assert_true(str_equal(clean, STR("?[31m?????"
                                     "?!")));
    srand(9);
    for (int round = 0; round < 20000; round++) {
        char bytes[16];
        struct str s = { bytes, (size_t)rand() % sizeof(bytes) };
        for (size_t i = 0; i < s.len; i++) {
            bytes[i] = (char)(rand() % 2 ? rand() % 256 : "\xE4\xB8\xAD\xCC\x81"[rand() % 5]);
        }
        unsigned columns = (unsigned)rand() % 12;
        struct str cut = human_cut(&a, s, columns);
        assert_true(human_columns(cut) <= columns || human_columns(cut) == 0);
        assert_int_equal(utf8_check(cut.at, cut.len), cut.len);
        for (size_t i = 0; i < cut.len; i++) {
            assert_true((unsigned char)cut.at[i] >= ' ' && cut.at[i] != 0x7F);
        }
        arena_clear(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(width_of_a_file, plain_environment),
        cmocka_unit_test_setup(a_terminal, plain_environment),
        cmocka_unit_test(bytes_in_three_figures),
        cmocka_unit_test(bytes_agree_with_floating_point),
        cmocka_unit_test(exact_numbers),
        cmocka_unit_test(percentages),
        cmocka_unit_test(times),
        cmocka_unit_test(names_are_cut_in_the_middle),
        cmocka_unit_test(paths_are_cut_in_front),
        cmocka_unit_test(wide_and_combining_characters),
        cmocka_unit_test(hostile_names_cannot_reach_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
