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
/// A heap is smaller than 2 GiB.
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
    RAMLENS_HEAP_REGIONS = 8, ///< Regions of a first-fit heap at most (heap_5.c).
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
    uint32_t least_bytes;  ///< Smallest payload. First fit: not looked at, its rule is heap_4.c's.
    uint32_t ends_bytes;   ///< Follows from header_bytes; not looked at.
    uint32_t descriptor_bytes; ///< This and what follows is TLSF's.
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

/// A part of the memory of a first-fit heap.
struct ramlens_heap_region {
    uint32_t start; ///< Offset in the heap's memory.
    uint32_t bytes;
};

/// A heap. All fields are private but the two counters and `address`.
struct ramlens_heap {
    uint8_t *memory; ///< Of `bytes` bytes, aligned to 16.
    uint32_t bytes;
    uint32_t
            free_bytes; ///< multi_heap_free_size, xPortGetFreeHeapSize. Under poisoning, ESP-IDF reports 12 less.
    uint32_t minimum_free_bytes; ///< Lowest so far (multi_heap_minimum_free_size); likewise.
    /// Low bits of the address that alignments above the rules' count from. Set by init to the memory's own where there is a program
    /// that uses it, else to 0; who replays sets it to the target's.
    uint32_t address;
    uint32_t mask;        ///< alignment - 1.
    uint32_t header;      ///< header_bytes.
    uint32_t least;       ///< Smallest payload.
    uint32_t poison;      ///< Bytes that poisoning adds to a request,
    uint32_t poison_head; ///< those of them before the program's first.
    uint32_t limit;       ///< Largest request that is not refused outright.
    uint32_t exact_below; ///< Payloads below have a list for each size.
    uint32_t list_log2;
    uint32_t unit_log2; ///< Of `alignment`.
    uint32_t row_shift; ///< fl_shift of tlsf_control_functions.h.
    uint32_t row_count;
    uint32_t row_bits;
    bool first_fit;
    bool rounds_block;
    bool keeps_content; ///< realloc copies: there is a program that uses the memory.
    uint8_t poisoning;
    uint32_t first; ///< TLSF: offset of the first block's payload.
    uint32_t
            end; ///< TLSF: offset of the payload that the end sentinel would have. First fit: of the last end marker.
    const struct ramlens_heap_rules *rules;
    uint32_t list_bits[RAMLENS_HEAP_ROWS];
    uint32_t heads[RAMLENS_HEAP_ROWS * RAMLENS_HEAP_LISTS]; ///< Offsets of payloads; 0 none.
    uint32_t
            first_free; ///< First fit: offset of the first free block's header, or the end marker's.
    uint32_t region_count;
    struct ramlens_heap_region
            regions[RAMLENS_HEAP_REGIONS]; ///< First fit: first header, bytes up to the end marker.
};

/// Makes a heap of `bytes` at `memory`. False when that is too small for its own structures and one smallest block. Touches a few words of
/// the memory only. `rules` and `memory` must outlive it.
bool ramlens_heap_init(struct ramlens_heap *h, const struct ramlens_heap_rules *rules, void *memory,
        uint32_t bytes, bool keeps_content);

/// The same for FreeRTOS's heap_5.c (vPortDefineHeapRegions): one first-fit heap over several regions of one memory, by ascending start
/// and apart. Between them may lie what is not the heap's; how far they are apart changes nothing. False, too, for rules of TLSF.
bool ramlens_heap_init_regions(struct ramlens_heap *h, const struct ramlens_heap_rules *rules,
        void *memory, const struct ramlens_heap_region *regions, uint32_t count,
        bool keeps_content);

/// multi_heap_malloc: constant time for TLSF, linear in the free blocks for first fit. 0 when there is no room or `size` is 0.
uint32_t ramlens_heap_malloc(struct ramlens_heap *h, uint32_t size);
/// multi_heap_aligned_alloc: `alignment` a power of two. At most the rules' alignment: as malloc (heap_caps_base.c does so). FreeRTOS has no
/// such call; first fit then cuts the first block that holds an aligned one.
uint32_t ramlens_heap_aligned(struct ramlens_heap *h, uint32_t alignment, uint32_t size);
/// multi_heap_free. `at` must be a block of this heap.
void ramlens_heap_free(struct ramlens_heap *h, uint32_t at);
/// multi_heap_realloc: in place where it can grow into the free block behind it or shrinks, else moved within this heap. 0 when there
/// is no room or `size` is 0; then the block is as it was. FreeRTOS has no such call; first fit takes a new block, copies, frees.
uint32_t ramlens_heap_realloc(struct ramlens_heap *h, uint32_t at, uint32_t size);
/// Bytes that the program may use at `at` (multi_heap_get_allocated_size): what was asked for, rounded up.
uint32_t ramlens_heap_usable(const struct ramlens_heap *h, uint32_t at);
/// Bytes that the block takes out of the heap, header included.
uint32_t ramlens_heap_cost(const struct ramlens_heap *h, uint32_t at);
/// The largest request that would be served now, as the target reports it (largest_free_block of multi_heap_get_info). Constant time for
/// TLSF: its lists know it. FreeRTOS (xSizeOfLargestFreeBlockInBytes) counts the block's header in, and so does this; linear in the free
/// blocks.
uint32_t ramlens_heap_largest(const struct ramlens_heap *h);

/// One block in address order.
struct ramlens_heap_step {
    uint32_t at;      ///< As malloc gave it, or would give it; 0 to begin.
    uint32_t start;   ///< Offset of the block's header.
    uint32_t payload; ///< Bytes without header; poison included.
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
