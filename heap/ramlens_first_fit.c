// First fit in address order, as FreeRTOS has it: portable/MemMang/heap_4.c, and heap_5.c, which is the same over several regions
// (FreeRTOS-Kernel V11.2.0). The code is ours.
//
//     region   [ header | payload ][ header | payload ] ... [ end marker, a header of size 0 ]
//
// A header is two words: the next free block, and the block's size, header included, whose top bit says that it is used. All free
// blocks are in one list by address; the end markers of all regions but the last may be in it, too: no request fits them. Offsets here
// are those of headers.
#include "ramlens_first_fit.h"

#include <string.h>

#define USED (UINT32_C(1) << 31)

enum { NEXT, SIZE };

typedef uint32_t __attribute__((may_alias)) word;

static inline word *block_at(const struct ramlens_heap *h, uint32_t b) {
    return (word *)(void *)(h->memory + b);
}

/// Where the list's link to the block behind `previous` is kept; UINT32_MAX stands for the list's start (xStart).
static inline word *link_of(struct ramlens_heap *h, uint32_t previous) {
    return previous == UINT32_MAX ? (word *)&h->first_free : &block_at(h, previous)[NEXT];
}

static uint32_t round_up(uint32_t n, uint32_t power_of_two) {
    return (n + power_of_two - 1) & ~(power_of_two - 1);
}

/// heap_4.c rounds the sum; 0 when that is too large for any block.
static inline uint32_t bytes_for(const struct ramlens_heap *h, uint32_t size) {
    return size == 0 || size > h->limit ? 0 : (size + h->header + h->mask) & ~h->mask;
}

bool ramlens_heap_init_regions(struct ramlens_heap *h, const struct ramlens_heap_rules *rules,
        void *memory, const struct ramlens_heap_region *regions, uint32_t count,
        bool keeps_content) {
    memset(h, 0, sizeof(*h));
    if (rules->algorithm != RAMLENS_HEAP_FIRST_FIT || count == 0 || count > RAMLENS_HEAP_REGIONS ||
            rules->header_bytes < 8 || rules->alignment < 4) {
        return false;
    }
    h->memory = memory;
    h->rules = rules;
    h->keeps_content = keeps_content;
    h->address = keeps_content ? (uint32_t)(uintptr_t)memory : 0;
    h->first_fit = true;
    h->mask = rules->alignment - 1;
    h->header = round_up(rules->header_bytes, rules->alignment);
    h->limit = INT32_MAX - h->header - h->mask;
    h->region_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t start = regions[i].start;
        uint32_t bytes = regions[i].bytes;
        if (start > INT32_MAX || bytes > INT32_MAX - start || start < h->bytes) {
            return false;
        }
        uint32_t first = round_up(start, rules->alignment);
        h->bytes = start + bytes;
        if (h->bytes < first || h->bytes - first < 2 * h->header + rules->alignment) {
            return false;
        }
        uint32_t end = (h->bytes - h->header) & ~h->mask;
        h->regions[i] = (struct ramlens_heap_region){ first, end - first };
        *link_of(h, i == 0 ? UINT32_MAX : h->end) = first;
        block_at(h, first)[NEXT] = end;
        block_at(h, first)[SIZE] = end - first;
        block_at(h, end)[NEXT] = 0;
        block_at(h, end)[SIZE] = 0;
        h->end = end;
        h->free_bytes += end - first;
    }
    h->minimum_free_bytes = h->free_bytes;
    return true;
}

/// Cuts `bytes` from the front of the free block behind `previous`, which becomes used. The rest stays in the list if it is more than
/// two headers.
static uint32_t use(struct ramlens_heap *h, uint32_t previous, uint32_t bytes) {
    uint32_t b = *link_of(h, previous);
    word *block = block_at(h, b);
    uint32_t rest = block[SIZE] - bytes;
    *link_of(h, previous) = block[NEXT];
    if (rest > 2 * h->header) {
        block_at(h, b + bytes)[SIZE] = rest;
        block_at(h, b + bytes)[NEXT] = block[NEXT];
        *link_of(h, previous) = b + bytes;
        block[SIZE] = bytes;
    }
    h->free_bytes -= block[SIZE];
    if (h->free_bytes < h->minimum_free_bytes) {
        h->minimum_free_bytes = h->free_bytes;
    }
    block[SIZE] |= USED;
    block[NEXT] = 0;
    return b + h->header;
}

uint32_t ramlens_first_fit_malloc(struct ramlens_heap *h, uint32_t size) {
    uint32_t bytes = bytes_for(h, size);
    if (bytes == 0 || bytes > h->free_bytes) {
        return 0;
    }
    uint32_t previous = UINT32_MAX;
    uint32_t b = h->first_free;
    while (b != h->end && block_at(h, b)[SIZE] < bytes) {
        previous = b;
        b = block_at(h, b)[NEXT];
    }
    return b == h->end ? 0 : use(h, previous, bytes);
}

