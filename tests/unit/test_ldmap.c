/// GNU ld's map: every form of line, real links, damage.
#include "ldmap.h"

#include "elf_file.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "toolchain.h"

static const char sample[] =
        "Archive member included to satisfy reference by file (symbol)\n"
        "\n"
        "lib/libzoo.a(keeper.o)        app.o (zoo::keeper::feed(int))\n"
        "\n"
        "Discarded input sections\n"
        "\n"
        " .text          0x00000000       0x10 app.o\n"
        " .bss.a_discarded_variable_with_a_long_name\n"
        "                0x00000000      0x400 app.o\n"
        "\n"
        "Memory Configuration\n"
        "\n"
        "Name             Origin             Length             Attributes\n"
        "*default*        0x00000000         0xffffffff\n"
        "\n"
        "Linker script and memory map\n"
        "\n"
        "LOAD app.o\n"
        "LOAD lib/libzoo.a\n"
        "                [!provide]                        PROVIDE (__executable_start = 0x1000)\n"
        "                0x00001000                        . = 0x1000\n"
        "\n"
        ".rodata         0x00001000       0x60\n"
        " *(.rodata .rodata.*)\n"
        " .rodata.str1.1\n"
        "                0x00001000       0x20 app.o\n"
        "                                 0x30 (size before relaxing)\n"
        " .rodata.str1.1\n"
        "                0x00001020       0x18 lib/libzoo.a(keeper.o)\n"
        " .rodata.table  0x00001020       0x20 lib/libzoo.a(keeper.o)\n"
        "                0x00001020                zoo::table\n"
        " .rodata.last   0x00001040       0x40 app.o\n"
        "\n"
        ".an_output_section_with_a_long_name\n"
        "                0x00002000       0x14 load address 0x00000400\n"
        " *(.data)\n"
        " .data          0x00002000        0x5 /home/a user/my objects (2)/app.o\n"
        " *fill*         0x00002005        0x3 \n"
        " .data          0x00002008        0x4 /home/a user/lib (old).a(key per.o)\n"
        " BYTE           0x0000200c        0x1 0x7\n"
        " LONG           0x00002010        0x4 0xdead\n"
        "\n"
        ".tbss           0x00002014        0x8\n"
        " .tbss          0x00002014        0x8 app.o\n"
        "\n"
        ".bss            0x00002014       0x2c\n"
        " *(COMMON)\n"
        " COMMON         0x00002014       0x28 lib/libzoo.a(keeper.o)\n"
        "                0x00002014                counter\n"
        " *fill*         0x0000203c        0x4 ff\n"
        "\n"
        ".empty          0x00003000        0x0\n"
        " .never         0x00003000        0x8 app.o\n"
        "\n"
        ".debug_info     0x00000000       0x10\n"
        " .debug_info    0x00000000       0x10 app.o\n"
        "OUTPUT(app elf32-i386)\n";

struct fixture {
    struct arena arena;
    struct ldmap map;
    struct err err;
};

static void parse(struct fixture *f, struct str text) {
    *f = (struct fixture){ 0 };
    if (!ldmap_parse(&f->arena, "app.map", text, &f->map, &f->err)) {
        fail_msg("%s", f->err.text);
    }
}

static void assert_input(const struct fixture *f, size_t number, enum ldmap_kind kind,
        const char *name, uint64_t address, uint64_t size, const char *archive,
        const char *object) {
    assert_in_range(number, 0, f->map.input_count - 1);
    const struct ldmap_input *input = &f->map.inputs[number];
    assert_int_equal(input->kind, kind);
    assert_true(str_equal(input->name, str_from(name)));
    assert_int_equal(input->address, address);
    assert_int_equal(input->size_bytes, size);
    assert_true(str_equal(input->archive, str_from(archive)));
    assert_true(str_equal(input->object, str_from(object)));
}

