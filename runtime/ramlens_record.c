// The recorder's core: see ramlens_record.h. A stream's block is opened when its first event comes
// and closed when it is full or flushed; definitions share one stream under the port's lock.
#include "ramlens_record.h"

#include "ramlens_port.h"

#include <string.h>

enum { BODY_MAX = 1024, MAX_VARINT = 10 };

/// Opens a block for `s`. The clock is read under the lock, so that blocks stand in the order of
/// their times; the events that wait for the block happened no later than that, and nothing that
/// depends on them has happened yet.
static bool open_locked(struct ramlens_recorder *r, struct ramlens_stream *s) {
    size_t size;
    uint8_t *place = ramlens_port_block_take(&size);
    if (place == NULL)
        return false;
    struct ramlens_wire_block header = { .stream = s->number,
        .thread = s->thread,
        .image = r->image,
        .sequence = s->sequence++,
        .time = ramlens_port_time(),
        .lost_allocs = s->lost_allocs,
        .lost_frees = s->lost_frees,
        .granularity = r->granularity };
    ramlens_wire_begin(&s->encoder, place, size, &header);
    r->blocks++;
    return true;
}

void ramlens_stream_flush(struct ramlens_stream *s) {
    uint8_t *block = s->encoder.begin;
    if (block == NULL)
        return;
    size_t size = ramlens_wire_end(&s->encoder, s->lost_allocs, s->lost_frees);
    ramlens_port_block_done(block, size);
}

static bool reopen(struct ramlens_recorder *r, struct ramlens_stream *s) {
    ramlens_stream_flush(s);
    ramlens_port_lock();
    bool done = open_locked(r, s);
    ramlens_port_unlock();
    return done;
}

/// Who touched an address last, and in which tick. Addresses near each other share cache lines of
/// the table; far ones that meet by chance cost a byte now and then.
static uint32_t *mark_of(struct ramlens_recorder *r, uint64_t address) {
    uint32_t granule = (uint32_t)(address >> r->granularity);
    uint32_t far = (uint32_t)(address >> 20) * 0x9e3779b1u >> 16;
    return &r->marks[(granule ^ far) % RAMLENS_RECORD_MARKS];
}

/// The upper half of a mark: stream and address, mixed. A mark that another address left in the
/// same place is as good as another stream's, because what it stood over is unknown.
static inline uint32_t mark_by(const struct ramlens_stream *s, uint64_t address) {
    uint32_t who = s->number * 0x9e3779b1u ^ (uint32_t)(address >> 3) * 0x85ebca77u;
    return who & 0xffff0000u;
}

/// Ticks that a mark may be ahead of an event's stamp: that was read before the event's stack was
/// found, and before a thread that was then stopped went on. And how many it may be behind: two who
/// write a mark at once may leave the older one.
enum { MARK_AHEAD = 4096, MARK_BEHIND = 16 };

/// Whether the mark's tick is at most `behind` ticks before `ticks`, or not too far after it.
static inline bool is_recent(uint32_t mark, uint64_t ticks, uint32_t behind) {
    return (uint16_t)(mark - (uint32_t)ticks + behind) < MARK_AHEAD + behind;
}

/// Whether another stream had the address in this very tick, or nearly so: then only the parts of
/// the tick tell their order. The other's mark is seen, because the heap's own synchronisation, or
/// the program's, stood between its event and ours; our stamp may have been read before that, and
/// lie some ticks behind the mark.
static inline bool handed_over(
        const struct ramlens_stream *s, uint32_t mark, uint32_t own, uint64_t time) {
    uint64_t ticks = time / RAMLENS_WIRE_PARTS;
    if (ticks < s->encoder.state.ticks)
        ticks = s->encoder.state.ticks;
    return is_recent(mark, ticks, MARK_BEHIND) && (mark ^ own) >> 16 != 0 && mark != 0;
}

/// What follows the mark `there`: `own`, and the tick. That never goes back: an older stamp of
/// another address in the same place would hide that somebody had this one in the present tick.
static inline uint32_t next_mark(uint32_t there, uint32_t own, uint64_t ticks) {
    return own | (uint16_t)(is_recent(there, ticks, 0) ? there : (uint32_t)ticks);
}

