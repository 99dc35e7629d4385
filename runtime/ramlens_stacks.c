// Interned call stacks: see ramlens_stacks.h.
//
// Open addressing; entries are published by storing their number last and are never changed except
// to be forgotten. A full table is copied into one of twice the size and replaced; readers still
// inside the old one miss at worst, and then look again under the lock.
#include "ramlens_stacks.h"

#include "ramlens_port.h"

#include <string.h>

enum { FIRST_BITS = 12 };

struct entry {
    uintptr_t address; ///< 0 in a forgotten entry.
    uint32_t outer;
    uint32_t number; ///< 0: empty.
};

struct ramlens_stack_table {
    uint32_t bits;
    uint32_t mask;
    struct entry entries[];
};

static uint32_t hash(uint32_t outer, uintptr_t address, uint32_t bits) {
    uint64_t h = ((uint64_t)address ^ (uint64_t)outer << 40 ^ outer) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> (64 - bits));
}

static uint32_t find(struct ramlens_stack_table *t, uint32_t outer, uintptr_t address) {
    for (uint32_t i = hash(outer, address, t->bits);; i = (i + 1) & t->mask) {
        struct entry *e = &t->entries[i];
        uint32_t number = __atomic_load_n(&e->number, __ATOMIC_ACQUIRE);
        if (number == 0)
            return 0;
        if (__atomic_load_n(&e->address, __ATOMIC_RELAXED) == address && e->outer == outer)
            return number;
    }
}

static void insert(struct ramlens_stack_table *t, const struct entry *what) {
    uint32_t i = hash(what->outer, what->address, t->bits);
    while (t->entries[i].number != 0)
        i = (i + 1) & t->mask;
    struct entry *e = &t->entries[i];
    e->address = what->address;
    e->outer = what->outer;
    __atomic_store_n(&e->number, what->number, __ATOMIC_RELEASE);
}

/// Makes room for one more entry: at most three quarters full.
static bool grow(struct ramlens_stacks *s) {
    struct ramlens_stack_table *old = s->table;
    if (old != NULL && s->entries < (old->mask + 1) / 4 * 3)
        return true;
    uint32_t bits = old == NULL ? FIRST_BITS : old->bits + 1;
    size_t bytes = sizeof *old + (sizeof(struct entry) << bits);
    struct ramlens_stack_table *t = bits < 28 ? ramlens_port_map(bytes) : NULL;
    if (t == NULL)
        return false;
    t->bits = bits;
    t->mask = (1u << bits) - 1;
    s->map_bytes += bytes;
    s->entries = 0;
    for (uint32_t i = 0; old != NULL && i <= old->mask; i++) {
        if (old->entries[i].number == 0 || old->entries[i].address == 0)
            continue;
        insert(t, &old->entries[i]);
        s->entries++;
    }
    __atomic_store_n(&s->table, t, __ATOMIC_RELEASE);
    return true;
}

static uint32_t intern_locked(
        struct ramlens_stacks *s, struct ramlens_recorder *r, uint32_t outer, uintptr_t address) {
    uint32_t number = s->table == NULL ? 0 : find(s->table, outer, address);
    if (number != 0)
        return number;
    if (!grow(s) || !ramlens_define_stack(r, s->count + 1, outer, address))
        return 0;
    struct entry e = { address, outer, ++s->count };
    insert(s->table, &e);
    s->entries++;
    return e.number;
}

uint32_t ramlens_stacks_intern(struct ramlens_stacks *s, struct ramlens_recorder *r, uint32_t outer,
        uintptr_t return_address) {
    if (return_address == 0)
        return 0; // no code is there, and forgotten entries look like it
    struct ramlens_stack_table *t = __atomic_load_n(&s->table, __ATOMIC_ACQUIRE);
    uint32_t number = t == NULL ? 0 : find(t, outer, return_address);
    if (number != 0)
        return number;
    ramlens_port_lock();
    number = intern_locked(s, r, outer, return_address);
    ramlens_port_unlock();
    return number;
}

/// Whether stack `number` is marked in the bit set.
static bool marked(const uint32_t *set, uint32_t number) {
    return (set[number / 32] >> number % 32 & 1) != 0;
}

/// Marks stacks whose frame or outer stack is gone, until a round finds no more: an outer stack may
/// stand later in the table.
static void mark_gone(struct ramlens_stack_table *t, uint32_t *set, uintptr_t low, uintptr_t high) {
    bool again = true;
    while (again) {
        again = false;
        for (uint32_t i = 0; i <= t->mask; i++) {
            struct entry *e = &t->entries[i];
            if (e->number == 0 || e->address == 0 || marked(set, e->number))
                continue;
            if ((e->address > low && e->address <= high) || marked(set, e->outer)) {
                set[e->number / 32] |= 1u << e->number % 32;
                again = true;
            }
        }
    }
}

/// A cleared bit for each number given; the memory is kept for the next time.
static uint32_t *clear_set(struct ramlens_stacks *s) {
    uint32_t words = s->count / 32 + 1;
    if (words > s->set_words) {
        size_t bytes = (size_t)words * 2 * sizeof(uint32_t);
        s->set = ramlens_port_map(bytes);
        s->set_words = s->set == NULL ? 0 : words * 2;
        s->map_bytes += s->set == NULL ? 0 : bytes;
    }
    if (s->set != NULL)
        memset(s->set, 0, (size_t)words * sizeof(uint32_t));
    return s->set;
}

void ramlens_stacks_forget(struct ramlens_stacks *s, uintptr_t low, uintptr_t high) {
    ramlens_port_lock();
    uint32_t *set = s->table == NULL ? NULL : clear_set(s);
    if (set != NULL)
        mark_gone(s->table, set, low, high);
    // Without memory to tell which are gone, all are: sent again under new numbers, they are right.
    for (uint32_t i = 0; s->table != NULL && i <= s->table->mask; i++) {
        struct entry *e = &s->table->entries[i];
        if (e->number != 0 && (set == NULL || marked(set, e->number)))
            __atomic_store_n(&e->address, 0, __ATOMIC_RELAXED);
    }
    ramlens_port_unlock();
}
