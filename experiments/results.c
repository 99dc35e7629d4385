// See results.h.
#include "results.h"

#include "conf.h"
#include "file.h"
#include "text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

const char *const setting_names[SETTINGS] = { "bare", "observed" };
const char *const moment_names[MOMENTS] = { "start", "networking", "connected", "streaming",
    "streaming-60s", "closed" };
const char *const moment_titles[MOMENTS] = { "start", "networking", "connected", "5 s", "60 s",
    "closed" };
const char *const why_names[WHY_COUNT] = { "own_malloc", "operator_new", "in_libc", "port_insists",
    "kernel_objects", "stacks" };

// ---- states

static void add_words(struct arena *a, struct text *out, const struct conf_line *line) {
    struct str words = conf_words(a, line, 0);
    text_printf(out, "%s%.*s", out->len > 0 ? "; " : "", STR_ARG(words));
}

static int find_state(const struct results *r, struct str name) {
    for (uint32_t i = 0; i < r->state_count; i++)
        if (str_equal(r->states[i].name, name))
            return (int)i;
    return -1;
}

static bool read_state(
        struct results *r, const struct conf *c, const struct conf_line *line, struct err *err) {
    struct state *s = &r->states[r->state_count];
    struct text mechanism = { .arena = r->a };
    *s = (struct state){ .after = -1 };
    if (!conf_word(c, line, 1, "the state's name", &s->name, err) ||
            !conf_word(c, line, 2, "what the state is", &s->about, err))
        return false;
    for (const struct conf_line *l = line->children; l != NULL; l = l->next) {
        if (str_equal(l->words[0], STR("plan"))) {
            if (!conf_word(c, l, 1, "the plan's file", &s->plan, err))
                return false;
        } else if (str_equal(l->words[0], STR("after"))) {
            struct str before;
            if (!conf_word(c, l, 1, "the state before", &before, err))
                return false;
            s->after = find_state(r, before);
            if (s->after < 0)
                return fail_line(err, c->path, l->number, "no state '%.*s' above", STR_ARG(before));
        } else if (str_equal(l->words[0], STR("expects"))) {
            if (!conf_word(c, l, 1, "what the plan expects", &s->expects, err))
                return false;
        } else {
            add_words(r->a, &mechanism, l);
        }
    }
    s->mechanism = text_str(&mechanism);
    r->state_count++;
    return true;
}

static bool read_states(struct results *r, const char *path, struct err *err) {
    struct conf c;
    if (!conf_read(r->a, path, &c, err))
        return false;
    for (const struct conf_line *l = conf_find(c.lines, "state"); l != NULL; l = conf_next(l)) {
        if (r->state_count == STATES_MAX)
            return fail_line(err, path, l->number, "more than %d states", STATES_MAX);
        if (!read_state(r, &c, l, err))
            return false;
    }
    return true;
}

// ---- JSON of a replay

static uint64_t number(const json_t *o, const char *key) {
    json_int_t n = json_integer_value(json_object_get(o, key));
    return n < 0 ? 0 : (uint64_t)n;
}

static struct str string(struct arena *a, const json_t *o, const char *key) {
    const char *s = json_string_value(json_object_get(o, key));
    return arena_copy(a, str_from(s == NULL ? "" : s));
}

static json_t *load(const char *path, struct err *err) {
    json_error_t wrong;
    json_t *root = json_load_file(path, 0, &wrong);
    if (root == NULL)
        fail(err, path, ERR_NO_OFFSET, "is no JSON that can be read: %s", wrong.text);
    return root;
}

static const json_t *state_named(const json_t *root, struct str name) {
    const json_t *states = json_object_get(root, "states");
    for (size_t i = 0; i < json_array_size(states); i++) {
        const json_t *s = json_array_get(states, i);
        if (name.len == 0 ||
                str_equal(str_from(json_string_value(json_object_get(s, "name"))), name))
            return s;
    }
    return NULL;
}

