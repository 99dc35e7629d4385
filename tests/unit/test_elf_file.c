/// ELF files: sections, symbols, build id, and what kind of program a file is.
#include "elf_file.h"
#include "elf_program.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "toolchain.h"

static void build(const char *flags, const char *name) {
    assert_true(
            command("printf '__thread int t = 3, u; int d[10] = { 1 }; int z[20]; int main(void) "
                    "{ return t + u + d[1] + z[2]; }' | gcc -x c %s -o %s -",
                    flags, in_folder(name)));
}

static const struct elf_symbol *find_symbol(const struct elf_file *elf, const char *name) {
    for (size_t i = 0; i < elf->symbol_count; i++) {
        if (str_equal(elf->symbols[i].name, str_from(name))) {
            return &elf->symbols[i];
        }
    }
    return NULL;
}

static void assert_symbol(const struct elf_file *elf, const char *name, const char *section,
        uint64_t size, int type) {
    const struct elf_symbol *symbol = find_symbol(elf, name);
    assert_non_null(symbol);
    const struct elf_section *s = &elf->sections[symbol->section];
    assert_true(str_equal(s->name, str_from(section)));
    assert_int_equal(symbol->size_bytes, size);
    assert_int_equal(symbol->type, type);
    assert_in_range(symbol->address, s->address, s->address + s->size_bytes - size);
}

static void sections_and_symbols_are_read(void **state) {
    (void)state;
    static const char *const words[] = { "-m64", "-m32" };
    for (unsigned i = 0; i < 2; i++) {
        struct arena a = { 0 };
        struct elf_file elf;
        struct err err = { 0 };
        build(words[i], "program");
        assert_true(elf_file_read(&a, in_folder("program"), &elf, &err));
        assert_int_equal(elf.class_bits, i == 0 ? 64 : 32);
        assert_int_equal(elf.machine, i == 0 ? EM_X86_64 : EM_386);
        assert_int_equal(elf.type, ET_DYN);
        assert_symbol(&elf, "d", ".data", 40, STT_OBJECT);
        assert_symbol(&elf, "z", ".bss", 80, STT_OBJECT);
        assert_symbol(&elf, "t", ".tdata", 4, STT_TLS);
        assert_symbol(&elf, "u", ".tbss", 4, STT_TLS);
        assert_int_equal(elf.tls_address, elf_file_section(&elf, STR(".tdata"))->address);
        assert_null(elf_file_section(&elf, STR(".nothing")));
        arena_clear(&a);
    }
}

static void build_ids_are_read(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct elf_file elf;
    struct err err = { 0 };
    build("-Wl,--build-id=0x00ff102030405060", "program");
    assert_true(elf_file_read(&a, in_folder("program"), &elf, &err));
    assert_int_equal(elf.build_id_bytes, 8);
    assert_memory_equal(elf.build_id, "\x00\xff\x10\x20\x30\x40\x50\x60", 8);
    build("-Wl,--build-id=none -s", "program");
    assert_true(elf_file_read(&a, in_folder("program"), &elf, &err));
    assert_int_equal(elf.build_id_bytes, 0);
    assert_null(find_symbol(&elf, "d")); // Stripped: the loader's names are left.
    assert_true(elf.symbol_count > 0);
    arena_clear(&a);
}

static void what_is_no_elf_file_is_refused(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct elf_file elf;
    struct err err = { 0 };
    static const char *const paths[] = { "/nonexistent", "tests/unit/test_elf_file.c", "/dev/null",
        "/tmp" };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        err = (struct err){ 0 };
        assert_false(elf_file_read(&a, paths[i], &elf, &err));
        assert_string_equal(err.file, paths[i]);
        assert_int_not_equal(err.text[0], 0);
    }
    arena_clear(&a);
}

// ---- programs ----

static struct elf_program program_of(struct arena *a, const char *path) {
    struct elf_program program;
    struct err err = { 0 };
    if (!elf_program_read(a, path, &program, &err)) {
        fail_msg("%s", err.text);
    }
    return program;
}

static void assert_obstacle(const struct elf_program *program, const char *word) {
    const char *obstacle = elf_program_obstacle(program);
    if (!word) {
        assert_null(obstacle);
    } else {
        assert_non_null(obstacle);
        assert_non_null(strstr(obstacle, word));
    }
}

