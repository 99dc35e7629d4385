/// What both twins share: the numbers that drive them, and how they fail. Included once by each.
#ifndef TWIN_H
#define TWIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS_MAX = 400, STEPS = 4000 };

static uint64_t random_state;
static uint32_t seed, step;

static uint32_t random_below(uint32_t n) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % n);
}

static void require_equal(const char *what, uint64_t theirs, uint64_t ours) {
    if (theirs != ours) {
        printf("seed %u, step %u: %s is %llu, ours %llu\n", seed, step, what,
                (unsigned long long)theirs, (unsigned long long)ours);
        exit(1);
    }
}

/// Mostly small, sometimes up to the whole heap, seldom far beyond it. Not within a word of 2^32, where the oracles' own rounding wraps.
static uint32_t random_size(uint32_t heap_bytes) {
    switch (random_below(12)) {
    case 0:
        return random_below(heap_bytes / (1 + random_below(40)));
    case 1:
        return random_below(50) == 0 ? 0xf0000000U - random_below(7) * 0x20000000U : 0;
    case 2:
    case 3:
        return random_below(5000);
    case 4:
    case 5:
    case 6:
        return random_below(600);
    default:
        return random_below(130);
    }
}

#endif
