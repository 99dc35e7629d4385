// TLSF as ESP-IDF has it. Sources of the rules: espressif/tlsf (tlsf.c, tlsf_block_functions.h, tlsf_control_functions.h), the submodule
// components/heap/tlsf of ESP-IDF, and components/heap/multi_heap.c, multi_heap_poisoning.c. The code is ours.
//
//     memory   [ descriptor | control block | unused ][ header ][ payload ][ header ][ payload ] ... [ header of size 0 ]
//                                                               ^ first                                          end ^
//
// All that a block says of itself lies around its payload, whose offset is its name. Words are 32 bits:
//
//     payload - 4             its size, and two flags: it is free; the block before it is free
//     payload, payload + 4    while it is free: next and previous in its list, 0 at the list's ends
//     last word of payload    while it is free: its own offset, for the block behind it to find it
//
// So a used block costs its header only. Where payloads are aligned to more than 4, the header is that large, and all but its last word is
// unused. The first 8 bytes of the memory are nobody's: they are the links of "block 0", so that the ends of lists can be written like
// any other block, without a branch.
#include "ramlens_heap.h"
#include "ramlens_first_fit.h"

#include <string.h>

enum { FREE = 1, BEFORE_FREE = 2, FLAGS = 3, LINKS_BYTES = 12, BYTES_MAX = INT32_MAX };

/// The memory is the program's, too, which stores what it likes.
typedef uint32_t __attribute__((may_alias)) word;

// ---- words of a block ----

static inline word *word_at(const struct ramlens_heap *h, uint32_t at) {
    return (word *)(void *)(h->memory + at);
}

static inline word *head_of(const struct ramlens_heap *h, uint32_t p) {
    return word_at(h, p - 4);
}

/// Where a free block before `p` has left its offset.
static inline word *back_of(const struct ramlens_heap *h, uint32_t p) {
    return word_at(h, p - h->header - 4);
}

static inline uint32_t size_of(uint32_t head) {
    return head & ~(uint32_t)FLAGS;
}

static inline uint32_t behind(const struct ramlens_heap *h, uint32_t p, uint32_t size) {
    return p + size + h->header;
}

static inline uint32_t log2_floor(uint32_t n) {
    return 31 - (uint32_t)__builtin_clz(n);
}

static inline uint32_t round_up(uint32_t n, uint32_t power_of_two) {
    return (n + power_of_two - 1) & ~(power_of_two - 1);
}

// ---- lists: mapping_insert, mapping_search, search_suitable_block, insert_free_block, remove_free_block ----
//
// Lists are numbered through all rows. A size in row 0, below exact_below, has a list of its own: its number is the size in units. Behind,
// each power of two is a row, cut into 2^list_log2 steps. With the power taken as exact_below's at least, one formula serves both:
// in row 0 nothing is added, and elsewhere the leading bit of the steps is the row that is missing. Sizes are whole units.
//
// What follows branches as little as it can: which list a block is in, or whether it is the last there, no processor foresees.

static inline uint32_t power_of(const struct ramlens_heap *h, uint32_t size) {
    return log2_floor(size | h->exact_below);
}

static inline uint32_t list_for(const struct ramlens_heap *h, uint32_t size) {
    uint32_t power = power_of(h, size);
    return ((power - h->row_shift) << h->list_log2) + (size >> (power - h->list_log2));
}

static inline uint32_t row_of(const struct ramlens_heap *h, uint32_t list) {
    return list >> h->list_log2;
}

static inline uint32_t column_of(const struct ramlens_heap *h, uint32_t list) {
    return list & ((UINT32_C(1) << h->list_log2) - 1);
}

/// Size of the smallest block of the next list, unless `size` is the smallest of its own.
static inline uint32_t round_to_list(const struct ramlens_heap *h, uint32_t size) {
    return round_up(size, UINT32_C(1) << (power_of(h, size) - h->list_log2));
}

static inline void insert(struct ramlens_heap *h, uint32_t p, uint32_t size) {
    uint32_t list = list_for(h, size);
    uint32_t row = row_of(h, list);
    uint32_t next = h->heads[list];
    word *links = word_at(h, p);
    links[0] = next;
    links[1] = 0;
    word_at(h, next)[1] = p;
    h->heads[list] = p;
    h->list_bits[row] |= UINT32_C(1) << column_of(h, list);
    h->row_bits |= UINT32_C(1) << row;
}

