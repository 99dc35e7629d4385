// `replay --json`: docs/replay.schema.json. See replay_parts.h.
#include "replay_parts.h"

#include "json_out.h"

static json_t *group_json(const struct replay_group *g) {
    json_t *o = json_object();
    json_out_number(o, "free", g->free_bytes);
    json_out_number(o, "largest", g->largest);
    json_out_number(o, "lowest", g->minimum);
    return o;
}

static json_t *groups_json(const struct replay *r, const struct replay_group *groups) {
    json_t *o = json_object();
    for (uint32_t g = 0; g < r->target->region_count; g++)
        json_object_set_new(o, r->target->regions[g].name.at, group_json(&groups[g]));
    json_object_set_new(o, "counted", group_json(&groups[REPLAY_COUNTED]));
    return o;
}

static void set_moment(json_t *o, const struct replay *r, uint32_t checkpoint) {
    bool known = checkpoint < r->feed.checkpoints.len;
    const struct replay_checkpoint *c = known ? &r->feed.checkpoints.at[checkpoint] : NULL;
    json_out_str(o, "name", known ? c->name : STR("end"));
    json_out_number(o, "cycle", known ? c->cycle : 0);
    json_out_number(o, "time_us", trace_nanoseconds(r->image, known ? c->time : r->time) / 1000);
}

/// What the placed run itself said of heap `h` at the checkpoint; NULL when it said nothing.
static const struct trace_heap *said_of(const struct replay *r, uint32_t checkpoint, uint32_t h) {
    for (size_t i = 0; r->exact && i < r->feed.said.len; i++) {
        const struct replay_said *said = &r->feed.said.at[i];
        for (uint32_t n = 0; said->checkpoint == checkpoint + 1 && n < said->count; n++)
            if (said->heaps[n].region == h)
                return &said->heaps[n];
    }
    return NULL;
}

static json_t *heaps_json(const struct replay *r, const struct replay_state *s,
        const struct replay_moment *m, uint32_t checkpoint) {
    json_t *list = json_array();
    for (uint32_t h = 0; h < s->rules.count; h++) {
        json_t *o = json_object();
        json_out_str(o, "name", str_from(s->rules.places[h].name));
        json_out_str(o, "region", r->target->regions[s->rules.places[h].region].name);
        json_object_set_new(o, "counted", json_boolean(s->counted >> h & 1));
        json_out_number(o, "free", m->heaps[h].free_bytes);
        json_out_number(o, "largest", m->heaps[h].largest);
        json_out_number(o, "lowest", m->heaps[h].minimum);
        const struct trace_heap *said = said_of(r, checkpoint, h);
        if (said != NULL) {
            json_t *ran = json_object();
            json_out_number(ran, "free", said->free_bytes);
            json_out_number(ran, "largest", said->largest);
            json_out_number(ran, "lowest", said->minimum);
            json_object_set_new(o, "ran", ran);
        }
        json_array_append_new(list, o);
    }
    return list;
}

static void set_components(json_t *o, const struct replay_setup *setup, const struct replay *r,
        const struct replay_moment *m) {
    json_t *regions = json_object();
    for (uint32_t g = 0; g < r->target->region_count; g++) {
        json_t *components = json_object();
        for (uint32_t i = 0; i < r->component_count; i++) {
            const struct replay_cell *cell = &m->cells[(size_t)g * r->component_count + i];
            if (cell->blocks == 0)
                continue;
            json_t *c = json_object();
            for (int k = 0; k < LEDGER_KIND_COUNT; k++)
                json_out_number(c, ledger_kind_names[k], cell->heap[k]);
            json_out_number(c, "kernel", cell->kernel);
            json_out_number(c, "stack", cell->stack);
            json_out_number(c, "cost", cell->cost);
            json_out_number(c, "blocks", cell->blocks);
            json_object_set_new(components, setup->answer.map.names[i].at, c);
        }
        json_object_set_new(regions, r->target->regions[g].name.at, components);
    }
    json_object_set_new(o, "components", regions);
}

static json_t *worst_json(const struct replay *r, const struct replay_state *s) {
    json_t *o = json_object();
    for (uint32_t g = 0; g < REPLAY_GROUPS; g++) {
        if (g >= r->target->region_count && g != REPLAY_COUNTED)
            continue;
        const struct replay_worst *w = &s->worst[g];
        json_t *worst = json_object();
        json_out_number(worst, "free", w->free_bytes);
        json_out_number(worst, "largest", w->largest);
        json_out_number(worst, "time_us", trace_nanoseconds(r->image, w->time) / 1000);
        json_out_number(worst, "checkpoints_passed", w->phase);
        json_object_set_new(o, replay_group_name(r, g).at, worst);
    }
    return o;
}

