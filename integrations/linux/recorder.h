/// The Linux recorder's inside: what the hooks use to turn a call into an event.
///
/// A hook does four things: find the thread (recorder_enter), make the real call, note the event, leave. Between
/// enter and leave nothing may allocate or call a function of the program. A signal handler that allocates while its thread is inside
/// gets the thread's second stream; deeper nesting is counted as lost.
#ifndef RAMLENS_RECORDER_H
#define RAMLENS_RECORDER_H

#include "ramlens_record.h"
#include "ramlens_stacks.h"
#include "unwind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Where a hook was called from: the cell of its return address and the caller's frame pointer.
struct call_site {
    uintptr_t slot;
    uintptr_t frame;
};

/// The call site of the function it is used in, which must be compiled with a frame pointer and not inlined.
#define CALL_SITE()                                                                                \
    ((struct call_site){ (uintptr_t)__builtin_frame_address(0) + sizeof(uintptr_t),                \
            *(const uintptr_t *)__builtin_frame_address(0) })

/// An operator new under way whose memory comes from an inner malloc.
struct pending_new {
    struct ramlens_wire_request request; ///< kind 0: none.
    struct call_site site;
    uintptr_t caller;  ///< What stands at site.slot while the operator runs.
    bool standard;     ///< The standard library's: it asks for what it was asked for, rounded up.
    bool tried;        ///< An inner call has been noted; it failed, or there would be none pending.
    size_t tried_size; ///< What that call asked for.
};

struct thread_life;

/// One thread of the program. Reused after the thread has ended.
struct recorder_thread {
    struct ramlens_stream streams[2]; ///< [1]: for signal handlers that interrupt the recorder.
    struct unwind_thread *unwind;
    struct pending_new pending;
    uint32_t depth;  ///< Nesting of recorder_enter().
    uint32_t number; ///< In the trace, from 1.
    int32_t system_id;
    uint32_t ending;  ///< Its destructors run; reusable once the kernel no longer knows it.
    uint32_t created; ///< By pthread_create, which noted its beginning: its end is noted too.
    struct thread_life *life; ///< Likewise (threads.h); may be NULL.
    struct recorder_thread *next;
};

/// What this process does at this moment; one load tells. OFF before the start, in forked children and after a failure to open the trace.
enum recorder_state {
    RECORDER_OFF = 0,
    RECORDER_ON = 1,
    RECORDER_FULL = 2, ///< Records as far as blocks are open; there was no room for another one.
};
extern uint32_t *recorder_alive;
static inline bool recorder_is_alive(void) {
    return __builtin_expect(*recorder_alive != RECORDER_OFF, 1);
}

/// The calling thread, entered; NULL when nothing is recorded.
struct recorder_thread *recorder_enter(void);
void recorder_leave(struct recorder_thread *t);

/// Notes an event of the entered thread. `time`: stamp (ramlens_port_time()), taken after an allocation, before a free. Finds the request's stack,
/// unless the site is 0.
void recorder_note(struct recorder_thread *t, uint64_t time, const void *address,
        struct call_site site, struct ramlens_wire_request *request);

/// The same where the request's stack is known already.
static inline void recorder_note_known(struct recorder_thread *t, uint64_t time,
        const void *address, struct ramlens_wire_request *request) {
    recorder_note(t, time, address, (struct call_site){ 0, 0 }, request);
}

/// Makes room for `bytes` bytes of items in the entered thread's stream: what is noted next keeps stamps that are taken after this.
void recorder_reserve(struct recorder_thread *t, size_t bytes);

/// Notes an event whose stamp a critical section gave, with its stack; room was made (RAMLENS_WIRE_EVENT_MAX).
void recorder_note_ordered(struct recorder_thread *t, uint64_t time, const void *address,
        const struct ramlens_wire_request *request);

/// A stamp for the free that a realloc of `address` may turn out to be, taken before the real call.
uint64_t recorder_before(struct recorder_thread *t, const void *address);

/// The number of the stack at `site`.
uint32_t recorder_stack(struct recorder_thread *t, struct call_site site);

/// The calling thread has a new name.
void recorder_rename_self(const char *name);

/// Notes a record of the entered thread.
void recorder_note_record(
        struct recorder_thread *t, enum ramlens_wire_record type, const uint8_t *body, size_t size);
/// The same, with a stamp.
void recorder_note_record_at(struct recorder_thread *t, uint64_t time,
        enum ramlens_wire_record type, const uint8_t *body, size_t size);

/// Writes a definition.
void recorder_define(enum ramlens_wire_record type, const uint8_t *body, size_t size);

/// Attaches the calling new thread under `number`; `stack_high` is an address at the outer end of its stack.
void recorder_thread_begin(uint32_t number, uintptr_t stack_high, struct thread_life *life);
/// A number for a thread about to be created.
uint32_t recorder_thread_reserve(void);
/// Defines the name of thread `number`.
void recorder_thread_name(uint32_t number, int32_t system_id, const char *name);

/// Looks for modules that came and went. Not from signal handlers.
void recorder_modules_refresh(void);

/// Kernel objects: operation and object as numbered in FORMAT.md.
enum kernel_operation {
    KERNEL_CREATE = 0,
    KERNEL_DESTROY = 1,
    KERNEL_FIRST_USE = 2,
    KERNEL_RECLAIMED = 3,
};
enum kernel_object {
    KERNEL_MUTEX = 1,
    KERNEL_CONDITION = 2,
    KERNEL_RWLOCK = 3,
    KERNEL_SEMAPHORE = 4,
    KERNEL_THREAD = 5,
    KERNEL_KEY = 6,
    KERNEL_BARRIER = 7,
};
/// Notes what happened to a kernel object; returns the number of the stack at `site`.
uint32_t recorder_note_kernel(struct recorder_thread *t, enum kernel_operation operation,
        enum kernel_object object, uint64_t address, uint64_t size, struct call_site site);

// ---- trace file (trace_file.c)

/// Opens the trace at `path` (kept, not copied) and continues behind what an earlier image of this process wrote. False when that cannot be.
bool trace_file_open(const char *path);
/// Bytes the recorder has taken from the system for itself so far.
uint64_t trace_file_map_bytes(void);
/// The run ends: the block that was kept back for a full disk may be used.
void trace_file_ending(void);
/// Nominal ticks a second and the monotonic clock in nanoseconds.
uint64_t trace_clock_rate(void);
uint64_t trace_clock_nanoseconds(void);
void trace_clock_init(void);

// ---- modules (modules.c)

void modules_refresh(struct ramlens_recorder *r, struct ramlens_stacks *stacks);
void modules_reset(void);
/// Whether `address` lies in a module that is already in the trace.
bool modules_known(uintptr_t address);

#endif
