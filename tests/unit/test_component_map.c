/// Component maps: the file, what decides, the built-in part.
#include "component_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct component_map map;
    struct err err;
};

static void parse(struct fixture *f, const char *text) {
    *f = (struct fixture){ 0 };
    if (!component_map_parse(&f->arena, "components", str_from(text), &f->map, &f->err)) {
        fail_msg("line %u: %s", f->err.line, f->err.text);
    }
}

static void assert_component(
        struct fixture *f, const struct component_evidence *e, const char *want) {
    struct str got = f->map.names[component_of(&f->map, e)];
    if (!str_equal(got, str_from(want))) {
        fail_msg("%.*s, not %s", STR_ARG(got), want);
    }
}

/// Literals have one address each, as component_of() asks.
#define EVIDENCE(source_, function_, archive_, module_)                                            \
    (&(struct component_evidence){ .source = STR(source_),                                         \
            .function = STR(function_),                                                            \
            .archive = STR(archive_),                                                              \
            .module = STR(module_) })

static const char webrtc[] = "component libdatachannel\n"
                             "    source */libdatachannel/src/*\n"
                             "    archive libdatachannel*.a\n"
                             "    namespace rtc::*\n"
                             "component plog    # header-only\n"
                             "    source */plog/*\n"
                             "    namespace plog::*\n"
                             "component libstdc++ transparent\n"
                             "    source */include/c++/*\n"
                             "    namespace std::*\n"
                             "component pool allocator\n"
                             "    source */pool.c */arena.c\n"
                             "    source */more/*\n"
                             "component application\n"
                             "    module app\n"
                             "    archive *.cpp.o\n";

static void each_kind_of_evidence_points_to_its_component(void **state) {
    (void)state;
    struct fixture f;
    parse(&f, webrtc);
    assert_component(&f, EVIDENCE("/x/libdatachannel/src/a.cpp", "", "", ""), "libdatachannel");
    assert_component(&f, EVIDENCE("", "rtc::Channel::send(...)", "", ""), "libdatachannel");
    assert_component(&f, EVIDENCE("", "", "build/libdatachannel-static.a", ""), "libdatachannel");
    assert_component(&f, EVIDENCE("", "", "", "/opt/app"), "application");
    assert_component(&f, EVIDENCE("/x/arena.c", "", "", ""), "pool");
    assert_component(&f, EVIDENCE("/more/z.c", "", "", ""), "pool");
    assert_component(&f, EVIDENCE("", "", "dir/session.cpp.o", ""), "application");
    assert_component(&f, EVIDENCE("/else.c", "else", "libelse.a", "/opt/else"), "unknown");
    assert_component(&f, EVIDENCE("", "", "", ""), "unknown");
    // Only base names of archives and modules count.
    assert_component(&f, EVIDENCE("", "", "libdatachannel-x.a/other.a", "app/other"), "unknown");
    arena_clear(&f.arena);
}

static void stronger_evidence_wins_whatever_the_order_of_the_file(void **state) {
    (void)state;
    struct fixture f;
    parse(&f, webrtc);
    // plog's header inlined into libdatachannel.
    assert_component(&f,
            EVIDENCE("/x/libdatachannel/deps/plog/include/plog/Log.h", "rtc::f()",
                    "libdatachannel.a", "app"),
            "plog");
    // A template of libstdc++ instantiated there.
    assert_component(&f,
            EVIDENCE("/usr/include/c++/12/bits/stl_vector.h", "std::vector<rtc::X>::f()",
                    "libdatachannel.a", "app"),
            "libstdc++");
    // Source before name, name before archive, archive before module.
    assert_component(&f, EVIDENCE("/x/pool.c", "rtc::f()", "x.cpp.o", "app"), "pool");
    assert_component(&f, EVIDENCE("/no", "plog::f()", "libdatachannel.a", "app"), "plog");
    assert_component(&f, EVIDENCE("/no", "no", "libdatachannel.a", "app"), "libdatachannel");
    arena_clear(&f.arena);
}

static void within_a_kind_the_first_line_wins(void **state) {
    (void)state;
    struct fixture f;
    parse(&f, "component a\n source */x/y/*\ncomponent b\n source */x/*\n source /special\n"
              "component c\n source *\n");
    assert_component(&f, EVIDENCE("/x/y/z.c", "", "", ""), "a");
    assert_component(&f, EVIDENCE("/x/z.c", "", "", ""), "b");
    assert_component(&f, EVIDENCE("/special", "", "", ""), "b");
    assert_component(&f, EVIDENCE("/z.c", "", "", ""), "c");
    arena_clear(&f.arena);
}

