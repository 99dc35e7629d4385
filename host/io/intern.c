/// One copy of every string: a map from 64-bit hashes to short lists, so that two strings of the same
/// hash (which a file may be made to contain) cost time, not correctness.
#include "intern.h"

#include <stdint.h>

struct interned {
    struct interned *next;
    struct str text;
};

/// FNV-1a, by Fowler, Noll and Vo, over eight bytes at a time where there are so many: names are long
/// and their beginnings alike, so every byte must count.
static uint64_t hash_of(struct str s) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ s.len;
    size_t i = 0;
    for (; i + sizeof(uint64_t) <= s.len; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, s.at + i, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
        hash ^= hash >> 32; // A multiplication carries upward only.
    }
    for (; i < s.len; i++) {
        hash = (hash ^ (uint8_t)s.at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

struct str intern(struct interner *in, struct str s) {
    if (s.len == 0) {
        return STR("");
    }
    uint64_t *head = map64_put(&in->index, in->arena, hash_of(s), NULL);
    for (struct interned *at = (struct interned *)(uintptr_t)*head; at; at = at->next) {
        if (str_equal(at->text, s)) {
            return at->text;
        }
    }
    struct interned *added = NEW(in->arena, struct interned);
    added->next = (struct interned *)(uintptr_t)*head;
    added->text = arena_copy(in->arena, s);
    *head = (uint64_t)(uintptr_t)added;
    return added->text;
}
