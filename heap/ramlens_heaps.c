// Who serves a request. Rules from ESP-IDF's components/heap (heap_caps_base.c, heap_caps.c, heap_caps_init.c, heap_private.h),
// components/esp_hw_support/heap_align_hw.c, components/esp_psram/system_layer/esp_psram.c. The code is ours.
#include "ramlens_heaps.h"

#include <string.h>

static const struct ramlens_block nowhere;

/// What a request is after heap_align_hw.c.
struct request {
    uint32_t size; ///< 0: it cannot be served.
    uint32_t alignment;
    uint32_t asks;
};

/// Rounds up; 0 when that is too large for 32 bits, which no heap serves.
static uint32_t round_up(uint32_t n, uint32_t power_of_two) {
    return (n + power_of_two - 1) & ~(power_of_two - 1);
}

/// UNALIGNED_MEM_ALIGNMENT_BYTES of heap_caps_base.c.
enum { ANY_ALIGNMENT = 4 };

/// esp_heap_adjust_alignment_to_hw.
static inline struct request adjusted(
        const struct ramlens_heaps_rules *rules, uint32_t size, uint32_t alignment, uint32_t asks) {
    struct request r = { size, alignment < ANY_ALIGNMENT ? ANY_ALIGNMENT : alignment, asks };
    if ((asks & (rules->line_asks | rules->descriptor_asks | rules->wide_asks)) == 0) {
        return r;
    }
    bool external = (asks & rules->external_asks) != 0;
    uint32_t line = external ? rules->line_external : rules->line_internal;
    if (line > r.alignment) {
        r.alignment = line;
    }
    if ((asks & rules->wide_asks) && rules->wide_bytes > r.alignment) {
        r.alignment = rules->wide_bytes;
    }
    r.size = round_up(size, r.alignment);
    if (asks & rules->descriptor_asks) {
        r.asks = (r.asks & ~rules->descriptor_asks) | rules->descriptor_means;
    }
    if (external) {
        r.asks &= ~rules->external_drops;
    }
    r.asks &= ~rules->line_strip;
    return r;
}

static bool offers_all(const struct ramlens_heaps *h, uint32_t heap, uint32_t asks) {
    return h->live[heap] && (h->offers_any[heap] & asks) == asks;
}

/// The loop of heap_caps_aligned_alloc_base: at each priority, each heap that offers some of it there, and all of it at any. It comes
/// to a heap again where the next priority has a bit of the request, too; nothing has changed in between, so it is tried once here.
static void find_order(const struct ramlens_heaps *h, uint32_t asks, struct ramlens_order *order) {
    uint32_t seen = 0;
    *order = (struct ramlens_order){ .asks = asks };
    for (uint32_t priority = 0; priority < RAMLENS_HEAPS_PRIORITIES; priority++) {
        for (uint32_t i = 0; i < h->rules->count; i++) {
            if ((h->rules->places[i].offers[priority] & asks) != 0 && offers_all(h, i, asks) &&
                    !(seen >> i & 1)) {
                seen |= UINT32_C(1) << i;
                order->heaps[order->count++] = (uint8_t)i;
            }
        }
    }
}

static inline const struct ramlens_order *order_for(struct ramlens_heaps *h, uint32_t asks) {
    struct ramlens_order *order = &h->orders[(asks * 0x9e3779b1U >> 16) % RAMLENS_ORDERS];
    if (order->asks != asks) {
        find_order(h, asks, order);
    }
    return order;
}

struct ramlens_block ramlens_heaps_ask(
        struct ramlens_heaps *h, uint32_t size, uint32_t alignment, uint32_t asks) {
    struct request r = adjusted(h->rules, size, alignment, asks);
    if (r.asks & h->rules->round_32bit) {
        r.size = round_up(r.size, 4);
    }
    const struct ramlens_order *order = order_for(h, r.asks);
    for (uint32_t i = 0; i < order->count; i++) {
        uint32_t heap = order->heaps[i];
        uint32_t at = r.alignment <= ANY_ALIGNMENT
                              ? ramlens_heap_malloc(&h->heaps[heap], r.size)
                              : ramlens_heap_aligned(&h->heaps[heap], r.alignment, r.size);
        if (at != 0) {
            return (struct ramlens_block){ at, heap };
        }
    }
    return nowhere;
}

static uint32_t malloc_asks(const struct ramlens_heaps_rules *rules, uint32_t size) {
    return size <= rules->malloc_up_to ? rules->malloc_small : rules->malloc_large;
}

struct ramlens_block ramlens_heaps_malloc(
        struct ramlens_heaps *h, uint32_t size, uint32_t alignment) {
    struct ramlens_block b = ramlens_heaps_ask(h, size, alignment, malloc_asks(h->rules, size));
    if (b.at == 0 && h->rules->malloc_again != 0) {
        b = ramlens_heaps_ask(h, size, alignment, h->rules->malloc_again);
    }
    return b;
}

