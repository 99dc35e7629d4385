/// The bytes of a trace: encoder and decoder, one source for both sides.
///
/// FORMAT.md beside this file is normative; this header is its C face. Freestanding C11: no heap,
/// no libc beyond memcpy and memset. Nothing here locks: an encoder belongs to one writer at a
/// time, a decoder to one reader. A decoder treats its input as hostile and never reads outside the
/// bytes given.
#ifndef RAMLENS_WIRE_H
#define RAMLENS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Times are in parts of a tick, RAMLENS_WIRE_PARTS to a tick. The wire has whole ticks but for
/// events that ask for more.
enum {
    RAMLENS_WIRE_PARTS = 256,
    RAMLENS_WIRE_MAJOR = 1, ///< Readers of another major version must refuse the block.
    RAMLENS_WIRE_MINOR = 1, ///< Readers of a lower minor version may skip what they do not know.
    RAMLENS_WIRE_BLOCK_BYTES = 4096,   ///< No block is larger, its header included.
    RAMLENS_WIRE_HEADER_BYTES = 48,    ///< Size of a block header of this version.
    RAMLENS_WIRE_EVENT_MAX = 64,       ///< No event needs more bytes.
    RAMLENS_WIRE_GRANULARITY_MAX = 12, ///< Highest granularity: pages.
    RAMLENS_WIRE_CACHE =
            256, ///< Requests and addresses that a stream remembers; indices are one byte.
    RAMLENS_WIRE_SUCCESSORS = 1024, ///< Pairs of requests whose successor it remembers.
    RAMLENS_WIRE_SEGMENTS = 64,     ///< Stretches of 65,536 granules that it remembers.
};

/// The stream that carries definitions (modules, stacks, threads, images). Others belong to
/// threads.
#define RAMLENS_WIRE_DEFINITIONS 0u

/// What an event did. Kinds below RAMLENS_WIRE_FIRST_ALLOC end the life of the block at their
/// address.
enum ramlens_wire_kind {
    RAMLENS_WIRE_FREE = 0,
    RAMLENS_WIRE_DELETE = 1,
    RAMLENS_WIRE_DELETE_ARRAY = 2,
    RAMLENS_WIRE_REALLOC_FROM =
            3, ///< First half of a moving realloc: the old block, stamped before the call.
    RAMLENS_WIRE_REALLOC_FREE = 4, ///< realloc(p, 0) that freed `p`.
    RAMLENS_WIRE_KERNEL_FREE = 5,  ///< A block of a kernel object ends: placed runs only.

    RAMLENS_WIRE_FIRST_ALLOC = 16,
    RAMLENS_WIRE_MALLOC = 16,
    RAMLENS_WIRE_CALLOC = 17,  ///< Size is the product.
    RAMLENS_WIRE_REALLOC = 18, ///< realloc(NULL, n).
    RAMLENS_WIRE_REALLOC_TO =
            19, ///< Second half of a moving realloc: the new block, stamped after the call.
    RAMLENS_WIRE_REALLOC_IN_PLACE = 20, ///< The block keeps its address and has a new size.
    RAMLENS_WIRE_ALIGNED_ALLOC = 21,
    RAMLENS_WIRE_MEMALIGN = 22, ///< memalign, valloc, pvalloc.
    RAMLENS_WIRE_POSIX_MEMALIGN = 23,
    RAMLENS_WIRE_NEW = 24,
    RAMLENS_WIRE_NEW_ARRAY = 25,
    RAMLENS_WIRE_KERNEL_BLOCK =
            26, ///< The target's block behind a kernel object: placed runs only.
    RAMLENS_WIRE_KIND_COUNT = 27,
};

/// Flags of a request; those that say HAS mean that the value follows in the literal form.
enum ramlens_wire_flag {
    RAMLENS_WIRE_FAILED = 1u << 0, ///< Nothing was given (a realloc left the old block as it was).
    RAMLENS_WIRE_NOTHROW = 1u << 1,
    RAMLENS_WIRE_SIZED = 1u << 2, ///< A sized delete; `size` is what it was told.
    RAMLENS_WIRE_HAS_ALIGNMENT = 1u << 3,
    RAMLENS_WIRE_HAS_CAPABILITY = 1u << 4,
    RAMLENS_WIRE_HAS_REGION = 1u << 5,
    RAMLENS_WIRE_FLAGS_KNOWN = (1u << 6) - 1,
};

/// What was asked for, by whom: the part of an event that repeats.
struct ramlens_wire_request {
    uint64_t size;       ///< Bytes asked for; 0 for a free.
    uint32_t stack;      ///< Number of the call stack; 0 when unknown.
    uint8_t kind;        ///< enum ramlens_wire_kind.
    uint8_t flags;       ///< enum ramlens_wire_flag.
    uint8_t region;      ///< Region given, numbered by region records; with HAS_REGION.
    uint8_t reserved;    ///< 0.
    uint32_t alignment;  ///< Bytes, a power of two; with HAS_ALIGNMENT.
    uint32_t capability; ///< Capability bits asked for; with HAS_CAPABILITY.
};

