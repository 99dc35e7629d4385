// Encoder and decoder of traces: see ramlens_wire.h for the contract and FORMAT.md for the bytes.
//
// The event path is written to be cheap on both sides: one tag byte holds the forms of three
// fields, and each field is at most one short store. Caches are direct-mapped by hashes that are
// part of the format, so that encoder and decoder change them in step without sending indices for
// insertions.
#include "ramlens_wire.h"

#include <string.h>

enum { TAG_EVENT = 0x40, TAG_EXACT = 0x80, TAG_CLASS = 0xc0 };
enum { PART_BITS = 8 }; // of a tick
enum { REQUEST_SUCCESSOR = 0, REQUEST_INDEX = 1, REQUEST_LITERAL = 2 };
enum { ADDRESS_PREDICTED = 0, ADDRESS_INDEX = 1, ADDRESS_NEAR = 2, ADDRESS_FAR = 3 };
enum { FAR_EXPLICIT = RAMLENS_WIRE_SEGMENTS }; // in place of a segment's slot
enum { BLOCK_OPEN = 1u << 0, BLOCK_CLOSING = 1u << 1, MAX_VARINT = 10 };

static const uint8_t time_bytes[] = { 0, 1, 2, 4 }; // of a time, by its form
static const uint8_t magic[3] = { 'R', 'L', 'T' };

// -------------------------------------------------------------------------------------------------
// Bytes

static void put_u16(uint8_t *at, uint32_t v) {
    at[0] = (uint8_t)v;
    at[1] = (uint8_t)(v >> 8);
}

static void put_u32(uint8_t *at, uint32_t v) {
    put_u16(at, v);
    put_u16(at + 2, v >> 16);
}

static uint32_t get_u16(const uint8_t *at) {
    return (uint32_t)(at[0] | at[1] << 8);
}

static uint32_t get_u32(const uint8_t *at) {
    return get_u16(at) | get_u16(at + 2) << 16;
}

