// See answer_option_table.h.
#include "answer_option_table.h"

#include "kconfig.h"
#include "replay.h"
#include "vec.h"

#include <inttypes.h>

struct making {
    const struct answer *w;
    const struct answer_options *o;
    VEC(struct option_line) lines;
};

// ---- parameters

/// The symbol that sets the parameter, with its line in the configuration; NULL when none does.
static const char *symbol_of(const struct making *m, uint32_t parameter, uint32_t *line) {
    const char *symbol = NULL;
    for (uint32_t i = 0; i < m->w->target.kconfig_count; i++) {
        const struct target_kconfig *k = &m->w->target.kconfig[i];
        const struct sdkconfig_value *v =
                m->o->configuration ? sdkconfig_find(m->o->configuration, k->symbol) : NULL;
        bool counts = v && (k->value.len == 0 || str_equal(k->value, v->value));
        if (k->parameter != parameter || (symbol && !counts))
            continue;
        symbol = k->symbol.at;
        *line = counts ? v->line : 0;
        if (counts)
            break;
    }
    return symbol;
}

/// Loads the target with one more choice; false when it refuses that.
static bool load_with(const struct answer *w, const struct answer_options *o, const char *option,
        struct target *out) {
    struct err refused = { .text = "" };
    const char **options = NEW_ARRAY(w->a, const char *, o->target_option_count + 1u);
    for (uint32_t i = 0; i < o->target_option_count; i++)
        options[i] = o->target_options[i];
    options[o->target_option_count] = option;
    return target_load(w->a, o->target, o->target_folders, o->target_folder_count, options,
            o->target_option_count + 1, out, &refused);
}

static const char *choice_of(struct arena *a, const struct target_parameter *p, const char *value) {
    return arena_printf(a, "%s=%s", p->name.at, value);
}

/// A line for the parameter with `value` in place of what it has.
static void add_parameter(struct making *m, uint32_t parameter, const char *value) {
    const struct target_parameter *p = &m->w->target.parameters[parameter];
    struct option_line line = { .parameter = parameter,
        .about = p->about,
        .price = p->price,
        .is_held = true,
        .now = p->values[p->chosen].at,
        .other = value };
    struct target t;
    if (!load_with(m->w, m->o, choice_of(m->w->a, p, value), &t))
        return;
    line.symbol = symbol_of(m, parameter, &line.line);
    line.frees = (int64_t)t.regions[0].heap_bytes - (int64_t)m->w->target.regions[0].heap_bytes;
    *vec_push(m->w->a, &m->lines) = line;
}

/// What a stack's option holds is said by its `option` line.
static bool is_costed(const struct making *m, uint32_t parameter) {
    uint32_t ignored;
    const char *symbol = symbol_of(m, parameter, &ignored);
    for (uint32_t i = 0; symbol && i < m->w->target.option_count; i++)
        if (str_equal(m->w->target.options[i].symbol, str_from(symbol)))
            return true;
    return false;
}

static void add_number(struct making *m, uint32_t parameter) {
    const struct target_parameter *p = &m->w->target.parameters[parameter];
    const char *by_default = arena_printf(m->w->a, "%" PRIu64, p->default_number);
    bool is_default = str_equal(p->values[p->chosen], str_from(by_default));
    add_parameter(
            m, parameter, is_default ? arena_printf(m->w->a, "%" PRIu64, p->least) : by_default);
}

static void add_parameters(struct making *m) {
    for (uint32_t i = 0; i < m->w->target.parameter_count; i++) {
        const struct target_parameter *p = &m->w->target.parameters[i];
        if (p->price.len == 0 || is_costed(m, i))
            continue;
        if (p->is_number)
            add_number(m, i);
        for (uint32_t v = 0; !p->is_number && v < p->value_count; v++)
            if (v != p->chosen)
                add_parameter(m, i, p->values[v].at);
    }
}

// ---- what only costs

static bool is_named(const struct target_option *o, struct str name) {
    for (uint32_t i = 0; i < o->of.count; i++)
        if (str_matches(name, o->of.at[i]))
            return true;
    return false;
}

/// Whether the objects that were given have some of what the option is of.
static bool is_in_objects(
        const struct answer *w, const struct footprint *f, const struct target_option *o) {
    for (size_t i = 0; i < f->objects.len; i++)
        if (is_named(o, str_base_name(f->objects.at[i].archive)))
            return true;
    for (size_t i = 0; i < f->items.len; i++)
        if (is_named(o, w->map.names[f->items.at[i].component]))
            return true;
    return false;
}

/// Whether some of it asked for memory in the run.
static bool is_in_run(const struct answer *w, const struct target_option *o) {
    for (uint32_t i = 0; i < w->owners.site_count; i++)
        if (is_named(o, w->map.names[w->owners.sites[i].component]))
            return true;
    return false;
}

