/// The parts of the hash map that are too long for its header.
#include "map64.h"

enum { FIRST_SLOTS_LOG2 = 6 };

void map64_grow(struct map64 *m, struct arena *a) {
    struct map64_slot *old = m->slots;
    size_t old_count = old ? m->mask + 1 : 0;
    size_t slot_count = old ? old_count * 2 : (size_t)1 << FIRST_SLOTS_LOG2;
    m->shift = old ? m->shift - 1 : 64 - FIRST_SLOTS_LOG2;
    m->mask = slot_count - 1;
    m->slots = NEW_ARRAY(a, struct map64_slot, slot_count);
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].key != 0) {
            size_t to = map64_home(m, old[i].key);
            while (m->slots[to].key != 0) {
                to = (to + 1) & m->mask;
            }
            m->slots[to] = old[i];
        }
    }
}

/// Empties slot `hole` and moves later entries of its run up, as far as each may go: an entry must
/// not stand before its home slot (Knuth, The Art of Computer Programming 3, section 6.4, algorithm
/// R).
static void close_gap(struct map64 *m, size_t hole) {
    size_t i = hole;
    for (;;) {
        i = (i + 1) & m->mask;
        if (m->slots[i].key == 0) {
            break;
        }
        size_t home = map64_home(m, m->slots[i].key);
        if (((i - home) & m->mask) >= ((i - hole) & m->mask)) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole] = (struct map64_slot){ 0 };
}

bool map64_take(struct map64 *m, uint64_t key, uint64_t *value) {
    const uint64_t *found = map64_find(m, key);
    if (!found) {
        return false;
    }
    if (value) {
        *value = *found;
    }
    m->count--;
    if (key == 0) {
        m->has_zero = false;
        return true;
    }
    size_t i = map64_home(m, key);
    while (m->slots[i].key != key) {
        i = (i + 1) & m->mask;
    }
    close_gap(m, i);
    return true;
}

bool map64_next(const struct map64 *m, size_t *at, uint64_t *key, uint64_t *value) {
    size_t slot_count = m->slots ? m->mask + 1 : 0;
    for (; *at < slot_count; ++*at) {
        if (m->slots[*at].key != 0) {
            *key = m->slots[*at].key;
            *value = m->slots[*at].value;
            ++*at;
            return true;
        }
    }
    if (*at == slot_count && m->has_zero) {
        ++*at;
        *key = 0;
        *value = m->zero_value;
        return true;
    }
    return false;
}
