/// Bytes lost in structs, to the byte, and stacks of tasks: variables of every form, by several compilers, compared with pahole where it is there.
#include "footprint_objects.h"
#include "static_types.h"

#include "footprint_fixture.h"

struct types_fixture {
    struct fixture f;
    struct static_types types;
};

static void read_types(struct types_fixture *t) {
    assert_adds_up(&t->f);
    static_types_read(&t->f.arena, &t->f.footprint, &task_stack_usual, &t->types);
    uint64_t sum = 0;
    for (size_t i = 0; i < t->types.holes.len; i++) {
        sum += t->types.holes.at[i].lost_bytes;
    }
    assert_int_equal(sum, t->types.lost_bytes);
}

static void read_types_of_object(struct types_fixture *t, const char *name) {
    struct footprint_skipped skipped;
    *t = (struct types_fixture){ 0 };
    footprint_init(&t->f.footprint, &t->f.arena, NULL);
    if (!footprint_objects_add(&t->f.footprint, in_folder(name), &skipped, &t->f.err)) {
        fail_msg("%s", t->f.err.text);
    }
    read_types(t);
}

static void read_types_of_program(struct types_fixture *t, const char *name) {
    *t = (struct types_fixture){ 0 };
    read_linked(&t->f, name, NULL);
    read_types(t);
}

/// The struct of that name in data, or in constants; NULL when it loses nothing.
static const struct struct_hole *hole_of(
        const struct types_fixture *t, const char *name, bool is_writable) {
    for (size_t i = 0; i < t->types.holes.len; i++) {
        const struct struct_hole *h = &t->types.holes.at[i];
        if (str_equal(h->name, str_from(name)) && h->is_writable == is_writable) {
            return h;
        }
    }
    return NULL;
}

/// Bytes of one instance, lost in holes and behind the last member; instances; lost in all.
static void assert_hole(const struct types_fixture *t, const char *name, uint64_t bytes,
        uint64_t holes, uint64_t tail, uint64_t instances, uint64_t lost) {
    const struct struct_hole *h = hole_of(t, name, true);
    if (!h) {
        fail_msg("%s loses nothing", name);
    }
    if (h->bytes != bytes || h->hole_bytes != holes || h->tail_bytes != tail ||
            h->instances != instances || h->lost_bytes != lost) {
        fail_msg("%s: %u bytes, holes %u, tail %u, %u instances, lost %u", name, (unsigned)h->bytes,
                (unsigned)h->hole_bytes, (unsigned)h->tail_bytes, (unsigned)h->instances,
                (unsigned)h->lost_bytes);
    }
}

// ---- C ----

static const char c_source[] =
        "struct small { char c; int i; } small[10];\n"
        "struct tail { int i; char c; } tail;\n"
        "struct deep { char a; struct small s[2]; short t; struct { char k; int q; } in;\n"
        "    union { int x; char y[7]; } u; } deep[2];\n"
        "struct bits { unsigned a : 3, b : 4; int c; unsigned d : 30; unsigned e : 5;\n"
        "    unsigned char f : 1; } bits;\n"
        "struct __attribute__((packed)) packed { char c; int i; } packed[9];\n"
        "typedef struct { char a; short b; } plain_t;\n"
        "typedef plain_t row_t[4];\n"
        "static volatile row_t plain[3];\n"
        "union overlap { struct small s; char c[6]; } overlap;\n"
        "struct flexible { int n; char c; struct tail rest[]; } flexible;\n"
        "struct holder { struct tail one, many[3]; } holder;\n"
        "const struct small constants[5] = { { 1, 2 } };\n"
        "struct unused { char c; int i; };\n"
        "struct small *pointer; extern struct small elsewhere[100];\n"
        "struct small *once(void) { static struct small local[7]; return local; }\n"
        "int main(void) { return plain[0][0].a + small[0].c + once()->i + (int)(long)pointer +\n"
        "    tail.i + deep[0].t + bits.c + packed[0].i + overlap.c[0] + flexible.n + holder.one.i "
        "+\n"
        "    constants[packed[1].c].i; }\n"
        "#ifdef START\nvoid _start(void) { main(); }\n#endif\n";

