// See run_text.h.
#include "run_text.h"

#include "human.h"
#include "site_text.h"

#include <inttypes.h>

enum { FAILURES_SHOWN = 10 };

/// One region's figures at a checkpoint: of its heaps together.
struct figures {
    uint64_t free_bytes;
    uint64_t largest;
    uint64_t minimum;
};

/// Requests that failed at one site.
struct failed {
    uint32_t stack;
    uint32_t site;
    uint64_t count;
    uint64_t size; ///< Of the first.
    uint64_t time;
};

struct telling {
    struct text *out;
    struct placed_run *run;
    const struct trace_image *image;
    struct owners owners;
    struct str checkpoint;
    uint32_t cycle;
    uint32_t checkpoints;
    struct failed failed[FAILURES_SHOWN];
    uint32_t failed_sites;
    uint64_t failures;
};

static bool has_heap(const struct telling *t, uint32_t region) {
    const struct ramlens_heaps_rules *rules = &t->run->shared->rules;
    for (uint32_t i = 0; i < rules->count; i++)
        if (rules->places[i].region == region)
            return true;
    return false;
}

static void add_head(struct telling *t) {
    text_printf(t->out, "%-24s", "");
    for (uint32_t i = 0; i < t->run->target.region_count; i++)
        if (has_heap(t, i))
            text_printf(t->out, "  %32s", t->run->target.regions[i].name.at);
    text_printf(t->out, "\n%-24s", "checkpoint");
    for (uint32_t i = 0; i < t->run->target.region_count; i++)
        if (has_heap(t, i))
            text_printf(t->out, "  %10s %10s %10s", "free", "largest", "lowest");
    text_add_char(t->out, '\n');
}

static void add_heaps(struct telling *t, const struct trace_event *e) {
    const struct ramlens_heaps_rules *rules = &t->run->shared->rules;
    struct figures regions[TARGET_REGIONS_MAX] = { 0 };
    for (uint32_t i = 0; i < e->heap_count; i++) {
        if (e->heaps[i].region >= rules->count)
            continue;
        struct figures *f = &regions[rules->places[e->heaps[i].region].region];
        f->free_bytes += e->heaps[i].free_bytes;
        f->minimum += e->heaps[i].minimum;
        if (e->heaps[i].largest > f->largest)
            f->largest = e->heaps[i].largest;
    }
    if (t->checkpoints++ == 0)
        add_head(t);
    const char *name = arena_printf(t->out->arena, t->cycle == 0 ? "%.*s" : "%.*s %" PRIu32,
            STR_ARG(t->checkpoint), t->cycle);
    text_printf(t->out, "%-24s", human_clean(t->out->arena, str_from(name)).at);
    for (uint32_t i = 0; i < t->run->target.region_count; i++)
        if (has_heap(t, i))
            text_printf(t->out, "  %10s %10s %10s", human_exact(regions[i].free_bytes).text,
                    human_exact(regions[i].largest).text, human_exact(regions[i].minimum).text);
    text_add_char(t->out, '\n');
}

static void note_failure(struct telling *t, const struct trace_event *e) {
    uint32_t site = owners_get(&t->owners, e->request.stack).site;
    t->failures++;
    for (uint32_t i = 0; i < t->failed_sites; i++)
        if (t->failed[i].site == site) {
            t->failed[i].count++;
            return;
        }
    if (t->failed_sites < FAILURES_SHOWN)
        t->failed[t->failed_sites++] = (struct failed){ .stack = e->request.stack,
            .site = site,
            .count = 1,
            .size = e->request.size,
            .time = e->time };
}

static void note_event(struct telling *t, const struct trace_event *e) {
    if (e->type == TRACE_CHECKPOINT) {
        t->checkpoint = arena_copy(t->out->arena, e->name);
        t->cycle = e->cycle;
    } else if (e->type == TRACE_HEAPS) {
        add_heaps(t, e);
    } else if ((e->type == TRACE_MEMORY || e->type == TRACE_KERNEL_BLOCK) &&
               (e->request.flags & RAMLENS_WIRE_FAILED) != 0) {
        note_failure(t, e);
    }
}

static void add_failures(struct telling *t) {
    if (t->failures == 0)
        return;
    text_printf(t->out, "\n%s requests failed, at first:\n", human_exact(t->failures).text);
    for (uint32_t i = 0; i < t->failed_sites; i++) {
        const struct failed *f = &t->failed[i];
        const struct site *s = &t->owners.sites[f->site];
        text_printf(t->out, "  at %s, %s bytes, %s time%s: %.*s: %.*s (%.*s)\n",
                human_time(trace_nanoseconds(t->image, f->time) / 1000).text,
                human_exact(f->size).text, human_exact(f->count).text, f->count == 1 ? "" : "s",
                STR_ARG(owners_component_name(&t->owners, s->component)), STR_ARG(site_function(s)),
                STR_ARG(site_place(t->out->arena, s)));
    }
}

void run_text(struct text *out, struct placed_run *run, struct trace *trace) {
    const struct trace_image *image = &trace->images[trace->image_count - 1];
    struct telling t = { .out = out, .run = run, .image = image };
    owners_init(&t.owners, out->arena, image, run->symbolizer, &run->map);
    t.owners.link_map = run->owners.link_map;
    struct trace_cursor *c = trace_cursor_new(out->arena, trace, image);
    const struct trace_event *e;
    while ((e = trace_peek(c)) != NULL) {
        note_event(&t, e);
        trace_advance(c);
    }
    if (t.checkpoints == 0)
        text_printf(out, "no checkpoints: ramlens_checkpoint() in runtime/ramlens.h sets them\n");
    add_failures(&t);
    const struct ramlens_placed *s = run->shared;
    text_printf(out, "\n%s blocks of %s that only a host has stayed outside\n",
            human_exact(s->host_blocks).text, human_bytes(s->host_bytes).text);
    text_printf(out, "%s call stacks decided in %s; the program waited %s for it\n",
            human_exact(run->stacks_resolved).text, human_time(run->nanoseconds / 1000).text,
            human_time(s->waited / 1000).text);
}
