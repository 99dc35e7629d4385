/// The kernel objects that live at a moment, and the blocks they live in.
#ifndef RAMLENS_KERNEL_TABLE_H
#define RAMLENS_KERNEL_TABLE_H

#include "arena.h"
#include "map64.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// As FORMAT.md numbers them.
enum kernel_object {
    KERNEL_NONE = 0,
    KERNEL_MUTEX = 1,
    KERNEL_CONDITION = 2,
    KERNEL_RWLOCK = 3,
    KERNEL_SEMAPHORE = 4,
    KERNEL_THREAD = 5,
    KERNEL_KEY = 6,
    KERNEL_BARRIER = 7,
    KERNEL_OBJECT_COUNT = 8,
};

/// "mutex", "condition" ... as in JSON.
extern const char *const kernel_object_names[KERNEL_OBJECT_COUNT];

struct kernel_entry {
    uint64_t address;    ///< Or number, of threads and keys.
    uint64_t stack_size; ///< Of a thread, as asked; 0: default.
    uint32_t stack;      ///< Call stack of its creation.
    uint32_t site;       ///< Of that stack.
    uint16_t component;
    uint8_t object; ///< enum kernel_object; 0 in a spare entry.
    bool abandoned; ///< Its memory was freed or made a new object without its end being said: lost on a chip.
};

struct kernel_table {
    struct arena *a;
    struct kernel_entry *entries; ///< Live and abandoned ones, and spare ones.
    uint32_t entry_count;
    uint32_t entry_capacity;
    uint32_t spare;     ///< Index + 1 of a spare entry, chained through `stack`; 0 none.
    struct map64 index; ///< Object class and address to index + 1.
    uint32_t pages
            [1 << 11]; ///< Bits of 256-byte pages (hashed) where objects were made: a quick no for most blocks.
};

void kernel_table_init(struct kernel_table *t, struct arena *a);

/// Adds an object. One that lives at the same place, of whatever kind, is abandoned first; *abandoned receives it (its `object` is 0 if
/// there was none). Threads and keys are numbered and in nobody's place but their own.
void kernel_table_create(
        struct kernel_table *t, const struct kernel_entry *what, struct kernel_entry *abandoned);

/// Removes the object at `address`, of whatever kind but threads and keys apart; false when none is known there. *gone receives it.
bool kernel_table_destroy(
        struct kernel_table *t, uint8_t object, uint64_t address, struct kernel_entry *gone);

/// Marks the objects in [low, low + size) as abandoned, because their memory was freed; returns how many.
uint32_t kernel_table_abandon(struct kernel_table *t, uint64_t low, uint64_t size);

/// Whether kernel_table_abandon() can find anything there: a few loads for a small block.
bool kernel_table_may_hold(const struct kernel_table *t, uint64_t low, uint64_t size);

#endif
