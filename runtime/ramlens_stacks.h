/// Call stacks, each sent once and then known by a small number. SPDX-License-Identifier:
/// Apache-2.0
///
/// A stack is its innermost return address and the number of the stack outside it: a tree, shared
/// at the root. Numbers begin at 1; an outer stack's number is always smaller. Look-ups take no
/// lock.
#ifndef RAMLENS_STACKS_H
#define RAMLENS_STACKS_H

#include "ramlens_record.h"

#include <stdint.h>

/// Zeroed is empty. Private.
struct ramlens_stacks {
    struct ramlens_stack_table *table; ///< Newest; older ones stay readable for those still inside.
    uint32_t count;                    ///< Numbers given.
    uint32_t entries;                  ///< In `table`, forgotten ones included.
    uint64_t map_bytes;                ///< Taken from the port.
    uint32_t *set; ///< Scratch of ramlens_stacks_forget(): a bit for each number.
    uint32_t set_words;
};

/// The number of the stack with innermost `return_address` called from stack `outer` (0: none). A
/// new one is defined in `r`'s trace first. 0 when there is no memory or no room in the trace: the
/// event's stack is then unknown; 0 also for address 0. Any thread; constant time; takes the port's
/// lock for a new stack only.
uint32_t ramlens_stacks_intern(struct ramlens_stacks *s, struct ramlens_recorder *r, uint32_t outer,
        uintptr_t return_address);

/// Forgets the stacks with a frame in code at [low, high), or called from one that has, because
/// other code may appear there. Their numbers are never used again. Linear in all stacks; takes the
/// port's lock.
void ramlens_stacks_forget(struct ramlens_stacks *s, uintptr_t low, uintptr_t high);

#endif
