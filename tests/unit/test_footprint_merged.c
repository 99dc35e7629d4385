/// What a map alone tells wrong or not at all: whose merged strings are, and what of the archives is not in the program.
#include "footprint_linked.h"

#include "footprint_fixture.h"

// ---- merged strings and constants ----

static const char a_c[] = "const char *a(int x) { return x ? \"only of a\" : \"foobar\"; }\n"
                          "double a_half(double x) { return x * 3.25; }\n"
                          "const int *a_wide(void) { return L\"wide\"; }\n";
static const char b_c[] = "const char *b(int x) { return x ? \"bar\" : \"of both\"; }\n"
                          "double b_half(double x) { return x * 3.25; }\n";
static const char c_c[] =
        "const char *c(int x) { return x ? \"only of c\" : \"of both\"; }\n"
        "double c_half(double x) { return x * 7.5; }\n"
        "const int *c_wide(void) { return L\"a wide\"; }\n"
        "const char *c_unused(int x) { return x ? \"only of a\" : \"dropped\"; }\n";
static const char main_c[] =
        "const char *a(int), *b(int), *c(int); double a_half(double), b_half(double),\n"
        "c_half(double); const int *a_wide(void), *c_wide(void);\n"
        "int _start(int x) { return a(x)[x] + b(x)[x] + c(x)[x] + (int)(a_half(x) + b_half(x) +\n"
        "c_half(x)) + a_wide()[x] + c_wide()[x]; }\n";

/// Builds "merged", b.o and c.o out of "lib b.a".
static void build_merged(const char *compiler) {
    write_file("a.c", a_c);
    write_file("b.c", b_c);
    write_file("c.c", c_c);
    write_file("main.c", main_c);
    assert_true(command("cd %s && rm -f *.a && %s -O2 -ffreestanding -fno-pie -fdata-sections "
                        "-ffunction-sections -c a.c b.c c.c main.c && ar rc 'lib b.a' b.o c.o && "
                        "%s -nostdlib -static -no-pie -Wl,--gc-sections -Wl,-Map=merged.map -o "
                        "merged main.o a.o 'lib b.a' && rm b.o c.o",
            test_folder, compiler, compiler));
}

/// Bytes of strings and constants that `member` has alone; NULL: that are shared.
static uint64_t merged_bytes(const struct fixture *f, const char *member) {
    uint64_t sum = 0;
    for (size_t i = 0; i < f->footprint.items.len; i++) {
        const struct footprint_item *item = &f->footprint.items.at[i];
        bool is_its = member ? str_equal(object_of(f, item), str_from(member)) : item->is_shared;
        bool is_merged = item->kind == FOOTPRINT_STRING || item->kind == FOOTPRINT_CONSTANT;
        sum += is_merged && item->known & FOOTPRINT_BY_OBJECT && is_its ? item->bytes : 0;
        assert_true(!item->is_shared || item->object == FOOTPRINT_NONE);
    }
    return sum;
}

/// Bytes of what is merged, and between it.
static uint64_t mergeable_bytes(const struct fixture *f) {
    return bytes_of(f, NULL, FOOTPRINT_STRING) + bytes_of(f, NULL, FOOTPRINT_CONSTANT) +
           bytes_of(f, NULL, FOOTPRINT_PADDING);
}

static void read_merged(struct fixture *f, uint32_t expected_unread) {
    uint32_t unread = UINT32_MAX;
    read_linked(f, "merged", "merged.map");
    uint64_t before = mergeable_bytes(f);
    assert_true(footprint_linked_merged(&f->footprint, 0, NULL, &unread, &f->err));
    assert_int_equal(unread, expected_unread);
    assert_adds_up(f);
    assert_int_equal(mergeable_bytes(f), before);
}

/// "bar" is the end of "foobar", "wide" that of "a wide"; what --gc-sections dropped owns nothing.
static void strings_go_back_to_their_owners(void **state) {
    (void)state;
    struct fixture f;
    build_merged("gcc -m64 -msse2");
    read_merged(&f, 0);
    assert_int_equal(merged_bytes(&f, "a.o"), 10 + 3);
    assert_int_equal(merged_bytes(&f, "b.o"), 0);
    assert_int_equal(merged_bytes(&f, "c.o"), 10 + 8 + 2 * 4);
    assert_int_equal(merged_bytes(&f, NULL), 4 + 8 + 8 + 5 * 4);
    end(&f);
}

