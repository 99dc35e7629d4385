/// Addresses to frames: programs with known answers, built in every form that people build; files that
/// are missing, stripped, rebuilt or damaged.
#include "elf_file.h"
#include "range_table.h"
#include "source_path.h"
#include "symbolize.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "toolchain.h"

struct fixture {
    struct arena arena;
    struct symbolizer *symbolizer;
    struct err err;
    enum symbol_quality quality;
};

static void begin(struct fixture *f) {
    *f = (struct fixture){ 0 };
    f->symbolizer = symbolizer_open(&f->arena);
}

static void end(struct fixture *f) {
    symbolizer_close(f->symbolizer);
    arena_clear(&f->arena);
}

/// Opens the module at `path`, whatever its build id.
static uint32_t open_any(struct fixture *f, const char *path) {
    uint32_t module = UINT32_MAX;
    (void)symbolizer_module(f->symbolizer, str_from(path), NULL, 0, &module, &f->quality, &f->err);
    return module;
}

// ---- known answers ----

/// "function@file:line < function@file:line".
static void describe(char *out, size_t size, const struct frame *frames, size_t count) {
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && len < size; i++) {
        int wrote = snprintf(out + len, size - len, "%s%.*s@%.*s:%u", i ? " < " : "",
                STR_ARG(frames[i].function), STR_ARG(frames[i].file), frames[i].line);
        len += wrote > 0 ? (size_t)wrote : 0;
    }
}

/// Whether one line of the program's output, "address ordinal frames", is what the symbolizer says. In
/// `expected` the ordinal may be "*", frames are globs.
static bool line_agrees(struct fixture *f, uint32_t module, const char *line, bool has_ordinals) {
    char got[4096];
    char want[4096];
    char ordinal[16];
    unsigned long address = 0;
    const struct frame *frames = NULL;
    if (sscanf(line, "%lx %15s %4095[^\n]", &address, ordinal, want) != 3) {
        return false;
    }
    size_t count = symbolizer_frames(f->symbolizer, module, address, true, &frames);
    describe(got, sizeof(got), frames, count);
    bool agrees = str_matches(str_from(got), str_from(want));
    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;
        agrees = agrees && frames[i].inlined == !is_last && frames[i].has_debug;
        bool any = strcmp(ordinal, "*") == 0 || !has_ordinals;
        agrees = agrees && (any || frames[i].ordinal == (uint32_t)atoi(ordinal));
    }
    if (!agrees) {
        (void)fprintf(stderr, "%lx: got  %s (ordinal %u)\n   want %s (ordinal %s)\n", address, got,
                frames[0].ordinal, want, ordinal);
    }
    return agrees;
}

/// Runs the program at `path`, whose output says what is right, and asks the same of the file `named`.
static void assert_known_answers(const char *path, const char *named, bool has_ordinals) {
    struct fixture f;
    char line[4096];
    unsigned lines = 0;
    unsigned wrong = 0;
    begin(&f);
    uint32_t module = open_any(&f, named);
    assert_int_equal(f.quality, SYMBOLS_WITH_LINES);
    assert_string_equal(f.err.text, "");
    FILE *output = popen(path, "r"); // NOLINT(cert-env33-c)
    assert_non_null(output);
    while (fgets(line, sizeof(line), output)) {
        lines++;
        wrong += !line_agrees(&f, module, line, has_ordinals);
    }
    assert_int_equal(pclose(output), 0);
    assert_int_equal(wrong, 0);
    assert_int_equal(lines, 9);
    end(&f);
}

#define SOURCE "tests/programs/sym_inline.cpp"

static void build_and_check(const char *compiler, const char *flags, bool has_ordinals) {
    const char *program = in_folder("inline");
    assert_true(command("%s -std=c++17 -O2 %s -o %s " SOURCE, compiler, flags, program));
    assert_known_answers(program, program, has_ordinals);
}

