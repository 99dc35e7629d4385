/// What concerns all threads: beginning, ending, forgetting, counting, and walks that have no
/// memory.
#include "unwind_paths.h"

struct unwind_tally unwind_unowned;
static _Atomic(struct unwind_thread *) all_threads;

/// Results of unwind_verify(), for all threads.
static _Atomic uintptr_t verified;
static _Atomic uintptr_t mismatches;

void unwind_init(const struct unwind_port *port) {
    unwind_port = *port;
    unwind_rules_init(port->map);
}

// ---- threads ----

/// Takes the memory of an ended thread, if there is one; if `stack_high` is not 0, only that of a
/// thread on the same stack.
static struct unwind_thread *reuse(uintptr_t stack_high) {
    struct unwind_thread *self = atomic_load_explicit(&all_threads, memory_order_acquire);
    for (; self != NULL; self = self->next) {
        uint32_t free = 0;
        if (stack_high != 0 &&
                atomic_load_explicit(&self->stack_high, memory_order_relaxed) != stack_high)
            continue;
        if (atomic_compare_exchange_strong_explicit(
                    &self->owned, &free, 1, memory_order_acquire, memory_order_relaxed))
            return self;
    }
    return NULL;
}

/// What an ended thread remembered stays true wherever its cells hold the same. So a thread on its
/// recycled stack finds it warm; for another one it is useless and in the way.
static struct unwind_thread *reuse_any(uintptr_t stack_high) {
    struct unwind_thread *self = reuse(stack_high);
    if (self != NULL)
        return self;
    self = reuse(0);
    if (self != NULL)
        unwind_paths_restart(self);
    return self;
}

struct unwind_thread *unwind_thread_new(uintptr_t stack_high) {
    struct unwind_thread *self = reuse_any(stack_high);
    if (self == NULL) {
        self = unwind_paths_new();
        if (self == NULL)
            return NULL;
        atomic_store_explicit(&self->owned, 1, memory_order_relaxed);
        self->next = atomic_load_explicit(&all_threads, memory_order_relaxed);
        while (!atomic_compare_exchange_weak_explicit(
                &all_threads, &self->next, self, memory_order_release, memory_order_relaxed)) {
        }
    }
    atomic_store_explicit(&self->stack_high, stack_high, memory_order_relaxed);
    return self;
}

void unwind_thread_release(struct unwind_thread *self) {
    if (self != NULL)
        atomic_store_explicit(&self->owned, 0, memory_order_release);
}

// ---- forgetting ----

/// Rules first: a thread that finds its memory stale must not fill it from them again. One that is
/// in the middle of a walk keeps it in a memory that it will find stale.
void unwind_forget(uintptr_t low, uintptr_t high) {
    struct unwind_thread *self;
    unwind_rules_forget(low, high);
    self = atomic_load_explicit(&all_threads, memory_order_acquire);
    for (; self != NULL; self = self->next)
        atomic_store_explicit(&self->stale, 1, memory_order_release);
}

void unwind_after_fork(void) {
    unwind_rules_after_fork();
}

// ---- walks without memory ----

static uint32_t number_of(const uintptr_t *ips, size_t count) {
    uint32_t number = 0;
    for (size_t i = count; i-- > 0;) {
        number = unwind_port.intern(number, ips[i]);
        if (number == 0)
            return 0;
    }
    return number;
}

static void add(_Atomic uintptr_t *counter, uintptr_t more) {
    if (more != 0)
        atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

uint32_t unwind_stack_unaided(uintptr_t ra_slot, uintptr_t bp) {
    uintptr_t ips[UNWIND_MAX_FRAMES];
    struct unwind_state s;
    enum unwind_step step = UNWIND_STEP_NEXT;
    size_t count = unwind_walk(&s, ra_slot, bp, ips, UNWIND_MAX_FRAMES, &step);
    struct unwind_tally *tally = &unwind_unowned;
    add(&tally->misses, 1);
    add(&tally->frames_walked, count);
    add(&tally->expressions, s.expressions);
    add(&tally->signal_frames, s.signals);
    add(&tally->no_rule, step == UNWIND_STEP_CUT);
    add(&tally->too_deep, step == UNWIND_STEP_NEXT);
    return number_of(ips, count);
}

bool unwind_verify(uintptr_t ra_slot, uintptr_t bp, uint32_t number) {
    uintptr_t ips[UNWIND_MAX_FRAMES];
    size_t count = unwind_full(ra_slot, bp, ips, UNWIND_MAX_FRAMES);
    bool equal = number_of(ips, count) == number;
    add(&verified, 1);
    add(&mismatches, !equal);
    return equal;
}

// ---- counting ----

static uintptr_t get(const _Atomic uintptr_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_up(struct unwind_counts *sum, const struct unwind_tally *tally) {
    sum->hits += get(&tally->hits);
    sum->walks += (uint64_t)get(&tally->hits) + get(&tally->misses);
    sum->branches += get(&tally->branches);
    sum->frames_matched += get(&tally->frames_matched);
    sum->frames_walked += get(&tally->frames_walked);
    sum->expressions += get(&tally->expressions);
    sum->signal_frames += get(&tally->signal_frames);
    sum->no_rule += get(&tally->no_rule);
    sum->too_deep += get(&tally->too_deep);
    sum->restarts += get(&tally->restarts);
}

void unwind_count(struct unwind_counts *out) {
    const struct unwind_thread *self = atomic_load_explicit(&all_threads, memory_order_acquire);
    *out = (struct unwind_counts){ .verified = get(&verified), .mismatches = get(&mismatches) };
    add_up(out, &unwind_unowned);
    for (; self != NULL; self = self->next)
        add_up(out, &self->tally);
}
