// See placed.h.
#include "placed.h"

#include "ramlens_port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct placed_state placed_state;

static struct {
    struct ramlens_placed *shared;
    struct ramlens_heaps_rules rules; ///< A copy that nobody else changes.
    struct ramlens_heaps heaps;
    uint32_t lock;   ///< 0 free, 1 held, 2 held and waited for.
    uint32_t asking; ///< Likewise, of the request slot.
    uint64_t last;   ///< Latest stamp.
    struct later *later;
    bool alone; ///< Nobody answers any more.
} placed;

static const struct ramlens_asks malloc_rule; // no tries: the rule of malloc

// ---- locks

static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *time) {
    int saved = errno;
    long result = syscall(SYS_futex, word, operation, value, time, NULL, 0);
    errno = saved;
    return result;
}

static void take_lock(uint32_t *word) {
    enum { SPINS = 200 };
    for (int i = 0; i < SPINS; i++) {
        uint32_t expected = 0;
        if (__atomic_compare_exchange_n(
                    word, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return;
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
    while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0)
        futex(word, FUTEX_WAIT_PRIVATE, 2, NULL);
}

static void release_lock(uint32_t *word) {
    if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2)
        futex(word, FUTEX_WAKE_PRIVATE, 1, NULL);
}

/// The stamp of an operation: after those of all before it. Read when the lock is seen to be ours.
static uint64_t next_stamp(void) {
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("lfence" ::: "memory");
#endif
    uint64_t now = ramlens_port_time();
    placed.last = now > placed.last ? now : placed.last + 1;
    return placed.last;
}

// ---- the parent

static bool parent_is_there(void) {
    int saved = errno;
    long gone = syscall(SYS_kill, placed.shared->parent, 0);
    bool there = gone == 0 || errno == EPERM;
    errno = saved;
    return there && __atomic_load_n(&placed.shared->closed, __ATOMIC_RELAXED) == 0;
}

/// Puts a question and waits for the answer; false when nobody answers.
static bool ask(uint32_t question, uint32_t stack, uint32_t kind) {
    const struct timespec patience = { 0, 100000000 };
    struct ramlens_placed *s = placed.shared;
    if (placed.alone)
        return false;
    uint64_t from = trace_clock_nanoseconds();
    s->question = question;
    s->stack = stack;
    s->kind = kind;
    __atomic_store_n(&s->state, RAMLENS_PLACED_ASKED, __ATOMIC_RELEASE);
    futex(&s->state, FUTEX_WAKE, 1, NULL);
    while (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) == RAMLENS_PLACED_ASKED && !placed.alone) {
        futex(&s->state, FUTEX_WAIT, RAMLENS_PLACED_ASKED, &patience);
        placed.alone = !parent_is_there();
    }
    __atomic_store_n(&s->state, RAMLENS_PLACED_IDLE, __ATOMIC_RELEASE);
    uint64_t waited = question == RAMLENS_PLACED_ASK_STACK ? trace_clock_nanoseconds() - from : 0;
    s->waited += waited;
    s->longest = waited > s->longest ? waited : s->longest;
    return !placed.alone;
}

static bool map_shared(const char *path) {
    int saved = errno;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_LARGEFILE);
    void *p = fd < 0 ? MAP_FAILED
                     : mmap(NULL, sizeof *placed.shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    errno = saved;
    placed.shared = p == MAP_FAILED ? NULL : p;
    return placed.shared != NULL;
}

bool placed_open(const char *path, const char *program) {
    if (!map_shared(path))
        return false;
    struct ramlens_placed *s = placed.shared;
    if (s->magic != RAMLENS_PLACED_MAGIC || s->version != RAMLENS_PLACED_VERSION ||
            s->bytes != sizeof *s)
        return false;
    s->module_count = 0;
    s->images++;
    s->pointer_bytes = sizeof(void *);
    strncpy(s->program, program, sizeof s->program - 1);
    if (!ask(RAMLENS_PLACED_ASK_IMAGE, 0, 0) || s->failed)
        return false;
    placed.rules = s->rules;
    return true;
}

uint8_t placed_granularity(void) {
    return (uint8_t)__builtin_ctz(placed.rules.heap.alignment);
}

