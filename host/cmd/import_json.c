// See import_parts.h: what was found, for programs. docs/import.schema.json describes it.
#include "import_files.h"
#include "import_parts.h"
#include "json_out.h"

static void set_fact(json_t *o, const char *key, const struct device_fact *f) {
    if (f->line == 0)
        json_object_set_new(o, key, json_null());
    else
        json_out_str(o, key, f->text);
}

static void set_number(json_t *o, const char *key, const struct device_fact *f) {
    json_object_set_new(o, key, f->line == 0 ? json_null() : json_integer((json_int_t)f->number));
}

static void set_text(json_t *o, const char *key, struct str s) {
    if (s.len == 0)
        json_object_set_new(o, key, json_null());
    else
        json_out_str(o, key, s);
}

static json_t *input_json(const struct import_input *in) {
    json_t *o = json_object();
    json_out_str(o, "path", str_from(in->path));
    json_out_number(o, "bytes", in->serial.bytes);
    json_out_number(o, "lines", in->serial.lines);
    json_out_number(o, "read", in->counts.read);
    json_out_number(o, "mended", in->counts.mended);
    json_out_number(o, "broken", in->counts.broken);
    json_out_number(o, "nothing", in->counts.nothing);
    json_out_number(o, "monitor", in->counts.monitor);
    json_out_number(o, "too_long", in->serial.too_long);
    json_out_number(o, "split", in->serial.split);
    json_out_number(o, "not_utf8", in->serial.not_utf8);
    json_out_number(o, "control_bytes", in->serial.control);
    json_object_set_new(o, "ends_in_line", json_boolean(in->serial.ends_in_line));
    return o;
}

static json_t *range_json(const struct device_range *r) {
    json_t *o = json_object();
    set_text(o, "kind", r->kind);
    json_out_number(o, "start", r->start);
    json_out_number(o, "bytes", r->bytes);
    json_out_number(o, "line", r->line);
    return o;
}

static json_t *boot_json(const struct import_found *f, const struct device_boot *b) {
    static const char *const stages[] = { "none", "rom", "reset", "bootloader", "app", "heaps",
        "main" };
    json_t *o = json_object(), *heaps = json_array(), *segments = json_array();
    json_out_str(o, "log", str_from(import_path(f, b->input)));
    json_out_number(o, "line", b->line);
    json_out_str(o, "first", str_from(stages[b->first]));
    json_out_str(o, "stage", str_from(stages[b->stage]));
    set_fact(o, "reset", &b->reset);
    set_fact(o, "chip", &b->chip);
    set_number(o, "revision", &b->revision);
    set_fact(o, "idf", &b->idf);
    set_fact(o, "bootloader", &b->bootloader);
    set_fact(o, "project", &b->project);
    set_fact(o, "app_version", &b->app_version);
    set_number(o, "psram_bytes", &b->psram);
    set_number(o, "psram_heap_bytes", &b->psram_heap);
    set_number(o, "reserve_bytes", &b->reserve);
    for (size_t i = 0; i < b->heaps.len; i++)
        json_array_append_new(heaps, range_json(&b->heaps.at[i]));
    for (size_t i = 0; i < b->segments.len; i++)
        json_array_append_new(segments, range_json(&b->segments.at[i]));
    json_object_set_new(o, "heaps", heaps);
    json_object_set_new(o, "segments", segments);
    return o;
}

// ---- the chip

static json_t *choice_json(const struct device_choice *c) {
    json_t *o = json_object();
    json_out_str(o, "name", c->parameter);
    set_text(o, "value", c->value);
    set_text(o, "possible", str_from(c->open));
    set_text(o, "source", str_from(c->source));
    json_object_set_new(o, "line", c->line ? json_integer((json_int_t)c->line) : json_null());
    return o;
}

static json_t *fit_json(const struct import_found *f) {
    if (!f->has_fit)
        return json_null();
    const struct device_fit *fit = &f->fit;
    json_t *o = json_object(), *choices = json_array(), *regions = json_array(),
           *notes = json_array();
    json_out_str(o, "name", fit->target->name);
    json_out_number(o, "start", f->boot + 1);
    json_object_set_new(o, "fits", fit->has_heaps ? json_boolean(fit->fits) : json_null());
    json_out_number(o, "tried", fit->trials);
    json_out_number(o, "fitting", fit->fits ? fit->fitting : 0);
    for (size_t i = 0; i < fit->choices.len; i++)
        json_array_append_new(choices, choice_json(&fit->choices.at[i]));
    for (size_t i = 0; i < fit->regions.len; i++) {
        const struct device_region *r = &fit->regions.at[i];
        json_t *region = json_object();
        json_out_str(region, "name", fit->target->regions[r->region].name);
        json_out_number(region, "heap_bytes", r->profile_bytes);
        json_out_number(region, "announced_bytes", r->measured_bytes);
        json_object_set_new(region, "static_bytes",
                r->is_short || r->heaps == 0 ? json_null()
                                             : json_integer((json_int_t)r->static_bytes));
        json_array_append_new(regions, region);
    }
    for (size_t i = 0; i < fit->notes.len; i++)
        json_array_append_new(notes, json_out_value(str_from(fit->notes.at[i])));
    json_object_set_new(o, "parameters", choices);
    json_object_set_new(o, "regions", regions);
    json_object_set_new(o, "notes", notes);
    return o;
}

