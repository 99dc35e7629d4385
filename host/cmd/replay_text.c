// The tables of `replay`. See replay_parts.h.
#include "replay_parts.h"

#include "human.h"
#include "site_text.h"
#include "table.h"

#include <inttypes.h>

enum { FAILURES_SHOWN = 10 };

static void add_number(struct table *t, uint64_t n) {
    table_printf(t, "%s", human_exact(n).text);
}

/// How much of what is free cannot be had in one piece.
static void add_fragmentation(struct table *t, uint64_t free_bytes, uint64_t largest) {
    if (free_bytes == 0)
        table_cell(t, STR("-"));
    else
        table_printf(t, "%.0f %%",
                100.0 - 100.0 * (double)(largest < free_bytes ? largest : free_bytes) /
                                (double)free_bytes);
}

static bool is_touched(const struct replay_state *s, uint32_t group) {
    for (uint32_t i = 1; i < s->moment_count; i++)
        if (s->moments[i].groups[group].free_bytes != s->moments[0].groups[group].free_bytes)
            return true;
    return s->worst[group].free_bytes != s->moments[0].groups[group].free_bytes;
}

static struct str phase_name(struct arena *a, const struct replay *r, uint32_t phase) {
    if (phase == 0)
        return STR("the start");
    return replay_checkpoint_name(a, r, phase - 1);
}

static void group_table(struct cmd_context *ctx, const struct replay *r,
        const struct replay_state *s, uint32_t group, struct text *out) {
    static const struct table_column columns[] = {
        { .title = "", .is_flexible = true },
        { .title = "free", .align = TABLE_RIGHT },
        { .title = "largest", .align = TABLE_RIGHT },
        { .title = "lowest so far", .align = TABLE_RIGHT },
        { .title = "in pieces", .align = TABLE_RIGHT },
    };
    struct table t = table_new(ctx->arena, columns, 5);
    for (uint32_t i = 0; i < s->moment_count; i++) {
        const struct replay_group *g = &s->moments[i].groups[group];
        table_cell(&t, replay_checkpoint_name(ctx->arena, r, i));
        add_number(&t, g->free_bytes);
        add_number(&t, g->largest);
        add_number(&t, g->minimum);
        add_fragmentation(&t, g->free_bytes, g->largest);
    }
    const struct replay_worst *w = &s->worst[group];
    table_rule(&t);
    table_printf(&t, "worst, %.3f s, after %.*s",
            (double)trace_nanoseconds(r->image, w->time) / 1e9,
            STR_ARG(phase_name(ctx->arena, r, w->phase)));
    add_number(&t, w->free_bytes);
    add_number(&t, w->largest);
    add_number(&t, w->free_bytes);
    add_fragmentation(&t, w->free_bytes, w->largest);
    table_write(&t, &ctx->term, out);
}

static void failures_text(struct cmd_context *ctx, const struct replay_setup *setup,
        const struct replay *r, const struct replay_state *s, struct text *out) {
    if (s->failure_count == 0) {
        text_printf(out, "\nNo request failed.\n");
        return;
    }
    static const struct table_column columns[] = {
        { .title = "failed", .align = TABLE_RIGHT },
        { .title = "bytes", .align = TABLE_RIGHT },
        { .title = "first at", .align = TABLE_RIGHT },
        { .title = "after" },
        { .title = "component" },
        { .title = "function", .is_flexible = true },
        { .title = "where" },
    };
    text_printf(out, "\n%s requests failed, of %zu call stacks:\n\n",
            human_exact(s->failure_count).text, s->failures.len);
    struct table t = table_new(ctx->arena, columns, 7);
    for (size_t i = 0; i < s->failures.len && i < FAILURES_SHOWN; i++) {
        const struct replay_failure *f = &s->failures.at[i];
        struct owner owner = owners_get(r->owners, f->stack);
        const struct site *site = &r->owners->sites[owner.site];
        add_number(&t, f->count);
        add_number(&t, f->size);
        table_printf(&t, "%.3f s", (double)trace_nanoseconds(r->image, f->time) / 1e9);
        table_cell(&t, phase_name(ctx->arena, r, f->phase));
        table_cell(&t, setup->answer.map.names[owner.component]);
        table_printf(
                &t, "%s%.*s", f->is_kernel ? "kernel object: " : "", STR_ARG(site_function(site)));
        table_cell(&t, site_place(ctx->arena, site));
    }
    table_write(&t, &ctx->term, out);
    if (s->failures.len > FAILURES_SHOWN)
        text_printf(out, "%zu more; --json has all\n", s->failures.len - FAILURES_SHOWN);
}

