// See ledger.h.
#include "ledger.h"

#include <assert.h>
#include <string.h>

void ledger_init(
        struct ledger *l, struct arena *a, struct owners *owners, uint32_t component_count) {
    *l = (struct ledger){ .a = a, .owners = owners, .row_count = component_count };
    l->rows = NEW_ARRAY(a, struct ledger_row, component_count);
    kernel_table_init(&l->kernel, a);
}

static struct ledger_site *site_row(struct ledger *l, uint32_t site) {
    if (__builtin_expect(site >= l->site_capacity, 0)) {
        uint32_t capacity = l->site_capacity == 0 ? 256 : l->site_capacity * 2;
        while (capacity <= site)
            capacity *= 2;
        struct ledger_site *bigger = NEW_ARRAY(l->a, struct ledger_site, capacity);
        if (l->site_capacity > 0)
            memcpy(bigger, l->sites, l->site_capacity * sizeof *bigger);
        l->sites = bigger;
        l->site_capacity = capacity;
    }
    return &l->sites[site];
}

static void row_add(struct ledger_row *row, uint64_t size, uint8_t kind) {
    row->live_bytes += size;
    row->live_blocks++;
    row->kind_bytes[kind] += size;
    if (row->live_bytes > row->peak_bytes)
        row->peak_bytes = row->live_bytes;
}

static void row_subtract(struct ledger_row *row, uint64_t size, uint8_t kind) {
    row->live_bytes -= size;
    row->live_blocks--;
    row->kind_bytes[kind] -= size;
}

static uint8_t kind_of(const struct ramlens_wire_request *r, struct owner owner) {
    if (r->kind == RAMLENS_WIRE_NEW || r->kind == RAMLENS_WIRE_NEW_ARRAY)
        return LEDGER_NEW;
    return owner.malloc_kind;
}

// ---- blocks

static void remove_block(struct ledger *l, struct block *b) {
    struct owner owner = owners_get(l->owners, b->stack);
    row_subtract(&l->total, b->size, b->kind);
    row_subtract(&l->rows[owner.component], b->size, b->kind);
    struct ledger_site *site = site_row(l, owner.site);
    site->live_bytes -= b->size;
    site->live_blocks--;
    if (l->listener != NULL && l->listener->block_gone != NULL)
        l->listener->block_gone(l->listener->self, b, owner.component, owner.site);
    block_table_remove(&l->blocks, b);
}

static void add_block(struct ledger *l, uint64_t address, const struct ramlens_wire_request *r) {
    struct owner owner = owners_get(l->owners, r->stack);
    struct block *b = block_table_add(&l->blocks, l->a, address);
    b->size = r->size;
    b->stack = r->stack;
    b->kind = kind_of(r, owner);
    row_add(&l->total, r->size, b->kind);
    row_add(&l->rows[owner.component], r->size, b->kind);
    struct ledger_site *site = site_row(l, owner.site);
    site->live_bytes += r->size;
    site->live_blocks++;
    site->allocations++;
    if (l->listener != NULL && l->listener->block_born != NULL)
        l->listener->block_born(l->listener->self, b, owner.component, owner.site);
}

/// Kernel objects in a block that is freed can no longer be destroyed: on a chip they are lost.
static void abandon_kernel_objects(struct ledger *l, const struct block *b) {
    if (l->kernel.entry_count > 0 && kernel_table_may_hold(&l->kernel, b->address, b->size))
        l->counts.abandoned += kernel_table_abandon(&l->kernel, b->address, b->size);
}

static void note_free(struct ledger *l, uint64_t address) {
    struct block *b = block_table_find(&l->blocks, address);
    if (b == NULL) {
        l->counts.foreign_frees++;
        return;
    }
    l->counts.frees++;
    abandon_kernel_objects(l, b);
    remove_block(l, b);
}

/// Whether a block can be as `e` says, in place of `old` (NULL: of none). Only a damaged or made-up trace says otherwise: nothing is given
/// at address 0, and no program holds 2^63 bytes. So all sums of bytes fit signed numbers, too.
static bool is_possible(
        const struct ledger *l, const struct trace_event *e, const struct block *old) {
    uint64_t others = l->total.live_bytes - (old != NULL ? old->size : 0);
    return e->address != 0 && e->request.size <= (uint64_t)INT64_MAX - others;
}

static void note_allocation(struct ledger *l, const struct trace_event *e) {
    struct block *old = block_table_find(&l->blocks, e->address);
    if (!is_possible(l, e, old)) {
        l->counts.impossible++;
        return;
    }
    if (old != NULL) {
        l->counts.conflicts++;
        abandon_kernel_objects(l, old);
        remove_block(l, old);
    }
    l->counts.allocations++;
    add_block(l, e->address, &e->request);
}

/// A block keeps its address and gets a new size; it belongs to who asked last, as after a moving realloc.
static void note_resize(struct ledger *l, const struct trace_event *e) {
    struct block *b = block_table_find(&l->blocks, e->address);
    if (!is_possible(l, e, b)) {
        l->counts.impossible++;
        return;
    }
    if (b != NULL) {
        remove_block(l, b);
    } else {
        l->counts.foreign_frees++;
        l->counts.allocations++;
    }
    add_block(l, e->address, &e->request);
}

static void note_failure(struct ledger *l, const struct ramlens_wire_request *r) {
    l->counts.failures++;
    site_row(l, owners_get(l->owners, r->stack).site)->failures++;
}

