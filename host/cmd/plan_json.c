// `plan --json`: docs/plan.schema.json. See plan_parts.h.
#include "plan_parts.h"

#include "json_out.h"

static json_t *result_json(const struct plan_work *w, const struct trial_result *r) {
    json_t *o = json_object();
    json_out_number(o, "goal_free", r->goal.free_bytes);
    json_out_number(o, "goal_largest", r->goal.largest);
    json_out_number(o, "counted_free", r->goal_counted.free_bytes);
    json_out_number(o, "counted_largest", r->goal_counted.largest);
    json_out_number(o, "worst_free", r->worst.free_bytes);
    json_out_number(o, "worst_largest", r->worst.largest);
    json_out_number(o, "requests_out", r->events);
    json_object_set_new(o, "accesses_out",
            w->choose.by_accesses ? json_integer((json_int_t)r->accesses) : json_null());
    json_out_number(o, "failures", r->failures);
    return o;
}

static json_t *step_json(const struct plan_work *w, const struct choose_step *s) {
    json_t *o = json_object(), *exceptions = json_array();
    json_out_str(o, "rule", str_from(plan_rule_words(w, &s->rules[0])));
    for (uint32_t k = 1; k < s->count; k++)
        json_array_append_new(
                exceptions, json_out_value(str_from(plan_rule_words(w, &s->rules[k]))));
    json_object_set_new(o, "exceptions", exceptions);
    json_out_str(o, "reason", plan_reason_of(w, s));
    json_out_str(o, "evidence", plan_evidence(w, s));
    json_object_set_new(o, "after", result_json(w, &s->after));
    return o;
}

static json_t *curve_json(const struct plan_work *w) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < w->choose.curve_count; i++) {
        const struct choose_point *p = &w->choose.curve[i];
        json_t *o = result_json(w, &p->result);
        json_out_number(o, "threshold", p->up_to);
        json_object_set_new(o, "default", json_boolean(p->is_default));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *stays_json(struct plan_work *w) {
    struct plan_stay *stays;
    uint32_t count = plan_stays(w, &stays);
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *o = json_object();
        json_out_str(o, "component", w->setup.answer.map.names[stays[i].component]);
        json_out_number(o, "kernel", stays[i].kernel);
        json_out_number(o, "stack", stays[i].stack);
        for (int k = 0; k < LEDGER_KIND_COUNT; k++)
            json_out_number(o, ledger_kind_names[k], stays[i].heap[k]);
        json_out_number(o, "cost", stays[i].cost);
        json_array_append_new(list, o);
    }
    return list;
}

void plan_json(struct plan_work *w) {
    const struct choose *c = &w->choose;
    json_t *root = json_object(), *steps = json_array();
    json_out_str(root, "schema", STR("ramlens.plan/1"));
    json_out_str(root, "target", w->setup.answer.target.name);
    json_out_str(root, "target_options",
            str_from(target_choices(w->ctx->arena, &w->setup.answer.target)));
    json_out_str(root, "program", w->setup.answer.image->path);
    json_out_str(root, "goal", w->goal);
    json_out_str(root, "checkpoint", w->lots.checkpoints[w->bench.checkpoint]);
    json_object_set_new(root, "met", json_boolean(c->met));
    json_object_set_new(root, "dominated_by_threshold",
            c->dominated_by == CHOOSE_NONE ? json_null()
                                           : json_integer(c->curve[c->dominated_by].up_to));
    json_out_number(root, "placements_tried", w->bench.tried);
    json_object_set_new(root, "before", result_json(w, &c->before));
    for (uint32_t i = 0; i < c->step_count; i++)
        json_array_append_new(steps, step_json(w, &c->steps[i]));
    json_object_set_new(root, "steps", steps);
    json_object_set_new(root, "result", result_json(w, &c->result));
    json_object_set_new(root, "everything", result_json(w, &c->all));
    json_object_set_new(root, "curve", curve_json(w));
    json_object_set_new(root, "stays", stays_json(w));
    json_object_set_new(root, "statics", plan_statics_json(w));
    json_out_str(root, "plan", w->file);
    json_out_write(root, w->ctx->out);
}