static void assert_c(const struct types_fixture *t) {
    // 10 + 2 times 2 + 7, and in the union, where its hole is used
    assert_hole(t, "small", 8, 3, 0, 21, 63);
    assert_hole(t, "tail", 8, 0, 3, 5, 15);
    assert_hole(t, "deep", 44 - 4, 5, 0, 2, 10);
    assert_hole(t, "bits", 16, 3, 3, 1, 6);
    assert_int_equal(hole_of(t, "bits", true)->spare_bits, 5);
    assert_hole(t, "plain_t", 4, 1, 0, 12, 12);
    assert_hole(t, "flexible", 8, 0, 3, 1, 3);
    assert_null(hole_of(t, "packed", true));
    assert_null(hole_of(t, "holder", true));
    assert_null(hole_of(t, "overlap", true));
    assert_null(hole_of(t, "unused", true));
    const struct struct_hole *constants = hole_of(t, "small", false);
    assert_non_null(constants);
    assert_int_equal(constants->lost_bytes, 15);
    assert_int_equal(constants->line, 1);
    assert_true(str_ends_with(constants->source, STR("/c.c")));
    // and the two without a name: 3 in each of "in", 1 behind each "u"
    assert_int_equal(t->types.lost_bytes, 63 + 15 + 10 + 6 + 12 + 3 + 15 + 6 + 2);
    assert_int_equal(t->types.without_debug, 0);
    assert_true(is_named(&t->f.footprint.items.at[hole_of(t, "small", true)->item], "small"));
}

/// Sum of the numbers that pahole prints behind `word`.
static uint64_t sum_of_pahole(const char *object, const char *name, const char *word) {
    char text[64];
    char line[512];
    (void)snprintf(line, sizeof(line),
            "pahole -C %s %s 2>/dev/null | grep '^.[/][*]' | grep -o '[ *,]%s: [0-9]*' | awk '{ s "
            "+= $NF } END { "
            "print s + 0 }'",
            name, in_folder(object), word);
    FILE *pipe = popen(line, "r"); // NOLINT(cert-env33-c)
    assert_non_null(pipe);
    assert_non_null(fgets(text, sizeof(text), pipe));
    assert_int_equal(pclose(pipe), 0);
    return strtoull(text, NULL, 10);
}

/// pahole counts a hole before a bit-field in bits, and whole bytes among them too: so all is compared in bits.
static void assert_as_pahole(const struct types_fixture *t, const char *object) {
    static const char *const names[] = { "small", "tail", "deep", "bits", "flexible" };
    for (size_t i = 0; has_tool("pahole") && i < sizeof(names) / sizeof(names[0]); i++) {
        const struct struct_hole *h = hole_of(t, names[i], true);
        uint64_t bits = 8 * (sum_of_pahole(object, names[i], "sum holes") +
                                    sum_of_pahole(object, names[i], "padding")) +
                        sum_of_pahole(object, names[i], "sum bit holes") +
                        sum_of_pahole(object, names[i], "bit_padding");
        assert_int_equal(8 * (h->hole_bytes + h->tail_bytes) + h->spare_bits, bits);
    }
}

static void check_object(const char *compiler) {
    struct types_fixture t;
    write_file("c.c", c_source);
    assert_true(command("cd %s && %s -g -c c.c -o c.o", test_folder, compiler));
    read_types_of_object(&t, "c.o");
    assert_c(&t);
    assert_as_pahole(&t, "c.o");
    end(&t.f);
}

static void objects_of_gcc(void **state) {
    (void)state;
    check_object("gcc");
    check_object("gcc -m32");
    check_object("gcc -gdwarf-2 -gstrict-dwarf");
    check_object("gcc -fcommon");
}

static void objects_of_clang(void **state) {
    (void)state;
    if (!has_tool("clang")) {
        skip();
    }
    check_object("clang");
    check_object("clang -gdwarf-4 --target=powerpc-linux-gnu");
}

static void objects_for_firmware(void **state) {
    (void)state;
    if (has_tool("riscv64-unknown-elf-gcc")) {
        check_object("riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32");
    }
    if (has_tool("arm-none-eabi-gcc")) {
        check_object(
                "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -ffunction-sections -fdata-sections");
    }
}

static void programs_tell_the_same(void **state) {
    (void)state;
    struct types_fixture t;
    write_file("c.c", c_source);
    assert_true(command("cd %s && gcc -g -static -nostdlib -DSTART c.c -o c.elf", test_folder));
    read_types_of_program(&t, "c.elf");
    assert_c(&t);
    assert_int_not_equal(hole_of(&t, "small", true)->memory, hole_of(&t, "small", false)->memory);
    end(&t.f);
}

