// sources: wire/*.c runtime/*.c tests/unit/fake_port.c
// also: i386
//
// Interned call stacks on a platform made of memory: one number each, sent once, forgotten with
// their code, no harm without memory.
#include "fake_port.h"
#include "ramlens_stacks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NUMBERS = 1 << 17 };

static struct ramlens_recorder recorder;
static struct ramlens_stacks stacks;

static void begin_with(size_t block_bytes) {
    static const struct ramlens_image image = {
        .pointer_bytes = 8, .ticks_per_second = 1, .path = "", .platform = ""
    };
    fake_port_reset();
    fake_port.block_bytes = block_bytes;
    memset(&recorder, 0, sizeof recorder);
    memset(&stacks, 0, sizeof stacks);
    ramlens_recorder_init(&recorder, &image);
}

static void begin(void) {
    begin_with(4096);
}

static uint32_t intern(uint32_t outer, uintptr_t address) {
    return ramlens_stacks_intern(&stacks, &recorder, outer, address);
}

/// What the trace says of each number.
static struct {
    uint32_t outer;
    uintptr_t address;
} defined[NUMBERS];

/// Reads all stack records of the store; each number must be defined once. Returns how many.
static uint32_t read_definitions(void) {
    static struct ramlens_wire_decoder d;
    uint32_t count = 0;
    memset(defined, 0, sizeof defined);
    for (size_t at = 0; at < fake_port.stored; at += fake_port.block_bytes) {
        struct ramlens_wire_block header;
        struct ramlens_wire_item item;
        size_t header_bytes;
        const uint8_t *place = fake_port.store + at;
        assert_int_equal(
                ramlens_wire_block_read(place, fake_port.block_bytes, &header, &header_bytes),
                RAMLENS_WIRE_OK);
        size_t size = header.open ? fake_port.block_bytes - header_bytes : header.payload_bytes;
        ramlens_wire_decode(
                &d, place + header_bytes, size, header.time, header.granularity, header.open);
        uint64_t previous = 0;
        while (ramlens_wire_next(&d, &item) == RAMLENS_WIRE_ITEM) {
            if (item.record != RAMLENS_WIRE_STACK)
                continue;
            struct ramlens_wire_reader in = { item.body, item.body + item.body_bytes, true };
            uint64_t number = ramlens_wire_get_varint(&in);
            uint64_t outer = ramlens_wire_get_varint(&in);
            previous += (uint64_t)ramlens_wire_get_signed(&in);
            assert_true(in.ok && number < NUMBERS && outer < number);
            assert_int_equal(defined[number].address, 0);
            defined[number].address = (uintptr_t)previous;
            defined[number].outer = (uint32_t)outer;
            count++;
        }
    }
    return count;
}

static void a_stack_is_sent_once(void **state) {
    (void)state;
    begin();
    uint32_t main_stack = intern(0, 0x1000);
    uint32_t a = intern(main_stack, 0x2000);
    uint32_t b = intern(main_stack, 0x2008);
    uint32_t same_code_elsewhere = intern(a, 0x2008);
    assert_int_equal(main_stack, 1);
    assert_int_equal(a, 2);
    assert_int_equal(b, 3);
    assert_int_equal(same_code_elsewhere, 4);
    uint32_t locked = fake_port.locked;
    assert_int_equal(intern(0, 0x1000), main_stack);
    assert_int_equal(intern(main_stack, 0x2008), b);
    assert_int_equal(intern(a, 0x2008), same_code_elsewhere);
    assert_int_equal(fake_port.locked, locked); // what is known takes no lock
    assert_int_equal(read_definitions(), 4);
    assert_int_equal(defined[4].address, 0x2008);
    assert_int_equal(defined[4].outer, a);
    assert_int_equal(intern(a, 0), 0);
}

static void tables_grow_and_forget_nothing(void **state) {
    (void)state;
    begin_with(512);
    enum { STACKS = 60000 };
    static uint32_t outer_of[STACKS + 1];
    static uintptr_t address_of[STACKS + 1];
    srand(3);
    for (uint32_t i = 1; i <= STACKS; i++) {
        outer_of[i] = (uint32_t)rand() % i;
        address_of[i] = (uintptr_t)0x8000000 + i * 4u; // a new one each, of any outer stack
        assert_int_equal(intern(outer_of[i], address_of[i]), i);
    }
    for (uint32_t i = 1; i <= STACKS; i++)
        assert_int_equal(intern(outer_of[i], address_of[i]), i);
    assert_int_equal(read_definitions(), STACKS);
    for (uint32_t i = 1; i <= STACKS; i++) {
        assert_int_equal(defined[i].address, address_of[i]);
        assert_int_equal(defined[i].outer, outer_of[i]);
    }
    assert_int_equal(stacks.map_bytes, fake_port.mapped);
}

