/// Hashes of names and numbers, as keys of a map64. Of this run only: what is stored or shown takes another.
///
///     uint64_t key = hash_str(hash_number(HASH_SEED, line), file);
#ifndef RAMLENS_HASH_H
#define RAMLENS_HASH_H

#include "str.h"

#include <stdint.h>
#include <string.h>

/// Where a hash begins.
#define HASH_SEED UINT64_C(0xcbf29ce484222325)

/// `hash` with `number` added: multiplied by 2^64 / the golden ratio (Knuth, The Art of Computer Programming 3, 6.4), the upper half into the lower.
/// For one `hash` different numbers give different results.
static inline uint64_t hash_number(uint64_t hash, uint64_t number) {
    hash = (hash ^ number) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

/// `hash` with `s` and its length added. Takes eight bytes at a time: archives' members repeat paths of a hundred.
static inline uint64_t hash_str(uint64_t hash, struct str s) {
    size_t i = 0;
    for (; i + sizeof(uint64_t) <= s.len; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, s.at + i, sizeof(word));
        hash = hash_number(hash, word);
    }
    uint64_t rest = s.len;
    for (; i < s.len; i++) {
        rest = rest << 8 | (unsigned char)s.at[i];
    }
    return hash_number(hash, rest);
}

#endif
