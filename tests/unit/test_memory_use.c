/// How much of its memories a program takes: overlays once, thread-local zero data not at all.
#include "memory_use.h"

#include "footprint_fixture.h"

static struct memory_use *use_of(struct fixture *f) {
    struct memory_use *use =
            NEW_ARRAY(&f->arena, struct memory_use, (size_t)f->footprint.memories.count + 1);
    memory_use_of(&f->arena, &f->footprint, use);
    return use;
}

/// The use of the memory of that name.
static const struct memory_use *use_at(struct fixture *f, const char *name) {
    struct memory_use *use = use_of(f);
    for (uint32_t i = 0; i < f->footprint.memories.count; i++) {
        if (str_equal(f->footprint.memories.list[i].name, str_from(name))) {
            return &use[i];
        }
    }
    fail_msg("no memory %s", name);
    return NULL;
}

/// Builds `program` and its map for a chip with 2 KiB of RAM, whose initial values lie in flash. `sections` come before .data.
static void build(const char *sections, const char *source) {
    write_file("p.c", source);
    write_file("head.ld", "MEMORY { FLASH (rx) : ORIGIN = 0x8000000, LENGTH = 128K\n"
                          " RAM (xrw) : ORIGIN = 0x20000000, LENGTH = 2K }\n"
                          "SECTIONS { .text : { *(.text) } >FLASH\n");
    write_file("sections.ld", sections);
    write_file("tail.ld", " .data : { *(.data*) } >RAM AT>FLASH\n"
                          " .bss : { *(.bss* COMMON) } >RAM }\n");
    assert_true(command("cd %s && cat head.ld sections.ld tail.ld >p.ld && "
                        "riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 "
                        "-msmall-data-limit=0 -O1 -nostdlib -T p.ld -Wl,-Map=p.map,-e,start -o "
                        "p p.c",
            test_folder));
}

static void overlays_count_once(void **state) {
    (void)state;
    struct fixture f;
    build(" OVERLAY : AT(0x8010000) { .ov1 { *(.o1) } .ov2 { *(.o2) } } >RAM\n",
            "__attribute__((section(\".o1\"))) char b1[1200] = { 1 };\n"
            "__attribute__((section(\".o2\"))) char b2[1300] = { 1 }; int d = 3;\n"
            "int start(void) { return b1[1] + b2[1] + d; }\n");
    read_linked(&f, "p", "p.map");
    const struct memory_use *ram = use_at(&f, "RAM");
    assert_int_equal(ram->used, 1300 + 4);
    assert_int_equal(ram->overlaid, 1200);
    assert_int_equal(ram->overlays.len, 2);
    assert_true(&f.footprint.sections.at[ram->overlays.at[0]] == find_section(&f, ".ov1"));
    assert_int_equal(use_at(&f, "FLASH")->used,
            1200 + 1300 + 4 + bytes_of(&f, ".text", FOOTPRINT_CODE)); // Stored one after the other.
    end(&f);
}

static void zero_data_of_threads_takes_no_room(void **state) {
    (void)state;
    struct fixture f;
    build(" .tdata : { *(.tdata*) } >RAM AT>FLASH .tbss : { *(.tbss*) } >RAM\n",
            "_Thread_local int tz[300]; _Thread_local int td[5] = { 1 };\n"
            "int d[4] = { 1 }; int z[9];\n"
            "int start(void) { return tz[1] + td[1] + d[1] + z[1]; }\n");
    read_linked(&f, "p", "p.map");
    const struct memory_use *ram = use_at(&f, "RAM");
    assert_int_equal(ram->used, 20 + 16 + 36);
    assert_int_equal(ram->overlaid, 0);
    assert_false(memory_use_counts(&f.footprint, find_item(&f, "tz")));
    end(&f);
}

/// Two programs for the host lie at the same addresses and do not share them.
static void programs_have_memories_for_themselves(void **state) {
    (void)state;
    struct fixture f;
    build("", "int d[4] = { 1 }; int start(void) { return d[1]; }\n");
    read_linked(&f, "p", "p.map");
    uint64_t one = use_at(&f, "RAM")->used;
    assert_true(footprint_linked_add(&f.footprint, in_folder("p"), in_folder("p.map"), &f.err));
    assert_int_equal(use_at(&f, "RAM")->used, 2 * one);
    assert_int_equal(use_at(&f, "RAM")->overlaid, 0);
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlays_count_once),
        cmocka_unit_test(zero_data_of_threads_takes_no_room),
        cmocka_unit_test(programs_have_memories_for_themselves),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
