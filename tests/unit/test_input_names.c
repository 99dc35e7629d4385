/// Symbols in the names of sections.
#include "input_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_symbol(const char *name, const char *expected) {
    struct str got = input_name_symbol(str_from(name));
    if (!str_equal(got, str_from(expected))) {
        fail_msg("%s: %.*s, expected %s", name, STR_ARG(got), expected);
    }
}

static void sections_of_one_symbol(void **state) {
    (void)state;
    assert_symbol(".text.big", "big");
    assert_symbol(".text.startup.main", "main");
    assert_symbol(".text.unlikely._ZN1aC2Ev", "_ZN1aC2Ev");
    assert_symbol(".data.rel.ro.local.names", "names");
    assert_symbol(".data.rel.local.p", "p");
    assert_symbol(".rodata.table.0", "table.0");
    assert_symbol(".rodata.CSWTCH.12", "CSWTCH.12");
    assert_symbol(".bss.str1.4", "str1.4"); // A variable.
    assert_symbol(".sbss.cnt", "cnt");
}

static void sections_of_many(void **state) {
    (void)state;
    static const char *const names[] = { "", ".text", ".text.", ".text.unlikely", ".text.hot",
        ".data.rel.ro", ".data.rel.ro.local", ".rodata.str1.4", ".rodata.main.str1.8",
        ".rodata.cst16", ".text.12", ".iram1.5", ".eh_frame", "COMMON", ".textual.x" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_symbol(names[i], "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_of_one_symbol),
        cmocka_unit_test(sections_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
