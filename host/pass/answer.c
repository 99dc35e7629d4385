// See answer.h.
#include "answer.h"

#include "answer_parts.h"
#include "empty_trace.h"
#include "import_files.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

// ---- what the chip would hold, kept up with the ledger

static void block_born(void *self, struct block *b, uint16_t component, uint32_t site) {
    struct answer *w = self;
    for (unsigned i = 0; w->has_target && i < ANSWER_STATES; i++)
        placement_block_born(&w->placements[i], b, component, site);
    if (w->also != NULL && w->also->block_born != NULL)
        w->also->block_born(w->also->self, b, component, site);
}

static void block_gone(void *self, const struct block *b, uint16_t component, uint32_t site) {
    struct answer *w = self;
    for (unsigned i = 0; w->has_target && i < ANSWER_STATES; i++)
        placement_block_gone(&w->placements[i], b, component, site);
    if (w->also != NULL && w->also->block_gone != NULL)
        w->also->block_gone(w->also->self, b, component, site);
}

static void kernel_changed(void *self, const struct kernel_entry *e, int change) {
    struct answer *w = self;
    for (unsigned i = 0; w->has_target && i < ANSWER_STATES; i++)
        placement_kernel_changed(&w->placements[i], e, change);
    if (w->also != NULL && w->also->kernel_changed != NULL)
        w->also->kernel_changed(w->also->self, e, change);
}

// ---- observed figures against the model

int64_t answer_outside_free(const struct answer *w, uint32_t capability) {
    int64_t sum = 0;
    for (uint32_t i = 1; i < w->target.region_count; i++) {
        struct observed_figure figure = { .asks = capability };
        if (observed_counts(&w->target, &figure, i))
            sum += (int64_t)w->target.regions[i].heap_bytes -
                   (int64_t)heap_cost_region_overhead(&w->target, i);
    }
    return sum;
}

/// The figure that a device gave for checkpoint `name`, for a capability that the first region has.
static const struct observed_figure *figure_at(const struct answer *w, struct str name) {
    for (uint32_t i = 0; w->has_observed && i < w->observed.count; i++) {
        const struct observed_figure *f = &w->observed.figures[i];
        if (f->known && str_equal(f->checkpoint, name) && observed_counts(&w->target, f, 0))
            return f;
    }
    return NULL;
}

/// Free bytes of the first region, as the figure says: what lies outside is taken off.
static int64_t inside_free(const struct answer *w, const struct observed_figure *f) {
    return (int64_t)f->free_bytes - answer_outside_free(w, f->asks);
}

static struct region_table plain_table(
        const struct answer *w, const struct placement_moment *m, unsigned state, uint32_t region) {
    return region_table_of(w->a, &w->placements[state], m, region, &w->accounts[state],
            component_unknown(&w->map));
}

/// What the figure at checkpoint `index` leaves unexplained in the state asked about; false without a figure there.
static bool unexplained_at(const struct answer *w, uint32_t index, int64_t *bytes) {
    const struct observed_figure *f = figure_at(w, w->run.checkpoints[index].name);
    if (f == NULL || w->run.checkpoints[index].cycle > 1)
        return false;
    struct region_table t = plain_table(w, &w->moments[ANSWER_STATE][index], ANSWER_STATE, 0);
    *bytes = t.free - inside_free(w, f);
    return true;
}

/// The same from the nearest figure before, else after.
static bool unexplained_near(const struct answer *w, uint32_t index, int64_t *bytes) {
    for (uint32_t i = index + 1; i-- > 0;)
        if (unexplained_at(w, i, bytes))
            return true;
    for (uint32_t i = index + 1; i < w->run.checkpoint_count; i++)
        if (unexplained_at(w, i, bytes))
            return true;
    return false;
}

struct region_table answer_region(
        const struct answer *w, uint32_t index, unsigned state, uint32_t region) {
    struct region_table t = plain_table(w, &w->moments[state][index], state, region);
    int64_t unexplained;
    if (region != 0 || !w->has_observed || !unexplained_near(w, index, &unexplained))
        return t;
    int64_t exact;
    // The figure belongs to the state asked about; another state keeps what is unexplained and has other free bytes.
    if (state == ANSWER_STATE && unexplained_at(w, index, &exact))
        region_table_observe(w->a, &t, t.free - exact);
    else
        region_table_unexplain(w->a, &t, unexplained);
    region_table_name_tasks(w->a, &t, target_task_bytes(&w->target));
    return t;
}

