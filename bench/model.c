// What replaying a trace through a target's heaps costs, under one plan and under several in one pass.
//
// usage: model TRACE TARGETS-FOLDER TARGET PLANS
//
// Prints events, processor microseconds and wall microseconds. Owners of stacks are worked out in a first pass that is not counted.
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { PLANS_MAX = 64 };

static uint64_t used_us(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return ((uint64_t)use.ru_utime.tv_sec + (uint64_t)use.ru_stime.tv_sec) * 1000000 +
           (uint64_t)use.ru_utime.tv_usec + (uint64_t)use.ru_stime.tv_usec;
}

static uint64_t clock_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct bench {
    struct arena a;
    struct component_map map;
    struct owners owners;
    struct target target;
    struct plan plans[PLANS_MAX];
    bool *host_only;
    uint32_t plan_count;
};

/// One pass; returns the events read, 0 when that cannot be.
static uint64_t pass(struct bench *b, const char *path, struct err *err) {
    struct trace trace;
    struct replay r;
    struct heaps_options options = { .alignment = 0 };
    if (!trace_open(&b->a, path, &trace, err))
        return 0;
    if (b->owners.a == NULL)
        owners_init(&b->owners, &b->a, &trace.images[0], symbolizer_open(&b->a), &b->map);
    b->owners.image = &trace.images[0];
    replay_init(&r, &b->a, &trace, b->owners.image, &b->target, &b->owners, b->host_only,
            b->map.count, false);
    for (uint32_t i = 0; i < b->plan_count; i++) {
        plan_stock(&b->a, &b->target, b->map.names, b->map.count, &b->plans[i]);
        if (replay_add(&r, "stock", &b->plans[i], &options, i == 0 ? UINT32_MAX : 1024 * i, err) ==
                NULL)
            return 0;
    }
    replay_run(&r, NULL);
    replay_close(&r);
    trace_close(&trace);
    return r.feed.counts.events;
}

static bool prepare(struct bench *b, char **argv, struct err *err) {
    const char *folder = argv[2];
    b->plan_count = (uint32_t)strtoul(argv[4], NULL, 10);
    if (b->plan_count == 0 || b->plan_count > PLANS_MAX ||
            !component_map_read(&b->a, NULL, &b->map, err) ||
            !target_load(&b->a, argv[3], &folder, 1, NULL, 0, &b->target, err))
        return false;
    b->host_only = NEW_ARRAY(&b->a, bool, COMPONENTS_MOST);
    return pass(b, argv[1], err) > 0;
}

int main(int argc, char **argv) {
    static struct bench b;
    struct err err = { .text = "no events" };
    if (argc != 5) {
        fputs("usage: model TRACE TARGETS-FOLDER TARGET PLANS\n", stderr);
        return 2;
    }
    bool ready = prepare(&b, argv, &err);
    uint64_t used = used_us(), wall = clock_us();
    uint64_t events = ready ? pass(&b, argv[1], &err) : 0;
    used = used_us() - used;
    wall = clock_us() - wall;
    if (events == 0) {
        fprintf(stderr, "model: %s: %s\n", argv[1], err.text);
        return 2;
    }
    printf("events %llu us %llu wall %llu\n", (unsigned long long)events, (unsigned long long)used,
            (unsigned long long)wall);
    symbolizer_close(b.owners.symbolizer);
    arena_clear(&b.a);
    return 0;
}