/// The first checkpoint of that name; *index is its place among all.
static const json_t *checkpoint_named(const json_t *state, const char *name, size_t *index) {
    const json_t *list = json_object_get(state, "checkpoints");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        if (str_equal(str_from(json_string_value(json_object_get(c, "name"))), str_from(name))) {
            *index = i;
            return c;
        }
    }
    return NULL;
}

static const json_t *counted_of(const json_t *checkpoint) {
    return json_object_get(json_object_get(checkpoint, "regions"), "counted");
}

bool results_free_at(struct arena *a, const char *path, const char *state, const char *checkpoint,
        uint64_t *out, struct err *err) {
    (void)a;
    json_t *root = load(path, err);
    if (root == NULL)
        return false;
    size_t index;
    const json_t *s = state_named(root, str_from(state));
    const json_t *c = s == NULL ? NULL : checkpoint_named(s, checkpoint, &index);
    if (c != NULL)
        *out = number(counted_of(c), "free");
    json_decref(root);
    return c != NULL || fail(err, path, ERR_NO_OFFSET, "has no state '%s' at '%s'",
                                state == NULL ? "" : state, checkpoint);
}

// ---- predictions

static bool read_predictions(struct results *r, uint32_t setting, struct err *err) {
    const char *path =
            arena_printf(r->a, "%s/predicted-%s.json", r->folder, setting_names[setting]);
    json_t *root = load(path, err);
    if (root == NULL)
        return false;
    for (uint32_t i = 0; i < r->row_count; i++) {
        struct row *row = &r->rows[i];
        if (row->setting != setting)
            continue;
        struct str plan = row->state->plan.len == 0 ? STR("stock") : row->state->plan;
        for (size_t n = plan.len; n-- > 0;)
            if (plan.at[n] == '/') {
                plan = (struct str){ plan.at + n + 1, plan.len - n - 1 };
                break;
            }
        const json_t *s = state_named(root, plan);
        for (uint32_t m = 0; s != NULL && m < MOMENTS; m++) {
            size_t index;
            const json_t *c = checkpoint_named(s, moment_names[m], &index);
            row->moments[m].predicted = c != NULL;
            row->moments[m].predicted_free = number(counted_of(c), "free");
            row->moments[m].predicted_largest = number(counted_of(c), "largest");
        }
    }
    r->target_options = string(r->a, root, "target_options");
    json_decref(root);
    return true;
}

// ---- placed runs

/// Figures of all runs, before they are sorted.
struct samples {
    uint64_t free[MOMENTS][RUNS_MAX], largest[MOMENTS][RUNS_MAX];
    uint32_t count[MOMENTS];
};

/// What the run itself said at the checkpoint, summed over the heaps that count as internal; false when it said nothing.
static bool said_at(const json_t *checkpoint, uint64_t *free_bytes, uint64_t *largest) {
    const json_t *heaps = json_object_get(checkpoint, "heaps");
    bool said = false;
    *free_bytes = *largest = 0;
    for (size_t i = 0; i < json_array_size(heaps); i++) {
        const json_t *h = json_array_get(heaps, i);
        const json_t *ran = json_object_get(h, "ran");
        if (ran == NULL || !json_is_true(json_object_get(h, "counted")))
            continue;
        said = true;
        *free_bytes += number(ran, "free");
        if (number(ran, "largest") > *largest)
            *largest = number(ran, "largest");
    }
    return said;
}

static bool is_insisting(const struct results *r, struct str component) {
    for (uint32_t i = 0; i < r->target.insistence_count; i++)
        if (str_equal(r->target.insistences[i].component, component))
            return true;
    return false;
}

static void add_cell(
        const struct results *r, struct holding *h, const json_t *cell, bool internal) {
    static const struct {
        const char *key;
        enum why why;
    } parts[] = { { "malloc", WHY_MALLOC }, { "new", WHY_NEW }, { "libc", WHY_LIBC },
        { "kernel", WHY_KERNEL }, { "stack", WHY_STACK } };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        enum why why = parts[i].why;
        if (why == WHY_MALLOC && internal && is_insisting(r, h->component))
            why = WHY_INSISTS;
        *(internal ? &h->internal[why] : &h->external[why]) += number(cell, parts[i].key);
    }
}

