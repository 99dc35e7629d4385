// See trace_write.h. Stream 0 has the definitions, each thread a stream of its own number; a block is opened when the one before is full or too old.
#include "trace_write.h"

#include "file.h"
#include "map64.h"
#include "text.h"
#include "vec.h"

#include <string.h>

enum { GRANULARITY = 2, FRAMES_MAX = 256, BODY_MAX = 1024, NAME_MAX_BYTES = 256 };

struct block {
    uint8_t *bytes;
    size_t size; ///< 0 while it is open.
};

struct stream {
    struct ramlens_wire_encoder encoder;
    size_t block; ///< Index of the open block.
    uint32_t sequence;
    uint32_t lost_allocs, lost_frees; ///< So far.
    struct str name;
};

/// A call stack: one frame more than another.
struct node {
    uint64_t address;
    uint32_t outer;
    uint32_t next; ///< Another of the same hash; 0: none.
};

struct trace_writer {
    struct arena *a;
    VEC(struct block) blocks;
    VEC(struct stream *) streams; ///< By number.
    struct map64 stacks;       ///< Hash of outer stack and address to the first node with it, + 1.
    VEC(struct node) nodes;    ///< Stack `i + 1`.
    uint64_t previous_address; ///< Of the latest stack record in the block.
    uint64_t tick;
    uint32_t modules;
};

// ---- blocks

static void close_block(struct trace_writer *w, struct stream *s) {
    if (s->encoder.begin != NULL)
        w->blocks.at[s->block].size = ramlens_wire_end(&s->encoder, s->lost_allocs, s->lost_frees);
}

static void open_block(struct trace_writer *w, uint32_t number) {
    struct stream *s = w->streams.at[number];
    close_block(w, s);
    struct ramlens_wire_block header = { .stream = number,
        .thread = number,
        .image = 1,
        .sequence = s->sequence++,
        .time = w->tick * RAMLENS_WIRE_PARTS,
        .granularity = GRANULARITY,
        .lost_allocs = s->lost_allocs,
        .lost_frees = s->lost_frees,
        .minor = RAMLENS_WIRE_MINOR };
    s->block = w->blocks.len;
    struct block *b = vec_push(w->a, &w->blocks);
    b->bytes = NEW_ARRAY(w->a, uint8_t, RAMLENS_WIRE_BLOCK_BYTES);
    ramlens_wire_begin(&s->encoder, b->bytes, RAMLENS_WIRE_BLOCK_BYTES, &header);
    if (number == RAMLENS_WIRE_DEFINITIONS)
        w->previous_address = 0;
}

static void record(struct trace_writer *w, uint32_t number, enum ramlens_wire_record type,
        const uint8_t *body, const uint8_t *end) {
    struct ramlens_wire_encoder *e = &w->streams.at[number]->encoder;
    uint64_t time = w->tick * RAMLENS_WIRE_PARTS;
    size_t size = (size_t)(end - body);
    if (e->begin != NULL && ramlens_wire_record(e, time, type, body, size))
        return;
    open_block(w, number);
    (void)ramlens_wire_record(e, time, type, body, size); // an empty block has the room
}

static void define(struct trace_writer *w, enum ramlens_wire_record type, const uint8_t *body,
        const uint8_t *end) {
    record(w, RAMLENS_WIRE_DEFINITIONS, type, body, end);
}

/// A name of at most NAME_MAX_BYTES: its end tells more than its beginning.
static uint8_t *put_name(uint8_t *at, struct str name) {
    size_t cut = name.len > NAME_MAX_BYTES ? name.len - NAME_MAX_BYTES : 0;
    return ramlens_wire_put_bytes(at, name.at + cut, name.len - cut);
}

static uint32_t add_stream(struct trace_writer *w, struct str name) {
    struct stream *s = NEW(w->a, struct stream);
    s->name = arena_copy(w->a, name);
    *vec_push(w->a, &w->streams) = s;
    return (uint32_t)w->streams.len - 1;
}

// ---- definitions

static void write_clock(struct trace_writer *w, uint64_t ticks, uint64_t ticks_per_second) {
    uint8_t body[32];
    uint8_t *at = ramlens_wire_put_varint(body, ticks);
    at = ramlens_wire_put_varint(at, ticks * UINT64_C(1000000000) / ticks_per_second);
    define(w, RAMLENS_WIRE_CLOCK, body, at);
}

struct trace_writer *trace_writer_new(struct arena *a, const struct trace_writer_image *image) {
    struct trace_writer *w = NEW(a, struct trace_writer);
    uint8_t body[BODY_MAX];
    w->a = a;
    add_stream(w, STR(""));
    uint8_t *at = ramlens_wire_put_varint(body, image->pointer_bytes);
    at = ramlens_wire_put_varint(at, image->ticks_per_second);
    at = ramlens_wire_put_varint(at, 0);
    at = ramlens_wire_put_varint(at, 0);
    at = put_name(at, image->platform);
    at = put_name(at, image->path);
    define(w, RAMLENS_WIRE_IMAGE, body, at);
    write_clock(w, 0, image->ticks_per_second);
    return w;
}

