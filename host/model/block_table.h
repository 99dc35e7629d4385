/// The blocks that live at a moment: address to what was asked for, by whom.
///
/// Open addressing with linear probing, removal without tombstones; 24 bytes a slot, at most half
/// full: a look-up in vain goes past two slots and a half then, and past eight in a table that is
/// three quarters full. In the header because each event goes through it.
#ifndef RAMLENS_BLOCK_TABLE_H
#define RAMLENS_BLOCK_TABLE_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block {
    uint64_t address;  ///< 0: empty slot. No allocator gives out address 0.
    uint64_t size;     ///< Bytes asked for.
    uint32_t stack;    ///< Of the allocation.
    uint8_t kind;      ///< enum ledger_kind.
    uint8_t places[3]; ///< Region of the block in each modelled state (placement.h).
};

/// A zeroed struct is a valid empty table.
struct block_table {
    struct block *slots;
    size_t count;
    size_t mask; ///< Slots less 1; 0 while there are none.
    unsigned shift;
    uint64_t asked;       ///< Latest address looked up since the table changed; 0: none.
    struct block *answer; ///< What was found there: an event is judged, then applied.
};

/// Private: forgets the latest look-up.
static inline void block_table_changes(struct block_table *t) {
    t->asked = 0;
    t->answer = NULL;
}

/// Doubles the table; the old slots stay in the arena, so the waste is at most the table once more.
void block_table_grow(struct block_table *t, struct arena *a);

static inline size_t block_table_home(const struct block_table *t, uint64_t address) {
    return (size_t)((address * UINT64_C(0x9E3779B97F4A7C15)) >> t->shift);
}

/// The block at exactly `address`; NULL when none lives there. Valid until the table changes.
static inline struct block *block_table_find(struct block_table *t, uint64_t address) {
    if (address == t->asked || t->mask == 0)
        return t->answer;
    t->asked = address;
    for (size_t i = block_table_home(t, address);; i = (i + 1) & t->mask) {
        struct block *b = &t->slots[i];
        if (b->address == address || b->address == 0)
            return t->answer = b->address != 0 ? b : NULL;
    }
}

/// Private: the slot where a block at `address` belongs, in a table that has room.
static inline struct block *block_table_place(struct block_table *t, uint64_t address) {
    size_t i = block_table_home(t, address);
    while (t->slots[i].address != 0)
        i = (i + 1) & t->mask;
    t->count++;
    t->slots[i].address = address;
    return &t->slots[i];
}

/// A slot for a block at `address`, which must not be in the table; the caller fills the rest.
static inline struct block *block_table_add(
        struct block_table *t, struct arena *a, uint64_t address) {
    if (t->count >= t->mask / 2)
        block_table_grow(t, a);
    block_table_changes(t);
    return block_table_place(t, address);
}

/// Removes `b`, which block_table_find() gave.
void block_table_remove(struct block_table *t, const struct block *b);

#endif
