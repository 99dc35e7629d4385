/// `ramlens info`: what is in a trace, without resolving any code.
#include "cmd.h"
#include "file_damage.h"
#include "human.h"
#include "info_events.h"
#include "json_out.h"
#include "table.h"
#include "trace.h"

#include <inttypes.h>

static const struct opt opts[] = {
    { .name = "events", .help = "list every event, oldest first" },
    { .name = "live", .help = "list what lives at each checkpoint and at the end" },
    { .name = "json", .help = "print JSON" },
    { .name = "image",
            .value = "N",
            .help = "the N-th process image of the trace (from 1)",
            .more = "A process that executes another program begins a new image. Without this "
                    "option: the last." },
    { 0 },
};

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

static void print_live(struct text *t, const struct live_total *l) {
    text_printf(t, "live         %s bytes in %s blocks at the end, at most %s bytes\n",
            human_exact(l->bytes).text, human_exact(l->blocks.count).text,
            human_exact(l->peak_bytes).text);
    if (l->conflicts + l->foreign_frees > 0)
        text_printf(t,
                "unmatched    %" PRIu64 " frees of blocks that are not in the trace, %" PRIu64
                " blocks given where one lived\n",
                l->foreign_frees, l->conflicts);
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
        const struct trace_image *image, const struct info_totals *n) {
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
    if (!trace_is_of_device(image)) // whose order is known, and no times
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
    print_live(&t, &n->live);
    print_recorder(&t, &image->counters);
    text_add_char(&t, '\n');
    print_modules(ctx, &t, image);
    out_add(ctx->out, text_str(&t));
}

/// `--live`: a line for each checkpoint, the end last.
static void print_moments(struct cmd_context *ctx, const struct info_totals *n) {
    static const struct table_column columns[] = {
        { .title = "checkpoint" },
        { .title = "cycle", .align = TABLE_RIGHT },
        { .title = "time_us", .align = TABLE_RIGHT },
        { .title = "bytes", .align = TABLE_RIGHT },
        { .title = "blocks", .align = TABLE_RIGHT },
        { .title = "mutex", .align = TABLE_RIGHT },
        { .title = "cond", .align = TABLE_RIGHT },
        { .title = "rwlock", .align = TABLE_RIGHT },
        { .title = "sem", .align = TABLE_RIGHT },
        { .title = "thread", .align = TABLE_RIGHT },
        { .title = "key", .align = TABLE_RIGHT },
        { .title = "barrier", .align = TABLE_RIGHT },
        { .title = "abandoned", .align = TABLE_RIGHT },
    };
    struct table table = table_new(ctx->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < n->moments.len; i++) {
        const struct info_moment *m = &n->moments.at[i];
        table_cell(&table, m->name);
        table_printf(&table, "%" PRIu32, m->cycle);
        table_printf(&table, "%" PRIu64, m->time_us);
        table_printf(&table, "%" PRIu64, m->bytes);
        table_printf(&table, "%" PRIu64, m->blocks);
        for (int k = KERNEL_MUTEX; k < KERNEL_OBJECT_COUNT; k++)
            table_printf(&table, "%" PRIu32, m->kernel.live[k]);
        table_printf(&table, "%" PRIu32, m->kernel.abandoned);
    }
    struct text t = { .arena = ctx->arena };
    table_write(&table, &ctx->term, &t);
    out_add(ctx->out, text_str(&t));
}

static json_t *moments_json(const struct info_totals *n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n->moments.len; i++) {
        const struct info_moment *m = &n->moments.at[i];
        json_t *o = json_object();
        json_out_str(o, "name", m->name);
        json_out_number(o, "cycle", m->cycle);
        json_out_number(o, "time_us", m->time_us);
        json_out_number(o, "live_bytes", m->bytes);
        json_out_number(o, "live_blocks", m->blocks);
        for (int k = KERNEL_MUTEX; k < KERNEL_OBJECT_COUNT; k++)
            json_out_number(o, kernel_object_names[k], m->kernel.live[k]);
        json_out_number(o, "abandoned", m->kernel.abandoned);
        json_array_append_new(list, o);
    }
    return list;
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

static json_t *threads_json(const struct trace_image *image) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < image->thread_count; i++) {
        const struct trace_thread *t = &image->threads[i];
        json_t *o = json_object();
        json_out_number(o, "number", t->number);
        json_out_number(o, "system_id", t->system_id);
        json_out_str(o, "name", t->name);
        json_array_append_new(list, o);
    }
    return list;
}

static void print_json(struct cmd_context *ctx, const struct trace *trace,
        const struct trace_image *image, const struct info_totals *n) {
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
    json_out_number(root, "conflicts", n->live.conflicts);
    json_out_number(root, "foreign_frees", n->live.foreign_frees);
    json_out_number(root, "live_bytes", n->live.bytes);
    json_out_number(root, "live_blocks", n->live.blocks.count);
    json_out_number(root, "peak_bytes", n->live.peak_bytes);
    json_out_number(root, "time_us", trace_nanoseconds(image, n->last_ticks) / 1000);
    json_object_set_new(root, "ended", json_boolean(image->ended));
    json_out_number(root, "damaged_blocks", trace->damage.blocks);
    json_out_number(root, "missing_blocks", trace->damage.missing);
    json_out_number(root, "walks", image->counters.walks);
    json_out_number(root, "walks_remembered", image->counters.hits);
    json_out_number(root, "walks_without_rule", image->counters.no_rule);
    json_out_number(root, "walks_too_deep", image->counters.too_deep);
    json_out_number(root, "recorder_bytes", image->counters.map_bytes);
    json_object_set_new(root, "moments", moments_json(n));
    json_object_set_new(root, "thread_list", threads_json(image));
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
    struct info_totals totals =
            info_read_events(ctx, &trace, image, opt_is_given(&ctx->values, "events"));
    trace_close(&trace);
    cmd_warn_damage(ctx, &trace);
    if (opt_is_given(&ctx->values, "json"))
        print_json(ctx, &trace, image, &totals);
    else if (opt_is_given(&ctx->values, "live"))
        print_moments(ctx, &totals);
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
