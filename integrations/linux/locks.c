// Table of known locks: see locks.h. Open addressing; changes are made under the port's lock, look-ups read published words. A
// removed entry stays as a tombstone until the table is next copied.
#include "locks.h"

#include "ramlens_port.h"

enum {
    FIRST_BITS = 10,
    TOMBSTONE = 2,
    HEAP = 1,
    GRANULE = 64,
    FILTER_BITS = 1 << 15,
    SCAN_BYTES = 1 << 16
};

/// An entry is the object's address (a multiple of 4) with HEAP in its low bit; 0 empty.
struct table {
    uint32_t bits;
    uint32_t used; ///< Entries that are not empty.
    uintptr_t entries[];
};

static struct table *table;
static uint32_t heap_count;                    ///< Entries with HEAP.
static uint32_t heap_filter[FILTER_BITS / 32]; ///< Granules that may hold one.

static uint32_t slot_of(uintptr_t address, uint32_t bits) {
    return (uint32_t)(address >> 2) * 0x9e3779b1u >> (32 - bits);
}

static uintptr_t *find(struct table *t, uintptr_t address) {
    uint32_t mask = (1u << t->bits) - 1;
    for (uint32_t i = slot_of(address, t->bits);; i = (i + 1) & mask) {
        uintptr_t entry = __atomic_load_n(&t->entries[i], __ATOMIC_ACQUIRE);
        if ((entry & ~(uintptr_t)HEAP) == address)
            return &t->entries[i];
        if (entry == 0)
            return NULL;
    }
}

bool locks_is_known(const void *address) {
    struct table *t = __atomic_load_n(&table, __ATOMIC_ACQUIRE);
    return t != NULL && find(t, (uintptr_t)address) != NULL;
}

static void put(struct table *t, uintptr_t entry) {
    uint32_t mask = (1u << t->bits) - 1;
    uint32_t i = slot_of(entry & ~(uintptr_t)HEAP, t->bits);
    while (t->entries[i] != 0)
        i = (i + 1) & mask;
    __atomic_store_n(&t->entries[i], entry, __ATOMIC_RELEASE);
    t->used++;
}

/// Room for one more: at most half full. The old table stays for those still inside.
static bool make_room(void) {
    struct table *old = table;
    if (old != NULL && old->used < 1u << (old->bits - 1))
        return true;
    uint32_t bits = old == NULL ? FIRST_BITS : old->bits + 1;
    struct table *t = ramlens_port_map(sizeof *t + (sizeof(uintptr_t) << bits));
    if (t == NULL)
        return false;
    t->bits = bits;
    for (uint32_t i = 0; old != NULL && i < 1u << old->bits; i++)
        if (old->entries[i] > TOMBSTONE)
            put(t, old->entries[i]);
    __atomic_store_n(&table, t, __ATOMIC_RELEASE);
    return true;
}

static uint32_t filter_bit(uintptr_t address) {
    return (uint32_t)(address / GRANULE) * 0x9e3779b1u >> 17;
}

bool locks_add(const void *address, bool heap) {
    uintptr_t entry = (uintptr_t)address | (heap ? HEAP : 0u);
    ramlens_port_lock();
    bool added = (table == NULL || find(table, (uintptr_t)address) == NULL) && make_room();
    if (added)
        put(table, entry);
    if (added && heap) {
        uint32_t bit = filter_bit((uintptr_t)address);
        __atomic_fetch_or(&heap_filter[bit / 32], 1u << bit % 32, __ATOMIC_RELAXED);
        __atomic_add_fetch(&heap_count, 1, __ATOMIC_RELEASE);
    }
    ramlens_port_unlock();
    return added;
}

// NOLINTNEXTLINE(readability-non-const-parameter): stored to
static void bury(uintptr_t *entry) {
    if (*entry & HEAP)
        __atomic_sub_fetch(&heap_count, 1, __ATOMIC_RELEASE);
    __atomic_store_n(entry, TOMBSTONE, __ATOMIC_RELEASE);
}

bool locks_remove(const void *address) {
    if (!locks_is_known(address))
        return false;
    ramlens_port_lock();
    uintptr_t *entry = find(table, (uintptr_t)address);
    if (entry != NULL)
        bury(entry);
    ramlens_port_unlock();
    return entry != NULL;
}

bool locks_in_heap(void) {
    return __atomic_load_n(&heap_count, __ATOMIC_ACQUIRE) != 0;
}

static void forget_by_scan(uintptr_t low, uintptr_t high) {
    ramlens_port_lock();
    for (uint32_t i = 0; i < 1u << table->bits; i++) {
        uintptr_t entry = table->entries[i];
        if ((entry & HEAP) && entry >= low && entry < high)
            bury(&table->entries[i]);
    }
    ramlens_port_unlock();
}

void locks_forget_block(const void *p, size_t size) {
    uintptr_t low = (uintptr_t)p;
    if (size > SCAN_BYTES) {
        forget_by_scan(low, low + size);
        return;
    }
    for (uintptr_t at = low; at < low + size; at = (at / GRANULE + 1) * GRANULE) {
        uint32_t bit = filter_bit(at);
        if (heap_filter[bit / 32] >> bit % 32 & 1) {
            forget_by_scan(low, low + size);
            return;
        }
    }
}
