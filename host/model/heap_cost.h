/// What a block costs in a target's heap, and what a heap costs before its first block.
///
/// The heap is TLSF as ESP-IDF has it: a good fit by size class, where a class is a power of two
/// cut into a number of equal steps that depends on the size of the heap. From ESP-IDF v5.4 a block
/// is made as large as its class (submodule components/heap/tlsf, commit 81d3779); before, only the
/// search rounded. Formulas from tlsf_control_functions.h (control_construct, adjust_request_size,
/// tlsf_fit_size) and components/heap/multi_heap.c (multi_heap_register_impl).
///
///     heap      [descriptor][control block][blocks ...............][end]
///     block     [header][payload, rounded up to its class]
///
/// FreeRTOS's heap_4.c and heap_5.c (`allocator first-fit`) have no classes: a block is its header and what was asked for, in whole
/// alignments.
///
/// Costs are those of a heap that can split: a block that fits its hole but for less than the
/// smallest block takes all of the hole, up to 15 bytes more. That depends on the holes, which are
/// not modelled here.
#ifndef RAMLENS_HEAP_COST_H
#define RAMLENS_HEAP_COST_H

#include "target.h"

#include <stdbool.h>
#include <stdint.h>

/// A heap's constants, ready for heap_cost_bytes(). All fields are private but `control_bytes`.
struct heap_cost {
    uint32_t alignment;
    uint32_t header_bytes;
    uint32_t least_bytes;
    uint32_t list_log2;     ///< Steps a power of two is cut into, as a power of two.
    uint32_t exact_below;   ///< Payloads below are not rounded to a class.
    uint64_t most_bytes;    ///< Payloads of this size and above are refused.
    uint64_t control_bytes; ///< The control block.
    bool rounds_block;
    uint32_t poison_bytes; ///< Around what is asked for.
};

/// Constants of a heap of `heap_bytes`, the size of its whole range. False when that is too small
/// to be made a heap: it has no room for its own control block and one smallest block.
bool heap_cost_for(const struct target_allocator *a, uint64_t heap_bytes, struct heap_cost *out);

/// Bytes that malloc(`size`) takes out of the heap: header and rounding included. 0 when the heap
/// would give nothing: for `size` 0 (ESP-IDF's malloc gives NULL; operator new asks for 1 instead,
/// which is the caller's to say) and beyond the largest class. Constant time.
uint64_t heap_cost_bytes(const struct heap_cost *heap, uint64_t size);

/// The same for a block that is trimmed rather than rounded to its class: an aligned allocation, a
/// realloc that stays in place. The gap before an aligned block is a free block, not a cost.
uint64_t heap_cost_trimmed_bytes(const struct heap_cost *heap, uint64_t size);

/// Bytes of a heap that no block can have: descriptor, control block, ends. 0 when it is too small
/// to be one. What the target itself reports as free at first is `ends_bytes` more than the rest.
uint64_t heap_cost_overhead(const struct target_allocator *a, uint64_t heap_bytes);

/// Size of the one free block of an empty heap, and the largest request that it serves, which is
/// less: the search rounds up. 0 when `heap_bytes` is too small for a heap.
uint64_t heap_cost_first_block(const struct target_allocator *a, uint64_t heap_bytes);
uint64_t heap_cost_largest(const struct heap_cost *heap, uint64_t free_block_bytes);

/// Bytes of `region` that its heaps cost before the first block: heap_cost_overhead() of each; for
/// a carved one its block in the heap it was carved out of, its own contents aside; in the region
/// where the kernel's blocks go, the RTOS's list of all heaps (one block for those made at boot,
/// one for each heap added later). Static data is taken to leave each heap in its size class.
uint64_t heap_cost_region_overhead(const struct target *t, uint32_t region);

#endif
