/// Linked programs: each way in which sizes of a program are commonly told wrong, with programs of known sizes.
#include "footprint_linked.h"

#include <elf.h>

#include "footprint_fixture.h"

// ---- a microcontroller's program ----

static const char chip_ld[] =
        "MEMORY { flash (rx) : ORIGIN = 0x42000000, LENGTH = 1M\n"
        "ram (rwx) : ORIGIN = 0x4ff00000, LENGTH = 256K }\n"
        "SECTIONS {\n"
        ".vectors : { KEEP(*(.exception_vectors)) } > flash\n"
        ".flash.text : { *(.text .text.*) } > flash\n"
        ".flash.rodata : { *(.rodata .rodata.* .srodata .srodata.*)\n"
        "  *(.flash_table) . = ALIGN(64); } > flash\n"
        ".iram0.text : { *(.iram1 .iram1.*) } > ram\n"
        ".dram0.data : { *(.data .data.* .sdata .sdata.*) . += 40;\n"
        "  *(.late) } > ram AT > flash\n"
        ".dram0.bss (NOLOAD) : { *(.bss .bss.* .sbss .sbss.* COMMON) } > ram\n"
        ".noinit (NOLOAD) : { *(.noinit) } > ram\n"
        ".stack (NOLOAD) : { . += 0x300; } > ram\n"
        "/DISCARD/ : { *(.eh_frame) } }\n";

static const char chip_a_c[] =
        "int a_data[5] = { 1 }; int a_zero[25]; static volatile int state[8];\n"
        "int a_small = 3; char a_small_zero; int a_common[6];\n"
        "const int a_table[3] = { 1, 2, 3 };\n"
        "__attribute__((section(\".noinit\"))) int a_kept[7];\n"
        "__attribute__((section(\".late\"), aligned(8))) char a_late[3] = { 1 };\n"
        "__attribute__((section(\".iram1\"), noinline)) int a_fast(int x) { return x + a_data[x]; "
        "}\n"
        "int b_get(int);\n"
        "int a_get(int x) { state[x]++; a_zero[x]++; a_kept[x]++; a_late[1]++; a_small++;\n"
        "  a_small_zero++; a_common[x]++;\n"
        "  return state[x] + a_table[x] + a_fast(x) + b_get(x); }\n"
        "int a_alias(int x) __attribute__((alias(\"a_get\")));\n"
        "int a_weak(int x) __attribute__((weak, alias(\"a_get\")));\n"
        "void _start(void) { a_get(1); for (;;) {} }\n";
static const char chip_b_c[] = "static volatile int state[16];\n"
                               "int b_get(int x) { return state[x]++; }\n";
static const char chip_s[] = ".section .exception_vectors,\"ax\"\n"
                             ".globl first_vector\nfirst_vector: .rept 8\nnop\n.endr\n"
                             ".section .flash_table,\"aw\"\n.globl w_table\n"
                             ".type w_table,@object\n.size w_table,24\nw_table: .zero 24\n"
                             ".text\n.globl no_size\nno_size: .rept 10\nnop\n.endr\n"
                             ".globl no_size_too\nno_size_too: .rept 5\nnop\n.endr\n"
                             ".globl rom_function\n.type rom_function,@function\n"
                             ".size rom_function,1000\nrom_function = 0x40000400\n"
                             ".section INFO,\"\"\n.zero 100\n";

static bool build_chip(void) {
    write_file("chip.ld", chip_ld);
    write_file("a.c", chip_a_c);
    write_file("b.c", chip_b_c);
    write_file("c.S", chip_s);
    return has_tool("riscv64-unknown-elf-gcc") &&
           command("cd %s && riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -g -Os "
                   "-fcommon -ffreestanding -c a.c b.c c.S && riscv64-unknown-elf-gcc "
                   "-march=rv32imac -mabi=ilp32 -nostdlib -T chip.ld -Wl,--no-relax "
                   "-Wl,-Map=chip.map -o chip a.o b.o c.o",
                   test_folder);
}

