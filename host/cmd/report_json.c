// See report_json.h. Keys in a fixed order; integers in base units; what is not known is null.
#include "report_json.h"

#include "json_out.h"

#include <string.h>

static void set_name(json_t *object, const char *key, struct str name) {
    if (name.len == 0)
        json_object_set_new(object, key, json_null());
    else
        json_out_str(object, key, name);
}

static json_t *kinds_json(const struct ledger_row *row) {
    json_t *o = json_object();
    for (int k = 0; k < LEDGER_KIND_COUNT; k++)
        json_out_number(o, ledger_kind_names[k], row->kind_bytes[k]);
    return o;
}

static json_t *kernel_json(const struct ledger_row *row) {
    json_t *o = json_object();
    for (int k = KERNEL_MUTEX; k < KERNEL_OBJECT_COUNT; k++)
        json_out_number(o, kernel_object_names[k], row->kernel[k]);
    return o;
}

/// Kernel and stack bytes of a component over all regions, as the chip would hold them.
static void set_target_bytes(
        json_t *o, const struct answer *w, uint32_t index, uint32_t component) {
    int64_t kernel = 0, stack = 0;
    for (uint32_t i = 0; w->has_target && i < w->target.region_count; i++) {
        const struct placement_cell *cell =
                &w->moments[ANSWER_STATE][index].regions[i].cells[component];
        kernel += cell->kernel;
        stack += cell->stack;
    }
    json_out_signed(o, "kernel_bytes", kernel);
    json_out_signed(o, "stack_bytes", stack);
    json_out_number(o, "static_bytes",
            w->has_target ? w->accounts[ANSWER_STATE].component_bytes[component] : 0);
}

