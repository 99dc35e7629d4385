// The events of all threads as one stream: see trace_cursor in trace.h.
//
// Blocks stand in the file in the order in which they were opened. So while events up to some time
// are given out, only the blocks opened until then need to be in memory: one or two for each
// running thread. Those threads' next events stand in a heap by time; equal times go by the order
// in which their blocks were opened.
#include "trace.h"
#include "trace_blocks.h"

#include "map64.h"

#include <string.h>

enum {
    DEFER_TIME =
            RAMLENS_WIRE_PARTS /
            4, ///< How far stamps of two processors may be wrong: a tenth of a microsecond or two.
    PAYLOAD_MAX = RAMLENS_WIRE_BLOCK_BYTES,
};

/// A block waiting for its stream's earlier blocks to be used up.
struct waiting {
    struct waiting *next;
    struct ramlens_wire_block header;
    uint64_t offset;
    size_t payload_bytes;
    uint8_t payload[PAYLOAD_MAX];
};

/// One stream with a block in memory.
struct stream {
    uint64_t time;  ///< Of `item`.
    uint64_t order; ///< Of its block in the file.
    uint32_t number;
    uint32_t thread;
    struct ramlens_wire_decoder decoder;
    struct ramlens_wire_item item;
    struct waiting *block; ///< The one being decoded.
    struct waiting *queue; ///< Later ones, oldest first.
    struct waiting *queue_last;
    struct stream *next_free;
};

struct trace_cursor {
    struct arena *a;
    struct trace *trace;
    const struct trace_image *image;
    struct trace_blocks blocks;
    struct waiting *ahead; ///< Read from the file, not given to its stream yet; NULL at the end.
    struct waiting *spare_blocks;
    struct stream *spare_streams;
    struct map64 streams; ///< Number to struct stream *, for those with a block in memory.
    struct stream **heap;
    uint32_t heap_count;
    uint32_t heap_capacity;
    struct stream **deferred;
    uint32_t deferred_count;
    uint32_t deferred_capacity;
    const struct stream *stands; ///< Its event is given out and not put off again; NULL: none's.
    struct ramlens_wire_decoder glance; ///< Scratch: a decoder that looks ahead.
    uint64_t blocks_seen;
    struct trace_event event;
    struct trace_heap heaps[TRACE_REGIONS_MAX]; ///< Of the event.
    bool peeked;
};

// ---- heap by time

static bool earlier(const struct stream *a, const struct stream *b) {
    return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void sift_down(struct trace_cursor *c, uint32_t at) {
    struct stream *s = c->heap[at];
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= c->heap_count)
            break;
        if (child + 1 < c->heap_count && earlier(c->heap[child + 1], c->heap[child]))
            child++;
        if (!earlier(c->heap[child], s))
            break;
        c->heap[at] = c->heap[child];
        at = child;
    }
    c->heap[at] = s;
}

static struct stream **more_room(
        struct arena *a, struct stream **old, uint32_t count, uint32_t *capacity) {
    if (count < *capacity)
        return old;
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    struct stream **bigger = NEW_ARRAY(a, struct stream *, *capacity);
    if (count > 0)
        memcpy(bigger, old, count * sizeof(struct stream *));
    return bigger;
}

