/// DWARF expressions on a small stack machine (DWARF 5, section 2.5), opcode by opcode.
///
/// Opcodes are numbers here because they form ranges; the name stands beside each that is alone.
#include "unwind_expression.h"

enum { STACK_DEPTH = 16, MAX_STEPS = 256 };

/// How far from the stack pointer an expression may read; the largest signal frame is far below.
enum { READABLE_BYTES = 1 << 16 };

struct evaluator {
    const struct unwind_state *state;
    struct unwind_trail *trail;
    struct unwind_reader code;
    const uint8_t *start;
    uintptr_t stack[STACK_DEPTH];
    unsigned depth;
    bool failed;
};

bool unwind_register_value(const struct unwind_state *s, struct unwind_trail *trail,
        uint64_t number, uintptr_t *value) {
    uintptr_t at;
    if (number == UNWIND_SP || number == UNWIND_RA) {
        *value = number == UNWIND_SP ? s->sp : s->ip;
        return true;
    }
    if (number >= UNWIND_REGISTERS)
        return false;
    at = number == UNWIND_BP ? s->bp_at : s->wide ? s->at[number] : 0;
    if (at == 0)
        return false;
    *value = unwind_read_cell(trail, at);
    return true;
}

bool unwind_is_readable(const struct unwind_state *s, uintptr_t address) {
    return address - (s->sp - READABLE_BYTES) < 2 * (uintptr_t)READABLE_BYTES &&
           address % UNWIND_WORD == 0;
}

static uintptr_t pop(struct evaluator *e) {
    if (e->depth == 0) {
        e->failed = true;
        return 0;
    }
    return e->stack[--e->depth];
}

static void push(struct evaluator *e, uintptr_t value) {
    if (e->depth == STACK_DEPTH)
        e->failed = true;
    else
        e->stack[e->depth++] = value;
}

static void push_register(struct evaluator *e, uint64_t number, int64_t offset) {
    uintptr_t value = 0;
    if (!unwind_register_value(e->state, e->trail, number, &value))
        e->failed = true;
    push(e, value + (uintptr_t)offset);
}

/// Reads a word, or the lower `size` bytes of one.
static void dereference(struct evaluator *e, uint64_t size) {
    uintptr_t at = pop(e);
    uintptr_t value;
    if (e->failed || !unwind_is_readable(e->state, at) || size == 0 || size > UNWIND_WORD) {
        e->failed = true;
        return;
    }
    value = unwind_read_cell(e->trail, at);
    if (size < UNWIND_WORD)
        value &= ((uintptr_t)1 << (8 * size)) - 1;
    push(e, value);
}

/// Duplicates the entry `depth` below the top.
static void pick(struct evaluator *e, uint64_t depth) {
    if (depth >= e->depth)
        e->failed = true;
    else
        push(e, e->stack[e->depth - 1 - depth]);
}

static void rotate(struct evaluator *e, unsigned count) {
    uintptr_t top;
    if (e->depth < count) {
        e->failed = true;
        return;
    }
    top = e->stack[e->depth - 1];
    for (unsigned i = 1; i < count; i++)
        e->stack[e->depth - i] = e->stack[e->depth - i - 1];
    e->stack[e->depth - count] = top;
}

/// DW_OP_skip and the taken DW_OP_bra.
static void jump(struct evaluator *e, int64_t distance) {
    int64_t to = e->code.at - e->start + distance;
    if (e->failed || to < 0 || to > e->code.end - e->start)
        e->failed = true;
    else
        e->code.at = e->start + to;
}

static uintptr_t shifted(unsigned op, uintptr_t value, uintptr_t by) {
    if (by >= (uintptr_t)8 * UNWIND_WORD)
        return op == 0x26 && (intptr_t)value < 0 ? UINTPTR_MAX : 0;
    if (op == 0x24)
        return value << by;
    return op == 0x25 ? value >> by : (uintptr_t)((intptr_t)value >> by);
}

static uintptr_t divided(struct evaluator *e, uintptr_t left, uintptr_t right) {
    if (right == 0 || (right == UINTPTR_MAX && left == (uintptr_t)INTPTR_MIN)) {
        e->failed = true;
        return 0;
    }
    return (uintptr_t)((intptr_t)left / (intptr_t)right);
}

static uintptr_t remainder_of(struct evaluator *e, uintptr_t left, uintptr_t right) {
    e->failed |= right == 0;
    return right == 0 ? 0 : left % right;
}

/// The result of an operation with two operands, 0x1a to 0x2e without the unary ones.
static uintptr_t combined(struct evaluator *e, unsigned op, uintptr_t a, uintptr_t b) {
    intptr_t sa = (intptr_t)a, sb = (intptr_t)b;
    switch (op) {
    case 0x1a:
        return a & b;
    case 0x1b:
        return divided(e, a, b);
    case 0x1c:
        return a - b;
    case 0x1d:
        return remainder_of(e, a, b);
    case 0x1e:
        return a * b;
    case 0x21:
        return a | b;
    case 0x22:
        return a + b;
    case 0x24:
    case 0x25:
    case 0x26:
        return shifted(op, a, b);
    case 0x27:
        return a ^ b;
    case 0x29:
        return sa == sb;
    case 0x2a:
        return sa >= sb;
    case 0x2b:
        return sa > sb;
    case 0x2c:
        return sa <= sb;
    case 0x2d:
        return sa < sb;
    case 0x2e:
        return sa != sb;
    default:
        e->failed = true;
        return 0;
    }
}

