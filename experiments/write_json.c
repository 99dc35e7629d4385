// The experiments in JSON. See write.h.
#include "write.h"

#include "json_out.h"

/// An empty string where nothing was said.
static void set_text(json_t *o, const char *key, struct str value) {
    json_out_str(o, key, value.at == NULL ? STR("") : value);
}

static void set_spread(json_t *o, const char *name, const struct spread *s, struct arena *a) {
    json_out_number(o, arena_printf(a, "measured_%s_min", name), s->least);
    json_out_number(o, arena_printf(a, "measured_%s", name), s->median);
    json_out_number(o, arena_printf(a, "measured_%s_max", name), s->most);
}

static void set_gain(
        json_t *o, const char *key, const struct row *row, const struct row *other, uint32_t m) {
    int64_t gain;
    if (results_gain(row, other, m, &gain))
        json_out_signed(o, key, gain);
    else
        json_object_set_new(o, key, json_null());
}

/// Bytes by component, and the same by reason.
static void set_left(json_t *o, const struct moment *m, struct arena *a) {
    json_t *left = json_object(), *why = json_object();
    for (uint32_t i = 0; i < m->holding_count; i++) {
        const struct holding *h = &m->holdings[i];
        uint64_t sum = 0;
        json_t *reasons = json_object();
        for (int w = 0; w < WHY_COUNT; w++) {
            sum += h->internal[w];
            if (h->internal[w] > 0)
                json_out_number(reasons, why_names[w], h->internal[w]);
        }
        const char *name = arena_copy(a, h->component).at;
        json_out_number(left, name, sum);
        json_object_set_new(why, name, reasons);
    }
    json_object_set_new(o, "left_internal", left);
    json_object_set_new(o, "left_internal_why", why);
}

static json_t *moment_json(const struct answers *w, const struct row *row, uint32_t m) {
    const struct results *r = w->results;
    const struct moment *at = &row->moments[m];
    json_t *o = json_object();
    if (at->predicted) {
        json_out_number(o, "predicted_free", at->predicted_free);
        json_out_number(o, "predicted_largest", at->predicted_largest);
    } else {
        json_object_set_new(o, "predicted_free", json_null());
        json_object_set_new(o, "predicted_largest", json_null());
    }
    json_out_number(o, "runs", at->free.count);
    set_spread(o, "free", &at->free, r->a);
    set_spread(o, "largest", &at->largest, r->a);
    if (at->predicted)
        json_out_signed(o, "difference", (int64_t)at->predicted_free - (int64_t)at->free.median);
    else
        json_object_set_new(o, "difference", json_null());
    const struct row *before =
            row->state->after < 0 ? NULL
                                  : results_row(r, r->states[row->state->after].name, row->setting);
    set_gain(o, "gain_vs_previous", row, before, m);
    set_gain(o, "gain_vs_stock", row, results_row(r, STR("stock"), row->setting), m);
    set_left(o, at, r->a);
    return o;
}

static json_t *shortages_json(const struct row *row) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < row->shortage_count; i++) {
        const struct shortage *s = &row->shortages[i];
        json_t *o = json_object();
        json_out_str(o, "component", s->component);
        json_out_str(o, "function", s->function);
        json_object_set_new(o, "kernel", json_boolean(s->is_kernel));
        json_out_number(o, "count", s->count);
        json_out_number(o, "failed", s->failed);
        json_out_number(o, "bytes", s->bytes);
        json_out_number(o, "first_us", s->first_us);
        json_out_number(o, "checkpoints_passed", s->passed);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *row_json(const struct answers *w, const struct row *row) {
    json_t *o = json_object(), *moments = json_object();
    json_out_str(o, "state", row->state->name);
    json_out_str(o, "about", row->state->about);
    set_text(o, "mechanism", row->state->mechanism);
    set_text(o, "expected_gain", row->state->expects);
    json_out_str(o, "setting", str_from(setting_names[row->setting]));
    json_out_number(o, "runs", row->runs);
    json_out_number(o, "runs_completed", row->completed);
    set_text(o, "complaint", row->complaint);
    for (uint32_t m = 0; m < MOMENTS; m++)
        if (row->moments[m].free.count > 0)
            json_object_set_new(moments, moment_names[m], moment_json(w, row, m));
    json_object_set_new(o, "checkpoints", moments);
    json_out_number(o, "connected_us", row->connected_us);
    json_object_set_new(o, "shortages", shortages_json(row));
    return o;
}

static json_t *claims_json(const struct claims *claims) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < claims->count; i++) {
        const struct claim *c = &claims->list[i];
        json_t *o = json_object();
        json_out_str(o, "name", c->name);
        json_out_number(o, "step", c->step);
        json_out_str(o, "text", c->text);
        json_out_str(o, "expected", c->expectation);
        json_out_str(o, "measure", c->measure);
        json_object_set_new(
                o, "measured", c->known ? json_integer((json_int_t)c->figure) : json_null());
        json_out_str(o, "unit", c->is_count ? STR("objects") : STR("bytes"));
        json_out_str(o, "verdict", str_from(verdict_names[c->verdict]));
        set_text(o, "note", c->note);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *guesses_json(const struct results *r) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < r->guess_count; i++) {
        const struct guess *g = &r->guesses[i];
        json_t *o = json_object();
        json_out_str(o, "name", g->name);
        json_out_number(o, "step", g->step);
        json_out_str(o, "text", g->text);
        json_out_str(o, "expected", g->expected);
        json_out_signed(o, "measured", g->measured);
        json_out_str(o, "verdict", g->verdict);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *checks_json(const struct checks *checks) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < checks->count; i++) {
        const struct check *c = &checks->list[i];
        json_t *o = json_object();
        json_out_str(o, "check", str_from(c->name));
        json_out_str(o, "state", c->row->state->name);
        json_out_str(o, "setting", str_from(setting_names[c->row->setting]));
        json_object_set_new(o, "pass", c->applies ? json_boolean(c->pass) : json_null());
        json_out_str(o, "figure", str_from(c->figure));
        json_array_append_new(list, o);
    }
    return list;
}

void write_json(const struct answers *w, struct out *out) {
    const struct results *r = w->results;
    json_t *root = json_object(), *rows = json_array();
    json_out_str(root, "schema", STR("ramlens.experiments/1"));
    json_out_str(root, "target", r->target.name);
    json_out_str(root, "target_options", r->target_options);
    json_out_number(root, "streaming_seconds", r->seconds);
    json_out_number(root, "occupied_bytes", r->occupied_bytes);
    for (uint32_t i = 0; i < r->row_count; i++)
        json_array_append_new(rows, row_json(w, &r->rows[i]));
    json_object_set_new(root, "rows", rows);
    json_object_set_new(root, "checks", checks_json(w->checks));
    json_object_set_new(root, "claims", claims_json(w->claims));
    json_object_set_new(root, "guesses", guesses_json(r));
    json_out_write(root, out);
}
