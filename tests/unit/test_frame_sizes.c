/// Stack frames as compilers tell them: the text of -fstack-usage, the sections of -fstack-size-section, and whose they are.
#include "footprint_objects.h"
#include "frame_sizes.h"

#include "footprint_fixture.h"

// ---- text ----

static struct stack_usages parse(struct arena *a, const char *text) {
    struct stack_usages u = { .not_understood = 0 };
    stack_usage_parse(a, str_from(text), &u);
    return u;
}

static void assert_usage(const struct stack_usage *u, const char *file, uint32_t line,
        const char *function, uint64_t bytes, enum stack_usage_kind kind) {
    assert_true(str_equal(u->file, str_from(file)));
    assert_int_equal(u->line, line);
    assert_true(str_equal(u->function, str_from(function)));
    assert_int_equal(u->bytes, bytes);
    assert_int_equal(u->kind, kind);
}

static void lines_of_gcc_and_clang(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct stack_usages u = parse(&a, "su.c:5:38:s.constprop\t320\tdynamic,bounded\n"
                                      "su.cpp:4:21:T ns::C::g(T) [with T = int]\t224\tstatic\r\n"
                                      "su.cpp:3:_ZN2ns1C1fEi\t120\tdynamic\n"
                                      "C:\\a b\\x.c:7:1:f\t8\tstatic,ignoring_inline_asm\n"
                                      "\n"
                                      "x:1.c:9:2:ns::g(a::b)\t16\tstatic");
    assert_int_equal(u.list.len, 5);
    assert_int_equal(u.not_understood, 0);
    assert_usage(&u.list.at[0], "su.c", 5, "s.constprop", 320, STACK_BOUNDED);
    assert_usage(&u.list.at[1], "su.cpp", 4, "T ns::C::g(T) [with T = int]", 224, STACK_STATIC);
    assert_usage(&u.list.at[2], "su.cpp", 3, "_ZN2ns1C1fEi", 120, STACK_DYNAMIC);
    assert_usage(&u.list.at[3], "C:\\a b\\x.c", 7, "f", 8, STACK_STATIC);
    assert_usage(&u.list.at[4], "x:1.c", 9, "ns::g(a::b)", 16, STACK_STATIC);
    arena_clear(&a);
}

static void damaged_lines_are_counted(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct stack_usages u = parse(&a, "a.c:1:1:f\t8\tstatic\n"
                                      "a.c:1:1:f\t8\n"
                                      "a.c:1:1:f\t99999999999999999999\tstatic\n"
                                      "a.c:1:1:f\t\tstatic\n"
                                      "a.c:1:1:f\t-8\tstatic\n"
                                      "a.c:1:1:f\t8\telastic\n"
                                      "a.c:99999999999:1:f\t8\tstatic\n"
                                      "a.c:1:1:\t8\tstatic\n"
                                      "noplace\t8\tstatic\n"
                                      ":1:1:f\t8\tstatic\n"
                                      "\t\t\n");
    assert_int_equal(u.list.len, 1);
    assert_int_equal(u.not_understood, 10);
    assert_int_equal(u.first_bad_line, 2);
    arena_clear(&a);
}

// ---- with the footprint ----

static const char c_source[] =
        "int use(char *);\n"
        "int f(int n) { char a[100]; return use(a) + n; }\n"
        "static __attribute__((noinline)) int local(int n) { char a[300]; return use(a) + n; }\n"
        "int t(int n) { return local(n) + 1; }\n";
static const char other_source[] =
        "int use(char *);\n"
        "static __attribute__((noinline)) int local(int n) { char a[500]; return use(a) + n; }\n"
        "int u(int n) { return local(n) + 1; }\n";
static const char cxx_source[] =
        "int use(char *);\n"
        "namespace ns { struct C { int f(int); int f(char); template <class T> T g(T); }; }\n"
        "int ns::C::f(int n) { char a[100]; return use(a) + n; }\n"
        "int ns::C::f(char n) { char a[200]; return use(a) + n; }\n"
        "template <class T> T ns::C::g(T x) { char b[400]; return use(b) + x; }\n"
        "template int ns::C::g<int>(int);\n"
        "extern \"C\" int plain(int n) { char v[600]; return use(v) + n; }\n";