static inline void set_list_head(struct ramlens_heap *h, uint32_t list, uint32_t p) {
    uint32_t row = row_of(h, list);
    uint32_t lists = h->list_bits[row] & ~((uint32_t)(p == 0) << column_of(h, list));
    h->heads[list] = p;
    h->list_bits[row] = lists;
    h->row_bits &= ~((uint32_t)(lists == 0) << row);
}

static inline void remove_free(struct ramlens_heap *h, uint32_t p, uint32_t size) {
    word *links = word_at(h, p);
    uint32_t next = links[0];
    uint32_t previous = links[1];
    word_at(h, next)[1] = previous;
    word_at(h, previous)[0] = next;
    uint32_t list = list_for(h, size);
    set_list_head(h, list, previous == 0 ? next : h->heads[list]);
}

/// Takes the head of the first list whose blocks all hold `size`, itself rounded to a list, out of its list. 0 when there is none.
static inline uint32_t take_head(struct ramlens_heap *h, uint32_t size) {
    uint32_t list = list_for(h, size);
    uint32_t row = row_of(h, list);
    if (row >= h->row_count) {
        return 0;
    }
    uint32_t lists = h->list_bits[row] & (~UINT32_C(0) << column_of(h, list));
    if (lists == 0) {
        // No row is the last bit's, so the shift is in range.
        uint32_t rows = h->row_bits & (~UINT32_C(0) << (row + 1));
        if (rows == 0) {
            return 0;
        }
        row = (uint32_t)__builtin_ctz(rows);
        lists = h->list_bits[row];
    }
    list = (row << h->list_log2) + (uint32_t)__builtin_ctz(lists);
    uint32_t p = h->heads[list];
    uint32_t next = word_at(h, p)[0];
    word_at(h, next)[1] = 0;
    set_list_head(h, list, next);
    return p;
}

// ---- blocks ----

/// A used block's size for a request: adjust_request_size.
static inline uint32_t payload_for(const struct ramlens_heap *h, uint32_t size) {
    uint32_t payload = (size + h->poison + h->mask) & ~h->mask;
    return payload < h->least ? h->least : payload;
}

/// Makes the bytes from `p` on a free block and tells its neighbour behind. `flags` beside FREE.
static inline void make_free(struct ramlens_heap *h, uint32_t p, uint32_t size, uint32_t flags) {
    uint32_t next = behind(h, p, size);
    *head_of(h, p) = size | FREE | flags;
    *head_of(h, next) |= BEFORE_FREE;
    *back_of(h, next) = p;
    insert(h, p, size);
}

/// Makes the block at `p`, free and in no list, a used one of `size`; what is left over becomes a block if it can (block_prepare_used).
static inline void make_used(struct ramlens_heap *h, uint32_t p, uint32_t size) {
    uint32_t head = *head_of(h, p);
    uint32_t whole = size_of(head);
    if (whole >= size + h->header + h->least) {
        *head_of(h, p) = size | (head & BEFORE_FREE);
        make_free(h, behind(h, p, size), whole - size - h->header, 0);
    } else {
        *head_of(h, p) = head & ~(uint32_t)FREE;
        *head_of(h, behind(h, p, whole)) &= ~(uint32_t)BEFORE_FREE;
    }
}

/// tlsf_malloc of a payload from payload_for(); no accounts.
static inline uint32_t take(struct ramlens_heap *h, uint32_t payload) {
    uint32_t rounded = round_to_list(h, payload);
    uint32_t p = take_head(h, rounded);
    if (p != 0) {
        make_used(h, p, h->rounds_block ? rounded : payload);
    }
    return p;
}

/// tlsf_free; no accounts.
static inline void give(struct ramlens_heap *h, uint32_t p) {
    uint32_t head = *head_of(h, p);
    uint32_t size = size_of(head);
    uint32_t next = behind(h, p, size);
    uint32_t next_head = *head_of(h, next);
    if (head & BEFORE_FREE) {
        p = *back_of(h, p);
        uint32_t before = size_of(*head_of(h, p));
        remove_free(h, p, before);
        size += before + h->header;
    }
    if (next_head & FREE) {
        uint32_t more = size_of(next_head);
        remove_free(h, next, more);
        size += more + h->header;
    }
    make_free(h, p, size, 0);
}

static inline void note_taken(struct ramlens_heap *h, uint32_t bytes) {
    h->free_bytes -= bytes;
    h->minimum_free_bytes =
            h->free_bytes < h->minimum_free_bytes ? h->free_bytes : h->minimum_free_bytes;
}

static inline uint32_t cost_of(const struct ramlens_heap *h, uint32_t p) {
    return size_of(*head_of(h, p)) + h->header;
}

