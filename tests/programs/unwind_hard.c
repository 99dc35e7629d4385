/// Stacks that are hard to walk, in C: every shape of frame a compiler makes, frames of the C
/// library, deep recursion, jumps out of it, coroutines, signals anywhere, many threads.
///
/// Built for both word sizes, with and without frame pointers, at several levels of optimisation.
/// With --calm it leaves out the signals that come anywhere, which a sanitizer would hold back.
#ifndef _GNU_SOURCE
#    define _GNU_SOURCE
#endif
#include "unwind_check.h"

#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

enum { THREADS = 40, COROUTINES = 6, COROUTINE_BYTES = 64 << 10, STORM_MS = 1500 };

static __thread volatile unsigned sink;

// ---- frames of all shapes, calling each other at random ----

static void wander(uint32_t *random, unsigned depth);

static NOINLINE void plain_frame(uint32_t *random, unsigned depth) {
    wander(random, depth);
    sink++;
}

static NOINLINE void large_frame(uint32_t *random, unsigned depth) {
    volatile char block[20000];
    block[depth] = (char)depth;
    wander(random, depth);
    sink += (unsigned)block[depth];
}

static NOINLINE void moving_frame(uint32_t *random, unsigned depth) {
    char *block = alloca(16 + (check_random(random) % 8) * 16);
    memset(block, 0, 16);
    wander(random, depth);
    sink += (unsigned)block[1];
}

static NOINLINE void aligned_frame(uint32_t *random, unsigned depth) {
    _Alignas(64) volatile char block[64];
    block[depth % 64] = 1;
    wander(random, depth);
    sink += (unsigned)block[depth % 64];
}

static NOINLINE void aligned_moving_frame(uint32_t *random, unsigned depth) {
    _Alignas(32) volatile char block[32];
    char *moving = alloca(8 + check_random(random) % 100);
    moving[0] = 1;
    block[depth % 32] = moving[0];
    wander(random, depth);
    sink += (unsigned)block[depth % 32] + (unsigned)moving[0];
}

static NOINLINE __attribute__((force_align_arg_pointer)) void realigned_frame(
        uint32_t *random, unsigned depth) {
    volatile int local = (int)depth;
    wander(random, depth);
    sink += (unsigned)local;
}

/// Many arguments, so that i386 pushes and pops around the call.
static NOINLINE unsigned pushing_frame(
        uint32_t *random, unsigned depth, int a, int b, int c, int d, int e, int f, int g, int h) {
    wander(random, depth);
    return sink + (unsigned)(a + b + c + d + e + f + g + h);
}

/// Ends with a call, which optimisation turns into a jump: the frame vanishes from the stack.
static NOINLINE void vanishing_frame(uint32_t *random, unsigned depth) {
    sink++;
    wander(random, depth);
}

/// Keeps every callee-saved register busy, the frame pointer register among them if it is free.
static NOINLINE void busy_frame(uint32_t *random, unsigned depth) {
    unsigned a = sink, b = a * 3, c = b * 5, d = c * 7, e = d * 11, f = e * 13, g = f * 17;
    wander(random, depth);
    sink = a ^ b ^ c ^ d ^ e ^ f ^ g;
}

struct sorting {
    uint32_t *random;
    unsigned depth;
};
static __thread struct sorting *sorting;

static int compare_bytes(const void *a, const void *b) {
    struct sorting *s = sorting;
    if (check_random(s->random) % 4 == 0)
        wander(s->random, s->depth);
    sorting = s;
    return *(const char *)a - *(const char *)b;
}

/// Frames of the C library in the middle.
static NOINLINE void sorting_frame(uint32_t *random, unsigned depth) {
    struct sorting s = { random, depth / 2 };
    char bytes[5];
    char *found;
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)check_random(random);
    sorting = &s;
    qsort(bytes, sizeof bytes, 1, compare_bytes);
    sorting = &s;
    found = bsearch(&bytes[2], bytes, sizeof bytes, 1, compare_bytes);
    sink += found != NULL;
}

static NOINLINE void printing_frame(uint32_t *random, unsigned depth) {
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (f != NULL) {
        fprintf(f, "%u %s %.17g", depth, "text", 1.0 / (depth + 1));
        fclose(f);
    }
    free(text);
    wander(random, depth);
    sink++;
}