static void write_sources(void) {
    write_file("c.c", c_source);
    write_file("other.c", other_source);
    write_file("cxx.cpp", cxx_source);
}

static void read_objects(struct fixture *f, struct frame_sizes *s, const char *const *names) {
    *f = (struct fixture){ 0 };
    footprint_init(&f->footprint, &f->arena, NULL);
    for (; *names; names++) {
        struct footprint_skipped skipped;
        if (!footprint_objects_add(&f->footprint, in_folder(*names), &skipped, &f->err)) {
            fail_msg("%s", f->err.text);
        }
    }
    assert_adds_up(f);
    frame_sizes_begin(s, &f->arena, &f->footprint);
}

static void add_file(struct fixture *f, struct frame_sizes *s, const char *name) {
    if (!frame_sizes_add_file(s, in_folder(name), &f->err)) {
        fail_msg("%s", f->err.text);
    }
}

/// The frame of the function that `object` has under `symbol`.
static const struct frame_size *frame_of(const struct fixture *f, const struct frame_sizes *s,
        const char *symbol, const char *object) {
    for (size_t i = 0; i < s->list.len; i++) {
        const struct frame_size *frame = &s->list.at[i];
        const struct footprint_item *item =
                frame->item == FOOTPRINT_NONE ? NULL : &f->footprint.items.at[frame->item];
        if (item && is_named(item, symbol) &&
                str_equal(str_base_name(object_of(f, item)), str_from(object))) {
            return frame;
        }
    }
    fail_msg("no frame of %s in %s", symbol, object);
    return NULL;
}

/// What the compiler wrote is what is found under the name that the symbol table has: read anew by another way.
static void assert_frame(const struct fixture *f, const struct frame_sizes *s, const char *symbol,
        const char *object, const char *line_start) {
    const struct frame_size *frame = frame_of(f, s, symbol, object);
    char text[512], want[512];
    (void)snprintf(want, sizeof(want), "grep -F -h '%s' %s/*.su | awk -F '\\t' '{ print $2 }'",
            line_start, test_folder);
    FILE *pipe = popen(want, "r"); // NOLINT(cert-env33-c)
    assert_non_null(pipe);
    assert_non_null(fgets(text, sizeof(text), pipe));
    assert_int_equal(pclose(pipe), 0);
    assert_int_equal(frame->bytes, strtoull(text, NULL, 10));
}

static void files_of_gcc_find_their_functions(void **state) {
    (void)state;
    struct fixture f;
    struct frame_sizes s;
    write_sources();
    assert_true(command("cd %s && rm -f *.su && gcc -g -O1 -fno-ipa-cp -fstack-usage -c c.c && "
                        "gcc -g -O1 -fno-ipa-cp -fstack-usage -c other.c && "
                        "g++ -g -O1 -fstack-usage -c cxx.cpp",
            test_folder));
    read_objects(&f, &s, (const char *const[]){ "c.o", "other.o", "cxx.o", NULL });
    add_file(&f, &s, "c.su");
    add_file(&f, &s, "other.su");
    add_file(&f, &s, "cxx.su");
    frame_sizes_sort(&s);
    assert_int_equal(s.unmatched, 0);
    assert_int_equal(s.ambiguous, 0);
    assert_int_equal(s.list.len, 9);
    assert_frame(&f, &s, "f", "c.o", "c.c:2:5:f");
    assert_frame(&f, &s, "local", "c.o", "c.c:3:38:local");
    assert_frame(&f, &s, "local", "other.o", "other.c:2:38:local");
    assert_frame(&f, &s, "_ZN2ns1C1fEi", "cxx.o", "cxx.cpp:3:5:");
    assert_frame(&f, &s, "_ZN2ns1C1fEc", "cxx.o", "cxx.cpp:4:5:");
    assert_frame(&f, &s, "_ZN2ns1C1gIiEET_S2_", "cxx.o", "cxx.cpp:5:");
    assert_frame(&f, &s, "plain", "cxx.o", "cxx.cpp:7:");
    assert_true(s.list.at[0].bytes >= 600 && s.list.at[0].bytes >= s.list.at[1].bytes);
    end(&f);
}