// ---- crossing: when the model comes down to the next figure

/// One figure that is looked for. Which figure follows is not known before its checkpoint comes (a host run lacks some), so all later ones
/// are, and those that were passed over are dropped.
struct search {
    struct answer_crossing crossing;
    const struct observed_figure *figure;
    bool asked;        ///< The run came to the figure's checkpoint: this search stays.
    int64_t most_used; ///< Of the region, since `from`.
};

/// Where the searches stand during the pass.
struct watch {
    struct answer *answer;
    struct search
            *searches; ///< Room for two for each figure: one that stays, one that may be dropped.
    uint32_t count;
};

static int64_t used_now(const struct answer *w) {
    return w->placements[ANSWER_STATE].regions[0].used;
}

/// Keeps the search for the figure `here`, which was come to, and drops those for others.
static void settle(struct watch *watch, const struct observed_figure *here) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < watch->count; i++) {
        struct search *s = &watch->searches[i];
        s->asked = s->asked || s->figure == here;
        if (s->asked)
            watch->searches[kept++] = *s;
    }
    watch->count = kept;
}

static bool is_looked_for(const struct watch *watch, const struct observed_figure *figure) {
    for (uint32_t i = 0; i < watch->count; i++)
        if (watch->searches[i].figure == figure)
            return true;
    return false;
}

/// Begins to look for every later figure that is lower than `here`, each once in a run.
static void aim(struct watch *watch, const struct observed_figure *here) {
    struct answer *w = watch->answer;
    const struct observed_figure *end = w->observed.figures + w->observed.count;
    struct placement_moment start = { 0 };
    for (const struct observed_figure *next = here + 1; next < end; next++) {
        int64_t fall = inside_free(w, here) - inside_free(w, next);
        if (figure_at(w, next->checkpoint) != next || fall <= 0 || is_looked_for(watch, next))
            continue;
        if (start.regions == NULL)
            start = placement_copy(w->a, &w->placements[ANSWER_STATE]);
        // Free bytes change as used ones do: no other part of the region's table moves.
        struct answer_crossing crossing = { .wanted = true,
            .from = here->checkpoint,
            .to = next->checkpoint,
            .used_bytes = used_now(w) + fall,
            .least_free = inside_free(w, here),
            .start = start };
        watch->searches[watch->count++] =
                (struct search){ .crossing = crossing, .figure = next, .most_used = used_now(w) };
    }
}

static void look(struct search *s, const struct answer *w, uint64_t time) {
    int64_t used = used_now(w);
    if (s->crossing.found || used <= s->most_used)
        return;
    s->crossing.least_free -= used - s->most_used;
    s->most_used = used;
    if (used < s->crossing.used_bytes)
        return;
    s->crossing.found = true;
    s->crossing.time_us = trace_nanoseconds(w->image, time) / 1000;
    s->crossing.moment = placement_copy(w->a, &w->placements[ANSWER_STATE]);
}

static void at_event(void *self, const struct trace_event *e) {
    struct watch *watch = self;
    for (uint32_t i = 0; i < watch->count; i++)
        look(&watch->searches[i], watch->answer, e->time);
}

/// The searches that stayed are the answer's crossings.
static void keep_crossings(struct answer *w, const struct watch *watch) {
    w->crossings = NEW_ARRAY(w->a, struct answer_crossing, watch->count);
    for (uint32_t i = 0; i < watch->count; i++)
        if (watch->searches[i].asked)
            w->crossings[w->crossing_count++] = watch->searches[i].crossing;
    if (w->crossing_count > 0)
        w->crossing = w->crossings[w->crossing_count - 1];
}