/// The time, read after all that the calling thread has seen: a processor reads its counter early,
/// while it still waits for a cache line, by half a microsecond where threads fight. Costs 15 ns
/// more than ramlens_port_time().
static uint64_t settled_time(void) {
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("lfence" ::: "memory");
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
    return ramlens_port_time();
}

/// An event that ends the block of a realloc is written when its address may be another thread's
/// already.
static bool is_late(uint8_t kind) {
    return kind == RAMLENS_WIRE_REALLOC_FROM || kind == RAMLENS_WIRE_REALLOC_FREE;
}

void ramlens_stream_event(struct ramlens_recorder *r, struct ramlens_stream *s, uint64_t time,
        uint64_t address, const struct ramlens_wire_request *request) {
    struct ramlens_wire_encoder *e = &s->encoder;
    uint32_t *mark = mark_of(r, address);
    // ramlens_stream_before() has put this thread's mark in the place of who had the address
    // before.
    bool late = is_late(request->kind);
    bool exact = late || request->kind == RAMLENS_WIRE_REALLOC_IN_PLACE;
    uint32_t own = mark_by(s, address);
    if (!exact && handed_over(s, __atomic_load_n(mark, __ATOMIC_RELAXED), own, time)) {
        exact = true;
        time = settled_time();
    }
    if (!(__builtin_expect(e->begin != NULL, 1) &&
                ramlens_wire_event(e, time, address, request, exact)) &&
            !(reopen(r, s) && ramlens_wire_event(e, time, address, request, true))) {
        ramlens_stream_lose(r, s, request->kind);
        return;
    }
    if (late)
        return;
    uint32_t there = __atomic_load_n(mark, __ATOMIC_RELAXED); // anew: a block may have been opened
    __atomic_store_n(mark, next_mark(there, own, e->state.ticks), __ATOMIC_RELAXED);
}

void ramlens_stream_lose(struct ramlens_recorder *r, struct ramlens_stream *s, uint8_t kind) {
    if (kind < RAMLENS_WIRE_FIRST_ALLOC) {
        s->lost_frees++;
        __atomic_add_fetch(&r->lost_frees, 1, __ATOMIC_RELAXED);
    } else {
        s->lost_allocs++;
        __atomic_add_fetch(&r->lost_allocs, 1, __ATOMIC_RELAXED);
    }
}

void ramlens_recorder_lost(const struct ramlens_recorder *r, uint32_t *allocs, uint32_t *frees) {
    *allocs = __atomic_load_n(&r->lost_allocs, __ATOMIC_RELAXED);
    *frees = __atomic_load_n(&r->lost_frees, __ATOMIC_RELAXED);
}

void ramlens_stream_reserve(struct ramlens_recorder *r, struct ramlens_stream *s, size_t bytes) {
    struct ramlens_wire_encoder *e = &s->encoder;
    // Half of what an event's time can be ahead of the block's, because the caller may wait for its turn.
    if (e->begin == NULL || (size_t)(e->end - e->at) < bytes ||
            ramlens_port_time() / RAMLENS_WIRE_PARTS - e->state.ticks > UINT32_MAX / 2)
        reopen(r, s);
}

void ramlens_stream_ordered(struct ramlens_recorder *r, struct ramlens_stream *s, uint64_t time,
        uint64_t address, const struct ramlens_wire_request *request) {
    if (s->encoder.begin == NULL || !ramlens_wire_event(&s->encoder, time, address, request, true))
        ramlens_stream_lose(r, s, request->kind);
}

uint64_t ramlens_stream_before(
        struct ramlens_recorder *r, struct ramlens_stream *s, uint64_t address) {
    struct ramlens_wire_encoder *e = &s->encoder;
    // Half of what an event's time can be ahead of the block's: the call between may take long,
    // too.
    if (e->begin == NULL || e->end - e->at < RAMLENS_WIRE_EVENT_MAX ||
            ramlens_port_time() / RAMLENS_WIRE_PARTS - e->state.ticks > UINT32_MAX / 2)
        reopen(r, s);
    uint64_t time = settled_time();
    uint32_t *mark = mark_of(r, address), there = __atomic_load_n(mark, __ATOMIC_RELAXED);
    __atomic_store_n(mark, next_mark(there, mark_by(s, address), time / RAMLENS_WIRE_PARTS),
            __ATOMIC_RELAXED);
    return time;
}

