/// What a walk costs: nanoseconds by the clock, or instructions when run under callgrind.
///
/// Usage: unwind_bench [ROUNDS [CASE]], CASE the beginning of a case's name. Every case runs the
/// same calls twice, with and without the walk
/// at their innermost point, and prints the difference per walk: median of several runs, and their
/// spread. Build it with and without frame pointers; the unwinder itself is compiled as in the
/// recorder.
#ifndef _GNU_SOURCE
#    define _GNU_SOURCE
#endif
#include "unwind.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define NOINLINE  __attribute__((noinline, noclone))
#define BARRIER() __asm__ volatile("" ::: "memory")

enum { RUNS = 101, MAX_WAYS = 4096 };

enum mode { EMPTY, REMEMBERED, BY_RULES, UNAIDED };

static enum mode mode;
static struct unwind_thread *self;
static uint64_t walks, frames;
static volatile uint32_t sink;

static void *map(size_t size) {
    void *p = mmap(
            NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/// Any number will do; a hash keeps the compiler and the table honest.
static uint32_t intern(uint32_t outer, uintptr_t ip) {
    return (outer * 0x9e3779b1U ^ (uint32_t)ip) | 1;
}

/// The innermost point. As in the recorder, its own frame tells where its caller's state is.
static NOINLINE __attribute__((optimize("no-omit-frame-pointer"))) void probe(void) {
    uintptr_t *frame = __builtin_frame_address(0);
    uintptr_t ips[UNWIND_MAX_FRAMES];
    if (mode == REMEMBERED)
        sink = unwind_stack(self, (uintptr_t)(frame + 1), frame[0]);
    else if (mode == UNAIDED)
        sink += unwind_stack(NULL, (uintptr_t)(frame + 1), frame[0]);
    else if (mode == BY_RULES)
        frames += unwind_full((uintptr_t)(frame + 1), frame[0], ips, UNWIND_MAX_FRAMES);
    walks++;
    BARRIER();
}

// ---- one stack, again and again ----

static NOINLINE void dig(unsigned depth, unsigned rounds) {
    if (depth > 0)
        dig(depth - 1, rounds);
    else
        for (unsigned i = 0; i < rounds; i++)
            probe();
    BARRIER();
}

static unsigned base_frames;

static void run_same(unsigned depth, unsigned rounds) {
    dig(depth - base_frames, rounds);
}

// ---- many stacks, in random order ----

static uint32_t seeds[MAX_WAYS];
static unsigned way_count;

static uint32_t next_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#define ROAMER(name, local_bytes)                                                                  \
    static NOINLINE void name(uint32_t random, unsigned depth) {                                   \
        volatile char local[local_bytes];                                                          \
        local[0] = (char)depth;                                                                    \
        roam(random, depth);                                                                       \
        sink += (uint32_t)local[0];                                                                \
    }
static void roam(uint32_t random, unsigned depth);
ROAMER(roam_16, 16)
ROAMER(roam_40, 40)
ROAMER(roam_80, 80)
ROAMER(roam_200, 200)

static NOINLINE void roam(uint32_t random, unsigned depth) {
    unsigned way;
    if (depth == 0) {
        probe();
        BARRIER();
        return;
    }
    way = next_random(&random) % 4;
    if (way == 0)
        roam_16(random, depth - 1);
    else if (way == 1)
        roam_40(random, depth - 1);
    else if (way == 2)
        roam_80(random, depth - 1);
    else
        roam_200(random, depth - 1);
    if (depth % 4 == 0)
        probe();
    BARRIER();
}

/// `ways` ways of `depth` double frames each, that share their outer frames by fours.
static void run_roaming(unsigned depth, unsigned rounds) {
    uint32_t order = 1;
    for (unsigned i = 0; i < rounds / 4; i++)
        roam(seeds[next_random(&order) % way_count], depth);
}

/// Ways that are never taken again.
static void run_new(unsigned depth, unsigned rounds) {
    static uint32_t order = 1;
    for (unsigned i = 0; i < rounds / 4; i++)
        roam(next_random(&order), depth);
}

// ---- measuring ----

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double time_of(
        void (*run)(unsigned, unsigned), unsigned depth, unsigned rounds, enum mode m) {
    double start;
    mode = m;
    walks = 0;
    start = seconds();
    run(depth, rounds);
    return (seconds() - start) * 1e9 / (double)walks;
}

static double median_of(double *values) {
    qsort(values, RUNS, sizeof values[0], compare_doubles);
    return values[RUNS / 2];
}

/// Runs with and without walks alternate, in many short runs, so that a busy machine disturbs few.
static void measure(const char *name, void (*run)(unsigned, unsigned), unsigned depth,
        unsigned rounds, enum mode m) {
    double with[RUNS], without[RUNS];
    struct unwind_counts before, after;
    double count, empty;
    time_of(run, depth, rounds / 4, m);
    unwind_count(&before);
    for (unsigned i = 0; i < RUNS; i++) {
        with[i] = time_of(run, depth, rounds / RUNS + 1, m);
        without[i] = time_of(run, depth, rounds / RUNS + 1, EMPTY);
    }
    unwind_count(&after);
    empty = median_of(without);
    count = (double)(after.walks - before.walks);
    printf("%-18s %6.1f ns a walk", name, median_of(with) - empty);
    printf(" (quartiles %.1f, %.1f, least %.1f)", with[RUNS / 4] - empty,
            with[RUNS * 3 / 4] - empty, with[0] - empty);
    if (m == REMEMBERED)
        printf(", %.1f frames, hits %.2f %%, branches %.2f, walked %.2f, restarts %lu",
                (double)(after.frames_matched + after.frames_walked - before.frames_matched -
                         before.frames_walked) /
                        count,
                100 * (double)(after.hits - before.hits) / count,
                (double)(after.branches - before.branches) / count,
                (double)(after.frames_walked - before.frames_walked) / count,
                (unsigned long)(after.restarts - before.restarts));
    printf("\n");
}

static void set_ways(unsigned count) {
    way_count = count;
    for (unsigned i = 0; i < count; i++)
        seeds[i] = (i / 4 + 1) * 2654435761U + i % 4 * 77777U;
}

static void begin(void) {
    struct unwind_port port = { map, intern };
    pthread_attr_t attributes;
    void *low;
    size_t size;
    unwind_init(&port);
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    self = unwind_thread_new((uintptr_t)low + size);
    mode = BY_RULES;
    dig(0, 1);
    base_frames = (unsigned)frames + 2; // as many in a run, which has run_same and time_of besides
}

static const struct {
    const char *name;
    void (*run)(unsigned depth, unsigned rounds);
    unsigned depth;
    unsigned ways;
    enum mode mode;
    unsigned divisor; ///< Of the rounds, for what is slow.
} cases[] = {
    { "same-10", run_same, 10, 0, REMEMBERED, 1 },
    { "same-20", run_same, 20, 0, REMEMBERED, 1 },
    { "same-40", run_same, 40, 0, REMEMBERED, 1 },
    { "ways-16", run_roaming, 8, 16, REMEMBERED, 1 },
    { "ways-256", run_roaming, 8, 256, REMEMBERED, 1 },
    { "ways-2048", run_roaming, 8, 2048, REMEMBERED, 1 },
    { "ways-new", run_new, 12, 0, REMEMBERED, 4 },
    { "rules-10", run_same, 10, 0, BY_RULES, 10 },
    { "rules-20", run_same, 20, 0, BY_RULES, 10 },
    { "rules-ways-256", run_roaming, 8, 256, BY_RULES, 10 },
    { "numbered-ways-256", run_roaming, 8, 256, UNAIDED, 10 },
};

int main(int argc, char **argv) {
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;
    const char *wanted = argc > 2 ? argv[2] : "";
    begin();
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (strncmp(cases[i].name, wanted, strlen(wanted)) != 0)
            continue;
        set_ways(cases[i].ways);
        measure(cases[i].name, cases[i].run, cases[i].depth, rounds / cases[i].divisor,
                cases[i].mode);
    }
    return sink == 1;
}
