/// Standard output by write(2): the reason of a failure stays known, unlike with a FILE.
#include "out.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void out_open(struct out *o, int fd) {
    o->fd = fd;
    o->reason = 0;
    o->len = 0;
}

/// Waits until a descriptor that someone made non-blocking takes bytes again.
static void wait_until_writable(int fd) {
    struct pollfd wait = { .fd = fd, .events = POLLOUT };
    (void)poll(&wait, 1, -1);
}

static void write_all(struct out *o, const char *at, size_t len) {
    while (len && !o->reason) {
        ssize_t written = write(o->fd, at, len);
        if (written >= 0) {
            at += written;
            len -= (size_t)written;
        } else if (errno == EAGAIN) {
            wait_until_writable(o->fd);
        } else if (errno != EINTR) {
            o->reason = errno;
        }
    }
}

void out_flush(struct out *o) {
    write_all(o, o->buffer, o->len);
    o->len = 0;
}

void out_add(struct out *o, struct str s) {
    if (s.len > sizeof(o->buffer) - o->len) {
        out_flush(o);
    }
    if (s.len > sizeof(o->buffer)) {
        write_all(o, s.at, s.len);
    } else if (s.len) {
        memcpy(o->buffer + o->len, s.at, s.len);
        o->len += s.len;
    }
}

bool out_close(struct out *o, struct err *err) {
    out_flush(o);
    if (o->reason && o->reason != EPIPE) {
        return fail(err, NULL, ERR_NO_OFFSET, "standard output cannot be written: %s",
                strerror(o->reason));
    }
    return true;
}
