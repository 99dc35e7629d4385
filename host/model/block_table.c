// See block_table.h.
#include "block_table.h"

enum { FIRST_SLOTS = 1024 };

void block_table_grow(struct block_table *t, struct arena *a) {
    struct block_table old = *t;
    size_t slots = old.mask == 0 ? FIRST_SLOTS : (old.mask + 1) * 2;
    t->slots = NEW_ARRAY(a, struct block, slots);
    t->mask = slots - 1;
    t->shift = (unsigned)__builtin_clzll(slots) + 1;
    t->count = 0;
    for (size_t i = 0; old.mask != 0 && i <= old.mask; i++)
        if (old.slots[i].address != 0)
            *block_table_place(t, old.slots[i].address) = old.slots[i];
}

void block_table_remove(struct block_table *t, const struct block *b) {
    size_t hole = (size_t)(b - t->slots);
    t->count--;
    block_table_changes(t);
    // Close the gap: move back each following block whose home lies at or before the hole.
    for (size_t i = (hole + 1) & t->mask; t->slots[i].address != 0; i = (i + 1) & t->mask) {
        size_t home = block_table_home(t, t->slots[i].address);
        if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
            t->slots[hole] = t->slots[i];
            hole = i;
        }
    }
    t->slots[hole].address = 0;
}
