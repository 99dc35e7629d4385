// See run_text.h.
#include "run_text.h"

#include "human.h"
#include "site_text.h"
#include "table.h"
#include "vec.h"

#include <inttypes.h>

enum { FAILURES_SHOWN = 10 };

/// A region at a checkpoint: its heaps together, as the chip's own queries would say.
struct figures {
    uint64_t free_bytes;
    uint64_t largest;
    uint64_t minimum; ///< The sum of the heaps' own.
};

struct moment {
    struct str name;
    struct figures regions[TARGET_REGIONS_MAX];
};

/// Requests of one site that failed.
struct failed {
    uint32_t site;
    uint64_t count;
    uint64_t size; ///< Of the first.
    uint64_t time;
    struct str after; ///< The checkpoint before it.
    bool is_kernel;
};

struct telling {
    struct cmd_context *ctx;
    struct placed_run *run;
    const struct trace_image *image;
    struct owners owners;
    struct str checkpoint;
    VEC(struct moment) moments;
    VEC(struct failed) failed;
    uint64_t failures;
    uint64_t time;
    uint64_t events;
};

// ---- reading

static void note_heaps(struct telling *t, const struct trace_event *e) {
    const struct ramlens_heaps_rules *rules = &t->run->shared->rules;
    struct moment *m = vec_push(t->ctx->arena, &t->moments);
    *m = (struct moment){ .name = t->checkpoint };
    for (uint32_t i = 0; i < e->heap_count; i++) {
        const struct trace_heap *h = &e->heaps[i];
        if (h->region >= rules->count)
            continue;
        struct figures *f = &m->regions[rules->places[h->region].region];
        f->free_bytes += h->free_bytes;
        f->minimum += h->minimum;
        f->largest = h->largest > f->largest ? h->largest : f->largest;
    }
}

static void note_failure(struct telling *t, const struct trace_event *e) {
    uint32_t site = owners_get(&t->owners, e->request.stack).site;
    bool is_kernel = e->type == TRACE_KERNEL_BLOCK;
    t->failures++;
    for (size_t i = 0; i < t->failed.len; i++)
        if (t->failed.at[i].site == site && t->failed.at[i].is_kernel == is_kernel) {
            t->failed.at[i].count++;
            return;
        }
    *vec_push(t->ctx->arena, &t->failed) = (struct failed){ .site = site,
        .count = 1,
        .size = e->request.size,
        .time = e->time,
        .after = t->checkpoint,
        .is_kernel = is_kernel };
}

static void note_event(struct telling *t, const struct trace_event *e) {
    t->time = e->time;
    t->events++;
    if (e->type == TRACE_CHECKPOINT) {
        const char *name = e->cycle == 0 ? arena_printf(t->ctx->arena, "%.*s", STR_ARG(e->name))
                                         : arena_printf(t->ctx->arena, "%.*s %" PRIu32,
                                                   STR_ARG(e->name), e->cycle);
        t->checkpoint = human_clean(t->ctx->arena, str_from(name));
    } else if (e->type == TRACE_HEAPS) {
        note_heaps(t, e);
    } else if ((e->type == TRACE_MEMORY || e->type == TRACE_KERNEL_BLOCK) &&
               (e->request.flags & RAMLENS_WIRE_FAILED) != 0) {
        note_failure(t, e);
    }
}

// ---- writing

static bool is_touched(const struct telling *t, uint32_t region) {
    const struct figures *first = &t->moments.at[0].regions[region];
    for (size_t i = 0; i < t->moments.len; i++) {
        const struct figures *f = &t->moments.at[i].regions[region];
        if (f->free_bytes != first->free_bytes || f->minimum != first->minimum)
            return true;
    }
    return false;
}

static void region_table(const struct telling *t, uint32_t region, struct text *out) {
    static const struct table_column columns[] = {
        { .title = "", .is_flexible = true },
        { .title = "free", .align = TABLE_RIGHT },
        { .title = "largest", .align = TABLE_RIGHT },
        { .title = "lowest so far", .align = TABLE_RIGHT },
    };
    struct table table = table_new(t->ctx->arena, columns, 4);
    for (size_t i = 0; i < t->moments.len; i++) {
        const struct figures *f = &t->moments.at[i].regions[region];
        table_cell(&table, t->moments.at[i].name);
        table_printf(&table, "%s", human_exact(f->free_bytes).text);
        table_printf(&table, "%s", human_exact(f->largest).text);
        table_printf(&table, "%s", human_exact(f->minimum).text);
    }
    table_write(&table, &t->ctx->term, out);
}

