/// The checking of walks for the unwind_* programs. Compiled with frame pointers whatever the
/// program is compiled with, because an event reads its caller's state from its own frame.
#ifndef _GNU_SOURCE
#    define _GNU_SOURCE
#endif
#include "unwind_check.h"

#include "unwind.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// libgcc's interface, declared here because its header has the name of ours.
struct _Unwind_Context;
extern int _Unwind_Backtrace(int (*step)(struct _Unwind_Context *, void *), void *argument);
extern uintptr_t _Unwind_GetIPInfo(struct _Unwind_Context *context, int *is_interrupted);
extern uintptr_t _Unwind_GetCFA(struct _Unwind_Context *context);

// The C library's own allocator, under its internal names.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);

enum { MAX_DEPTH = UNWIND_MAX_FRAMES, NODES = 1 << 20, BUCKETS = 1 << 18, SHOWN = 5 };

/// A stack: a frame and the stack outside it. Numbered by index, from 1.
struct node {
    uintptr_t ip;
    uint32_t outer;
    uint32_t next; ///< In its bucket.
};

struct walk {
    uintptr_t ips[MAX_DEPTH + 1];
    size_t count;
};

static struct node *nodes;
static _Atomic uint32_t *buckets;
static _Atomic uint32_t node_count;
static _Atomic uint32_t events, wrong_memory, wrong_rules, not_numbered;
static bool ready;
static pthread_key_t key;
static __thread struct unwind_thread *self;
static __thread volatile int busy; ///< In an event; its own allocations and signals' are apart.

