/// Slices, shell-like matching, UTF-8 and suggestions.
#include "str.h"
#include "suggest.h"
#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool match(const char *s, const char *glob) {
    return str_matches(str_from(s), str_from(glob));
}

static void comparing(void **state) {
    (void)state;
    assert_true(str_equal(STR("abc"), str_from("abc")));
    assert_false(str_equal(STR("abc"), STR("abd")));
    assert_true(str_equal(str_from(NULL), STR("")));
    assert_true(str_compare(STR("ab"), STR("abc")) < 0);
    assert_true(str_compare(STR("b"), STR("abc")) > 0);
    assert_true(str_compare(STR("\xff"), STR("a")) > 0); // Bytes, not signed characters.
    assert_int_equal(str_compare(STR("ab"), STR("ab")), 0);
    assert_true(str_starts_with(STR("libjuice.a"), STR("lib")));
    assert_false(str_starts_with(STR("li"), STR("lib")));
    assert_true(str_ends_with(STR("libjuice.a"), STR(".a")));
    assert_false(str_ends_with(STR("a"), STR(".a")));
    assert_true(str_ends_with(STR("a"), STR("")));
}

static void base_names(void **state) {
    (void)state;
    assert_true(str_equal(str_base_name(STR("/a/libb.a")), STR("libb.a")));
    assert_true(str_equal(str_base_name(STR("libb.a")), STR("libb.a")));
    assert_true(str_equal(str_base_name(STR("a/")), STR("")));
    assert_true(str_equal(str_base_name(STR("")), STR("")));
}

static void globs_match_the_whole(void **state) {
    (void)state;
    assert_true(match("", ""));
    assert_true(match("", "*"));
    assert_false(match("a", ""));
    assert_true(match("src/impl/track.cpp", "*/impl/*.cpp"));
    assert_true(match("src/impl/deep/track.cpp", "src/*.cpp")); // Slashes included.
    assert_false(match("src/impl/track.cpp", "impl/*.cpp"));
    assert_false(match("track.cpp.o", "*.cpp"));
    assert_true(match("abab", "*ab"));
    assert_true(match("aXbYbZc", "a*b*c"));
    assert_false(match("aXbYbZd", "a*b*c"));
    assert_true(match("abc", "a?c"));
    assert_false(match("ac", "a?c"));
    assert_false(match("ab", "abc"));
}

static void glob_sets_and_escapes(void **state) {
    (void)state;
    assert_true(match("m3", "m[0-9]"));
    assert_false(match("mx", "m[0-9]"));
    assert_true(match("mx", "m[!0-9]"));
    assert_false(match("m3", "m[!0-9]"));
    assert_true(match("a]b", "a[]]b"));
    assert_true(match("a-b", "a[-x]b"));
    assert_true(match("a-b", "a[x-]b"));
    assert_true(match("a[b", "a[b"));   // Unclosed: stands for itself.
    assert_false(match("ab", "a[!]b")); // Unclosed too: `]` right behind `[!` is a member.
    assert_true(match("a[!]b", "a[!]b"));
    assert_true(match("a*b", "a\\*b"));
    assert_false(match("axb", "a\\*b"));
    assert_true(match("a\\", "a\\")); // A last backslash stands for itself.
    assert_true(match("operator new[]", "operator new\\[\\]"));
    assert_true(match("std::vector<int>::push_back", "std::*"));
}

/// The definition written down: exponential, so for short inputs only.
static bool slow_match(const char *s, const char *glob) { // NOLINT(misc-no-recursion): short input
    if (*glob == '\0') {
        return *s == '\0';
    }
    if (*glob == '*') {
        return slow_match(s, glob + 1) || (*s && slow_match(s + 1, glob));
    }
    return *s && (*glob == '?' || *glob == *s) && slow_match(s + 1, glob + 1);
}

