// sources: integrations/linux/unwind*.c
// also: i386
//
// DWARF expressions: each kind of operation, and what must fail rather than be guessed.
#include "unwind_expression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { W = UNWIND_WORD };

static uintptr_t stack[64];
static uintptr_t bp_cell = 0x1234;
static struct unwind_cell cells[8];
static struct unwind_trail trail;

/// The frame in which expressions are evaluated: sp at stack[32], ip 0x1007, bp in `bp_cell`.
static struct unwind_state frame(void) {
    struct unwind_state s;
    memset(&s, 0, sizeof s);
    s.sp = (uintptr_t)&stack[32];
    s.ip = 0x1007;
    s.bp_at = (uintptr_t)&bp_cell;
    return s;
}

/// Evaluates `size` bytes, the first of them the length, on an empty machine or with `initial` on
/// it.
static bool run(const uint8_t *bytes, size_t size, const uintptr_t *initial, uintptr_t *result) {
    struct unwind_state s = frame();
    struct unwind_row row;
    memset(&row, 0, sizeof row);
    row.module_end = bytes + size;
    trail = (struct unwind_trail){ cells, 0, 8, false };
    return unwind_evaluate(&row, &s, &trail, (intptr_t)bytes, initial, result);
}

#define ASSERT_VALUE(expected, ...)                                                                \
    do {                                                                                           \
        static const uint8_t ops[] = { __VA_ARGS__ };                                              \
        uint8_t bytes[sizeof ops + 1];                                                             \
        uintptr_t result = 0xdead;                                                                 \
        bytes[0] = sizeof ops;                                                                     \
        memcpy(bytes + 1, ops, sizeof ops);                                                        \
        assert_true(run(bytes, sizeof bytes, NULL, &result));                                      \
        assert_int_equal(result, (uintptr_t)(expected));                                           \
    } while (0)

#define ASSERT_FAILS(...)                                                                          \
    do {                                                                                           \
        static const uint8_t ops[] = { __VA_ARGS__ };                                              \
        uint8_t bytes[sizeof ops + 1];                                                             \
        uintptr_t result = 0xdead;                                                                 \
        bytes[0] = sizeof ops;                                                                     \
        memcpy(bytes + 1, ops, sizeof ops);                                                        \
        assert_false(run(bytes, sizeof bytes, NULL, &result));                                     \
    } while (0)

static void constants(void **state) {
    (void)state;
    ASSERT_VALUE(0, 0x30);
    ASSERT_VALUE(31, 0x4f);
    ASSERT_VALUE(200, 0x08, 200);
    ASSERT_VALUE(-56, 0x09, 200);
    ASSERT_VALUE(0xfffe, 0x0a, 0xfe, 0xff);
    ASSERT_VALUE(-2, 0x0b, 0xfe, 0xff);
    ASSERT_VALUE(0x80000000U, 0x0c, 0, 0, 0, 0x80);
    ASSERT_VALUE((intptr_t)INT32_MIN, 0x0d, 0, 0, 0, 0x80);
    ASSERT_VALUE((uintptr_t)0x0807060504030201U, 0x0e, 1, 2, 3, 4, 5, 6, 7, 8);
    ASSERT_VALUE(624485, 0x10, 0xe5, 0x8e, 0x26);
    ASSERT_VALUE(-123456, 0x11, 0xc0, 0xbb, 0x78);
}

static void arithmetic(void **state) {
    (void)state;
    ASSERT_VALUE(7, 0x33, 0x34, 0x22);        // 3 4 plus
    ASSERT_VALUE(-1, 0x33, 0x34, 0x1c);       // minus
    ASSERT_VALUE(12, 0x33, 0x34, 0x1e);       // mul
    ASSERT_VALUE(-3, 0x09, 0xf9, 0x32, 0x1b); // -7 2 div
    ASSERT_VALUE(1, 0x37, 0x33, 0x1d);        // 7 3 mod
    ASSERT_VALUE(3, 0x37, 0x33, 0x1a);        // and
    ASSERT_VALUE(15, 0x39, 0x36, 0x21);       // 9 6 or
    ASSERT_VALUE(6, 0x35, 0x33, 0x27);        // 5 3 xor
    ASSERT_VALUE(40, 0x35, 0x33, 0x24);       // shl
    ASSERT_VALUE(-1, 0x09, 0xf8, 0x34, 0x26); // -8 4 shra
    ASSERT_VALUE(0, 0x35, 0x08, 200, 0x25);   // 5 200 shr
    ASSERT_VALUE(5, 0x09, 0xfb, 0x19);        // -5 abs
    ASSERT_VALUE(-5, 0x35, 0x1f);             // neg
    ASSERT_VALUE(~(uintptr_t)5, 0x35, 0x20);  // not
    ASSERT_VALUE(205, 0x35, 0x23, 0xc8, 1);   // plus_uconst 200
    ASSERT_VALUE(1, 0x09, 0xff, 0x30, 0x2d);  // -1 0 lt, signed
    ASSERT_VALUE(0, 0x35, 0x35, 0x2e);        // ne
}