/// Record types other than events. All carry their length, so that an unknown one can be skipped.
enum ramlens_wire_record {
    RAMLENS_WIRE_PADDING = 0x00,
    RAMLENS_WIRE_IMAGE =
            0x01, ///< A process image or firmware begins: width, ticks, granularity, name.
    RAMLENS_WIRE_CLOCK = 0x02,      ///< A pair of tick and nanoseconds.
    RAMLENS_WIRE_MODULE = 0x03,     ///< Code was mapped: addresses, build-id, path.
    RAMLENS_WIRE_UNLOAD = 0x04,     ///< Code was unmapped.
    RAMLENS_WIRE_THREAD = 0x05,     ///< A thread's number, system id and name.
    RAMLENS_WIRE_STACK = 0x06,      ///< A call stack: outer stack and innermost return address.
    RAMLENS_WIRE_CHECKPOINT = 0x07, ///< A named moment.
    RAMLENS_WIRE_KERNEL = 0x08,     ///< A kernel object was created, destroyed or first used.
    RAMLENS_WIRE_REGION = 0x09, ///< A heap's number and name, where it lies here and on the target.
    RAMLENS_WIRE_CONTEXT = 0x0a,   ///< Core and interrupt context of what follows in this stream.
    RAMLENS_WIRE_RAW_STACK = 0x0b, ///< Raw stack window, to be unwound by the host.
    RAMLENS_WIRE_COUNTERS = 0x0c,  ///< The recorder's own memory and counters.
    RAMLENS_WIRE_END = 0x0d,       ///< The image ended in order.
    RAMLENS_WIRE_HEAPS = 0x0e,     ///< What the heaps of a placed run had free at a checkpoint.
    RAMLENS_WIRE_PLACED =
            0x0f, ///< The image's blocks were placed by a target's rules: which, with what options.
};

// -------------------------------------------------------------------------------------------------
// Blocks

/// A block header in memory; on the wire the fields stand as FORMAT.md says, little-endian.
struct ramlens_wire_block {
    uint32_t stream;
    uint32_t thread;      ///< Number of the thread; 0 for definitions.
    uint32_t image;       ///< Differs from that of the image before it in the trace.
    uint32_t sequence;    ///< Of this stream, from 0.
    uint64_t time;        ///< Parts, absolute: start of the stream's clock in this block.
    uint32_t lost_allocs; ///< Of this stream so far, monotone.
    uint32_t lost_frees;
    uint16_t payload_bytes; ///< 0 while the block is open.
    uint8_t granularity;    ///< log2 of the alignment of most addresses, at most 12.
    bool open;              ///< Not closed yet: no length, and the checksum is the header's alone.
    uint8_t minor;          ///< Minor version of the writer.
};

/// Writes `b` as the header of an open block at `at` (RAMLENS_WIRE_HEADER_BYTES writable bytes).
void ramlens_wire_block_open(uint8_t *at, const struct ramlens_wire_block *b);
/// Closes the block at `at`, whose payload is `payload_bytes` long: length and checksum. Cut off
/// anywhere in between, the block still reads as an open one.
void ramlens_wire_block_close(
        uint8_t *at, size_t payload_bytes, uint32_t lost_allocs, uint32_t lost_frees);

/// Why bytes are no block.
enum ramlens_wire_verdict {
    RAMLENS_WIRE_OK,
    RAMLENS_WIRE_NOT_A_BLOCK,  ///< No magic.
    RAMLENS_WIRE_NEWER,        ///< Magic of another major version.
    RAMLENS_WIRE_CUT,          ///< The bytes end inside the block.
    RAMLENS_WIRE_BAD_CHECKSUM, ///< Length or header impossible, or checksum wrong.
};

/// Reads the header at `at` and checks length and checksum: of an open block the header's, of a
/// closed one the payload's too.
/// `size`: bytes available. `header_bytes` receives the size of the header, where the payload begins.
/// `out` and `header_bytes` are valid after RAMLENS_WIRE_OK.
enum ramlens_wire_verdict ramlens_wire_block_read(
        const uint8_t *at, size_t size, struct ramlens_wire_block *out, size_t *header_bytes);

/// CRC-32C (Castagnoli, reflected, polynomial 0x1EDC6F41; RFC 3720 appendix B.4), continued from
/// `crc`; begin with 0.
uint32_t ramlens_wire_crc32c(uint32_t crc, const void *bytes, size_t size);

// -------------------------------------------------------------------------------------------------
// Encoder

