// Plays a workload (workload.h): one thread repeats recorded requests at the ends of call chains as
// deep and as various as those recorded.
//
// usage: replay WORKLOAD EVENTS
//
// Prints events played and processor time an event. A step that calls enters one of
// WORKLOAD_FUNCTIONS functions, which differ in frame size and in the registers they save; each has
// one place from which it calls on, so that the return addresses of a stack tell its functions.
// Built with and without frame pointers.
#include "workload.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __LP64__
#    define SIZE "m"
#else
#    define SIZE "j"
#endif

void *operator_new(size_t size) __asm__("_Znw" SIZE);
void *operator_new_array(size_t size) __asm__("_Zna" SIZE);
void operator_delete(void *p) __asm__("_ZdlPv");
void operator_delete_sized(void *p, size_t size) __asm__("_ZdlPv" SIZE);
void operator_delete_array(void *p) __asm__("_ZdaPv");

struct player {
    const uint32_t *at; ///< Next word.
    void **slots;
};

typedef void function(struct player *p);
static function *const functions[WORKLOAD_FUNCTIONS];

/// Does steps until the function's return.
static inline __attribute__((always_inline)) void play(struct player *p) {
    for (;;) {
        uint32_t word = *p->at++;
        uint32_t argument = word >> WORKLOAD_STEP_BITS;
        void **slot = &p->slots[argument];
        switch (word & ((1u << WORKLOAD_STEP_BITS) - 1)) {
        case WORKLOAD_CALL:
            functions[argument](p);
            break;
        case WORKLOAD_FREE:
            free(*slot);
            break;
        case WORKLOAD_DELETE:
            if (*p->at++ == 0)
                operator_delete(*slot);
            else
                operator_delete_sized(*slot, p->at[-1]);
            break;
        case WORKLOAD_DELETE_ARRAY:
            p->at++;
            operator_delete_array(*slot);
            break;
        case WORKLOAD_MALLOC:
            *slot = malloc(*p->at++);
            break;
        case WORKLOAD_CALLOC:
            *slot = calloc(1, *p->at++);
            break;
        case WORKLOAD_REALLOC:
            *slot = realloc(*slot, *p->at++);
            break;
        case WORKLOAD_NEW:
            *slot = operator_new(*p->at++);
            break;
        case WORKLOAD_NEW_ARRAY:
            *slot = operator_new_array(*p->at++);
            break;
        case WORKLOAD_MEMALIGN:
            *slot = memalign(p->at[1], p->at[0]);
            p->at += 2;
            break;
        default: // RETURN, END
            return;
        }
    }
}

#if defined(__x86_64__)
#    define SAVE_REGISTERS(n)                                                                      \
        if ((n) % 3 == 0)                                                                          \
            __asm__ volatile("" ::: "r12", "r13");
#else
#    define SAVE_REGISTERS(n)                                                                      \
        if ((n) % 3 == 0)                                                                          \
            __asm__ volatile("" ::: "edi");
#endif

/// Function number `n`.
#define FUNCTION(n)                                                                                \
    static __attribute__((noinline, noclone)) void f##n(struct player *p) {                        \
        char frame[16 + 16 * (0x##n * 7 % 13)];                                                    \
        __asm__ volatile("" : : "r"(frame) : "memory");                                            \
        SAVE_REGISTERS(0x##n)                                                                      \
        play(p);                                                                                   \
    }
#define REFERENCE(n) f##n,

// clang-format off
#define TIMES_16(what, n) \
    what(n##0) what(n##1) what(n##2) what(n##3) what(n##4) what(n##5) what(n##6) what(n##7) \
    what(n##8) what(n##9) what(n##a) what(n##b) what(n##c) what(n##d) what(n##e) what(n##f)
#define TIMES_256(what, n) \
    TIMES_16(what, n##0) TIMES_16(what, n##1) TIMES_16(what, n##2) TIMES_16(what, n##3) \
    TIMES_16(what, n##4) TIMES_16(what, n##5) TIMES_16(what, n##6) TIMES_16(what, n##7) \
    TIMES_16(what, n##8) TIMES_16(what, n##9) TIMES_16(what, n##a) TIMES_16(what, n##b) \
    TIMES_16(what, n##c) TIMES_16(what, n##d) TIMES_16(what, n##e) TIMES_16(what, n##f)
#define TIMES_4096(what) \
    TIMES_256(what, 0) TIMES_256(what, 1) TIMES_256(what, 2) TIMES_256(what, 3) \
    TIMES_256(what, 4) TIMES_256(what, 5) TIMES_256(what, 6) TIMES_256(what, 7) \
    TIMES_256(what, 8) TIMES_256(what, 9) TIMES_256(what, a) TIMES_256(what, b) \
    TIMES_256(what, c) TIMES_256(what, d) TIMES_256(what, e) TIMES_256(what, f)
// clang-format on

TIMES_4096(FUNCTION)
static function *const functions[WORKLOAD_FUNCTIONS] = { TIMES_4096(REFERENCE) };

static uint64_t used_ns(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return ((uint64_t)use.ru_utime.tv_sec + (uint64_t)use.ru_stime.tv_sec) * 1000000000 +
           ((uint64_t)use.ru_utime.tv_usec + (uint64_t)use.ru_stime.tv_usec) * 1000;
}

static const struct workload_header *open_workload(const char *path) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0)
        return NULL;
    size_t size = (size_t)status.st_size;
    void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    const struct workload_header *h = p;
    return p == MAP_FAILED || size < sizeof *h || h->magic != WORKLOAD_MAGIC ? NULL : h;
}

int main(int argc, char **argv) {
    const struct workload_header *h = argc == 3 ? open_workload(argv[1]) : NULL;
    if (h == NULL) {
        fputs("usage: replay WORKLOAD EVENTS\n", stderr);
        return 2;
    }
    uint64_t wanted = strtoull(argv[2], NULL, 10), played = 0;
    struct player p = { .slots = calloc(h->slot_count + 1, sizeof(void *)) };
    if (p.slots == NULL)
        return 2;
    uint64_t before = used_ns();
    while (played < wanted) {
        p.at = (const uint32_t *)(h + 1);
        play(&p);
        played += h->event_count;
    }
    uint64_t used = used_ns() - before;
    printf("replay_events %llu ns_per_event %.3f\n", (unsigned long long)played,
            (double)used / (double)played);
    return 0;
}
