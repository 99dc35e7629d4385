/// Trace files made block by block, with what no recorder would do, too: holes, damage, other
/// versions. For tests.
#ifndef RAMLENS_TRACE_BUILDER_H
#define RAMLENS_TRACE_BUILDER_H

#include "ramlens_wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUILDER_STREAMS = 8, BUILDER_BYTES = 32 << 20 };

/// A trace under construction. Zero it, then builder_begin(). `image`, `place_bytes` and `sequence`
/// may be set at any time.
struct builder {
    uint8_t *bytes;
    size_t size;
    size_t place_bytes;                                   ///< Of the next blocks' places.
    uint32_t image;                                       ///< Mark of the next blocks.
    uint32_t sequence[BUILDER_STREAMS];                   ///< Of each stream's next block.
    struct ramlens_wire_encoder encoder[BUILDER_STREAMS]; ///< Of each stream's open block.
    uint64_t previous_address;                            ///< Of the latest stack record.
    int file;
    char path[64];
};

/// Begins an empty trace with places of 512 bytes; frees nothing.
void builder_begin(struct builder *b);
void builder_end(struct builder *b);

/// Opens a block of `stream` (its thread has the same number) behind everything else; a block that
/// was open is closed first. `time` in parts of a tick, as everywhere.
void builder_open(struct builder *b, uint32_t stream, uint64_t time);
void builder_close(struct builder *b, uint32_t stream);
/// `bytes` zero bytes behind the latest block.
void builder_pad(struct builder *b, size_t bytes);

/// An event of stack 1; without room the stream's next block is opened.
void builder_event(struct builder *b, uint32_t stream, uint64_t time, uint8_t kind,
        uint64_t address, uint64_t size);
void builder_request(struct builder *b, uint32_t stream, uint64_t time, uint64_t address,
        const struct ramlens_wire_request *r);
void builder_record(struct builder *b, uint32_t stream, uint64_t time, uint8_t type,
        const void *body, size_t size);

// Definitions, in stream 0, whose block must be open.
void builder_image(struct builder *b, uint64_t time, const char *program);
void builder_stack(struct builder *b, uint32_t number, uint32_t outer, uint64_t address);
void builder_module(
        struct builder *b, uint32_t number, uint64_t low, uint64_t size, const char *path);
/// A record whose body is up to three numbers.
void builder_numbers(struct builder *b, uint32_t stream, uint64_t time, uint8_t type,
        uint64_t first, uint64_t second, uint64_t third);
void builder_thread(struct builder *b, uint32_t number, uint32_t system_id, const char *name);

/// The trace as a file without a name: its path, valid until builder_end(). Call it again after a
/// change.
const char *builder_path(struct builder *b);
/// Size of the file, which may have changed.
size_t builder_file_bytes(const struct builder *b);

#endif
