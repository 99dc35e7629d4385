// PROGRAM.versions: what a program was built from.
#include "target_fixture.h"
#include "versions.h"

static bool read_text(struct fixture *f, const char *text, struct versions *out) {
    memset(&f->err, 0, sizeof f->err);
    return versions_read(&f->arena, fixture_write(f, "app.versions", text), out, &f->err);
}

static void components_are_read_with_version_and_origin(void **state) {
    struct fixture *f = *state;
    struct versions v;
    assert_true(read_text(f,
            "# made by the build\nlibdatachannel 0.23.2 crate datachannel-sys 0.23.0\nzlib 1.3\n",
            &v));
    assert_int_equal(v.count, 2);
    assert_string_equal(v.list[0].component.at, "libdatachannel");
    assert_string_equal(v.list[0].version.at, "0.23.2");
    assert_true(str_equal(v.list[0].origin, STR("crate datachannel-sys 0.23.0")));
    assert_string_equal(v.list[1].component.at, "zlib");
    assert_int_equal(v.list[1].origin.len, 0);
    assert_true(read_text(f, "", &v));
    assert_int_equal(v.count, 0);
}

static void a_component_without_a_version_is_refused(void **state) {
    struct fixture *f = *state;
    struct versions v;
    assert_false(read_text(f, "zlib 1.3\nlibjuice\n", &v));
    fixture_assert_failed(f, 2, "the component's version");
    assert_false(versions_read(&f->arena, "no-such-file", &v, &f->err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                components_are_read_with_version_and_origin, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                a_component_without_a_version_is_refused, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