static void moves_and_jumps(void **state) {
    (void)state;
    ASSERT_VALUE(10, 0x35, 0x12, 0x22);            // 5 dup plus
    ASSERT_VALUE(5, 0x35, 0x36, 0x13);             // 5 6 drop
    ASSERT_VALUE(5, 0x35, 0x36, 0x14);             // over
    ASSERT_VALUE(4, 0x34, 0x35, 0x36, 0x15, 2);    // pick 2
    ASSERT_VALUE(1, 0x35, 0x36, 0x16, 0x1c);       // swap minus: 6 - 5
    ASSERT_VALUE(5, 0x34, 0x35, 0x36, 0x17);       // 4 5 6 rot: 6 4 5
    ASSERT_VALUE(2, 0x31, 0x28, 1, 0, 0x33, 0x32); // 1 bra over "3"
    ASSERT_VALUE(3, 0x30, 0x28, 1, 0, 0x33, 0x96); // 0 bra not taken
    ASSERT_VALUE(2, 0x2f, 1, 0, 0x33, 0x32);       // skip
}

static void registers_and_memory(void **state) {
    (void)state;
    stack[33] = (uintptr_t)0x1122334455667788U;
    ASSERT_VALUE(&stack[33], 0x70 + UNWIND_SP, W);
    ASSERT_VALUE(stack[33], 0x70 + UNWIND_SP, W, 0x06);
    assert_int_equal(trail.count, 1);
    assert_ptr_equal(trail.cells[0].at, &stack[33]);
    assert_false(trail.spoiled);
    ASSERT_VALUE(0x88, 0x92, UNWIND_SP, W, 0x94, 1); // bregx, deref_size
    ASSERT_VALUE(bp_cell - 8, 0x70 + UNWIND_BP, 0x78);
    ASSERT_VALUE(0x1007, 0x50 + UNWIND_RA);
    // A procedure linkage table entry's CFA: one more word from its eleventh byte on.
    ASSERT_VALUE(&stack[33], 0x70 + UNWIND_SP, W, 0x70 + UNWIND_RA, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33,
            0x24, 0x22);
}

static void the_cfa_is_pushed_for_registers(void **state) {
    static const uint8_t bytes[] = { 2, 0x23, 16 };
    uintptr_t cfa = 1000, result = 0;
    (void)state;
    assert_true(run(bytes, sizeof bytes, &cfa, &result));
    assert_int_equal(result, 1016);
}

static void what_cannot_be_evaluated_fails(void **state) {
    (void)state;
    ASSERT_FAILS(0x22);                         // nothing to add
    ASSERT_FAILS(0x96);                         // no result
    ASSERT_FAILS(0x70, 0);                      // a register that is not known
    ASSERT_FAILS(0x35, 0x30, 0x1b);             // division by zero
    ASSERT_FAILS(0x35, 0x30, 0x1d);             // remainder by zero
    ASSERT_FAILS(0x70 + UNWIND_SP, 1, 0x06);    // not a word's address
    ASSERT_FAILS(0x08, 8, 0x06);                // not near the stack
    ASSERT_FAILS(0x31, 0x96, 0x2f, 0xfc, 0xff); // a loop without end
    ASSERT_FAILS(0x31, 0x2f, 0xf0, 0xff);       // a jump out
    ASSERT_FAILS(0x31, 0x15, 1);                // pick below the bottom
    ASSERT_FAILS(0x31, 0x16);                   // swap with nothing
    ASSERT_FAILS(0x31, 0xe0);                   // not an operation
    ASSERT_FAILS(0x08);                         // cut off
    ASSERT_FAILS(0x70 + UNWIND_SP, W, 0x94, 9); // too many bytes of a word
    ASSERT_FAILS(0x31, 0x12, 0x2f, 0xfc, 0xff); // fills the machine
}

static void an_expression_longer_than_its_module_fails(void **state) {
    static const uint8_t bytes[] = { 9, 0x31 };
    uintptr_t result;
    (void)state;
    assert_false(run(bytes, sizeof bytes, NULL, &result));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants),
        cmocka_unit_test(arithmetic),
        cmocka_unit_test(moves_and_jumps),
        cmocka_unit_test(registers_and_memory),
        cmocka_unit_test(the_cfa_is_pushed_for_registers),
        cmocka_unit_test(what_cannot_be_evaluated_fails),
        cmocka_unit_test(an_expression_longer_than_its_module_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
