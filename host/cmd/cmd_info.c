/// `ramlens info`: what is in a trace, without resolving any code.
#include "cmd.h"
#include "file_damage.h"
#include "human.h"
#include "json_out.h"
#include "kernel_table.h"
#include "table.h"
#include "trace.h"

#include <inttypes.h>

static const struct opt opts[] = {
    { .name = "events", .help = "list every event, oldest first" },
    { .name = "json", .help = "print JSON" },
    { .name = "image",
            .value = "N",
            .help = "the N-th process image of the trace (from 1)",
            .more = "A process that executes another program begins a new image. Without this "
                    "option: the last." },
    { 0 },
};

/// What one pass over the events of an image counts.
struct totals {
    uint64_t memory_events, kernel_events, failures, checkpoints;
    uint64_t last_ticks;
};

static const char *const kind_names[RAMLENS_WIRE_KIND_COUNT] = {
    [RAMLENS_WIRE_FREE] = "free",
    [RAMLENS_WIRE_DELETE] = "delete",
    [RAMLENS_WIRE_DELETE_ARRAY] = "delete[]",
    [RAMLENS_WIRE_REALLOC_FROM] = "realloc-from",
    [RAMLENS_WIRE_REALLOC_FREE] = "realloc-free",
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
};

static const char *kind_name(uint8_t kind) {
    return kind < RAMLENS_WIRE_KIND_COUNT && kind_names[kind] != NULL ? kind_names[kind]
                                                                      : "unknown";
}

/// One line: microseconds, thread, what, address, size, alignment, flags, stack.
static void print_event(
        struct text *t, const struct trace_image *image, const struct trace_event *e) {
    static const char *const operations[] = { "create", "destroy", "first-use" };
    text_printf(t, "%10" PRIu64 " t%-3" PRIu32 " ", trace_nanoseconds(image, e->time) / 1000,
            e->thread);
    if (e->type == TRACE_CHECKPOINT) {
        text_printf(t, "checkpoint %.*s cycle %" PRIu32 "\n", STR_ARG(e->name), e->cycle);
        return;
    }
    if (e->type == TRACE_KERNEL) {
        const char *object =
                e->object < KERNEL_OBJECT_COUNT ? kernel_object_names[e->object] : "unknown";
        text_printf(t, "%s %s 0x%" PRIx64 " size %" PRIu64 " stack %" PRIu32 "\n", object,
                e->operation < 3 ? operations[e->operation] : "unknown", e->address,
                e->request.size, e->request.stack);
        return;
    }
    const struct ramlens_wire_request *r = &e->request;
    text_printf(t, "%s 0x%" PRIx64 " size %" PRIu64, kind_name(r->kind), e->address, r->size);
    if (r->flags & RAMLENS_WIRE_HAS_ALIGNMENT)
        text_printf(t, " alignment %" PRIu32, r->alignment);
    text_printf(t, "%s%s%s stack %" PRIu32 "\n", r->flags & RAMLENS_WIRE_FAILED ? " failed" : "",
            r->flags & RAMLENS_WIRE_NOTHROW ? " nothrow" : "",
            r->flags & RAMLENS_WIRE_SIZED ? " sized" : "", r->stack);
}

static void print_depth(struct text *t, const struct trace_image *image) {
    uint32_t known = 0, deepest = 0;
    for (uint32_t i = 1; i < image->stack_count; i++) {
        uint32_t depth = 0;
        for (uint32_t s = i; s != 0 && depth < 1024 && image->stacks[s].known;
                s = image->stacks[s].outer)
            depth++;
        known += image->stacks[i].known;
        deepest = depth > deepest ? depth : deepest;
    }
    text_printf(t, "stacks       %" PRIu32 ", the deepest of %" PRIu32 " frames\n", known, deepest);
}

