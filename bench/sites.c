/// What a lookup in the table of sites costs: cycles of ramlens_sites_find() over the return addresses of a real program.
///
/// usage: sites TABLE ADDRESS CALLERS   table as `ramlens emit --as sites` wrote it (ramlens_sites.bin), its address as linked, a file of
/// return addresses as linked, hexadecimal, one a line
///
/// The table lies elsewhere here than in the program; the lookup takes differences only, so the addresses are moved with it. Each lookup
/// waits for the one before, as in a program that needs the answer. Cycles are those of rdtsc, the loop's own taken off: median of many
/// rounds. Orders: one caller again and again, the callers in turn, the callers at random.
#include "ramlens_place.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <x86intrin.h>

enum { ROOM = 1 << 20, CALLERS = 1 << 14, ROUNDS = 301, ASKED = 4096 };

/// The program's own, made writable for this measurement.
__attribute__((aligned(4096), section(".ramlens_sites")))
const uint32_t ramlens_sites_table[ROOM / 4] = { 0 };

static const void *callers[CALLERS];
static const void *order[ASKED];
static size_t caller_count;

const struct ramlens_place *ramlens_sites_place(unsigned place) {
    (void)place;
    return NULL;
}

static void read_table(const char *path) {
    FILE *f = fopen(path, "rb");
    void *to = (void *)(uintptr_t)ramlens_sites_table;
    if (f == NULL || mprotect(to, ROOM, PROT_READ | PROT_WRITE) != 0 ||
            fread(to, 1, ROOM, f) == 0) {
        perror(path);
        exit(2);
    }
    (void)fclose(f);
}

static void read_callers(const char *path, uint64_t address) {
    FILE *f = fopen(path, "r");
    char line[64];
    if (f == NULL) {
        perror(path);
        exit(2);
    }
    while (caller_count < CALLERS && fgets(line, sizeof line, f) != NULL) {
        uint64_t caller = strtoull(line, NULL, 16);
        callers[caller_count++] =
                (const void *)((uintptr_t)ramlens_sites_table + (uintptr_t)(caller - address));
    }
    (void)fclose(f);
    if (caller_count == 0) {
        (void)fprintf(stderr, "%s: no addresses\n", path);
        exit(2);
    }
}

static int by_value(const void *a, const void *b) {
    const double *p = a, *q = b;
    return *p < *q ? -1 : *p > *q;
}

/// Cycles a lookup; without `look` those of the loop around it.
static double measure(int look) {
    static double rounds[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        uintptr_t previous = 0;
        unsigned ignored;
        _mm_lfence();
        uint64_t start = __rdtsc();
        for (int i = 0; i < ASKED; i++) {
            // Known only when the lookup before is done.
            uintptr_t caller = (uintptr_t)order[i] + previous;
            __asm__ volatile("" : "+r"(caller));
            previous = look ? ramlens_sites_find((const void *)caller, RAMLENS_SITES_NEW) : caller;
            // Zero, but not before it is known; a constant would let the lookups run side by side.
            __asm__ volatile("and $0, %0" : "+r"(previous) : : "cc");
        }
        rounds[r] = (double)(__rdtscp(&ignored) - start) / ASKED;
    }
    qsort(rounds, ROUNDS, sizeof rounds[0], by_value);
    return rounds[ROUNDS / 2];
}

int main(int argc, char **argv) {
    static const char *const names[] = { "one caller", "in turn", "at random" };
    if (argc != 4) {
        (void)fprintf(stderr, "usage: sites TABLE ADDRESS CALLERS\n");
        return 2;
    }
    read_table(argv[1]);
    read_callers(argv[3], strtoull(argv[2], NULL, 16));
    size_t found = 0;
    for (size_t i = 0; i < caller_count; i++)
        found += ramlens_sites_find(callers[i], RAMLENS_SITES_NEW) != RAMLENS_SITES_NONE;
    const uint32_t *table = ramlens_sites_table;
    __asm__("" : "+r"(table)); // Not the zeros that the compiler knows.
    printf("%" PRIu32 " ranges, %" PRIu32 " buckets of %u bytes, %zu callers, %zu with a place\n",
            table[RAMLENS_SITES_COUNT], table[RAMLENS_SITES_BUCKETS],
            1u << table[RAMLENS_SITES_SHIFT], caller_count, found);
    uint32_t seed = 1;
    for (int kind = 0; kind < 3; kind++) {
        for (int i = 0; i < ASKED; i++) {
            seed = seed * 1664525u + 1013904223u;
            size_t which = kind == 0 ? 0 : kind == 1 ? (size_t)i : (seed >> 8);
            order[i] = callers[which % caller_count];
        }
        double empty = measure(0);
        printf("%-10s %6.1f cycles\n", names[kind], measure(1) - empty);
    }
    return 0;
}
