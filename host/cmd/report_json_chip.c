// See report_json.h: what only a chip's report has.
#include "json_out.h"
#include "report_json.h"

static void set_text(json_t *o, const char *key, struct str text) {
    if (text.len)
        json_out_str(o, key, text);
    else
        json_object_set_new(o, key, json_null());
}

static json_t *largest_json(const struct answer *w, const struct findings *f) {
    json_t *o = json_object();
    const struct static_move *s = f->largest;
    if (f->site.found && (s == NULL || (uint64_t)f->site.bytes > s->bytes)) {
        const struct site *site = &w->owners.sites[f->site.site];
        json_out_str(o, "what", STR("site"));
        json_out_str(o, "id", site->id);
        json_out_str(o, "component", w->map.names[site->component]);
        json_out_number(o, "bytes", (uint64_t)f->site.bytes);
        return o;
    }
    if (s == NULL) {
        json_decref(o);
        return json_null();
    }
    json_out_str(o, "what", STR("static"));
    json_out_str(o, "id", s->archive);
    json_out_str(o, "component", w->map.names[s->component]);
    json_out_number(o, "bytes", s->bytes);
    json_out_str(o, "kind", str_from(footprint_kind_names[s->kind]));
    json_out_str(o, "memory", s->memory);
    return o;
}

static json_t *outcome_json(bool is_there, const struct option_outcome *outcome) {
    if (!is_there)
        return json_null();
    json_t *o = json_object();
    json_out_number(o, "free", outcome->free);
    json_out_number(o, "least_free", outcome->least_free);
    json_out_number(o, "failed_requests", outcome->failures);
    return o;
}

static json_t *option_json(const struct answer *w, const struct option_line *line) {
    json_t *o = json_object();
    bool is_parameter = line->parameter != TARGET_NONE;
    set_text(o, "symbol", line->symbol ? str_from(line->symbol) : STR(""));
    set_text(o, "parameter", is_parameter ? w->target.parameters[line->parameter].name : STR(""));
    json_out_str(o, "about", line->about);
    json_out_str(o, "value", str_from(line->now));
    json_object_set_new(o, "line", line->line ? json_integer(line->line) : json_null());
    json_out_signed(o, "holds", line->holds);
    json_out_str(o, "other", str_from(line->other));
    json_out_signed(o, "frees", line->frees);
    set_text(o, "price", line->price);
    json_object_set_new(o, "outcome", outcome_json(line->has_outcome, &line->outcome));
    return o;
}

static json_t *options_json(const struct answer *w, const struct option_table *t) {
    json_t *o = json_object(), *lines = json_array();
    for (uint32_t i = 0; i < t->count; i++)
        json_array_append_new(lines, option_json(w, &t->lines[i]));
    set_text(o, "checkpoint", t->has_outcome ? w->run.checkpoints[t->checkpoint].name : STR(""));
    json_object_set_new(o, "outcome", outcome_json(t->has_outcome, &t->outcome));
    json_object_set_new(o, "lines", lines);
    return o;
}

static json_t *lent_json(const struct answer *w) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < w->target.region_count; i++)
        for (uint32_t k = 0; k < w->target.regions[i].lent_count; k++) {
            const struct target_range *r = &w->target.regions[i].lent[k];
            json_t *o = json_object();
            json_out_str(o, "region", w->target.regions[i].name);
            json_out_str(o, "name", r->name);
            json_out_str(o, "about", r->about);
            json_out_number(o, "bytes", r->bytes);
            json_out_str(o, "until", r->until);
            json_array_append_new(list, o);
        }
    return list;
}

static json_t *thread_local_json(const struct answer *w) {
    const struct static_account *s = &w->accounts[ANSWER_STATE];
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->component_count; i++) {
        if (s->thread_bytes[i] == 0)
            continue;
        json_t *o = json_object();
        json_out_str(o, "component", w->map.names[i]);
        json_out_number(o, "bytes", s->thread_bytes[i]);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *statics_json(const struct answer *w, const struct static_table *t) {
    json_t *list = json_array();
    for (size_t i = 0; i < t->len; i++) {
        const struct static_line *line = &t->at[i];
        json_t *o = json_object();
        json_out_number(o, "bytes", line->bytes);
        json_out_str(o, "component", w->map.names[line->component]);
        json_out_str(o, "kind", str_from(footprint_kind_names[line->kind]));
        set_text(o, "symbol", line->symbol);
        set_text(o, "archive", line->archive);
        set_text(o, "object", line->object);
        json_out_number(o, "objects", line->objects);
        set_text(o, "source", line->source);
        json_object_set_new(o, "line", line->line ? json_integer(line->line) : json_null());
        json_out_str(o, "from", str_from(static_origin_names[line->origin]));
        json_array_append_new(list, o);
    }
    return list;
}

void report_json_chip(json_t *root, const struct answer *w, const struct report_view *view) {
    json_t *findings = json_object();
    if (!w->has_target) {
        json_object_set_new(root, "findings", json_null());
        json_decref(findings);
        return;
    }
    json_out_str(findings, "base", w->run.checkpoints[view->base].name);
    json_object_set_new(findings, "largest", largest_json(w, view->findings));
    json_object_set_new(findings, "option",
            view->findings->option ? option_json(w, view->findings->option) : json_null());
    json_object_set_new(root, "findings", findings);
    json_object_set_new(root, "options", options_json(w, view->table));
    json_object_set_new(root, "lent", lent_json(w));
    json_object_set_new(root, "thread_local", thread_local_json(w));
    if (view->statics)
        json_object_set_new(root, "statics", statics_json(w, view->statics));
    json_out_number(root, "static_beyond_log", w->accounts[ANSWER_STATE].beyond_log[0]);
}
