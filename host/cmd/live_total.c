/// See live_total.h.
#include "live_total.h"

void live_total_init(struct live_total *l, struct arena *a) {
    *l = (struct live_total){ .a = a };
    kernel_table_init(&l->kernel, a);
}

// ---- blocks

static void end_block(struct live_total *l, struct block *b) {
    l->bytes -= b->size;
    block_table_remove(&l->blocks, b);
}

static void begin_block(struct live_total *l, uint64_t address, uint64_t size) {
    block_table_add(&l->blocks, l->a, address)->size = size;
    l->bytes += size;
    if (l->bytes > l->peak_bytes)
        l->peak_bytes = l->bytes;
}

static void apply_free(struct live_total *l, uint64_t address) {
    struct block *b = block_table_find(&l->blocks, address);
    if (b == NULL) {
        l->foreign_frees++;
        return;
    }
    if (kernel_table_may_hold(&l->kernel, b->address, b->size))
        kernel_table_abandon(&l->kernel, b->address, b->size);
    end_block(l, b);
}

static void apply_allocation(struct live_total *l, const struct trace_event *e) {
    struct block *old = block_table_find(&l->blocks, e->address);
    bool resized = e->request.kind == RAMLENS_WIRE_REALLOC_IN_PLACE;
    l->conflicts += old != NULL && !resized;
    l->foreign_frees += old == NULL && resized;
    if (old != NULL)
        end_block(l, old);
    begin_block(l, e->address, e->request.size);
}

static bool is_failure(const struct trace_event *e) {
    return (e->request.flags & RAMLENS_WIRE_FAILED) != 0;
}

// ---- kernel objects

static void apply_kernel(struct live_total *l, const struct trace_event *e) {
    enum { DESTROY = 1, FIRST_USE = 2 };
    struct kernel_entry other;
    if (e->object == KERNEL_NONE || e->object >= KERNEL_OBJECT_COUNT || e->operation > FIRST_USE)
        return;
    if (e->operation == DESTROY) {
        kernel_table_destroy(&l->kernel, e->object, e->address, &other);
        return;
    }
    struct kernel_entry k = { .address = e->address, .object = e->object };
    kernel_table_create(&l->kernel, &k, &other);
}

struct live_kernel live_total_kernel(const struct live_total *l) {
    struct live_kernel n = { .abandoned = 0 };
    for (uint32_t i = 0; i < l->kernel.entry_count; i++) {
        const struct kernel_entry *e = &l->kernel.entries[i];
        if (e->object == KERNEL_NONE)
            continue;
        n.live[e->object] += !e->abandoned;
        n.abandoned += e->abandoned;
    }
    return n;
}

// ---- all

bool live_total_conflicts(struct live_total *l, const struct trace_event *e) {
    if (e->type != TRACE_MEMORY || is_failure(e))
        return false;
    uint8_t kind = e->request.kind;
    bool must_live = kind < RAMLENS_WIRE_FIRST_ALLOC || kind == RAMLENS_WIRE_REALLOC_IN_PLACE;
    return (block_table_find(&l->blocks, e->address) != NULL) != must_live;
}

void live_total_apply(struct live_total *l, const struct trace_event *e) {
    if (e->type == TRACE_KERNEL)
        apply_kernel(l, e);
    else if (e->type != TRACE_MEMORY || is_failure(e) || e->address == 0)
        return; // nothing lives at address 0, whatever a damaged trace says
    else if (e->request.kind < RAMLENS_WIRE_FIRST_ALLOC)
        apply_free(l, e->address);
    else
        apply_allocation(l, e);
}