bool ramlens_stream_record(struct ramlens_recorder *r, struct ramlens_stream *s, uint64_t time,
        enum ramlens_wire_record type, const uint8_t *body, size_t size) {
    if (size > BODY_MAX)
        return false;
    struct ramlens_wire_encoder *e = &s->encoder;
    if (e->begin != NULL && ramlens_wire_record(e, time, type, body, size))
        return true;
    return reopen(r, s) && ramlens_wire_record(e, time, type, body, size);
}

static bool define_locked(struct ramlens_recorder *r, enum ramlens_wire_record type,
        const uint8_t *body, size_t size) {
    struct ramlens_stream *s = &r->definitions;
    uint64_t now = ramlens_port_time();
    if (s->encoder.begin != NULL && ramlens_wire_record(&s->encoder, now, type, body, size))
        return true;
    ramlens_stream_flush(s);
    r->previous_address = 0;
    return open_locked(r, s) && ramlens_wire_record(&s->encoder, now, type, body, size);
}

bool ramlens_define(struct ramlens_recorder *r, enum ramlens_wire_record type, const uint8_t *body,
        size_t size) {
    if (size > BODY_MAX)
        return false;
    ramlens_port_lock();
    bool done = define_locked(r, type, body, size);
    ramlens_port_unlock();
    return done;
}

bool ramlens_define_stack(
        struct ramlens_recorder *r, uint32_t number, uint32_t outer, uint64_t return_address) {
    enum {
        ROOM = 64
    }; // more than a stack record can need: the block changes before the delta is taken
    struct ramlens_wire_encoder *e = &r->definitions.encoder;
    if (e->begin == NULL || e->end - e->at < ROOM) {
        ramlens_stream_flush(&r->definitions);
        r->previous_address = 0;
        if (!open_locked(r, &r->definitions))
            return false;
    }
    uint8_t body[32];
    uint8_t *at = ramlens_wire_put_varint(body, number);
    at = ramlens_wire_put_varint(at, outer);
    at = ramlens_wire_put_signed(at, (int64_t)(return_address - r->previous_address));
    r->previous_address = return_address;
    return define_locked(r, RAMLENS_WIRE_STACK, body, (size_t)(at - body));
}

void ramlens_recorder_end(struct ramlens_recorder *r) {
    uint8_t body[MAX_VARINT];
    ramlens_port_lock();
    size_t size = (size_t)(ramlens_wire_put_varint(body, r->blocks) - body);
    define_locked(r, RAMLENS_WIRE_END, body, size);
    ramlens_port_unlock();
}

void ramlens_recorder_flush(struct ramlens_recorder *r) {
    ramlens_port_lock();
    ramlens_stream_flush(&r->definitions);
    r->previous_address = 0;
    ramlens_port_unlock();
}

uint32_t ramlens_thread_number(struct ramlens_recorder *r) {
    return __atomic_add_fetch(&r->threads, 1, __ATOMIC_RELAXED);
}

void ramlens_stream_init(struct ramlens_recorder *r, struct ramlens_stream *s, uint32_t thread) {
    s->number = __atomic_add_fetch(&r->streams, 1, __ATOMIC_RELAXED);
    s->thread = thread;
}

static size_t bounded_length(const char *text, size_t max) {
    size_t n = 0;
    while (n < max && text[n] != '\0')
        n++;
    return n;
}

void ramlens_recorder_init(struct ramlens_recorder *r, const struct ramlens_image *image) {
    r->granularity = image->granularity;
    r->image = (uint32_t)(ramlens_port_time() ^ image->nanoseconds ^ image->process);
    uint8_t body[BODY_MAX];
    uint8_t *at = ramlens_wire_put_varint(body, image->pointer_bytes);
    at = ramlens_wire_put_varint(at, image->ticks_per_second);
    at = ramlens_wire_put_varint(at, image->nanoseconds);
    at = ramlens_wire_put_varint(at, image->process);
    at = ramlens_wire_put_bytes(at, image->platform, bounded_length(image->platform, 32));
    at = ramlens_wire_put_bytes(at, image->path, bounded_length(image->path, BODY_MAX - 128));
    ramlens_define(r, RAMLENS_WIRE_IMAGE, body, (size_t)(at - body));
}