/// Its map calls all of them the linker's own, by the name of the output section. It stores no string as the end of another.
static void strings_that_lld_merged_go_back_too(void **state) {
    (void)state;
    struct fixture f;
    build_merged("gcc -m64 -msse2");
    assert_true(command("cd %s && gcc -O2 -msse2 -ffreestanding -fno-pie -c a.c b.c c.c main.c && "
                        "gcc -fuse-ld=lld -nostdlib -static -no-pie -Wl,-Map=merged.map -o merged "
                        "main.o a.o b.o c.o",
            test_folder));
    read_linked(&f, NULL, "merged.map");
    assert_true(bytes_of(&f, ".rodata", FOOTPRINT_STRING) != 0);
    assert_int_equal(bytes_of(&f, ".rodata", FOOTPRINT_LINKER), 0);
    end(&f);
    read_merged(&f, 0);
    assert_int_equal(merged_bytes(&f, "a.o"), 7 + 5 * 4);
    assert_int_equal(merged_bytes(&f, "b.o"), 4);
    assert_int_equal(merged_bytes(&f, "c.o"), 10 + 8 + 8 + 7 * 4);
    assert_int_equal(merged_bytes(&f, NULL), 10 + 8 + 8);
    assert_int_equal(bytes_of(&f, ".rodata", FOOTPRINT_CONSTANT), 2 * 8);
    end(&f);
}

/// There strings begin at multiples of 4: "345" cannot be the end of "12345", but "5" can.
static void aligned_strings_have_padding_between_them(void **state) {
    (void)state;
    struct fixture f;
    write_file("d.c", "const char *d(int x) { return x ? \"12345\" : \"345\"; }\n"
                      "const char *e(int x) { return x ? \"345\" : \"5\"; }\n"
                      "int _start(int x) { return d(x)[x] + e(x)[x]; }\n");
    assert_true(
            command("cd %s && riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -O2 -c d.c && "
                    "riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -nostdlib "
                    "-Wl,-Map=merged.map -o merged d.o",
                    test_folder));
    read_merged(&f, 0);
    assert_int_equal(merged_bytes(&f, "d.o"), 6 + 4);
    assert_int_equal(padding_of(&f, ".rodata", FOOTPRINT_INSIDE), 2);
    assert_int_equal(merged_bytes(&f, NULL), 0);
    end(&f);
}

static void objects_that_are_gone_are_counted(void **state) {
    (void)state;
    struct fixture f;
    build_merged("gcc -m64 -msse2");
    assert_true(command("rm '%s/lib b.a'", test_folder));
    read_merged(&f, 2);
    assert_int_equal(merged_bytes(&f, NULL), 0); // What only a.o is known to use is its alone.
    assert_int_equal(merged_bytes(&f, "a.o"), 10 + 7 + 8 + 5 * 4 - 5 * 4);
    end(&f);
}

static void without_a_map_nothing_can_be_given_back(void **state) {
    (void)state;
    struct fixture f;
    uint32_t unread;
    build_merged("gcc -m64 -msse2");
    read_linked(&f, "merged", NULL);
    assert_false(footprint_linked_merged(&f.footprint, 0, NULL, &unread, &f.err));
    assert_non_null(strstr(f.err.text, "map"));
    assert_false(footprint_linked_dropped(&f.footprint, 0, NULL, &unread, &f.err));
    assert_non_null(strstr(f.err.text, "map"));
    end(&f);
}

static void folders_may_be_named(void **state) {
    (void)state;
    struct fixture f;
    uint32_t unread;
    build_merged("gcc -m64 -msse2");
    assert_true(command("cd %s && mkdir -p maps && mv merged.map maps/", test_folder));
    read_linked(&f, "merged", "maps/merged.map");
    assert_true(footprint_linked_merged(&f.footprint, 0, test_folder, &unread, &f.err));
    assert_int_equal(unread, 0);
    assert_int_equal(merged_bytes(&f, "a.o"), 10 + 3);
    end(&f);
    read_linked(&f, "merged", "maps/merged.map");
    assert_true(footprint_linked_merged(&f.footprint, 0, NULL, &unread, &f.err));
    assert_int_equal(unread, 4);
    end(&f);
}