static json_t *failures_json(
        const struct replay_setup *setup, const struct replay *r, const struct replay_state *s) {
    json_t *list = json_array();
    for (size_t i = 0; i < s->failures.len; i++) {
        const struct replay_failure *f = &s->failures.at[i];
        struct owner owner = owners_get(r->owners, f->stack);
        json_t *o = json_object();
        json_out_str(o, "site", r->owners->sites[owner.site].id);
        json_out_str(o, "component", setup->answer.map.names[owner.component]);
        json_object_set_new(o, "kernel", json_boolean(f->is_kernel));
        json_out_number(o, "count", f->count);
        json_out_number(o, "first_bytes", f->size);
        json_out_number(o, "first_us", trace_nanoseconds(r->image, f->time) / 1000);
        json_out_number(o, "checkpoints_passed", f->phase);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *spills_json(
        const struct replay_setup *setup, const struct replay *r, const struct replay_state *s) {
    json_t *list = json_array();
    for (size_t i = 0; i < s->spills.len; i++) {
        const struct replay_spill *f = &s->spills.at[i];
        struct owner owner = owners_get(r->owners, f->stack);
        json_t *o = json_object();
        json_out_str(o, "site", r->owners->sites[owner.site].id);
        json_out_str(o, "function", r->owners->sites[owner.site].function);
        json_out_str(o, "component", setup->answer.map.names[owner.component]);
        json_object_set_new(o, "kernel", json_boolean(f->is_kernel));
        json_out_number(o, "count", f->count);
        json_out_number(o, "failed", f->failed);
        json_out_number(o, "bytes", f->bytes);
        json_out_number(o, "first_bytes", f->size);
        json_out_number(o, "first_us", trace_nanoseconds(r->image, f->time) / 1000);
        json_out_number(o, "checkpoints_passed", f->phase);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *state_json(
        const struct replay_setup *setup, const struct replay *r, const struct replay_state *s) {
    json_t *o = json_object(), *moments = json_array();
    json_out_str(o, "name", str_from(s->name));
    json_out_number(o, "threshold", s->rules.malloc_up_to);
    for (uint32_t i = 0; i < s->moment_count; i++) {
        const struct replay_moment *m = &s->moments[i];
        json_t *c = json_object();
        set_moment(c, r, i);
        json_object_set_new(c, "regions", groups_json(r, m->groups));
        json_object_set_new(c, "heaps", heaps_json(r, s, m, i));
        if (m->cells != NULL)
            set_components(c, setup, r, m);
        json_out_number(c, "failures", m->failures);
        json_array_append_new(moments, c);
    }
    json_object_set_new(o, "checkpoints", moments);
    json_object_set_new(o, "worst", worst_json(r, s));
    json_object_set_new(o, "failures", failures_json(setup, r, s));
    json_object_set_new(o, "spills", spills_json(setup, r, s));
    json_t *given = json_object();
    for (uint32_t g = 0; g < r->target->region_count; g++)
        json_out_number(given, r->target->regions[g].name.at, s->given[g]);
    json_object_set_new(o, "allocations", given);
    json_object_set_new(
            o, "compared", r->exact ? json_integer((json_int_t)s->compared) : json_null());
    json_object_set_new(
            o, "differences", r->exact ? json_integer((json_int_t)s->mismatches) : json_null());
    return o;
}

void replay_json(struct cmd_context *ctx, const struct replay_setup *s, const struct replay *r) {
    json_t *root = json_object(), *states = json_array();
    json_out_str(root, "schema", STR("ramlens.replay/1"));
    json_out_str(root, "target", s->answer.target.name);
    json_out_str(root, "target_options", str_from(target_choices(ctx->arena, &s->answer.target)));
    json_out_str(root, "program", s->answer.image->path);
    json_out_number(root, "pointer_bytes", s->answer.image->pointer_bytes);
    json_out_number(root, "static_bytes", s->heaps.static_bytes[0]);
    json_out_number(root, "occupied_bytes", s->heaps.occupied_bytes[0]);
    json_object_set_new(root, "exact", json_boolean(r->exact));
    json_out_number(root, "events", r->feed.counts.events);
    json_out_number(root, "host_only_blocks", r->feed.counts.host_only);
    json_out_number(root, "host_only_bytes", r->feed.counts.host_only_bytes);
    json_out_number(root, "conflicts", r->feed.counts.conflicts);
    for (size_t i = 0; i < r->states.len; i++)
        json_array_append_new(states, state_json(s, r, r->states.at[i]));
    json_object_set_new(root, "states", states);
    json_out_write(root, ctx->out);
}
