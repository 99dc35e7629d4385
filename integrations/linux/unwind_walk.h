/// One step outward along the stack, by a rule; shared by the full walk and the remembering one.
///
/// A *cell* is a word of stack memory that a step read. The state of a walk is a function of where
/// it began and of the contents of the cells read so far, in order, and so is the address of the
/// next cell. The remembered walks rest on this: whoever finds the same contents in the same cells,
/// in the same order, is on the same stack, and reads nothing that a walk by rules would not read.
#ifndef RAMLENS_UNWIND_WALK_H
#define RAMLENS_UNWIND_WALK_H

#include "unwind_rules.h"

/// No frame is larger: what a garbled frame pointer would claim.
#define UNWIND_MAX_FRAME_BYTES ((uintptr_t)64 << 20)

/// Beyond this distance from the stack pointer, nothing is read before the kernel says that it can
/// be.
#define UNWIND_NEAR_BYTES ((uintptr_t)16 << 10)

struct unwind_cell {
    const uintptr_t *at;
    uintptr_t value;
};

/// The cells read by a walk, in order of first use.
struct unwind_trail {
    struct unwind_cell *cells;
    uint32_t count;
    uint32_t max;
    bool spoiled; ///< Something was read that cells cannot express, or there were too many.
};

/// A frame on the way outward.
struct unwind_state {
    uintptr_t ip;    ///< Where the frame's code goes on.
    uintptr_t slot;  ///< Address of the cell that held `ip`.
    uintptr_t sp;    ///< The stack pointer when it goes on.
    uintptr_t bp_at; ///< Address of the cell with the frame pointer register's value; 0: not known.
    bool interrupted;                 ///< `ip` was not calling: the frame was entered by a signal.
    bool wide;                        ///< `at` is filled, as behind a signal frame.
    uint32_t expressions;             ///< Slow steps so far.
    uint32_t signals;                 ///< Signal frames so far.
    uintptr_t at[UNWIND_REGISTERS];   ///< If wide: address of each register's value; 0: not known.
    uintptr_t held[UNWIND_REGISTERS]; ///< Values that are not on the stack, for `at` to point to.
};

enum unwind_step {
    UNWIND_STEP_NEXT, ///< `state` is the caller's frame now.
    UNWIND_STEP_END,  ///< It was the outermost.
    UNWIND_STEP_CUT,  ///< There is no usable rule, or it led to an implausible place.
};

/// Begins at the frame that `ra_slot`'s content returns to. `bp_cell`: the address of a variable
/// that holds the frame pointer register's value there, alive as long as the walk.
static inline void unwind_begin(
        struct unwind_state *s, uintptr_t ra_slot, const uintptr_t *bp_cell) {
    s->ip = *(const uintptr_t *)ra_slot;
    s->slot = ra_slot;
    s->sp = ra_slot + UNWIND_WORD;
    s->bp_at = (uintptr_t)bp_cell;
    s->interrupted = false;
    s->wide = false;
    s->expressions = 0;
    s->signals = 0;
}

/// Reads a cell and notes it on the trail, if there is one.
UNWIND_READS_ANYTHING static inline uintptr_t unwind_read_cell(
        struct unwind_trail *trail, uintptr_t address) {
    const uintptr_t *at = (const uintptr_t *)address;
    uintptr_t value = *at;
    if (trail == NULL)
        return value;
    if (trail->count == trail->max) {
        trail->spoiled = true;
        return value;
    }
    trail->cells[trail->count++] = (struct unwind_cell){ at, value };
    return value;
}

/// Whether the word at `address` can be read: asks the kernel, keeps errno.
bool unwind_can_read(uintptr_t address);

/// Whether `cfa` can be the next frame address outward of the state's stack pointer.
static inline bool unwind_is_outward(const struct unwind_state *s, uintptr_t cfa) {
    uintptr_t distance = cfa - s->sp - UNWIND_WORD;
    if (distance >= UNWIND_MAX_FRAME_BYTES || cfa % UNWIND_WORD != 0)
        return false;
    return distance < UNWIND_NEAR_BYTES || unwind_can_read(cfa - UNWIND_WORD);
}

