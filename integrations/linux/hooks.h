/// What the hook files share: the C, the C++ and the thread functions.
#ifndef RAMLENS_HOOKS_H
#define RAMLENS_HOOKS_H

#include "recorder.h"

/// A function that takes the place of the program's.
#define HOOK __attribute__((visibility("default"), noinline))

/// Notes the allocation of `p` (NULL: it failed), stamped now, and leaves `t`.
void hooks_note_allocation(
        struct recorder_thread *t, struct call_site site, void *p, struct ramlens_wire_request *r);

/// Notes that `p` is about to be freed and leaves `t`.
void hooks_note_free(
        struct recorder_thread *t, struct call_site site, void *p, struct ramlens_wire_request *r);

/// The request to be noted for a call that gave `p`: an operator new under way on this thread gives its own, with its own call site.
struct ramlens_wire_request hooks_take_request(struct recorder_thread *t, uint8_t kind, size_t size,
        const void *p, struct call_site *site);

/// Notes realloc(p, size) == q of stack `stack`, for a block `p` that existed; `before`: from recorder_before().
void hooks_note_realloc(
        struct recorder_thread *t, uint32_t stack, uint64_t before, void *p, size_t size, void *q);

/// Whether an operator that announced its request still runs on the entered thread and the call at `site` is made on its behalf: it lies deeper on the
/// same stack, and the operator's return address is in its place. After an exception has passed the operator it is not; nor is a call
/// that a signal handler or the loader makes while the recorder is at work.
bool hooks_is_pending(const struct recorder_thread *t, struct call_site site);

/// Whether locks that were never initialised by a call have been seen inside heap blocks: only then must each free look
/// for them. One load.
bool locks_in_heap(void);
/// Forgets such locks in the block of `size` bytes at `p`: the next lock at their place is a new one.
void locks_forget_block(const void *p, size_t size);

#endif
