// See placed_link.h.
#include "placed_link.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool placed_link_open(struct arena *a, struct placed_link *link, struct err *err) {
    *link = (struct placed_link){ .fd = memfd_create("ramlens-placed", MFD_CLOEXEC) };
    if (link->fd < 0 || ftruncate(link->fd, sizeof *link->shared) != 0)
        return fail(err, NULL, ERR_NO_OFFSET, "no memory to share with the program: %s",
                strerror(errno));
    link->shared = mmap(NULL, sizeof *link->shared, PROT_READ | PROT_WRITE,
            MAP_SHARED | MAP_NORESERVE, link->fd, 0);
    if (link->shared == MAP_FAILED)
        return fail(err, NULL, ERR_NO_OFFSET, "no memory to share with the program: %s",
                strerror(errno));
    link->path = arena_printf(a, "/proc/%ld/fd/%d", (long)getpid(), link->fd);
    link->shared->magic = RAMLENS_PLACED_MAGIC;
    link->shared->version = RAMLENS_PLACED_VERSION;
    link->shared->bytes = sizeof *link->shared;
    link->shared->parent = (uint32_t)getpid();
    return true;
}

static uint32_t state_of(struct placed_link *link) {
    return __atomic_load_n(&link->shared->state, __ATOMIC_ACQUIRE);
}

bool placed_link_wait(struct placed_link *link, unsigned milliseconds) {
    uint32_t state = state_of(link);
    if (state == RAMLENS_PLACED_ASKED)
        return true;
    const struct timespec time = { milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 };
    syscall(SYS_futex, &link->shared->state, FUTEX_WAIT, state, &time, NULL, 0);
    return state_of(link) == RAMLENS_PLACED_ASKED;
}

void placed_link_answered(struct placed_link *link) {
    __atomic_store_n(&link->shared->state, RAMLENS_PLACED_ANSWERED, __ATOMIC_RELEASE);
    syscall(SYS_futex, &link->shared->state, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void placed_link_close(struct placed_link *link) {
    if (link->shared != NULL && link->shared != MAP_FAILED) {
        __atomic_store_n(&link->shared->closed, 1, __ATOMIC_RELEASE);
        placed_link_answered(link);
        munmap(link->shared, sizeof *link->shared);
    }
    if (link->fd >= 0)
        close(link->fd);
}