/// One step deeper, or an event and back. Random numbers are drawn so that many ways repeat.
static NOINLINE void wander(uint32_t *random, unsigned depth) {
    unsigned way = check_random(random) % 16;
    if (depth == 0) {
        check_event();
        return;
    }
    depth--;
    switch (way) {
    case 0:
        large_frame(random, depth);
        break;
    case 1:
        moving_frame(random, depth);
        break;
    case 2:
        aligned_frame(random, depth);
        break;
    case 3:
        aligned_moving_frame(random, depth);
        break;
    case 4:
        realigned_frame(random, depth);
        break;
    case 5:
        sink += pushing_frame(random, depth, 1, 2, 3, 4, 5, 6, 7, 8);
        break;
    case 6:
        vanishing_frame(random, depth);
        break;
    case 7:
        busy_frame(random, depth);
        break;
    case 8:
        if (depth < 6)
            sorting_frame(random, depth);
        else
            plain_frame(random, depth);
        break;
    case 9:
        if (depth < 3)
            printing_frame(random, depth);
        else
            busy_frame(random, depth);
        break;
    default:
        plain_frame(random, depth);
    }
    check_event();
    sink++;
}

/// Wanders along `ways` different ways, `rounds` times each, as programs do: mostly the known, in
/// changing order.
static void wander_about(uint32_t seed, unsigned ways, unsigned rounds, unsigned depth) {
    uint32_t order = seed * 2654435761U | 1;
    for (unsigned i = 0; i < ways * rounds; i++) {
        uint32_t random = (seed + check_random(&order) % ways) * 747796405U | 1;
        wander(&random, depth);
    }
}

// ---- deep recursion and jumps out of it ----

static NOINLINE void dive(unsigned depth, jmp_buf *out) {
    volatile char local = (char)depth;
    if (depth % 16 == 0)
        check_event();
    if (depth > 0)
        dive(depth - 1, out);
    else if (out != NULL)
        longjmp(*out, 1);
    sink += (unsigned)local;
}

static void check_depth(void) {
    jmp_buf out;
    for (volatile unsigned i = 0; i < 40; i++) {
        dive(200, NULL);
        dive(300, NULL); // beyond the greatest depth
        if (setjmp(out) == 0)
            dive(150, &out);
        else
            check_event();
    }
}

// ---- frames that left their marks ----

#ifdef __i386__
#    define USE_FRAME_POINTER_REGISTER() __asm__ volatile("" ::: "ebp")
#else
#    define USE_FRAME_POINTER_REGISTER() __asm__ volatile("" ::: "rbp")
#endif

#define WITHOUT_FRAME_POINTER __attribute__((noinline, noclone, optimize("omit-frame-pointer")))

/// Saves the frame pointer register on entry, at the outer end of its frame.
static WITHOUT_FRAME_POINTER void saving_leaf(void) {
    USE_FRAME_POINTER_REGISTER();
    check_event();
    sink++;
}

/// Leaves that register alone, and at the outer end of its frame what was there before.
static WITHOUT_FRAME_POINTER void idle_leaf(void) {
    volatile char untouched[64];
    check_event();
    sink += sizeof untouched;
}

static WITHOUT_FRAME_POINTER void idle_frame(void (*leaf)(void)) {
    volatile char untouched[32];
    leaf();
    sink += sizeof untouched;
}

/// Needs its frame pointer to be left, for it moves its stack pointer by `bytes`.
static NOINLINE void shifting_frame(size_t bytes, void (*leaf)(void), bool direct) {
    volatile char *untouched = alloca(bytes);
    if (direct)
        leaf();
    else
        idle_frame(leaf);
    sink += (unsigned)((uintptr_t)untouched & 1);
}

/// The sum of the distances is the same always, so the leaf's frame is, too. From two places.
static NOINLINE void shifted_frame(size_t bytes, void (*leaf)(void), bool direct, bool one) {
    volatile char *untouched = alloca(bytes);
    if (one) {
        shifting_frame(1024 - bytes, leaf, direct);
        sink += 2;
    } else {
        shifting_frame(1024 - bytes, leaf, direct);
        sink += 3;
    }
    sink += (unsigned)((uintptr_t)untouched & 1);
}

/// A walk through a leaf that saved the frame pointer, then one through a leaf that did not, while
/// all the cells of the first walk still hold what they held, though they are no longer what they
/// were.
static void check_marks(void) {
    for (volatile unsigned i = 0; i < 64; i++) {
        size_t shift = 64U * (i % 8);
        bool direct = i % 16 < 8;
        shifted_frame(shift, saving_leaf, direct, true);
        shifted_frame(shift + 128, idle_leaf, direct, false);
    }
}

// ---- coroutines ----

struct coroutine {
    ucontext_t context;
    char *stack;
    uint32_t random;
};
static __thread ucontext_t scheduler;
static __thread struct coroutine coroutines[COROUTINES];
static __thread unsigned running;

static NOINLINE void yield_deep(struct coroutine *c, unsigned depth) {
    check_event();
    if (depth > 0)
        yield_deep(c, depth - 1);
    else
        swapcontext(&c->context, &scheduler);
    check_event();
}

static void run_coroutine(void) {
    struct coroutine *c = &coroutines[running];
    for (unsigned i = 0; i < 30; i++) {
        uint32_t random = (c->random + i % 3) | 1;
        wander(&random, 4);
        yield_deep(c, i % 4);
    }
}

