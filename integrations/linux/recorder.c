// The Linux recorder: process start and end, threads, and the way from a hook to an event. See recorder.h.
#include "recorder.h"

#include "placed.h"
#include "ramlens_port.h"
#include "real.h"
#include "threads.h"

#include <errno.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
extern void *__libc_stack_end; // glibc: outer end of the first thread's stack

enum {
    PATH_BYTES = 4096,
    GRANULARITY = 4
}; // glibc aligns blocks to 16 on x86-64 and, since 2.26, on i386

static uint32_t not_alive;
uint32_t *recorder_alive = &not_alive;

static struct {
    struct ramlens_recorder core;
    struct ramlens_stacks stacks;
    struct recorder_thread *threads; ///< All ever made, newest first; insert-only.
    uint32_t *alive_page;            ///< A page that the kernel empties in a forked child.
    bool started;                    ///< recorder_start() was tried.
    bool children;                   ///< Forked children record too, each into a file of its own.
    bool placed;                     ///< A placed run: its parent wants to know the stacks.
    pthread_key_t ending;
    char path[PATH_BYTES];
    char base_path[PATH_BYTES]; ///< As given; children add their process id.
} recorder;

static __thread struct recorder_thread *self __attribute__((tls_model("initial-exec")));

// ---- start

static uint32_t intern(uint32_t outer, uintptr_t address) {
    if (!modules_known(address))
        modules_refresh(&recorder.core, &recorder.stacks);
    uint32_t number = ramlens_stacks_intern(&recorder.stacks, &recorder.core, outer, address);
    if (recorder.placed)
        placed_stack_known(number, outer, address);
    return number;
}

static void define_clock(void) {
    uint8_t body[32];
    uint8_t *at = ramlens_wire_put_varint(body, ramlens_port_time() / RAMLENS_WIRE_PARTS);
    at = ramlens_wire_put_varint(at, trace_clock_nanoseconds());
    ramlens_define(&recorder.core, RAMLENS_WIRE_CLOCK, body, (size_t)(at - body));
}

static void find_program(char path[PATH_BYTES]) {
    ssize_t length = readlink("/proc/self/exe", path, PATH_BYTES - 1);
    path[length < 0 ? 0 : length] = '\0';
}

/// Starts the trace of this image in recorder.path. False when the file cannot be used.
static bool begin_image(void) {
    if (!trace_file_open(recorder.path))
        return false;
    memset(&recorder.core, 0, sizeof recorder.core);
    memset(&recorder.stacks, 0, sizeof recorder.stacks);
    char path[PATH_BYTES];
    find_program(path);
    struct ramlens_image image = { .pointer_bytes = sizeof(void *),
        .granularity = recorder.placed ? placed_granularity() : GRANULARITY,
        .ticks_per_second = trace_clock_rate(),
        .nanoseconds = trace_clock_nanoseconds(),
        .process = (uint32_t)getpid(),
        .path = path,
        .platform = "linux" };
    ramlens_recorder_init(&recorder.core, &image);
    define_clock();
    modules_reset();
    modules_refresh(&recorder.core, &recorder.stacks);
    if (recorder.placed)
        placed_begin();
    return true;
}

/// Our own look-up: getenv may not be ready before the C library's constructor.
static const char *environment(const char *name) {
    size_t length = strlen(name);
    for (char **e = environ; *e != NULL; e++)
        if (strncmp(*e, name, length) == 0 && (*e)[length] == '=')
            return *e + length + 1;
    return NULL;
}

static long number_of(const char *text) {
    long n = 0;
    while (text != NULL && *text >= '0' && *text <= '9')
        n = n * 10 + (*text++ - '0');
    return n;
}

/// Appends ".PID" to the path for a child's own file.
static void name_child_file(void) {
    char digits[16];
    int count = 0;
    for (long pid = getpid(); pid > 0; pid /= 10)
        digits[count++] = (char)('0' + pid % 10);
    size_t length = strlen(recorder.base_path);
    if (length + (size_t)count + 2 > PATH_BYTES)
        return;
    memcpy(recorder.path, recorder.base_path, length);
    recorder.path[length++] = '.';
    while (count > 0)
        recorder.path[length++] = digits[--count];
    recorder.path[length] = '\0';
}

static void thread_ending(void *thread);

static bool begin_placed(const char *place) {
    char program[PATH_BYTES];
    find_program(program);
    return placed_open(place, program);
}

