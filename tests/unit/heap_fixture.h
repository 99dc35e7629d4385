/// The rules of ESP-IDF's and FreeRTOS's heaps, and an ESP32-P4 of revision 3 with its heaps, set up by hand: what a target's file says in
/// words. Numbers from the sources named in targets/esp32p4. Included once by each test that needs it.
#ifndef HEAP_FIXTURE_H
#define HEAP_FIXTURE_H

#include "ramlens_heaps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// components/heap/multi_heap.c over espressif/tlsf, for 32 bits.
static inline struct ramlens_heap_rules fixture_tlsf(void) {
    return (struct ramlens_heap_rules){ .algorithm = RAMLENS_HEAP_TLSF,
        .alignment = 4,
        .header_bytes = 4,
        .least_bytes = 12,
        .ends_bytes = 8,
        .descriptor_bytes = 20,
        .control_bytes = 36,
        .control_row_bytes = 4,
        .control_list_bytes = 4,
        .rounds_block = 1,
        .class_count = 3,
        .classes = { { 8, 16384 }, { 16, 262144 }, { 32, UINT32_MAX } } };
}

/// FreeRTOS's heap_4.c for 32 bits and portBYTE_ALIGNMENT 8.
static inline struct ramlens_heap_rules fixture_first_fit(void) {
    return (struct ramlens_heap_rules){
        .algorithm = RAMLENS_HEAP_FIRST_FIT, .alignment = 8, .header_bytes = 8
    };
}

/// Memory of exactly `bytes`, aligned to 16, so that a sanitizer sees what is outside.
static inline void *fixture_memory(uint32_t bytes) {
    void *p = NULL;
    assert_int_equal(posix_memalign(&p, 16, bytes), 0);
    memset(p, 0xa5, bytes);
    return p;
}

// components/heap/include/esp_heap_caps.h
enum {
    CAP_32BIT = 1 << 1,
    CAP_8BIT = 1 << 2,
    CAP_DMA = 1 << 3,
    CAP_SPIRAM = 1 << 10,
    CAP_INTERNAL = 1 << 11,
    CAP_DEFAULT = 1 << 12,
    CAP_RETENTION = 1 << 14,
    CAP_RTCRAM = 1 << 15,
    CAP_SPM = 1 << 16,
    CAP_DMA_DESC_AHB = 1 << 17,
    CAP_DMA_DESC_AXI = 1 << 18,
    CAP_CACHE_ALIGNED = 1 << 19,
    CAP_SIMD = 1 << 20,
    CAP_COMMON = CAP_DEFAULT | CAP_32BIT | CAP_8BIT,
    CAP_BASE = CAP_COMMON | CAP_INTERNAL | CAP_DMA,
};

/// The heaps of the P4 in the order in which a request tries them.
enum { POOL, PSRAM, SPM, RAM, LP, RETENT, P4_HEAPS };

struct p4 {
    struct ramlens_heaps_rules rules;
    struct ramlens_heaps heaps;
    void *memory[P4_HEAPS];
};

/// `release`: 555 for v5.5.5 and later, 600 for v6.0, which spares the pool. Nothing is made yet, so a test may change rules.
static inline struct p4 *p4_new(int release) {
    struct p4 *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    bool late_rules = release == 555;
    p->rules = (struct ramlens_heaps_rules){
        .heap = fixture_tlsf(),
        .count = P4_HEAPS,
        .record_bytes = 36,
        .record_asks = CAP_INTERNAL | CAP_8BIT,
        .malloc_up_to = 16384,
        .malloc_small = CAP_DEFAULT | CAP_INTERNAL,
        .malloc_large = CAP_DEFAULT | CAP_SPIRAM,
        .malloc_again = CAP_DEFAULT,
        .round_32bit = CAP_32BIT,
        .line_asks = CAP_DMA | CAP_DMA_DESC_AHB | CAP_DMA_DESC_AXI | CAP_CACHE_ALIGNED | CAP_SIMD,
        .line_strip = CAP_CACHE_ALIGNED,
        .external_asks = CAP_SPIRAM,
        .external_drops = CAP_DMA,
        .line_internal = 64,
        .line_external = 64,
        .descriptor_asks = CAP_DMA_DESC_AHB | CAP_DMA_DESC_AXI,
        .descriptor_means = CAP_DMA,
        .wide_asks = CAP_SIMD,
        .wide_bytes = 16,
    };
    struct ramlens_heap_place *places = p->rules.places;
    places[POOL] = (struct ramlens_heap_place){ .name = "POOL",
        .bytes = 32767,
        .offers = { 0, CAP_DMA | CAP_INTERNAL,
                (late_rules ? CAP_DEFAULT : 0) | CAP_8BIT | CAP_32BIT },
        .added = 1,
        .carved = 1,
        .carve_asks = CAP_DMA | CAP_INTERNAL };
    places[PSRAM] = (struct ramlens_heap_place){ .name = "PSRAM",
        .region = 3,
        .start = 0x48000000,
        .bytes = 8 << 20,
        .offers = { CAP_SPIRAM | CAP_DEFAULT, 0, CAP_8BIT | CAP_32BIT | CAP_SIMD },
        .added = 1 };
    places[SPM] = (struct ramlens_heap_place){
        .name = "SPM", .region = 1, .start = 0x30100000, .bytes = 8192, .offers = { CAP_SPM, 0, 0 }
    };
    places[SPM].offers[late_rules ? 2 : 1] = CAP_COMMON | CAP_INTERNAL;
    places[RAM] = (struct ramlens_heap_place){ .name = "RAM",
        .start = 0x4ffbafc0,
        .bytes = 19440,
        .offers = { CAP_BASE | CAP_SIMD, 0, 0 },
        .late = 1 };
    places[LP] = (struct ramlens_heap_place){ .name = "RTCRAM",
        .region = 2,
        .start = 0x50108018,
        .bytes = 32768 - 24,
        .offers = { CAP_RTCRAM, 0, CAP_COMMON | CAP_INTERNAL } };
    places[RETENT] = (struct ramlens_heap_place){ .name = "RETENT_RAM",
        .start = 0x4ff20000 + 234816,
        .bytes = 400000,
        .offers = { CAP_RETENTION | CAP_SIMD, 0, 0 } };
    places[RETENT].offers[late_rules ? 1 : 0] |= CAP_BASE;
    return p;
}

static inline void p4_start(struct p4 *p, bool keeps_content) {
    for (uint32_t i = 0; i < p->rules.count; i++) {
        p->memory[i] = p->rules.places[i].carved ? NULL : fixture_memory(p->rules.places[i].bytes);
    }
    uint32_t bad = UINT32_MAX;
    assert_true(ramlens_heaps_init(&p->heaps, &p->rules, p->memory, keeps_content, &bad));
}

static inline void p4_free(struct p4 *p) {
    for (uint32_t i = 0; i < P4_HEAPS; i++) {
        free(p->memory[i]);
    }
    free(p);
}

#endif
