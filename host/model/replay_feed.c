// See replay_feed.h.
#include "replay_feed.h"

#include <string.h>

enum { HOST = UINT32_MAX, STACK_UNASKED = 0, STACK_HOST = 1, STACK_CHIP = 2 };
enum { CREATE = 0, DESTROY = 1, FIRST_USE = 2, RECLAIMED = 3 };

void replay_feed_init(struct replay_feed *f, struct arena *a, struct trace *t,
        const struct trace_image *image, struct owners *owners, const bool *host_only, bool exact) {
    *f = (struct replay_feed){ .a = a,
        .trace = t,
        .image = image,
        .owners = owners,
        .host_only = host_only,
        .exact = exact,
        .is_of_device = !exact && trace_is_of_device(image),
        .told_reclaimed = image->minor >= 1,
        .cursor = trace_cursor_new(a, t, image),
        .stack_state = NEW_ARRAY(a, uint8_t, image->stack_count + 1) };
    kernel_table_init(&f->kernel, a);
}

static __attribute__((noinline)) bool ask_owner(struct replay_feed *f, uint32_t stack) {
    bool host = f->host_only[owners_get(f->owners, stack).component];
    if (stack < f->image->stack_count)
        f->stack_state[stack] = host ? STACK_HOST : STACK_CHIP;
    return host;
}

bool replay_feed_is_host(struct replay_feed *f, uint32_t stack) {
    if (stack < f->image->stack_count && f->stack_state[stack] != STACK_UNASKED)
        return f->stack_state[stack] == STACK_HOST;
    return ask_owner(f, stack);
}

// ---- numbers

static uint32_t take_id(uint32_t *spare, size_t *spare_count, uint32_t *count) {
    return *spare_count > 0 ? spare[--*spare_count] : (*count)++;
}