void placed_module_loaded(uint32_t number, const struct ramlens_placed_module *m) {
    struct ramlens_placed *s = placed.shared;
    if (s == NULL || number > RAMLENS_PLACED_MODULES)
        return;
    s->modules[number - 1] = *m;
    __atomic_store_n(&s->module_count, number, __ATOMIC_RELEASE);
}

void placed_module_gone(uint32_t number) {
    struct ramlens_placed *s = placed.shared;
    if (s != NULL && number <= RAMLENS_PLACED_MODULES)
        __atomic_store_n(&s->modules[number - 1].loaded, 0, __ATOMIC_RELEASE);
}

void placed_stack_known(uint32_t number, uint32_t outer, uintptr_t address) {
    struct ramlens_placed *s = placed.shared;
    if (s == NULL || number >= RAMLENS_PLACED_STACKS)
        return;
    s->stacks[number].outer = outer;
    __atomic_store_n(&s->stacks[number].address, address, __ATOMIC_RELEASE);
}

// ---- decisions

static uint32_t decide_slowly(uint32_t stack, uint32_t kind) {
    struct ramlens_placed *s = placed.shared;
    uint16_t *decision = &s->decisions[kind][stack];
    take_lock(&placed.asking);
    uint32_t d = __atomic_load_n(decision, __ATOMIC_ACQUIRE);
    if (d == RAMLENS_PLACED_UNKNOWN && ask(RAMLENS_PLACED_ASK_STACK, stack, kind))
        d = __atomic_load_n(decision, __ATOMIC_ACQUIRE);
    if (d == RAMLENS_PLACED_UNKNOWN)
        s->unanswered++;
    release_lock(&placed.asking);
    return d;
}

static uint32_t decide(uint32_t stack, uint32_t kind) {
    if (__builtin_expect(stack >= RAMLENS_PLACED_STACKS, 0)) {
        __atomic_add_fetch(&placed.shared->unanswered, 1, __ATOMIC_RELAXED);
        return RAMLENS_PLACED_UNKNOWN;
    }
    uint32_t d = __atomic_load_n(&placed.shared->decisions[kind][stack], __ATOMIC_ACQUIRE);
    return __builtin_expect(d != RAMLENS_PLACED_UNKNOWN, 1) ? d : decide_slowly(stack, kind);
}

const struct ramlens_asks *placed_asks(uint32_t stack, uint32_t kind) {
    uint32_t d = decide(stack, kind);
    if (d == RAMLENS_PLACED_HOST)
        return NULL;
    if (d == RAMLENS_PLACED_UNKNOWN || d - RAMLENS_PLACED_FIRST >= RAMLENS_PLACED_ASKS)
        return &malloc_rule;
    return &placed.shared->asks[d - RAMLENS_PLACED_FIRST];
}

bool placed_counts(uint32_t stack) {
    return decide(stack, RAMLENS_PLACED_CALL) != RAMLENS_PLACED_HOST;
}

const struct ramlens_placed_object *placed_object(uint32_t object) {
    return &placed.shared->objects[object];
}

void placed_count_host(size_t size) {
    __atomic_add_fetch(&placed.shared->host_blocks, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&placed.shared->host_bytes, size, __ATOMIC_RELAXED);
}

// ---- start

/// One stretch of addresses for all heaps. Each begins as far behind a large power of two as on the target, so that alignments come out as
/// they do there.
static bool map_arenas(void **memory) {
    enum { CONGRUENT = 1 << 16 };
    const struct ramlens_heaps_rules *rules = &placed.rules;
    uint64_t at[RAMLENS_HEAPS_MAX];
    uint64_t end = 0;
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct ramlens_heap_place *place = &rules->places[i];
        if (place->carved)
            continue;
        at[i] = (end + CONGRUENT - 1) / CONGRUENT * CONGRUENT + place->start % CONGRUENT;
        end = at[i] + place->bytes;
    }
    size_t size = (size_t)end + CONGRUENT;
    void *p = mmap(
            NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (size < end || p == MAP_FAILED)
        return false;
    uintptr_t base = ((uintptr_t)p + CONGRUENT - 1) / CONGRUENT * CONGRUENT;
    for (uint32_t i = 0; i < rules->count; i++)
        memory[i] = rules->places[i].carved ? NULL : (void *)(base + (uintptr_t)at[i]);
    placed_state.low = base;
    placed_state.size = (uintptr_t)end;
    return true;
}