static bool prepare(const char *path) {
    size_t length = strlen(path);
    if (length >= PATH_BYTES)
        return false;
    memcpy(recorder.base_path, path, length + 1);
    memcpy(recorder.path, path, length + 1);
    const char *children = environment("RAMLENS_CHILDREN");
    recorder.children = children != NULL && *children == '1';
    bool mine = number_of(environment("RAMLENS_PID")) == getpid();
    if (!mine && !recorder.children)
        return false;
    if (!mine)
        name_child_file();
    const char *place = mine ? environment("RAMLENS_PLACE") : NULL;
    recorder.placed = place != NULL && begin_placed(place);
    void *page = ramlens_port_map(4096);
    if (page == NULL || madvise(page, 4096, MADV_WIPEONFORK) != 0)
        return false;
    recorder.alive_page = page;
    static const struct unwind_port port = { ramlens_port_map, intern };
    unwind_init(&port);
    trace_clock_init();
    return pthread_key_create(&recorder.ending, thread_ending) == 0;
}

/// Begins to record if the environment says so. Called once, by the first allocation after the C library is up.
static void start(void) {
    recorder.started = true;
    int saved = errno;
    const char *path = environment("RAMLENS_TRACE");
    if (path != NULL && !real_is_bypassed() && prepare(path) && begin_image()) {
        *recorder.alive_page = RECORDER_ON;
        recorder_alive = recorder.alive_page;
    }
    errno = saved;
}

// ---- threads

