// Finds the blocks in a trace file: see trace_blocks.h. Zero bytes between blocks are padding;
// anything else that is no whole block is damage, and the search goes on at the next magic.
#include "trace_blocks.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void trace_blocks_init(
        struct trace_blocks *b, int fd, uint8_t *buffer, uint64_t from, uint64_t limit) {
    *b = (struct trace_blocks){ .fd = fd, .offset = from, .limit = limit };
    b->buffer = buffer;
    b->damage.first_offset = ERR_NO_OFFSET;
}

/// Makes at least a whole block's bytes available unless the file ends; returns how many there are.
static size_t fill(struct trace_blocks *b) {
    size_t have = b->filled - b->at;
    if (have >= RAMLENS_WIRE_BLOCK_BYTES || b->failed)
        return have;
    memmove(b->buffer, b->buffer + b->at, have);
    b->at = 0;
    b->filled = have;
    while (b->filled < TRACE_BUFFER_BYTES) {
        uint64_t position = b->offset + b->filled;
        uint64_t left = b->limit > position ? b->limit - position : 0;
        size_t want = TRACE_BUFFER_BYTES - b->filled;
        if (want > left)
            want = (size_t)left;
        ssize_t got = want == 0 ? 0 : pread(b->fd, b->buffer + b->filled, want, (off_t)position);
        if (got < 0 && errno == EINTR)
            continue;
        b->failed = got < 0;
        if (got <= 0)
            break;
        b->filled += (size_t)got;
    }
    return b->filled - b->at;
}

static void skip(struct trace_blocks *b, size_t bytes) {
    b->at += bytes;
    b->offset += bytes;
}

/// Passes over zero bytes; false at the end of the file.
static bool skip_padding(struct trace_blocks *b) {
    for (size_t have; (have = fill(b)) > 0;) {
        const uint8_t *at = b->buffer + b->at;
        size_t n = 0;
        while (n < have && at[n] == 0)
            n++;
        skip(b, n);
        if (n < have)
            return true;
    }
    return false;
}

static void note_damage(struct trace_blocks *b, uint64_t offset, uint64_t bytes) {
    if (b->damage.first_offset == ERR_NO_OFFSET)
        b->damage.first_offset = offset;
    b->damage.bytes += bytes;
}

static const uint8_t magic[4] = { 'R', 'L', 'T', RAMLENS_WIRE_MAJOR };

/// Passes over damaged bytes up to the next magic.
static void skip_damage(struct trace_blocks *b) {
    uint64_t from = b->offset;
    b->damage.blocks++;
    skip(b, 1);
    for (size_t have; (have = fill(b)) >= sizeof magic;) {
        const uint8_t *at = b->buffer + b->at;
        const uint8_t *found = memmem(at, have, magic, sizeof magic);
        if (found != NULL) {
            skip(b, (size_t)(found - at));
            note_damage(b, from, b->offset - from);
            return;
        }
        skip(b, have - (sizeof magic - 1));
    }
    skip(b, fill(b));
    note_damage(b, from, b->offset - from);
}

/// Finds the end of an open block's payload, after its last whole item. False when what follows
/// makes no sense.
static bool find_open_end(struct trace_block *block, size_t most) {
    struct ramlens_wire_decoder d;
    struct ramlens_wire_item item;
    enum ramlens_wire_step step;
    ramlens_wire_decode(&d, block->payload, most - block->header_bytes, block->header.time,
            block->header.granularity, true);
    while ((step = ramlens_wire_next(&d, &item)) == RAMLENS_WIRE_ITEM) {
    }
    block->payload_bytes = (size_t)(d.at - block->payload);
    return step == RAMLENS_WIRE_DONE;
}

/// Takes an open block, and what stands behind its payload: the bytes of an item whose tag was
/// never stored.
static void take_open(struct trace_blocks *b, struct trace_block *block, size_t have) {
    bool whole = have >= RAMLENS_WIRE_BLOCK_BYTES;
    size_t most = whole ? RAMLENS_WIRE_BLOCK_BYTES : have;
    b->damage.open_blocks++;
    bool sense = find_open_end(block, most);
    const uint8_t *rest = block->payload + block->payload_bytes;
    size_t rest_bytes = most - block->header_bytes - block->payload_bytes;
    const uint8_t *next = memmem(rest, rest_bytes, magic, sizeof magic);
    if (next != NULL)
        rest_bytes = (size_t)(next - rest);
    block->end = block->offset + block->header_bytes + block->payload_bytes + rest_bytes;
    if (sense)
        return;
    if (next == NULL && !whole) {
        b->damage.cut = true; // in the middle of its last item
    } else {
        b->damage.blocks++;
        note_damage(b, block->offset, rest_bytes);
    }
}

static void note_newer(struct trace_blocks *b, uint8_t version) {
    if (b->newer_version != 0 || version == 0)
        return;
    b->newer_version = version;
    b->newer_offset = b->offset;
}

static bool take(struct trace_blocks *b, struct trace_block *out, size_t have) {
    const uint8_t *at = b->buffer + b->at;
    switch (ramlens_wire_block_read(at, have, &out->header, &out->header_bytes)) {
    case RAMLENS_WIRE_OK:
        break;
    case RAMLENS_WIRE_CUT:
        b->damage.cut = true;
        skip_damage(b);
        return false;
    case RAMLENS_WIRE_NEWER:
        note_newer(b, at[3]);
        skip_damage(b);
        return false;
    case RAMLENS_WIRE_NOT_A_BLOCK:
    case RAMLENS_WIRE_BAD_CHECKSUM:
        skip_damage(b);
        return false;
    }
    out->offset = b->offset;
    out->payload = at + out->header_bytes;
    out->payload_bytes = out->header.payload_bytes;
    out->end = out->offset + out->header_bytes + out->payload_bytes;
    if (out->header.open)
        take_open(b, out, have);
    skip(b, (size_t)(out->end - out->offset));
    return true;
}

bool trace_blocks_next(struct trace_blocks *b, struct trace_block *out) {
    while (skip_padding(b))
        if (take(b, out, fill(b)))
            return true;
    return false;
}