/// libdw reads types in sections of their own once they are linked; before that the variables are said to be unknown.
static void types_in_sections_of_their_own(void **state) {
    (void)state;
    struct types_fixture t;
    write_file("c.c", c_source);
    assert_true(command("cd %s && gcc -g -gdwarf-5 -fdebug-types-section -DSTART -c c.c -o c.o && "
                        "gcc -static -nostdlib c.o -o c.elf",
            test_folder));
    read_types_of_program(&t, "c.elf");
    assert_c(&t);
    assert_int_equal(t.types.unknown, 0);
    end(&t.f);
    read_types_of_object(&t, "c.o");
    assert_true(t.types.unknown != 0);
    assert_int_equal(t.types.lost_bytes, 0);
    end(&t.f);
}

/// A struct that the linker dropped costs nothing.
static void dropped_variables_do_not_count(void **state) {
    (void)state;
    struct types_fixture t;
    write_file("d.c", "struct small { char c; int i; } used[3], unused[5];\n"
                      "int _start(void) { return used[0].i; }\n");
    assert_true(command(
            "cd %s && gcc -g -fdata-sections -static -nostdlib -Wl,--gc-sections d.c -o d.elf",
            test_folder));
    read_types_of_program(&t, "d.elf");
    assert_hole(&t, "small", 8, 3, 0, 3, 9);
    end(&t.f);
}

// ---- C++ ----

static const char cxx_source[] =
        "class Base { public: Base() {} int i; char c; };\n"
        "class Heir : public Base { public: Heir() {} char d; } heir[4];\n"
        "class Second : public Heir { public: int e; } second;\n"
        "struct Empty {} empty;\n"
        "struct WithEmpty { Empty e; int i; } with_empty;\n"
        "struct EmptyBase : Empty { int i; } empty_base;\n"
        "struct Unique { [[no_unique_address]] Empty e; int i; } unique;\n"
        "struct Virtual { virtual int f() { return 0; } char c; } dynamic;\n"
        "struct Shared : virtual Base { char q; } shared;\n"
        "namespace ns { template <class T> struct Box { char tag; T value; static Box all[2]; };\n"
        "    struct In { struct Deep { char c; int l; } d; }; }\n"
        "template <class T> ns::Box<T> ns::Box<T>::all[2];\n"
        "ns::Box<int> box; ns::In in;\n"
        "namespace { struct Hidden { short a; int b; }; Hidden hidden[2]; }\n"
        "union Alternatives { Base a; Base b; char small; Alternatives() {} } alternatives;\n"
        "inline Base everywhere[2];\n"
        "int main() { return ns::Box<int>::all[1].tag + everywhere[1].c + hidden[0].a; }\n";

static void classes_and_what_they_inherit(void **state) {
    (void)state;
    struct types_fixture t;
    write_file("x.cpp", cxx_source);
    assert_true(command("cd %s && g++ -m32 -std=c++20 -g -c x.cpp -o x.o", test_folder));
    read_types_of_object(&t, "x.o");
    // Base ends in 3 bytes, of which an heir uses one: 2 lost in each of 4 heirs and of the one in Second, where e is
    // behind; 3 in each of everywhere[2], and once in the union
    assert_hole(&t, "Base", 8, 0, 3, 4 + 1 + 2 + 2, 4 * 2 + 2 + 2 * 3 + 3);
    assert_null(hole_of(&t, "Heir", true));
    assert_null(hole_of(&t, "Second", true));
    assert_hole(&t, "Empty", 1, 0, 1, 2, 2);
    assert_hole(&t, "WithEmpty", 8, 3, 0, 1, 3);
    assert_null(hole_of(&t, "EmptyBase", true));
    assert_null(hole_of(&t, "Unique", true));
    assert_hole(&t, "Virtual", 8, 0, 3, 1, 3);
    assert_null(hole_of(&t, "Shared", true)); // Where its base is, only a running program knows.
    assert_int_equal(t.types.unknown, 1);
    assert_hole(&t, "ns::Box<int>", 8, 3, 0, 3, 9);
    assert_hole(&t, "ns::In::Deep", 8, 3, 0, 1, 3);
    assert_hole(&t, "(anonymous namespace)::Hidden", 8, 2, 0, 2, 4);
    assert_null(hole_of(&t, "Alternatives", true));
    end(&t.f);
}

// ---- what makes no sense ----