static void assert_sample(const struct fixture *f) {
    static const char *const outputs[] = { ".rodata", ".an_output_section_with_a_long_name",
        ".tbss", ".bss", ".debug_info" };
    assert_int_equal(f->map.output_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(str_equal(f->map.outputs[i].name, str_from(outputs[i])));
    }
    assert_int_equal(f->map.outputs[1].address, 0x2000);
    assert_int_equal(f->map.outputs[1].size_bytes, 0x14);
    assert_int_equal(f->map.input_count, 13);
    static const char lib[] = "lib/libzoo.a";
    assert_input(f, 0, LDMAP_INPUT, ".rodata.str1.1", 0x1000, 0x20, "", "app.o");
    assert_input(f, 1, LDMAP_INPUT, ".rodata.str1.1", 0x1020, 0, lib, "keeper.o");
    assert_input(f, 2, LDMAP_INPUT, ".rodata.table", 0x1020, 0x20, lib, "keeper.o");
    assert_input(f, 3, LDMAP_INPUT, ".rodata.last", 0x1040, 0x20, "", "app.o");
    assert_input(f, 4, LDMAP_INPUT, ".data", 0x2000, 5, "", "/home/a user/my objects (2)/app.o");
    assert_input(f, 5, LDMAP_FILL, "", 0x2005, 3, "/home/a user/lib (old).a", "key per.o");
    assert_input(f, 6, LDMAP_INPUT, ".data", 0x2008, 4, "/home/a user/lib (old).a", "key per.o");
    assert_input(f, 7, LDMAP_SCRIPT, "BYTE", 0x200c, 1, "", "");
    assert_input(f, 8, LDMAP_SCRIPT, "LONG", 0x2010, 4, "", "");
    assert_input(f, 9, LDMAP_INPUT, ".tbss", 0x2014, 8, "", "app.o");
    assert_input(f, 10, LDMAP_COMMON, "", 0x2014, 0x28, lib, "keeper.o");
    assert_input(f, 11, LDMAP_FILL, "", 0x203c, 4, "", "");
    assert_input(f, 12, LDMAP_INPUT, ".debug_info", 0, 0x10, "", "app.o");
    assert_true(f->map.inputs[0].is_merged && f->map.inputs[1].is_merged);
    assert_false(f->map.inputs[2].is_merged);
}

static void every_form_of_line_is_understood(void **state) {
    (void)state;
    struct fixture f;
    parse(&f, str_from(sample));
    assert_sample(&f);
    arena_clear(&f.arena);
}

/// The headings are in the language of whoever linked; lines may end as on Windows.
static void other_languages_and_line_ends_are_understood(void **state) {
    (void)state;
    struct fixture f;
    char text[2 * sizeof(sample)];
    size_t len = 0;
    const char *heading = strstr(sample, "Linker script");
    for (const char *at = sample; *at; at++) {
        if (at == heading) {
            at += strcspn(at, "\n");
            static const char german[] = "Linker-Skript und Speicherzuordnung";
            memcpy(text + len, german, sizeof(german) - 1);
            len += sizeof(german) - 1;
        }
        if (*at == '\n') {
            text[len++] = '\r';
        }
        text[len++] = *at;
    }
    parse(&f, (struct str){ text, len });
    assert_sample(&f);
    arena_clear(&f.arena);
}

static void addresses_are_found(void **state) {
    (void)state;
    struct fixture f;
    parse(&f, str_from(sample));
    assert_ptr_equal(ldmap_find(&f.map, 0x1000), &f.map.inputs[0]);
    assert_ptr_equal(ldmap_find(&f.map, 0x1020), &f.map.inputs[2]);
    assert_ptr_equal(ldmap_find(&f.map, 0x105f), &f.map.inputs[3]);
    assert_ptr_equal(ldmap_find(&f.map, 0x2006), &f.map.inputs[5]);
    assert_ptr_equal(ldmap_find(&f.map, 0x2015), &f.map.inputs[10]); // Not the thread-local one.
    assert_null(ldmap_find(&f.map, 0x1060));
    assert_null(ldmap_find(&f.map, 8)); // Of .debug_info, which is not loaded.
    assert_ptr_equal(ldmap_output(&f.map, STR(".bss")), &f.map.outputs[3]);
    assert_null(ldmap_output(&f.map, STR(".empty")));
    arena_clear(&f.arena);
}