void trace_writer_module(struct trace_writer *w, uint64_t base, uint64_t low, uint64_t bytes,
        struct str path, const uint8_t *build_id, size_t build_id_bytes) {
    uint8_t body[BODY_MAX];
    uint8_t *at = ramlens_wire_put_varint(body, ++w->modules);
    at = ramlens_wire_put_varint(at, base);
    at = ramlens_wire_put_varint(at, low);
    at = ramlens_wire_put_varint(at, bytes);
    at = ramlens_wire_put_bytes(at, build_id, build_id_bytes <= 64 ? build_id_bytes : 0);
    at = put_name(at, path);
    define(w, RAMLENS_WIRE_MODULE, body, at);
}

uint32_t trace_writer_thread(struct trace_writer *w, struct str name) {
    for (uint32_t i = 1; i < w->streams.len; i++)
        if (str_equal(w->streams.at[i]->name, name))
            return i;
    uint32_t number = add_stream(w, name);
    uint8_t body[BODY_MAX];
    uint8_t *at = ramlens_wire_put_varint(body, number);
    at = ramlens_wire_put_varint(at, 0);
    at = put_name(at, name);
    define(w, RAMLENS_WIRE_THREAD, body, at);
    return number;
}

static void write_stack(struct trace_writer *w, uint32_t number, uint32_t outer, uint64_t address) {
    enum { ROOM = 48 };
    const struct ramlens_wire_encoder *e = &w->streams.at[0]->encoder;
    if (e->begin == NULL || e->end - e->at < ROOM)
        open_block(w, RAMLENS_WIRE_DEFINITIONS); // Addresses are relative within a block.
    uint8_t body[ROOM];
    uint8_t *at = ramlens_wire_put_varint(body, number);
    at = ramlens_wire_put_varint(at, outer);
    at = ramlens_wire_put_signed(at, (int64_t)(address - w->previous_address));
    w->previous_address = address;
    define(w, RAMLENS_WIRE_STACK, body, at);
}

static uint32_t stack_of(struct trace_writer *w, uint32_t outer, uint64_t address) {
    uint64_t key = (address ^ (uint64_t)outer << 40) * UINT64_C(0x9E3779B97F4A7C15);
    uint64_t *first = map64_put(&w->stacks, w->a, key, NULL);
    for (uint32_t i = (uint32_t)*first; i != 0; i = w->nodes.at[i - 1].next)
        if (w->nodes.at[i - 1].address == address && w->nodes.at[i - 1].outer == outer)
            return i;
    struct node *n = vec_push(w->a, &w->nodes);
    *n = (struct node){ .address = address, .outer = outer, .next = (uint32_t)*first };
    *first = w->nodes.len;
    write_stack(w, (uint32_t)w->nodes.len, outer, address);
    return (uint32_t)w->nodes.len;
}

uint32_t trace_writer_stack(struct trace_writer *w, const uint64_t *callers, size_t count) {
    uint32_t stack = 0;
    if (count > FRAMES_MAX)
        count = FRAMES_MAX;
    for (size_t i = count; i > 0; i--)
        stack = stack_of(w, stack, callers[i - 1]);
    return stack;
}

// ---- events

static void move_to(struct trace_writer *w, uint64_t tick) {
    if (tick > w->tick)
        w->tick = tick;
}

void trace_writer_event(struct trace_writer *w, uint32_t thread, uint64_t tick, uint64_t address,
        const struct ramlens_wire_request *request) {
    move_to(w, tick);
    struct ramlens_wire_encoder *e = &w->streams.at[thread]->encoder;
    uint64_t time = w->tick * RAMLENS_WIRE_PARTS;
    if (e->begin != NULL && ramlens_wire_event(e, time, address, request, false))
        return;
    open_block(w, thread);
    (void)ramlens_wire_event(e, time, address, request, false);
}

void trace_writer_checkpoint(
        struct trace_writer *w, uint32_t thread, uint64_t tick, struct str name, uint32_t cycle) {
    uint8_t body[BODY_MAX];
    move_to(w, tick);
    uint8_t *at = ramlens_wire_put_varint(body, cycle);
    record(w, thread, RAMLENS_WIRE_CHECKPOINT, body, put_name(at, name));
}

void trace_writer_lost(
        struct trace_writer *w, uint32_t thread, uint32_t allocations, uint32_t frees) {
    w->streams.at[thread]->lost_allocs += allocations;
    w->streams.at[thread]->lost_frees += frees;
}

// ---- end

static void write_end(struct trace_writer *w) {
    enum { ROOM = 64 };
    const struct ramlens_wire_encoder *e = &w->streams.at[0]->encoder;
    if (e->begin == NULL || e->end - e->at < ROOM)
        open_block(w, RAMLENS_WIRE_DEFINITIONS); // The number below counts this block, too.
    uint8_t body[16];
    define(w, RAMLENS_WIRE_END, body, ramlens_wire_put_varint(body, w->blocks.len));
}

bool trace_writer_finish(struct trace_writer *w, const char *path, bool replace, struct err *err) {
    struct file_writer file = { 0 };
    write_end(w);
    for (size_t i = 0; i < w->streams.len; i++)
        close_block(w, w->streams.at[i]);
    if (!file_create(&file, path, replace, err))
        return false;
    for (size_t i = 0; i < w->blocks.len; i++)
        file_put(&file, (struct str){ (const char *)w->blocks.at[i].bytes, w->blocks.at[i].size });
    return file_commit(&file, err);
}
