/// The slow way of one step: rules that do not fit eight bytes, and signal frames.
///
/// The row of the frame is read again from the module and evaluated as it stands. Registers other
/// than the stack and frame pointer are known only behind a signal frame, whose context holds them
/// all; a rule that needs one that is not known cuts the walk.
#include "unwind_expression.h"

static bool cfa_of_row(const struct unwind_row *row, const struct unwind_state *s,
        struct unwind_trail *trail, uintptr_t *cfa) {
    uintptr_t base;
    if (row->cfa_is_expression)
        return unwind_evaluate(row, s, trail, row->cfa_value, NULL, cfa);
    if (!unwind_register_value(s, trail, row->cfa_register, &base))
        return false;
    *cfa = base + (uintptr_t)row->cfa_value;
    return true;
}

/// Puts a value that is not in memory where `next->at` can point to. Not expressible by cells.
static uintptr_t hold(
        struct unwind_state *next, unsigned number, uintptr_t value, struct unwind_trail *trail) {
    if (trail != NULL)
        trail->spoiled = true;
    next->held[number] = value;
    return (uintptr_t)&next->held[number];
}

/// Where the caller's value of a register is; 0 when that is not known. Registers without a rule
/// are taken as unchanged.
static uintptr_t place_of(const struct unwind_row *row, const struct unwind_state *s,
        unsigned number, uintptr_t cfa, struct unwind_state *next, struct unwind_trail *trail) {
    intptr_t value = row->value[number];
    uintptr_t at;
    switch (row->kind[number]) {
    case UNWIND_AT_CFA:
        at = cfa + (uintptr_t)value;
        return unwind_is_readable(s, at) || unwind_is_outward(s, at + UNWIND_WORD) ? at : 0;
    case UNWIND_IS_CFA:
        return hold(next, number, cfa + (uintptr_t)value, trail);
    case UNWIND_AT_EXPRESSION:
        return unwind_evaluate(row, s, trail, value, &cfa, &at) && unwind_is_readable(s, at) ? at
                                                                                             : 0;
    case UNWIND_IS_EXPRESSION:
        return unwind_evaluate(row, s, trail, value, &cfa, &at) ? hold(next, number, at, trail) : 0;
    case UNWIND_IN_REGISTER:
        if (!unwind_register_value(s, trail, (uint64_t)value, &at))
            return 0;
        return hold(next, number, at, trail);
    case UNWIND_UNDEFINED:
        return 0;
    default: // unchanged; a held value moves along
        at = number == UNWIND_BP ? s->bp_at : s->wide ? s->at[number] : 0;
        if (at == (uintptr_t)&s->held[number])
            return hold(next, number, s->held[number], trail);
        return at;
    }
}

/// Fills in the caller's registers. Without a signal frame and nothing known before it is the frame
/// pointer alone.
static void place_registers(const struct unwind_row *row, const struct unwind_state *s,
        uintptr_t cfa, struct unwind_state *next, struct unwind_trail *trail) {
    next->wide = s->wide || row->signal_frame;
    for (unsigned i = 0; next->wide && i < UNWIND_REGISTERS; i++) {
        if (i != UNWIND_BP && i != UNWIND_SP && i != UNWIND_RA)
            next->at[i] = place_of(row, s, i, cfa, next, trail);
    }
    next->bp_at = place_of(row, s, UNWIND_BP, cfa, next, trail);
}

/// Finds the caller's stack pointer and the cell of its return address. False when one is missing.
static bool place_frame(const struct unwind_row *row, const struct unwind_state *s, uintptr_t cfa,
        struct unwind_state *next, struct unwind_trail *trail) {
    uintptr_t sp_at;
    next->sp = cfa;
    if (row->kind[UNWIND_SP] != UNWIND_UNSET && row->kind[UNWIND_SP] != UNWIND_SAME) {
        sp_at = place_of(row, s, UNWIND_SP, cfa, next, trail);
        if (sp_at == 0)
            return false;
        next->sp = unwind_read_cell(trail, sp_at);
    }
    next->slot = place_of(row, s, UNWIND_RA, cfa, next, trail);
    return next->slot != 0 && (row->signal_frame || unwind_is_outward(s, next->sp));
}

/// Held values are inside the state; after copying one, its places must point into the copy.
static void move_state(struct unwind_state *to, const struct unwind_state *from) {
    *to = *from;
    if (from->bp_at == (uintptr_t)&from->held[UNWIND_BP])
        to->bp_at = (uintptr_t)&to->held[UNWIND_BP];
    for (unsigned i = 0; from->wide && i < UNWIND_REGISTERS; i++) {
        if (from->at[i] == (uintptr_t)&from->held[i])
            to->at[i] = (uintptr_t)&to->held[i];
    }
}

enum unwind_step unwind_step_slowly(struct unwind_state *s, struct unwind_trail *trail) {
    struct unwind_state next = *s;
    struct unwind_row row;
    uintptr_t cfa;
    if (!unwind_row_at(s->ip + s->interrupted - 1, &row))
        return UNWIND_STEP_CUT;
    if (row.kind[UNWIND_RA] == UNWIND_UNDEFINED)
        return UNWIND_STEP_END;
    if (!cfa_of_row(&row, s, trail, &cfa) || !place_frame(&row, s, cfa, &next, trail))
        return UNWIND_STEP_CUT;
    place_registers(&row, s, cfa, &next, trail);
    next.ip =
            unwind_read_cell(trail, next.slot); // last: a frame is known by the last cell before it
    next.interrupted = row.signal_frame;
    next.signals += row.signal_frame;
    next.expressions += !row.signal_frame;
    if (trail != NULL)
        trail->spoiled |= row.signal_frame || next.sp != next.slot + UNWIND_WORD;
    move_state(s, &next);
    return s->ip == 0 ? UNWIND_STEP_END : UNWIND_STEP_NEXT;
}