static void other_files_are_refused(void **state) {
    (void)state;
    struct arena a = { 0 };
    struct ldmap map;
    struct err err = { 0 };
    assert_false(ldmap_parse(&a, "x.map", STR(""), &map, &err));
    assert_non_null(strstr(err.text, "no map of GNU ld"));
    assert_string_equal(err.file, "x.map");
    assert_false(ldmap_parse(&a, "x.map", STR("int main;\n\n .text 0x1 0x2 a.o\n"), &map, &err));
    assert_false(ldmap_parse(&a, "x.map",
            STR("Component: Arm Compiler\n\nImage Symbol Table\n\n    Local Symbols\n"), &map,
            &err));
    assert_non_null(strstr(err.text, "armlink"));
    assert_false(ldmap_parse(&a, "x.map",
            STR("\nMemory map\n\n ** file header\n                0x0000000000000000       0x40\n"),
            &map, &err));
    assert_non_null(strstr(err.text, "gold"));
    assert_false(ldmap_read(&a, "/nonexistent/x.map", &map, &err));
    assert_string_equal(err.file, "/nonexistent/x.map");
    arena_clear(&a);
}

/// What stands before the memory map: under headings that are translated.
static void tables_before_the_memory_map(void **state) {
    (void)state;
    static const char text[] =
            "Archive member included to satisfy reference by file (symbol)\n\n"
            "lib/libnet.a(core.o)          main.o (net_open)\n"
            "/a folder (old)/libvery.a(a_name_that_is_too_long_for_the_column.o)\n"
            "                              lib/libnet.a(core.o) (net_poll)\n\n"
            "Discarded input sections\n\n"
            " .text          0x00000000        0x0 main.o\n"
            " .text.unused   0x00000000       0x24 main.o\n"
            " .rodata.a_name_that_is_too_long\n"
            "                0x00000000       0x10 lib/libnet.a(core.o)\n\n"
            "Memory Configuration\n\n"
            "Name             Origin             Length             Attributes\n"
            "dram0_0_seg      0x3ffb0000         0x0002c200         rw\n"
            "flash            0x400d0020         0x00330000         xr\n"
            "*default*        0x00000000         0xffffffff\n\n"
            "Karte\n\n"
            "LOAD main.o\n"
            "LOAD lib/libnet.a\n"
            "                0x3ffb0000                _data_start = .\n\n"
            ".data           0x3ffb0000       0x24 load address 0x400d4000\n"
            " .data          0x3ffb0000       0x10 main.o\n"
            " .rodata.str1.1\n"
            "                0x3ffb0010       0x10 lib/libnet.a(core.o)\n"
            "                                 0x18 (size before relaxing)\n"
            "                0x3ffb0020        0x4 LONG 0x1badcafe\n"
            ".a_section_with_a_long_name\n"
            "                0x3ffb0024        0x4 Ladeadresse 0x400d4020\n"
            " .x             0x3ffb0024        0x4 main.o\n";
    struct arena a = { 0 };
    struct ldmap map;
    struct err err = { 0 };
    assert_true(ldmap_parse(&a, "x.map", STR(text), &map, &err));
    assert_int_equal(map.linker, LDMAP_GNU);
    assert_int_equal(map.memory_count, 2);
    assert_true(str_equal(map.memories[0].name, STR("dram0_0_seg")));
    assert_int_equal(map.memories[0].start, 0x3ffb0000);
    assert_int_equal(map.memories[0].size_bytes, 0x2c200);
    assert_true(str_equal(map.memories[1].attributes, STR("xr")));
    assert_int_equal(map.discarded_count, 2);
    assert_true(str_equal(map.discarded[0].name, STR(".text.unused")));
    assert_int_equal(map.discarded[0].size_bytes, 0x24);
    assert_true(str_equal(map.discarded[0].object, STR("main.o")));
    assert_true(str_equal(map.discarded[1].archive, STR("lib/libnet.a")));
    assert_int_equal(map.member_count, 2);
    assert_true(str_equal(map.members[0].object, STR("core.o")));
    assert_true(str_equal(map.members[0].because, STR("main.o")));
    assert_true(str_equal(map.members[0].symbol, STR("net_open")));
    assert_true(str_equal(map.members[1].archive, STR("/a folder (old)/libvery.a")));
    assert_true(str_equal(map.members[1].because, STR("lib/libnet.a(core.o)")));
    assert_int_equal(map.load_count, 2);
    assert_true(str_equal(map.loads[1], STR("lib/libnet.a")));
    assert_int_equal(map.output_count, 2);
    assert_int_equal(map.outputs[0].load_address, 0x400d4000);
    assert_int_equal(map.outputs[1].load_address, 0x400d4020);
    assert_int_equal(map.inputs[1].given_bytes, 0x18);
    assert_int_equal(map.inputs[1].size_bytes, 0x10);
    assert_int_equal(map.inputs[0].given_bytes, 0x10);
    assert_int_equal(map.inputs[2].kind, LDMAP_SCRIPT);
    assert_int_equal(map.inputs[2].size_bytes, 4);
    arena_clear(&a);
}