static void regions_text(const struct telling *t, struct text *out) {
    if (t->moments.len == 0) {
        text_printf(out, "\nThe program has no checkpoints, so there is no moment to tell of: "
                         "ramlens_checkpoint()\nin runtime/ramlens.h sets them.\n");
        return;
    }
    for (uint32_t i = 0; i < t->run->target.region_count; i++) {
        const struct target_region *region = &t->run->target.regions[i];
        if (is_touched(t, i)) {
            text_printf(out, "\n%.*s: %.*s\n", STR_ARG(region->name), STR_ARG(region->about));
            region_table(t, i, out);
        } else {
            text_printf(out, "\n%.*s: untouched, %s B free\n", STR_ARG(region->name),
                    human_exact(t->moments.at[0].regions[i].free_bytes).text);
        }
    }
}

static void failures_text(const struct telling *t, struct text *out) {
    static const struct table_column columns[] = {
        { .title = "failed", .align = TABLE_RIGHT },
        { .title = "bytes", .align = TABLE_RIGHT },
        { .title = "first at", .align = TABLE_RIGHT },
        { .title = "after" },
        { .title = "component" },
        { .title = "function", .is_flexible = true },
        { .title = "where" },
    };
    if (t->failures == 0) {
        text_printf(out, "\nNo request failed.\n");
        return;
    }
    text_printf(out, "\n%s requests failed, at %zu sites:\n\n", human_exact(t->failures).text,
            t->failed.len);
    struct table table = table_new(t->ctx->arena, columns, 7);
    for (size_t i = 0; i < t->failed.len && i < FAILURES_SHOWN; i++) {
        const struct failed *f = &t->failed.at[i];
        const struct site *s = &t->owners.sites[f->site];
        table_printf(&table, "%s", human_exact(f->count).text);
        table_printf(&table, "%s", human_exact(f->size).text);
        table_printf(&table, "%.3f s", (double)trace_nanoseconds(t->image, f->time) / 1e9);
        table_cell(&table, f->after.len == 0 ? STR("the start") : f->after);
        table_cell(&table, owners_component_name(&t->owners, s->component));
        table_printf(
                &table, "%s%.*s", f->is_kernel ? "kernel object: " : "", STR_ARG(site_function(s)));
        table_cell(&table, site_place(t->ctx->arena, s));
    }
    table_write(&table, &t->ctx->term, out);
    if (t->failed.len > FAILURES_SHOWN)
        text_printf(
                out, "%zu more; ramlens info --events has all\n", t->failed.len - FAILURES_SHOWN);
}

static void head_text(const struct telling *t, struct text *out) {
    const struct placed_run *r = t->run;
    text_printf(out, "%.*s (%u-bit), %s events in %.2f s\n", STR_ARG(t->image->path),
            t->image->pointer_bytes * 8u, human_exact(t->events).text,
            (double)trace_nanoseconds(t->image, t->time) / 1e9);
    text_printf(out, "target %.*s: %s; plan %.*s\n", STR_ARG(r->target.name),
            target_choices(t->ctx->arena, &r->target), STR_ARG(r->plan.name));
    text_printf(out, "taken from '%.*s' beforehand: %s B of static data, %s B occupied\n",
            STR_ARG(r->target.regions[0].name), human_exact(r->static_bytes).text,
            human_exact(r->options->occupied_bytes).text);
    if (t->image->pointer_bytes == 8)
        text_printf(out, "This program has 64-bit pointers and 16-byte blocks: these are no "
                         "figures of the target.\nBuild it with -m32 for those.\n");
}

static void foot_text(const struct telling *t, struct text *out) {
    const struct ramlens_placed *s = t->run->shared;
    text_printf(out, "\n%s blocks, of %s in all, stayed outside: only a host has them.\n",
            human_exact(s->host_blocks).text, human_bytes(s->host_bytes).text);
    text_printf(out,
            "%s call stacks were decided in %s; the program waited %s for it, %s at most at a "
            "time.\n",
            human_exact(t->run->stacks_resolved).text, human_time(t->run->nanoseconds / 1000).text,
            human_time(s->waited / 1000).text, human_time(s->longest / 1000).text);
}

void run_text(
        struct cmd_context *ctx, struct placed_run *run, struct trace *trace, struct text *out) {
    const struct trace_image *image = &trace->images[trace->image_count - 1];
    struct telling t = { .ctx = ctx, .run = run, .image = image };
    owners_init(&t.owners, ctx->arena, image, run->symbolizer, &run->map);
    t.owners.link_map = run->owners.link_map;
    struct trace_cursor *c = trace_cursor_new(ctx->arena, trace, image);
    const struct trace_event *e;
    while ((e = trace_peek(c)) != NULL) {
        note_event(&t, e);
        trace_advance(c);
    }
    head_text(&t, out);
    regions_text(&t, out);
    failures_text(&t, out);
    foot_text(&t, out);
}
