/// Messages: what is filled, how it reads, and that nothing overruns.
#include "err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#undef fail // cmocka has a macro of that name.

static void message_names_file_and_byte(void **state) {
    struct err err = { 0 };
    char out[200];
    (void)state;
    assert_false(fail(&err, "app.rlt", 1523712, "ends inside record %d", 81204));
    err_format(&err, out, sizeof(out));
    assert_string_equal(out, "app.rlt (byte 1523712): ends inside record 81204");
    assert_int_equal(err.line, 0);
}

static void message_names_file_and_line(void **state) {
    struct err err = { 0 };
    char out[200];
    (void)state;
    assert_false(fail_line(&err, "app.plan", 7, "unknown word '%s'", "slwo"));
    err_format(&err, out, sizeof(out));
    assert_string_equal(out, "app.plan:7: unknown word 'slwo'");
    assert_true(err.offset == ERR_NO_OFFSET);
}

static void message_without_place(void **state) {
    struct err err = { 0 };
    char out[200];
    (void)state;
    assert_false(fail(&err, "out.json", ERR_NO_OFFSET, "is a directory"));
    err_format(&err, out, sizeof(out));
    assert_string_equal(out, "out.json: is a directory");
    assert_false(fail(&err, NULL, ERR_NO_OFFSET, "no command given"));
    err_format(&err, out, sizeof(out));
    assert_string_equal(out, "no command given");
}

static void long_texts_are_cut(void **state) {
    struct err err = { 0 };
    char file[2000];
    char out[3000];
    (void)state;
    memset(file, 'f', sizeof(file) - 1);
    file[sizeof(file) - 1] = '\0';
    assert_false(fail(&err, file, 1, "%s", file));
    assert_int_equal(strlen(err.file), sizeof(err.file) - 1);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    err_format(&err, out, 10);
    assert_string_equal(out, "fffffffff");
    err_format(&err, out, 0); // Must not write at all.
    assert_string_equal(out, "fffffffff");
}

static void arguments_may_point_into_the_error(void **state) {
    struct err err = { 0 };
    char out[200];
    (void)state;
    fail(&err, "a.rlt", 3, "is damaged");
    assert_false(fail(&err, err.file, err.offset, "%s; try --partial", err.text));
    err_format(&err, out, sizeof(out));
    assert_string_equal(out, "a.rlt (byte 3): is damaged; try --partial");
}

static void no_error_wanted(void **state) {
    (void)state;
    assert_false(fail(NULL, "a", 0, "b"));
    assert_false(fail_line(NULL, "a", 1, "b"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_names_file_and_byte),
        cmocka_unit_test(message_names_file_and_line),
        cmocka_unit_test(message_without_place),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(arguments_may_point_into_the_error),
        cmocka_unit_test(no_error_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
