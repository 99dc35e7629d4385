/// The same random requests to lv_tlsf.c and to our TLSF: every block at the same place, every neighbour the same.
///
/// Usage: twin_tlsf FIRST_SEED COUNT. Compiled for i386, with LIST_LOG2 as the oracle has it. docs/heap-model.md lists what is told apart:
/// here the control block has the oracle's fixed size, and its lists are of one number for all heaps. Odd seeds round blocks to their list
/// as ESP-IDF from v5.4 does; then the oracle is asked for the rounded size, by a slow rounding of this file's own, and realloc is left
/// out, which would need the same inside the oracle.
#include "lv_tlsf.h"
#include "ramlens_heap.h"
#include "twin.h"

#include <sys/mman.h>

#ifndef LIST_LOG2
#    define LIST_LOG2 5
#endif

enum { MEMORY_BYTES = 33 << 20 };

static uint8_t *their_memory, *our_memory;
static lv_tlsf_t theirs;
static struct ramlens_heap ours;
static struct ramlens_heap_rules rules;
static uint32_t heap_bytes;
static void *their_blocks[BLOCKS_MAX];
static uint32_t our_blocks[BLOCKS_MAX];

/// Sizes with a list of their own are multiples of a step that doubles with each power of two.
static uint32_t rounded(uint32_t size) {
    uint64_t words = ((uint64_t)size + 3) / 4 * 4;
    uint64_t step_bytes = 4;
    while (words >= step_bytes << (LIST_LOG2 + 1)) {
        step_bytes *= 2;
    }
    uint64_t up = (words + step_bytes - 1) / step_bytes * step_bytes;
    return up > 0xf0000000U ? 0xf0000000U : (uint32_t)up;
}

static uint32_t offset_of(const void *p) {
    return p ? (uint32_t)((const uint8_t *)p - their_memory) : 0;
}

static struct ramlens_heap_step walked;

static void compare_block(void *p, size_t size, int used, void *user) {
    (void)user;
    require_equal("a block more", 1, ramlens_heap_walk(&ours, &walked));
    require_equal("place of a block", offset_of(p), walked.at);
    require_equal("size of a block", size, walked.payload);
    require_equal("use of a block", used != 0, walked.used);
}

static void compare_all(void) {
    walked = (struct ramlens_heap_step){ 0 };
    lv_tlsf_walk_pool(lv_tlsf_get_pool(theirs), compare_block, NULL);
    require_equal("a block more", 0, ramlens_heap_walk(&ours, &walked));
    require_equal("the check", 1, ramlens_heap_check(&ours));
    require_equal("the check", 0, (uint64_t)lv_tlsf_check(theirs));
}

static void begin(void) {
    static const uint32_t sizes[] = { 5000, 16384, 16405, 32767, 131072, 262165, 634816, 1 << 20,
        8 << 20, 32 << 20 };
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15);
    heap_bytes = (uint32_t)lv_tlsf_size() + sizes[random_below(10)] + random_below(5000);
    rules = (struct ramlens_heap_rules){ .alignment = 4,
        .header_bytes = 4,
        .least_bytes = 12,
        .control_bytes = (uint32_t)lv_tlsf_size(),
        .rounds_block = seed % 2,
        .class_count = 1,
        .classes = { { 1U << LIST_LOG2, UINT32_MAX } } };
    // Alignments above a word depend on where the heap lies.
    their_memory += 4 * random_below(1024);
    memset(their_blocks, 0, sizeof(their_blocks));
    memset(our_blocks, 0, sizeof(our_blocks));
    theirs = lv_tlsf_create_with_pool(their_memory, heap_bytes);
    if (!ramlens_heap_init(&ours, &rules, our_memory, heap_bytes, false)) {
        printf("seed %u: no heap of %u bytes\n", seed, heap_bytes);
        exit(1);
    }
    ours.address = (uint32_t)(uintptr_t)their_memory;
}

static void act(uint32_t i) {
    uint32_t size = random_size(heap_bytes);
    uint32_t choice = random_below(10);
    if (!their_blocks[i] && choice < 8) {
        their_blocks[i] = lv_tlsf_malloc(theirs, rules.rounds_block ? rounded(size) : size);
        our_blocks[i] = ramlens_heap_malloc(&ours, size);
    } else if (!their_blocks[i]) {
        uint32_t alignment = 8U << random_below(9);
        their_blocks[i] = lv_tlsf_memalign(theirs, alignment, size);
        our_blocks[i] = ramlens_heap_aligned(&ours, alignment, size);
    } else if (choice < 4 && size > 0 && !rules.rounds_block) {
        void *to = lv_tlsf_realloc(theirs, their_blocks[i], size);
        uint32_t our_to = ramlens_heap_realloc(&ours, our_blocks[i], size);
        require_equal("place of a realloc", offset_of(to), our_to);
        if (to) {
            their_blocks[i] = to;
            our_blocks[i] = our_to;
        }
    } else {
        lv_tlsf_free(theirs, their_blocks[i]);
        ramlens_heap_free(&ours, our_blocks[i]);
        their_blocks[i] = NULL;
        our_blocks[i] = 0;
    }
    require_equal("place of a block", offset_of(their_blocks[i]), our_blocks[i]);
    if (their_blocks[i]) {
        require_equal("size of a block", lv_tlsf_block_size(their_blocks[i]),
                ramlens_heap_usable(&ours, our_blocks[i]));
    }
}

static uint8_t *map(void) {
    void *p = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return p;
}

int main(int argc, char **argv) {
    uint32_t first = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1;
    uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 100;
    uint8_t *their_map = map();
    our_memory = map();
    for (seed = first; seed - first < count; seed++) {
        their_memory = their_map;
        begin();
        uint32_t live = 1 + random_below(BLOCKS_MAX);
        for (step = 0; step < STEPS; step++) {
            act(random_below(live));
            if (step % 64 == 0) {
                compare_all();
            }
        }
        compare_all();
    }
    printf("%u runs of %d operations\n", count, STEPS);
    return 0;
}
