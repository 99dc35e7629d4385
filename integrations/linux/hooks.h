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