static void *map(size_t size) {
    void *p = mmap(
            NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

// ---- numbers of stacks: lock-free, because signal handlers number stacks too ----

static uint32_t find_node(uint32_t first, uint32_t outer, uintptr_t ip) {
    for (uint32_t n = first; n != 0; n = nodes[n].next) {
        if (nodes[n].outer == outer && nodes[n].ip == ip)
            return n;
    }
    return 0;
}

static uint32_t intern(uint32_t outer, uintptr_t ip) {
    uint32_t hash = (uint32_t)((ip ^ (uintptr_t)outer * 0x9e3779b1U) * 0x85ebca6bU);
    _Atomic uint32_t *bucket = &buckets[hash >> 14];
    uint32_t first = atomic_load(bucket);
    uint32_t found = find_node(first, outer, ip);
    uint32_t mine;
    if (found != 0)
        return found;
    mine = atomic_fetch_add(&node_count, 1) + 1;
    if (mine >= NODES)
        return 0;
    nodes[mine].ip = ip;
    nodes[mine].outer = outer;
    do {
        found = find_node(first, outer, ip);
        if (found != 0)
            return found;
        nodes[mine].next = first;
    } while (!atomic_compare_exchange_weak(bucket, &first, mine));
    return mine;
}

static void walk_of_number(uint32_t number, struct walk *w) {
    w->count = 0;
    for (; number != 0 && w->count < MAX_DEPTH; number = nodes[number].outer)
        w->ips[w->count++] = nodes[number].ip;
}

// ---- the reference ----

struct reference {
    struct walk *walk;
    uintptr_t sp; ///< Of the frame before.
};

/// Skips the frames up to the event's own, whose return address stands in the first element. Ends
/// where the tables would take a return address from below the stack pointer, where a signal's
/// frame may stand by now: those of glibc for i386 do so in parts of its memcpy with SSSE3.
static int note_frame(struct _Unwind_Context *context, void *argument) {
    struct reference *r = argument;
    struct walk *w = r->walk;
    int is_interrupted;
    uintptr_t ip = _Unwind_GetIPInfo(context, &is_interrupted);
    uintptr_t inner_sp = r->sp;
    r->sp = _Unwind_GetCFA(context);
    if (w->count == 0 && ip != w->ips[0])
        return 0;
    if (w->count > 0 && !is_interrupted && r->sp <= inner_sp)
        return 1;
    if (ip != 0 && w->count < MAX_DEPTH)
        w->ips[w->count++] = ip;
    return 0;
}

static void walk_by_reference(struct walk *w, uintptr_t innermost) {
    struct reference r = { w, 0 };
    w->ips[0] = innermost;
    w->count = 0;
    _Unwind_Backtrace(note_frame, &r);
}

// ---- comparing ----

static bool is_equal(const struct walk *a, const struct walk *b) {
    return a->count == b->count && memcmp(a->ips, b->ips, a->count * sizeof a->ips[0]) == 0;
}

static void print_ip(const struct walk *w, size_t i) {
    Dl_info info;
    if (i >= w->count)
        printf("  %-40s", "-");
    else if (dladdr((const void *)(w->ips[i] - 1), &info) == 0)
        printf("  %-40p", (void *)w->ips[i]);
    else
        printf("  %-.24s+%-16lx", info.dli_sname != NULL ? info.dli_sname : info.dli_fname,
                (unsigned long)(w->ips[i] - (uintptr_t)(info.dli_saddr != NULL ? info.dli_saddr
                                                                               : info.dli_fbase)));
}

static void show(const char *what, const struct walk *ours, const struct walk *theirs) {
    printf("%s: %zu frames, expected %zu\n", what, ours->count, theirs->count);
    for (size_t i = 0; i < ours->count || i < theirs->count; i++) {
        print_ip(ours, i);
        print_ip(theirs, i);
        printf("%s\n", i < ours->count && i < theirs->count && ours->ips[i] == theirs->ips[i]
                               ? ""
                               : "  <--");
    }
}

/// Counts a difference and shows the first few.
static void compare(const char *what, _Atomic uint32_t *wrong, const struct walk *ours,
        const struct walk *theirs) {
    if (!is_equal(ours, theirs) && atomic_fetch_add(wrong, 1) < SHOWN)
        show(what, ours, theirs);
}

// ---- threads ----

static void end_thread(void *memory) {
    self = NULL;
    unwind_thread_release(memory);
}

/// The thread's memory is made at its first event and again if events follow its destruction.
static void begin_thread(void) {
    pthread_attr_t attributes;
    void *low;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    self = unwind_thread_new((uintptr_t)low + size);
    pthread_setspecific(key, self);
}

// ---- events ----

static void check_walks(uintptr_t slot, uintptr_t bp, struct unwind_thread *memory) {
    struct walk remembered, full, reference;
    int error = errno;
    uint32_t number = unwind_stack(memory, slot, bp);
    if (errno != error)
        abort();
    full.count = unwind_full(slot, bp, full.ips, MAX_DEPTH);
    walk_by_reference(&reference, *(uintptr_t *)slot);
    walk_of_number(number, &remembered);
    compare("memory against rules", &wrong_memory, &remembered, &full);
    compare("rules against reference", &wrong_rules, &full, &reference);
    if (number == 0)
        atomic_fetch_add(&not_numbered, 1);
    if (!unwind_verify(slot, bp, number) && is_equal(&remembered, &full))
        abort();
    atomic_fetch_add(&events, 1);
    errno = error;
}

/// An event at the frame that called the function whose frame this is. In a signal handler that
/// interrupted an event the memory is in use.
static void event_at(uintptr_t *frame) {
    struct unwind_thread *memory = NULL;
    int outer = busy;
    if (!ready || outer > 1)
        return;
    busy = outer + 1;
    if (outer == 0) {
        if (self == NULL)
            begin_thread();
        memory = self;
    }
    check_walks((uintptr_t)(frame + 1), frame[0], memory);
    busy = outer;
}

/// Keeps the compiler from ending a function with a jump: its frame must outlast the call.
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

void check_event(void) {
    event_at(__builtin_frame_address(0));
    KEEP_FRAME();
}

// Not under a sanitizer, which has its own allocator.
#ifndef CHECK_WITHOUT_MALLOC

static void allocation_event(uintptr_t *frame) {
    if (busy == 0)
        event_at(frame);
    KEEP_FRAME();
}

void *malloc(size_t size) {
    allocation_event(__builtin_frame_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocation_event(__builtin_frame_address(0));
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    allocation_event(__builtin_frame_address(0));
    return __libc_realloc(block, size);
}

void free(void *block) {
    if (block != NULL)
        allocation_event(__builtin_frame_address(0));
    __libc_free(block);
}

#endif

// ---- beginning and end ----

void check_begin(void) {
    struct unwind_port port = { map, intern };
    struct walk w;
    nodes = map(NODES * sizeof *nodes);
    buckets = map(BUCKETS * sizeof *buckets);
    if (nodes == NULL || buckets == NULL || pthread_key_create(&key, end_thread) != 0)
        abort();
    walk_by_reference(&w, 0);
    unwind_init(&port);
    ready = true;
}

void check_forget(uintptr_t low, uintptr_t high) {
    unwind_forget(low, high);
}

static int miss_aim(const char *name, const char *what, double is, double aim) {
    printf("%s: %s: %.1f, expected %.1f\n", name, what, is, aim);
    return 1;
}

static int compare_with_aims(
        const char *name, const struct unwind_counts *c, const struct check_aims *aims) {
    double walks = (double)(c->walks == 0 ? 1 : c->walks);
    double hits = 100.0 * (double)c->hits / walks;
    double cut = 1000.0 * (double)c->no_rule / walks;
    int missed = 0;
    if (hits < aims->hit_percent)
        missed |= miss_aim(name, "hits, % of the walks", hits, aims->hit_percent);
    if (c->walks < aims->events)
        missed |= miss_aim(name, "walks", walks, aims->events);
    if (c->signal_frames < aims->signal_frames)
        missed |= miss_aim(name, "signal frames", (double)c->signal_frames, aims->signal_frames);
    if (cut > aims->cut_per_mille)
        missed |= miss_aim(name, "walks cut, of 1000", cut, aims->cut_per_mille);
    if (c->too_deep < aims->too_deep)
        missed |= miss_aim(name, "too deep", (double)c->too_deep, aims->too_deep);
    return missed;
}

unsigned check_wrong(void) {
    return wrong_memory + wrong_rules + not_numbered;
}

int check_end(const char *name, const struct check_aims *aims) {
    struct unwind_counts c;
    uint32_t wrong;
    ready = false;
    unwind_count(&c);
    wrong = check_wrong() + (uint32_t)c.mismatches;
    printf("%s: %u events, %u stacks, wrong by memory %u, by rules %u, hits %.1f %%, "
           "frames an event %.1f, walked %.2f, cut %lu, too deep %lu, slow %lu, signals %lu, "
           "restarts %lu\n",
            name, events, node_count, wrong_memory, wrong_rules,
            100.0 * (double)c.hits / (double)c.walks,
            (double)(c.frames_matched + c.frames_walked) / (double)c.walks,
            (double)c.frames_walked / (double)c.walks, (unsigned long)c.no_rule,
            (unsigned long)c.too_deep, (unsigned long)c.expressions, (unsigned long)c.signal_frames,
            (unsigned long)c.restarts);
    return (wrong != 0 || events != c.walks) | compare_with_aims(name, &c, aims);
}