static void keep_moments(struct answer *w, uint32_t index) {
    if (index >= w->moment_capacity) {
        uint32_t capacity = w->moment_capacity == 0 ? 16 : w->moment_capacity * 2;
        for (unsigned i = 0; i < ANSWER_STATES; i++) {
            struct placement_moment *bigger = NEW_ARRAY(w->a, struct placement_moment, capacity);
            if (index > 0)
                memcpy(bigger, w->moments[i], index * sizeof *bigger);
            w->moments[i] = bigger;
        }
        w->moment_capacity = capacity;
    }
    for (unsigned i = 0; i < ANSWER_STATES; i++)
        w->moments[i][index] = placement_copy(w->a, &w->placements[i]);
}

static void at_checkpoint(void *self, const struct run_checkpoint *c) {
    struct watch *watch = self;
    struct answer *w = watch->answer;
    if (w->watcher != NULL)
        w->watcher->at_checkpoint(w->watcher->self, c);
    if (!w->has_target)
        return;
    keep_moments(w, w->run.checkpoint_count - 1);
    for (uint32_t i = 0; i < watch->count; i++) {
        struct answer_crossing *crossing = &watch->searches[i].crossing;
        if (crossing->found && crossing->phase.len == 0)
            crossing->phase = c->name;
    }
    const struct observed_figure *here = c->cycle > 1 ? NULL : figure_at(w, c->name);
    if (here == NULL)
        return;
    settle(watch, here);
    aim(watch, here);
}

// ---- reading

/// Figures of a device: of their file, else of its log.
static bool read_figures(struct answer *w, const struct answer_options *o, struct err *err) {
    uint32_t count = 0;
    if (o->target == NULL)
        return true;
    w->has_observed = true;
    if (o->observed)
        return conf_read(w->a, o->observed, &w->figures, err);
    struct str text = o->boot_log ? answer_log_figures(w->a, o->boot_log, &count) : STR("");
    w->has_observed = count > 0;
    return !w->has_observed ||
           conf_parse(w->a, import_path(o->boot_log, 0), text, &w->figures, err);
}

static bool read_run(struct answer *w, const struct answer_options *o, struct err *err) {
    const struct conf *moments = w->has_observed ? &w->figures : NULL;
    if (o->trace ? !trace_open(w->a, o->trace, &w->trace, err)
                 : !empty_trace_open(w->a, moments, &w->trace, err))
        return false;
    w->has_trace = o->trace != NULL;
    uint32_t image = o->image == 0 ? w->trace.image_count : o->image;
    if (image > w->trace.image_count)
        return fail(err, o->trace, ERR_NO_OFFSET, "has %u process images; --image takes 1 to that",
                w->trace.image_count);
    w->image = &w->trace.images[image - 1];
    for (uint32_t i = 0; i < w->image->module_count; i++)
        component_map_add_module(&w->map, w->image->modules[i].path);
    w->symbolizer = symbolizer_open(w->a);
    owners_init(&w->owners, w->a, w->image, w->symbolizer, &w->map);
    return true;
}

/// What only a host has stays out of the chip: blocks that the run-time libraries or the recorder own themselves.
static void find_host_only(struct answer *w) {
    w->host_only = NEW_ARRAY(w->a, bool, w->map.count);
    for (uint32_t i = 0; !trace_is_of_device(w->image) && i < w->map.count; i++)
        w->host_only[i] =
                component_is_transparent(&w->map, i) || str_equal(w->map.names[i], STR("recorder"));
}

/// Of figures that come from a log, the comment has the line: what was read is a text made of it.
static bool fail_figure(const struct answer *w, const struct observed_figure *f, bool is_of_log,
        uint64_t most, struct err *err) {
    const char *words = arena_printf(w->a,
            "%" PRIu64 " bytes free cannot be: the heaps of target '%s' that count as '%s' have "
            "%" PRIu64,
            f->free_bytes, w->target.name.at, f->capability.at, most);
    return is_of_log && f->source.len
                   ? fail(err, NULL, ERR_NO_OFFSET, "%s: %s", f->source.at, words)
                   : fail_line(err, w->observed.path, f->line, "%s", words);
}

/// No device has more free than its heaps hold.
static bool check_figures(const struct answer *w, bool is_of_log, struct err *err) {
    for (uint32_t i = 0; i < w->observed.count; i++) {
        const struct observed_figure *f = &w->observed.figures[i];
        uint64_t most = 0;
        for (uint32_t k = 0; k < w->target.region_count; k++)
            most += observed_counts(&w->target, f, k) ? w->target.regions[k].heap_bytes : 0;
        if (f->known && f->free_bytes > most)
            return fail_figure(w, f, is_of_log, most, err);
    }
    return true;
}

