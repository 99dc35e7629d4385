/// One copy of every string: a map from 64-bit hashes to short lists, so that two strings of the same
/// hash (which a file may be made to contain) cost time, not correctness.
#include "intern.h"

#include "vec.h"

#include <stdint.h>

struct interned {
    struct str text;
    uint64_t next; ///< Index + 1 of an older entry of the same hash.
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
    for (uint64_t at = *head; at != 0; at = in->entries.at[at - 1].next) {
        if (str_equal(in->entries.at[at - 1].text, s)) {
            return in->entries.at[at - 1].text;
        }
    }
    struct interned *added = vec_push(in->arena, &in->entries);
    added->next = *head;
    added->text = arena_copy(in->arena, s);
    *head = in->entries.len;
    return added->text;
}