// ---- moments

static json_t *heap_state_json(const struct import_found *f, const struct device_heap_state *h) {
    json_t *o = json_object();
    uint32_t region = f->has_fit ? device_fit_region(f->fit.target, h->start) : TARGET_NONE;
    json_out_number(o, "start", h->start);
    json_out_number(o, "bytes", h->bytes);
    set_text(o, "region", region == TARGET_NONE ? STR("") : f->fit.target->regions[region].name);
    json_out_number(o, "free", h->free);
    json_out_number(o, "allocated", h->allocated);
    json_out_number(o, "least_free", h->least_free);
    json_object_set_new(
            o, "largest", h->has_blocks ? json_integer((json_int_t)h->largest) : json_null());
    json_object_set_new(o, "used_blocks",
            h->has_blocks ? json_integer((json_int_t)h->used_blocks) : json_null());
    json_object_set_new(o, "free_blocks",
            h->has_blocks ? json_integer((json_int_t)h->free_blocks) : json_null());
    json_out_number(o, "line", h->line);
    return o;
}

static json_t *figure_json(struct str capability, const char *kind, uint64_t bytes, bool about) {
    json_t *o = json_object();
    set_text(o, "capability", capability);
    json_out_str(o, "kind", str_from(kind));
    json_out_number(o, "bytes", bytes);
    json_object_set_new(o, "about", json_boolean(about));
    return o;
}

static void add_info_figures(
        json_t *figures, const struct import_found *f, const struct device_moment *m) {
    struct str capability = f->has_fit ? device_fit_capability(f->fit.target, m->caps) : STR("");
    if (!m->has_total)
        return;
    json_array_append_new(figures, figure_json(capability, "free", m->free, false));
    json_array_append_new(figures, figure_json(capability, "largest", m->largest, false));
    json_array_append_new(figures, figure_json(capability, "least", m->least_free, false));
}

static json_t *moment_json(const struct import_found *f, const struct device_moment *m) {
    static const char *const kinds[] = { "free", "largest", "least" };
    json_t *o = json_object(), *figures = json_array(), *heaps = json_array();
    json_out_str(o, "name", m->name);
    json_object_set_new(o, "is_named", json_boolean(m->is_named));
    json_out_number(o, "start", m->boot + 1);
    json_out_number(o, "line", m->line);
    json_object_set_new(
            o, "time_ms", m->has_time ? json_integer((json_int_t)m->time_ms) : json_null());
    json_object_set_new(o, "caps", m->is_info ? json_integer((json_int_t)m->caps) : json_null());
    json_object_set_new(o, "adds_up", m->has_total ? json_boolean(m->adds_up) : json_null());
    if (m->is_info)
        add_info_figures(figures, f, m);
    for (uint32_t i = 0; i < m->figure_count; i++)
        json_array_append_new(
                figures, figure_json(m->figures[i].capability, kinds[m->figures[i].kind],
                                 m->figures[i].bytes, m->figures[i].about));
    for (size_t i = 0; i < m->heaps.len; i++)
        json_array_append_new(heaps, heap_state_json(f, &m->heaps.at[i]));
    json_object_set_new(o, "figures", figures);
    json_object_set_new(o, "heaps", heaps);
    return o;
}

// ---- tasks

static json_t *task_json(const struct device_task *task) {
    const char state[2] = { task->state, '\0' };
    json_t *o = json_object();
    json_out_str(o, "name", task->name);
    json_out_str(o, "state", str_from(state));
    json_out_number(o, "priority", task->priority);
    json_out_number(o, "stack_free", task->stack_free);
    json_out_number(o, "number", task->number);
    json_object_set_new(o, "core", task->core >= 0 ? json_integer(task->core) : json_null());
    json_out_number(o, "line", task->line);
    return o;
}

