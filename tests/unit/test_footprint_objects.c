/// Objects and archives before linking: every byte has an owner, and what the linker then does lies between the bounds, to the byte.
#include "footprint_objects.h"

#include "footprint_fixture.h"

// ---- compilers ----

struct toolset {
    const char *compiler; ///< With the flags that choose the machine.
    const char *prefix;   ///< Of binutils.
    const char *link;     ///< Flags that only linking takes.
};

static const struct toolset tools[] = {
    { "gcc -m32 -fno-pie", "", "-static -no-pie" },
    { "gcc -m64 -fno-pie", "", "-static -no-pie" },
    { "clang -fno-pie", "", "-static" },
    { "riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32", "riscv64-unknown-elf-", "" },
    { "riscv64-unknown-elf-gcc -march=rv64gc -mabi=lp64d -mcmodel=medany", "riscv64-unknown-elf-",
            "" },
    { "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb", "arm-none-eabi-", "" },
    { "xtensa-lx106-elf-gcc -mlongcalls", "xtensa-lx106-elf-", "" },
};
enum { TOOLS = sizeof(tools) / sizeof(tools[0]) };

static bool is_there(const struct toolset *t) {
    char name[64];
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(t->compiler, " "), t->compiler);
    return has_tool(name);
}

/// The number that a command prints; it is run in the test's folder.
__attribute__((format(printf, 1, 2))) static uint64_t number_of(const char *format, ...) {
    char command_line[2048], text[64], whole[2200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(command_line, sizeof(command_line), format, args);
    va_end(args);
    (void)snprintf(whole, sizeof(whole), "cd %s && %s", test_folder, command_line);
    FILE *pipe = popen(whole, "r"); // NOLINT(cert-env33-c)
    assert_non_null(pipe);
    if (!fgets(text, sizeof(text), pipe)) {
        fail_msg("no answer: %s", whole);
    }
    assert_int_equal(pclose(pipe), 0);
    return strtoull(text, NULL, 10);
}

// ---- reading ----

static void begin(struct fixture *f) {
    *f = (struct fixture){ 0 };
    footprint_init(&f->footprint, &f->arena, NULL);
}

static void add(struct fixture *f, const char *name) {
    struct footprint_skipped skipped;
    if (!footprint_objects_add(&f->footprint, in_folder(name), &skipped, &f->err)) {
        fail_msg("%s", f->err.text);
    }
    assert_int_equal(skipped.count, 0);
}

/// Reads files up to a NULL, and finds the bounds from `root` (NULL: none).
static void read_files(struct fixture *f, const char *root, const char *const *names) {
    const char *roots[] = { root };
    begin(f);
    for (; *names; names++) {
        add(f, *names);
    }
    assert_adds_up(f);
    if (!footprint_objects_bounds(&f->footprint, roots, root != NULL, NULL, &f->err)) {
        fail_msg("%s", f->err.text);
    }
    assert_adds_up(f);
}
#define READ(f, root, ...) read_files(f, root, (const char *const[]){ __VA_ARGS__, NULL })

static uint64_t section_bytes(const struct fixture *f) {
    uint64_t sum = 0;
    for (size_t i = 0; i < f->footprint.files.len; i++) {
        sum += f->footprint.files.at[i].section_bytes;
    }
    return sum;
}

static uint64_t lower_bound(const struct fixture *f) {
    uint64_t sum = 0;
    for (size_t i = 0; i < f->footprint.items.len; i++) {
        const struct footprint_item *item = &f->footprint.items.at[i];
        assert_true(item->may_shrink <= item->bytes);
        sum += item->fate == FOOTPRINT_STAYS ? item->bytes - item->may_shrink : 0;
    }
    return sum;
}

static uint64_t upper_bound(const struct fixture *f) {
    uint64_t sum = 0;
    for (size_t i = 0; i < f->footprint.items.len; i++) {
        const struct footprint_item *item = &f->footprint.items.at[i];
        sum += item->fate == FOOTPRINT_DUPLICATE ? 0 : item->bytes;
    }
    return sum;
}

/// Bytes of that fate whose symbol, input section, or text matches.
static uint64_t bytes_of_fate(
        const struct fixture *f, const char *symbol, enum footprint_fate fate) {
    uint64_t sum = 0;
    for (size_t i = 0; i < f->footprint.items.len; i++) {
        const struct footprint_item *item = &f->footprint.items.at[i];
        sum += item->fate == fate && is_named(item, symbol) ? item->bytes : 0;
    }
    return sum;
}

static void assert_fate(const struct fixture *f, const char *symbol, enum footprint_fate fate) {
    for (size_t i = 0; i < f->footprint.items.len; i++) {
        const struct footprint_item *item = &f->footprint.items.at[i];
        if (is_named(item, symbol) && item->fate != fate) {
            fail_msg("%s: %s, expected %s", symbol, footprint_fate_names[item->fate],
                    footprint_fate_names[fate]);
        }
    }
    assert_true(count_items(f, symbol) != 0);
}

// ---- every byte ----

static const char kinds_c[] =
        "int data[3] = { 1 }; int zero[5]; int common[7] __attribute__((common));\n"
        "const int constant[9] = { 2 }; static volatile int hidden = 7; const char text[] = \"kept "
        "text\";\n"
        "const char *const pointer = \"a string\";\n"
        "int get(int i) { return data[i] + zero[i] + common[i] + constant[i] + hidden + text[i]; "
        "}\n"
        "__attribute__((section(\".iram1.0\"))) int fast(int i) { return i * data[i]; }\n"
        "__attribute__((section(\".dram1.0\"))) int quick[2] = { 1, 2 };\n"
        "__attribute__((weak)) int replaced(void) { return 1; }\n";

static void every_compiler_adds_up(void **state) {
    (void)state;
    struct fixture f;
    write_file("kinds.c", kinds_c);
    for (size_t i = 0; i < TOOLS; i++) {
        if (!is_there(&tools[i])) {
            continue;
        }
        assert_true(command("cd %s && %s -O1 -ffreestanding -fdata-sections -c kinds.c -o kinds.o",
                test_folder, tools[i].compiler));
        READ(&f, NULL, "kinds.o");
        assert_int_equal(section_bytes(&f),
                number_of("%ssize -B --common kinds.o | awk 'NR == 2 { print $4 }'",
                        tools[i].prefix));
        assert_item(&f, "data", FOOTPRINT_DATA, 12);
        assert_item(&f, "zero", FOOTPRINT_ZERO, 20);
        assert_item(&f, "common", FOOTPRINT_ZERO, 28);
        assert_item(&f, "constant", FOOTPRINT_CONSTANT, 36);
        assert_item(&f, "hidden", FOOTPRINT_DATA, 4);
        assert_item(&f, "quick", FOOTPRINT_DATA, 8);
        assert_int_equal(bytes_of_fate(&f, "get", FOOTPRINT_MAY_STAY),
                number_of(
                        "%snm -S --defined-only -td kinds.o | awk '$4 == \"get\" { print $2 + 0 }'",
                        tools[i].prefix));
        assert_int_equal(bytes_of_fate(&f, "replaced", FOOTPRINT_DUPLICATE), 0);
        end(&f);
    }
}

static void code_for_internal_memory_is_marked(void **state) {
    (void)state;
    struct fixture f;
    struct footprint_skipped skipped;
    write_file("kinds.c", kinds_c);
    assert_true(command("cd %s && gcc -O1 -c kinds.c -o kinds.o", test_folder));
    begin(&f);
    struct str globs[] = { STR(".iram1*"), STR(".dram1*") };
    f.target.internal_sections = globs;
    f.target.internal_section_count = 2;
    footprint_init(&f.footprint, &f.arena, &f.target);
    assert_true(footprint_objects_add(&f.footprint, in_folder("kinds.o"), &skipped, &f.err));
    assert_true(find_item(&f, "fast")->must_be_internal);
    assert_true(find_item(&f, "quick")->must_be_internal);
    assert_false(find_item(&f, "get")->must_be_internal);
    end(&f);
}

static void thread_local_and_zero_sized(void **state) {
    (void)state;
    struct fixture f;
    write_file("t.c", "_Thread_local int init = 3; _Thread_local char zero[33];\n"
                      "int *where(void) { zero[0] = 1; return &init; }\n");
    assert_true(command("cd %s && gcc -O1 -c t.c -o t.o", test_folder));
    READ(&f, NULL, "t.o");
    assert_item(&f, "init", FOOTPRINT_THREAD_DATA, 4);
    assert_item(&f, "zero", FOOTPRINT_THREAD_ZERO, 33);
    end(&f);
}

// ---- archives ----

static void members_of_one_name_are_two(void **state) {
    (void)state;
    struct fixture f;
    write_file("a.c", "int first[2] = { 1 };\n");
    write_file("b.c", "int second[3] = { 1 };\n");
    assert_true(command("cd %s && rm -rf x y lib.a && mkdir x y && gcc -c a.c -o x/util.o && "
                        "gcc -c b.c -o y/util.o && ar qcs lib.a x/util.o y/util.o",
            test_folder));
    READ(&f, NULL, "lib.a");
    assert_int_not_equal(find_item(&f, "first")->object, find_item(&f, "second")->object);
    assert_int_equal(f.footprint.objects.at[find_item(&f, "second")->object].ordinal, 2);
    end(&f);
}

static void slim_members_are_left_out_with_the_reason(void **state) {
    (void)state;
    struct fixture f;
    struct footprint_skipped skipped;
    write_file("a.c", "int first[2] = { 1 }; int f(void) { return first[0]; }\n");
    assert_true(command("cd %s && rm -f *.a && gcc -c a.c -o full.o && gcc -flto "
                        "-fno-fat-lto-objects -c a.c -o "
                        "slim.o && gcc -flto -ffat-lto-objects -c a.c -o fat.o && ar rcs some.a "
                        "full.o slim.o && "
                        "ar rcs none.a slim.o",
            test_folder));
    begin(&f);
    assert_true(footprint_objects_add(&f.footprint, in_folder("some.a"), &skipped, &f.err));
    assert_int_equal(skipped.count, 1);
    assert_non_null(strstr(skipped.why, "some.a(slim.o)"));
    assert_non_null(strstr(skipped.why, "-ffat-lto-objects"));
    assert_item(&f, "first", FOOTPRINT_DATA, 8);
    assert_false(footprint_objects_add(&f.footprint, in_folder("none.a"), &skipped, &f.err));
    assert_non_null(strstr(f.err.text, "-ffat-lto-objects"));
    assert_false(footprint_objects_add(&f.footprint, in_folder("slim.o"), &skipped, &f.err));
    assert_non_null(strstr(f.err.text, "-flto"));
    end(&f);
    READ(&f, NULL, "fat.o");
    assert_int_equal(
            section_bytes(&f), number_of("size -B --common full.o | awk 'NR == 2 { print $4 }'"));
    end(&f);
}

static void bitcode_is_left_out_with_the_reason(void **state) {
    (void)state;
    struct fixture f;
    struct footprint_skipped skipped;
    if (!has_tool("clang")) {
        skip();
    }
    write_file("a.c", "int first[2] = { 1 };\n");
    assert_true(command(
            "cd %s && rm -f *.a && clang -c a.c -o full.o && clang -flto -c a.c -o bit.o && "
            "ar rc some.a full.o bit.o",
            test_folder));
    begin(&f);
    assert_true(footprint_objects_add(&f.footprint, in_folder("some.a"), &skipped, &f.err));
    assert_int_equal(skipped.count, 1);
    assert_non_null(strstr(skipped.why, "bit.o"));
    assert_false(footprint_objects_add(&f.footprint, in_folder("bit.o"), &skipped, &f.err));
    end(&f);
}

/// Every length of the file: an answer or a message, never anything else.
static void files_that_were_cut_off(void **state) {
    (void)state;
    write_file("kinds.c", kinds_c);
    assert_true(
            command("cd %s && rm -f lib.a && gcc -g0 -c kinds.c -o kinds.o && ar rcs lib.a kinds.o",
                    test_folder));
    FILE *file = fopen(in_folder("lib.a"), "rb");
    assert_non_null(file);
    static char bytes[1 << 16];
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    assert_int_equal(fclose(file), 0);
    assert_true(len < sizeof(bytes));
    for (size_t cut = 0; cut < len; cut += 7) {
        struct fixture f;
        struct footprint_skipped skipped;
        file = fopen(in_folder("cut.a"), "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, cut, file), cut);
        assert_int_equal(fclose(file), 0);
        begin(&f);
        bool done = footprint_objects_add(&f.footprint, in_folder("cut.a"), &skipped, &f.err);
        assert_true(done || f.err.text[0] != '\0');
        assert_adds_up(&f);
        end(&f);
    }
}

// ---- places ----

static void places_of_symbols_in_members(void **state) {
    (void)state;
    write_file("p.c",
            "int data = 1;\nstatic volatile int hidden[4];\n\nint common __attribute__((common));\n"
            "int f(int i)\n{ return hidden[i] + data + common; }\n");
    for (size_t i = 0; i < TOOLS; i++) {
        struct fixture f;
        static const struct {
            const char *symbol;
            uint32_t line;
        } places[] = { { "data", 1 }, { "hidden", 2 }, { "common", 4 }, { "f", 5 } };
        if (!is_there(&tools[i])) {
            continue;
        }
        assert_true(command("cd %s && rm -f lib.a && %s -g -O1 -ffreestanding -c p.c -o p.o && "
                            "%sar rcs lib.a p.o",
                test_folder, tools[i].compiler, tools[i].prefix));
        READ(&f, NULL, "lib.a");
        for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
            struct footprint_item *item = find_item(&f, places[k].symbol);
            place_one(&f.footprint, item);
            if (item->line != places[k].line || !str_ends_with(item->source, STR("/p.c"))) {
                fail_msg("%s: %s at %.*s:%u", tools[i].compiler, places[k].symbol,
                        STR_ARG(item->source), item->line);
            }
        }
        end(&f);
    }
}

// ---- duplicates ----

static void comdat_groups_count_once(void **state) {
    (void)state;
    struct fixture f;
    write_file("h.h", "struct S { int v[4]; int sum(int n) { int s = 0; while (n--) s += v[n & 3] "
                      "* n; return s; } };\n"
                      "inline int shared_table[6] = { 1, 2 };\n");
    write_file("a.cpp", "#include \"h.h\"\nint a(S &s) { return s.sum(7) + shared_table[1]; }\n");
    write_file("b.cpp", "#include \"h.h\"\nint b(S &s) { return s.sum(9) + shared_table[2]; }\n");
    assert_true(command(
            "cd %s && rm -f lib.a && g++ -O0 -std=c++17 -c a.cpp && g++ -O0 -std=c++17 -c b.cpp && "
            "ar rcs lib.a a.o b.o",
            test_folder));
    READ(&f, NULL, "lib.a");
    assert_int_equal(bytes_of_fate(&f, "shared_table", FOOTPRINT_MAY_STAY), 24);
    assert_int_equal(bytes_of_fate(&f, "shared_table", FOOTPRINT_DUPLICATE), 24);
    uint64_t one = bytes_of_fate(&f, "_ZN1S3sumEi", FOOTPRINT_MAY_STAY);
    assert_true(one != 0);
    assert_int_equal(bytes_of_fate(&f, "_ZN1S3sumEi", FOOTPRINT_DUPLICATE), one);
    end(&f);
}

/// Which copy a linker takes is not known, so the largest is the upper bound and none the lower.
static void copies_of_different_sizes(void **state) {
    (void)state;
    struct fixture f;
    write_file("a.cpp", "inline int f(int n) { int s = 0; while (n--) s += n * n; return s; }\n"
                        "int main() { return f(3); }\n");
    write_file("b.cpp", "inline int f(int n) { int s = 0; while (n--) s += n * n; return s; }\n"
                        "int b() { return f(5); }\n");
    assert_true(command(
            "cd %s && g++ -O0 -c a.cpp && g++ -O0 -fstack-protector-all -fstack-check -c b.cpp",
            test_folder));
    READ(&f, NULL, "a.o", "b.o");
    uint64_t a = number_of("nm -S -td a.o | awk '/ _Z1fi$/ { print $2 + 0 }'");
    uint64_t b = number_of("nm -S -td b.o | awk '/ _Z1fi$/ { print $2 + 0 }'");
    assert_true(a < b);
    assert_int_equal(bytes_of_fate(&f, "_Z1fi", FOOTPRINT_MAY_STAY), b);
    assert_int_equal(bytes_of_fate(&f, "_Z1fi", FOOTPRINT_DUPLICATE), a);
    assert_fate(&f, "main", FOOTPRINT_STAYS);
    end(&f);
}

static void common_blocks_of_one_name(void **state) {
    (void)state;
    struct fixture f;
    write_file("a.c", "int x[2]; int y[4]; int z; int main(void) { return x[0] + y[0] + z; }\n");
    write_file("b.c", "int x[8]; int z = 5; int b(void) { return x[0] + z; }\n");
    assert_true(command("cd %s && gcc -fcommon -c a.c && gcc -fcommon -c b.c", test_folder));
    READ(&f, NULL, "a.o", "b.o");
    assert_int_equal(bytes_of_fate(&f, "x", FOOTPRINT_MAY_STAY), 32);
    assert_int_equal(bytes_of_fate(&f, "x", FOOTPRINT_DUPLICATE), 8);
    assert_int_equal(bytes_of_fate(&f, "y", FOOTPRINT_STAYS), 16);
    assert_int_equal(bytes_of_fate(&f, "z", FOOTPRINT_DUPLICATE), 4); // the COMMON one
    assert_int_equal(bytes_of_fate(&f, "z", FOOTPRINT_STAYS), 4);
    end(&f);
}

static void merged_entries_count_once(void **state) {
    (void)state;
    struct fixture f;
    write_file("a.c", "const char *a(int i) { return i ? \"foobar\" : \"both\"; } double h(double "
                      "x) { return x * 3.25; }\n"
                      "int main(void) { return a(1)[0] + (int)h(2); }\n");
    write_file("b.c", "const char *b(int i) { return i ? \"bar\" : \"both\"; } double k(double x) "
                      "{ return x * 3.25; }\n");
    assert_true(
            command("cd %s && gcc -O1 -fno-pic -c a.c && gcc -O1 -fno-pic -c b.c", test_folder));
    READ(&f, NULL, "a.o", "b.o");
    uint64_t fates[FOOTPRINT_FATES] = { 0 };
    for (size_t i = 0; i < f.footprint.items.len; i++) {
        const struct footprint_item *item = &f.footprint.items.at[i];
        bool is_merged = str_starts_with(item->input, STR(".rodata."));
        fates[item->fate] += is_merged ? item->bytes : 0;
    }
    assert_int_equal(fates[FOOTPRINT_STAYS], 7 + 5 + 8); // foobar, both, 3.25
    assert_int_equal(fates[FOOTPRINT_MAY_STAY], 4);      // bar, the end of foobar
    assert_int_equal(fates[FOOTPRINT_DUPLICATE], 5 + 8);
    end(&f);
}

/// A string that others end with, and nobody is sure to keep those.
static void named_entries_keep_their_names(void **state) {
    (void)state;
    struct fixture f;
    write_file("m.s", ".section .rodata.cst8,\"aM\",@progbits,8\n.globl half,third\n.type "
                      "half,@object\n.size half,8\n"
                      "half: .quad 1\n.type third,@object\n.size third,8\nthird: .quad 2\n");
    assert_true(command("cd %s && gcc -c m.s", test_folder));
    READ(&f, NULL, "m.o");
    assert_item(&f, "half", FOOTPRINT_CONSTANT, 8);
    assert_item(&f, "third", FOOTPRINT_CONSTANT, 8);
    end(&f);
}

// ---- against the linker ----

static const char main_c[] =
        "int used(int), other(int), weak(int); extern int common[]; extern const char *names[];\n"
        "int main_data = 3; static int unused_data[50] = { 1 };\n"
        "int unused_function(int i) { return unused_data[i]; }\n"
        "int _start(int i) { return used(i) + other(i) + common[i] + names[i][0] + main_data + "
        "weak(i); }\n";
static const char used_c[] =
        "int common[10] __attribute__((common)); int with_it[20] __attribute__((common));\n"
        "static int state[7]; int helper(int); int never_called(int);\n"
        "const char *names[] = { \"one\", \"foobar\", \"the other\" };\n"
        "int used(int i) { return helper(i) * 3 + state[i & 3]++; }\n"
        "int unused(int i) { return never_called(i); }\n";
static const char helper_c[] =
        "static const int table[9] = { 1, 2, 3 }; int zeroes[33]; int nobody(int);\n"
        "const char *text(int i) { return i ? \"bar\" : \"foobar\"; }\n"
        "int helper(int i) { return table[i] + zeroes[i] + text(i)[0]; }\n"
        "int drops(int i) { return nobody(i) + 1; }\n"
        "volatile int constructed; __attribute__((constructor)) static void construct(void) { "
        "constructed = "
        "1; }\n";
static const char never_c[] = "int never_called(int i) { return i * 7; } static int big[100]; int "
                              "*never(void) { return big; }\n"
                              "__attribute__((constructor)) static void too(void) { big[0] = 1; }\n"
                              "__attribute__((weak)) int weak(int i) { return i + 2; }\n";
static const char rest_c[] =
        "int other(int i) { return i < 100 ? other(i + 1) : i; }\n"
        "const char *rest(void) { return \"rest of the other\"; } int nobody(int i) { return i; }\n"
        "int weak(int i) { return i * 5; }\n";
static const char script[] =
        "SECTIONS { . = 0x10000; .text : { *(.literal .literal.*) *(.text .text.*) } .rodata : { "
        "*(.rodata .rodata.* .srodata .srodata.*) }\n"
        ".init_array : { KEEP(*(.init_array .init_array.*)) KEEP(*(.ctors .ctors.*)) }\n"
        ".data : { *(.data .data.* .sdata .sdata.*) } .bss : { *(.bss .bss.* .sbss .sbss.* COMMON) "
        "}\n"
        "/DISCARD/ : { *(.eh_frame .note* .comment .ARM.exidx* .xtensa.info .got* .igot* .iplt "
        ".rel*) } }\n";

static void build_link(const struct toolset *t, const char *flags) {
    write_file("main.c", main_c);
    write_file("used.c", used_c);
    write_file("helper.c", helper_c);
    write_file("never.c", never_c);
    write_file("rest.c", rest_c);
    write_file("link.ld", script);
    assert_true(command(
            "cd %s && rm -f *.o lib.a && for f in main used helper never rest; do %s %s "
            "-ffreestanding "
            "-fno-asynchronous-unwind-tables -fno-stack-protector -c $f.c || exit 1; done && "
            "%sar rcs lib.a used.o helper.o never.o rest.o",
            test_folder, t->compiler, flags, t->prefix));
}

/// Bytes that align input sections, by the map: " *fill*  0xADDRESS  0xSIZE".
static uint64_t fill_bytes(void) {
    char line[512];
    uint64_t sum = 0;
    FILE *map = fopen(in_folder("out.map"), "r");
    assert_non_null(map);
    while (fgets(line, sizeof(line), map)) {
        char *rest = NULL;
        if (strncmp(line, " *fill*", 7) == 0) {
            (void)strtoull(line + 7, &rest, 16);
            sum += strtoull(rest, NULL, 16);
        }
    }
    assert_int_equal(fclose(map), 0);
    return sum;
}

/// Links with GNU ld. What is in the output, less what aligns input sections.
static uint64_t link_bytes(const struct toolset *t, const char *how) {
    assert_true(command("cd %s && %s %s -nostdlib -nostartfiles -fuse-ld=bfd -Wl,--build-id=none "
                        "-Wl,-T,link.ld -Wl,-Map,out.map -Wl,-e,_start %s -o out.elf 2>warnings",
            test_folder, t->compiler, t->link, how));
    uint64_t all = number_of("%ssize -A -d out.elf | awk '/^[.](text|rodata|init_array|data|bss)/ "
                             "{ s += $2 } END { print s + 0 }'",
            t->prefix);
    return all - fill_bytes();
}

/// Alignment inside of what the linker puts together itself is no `*fill*`: between merged entries and between COMMON blocks.
static uint64_t inner_alignment(const struct fixture *f) {
    uint64_t sum = 0;
    for (size_t i = 0; i < f->footprint.sections.len; i++) {
        const struct footprint_section *s = &f->footprint.sections.at[i];
        const struct elf_file *elf = f->footprint.objects.at[s->object].elf;
        const struct elf_section *in = &elf->sections[s->number];
        bool is_merged = s->number != 0 && (in->flags & 0x10) && in->alignment > 1; // SHF_MERGE
        sum += is_merged ? in->alignment - 1 : 0;
        for (size_t k = 0; s->number == 0 && k < elf->symbol_count; k++) {
            const struct elf_symbol *symbol = &elf->symbols[k];
            sum += elf_symbol_is_common(symbol) ? symbol->address - 1 : 0;
        }
    }
    return sum;
}

static void check_link(const struct toolset *t, const char *flags) {
    struct fixture f;
    build_link(t, flags);
    READ(&f, "_start", "main.o", "lib.a");
    uint64_t lower = lower_bound(&f);
    uint64_t upper = upper_bound(&f) + inner_alignment(&f);
    uint64_t least = link_bytes(t, "-Wl,--gc-sections main.o lib.a");
    uint64_t most = link_bytes(t, "-Wl,--no-gc-sections main.o -Wl,-z,muldefs -Wl,--whole-archive "
                                  "lib.a -Wl,--no-whole-archive");
    if (lower > least || least > upper || most > upper || lower == 0) {
        fail_msg("%s %s: lower %u, linked %u and %u, upper %u", t->compiler, flags, (unsigned)lower,
                (unsigned)least, (unsigned)most, (unsigned)upper);
    }
    assert_fate(&f, "main_data", FOOTPRINT_STAYS);
    assert_fate(&f, "used", FOOTPRINT_STAYS);
    assert_fate(&f, "helper", FOOTPRINT_STAYS);
    assert_fate(&f, "zeroes", FOOTPRINT_STAYS);
    assert_fate(&f, "common", FOOTPRINT_STAYS);
    assert_fate(&f, "with_it", FOOTPRINT_STAYS); // GNU ld keeps COMMON of an object whole
    assert_fate(&f, "constructed", FOOTPRINT_STAYS);
    assert_fate(&f, "other", FOOTPRINT_STAYS);
    if (strstr(flags, "-ffunction-sections")) {      // Else it is in one section with other().
        assert_fate(&f, "weak", FOOTPRINT_MAY_STAY); // There are two.
    }
    end(&f);
}

static void linked_bytes_lie_between(void **state) {
    (void)state;
    static const char *const flags[] = { "-O1 -ffunction-sections -fdata-sections", "-O2",
        "-Os -fdata-sections -fcommon" };
    for (size_t i = 0; i < TOOLS; i++) {
        for (size_t k = 0; is_there(&tools[i]) && k < sizeof(flags) / sizeof(flags[0]); k++) {
            check_link(&tools[i], flags[k]);
        }
    }
}

/// Where nothing is open the lower bound is what is linked, to the byte: one definition of each name, no relaxation, no string that is
/// another's end.
static void a_closed_program_is_known_to_the_byte(void **state) {
    (void)state;
    struct fixture f;
    write_file("main.c", "int a(int), unused(int); extern int zero[]; int data[3] = { 1 };\n"
                         "int _start(int i) { return a(i) + zero[i] + data[i]; }\n"
                         "int not_me(int i) { return unused(i); }\n");
    write_file("a.c",
            "int zero[9]; static const int t[5] = { 1 }; const char *s = \"text\"; const char *u = "
            "\"unused\";\n"
            "int a(int i) { return t[i] + s[i]; } int also_not(int i) { return u[i]; }\n");
    write_file("u.c", "int unused(int i) { return i * 99; }\n");
    write_file("link.ld", script);
    for (size_t i = 0; i < 2; i++) {
        assert_true(command("cd %s && rm -f *.o lib.a && for f in main a u; do %s -O1 "
                            "-ffunction-sections -fdata-sections "
                            "-fno-asynchronous-unwind-tables -ffreestanding -c $f.c || exit 1; "
                            "done && ar rcs lib.a a.o u.o",
                test_folder, tools[i].compiler));
        READ(&f, NULL, "main.o", "lib.a");
        assert_fate(&f, "not_me", FOOTPRINT_MAY_STAY);
        assert_fate(&f, "unused", FOOTPRINT_MAY_STAY);
        assert_fate(&f, "a", FOOTPRINT_STAYS);
        uint64_t linked = link_bytes(&tools[i], "-Wl,--gc-sections main.o lib.a");
        // of the strings "unused" is in the section that is kept for "text"
        assert_int_equal(lower_bound(&f), linked);
        end(&f);
    }
}

static void roots_in_archives(void **state) {
    (void)state;
    struct fixture f;
    build_link(&tools[1], "-O1 -ffunction-sections -fdata-sections");
    READ(&f, "used", "lib.a");
    assert_fate(&f, "used", FOOTPRINT_STAYS);
    assert_fate(&f, "helper", FOOTPRINT_STAYS);
    assert_fate(&f, "other", FOOTPRINT_MAY_STAY);
    end(&f);
    READ(&f, NULL, "lib.a");
    assert_int_equal(lower_bound(&f), 0);
    const char *const wrong[] = { "no_such_*" };
    assert_false(footprint_objects_bounds(&f.footprint, wrong, 1, NULL, &f.err));
    assert_non_null(strstr(f.err.text, "no_such_*"));
    end(&f);
}

/// The same files with another root, then with none: nothing is left of the first answer.
static void bounds_may_be_asked_again(void **state) {
    (void)state;
    struct fixture f;
    const char *const other[] = { "other" };
    build_link(&tools[1], "-O1 -ffunction-sections -fdata-sections");
    READ(&f, "used", "lib.a");
    uint64_t upper = upper_bound(&f);
    assert_true(footprint_objects_bounds(&f.footprint, other, 1, NULL, &f.err));
    assert_fate(&f, "helper", FOOTPRINT_MAY_STAY);
    assert_fate(&f, "other", FOOTPRINT_STAYS);
    assert_true(footprint_objects_bounds(&f.footprint, NULL, 0, NULL, &f.err));
    assert_int_equal(lower_bound(&f), 0);
    assert_int_equal(upper_bound(&f), upper);
    end(&f);
}

/// A program for another machine says which names are used.
static void a_like_program_gives_the_roots(void **state) {
    (void)state;
    struct fixture f;
    struct elf_file like;
    build_link(&tools[0], "-O1 -ffunction-sections -fdata-sections");
    (void)link_bytes(&tools[0], "-Wl,--gc-sections main.o lib.a");
    assert_true(command("cd %s && mv out.elf like.elf", test_folder));
    build_link(&tools[1], "-O1 -ffunction-sections -fdata-sections");
    begin(&f);
    add(&f, "lib.a");
    assert_true(elf_file_read(&f.arena, in_folder("like.elf"), &like, &f.err));
    assert_true(footprint_objects_bounds(&f.footprint, NULL, 0, &like, &f.err));
    elf_file_close(&like);
    assert_fate(&f, "used", FOOTPRINT_STAYS);
    assert_fate(&f, "zeroes", FOOTPRINT_STAYS);
    assert_fate(&f, "unused", FOOTPRINT_MAY_STAY);
    assert_fate(&f, "never_called", FOOTPRINT_MAY_STAY);
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_compiler_adds_up),
        cmocka_unit_test(code_for_internal_memory_is_marked),
        cmocka_unit_test(thread_local_and_zero_sized),
        cmocka_unit_test(members_of_one_name_are_two),
        cmocka_unit_test(slim_members_are_left_out_with_the_reason),
        cmocka_unit_test(bitcode_is_left_out_with_the_reason),
        cmocka_unit_test(files_that_were_cut_off),
        cmocka_unit_test(places_of_symbols_in_members),
        cmocka_unit_test(comdat_groups_count_once),
        cmocka_unit_test(copies_of_different_sizes),
        cmocka_unit_test(common_blocks_of_one_name),
        cmocka_unit_test(merged_entries_count_once),
        cmocka_unit_test(named_entries_keep_their_names),
        cmocka_unit_test(linked_bytes_lie_between),
        cmocka_unit_test(a_closed_program_is_known_to_the_byte),
        cmocka_unit_test(roots_in_archives),
        cmocka_unit_test(bounds_may_be_asked_again),
        cmocka_unit_test(a_like_program_gives_the_roots),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