static void properties_are_read(void **state) {
    (void)state;
    struct fixture f;
    uint32_t number = 0;
    parse(&f, "component a\ncomponent b transparent\ncomponent c allocator\n"
              "component d transparent allocator\n");
    static const bool want[][2] = { { false, false }, { true, false }, { false, true },
        { true, true } };
    for (uint32_t i = 0; i < 4; i++) {
        char name[2] = { (char)('a' + i), '\0' };
        assert_true(component_find(&f.map, str_from(name), &number));
        assert_int_equal(number, i); // In the order of the file.
        assert_int_equal(component_is_transparent(&f.map, i), want[i][0]);
        assert_int_equal(component_is_allocator(&f.map, i), want[i][1]);
    }
    assert_false(component_find(&f.map, STR("e"), &number));
    assert_false(component_is_transparent(&f.map, component_unknown(&f.map)));
    arena_clear(&f.arena);
}

static void mistakes_are_named_with_their_line(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
        const char *word;
    } cases[] = {
        { "component\n", 1, "name" },
        { "component a\ncomponent b\ncomponent a\n", 3, "line 1" },
        { "component a transparant\n", 1, "transparent" },
        { "component a\n    sources */x\n", 2, "source" },
        { "component a\n    source\n", 2, "pattern" },
        { "component a\n    source x\n        y\n", 3, "parts" },
        { "compnent a\n", 1, "component" },
        { "source */x\n", 1, "source" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f = { 0 };
        assert_false(
                component_map_parse(&f.arena, "my map", str_from(cases[i].text), &f.map, &f.err));
        assert_string_equal(f.err.file, "my map");
        assert_int_equal(f.err.line, cases[i].line);
        assert_non_null(strstr(f.err.text, cases[i].word));
        arena_clear(&f.arena);
    }
    struct fixture f = { 0 };
    assert_false(component_map_read(&f.arena, "/nonexistent", &f.map, &f.err));
    assert_string_equal(f.err.file, "/nonexistent");
    arena_clear(&f.arena);
}

static void too_many_components_are_refused(void **state) {
    (void)state;
    static char text[COMPONENTS_MOST * 20 + 40];
    size_t len = 0;
    for (int i = 0; i <= COMPONENTS_MOST; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "component c%d\n", i);
    }
    struct fixture f = { 0 };
    assert_false(component_map_parse(&f.arena, "x", (struct str){ text, len }, &f.map, &f.err));
    assert_int_equal(f.err.line, COMPONENTS_MOST + 1);
    arena_clear(&f.arena);
}

// ---- the built-in part ----

static void assert_transparent(
        struct fixture *f, const struct component_evidence *e, const char *want) {
    assert_component(f, e, want);
    assert_true(component_is_transparent(&f->map, component_of(&f->map, e)));
}

static void run_time_libraries_are_known_without_a_file(void **state) {
    (void)state;
    struct fixture f = { 0 };
    assert_true(component_map_read(&f.arena, NULL, &f.map, &f.err));
    assert_transparent(&f, EVIDENCE("", "", "", "/lib/i386-linux-gnu/libc.so.6"), "libc");
    assert_transparent(&f, EVIDENCE("", "", "", "/lib/ld-linux.so.2"), "libc");
    assert_transparent(&f, EVIDENCE("", "", "", "/lib64/ld-linux-x86-64.so.2"), "libc");
    assert_transparent(&f, EVIDENCE("", "", "", "linux-gate.so.1"), "libc");
    assert_transparent(&f, EVIDENCE("", "", "", "[vdso]"), "libc");
    assert_transparent(&f,
            EVIDENCE("/usr/include/i386-linux-gnu/bits/stdio2.h", "vasprintf", "", "/app"), "libc");
    assert_transparent(&f, EVIDENCE("", "", "", "/lib/x/libstdc++.so.6.0.30"), "libstdc++");
    assert_transparent(&f, EVIDENCE("", "", "", "/lib/libgcc_s.so.1"), "libstdc++");
    assert_transparent(&f, EVIDENCE("", "operator new(...)", "", "/app"), "libstdc++");
    assert_transparent(
            &f, EVIDENCE("/usr/include/c++/12/bits/x.h", "std::f()", "", "/app"), "libstdc++");
    struct component_evidence *recorder = EVIDENCE("", "", "", "/x/libramlens-preload.so");
    assert_component(&f, recorder, "recorder");
    assert_true(component_is_allocator(&f.map, component_of(&f.map, recorder)));
    arena_clear(&f.arena);
}