static void names_that_fit_several_are_nobodys(void **state) {
    (void)state;
    struct fixture f;
    struct frame_sizes s;
    write_sources();
    assert_true(command(
            "cd %s && gcc -O1 -c c.c -o one.o && gcc -O1 -c other.c -o two.o", test_folder));
    write_file("some.su", "some.c:3:1:local\t32\tstatic\nsome.c:3:1:nobody\t16\tstatic\n");
    read_objects(&f, &s, (const char *const[]){ "one.o", "two.o", NULL });
    add_file(&f, &s, "some.su");
    assert_int_equal(s.ambiguous, 1);
    assert_int_equal(s.unmatched, 1);
    assert_int_equal(s.list.len, 2);
    assert_int_equal(s.list.at[0].item, FOOTPRINT_NONE);
    end(&f);
}

static void what_is_no_such_file_is_refused(void **state) {
    (void)state;
    struct fixture f;
    struct frame_sizes s;
    write_sources();
    assert_true(command("cd %s && gcc -O1 -c c.c", test_folder));
    read_objects(&f, &s, (const char *const[]){ "c.o", NULL });
    assert_false(frame_sizes_add_file(&s, in_folder("c.c"), &f.err));
    assert_int_equal(f.err.line, 1);
    assert_non_null(strstr(f.err.text, "-fstack-usage"));
    assert_false(frame_sizes_add_file(&s, in_folder("none.su"), &f.err));
    write_file("empty.su", "");
    assert_true(frame_sizes_add_file(&s, in_folder("empty.su"), &f.err));
    end(&f);
}

// ---- sections ----

/// clang writes the same figures into both.
static void check_sections(const char *flags, bool is_linked) {
    struct fixture f;
    struct frame_sizes s;
    if (!has_tool("clang")) {
        skip();
    }
    write_sources();
    assert_true(command(
            "cd %s && rm -f *.su && clang %s -O1 -fno-pic -ffunction-sections -fstack-usage "
            "-fstack-size-section -c c.c -o c.o && printf 'int use(char *p) { return *p; "
            "} int _start(void) { return 0; }' > use.c && clang %s -c use.c",
            test_folder, flags, flags));
    if (is_linked) {
        assert_true(command(
                "cd %s && clang %s -static -nostdlib c.o use.o -o c.elf", test_folder, flags));
        read_linked(&f, "c.elf", NULL);
        frame_sizes_begin(&s, &f.arena, &f.footprint);
    } else {
        read_objects(&f, &s, (const char *const[]){ "c.o", NULL });
    }
    frame_sizes_add_sections(&s);
    assert_int_equal(s.not_understood, 0);
    assert_int_equal(s.list.len, 3);
    const char *object = is_linked ? "" : "c.o";
    assert_frame(&f, &s, "f", object, "c.c:2:f");
    assert_frame(&f, &s, "local", object, "c.c:3:local");
    assert_frame(&f, &s, "t", object, "c.c:4:t");
    end(&f);
}

static void sections_of_objects(void **state) {
    (void)state;
    check_sections("", false);
    check_sections("--target=riscv32", false);
    check_sections("--target=armv7m-none-eabi", false);
}

static void sections_of_programs(void **state) {
    (void)state;
    check_sections("", true);
}

/// Of a damaged section what came before the damage is kept.
static void damaged_sections_are_counted(void **state) {
    (void)state;
    struct fixture f;
    struct frame_sizes s;
    static const char assembly[] = ".text\n.globl f\n.type f,@function\nf: nop\n.size f,.-f\n"
                                   ".section .stack_sizes,\"o\",@progbits,.text\n"
                                   ".quad f\n.uleb128 40\n.quad f\n.byte 0x80\n";
    write_file("s.s", assembly);
    assert_true(command("cd %s && gcc -c s.s", test_folder));
    read_objects(&f, &s, (const char *const[]){ "s.o", NULL });
    frame_sizes_add_sections(&s);
    assert_int_equal(s.list.len, 1);
    assert_int_equal(s.list.at[0].bytes, 40);
    assert_int_equal(s.not_understood, 1);
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_gcc_and_clang),
        cmocka_unit_test(damaged_lines_are_counted),
        cmocka_unit_test(files_of_gcc_find_their_functions),
        cmocka_unit_test(names_that_fit_several_are_nobodys),
        cmocka_unit_test(what_is_no_such_file_is_refused),
        cmocka_unit_test(sections_of_objects),
        cmocka_unit_test(sections_of_programs),
        cmocka_unit_test(damaged_sections_are_counted),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
