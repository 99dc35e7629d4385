// The target's blocks behind kernel objects of a placed run: see placed.h. They are taken and given back, never used as memory.
#include "placed.h"

#include "ramlens_port.h"

enum { BUCKETS = 1 << 10 };

/// An object's blocks.
struct holder {
    struct holder *next;
    uint64_t address;
    uint8_t object;
    uint8_t count;
    uint8_t running; ///< Bit set: which of the blocks live while the thread's function runs.
    void *blocks[RAMLENS_PLACED_BLOCKS];
};

static struct holder *buckets[BUCKETS]; // under the port's lock, as is the list of spares
static struct holder *spares;

static struct holder **bucket_of(uint32_t object, uint64_t address) {
    uint32_t h = ((uint32_t)(address >> 2) ^ object << 20) * 0x9e3779b1u;
    return &buckets[h >> 22];
}

/// The link that points to the holder, or the null one where it would stand.
static struct holder **find(uint32_t object, uint64_t address) {
    struct holder **link = bucket_of(object, address);
    while (*link != NULL && ((*link)->address != address || (*link)->object != object))
        link = &(*link)->next;
    return link;
}

/// A holder for the object, empty; one that stands there is forgotten: its blocks are lost. NULL without memory.
static struct holder *put(uint32_t object, uint64_t address) {
    enum { MORE = 64 };
    ramlens_port_lock();
    struct holder **link = find(object, address);
    struct holder *h = *link;
    if (h == NULL && spares == NULL) {
        struct holder *more = ramlens_port_map(MORE * sizeof *more);
        for (int i = 0; more != NULL && i < MORE; i++) {
            more[i].next = spares;
            spares = &more[i];
        }
    }
    if (h == NULL && spares != NULL) {
        h = spares;
        spares = h->next;
        h->next = NULL;
        h->address = address;
        h->object = (uint8_t)object;
        *link = h;
    }
    if (h != NULL)
        h->count = h->running = 0;
    ramlens_port_unlock();
    return h;
}

static void note(struct recorder_thread *t, const struct placed_result *r, const void *p,
        uint8_t heap, struct ramlens_wire_request *request) {
    request->flags |= RAMLENS_WIRE_HAS_REGION;
    request->region = heap;
    recorder_note_ordered(t, r->stamp, p, request);
}

static void *take_block(struct recorder_thread *t, uint32_t stack, uint32_t bytes,
        const struct ramlens_asks *asks) {
    struct placed_result r = placed_take(asks, bytes, 0);
    struct ramlens_wire_request request = { .kind = RAMLENS_WIRE_KERNEL_BLOCK,
        .flags = (uint8_t)((r.p == NULL ? RAMLENS_WIRE_FAILED : 0) |
                           (r.has_capability ? RAMLENS_WIRE_HAS_CAPABILITY : 0)),
        .size = bytes,
        .stack = stack,
        .capability = r.has_capability ? r.capability : 0 };
    note(t, &r, r.p, r.heap, &request);
    return r.p;
}

static void give_block(struct recorder_thread *t, uint32_t stack, void *p) {
    struct placed_result r = placed_give(p);
    struct ramlens_wire_request request = { .kind = RAMLENS_WIRE_KERNEL_FREE, .stack = stack };
    note(t, &r, p, r.from_heap, &request);
}

void placed_object_create(struct recorder_thread *t, enum kernel_object object, uint64_t address,
        uint32_t stack, uint32_t stack_bytes, const struct ramlens_asks *stack_asks) {
    const struct ramlens_placed_object *o = placed_object(object);
    if (t->depth != 1 || o->count == 0 || (object != KERNEL_THREAD && !placed_counts(stack)))
        return;
    struct holder *h = put(object, address);
    if (h == NULL)
        return;
    recorder_reserve(t, o->count * (size_t)RAMLENS_WIRE_EVENT_MAX);
    for (uint32_t i = 0; i < o->count; i++) {
        const struct ramlens_placed_block *b = &o->blocks[i];
        bool own = b->is_stack && stack_bytes != 0;
        void *p = take_block(t, stack, own ? stack_bytes : b->bytes, own ? stack_asks : &b->asks);
        if (p == NULL)
            continue; // noted as failed; the program goes on
        h->running = (uint8_t)(h->running | (b->running != 0) << h->count);
        h->blocks[h->count++] = p;
    }
}

/// Takes the holder out; false when there is none. It stays in place, with what is left, where only the running blocks go.
static bool take_out(
        enum kernel_object object, uint64_t address, bool running_only, struct holder *out) {
    ramlens_port_lock();
    struct holder **link = find(object, address);
    struct holder *h = *link;
    if (h != NULL) {
        *out = *h;
        if (running_only) {
            h->count = 0;
            for (uint32_t i = 0; i < out->count; i++)
                if ((out->running >> i & 1) == 0)
                    h->blocks[h->count++] = out->blocks[i];
            h->running = 0;
        } else {
            *link = h->next;
            h->next = spares;
            spares = h;
        }
    }
    ramlens_port_unlock();
    return h != NULL;
}

/// ESP-IDF gives a thread's blocks back in the order in which it took them, those of locks in the other one.
void placed_object_end(struct recorder_thread *t, enum kernel_object object, uint64_t address,
        uint32_t stack, bool running_only) {
    struct holder h;
    if (t->depth != 1 || !take_out(object, address, running_only, &h))
        return;
    recorder_reserve(t, h.count * (size_t)RAMLENS_WIRE_EVENT_MAX);
    for (uint32_t i = 0; i < h.count; i++) {
        uint32_t which = object == KERNEL_THREAD ? i : h.count - 1u - i;
        if (!running_only || (h.running >> which & 1) != 0)
            give_block(t, stack, h.blocks[which]);
    }
}
