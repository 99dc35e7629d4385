/// Archives of all forms, whole and damaged.
#include "ar_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "toolchain.h"

static struct arena arena;
static struct ar_file ar;
static struct err err;

/// Objects a.o, a_name_longer_than_sixteen.o, and util.o, each of one symbol of their own.
static bool make_objects(void) {
    return command("cd %s && for n in a a_name_longer_than_sixteen util; do "
                   "echo \"int ${n}_v = 1;\" | gcc -x c -c -o $n.o - || exit 1; done",
            test_folder);
}

static void open_archive(const char *name) {
    err = (struct err){ .text = "" };
    if (!ar_file_read(&arena, in_folder(name), &ar, &err))
        fail_msg("%s: %s", name, err.text);
}

static void close_archive(void) {
    ar_file_close(&ar);
    arena_clear(&arena);
}

static void assert_member(size_t index, const char *name, enum ar_member_kind kind) {
    assert_true(index < ar.member_count);
    assert_string_equal(arena_copy(&arena, ar.members[index].name).at, name);
    assert_int_equal(ar.members[index].kind, kind);
}

static void assert_the_three(void) {
    assert_int_equal(ar.member_count, 3);
    assert_member(0, "a.o", AR_MEMBER_ELF);
    assert_member(1, "a_name_longer_than_sixteen.o", AR_MEMBER_ELF);
    assert_member(2, "util.o", AR_MEMBER_ELF);
    for (size_t i = 0; i < 3; i++)
        assert_true(ar.members[i].bytes.len > 100);
}

#define THREE "a.o a_name_longer_than_sixteen.o util.o"

static void gnu_archives(void **state) {
    (void)state;
    assert_true(make_objects());
    assert_true(command("cd %s && rm -f g.a && ar rcs g.a " THREE, test_folder));
    open_archive("g.a");
    assert_the_three();
    assert_false(ar.is_thin);
    assert_false(ar.is_bsd);
    assert_non_null(strstr(ar.members[2].path.at, "/g.a(util.o)"));
    close_archive();
}

static void bsd_archives(void **state) {
    (void)state;
    if (!has_tool("llvm-ar"))
        skip();
    assert_true(make_objects());
    assert_true(command("cd %s && rm -f b.a && llvm-ar --format=bsd -rcs b.a " THREE, test_folder));
    open_archive("b.a");
    assert_the_three();
    assert_true(ar.is_bsd);
    close_archive();
}

static void thin_archives(void **state) {
    (void)state;
    assert_true(make_objects());
    assert_true(command("cd %s && mkdir -p sub && rm -f t.a sub/t.a && ar rcsT t.a " THREE
                        " && ar rcsT sub/t.a " THREE,
            test_folder));
    open_archive("t.a");
    assert_the_three();
    assert_true(ar.is_thin);
    close_archive();
    open_archive("sub/t.a"); // paths are relative to the archive's folder
    assert_int_equal(ar.member_count, 3);
    assert_int_equal(ar.members[0].kind, AR_MEMBER_ELF);
    close_archive();
    assert_true(command("rm %s/util.o", test_folder));
    open_archive("t.a");
    assert_member(2, "util.o", AR_MEMBER_MISSING);
    assert_non_null(strstr(ar.members[2].why, "No such file"));
    close_archive();
}

static void nested_archives(void **state) {
    (void)state;
    assert_true(make_objects());
    assert_true(command(
            "cd %s && rm -f in.a out.a && ar rcs in.a a.o util.o && ar rc out.a util.o in.a",
            test_folder));
    open_archive("out.a");
    assert_int_equal(ar.member_count, 3);
    assert_member(0, "util.o", AR_MEMBER_ELF);
    assert_member(1, "in.a(a.o)", AR_MEMBER_ELF);
    assert_member(2, "in.a(util.o)", AR_MEMBER_ELF);
    assert_int_equal(ar.members[2].ordinal, 1); // the outer one is another archive's
    close_archive();
}