uint32_t ramlens_first_fit_aligned(struct ramlens_heap *h, uint32_t alignment, uint32_t size) {
    uint32_t bytes = bytes_for(h, size);
    if (bytes == 0 || bytes > h->free_bytes || alignment > h->bytes) {
        return 0;
    }
    uint32_t previous = UINT32_MAX;
    for (uint32_t b = h->first_free; b != h->end; previous = b, b = block_at(h, b)[NEXT]) {
        word *block = block_at(h, b);
        uint32_t start = h->address + b + h->header;
        uint32_t gap = round_up(start, alignment) - start;
        if (gap != 0 && gap <= 2 * h->header) {
            gap = round_up(start + 2 * h->header + 1, alignment) - start;
        }
        if (block[SIZE] < gap || block[SIZE] - gap < bytes) {
            continue;
        }
        if (gap != 0) {
            block_at(h, b + gap)[SIZE] = block[SIZE] - gap;
            block_at(h, b + gap)[NEXT] = block[NEXT];
            block[SIZE] = gap;
            block[NEXT] = b + gap;
            previous = b;
        }
        return use(h, previous, bytes);
    }
    return 0;
}

/// prvInsertBlockIntoFreeList. A region's end marker has size 0, so a block before it may swallow it, and does.
void ramlens_first_fit_free(struct ramlens_heap *h, uint32_t at) {
    uint32_t b = at - h->header;
    word *block = block_at(h, b);
    block[SIZE] &= ~USED;
    h->free_bytes += block[SIZE];
    uint32_t previous = UINT32_MAX;
    uint32_t next = h->first_free;
    while (next < b) {
        previous = next;
        next = block_at(h, next)[NEXT];
    }
    if (b + block[SIZE] == next && next != h->end) {
        block[SIZE] += block_at(h, next)[SIZE];
        next = block_at(h, next)[NEXT];
    }
    block[NEXT] = next;
    if (previous != UINT32_MAX && previous + block_at(h, previous)[SIZE] == b) {
        block_at(h, previous)[SIZE] += block[SIZE];
        block_at(h, previous)[NEXT] = next;
    } else {
        *link_of(h, previous) = b;
    }
}

uint32_t ramlens_first_fit_cost(const struct ramlens_heap *h, uint32_t at) {
    return block_at(h, at - h->header)[SIZE] & ~USED;
}

uint32_t ramlens_first_fit_realloc(struct ramlens_heap *h, uint32_t at, uint32_t size) {
    uint32_t to = ramlens_first_fit_malloc(h, size);
    if (to == 0) {
        return 0;
    }
    if (h->keeps_content) {
        uint32_t usable = ramlens_first_fit_cost(h, at) - h->header;
        memcpy(h->memory + to, h->memory + at, size < usable ? size : usable);
    }
    ramlens_first_fit_free(h, at);
    return to;
}

uint32_t ramlens_first_fit_largest(const struct ramlens_heap *h) {
    uint32_t largest = 0;
    for (uint32_t b = h->first_free; b != h->end; b = block_at(h, b)[NEXT]) {
        if (block_at(h, b)[SIZE] > largest) {
            largest = block_at(h, b)[SIZE];
        }
    }
    return largest;
}

static uint32_t region_end(const struct ramlens_heap_region *r) {
    return r->start + r->bytes;
}

bool ramlens_first_fit_walk(const struct ramlens_heap *h, struct ramlens_heap_step *s) {
    uint32_t b = s->at == 0 ? h->regions[0].start : s->at + s->payload;
    for (uint32_t i = 0; i < h->region_count; i++) {
        if (b == region_end(&h->regions[i])) {
            if (i + 1 == h->region_count) {
                return false;
            }
            b = h->regions[i + 1].start;
        }
    }
    uint32_t size = block_at(h, b)[SIZE];
    *s = (struct ramlens_heap_step){ b + h->header, b, (size & ~USED) - h->header,
        (size & USED) != 0 };
    return true;
}

static bool is_end_marker(const struct ramlens_heap *h, uint32_t b) {
    for (uint32_t i = 0; i < h->region_count; i++) {
        if (b == region_end(&h->regions[i])) {
            return true;
        }
    }
    return false;
}

bool ramlens_first_fit_check(const struct ramlens_heap *h) {
    uint32_t listed = h->first_free; // the list goes along with the walk
    uint32_t free_bytes = 0;
    for (uint32_t i = 0; i < h->region_count; i++) {
        bool free_before = false;
        uint32_t b = h->regions[i].start;
        while (b < region_end(&h->regions[i])) {
            uint32_t size = block_at(h, b)[SIZE] & ~USED;
            bool used = (block_at(h, b)[SIZE] & USED) != 0;
            if (size < h->header || (b & h->mask) != 0 || size > region_end(&h->regions[i]) - b ||
                    (free_before && !used)) {
                return false;
            }
            if (!used) {
                while (listed != b && is_end_marker(h, listed) && listed != h->end) {
                    listed = block_at(h, listed)[NEXT];
                }
                if (listed != b) {
                    return false;
                }
                free_bytes += size;
                listed = block_at(h, b)[NEXT];
            }
            free_before = !used;
            b += size;
        }
        if (b != region_end(&h->regions[i])) {
            return false;
        }
    }
    while (listed != h->end && is_end_marker(h, listed)) {
        listed = block_at(h, listed)[NEXT];
    }
    return listed == h->end && free_bytes == h->free_bytes &&
           h->minimum_free_bytes <= h->free_bytes;
}