static bool region_counts(const json_t *checkpoint, const char *region) {
    const json_t *heaps = json_object_get(checkpoint, "heaps");
    for (size_t i = 0; i < json_array_size(heaps); i++) {
        const json_t *h = json_array_get(heaps, i);
        if (str_equal(str_from(json_string_value(json_object_get(h, "region"))), str_from(region)))
            return json_is_true(json_object_get(h, "counted"));
    }
    return false;
}

static void take_holdings(struct results *r, struct moment *m, const json_t *checkpoint) {
    m->holdings = NEW_ARRAY(r->a, struct holding, COMPONENTS_MAX);
    const char *region, *component;
    json_t *components, *cell;
    json_object_foreach(json_object_get(checkpoint, "components"), region, components) {
        bool internal = region_counts(checkpoint, region);
        json_object_foreach(components, component, cell) {
            uint32_t i = 0;
            while (i < m->holding_count &&
                    !str_equal(m->holdings[i].component, str_from(component)))
                i++;
            if (i == COMPONENTS_MAX)
                continue;
            if (i == m->holding_count)
                m->holdings[m->holding_count++].component = arena_copy(r->a, str_from(component));
            add_cell(r, &m->holdings[i], cell, internal);
        }
    }
}

static void take_shortages(struct results *r, struct row *row, const json_t *state) {
    const json_t *list = json_object_get(state, "spills");
    row->shortage_count = (uint32_t)json_array_size(list);
    row->shortages = NEW_ARRAY(r->a, struct shortage, row->shortage_count + 1);
    for (uint32_t i = 0; i < row->shortage_count; i++) {
        const json_t *o = json_array_get(list, i);
        row->shortages[i] = (struct shortage){ .component = string(r->a, o, "component"),
            .function = string(r->a, o, "function"),
            .count = number(o, "count"),
            .failed = number(o, "failed"),
            .bytes = number(o, "bytes"),
            .first_us = number(o, "first_us"),
            .passed = (uint32_t)number(o, "checkpoints_passed"),
            .is_kernel = json_is_true(json_object_get(o, "kernel")) };
        row->short_requests += row->shortages[i].count;
        row->short_failed += row->shortages[i].failed;
    }
    row->first_short_us = row->shortage_count > 0 ? row->shortages[0].first_us : 0;
}