static void every_byte_has_one_kind_by_all_that_is_known(void **state) {
    (void)state;
    struct fixture f;
    assert_true(build_chip());
    read_linked(&f, "chip", "chip.map");
    assert_item(&f, "a_data", FOOTPRINT_DATA, 20);
    assert_item(&f, "a_zero", FOOTPRINT_ZERO, 100);
    assert_item(&f, "a_small", FOOTPRINT_DATA, 4); // .sdata
    assert_item(&f, "a_small_zero", FOOTPRINT_ZERO, 1);
    assert_item(&f, "a_common", FOOTPRINT_ZERO, 24);
    assert_item(&f, "a_kept", FOOTPRINT_ZERO, 28);
    assert_item(&f, "a_table", FOOTPRINT_CONSTANT, 12);
    assert_int_equal(find_item(&f, "a_fast")->kind, FOOTPRINT_CODE);
    assert_item(&f, "first_vector", FOOTPRINT_VECTOR, 16);
    assert_object(&f, find_item(&f, "a_common"), "a.o");
    assert_int_equal(bytes_of(&f, NULL, FOOTPRINT_UNKNOWN), 0);
    assert_int_equal(bytes_of(&f, ".dram0.bss", FOOTPRINT_ZERO), 100 + 32 + 64 + 1 + 24);
    end(&f);
}

/// Of `.flash.rodata` with its writable part no byte is data: its memory cannot change.
static void what_lies_in_flash_is_constant_whatever_its_flags_say(void **state) {
    (void)state;
    struct fixture f;
    assert_true(build_chip());
    read_linked(&f, "chip", "chip.map");
    const struct footprint_section *rodata = find_section(&f, ".flash.rodata");
    const struct elf_file *elf = f.footprint.files.at[0].elf;
    assert_true(elf->sections[rodata->number].flags & SHF_WRITE);
    assert_item(&f, "w_table", FOOTPRINT_CONSTANT, 24);
    assert_int_equal(bytes_of(&f, ".flash.rodata", FOOTPRINT_DATA), 0);
    end(&f);
}

static void statics_of_one_name_stay_apart(void **state) {
    (void)state;
    struct fixture f;
    assert_true(build_chip());
    read_linked(&f, "chip", "chip.map");
    assert_int_equal(count_items(&f, "state"), 2);
    uint64_t bytes[2] = { 0, 0 };
    for (size_t i = 0; i < f.footprint.items.len; i++) {
        const struct footprint_item *item = &f.footprint.items.at[i];
        if (is_named(item, "state")) {
            bytes[str_equal(object_of(&f, item), STR("b.o"))] += item->bytes;
        }
    }
    assert_int_equal(bytes[0], 32);
    assert_int_equal(bytes[1], 64);
    end(&f);
}

static void aliases_and_absolute_symbols_take_no_room(void **state) {
    (void)state;
    struct fixture f;
    assert_true(build_chip());
    for (unsigned with_map = 0; with_map < 2; with_map++) {
        read_linked(&f, "chip", with_map ? "chip.map" : NULL);
        assert_int_equal(count_items(&f, "a_alias"), 1); // The first by name of two global ones.
        assert_int_equal(count_items(&f, "a_get"), 0);
        assert_int_equal(count_items(&f, "a_weak"), 0);
        assert_int_equal(count_items(&f, "rom_function"), 0);
        assert_int_equal(bytes_of(&f, "INFO", FOOTPRINT_UNKNOWN), 0);
        end(&f);
    }
}

static void assembly_without_sizes_reaches_to_the_next_symbol(void **state) {
    (void)state;
    struct fixture f;
    assert_true(build_chip());
    for (unsigned with_map = 0; with_map < 2; with_map++) {
        read_linked(&f, "chip", with_map ? "chip.map" : NULL);
        assert_item(&f, "no_size", FOOTPRINT_CODE, 20);
        assert_item(&f, "no_size_too", FOOTPRINT_CODE, 10);
        assert_true(find_item(&f, "no_size")->known & FOOTPRINT_BY_START);
        assert_false(find_item(&f, "_start")->known & FOOTPRINT_BY_START);
        assert_int_equal(bytes_of(&f, ".flash.text", FOOTPRINT_UNKNOWN), 0);
        end(&f);
    }
}

