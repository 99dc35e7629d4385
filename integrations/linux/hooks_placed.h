/// The allocation hooks of a placed run: what the hooks do once placed_is_on(). See placed.h. In other runs the real functions serve, and the
/// events are as usual.
///
/// All take the thread as recorder_enter() gave it, NULL included, and leave it.
#ifndef RAMLENS_HOOKS_PLACED_H
#define RAMLENS_HOOKS_PLACED_H

#include "hooks.h"
#include "placed.h"

/// A call of `kind` for `size` bytes (0 counts as 1), `alignment` 0 for none. `asks`: what the program itself asks for; NULL: its stack decides.
/// NULL with errno ENOMEM when there is none.
void *placed_allocate(struct recorder_thread *t, struct call_site site, uint8_t kind,
        size_t alignment, size_t size, const struct ramlens_asks *asks);

/// operator new's own way to memory, for `r`. A failure is not noted: the real operator tries again.
void *placed_new(struct recorder_thread *t, struct call_site site, struct ramlens_wire_request *r);

/// realloc(p, size).
void *placed_reallocate(struct recorder_thread *t, struct call_site site, void *p, size_t size,
        const struct ramlens_asks *asks);

/// Frees `p`, wherever it lies, noted as `r`.
void placed_release(
        struct recorder_thread *t, struct call_site site, void *p, struct ramlens_wire_request *r);

/// Frees `p`, which lies in an arena, when nothing can be recorded: a forked child leaves it.
void placed_release_unseen(void *p);

#endif