/// Constants, 0x08 to 0x11: the operand's size doubles with every second opcode; odd ones are
/// signed.
static uintptr_t constant(struct evaluator *e, unsigned op) {
    unsigned shift = 64 - (8U << ((op - 0x08) / 2));
    uint64_t value;
    if (op == 0x10)
        return (uintptr_t)unwind_read_uleb(&e->code);
    if (op == 0x11)
        return (uintptr_t)unwind_read_sleb(&e->code);
    value = unwind_read_fixed(&e->code, (64 - shift) / 8);
    if (op % 2 == 1)
        value = (uint64_t)((int64_t)(value << shift) >> shift);
    return (uintptr_t)value;
}

/// DW_OP_abs, neg, not and plus_uconst.
static uintptr_t changed(struct evaluator *e, unsigned op, uintptr_t value) {
    if (op == 0x23)
        return value + (uintptr_t)unwind_read_uleb(&e->code);
    if (op == 0x20)
        return ~value;
    return op == 0x19 && (intptr_t)value >= 0 ? value : (uintptr_t)0 - value;
}

/// Operations that move entries, 0x12 to 0x17.
static void arrange(struct evaluator *e, unsigned op) {
    if (op == 0x12) // dup
        pick(e, 0);
    else if (op == 0x13) // drop
        pop(e);
    else if (op == 0x14) // over
        pick(e, 1);
    else if (op == 0x15) // pick
        pick(e, unwind_read_fixed(&e->code, 1));
    else // swap, rot
        rotate(e, op - 0x14);
}

/// DW_OP_skip and DW_OP_bra.
static void branch(struct evaluator *e, unsigned op) {
    int16_t distance = (int16_t)unwind_read_fixed(&e->code, 2);
    if (op == 0x2f || pop(e) != 0)
        jump(e, distance);
}

/// Operations on registers and memory; false if `op` is none of them.
static bool run_access(struct evaluator *e, unsigned op) {
    uint64_t number;
    if (op == 0x06) { // deref
        dereference(e, UNWIND_WORD);
    } else if (op == 0x94) { // deref_size
        dereference(e, unwind_read_fixed(&e->code, 1));
    } else if (op >= 0x50 && op <= 0x6f) { // reg0...
        push_register(e, op - 0x50, 0);
    } else if (op >= 0x70 && op <= 0x8f) { // breg0...
        push_register(e, op - 0x70, unwind_read_sleb(&e->code));
    } else if (op == 0x90) { // regx
        push_register(e, unwind_read_uleb(&e->code), 0);
    } else if (op == 0x92) { // bregx
        number = unwind_read_uleb(&e->code);
        push_register(e, number, unwind_read_sleb(&e->code));
    } else {
        return false;
    }
    return true;
}

static void run_operation(struct evaluator *e) {
    unsigned op = (unsigned)unwind_read_fixed(&e->code, 1);
    uintptr_t a, b;
    if (op == 0x03) { // addr
        push(e, (uintptr_t)unwind_read_fixed(&e->code, UNWIND_WORD));
    } else if (op >= 0x08 && op <= 0x11) {
        push(e, constant(e, op));
    } else if (op >= 0x12 && op <= 0x17) {
        arrange(e, op);
    } else if (op == 0x19 || op == 0x1f || op == 0x20 || op == 0x23) {
        a = pop(e);
        push(e, changed(e, op, a));
    } else if (op == 0x28 || op == 0x2f) {
        branch(e, op);
    } else if (op >= 0x1a && op <= 0x2e) {
        b = pop(e);
        a = pop(e);
        push(e, combined(e, op, a, b));
    } else if (op >= 0x30 && op <= 0x4f) { // lit0...
        push(e, op - 0x30);
    } else if (op != 0x96 && !run_access(e, op)) { // nop
        e->failed = true;
    }
}

bool unwind_evaluate(const struct unwind_row *row, const struct unwind_state *s,
        struct unwind_trail *trail, intptr_t address, const uintptr_t *initial, uintptr_t *result) {
    struct unwind_expression x = unwind_expression_at((uintptr_t)address, row->module_end);
    struct evaluator e = { s, trail, { x.at, x.end, x.end == NULL }, x.at, { 0 }, 0, false };
    if (initial != NULL)
        push(&e, *initial);
    for (unsigned i = 0; e.code.at < e.code.end; i++) {
        run_operation(&e);
        if (e.failed || e.code.failed || i == MAX_STEPS)
            return false;
    }
    *result = pop(&e);
    return !e.failed && !e.code.failed;
}