static uint32_t clamp(uint64_t size) {
    return size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

static uint64_t pack(uint64_t size, uint32_t id) {
    return (uint64_t)clamp(size) << 32 | id;
}

static struct replay_op *add(struct replay_feed *f, struct replay_op **at, uint8_t what,
        const struct trace_event *e, uint32_t id) {
    f->counts.ops++;
    struct replay_op *op = (*at)++;
    *op = (struct replay_op){ .what = what, .id = id, .stack = e->request.stack, .time = e->time };
    if (!f->exact)
        op->thread = e->thread;
    return op;
}

// ---- blocks

/// Kernel objects in a block that is freed can no longer be destroyed: their memory on the chip is lost.
static void abandon(struct replay_feed *f, uint64_t address, uint32_t size) {
    if (f->kernel.entry_count > 0 && kernel_table_may_hold(&f->kernel, address, size))
        f->counts.abandoned += kernel_table_abandon(&f->kernel, address, size);
}

/// The block at `address` ends; false when there is none or it is the host's.
static bool forget(struct replay_feed *f, uint64_t address, uint32_t *id) {
    uint64_t value;
    if (!map64_take(&f->blocks, address, &value)) {
        f->counts.conflicts++;
        return false;
    }
    abandon(f, address, (uint32_t)(value >> 32));
    *id = (uint32_t)value;
    return *id != HOST;
}

static inline void end_id(
        struct replay_feed *f, const struct trace_event *e, uint32_t id, struct replay_op **at) {
    struct replay_op *op = add(f, at, REPLAY_END, e, id);
    if (f->exact) {
        op->at = e->address;
        op->heap = e->request.region;
    }
    *vec_push(f->a, &f->spare_blocks) = id;
}

static void end_block(struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    uint32_t id;
    if (forget(f, e->address, &id))
        end_id(f, e, id, at);
}

static uint32_t asks_of(struct replay_feed *f, const struct ramlens_wire_request *r) {
    if ((r->flags & RAMLENS_WIRE_HAS_CAPABILITY) == 0)
        return 0;
    for (uint32_t i = 0; i < f->capabilities.len; i++)
        if (f->capabilities.at[i] == r->capability)
            return i + 1;
    *vec_push(f->a, &f->capabilities) = r->capability;
    return (uint32_t)f->capabilities.len;
}

static void fill(struct replay_feed *f, struct replay_op *op, const struct trace_event *e) {
    const struct ramlens_wire_request *r = &e->request;
    op->size = clamp(r->size);
    op->is_new = r->kind == RAMLENS_WIRE_NEW || r->kind == RAMLENS_WIRE_NEW_ARRAY;
    op->object = e->type == TRACE_KERNEL_BLOCK;
    if (r->flags & RAMLENS_WIRE_HAS_ALIGNMENT && r->alignment != 0)
        op->alignment = (uint8_t)__builtin_ctz(r->alignment);
    op->asks = asks_of(f, r);
    if (f->exact)
        op->heap = r->region;
    if (f->exact || f->is_of_device)
        op->at = e->address;
}

static bool is_host_block(struct replay_feed *f, const struct ramlens_wire_request *r) {
    if (f->exact)
        return (r->flags & RAMLENS_WIRE_HAS_REGION) == 0;
    return replay_feed_is_host(f, r->stack);
}

/// A block comes into being; `slot` is where the table keeps it.
static inline void give_at(
        struct replay_feed *f, const struct trace_event *e, uint64_t *slot, struct replay_op **at) {
    const struct ramlens_wire_request *r = &e->request;
    uint32_t id = HOST;
    if (is_host_block(f, r)) {
        f->counts.host_only++;
        f->counts.host_only_bytes += r->size;
    } else {
        id = take_id(f->spare_blocks.at, &f->spare_blocks.len, &f->block_count);
        fill(f, add(f, at, REPLAY_GIVE, e, id), e);
    }
    *slot = pack(r->size, id);
}

static void give(struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    give_at(f, e, map64_put(&f->blocks, f->a, e->address, NULL), at);
}

/// A block that was reallocated: it keeps its number, unless it becomes the host's or was.
static void resize(
        struct replay_feed *f, const struct trace_event *e, uint32_t id, struct replay_op **at) {
    if (id == HOST || is_host_block(f, &e->request)) {
        if (id != HOST) {
            add(f, at, REPLAY_END, e, id);
            *vec_push(f->a, &f->spare_blocks) = id;
        }
        give(f, e, at);
        return;
    }
    fill(f, add(f, at, REPLAY_RESIZE, e, id), e);
    *map64_put(&f->blocks, f->a, e->address, NULL) = pack(e->request.size, id);
}

static void begin_move(struct replay_feed *f, const struct trace_event *e) {
    uint32_t id = HOST;
    if (forget(f, e->address, &id) || id == HOST)
        *map64_put(&f->moving, f->a, e->thread, NULL) = (uint64_t)id + 1;
}

static void finish_move(struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    uint64_t id = 0;
    if (map64_take(&f->moving, e->thread, &id) && id != 0)
        resize(f, e, (uint32_t)(id - 1), at);
    else
        give(f, e, at);
}

/// A new block where one lives: its free was lost.
static void make_way(struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    if (map64_find(&f->blocks, e->address) == NULL)
        return;
    f->counts.conflicts++;
    end_block(f, e, at);
}

static void note_in_place(
        struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    const uint64_t *value = map64_find(&f->blocks, e->address);
    if (value == NULL) {
        f->counts.conflicts++;
        give(f, e, at);
        return;
    }
    resize(f, e, (uint32_t)*value, at);
}

/// A request that failed in the run itself.
static void refuse(struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    f->counts.failures++;
    uint8_t kind = e->request.kind;
    bool is_move = kind == RAMLENS_WIRE_REALLOC_IN_PLACE || kind == RAMLENS_WIRE_REALLOC_TO;
    if (f->exact && kind >= RAMLENS_WIRE_FIRST_ALLOC && !is_move &&
            !replay_feed_is_host(f, e->request.stack))
        fill(f, add(f, at, REPLAY_REFUSED, e, 0), e);
}

static void take_memory(struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    uint8_t kind = e->request.kind;
    if (e->request.flags & RAMLENS_WIRE_FAILED) {
        refuse(f, e, at);
    } else if (kind == RAMLENS_WIRE_REALLOC_FROM) {
        begin_move(f, e);
    } else if (kind < RAMLENS_WIRE_FIRST_ALLOC) {
        end_block(f, e, at);
    } else if (e->address == 0) { // only a damaged trace says so
        f->counts.conflicts++;
    } else if (kind == RAMLENS_WIRE_REALLOC_IN_PLACE) {
        note_in_place(f, e, at);
    } else {
        make_way(f, e, at);
        if (kind == RAMLENS_WIRE_REALLOC_TO)
            finish_move(f, e, at);
        else
            give(f, e, at);
    }
}

// ---- kernel objects

static void end_kernel(
        struct replay_feed *f, const struct trace_event *e, uint32_t id, struct replay_op **at) {
    add(f, at, REPLAY_KERNEL_END, e, id);
    *vec_push(f->a, &f->spare_kernel) = id;
}

static void destroy(struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    struct kernel_entry gone;
    if (!kernel_table_destroy(&f->kernel, e->object, e->address, &gone))
        return;
    uint32_t id = (uint32_t)gone.stack_size;
    if (e->object != KERNEL_THREAD) {
        end_kernel(f, e, id, at);
        return;
    }
    add(f, at, REPLAY_RUN_END, e, id);
    if (f->told_reclaimed)
        *map64_put(&f->ending, f->a, e->address, NULL) = (uint64_t)id + 1;
    else
        end_kernel(f, e, id, at);
}

static void take_kernel(struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    if (e->object == KERNEL_NONE || e->object >= KERNEL_OBJECT_COUNT || e->operation > RECLAIMED)
        return; // of a later version
    if (e->operation == DESTROY) {
        destroy(f, e, at);
        return;
    }
    if (e->operation == RECLAIMED) {
        uint64_t id;
        if (map64_take(&f->ending, e->address, &id))
            end_kernel(f, e, (uint32_t)(id - 1), at);
        return;
    }
    if (e->object != KERNEL_THREAD && replay_feed_is_host(f, e->request.stack))
        return;
    uint32_t id = take_id(f->spare_kernel.at, &f->spare_kernel.len, &f->kernel_count);
    // The table's entry carries the number where a thread's own size would be: a plan decides that one.
    struct kernel_entry k = { .address = e->address, .stack_size = id, .object = e->object };
    struct kernel_entry abandoned;
    kernel_table_create(&f->kernel, &k, &abandoned);
    f->counts.abandoned += abandoned.object != KERNEL_NONE;
    add(f, at, REPLAY_KERNEL, e, id)->object = e->object;
}

// ---- all

static void note_checkpoint(
        struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    add(f, at, REPLAY_CHECKPOINT, e, (uint32_t)f->checkpoints.len);
    *vec_push(f->a, &f->checkpoints) = (struct replay_checkpoint){
        .name = arena_copy(f->a, e->name), .cycle = e->cycle, .time = e->time
    };
}

static void note_said(struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    add(f, at, REPLAY_HEAPS, e, (uint32_t)f->said.len);
    struct trace_heap *heaps = NEW_ARRAY(f->a, struct trace_heap, e->heap_count);
    if (e->heap_count > 0)
        memcpy(heaps, e->heaps, e->heap_count * sizeof *heaps);
    *vec_push(f->a, &f->said) = (struct replay_said){
        .checkpoint = (uint32_t)f->checkpoints.len, .heaps = heaps, .count = e->heap_count
    };
}

static void take(struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    f->counts.events++;
    switch (e->type) {
    case TRACE_MEMORY:
        take_memory(f, e, at);
        break;
    case TRACE_KERNEL:
        if (!f->exact)
            take_kernel(f, e, at);
        break;
    case TRACE_KERNEL_BLOCK:
        if (f->exact)
            take_memory(f, e, at);
        break;
    case TRACE_CHECKPOINT:
        note_checkpoint(f, e, at);
        break;
    case TRACE_HEAPS:
        note_said(f, e, at);
        break;
    default:
        break;
    }
}

/// Whether `e` cannot be true yet: another thread's event must come first.
static bool conflicts(struct replay_feed *f, const struct trace_event *e) {
    if (e->type != TRACE_MEMORY || (e->request.flags & RAMLENS_WIRE_FAILED))
        return false;
    uint8_t kind = e->request.kind;
    bool must_live = kind < RAMLENS_WIRE_FIRST_ALLOC || kind == RAMLENS_WIRE_REALLOC_IN_PLACE;
    return (map64_find(&f->blocks, e->address) != NULL) != must_live;
}

/// Nearly all events: a block is given where none lives, or one that lives is freed. One look into the table each. False, and nothing has
/// changed, for all others.
static inline bool take_plain(
        struct replay_feed *f, const struct trace_event *e, struct replay_op **at) {
    uint8_t kind = e->request.kind;
    if (e->type != TRACE_MEMORY || (e->request.flags & RAMLENS_WIRE_FAILED) || e->address == 0)
        return false;
    if (kind <= RAMLENS_WIRE_DELETE_ARRAY) {
        uint64_t value;
        if (!map64_take(&f->blocks, e->address, &value))
            return false;
        abandon(f, e->address, (uint32_t)(value >> 32));
        if ((uint32_t)value != HOST)
            end_id(f, e, (uint32_t)value, at);
    } else if (kind >= RAMLENS_WIRE_FIRST_ALLOC && kind != RAMLENS_WIRE_REALLOC_TO &&
               kind != RAMLENS_WIRE_REALLOC_IN_PLACE) {
        bool added;
        uint64_t *slot = map64_put(&f->blocks, f->a, e->address, &added);
        if (!added)
            return false;
        give_at(f, e, slot, at);
    } else {
        return false;
    }
    f->counts.events++;
    return true;
}

uint32_t replay_feed_read(struct replay_feed *f, struct replay_op *out, uint32_t room) {
    enum { MOST_A_EVENT = 4 };
    struct replay_op *at = out;
    const struct trace_event *e;
    while (at + MOST_A_EVENT <= out + room && (e = trace_peek(f->cursor)) != NULL) {
        if (__builtin_expect(take_plain(f, e, &at), 1)) {
            trace_advance(f->cursor);
            continue;
        }
        if (conflicts(f, e) && trace_defer(f->cursor))
            continue;
        bool stop = e->type == TRACE_CHECKPOINT;
        take(f, e, &at);
        trace_advance(f->cursor);
        if (stop)
            break;
    }
    return (uint32_t)(at - out);
}