/// One step the slow way: the row is read again and evaluated with all registers that are known.
/// Crosses signal frames. In unwind_slow.c.
enum unwind_step unwind_step_slowly(struct unwind_state *s, struct unwind_trail *trail);

/// The CFA by a compact rule; 0 when it is implausible or needs a frame pointer that is not known.
static inline uintptr_t unwind_cfa_of(
        const struct unwind_state *s, struct unwind_rule rule, struct unwind_trail *trail) {
    uintptr_t base = s->sp + unwind_rule_n(rule);
    enum unwind_cfa kind = unwind_rule_kind(rule);
    if (__builtin_expect(kind == UNWIND_CFA_SP, 1))
        return unwind_is_outward(s, base) ? base : 0;
    if (kind != UNWIND_CFA_AT_SP) {
        if (s->bp_at == 0)
            return 0;
        base = unwind_read_cell(trail, s->bp_at) + unwind_rule_n(rule);
    }
    if (kind != UNWIND_CFA_BP) {
        if (!unwind_is_outward(s, base + UNWIND_WORD))
            return 0;
        base = unwind_read_cell(trail, base) + unwind_rule_m(rule);
    }
    return unwind_is_outward(s, base) ? base : 0;
}

/// Where the caller's frame pointer is, given the frame's CFA; 0 when it is lost. Only cells of the
/// frame itself are believed.
static inline uintptr_t unwind_bp_of(const struct unwind_state *s, struct unwind_rule rule,
        uintptr_t cfa, struct unwind_trail *trail) {
    enum unwind_saved_bp kind = unwind_rule_bp(rule);
    uintptr_t at;
    if (kind == UNWIND_BP_SAME)
        return s->bp_at;
    if (kind == UNWIND_BP_LOST)
        return 0;
    if (kind == UNWIND_BP_AT_CFA) {
        at = cfa + unwind_rule_k(rule);
    } else {
        if (s->bp_at == 0)
            return 0;
        at = unwind_read_cell(trail, s->bp_at) + unwind_rule_k(rule);
    }
    // An interrupted leaf function may have saved it below the stack pointer, in the red zone.
    return at >= s->sp - 128 && at < cfa && at % UNWIND_WORD == 0 ? at : 0;
}

/// Moves `s` one frame outward. `trail` may be NULL; where that is known when compiling, it is
/// free.
static inline enum unwind_step unwind_step(struct unwind_state *s, struct unwind_trail *trail) {
    struct unwind_rule rule = unwind_rule_for(s->ip + s->interrupted);
    enum unwind_cfa kind = unwind_rule_kind(rule);
    uintptr_t cfa;
    if (kind <= UNWIND_CFA_SLOW) {
        if (kind == UNWIND_CFA_SLOW)
            return unwind_step_slowly(s, trail);
        return kind == UNWIND_CFA_END ? UNWIND_STEP_END : UNWIND_STEP_CUT;
    }
    cfa = unwind_cfa_of(s, rule, trail);
    if (cfa == 0)
        return UNWIND_STEP_CUT;
    s->bp_at = unwind_bp_of(s, rule, cfa, trail);
    s->slot = cfa - UNWIND_WORD;
    s->ip = unwind_read_cell(trail, s->slot);
    s->sp = cfa;
    s->interrupted = false;
    s->wide = false;
    return s->ip == 0 ? UNWIND_STEP_END : UNWIND_STEP_NEXT;
}

/// The walk by rules alone: fills `out` with up to `max` return addresses, innermost first, and
/// returns how many. `*last` is the outcome of the last step: NEXT if there were more than `max`.
/// `s` is left at the last frame and holds the counters.
size_t unwind_walk(struct unwind_state *s, uintptr_t ra_slot, uintptr_t bp, uintptr_t *out,
        size_t max, enum unwind_step *last);

#endif
