/// What bytes are, by section and name; text found again.
#include "footprint_kind.h"
#include "footprint_text.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct memory flash = { .name = { "flash", 5 }, .source = MEMORY_OF_TARGET };
static const struct memory ram = {
    .name = { "ram", 3 }, .source = MEMORY_OF_TARGET, .is_ram = true
};
static const struct memory map_rx = { .name = { "iram", 4 }, .source = MEMORY_OF_MAP };

enum { A = SHF_ALLOC, AX = SHF_ALLOC | SHF_EXECINSTR, AW = SHF_ALLOC | SHF_WRITE };

struct kind_case {
    const char *section;
    const char *input;
    const struct memory *memory;
    uint64_t flags; ///< 0: those of no ELF file are known.
    uint32_t type;
    enum footprint_kind kind;
};

static const struct kind_case cases[] = {
    // A name alone is no vector table.
    { ".text", ".text._ZNSt6vectorIiE9push_backEi", &flash, AX, SHT_PROGBITS, FOOTPRINT_CODE },
    { ".rodata", ".rodata._ZTVSt6vectorIiE", &flash, A, SHT_PROGBITS, FOOTPRINT_CONSTANT },
    { ".bss", ".bss.vectors", &ram, AW, SHT_NOBITS, FOOTPRINT_ZERO },
    { ".bss", ".bss.str1.4", &ram, AW, SHT_NOBITS, FOOTPRINT_ZERO }, // a variable called str1
    { ".iram0.vectors", ".exception_vectors.text", &ram, AX, SHT_PROGBITS, FOOTPRINT_VECTOR },
    { ".iram0.vectors", ".Level2InterruptVector.text", &ram, AX, SHT_PROGBITS, FOOTPRINT_VECTOR },
    { ".isr_vector", ".isr_vector", &flash, A, SHT_PROGBITS, FOOTPRINT_VECTOR },
    { ".isr_vector", "", &flash, A, SHT_PROGBITS, FOOTPRINT_VECTOR },
    // Literals, and a function of that name.
    { ".iram0.text", ".iram1.5.literal", &ram, AX, SHT_PROGBITS, FOOTPRINT_LITERAL },
    { ".flash.text", ".literal.f", &flash, AX, SHT_PROGBITS, FOOTPRINT_LITERAL },
    { ".flash.text", ".text.literal", &flash, AX, SHT_PROGBITS, FOOTPRINT_CODE },
    { ".flash.text", ".init.literal", &flash, AX, SHT_PROGBITS, FOOTPRINT_LITERAL },
    // What may be written is constant where it cannot be.
    { ".flash.rodata", ".rodata_desc", &flash, AW, SHT_PROGBITS, FOOTPRINT_CONSTANT },
    { ".flash.rodata", ".odd", &flash, AW, SHT_PROGBITS, FOOTPRINT_CONSTANT },
    { ".odd", ".data.x", &flash, AW, SHT_PROGBITS, FOOTPRINT_CONSTANT },
    { ".flash.rodata", "", NULL, AW, SHT_PROGBITS, FOOTPRINT_CONSTANT },
    // Constants that a script put into RAM, and data.
    { ".dram0.data", ".rodata.table", &ram, AW, SHT_PROGBITS, FOOTPRINT_CONSTANT },
    { ".dram0.data", ".rodata.f.str1.4", &ram, AW, SHT_PROGBITS, FOOTPRINT_STRING },
    { ".dram0.data", ".rodata.cst8", &ram, AW, SHT_PROGBITS, FOOTPRINT_CONSTANT },
    { ".dram0.data", ".sdata.x", &ram, AW, SHT_PROGBITS, FOOTPRINT_DATA },
    { ".dram0.data", ".dram1.7", &ram, AW, SHT_PROGBITS, FOOTPRINT_DATA },
    { ".data.rel.ro", ".data.rel.ro.x", &ram, AW, SHT_PROGBITS, FOOTPRINT_CONSTANT },
    { ".dram0.bss", "COMMON", &ram, AW, SHT_NOBITS, FOOTPRINT_ZERO },
    { ".noinit", ".noinit.x", &ram, A, SHT_NOBITS, FOOTPRINT_ZERO },
    // Among code.
    { ".iram0.text", ".rodata.jump", &ram, AX, SHT_PROGBITS, FOOTPRINT_CONSTANT },
    { ".iram0.text", ".iram1.12", &ram, AX, SHT_PROGBITS, FOOTPRINT_CODE },
    { ".iram0.text", ".data.x", &ram, AX | SHF_WRITE, SHT_PROGBITS, FOOTPRINT_DATA },
    // Thread-local and linker-made.
    { ".tbss", ".tbss.x", NULL, AW | SHF_TLS, SHT_NOBITS, FOOTPRINT_THREAD_ZERO },
    { ".tdata", ".tdata.x", NULL, AW | SHF_TLS, SHT_PROGBITS, FOOTPRINT_THREAD_DATA },
    { ".got", ".got", &ram, AW, SHT_PROGBITS, FOOTPRINT_LINKER },
    { ".rodata", "", &flash, A | SHF_MERGE | SHF_STRINGS, SHT_PROGBITS, FOOTPRINT_STRING },
    { ".rodata.cst8", "", NULL, A | SHF_MERGE, SHT_PROGBITS, FOOTPRINT_CONSTANT },
    // Of a map alone.
    { ".rodata", ".rodata.cst8", NULL, 0, 0, FOOTPRINT_CONSTANT },
    { ".rodata", ".rodata.str1.4", NULL, 0, 0, FOOTPRINT_STRING },
    { ".dram0.bss", ".bss.x", &ram, 0, 0, FOOTPRINT_ZERO },
    { ".dram0.bss", "", &ram, 0, 0, FOOTPRINT_ZERO },
    { ".iram0.text", ".iram1.12", &map_rx, 0, 0, FOOTPRINT_CODE },
    { ".iram0.data", ".data.x", &map_rx, 0, 0, FOOTPRINT_DATA }, // A script's word is not enough.
    { ".odd", ".wifi0iram.7", &map_rx, 0, 0, FOOTPRINT_CODE },
    { ".odd", ".odd", &map_rx, 0, 0, FOOTPRINT_UNKNOWN },
};