static void stacks_through_code_that_went_get_new_numbers(void **state) {
    (void)state;
    begin();
    uint32_t main_stack = intern(0, 0x1000);
    uint32_t plugin = intern(main_stack, 0x5010);
    uint32_t callback = intern(plugin, 0x1100); // code that stays, called by code that goes
    uint32_t deeper = intern(callback, 0x1200);
    uint32_t beside = intern(main_stack, 0x1100);
    uint32_t last_byte = intern(
            main_stack, 0x6000); // returns behind the range: the call is its last instruction
    uint32_t first_byte =
            intern(main_stack, 0x5000); // returns to its first byte: the call is before it
    ramlens_stacks_forget(&stacks, 0x5000, 0x6000);
    assert_int_equal(intern(0, 0x1000), main_stack);
    assert_int_equal(intern(main_stack, 0x1100), beside);
    assert_int_equal(intern(main_stack, 0x5000), first_byte);
    uint32_t again = intern(main_stack, 0x5010);
    uint32_t callback_again = intern(again, 0x1100);
    assert_true(again > first_byte);
    assert_true(callback_again > again);
    assert_true(intern(callback_again, 0x1200) > callback_again);
    assert_true(intern(main_stack, 0x6000) != last_byte);
    // The forgotten ones are not found by their old outer numbers either.
    assert_true(intern(plugin, 0x1100) != callback);
    assert_true(intern(callback, 0x1200) != deeper);
    read_definitions();
    assert_int_equal(defined[again].address, 0x5010);
    assert_int_equal(defined[plugin].address, 0x5010);
}

static void forgetting_survives_growth_and_repetition(void **state) {
    (void)state;
    begin();
    for (uint32_t round = 0; round < 40; round++) {
        uint32_t outer = 0;
        for (uint32_t i = 0; i < 500; i++)
            outer = intern(i % 60 == 0 ? 0 : outer, 0x7000u + i * 4u + 4u);
        assert_true(outer > round * 500);
        ramlens_stacks_forget(&stacks, 0x7000, 0x7000 + 500 * 4);
    }
    assert_int_equal(read_definitions(), 40 * 500);
}

static void without_room_in_the_trace_a_stack_is_unknown(void **state) {
    (void)state;
    begin();
    ramlens_recorder_flush(&recorder);
    fake_port.blocks_left = 0;
    assert_int_equal(intern(0, 0x1000), 0);
    fake_port.blocks_left = 1;
    assert_int_equal(intern(0, 0x1000), 1); // and known as soon as there is room
    assert_int_equal(read_definitions(), 1);
}

static void without_memory_stacks_are_unknown_and_known_ones_stay(void **state) {
    (void)state;
    begin();
    fake_port.map_left = 0;
    assert_int_equal(intern(0, 0x1000), 0);
    fake_port.map_left = 70000; // one table and no more
    uint32_t count = 0;
    while (intern(count, 0x1000u + count * 4u) != 0)
        count++;
    assert_true(count > 1000);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(intern(i, 0x1000u + i * 4u), i + 1);
    assert_int_equal(read_definitions(), count);
}

static void without_memory_to_tell_which_all_are_forgotten(void **state) {
    (void)state;
    begin();
    uint32_t stays = intern(0, 0x1000);
    uint32_t goes = intern(stays, 0x5010);
    fake_port.map_left = 0;
    ramlens_stacks_forget(&stacks, 0x5000, 0x6000);
    assert_true(intern(stays, 0x5010) > goes);
    assert_true(intern(0, 0x1000) > goes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_is_sent_once),
        cmocka_unit_test(tables_grow_and_forget_nothing),
        cmocka_unit_test(stacks_through_code_that_went_get_new_numbers),
        cmocka_unit_test(forgetting_survives_growth_and_repetition),
        cmocka_unit_test(without_room_in_the_trace_a_stack_is_unknown),
        cmocka_unit_test(without_memory_stacks_are_unknown_and_known_ones_stay),
        cmocka_unit_test(without_memory_to_tell_which_all_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
