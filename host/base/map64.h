/// A hash map from 64-bit keys to 64-bit values: addresses to blocks, hashes to numbers.
///
/// Open addressing with linear probing, key and value side by side, at most three quarters full;
/// removal closes the gap, so no tombstones collect. Any key and any value is legal. The order of
/// the slots depends on history: sort before printing. Meant for the one pass over a trace, hence
/// in the header. A file made to collide makes it slow, not wrong.
#ifndef RAMLENS_MAP64_H
#define RAMLENS_MAP64_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map64_slot {
    uint64_t key; ///< 0: empty. The entry of key 0 itself is kept apart.
    uint64_t value;
};

/// A zeroed struct is a valid empty map. Growing leaves the old slots in the arena, so the waste is
/// at most the map once more.
struct map64 {
    struct map64_slot *slots; ///< Private, as is all but `count`.
    size_t count;             ///< Entries.
    size_t mask;              ///< Number of slots (a power of two) less 1; 0 while there are none.
    unsigned shift;           ///< 64 less the logarithm of that number.
    bool has_zero;            ///< Whether key 0 is there, with the value below.
    uint64_t zero_value;
};

/// Fibonacci hashing: keys in arithmetic progression, as addresses are, spread evenly.
static inline size_t map64_home(const struct map64 *m, uint64_t key) {
    return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> m->shift);
}

/// Asks the processor to fetch the slot of `key` ahead of its use.
static inline void map64_prefetch(const struct map64 *m, uint64_t key) {
    if (m->mask) {
        __builtin_prefetch(&m->slots[map64_home(m, key)]);
    }
}

/// The value of `key`, valid until the map changes; NULL when it is not there. Constant time.
static inline uint64_t *map64_find(struct map64 *m, uint64_t key) {
    if (key == 0) {
        return m->has_zero ? &m->zero_value : NULL;
    }
    if (!m->mask) {
        return NULL;
    }
    for (size_t i = map64_home(m, key);; i = (i + 1) & m->mask) {
        if (m->slots[i].key == key) {
            return &m->slots[i].value;
        }
        if (m->slots[i].key == 0) {
            return NULL;
        }
    }
}

/// Private: doubles the number of slots.
void map64_grow(struct map64 *m, struct arena *a);

/// The value of `key`, valid until the map changes. A key that was not there is added with value 0;
/// `added` (may be NULL) tells. Constant time on average.
static inline uint64_t *map64_put(struct map64 *m, struct arena *a, uint64_t key, bool *added) {
    bool is_added = false;
    uint64_t *value = NULL;
    if (key == 0) {
        is_added = !m->has_zero;
        m->has_zero = true;
        value = &m->zero_value;
        *value = is_added ? 0 : *value;
    } else {
        if (m->count >= m->mask - m->mask / 4) {
            map64_grow(m, a);
        }
        size_t i = map64_home(m, key);
        while (m->slots[i].key != key && m->slots[i].key != 0) {
            i = (i + 1) & m->mask;
        }
        is_added = m->slots[i].key == 0;
        m->slots[i].key = key;
        value = &m->slots[i].value;
        *value = is_added ? 0 : *value;
    }
    m->count += is_added;
    if (added) {
        *added = is_added;
    }
    return value;
}

/// Removes `key` and stores its value in `value` (may be NULL); false when it is not there.
bool map64_take(struct map64 *m, uint64_t key, uint64_t *value);

/// Steps through all entries in no particular order: start with `*at` 0, false behind the last. The
/// map must not change meanwhile.
bool map64_next(const struct map64 *m, size_t *at, uint64_t *key, uint64_t *value);

#endif