static uint64_t get_u64(const uint8_t *at) {
    return get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

uint8_t *ramlens_wire_put_varint(uint8_t *at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

static uint64_t zigzag(int64_t v) {
    return ((uint64_t)v << 1) ^ (uint64_t)(v < 0 ? -1 : 0);
}

static int64_t unzigzag(uint64_t v) {
    return (int64_t)((v >> 1) ^ (0 - (v & 1)));
}

uint8_t *ramlens_wire_put_signed(uint8_t *at, int64_t value) {
    return ramlens_wire_put_varint(at, zigzag(value));
}

uint8_t *ramlens_wire_put_bytes(uint8_t *at, const void *bytes, size_t size) {
    at = ramlens_wire_put_varint(at, size);
    memcpy(at, bytes, size);
    return at + size;
}

uint64_t ramlens_wire_get_varint(struct ramlens_wire_reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->at == r->end)
            break;
        uint8_t byte = *r->at++;
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    r->ok = false;
    r->at = r->end;
    return 0;
}

int64_t ramlens_wire_get_signed(struct ramlens_wire_reader *r) {
    return unzigzag(ramlens_wire_get_varint(r));
}

const uint8_t *ramlens_wire_get_bytes(struct ramlens_wire_reader *r, size_t *size) {
    uint64_t count = ramlens_wire_get_varint(r);
    *size = 0;
    if (!r->ok || count > (size_t)(r->end - r->at)) {
        r->ok = false;
        r->at = r->end;
        return NULL;
    }
    const uint8_t *bytes = r->at;
    r->at += count;
    *size = (size_t)count;
    return bytes;
}

// -------------------------------------------------------------------------------------------------
// Checksum

#if defined(__x86_64__) || defined(__i386__)
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(
        uint32_t crc, const uint8_t *at, size_t size) {
#    ifdef __x86_64__
    uint64_t wide = crc;
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
#    endif
    for (; size >= 4; size -= 4, at += 4) {
        uint32_t word;
        memcpy(&word, at, 4);
        crc = __builtin_ia32_crc32si(crc, word);
    }
    for (; size > 0; size--, at++)
        crc = __builtin_ia32_crc32qi(crc, *at);
    return crc;
}
#endif

// Half a byte at a time: 64 bytes of table suit a device, and a host has the instruction.
static uint32_t crc_by_table(uint32_t crc, const uint8_t *at, size_t size) {
    static const uint32_t table[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc,
        0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75 };
    for (; size > 0; size--, at++) {
        crc = table[(crc ^ *at) & 15] ^ (crc >> 4);
        crc = table[(crc ^ (uint32_t)(*at >> 4)) & 15] ^ (crc >> 4);
    }
    return crc;
}

uint32_t ramlens_wire_crc32c(uint32_t crc, const void *bytes, size_t size) {
    crc = ~crc;
#if defined(__x86_64__) || defined(__i386__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_by_instruction(crc, bytes, size);
#endif
    return ~crc_by_table(crc, bytes, size);
}

// -------------------------------------------------------------------------------------------------
// Blocks

enum {
    AT_MAJOR = 3,
    AT_MINOR = 4,
    AT_HEADER = 5,
    AT_FLAGS = 6,
    AT_GRANULARITY = 7,
    AT_STREAM = 8,
    AT_THREAD = 12,
    AT_SEQUENCE = 16,
    AT_LENGTH = 20,
    AT_TIME = 24,
    AT_LOST_ALLOCS = 32,
    AT_LOST_FREES = 36,
    AT_IMAGE = 40,
    AT_CRC = 44,
};

/// Over header and payload, with these flags and the checksum itself taken as 0.
static uint32_t block_checksum(
        const uint8_t *at, size_t header_bytes, size_t payload_bytes, uint8_t flags) {
    uint8_t header[UINT8_MAX];
    memcpy(header, at, header_bytes);
    header[AT_FLAGS] = flags;
    put_u32(header + AT_CRC, 0);
    uint32_t crc = ramlens_wire_crc32c(0, header, header_bytes);
    return ramlens_wire_crc32c(crc, at + header_bytes, payload_bytes);
}

void ramlens_wire_block_open(uint8_t *at, const struct ramlens_wire_block *b) {
    uint8_t header[RAMLENS_WIRE_HEADER_BYTES] = { 0 };
    memcpy(header, magic, sizeof magic);
    header[AT_MAJOR] = RAMLENS_WIRE_MAJOR;
    header[AT_MINOR] = RAMLENS_WIRE_MINOR;
    header[AT_HEADER] = RAMLENS_WIRE_HEADER_BYTES;
    header[AT_FLAGS] = BLOCK_OPEN;
    header[AT_GRANULARITY] = b->granularity;
    put_u32(header + AT_STREAM, b->stream);
    put_u32(header + AT_THREAD, b->thread);
    put_u32(header + AT_SEQUENCE, b->sequence);
    put_u32(header + AT_TIME, (uint32_t)(b->time >> PART_BITS));
    put_u32(header + AT_TIME + 4, (uint32_t)(b->time >> PART_BITS >> 32));
    put_u32(header + AT_LOST_ALLOCS, b->lost_allocs);
    put_u32(header + AT_LOST_FREES, b->lost_frees);
    put_u32(header + AT_IMAGE, b->image);
    put_u32(header + AT_CRC, block_checksum(header, sizeof header, 0, BLOCK_OPEN));
    memcpy(at, header, sizeof header);
}

/// Stores a byte after everything that stands before it in the program: a writer may be cut off
/// between any two stores.
static void put_last(uint8_t *at, unsigned byte) {
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint8_t *)at = (uint8_t)byte;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

void ramlens_wire_block_close(
        uint8_t *at, size_t payload_bytes, uint32_t lost_allocs, uint32_t lost_frees) {
    put_last(at + AT_FLAGS, BLOCK_OPEN | BLOCK_CLOSING);
    put_u32(at + AT_LENGTH, (uint32_t)payload_bytes);
    put_u32(at + AT_LOST_ALLOCS, lost_allocs);
    put_u32(at + AT_LOST_FREES, lost_frees);
    put_u32(at + AT_CRC, block_checksum(at, at[AT_HEADER], payload_bytes, 0));
    put_last(at + AT_FLAGS, 0);
}

static void read_header(const uint8_t *at, struct ramlens_wire_block *out) {
    *out = (struct ramlens_wire_block){ .minor = at[AT_MINOR],
        .open = (at[AT_FLAGS] & BLOCK_OPEN) != 0,
        .granularity = at[AT_GRANULARITY],
        .stream = get_u32(at + AT_STREAM),
        .thread = get_u32(at + AT_THREAD),
        .image = get_u32(at + AT_IMAGE),
        .sequence = get_u32(at + AT_SEQUENCE),
        .time = get_u64(at + AT_TIME) << PART_BITS,
        .lost_allocs = get_u32(at + AT_LOST_ALLOCS),
        .lost_frees = get_u32(at + AT_LOST_FREES) };
}

enum ramlens_wire_verdict ramlens_wire_block_read(
        const uint8_t *at, size_t size, struct ramlens_wire_block *out, size_t *header_bytes) {
    if (size < sizeof magic + 1 || memcmp(at, magic, sizeof magic) != 0)
        return RAMLENS_WIRE_NOT_A_BLOCK;
    if (at[AT_MAJOR] != RAMLENS_WIRE_MAJOR)
        return RAMLENS_WIRE_NEWER;
    if (size < RAMLENS_WIRE_HEADER_BYTES)
        return RAMLENS_WIRE_CUT;
    read_header(at, out);
    *header_bytes = at[AT_HEADER];
    // While a block is being closed, its length and checksum are in the making.
    bool closing = at[AT_FLAGS] == (BLOCK_OPEN | BLOCK_CLOSING);
    uint32_t payload = closing ? 0 : get_u32(at + AT_LENGTH);
    if (*header_bytes < RAMLENS_WIRE_HEADER_BYTES ||
            out->granularity > RAMLENS_WIRE_GRANULARITY_MAX ||
            payload > RAMLENS_WIRE_BLOCK_BYTES - *header_bytes || (out->open && payload != 0))
        return RAMLENS_WIRE_BAD_CHECKSUM;
    if (size < *header_bytes + payload)
        return RAMLENS_WIRE_CUT;
    if (!closing &&
            get_u32(at + AT_CRC) != block_checksum(at, *header_bytes, payload, at[AT_FLAGS]))
        return RAMLENS_WIRE_BAD_CHECKSUM;
    out->payload_bytes = (uint16_t)payload;
    return RAMLENS_WIRE_OK;
}

// -------------------------------------------------------------------------------------------------
// What both sides remember

static unsigned request_slot(const struct ramlens_wire_request *r) {
    uint32_t h = r->stack * 0x9e3779b1u + (uint32_t)r->size * 0x85ebca77u + r->kind * 0xc2b2ae3du;
    return (h ^ h >> 13) * 0x27d4eb2fu >> 24;
}

static unsigned address_slot(uint64_t address, unsigned granularity) {
    return (uint32_t)(address >> granularity) * 0x9e3779b1u >> 24;
}

/// The part of an address that is the same within 65,536 granules, and its slot.
static uint64_t segment_of(uint64_t address, unsigned granularity) {
    return address >> (granularity + 16);
}

static unsigned segment_slot(uint64_t segment) {
    return (uint32_t)segment * 0x9e3779b1u >> 26;
}

/// Where the successor of the two latest requests is remembered.
static unsigned successor_slot(const struct ramlens_wire_state *s) {
    return (s->latest * 5u + s->previous * 83u) % RAMLENS_WIRE_SUCCESSORS;
}

/// Field by field: what was just stored in pieces cannot be read as a whole without waiting. And
/// without branches.
static inline bool request_equal(
        const struct ramlens_wire_request *a, const struct ramlens_wire_request *b) {
    uint32_t small =
            (uint32_t)((a->kind ^ b->kind) | (a->flags ^ b->flags) | (a->region ^ b->region)) |
            (a->stack ^ b->stack) | (a->alignment ^ b->alignment) | (a->capability ^ b->capability);
    return ((a->size ^ b->size) | small) == 0;
}

static void state_reset(struct ramlens_wire_state *s, uint64_t time) {
    memset(s, 0, sizeof *s);
    s->ticks = time >> PART_BITS;
    s->time = time;
}

/// What changes after each event, on both sides.
static inline void state_follow(
        struct ramlens_wire_state *s, uint8_t slot, uint64_t address, unsigned granularity) {
    s->successor[successor_slot(s)] = slot;
    s->previous = s->latest;
    s->latest = slot;
    s->address = address;
    s->recent[slot].address = address;
    s->addresses[address_slot(address, granularity)] = address;
    uint64_t segment = segment_of(address, granularity);
    s->segments[segment_slot(segment)] = segment;
}

// -------------------------------------------------------------------------------------------------
// Encoder

void ramlens_wire_begin(struct ramlens_wire_encoder *e, uint8_t *buffer, size_t size,
        const struct ramlens_wire_block *header) {
    ramlens_wire_block_open(buffer, header);
    e->begin = buffer;
    e->at = buffer + RAMLENS_WIRE_HEADER_BYTES;
    e->end = buffer + size;
    e->granularity = header->granularity;
    state_reset(&e->state, header->time);
}

size_t ramlens_wire_end(struct ramlens_wire_encoder *e, uint32_t lost_allocs, uint32_t lost_frees) {
    size_t size = (size_t)(e->at - e->begin);
    ramlens_wire_block_close(e->begin, size - RAMLENS_WIRE_HEADER_BYTES, lost_allocs, lost_frees);
    e->begin = NULL;
    return size;
}

static uint8_t *put_literal(uint8_t *at, const struct ramlens_wire_request *r) {
    *at++ = r->kind;
    *at++ = r->flags;
    at = ramlens_wire_put_varint(at, r->stack);
    at = ramlens_wire_put_varint(at, r->size);
    if (r->flags & RAMLENS_WIRE_HAS_ALIGNMENT)
        at = ramlens_wire_put_varint(at, r->alignment);
    if (r->flags & RAMLENS_WIRE_HAS_CAPABILITY)
        at = ramlens_wire_put_varint(at, r->capability);
    if (r->flags & RAMLENS_WIRE_HAS_REGION)
        *at++ = r->region;
    return at;
}

/// Encodes the request; returns the form and stores the slot.
static inline unsigned encode_request(struct ramlens_wire_encoder *e,
        const struct ramlens_wire_request *r, uint8_t **at, uint8_t *slot) {
    struct ramlens_wire_state *s = &e->state;
    unsigned own = request_slot(r);
    struct ramlens_wire_recent *recent = &s->recent[own];
    *slot = (uint8_t)own;
    if (__builtin_expect(!request_equal(&recent->request, r), 0)) {
        recent->request = *r;
        recent->address = s->address;
        *at = put_literal(*at, r);
        return REQUEST_LITERAL;
    }
    unsigned form = s->successor[successor_slot(s)] != own;
    **at = (uint8_t)own;
    *at += form;
    return form;
}

static void encode_far(struct ramlens_wire_encoder *e, uint64_t address, uint8_t **at) {
    struct ramlens_wire_state *s = &e->state;
    uint64_t segment = segment_of(address, e->granularity);
    unsigned slot = segment_slot(segment);
    if (s->segments[slot] == segment && (address & ((1u << e->granularity) - 1)) == 0) {
        *(*at)++ = (uint8_t)slot;
        put_u16(*at, (uint32_t)(address >> e->granularity));
        *at += 2;
        return;
    }
    *(*at)++ = FAR_EXPLICIT;
    *at = ramlens_wire_put_signed(*at, (int64_t)(address - s->address));
}

/// The forms but the last are as many bytes long as their number says.
static inline unsigned encode_address(
        struct ramlens_wire_encoder *e, uint64_t address, uint8_t slot, uint8_t **at) {
    struct ramlens_wire_state *s = &e->state;
    uint64_t base = s->recent[slot].address;
    unsigned index = address_slot(address, e->granularity);
    uint64_t odd = (address ^ base) & ((1u << e->granularity) - 1);
    uint64_t near = zigzag((int64_t)(address - base) >> e->granularity);
    bool indexed = s->addresses[index] == address;
    bool is_far = (near > 0xffff) | (odd != 0);
    if (__builtin_expect(is_far && !indexed, 0)) {
        encode_far(e, address, at);
        return ADDRESS_FAR;
    }
    unsigned form = indexed ? ADDRESS_INDEX : ADDRESS_NEAR;
    unsigned value = indexed ? index : (unsigned)near;
    form = base == address ? ADDRESS_PREDICTED : form;
    put_u16(*at, value);
    *at += form;
    return form;
}

static inline unsigned encode_time(uint64_t delta, uint8_t **at) {
    put_u32(*at, (uint32_t)delta);
    unsigned form = (unsigned)(delta > 0) + (unsigned)(delta > 0xff) + (unsigned)(delta > 0xffff);
    *at += time_bytes[form];
    return form;
}

/// Whole ticks from the stream's latest event to `time`; 0 when that is earlier.
static uint64_t ticks_since(const struct ramlens_wire_state *s, uint64_t time) {
    uint64_t ticks = time >> PART_BITS;
    return ticks > s->ticks ? ticks - s->ticks : 0;
}

bool ramlens_wire_event(struct ramlens_wire_encoder *e, uint64_t time, uint64_t address,
        const struct ramlens_wire_request *r, bool exact) {
    struct ramlens_wire_state *s = &e->state;
    uint64_t delta = ticks_since(s, time);
    if (e->end - e->at < RAMLENS_WIRE_EVENT_MAX || delta > UINT32_MAX)
        return false;
    uint8_t *tag = e->at;
    uint8_t *at = tag + 1;
    uint8_t slot;
    unsigned form = encode_request(e, r, &at, &slot) << 4;
    form |= encode_address(e, address, slot, &at) << 2;
    form |= encode_time(delta, &at);
    *at = (uint8_t)(time >> PART_BITS < s->ticks ? 0 : time);
    at += exact;
    s->ticks += delta;
    state_follow(s, slot, address, e->granularity);
    // encode_time() stores four bytes whatever the length; the byte after the event must read as
    // padding.
    *at = RAMLENS_WIRE_PADDING;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    *(volatile uint8_t *)tag = (uint8_t)((exact ? TAG_EXACT : TAG_EVENT) | form);
    e->at = at;
    return true;
}

bool ramlens_wire_record(struct ramlens_wire_encoder *e, uint64_t time,
        enum ramlens_wire_record type, const uint8_t *body, size_t size) {
    uint64_t delta = ticks_since(&e->state, time);
    if ((size_t)(e->end - e->at) < size + (size_t)2 * MAX_VARINT + 2)
        return false;
    uint8_t stamp[MAX_VARINT];
    size_t stamp_bytes = (size_t)(ramlens_wire_put_varint(stamp, delta) - stamp);
    uint8_t *tag = e->at;
    uint8_t *at = ramlens_wire_put_varint(tag + 1, stamp_bytes + size);
    memcpy(at, stamp, stamp_bytes);
    if (size > 0)
        memcpy(at + stamp_bytes, body, size);
    e->at = at + stamp_bytes + size;
    e->state.ticks += delta;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    *(volatile uint8_t *)tag = (uint8_t)type;
    return true;
}

// -------------------------------------------------------------------------------------------------
// Decoder

void ramlens_wire_decode(struct ramlens_wire_decoder *d, const uint8_t *payload, size_t size,
        uint64_t time, uint8_t granularity, bool open) {
    d->at = payload;
    d->end = payload + size;
    d->granularity = granularity;
    d->open = open;
    state_reset(&d->state, time);
}

/// A varint that must fit into 32 bits.
static uint32_t get_varint32(struct ramlens_wire_reader *in) {
    uint64_t value = ramlens_wire_get_varint(in);
    in->ok = in->ok && value <= UINT32_MAX;
    return (uint32_t)value;
}

static bool decode_literal(struct ramlens_wire_reader *in, struct ramlens_wire_request *r) {
    if (in->end - in->at < 4)
        return false;
    *r = (struct ramlens_wire_request){ .kind = in->at[0], .flags = in->at[1] };
    in->at += 2;
    r->stack = get_varint32(in);
    r->size = ramlens_wire_get_varint(in);
    if (r->flags & RAMLENS_WIRE_HAS_ALIGNMENT)
        r->alignment = get_varint32(in);
    if (r->flags & RAMLENS_WIRE_HAS_CAPABILITY)
        r->capability = get_varint32(in);
    if (r->flags & RAMLENS_WIRE_HAS_REGION) {
        if (in->at == in->end)
            return false;
        r->region = *in->at++;
    }
    return in->ok && (r->flags & ~RAMLENS_WIRE_FLAGS_KNOWN) == 0;
}

static bool decode_request(struct ramlens_wire_decoder *d, unsigned form,
        struct ramlens_wire_reader *in, uint8_t *slot) {
    struct ramlens_wire_state *s = &d->state;
    if (form == REQUEST_SUCCESSOR) {
        *slot = s->successor[successor_slot(s)];
        return true;
    }
    if (form == REQUEST_INDEX) {
        if (in->at == in->end)
            return false;
        *slot = *in->at++;
        return true;
    }
    struct ramlens_wire_request r;
    if (form != REQUEST_LITERAL || !decode_literal(in, &r))
        return false;
    *slot = (uint8_t)request_slot(&r);
    s->recent[*slot].request = r;
    s->recent[*slot].address = s->address;
    return true;
}

static bool decode_far(
        struct ramlens_wire_decoder *d, struct ramlens_wire_reader *in, uint64_t *address) {
    struct ramlens_wire_state *s = &d->state;
    if (in->at == in->end)
        return false;
    unsigned slot = *in->at++;
    if (slot > FAR_EXPLICIT)
        return false;
    if (slot == FAR_EXPLICIT) {
        *address = s->address + (uint64_t)ramlens_wire_get_signed(in);
        return in->ok;
    }
    if (in->end - in->at < 2)
        return false;
    *address = (s->segments[slot] << 16 | get_u16(in->at)) << d->granularity;
    in->at += 2;
    return true;
}

static bool decode_address(struct ramlens_wire_decoder *d, unsigned form, uint8_t slot,
        struct ramlens_wire_reader *in, uint64_t *address) {
    struct ramlens_wire_state *s = &d->state;
    size_t left = (size_t)(in->end - in->at);
    switch (form) {
    case ADDRESS_PREDICTED:
        *address = s->recent[slot].address;
        return true;
    case ADDRESS_INDEX:
        if (left < 1)
            return false;
        *address = s->addresses[*in->at++];
        return true;
    case ADDRESS_NEAR:
        if (left < 2)
            return false;
        *address =
                s->recent[slot].address + ((uint64_t)unzigzag(get_u16(in->at)) << d->granularity);
        in->at += 2;
        return true;
    default:
        return decode_far(d, in, address);
    }
}

/// One look at four bytes serves all forms, without a branch that is as good as random.
static inline bool decode_time(unsigned form, struct ramlens_wire_reader *in, uint64_t *time) {
    static const uint32_t masks[] = { 0, 0xff, 0xffff, 0xffffffff };
    size_t length = time_bytes[form];
    size_t left = (size_t)(in->end - in->at);
    uint8_t padded[4] = { 0 };
    const uint8_t *bytes = in->at;
    if (left < length)
        return false;
    if (__builtin_expect(left < sizeof padded, 0))
        bytes = memcpy(padded, in->at, left);
    *time += get_u32(bytes) & masks[form];
    in->at += length;
    return true;
}

/// Time never goes back within a stream: an event without its part of a tick happened no earlier
/// than the one before.
static void follow_time(struct ramlens_wire_state *s, unsigned part) {
    uint64_t time = s->ticks << PART_BITS | part;
    s->time = time > s->time ? time : s->time;
}

static enum ramlens_wire_step decode_event(
        struct ramlens_wire_decoder *d, struct ramlens_wire_item *out) {
    struct ramlens_wire_state *s = &d->state;
    unsigned tag = *d->at;
    struct ramlens_wire_reader in = { d->at + 1, d->end, true };
    uint8_t slot;
    if (!decode_request(d, tag >> 4 & 3, &in, &slot) ||
            !decode_address(d, tag >> 2 & 3, slot, &in, &out->address) ||
            !decode_time(tag & 3, &in, &s->ticks))
        return RAMLENS_WIRE_BROKEN;
    unsigned part = 0;
    if ((tag & TAG_CLASS) == TAG_EXACT) {
        if (in.at == in.end)
            return RAMLENS_WIRE_BROKEN;
        part = *in.at++;
    }
    follow_time(s, part);
    state_follow(s, slot, out->address, d->granularity);
    out->record = 0;
    out->time = s->time;
    out->request = s->recent[slot].request;
    d->at = in.at;
    return RAMLENS_WIRE_ITEM;
}

static enum ramlens_wire_step decode_record(
        struct ramlens_wire_decoder *d, struct ramlens_wire_item *out) {
    struct ramlens_wire_reader in = { d->at + 1, d->end, true };
    size_t size;
    const uint8_t *body = ramlens_wire_get_bytes(&in, &size);
    if (body == NULL)
        return RAMLENS_WIRE_BROKEN;
    struct ramlens_wire_reader stamp = { body, body + size, true };
    uint64_t delta = ramlens_wire_get_varint(&stamp);
    if (!stamp.ok)
        return RAMLENS_WIRE_BROKEN;
    d->state.ticks += delta;
    follow_time(&d->state, 0);
    out->record = *d->at;
    out->time = d->state.time;
    out->body = stamp.at;
    out->body_bytes = (size_t)(stamp.end - stamp.at);
    d->at = in.at;
    return RAMLENS_WIRE_ITEM;
}

enum ramlens_wire_step ramlens_wire_next(
        struct ramlens_wire_decoder *d, struct ramlens_wire_item *out) {
    if (d->at == d->end)
        return RAMLENS_WIRE_DONE;
    unsigned tag = *d->at;
    if ((tag & TAG_CLASS) == TAG_EVENT || (tag & TAG_CLASS) == TAG_EXACT)
        return decode_event(d, out);
    if ((tag & TAG_CLASS) != 0)
        return RAMLENS_WIRE_BROKEN;
    if (tag == RAMLENS_WIRE_PADDING)
        return d->open ? RAMLENS_WIRE_DONE : RAMLENS_WIRE_BROKEN;
    return decode_record(d, out);
}