static void take_run(
        struct results *r, struct row *row, const json_t *root, struct samples *samples) {
    const json_t *state = state_named(root, (struct str){ "", 0 });
    row->compared += number(state, "compared");
    row->differences += number(state, "differences");
    bool is_first = row->runs++ == 0;
    for (uint32_t m = 0; m < MOMENTS; m++) {
        size_t index;
        const json_t *c = checkpoint_named(state, moment_names[m], &index);
        uint64_t free_bytes, largest;
        if (c == NULL || !said_at(c, &free_bytes, &largest))
            continue;
        uint32_t n = samples->count[m]++;
        samples->free[m][n] = free_bytes;
        samples->largest[m][n] = largest;
        if (m == MOMENT_CONNECTED && is_first)
            row->connected_us = number(c, "time_us");
        if (row->moments[m].holdings == NULL)
            take_holdings(r, &row->moments[m], c);
    }
    if (is_first)
        take_shortages(r, row, state);
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static struct spread spread_of(uint64_t *samples, uint32_t count) {
    struct spread s = { .count = count };
    if (count == 0)
        return s;
    qsort(samples, count, sizeof *samples, by_size);
    s.least = samples[0];
    s.median =
            count % 2 == 1 ? samples[count / 2] : (samples[count / 2 - 1] + samples[count / 2]) / 2;
    s.most = samples[count - 1];
    return s;
}

/// "0", or the code and the first line of what the program said.
static bool read_exit(struct results *r, struct row *row, const char *path, struct err *err) {
    struct str said;
    if (!file_read(r->a, path, 1 << 16, &said, err))
        return false;
    while (said.len > 0 && said.at[said.len - 1] == '\n')
        said.len--;
    bool good = str_equal(said, STR("0"));
    row->completed += good;
    if (!good && row->complaint.len == 0)
        row->complaint = said;
    return true;
}

static bool read_runs(struct results *r, struct row *row, uint64_t runs, struct err *err) {
    struct samples *samples = NEW(r->a, struct samples);
    for (uint64_t i = 1; i <= runs && i <= RUNS_MAX; i++) {
        const char *base = arena_printf(r->a, "%s/runs/%.*s-%s-%" PRIu64 "s-%" PRIu64, r->folder,
                STR_ARG(row->state->name), setting_names[row->setting], r->seconds, i);
        json_t *root = load(arena_printf(r->a, "%s.json", base), err);
        if (root == NULL || !read_exit(r, row, arena_printf(r->a, "%s.exit", base), err)) {
            json_decref(root);
            return false;
        }
        take_run(r, row, root, samples);
        json_decref(root);
    }
    for (uint32_t m = 0; m < MOMENTS; m++) {
        row->moments[m].free = spread_of(samples->free[m], samples->count[m]);
        row->moments[m].largest = spread_of(samples->largest[m], samples->count[m]);
    }
    return true;
}

// ---- the rest

static bool read_guesses(struct results *r, struct err *err) {
    const char *path = arena_printf(r->a, "%s/report.json", r->folder);
    json_t *root = load(path, err);
    if (root == NULL)
        return false;
    const json_t *list = json_object_get(root, "guesses");
    r->guess_count = (uint32_t)json_array_size(list);
    r->guesses = NEW_ARRAY(r->a, struct guess, r->guess_count + 1);
    for (uint32_t i = 0; i < r->guess_count; i++) {
        const json_t *o = json_array_get(list, i);
        r->guesses[i] = (struct guess){ .name = string(r->a, o, "name"),
            .text = string(r->a, o, "text"),
            .expected = string(r->a, o, "expected"),
            .verdict = string(r->a, o, "verdict"),
            .measured = json_integer_value(json_object_get(o, "measured")),
            .step = (uint32_t)number(o, "step") };
    }
    json_decref(root);
    return true;
}

bool results_read(
        struct arena *a, const struct results_options *o, struct results *out, struct err *err) {
    *out = (struct results){
        .a = a, .folder = o->folder, .occupied_bytes = o->occupied_bytes, .seconds = o->seconds
    };
    if (!read_states(out, o->states, err) ||
            !target_load(a, o->target, &o->targets, 1, NULL, 0, &out->target, err))
        return false;
    for (uint32_t setting = 0; setting < SETTINGS; setting++)
        for (uint32_t i = 0; i < out->state_count; i++)
            out->rows[out->row_count++] =
                    (struct row){ .state = &out->states[i], .setting = setting };
    for (uint32_t setting = 0; setting < SETTINGS; setting++)
        if (!read_predictions(out, setting, err))
            return false;
    for (uint32_t i = 0; i < out->row_count; i++)
        if (!read_runs(out, &out->rows[i], o->runs, err))
            return false;
    return read_guesses(out, err) &&
           file_read(a, arena_printf(a, "%s/calls", o->folder), 1 << 20, &out->calls, err);
}

const struct row *results_row(const struct results *r, struct str state, uint32_t setting) {
    for (uint32_t i = 0; i < r->row_count; i++)
        if (r->rows[i].setting == setting && str_equal(r->rows[i].state->name, state))
            return &r->rows[i];
    return NULL;
}

bool results_gain(const struct row *row, const struct row *other, uint32_t m, int64_t *gain) {
    if (row == NULL || other == NULL || row->moments[m].free.count == 0 ||
            other->moments[m].free.count == 0)
        return false;
    *gain = (int64_t)row->moments[m].free.median - (int64_t)other->moments[m].free.median;
    return true;
}