static void padding_says_why_it_is_there(void **state) {
    (void)state;
    struct fixture f;
    assert_true(build_chip());
    read_linked(&f, "chip", "chip.map");
    const struct footprint_section *rodata = find_section(&f, ".flash.rodata");
    assert_int_equal(padding_of(&f, ".flash.rodata", FOOTPRINT_END),
            rodata->bytes - bytes_of(&f, ".flash.rodata", FOOTPRINT_CONSTANT));
    assert_true(padding_of(&f, ".flash.rodata", FOOTPRINT_END) > 0);
    // 24 bytes of data, 40 that the script adds: a_late needs no more for its alignment of 8.
    assert_int_equal(padding_of(&f, ".dram0.data", FOOTPRINT_SCRIPT), 40);
    assert_int_equal(padding_of(&f, ".dram0.data", FOOTPRINT_ALIGNS), 0);
    assert_int_equal(padding_of(&f, ".stack", FOOTPRINT_SCRIPT), 0x300);
    end(&f);
}

/// `.data` lies in RAM when the program runs, and in flash for its values.
static void initial_values_are_charged_where_they_are_stored_too(void **state) {
    (void)state;
    struct fixture f;
    assert_true(build_chip());
    for (unsigned with_elf = 0; with_elf < 2; with_elf++) {
        read_linked(&f, with_elf ? "chip" : NULL, "chip.map");
        const struct memory *list = f.footprint.memories.list;
        const struct footprint_section *data = find_section(&f, ".dram0.data");
        const struct footprint_section *zero = find_section(&f, ".dram0.bss");
        assert_int_not_equal(data->memory, MEMORY_NONE);
        assert_true(str_equal(list[data->memory].name, STR("ram")));
        assert_int_not_equal(data->load_memory, MEMORY_NONE);
        assert_true(str_equal(list[data->load_memory].name, STR("flash")));
        assert_true(str_equal(list[zero->memory].name, STR("ram")));
        if (with_elf) {
            assert_int_equal(zero->load_memory, MEMORY_NONE);
        }
        assert_int_equal(find_section(&f, ".flash.text")->load_memory, MEMORY_NONE);
        end(&f);
    }
}

/// As STM32's and the Pico's scripts have it: after one AT>, GNU ld prints load addresses for what has none, and functions lie in .data.
static void build_of_flash(void) {
    write_file("st.c",
            "int d[4] = { 1, 2, 3, 4 }; int z[10]; const int k[5] = { 1 };\n"
            "__attribute__((section(\".RamFunc\"), noinline)) int ramf(int x) {\n"
            "  for (int i = 0; i < x; i++) z[i] = d[i & 3];\n"
            "  return x * d[x & 3]; }\n"
            "__attribute__((section(\".time_critical.foo\"), noinline)) int tcf(int x) {\n"
            "  return x * d[x & 3] + 77; }\n"
            "int start(void) { return ramf(1) + tcf(2) + k[1]; }\n");
    write_file("st.ld",
            "MEMORY { RAM (xrw) : ORIGIN = 0x20000000, LENGTH = 20K\n"
            " FLASH (rx) : ORIGIN = 0x8000000, LENGTH = 128K }\n"
            "SECTIONS { .text : { *(.text .text*) . = ALIGN(4); } >FLASH\n"
            " .rodata : { *(.rodata .rodata*) } >FLASH\n"
            " .data : { *(.data .data*) *(.RamFunc*) *(.time_critical*) . = ALIGN(4); } >RAM AT> "
            "FLASH\n"
            " .bss : { *(.bss .bss* COMMON) } >RAM\n"
            " ._user_heap_stack : { . = ALIGN(8); . = . + 0x600; . = ALIGN(8); } >RAM }\n");
    assert_true(command("cd %s && arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -g -Os "
                        "-ffunction-sections -nostdlib -T st.ld -Wl,-e,start,-Map=st.map -o st.elf "
                        "st.c",
            test_folder));
}

