/// The full walk: by rules alone, from the innermost frame to the outermost.
#ifndef _GNU_SOURCE
#    define _GNU_SOURCE
#endif
#include "unwind_walk.h"

#include "unwind.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/// The kernel reads a signal set from where it is told before it finds that what it shall do with
/// it does not exist: EINVAL for readable memory, else EFAULT, and nothing is changed.
bool unwind_can_read(uintptr_t address) {
    enum { NO_OPERATION = -1, SET_BYTES = 8 };
    int saved = errno;
    long result;
    bool can;
    address &= ~(uintptr_t)(SET_BYTES - 1);
    result = syscall(SYS_rt_sigprocmask, NO_OPERATION, address, NULL, SET_BYTES);
    can = result == -1 && errno == EINVAL;
    errno = saved;
    return can;
}

size_t unwind_walk(struct unwind_state *s, uintptr_t ra_slot, uintptr_t bp, uintptr_t *out,
        size_t max, enum unwind_step *last) {
    size_t count = 0;
    unwind_begin(s, ra_slot, &bp);
    *last = s->ip == 0 ? UNWIND_STEP_END : UNWIND_STEP_NEXT;
    while (count < max && *last == UNWIND_STEP_NEXT) {
        out[count++] = s->ip;
        *last = unwind_step(s, NULL);
    }
    s->bp_at = 0; // the cell was this call's
    return count;
}

size_t unwind_full(uintptr_t ra_slot, uintptr_t bp, uintptr_t *out, size_t max) {
    struct unwind_state s;
    enum unwind_step last;
    return unwind_walk(&s, ra_slot, bp, out, max, &last);
}