/// A request that a stream remembers. Half a cache line: an event reads and changes it whole.
struct ramlens_wire_recent {
    struct ramlens_wire_request request;
    uint64_t address; ///< Of the latest event of this request.
};

/// What both sides remember of a stream within a block; reset at its start.
struct ramlens_wire_state {
    uint64_t ticks;   ///< Of the latest event.
    uint64_t time;    ///< The same in parts, as exactly as known; a decoder's.
    uint64_t address; ///< Address of the latest event.
    uint8_t latest;   ///< Slot of the latest request.
    uint8_t previous; ///< Slot of the one before.
    struct ramlens_wire_recent recent[RAMLENS_WIRE_CACHE]; ///< Requests by hash.
    uint64_t addresses[RAMLENS_WIRE_CACHE];                ///< Recent addresses by hash.
    uint64_t segments[RAMLENS_WIRE_SEGMENTS];   ///< Upper parts of recent addresses by hash.
    uint8_t successor[RAMLENS_WIRE_SUCCESSORS]; ///< Which request followed two others last time.
};

struct ramlens_wire_encoder {
    uint8_t *begin; ///< The block; NULL when none is open.
    uint8_t *at;    ///< Next payload byte.
    uint8_t *end;
    uint8_t granularity; ///< As in the block's header.
    struct ramlens_wire_state state;
};

/// Starts a block at `buffer` (`size` zeroed bytes, RAMLENS_WIRE_HEADER_BYTES + 128 at least,
/// RAMLENS_WIRE_BLOCK_BYTES at most).
void ramlens_wire_begin(struct ramlens_wire_encoder *e, uint8_t *buffer, size_t size,
        const struct ramlens_wire_block *header);
/// Closes the open block; returns its size with header. The encoder has no block afterwards.
size_t ramlens_wire_end(struct ramlens_wire_encoder *e, uint32_t lost_allocs, uint32_t lost_frees);

/// Appends an event. False when the block has no room for it or is too old for its time: end the
/// block, begin another, try again (cannot fail twice). `time` in parts; one earlier than the
/// stream's latest is taken as equal to it. `exact`: keep the part of the tick, too, in a byte
/// more. The tag byte is stored last: a block cut off by a crash decodes to its last whole event.
bool ramlens_wire_event(struct ramlens_wire_encoder *e, uint64_t time, uint64_t address,
        const struct ramlens_wire_request *r, bool exact);

/// Appends a record made at `time` with `size` body bytes; false when there is no room.
bool ramlens_wire_record(struct ramlens_wire_encoder *e, uint64_t time,
        enum ramlens_wire_record type, const uint8_t *body, size_t size);

/// Body writers: store at `at` and return the byte after. A varint takes at most 10 bytes.
uint8_t *ramlens_wire_put_varint(uint8_t *at, uint64_t value);
uint8_t *ramlens_wire_put_signed(uint8_t *at, int64_t value);
/// Length as varint, then the bytes.
uint8_t *ramlens_wire_put_bytes(uint8_t *at, const void *bytes, size_t size);

// -------------------------------------------------------------------------------------------------
// Decoder

/// One decoded item: an event (`record` is 0) or a record with its body.
struct ramlens_wire_item {
    uint8_t record;                      ///< enum ramlens_wire_record, or 0 for an event.
    uint64_t time;                       ///< Parts; of a stream never going back.
    uint64_t address;                    ///< Of an event.
    struct ramlens_wire_request request; ///< Of an event.
    const uint8_t *body;                 ///< Of a record; points into the block.
    size_t body_bytes;
};

struct ramlens_wire_decoder {
    const uint8_t *at;
    const uint8_t *end;
    uint8_t granularity;
    bool open; ///< The block was never closed: decoding ends silently at the first padding byte.
    struct ramlens_wire_state state;
};

/// Starts on a payload of `size` bytes of a block that begins at `time`.
void ramlens_wire_decode(struct ramlens_wire_decoder *d, const uint8_t *payload, size_t size,
        uint64_t time, uint8_t granularity, bool open);

enum ramlens_wire_step {
    RAMLENS_WIRE_ITEM,
    RAMLENS_WIRE_DONE,
    RAMLENS_WIRE_BROKEN, ///< `at` stays at the item that makes no sense.
};
enum ramlens_wire_step ramlens_wire_next(
        struct ramlens_wire_decoder *d, struct ramlens_wire_item *out);

/// Reads a body piece by piece; after an overrun every read gives 0 and `ok` is false.
struct ramlens_wire_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool ok;
};
uint64_t ramlens_wire_get_varint(struct ramlens_wire_reader *r);
int64_t ramlens_wire_get_signed(struct ramlens_wire_reader *r);
/// A length and that many bytes, in place; NULL and 0 after an overrun.
const uint8_t *ramlens_wire_get_bytes(struct ramlens_wire_reader *r, size_t *size);

#ifdef __cplusplus
}
#endif
#endif
