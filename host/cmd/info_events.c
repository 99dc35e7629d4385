/// See info_events.h.
#include "info_events.h"

#include <inttypes.h>

static const char *const kind_names[RAMLENS_WIRE_KIND_COUNT] = {
    [RAMLENS_WIRE_FREE] = "free",
    [RAMLENS_WIRE_DELETE] = "delete",
    [RAMLENS_WIRE_DELETE_ARRAY] = "delete[]",
    [RAMLENS_WIRE_REALLOC_FROM] = "realloc-from",
    [RAMLENS_WIRE_REALLOC_FREE] = "realloc-free",
    [RAMLENS_WIRE_KERNEL_FREE] = "kernel-free",
    [RAMLENS_WIRE_MALLOC] = "malloc",
    [RAMLENS_WIRE_CALLOC] = "calloc",
    [RAMLENS_WIRE_REALLOC] = "realloc",
    [RAMLENS_WIRE_REALLOC_TO] = "realloc-to",
    [RAMLENS_WIRE_REALLOC_IN_PLACE] = "realloc-in-place",
    [RAMLENS_WIRE_ALIGNED_ALLOC] = "aligned_alloc",
    [RAMLENS_WIRE_MEMALIGN] = "memalign",
    [RAMLENS_WIRE_POSIX_MEMALIGN] = "posix_memalign",
    [RAMLENS_WIRE_NEW] = "new",
    [RAMLENS_WIRE_NEW_ARRAY] = "new[]",
    [RAMLENS_WIRE_KERNEL_BLOCK] = "kernel-block",
};

static const char *kind_name(uint8_t kind) {
    return kind < RAMLENS_WIRE_KIND_COUNT && kind_names[kind] != NULL ? kind_names[kind]
                                                                      : "unknown";
}

static void print_kernel(struct text *t, const struct trace_event *e) {
    static const char *const operations[] = { "create", "destroy", "first-use", "reclaimed" };
    const char *object =
            e->object < KERNEL_OBJECT_COUNT ? kernel_object_names[e->object] : "unknown";
    text_printf(t, "%s %s 0x%" PRIx64 " size %" PRIu64 " stack %" PRIu32 "\n", object,
            e->operation < 4 ? operations[e->operation] : "unknown", e->address, e->request.size,
            e->request.stack);
}

static void print_memory(struct text *t, const struct trace_event *e) {
    const struct ramlens_wire_request *r = &e->request;
    text_printf(t, "%s 0x%" PRIx64 " size %" PRIu64, kind_name(r->kind), e->address, r->size);
    if (r->flags & RAMLENS_WIRE_HAS_ALIGNMENT)
        text_printf(t, " alignment %" PRIu32, r->alignment);
    if (r->flags & RAMLENS_WIRE_HAS_CAPABILITY)
        text_printf(t, " capability 0x%" PRIx32, r->capability);
    if (r->flags & RAMLENS_WIRE_HAS_REGION)
        text_printf(t, " region %u", r->region);
    text_printf(t, "%s%s%s stack %" PRIu32 "\n", r->flags & RAMLENS_WIRE_FAILED ? " failed" : "",
            r->flags & RAMLENS_WIRE_NOTHROW ? " nothrow" : "",
            r->flags & RAMLENS_WIRE_SIZED ? " sized" : "", r->stack);
}

static void print_heaps(struct text *t, const struct trace_event *e) {
    text_printf(t, "heaps");
    for (uint32_t i = 0; i < e->heap_count; i++)
        text_printf(t, " %" PRIu32 ": free %" PRIu64 " largest %" PRIu64 " minimum %" PRIu64,
                e->heaps[i].region, e->heaps[i].free_bytes, e->heaps[i].largest,
                e->heaps[i].minimum);
    text_printf(t, "\n");
}

/// One line: microseconds, thread, what, address, size, alignment, flags, stack.
static void print_event(
        struct text *t, const struct trace_image *image, const struct trace_event *e) {
    text_printf(t, "%10" PRIu64 " t%-3" PRIu32 " ", trace_nanoseconds(image, e->time) / 1000,
            e->thread);
    if (e->type == TRACE_CHECKPOINT)
        text_printf(t, "checkpoint %.*s cycle %" PRIu32 "\n", STR_ARG(e->name), e->cycle);
    else if (e->type == TRACE_KERNEL)
        print_kernel(t, e);
    else if (e->type == TRACE_HEAPS)
        print_heaps(t, e);
    else
        print_memory(t, e);
}

static void add_moment(struct cmd_context *ctx, struct info_totals *n,
        const struct trace_image *image, struct str name, uint32_t cycle) {
    *vec_push(ctx->arena, &n->moments) = (struct info_moment){ .name = arena_copy(ctx->arena, name),
        .cycle = cycle,
        .time_us = trace_nanoseconds(image, n->last_ticks) / 1000,
        .bytes = n->live.bytes,
        .blocks = n->live.blocks.count,
        .kernel = live_total_kernel(&n->live) };
}

static void count(struct info_totals *n, const struct trace_event *e) {
    n->last_ticks = e->time;
    n->checkpoints += e->type == TRACE_CHECKPOINT;
    n->kernel_events += e->type == TRACE_KERNEL;
    if (e->type != TRACE_MEMORY)
        return;
    n->memory_events += e->request.kind != RAMLENS_WIRE_REALLOC_FROM; // its second half counts
    n->failures += (e->request.flags & RAMLENS_WIRE_FAILED) != 0;
}

static void flush_lines(struct cmd_context *ctx, struct text *lines, size_t more_than) {
    if (lines->len <= more_than)
        return;
    out_add(ctx->out, text_str(lines));
    lines->len = 0;
}

struct info_totals info_read_events(
        struct cmd_context *ctx, struct trace *trace, const struct trace_image *image, bool list) {
    enum { FLUSH_BYTES = 1 << 16 };
    struct info_totals n = { .memory_events = 0 };
    struct arena scratch = { 0 };
    struct text lines = { .arena = &scratch };
    struct trace_cursor *c = trace_cursor_new(ctx->arena, trace, image);
    const struct trace_event *e;
    live_total_init(&n.live, ctx->arena);
    while ((e = trace_peek(c)) != NULL) {
        if (live_total_conflicts(&n.live, e) && trace_defer(c))
            continue;
        count(&n, e);
        live_total_apply(&n.live, e);
        if (e->type == TRACE_CHECKPOINT)
            add_moment(ctx, &n, image, e->name, e->cycle);
        if (list)
            print_event(&lines, image, e);
        flush_lines(ctx, &lines, FLUSH_BYTES);
        trace_advance(c);
    }
    flush_lines(ctx, &lines, 0);
    add_moment(ctx, &n, image, STR("end"), 0);
    arena_clear(&scratch);
    return n;
}