/// Goes through the events; lists them where asked.
static struct totals read_events(
        struct cmd_context *ctx, struct trace *trace, const struct trace_image *image) {
    enum { FLUSH_BYTES = 1 << 16 };
    bool list = opt_is_given(&ctx->values, "events");
    struct totals totals = { 0 };
    struct arena scratch = { 0 };
    struct text lines = { .arena = &scratch };
    struct trace_cursor *c = trace_cursor_new(ctx->arena, trace, image);
    const struct trace_event *e;
    for (; (e = trace_peek(c)) != NULL; trace_advance(c)) {
        totals.last_ticks = e->time;
        totals.checkpoints += e->type == TRACE_CHECKPOINT;
        totals.kernel_events += e->type == TRACE_KERNEL;
        // A moving realloc is one event: its second half counts.
        totals.memory_events +=
                e->type == TRACE_MEMORY && e->request.kind != RAMLENS_WIRE_REALLOC_FROM;
        totals.failures += e->type == TRACE_MEMORY && (e->request.flags & RAMLENS_WIRE_FAILED) != 0;
        if (list)
            print_event(&lines, image, e);
        if (lines.len > FLUSH_BYTES) {
            out_add(ctx->out, text_str(&lines));
            lines.len = 0;
        }
    }
    if (lines.len > 0)
        out_add(ctx->out, text_str(&lines));
    arena_clear(&scratch);
    return totals;
}

static void print_modules(
        struct cmd_context *ctx, struct text *t, const struct trace_image *image) {
    static const struct table_column columns[] = {
        { .title = "module", .is_flexible = true },
        { .title = "loaded at", .align = TABLE_RIGHT },
        { .title = "size", .align = TABLE_RIGHT },
        { .title = "build-id" },
    };
    struct table table = table_new(ctx->arena, columns, 4);
    for (uint32_t i = 0; i < image->module_count; i++) {
        const struct trace_module *m = &image->modules[i];
        table_cell(&table, m->path);
        table_printf(&table, "0x%" PRIx64, m->low);
        table_printf(&table, "%s", human_bytes(m->size).text);
        struct text id = { .arena = ctx->arena };
        for (size_t k = 0; k < m->build_id_bytes && k < 6; k++)
            text_printf(&id, "%02x", m->build_id[k]);
        table_cell(&table, id.len == 0 ? STR("none") : text_str(&id));
    }
    table_write(&table, &ctx->term, t);
}

static void print_recorder(struct text *t, const struct trace_counters *c) {
    if (!c->present)
        return;
    text_printf(t, "recorder     %s of memory; %" PRIu64 " walks, %s of them remembered whole; ",
            human_bytes(c->map_bytes).text, c->walks, human_percent(c->hits, c->walks).text);
    text_printf(t, "cut: %" PRIu64 " for want of a rule, %" PRIu64 " too deep\n", c->no_rule,
            c->too_deep);
}

static void print_text(struct cmd_context *ctx, const struct trace *trace,
        const struct trace_image *image, const struct totals *n) {
    struct text t = { .arena = ctx->arena };
    uint64_t us = trace_nanoseconds(image, n->last_ticks) / 1000;
    text_printf(&t, "trace        %s, %s, format 1, %" PRIu32 " image%s\n", trace->path,
            human_bytes(trace->file_bytes).text, trace->image_count,
            trace->image_count == 1 ? "" : "s");
    text_printf(&t, "program      %.*s (%.*s, %d-bit, process %" PRIu64 "), %s\n",
            STR_ARG(image->path), STR_ARG(image->platform), image->pointer_bytes * 8,
            image->process,
            image->ended ? "ended in order"
                         : "did not end in order: killed, _exit, or executed another program");
    text_printf(&t, "time         %s, ticks of %.0f ns\n", human_time(us).text,
            1e9 / (double)image->ticks_per_second);
    text_printf(&t,
            "events       %s memory, %s kernel, %" PRIu64 " checkpoints; %" PRIu64
            " requests failed\n",
            human_exact(n->memory_events).text, human_exact(n->kernel_events).text, n->checkpoints,
            n->failures);
    uint64_t events = n->memory_events + n->kernel_events;
    if (events > 0 && trace->image_count == 1)
        text_printf(&t, "size         %.2f bytes an event\n",
                (double)trace->file_bytes / (double)events);
    text_printf(&t, "threads      %" PRIu32 "\n", image->thread_count);
    print_depth(&t, image);
    text_printf(&t, "lost         %" PRIu64 " allocations, %" PRIu64 " frees\n", trace->lost_allocs,
            trace->lost_frees);
    print_recorder(&t, &image->counters);
    text_add_char(&t, '\n');
    print_modules(ctx, &t, image);
    out_add(ctx->out, text_str(&t));
}