static void what_begins_as_zero_is_stored_nowhere(void **state) {
    (void)state;
    struct fixture f;
    build_of_flash();
    for (int with_elf = 0; with_elf < 2; with_elf++) {
        read_linked(&f, with_elf ? "st.elf" : NULL, "st.map");
        assert_true(find_section(&f, ".bss")->is_nobits);
        assert_int_equal(find_section(&f, ".bss")->load_memory, MEMORY_NONE);
        assert_true(find_section(&f, "._user_heap_stack")->is_nobits);
        assert_false(find_section(&f, ".data")->is_nobits);
        assert_int_not_equal(find_section(&f, ".data")->load_memory, MEMORY_NONE);
        end(&f);
    }
}

/// Without map and target the program's own load addresses tell where values are stored, and that no variable lies in a reserve.
static void a_program_alone_tells_what_is_stored_and_reserved(void **state) {
    (void)state;
    struct fixture f;
    build_of_flash();
    read_linked(&f, "st.elf", NULL);
    assert_int_equal(find_section(&f, ".data")->load_memory, find_section(&f, ".text")->memory);
    assert_int_equal(find_section(&f, ".bss")->load_memory, MEMORY_NONE);
    assert_int_equal(padding_of(&f, "._user_heap_stack", FOOTPRINT_SCRIPT), 0x604);
    assert_int_equal(bytes_of(&f, NULL, FOOTPRINT_UNKNOWN), 0);
    end(&f);
    assert_true(command("cd %s && arm-none-eabi-strip st.elf", test_folder));
    read_linked(&f, "st.elf", NULL); // Nothing has a symbol now.
    assert_int_equal(bytes_of(&f, "._user_heap_stack", FOOTPRINT_UNKNOWN), 0x604);
    end(&f);
}

static void functions_in_data_are_code(void **state) {
    (void)state;
    struct fixture f;
    build_of_flash();
    for (int with_map = 0; with_map < 2; with_map++) {
        read_linked(&f, "st.elf", with_map ? "st.map" : NULL);
        assert_int_equal(find_item(&f, "ramf")->kind, FOOTPRINT_CODE);
        assert_int_equal(find_item(&f, "tcf")->kind, FOOTPRINT_CODE);
        assert_int_equal(find_item(&f, "d")->kind, FOOTPRINT_DATA);
        assert_int_equal(bytes_of(&f, ".data", FOOTPRINT_DATA), 16);
        end(&f);
    }
    read_linked(&f, NULL, "st.map");
    assert_int_equal(bytes_of(&f, ".data", FOOTPRINT_DATA), 16);
    assert_true(bytes_of(&f, ".data", FOOTPRINT_CODE) != 0);
    end(&f);
}

static void a_map_alone_tells_of_inputs(void **state) {
    (void)state;
    struct fixture f;
    struct fixture whole;
    assert_true(build_chip());
    read_linked(&f, NULL, "chip.map");
    read_linked(&whole, "chip", "chip.map");
    for (size_t i = 0; i < whole.footprint.sections.len; i++) {
        const struct footprint_section *section = &whole.footprint.sections.at[i];
        char name[64];
        (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(section->name));
        assert_int_equal(find_section(&f, name)->bytes, section->bytes);
    }
    assert_int_equal(f.footprint.sections.len, whole.footprint.sections.len);
    assert_int_equal(bytes_of(&f, ".dram0.bss", FOOTPRINT_ZERO),
            bytes_of(&whole, ".dram0.bss", FOOTPRINT_ZERO) +
                    padding_of(&whole, ".dram0.bss", FOOTPRINT_INSIDE));
    assert_int_equal(bytes_of(&f, ".flash.text", FOOTPRINT_CODE),
            find_section(&f, ".flash.text")->bytes -
                    bytes_of(&f, ".flash.text", FOOTPRINT_PADDING));
    assert_int_equal(bytes_of(&f, NULL, FOOTPRINT_UNKNOWN), 0);
    end(&f);
    end(&whole);
}

