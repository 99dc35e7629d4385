/// The arithmetic of ESP-IDF's TLSF, without a heap. Names follow heap_cost.h; the letters of the
/// formulas are those of tlsf_control_functions.h: fl first-level rows, sl second-level lists a
/// row.
#include "heap_cost.h"

#include "policy.h"

static uint32_t log2_floor(uint64_t n) {
    return 63 - (uint32_t)__builtin_clzll(n);
}

static uint64_t round_up(uint64_t n, uint64_t step) {
    return (n + step - 1) & ~(step - 1);
}

/// Lists a row of a heap that has `bytes` without its descriptor.
static uint32_t lists_of(const struct target_allocator *a, uint64_t bytes) {
    uint32_t i = 0;
    while (i + 1 < a->class_count && bytes > a->classes[i].up_to) {
        i++;
    }
    return a->classes[i].lists;
}

/// heap_4.c: a request is its size and a header, in whole alignments; every hole is taken as it is.
static bool first_fit_cost(
        const struct target_allocator *a, uint64_t heap_bytes, struct heap_cost *out) {
    *out = (struct heap_cost){ .alignment = a->alignment,
        .header_bytes = a->header_bytes,
        .least_bytes = a->least_bytes,
        .exact_below = UINT32_MAX,
        .most_bytes = UINT64_C(1) << 31 };
    return heap_bytes >= a->ends_bytes + a->header_bytes + a->least_bytes;
}

bool heap_cost_for(const struct target_allocator *a, uint64_t heap_bytes, struct heap_cost *out) {
    if (a->first_fit)
        return first_fit_cost(a, heap_bytes, out);
    *out = (struct heap_cost){ 0 };
    if (heap_bytes <= a->descriptor_bytes) {
        return false;
    }
    uint64_t bytes = heap_bytes - a->descriptor_bytes;
    uint32_t lists = lists_of(a, bytes);
    uint32_t alignment_log2 = log2_floor(a->alignment);
    uint32_t fl_shift = log2_floor(lists) + alignment_log2;
    uint32_t fl_max = log2_floor(bytes) + 1;
    if (fl_max < fl_shift) {
        return false;
    }
    uint64_t rows = fl_max - fl_shift + 1;
    *out = (struct heap_cost){
        .alignment = a->alignment,
        .header_bytes = a->header_bytes,
        .least_bytes = a->least_bytes,
        .list_log2 = log2_floor(lists),
        .exact_below = UINT32_C(1) << fl_shift,
        .most_bytes = UINT64_C(1) << fl_max,
        .control_bytes = a->control_bytes + a->control_row_bytes * rows +
                         a->control_list_bytes * rows * lists,
        .rounds_block = a->rounds_block,
        .poison_bytes = a->poison_bytes,
    };
    return bytes >= out->control_bytes + a->ends_bytes + a->least_bytes;
}

/// Payload of a request: whole words, at least the smallest block; 0 when it cannot be served.
static uint64_t trimmed_payload(const struct heap_cost *heap, uint64_t size) {
    if (size == 0 || size >= heap->most_bytes) {
        return 0;
    }
    uint64_t payload = round_up(size + heap->poison_bytes, heap->alignment);
    payload = payload < heap->least_bytes ? heap->least_bytes : payload;
    return payload < heap->most_bytes ? payload : 0;
}

uint64_t heap_cost_bytes(const struct heap_cost *heap, uint64_t size) {
    uint64_t payload = trimmed_payload(heap, size);
    if (payload == 0) {
        return 0;
    }
    if (heap->rounds_block && payload >= heap->exact_below) {
        payload = round_up(payload, UINT64_C(1) << (log2_floor(payload) - heap->list_log2));
    }
    return payload + heap->header_bytes;
}

uint64_t heap_cost_trimmed_bytes(const struct heap_cost *heap, uint64_t size) {
    uint64_t payload = trimmed_payload(heap, size);
    return payload ? payload + heap->header_bytes : 0;
}

uint64_t heap_cost_overhead(const struct target_allocator *a, uint64_t heap_bytes) {
    struct heap_cost heap;
    if (!heap_cost_for(a, heap_bytes, &heap)) {
        return 0;
    }
    return a->descriptor_bytes + heap.control_bytes + a->ends_bytes;
}

uint64_t heap_cost_first_block(const struct target_allocator *a, uint64_t heap_bytes) {
    uint64_t overhead = heap_cost_overhead(a, heap_bytes);
    uint64_t header =
            a->first_fit ? a->header_bytes : 0; // TLSF counts the first one among the ends
    return overhead ? heap_bytes - overhead - header : 0;
}

uint64_t heap_cost_largest(const struct heap_cost *heap, uint64_t free_block_bytes) {
    if (free_block_bytes < heap->exact_below) {
        return free_block_bytes;
    }
    uint64_t step = UINT64_C(1) << (log2_floor(free_block_bytes) - heap->list_log2);
    return free_block_bytes & ~(step - 1);
}

/// What the RTOS's list of heaps takes, as blocks of the heap described by `host`.
static uint64_t records_bytes(const struct target *t, const struct heap_cost *host) {
    uint64_t at_boot = 0;
    uint64_t total = 0;
    for (uint32_t i = 0; i < t->heap_count; i++) {
        if (!target_heap_serves(&t->heaps[i])) {
            continue;
        }
        if (t->heaps[i].added) {
            total += heap_cost_bytes(host, t->allocator.record_bytes);
        } else {
            at_boot += t->allocator.record_bytes;
        }
    }
    return total + heap_cost_bytes(host, at_boot);
}

uint64_t heap_cost_region_overhead(const struct target *t, uint32_t region) {
    const struct target_allocator *a = &t->allocator;
    uint64_t total = 0;
    for (uint32_t i = 0; i < t->heap_count; i++) {
        const struct target_heap *heap = &t->heaps[i];
        if (heap->region != region || !target_heap_serves(heap)) {
            continue;
        }
        total += heap_cost_overhead(a, heap->bytes);
        // The block that it was carved from: header, and the byte that was not registered.
        total += heap->carved ? a->header_bytes + 1 : 0;
    }
    struct policy policy;
    policy_for(t, &policy);
    struct heap_cost host;
    const struct target_region *home = &t->regions[region];
    if (policy.system.count && policy.system.regions[0] == region &&
            home->main_heap != TARGET_NONE &&
            heap_cost_for(a, t->heaps[home->main_heap].bytes, &host)) {
        total += records_bytes(t, &host);
    }
    return total;
}
