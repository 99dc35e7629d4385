/// Filters: what passes, and messages that show where.
#include "filter.h"
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const fields[] = { "component", "kind", "symbol", NULL };
static struct arena arena;
static struct filter filter;
static struct err err;
static unsigned asked;

static struct str value(void *self, const void *row, uint32_t field) {
    (void)self;
    asked++;
    return str_from(((const char *const *)row)[field]);
}

/// Whether a row of libsrtp, zero, "key_table (a)" passes.
static bool passes(const char *text) {
    static const char *const row[] = { "libsrtp", "zero", "key_table (a)" };
    err = (struct err){ .text = "" };
    asked = 0;
    if (!filter_parse(&arena, str_from(text), fields, &filter, &err))
        fail_msg("%s", err.text);
    return filter_accepts(&filter, value, NULL, row);
}

static struct str other_form(void *self, const void *row, uint32_t field) {
    (void)self;
    (void)row;
    return field == 2 ? STR("key::table(...)") : STR("");
}

static void a_value_may_have_two_forms(void **state) {
    (void)state;
    static const char *const row[] = { "", "zero", "_ZN3key5tableEi" };
    static const char *const pass[] = { "symbol=key::table*", "symbol=_ZN3key*", "key::tab",
        "component=-", "not symbol=-" };
    static const char *const fail[] = { "not symbol=key::table*", "not symbol=_ZN3key*", "kind=-",
        "not component=-" };
    for (size_t i = 0; i < sizeof pass / sizeof pass[0]; i++) {
        assert_true(filter_parse(&arena, str_from(pass[i]), fields, &filter, &err));
        filter.also = other_form;
        assert_true(filter_accepts(&filter, value, NULL, row));
    }
    for (size_t i = 0; i < sizeof fail / sizeof fail[0]; i++) {
        assert_true(filter_parse(&arena, str_from(fail[i]), fields, &filter, &err));
        filter.also = other_form;
        assert_false(filter_accepts(&filter, value, NULL, row));
    }
}

static void conditions(void **state) {
    (void)state;
    assert_true(passes(""));
    assert_true(passes("   "));
    assert_true(passes("component=libsrtp"));
    assert_false(passes("component=lib"));
    assert_true(passes("component=lib*"));
    assert_true(passes("srtp")); // any field
    assert_true(passes("key_t"));
    assert_false(passes("usrsctp"));
    assert_true(passes("symbol=\"key_table (a)\""));
    assert_true(passes("\"table (\""));
    assert_true(passes("symbol=*"));
    assert_false(passes("symbol="));
}

static void operators(void **state) {
    (void)state;
    assert_true(passes("component=libsrtp and kind=zero"));
    assert_true(passes("component=libsrtp kind=zero")); // side by side
    assert_false(passes("component=libsrtp kind=data"));
    assert_true(passes("kind=data or kind=zero"));
    assert_false(passes("not kind=zero"));
    assert_true(passes("not not kind=zero"));
    assert_true(passes("not kind=data and component=libsrtp"));
    assert_true(passes("kind=data and component=x or kind=zero"));    // and binds stronger
    assert_false(passes("kind=data and (component=x or kind=zero)")); // than or
    assert_true(passes("(kind=data or(kind=zero))"));
    assert_false(passes("not (kind=data or kind=zero)"));
    assert_true(passes("not \"and\"")); // in quotes it is a word
}

static void only_what_decides_is_asked_for(void **state) {
    (void)state;
    assert_false(passes("kind=data and component=libsrtp"));
    assert_int_equal(asked, 1);
    assert_int_equal(filter.used, 3);
    assert_true(passes("kind=zero or component=libsrtp"));
    assert_int_equal(asked, 1);
}

static void assert_refused(const char *text, const char *part) {
    err = (struct err){ .text = "" };
    assert_false(filter_parse(&arena, str_from(text), fields, &filter, &err));
    if (strstr(err.text, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, err.text);
}

static void mistakes_show_where(void **state) {
    (void)state;
    assert_refused("kind=zero and knid=zero",
            "at 'knid=zero': there is no field 'knid', did you mean 'kind'?");
    assert_refused("section=x", "there is: component, kind, symbol");
    assert_refused("kind=zero and", "a condition is missing");
    assert_refused("or kind=zero", "at 'or kind=zero': a condition is missing");
    assert_refused("(kind=zero", "')' is missing");
    assert_refused("kind=zero)", "at ')': there is a ')' too many");
    assert_refused("symbol=\"abc", "quote");
    assert_refused("()", "a condition is missing");
    char deep[300];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    assert_refused(deep, "too deep");
    struct text many = { .arena = &arena };
    for (int i = 0; i <= FILTER_TERMS_MAX; i++)
        text_printf(&many, "kind=zero or ");
    assert_refused(many.at, "at 'kind=zero or ': it has too many conditions");
}

static int clear(void **state) {
    (void)state;
    arena_clear(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions),
        cmocka_unit_test(a_value_may_have_two_forms),
        cmocka_unit_test(operators),
        cmocka_unit_test(only_what_decides_is_asked_for),
        cmocka_unit_test(mistakes_show_where),
    };
    return cmocka_run_group_tests(tests, NULL, clear);
}
