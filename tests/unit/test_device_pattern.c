/// Patterns for an application's own lines: fields, units, names, what is refused.
#include "device_pattern.h"
#include "target_fixture.h"

static struct device_match match(struct fixture *f, const char *pattern, const char *text) {
    struct device_pattern p;
    struct device_match m;
    if (!device_pattern_parse(&f->arena, str_from(pattern), &p, &f->err))
        fail_msg("%s", f->err.text);
    if (!device_pattern_match(&p, str_from(text), &m))
        fail_msg("'%s' does not match '%s'", pattern, text);
    return m;
}

static void assert_no_match(struct fixture *f, const char *pattern, const char *text) {
    struct device_pattern p;
    struct device_match m;
    assert_true(device_pattern_parse(&f->arena, str_from(pattern), &p, &f->err));
    assert_false(device_pattern_match(&p, str_from(text), &m));
}

static void assert_figure(const struct device_match *m, uint32_t index, const char *capability,
        enum device_figure_kind kind, uint64_t bytes, bool about) {
    assert_true(index < m->count);
    assert_true(str_equal(m->figures[index].capability, str_from(capability)));
    assert_int_equal(m->figures[index].kind, kind);
    assert_int_equal(m->figures[index].bytes, bytes);
    assert_int_equal(m->figures[index].about, about);
}

static void fields_take_their_numbers(void **state) {
    struct fixture *f = *state;
    struct device_match m = match(f, "free internal: {internal}, psram: {psram}, largest {largest}",
            "I (12) mem: free internal: 322247,  psram: 8384188, largest 65536");
    assert_int_equal(m.count, 3);
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 322247, false);
    assert_figure(&m, 1, "psram", DEVICE_FIGURE_FREE, 8384188, false);
    assert_figure(&m, 2, "psram", DEVICE_FIGURE_LARGEST, 65536, false);
    assert_true(m.ends_open);
}

static void a_bare_largest_belongs_to_the_memory_beside_it(void **state) {
    struct fixture *f = *state;
    struct device_match m = match(f, "{least} {largest} {dma}", "1 2 3");
    assert_figure(&m, 0, "dma", DEVICE_FIGURE_LEAST, 1, false);
    assert_figure(&m, 1, "dma", DEVICE_FIGURE_LARGEST, 2, false);
    m = match(f, "{largest:internal} {psram} {least:internal}x", "1 2 3x");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_LARGEST, 1, false);
    assert_figure(&m, 2, "internal", DEVICE_FIGURE_LEAST, 3, false);
    assert_false(m.ends_open);
    m = match(f, "{largest}", "7");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_LARGEST, 7, false);
}

static void thousands_have_separators(void **state) {
    struct fixture *f = *state;
    struct device_match m = match(f, "{internal}", "1,234,567");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 1234567, false);
    m = match(f, "{internal}, {psram}", "12'345, 678");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 12345, false);
    assert_figure(&m, 1, "psram", DEVICE_FIGURE_FREE, 678, false);
    // a list, not thousands
    m = match(f, "{internal},{psram}", "1234,567");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 1234, false);
    assert_figure(&m, 1, "psram", DEVICE_FIGURE_FREE, 567, false);
    assert_no_match(f, "={internal};", "=1,23;");
}

static void units_count_in_the_line_and_in_the_pattern(void **state) {
    struct fixture *f = *state;
    struct device_match m = match(f, "free {internal}", "free 300 KB");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 300 << 10, true);
    m = match(f, "free {internal} KB of {*}, {psram}", "free 300 KB of 512, 2.5MiB");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 300 << 10, true);
    assert_figure(&m, 1, "psram", DEVICE_FIGURE_FREE, 5 << 19, true);
    m = match(f, "free {internal} bytes", "free 300 bytes");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 300, false);
    m = match(f, "free {internal}", "free 300 Kittens");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 300, false);
    m = match(f, "free {internal}.", "free 300. Done");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 300, false);
    assert_no_match(f, "free {internal}", "free 1.5 of 3");
}

static void a_number_that_goes_on_is_none(void **state) {
    struct fixture *f = *state;
    static const char *const lines[] = { "free heap 0x12345", "free heap 12ab", "free heap 55,5 KB",
        "free heap 1 234 567 bytes",
        "free heap 1\xc2\xa0"
        "234",
        "free heap 1GB", "free heap 12,34", "free heap 1.5", "free heap 1,234,56" };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_no_match(f, "free heap {internal}", lines[i]);
        assert_no_match(f, "{internal}", lines[i]);
    }
    struct device_match m = match(f, "free heap {internal}", "free heap 12B, 7");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 12, false);
    m = match(f, "{internal} {psram}", "heap 1 234");
    assert_figure(&m, 1, "psram", DEVICE_FIGURE_FREE, 234, false);
    m = match(f, "heap{internal}x{psram}", "heap0x12");
    assert_figure(&m, 1, "psram", DEVICE_FIGURE_FREE, 12, false);
    m = match(f, "{internal}", "free 300 1024");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 300, false);
}

static void names_and_anything_take_little(void **state) {
    struct fixture *f = *state;
    struct device_match m = match(f, "[{name}] {*}: {internal}", "I (1) m: [after wifi] a: b: 12");
    assert_true(str_equal(m.name, STR("after wifi")));
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 12, false);
    m = match(f, "{{{internal}}", "x {5}");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 5, false);
    assert_no_match(f, "{name}: {internal}", ": 5");
}

static void numbers_are_whole(void **state) {
    struct fixture *f = *state;
    assert_no_match(f, "{internal}", "no number");
    assert_no_match(f, "{internal}", "99999999999999999999");
    assert_no_match(f, "free {internal}", "free 562949953421312MB");
    assert_no_match(f, "free {internal} MB", "free 562949953421312 MB");
    struct device_match m = match(f, "{internal} KB", "123 KB");
    assert_figure(&m, 0, "internal", DEVICE_FIGURE_FREE, 123 << 10, true);
}

static void assert_refused(struct fixture *f, const char *pattern, const char *part) {
    struct device_pattern p;
    memset(&f->err, 0, sizeof f->err);
    assert_false(device_pattern_parse(&f->arena, str_from(pattern), &p, &f->err));
    fixture_assert_failed(f, 0, part);
}

static void what_makes_no_sense_is_refused(void **state) {
    struct fixture *f = *state;
    assert_refused(f, "free memory", "no figure");
    assert_refused(f, "", "no figure");
    assert_refused(f, "{internal", "not closed");
    assert_refused(f, "{} {internal}", "is empty");
    assert_refused(f, "{in ternal}", "is no field");
    assert_refused(f, "{largest:}", "is no field");
    assert_refused(f, "{name} {name} {internal}", "more than one {name}");
    assert_refused(f, "{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}", "too many");
}

static void a_hostile_line_takes_bounded_time(void **state) {
    struct fixture *f = *state;
    static char text[8192];
    memset(text, 'a', sizeof text - 1);
    assert_no_match(f, "{*}a{*}a{*}a{*}a{*}a{*}b{internal}", text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_take_their_numbers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                a_bare_largest_belongs_to_the_memory_beside_it, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(thousands_have_separators, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                units_count_in_the_line_and_in_the_pattern, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                a_number_that_goes_on_is_none, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                names_and_anything_take_little, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(numbers_are_whole, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                what_makes_no_sense_is_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                a_hostile_line_takes_bounded_time, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