/// Reads c.o with each of the bytes of its debug information changed in turn, in steps: nothing but an answer must come of it.
static void damaged_types_do_no_harm(void **state) {
    (void)state;
    write_file("c.c", "struct in { char c; int i; }; struct s { char c; struct in a[3]; union { "
                      "struct in u; int k; } v; } s[2];\n");
    assert_true(
            command("cd %s && gcc -g -c c.c -o c.o && objcopy -O binary --only-section=.debug_info "
                    "--set-section-flags .debug_info=alloc c.o info.bin",
                    test_folder));
    FILE *file = fopen(in_folder("info.bin"), "rb");
    assert_non_null(file);
    char info[4096];
    size_t len = fread(info, 1, sizeof(info), file);
    assert_int_equal(fclose(file), 0);
    assert_true(len > 64 && len < sizeof(info));
    for (size_t i = 12; i < len; i++) {
        char kept = info[i];
        struct types_fixture t;
        info[i] = (char)(kept ^ (i % 2 ? 0x81 : 0x7f));
        file = fopen(in_folder("changed.bin"), "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(info, 1, len, file), len);
        assert_int_equal(fclose(file), 0);
        assert_true(
                command("cd %s && objcopy --update-section .debug_info=changed.bin c.o changed.o",
                        test_folder));
        read_types_of_object(&t, "changed.o");
        assert_true(t.types.lost_bytes <= t.types.variable_bytes);
        end(&t.f);
        info[i] = kept;
    }
}

static void without_debug_information_nothing_is_said(void **state) {
    (void)state;
    struct types_fixture t;
    write_file("c.c", c_source);
    assert_true(command("cd %s && gcc -c c.c -o c.o", test_folder));
    read_types_of_object(&t, "c.o");
    assert_int_equal(t.types.without_debug, 1);
    assert_int_equal(t.types.holes.len, 0);
    end(&t.f);
}

// ---- stacks of tasks ----

static const char task_source[] =
        "typedef unsigned char StackType_t;\n"
        "typedef struct xSTATIC_TCB { int dummy[20]; } StaticTask_t;\n"
        "StackType_t worker[2048]; static StackType_t pool[4][512]; StaticTask_t control;\n"
        "unsigned char my_stack[4096], small_stack[100]; unsigned char *stack_pointer;\n"
        "struct { char many[1000]; } stack_state; const char stack_text[1000] = \"x\";\n"
        "int StackHigh[64]; char other[5000];\n"
        "int main(void) { return pool[0][0]; }\n";

static const struct task_stack *stack_of(const struct types_fixture *t, const char *symbol) {
    for (size_t i = 0; i < t->types.stacks.len; i++) {
        if (is_named(&t->f.footprint.items.at[t->types.stacks.at[i].item], symbol)) {
            return &t->types.stacks.at[i];
        }
    }
    return NULL;
}

static void stacks_by_type_and_by_name(void **state) {
    (void)state;
    struct types_fixture t;
    write_file("task.c", task_source);
    assert_true(command("cd %s && gcc -g -c task.c -o task.o", test_folder));
    read_types_of_object(&t, "task.o");
    assert_int_equal(t.types.stacks.len, 5);
    assert_int_equal(stack_of(&t, "worker")->by, TASK_STACK_BY_TYPE);
    assert_int_equal(stack_of(&t, "worker")->elements, 2048);
    assert_int_equal(stack_of(&t, "pool")->by, TASK_STACK_BY_TYPE);
    assert_int_equal(stack_of(&t, "pool")->elements, 4 * 512);
    assert_int_equal(stack_of(&t, "control")->by, TASK_STACK_CONTROL);
    assert_int_equal(stack_of(&t, "my_stack")->by, TASK_STACK_BY_NAME);
    assert_int_equal(stack_of(&t, "StackHigh")->by, TASK_STACK_BY_NAME);
    assert_ptr_equal(stack_of(&t, "my_stack"), &t.types.stacks.at[0]);
    end(&t.f);
}

/// Without types a name is all there is: a struct may be taken for a stack then.
static void stacks_by_name_alone(void **state) {
    (void)state;
    struct types_fixture t;
    write_file("task.c", task_source);
    assert_true(command("cd %s && gcc -c task.c -o task.o", test_folder));
    read_types_of_object(&t, "task.o");
    assert_int_equal(t.types.stacks.len, 3);
    assert_non_null(stack_of(&t, "my_stack"));
    assert_non_null(stack_of(&t, "StackHigh"));
    assert_non_null(stack_of(&t, "stack_state"));
    end(&t.f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_of_gcc),
        cmocka_unit_test(objects_of_clang),
        cmocka_unit_test(objects_for_firmware),
        cmocka_unit_test(programs_tell_the_same),
        cmocka_unit_test(types_in_sections_of_their_own),
        cmocka_unit_test(dropped_variables_do_not_count),
        cmocka_unit_test(classes_and_what_they_inherit),
        cmocka_unit_test(damaged_types_do_no_harm),
        cmocka_unit_test(without_debug_information_nothing_is_said),
        cmocka_unit_test(stacks_by_type_and_by_name),
        cmocka_unit_test(stacks_by_name_alone),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