static void another_programs_map_is_refused(void **state) {
    (void)state;
    struct fixture f;
    assert_true(build_chip());
    assert_true(command("cd %s && cp chip.map old.map && echo 'int more[9] = { 1 };' >> b.c && "
                        "riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -c b.c && "
                        "riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -nostdlib -T chip.ld "
                        "-o chip a.o b.o c.o",
            test_folder));
    assert_false(try_read(&f, "chip", "old.map"));
    assert_non_null(strstr(f.err.text, "map"));
    assert_string_equal(f.err.file, in_folder("chip"));
    assert_int_equal(f.footprint.files.len, 0);
    end(&f);
}

static void places_are_those_of_the_declarations(void **state) {
    (void)state;
    struct fixture f;
    assert_true(build_chip());
    read_linked(&f, "chip", "chip.map");
    struct footprint_item *zero = find_item(&f, "a_zero");
    place_one(&f.footprint, zero);
    assert_true(str_ends_with(zero->source, STR("/a.c")));
    assert_int_equal(zero->line, 1);
    assert_true(zero->known & FOOTPRINT_BY_DEBUG);
    assert_int_equal(find_item(&f, "b_get")->source.len, 0); // Only what was asked for.
    footprint_name_sources(&f.footprint);
    assert_true(str_ends_with(find_item(&f, "b_get")->source, STR("/b.c")));
    assert_int_equal(find_item(&f, "b_get")->line, 2);
    assert_int_equal(find_item(&f, "a_fast")->line, 6);
    assert_true(str_ends_with(find_item(&f, "no_size")->source, STR("/c.S"))); // By its lines.
    assert_int_equal(find_item(&f, "no_size")->line, 14);
    end(&f);
}

static const char chip_components[] = "component a\n    source */a.c\n"
                                      "component b\n    archive b.o\n"
                                      "component rest\n    archive c.o\n";

static void components_follow_source_name_and_object(void **state) {
    (void)state;
    struct fixture f;
    struct component_map components;
    assert_true(build_chip());
    read_linked(&f, "chip", "chip.map");
    assert_true(component_map_parse(&f.arena, "x", STR(chip_components), &components, &f.err));
    uint32_t a, b, rest;
    assert_true(component_find(&components, STR("a"), &a));
    assert_true(component_find(&components, STR("b"), &b));
    assert_true(component_find(&components, STR("rest"), &rest));
    footprint_name_components(&f.footprint, &components);
    assert_int_equal(find_item(&f, "a_zero")->component, component_unknown(&components));
    assert_int_equal(find_item(&f, "b_get")->component, b);
    assert_int_equal(find_item(&f, "no_size")->component, rest);
    footprint_name_sources(&f.footprint);
    footprint_name_components(&f.footprint, &components);
    assert_int_equal(find_item(&f, "a_zero")->component, a);
    end(&f);
}

// ---- fillers ----

static const char filler_ld[] = "MEMORY { code (rx) : ORIGIN = 0x42000000, LENGTH = 1M\n"
                                "constants (r) : ORIGIN = 0x42000000, LENGTH = 1M\n"
                                "ram (rw) : ORIGIN = 0x4ff00000, LENGTH = 64K }\n"
                                "SECTIONS { .text : { *(.text .text.*) } > code\n"
                                ".skip (NOLOAD) : { . = . + SIZEOF(.text) + 256; } > constants\n"
                                ".rodata : { *(.rodata .rodata.* .srodata*) } > constants\n"
                                ".bss (NOLOAD) : { *(.bss .bss.* .sbss .sbss.*) } > ram\n"
                                "/DISCARD/ : { *(.eh_frame) } }\n";