static void members_of_one_name(void **state) {
    (void)state;
    assert_true(make_objects());
    assert_true(command("cd %s && rm -f d.a && mkdir -p sub && cp a.o sub/util.o && ar qcs d.a "
                        "util.o sub/util.o a.o",
            test_folder));
    open_archive("d.a");
    assert_int_equal(ar.member_count, 3);
    assert_int_equal(ar.members[0].ordinal, 1);
    assert_int_equal(ar.members[1].ordinal, 2);
    assert_true(str_ends_with(ar.members[0].path, STR("d.a(util.o)")));
    assert_true(str_ends_with(ar.members[1].path, STR("d.a(util.o)#2")));
    close_archive();
}

static void what_is_no_object(void **state) {
    (void)state;
    assert_true(make_objects());
    assert_true(command(
            "cd %s && echo hello >note.txt && printf 'BC\\300\\336xx' >bit.o && rm -f m.a && "
            "ar rc m.a note.txt bit.o a.o",
            test_folder));
    open_archive("m.a");
    assert_member(0, "note.txt",
            AR_MEMBER_OTHER); // of an odd size: the next one is behind a byte of padding
    assert_member(1, "bit.o", AR_MEMBER_LLVM);
    assert_member(2, "a.o", AR_MEMBER_ELF);
    close_archive();
}

/// An archive that names itself ends.
static void a_thin_archive_of_itself(void **state) {
    (void)state;
    assert_true(command("cd %s && printf '!<thin>\\n%%-48s%%-10d`\\n%%-48s%%-10d`\\n' self.a/ 8 "
                        "self.a/ 8 >self.a",
            test_folder));
    err = (struct err){ .text = "" };
    assert_false(ar_file_read(&arena, in_folder("self.a"), &ar, &err));
    assert_non_null(strstr(err.text, "deeper"));
    arena_clear(&arena);
}

static void assert_damage(const char *make, const char *word, uint64_t offset) {
    assert_true(command("cd %s && %s", test_folder, make));
    err = (struct err){ .text = "" };
    assert_false(ar_file_read(&arena, in_folder("x.a"), &ar, &err));
    if (strstr(err.text, word) == NULL)
        fail_msg("'%s' is not in '%s'", word, err.text);
    assert_int_equal(err.offset, offset);
    arena_clear(&arena);
}

static void damage_is_named_with_its_byte(void **state) {
    (void)state;
    assert_true(make_objects());
    assert_damage("echo no >x.a", "is no archive", UINT64_MAX);
    assert_damage("rm -f x.a && ar rc x.a a.o && truncate -s 40 x.a", "ends inside the head", 8);
    assert_damage(
            "rm -f x.a && ar rcS x.a a.o && truncate -s 200 x.a", "larger than the rest", 8 + 48);
    assert_damage("printf '!<arch>\\n%-58sxx' a.o/ >x.a", "no member begins", 8 + 58);
    assert_damage("printf '!<arch>\\n%-48s%-10s`\\n' a.o/ 12x >x.a", "no number", 8 + 48);
    assert_damage("printf '!<arch>\\n%-48s%-10d`\\n' /7 0 >x.a", "table of names", 8);
    assert_damage(
            "printf '!<arch>\\n%-48s%-10d`\\n' '#1/9' 4 >x.a && printf abcd >>x.a", "too long", 8);
}

/// Whatever the bytes, reading ends and stays inside them (under sanitizers).
static void cut_anywhere(void **state) {
    (void)state;
    assert_true(make_objects());
    assert_true(command("cd %s && rm -f c.a && ar rcs c.a " THREE, test_folder));
    for (unsigned size = 0; size < 300; size += 7) {
        assert_true(command("cd %s && head -c %u c.a >x.a", test_folder, size));
        (void)ar_file_read(&arena, in_folder("x.a"), &ar, &err);
        ar_file_close(&ar);
        arena_clear(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gnu_archives),
        cmocka_unit_test(bsd_archives),
        cmocka_unit_test(thin_archives),
        cmocka_unit_test(nested_archives),
        cmocka_unit_test(members_of_one_name),
        cmocka_unit_test(what_is_no_object),
        cmocka_unit_test(a_thin_archive_of_itself),
        cmocka_unit_test(damage_is_named_with_its_byte),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