static struct recorder_thread *reusable_thread(void) {
    for (struct recorder_thread *t = __atomic_load_n(&recorder.threads, __ATOMIC_ACQUIRE);
            t != NULL; t = t->next) {
        uint32_t ending = 1;
        if (__atomic_load_n(&t->ending, __ATOMIC_RELAXED) != 1 ||
                syscall(SYS_tgkill, getpid(), t->system_id, 0) == 0)
            continue;
        if (__atomic_compare_exchange_n(
                    &t->ending, &ending, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return t;
    }
    return NULL;
}

static struct recorder_thread *new_thread(void) {
    struct recorder_thread *t = ramlens_port_map(sizeof *t);
    if (t == NULL)
        return NULL;
    t->next = __atomic_load_n(&recorder.threads, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(
            &recorder.threads, &t->next, t, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
    return t;
}

/// A zeroed state for the calling thread, from a thread that has ended or new.
static struct recorder_thread *take_thread(void) {
    struct recorder_thread *t = reusable_thread();
    if (t == NULL)
        return new_thread();
    ramlens_stream_flush(&t->streams[0]);
    ramlens_stream_flush(&t->streams[1]);
    unwind_thread_release(t->unwind);
    struct recorder_thread *next = t->next;
    memset(t, 0, sizeof *t);
    t->next = next;
    return t;
}

static struct recorder_thread *attach(uint32_t number, uintptr_t stack_high) {
    int saved = errno;
    struct recorder_thread *t = take_thread();
    if (t != NULL) {
        t->depth = 1; // what follows must not come back
        self = t;
        t->number = number;
        t->system_id = (int32_t)syscall(SYS_gettid);
        t->unwind = unwind_thread_new(stack_high);
        ramlens_stream_init(&recorder.core, &t->streams[0], number);
        ramlens_stream_init(&recorder.core, &t->streams[1], number);
        char name[32] = "";
        syscall(SYS_prctl, PR_GET_NAME, name);
        recorder_thread_name(number, t->system_id, name);
        pthread_setspecific(recorder.ending, t);
        t->depth = 0;
    }
    errno = saved;
    return t;
}

uint32_t recorder_thread_reserve(void) {
    return ramlens_thread_number(&recorder.core);
}

void recorder_thread_begin(uint32_t number, uintptr_t stack_high, struct thread_life *life) {
    if (!recorder_is_alive() || self != NULL)
        return;
    struct recorder_thread *t = attach(number, stack_high);
    if (t != NULL) {
        t->created = 1;
        t->life = life;
    }
}

static __attribute__((noinline)) struct recorder_thread *attach_unknown(void) {
    bool first = syscall(SYS_gettid) == getpid();
    uintptr_t high = (uintptr_t)(first ? __libc_stack_end : __builtin_frame_address(0));
    return attach(recorder_thread_reserve(), high);
}

/// The thread's destructors run: note its end where pthread_create noted its beginning, and make its blocks safe. Later destructors may
/// still allocate; the state stays until the kernel has forgotten the thread.
static void thread_ending(void *thread) {
    struct recorder_thread *t = thread;
    if (!recorder_is_alive() || self != t)
        return;
    if (t->created) {
        t->depth++;
        recorder_note_kernel(
                t, KERNEL_DESTROY, KERNEL_THREAD, t->number, 0, (struct call_site){ 0, 0 });
        if (placed_is_on())
            placed_object_end(t, KERNEL_THREAD, t->number, 0, true);
        threads_ended(t->life);
        t->depth--;
    }
    ramlens_stream_flush(&t->streams[0]);
    ramlens_stream_flush(&t->streams[1]);
    __atomic_store_n(&t->ending, 1, __ATOMIC_RELEASE);
}

void recorder_thread_name(uint32_t number, int32_t system_id, const char *name) {
    uint8_t body[96];
    size_t length = strnlen(name, 63);
    uint8_t *at = ramlens_wire_put_varint(body, number);
    at = ramlens_wire_put_varint(at, (uint64_t)system_id);
    at = ramlens_wire_put_bytes(at, name, length);
    ramlens_define(&recorder.core, RAMLENS_WIRE_THREAD, body, (size_t)(at - body));
}

void recorder_rename_self(const char *name) {
    struct recorder_thread *t = recorder_enter();
    if (t == NULL)
        return;
    recorder_thread_name(t->number, t->system_id, name);
    recorder_leave(t);
}

// ---- counters

static void define_counters(void) {
    struct unwind_counts c;
    unwind_count(&c);
    const uint64_t values[] = { trace_file_map_bytes(), c.walks, c.hits, c.frames_walked,
        c.frames_matched, c.expressions, c.signal_frames, c.no_rule, c.too_deep };
    uint32_t lost_allocs, lost_frees;
    ramlens_recorder_lost(&recorder.core, &lost_allocs, &lost_frees);
    uint8_t body[160];
    uint8_t *at = ramlens_wire_put_varint(body, lost_allocs);
    at = ramlens_wire_put_varint(at, lost_frees);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        at = ramlens_wire_put_varint(at, values[i]);
    ramlens_define(&recorder.core, RAMLENS_WIRE_COUNTERS, body, (size_t)(at - body));
}

/// Whether `now` is more than twice what was told before; then it is told now. Two threads at a time may both say so.
// NOLINTNEXTLINE(readability-non-const-parameter): stored to
static bool has_doubled(uint32_t *told, uint32_t now) {
    bool doubled = now > __atomic_load_n(told, __ATOMIC_RELAXED) * 2;
    if (doubled)
        __atomic_store_n(told, now, __ATOMIC_RELAXED);
    return doubled;
}

/// Without room for another block nothing says what is lost from now on, unless the program ends in order. So it is said ahead, in the open block of
/// the definitions, each time the loss has doubled.
static void tell_losses(void) {
    static uint32_t told_allocs, told_frees;
    uint32_t allocs, frees;
    ramlens_recorder_lost(&recorder.core, &allocs, &frees);
    bool doubled = has_doubled(&told_allocs, allocs);
    if (has_doubled(&told_frees, frees) || doubled)
        define_counters();
}

// ---- events

static __attribute__((noinline)) void begin_or_tell(void) {
    if (*recorder_alive == RECORDER_FULL)
        tell_losses();
    else if (!recorder.started && environ != NULL)
        start();
}

struct recorder_thread *recorder_enter(void) {
    if (__builtin_expect(*recorder_alive != RECORDER_ON, 0)) {
        begin_or_tell();
        if (!recorder_is_alive())
            return NULL;
    }
    struct recorder_thread *t = self;
    if (__builtin_expect(t == NULL, 0) && (t = attach_unknown()) == NULL)
        return NULL;
    t->depth++;
    return t;
}

void recorder_leave(struct recorder_thread *t) {
    t->depth--;
}

uint32_t recorder_stack(struct recorder_thread *t, struct call_site site) {
    if (site.slot == 0)
        return 0;
    return unwind_stack(t->depth == 1 ? t->unwind : NULL, site.slot, site.frame);
}

// One copy, so that what it calls is part of it.
__attribute__((noinline)) void recorder_note(struct recorder_thread *t, uint64_t time,
        const void *address, struct call_site site, struct ramlens_wire_request *request) {
    if (__builtin_expect(t->depth > 2, 0)) {
        ramlens_stream_lose(&recorder.core, &t->streams[1], request->kind);
        return;
    }
    if (site.slot != 0)
        request->stack = recorder_stack(t, site);
    ramlens_stream_event(
            &recorder.core, &t->streams[t->depth - 1], time, (uintptr_t)address, request);
}

void recorder_reserve(struct recorder_thread *t, size_t bytes) {
    ramlens_stream_reserve(&recorder.core, &t->streams[t->depth - 1], bytes);
}

void recorder_note_ordered(struct recorder_thread *t, uint64_t time, const void *address,
        const struct ramlens_wire_request *request) {
    ramlens_stream_ordered(
            &recorder.core, &t->streams[t->depth - 1], time, (uintptr_t)address, request);
}

uint64_t recorder_before(struct recorder_thread *t, const void *address) {
    if (t->depth > 2)
        return ramlens_port_time();
    return ramlens_stream_before(&recorder.core, &t->streams[t->depth - 1], (uintptr_t)address);
}

void recorder_note_record_at(struct recorder_thread *t, uint64_t time,
        enum ramlens_wire_record type, const uint8_t *body, size_t size) {
    if (t->depth <= 2)
        ramlens_stream_record(&recorder.core, &t->streams[t->depth - 1], time, type, body, size);
}

void recorder_note_record(struct recorder_thread *t, enum ramlens_wire_record type,
        const uint8_t *body, size_t size) {
    recorder_note_record_at(t, ramlens_port_time(), type, body, size);
}

void recorder_define(enum ramlens_wire_record type, const uint8_t *body, size_t size) {
    ramlens_define(&recorder.core, type, body, size);
}

uint32_t recorder_note_kernel(struct recorder_thread *t, enum kernel_operation operation,
        enum kernel_object object, uint64_t address, uint64_t size, struct call_site site) {
    uint8_t body[64];
    uint8_t *at = ramlens_wire_put_varint(body, operation);
    at = ramlens_wire_put_varint(at, object);
    uint32_t stack = recorder_stack(t, site);
    at = ramlens_wire_put_varint(at, address);
    at = ramlens_wire_put_varint(at, stack);
    at = ramlens_wire_put_varint(at, size);
    recorder_note_record(t, RAMLENS_WIRE_KERNEL, body, (size_t)(at - body));
    return stack;
}

void recorder_modules_refresh(void) {
    if (recorder_is_alive())
        modules_refresh(&recorder.core, &recorder.stacks);
}

/// Another library of the same process may listen, too; the loader finds it, or leaves this null.
extern void ramlens_next_checkpoint(const char *name, unsigned cycle)
        __attribute__((weak, visibility("default")));

__attribute__((visibility("default"))) void ramlens_runtime_checkpoint(
        const char *name, unsigned cycle);

void ramlens_runtime_checkpoint(const char *name, unsigned cycle) {
    struct recorder_thread *t = recorder_enter();
    if (t == NULL)
        return;
    threads_reclaim(t);
    uint8_t body[96];
    uint8_t *at = ramlens_wire_put_varint(body, cycle);
    at = ramlens_wire_put_bytes(at, name, strnlen(name, 63));
    if (placed_is_on() && t->depth == 1) {
        placed_give_late(t);
        placed_checkpoint(t, body, (size_t)(at - body));
    } else
        recorder_note_record(t, RAMLENS_WIRE_CHECKPOINT, body, (size_t)(at - body));
    modules_refresh(&recorder.core, &recorder.stacks);
    define_clock();
    recorder_leave(t);
    if (ramlens_next_checkpoint != NULL)
        ramlens_next_checkpoint(name, cycle);
}

// ---- end, and children

/// At exit: what is still in open blocks is in the file already; the blocks of other threads are left to the reader, because their
/// owners may be running.
__attribute__((destructor)) static void finish(void) {
    struct recorder_thread *t = recorder_enter();
    if (t == NULL)
        return;
    trace_file_ending();
    modules_refresh(&recorder.core, &recorder.stacks);
    define_clock();
    define_counters();
    ramlens_recorder_end(&recorder.core);
    ramlens_recorder_flush(&recorder.core);
    if (t->depth == 1)
        ramlens_stream_flush(&t->streams[0]);
    recorder_leave(t);
}

static void before_fork(void) {
    placed_before_fork();
    ramlens_port_lock();
}

static void after_fork(void) {
    ramlens_port_unlock();
    placed_after_fork();
}

/// In a forked child the kernel has emptied the page of recorder_alive: nothing is recorded, unless children were asked for.
static void in_child(void) {
    after_fork();
    unwind_after_fork();
    if (!recorder.children || recorder.alive_page == NULL)
        return;
    int saved = errno;
    name_child_file();
    recorder.threads = NULL;
    self = NULL;
    if (begin_image())
        *recorder.alive_page = RECORDER_ON;
    errno = saved;
}

__attribute__((constructor)) static void constructor(void) {
    struct recorder_thread *t = recorder_enter();
    if (t == NULL)
        return;
    // Held across the fork, so that a child does not inherit them from a thread that it does not have.
    pthread_atfork(before_fork, after_fork, in_child);
    recorder_leave(t);
}