static json_t *components_json(const struct answer *w, uint32_t index) {
    const struct run_checkpoint *c = &w->run.checkpoints[index];
    json_t *list = json_array();
    for (uint32_t i = 0; i < w->map.count; i++) {
        const struct ledger_row *row = &c->rows[i];
        json_t *o = json_object();
        json_out_str(o, "name", w->map.names[i]);
        json_out_number(o, "live_bytes", row->live_bytes);
        json_out_number(o, "live_blocks", row->live_blocks);
        json_out_number(o, "peak_bytes", row->peak_bytes);
        json_object_set_new(o, "by_kind", kinds_json(row));
        json_object_set_new(o, "kernel", kernel_json(row));
        set_target_bytes(o, w, index, i);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *region_json(
        const struct answer *w, uint32_t index, unsigned state, uint32_t region) {
    struct region_table t = answer_region(w, index, state, region);
    json_t *o = json_object(), *rows = json_array();
    json_out_str(o, "name", t.region->name);
    json_out_number(o, "size", t.region->bytes);
    for (uint32_t i = 0; i < t.row_count; i++) {
        const struct region_row *row = &t.rows[i];
        json_t *r = json_object();
        json_out_str(r, "kind", str_from(row_kind_names[row->kind]));
        set_name(r, "component",
                row->component == ROW_NO_COMPONENT ? STR("") : w->map.names[row->component]);
        json_out_signed(r, "bytes", row->bytes);
        json_out_str(r, "source", str_from(row_source_names[row->source]));
        set_name(r, "about", row->about);
        if (row->kind == ROW_STATIC)
            set_name(r, "from", row->origin);
        json_array_append_new(rows, r);
    }
    json_object_set_new(o, "rows", rows);
    json_out_signed(o, "free", t.free);
    json_object_set_new(o, "free_observed", json_boolean(t.free_observed));
    return o;
}

static json_t *regions_json(const struct answer *w, uint32_t index, unsigned state) {
    json_t *list = json_array();
    for (uint32_t i = 0; w->has_target && i < w->target.region_count; i++)
        json_array_append_new(list, region_json(w, index, state, i));
    return list;
}

static json_t *checkpoint_json(const struct answer *w, uint32_t index) {
    const struct run_checkpoint *c = &w->run.checkpoints[index];
    json_t *o = json_object(), *total = json_object();
    json_out_str(o, "name", c->name);
    json_object_set_new(o, "cycle", c->cycle == 0 ? json_null() : json_integer(c->cycle));
    json_out_number(o, "time_us", c->time_us);
    json_out_number(total, "live_bytes", c->total.live_bytes);
    json_out_number(total, "live_blocks", c->total.live_blocks);
    json_out_number(total, "peak_bytes", c->total.peak_bytes);
    json_object_set_new(o, "total", total);
    json_object_set_new(o, "components", components_json(w, index));
    json_object_set_new(o, "regions", regions_json(w, index, ANSWER_STATE));
    json_object_set_new(o, "stock_regions", regions_json(w, index, ANSWER_STOCK));
    json_out_number(o, "recorder_bytes", c->recorder_bytes);
    json_out_signed(o, "host_only_bytes",
            w->has_target ? w->moments[ANSWER_STATE][index].host_only_bytes : 0);
    return o;
}

static json_t *site_json(const struct answer *w, uint32_t index) {
    const struct site *s = &w->owners.sites[index];
    json_t *o = json_object(), *at = json_array();
    json_out_str(o, "id", s->id);
    json_out_str(o, "component", w->map.names[s->component]);
    set_name(o, "function", s->function);
    set_name(o, "file", s->file);
    json_object_set_new(o, "line", s->line == 0 ? json_null() : json_integer(s->line));
    json_object_set_new(o, "ordinal", s->ordinal == 0 ? json_null() : json_integer(s->ordinal));
    set_name(o, "module", s->module);
    json_out_number(o, "offset", s->offset);
    json_object_set_new(o, "debug_information", json_boolean(s->has_debug));
    for (uint32_t i = 0; i < w->run.checkpoint_count; i++) {
        json_t *moment = json_object();
        json_out_number(moment, "live_bytes", run_site_bytes(&w->run.checkpoints[i], index));
        json_out_number(moment, "live_blocks", run_site_blocks(&w->run.checkpoints[i], index));
        json_array_append_new(at, moment);
    }
    json_object_set_new(o, "at", at);
    return o;
}

static json_t *trace_json(const struct answer *w) {
    const struct ledger_counts *n = &w->run.ledger.counts;
    json_t *o = json_object();
    json_out_number(o, "events", n->events);
    json_out_number(o, "bytes", w->trace.file_bytes);
    json_out_number(o, "lost_allocs", w->trace.lost_allocs);
    json_out_number(o, "lost_frees", w->trace.lost_frees);
    json_out_number(o, "failed_requests", n->failures);
    json_out_number(o, "foreign_frees", n->foreign_frees);
    json_out_number(o, "conflicts", n->conflicts);
    json_out_number(o, "abandoned_kernel_objects", n->abandoned);
    json_out_number(o, "damaged_blocks", w->trace.damage.blocks);
    json_out_number(o, "missing_blocks", w->trace.damage.missing);
    return o;
}

static json_t *options_json(const struct answer *w) {
    json_t *o = json_object();
    for (uint32_t i = 0; w->has_target && i < w->target.parameter_count; i++) {
        const struct target_parameter *p = &w->target.parameters[i];
        const char *name = arena_copy(w->a, p->name).at;
        json_out_str(o, name, target_choice(&w->target, name));
    }
    return o;
}

static json_t *crossing_json(const struct answer *w) {
    const struct answer_crossing *c = &w->crossing;
    if (!c->wanted)
        return json_null();
    json_t *o = json_object();
    json_out_str(o, "from", c->from);
    json_out_str(o, "to", c->to);
    json_object_set_new(
            o, "time_us", c->found ? json_integer((json_int_t)c->time_us) : json_null());
    set_name(o, "before", c->found ? c->phase : STR(""));
    json_object_set_new(o, "least_free", c->found ? json_null() : json_integer(c->least_free));
    return o;
}

static json_t *versions_json(const struct versions *versions) {
    json_t *array = json_array();
    for (uint32_t i = 0; i < versions->count; i++) {
        const struct version *v = &versions->list[i];
        json_t *o = json_object();
        json_out_str(o, "component", v->component);
        json_out_str(o, "version", v->version);
        set_name(o, "origin", v->origin);
        json_array_append_new(array, o);
    }
    return array;
}

static json_t *guesses_json(const struct guess_list *list) {
    json_t *array = json_array();
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct guess *g = &list->guesses[i];
        json_t *o = json_object();
        json_out_str(o, "name", g->estimate->name);
        set_name(o, "text", g->estimate->text);
        json_out_number(o, "step", g->estimate->step);
        json_out_str(o, "expected", g->estimate->expectation);
        json_object_set_new(
                o, "measured", g->verdict == GUESS_OPEN ? json_null() : json_integer(g->measured));
        json_out_str(o, "unit", g->is_count ? STR("objects") : STR("bytes"));
        json_out_str(o, "verdict", str_from(guess_verdict_names[g->verdict]));
        json_out_str(o, "evidence", g->evidence);
        json_array_append_new(array, o);
    }
    return array;
}

static json_t *amount_json(const struct container_amount *amount) {
    json_t *o = json_object();
    json_out_number(o, "bytes", amount->bytes);
    json_out_number(o, "blocks", amount->blocks);
    return o;
}

static json_t *containers_json(const struct answer *w, const struct container_table *t) {
    json_t *array = json_array();
    for (size_t i = 0; i < t->rows.len; i++) {
        const struct container_row *row = &t->rows.at[i];
        json_t *o = json_object(), *at = json_array();
        json_out_str(o, "class", row->owner);
        json_out_str(o, "container", row->type);
        set_name(o, "component",
                row->component < w->map.count ? w->map.names[row->component] : STR(""));
        json_object_set_new(o, "asked_for", json_boolean(row->wanted));
        json_object_set_new(o, "peak", amount_json(&row->peak));
        for (uint32_t k = 0; k < t->checkpoint_count; k++)
            json_array_append_new(at, amount_json(&row->at[k]));
        json_object_set_new(o, "at", at);
        json_array_append_new(array, o);
    }
    return array;
}

/// Parameters that the device's log leaves open.
static json_t *open_json(const struct import_found *log) {
    json_t *array = json_array();
    for (size_t i = 0; log && i < log->fit.choices.len; i++) {
        const struct device_choice *c = &log->fit.choices.at[i];
        json_t *o;
        if (c->open == NULL || c->is_given)
            continue;
        o = json_object();
        json_out_str(o, "parameter", c->parameter);
        json_out_str(o, "possible", str_from(c->open));
        json_out_str(o, "taken", c->taken);
        json_array_append_new(array, o);
    }
    return array;
}

void report_json_write(
        struct cmd_context *ctx, const struct answer *w, const struct report_view *view) {
    json_t *root = json_object(), *checkpoints = json_array(), *sites = json_array();
    json_out_str(root, "schema", STR("ramlens.report/1"));
    set_name(root, "target", w->has_target ? w->target.name : STR(""));
    json_object_set_new(root, "target_options", options_json(w));
    json_object_set_new(root, "target_open", open_json(view->options->boot_log));
    json_out_str(root, "arch", w->image->pointer_bytes == 4 ? STR("i386") : STR("x86_64"));
    set_name(root, "state", w->has_target ? str_from(w->placements[ANSWER_STATE].name) : STR(""));
    json_out_str(root, "program", w->image->path);
    json_object_set_new(root, "versions", versions_json(&w->versions));
    json_object_set_new(root, "trace", trace_json(w));
    for (uint32_t i = 0; i < w->run.checkpoint_count; i++)
        json_array_append_new(checkpoints, checkpoint_json(w, i));
    json_object_set_new(root, "checkpoints", checkpoints);
    for (uint32_t i = 0; i < w->owners.site_count; i++)
        json_array_append_new(sites, site_json(w, i));
    json_object_set_new(root, "sites", sites);
    json_object_set_new(root, "crossing", crossing_json(w));
    json_object_set_new(root, "guesses", guesses_json(view->guesses));
    json_object_set_new(root, "containers", containers_json(w, view->containers));
    report_json_chip(root, w, view);
    json_out_write(root, ctx->out);
}