// ---- what was dropped ----

static uint64_t dropped_bytes(
        const struct fixture *f, const char *member, enum footprint_kind kind) {
    uint64_t sum = 0;
    for (size_t i = 0; i < f->footprint.items.len; i++) {
        const struct footprint_item *item = &f->footprint.items.at[i];
        bool is_its = item->fate == FOOTPRINT_DROPPED && item->kind == kind &&
                      str_equal(object_of(f, item), str_from(member));
        sum += is_its ? item->bytes : 0;
    }
    return sum;
}

/// Sources of archives and objects of which a program needs a part.
static void build_dropping(const char *link) {
    write_file("used.c", "int used_data[5] = { 1 }; int unused_data[9] = { 1 };\n"
                         "char unused_zero[33];\n"
                         "int used(int x) { return used_data[x]; }\n"
                         "int unused(int x) { return unused_data[x] + unused_zero[x]; }\n");
    write_file("never.c", "int never_common[16]; static volatile char zero[100];\n"
                          "int never_data[2] = { 1 }; int never(int x) { return zero[x]; }\n");
    write_file("other.c", "int other[3] = { 1 };\n");
    write_file("main.c", "int used(int); int alone[7] = { 1 };\n"
                         "const char *say(void) { return \"merged\"; }\n"
                         "int _start(int x) { return used(x) + say()[x]; }\n");
    assert_true(command("cd %s && rm -f *.a && gcc -O1 -fcommon -ffreestanding -fno-pie "
                        "-fno-asynchronous-unwind-tables -fdata-sections -ffunction-sections -c "
                        "used.c never.c other.c main.c && ar rc libd.a used.o never.o && "
                        "ar rc libother.a other.o && gcc %s -nostdlib -static -no-pie "
                        "-Wl,--gc-sections -Wl,-Map=d.map -o d main.o libd.a libother.a",
            test_folder, link));
}

/// lld names in its map only what it keeps, and no archive that it takes nothing of.
static void assert_dropped(struct fixture *f, bool is_lld) {
    uint32_t unread = UINT32_MAX;
    uint64_t before = f->footprint.files.at[0].section_bytes;
    assert_true(footprint_linked_dropped(&f->footprint, 0, NULL, &unread, &f->err));
    assert_int_equal(unread, 0);
    assert_adds_up(f);
    assert_int_equal(f->footprint.files.at[0].section_bytes, before);
    assert_int_equal(dropped_bytes(f, "used.o", FOOTPRINT_DATA), 36);
    assert_int_equal(dropped_bytes(f, "used.o", FOOTPRINT_ZERO), 33);
    assert_true(dropped_bytes(f, "used.o", FOOTPRINT_CODE) > 0);
    assert_int_equal(dropped_bytes(f, "never.o", FOOTPRINT_ZERO), 100 + 64);
    assert_int_equal(dropped_bytes(f, "never.o", FOOTPRINT_DATA), 8);
    assert_int_equal(dropped_bytes(f, "other.o", FOOTPRINT_DATA), is_lld ? 0 : 12);
    assert_int_equal(dropped_bytes(f, "main.o", FOOTPRINT_DATA), 28); // Given directly.
    assert_int_equal(dropped_bytes(f, "main.o", FOOTPRINT_STRING), 0);
}

static void what_is_not_in_the_program_is_dropped(void **state) {
    (void)state;
    struct fixture f;
    for (int is_lld = 0; is_lld < 2; is_lld++) {
        build_dropping(is_lld ? "-fuse-ld=lld" : "");
        read_linked(&f, "d", "d.map");
        assert_dropped(&f, is_lld);
        assert_int_equal(find_item(&f, "used_data")->fate, FOOTPRINT_LINKED);
        end(&f);
        read_linked(&f, NULL, "d.map");
        assert_dropped(&f, is_lld);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_go_back_to_their_owners),
        cmocka_unit_test(strings_that_lld_merged_go_back_too),
        cmocka_unit_test(aligned_strings_have_padding_between_them),
        cmocka_unit_test(objects_that_are_gone_are_counted),
        cmocka_unit_test(without_a_map_nothing_can_be_given_back),
        cmocka_unit_test(folders_may_be_named),
        cmocka_unit_test(what_is_not_in_the_program_is_dropped),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