static void apply_memory(struct ledger *l, const struct trace_event *e) {
    uint8_t kind = e->request.kind;
    l->counts.events += kind != RAMLENS_WIRE_REALLOC_FROM;
    if (kind < RAMLENS_WIRE_FIRST_ALLOC)
        note_free(l, e->address);
    else if (e->request.flags & RAMLENS_WIRE_FAILED)
        note_failure(l, &e->request);
    else if (kind == RAMLENS_WIRE_REALLOC_IN_PLACE)
        note_resize(l, e);
    else
        note_allocation(l, e);
}

// ---- kernel objects

static void change_kernel(struct ledger *l, const struct kernel_entry *k, int change) {
    l->total.kernel[k->object] += (uint32_t)change;
    l->rows[k->component].kernel[k->object] += (uint32_t)change;
    if (l->listener != NULL && l->listener->kernel_changed != NULL)
        l->listener->kernel_changed(l->listener->self, k, change);
}

static void apply_kernel(struct ledger *l, const struct trace_event *e) {
    enum { CREATE = 0, DESTROY = 1, FIRST_USE = 2 };
    l->counts.events++;
    l->counts.kernel_events++;
    if (e->object == KERNEL_NONE || e->object >= KERNEL_OBJECT_COUNT || e->operation > FIRST_USE)
        return; // of a later version
    if (e->operation == DESTROY) {
        struct kernel_entry gone;
        if (kernel_table_destroy(&l->kernel, e->object, e->address, &gone))
            change_kernel(l, &gone, -1);
        return;
    }
    struct owner owner = owners_get(l->owners, e->request.stack);
    struct kernel_entry k = { .address = e->address,
        .stack_size = e->request.size,
        .stack = e->request.stack,
        .object = e->object,
        .site = owner.site,
        .component = owner.component };
    struct kernel_entry abandoned;
    kernel_table_create(&l->kernel, &k, &abandoned);
    l->counts.abandoned += abandoned.object != KERNEL_NONE;
    change_kernel(l, &k, 1);
}

// ---- all

bool ledger_conflicts(struct ledger *l, const struct trace_event *e) {
    if (e->type != TRACE_MEMORY || (e->request.flags & RAMLENS_WIRE_FAILED))
        return false;
    bool lives = block_table_find(&l->blocks, e->address) != NULL;
    uint8_t kind = e->request.kind;
    bool must_live = kind < RAMLENS_WIRE_FIRST_ALLOC || kind == RAMLENS_WIRE_REALLOC_IN_PLACE;
    return lives != must_live;
}

void ledger_apply(struct ledger *l, const struct trace_event *e) {
    if (e->type == TRACE_MEMORY)
        apply_memory(l, e);
    else if (e->type == TRACE_KERNEL)
        apply_kernel(l, e);
}

void ledger_reset_peaks(struct ledger *l) {
    l->total.peak_bytes = l->total.live_bytes;
    for (uint32_t i = 0; i < l->row_count; i++)
        l->rows[i].peak_bytes = l->rows[i].live_bytes;
}

static bool kinds_add_up(const struct ledger_row *row) {
    uint64_t sum = 0;
    for (int k = 0; k < LEDGER_KIND_COUNT; k++)
        sum += row->kind_bytes[k];
    return sum == row->live_bytes;
}

static bool rows_add_up(const struct ledger *l) {
    struct ledger_row sum = { 0 };
    for (uint32_t i = 0; i < l->row_count; i++) {
        const struct ledger_row *row = &l->rows[i];
        if (!kinds_add_up(row))
            return false;
        sum.live_bytes += row->live_bytes;
        sum.live_blocks += row->live_blocks;
        for (int k = 0; k < LEDGER_KIND_COUNT; k++)
            sum.kind_bytes[k] += row->kind_bytes[k];
        for (int k = 0; k < KERNEL_OBJECT_COUNT; k++)
            sum.kernel[k] += row->kernel[k];
    }
    return sum.live_bytes == l->total.live_bytes && sum.live_blocks == l->total.live_blocks &&
           memcmp(sum.kind_bytes, l->total.kind_bytes, sizeof sum.kind_bytes) == 0 &&
           memcmp(sum.kernel, l->total.kernel, sizeof sum.kernel) == 0;
}

static bool sites_add_up(const struct ledger *l) {
    uint64_t bytes = 0, blocks = 0;
    for (uint32_t i = 0; i < l->site_capacity; i++) {
        bytes += l->sites[i].live_bytes;
        blocks += l->sites[i].live_blocks;
    }
    return bytes == l->total.live_bytes && blocks == l->total.live_blocks;
}

static bool kernel_adds_up(const struct ledger *l) {
    uint32_t sum[KERNEL_OBJECT_COUNT] = { 0 };
    for (uint32_t i = 0; i < l->kernel.entry_count; i++)
        sum[l->kernel.entries[i].object]++;
    sum[KERNEL_NONE] = 0; // spare entries
    return memcmp(sum, l->total.kernel, sizeof sum) == 0;
}

bool ledger_adds_up(const struct ledger *l) {
    const struct ledger_counts *c = &l->counts;
    return rows_add_up(l) && sites_add_up(l) && kernel_adds_up(l) &&
           l->blocks.count == l->total.live_blocks &&
           l->total.live_blocks == c->allocations - c->frees - c->conflicts;
}