static void frames_are_right_for_x86_64(void **state) {
    (void)state;
    build_and_check("g++", "-g", true);
    build_and_check("g++", "-gdwarf-4", true);
    build_and_check("g++", "-g -no-pie -ffunction-sections -Wl,--gc-sections", true);
    build_and_check("g++", "-g -gz=zlib", true);
    build_and_check("g++", "-g -gdwarf64", true);
    build_and_check("g++", "-gdwarf-4 -fdebug-types-section", true);
}

static void frames_are_right_for_i386(void **state) {
    (void)state;
    build_and_check("g++ -m32", "-g", true);
    build_and_check("g++ -m32", "-gdwarf-4 -fno-pie -no-pie", true);
}

static void frames_are_right_with_split_debug_information(void **state) {
    (void)state;
    char flags[256];
    static const char *const forms[] = { "-gdwarf-5", "-gdwarf-4" };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        (void)snprintf(
                flags, sizeof(flags), "%s -gsplit-dwarf -dumpdir %s/", forms[i], test_folder);
        build_and_check("g++", flags, true);
    }
}

static void frames_are_right_with_link_time_optimisation(void **state) {
    (void)state;
    build_and_check("g++", "-g -flto", true);
}

static void frames_are_right_for_clang(void **state) {
    (void)state;
    static const char *const names[] = { "clang++", "clang++-14", "clang++-19" };
    const char *clang = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !clang; i++) {
        clang = has_tool(names[i]) ? names[i] : NULL;
    }
    if (!clang) {
        skip();
    }
    build_and_check(clang, "-w -g", true);
    build_and_check(
            clang, "-w -gdwarf-4", false); // Without call sites: DWARF 4 has none of its own.
}

static void frames_come_from_a_separate_debug_file(void **state) {
    (void)state;
    const char *program = in_folder("separate");
    assert_true(command("g++ -std=c++17 -O2 -g -o %s " SOURCE, program));
    assert_true(command("cd %s && objcopy --only-keep-debug separate separate.debug && "
                        "strip separate && objcopy --add-gnu-debuglink=separate.debug separate",
            test_folder));
    assert_known_answers(program, program, true);
    // A debug file of another build does not fit: its checksum differs.
    assert_true(command("cp /bin/true %s/separate.debug", test_folder));
    struct fixture f;
    begin(&f);
    (void)open_any(&f, program);
    assert_int_not_equal(f.quality, SYMBOLS_WITH_LINES);
    end(&f);
}

// ---- less than whole debug information ----

#define SMALL                                                                                      \
    "__thread int counter; int table[4]; extern int probe(int);\n"                                 \
    "static int inner(int x) __attribute__((noinline, noclone));\n"                                \
    "static int inner(int x) { return probe(x) + table[x & 3]; }\n"                                \
    "int outer(int x) { counter++; return inner(x) + probe(x); }\n"

static const char *build_small(const char *compiler, const char *flags) {
    FILE *source = fopen(in_folder("small.c"), "w");
    assert_non_null(source);
    assert_true(fputs(SMALL, source) >= 0);
    assert_int_equal(fclose(source), 0);
    assert_true(command("cd %s && %s %s -O2 -o small small.c", test_folder, compiler, flags));
    return in_folder("small");
}

/// Address of `symbol` as the system's nm has it.
static unsigned long address_of(const char *nm, const char *path, const char *symbol) {
    char line[256];
    unsigned long found = 0;
    (void)snprintf(line, sizeof(line), "%s %s", nm, path);
    FILE *output = popen(line, "r"); // NOLINT(cert-env33-c)
    assert_non_null(output);
    while (fgets(line, sizeof(line), output)) {
        char name[128];
        unsigned long address = 0;
        char type = 0;
        if (sscanf(line, "%lx %c %127s", &address, &type, name) == 3 && strcmp(name, symbol) == 0) {
            found = address;
        }
    }
    assert_int_equal(pclose(output), 0);
    assert_int_not_equal(found, 0);
    return found;
}

