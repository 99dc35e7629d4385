// sources: heap/*.c
// also: i386
//
// Random operations on one heap: do blocks lie apart, does content stay, does everything add up?
//
// A shadow keeps each block's place, size and a number that fills it. After every operation that gives a block, it must lie in the memory,
// be aligned, be as large as asked for, and touch no other. ramlens_heap_check() looks at the structure after some of them and at the
// end, when the heap must be as it was at first.
//
// usage: prop_heap [FIRST_SEED [COUNT]]. A seed that fails is printed with the number of the step.
#include "heap_fixture.h"

enum { BLOCKS_MAX = 300, STEPS = 1500, CHECK_EVERY = 16 };

struct block {
    uint32_t at; ///< 0: free.
    uint32_t size;
    uint8_t fill;
};

static struct world {
    struct ramlens_heap_rules rules;
    struct ramlens_heap heap;
    uint8_t *memory;
    uint32_t bytes;
    uint8_t *owned; ///< For each byte, 1 when a block has it.
    uint32_t block_count;
    struct block blocks[BLOCKS_MAX];
    uint32_t used_bytes; ///< Sum of costs.
    uint32_t initial_free;
    uint32_t size_limit;
} world;

static uint64_t random_state;
static uint32_t seed, step;

static uint32_t random_below(uint32_t n) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % n);
}

static void require(bool holds, const char *what) {
    if (!holds) {
        printf("seed %u, step %u: %s\n", seed, step, what);
        fail();
    }
}

static void own(const struct block *b, bool yes) {
    for (uint32_t i = b->at; i < b->at + b->size; i++) {
        require(world.owned[i] == !yes, "blocks lie apart");
        world.owned[i] = yes;
    }
}

static void given(struct block *b, uint32_t at, uint32_t size, uint32_t alignment) {
    struct ramlens_heap *h = &world.heap;
    *b = (struct block){ at, size, (uint8_t)random_below(256) };
    require(at + size <= world.bytes && at >= 8, "a block lies in the memory");
    require((h->address + at) % alignment == 0, "a block is aligned");
    require(ramlens_heap_usable(h, at) >= size, "a block is large enough");
    require(ramlens_heap_cost(h, at) > ramlens_heap_usable(h, at), "a block has a cost");
    own(b, true);
    memset(world.memory + at, b->fill, size);
    world.used_bytes += ramlens_heap_cost(h, at);
}

static void require_content(uint32_t at, uint32_t size, uint8_t fill) {
    bool same = true;
    for (uint32_t i = 0; i < size; i++) {
        same &= world.memory[at + i] == fill;
    }
    require(same, "content stays");
}

static void taken(struct block *b) {
    require_content(b->at, b->size, b->fill);
    own(b, false);
    world.used_bytes -= ramlens_heap_cost(&world.heap, b->at);
}

static uint32_t random_size(void) {
    switch (random_below(8)) {
    case 0:
        return random_below(world.size_limit);
    case 1:
        return random_below(5000);
    case 2:
    case 3:
        return random_below(600);
    case 4:
        return UINT32_MAX - random_below(40) * 60000000;
    default:
        return random_below(100);
    }
}