static void kinds_of_programs_are_told_apart(void **state) {
    (void)state;
    static const struct {
        const char *flags;
        enum elf_program_kind kind;
        uint8_t class_bits;
        const char *obstacle;
    } cases[] = {
        { "", ELF_PROGRAM_DYNAMIC, 64, NULL },
        { "-m32", ELF_PROGRAM_DYNAMIC, 32, NULL },
        { "-no-pie", ELF_PROGRAM_DYNAMIC, 64, NULL },
        { "-static", ELF_PROGRAM_STATIC, 64, "statically" },
        { "-static-pie", ELF_PROGRAM_STATIC, 64, "statically" },
        { "-shared -fPIC", ELF_PROGRAM_LIBRARY, 64, "library" },
        { "-c", ELF_PROGRAM_LIBRARY, 64, "object" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena a = { 0 };
        build(cases[i].flags, "program");
        struct elf_program program = program_of(&a, in_folder("program"));
        assert_int_equal(program.kind, cases[i].kind);
        assert_int_equal(program.class_bits, cases[i].class_bits);
        assert_int_equal(program.interpreter.len != 0, program.kind == ELF_PROGRAM_DYNAMIC);
        assert_false(program.gains_privileges);
        assert_obstacle(&program, cases[i].obstacle);
        arena_clear(&a);
    }
}

static void write_file(const char *name, const char *text, size_t len) {
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void scripts_name_their_interpreter(void **state) {
    (void)state;
    static const char *const lines[][2] = { { "#!/bin/sh\n", "/bin/sh" },
        { "#! \t/usr/bin/env python3\nprint()", "/usr/bin/env" }, { "#!", "" }, { "#!/x", "/x" } };
    struct arena a = { 0 };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        write_file("script", lines[i][0], strlen(lines[i][0]));
        struct elf_program program = program_of(&a, in_folder("script"));
        assert_int_equal(program.kind, ELF_PROGRAM_SCRIPT);
        assert_true(str_equal(program.interpreter, str_from(lines[i][1])));
        assert_obstacle(&program, NULL);
    }
    write_file("script", "echo", 4);
    assert_int_equal(program_of(&a, in_folder("script")).kind, ELF_PROGRAM_OTHER);
    write_file("script", "", 0);
    assert_int_equal(program_of(&a, in_folder("script")).kind, ELF_PROGRAM_OTHER);
    arena_clear(&a);
}

static void gained_privileges_are_seen(void **state) {
    (void)state;
    struct arena a = { 0 };
    build("", "program");
    assert_int_equal(chmod(in_folder("program"), 04755), 0);
    struct elf_program program = program_of(&a, in_folder("program"));
    assert_true(program.gains_privileges);
    assert_obstacle(&program, geteuid() == 0 ? NULL : "privileges");
    arena_clear(&a);
}

static void missing_programs_have_a_message(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct err err = { 0 };
    struct elf_program program;
    assert_false(elf_program_read(&a, "/nonexistent", &program, &err));
    assert_string_equal(err.file, "/nonexistent");
    assert_false(elf_program_read(&a, "/tmp", &program, &err));
    arena_clear(&a);
}

static void damaged_headers_do_no_harm(void **state) {
    (void)state;
    static unsigned char bytes[1 << 16];
    build("-s -Wl,-z,noseparate-code", "program");
    FILE *file = fopen(in_folder("program"), "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i < 1024; i++) { // ELF header, program headers, and what they point to.
        struct arena a = { 0 };
        struct err err = { 0 };
        struct elf_program program;
        struct elf_file elf;
        unsigned char kept = bytes[i];
        bytes[i] ^= 0xff;
        write_file("damaged", (const char *)bytes, len);
        bytes[i] = kept;
        assert_true(elf_program_read(&a, in_folder("damaged"), &program, &err));
        (void)elf_program_obstacle(&program);
        (void)elf_file_read(&a, in_folder("damaged"), &elf, &err);
        arena_clear(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_and_symbols_are_read),
        cmocka_unit_test(build_ids_are_read),
        cmocka_unit_test(what_is_no_elf_file_is_refused),
        cmocka_unit_test(kinds_of_programs_are_told_apart),
        cmocka_unit_test(scripts_name_their_interpreter),
        cmocka_unit_test(gained_privileges_are_seen),
        cmocka_unit_test(missing_programs_have_a_message),
        cmocka_unit_test(damaged_headers_do_no_harm),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