static void assert_function(
        struct fixture *f, uint32_t module, uint64_t address, const char *want) {
    const struct frame *frames = NULL;
    assert_int_equal(symbolizer_frames(f->symbolizer, module, address, false, &frames), 1);
    assert_true(str_equal(frames->function, str_from(want)));
    assert_int_equal(frames->line, 0);
    assert_int_equal(frames->ordinal, 0);
    assert_false(frames->inlined);
    assert_false(frames->has_debug);
}

static void symbols_serve_where_there_are_no_lines(void **state) {
    (void)state;
    struct fixture f;
    const char *path = build_small("gcc", "-shared -fPIC -nostdlib");
    unsigned long outer = address_of("nm", path, "outer");
    unsigned long inner = address_of("nm", path, "inner");
    begin(&f);
    uint32_t module = open_any(&f, path);
    assert_int_equal(f.quality, SYMBOLS_ONLY);
    assert_function(&f, module, outer, "outer");
    assert_function(&f, module, outer + 5, "outer");
    assert_function(&f, module, inner, "inner");
    assert_function(&f, module, 0, "");
    assert_function(&f, module, UINT64_MAX, "");
    end(&f);
    // Only the names for the loader are left: a static function is not given another one's name.
    assert_true(command("strip %s", path));
    begin(&f);
    module = open_any(&f, path);
    assert_int_equal(f.quality, SYMBOLS_ONLY);
    assert_function(&f, module, outer, "outer");
    assert_function(&f, module, inner, "");
    end(&f);
}

static void stripped_programs_have_no_names(void **state) {
    (void)state;
    struct fixture f;
    const char *path = in_folder("bare");
    assert_true(command("echo 'int main(void) { return 0; }' | gcc -static -s -x c - -o %s", path));
    begin(&f);
    uint32_t module = open_any(&f, path);
    assert_int_equal(f.quality, SYMBOLS_NONE);
    assert_function(&f, module, 0x401000, "");
    end(&f);
}

static void other_machines_are_read_too(void **state) {
    (void)state;
    static const char *const tools[][4] = {
        { "riscv64-unknown-elf-gcc",
                "-g -march=rv32imac -mabi=ilp32 -nostdlib -Wl,--unresolved-symbols=ignore-all",
                "riscv64-unknown-elf-nm" },
        { "arm-none-eabi-gcc",
                "-g -mthumb -mcpu=cortex-m4 -nostdlib -Wl,--unresolved-symbols=ignore-all",
                "arm-none-eabi-nm" },
    };
    unsigned tried = 0;
    for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
        if (!has_tool(tools[i][0])) {
            continue;
        }
        struct fixture f;
        const struct frame *frames = NULL;
        const char *path = build_small(tools[i][0], tools[i][1]);
        unsigned long inner = address_of(tools[i][2], path, "inner") & ~1UL;
        tried++;
        begin(&f);
        uint32_t module = open_any(&f, path);
        assert_int_equal(f.quality, SYMBOLS_WITH_LINES);
        assert_int_equal(symbolizer_frames(f.symbolizer, module, inner, false, &frames), 1);
        assert_true(str_equal(frames->function, STR("inner")));
        assert_true(str_ends_with(frames->file, STR("/small.c")));
        assert_int_equal(frames->line, 3);
        end(&f);
    }
    if (tried == 0) {
        skip();
    }
}