static void maps_of_lld(void **state) {
    (void)state;
    static const char text[] =
            "     VMA      LMA     Size Align Out     In      Symbol\n"
            "       0        0      100     1 .debug_info\n"
            "       0        0      100     1         main.o:(.debug_info)\n"
            "4ff00000 40010000       40     8 .data\n"
            "4ff00000 40010000       10     4         main.o:(.data.table)\n"
            "4ff00000 40010000        8     1                 table\n"
            "4ff00018 40010018        4     8         lib/libnet.a(core.o):(.data)\n"
            "4ff0001c 4001001c        4     1         LONG ( 0x1234 )\n"
            "4ff00020 40010020       20     1         . = ALIGN ( 64 )\n"
            "4ff00040 4ff00040        8     4 .bss\n"
            "4ff00040 4ff00040        8     4         <internal>:(COMMON)\n";
    static const struct {
        enum ldmap_kind kind;
        const char *name, *object;
        uint64_t address, size;
    } want[] = { { LDMAP_INPUT, ".debug_info", "main.o", 0, 0x100 },
        { LDMAP_INPUT, ".data.table", "main.o", 0x4ff00000, 0x10 },
        { LDMAP_FILL, "", "core.o", 0x4ff00010, 8 },
        { LDMAP_INPUT, ".data", "core.o", 0x4ff00018, 4 },
        { LDMAP_SCRIPT, "LONG ( 0x1234 )", "", 0x4ff0001c, 4 },
        { LDMAP_FILL, "", "", 0x4ff00020, 0x20 },
        { LDMAP_COMMON, "", "<internal>", 0x4ff00040, 8 } };
    struct arena a = { 0 };
    struct ldmap map;
    struct err err = { 0 };
    assert_true(ldmap_parse(&a, "x.map", STR(text), &map, &err));
    assert_int_equal(map.linker, LDMAP_LLD);
    assert_int_equal(map.output_count, 3);
    assert_int_equal(map.outputs[1].load_address, 0x40010000);
    assert_int_equal(map.input_count, sizeof want / sizeof want[0]);
    for (size_t i = 0; i < map.input_count; i++) {
        const struct ldmap_input *in = &map.inputs[i];
        assert_int_equal(in->kind, want[i].kind);
        assert_true(str_equal(in->name, str_from(want[i].name)));
        assert_true(str_equal(in->object, str_from(want[i].object)));
        assert_int_equal(in->address, want[i].address);
        assert_int_equal(in->size_bytes, want[i].size);
    }
    assert_int_equal(map.inputs[3].alignment, 8);
    arena_clear(&a);
}