static void globs_agree_with_the_definition(void **state) {
    unsigned matched = 0;
    (void)state;
    srand(7);
    for (int i = 0; i < 200000; i++) {
        char s[9] = { 0 };
        char glob[9] = { 0 };
        for (int j = rand() % 9; j > 0; j--) {
            s[j - 1] = "ab"[rand() % 2];
        }
        for (int j = rand() % 9; j > 0; j--) {
            glob[j - 1] = "ab*?"[rand() % 4];
        }
        assert_int_equal(match(s, glob), slow_match(s, glob));
        matched += match(s, glob);
    }
    assert_true(matched > 1000);
}

static void hostile_glob_is_not_slow(void **state) {
    static char s[20000];
    static char glob[2000];
    (void)state;
    memset(s, 'a', sizeof(s) - 1);
    for (size_t i = 0; i + 1 < sizeof(glob); i++) {
        glob[i] = i % 2 ? 'a' : '*';
    }
    glob[sizeof(glob) - 2] = 'b';
    assert_false(match(s, glob)); // Exponential where stars nest; here a product at worst.
}

static void utf8_is_strict(void **state) {
    uint32_t code = 0;
    (void)state;
    assert_int_equal(utf8_decode("\xE2\x82\xAC", 3, &code), 3);
    assert_int_equal(code, 0x20AC);
    assert_int_equal(utf8_decode("\xE2\x82\xAC", 2, &code), 0);     // Cut off.
    assert_int_equal(utf8_decode("\xC0\x80", 2, &code), 0);         // Overlong.
    assert_int_equal(utf8_decode("\xE0\x80\x80", 3, &code), 0);     // Overlong.
    assert_int_equal(utf8_decode("\xED\xA0\x80", 3, &code), 0);     // Surrogate.
    assert_int_equal(utf8_decode("\xF4\x90\x80\x80", 4, &code), 0); // Above U+10FFFF.
    assert_int_equal(utf8_decode("\xF4\x8F\xBF\xBF", 4, &code), 4);
    assert_int_equal(code, 0x10FFFF);
    assert_int_equal(utf8_decode("\x80", 1, &code), 0);
    assert_int_equal(utf8_decode("", 0, &code), 0);
    assert_int_equal(utf8_check("ab\xFF", 3), 2);
    assert_int_equal(utf8_check("ab\xC3\xA4", 4), 4);
}

static void utf8_column_widths(void **state) {
    (void)state;
    assert_int_equal(utf8_columns('a'), 1);
    assert_int_equal(utf8_columns(0xE4), 1);
    assert_int_equal(utf8_columns(0x2026), 1);
    assert_int_equal(utf8_columns(0x0301), 0);
    assert_int_equal(utf8_columns(0x4E2D), 2);
    assert_int_equal(utf8_columns(0x1F600), 2);
    assert_int_equal(utf8_columns(0x1F600 + 0x100000 - 0x1F600), 1);
}

static const char *nearest(const char *word) {
    static const char *const names[] = { "record", "report", "info", "explain", "version", NULL };
    struct suggest s = { .word = str_from(word) };
    for (size_t i = 0; names[i]; i++) {
        suggest_offer(&s, names[i]);
    }
    return s.best;
}

static void suggests_what_was_meant(void **state) {
    (void)state;
    assert_string_equal(nearest("reprot"), "report");
    assert_string_equal(nearest("recrod"), "record");
    assert_string_equal(nearest("inof"), "info");
    assert_string_equal(nearest("exp"), "explain");
    assert_string_equal(nearest("versions"), "version");
    assert_null(nearest("frobnicate"));
    assert_null(nearest(""));
    assert_null(
            nearest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing),
        cmocka_unit_test(base_names),
        cmocka_unit_test(globs_match_the_whole),
        cmocka_unit_test(glob_sets_and_escapes),
        cmocka_unit_test(globs_agree_with_the_definition),
        cmocka_unit_test(hostile_glob_is_not_slow),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(utf8_column_widths),
        cmocka_unit_test(suggests_what_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
