// See trace_seal.h. Blocks are closed in place: their length and checksum are all that is missing.
#include "trace_seal.h"

#include "arena.h"
#include "trace_blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// Zeros the bytes that an item that was never finished left behind the payload: they would look
/// like damage.
static bool clear_rest(int fd, const struct trace_block *block) {
    static const uint8_t zeros[RAMLENS_WIRE_BLOCK_BYTES];
    uint64_t from = block->offset + block->header_bytes + block->payload_bytes;
    size_t size = (size_t)(block->end - from);
    return pwrite(fd, zeros, size, (off_t)from) == (ssize_t)size;
}

static bool close_block(int fd, const struct trace_block *block) {
    uint8_t copy[RAMLENS_WIRE_BLOCK_BYTES];
    memcpy(copy, block->payload - block->header_bytes, block->header_bytes + block->payload_bytes);
    ramlens_wire_block_close(
            copy, block->payload_bytes, block->header.lost_allocs, block->header.lost_frees);
    return clear_rest(fd, block) && pwrite(fd, copy, block->header_bytes, (off_t)block->offset) ==
                                            (ssize_t)block->header_bytes;
}

/// Closes what is open; `*end` receives the end of the last block, or of the damage behind it.
static bool seal_blocks(struct arena *a, int fd, uint64_t size, uint64_t *end) {
    struct trace_blocks blocks;
    struct trace_block block;
    uint64_t damaged = 0;
    *end = 0;
    trace_blocks_init(&blocks, fd, NEW_ARRAY(a, uint8_t, TRACE_BUFFER_BYTES), 0, size);
    while (trace_blocks_next(&blocks, &block)) {
        if (block.header.open && !close_block(fd, &block))
            return false;
        *end = block.offset + block.header_bytes + block.payload_bytes;
        damaged = blocks.damage.bytes;
    }
    if (blocks.damage.bytes > damaged)
        *end = size;
    return !blocks.failed;
}

bool trace_seal(const char *path, struct err *err) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        fail(err, path, ERR_NO_OFFSET, "cannot be opened: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    struct arena a = { 0 };
    uint64_t end;
    bool done =
            seal_blocks(&a, fd, (uint64_t)status.st_size, &end) && ftruncate(fd, (off_t)end) == 0;
    int reason = errno;
    arena_clear(&a);
    close(fd);
    if (!done)
        return fail(err, path, ERR_NO_OFFSET,
                "cannot be closed in order: %s; it can be read all the same", strerror(reason));
    return true;
}
