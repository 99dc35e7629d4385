// What reading a trace costs: its definitions, its events merged into one order, and the ledger.
//
// usage: analysis TRACE
//
// Prints events and processor microseconds. Owners of stacks are worked out in a first pass that is
// not counted: it depends on the program's debug information, not on the events.
#include "run.h"

#include <stdio.h>
#include <sys/resource.h>

static uint64_t used_us(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return ((uint64_t)use.ru_utime.tv_sec + (uint64_t)use.ru_stime.tv_sec) * 1000000 +
           (uint64_t)use.ru_utime.tv_usec + (uint64_t)use.ru_stime.tv_usec;
}

/// One pass; returns the events read, 0 when that cannot be.
static uint64_t pass(struct arena *a, const char *path, struct component_map *map,
        struct owners *owners, struct err *err) {
    struct trace trace;
    struct run run;
    if (!trace_open(a, path, &trace, err))
        return 0;
    if (owners->a == NULL)
        owners_init(owners, a, &trace.images[0], symbolizer_open(a), map);
    owners->image = &trace.images[0];
    run_init(&run, a, &trace, owners->image, owners, map->count);
    run_read(&run, NULL, NULL);
    trace_close(&trace);
    return run.ledger.counts.events;
}

int main(int argc, char **argv) {
    struct arena a = { 0 };
    struct component_map map;
    struct owners owners = { 0 };
    struct err err = { .text = "no events" };
    if (argc != 2) {
        fputs("usage: analysis TRACE\n", stderr);
        return 2;
    }
    bool ready =
            component_map_read(&a, NULL, &map, &err) && pass(&a, argv[1], &map, &owners, &err) > 0;
    uint64_t before = used_us();
    uint64_t events = ready ? pass(&a, argv[1], &map, &owners, &err) : 0;
    uint64_t used = used_us() - before;
    if (events == 0) {
        fprintf(stderr, "analysis: %s: %s\n", argv[1], err.text);
        return 2;
    }
    printf("events %llu us %llu\n", (unsigned long long)events, (unsigned long long)used);
    symbolizer_close(owners.symbolizer);
    arena_clear(&a);
    return 0;
}