struct ramlens_block ramlens_heaps_alloc(struct ramlens_heaps *h, uint32_t size, uint32_t alignment,
        const struct ramlens_asks *asks) {
    for (uint32_t i = 0; i < asks->count && asks->tries[i] != 0; i++) {
        struct ramlens_block b = ramlens_heaps_ask(h, size, alignment, asks->tries[i]);
        if (b.at != 0) {
            return b;
        }
    }
    bool by_malloc = asks->count == 0 || asks->tries[asks->count - 1] == 0;
    return by_malloc ? ramlens_heaps_malloc(h, size, alignment) : nowhere;
}

void ramlens_heaps_free(struct ramlens_heaps *h, struct ramlens_block b) {
    ramlens_heap_free(&h->heaps[b.heap], b.at);
}

/// heap_caps_realloc_base.
static struct ramlens_block realloc_by(
        struct ramlens_heaps *h, struct ramlens_block b, uint32_t size, uint32_t asks) {
    struct request r = adjusted(h->rules, size, 0, asks);
    if (r.size == 0) {
        return nowhere;
    }
    if (offers_all(h, b.heap, r.asks) && r.alignment <= ANY_ALIGNMENT) {
        uint32_t at = ramlens_heap_realloc(&h->heaps[b.heap], b.at, r.size);
        if (at != 0) {
            return (struct ramlens_block){ at, b.heap };
        }
    }
    struct ramlens_block to = ramlens_heaps_ask(h, r.size, r.alignment, r.asks);
    if (to.at != 0) {
        if (h->heaps[b.heap].keeps_content) {
            uint32_t usable = ramlens_heap_usable(&h->heaps[b.heap], b.at);
            memcpy(ramlens_heaps_pointer(h, to), ramlens_heaps_pointer(h, b),
                    r.size < usable ? r.size : usable);
        }
        ramlens_heaps_free(h, b);
    }
    return to;
}

struct ramlens_block ramlens_heaps_realloc(struct ramlens_heaps *h, struct ramlens_block b,
        uint32_t size, const struct ramlens_asks *asks) {
    for (uint32_t i = 0; i < asks->count && asks->tries[i] != 0; i++) {
        struct ramlens_block to = realloc_by(h, b, size, asks->tries[i]);
        if (to.at != 0) {
            return to;
        }
    }
    if (asks->count != 0 && asks->tries[asks->count - 1] != 0) {
        return nowhere;
    }
    struct ramlens_block to = realloc_by(h, b, size, malloc_asks(h->rules, size));
    if (to.at == 0 && h->rules->malloc_again != 0) {
        to = realloc_by(h, b, size, h->rules->malloc_again);
    }
    return to;
}

struct ramlens_block ramlens_heaps_find(const struct ramlens_heaps *h, const void *p) {
    struct ramlens_block found = nowhere;
    for (uint32_t i = 0; i < h->rules->count; i++) {
        uintptr_t at = (uintptr_t)p - (uintptr_t)h->heaps[i].memory;
        if (h->live[i] && at < h->heaps[i].bytes) {
            found = (struct ramlens_block){ (uint32_t)at, i };
            if (h->rules->places[i].carved) {
                break; // nothing is carved out of a carved one
            }
        }
    }
    return found;
}

void *ramlens_heaps_pointer(const struct ramlens_heaps *h, struct ramlens_block b) {
    return h->heaps[b.heap].memory + b.at;
}

// ---- queries: heap_caps_match and the sums over it ----

/// What multi_heap_poisoning.c takes off each figure of a heap.
static uint32_t less_poison(const struct ramlens_heap *h, uint32_t bytes) {
    return bytes > h->poison ? bytes - h->poison : 0;
}

uint32_t ramlens_heaps_free_bytes(const struct ramlens_heaps *h, uint32_t asks) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < h->rules->count; i++) {
        if (offers_all(h, i, asks)) {
            sum += less_poison(&h->heaps[i], h->heaps[i].free_bytes);
        }
    }
    return sum;
}

uint32_t ramlens_heaps_minimum(const struct ramlens_heaps *h, uint32_t asks) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < h->rules->count; i++) {
        if (offers_all(h, i, asks)) {
            sum += less_poison(&h->heaps[i], h->heaps[i].minimum_free_bytes);
        }
    }
    return sum;
}

uint32_t ramlens_heaps_largest(const struct ramlens_heaps *h, uint32_t asks) {
    uint32_t largest = 0;
    for (uint32_t i = 0; i < h->rules->count; i++) {
        if (offers_all(h, i, asks)) {
            uint32_t of_heap = ramlens_heap_largest(&h->heaps[i]);
            largest = of_heap > largest ? of_heap : largest;
        }
    }
    return largest;
}

// ---- start-up ----

static bool is_of_boot(const struct ramlens_heap_place *place) {
    return !place->added && !place->carved;
}

