/// Which memory an address lies in, by a target, a linker's MEMORY, a program's segments.
#include "memories.h"
#include "target_fixture.h"

#include <elf.h>

static struct memories m;

static const char *name_at(struct fixture *f, uint64_t address, const char *section) {
    uint32_t found = memories_find(&m, address, str_from(section), NULL);
    return found == MEMORY_NONE ? "none" : arena_copy(&f->arena, m.list[found].name).at;
}

static uint64_t main_of(uint64_t address) {
    uint64_t main;
    (void)memories_find(&m, address, STR(""), &main);
    return main;
}

static void a_targets_memories(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    memories_of(&f->arena, &f->target, NULL, NULL, &m);
    assert_string_equal(name_at(f, 0x4ff00000, ".dram0.bss"), "internal");
    assert_string_equal(name_at(f, 0x4ffbffff, ""), "internal");
    assert_string_equal(name_at(f, 0x4ffc0000, ""), "none");
    assert_string_equal(name_at(f, 0x40000020, ".flash.text"), "flash");
    assert_string_equal(name_at(f, 0x48000000, ".ext_ram.bss"), "psram");
    assert_string_equal(name_at(f, 0x4fc00000, ""), "rom");
    assert_string_equal(name_at(f, 0, ""), "none");
    assert_string_equal(name_at(f, UINT64_MAX, ""), "none");
}

/// The same bytes past the cache.
static void an_alias_is_counted_at_its_main_address(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    memories_of(&f->arena, &f->target, NULL, NULL, &m);
    assert_string_equal(name_at(f, 0x8ff00010, ""), "internal");
    assert_int_equal(main_of(0x8ff00010), 0x4ff00010);
    assert_int_equal(main_of(0x4ff00010), 0x4ff00010);
    assert_int_equal(main_of(0x88001000), 0x48001000);
}

static const char shared_window[] =
        "target chip\n"
        "capabilities\n    bit 0 ALL\n"
        "kind HEAP\n    priority 0 ALL\n"
        "region sram 0x1000 4K\n    heap HEAP 0x1000 0x2000\n"
        "    alias 0x9000\n"
        "    alias 0xc000 0x1800 256\n"
        "region psram 0x10000 4K\n    heap HEAP 0x10000 0x11000\n    holds zero\n"
        "memory flash 0x10000 4K \"flash\"\n    holds code constant\n"
        "window 0x10000 0x11000\n    section .ext_ram.* .psram* psram\n    else flash\n"
        "internal-sections .iram* .dram*\n"
        "allocator first-fit\n    alignment 8\n    header 8\n    least 8\n    ends 8\n    record "
        "0\n"
        "malloc\n    up-to 0 ALL\n    above ALL\n    again ALL\n"
        "request any ALL\nsystem any\nstack 512 any\n";

static void load(struct fixture *f, const char *text) {
    const char *path = fixture_write(f, "chip", text);
    if (!target_load(&f->arena, path, NULL, 0, NULL, 0, &f->target, &f->err))
        fail_msg("%s", f->err.text);
}

static void a_window_of_two_memories_is_told_by_the_section(void **state) {
    struct fixture *f = *state;
    load(f, shared_window);
    memories_of(&f->arena, &f->target, NULL, NULL, &m);
    assert_string_equal(name_at(f, 0x10010, ".ext_ram.bss"), "psram");
    assert_string_equal(name_at(f, 0x10010, ".psram"), "psram");
    assert_string_equal(name_at(f, 0x10010, ".flash.rodata"), "flash");
    assert_string_equal(name_at(f, 0x10010, ""), "flash");
    assert_string_equal(name_at(f, 0x9000, ""), "sram");
    assert_int_equal(main_of(0x9abc), 0x1abc);
    assert_int_equal(main_of(0xc004), 0x1804); // of a part
    assert_string_equal(name_at(f, 0xc100, ""), "none");
    assert_int_equal(f->target.internal_section_count, 2);
}

