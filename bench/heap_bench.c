/// What the model heap costs: nanoseconds for a malloc and the free of another block.
///
/// Usage: heap_bench [ROUNDS]. Each case keeps a number of blocks alive, and at each step frees one of them and takes another. Which and how
/// large is drawn beforehand, with the sizes of a C++ network stack: many small ones, few of kilobytes. Median and spread of several
/// runs. `heaps`: by the rule of malloc over the six heaps of an ESP32-P4, whose internal ones 1500 blocks fill, so that a request is refused
/// by up to five of them. `empty`: the loop alone, to be taken off.
#ifndef _GNU_SOURCE
#    define _GNU_SOURCE
#endif
#include "ramlens_heaps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { RUNS = 21, STEPS = 1 << 18, LIVE_MAX = 20000, MIB = 1 << 20 };

struct step {
    uint32_t which;
    uint32_t size;
};

static struct step steps[STEPS];
static struct ramlens_heap heap;
static struct ramlens_heaps heaps;
static struct ramlens_heaps_rules rules;
static uint32_t live[LIVE_MAX];
static struct ramlens_block placed[LIVE_MAX];
static volatile uint32_t sink;
static uint64_t random_state = 1;

static uint32_t random_below(uint32_t n) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % n);
}

static uint32_t random_size(void) {
    static const uint32_t up_to[] = { 24, 24, 48, 48, 48, 96, 96, 200, 200, 600, 1500, 4500 };
    return 1 + random_below(up_to[random_below(sizeof(up_to) / sizeof(up_to[0]))]);
}

static void draw(uint32_t live_count) {
    for (uint32_t i = 0; i < STEPS; i++) {
        steps[i] = (struct step){ random_below(live_count), random_size() };
    }
}

static struct ramlens_heap_rules tlsf(uint32_t alignment) {
    return (struct ramlens_heap_rules){ .alignment = alignment,
        .header_bytes = alignment,
        .least_bytes = 12,
        .descriptor_bytes = 20,
        .control_bytes = 36,
        .control_row_bytes = 4,
        .control_list_bytes = 4,
        .rounds_block = 1,
        .class_count = 3,
        .classes = { { 8, 16384 }, { 16, 262144 }, { 32, UINT32_MAX } } };
}

static void *map(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return p;
}

static void run_empty(void) {
    for (uint32_t i = 0; i < STEPS; i++) {
        sink = live[steps[i].which];
        live[steps[i].which] = steps[i].size;
    }
}

static void run_one(void) {
    for (uint32_t i = 0; i < STEPS; i++) {
        uint32_t *at = &live[steps[i].which];
        if (*at) {
            ramlens_heap_free(&heap, *at);
        }
        *at = ramlens_heap_malloc(&heap, steps[i].size);
    }
}

static void run_all(void) {
    for (uint32_t i = 0; i < STEPS; i++) {
        struct ramlens_block *b = &placed[steps[i].which];
        if (b->at) {
            ramlens_heaps_free(&heaps, *b);
        }
        *b = ramlens_heaps_malloc(&heaps, steps[i].size, 0);
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void measure(const char *name, void (*run)(void), uint32_t rounds) {
    double ns[RUNS];
    run(); // reaches the steady state
    for (int i = 0; i < RUNS; i++) {
        double start = seconds();
        for (uint32_t round = 0; round < rounds; round++) {
            run();
        }
        ns[i] = (seconds() - start) * 1e9 / STEPS / rounds;
    }
    qsort(ns, RUNS, sizeof(ns[0]), by_value);
    printf("%-30s %6.1f ns a pair (%.1f to %.1f)\n", name, ns[RUNS / 2], ns[0], ns[RUNS - 1]);
}

static void measure_heap(
        const char *name, struct ramlens_heap_rules with, uint32_t bytes, uint32_t rounds) {
    void *memory = map(bytes);
    memset(live, 0, sizeof(live));
    if (!ramlens_heap_init(&heap, &with, memory, bytes, false)) {
        exit(2);
    }
    measure(name, run_one, rounds);
    munmap(memory, bytes);
}

/// Capability bits by their numbers in esp_heap_caps.h: 12 DEFAULT, 11 INTERNAL, 10 SPIRAM, 2 8BIT.
static void measure_heaps(const char *name, uint32_t rounds) {
    static const struct ramlens_heap_place places[] = {
        { .bytes = 32767,
                .offers = { 0, 1 << 11, 0x1004 },
                .added = 1,
                .carved = 1,
                .carve_asks = 0x800 },
        { .bytes = 32 * MIB, .offers = { 0x1400, 0, 4 }, .added = 1 },
        { .bytes = 8192, .offers = { 1 << 16, 0, 0x1804 } },
        { .bytes = 19440, .offers = { 0x1804, 0, 0 }, .late = 1 },
        { .bytes = 32744, .offers = { 1 << 15, 0, 0x1804 } },
        { .bytes = 400000, .offers = { 1 << 14, 0x1804, 0 } },
    };
    rules = (struct ramlens_heaps_rules){ .heap = tlsf(4),
        .count = 6,
        .record_bytes = 36,
        .record_asks = 0x804,
        .malloc_up_to = 16384,
        .malloc_small = 0x1800,
        .malloc_large = 0x1400,
        .malloc_again = 0x1000 };
    memcpy(rules.places, places, sizeof(places));
    memset(placed, 0, sizeof(placed));
    void *memory[6] = { NULL };
    for (int i = 1; i < 6; i++) {
        memory[i] = map(places[i].bytes);
    }
    uint32_t bad;
    if (!ramlens_heaps_init(&heaps, &rules, memory, false, &bad)) {
        exit(2);
    }
    measure(name, run_all, rounds);
}

int main(int argc, char **argv) {
    uint32_t rounds = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2;
    draw(1500);
    measure("empty", run_empty, rounds);
    measure_heap("tlsf 632 KB, 1500 blocks", tlsf(4), 634816, rounds);
    measure_heap("tlsf 32 MB, 1500 blocks", tlsf(4), 32 * MIB, rounds);
    measure_heap("tlsf 32 MB of 16, 1500 blocks", tlsf(16), 32 * MIB, rounds);
    measure_heaps("heaps, 1500 blocks", rounds);
    draw(600);
    measure_heaps("heaps, 600 blocks", rounds);
    draw(LIVE_MAX);
    measure_heap("tlsf 32 MB, 20000 blocks", tlsf(4), 32 * MIB, rounds);
    struct ramlens_heap_rules first_fit = {
        .algorithm = RAMLENS_HEAP_FIRST_FIT, .alignment = 8, .header_bytes = 8
    };
    draw(200);
    measure_heap("first fit 256 KB, 200 blocks", first_fit, 262144, rounds);
    return 0;
}