/// A section that skips the bytes that another one has at the same addresses takes no room; the 256 bytes behind it do.
static void a_section_that_skips_anothers_bytes_takes_no_room(void **state) {
    (void)state;
    struct fixture f;
    write_file("filler.ld", filler_ld);
    write_file("filler.c", "int zero[10]; const int table[20] = { 1 };\n"
                           "int _start(int x) { return zero[x] + table[x]; }\n");
    assert_true(command("cd %s && riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -Os "
                        "-ffreestanding -nostdlib -T filler.ld -Wl,-Map=filler.map -o filler "
                        "filler.c",
            test_folder));
    for (unsigned with_map = 0; with_map < 2; with_map++) {
        read_linked(&f, "filler", with_map ? "filler.map" : NULL);
        uint64_t text = find_section(&f, ".text")->bytes;
        assert_int_equal(padding_of(&f, ".skip", FOOTPRINT_DUMMY), text);
        assert_int_equal(padding_of(&f, ".skip", FOOTPRINT_SCRIPT), 256);
        assert_item(&f, "table", FOOTPRINT_CONSTANT, 80);
        assert_item(&f, "zero", FOOTPRINT_ZERO, 40);
        end(&f);
    }
}

static const char two_buses[] =
        "target chip\n"
        "capabilities\n    bit 0 ALL\n"
        "kind HEAP\n    priority 0 ALL\n"
        "region sram 0x4ff00000 256K\n    heap HEAP 0x4ff00000 0x4ff40000\n    alias 0x40370000\n"
        "memory flash 0x42000000 1M \"flash\"\n    holds code constant\n"
        "internal-sections .iram1*\n"
        "allocator first-fit\n    alignment 8\n    header 8\n    least 8\n    ends 8\n"
        "    record 0\n"
        "malloc\n    up-to 0 ALL\n    above ALL\n    again ALL\n"
        "request any ALL\nsystem any\nstack 512 any\n";

/// Code runs on one bus, data lies behind it on another: the section between skips what is code already.
static void a_memory_on_two_buses_is_counted_once(void **state) {
    (void)state;
    write_file("buses.ld", "MEMORY { iram (rx) : ORIGIN = 0x40370000, LENGTH = 256K\n"
                           "dram (rw) : ORIGIN = 0x4ff00000, LENGTH = 256K }\n"
                           "SECTIONS { .iram0.text : { *(.iram1*) *(.text*) } > iram\n"
                           ".dram0.skip (NOLOAD) : { . += SIZEOF(.iram0.text); . += 12; } > dram\n"
                           ".dram0.data : { *(.data* .sdata*) } > dram\n"
                           ".dram0.bss (NOLOAD) : { *(.bss* .sbss*) } > dram\n"
                           "/DISCARD/ : { *(.eh_frame) } }\n");
    write_file("buses.c", "int data[10] = { 1 }; int zero[6];\n"
                          "__attribute__((section(\".iram1.3\"))) int fast(int x)\n"
                          "{ return data[x] + zero[x]; }\n"
                          "int _start(int x) { return fast(x) + 1; }\n");
    assert_true(command("cd %s && riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -Os "
                        "-ffreestanding -nostdlib -T buses.ld -Wl,-Map=buses.map -o buses buses.c",
            test_folder));
    for (unsigned with_map = 0; with_map < 2; with_map++) {
        struct fixture f;
        read_on_chip(&f, two_buses, "buses", with_map ? "buses.map" : NULL);
        assert_adds_up(&f);
        const struct footprint_section *text = find_section(&f, ".iram0.text");
        assert_true(str_equal(f.footprint.memories.list[text->memory].name, STR("sram")));
        assert_int_equal(find_section(&f, ".dram0.data")->memory, text->memory);
        assert_int_equal(padding_of(&f, ".dram0.skip", FOOTPRINT_DUMMY), text->bytes);
        assert_int_equal(padding_of(&f, ".dram0.skip", FOOTPRINT_SCRIPT), 12);
        assert_item(&f, "data", FOOTPRINT_DATA, 40);
        assert_item(&f, "zero", FOOTPRINT_ZERO, 24);
        assert_int_equal(find_item(&f, "fast")->must_be_internal, with_map);
        assert_false(find_item(&f, "_start")->must_be_internal);
        end(&f);
    }
}

// ---- thread-local data ----

