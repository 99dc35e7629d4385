/// Hashes: every byte and the length count, wherever the string lies; names that differ little fall far apart.
#include "arena.h"
#include "hash.h"
#include "map64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint64_t of(const char *at, size_t len) {
    return hash_str(HASH_SEED, (struct str){ at, len });
}

static void every_byte_counts(void **state) {
    (void)state;
    char bytes[40] = { 0 };
    for (size_t len = 1; len <= sizeof(bytes); len++) {
        uint64_t zeros = of(bytes, len);
        assert_true(zeros != of(bytes, len - 1));
        for (size_t i = 0; i < len; i++) {
            for (int bit = 0; bit < 8; bit++) {
                bytes[i] = (char)(1 << bit);
                assert_true(of(bytes, len) != zeros);
            }
            bytes[i] = 0;
        }
    }
}

static void the_place_does_not_count(void **state) {
    (void)state;
    static const char name[] = "libdatachannel.a(peerconnection.cpp.o)";
    char room[sizeof(name) + 8];
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(room + shift, name, sizeof(name));
        assert_true(of(room + shift, sizeof(name)) == of(name, sizeof(name)));
    }
}

static void order_and_parts_count(void **state) {
    (void)state;
    uint64_t ab = hash_str(hash_str(HASH_SEED, STR("ab")), STR("c"));
    assert_true(ab != hash_str(hash_str(HASH_SEED, STR("a")), STR("bc")));
    assert_true(ab != hash_str(hash_str(HASH_SEED, STR("c")), STR("ab")));
    assert_true(hash_number(HASH_SEED, 1) != hash_number(HASH_SEED, 2));
}

/// Names as compilers number them, under one path: no two alike, and the slots of a table are met evenly.
static void numbered_names_spread(void **state) {
    enum { NAMES = 200000, BUCKETS = 1024 };
    static unsigned buckets[BUCKETS];
    struct arena a = { 0 };
    struct map64 seen = { 0 };
    (void)state;
    for (unsigned i = 0; i < NAMES; i++) {
        char name[64];
        int len =
                snprintf(name, sizeof(name), "esp-idf/lib/libapp.a(unit.%u.o):.bss.s_%u", i / 7, i);
        bool is_new;
        uint64_t hash = of(name, (size_t)len);
        map64_put(&seen, &a, hash, &is_new);
        assert_true(is_new);
        buckets[hash % BUCKETS]++;
    }
    for (unsigned i = 0; i < BUCKETS;
            i++) { // 195 each; chance alone leaves six deviations of 14 empty.
        assert_in_range(buckets[i], 195 - 84, 195 + 84);
    }
    arena_clear(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(the_place_does_not_count),
        cmocka_unit_test(order_and_parts_count),
        cmocka_unit_test(numbered_names_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
