/// One heap of a target, byte for byte as its allocator would have it. SPDX-License-Identifier: Apache-2.0
///
/// One source, two uses: `ramlens replay` runs a trace's requests through it, over memory that nobody else touches; `ramlens run`
/// gives a program its blocks from it. Freestanding C11: no libc beyond memcpy, memmove and memset, no lock (the caller's business), no
/// memory but what it was given.
///
/// Two allocators: **TLSF** as ESP-IDF has it (components/heap/multi_heap.c over espressif/tlsf), and **first fit** in address order
/// as FreeRTOS's heap_4.c and heap_5.c have it. Both keep their headers and links inside the memory, as 32-bit words and offsets, so that
/// the layout is that of a 32-bit target on whatever host. What a target keeps outside of its blocks (descriptor, control block) has its
/// place at the heap's start, but is held in this struct.
///
/// A block is known by its **offset**: bytes from the heap's start to the block's first byte for the program. 0 is no block.
#ifndef RAMLENS_HEAP_H
#define RAMLENS_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RAMLENS_HEAP_ROWS = 32,   ///< First-level rows at most.
    RAMLENS_HEAP_LISTS = 32,  ///< Second-level lists of a row at most.
    RAMLENS_HEAP_CLASSES = 4, ///< Sizes of heap that differ in their number of lists.
};

enum ramlens_heap_algorithm { RAMLENS_HEAP_TLSF, RAMLENS_HEAP_FIRST_FIT };

/// components/heap/multi_heap_poisoning.c: light and comprehensive put 12 bytes around each block; comprehensive never reallocates in
/// place (and fills, which has no effect on where blocks lie: not done).
enum ramlens_heap_poisoning {
    RAMLENS_POISON_NONE,
    RAMLENS_POISON_LIGHT,
    RAMLENS_POISON_COMPREHENSIVE
};

/// Constants of an allocator; fixed layout, the same for 32-bit and 64-bit programs. As target_allocator in host/model/target.h, which
/// says what each means and where it comes from.
struct ramlens_heap_rules {
    uint32_t algorithm; ///< enum ramlens_heap_algorithm.
    uint32_t
            alignment; ///< Of payloads: 4 on a 32-bit ESP-IDF target; 8 for FreeRTOS; 16 for x86-64 programs.
    uint32_t header_bytes; ///< TLSF: 4, or `alignment` if that is more. First fit: 8.
    uint32_t least_bytes;  ///< Smallest payload.
    uint32_t ends_bytes;
    uint32_t descriptor_bytes;
    uint32_t control_bytes;
    uint32_t control_row_bytes;
    uint32_t control_list_bytes;
    uint32_t
            rounds_block; ///< 1: a block is as large as its class (ESP-IDF from v5.4); 0: only the search rounds.
    uint32_t poisoning; ///< enum ramlens_heap_poisoning.
    uint32_t class_count;
    struct {
        uint32_t lists;
        uint32_t up_to; ///< Largest heap, less its descriptor; UINT32_MAX in the last.
    } classes[RAMLENS_HEAP_CLASSES];
};

/// A heap. All fields are private but the two counters.
struct ramlens_heap {
    uint8_t *memory; ///< Of `bytes` bytes, aligned to 16.
    uint32_t bytes;
    const struct ramlens_heap_rules *rules;
    bool keeps_content;          ///< realloc copies: there is a program that uses the memory.
    uint32_t free_bytes;         ///< As the target's own query tells (multi_heap_free_size).
    uint32_t minimum_free_bytes; ///< Lowest so far (multi_heap_minimum_free_size).
    uint32_t list_log2;
    uint32_t row_shift; ///< fl_shift of tlsf_control_functions.h.
    uint32_t row_count;
    uint32_t exact_below;
    uint32_t first; ///< Offset of the first block's header.
    uint32_t row_bits;
    uint32_t list_bits[RAMLENS_HEAP_ROWS];
    uint32_t heads[RAMLENS_HEAP_ROWS][RAMLENS_HEAP_LISTS]; ///< Offsets of headers; 0 none.
};

/// Makes a heap of `bytes` at `memory`. False when that is too small for its own structures and one smallest block. Touches a few words of
/// the memory only. `rules` and `memory` must outlive it.
bool ramlens_heap_init(struct ramlens_heap *h, const struct ramlens_heap_rules *rules, void *memory,
        uint32_t bytes, bool keeps_content);

/// multi_heap_malloc: constant time for TLSF, linear in the free blocks for first fit. 0 when there is no room or `size` is 0.
uint32_t ramlens_heap_malloc(struct ramlens_heap *h, uint32_t size);
/// multi_heap_aligned_alloc: `alignment` a power of two. At most 4: as malloc.
uint32_t ramlens_heap_aligned(struct ramlens_heap *h, uint32_t alignment, uint32_t size);
/// multi_heap_free. `at` must be a block of this heap.
void ramlens_heap_free(struct ramlens_heap *h, uint32_t at);
/// multi_heap_realloc: in place where it can grow into the free block behind it or shrinks, else moved within this heap. 0 when there
/// is no room; then the block is as it was.
uint32_t ramlens_heap_realloc(struct ramlens_heap *h, uint32_t at, uint32_t size);
/// Bytes that the program may use at `at` (multi_heap_get_allocated_size): what was asked for, rounded up.
uint32_t ramlens_heap_usable(const struct ramlens_heap *h, uint32_t at);
/// Bytes that the block takes out of the heap, header included.
uint32_t ramlens_heap_cost(const struct ramlens_heap *h, uint32_t at);
/// The largest request that would be served now, as the target reports it (largest_free_block of multi_heap_get_info). Constant time for
/// TLSF: its lists know it.
uint32_t ramlens_heap_largest(const struct ramlens_heap *h);

/// One block in address order.
struct ramlens_heap_step {
    uint32_t at;      ///< Offset of the payload; 0 to begin.
    uint32_t payload; ///< Bytes without header.
    bool used;
};
/// The block after `s` (the first if s->at is 0); false at the end. The heap must not change in between.
bool ramlens_heap_walk(const struct ramlens_heap *h, struct ramlens_heap_step *s);

/// Whether everything holds: blocks fill the memory, no two free neighbours, every free block in its list and no other in it, bits match lists,
/// the counter matches the blocks. For tests. Linear.
bool ramlens_heap_check(const struct ramlens_heap *h);

#ifdef __cplusplus
}
#endif
#endif
