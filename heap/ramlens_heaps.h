/// All heaps of a target together: who serves a request for capabilities, and the rule of malloc. SPDX-License-Identifier: Apache-2.0
///
/// ESP-IDF's components/heap/heap_caps_base.c and heap_caps.c, over heaps of ramlens_heap.h. Freestanding, no lock: a caller with
/// several threads holds one around every call.
#ifndef RAMLENS_HEAPS_H
#define RAMLENS_HEAPS_H

#include "ramlens_heap.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RAMLENS_HEAPS_MAX = 16,
    RAMLENS_HEAPS_PRIORITIES = 3,
    RAMLENS_ASKS_MAX = 4, ///< Tries of one request at most.
    RAMLENS_ORDERS = 16,  ///< Remembered orders of search; a power of two.
};

/// One heap as configured. Fixed layout.
struct ramlens_heap_place {
    char name[16];   ///< "RETENT_RAM", as the target names it.
    uint32_t region; ///< Index of the region, the target's own numbering.
    uint32_t
            bytes; ///< Static data and what else is occupied beforehand taken off. Carved: one less than its block (esp_psram.c).
    uint64_t start;                            ///< Address on the target; 0 for a carved one.
    uint32_t offers[RAMLENS_HEAPS_PRIORITIES]; ///< Capability bits by priority.
    uint32_t added;  ///< 1: registered at run time: its record is a block of its own.
    uint32_t late;   ///< 1: registered at boot, usable only from the main task on.
    uint32_t carved; ///< 1: lies in a block of another heap, taken with `carve_asks`.
    uint32_t carve_asks;
    uint32_t reserved; ///< 0; makes the layout the same for 32-bit and 64-bit programs.
};

/// Everything that decides where a request goes; fixed layout, so that one process can hand it to another. Heaps in the order in which a request
/// tries them (target.h, target_heap).
struct ramlens_heaps_rules {
    struct ramlens_heap_rules heap;
    uint32_t count;
    uint32_t record_bytes; ///< Of the RTOS's list of heaps, for each heap; 0: it keeps none.
    uint32_t record_asks;
    uint32_t
            malloc_up_to; ///< The rule of malloc: up to this, `small`, above, `large`, then `again`.
    uint32_t malloc_small;
    uint32_t malloc_large;
    uint32_t malloc_again; ///< 0: no second try.
    uint32_t
            round_32bit; ///< Capability bits of which any rounds the size up to 4 (MALLOC_CAP_32BIT); 0 none.
    uint32_t
            line_asks; ///< Capability bits that align and round up to cache lines (MALLOC_CAP_DMA ...); 0 none.
    uint32_t
            line_strip; ///< Of these, those that are only an alignment (MALLOC_CAP_CACHE_ALIGNED): taken off after.
    uint32_t
            external_asks; ///< MALLOC_CAP_SPIRAM: chooses the line, and takes `external_drops` off.
    uint32_t external_drops; ///< MALLOC_CAP_DMA with PSRAM.
    uint32_t line_internal;  ///< Bytes of a cache line; 0 or 1: none.
    uint32_t line_external;
    uint32_t
            descriptor_asks; ///< Capability bits that stand for `descriptor_means` (MALLOC_CAP_DMA_DESC_*); 0 none.
    uint32_t descriptor_means; ///< MALLOC_CAP_DMA.
    uint32_t
            wide_asks; ///< Capability bits that align and round up to `wide_bytes` at least (MALLOC_CAP_SIMD); 0 none.
    uint32_t wide_bytes;
    struct ramlens_heap_place places[RAMLENS_HEAPS_MAX];
};

/// Where a block lies. `at` 0: nowhere.
struct ramlens_block {
    uint32_t at;   ///< Offset in its heap.
    uint32_t heap; ///< Index into heaps[].
};

/// What a request tries, in order; the first that serves it wins. A try of 0 stands for the rule of malloc and is the last.
struct ramlens_asks {
    uint32_t count; ///< 0: the rule of malloc.
    uint32_t tries[RAMLENS_ASKS_MAX];
};

/// Who is tried for some capability bits, in order.
struct ramlens_order {
    uint32_t asks;
    uint8_t count;
    uint8_t heaps[RAMLENS_HEAPS_MAX];
};

struct ramlens_heaps {
    const struct ramlens_heaps_rules
            *rules; ///< Their places and hardware rules must not change; malloc's rule may.
    struct ramlens_heap heaps[RAMLENS_HEAPS_MAX]; ///< In the order of the rules.
    bool live[RAMLENS_HEAPS_MAX];                 ///< Registered: may be asked.
    uint32_t offers_any[RAMLENS_HEAPS_MAX];
    struct ramlens_block records; ///< The list of heaps made at boot.
    struct ramlens_block carved[RAMLENS_HEAPS_MAX];
    struct ramlens_order orders[RAMLENS_ORDERS]; ///< Private; by a hash of `asks`.
};

/// Makes all heaps as the target's start-up does up to main(): heaps of boot, the list of heaps, heaps added at run time, late ones, the reserve
/// pool carved out (components/heap/heap_caps_init.c, components/esp_psram/system_layer/esp_psram.c, components/freertos/app_startup.c).
/// `memory[i]`: of places[i].bytes, aligned to 16; ignored for carved ones. False, with the index of the heap in *bad, when one cannot be
/// made: it is too small, or there is no room to carve it. `rules` and memory must outlive it.
bool ramlens_heaps_init(struct ramlens_heaps *h, const struct ramlens_heaps_rules *rules,
        void *const *memory, bool keeps_content, uint32_t *bad);

/// One try: heap_caps_aligned_alloc_base for capability bits `asks`, hardware alignment included. `alignment` 0: none asked for.
struct ramlens_block ramlens_heaps_ask(
        struct ramlens_heaps *h, uint32_t size, uint32_t alignment, uint32_t asks);

/// heap_caps_malloc_default: the rule of malloc.
struct ramlens_block ramlens_heaps_malloc(
        struct ramlens_heaps *h, uint32_t size, uint32_t alignment);

/// All tries of `asks` in turn (heap_caps_malloc_prefer).
struct ramlens_block ramlens_heaps_alloc(struct ramlens_heaps *h, uint32_t size, uint32_t alignment,
        const struct ramlens_asks *asks);

void ramlens_heaps_free(struct ramlens_heaps *h, struct ramlens_block b);

/// heap_caps_realloc for each try in turn: in place where the block's heap may serve the try and no alignment asks for more than a word, else
/// taken anew, copied, freed. at 0 when there is no room; then the block is as it was. `size` is not 0, `b` is a block.
struct ramlens_block ramlens_heaps_realloc(struct ramlens_heaps *h, struct ramlens_block b,
        uint32_t size, const struct ramlens_asks *asks);

/// The block whose first byte is `p`, in the innermost heap that holds it; at 0 when `p` lies in none of the heaps' memories. A handful of compares.
struct ramlens_block ramlens_heaps_find(const struct ramlens_heaps *h, const void *p);
void *ramlens_heaps_pointer(const struct ramlens_heaps *h, struct ramlens_block b);

/// Sums over the heaps that offer all of `asks` at whatever priority, as heap_caps_get_free_size, _minimum_free_size and (a maximum)
/// _largest_free_block; 0 asks counts all.
uint32_t ramlens_heaps_free_bytes(const struct ramlens_heaps *h, uint32_t asks);
uint32_t ramlens_heaps_minimum(const struct ramlens_heaps *h, uint32_t asks);
uint32_t ramlens_heaps_largest(const struct ramlens_heaps *h, uint32_t asks);

#ifdef __cplusplus
}
#endif
#endif