static void thread_local_data_overlaps_nothing(void **state) {
    (void)state;
    static const char *const words[] = { "-m64", "-m32" };
    write_file("tls.c",
            "__thread int started[3] = { 1 }; __thread char empty[64];\n"
            "int data[33] = { 1 }; int zero[7];\n"
            "int main(int n, char **v) { (void)v; return started[n] + empty[n] + data[n]\n"
            "+ zero[n]; }\n");
    for (size_t i = 0; i < 2; i++) {
        struct fixture f;
        assert_true(command("cd %s && gcc %s -fno-pie -no-pie -o tls tls.c -Wl,-Map=tls.map",
                test_folder, words[i]));
        for (unsigned with_map = 0; with_map < 2; with_map++) {
            read_linked(&f, "tls", with_map ? "tls.map" : NULL);
            assert_item(&f, "started", FOOTPRINT_THREAD_DATA, 12);
            assert_item(&f, "empty", FOOTPRINT_THREAD_ZERO, 64);
            assert_item(&f, "data", FOOTPRINT_DATA, 132);
            assert_item(&f, "zero", FOOTPRINT_ZERO, 28);
            assert_int_equal(bytes_of(&f, ".tbss", FOOTPRINT_THREAD_ZERO), 64);
            assert_int_equal(find_section(&f, ".tbss")->bytes, 64);
            end(&f);
        }
    }
}

// ---- ARM ----

/// Thumb functions begin at even addresses; the constants between them are no code.
static void literal_pools_are_no_code(void **state) {
    (void)state;
    struct fixture f;
    write_file("arm.c", "extern volatile int port;\n"
                        "int _start(int x) { return x == 3 ? 0x12345678 : port; }\n"
                        "int second(int x) { return x * 0x7654321; }\n"
                        "volatile int port; const char after[5] = { 1 };\n");
    assert_true(command("cd %s && arm-none-eabi-gcc -g -mcpu=cortex-m0 -mthumb -Os -nostdlib "
                        "-Wl,-Ttext=0x8000 -Wl,-Map=arm.map -o arm arm.c",
            test_folder));
    for (unsigned with_map = 0; with_map < 2; with_map++) {
        read_linked(&f, "arm", with_map ? "arm.map" : NULL);
        const struct footprint_item *first = find_item(&f, "_start");
        assert_int_equal(first->address, 0x8000);
        assert_false(first->continues);
        assert_int_equal(first[1].kind, FOOTPRINT_LITERAL);
        assert_true(is_named(&first[1], "_start"));
        assert_true(first[1].continues);
        assert_int_equal(bytes_of(&f, ".text", FOOTPRINT_LITERAL), 12);
        assert_int_equal(bytes_of(&f, ".text", FOOTPRINT_CODE) + 12 +
                                 bytes_of(&f, ".text", FOOTPRINT_PADDING),
                find_section(&f, ".text")->bytes);
        assert_int_equal(bytes_of(&f, ".text", FOOTPRINT_UNKNOWN), 0);
        place_one(&f.footprint, &f.footprint.items.at[first - f.footprint.items.at + 1]);
        assert_int_equal(first[1].line, 2);
        end(&f);
    }
}

// ---- Xtensa ----

/// A stand-in: code of another machine under Xtensa's number, with the property table that its assembler writes.
static void xtensas_tables_tell_literals(void **state) {
    (void)state;
    struct fixture f;
    write_file("xt.S", ".text\n.globl _start\n.type _start,@function\n.zero 16, 0x55\n"
                       "_start: .zero 20, 0x90\n.size _start, . - _start\n.zero 40, 0x66\n"
                       ".section .xt.prop,\"\"\n.long 0x10000, 16, 1\n.long 0x10010, 20, 2\n"
                       ".long 0x10024, 30, 2\n");
    assert_true(command("cd %s && gcc -m32 -nostdlib -static -no-pie -Wl,-Ttext=0x10000 "
                        "-Wl,--build-id=none -o xt xt.S && "
                        "printf '\\136' | dd of=xt bs=1 seek=18 conv=notrunc status=none",
            test_folder));
    read_linked(&f, "xt", NULL);
    assert_item(&f, "_start", FOOTPRINT_CODE, 20);
    assert_int_equal(bytes_of(&f, ".text", FOOTPRINT_LITERAL), 16);
    assert_int_equal(bytes_of(&f, ".text", FOOTPRINT_CODE), 20 + 30);
    assert_int_equal(bytes_of(&f, ".text", FOOTPRINT_UNKNOWN), 10);
    end(&f);
}

