// See kernel_table.h.
#include "kernel_table.h"

#include <string.h>

enum { PAGE = 256, PAGES_LOOKED_AT = 32 };

const char *const kernel_object_names[KERNEL_OBJECT_COUNT] = { "none", "mutex", "condition",
    "rwlock", "semaphore", "thread", "key", "barrier" };

void kernel_table_init(struct kernel_table *t, struct arena *a) {
    *t = (struct kernel_table){ .a = a };
}

/// Threads and keys are numbered, the others are known by address: classes of their own in the index.
static uint64_t key_of(uint8_t object, uint64_t address) {
    uint64_t class = object == KERNEL_THREAD ? 1 : object == KERNEL_KEY ? 2 : 0;
    return address | class << 62;
}

static bool has_address(uint8_t object) {
    return object != KERNEL_THREAD && object != KERNEL_KEY;
}

static uint32_t page_bit(uint64_t page) {
    return (uint32_t)((page * UINT64_C(0x9E3779B97F4A7C15)) >> 48);
}

static struct kernel_entry *take_entry(struct kernel_table *t) {
    if (t->spare != 0) {
        struct kernel_entry *e = &t->entries[t->spare - 1];
        t->spare = e->stack;
        return e;
    }
    if (t->entry_count == t->entry_capacity) {
        uint32_t capacity = t->entry_capacity == 0 ? 256 : t->entry_capacity * 2;
        struct kernel_entry *bigger = NEW_ARRAY(t->a, struct kernel_entry, capacity);
        if (t->entry_count > 0)
            memcpy(bigger, t->entries, t->entry_count * sizeof *bigger);
        t->entries = bigger;
        t->entry_capacity = capacity;
    }
    return &t->entries[t->entry_count++];
}

void kernel_table_create(
        struct kernel_table *t, const struct kernel_entry *what, struct kernel_entry *abandoned) {
    *abandoned = (struct kernel_entry){ 0 };
    uint64_t *slot = map64_put(&t->index, t->a, key_of(what->object, what->address), NULL);
    if (*slot != 0) {
        t->entries[*slot - 1].abandoned = true;
        *abandoned = t->entries[*slot - 1];
    }
    struct kernel_entry *e = take_entry(t);
    *e = *what;
    *slot = (uint64_t)(e - t->entries) + 1;
    if (has_address(what->object)) {
        uint32_t bit = page_bit(what->address / PAGE);
        t->pages[bit / 32] |= 1u << bit % 32;
    }
}

bool kernel_table_destroy(
        struct kernel_table *t, uint8_t object, uint64_t address, struct kernel_entry *gone) {
    uint64_t index;
    if (!map64_take(&t->index, key_of(object, address), &index))
        return false;
    struct kernel_entry *e = &t->entries[index - 1];
    *gone = *e;
    *e = (struct kernel_entry){ .stack = t->spare };
    t->spare = (uint32_t)index;
    return true;
}

bool kernel_table_may_hold(const struct kernel_table *t, uint64_t low, uint64_t size) {
    uint64_t first = low / PAGE;
    uint64_t last = (low + size) / PAGE;
    if (last - first >= PAGES_LOOKED_AT)
        return true;
    for (uint64_t page = first; page <= last; page++) {
        uint32_t bit = page_bit(page);
        if (t->pages[bit / 32] >> bit % 32 & 1)
            return true;
    }
    return false;
}

uint32_t kernel_table_abandon(struct kernel_table *t, uint64_t low, uint64_t size) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < t->entry_count; i++) {
        struct kernel_entry *e = &t->entries[i];
        if (!has_address(e->object) || e->object == KERNEL_NONE || e->abandoned ||
                e->address - low >= size)
            continue;
        e->abandoned = true;
        map64_take(&t->index, key_of(e->object, e->address), NULL);
        found++;
    }
    return found;
}