static void declarations_have_their_source_file_and_line(void **state) {
    (void)state;
    struct fixture f;
    uint32_t line = 0;
    const char *path = build_small("gcc", "-g -shared -fPIC -nostdlib");
    begin(&f);
    uint32_t module = open_any(&f, path);
    struct str table = symbolizer_declaration(
            f.symbolizer, module, address_of("nm", path, "table"), false, &line);
    assert_true(str_ends_with(table, STR("/small.c")));
    assert_int_equal(line, 1);
    struct str outer = symbolizer_declaration(
            f.symbolizer, module, address_of("nm", path, "outer"), false, &line);
    assert_true(str_ends_with(outer, STR("/small.c")));
    assert_int_equal(line, 4);
    struct str inside =
            symbolizer_line(f.symbolizer, module, address_of("nm", path, "outer") + 1, &line);
    assert_true(str_ends_with(inside, STR("/small.c")));
    assert_int_equal(line, 4);
    assert_true(str_ends_with(
            symbolizer_declaration(f.symbolizer, module, 0, true, &line), STR("/small.c")));
    assert_int_equal(line, 1);
    assert_int_equal(symbolizer_declaration(f.symbolizer, module, 0, false, &line).len, 0);
    assert_int_equal(line, 0);
    assert_int_equal(symbolizer_declaration(f.symbolizer, module, 4, true, &line).len, 0);
    end(&f);
}

/// clang counts files from 0 and names addresses by an index.
static void dwarf_5_of_other_compilers_is_understood(void **state) {
    (void)state;
    struct fixture f;
    uint32_t line = 0;
    static const char *const names[] = { "clang", "clang-14", "clang-19" };
    const char *clang = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !clang; i++) {
        clang = has_tool(names[i]) ? names[i] : NULL;
    }
    if (!clang) {
        skip();
    }
    const char *path = build_small(clang, "-gdwarf-5 -shared -fPIC -nostdlib");
    begin(&f);
    uint32_t module = open_any(&f, path);
    struct str table = symbolizer_declaration(
            f.symbolizer, module, address_of("nm", path, "table"), false, &line);
    assert_true(str_ends_with(table, STR("small.c")));
    assert_int_equal(line, 1);
    end(&f);
}

// ---- relocatable objects ----

/// Address of the symbol in an object whose sections lie at `addresses`.
static uint64_t address_in_object(
        const struct elf_file *elf, const uint64_t *addresses, const char *name) {
    for (size_t i = 0; i < elf->symbol_count; i++) {
        const struct elf_symbol *s = &elf->symbols[i];
        if (s->section != 0 && str_equal(s->name, str_from(name))) {
            return addresses[s->section] + s->address;
        }
    }
    fail_msg("no symbol %s", name);
    return 0;
}

static void objects_are_read_from_memory(void **state) {
    (void)state;
    static const char *const tools[] = { "gcc -m64", "gcc -m32", "clang", "clang-14",
        "riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32",
        "arm-none-eabi-gcc -mthumb -mcpu=cortex-m3" };
    for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
        struct fixture f;
        struct elf_file elf;
        const uint64_t *addresses = NULL;
        uint32_t module, line;
        char tool[32];
        assert_int_equal(sscanf(tools[i], "%31s", tool), 1);
        if (!has_tool(tool)) {
            continue;
        }
        const char *path = build_small(tools[i], "-g -ffunction-sections -fdata-sections -c");
        begin(&f);
        assert_true(elf_file_read(&f.arena, path, &elf, &f.err));
        for (unsigned again = 0; again < 2; again++) {
            assert_true(symbolizer_open_object(f.symbolizer, &elf, &module, &addresses));
            uint64_t table = address_in_object(&elf, addresses, "table");
            uint64_t outer = address_in_object(&elf, addresses, "outer");
            struct str file = symbolizer_declaration(f.symbolizer, module, table, false, &line);
            assert_int_equal(line, 1);
            (void)symbolizer_declaration(f.symbolizer, module, outer, false, &line);
            assert_int_equal(line, 4);
            (void)symbolizer_line(f.symbolizer, module, outer + 2, &line);
            assert_int_equal(line, 4);
            symbolizer_close_object(f.symbolizer);
            assert_true(str_ends_with(file, STR("small.c"))); // It outlives the object.
        }
        elf_file_close(&elf);
        end(&f);
    }
}