static bool is_held(const struct answer *w, const struct target_option *o) {
    return o->of.count == 0 || (w->has_device && is_in_objects(w, &w->device, o)) ||
           (w->has_archives && is_in_objects(w, &w->archives, o)) ||
           (w->has_trace && is_in_run(w, o));
}

static void add_cost(struct making *m, const struct kconfig_cost *c) {
    bool held = is_held(m->w, c->option);
    if (c->option->region != 0 || (!held && (m->w->has_device || m->w->has_trace)))
        return;
    *vec_push(m->w->a, &m->lines) = (struct option_line){ .symbol = c->option->symbol.at,
        .parameter = TARGET_NONE,
        .about = c->option->about,
        .price = c->option->price,
        .now = arena_printf(m->w->a, "%" PRIu64, c->value),
        .other = arena_printf(m->w->a, "%" PRIu64, c->best),
        .line = c->line,
        .holds = c->bytes,
        .is_held = held,
        .frees = c->saves };
}

static void add_costs(struct making *m) {
    struct kconfig k;
    kconfig_read(m->w->a, &m->w->target, m->o->configuration, &k);
    for (size_t i = 0; i < k.costs.len; i++)
        add_cost(m, &k.costs.at[i]);
}

void option_table_make(
        const struct answer *w, const struct answer_options *o, struct option_table *out) {
    struct making m = { .w = w, .o = o };
    add_parameters(&m);
    add_costs(&m);
    *out = (struct option_table){ .lines = m.lines.at, .count = (uint32_t)m.lines.len };
}

int64_t option_table_gain(const struct option_table *t, const struct option_line *line) {
    if (!t->has_outcome || line->parameter == TARGET_NONE)
        return line->frees;
    if (!line->has_outcome || line->outcome.failures > t->outcome.failures)
        return 0;
    return (int64_t)line->outcome.least_free - (int64_t)t->outcome.least_free;
}

const struct option_line *option_table_best(const struct option_table *t) {
    const struct option_line *best = NULL;
    for (uint32_t i = 0; i < t->count; i++)
        if (t->lines[i].is_held &&
                option_table_gain(t, &t->lines[i]) > (best ? option_table_gain(t, best) : 0))
            best = &t->lines[i];
    return best;
}

// ---- by replay

/// Replays the run under the answer's plan on `target`; false when that has no room for it at all.
static bool replay_on(struct answer *w, const struct answer_options *o, const struct target *target,
        uint64_t taken, uint32_t checkpoint, struct option_outcome *out) {
    struct replay *r = NEW(w->a, struct replay);
    struct plan *plan = NEW(w->a, struct plan);
    struct heaps_options heaps = { .alignment = w->image->pointer_bytes == 8 ? 16 : 0 };
    struct err ignored = { .text = "" };
    for (uint32_t i = 0; i < target->region_count && i < w->accounts[ANSWER_STATE].region_count;
            i++)
        heaps.static_bytes[i] = w->accounts[ANSWER_STATE].region_bytes[i];
    heaps.occupied_bytes[0] = taken;
    plan_stock(w->a, target, w->map.names, w->map.count, plan);
    if (o->plan && !plan_read(w->a, o->plan, target, w->map.names, w->map.count, plan, &ignored))
        return false;
    replay_init(
            r, w->a, &w->trace, w->image, target, &w->owners, w->host_only, w->map.count, false);
    const struct replay_state *s = replay_add(r, "option", plan, &heaps, UINT32_MAX, &ignored);
    if (s != NULL) {
        replay_run(r, NULL);
        uint32_t at = checkpoint < s->moment_count ? checkpoint : s->moment_count - 1;
        *out = (struct option_outcome){ .free = s->moments[at].groups[0].free_bytes,
            .least_free = s->worst[0].free_bytes,
            .failures = s->failure_count };
    }
    replay_close(r);
    return s != NULL;
}

void option_table_replay(struct answer *w, const struct answer_options *o, uint64_t taken,
        uint32_t checkpoint, struct option_table *table, struct progress *progress) {
    if (!w->has_trace || trace_is_of_device(w->image))
        return;
    table->checkpoint = checkpoint;
    table->has_outcome = replay_on(w, o, &w->target, taken, checkpoint, &table->outcome);
    for (uint32_t i = 0; table->has_outcome && i < table->count; i++) {
        struct option_line *line = &table->lines[i];
        struct target *t = NEW(w->a, struct target);
        if (progress)
            progress_update(progress, i);
        if (line->parameter == TARGET_NONE ||
                !load_with(w, o,
                        choice_of(w->a, &w->target.parameters[line->parameter], line->other), t))
            continue;
        line->has_outcome = replay_on(w, o, t, taken, checkpoint, &line->outcome);
    }
}
