/// The blocks that live at a moment: address to what was asked for, by whom.
///
/// Open addressing with linear probing, removal without tombstones; 24 bytes a slot, at most three quarters full. In the header because
/// each event goes through it.
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
};

/// Doubles the table; the old slots stay in the arena, so the waste is at most the table once more.
void block_table_grow(struct block_table *t, struct arena *a);

static inline size_t block_table_home(const struct block_table *t, uint64_t address) {
    return (size_t)((address * UINT64_C(0x9E3779B97F4A7C15)) >> t->shift);
}

/// The block at exactly `address`; NULL when none lives there. Valid until the table changes.
static inline struct block *block_table_find(const struct block_table *t, uint64_t address) {
    if (t->mask == 0 || address == 0)
        return NULL;
    for (size_t i = block_table_home(t, address);; i = (i + 1) & t->mask) {
        if (t->slots[i].address == address)
            return &t->slots[i];
        if (t->slots[i].address == 0)
            return NULL;
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
    if (t->count >= t->mask - t->mask / 4)
        block_table_grow(t, a);
    return block_table_place(t, address);
}

/// Removes `b`, which block_table_find() gave.
void block_table_remove(struct block_table *t, const struct block *b);

#endif
