/// The blocks of a trace file one after another, damaged ones passed over.
#ifndef RAMLENS_TRACE_BLOCKS_H
#define RAMLENS_TRACE_BLOCKS_H

#include "ramlens_wire.h"
#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

enum { TRACE_BUFFER_BYTES = 1 << 18 };

/// A sequential reader over a file descriptor; private but for `damage`, `failed` and `newer_*`.
struct trace_blocks {
    int fd;
    uint64_t offset; ///< Of `at` in the file.
    uint64_t limit;  ///< Bytes of the file from here on are not read.
    uint8_t *buffer; ///< TRACE_BUFFER_BYTES.
    size_t at;
    size_t filled;
    bool failed;           ///< The file could not be read; errno tells.
    uint8_t newer_version; ///< Of the first block of another major version; 0: none was met.
    uint64_t newer_offset;
    struct trace_damage damage;
};

/// One block; `payload` points into the reader's buffer and is valid until the next call.
struct trace_block {
    struct ramlens_wire_block header;
    uint64_t offset;
    uint64_t end; ///< Byte after it in the file; of an open block, after what was cut off, too.
    const uint8_t *payload;
    size_t payload_bytes;
    size_t header_bytes;
};

/// Reads [from, limit) of `fd`; `buffer` has TRACE_BUFFER_BYTES.
void trace_blocks_init(
        struct trace_blocks *b, int fd, uint8_t *buffer, uint64_t from, uint64_t limit);

/// The next block whose checksum is right, or that was never closed (its payload then ends after
/// its last whole item). False at the end.
bool trace_blocks_next(struct trace_blocks *b, struct trace_block *out);

#endif