static void kinds_are_decided_by_all_witnesses(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct kind_case *c = &cases[i];
        struct elf_section section = {
            .name = str_from(c->section), .flags = c->flags, .type = c->type
        };
        struct section_traits traits = section_traits_of(&section, c->memory);
        if (c->flags == 0) {
            traits = (struct section_traits){ .name = section.name, .memory = c->memory };
        }
        enum footprint_kind got = footprint_kind_of(&traits, str_from(c->input));
        if (got != c->kind) {
            fail_msg("%s in %s: %s, expected %s", c->input, c->section, footprint_kind_names[got],
                    footprint_kind_names[c->kind]);
        }
    }
}

static void sections_that_are_not_loaded_are_known(void **state) {
    (void)state;
    static const char *const unloaded[] = { ".debug_info", ".comment", ".riscv.attributes",
        ".xtensa.info", ".note.GNU-stack", ".group" };
    static const char *const loaded[] = { ".text", ".xtext", ".dram0.bss", ".commentary",
        ".note.gnu.build-id" };
    for (size_t i = 0; i < sizeof(unloaded) / sizeof(unloaded[0]); i++) {
        assert_true(section_name_is_unloaded(str_from(unloaded[i])));
    }
    for (size_t i = 0; i < sizeof(loaded) / sizeof(loaded[0]); i++) {
        assert_false(section_name_is_unloaded(str_from(loaded[i])));
    }
}

static void assert_text(struct str bytes, size_t from, size_t begin, size_t end) {
    size_t got_begin = SIZE_MAX;
    size_t got_end = SIZE_MAX;
    assert_true(footprint_text_find(bytes, from, &got_begin, &got_end));
    assert_int_equal(got_begin, begin);
    assert_int_equal(got_end, end);
}

static void text_is_found_again(void **state) {
    (void)state;
    size_t begin, end;
    assert_text(STR("sixsix\0"), 0, 0, 7);
    assert_text(STR("\1\2sixsix\0\3"), 0, 2, 9);
    assert_text(
            STR("\1sixsix\0\0\0ab\0\0\0\0\0x"), 0, 1, 16); // One that follows, three zeros at most.
    assert_text(STR("sixsix\0\1\1another\0"), 7, 9, 17);
    assert_text(STR("fives\0fives\0sixsix\0"), 0, 12, 19);
    assert_false(footprint_text_find(STR("fives\0E @?\0"), 0, &begin, &end));
    assert_false(footprint_text_find(STR("not terminated"), 0, &begin, &end));
    assert_false(footprint_text_find(STR(""), 0, &begin, &end));
    assert_true(footprint_text_is_zero(STR("\0\0\0")));
    assert_false(footprint_text_is_zero(STR("\0\0\1")));
}

static bool may_be_in_text(char c) {
    return (c >= ' ' && c <= '~') || c == '\t' || c == '\n' || c == '\r' || c == '\033';
}

/// Length of the terminated string at `at`; 0: none.
static size_t string_at(const char *bytes, size_t len, size_t at) {
    size_t end = at;
    while (end < len && may_be_in_text(bytes[end])) {
        end++;
    }
    return end < len && bytes[end] == '\0' ? end - at : 0;
}

/// The quick search finds what looking at each byte finds.
static void text_is_found_as_by_looking_at_every_byte(void **state) {
    // Letters mostly; then what is nearly text: control characters, DEL, bytes beyond ASCII.
    static const char mixes[4][17] = { "abcdefghijklmn\0 ", "abcdefgh\0\0abcd\0\1",
        "abcdefghij\0~ \177\037\200", "abcdefghi\0\t\n\033\r\013\377" };
    (void)state;
    char bytes[96];
    uint32_t seed = 1;
    for (unsigned round = 0; round < 40000; round++) {
        size_t len = round % sizeof(bytes) + 1;
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = mixes[round % 4][(seed >> 16) % 16];
        }
        size_t expected = 0;
        while (expected < len && string_at(bytes, len, expected) < 6) {
            expected++;
        }
        size_t expected_end = expected;
        for (size_t length = 6; length >= 2 && expected < len;
                length = string_at(bytes, len, expected_end)) {
            expected_end += string_at(bytes, len, expected_end) + 1;
            for (int i = 0; i < 3 && expected_end < len && bytes[expected_end] == '\0'; i++) {
                expected_end++;
            }
        }
        size_t begin = len, end = len;
        bool found = footprint_text_find((struct str){ bytes, len }, 0, &begin, &end);
        assert_int_equal(found, expected < len);
        assert_int_equal(begin, expected);
        assert_int_equal(end, expected_end);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_decided_by_all_witnesses),
        cmocka_unit_test(sections_that_are_not_loaded_are_known),
        cmocka_unit_test(text_is_found_again),
        cmocka_unit_test(text_is_found_as_by_looking_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