// ---- without a map ----

static void strings_are_found_again_without_a_map(void **state) {
    (void)state;
    struct fixture f;
    write_file("text.c", "const int table[4] = { 1, 2, 3, 4 };\n"
                         "const char *_start(int x) { return x == table[1] ? \"a longer text\" :\n"
                         "x == table[2] ? \"ab\" : \"the other one\"; }\n");
    assert_true(command("cd %s && riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -Os "
                        "-fno-merge-constants -ffreestanding -nostdlib -o text text.c",
            test_folder));
    read_linked(&f, "text", NULL);
    assert_item(&f, "table", FOOTPRINT_CONSTANT, 16);
    uint64_t strings = bytes_of(&f, ".rodata", FOOTPRINT_STRING);
    assert_in_range(strings, 14 + 3 + 14, 14 + 3 + 14 + 6); // Zeros between align them to 4.
    assert_int_equal(bytes_of(&f, ".rodata", FOOTPRINT_UNKNOWN), 0);
    end(&f);
    assert_true(command("cd %s && riscv64-unknown-elf-strip text", test_folder));
    read_linked(&f, "text", NULL);
    assert_int_equal(bytes_of(&f, ".text", FOOTPRINT_UNKNOWN), find_section(&f, ".text")->bytes);
    end(&f);
}

// ---- damage ----

/// Whatever the headers say, the items add up or the file is refused.
static void damaged_files_still_add_up(void **state) {
    (void)state;
    static unsigned char bytes[1 << 18];
    assert_true(build_chip());
    FILE *file = fopen(in_folder("chip"), "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    assert_int_equal(fclose(file), 0);
    Elf32_Ehdr header;
    memcpy(&header, bytes, sizeof(header));
    size_t begin = header.e_shoff;
    assert_in_range(len, begin + 8 * sizeof(Elf32_Shdr), sizeof(bytes) - 1);
    for (size_t at = begin; at < begin + header.e_shnum * sizeof(Elf32_Shdr) && at < len; at += 3) {
        struct fixture f;
        unsigned char kept = bytes[at];
        bytes[at] ^= 0x81;
        file = fopen(in_folder("damaged"), "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, len, file), len);
        assert_int_equal(fclose(file), 0);
        bytes[at] = kept;
        if (try_read(&f, "damaged", at % 2 ? "chip.map" : NULL)) {
            assert_adds_up(&f);
            footprint_name_sources(&f.footprint);
        }
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_has_one_kind_by_all_that_is_known),
        cmocka_unit_test(what_lies_in_flash_is_constant_whatever_its_flags_say),
        cmocka_unit_test(statics_of_one_name_stay_apart),
        cmocka_unit_test(aliases_and_absolute_symbols_take_no_room),
        cmocka_unit_test(assembly_without_sizes_reaches_to_the_next_symbol),
        cmocka_unit_test(padding_says_why_it_is_there),
        cmocka_unit_test(initial_values_are_charged_where_they_are_stored_too),
        cmocka_unit_test(what_begins_as_zero_is_stored_nowhere),
        cmocka_unit_test(a_program_alone_tells_what_is_stored_and_reserved),
        cmocka_unit_test(functions_in_data_are_code),
        cmocka_unit_test(a_map_alone_tells_of_inputs),
        cmocka_unit_test(another_programs_map_is_refused),
        cmocka_unit_test(places_are_those_of_the_declarations),
        cmocka_unit_test(components_follow_source_name_and_object),
        cmocka_unit_test(a_section_that_skips_anothers_bytes_takes_no_room),
        cmocka_unit_test(a_memory_on_two_buses_is_counted_once),
        cmocka_unit_test(thread_local_data_overlaps_nothing),
        cmocka_unit_test(literal_pools_are_no_code),
        cmocka_unit_test(xtensas_tables_tell_literals),
        cmocka_unit_test(strings_are_found_again_without_a_map),
        cmocka_unit_test(damaged_files_still_add_up),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