static void what_a_memory_can_hold(void **state) {
    struct fixture *f = *state;
    load(f, shared_window);
    assert_true(target_can_hold(&f->target, STR("psram"), TARGET_STATIC_ZERO));
    assert_false(target_can_hold(&f->target, STR("psram"), TARGET_STATIC_DATA));
    assert_true(target_can_hold(&f->target, STR("flash"), TARGET_STATIC_CODE));
    assert_false(target_can_hold(&f->target, STR("flash"), TARGET_STATIC_ZERO));
    assert_true(target_can_hold(&f->target, STR("sram"), TARGET_STATIC_DATA));
    assert_false(target_can_hold(&f->target, STR("nothing"), TARGET_STATIC_DATA));
}

static void the_linkers_and_the_loaders_view(void **state) {
    struct fixture *f = *state;
    struct ldmap_memory memory[] = { { STR("iram0_0_seg"), 0x4ff40000, 0x10000, STR("rwx") },
        { STR("dram_seg"), 0x20000000, 0x1000, STR("rw") },
        { STR("flash_seg"), 0x8000000, 0x2000, STR("rx") }, { STR("empty"), 0x5, 0, STR("") } };
    struct ldmap map = { .memories = memory, .memory_count = 4 };
    struct elf_segment segments[] = { { .type = PT_NOTE, .address = 0x1, .memory_bytes = 8 },
        { .type = PT_LOAD, .flags = PF_R | PF_X, .address = 0x8000100, .memory_bytes = 64 },
        { .type = PT_LOAD, .flags = PF_R | PF_W, .address = 0x30000000, .memory_bytes = 64 } };
    struct elf_file elf = { .segments = segments, .segment_count = 3 };
    fixture_load(f, NULL, NULL, NULL);
    memories_of(&f->arena, &f->target, &map, &elf, &m);
    assert_string_equal(name_at(f, 0x4ff40000, ""), "internal"); // inside the target's: that one
    assert_string_equal(name_at(f, 0x20000010, ""), "dram_seg");
    assert_string_equal(name_at(f, 0x8000110, ""), "flash_seg");
    assert_string_equal(name_at(f, 0x30000010, ""), "segment-2");
    assert_true(m.list[memories_find(&m, 0x20000010, STR(""), NULL)].is_ram);
    assert_false(m.list[memories_find(&m, 0x8000110, STR(""), NULL)].is_ram);
    segments[2].address = 0x4fefff00; // with the file's head in front of the memory
    segments[2].memory_bytes = 0x200;
    memories_of(&f->arena, &f->target, &map, &elf, &m);
    assert_string_equal(name_at(f, 0x4ff00010, ""), "internal");
    assert_string_equal(name_at(f, 0x4fefff10, ""), "segment-2");
    memories_of(&f->arena, NULL, NULL, &elf, &m);
    assert_string_equal(name_at(f, 0x8000110, ""), "segment-1");
    memories_of(&f->arena, NULL, NULL, NULL, &m);
    assert_string_equal(name_at(f, 0x8000110, ""), "none");
}

static void mistakes_are_named(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *line, *message;
    } cases[] = { { "memory flash 0x100 0 \"\"\n", "empty" },
        { "memory a 0x100 16\n    alias 0x200 0x90 16\n", "of more than the memory" },
        { "memory a 0x100 16\n    holds stuff\n", "not 'stuff'" },
        { "window 0x100 0x100\n    else sram\n", "empty" },
        { "window 0x100 0x200\n    else nowhere\n", "no memory 'nowhere'" },
        { "window 0x100 0x200\n    section sram\n", "globs" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = arena_printf(&f->arena, "%s%s", shared_window, cases[i].line);
        const char *path = fixture_write(f, "chip", text);
        assert_false(target_load(&f->arena, path, NULL, 0, NULL, 0, &f->target, &f->err));
        if (strstr(f->err.text, cases[i].message) == NULL)
            fail_msg("'%s' is not in '%s'", cases[i].message, f->err.text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_targets_memories),
        TEST(an_alias_is_counted_at_its_main_address),
        TEST(a_window_of_two_memories_is_told_by_the_section),
        TEST(what_a_memory_can_hold),
        TEST(the_linkers_and_the_loaders_view),
        TEST(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