/// Whether 0 < size <= limit.
static inline bool is_servable(const struct ramlens_heap *h, uint32_t size) {
    return size - 1 < h->limit;
}

// ---- the interface ----

/// control_construct: the number of lists follows from the size of the heap, the number of rows from both.
static uint32_t lists_for(const struct ramlens_heap_rules *rules, uint32_t bytes) {
    for (uint32_t i = 0; i < rules->class_count && i < RAMLENS_HEAP_CLASSES; i++) {
        if (bytes <= rules->classes[i].up_to) {
            return rules->classes[i].lists;
        }
    }
    return 0;
}

static void prepare(struct ramlens_heap *h, const struct ramlens_heap_rules *rules, void *memory,
        uint32_t bytes, bool keeps_content) {
    memset(h, 0, sizeof(*h));
    h->memory = memory;
    h->bytes = bytes;
    h->rules = rules;
    h->keeps_content = keeps_content;
    h->address = keeps_content ? (uint32_t)(uintptr_t)memory : 0;
    h->mask = rules->alignment - 1;
    h->header = rules->header_bytes;
    h->rounds_block = rules->rounds_block != 0;
    h->first_fit = rules->algorithm == RAMLENS_HEAP_FIRST_FIT;
}

static void prepare_poison(struct ramlens_heap *h, const struct ramlens_heap_rules *rules) {
    if (rules->poisoning == RAMLENS_POISON_NONE) {
        return;
    }
    // poison_head_t is two words, poison_tail_t one. With larger alignment, the program's first byte keeps it.
    h->poisoning = (uint8_t)rules->poisoning;
    h->poison_head = rules->alignment > 8 ? rules->alignment : 8;
    h->poison = h->poison_head + 4;
}

bool ramlens_heap_init(struct ramlens_heap *h, const struct ramlens_heap_rules *rules, void *memory,
        uint32_t bytes, bool keeps_content) {
    if (rules->algorithm == RAMLENS_HEAP_FIRST_FIT) {
        struct ramlens_heap_region all = { 0, bytes };
        return ramlens_heap_init_regions(h, rules, memory, &all, 1, keeps_content);
    }
    prepare(h, rules, memory, bytes, keeps_content);
    prepare_poison(h, rules);
    if (bytes <= rules->descriptor_bytes || bytes > BYTES_MAX) {
        return false;
    }
    uint32_t managed = bytes - rules->descriptor_bytes;
    uint32_t lists = lists_for(rules, managed);
    if (lists == 0 || lists > RAMLENS_HEAP_LISTS || rules->alignment < 4) {
        return false;
    }
    h->least = round_up(
            rules->least_bytes > LINKS_BYTES ? rules->least_bytes : LINKS_BYTES, rules->alignment);
    h->list_log2 = log2_floor(lists);
    h->unit_log2 = log2_floor(rules->alignment);
    h->row_shift = h->list_log2 + h->unit_log2;
    h->exact_below = UINT32_C(1) << h->row_shift;
    uint32_t most_log2 = log2_floor(managed) + 1;
    if (most_log2 < h->row_shift) {
        return false;
    }
    h->row_count = most_log2 - h->row_shift + 1;
    h->limit = (UINT32_C(1) << most_log2) - rules->alignment - h->poison;
    uint32_t own = rules->descriptor_bytes + rules->control_bytes +
                   h->row_count * (rules->control_row_bytes + lists * rules->control_list_bytes);
    // The links of block 0, and nothing but headers before an aligned payload.
    own = round_up((own < 8 ? 8 : own) + h->header, rules->alignment) - h->header;
    if (own > bytes || bytes - own < 2 * h->header + h->least) {
        return false;
    }
    h->first = own + h->header;
    uint32_t size = (bytes - own - 2 * h->header) & ~h->mask;
    h->end = behind(h, h->first, size);
    h->free_bytes = bytes - own; // multi_heap_register_impl: the ends are in it
    h->minimum_free_bytes = h->free_bytes;
    *head_of(h, h->end) = 0;
    make_free(h, h->first, size, 0);
    return true;
}

uint32_t ramlens_heap_malloc(struct ramlens_heap *h, uint32_t size) {
    if (h->first_fit) {
        return ramlens_first_fit_malloc(h, size);
    }
    if (!is_servable(h, size)) {
        return 0;
    }
    uint32_t p = take(h, payload_for(h, size));
    if (p == 0) {
        return 0;
    }
    note_taken(h, cost_of(h, p));
    return p + h->poison_head;
}

