/// A project's configuration, as Kconfig's tool writes it and as people leave it.
#include "sdkconfig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;
static struct sdkconfig config;
static struct err err;

static bool parse(const char *text) {
    arena_clear(&arena);
    err = (struct err){ .text = "" };
    return sdkconfig_parse(&arena, "sdkconfig", str_from(text), &config, &err);
}

static void assert_value(const char *name, const char *value, uint32_t line) {
    const struct sdkconfig_value *v = sdkconfig_find(&config, str_from(name));
    assert_non_null(v);
    assert_string_equal(arena_copy(&arena, v->value).at, value);
    assert_int_equal(v->line, line);
}

static void values_are_read(void **state) {
    (void)state;
    assert_true(
            parse("#\n"
                  "# Automatically generated file. DO NOT EDIT.\n"
                  "# Espressif IoT Development Framework (ESP-IDF) 5.5.1 Project Configuration\n"
                  "#\n"
                  "CONFIG_SPIRAM=y\r\n"
                  "CONFIG_IDF_TARGET=\"esp32p4\"\n"
                  "CONFIG_CACHE_L2_CACHE_SIZE=0x20000\n"
                  "# CONFIG_HEAP_POISONING_LIGHT is not set\n"
                  "\n"
                  "CONFIG_EMPTY=\"\"\n"
                  "CONFIG_QUOTED=\"a \\\"b\\\" \\\\ # c\"\n"));
    assert_value("SPIRAM", "y", 5);
    assert_value("IDF_TARGET", "esp32p4", 6);
    assert_value("CACHE_L2_CACHE_SIZE", "0x20000", 7);
    assert_value("HEAP_POISONING_LIGHT", "n", 8);
    assert_value("EMPTY", "", 10);
    assert_value("QUOTED", "a \"b\" \\ # c", 11);
    assert_null(sdkconfig_find(&config, STR("SPIRAM_")));
    assert_null(sdkconfig_find(&config, STR("A")));
    assert_string_equal(arena_copy(&arena, config.idf_version).at, "5.5.1");
    assert_int_equal(config.not_understood, 0);
}

static void the_last_line_of_a_name_counts(void **state) {
    (void)state;
    assert_true(parse("CONFIG_B=1\nCONFIG_A=y\n# CONFIG_A is not set\nCONFIG_B=2\n"));
    assert_int_equal(config.count, 2);
    assert_value("A", "n", 3);
    assert_value("B", "2", 4);
}

static void what_is_no_value_is_counted(void **state) {
    (void)state;
    assert_true(parse("CONFIG_A=y\nnonsense\nCONFIG_B\nCONFIG_C=\"no end\nCONFIG D=1\n=3\n"));
    assert_int_equal(config.count, 1);
    assert_int_equal(config.not_understood, 5);
    assert_int_equal(config.first_line, 2);
}

static void another_file_is_refused(void **state) {
    (void)state;
    assert_false(parse("# a comment\n"));
    assert_non_null(strstr(err.text, "CONFIG_"));
    assert_false(parse(""));
    assert_false(parse("\n\n\xff\xfe\n"));
    assert_false(sdkconfig_read(&arena, "/nonexistent/sdkconfig", &config, &err));
}

static void numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is_number;
        uint64_t value;
    } cases[] = { { "16384", true, 16384 }, { "0x20000", true, 0x20000 }, { "010", true, 10 },
        { "y", false, 0 }, { "", false, 0 }, { "12k", false, 0 }, { "-1", false, 0 },
        { "111111111111111111111111111", false, 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sdkconfig_value v = { .value = str_from(cases[i].text) };
        uint64_t n = 0;
        assert_int_equal(sdkconfig_number(&v, &n), cases[i].is_number);
        if (cases[i].is_number)
            assert_int_equal(n, cases[i].value);
    }
}

static int clear(void **state) {
    (void)state;
    arena_clear(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(the_last_line_of_a_name_counts),
        cmocka_unit_test(what_is_no_value_is_counted),
        cmocka_unit_test(another_file_is_refused),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, clear);
}