static void heap_push(struct trace_cursor *c, struct stream *s) {
    c->heap = more_room(c->a, c->heap, c->heap_count, &c->heap_capacity);
    uint32_t at = c->heap_count++;
    while (at > 0 && earlier(s, c->heap[(at - 1) / 2])) {
        c->heap[at] = c->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    c->heap[at] = s;
}

static struct stream *heap_pop(struct trace_cursor *c) {
    struct stream *top = c->heap[0];
    c->heap[0] = c->heap[--c->heap_count];
    if (c->heap_count > 0)
        sift_down(c, 0);
    return top;
}

// ---- blocks and streams

/// Reads the next block of events into c->ahead.
static void read_ahead(struct trace_cursor *c) {
    struct trace_block block;
    do {
        if (!trace_blocks_next(&c->blocks, &block)) {
            c->ahead = NULL;
            return;
        }
    } while (block.header.stream == RAMLENS_WIRE_DEFINITIONS ||
             block.header.image != c->image->mark);
    struct waiting *w = c->spare_blocks;
    if (w != NULL)
        c->spare_blocks = w->next;
    else
        w = NEW(c->a, struct waiting);
    w->next = NULL;
    w->header = block.header;
    w->offset = block.offset;
    w->payload_bytes = block.payload_bytes;
    memcpy(w->payload, block.payload, block.payload_bytes);
    c->ahead = w;
}

static struct stream *take_stream(struct trace_cursor *c, uint32_t number) {
    uint64_t *slot = map64_put(&c->streams, c->a, number, NULL);
    if (*slot != 0)
        return (struct stream *)(uintptr_t)*slot;
    struct stream *s = c->spare_streams;
    if (s != NULL)
        c->spare_streams = s->next_free;
    else
        s = NEW(c->a, struct stream);
    *s = (struct stream){ .number = number };
    *slot = (uintptr_t)s;
    return s;
}

static void drop_block(struct trace_cursor *c, struct stream *s) {
    s->block->next = c->spare_blocks;
    c->spare_blocks = s->block;
    s->block = NULL;
}

static void start_block(struct trace_cursor *c, struct stream *s, struct waiting *w) {
    s->block = w;
    s->thread = w->header.thread;
    s->order = c->blocks_seen++;
    ramlens_wire_decode(&s->decoder, w->payload, w->payload_bytes, w->header.time,
            w->header.granularity, w->header.open);
}

/// Moves the stream to its next item; false, and the stream is given back, when no block of it is
/// left in memory.
static bool step(struct trace_cursor *c, struct stream *s) {
    for (;;) {
        enum ramlens_wire_step result = ramlens_wire_next(&s->decoder, &s->item);
        if (__builtin_expect(result == RAMLENS_WIRE_ITEM, 1)) {
            s->time = s->item.time;
            return true;
        }
        if (result == RAMLENS_WIRE_BROKEN)
            trace_note_broken(
                    c->trace, s->block->offset, (uint64_t)(s->decoder.end - s->decoder.at));
        drop_block(c, s);
        struct waiting *next = s->queue;
        if (next == NULL)
            break;
        s->queue = next->next;
        start_block(c, s, next);
    }
    map64_take(&c->streams, s->number, NULL);
    s->next_free = c->spare_streams;
    c->spare_streams = s;
    return false;
}

/// Gives the block that was read ahead to its stream.
static void admit(struct trace_cursor *c) {
    struct waiting *w = c->ahead;
    struct stream *s = take_stream(c, w->header.stream);
    if (s->block == NULL) {
        start_block(c, s, w);
        if (step(c, s))
            heap_push(c, s);
    } else {
        if (s->queue == NULL)
            s->queue = w;
        else
            s->queue_last->next = w;
        s->queue_last = w;
    }
    read_ahead(c);
}

struct trace_cursor *trace_cursor_new(
        struct arena *a, struct trace *t, const struct trace_image *image) {
    struct trace_cursor *c = NEW(a, struct trace_cursor);
    c->a = a;
    c->trace = t;
    c->image = image;
    uint8_t *buffer = NEW_ARRAY(a, uint8_t, TRACE_BUFFER_BYTES);
    trace_blocks_init(&c->blocks, t->fd, buffer, image->first_offset, image->end_offset);
    read_ahead(c);
    return c;
}

// ---- events

static bool make_kernel_event(struct trace_event *e, const struct ramlens_wire_item *item) {
    struct ramlens_wire_reader in = { item->body, item->body + item->body_bytes, true };
    e->type = TRACE_KERNEL;
    uint64_t operation = ramlens_wire_get_varint(&in);
    uint64_t object = ramlens_wire_get_varint(&in);
    e->operation = (uint8_t)operation;
    e->object = (uint8_t)object;
    e->address = ramlens_wire_get_varint(&in);
    uint64_t stack = ramlens_wire_get_varint(&in);
    e->request = (struct ramlens_wire_request){ .stack = (uint32_t)stack };
    e->request.size = ramlens_wire_get_varint(&in);
    return in.ok && operation <= UINT8_MAX && object <= UINT8_MAX && stack <= UINT32_MAX;
}

static bool make_checkpoint(struct trace_event *e, const struct ramlens_wire_item *item) {
    struct ramlens_wire_reader in = { item->body, item->body + item->body_bytes, true };
    e->type = TRACE_CHECKPOINT;
    e->cycle = (uint32_t)ramlens_wire_get_varint(&in);
    size_t size;
    const uint8_t *name = ramlens_wire_get_bytes(&in, &size);
    e->name = (struct str){ (const char *)name, size };
    return in.ok;
}

static bool make_heaps(struct trace_cursor *c, const struct ramlens_wire_item *item) {
    struct ramlens_wire_reader in = { item->body, item->body + item->body_bytes, true };
    struct trace_event *e = &c->event;
    e->type = TRACE_HEAPS;
    e->heaps = c->heaps;
    uint64_t count = ramlens_wire_get_varint(&in);
    if (count > TRACE_REGIONS_MAX)
        return false;
    e->heap_count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        struct trace_heap *h = &c->heaps[i];
        uint64_t region = ramlens_wire_get_varint(&in);
        h->region = region < TRACE_REGIONS_MAX ? (uint32_t)region : TRACE_REGIONS_MAX;
        h->free_bytes = ramlens_wire_get_varint(&in);
        h->largest = ramlens_wire_get_varint(&in);
        h->minimum = ramlens_wire_get_varint(&in);
    }
    return in.ok;
}