/// Whatever the map says: inputs lie in their output, and no two of one output overlap.
static void assert_sound(const struct ldmap *map) {
    size_t inputs = 0;
    for (size_t i = 0; i < map->output_count; i++) {
        const struct ldmap_output *output = &map->outputs[i];
        assert_int_equal(output->first, inputs);
        inputs += output->count;
        for (size_t j = 0; j + 1 < output->count; j++) {
            const struct ldmap_input *input = &map->inputs[output->first + j];
            assert_int_equal(input->output, i);
            assert_true(input->size_bytes == 0 ||
                        input->address + input->size_bytes <= input[1].address);
        }
    }
    assert_int_equal(inputs, map->input_count);
}

static void damaged_maps_stay_sound(void **state) {
    (void)state;
    char text[sizeof(sample)];
    static const char bytes[] = { '\n', ' ', '0', 'x', 'f', '(', ')', '\0', '\x80', '*' };
    for (size_t i = 0; i < sizeof(sample) - 1; i++) {
        for (size_t b = 0; b < sizeof(bytes); b++) {
            struct fixture f = { 0 };
            memcpy(text, sample, sizeof(sample));
            text[i] = bytes[b];
            if (ldmap_parse(
                        &f.arena, "x", (struct str){ text, sizeof(sample) - 1 }, &f.map, &f.err)) {
                assert_sound(&f.map);
                (void)ldmap_find(&f.map, 0x2006);
            }
            arena_clear(&f.arena);
        }
        struct fixture f = { 0 };
        if (ldmap_parse(&f.arena, "x", (struct str){ sample, i }, &f.map, &f.err)) {
            assert_sound(&f.map);
        }
        arena_clear(&f.arena);
    }
}

/// The inputs of a real link add up to the sections of the program.
static void a_real_map_adds_up_to_its_program(void **state) {
    (void)state;
    static const char *const flags[] = { "", "-m32", "-static",
        "-ffunction-sections -fdata-sections -Wl,--gc-sections" };
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        struct fixture f = { 0 };
        struct elf_file elf;
        assert_true(command("g++ -g -O2 %s -Wl,-Map=%s -o %s tests/programs/sym_inline.cpp",
                flags[i], in_folder("real.map"), in_folder("real")));
        assert_true(ldmap_read(&f.arena, in_folder("real.map"), &f.map, &f.err));
        assert_true(elf_file_read(&f.arena, in_folder("real"), &elf, &f.err));
        assert_sound(&f.map);
        unsigned checked = 0;
        for (uint32_t s = 1; s < elf.section_count; s++) {
            const struct elf_section *section = &elf.sections[s];
            const struct ldmap_output *output = ldmap_output(&f.map, section->name);
            if (!(section->flags & SHF_ALLOC) || !output || output->address != section->address) {
                continue;
            }
            uint64_t sum = 0;
            for (size_t j = 0; j < output->count; j++) {
                sum += f.map.inputs[output->first + j].size_bytes;
            }
            assert_int_equal(output->size_bytes, section->size_bytes);
            assert_int_equal(sum, section->size_bytes);
            checked++;
        }
        assert_in_range(checked, 15, 40);
        arena_clear(&f.arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_line_is_understood),
        cmocka_unit_test(other_languages_and_line_ends_are_understood),
        cmocka_unit_test(addresses_are_found),
        cmocka_unit_test(tables_before_the_memory_map),
        cmocka_unit_test(maps_of_lld),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(damaged_maps_stay_sound),
        cmocka_unit_test(a_real_map_adds_up_to_its_program),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