static json_t *task_heap_json(const struct device_task_heap *h) {
    json_t *o = json_object(), *parts = json_array();
    json_out_str(o, "name", h->name);
    json_object_set_new(o, "is_alive", json_boolean(h->is_alive));
    json_out_number(o, "bytes", h->bytes);
    json_object_set_new(
            o, "peak_bytes", h->is_sum ? json_null() : json_integer((json_int_t)h->peak));
    json_object_set_new(
            o, "heap_count", h->is_sum ? json_null() : json_integer((json_int_t)h->heap_count));
    json_out_number(o, "line", h->line);
    for (size_t i = 0; i < h->parts.len; i++) {
        const struct device_task_part *p = &h->parts.at[i];
        json_t *part = json_object();
        json_out_str(part, "heap", p->heap);
        json_out_number(part, "caps", p->caps);
        json_out_number(part, "heap_bytes", p->size);
        json_out_number(part, "bytes", p->bytes);
        json_out_number(part, "peak_bytes", p->peak);
        json_out_number(part, "blocks", p->blocks);
        json_array_append_new(parts, part);
    }
    json_object_set_new(o, "heaps", parts);
    return o;
}

static json_t *table_json(const struct device_tasks *table) {
    json_t *o = json_object(), *rows = json_array();
    json_out_number(o, "start", table->boot + 1);
    json_out_number(o, "line", table->line);
    for (size_t i = 0; i < table->tasks.len; i++)
        json_array_append_new(rows, task_json(&table->tasks.at[i]));
    for (size_t i = 0; i < table->heaps.len; i++)
        json_array_append_new(rows, task_heap_json(&table->heaps.at[i]));
    json_object_set_new(o, "tasks", rows);
    return o;
}

// ---- the rest

static json_t *failure_json(const struct device_failure *x) {
    json_t *o = json_object();
    json_out_number(o, "start", x->boot + 1);
    json_out_number(o, "line", x->line);
    json_out_str(
            o, "kind", x->is_request ? STR("no-memory") : str_from(device_panic_names[x->panic]));
    json_object_set_new(
            o, "bytes", x->is_request ? json_integer((json_int_t)x->bytes) : json_null());
    json_object_set_new(o, "caps", x->is_request ? json_integer((json_int_t)x->caps) : json_null());
    json_out_str(o, "text", x->text);
    return o;
}

static json_t *line_json(const struct import_found *f, const struct device_line *line) {
    json_t *o = json_object();
    json_out_str(o, "log", str_from(import_path(f, line->input)));
    json_out_number(o, "line", line->line);
    json_out_str(o, "text", line->text);
    set_text(o, "reason", str_from(line->reason));
    return o;
}

static json_t *blocks_json(const struct import_found *f) {
    json_t *list = json_array();
    for (size_t i = 0; i < f->blocks.len; i++) {
        json_t *o = json_object();
        json_out_number(o, "start", f->blocks.at[i]->boot + 1);
        json_out_number(o, "dumps", f->blocks.at[i]->blocks.dumps.len);
        json_out_number(o, "blocks", f->blocks.at[i]->blocks.blocks.len);
        json_array_append_new(list, o);
    }
    return list;
}

/// Sets `key` to a list of what MAKE makes of each element of VECTOR.
#define SET_LIST(object, key, vector, make)                                                        \
    do {                                                                                           \
        json_t *list_ = json_array();                                                              \
        for (size_t i_ = 0; i_ < (vector).len; i_++)                                               \
            json_array_append_new(list_, make);                                                    \
        json_object_set_new(object, key, list_);                                                   \
    } while (0)

void import_json(struct cmd_context *ctx, const struct import_found *f) {
    json_t *root = json_object();
    const struct device_log *log = &f->log;
    json_out_str(root, "schema", STR("ramlens.import/1"));
    SET_LIST(root, "logs", f->inputs, input_json(&f->inputs.at[i_]));
    SET_LIST(root, "starts", log->boots, boot_json(f, &log->boots.at[i_]));
    json_object_set_new(root, "target", fit_json(f));
    SET_LIST(root, "moments", log->moments, moment_json(f, &log->moments.at[i_]));
    SET_LIST(root, "task_lists", log->task_lists, table_json(&log->task_lists.at[i_]));
    SET_LIST(root, "task_heaps", log->task_heaps, table_json(&log->task_heaps.at[i_]));
    SET_LIST(root, "failures", log->failures, failure_json(&log->failures.at[i_]));
    json_object_set_new(root, "heap_traces", blocks_json(f));
    SET_LIST(root, "mended", log->mended, line_json(f, &log->mended.at[i_]));
    SET_LIST(root, "not_understood", log->unknown, line_json(f, &log->unknown.at[i_]));
    json_out_number(root, "stray_lines", log->stray);
    json_out_number(root, "not_kept", log->beyond);
    json_out_write(root, ctx->out);
}