static void act(struct block *b) {
    struct ramlens_heap *h = &world.heap;
    uint32_t unit = world.rules.alignment;
    uint32_t size = random_size();
    uint32_t largest = ramlens_heap_largest(h);
    if (world.rules.algorithm == RAMLENS_HEAP_FIRST_FIT) {
        largest = largest > h->header ? largest - h->header : 0;
    }
    uint32_t choice = random_below(10);
    if (b->at == 0 && choice < 7) {
        uint32_t at = ramlens_heap_malloc(h, size);
        require((at != 0) == (size != 0 && size <= largest), "largest is what is served");
        if (at) {
            given(b, at, size, unit);
        }
    } else if (b->at == 0) {
        uint32_t alignment = UINT32_C(1) << random_below(13);
        uint32_t at = ramlens_heap_aligned(h, alignment, size);
        if (at) {
            given(b, at, size, alignment > unit ? alignment : unit);
        }
    } else if (choice < 4) {
        struct block was = *b;
        taken(b);
        uint32_t at = ramlens_heap_realloc(h, b->at, size);
        if (at) {
            require_content(at, size < was.size ? size : was.size, was.fill);
            given(b, at, size, unit);
        } else {
            own(&was, true);
            world.used_bytes += ramlens_heap_cost(h, was.at);
            require_content(was.at, was.size, was.fill);
        }
    } else {
        taken(b);
        ramlens_heap_free(h, b->at);
        b->at = 0;
    }
    require(h->free_bytes == world.initial_free - world.used_bytes, "free and used add up");
    require(h->minimum_free_bytes <= h->free_bytes, "the minimum is the least");
}

static void choose_world(void) {
    static const uint32_t sizes[] = { 600, 2000, 8192, 16404, 16405, 32767, 100000, 300000 };
    struct world *w = &world;
    w->rules = random_below(4) ? fixture_tlsf() : fixture_first_fit();
    if (w->rules.algorithm == RAMLENS_HEAP_TLSF) {
        w->rules.rounds_block = random_below(2);
        w->rules.poisoning = random_below(3);
    }
    if (random_below(3) == 0) {
        w->rules.alignment = 16;
        w->rules.header_bytes = 16;
    }
    w->bytes = sizes[random_below(8)] + random_below(1000);
    w->memory = fixture_memory(w->bytes);
    w->owned = calloc(w->bytes, 1);
    w->block_count = 1 + random_below(BLOCKS_MAX);
    w->size_limit = 1 + w->bytes / (1 + random_below(20));
    memset(w->blocks, 0, sizeof(w->blocks));
    w->used_bytes = 0;
    require(ramlens_heap_init(&w->heap, &w->rules, w->memory, w->bytes, true), "a heap is made");
    w->heap.address = random_below(1024) * w->rules.alignment;
    w->initial_free = w->heap.free_bytes;
}

static void require_walk(void) {
    struct ramlens_heap_step s = { 0 };
    uint32_t used = 0, expected = 0;
    while (ramlens_heap_walk(&world.heap, &s)) {
        used += s.used;
        require(!s.used || world.owned[s.at], "a used block has an owner");
    }
    for (uint32_t i = 0; i < world.block_count; i++) {
        expected += world.blocks[i].at != 0;
    }
    require(used == expected, "the walk comes to each block");
}

static void run_seed(void) {
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15);
    choose_world();
    uint32_t largest = ramlens_heap_largest(&world.heap);
    for (step = 0; step < STEPS; step++) {
        act(&world.blocks[random_below(world.block_count)]);
        if (step % CHECK_EVERY == 0) {
            require(ramlens_heap_check(&world.heap), "the structure holds");
        }
    }
    require_walk();
    for (uint32_t i = 0; i < world.block_count; i++) {
        if (world.blocks[i].at) {
            taken(&world.blocks[i]);
            ramlens_heap_free(&world.heap, world.blocks[i].at);
        }
    }
    require(ramlens_heap_check(&world.heap), "the structure holds");
    require(world.heap.free_bytes == world.initial_free, "all is free again");
    require(ramlens_heap_largest(&world.heap) == largest, "all is one block again");
    free(world.memory);
    free(world.owned);
}

static uint32_t first_seed = 1, seed_count = 500;

static void random_operations_keep_every_promise(void **state) {
    (void)state;
    for (seed = first_seed; seed - first_seed < seed_count; seed++) {
        run_seed();
    }
}

int main(int argc, char **argv) {
    first_seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : first_seed;
    seed_count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : argc > 1 ? 1 : seed_count;
    const struct CMUnitTest tests[] = { cmocka_unit_test(random_operations_keep_every_promise) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