static json_t *modules_json(const struct trace_image *image) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < image->module_count; i++) {
        json_t *m = json_object();
        json_out_str(m, "path", image->modules[i].path);
        json_out_number(m, "low", image->modules[i].low);
        json_out_number(m, "size", image->modules[i].size);
        json_array_append_new(list, m);
    }
    return list;
}

static void print_json(struct cmd_context *ctx, const struct trace *trace,
        const struct trace_image *image, const struct totals *n) {
    json_t *root = json_object();
    json_out_str(root, "schema", STR("ramlens.info/1"));
    json_out_str(root, "program", image->path);
    json_out_number(root, "bytes", trace->file_bytes);
    json_out_number(root, "images", trace->image_count);
    json_out_number(root, "pointer_bytes", image->pointer_bytes);
    json_out_number(root, "events", n->memory_events + n->kernel_events);
    json_out_number(root, "memory_events", n->memory_events);
    json_out_number(root, "kernel_events", n->kernel_events);
    json_out_number(root, "failures", n->failures);
    json_out_number(root, "checkpoints", n->checkpoints);
    json_out_number(root, "threads", image->thread_count);
    json_out_number(root, "lost_allocs", trace->lost_allocs);
    json_out_number(root, "lost_frees", trace->lost_frees);
    json_out_number(root, "time_us", trace_nanoseconds(image, n->last_ticks) / 1000);
    json_object_set_new(root, "ended", json_boolean(image->ended));
    json_out_number(root, "damaged_blocks", trace->damage.blocks);
    json_out_number(root, "missing_blocks", trace->damage.missing);
    json_out_number(root, "walks", image->counters.walks);
    json_out_number(root, "walks_remembered", image->counters.hits);
    json_out_number(root, "walks_without_rule", image->counters.no_rule);
    json_out_number(root, "walks_too_deep", image->counters.too_deep);
    json_object_set_new(root, "modules", modules_json(image));
    json_out_write(root, ctx->out);
}

static const struct trace_image *choose_image(struct cmd_context *ctx, const struct trace *trace) {
    uint64_t number;
    if (!opt_number(&ctx->values, "image", trace->image_count, &number, &ctx->err))
        return NULL;
    if (number == 0 || number > trace->image_count) {
        fail(&ctx->err, trace->path, ERR_NO_OFFSET,
                "has %" PRIu32 " images; --image takes 1 to that", trace->image_count);
        return NULL;
    }
    return &trace->images[number - 1];
}

static int run(struct cmd_context *ctx) {
    struct trace trace;
    if (!trace_open(ctx->arena, ctx->values.operands[0], &trace, &ctx->err))
        return CMD_FAILED;
    const struct trace_image *image = choose_image(ctx, &trace);
    if (image == NULL)
        return CMD_FAILED;
    struct totals totals = read_events(ctx, &trace, image);
    trace_close(&trace);
    cmd_warn_damage(ctx, &trace);
    if (opt_is_given(&ctx->values, "json"))
        print_json(ctx, &trace, image, &totals);
    else if (!opt_is_given(&ctx->values, "events"))
        print_text(ctx, &trace, image, &totals);
    return CMD_DONE;
}

const struct command cmd_info = {
    .name = "info",
    .group = CMD_GROUP_ASK,
    .summary = "say what is in a trace",
    .usage = "[OPTIONS] TRACE",
    .example = "ramlens info app.rlt",
    .text = "Events, threads, modules, losses and damage of a trace, as they were recorded: no "
            "code is looked up.",
    .opts = opts,
    .least_operands = 1,
    .most_operands = 1,
    .run = run,
};