static bool is_kernel_block(uint8_t kind) {
    return kind == RAMLENS_WIRE_KERNEL_BLOCK || kind == RAMLENS_WIRE_KERNEL_FREE;
}

/// Fills c->event from `s`; false for a record that is no event of ours.
static bool make_event(struct trace_cursor *c, const struct stream *s) {
    struct trace_event *e = &c->event;
    e->thread = s->thread;
    e->time = s->time;
    if (__builtin_expect(s->item.record == 0, 1)) {
        e->type = is_kernel_block(s->item.request.kind) ? TRACE_KERNEL_BLOCK : TRACE_MEMORY;
        e->address = s->item.address;
        e->request = s->item.request;
        return true;
    }
    if (s->item.record == RAMLENS_WIRE_KERNEL)
        return make_kernel_event(e, &s->item);
    if (s->item.record == RAMLENS_WIRE_HEAPS)
        return make_heaps(c, &s->item);
    return s->item.record == RAMLENS_WIRE_CHECKPOINT && make_checkpoint(e, &s->item);
}

static void advance_top(struct trace_cursor *c) {
    if (step(c, c->heap[0]))
        sift_down(c, 0);
    else
        heap_pop(c);
}

static void restore_deferred(struct trace_cursor *c) {
    while (c->deferred_count > 0)
        heap_push(c, c->deferred[--c->deferred_count]);
}

const struct trace_event *trace_peek(struct trace_cursor *c) {
    while (!c->peeked) {
        while (c->ahead != NULL &&
                (c->heap_count == 0 || c->ahead->header.time <= c->heap[0]->time))
            admit(c);
        if (c->heap_count == 0 && c->deferred_count == 0)
            return NULL;
        if (c->heap_count == 0)
            restore_deferred(c);
        if (make_event(c, c->heap[0]))
            c->peeked = true;
        else
            advance_top(c);
    }
    return &c->event;
}

uint64_t trace_position(const struct trace_cursor *c) {
    return c->blocks.offset;
}

void trace_advance(struct trace_cursor *c) {
    c->peeked = false;
    c->stands = NULL;
    advance_top(c);
    if (__builtin_expect(c->deferred_count > 0, 0))
        restore_deferred(c);
}

/// Whether `o` soon has the event for which the one at `address` waits: an end of the block there,
/// or a new one.
static bool brings(struct trace_cursor *c, const struct stream *o, uint64_t address, bool end,
        uint64_t limit) {
    struct ramlens_wire_decoder *d = &c->glance;
    struct ramlens_wire_item item = o->item;
    *d = o->decoder;
    do {
        const struct ramlens_wire_request *r = &item.request;
        bool gives = r->kind >= RAMLENS_WIRE_FIRST_ALLOC &&
                     r->kind != RAMLENS_WIRE_REALLOC_IN_PLACE &&
                     (r->flags & RAMLENS_WIRE_FAILED) == 0;
        if (item.time > limit)
            return false;
        if (item.record == 0 && item.address == address &&
                (end ? r->kind < RAMLENS_WIRE_FIRST_ALLOC : gives))
            return true;
    } while (ramlens_wire_next(d, &item) == RAMLENS_WIRE_ITEM);
    return false;
}

/// Whether it makes sense to put off the event of `s`, the first of the heap. To wait in vain would
/// be worse than to do nothing: others would overtake the thread.
static bool worth_waiting(struct trace_cursor *c, const struct stream *s, uint64_t limit) {
    uint8_t kind = s->item.request.kind;
    bool end = kind >= RAMLENS_WIRE_FIRST_ALLOC && kind != RAMLENS_WIRE_REALLOC_IN_PLACE;
    if (s->item.record != 0)
        return false;
    for (uint32_t i = 1; i < c->heap_count; i++)
        if (c->heap[i]->time <= limit && brings(c, c->heap[i], s->item.address, end, limit))
            return true;
    for (uint32_t i = 0; i < c->deferred_count; i++)
        if (brings(c, c->deferred[i], s->item.address, end, limit))
            return true;
    return false;
}

bool trace_defer(struct trace_cursor *c) {
    struct stream *s = c->heap[0];
    uint64_t limit = s->time + DEFER_TIME;
    while (c->ahead != NULL && c->ahead->header.time <= limit)
        admit(c); // begins later than `s`, which stays first
    if (s == c->stands || !worth_waiting(c, s, limit))
        return false;
    c->peeked = false;
    c->deferred = more_room(c->a, c->deferred, c->deferred_count, &c->deferred_capacity);
    c->deferred[c->deferred_count++] = heap_pop(c);
    if (c->heap_count > 0 && c->heap[0]->time <= limit)
        return true;
    // All wait for each other: the earliest stands, and may set the others free.
    restore_deferred(c);
    c->stands = c->heap[0];
    return true;
}