/// What did not fit into internal RAM, although it was to go there first.
static void spills_text(struct cmd_context *ctx, const struct replay_setup *setup,
        const struct replay *r, const struct replay_state *s, struct text *out) {
    if (s->spill_count == 0)
        return;
    const struct replay_spill *first = &s->spills.at[0];
    text_printf(out,
            "\n%s requests found no room in internal RAM, their first choice, from %.3f s on, "
            "after "
            "%.*s; of %zu call stacks, in the order of the first:\n\n",
            human_exact(s->spill_count).text,
            (double)trace_nanoseconds(r->image, first->time) / 1e9,
            STR_ARG(phase_name(ctx->arena, r, first->phase)), s->spills.len);
    static const struct table_column columns[] = {
        { .title = "elsewhere", .align = TABLE_RIGHT },
        { .title = "bytes", .align = TABLE_RIGHT },
        { .title = "failed", .align = TABLE_RIGHT },
        { .title = "first at", .align = TABLE_RIGHT },
        { .title = "component" },
        { .title = "function", .is_flexible = true },
        { .title = "where" },
    };
    struct table t = table_new(ctx->arena, columns, 7);
    for (size_t i = 0; i < s->spills.len && i < FAILURES_SHOWN; i++) {
        const struct replay_spill *f = &s->spills.at[i];
        struct owner owner = owners_get(r->owners, f->stack);
        const struct site *site = &r->owners->sites[owner.site];
        add_number(&t, f->count - f->failed);
        add_number(&t, f->bytes);
        add_number(&t, f->failed);
        table_printf(&t, "%.3f s", (double)trace_nanoseconds(r->image, f->time) / 1e9);
        table_cell(&t, setup->answer.map.names[owner.component]);
        table_printf(
                &t, "%s%.*s", f->is_kernel ? "kernel object: " : "", STR_ARG(site_function(site)));
        table_cell(&t, site_place(ctx->arena, site));
    }
    table_write(&t, &ctx->term, out);
    if (s->spills.len > FAILURES_SHOWN)
        text_printf(out, "%zu more; --json has all\n", s->spills.len - FAILURES_SHOWN);
}

static void exactness_text(struct cmd_context *ctx, const struct replay *r,
        const struct replay_state *s, struct text *out) {
    text_printf(out, "\nThis run was placed; replayed as it was, %s of %s compared figures differ",
            human_exact(s->mismatches).text, human_exact(s->compared).text);
    if (s->mismatches == 0) {
        text_printf(out, ": every block lies where it lay.\n");
        return;
    }
    text_printf(out,
            ", first at %.6f s: heap %" PRIu32 " + 0x%" PRIx64 " then, heap %" PRIu32
            " + 0x%" PRIx32 " now (stack %" PRIu32 ").\n",
            (double)trace_nanoseconds(r->image, s->mismatch.time) / 1e9, s->mismatch.heap_then,
            s->mismatch.at_then, s->mismatch.here.heap, s->mismatch.here.at, s->mismatch.stack);
    (void)ctx;
}

static void state_text(struct cmd_context *ctx, const struct replay_setup *setup,
        const struct replay *r, const struct replay_state *s, struct text *out) {
    text_printf(out, "\n%s\n", s->name);
    text_printf(out, "\nwhat the chip counts as internal, in all regions\n");
    group_table(ctx, r, s, REPLAY_COUNTED, out);
    for (uint32_t g = 0; g < r->target->region_count; g++) {
        const struct target_region *region = &r->target->regions[g];
        if (is_touched(s, g)) {
            text_printf(out, "\n%.*s: %.*s\n", STR_ARG(region->name), STR_ARG(region->about));
            group_table(ctx, r, s, g, out);
        } else {
            text_printf(out, "\n%.*s: untouched, %s B free\n", STR_ARG(region->name),
                    human_exact(s->worst[g].free_bytes).text);
        }
    }
    failures_text(ctx, setup, r, s, out);
    spills_text(ctx, setup, r, s, out);
    if (r->exact)
        exactness_text(ctx, r, s, out);
}

void replay_text(struct cmd_context *ctx, const struct replay_setup *s, const struct replay *r,
        struct text *out) {
    const struct answer *w = &s->answer;
    text_printf(out, "%.*s (%u-bit), %s events", STR_ARG(w->image->path),
            w->image->pointer_bytes * 8u, human_exact(r->feed.counts.events).text);
    if (!trace_is_of_device(w->image)) // whose order is known, and no times
        text_printf(out, " in %.2f s", (double)trace_nanoseconds(r->image, r->time) / 1e9);
    text_add_char(out, '\n');
    text_printf(out, "target %.*s: %s\n", STR_ARG(w->target.name),
            target_choices(ctx->arena, &w->target));
    if (w->image->pointer_bytes == 8)
        text_printf(out, "This program has 64-bit pointers and 16-byte blocks: no figures of the "
                         "chip; a 32-bit build has them.\n");
    uint64_t statics = s->heaps.static_bytes[0], occupied = s->heaps.occupied_bytes[0];
    if (statics + occupied > 0)
        text_printf(out, "taken from '%.*s' beforehand: %s B of static data, %s B occupied\n",
                STR_ARG(r->target->regions[0].name), human_exact(statics).text,
                human_exact(occupied).text);
    for (size_t i = 0; i < r->states.len; i++)
        state_text(ctx, s, r, r->states.at[i], out);
}
