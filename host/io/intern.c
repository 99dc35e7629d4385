/// One copy of every string: a map from 64-bit hashes to short lists, so that two strings of the same
/// hash (which a file may be made to contain) cost time, not correctness.
#include "intern.h"

#include "hash.h"
#include "vec.h"

#include <stdint.h>

struct interned {
    struct str text;
    uint64_t next; ///< Index + 1 of an older entry of the same hash.
};

struct str intern(struct interner *in, struct str s) {
    if (s.len == 0) {
        return STR("");
    }
    uint64_t *head = map64_put(&in->index, in->arena, hash_str(HASH_SEED, s), NULL);
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