/// register_heap: from now on requests may come to it.
static bool start_heap(struct ramlens_heaps *h, uint32_t i, void *memory, uint32_t address) {
    bool keeps_content = h->heaps[i].keeps_content;
    if (!ramlens_heap_init(
                &h->heaps[i], &h->rules->heap, memory, h->rules->places[i].bytes, keeps_content)) {
        return false;
    }
    if (!keeps_content) {
        h->heaps[i].address = address;
    }
    h->live[i] = true;
    memset(h->orders, 0, sizeof(h->orders)); // asking for nothing, of nobody
    return true;
}

/// The heap of boot behind `after` in the order of the target's list of memory: by region, then by address. UINT32_MAX begins and ends.
static uint32_t next_of_boot(const struct ramlens_heaps_rules *rules, uint32_t after) {
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct ramlens_heap_place *p = &rules->places[i];
        const struct ramlens_heap_place *a = after == UINT32_MAX ? NULL : &rules->places[after];
        const struct ramlens_heap_place *b = best == UINT32_MAX ? NULL : &rules->places[best];
        bool behind =
                !a || p->region > a->region || (p->region == a->region && p->start > a->start);
        bool before =
                !b || p->region < b->region || (p->region == b->region && p->start < b->start);
        if (is_of_boot(p) && behind && before) {
            best = i;
        }
    }
    return best;
}

/// heap_caps_init: the records of all heaps of boot, in one block, of the first heap that has room.
static bool take_records(struct ramlens_heaps *h) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < h->rules->count; i++) {
        bytes += is_of_boot(&h->rules->places[i]) ? h->rules->record_bytes : 0;
    }
    if (bytes == 0) {
        return true;
    }
    for (uint32_t i = next_of_boot(h->rules, UINT32_MAX); i != UINT32_MAX;
            i = next_of_boot(h->rules, i)) {
        if (offers_all(h, i, h->rules->record_asks)) {
            h->records = (struct ramlens_block){ ramlens_heap_malloc(&h->heaps[i], bytes), i };
            if (h->records.at != 0) {
                return true;
            }
        }
    }
    return false;
}

/// heap_caps_add_region_with_caps: the record first, by an ordinary request.
static bool add_heap(struct ramlens_heaps *h, uint32_t i, void *memory, uint32_t address) {
    if (h->rules->record_bytes != 0 &&
            ramlens_heaps_ask(h, h->rules->record_bytes, 0, h->rules->record_asks).at == 0) {
        return false;
    }
    return start_heap(h, i, memory, address);
}

/// esp_psram_extram_reserve_dma_pool, where it finds its pool in one piece. The heap is one byte less than the block. It does not count in the
/// minimum, as it is added after start-up.
static bool carve_heap(struct ramlens_heaps *h, uint32_t i) {
    const struct ramlens_heap_place *place = &h->rules->places[i];
    struct ramlens_block b = ramlens_heaps_ask(h, place->bytes + 1, 0, place->carve_asks);
    if (b.at == 0) {
        return false;
    }
    h->carved[i] = b;
    if (!add_heap(h, i, ramlens_heaps_pointer(h, b), h->heaps[b.heap].address + b.at)) {
        return false;
    }
    h->heaps[i].minimum_free_bytes = 0;
    return true;
}

enum stage { AT_BOOT, RECORDS, ADDED, LATE, CARVED, STAGES };

static enum stage stage_of(const struct ramlens_heap_place *place) {
    return place->carved ? CARVED : place->added ? ADDED : place->late ? LATE : AT_BOOT;
}

bool ramlens_heaps_init(struct ramlens_heaps *h, const struct ramlens_heaps_rules *rules,
        void *const *memory, bool keeps_content, uint32_t *bad) {
    memset(h, 0, sizeof(*h));
    h->rules = rules;
    *bad = 0;
    if (rules->count > RAMLENS_HEAPS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < rules->count; i++) {
        const uint32_t *offers = rules->places[i].offers;
        h->offers_any[i] = offers[0] | offers[1] | offers[2];
        h->heaps[i].keeps_content = keeps_content;
    }
    for (enum stage stage = AT_BOOT; stage < STAGES; stage++) {
        if (stage == RECORDS && !take_records(h)) {
            return false;
        }
        // What is added goes to the head of the list, so the last of it came first.
        for (uint32_t i = rules->count; i-- > 0;) {
            const struct ramlens_heap_place *place = &rules->places[i];
            if (stage_of(place) != stage) {
                continue;
            }
            *bad = i;
            uint32_t address = (uint32_t)place->start;
            bool made = stage == CARVED  ? carve_heap(h, i)
                        : stage == ADDED ? add_heap(h, i, memory[i], address)
                                         : start_heap(h, i, memory[i], address);
            if (!made) {
                return false;
            }
        }
    }
    return true;
}
