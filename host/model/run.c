// See run.h.
#include "run.h"

#include <assert.h>
#include <string.h>

void run_init(struct run *r, struct arena *a, struct trace *t, const struct trace_image *image,
        struct owners *owners, uint32_t component_count) {
    *r = (struct run){ .a = a, .trace = t, .image = image };
    ledger_init(&r->ledger, a, owners, component_count);
}

static struct run_checkpoint *new_checkpoint(struct run *r) {
    if (r->checkpoint_count == r->checkpoint_capacity) {
        uint32_t capacity = r->checkpoint_capacity == 0 ? 16 : r->checkpoint_capacity * 2;
        struct run_checkpoint *bigger = NEW_ARRAY(r->a, struct run_checkpoint, capacity);
        if (r->checkpoint_count > 0)
            memcpy(bigger, r->checkpoints, r->checkpoint_count * sizeof *bigger);
        r->checkpoints = bigger;
        r->checkpoint_capacity = capacity;
    }
    return &r->checkpoints[r->checkpoint_count++];
}

static void copy_sites(struct run *r, struct run_checkpoint *c) {
    const struct ledger *l = &r->ledger;
    c->site_count =
            l->owners->site_count < l->site_capacity ? l->owners->site_count : l->site_capacity;
    c->site_bytes = NEW_ARRAY(r->a, uint64_t, c->site_count);
    c->site_blocks = NEW_ARRAY(r->a, uint64_t, c->site_count);
    for (uint32_t i = 0; i < c->site_count; i++) {
        c->site_bytes[i] = l->sites[i].live_bytes;
        c->site_blocks[i] = l->sites[i].live_blocks;
    }
}

/// Linear in the live blocks.
static void sum_containers(struct run *r, struct run_checkpoint *c) {
    const struct block_table *t = &r->ledger.blocks;
    c->container_bytes = NEW_ARRAY(r->a, uint64_t, r->ledger.row_count);
    for (size_t i = 0; t->mask != 0 && i <= t->mask; i++) {
        const struct block *b = &t->slots[i];
        if (b->address == 0 || b->kind != LEDGER_NEW)
            continue;
        struct owner owner = owners_get(r->ledger.owners, b->stack);
        if (owner.container)
            c->container_bytes[owner.component] += b->size;
    }
}

static void list_threads(struct run *r, struct run_checkpoint *c) {
    const struct kernel_table *t = &r->ledger.kernel;
    c->threads = NEW_ARRAY(r->a, struct run_thread, r->ledger.total.kernel[KERNEL_THREAD]);
    for (uint32_t i = 0; i < t->entry_count; i++)
        if (t->entries[i].object == KERNEL_THREAD)
            c->threads[c->thread_count++] =
                    (struct run_thread){ (uint32_t)t->entries[i].address, t->entries[i].component };
}

static const struct run_checkpoint *take_checkpoint(
        struct run *r, struct str name, uint32_t cycle, uint64_t time_us) {
    struct ledger *l = &r->ledger;
    assert(ledger_adds_up(l));
    struct run_checkpoint *c = new_checkpoint(r);
    *c = (struct run_checkpoint){ .name = arena_copy(r->a, name),
        .cycle = cycle,
        .time_us = time_us,
        .total = l->total,
        .rows = NEW_ARRAY(r->a, struct ledger_row, l->row_count),
        .recorder_bytes = r->image->counters.map_bytes };
    memcpy(c->rows, l->rows, l->row_count * sizeof *c->rows);
    copy_sites(r, c);
    sum_containers(r, c);
    list_threads(r, c);
    ledger_reset_peaks(l);
    return c;
}

static uint64_t microseconds(const struct run *r, uint64_t ticks) {
    return trace_nanoseconds(r->image, ticks) / 1000;
}

static void take(struct run *r, const struct trace_event *e, const struct run_observer *observer) {
    if (e->type == TRACE_CHECKPOINT) {
        const struct run_checkpoint *c =
                take_checkpoint(r, e->name, e->cycle, microseconds(r, e->time));
        if (observer != NULL && observer->at_checkpoint != NULL)
            observer->at_checkpoint(observer->self, c);
        return;
    }
    ledger_apply(&r->ledger, e);
    if (observer != NULL && observer->at_event != NULL)
        observer->at_event(observer->self, e);
}

void run_read(struct run *r, const struct run_observer *observer, struct progress *progress) {
    enum { EVENTS_A_STEP = 1 << 16 };
    struct trace_cursor *c = trace_cursor_new(r->a, r->trace, r->image);
    const struct trace_event *e;
    uint64_t seen = 0, last = 0;
    while ((e = trace_peek(c)) != NULL) {
        if (__builtin_expect(ledger_conflicts(&r->ledger, e), 0)) {
            if (trace_defer(c))
                continue;
            r->unresolved++;
        }
        last = e->time;
        take(r, e, observer);
        trace_advance(c);
        if (++seen % EVENTS_A_STEP == 0 && progress != NULL)
            progress_update(progress, trace_position(c));
    }
    r->end_us = microseconds(r, last);
    if (r->checkpoint_count == 0) {
        r->no_checkpoints = true;
        const struct run_checkpoint *end = take_checkpoint(r, STR("end"), 0, r->end_us);
        if (observer != NULL && observer->at_checkpoint != NULL)
            observer->at_checkpoint(observer->self, end);
    }
}

const struct run_checkpoint *run_find(const struct run *r, struct str name, uint32_t cycle) {
    for (uint32_t i = 0; i < r->checkpoint_count; i++) {
        const struct run_checkpoint *c = &r->checkpoints[i];
        if (str_equal(c->name, name) && (cycle == 0 || c->cycle == cycle))
            return c;
    }
    return NULL;
}

uint64_t run_site_bytes(const struct run_checkpoint *c, uint32_t site) {
    return site < c->site_count ? c->site_bytes[site] : 0;
}

uint64_t run_site_blocks(const struct run_checkpoint *c, uint32_t site) {
    return site < c->site_count ? c->site_blocks[site] : 0;
}