static void define_placed(void) {
    const struct ramlens_placed *s = placed.shared;
    uint8_t body[1024];
    uint8_t *at = ramlens_wire_put_bytes(body, s->target, strnlen(s->target, 63));
    at = ramlens_wire_put_bytes(at, s->settings, strnlen(s->settings, 400));
    at = ramlens_wire_put_bytes(at, s->plan, strnlen(s->plan, 400));
    at = ramlens_wire_put_varint(at, s->occupied_bytes);
    recorder_define(RAMLENS_WIRE_PLACED, body, (size_t)(at - body));
}

static void define_region(uint32_t number) {
    const struct ramlens_heap *h = &placed.heaps.heaps[number];
    const struct ramlens_heap_place *place = &placed.rules.places[number];
    uint8_t body[96];
    uint8_t *at = ramlens_wire_put_varint(body, number);
    at = ramlens_wire_put_bytes(at, place->name, strnlen(place->name, sizeof place->name));
    at = ramlens_wire_put_varint(at, (uintptr_t)h->memory);
    at = ramlens_wire_put_varint(at, h->bytes);
    at = ramlens_wire_put_varint(at, place->start);
    recorder_define(RAMLENS_WIRE_REGION, body, (size_t)(at - body));
}

void placed_begin(void) {
    struct ramlens_placed *s = placed.shared;
    int saved = errno;
    void *memory[RAMLENS_HEAPS_MAX];
    uint32_t bad = RAMLENS_HEAPS_MAX;
    if (!map_arenas(memory) ||
            !ramlens_heaps_init(&placed.heaps, &placed.rules, memory, true, &bad)) {
        s->failed_heap = bad;
        s->failed = 1;
        placed_state.size = 0;
    } else {
        define_placed();
        for (uint32_t i = 0; i < placed.rules.count; i++)
            define_region(i);
        placed_state.on = true;
    }
    errno = saved;
}

// ---- operations

/// A block that a signal handler freed: its link and what is to be noted stand in its own bytes.
struct later {
    struct later *next;
    uint32_t stack;
    uint32_t kind;
};

