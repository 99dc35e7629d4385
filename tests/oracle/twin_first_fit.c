/// The same random requests to FreeRTOS's heap_4.c or heap_5.c and to our first fit: every block at the same place, free bytes, their
/// minimum and the largest block the same.
///
/// Usage: twin_first_fit FIRST_SEED COUNT. Compiled for i386 with one of the two sources; HEAP_5 says which.
#include "FreeRTOS.h"
#include "ramlens_heap.h"
#include "twin.h"

/// heap_4.c's own. heap_5.c gets regions within it.
uint8_t ucHeap[configTOTAL_HEAP_SIZE] __attribute__((aligned(64)));

static uint8_t our_memory[configTOTAL_HEAP_SIZE] __attribute__((aligned(64)));
static struct ramlens_heap ours;
static struct ramlens_heap_rules rules = { .algorithm = RAMLENS_HEAP_FIRST_FIT,
    .alignment = portBYTE_ALIGNMENT,
    .header_bytes = portBYTE_ALIGNMENT };
static void *their_blocks[BLOCKS_MAX];
static uint32_t our_blocks[BLOCKS_MAX];

static uint32_t offset_of(const void *p) {
    return p ? (uint32_t)((const uint8_t *)p - ucHeap) : 0;
}

#ifdef HEAP_5
static void begin(void) {
    struct ramlens_heap_region regions[RAMLENS_HEAP_REGIONS];
    HeapRegion_t their_regions[RAMLENS_HEAP_REGIONS + 1] = { { NULL, 0 } };
    uint32_t count = 1 + random_below(RAMLENS_HEAP_REGIONS);
    uint32_t room = configTOTAL_HEAP_SIZE / count;
    for (uint32_t i = 0; i < count; i++) {
        // Some touch, some are apart; neither end need be aligned.
        uint32_t start = i * room + random_below(2) * random_below(room / 4);
        uint32_t end = (i + 1) * room - random_below(2) * random_below(room / 4);
        regions[i] = (struct ramlens_heap_region){ start, end - start };
        their_regions[i] = (HeapRegion_t){ ucHeap + start, end - start };
    }
    require_equal("a heap", 1,
            ramlens_heap_init_regions(&ours, &rules, our_memory, regions, count, false));
    vPortDefineHeapRegions(their_regions);
}
#else
static void begin(void) {
    require_equal("a heap", 1,
            ramlens_heap_init(&ours, &rules, our_memory, configTOTAL_HEAP_SIZE, false));
    vPortFree(pvPortMalloc(1)); // heap_4.c makes its heap at the first request
    ramlens_heap_free(&ours, ramlens_heap_malloc(&ours, 1));
}
#endif

static void compare_all(void) {
    HeapStats_t stats;
    vPortGetHeapStats(&stats);
    require_equal(
            "the largest block", stats.xSizeOfLargestFreeBlockInBytes, ramlens_heap_largest(&ours));
    uint32_t free_blocks = 0;
    struct ramlens_heap_step s = { 0 };
    while (ramlens_heap_walk(&ours, &s)) {
        free_blocks += !s.used;
    }
#ifndef HEAP_5 // which counts the end markers that are still in its list
    require_equal("the number of free blocks", stats.xNumberOfFreeBlocks, free_blocks);
#endif
    require_equal("the check", 1, ramlens_heap_check(&ours));
}

static void act(uint32_t i) {
    if (!their_blocks[i]) {
        uint32_t size = random_size(configTOTAL_HEAP_SIZE);
        their_blocks[i] = pvPortMalloc(size);
        our_blocks[i] = ramlens_heap_malloc(&ours, size);
    } else {
        vPortFree(their_blocks[i]);
        ramlens_heap_free(&ours, our_blocks[i]);
        their_blocks[i] = NULL;
        our_blocks[i] = 0;
    }
    require_equal("place of a block", offset_of(their_blocks[i]), our_blocks[i]);
    require_equal("free bytes", xPortGetFreeHeapSize(), ours.free_bytes);
    require_equal("the minimum", xPortGetMinimumEverFreeHeapSize(), ours.minimum_free_bytes);
}

int main(int argc, char **argv) {
    uint32_t first = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1;
    uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 100;
    for (seed = first; seed - first < count; seed++) {
        random_state = seed * UINT64_C(0x9e3779b97f4a7c15);
        memset(their_blocks, 0, sizeof(their_blocks));
        memset(our_blocks, 0, sizeof(our_blocks));
        vPortHeapResetState();
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