static void a_file_comes_before_the_built_in_part(void **state) {
    (void)state;
    struct fixture f;
    parse(&f, "component mine\n    module libc.so*\ncomponent libstdc++\n    source /mine/*\n");
    assert_component(&f, EVIDENCE("", "", "", "/lib/libc.so.6"), "mine");
    assert_transparent(&f, EVIDENCE("", "", "", "/lib/libm.so.6"), "libc");
    // The file's words count, the built-in globs are added.
    struct component_evidence *e = EVIDENCE("", "std::f()", "", "");
    assert_component(&f, EVIDENCE("/mine/a.h", "", "", ""), "libstdc++");
    assert_component(&f, e, "libstdc++");
    assert_false(component_is_transparent(&f.map, component_of(&f.map, e)));
    assert_int_equal(f.map.count, 6); // mine, libstdc++, recorder, placement, libc, unknown
    arena_clear(&f.arena);
}

static void modules_are_components_without_a_file(void **state) {
    (void)state;
    struct fixture f = { 0 };
    assert_true(component_map_read(&f.arena, NULL, &f.map, &f.err));
    uint32_t before = f.map.count;
    struct component_evidence *app = EVIDENCE("/src/a.c", "main", "", "/opt/[app]*");
    assert_component(&f, app, "unknown"); // Not told of yet.
    uint32_t number = component_map_add_module(&f.map, STR("/opt/[app]*"));
    assert_int_equal(number, before);
    assert_int_equal(component_map_add_module(&f.map, STR("/else/[app]*")), number);
    assert_int_equal(component_map_add_module(&f.map, STR("/lib/libfoo.so.1.2")), before + 1);
    assert_true(str_equal(f.map.names[before + 1], STR("libfoo")));
    assert_int_equal(component_map_add_module(&f.map, STR("")), component_unknown(&f.map));
    assert_int_equal(f.map.count, before + 2);
    assert_component(&f, app, "[app]*");
    assert_component(&f, EVIDENCE("", "", "", "/opt/appx"), "unknown"); // A name, no glob.
    uint32_t libc = 0;
    assert_true(component_find(&f.map, STR("libc"), &libc));
    assert_int_equal(component_map_add_module(&f.map, STR("/lib/libc.so.6")), libc);
    arena_clear(&f.arena);
    // A map that someone wrote has the components that it names.
    parse(&f, "component a\n    module a\n");
    before = f.map.count;
    assert_int_equal(component_map_add_module(&f.map, STR("/b")), component_unknown(&f.map));
    assert_int_equal(f.map.count, before);
    arena_clear(&f.arena);
}

static void frames_are_asked_for_like_any_evidence(void **state) {
    (void)state;
    struct fixture f;
    parse(&f, webrtc);
    struct frame frame = {
        .function = STR("rtc::f()"), .linkage = STR(""), .file = STR("/x/plog/a.h")
    };
    struct frame bare = { .function = STR(""), .linkage = STR(""), .file = STR("") };
    uint32_t plog = component_of_frame(&f.map, &frame, STR("/app"));
    assert_true(str_equal(f.map.names[plog], STR("plog")));
    uint32_t application = component_of_frame(&f.map, &bare, STR("/app"));
    assert_true(str_equal(f.map.names[application], STR("application")));
    uint32_t archive = component_of_frame_in(&f.map, &bare, STR("l/libdatachannel.a"), STR("/app"));
    assert_true(str_equal(f.map.names[archive], STR("libdatachannel")));
    static const struct frame zero;
    assert_int_equal(component_of_frame(&f.map, &zero, STR("")), component_unknown(&f.map));
    arena_clear(&f.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_evidence_points_to_its_component),
        cmocka_unit_test(stronger_evidence_wins_whatever_the_order_of_the_file),
        cmocka_unit_test(within_a_kind_the_first_line_wins),
        cmocka_unit_test(properties_are_read),
        cmocka_unit_test(mistakes_are_named_with_their_line),
        cmocka_unit_test(too_many_components_are_refused),
        cmocka_unit_test(run_time_libraries_are_known_without_a_file),
        cmocka_unit_test(a_file_comes_before_the_built_in_part),
        cmocka_unit_test(modules_are_components_without_a_file),
        cmocka_unit_test(frames_are_asked_for_like_any_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