void placed_give_later(void *p, const struct ramlens_wire_request *request) {
    struct later *l = p;
    l->stack = request->stack;
    l->kind = request->kind;
    l->next = __atomic_load_n(&placed.later, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(
            &placed.later, &l->next, l, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
}

bool placed_take_later(void **p, struct ramlens_wire_request *request) {
    if (__builtin_expect(__atomic_load_n(&placed.later, __ATOMIC_ACQUIRE) == NULL, 1))
        return false;
    take_lock(
            &placed.lock); // one at a time takes: none that was given back and freed again is in the way
    struct later *l = __atomic_load_n(&placed.later, __ATOMIC_ACQUIRE);
    while (l != NULL && !__atomic_compare_exchange_n(&placed.later, &l, l->next, true,
                                __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
    }
    release_lock(&placed.lock);
    if (l == NULL)
        return false;
    *p = l;
    *request = (struct ramlens_wire_request){ .kind = (uint8_t)l->kind, .stack = l->stack };
    return true;
}

static struct ramlens_block try_one(uint32_t asks, uint32_t size, uint32_t alignment) {
    return asks == 0 ? ramlens_heaps_malloc(&placed.heaps, size, alignment)
                     : ramlens_heaps_ask(&placed.heaps, size, alignment, asks);
}

static uint32_t tries_of(const struct ramlens_asks *asks) {
    return asks->count == 0 ? 1 : asks->count;
}

static uint32_t try_of(const struct ramlens_asks *asks, uint32_t index) {
    return asks->count == 0 ? 0 : asks->tries[index];
}

/// `b` was given by the try for `tried`, or by none and that was the last.
static void tell(struct placed_result *r, struct ramlens_block b, uint32_t tried) {
    r->stamp = next_stamp();
    r->capability = tried;
    r->has_capability = tried != 0;
    r->p = b.at == 0 ? NULL : ramlens_heaps_pointer(&placed.heaps, b);
    r->heap = b.at == 0 ? RAMLENS_PLACED_NO_HEAP : (uint8_t)b.heap;
}

struct placed_result placed_take(const struct ramlens_asks *asks, size_t size, size_t alignment) {
    struct placed_result r = { 0 };
    struct ramlens_block b = { 0 };
    uint32_t tried = 0;
    take_lock(&placed.lock);
    for (uint32_t i = 0; i < tries_of(asks) && b.at == 0; i++) {
        tried = try_of(asks, i);
        if (size <= UINT32_MAX && alignment <= UINT32_MAX)
            b = try_one(tried, size == 0 ? 1 : (uint32_t)size, (uint32_t)alignment);
    }
    tell(&r, b, tried);
    release_lock(&placed.lock);
    return r;
}

struct placed_result placed_resize(const struct ramlens_asks *asks, void *p, size_t size) {
    struct placed_result r = { 0 };
    struct ramlens_block b = { 0 };
    uint32_t tried = 0;
    take_lock(&placed.lock);
    struct ramlens_block old = ramlens_heaps_find(&placed.heaps, p);
    r.from_heap = (uint8_t)old.heap;
    r.from_stamp = next_stamp();
    for (uint32_t i = 0; i < tries_of(asks) && b.at == 0; i++) {
        tried = try_of(asks, i);
        const struct ramlens_asks one = { .count = 1, .tries = { tried } };
        if (size <= UINT32_MAX)
            b = ramlens_heaps_realloc(&placed.heaps, old, (uint32_t)size, &one);
    }
    tell(&r, b, tried);
    release_lock(&placed.lock);
    return r;
}

struct placed_result placed_give(void *p) {
    struct placed_result r = { 0 };
    take_lock(&placed.lock);
    r.from_stamp = next_stamp();
    r.stamp = next_stamp();
    struct ramlens_block b = ramlens_heaps_find(&placed.heaps, p);
    r.from_heap = (uint8_t)b.heap;
    if (b.at != 0)
        ramlens_heaps_free(&placed.heaps, b);
    release_lock(&placed.lock);
    return r;
}

size_t placed_usable(const void *p) {
    struct ramlens_block b = ramlens_heaps_find(&placed.heaps, p);
    return b.at == 0 ? 0 : ramlens_heap_usable(&placed.heaps.heaps[b.heap], b.at);
}

uint8_t placed_heap(const void *p) {
    return (uint8_t)ramlens_heaps_find(&placed.heaps, p).heap;
}

size_t placed_figure(enum placed_figure which, uint32_t capability) {
    take_lock(&placed.lock);
    uint32_t figure = which == PLACED_FREE ? ramlens_heaps_free_bytes(&placed.heaps, capability)
                      : which == PLACED_LARGEST ? ramlens_heaps_largest(&placed.heaps, capability)
                                                : ramlens_heaps_minimum(&placed.heaps, capability);
    release_lock(&placed.lock);
    return figure;
}

// ---- checkpoints

static size_t describe_heaps(uint8_t *body) {
    uint8_t *at = ramlens_wire_put_varint(body, placed.rules.count);
    for (uint32_t i = 0; i < placed.rules.count; i++) {
        const struct ramlens_heap *h = &placed.heaps.heaps[i];
        at = ramlens_wire_put_varint(at, i);
        at = ramlens_wire_put_varint(at, h->free_bytes);
        at = ramlens_wire_put_varint(at, ramlens_heap_largest(h));
        at = ramlens_wire_put_varint(at, h->minimum_free_bytes);
    }
    return (size_t)(at - body);
}

void placed_checkpoint(struct recorder_thread *t, const uint8_t *body, size_t size) {
    uint8_t heaps[RAMLENS_HEAPS_MAX * 20 + 8];
    recorder_reserve(t, size + sizeof heaps + 64);
    take_lock(&placed.lock);
    // Records have whole ticks: a tick that no operation has, nor will have at its very beginning.
    uint64_t tick = placed.last / RAMLENS_WIRE_PARTS + 1;
    while (ramlens_port_time() / RAMLENS_WIRE_PARTS < tick) {
    }
    placed.last = ramlens_port_time() / RAMLENS_WIRE_PARTS * RAMLENS_WIRE_PARTS;
    uint64_t stamp = placed.last;
    size_t heaps_size = describe_heaps(heaps);
    release_lock(&placed.lock);
    recorder_note_record_at(t, stamp, RAMLENS_WIRE_CHECKPOINT, body, size);
    recorder_note_record_at(t, stamp, RAMLENS_WIRE_HEAPS, heaps, heaps_size);
}

// ---- fork

void placed_before_fork(void) {
    if (placed_state.on)
        take_lock(&placed.lock);
}

void placed_after_fork(void) {
    if (placed_state.on)
        release_lock(&placed.lock);
}