/// Coroutines on stacks of their own; a stack is used again by the next one, smaller than before.
static void check_coroutines(uint32_t seed) {
    struct coroutine *all = coroutines;
    for (unsigned i = 0; i < COROUTINES; i++) {
        size_t size = COROUTINE_BYTES * 8 - i * 4096;
        all[i].stack = malloc(size);
        all[i].random = seed + i;
        getcontext(&all[i].context);
        all[i].context.uc_stack.ss_sp = all[i].stack;
        all[i].context.uc_stack.ss_size = size;
        all[i].context.uc_link = &scheduler;
        makecontext(&all[i].context, run_coroutine, 0);
    }
    for (unsigned turn = 0; turn < 31 * COROUTINES; turn++) {
        running = turn % COROUTINES;
        swapcontext(&scheduler, &all[running].context);
    }
    for (unsigned i = 0; i < COROUTINES; i++)
        free(all[i].stack);
}

// ---- signals ----

static NOINLINE void handle_deeper(unsigned depth) {
    check_event();
    if (depth > 0)
        handle_deeper(depth - 1);
    sink++;
}

static void handle_plainly(int number) {
    handle_deeper((unsigned)number % 3);
}

static void handle_informed(int number, siginfo_t *info, void *context) {
    (void)info;
    (void)context;
    handle_deeper((unsigned)number % 3);
}

/// `flags` decides which of the two handlers, and on which stack.
static void set_handler(int number, int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_flags = flags;
    if ((flags & SA_SIGINFO) != 0)
        action.sa_sigaction = handle_informed;
    else
        action.sa_handler = handle_plainly;
    sigaction(number, &action, NULL);
}

static NOINLINE void raise_deep(unsigned depth, int number) {
    volatile char block[100];
    block[0] = (char)depth;
    if (depth > 0)
        raise_deep(depth - 1, number);
    else
        raise(number);
    sink += (unsigned)block[0];
}

/// A handler that runs on the alternate stack of this thread while `work` goes on below.
static void with_alternate_stack(void (*work)(void)) {
    stack_t stack, before;
    memset(&stack, 0, sizeof stack);
    stack.ss_size = COROUTINE_BYTES * 2;
    stack.ss_sp = malloc(stack.ss_size);
    sigaltstack(&stack, &before);
    work();
    sigaltstack(&before, NULL);
    free(stack.ss_sp);
}

static void raise_all(void) {
    static const int flags[] = { 0, SA_SIGINFO, SA_ONSTACK, SA_ONSTACK | SA_SIGINFO };
    for (unsigned i = 0; i < 40; i++) {
        set_handler(SIGUSR1, flags[i % 4]);
        raise_deep(i % 7, SIGUSR1);
    }
}

static void check_signals(void) {
    with_alternate_stack(raise_all);
}

// ---- signals that come anywhere ----

static _Atomic bool storm_over;
static pthread_t storm_victim;

static void *send_storm(void *argument) {
    struct timespec pause = { 0, 150000 };
    (void)argument;
    for (unsigned i = 0; !storm_over; i++) {
        nanosleep(&pause, NULL);
        pthread_kill(storm_victim, i % 2 == 0 ? SIGUSR1 : SIGUSR2);
    }
    return NULL;
}

static void endure_storm(void) {
    struct timespec start, now;
    uint32_t seed = 1;
    pthread_t sender;
    storm_victim = pthread_self();
    set_handler(SIGUSR1, SA_RESTART);
    set_handler(SIGUSR2, SA_RESTART | SA_SIGINFO | SA_ONSTACK);
    clock_gettime(CLOCK_MONOTONIC, &start);
    now = start;
    pthread_create(&sender, NULL, send_storm, NULL);
    while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 <
            STORM_MS) {
        wander_about(seed++ % 4 + 1, 4, 2, 9);
        check_depth();
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    storm_over = true;
    pthread_join(sender, NULL);
}

// ---- all of it, on many threads ----

static void *run_thread(void *argument) {
    uint32_t seed = (uint32_t)(uintptr_t)argument;
    wander_about(seed % 8 + 1, 12, 12, 9);
    check_coroutines(seed);
    return NULL;
}

static void check_threads(void) {
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, run_thread, (void *)(uintptr_t)(i + 1));
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv) {
    struct check_aims aims = { .hit_percent = 80, .events = 50000, .too_deep = 100 };
    bool calm = argc > 1 && strcmp(argv[1], "--calm") == 0;
#ifdef __i386__
    aims.cut_per_mille = 600; // glibc has no frame information for where its coroutines begin there
#endif
    aims.signal_frames = calm ? 40 : 500;
    check_begin();
    wander_about(1, 30, 60, 12);
    check_depth();
    check_marks();
    check_coroutines(1);
    check_signals();
    check_threads();
    if (!calm)
        with_alternate_stack(endure_storm);
    return check_end(argv[0], &aims);
}
