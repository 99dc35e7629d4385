/// Placed runs: the program's blocks lie in arenas of a target's sizes, given by the model heap (heap/ramlens_heaps.h).
///
/// `ramlens run` names a piece of shared memory (heap/ramlens_placed.h) in RAMLENS_PLACE. One lock guards the heaps; stamps are taken under
/// it and rise strictly, so they number the heaps' operations.
///
/// Not reentrant: a signal handler that interrupts the recorder (depth 2) gets its blocks from the real malloc, and what it frees is kept
/// for the next operation. A forked child uses the real malloc, and leaves the blocks that it has inherited as they are.
#ifndef RAMLENS_LINUX_PLACED_H
#define RAMLENS_LINUX_PLACED_H

#include "ramlens_placed.h"
#include "recorder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The state that hooks look at. `on` changes once, before the program runs.
struct placed_state {
    bool on;
    uintptr_t low;  ///< All arenas lie in [low, low + size).
    uintptr_t size; ///< 0: there are none.
};
extern struct placed_state placed_state;

static inline bool placed_is_on(void) {
    return __builtin_expect(placed_state.on, 0);
}

/// Whether `p` lies in an arena.
static inline bool placed_holds(const void *p) {
    return (uintptr_t)p - placed_state.low < placed_state.size;
}

// ---- start

/// Maps the shared memory that `path` names and tells the parent of the image that begins; it says what heaps there are. False when the memory is
/// not that of this ramlens, or nobody answers.
bool placed_open(const char *path, const char *program);
/// log2 of the alignment of blocks.
uint8_t placed_granularity(void);
/// Makes the heaps and writes their records. Blocks are placed from now on. A failure is told to the parent.
void placed_begin(void);

/// For the parent: a module was mapped or unmapped; `number` counts from 1.
void placed_module_loaded(uint32_t number, const struct ramlens_placed_module *m);
void placed_module_gone(uint32_t number);
/// For the parent: stack `number` is the frame at `address`, called from `outer`. To be called before the number is used.
void placed_stack_known(uint32_t number, uint32_t outer, uintptr_t address);

// ---- decisions

/// What serves the requests of stack `stack`; NULL: only a host has them. Asks the parent the first time. `kind`: RAMLENS_PLACED_CALL or _NEW.
const struct ramlens_asks *placed_asks(uint32_t stack, uint32_t kind);
/// The same for a kernel object's creation: whether it counts on the target.
bool placed_counts(uint32_t stack);
/// The target's blocks behind kernel objects of a kind.
const struct ramlens_placed_object *placed_object(uint32_t object);
/// Counts a block that only the host has.
void placed_count_host(size_t size);

// ---- operations; each is done under the lock, with room in the stream made before

/// What an operation did.
struct placed_result {
    void *p;             ///< NULL: nothing was given.
    uint64_t stamp;      ///< Of the operation.
    uint64_t from_stamp; ///< Of a moving realloc: of its first half. Just before `stamp`.
    uint32_t capability; ///< Bits of the try that served, of a failure the last one.
    bool has_capability; ///< False: the rule of malloc decided.
    uint8_t heap;        ///< Of `p`; of a failure RAMLENS_PLACED_NO_HEAP.
    uint8_t from_heap;   ///< Of the old block.
};

/// In place of a heap's number: the target's heaps were asked, and gave nothing.
enum { RAMLENS_PLACED_NO_HEAP = 255 };

struct placed_result placed_take(const struct ramlens_asks *asks, size_t size, size_t alignment);
/// `p` is a block; `size` is not 0.
struct placed_result placed_resize(const struct ramlens_asks *asks, void *p, size_t size);
/// Both stamps and `from_heap` of the result.
struct placed_result placed_give(void *p);
/// Keeps `p` for the next operation, which frees it: from a signal handler inside the recorder. `request`: as it is to be noted.
void placed_give_later(void *p, const struct ramlens_wire_request *request);
/// Takes one of those out of the list; false when there is none. It is still a block.
bool placed_take_later(void **p, struct ramlens_wire_request *request);
/// Frees all of them, as the entered thread (hooks_placed.c).
void placed_give_late(struct recorder_thread *t);
/// Bytes that the program may use at `p`.
size_t placed_usable(const void *p);
/// Heap of the block at `p`.
uint8_t placed_heap(const void *p);

/// Sums over the heaps that offer `capability` (0: all).
enum placed_figure { PLACED_FREE, PLACED_LARGEST, PLACED_MINIMUM };
size_t placed_figure(enum placed_figure which, uint32_t capability);

/// Writes the entered thread's checkpoint record and the heaps' figures of the same moment: before it lie all operations with earlier stamps,
/// and no later one.
void placed_checkpoint(struct recorder_thread *t, const uint8_t *body, size_t size);

// ---- fork

void placed_before_fork(void);
void placed_after_fork(void); ///< In both.

// ---- kernel objects (placed_objects.c)

/// Takes the target's blocks behind the object at `address` (a thread's or key's number), of stack `stack`, on the entered thread. Those that an
/// object of that address still has are lost, as on the target. `stack_bytes`, `stack_asks`: of a thread's stack, 0 and NULL: the plan's.
void placed_object_create(struct recorder_thread *t, enum kernel_object object, uint64_t address,
        uint32_t stack, uint32_t stack_bytes, const struct ramlens_asks *stack_asks);
/// Gives them back: those that live while a thread's function runs only, or all that are left.
void placed_object_end(struct recorder_thread *t, enum kernel_object object, uint64_t address,
        uint32_t stack, bool running_only);

#endif