void ramlens_heap_free(struct ramlens_heap *h, uint32_t at) {
    if (h->first_fit) {
        ramlens_first_fit_free(h, at);
        return;
    }
    uint32_t p = at - h->poison_head;
    h->free_bytes += cost_of(h, p);
    give(h, p);
}

/// Bytes from the payload `p` to the one within the same block whose program's first byte is aligned (tlsf_memalign_offs): none, or
/// enough for a block.
static uint32_t gap_for(const struct ramlens_heap *h, uint32_t p, uint32_t alignment) {
    uint32_t least_gap = h->header + h->least + h->poison_head;
    uint32_t start = h->address + p;
    uint32_t gap = round_up(start, alignment) - start;
    // Poison lies before the aligned byte, so it needs a gap always.
    if (gap < least_gap && (gap != 0 || h->poison_head != 0)) {
        uint32_t more = least_gap - gap > alignment ? least_gap - gap : alignment;
        gap = round_up(start + gap + more, alignment) - start;
    }
    return gap == 0 ? 0 : gap - h->poison_head;
}

uint32_t ramlens_heap_aligned(struct ramlens_heap *h, uint32_t alignment, uint32_t size) {
    if (alignment <= h->mask + 1) {
        return ramlens_heap_malloc(h, size);
    }
    if (h->first_fit) {
        return ramlens_first_fit_aligned(h, alignment, size);
    }
    if (!is_servable(h, size) || alignment > h->limit) {
        return 0;
    }
    uint32_t payload = payload_for(h, size);
    uint64_t with_gap = (uint64_t)payload + alignment + h->header + h->least + alignment - 1;
    with_gap &= ~(uint64_t)(alignment - 1);
    if (with_gap > h->limit + h->poison) {
        return 0;
    }
    uint32_t p = take_head(h, round_to_list(h, (uint32_t)with_gap));
    if (p == 0) {
        return 0;
    }
    uint32_t gap = gap_for(h, p, alignment);
    if (gap != 0) { // block_trim_free_leading
        uint32_t whole = size_of(*head_of(h, p));
        uint32_t before = p;
        p += gap;
        *head_of(h, p) = (whole - gap) | FREE;
        make_free(h, before, gap - h->header, 0);
    }
    make_used(h, p, payload); // not rounded to a list
    note_taken(h, cost_of(h, p));
    return p + h->poison_head;
}

/// tlsf_realloc's second half: grows into the free block behind, or gives back what is too much. False when it must move.
static bool resize(struct ramlens_heap *h, uint32_t p, uint32_t payload) {
    uint32_t head = *head_of(h, p);
    uint32_t size = size_of(head);
    uint32_t next = behind(h, p, size);
    uint32_t next_head = *head_of(h, next);
    bool grows = payload > size;
    if (grows && (!(next_head & FREE) || payload > size + h->header + size_of(next_head))) {
        return false;
    }
    bool splits = size >= payload + h->header + h->least;
    if (next_head & FREE && (grows || splits)) {
        remove_free(h, next, size_of(next_head));
        size += h->header + size_of(next_head);
        *head_of(h, behind(h, p, size)) &= ~(uint32_t)BEFORE_FREE;
        splits = size >= payload + h->header + h->least;
    }
    if (splits) {
        *head_of(h, p) = payload | (head & BEFORE_FREE);
        make_free(h, behind(h, p, payload), size - payload - h->header, 0);
    } else {
        *head_of(h, p) = size | (head & BEFORE_FREE);
    }
    return true;
}