static void objects_without_debug_information_have_no_places(void **state) {
    (void)state;
    struct fixture f;
    struct elf_file elf;
    const uint64_t *addresses = NULL;
    uint32_t module;
    const char *path = build_small("gcc", "-g0 -c");
    begin(&f);
    assert_true(elf_file_read(&f.arena, path, &elf, &f.err));
    assert_false(symbolizer_open_object(f.symbolizer, &elf, &module, &addresses));
    elf_file_close(&elf);
    end(&f);
}

// ---- dropped code ----

/// What the linker drops keeps its debug information, at address 0: it must not claim the code that a chip
/// has there.
static void dropped_functions_claim_no_code_at_zero(void **state) {
    (void)state;
    struct fixture f;
    const struct frame *frames = NULL;
    const char *path = in_folder("zero");
    FILE *source = fopen(in_folder("zero.c"), "w");
    assert_non_null(source);
    assert_true(fputs("int volatile v;\n"
                      "void dropped(void) { v = 1; v = 2; v = 3; v = 4; v = 5; v = 6; }\n"
                      "__asm__(\".section .vectors,\\\"ax\\\"\\n.globl vectors\\nvectors:\\n\"\n"
                      "        \".rept 64\\nnop\\n.endr\\n.text\");\n"
                      "void _start(void) { v = 7; }\n",
                        source) >= 0);
    assert_int_equal(fclose(source), 0);
    assert_true(command("cd %s && gcc -g -O1 -m32 -nostdlib -static -no-pie -fno-pie "
                        "-ffunction-sections -Wl,--gc-sections -Wl,-u,vectors "
                        "-Wl,--section-start=.vectors=0 -Wl,-Ttext=0x1000 -o zero zero.c",
            test_folder));
    assert_true(command("! nm %s | grep -q dropped", path));
    begin(&f);
    uint32_t module = open_any(&f, path);
    assert_int_equal(f.quality, SYMBOLS_WITH_LINES);
    assert_function(&f, module, 8, "vectors");
    uint32_t line;
    assert_int_equal(symbolizer_declaration(f.symbolizer, module, 0, false, &line).len, 0);
    uint64_t start = address_of("nm", path, "_start");
    assert_int_equal(symbolizer_frames(f.symbolizer, module, start, false, &frames), 1);
    assert_true(str_equal(frames->function, STR("_start")));
    assert_int_equal(frames->line, 5);
    end(&f);
}

// ---- files that are not what they should be ----

