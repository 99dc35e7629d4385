/// Ranges in ascending order, and an index over equal buckets of code so that a lookup starts near its range. Little endian.
#include "sites_table.h"

#include <inttypes.h>
#include <string.h>

enum {
    MAGIC = 0x31534c52,
    WORD_MAGIC = 0,
    WORD_COUNT,
    WORD_BUCKETS,
    WORD_SHIFT,
    WORD_BIAS,
    WORD_SPAN,
    WORD_STARTS,
    WORD_PLACES,
    HEAD_WORDS,
};

/// The ranges without repetitions, keys counted from the first.
struct merged {
    uint32_t *starts; ///< `count`, and one above every key.
    uint8_t (*places)[SITES_KINDS];
    uint32_t count;
    uint32_t span;
};

static bool says_nothing(const struct sites_range *r) {
    return r->places[0] == SITES_NONE && r->places[1] == SITES_NONE;
}

/// Drops what says nothing at both ends.
static void trim(const struct sites_range **ranges, size_t *count) {
    while (*count > 1 && says_nothing(*ranges)) {
        (*ranges)++;
        (*count)--;
    }
    while (*count > 1 && says_nothing(&(*ranges)[*count - 2])) {
        (*count)--;
    }
}

static bool merge(struct arena *a, const struct sites_range *ranges, size_t count,
        struct merged *out, struct err *err) {
    uint64_t low = ranges[0].start;
    uint64_t span = ranges[count - 1].start - low;
    if (span >= UINT32_MAX || count > UINT16_MAX) {
        return fail(err, NULL, ERR_NO_OFFSET,
                "the table of sites cannot hold %zu ranges over %" PRIu64 " bytes of code", count,
                span);
    }
    out->starts = NEW_ARRAY(a, uint32_t, count + 1);
    out->places = arena_take(a, count + 1, sizeof *out->places, 1);
    out->span = (uint32_t)span;
    for (size_t i = 0; i + 1 < count; i++) {
        if (ranges[i].start == ranges[i + 1].start) {
            continue;
        }
        uint32_t n = out->count;
        if (n > 0 && memcmp(out->places[n - 1], ranges[i].places, SITES_KINDS) == 0) {
            continue;
        }
        out->starts[n] = (uint32_t)(ranges[i].start - low);
        memcpy(out->places[n], ranges[i].places, SITES_KINDS);
        out->count++;
    }
    out->starts[out->count] = UINT32_MAX;
    return true;
}

/// The largest buckets in which few ranges begin.
static uint32_t choose_shift(const struct merged *m) {
    uint32_t shift = 16;
    for (; shift > SITES_SHIFT_LEAST; shift--) {
        uint32_t most = 0;
        uint32_t in_bucket = 0;
        for (uint32_t i = 1; i < m->count; i++) {
            in_bucket = m->starts[i] >> shift == m->starts[i - 1] >> shift ? in_bucket + 1 : 1;
            most = in_bucket > most ? in_bucket : most;
        }
        if (most <= SITES_BUCKET_MOST) {
            break;
        }
    }
    return shift;
}

static uint32_t range_of(const struct merged *m, uint32_t key) {
    uint32_t low = 0;
    uint32_t high = m->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (m->starts[middle] <= key) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

static void put32(char *to, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        to[i] = (char)(unsigned char)(value >> (8 * i));
    }
}

static uint32_t get(const char *from, unsigned bytes) {
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint32_t)(unsigned char)from[i] << (8 * i);
    }
    return value;
}

bool sites_table_make(struct arena *a, const struct sites_range *ranges, size_t count,
        uint64_t table_address, uint32_t room, struct str *out, struct err *err) {
    struct merged m = { 0 };
    trim(&ranges, &count);
    *out = STR("");
    if (count <= 1) {
        return true;
    }
    if (!merge(a, ranges, count, &m, err)) {
        return false;
    }
    if (m.count == 0) {
        return true; // Ranges of no length.
    }
    uint32_t shift = choose_shift(&m);
    uint32_t buckets = (m.span >> shift) + 1;
    uint32_t index = HEAD_WORDS * 4;
    uint32_t starts = (index + 2 * (buckets + 1) + 3) & ~UINT32_C(3);
    uint32_t places = starts + 4 * (m.count + 1);
    uint32_t size = (places + SITES_KINDS * (m.count + 1) + 3) & ~UINT32_C(3);
    if (size > room) {
        return fail(err, NULL, ERR_NO_OFFSET,
                "the table of sites takes %" PRIu32 " bytes and the program has room for %" PRIu32
                "; emit the form wrap with --room %" PRIu32 " and link again",
                size, room, (size + 1023) & ~UINT32_C(1023));
    }
    char *to = arena_take(a, size, 1, 4);
    const uint32_t head[HEAD_WORDS] = { [WORD_MAGIC] = MAGIC,
        [WORD_COUNT] = m.count,
        [WORD_BUCKETS] = buckets,
        [WORD_SHIFT] = shift,
        [WORD_BIAS] = (uint32_t)(table_address - ranges[0].start),
        [WORD_SPAN] = m.span,
        [WORD_STARTS] = starts,
        [WORD_PLACES] = places };
    for (size_t i = 0; i < HEAD_WORDS; i++) {
        put32(to + 4 * i, head[i]);
    }
    for (size_t b = 0; b <= buckets; b++) {
        uint32_t range = range_of(&m, (uint32_t)b << shift);
        to[index + 2 * b] = (char)(unsigned char)range;
        to[index + 2 * b + 1] = (char)(unsigned char)(range >> 8);
    }
    for (size_t i = 0; i <= m.count; i++) {
        put32(to + starts + 4 * i, m.starts[i]);
    }
    memcpy(to + places, m.places, (size_t)SITES_KINDS * m.count);
    *out = (struct str){ to, size };
    return true;
}

static uint32_t word(struct str table, size_t number) {
    return get(table.at + 4 * number, 4);
}

uint8_t sites_table_find(struct str table, uint64_t table_address, uint64_t caller, unsigned kind) {
    if (table.len < (size_t)HEAD_WORDS * 4 || get(table.at, 4) != MAGIC) {
        return SITES_NONE;
    }
    uint32_t key = (uint32_t)(caller - 1 - table_address) + word(table, WORD_BIAS);
    if (key >= word(table, WORD_SPAN)) {
        return SITES_NONE;
    }
    const char *starts = table.at + word(table, WORD_STARTS);
    uint32_t bucket = key >> word(table, WORD_SHIFT);
    size_t i = get(table.at + (size_t)4 * HEAD_WORDS + (size_t)2 * bucket, 2);
    while (get(starts + 4 * (i + 1), 4) <= key) {
        i++;
    }
    return (uint8_t)table.at[word(table, WORD_PLACES) + SITES_KINDS * i + kind];
}