static bool read_target(struct answer *w, const struct answer_options *o, struct err *err) {
    if (o->target == NULL)
        return true;
    if (!target_load(w->a, o->target, o->target_folders, o->target_folder_count, o->target_options,
                o->target_option_count, &w->target, err) ||
            !answer_open_files(w, o, err))
        return false;
    plan_stock(w->a, &w->target, w->map.names, w->map.count, &w->plans[ANSWER_STOCK]);
    w->plans[ANSWER_STATE] = w->plans[ANSWER_STOCK];
    if (o->plan != NULL && !plan_read(w->a, o->plan, &w->target, w->map.names, w->map.count,
                                   &w->plans[ANSWER_STATE], err))
        return false;
    find_host_only(w);
    for (unsigned i = 0; i < ANSWER_STATES; i++) {
        const char *name = arena_copy(w->a, w->plans[i].name).at;
        if (!placement_init(&w->placements[i], w->a, name, &w->plans[i], w->host_only, w->map.count,
                    i, err))
            return false;
        placement_know_owners(&w->placements[i], &w->owners);
        w->placements[i].by_address = trace_is_of_device(w->image);
    }
    w->has_target = true;
    return !w->has_observed || (observed_read(w->a, &w->figures, &w->target, &w->observed, err) &&
                                       check_figures(w, o->observed == NULL, err));
}

static void match_observed(struct answer *w) {
    struct str *names = NEW_ARRAY(w->a, struct str, w->run.checkpoint_count);
    for (uint32_t i = 0; i < w->run.checkpoint_count; i++)
        names[i] = w->run.checkpoints[i].name;
    observed_match(&w->observed, names, w->run.checkpoint_count);
}

/// What the program's build wrote down beside it, if it did.
static bool read_versions(struct answer *w, struct err *err) {
    if (!owners_is_program(w->image, 0))
        return true;
    const char *path = arena_printf(w->a, "%.*s.versions", STR_ARG(w->image->modules[0].path));
    return access(path, R_OK) != 0 || versions_read(w->a, path, &w->versions, err);
}

bool answer_open(
        struct answer *w, struct arena *a, const struct answer_options *o, struct err *err) {
    *w = (struct answer){ .a = a, .trace = { .fd = -1 } };
    if (!component_map_read(w->a, o->components, &w->map, err) || !read_figures(w, o, err) ||
            !read_run(w, o, err) || !read_target(w, o, err) || !answer_read_link_map(w, o, err) ||
            !read_versions(w, err) || (w->has_target && !answer_read_statics(w, o, err))) {
        answer_close(w);
        return false;
    }
    run_init(&w->run, a, &w->trace, w->image, &w->owners, w->map.count);
    return true;
}

void answer_run(struct answer *w, const struct ledger_listener *also, struct progress *progress) {
    const struct ledger_listener listener = { w, block_born, block_gone, kernel_changed };
    struct watch watch = { .answer = w,
        .searches = NEW_ARRAY(w->a, struct search, (size_t)w->observed.count * 2) };
    const struct run_observer observer = { &watch, at_event, at_checkpoint };
    w->also = also;
    if (w->has_target || also != NULL)
        w->run.ledger.listener = &listener;
    run_read(&w->run, w->has_target || w->watcher != NULL ? &observer : NULL, progress);
    w->run.ledger.listener = NULL;
    keep_crossings(w, &watch);
    if (w->has_observed)
        match_observed(w);
}

struct str answer_log_figures(struct arena *a, const struct import_found *log, uint32_t *count) {
    const struct import_source source = { .path = import_path(
                                                  log, log->log.boots.at[log->boot].input),
        .log = &log->log,
        .fit = &log->fit,
        .boot = log->boot };
    return import_observed(a, &source, count);
}

void answer_close(struct answer *w) {
    if (w->has_device)
        footprint_close(&w->device);
    if (w->has_archives)
        footprint_close(&w->archives);
    if (w->symbolizer != NULL)
        symbolizer_close(w->symbolizer);
    trace_close(&w->trace);
}