static void a_rebuilt_file_is_refused(void **state) {
    (void)state;
    struct fixture f;
    uint32_t module = UINT32_MAX;
    static const uint8_t other[20] = { 1, 2, 3 };
    const char *path =
            build_small("gcc", "-g -shared -fPIC -nostdlib -Wl,--build-id=0x0102030405060708");
    static const uint8_t same[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    const struct frame *frames = NULL;
    begin(&f);
    assert_false(symbolizer_module(
            f.symbolizer, str_from(path), other, sizeof(other), &module, &f.quality, &f.err));
    assert_int_equal(f.quality, SYMBOLS_OTHER_FILE);
    assert_string_equal(f.err.file, path);
    assert_non_null(strstr(f.err.text, "build id"));
    assert_int_equal(symbolizer_frames(f.symbolizer, module, 0x1000, true, &frames), 1);
    assert_int_equal(frames->function.len, 0);
    uint32_t again = UINT32_MAX;
    assert_true(symbolizer_module(
            f.symbolizer, str_from(path), same, sizeof(same), &again, &f.quality, &f.err));
    assert_int_equal(f.quality, SYMBOLS_WITH_LINES);
    assert_int_not_equal(again, module);
    assert_true(symbolizer_module(
            f.symbolizer, str_from(path), same, sizeof(same), &module, &f.quality, NULL));
    assert_int_equal(again, module);
    assert_false(
            symbolizer_module(f.symbolizer, str_from(path), same, 7, &module, &f.quality, NULL));
    end(&f);
}

static void missing_files_are_named(void **state) {
    (void)state;
    struct fixture f;
    uint32_t module = UINT32_MAX;
    const char *missing = in_folder("missing");
    const struct frame *frames = NULL;
    begin(&f);
    assert_false(symbolizer_module(
            f.symbolizer, str_from(missing), NULL, 0, &module, &f.quality, &f.err));
    assert_int_equal(f.quality, SYMBOLS_NO_FILE);
    assert_string_equal(f.err.file, missing);
    assert_int_equal(symbolizer_frames(f.symbolizer, module, 0x1000, true, &frames), 1);
    assert_false(symbolizer_module(
            f.symbolizer, str_from(SOURCE), NULL, 0, &module, &f.quality, &f.err));
    assert_non_null(strstr(f.err.text, "no ELF file"));
    assert_false(symbolizer_module(
            f.symbolizer, str_from("/tmp"), NULL, 0, &module, &f.quality, &f.err));
    // The kernel's own module is no file, and that is no trouble.
    assert_true(symbolizer_module(
            f.symbolizer, STR("linux-gate.so.1"), NULL, 0, &module, &f.quality, &f.err));
    assert_int_equal(f.quality, SYMBOLS_NONE);
    end(&f);
}

static void answers_are_remembered_and_strings_are_one(void **state) {
    (void)state;
    struct fixture f;
    const struct frame *first = NULL;
    const struct frame *second = NULL;
    const char *path = build_small("gcc", "-g -shared -fPIC -nostdlib");
    unsigned long outer = address_of("nm", path, "outer");
    begin(&f);
    uint32_t module = open_any(&f, path);
    (void)symbolizer_frames(f.symbolizer, module, outer, false, &first);
    (void)symbolizer_frames(f.symbolizer, module, outer, false, &second);
    assert_ptr_equal(first, second);
    (void)symbolizer_frames(f.symbolizer, module, outer + 1, false, &second);
    assert_ptr_not_equal(first, second);
    assert_ptr_equal(first->function.at, second->function.at);
    assert_ptr_equal(first->file.at, second->file.at);
    symbolizer_close(f.symbolizer);
    assert_true(str_equal(first->function, STR("outer"))); // Closed, yet still there.
    arena_clear(&f.arena);
}

// ---- damage ----

struct bytes {
    unsigned char at[1 << 16];
    size_t len;
};

static struct bytes whole;

static void read_whole(const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    whole.len = fread(whole.at, 1, sizeof(whole.at), file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(whole.len, 1000, sizeof(whole.at) - 1);
}

/// Asks much of the file with the first `len` bytes of `whole`, in a process of its own.
static bool survives(const char *path, size_t len) {
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    bool wrote = fd >= 0 && write(fd, whole.at, len) == (ssize_t)len;
    (void)close(fd);
    pid_t child = fork();
    if (child == 0) {
        struct fixture f;
        const struct frame *frames = NULL;
        (void)alarm(20);
        begin(&f);
        uint32_t module = open_any(&f, path);
        for (uint64_t address = 0x1000; address < 0x1060; address += 3) {
            (void)symbolizer_frames(f.symbolizer, module, address, address & 1, &frames);
        }
        uint32_t line;
        (void)symbolizer_declaration(f.symbolizer, module, 0x4000, false, &line);
        end(&f);
        _exit(0);
    }
    int status = 1;
    return wrote && child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/// Each byte that is not part of a string or of padding, changed in one of two ways; and every 61st
/// length.
static void damaged_files_do_no_harm(void **state) {
    (void)state;
    const char *path = build_small("gcc", "-g -shared -fPIC -nostdlib");
    read_whole(path);
    const char *damaged = in_folder("damaged");
    unsigned tried = 0;
    for (size_t i = 0; i < whole.len; i++) {
        unsigned char kept = whole.at[i];
        if (kept == 0) {
            continue;
        }
        whole.at[i] ^= i & 1 ? 0xff : 0x81;
        if (!survives(damaged, whole.len)) {
            fail_msg("byte %zu", i);
        }
        whole.at[i] = kept;
        tried++;
    }
    for (size_t len = 0; len < whole.len; len += 61) {
        if (!survives(damaged, len)) {
            fail_msg("length %zu", len);
        }
    }
    assert_in_range(tried, 1000, 4000);
}

// ---- parts ----

static void paths_get_one_form(void **state) {
    (void)state;
    static const char *const paths[][2] = { { "/a/b/../c//d.h", "/a/c/d.h" }, { "/a/./b", "/a/b" },
        { "a/../b", "b" }, { "../a", "../a" }, { "../../a/../b", "../../b" }, { "/../a", "/a" },
        { "/", "/" }, { ".", "." }, { "a/..", "." }, { "", "" }, { "a//", "a" }, { "./a", "a" },
        { "/a/b/../../..", "/" }, { "a/..b", "a/..b" }, { "..a/../b", "b" } };
    struct arena a = { 0 };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct str got = source_path(&a, str_from(paths[i][0]));
        if (!str_equal(got, str_from(paths[i][1]))) {
            fail_msg("%s gives %.*s", paths[i][0], STR_ARG(got));
        }
    }
    arena_clear(&a);
}

/// Against looking at every range: any ranges, any order.
static void ranges_are_found_as_by_looking_at_all(void **state) {
    (void)state;
    uint32_t seed = 12345;
    struct arena a = { 0 };
    for (unsigned round = 0; round < 300; round++) {
        struct range_table t = { 0 };
        struct range all[24];
        for (uint32_t i = 0; i < 24; i++) {
            seed = seed * 1664525u + 1013904223u;
            uint64_t low = seed >> 26;
            uint64_t size = seed >> 8 & 31;
            all[i] = (struct range){ .low = low, .high = low + size, .value = i };
            range_table_add(&t, &a, low, low + size, i);
        }
        range_table_sort(&t);
        for (uint64_t address = 0; address < 100; address++) {
            const struct range *best = NULL;
            for (size_t i = 0; i < 24; i++) { // Begins last; of those the narrowest, then the last.
                const struct range *r = &all[i];
                bool holds = r->low <= address && address < r->high;
                if (holds && (!best || r->low > best->low ||
                                     (r->low == best->low && r->high <= best->high))) {
                    best = r;
                }
            }
            const struct range *found = range_table_find(&t, address);
            assert_int_equal(found != NULL, best != NULL);
            assert_true(!best || found->value == best->value);
        }
        arena_clear(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_right_for_x86_64),
        cmocka_unit_test(frames_are_right_for_i386),
        cmocka_unit_test(frames_are_right_with_split_debug_information),
        cmocka_unit_test(frames_are_right_with_link_time_optimisation),
        cmocka_unit_test(frames_are_right_for_clang),
        cmocka_unit_test(frames_come_from_a_separate_debug_file),
        cmocka_unit_test(symbols_serve_where_there_are_no_lines),
        cmocka_unit_test(stripped_programs_have_no_names),
        cmocka_unit_test(other_machines_are_read_too),
        cmocka_unit_test(declarations_have_their_source_file_and_line),
        cmocka_unit_test(dwarf_5_of_other_compilers_is_understood),
        cmocka_unit_test(objects_are_read_from_memory),
        cmocka_unit_test(objects_without_debug_information_have_no_places),
        cmocka_unit_test(dropped_functions_claim_no_code_at_zero),
        cmocka_unit_test(a_rebuilt_file_is_refused),
        cmocka_unit_test(missing_files_are_named),
        cmocka_unit_test(answers_are_remembered_and_strings_are_one),
        cmocka_unit_test(damaged_files_do_no_harm),
        cmocka_unit_test(paths_get_one_form),
        cmocka_unit_test(ranges_are_found_as_by_looking_at_all),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