static void copy(struct ramlens_heap *h, uint32_t to, uint32_t from, uint32_t bytes) {
    if (h->keeps_content) {
        memcpy(h->memory + to, h->memory + from, bytes);
    }
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/// multi_heap_realloc under comprehensive poisoning: always another block, both in the accounts at once.
static uint32_t realloc_anew(struct ramlens_heap *h, uint32_t at, uint32_t size) {
    uint32_t to = ramlens_heap_malloc(h, size);
    if (to != 0) {
        copy(h, to, at, smaller(size, ramlens_heap_usable(h, at)));
        ramlens_heap_free(h, at);
    }
    return to;
}

uint32_t ramlens_heap_realloc(struct ramlens_heap *h, uint32_t at, uint32_t size) {
    if (h->first_fit) {
        return ramlens_first_fit_realloc(h, at, size);
    }
    if (!is_servable(h, size)) {
        return 0;
    }
    if (h->poisoning == RAMLENS_POISON_COMPREHENSIVE) {
        return realloc_anew(h, at, size);
    }
    uint32_t p = at - h->poison_head;
    uint32_t before = cost_of(h, p);
    uint32_t payload = payload_for(h, size);
    if (!resize(h, p, payload)) {
        uint32_t to = take(h, payload);
        if (to == 0) {
            return 0;
        }
        copy(h, to, p, smaller(size + h->poison, size_of(*head_of(h, p))));
        give(h, p);
        p = to;
    }
    // multi_heap_realloc_impl: that both lived for a moment is in no account.
    h->free_bytes += before;
    note_taken(h, cost_of(h, p));
    return p + h->poison_head;
}

uint32_t ramlens_heap_usable(const struct ramlens_heap *h, uint32_t at) {
    return ramlens_heap_cost(h, at) - h->header - h->poison;
}

uint32_t ramlens_heap_cost(const struct ramlens_heap *h, uint32_t at) {
    return h->first_fit ? ramlens_first_fit_cost(h, at) : cost_of(h, at - h->poison_head);
}

uint32_t ramlens_heap_largest(const struct ramlens_heap *h) {
    if (h->first_fit) {
        return ramlens_first_fit_largest(h);
    }
    if (h->row_bits == 0) {
        return 0;
    }
    // tlsf_fit_size rounds down to the list; all blocks of the last list have the same answer.
    uint32_t row = log2_floor(h->row_bits);
    uint32_t column = log2_floor(h->list_bits[row]);
    uint32_t size = row == 0 ? column << h->unit_log2
                             : ((UINT32_C(1) << h->list_log2) + column) << (row - 1 + h->unit_log2);
    return size > h->poison ? size - h->poison : 0;
}

bool ramlens_heap_walk(const struct ramlens_heap *h, struct ramlens_heap_step *s) {
    if (h->first_fit) {
        return ramlens_first_fit_walk(h, s);
    }
    uint32_t p = s->at == 0 ? h->first : behind(h, s->at - h->poison_head, s->payload);
    if (p >= h->end) {
        return false;
    }
    uint32_t head = *head_of(h, p);
    *s = (struct ramlens_heap_step){ p + h->poison_head, p - h->header, size_of(head),
        !(head & FREE) };
    return true;
}

// ---- the check ----

/// Every block, by address. Counts the free ones.
static bool check_blocks(const struct ramlens_heap *h, uint32_t *free_count) {
    uint32_t before = 0; // the block before, if it is free
    uint32_t used_bytes = 0;
    uint32_t p = h->first;
    while (p < h->end) {
        uint32_t head = *head_of(h, p);
        uint32_t size = size_of(head);
        if (size < h->least || (size & h->mask) != 0 || (p & h->mask) != 0 || size > h->end - p) {
            return false;
        }
        if (((head & BEFORE_FREE) != 0) != (before != 0) || (before && *back_of(h, p) != before)) {
            return false;
        }
        if (head & FREE) {
            uint32_t list = list_for(h, size);
            uint32_t previous = word_at(h, p)[1];
            if (before != 0 || row_of(h, list) >= h->row_count || previous >= h->end ||
                    (previous & h->mask) != 0 ||
                    (previous ? word_at(h, previous)[0] : h->heads[list]) != p) {
                return false;
            }
            ++*free_count;
        } else {
            used_bytes += size + h->header;
        }
        before = head & FREE ? p : 0;
        p = behind(h, p, size);
    }
    return p == h->end && *head_of(h, p) == (before ? BEFORE_FREE : 0) &&
           (!before || *back_of(h, p) == before) &&
           h->free_bytes == h->bytes - (h->first - h->header) - used_bytes &&
           h->minimum_free_bytes <= h->free_bytes;
}

bool ramlens_heap_check(const struct ramlens_heap *h) {
    if (h->first_fit) {
        return ramlens_first_fit_check(h);
    }
    uint32_t free_count = 0;
    if (!check_blocks(h, &free_count)) {
        return false;
    }
    uint32_t listed = 0;
    for (uint32_t list = 0; list < h->row_count << h->list_log2; list++) {
        uint32_t bits = h->list_bits[row_of(h, list)];
        if (((bits >> column_of(h, list)) & 1) != (h->heads[list] != 0) ||
                ((h->row_bits >> row_of(h, list)) & 1) != (bits != 0)) {
            return false;
        }
        for (uint32_t p = h->heads[list]; p != 0; p = word_at(h, p)[0]) {
            if (p < h->first || p >= h->end || (p & h->mask) != 0 || listed++ > free_count ||
                    !(*head_of(h, p) & FREE) || list_for(h, size_of(*head_of(h, p))) != list) {
                return false;
            }
        }
    }
    return listed == free_count;
}
