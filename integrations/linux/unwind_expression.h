/// Evaluates the DWARF expressions of call frame information for one frame of a walk.
///
/// Reads registers from the walk's state and memory only around the frame's stack pointer. Bounded
/// in steps and depth; anything odd makes the evaluation fail, which cuts the walk.
#ifndef RAMLENS_UNWIND_EXPRESSION_H
#define RAMLENS_UNWIND_EXPRESSION_H

#include "unwind_walk.h"

/// The value of a register (DWARF number) in the frame `s`; the return address register counts as
/// its instruction pointer. Cells read are noted on `trail`. False when the value is not known.
bool unwind_register_value(const struct unwind_state *s, struct unwind_trail *trail,
        uint64_t number, uintptr_t *value);

/// Whether a word at `address` is near enough to the frame's stack pointer to be read.
bool unwind_is_readable(const struct unwind_state *s, uintptr_t address);

/// Runs the expression of `row` whose length stands at `address`; `*initial`, if not NULL, is
/// pushed first (register rules get the CFA). False when it cannot be evaluated.
bool unwind_evaluate(const struct unwind_row *row, const struct unwind_state *s,
        struct unwind_trail *trail, intptr_t address, const uintptr_t *initial, uintptr_t *result);

#endif
