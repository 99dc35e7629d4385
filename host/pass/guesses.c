// Judging: see guesses.h. A measure is a function of its keys and a checkpoint; with `from`, of two.
#include "guesses.h"

#include "human.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

const char *const guess_verdict_names[] = { "right", "wrong", "answered", "cannot say" };

/// Whether one of the globs in the list matches; an empty list matches all.
static bool list_matches(struct str list, struct str what) {
    bool matches = list.len == 0;
    while (list.len > 0 && !matches)
        matches = str_matches(what, estimate_next_name(&list));
    return matches;
}

// ---- measures

/// One measure under way.
struct measuring {
    struct arena *a;
    const struct guess_input *in;
    const struct estimate_measure *what;
    struct text *evidence;
    bool is_count;
    const char *open; ///< Why it cannot be said; NULL if it can.
};

static bool wants(const struct measuring *m, uint32_t component) {
    struct str list = m->what->component;
    struct str name = m->in->map->names[component];
    return list.len == 0 ? !str_equal(name, STR("recorder")) : list_matches(list, name);
}

static int64_t heap_at(struct measuring *m, const struct run_checkpoint *c) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->in->map->count; i++)
        for (int k = 0; wants(m, i) && k < LEDGER_KIND_COUNT; k++)
            if (list_matches(m->what->heap_kind, str_from(ledger_kind_names[k])))
                sum += (int64_t)c->rows[i].kind_bytes[k];
    return sum;
}

static int64_t containers_at(struct measuring *m, const struct run_checkpoint *c) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->in->map->count; i++)
        sum += wants(m, i) ? (int64_t)c->container_bytes[i] : 0;
    return sum;
}

/// Target bytes of kernel objects without stacks; with each=yes those of one.
static int64_t kernel_at(struct measuring *m, const struct run_checkpoint *c) {
    if (m->in->placement == NULL) {
        m->open = "sizes of kernel objects are a chip's: --target names it";
        return 0;
    }
    int64_t sum = 0, count = 0;
    for (int k = KERNEL_MUTEX; k < KERNEL_OBJECT_COUNT; k++) {
        if (!list_matches(m->what->object, str_from(kernel_object_names[k])))
            continue;
        const struct kernel_cost *cost = &m->in->placement->kernel_costs.kinds[k];
        int64_t each = 0;
        for (uint32_t i = 0; i < m->in->placement->target->region_count; i++)
            each += (int64_t)kernel_cost_bytes(cost, i);
        for (uint32_t i = 0; i < m->in->map->count; i++) {
            int64_t objects_here = wants(m, i) ? (int64_t)c->rows[i].kernel[k] : 0;
            count += objects_here;
            sum += objects_here * each;
        }
    }
    return m->what->each && count > 0 ? sum / count : sum;
}

static struct str thread_name(const struct measuring *m, uint32_t number) {
    for (uint32_t i = 0; i < m->in->image->thread_count; i++)
        if (m->in->image->threads[i].number == number)
            return m->in->image->threads[i].name;
    return STR("?");
}

static int64_t threads_at(struct measuring *m, const struct run_checkpoint *c) {
    int64_t count = 0;
    m->is_count = true;
    for (uint32_t i = 0; i < c->thread_count; i++) {
        struct str name = thread_name(m, c->threads[i].number);
        if (!wants(m, c->threads[i].component))
            continue;
        text_printf(
                m->evidence, "%s'%.*s'", m->evidence->len == 0 ? "threads " : ", ", STR_ARG(name));
        count += list_matches(m->what->name, name);
    }
    return count;
}

static int64_t static_bytes(struct measuring *m) {
    static const enum static_kind writable[] = { STATIC_DATA, STATIC_ZERO, STATIC_TLS };
    int64_t sum = 0;
    if (m->in->statics == NULL) {
        m->open = "static data needs the program as it ran, and --target";
        return 0;
    }
    for (uint32_t i = 0; i < m->in->map->count; i++)
        for (size_t k = 0; wants(m, i) && k < sizeof writable / sizeof writable[0]; k++)
            sum += (int64_t)m->in->statics->bytes[writable[k]][i];
    return sum;
}

/// Counts the matching symbols that lie in writable memory.
static int64_t writable_symbols(struct measuring *m) {
    int64_t writable = 0;
    uint32_t found = 0;
    m->is_count = true;
    for (size_t i = 0; m->in->statics != NULL && i < m->in->statics->item_count; i++) {
        const struct static_item *item = &m->in->statics->items[i];
        if (item->name.len == 0 || !list_matches(m->what->symbol, item->name) ||
                !wants(m, item->component))
            continue;
        writable += item->kind != STATIC_CONSTANT;
        if (found++ < 2)
            text_printf(m->evidence, "%s%.*s in %.*s", found > 1 ? ", " : "", STR_ARG(item->name),
                    STR_ARG(item->section));
    }
    if (found == 0)
        m->open = "no such symbol in the linked program";
    else if (found > 2)
        text_printf(m->evidence, " and %" PRIu32 " more", found - 2);
    return writable;
}

typedef int64_t measure_at(struct measuring *m, const struct run_checkpoint *c);

/// A measure of checkpoints: `at`, less `from`.
static int64_t between(struct measuring *m, measure_at *measure) {
    struct str at = m->what->at, from = m->what->from;
    const struct run_checkpoint *c = run_find(m->in->run, at, 0);
    const struct run_checkpoint *before = from.len == 0 ? NULL : run_find(m->in->run, from, 0);
    if (c == NULL || (from.len != 0 && before == NULL)) {
        m->open = arena_printf(
                m->a, "the run has no checkpoint '%.*s'", STR_ARG(c == NULL ? at : from));
        return 0;
    }
    int64_t value = measure(m, c);
    if (before == NULL)
        return value;
    struct text unheard = { .arena = m->a }; // what was there before is no evidence
    struct text *evidence = m->evidence;
    m->evidence = &unheard;
    value -= measure(m, before);
    m->evidence = evidence;
    return value;
}

/// Whether the map has the components that are named; the first that it lacks leaves the measure open,
/// where counting nothing could make a guess right.
static bool components_exist(struct measuring *m) {
    struct str rest = m->what->component;
    while (rest.len > 0) {
        struct str name = estimate_next_name(&rest);
        bool found = false;
        for (uint32_t i = 0; i < m->in->map->count && !found; i++)
            found = str_matches(m->in->map->names[i], name);
        if (!found) {
            m->open =
                    arena_printf(m->a, "the component map has no component '%.*s'", STR_ARG(name));
            return false;
        }
    }
    return true;
}

static int64_t run_measure(struct measuring *m) {
    if (!components_exist(m))
        return 0;
    switch ((enum estimate_kind)m->what->kind) {
    case ESTIMATE_HEAP:
        return between(m, heap_at);
    case ESTIMATE_CONTAINERS:
        return between(m, containers_at);
    case ESTIMATE_KERNEL:
        return between(m, kernel_at);
    case ESTIMATE_THREADS:
        return between(m, threads_at);
    case ESTIMATE_STATIC:
        return static_bytes(m);
    case ESTIMATE_SECTION:
        return writable_symbols(m);
    case ESTIMATE_KIND_COUNT:
        break;
    }
    return 0;
}

// ---- verdicts

static bool is_right(const struct guess *g) {
    int64_t measured = g->measured;
    switch ((enum expectation)g->estimate->expects) {
    case EXPECT_NOTHING:
        return measured == 0;
    case EXPECT_SOMETHING:
        return measured > 0;
    case EXPECT_BELOW:
        return measured < g->estimate->low;
    case EXPECT_ABOUT:
        return measured * 2 >= g->estimate->low && measured <= g->estimate->low * 2;
    case EXPECT_BETWEEN:
        return measured >= g->estimate->low && measured <= g->estimate->high;
    case EXPECT_EQUALS:
        return measured == g->estimate->low;
    case EXPECT_QUESTION:
        break;
    }
    return false;
}

static void say_measures(const struct estimate *e, struct text *out) {
    for (uint32_t i = 0; i < e->measure_count; i++)
        text_printf(out, "%s%.*s", i == 0 ? "" : "; ", STR_ARG(e->measures[i].words));
}

static void judge(struct arena *a, struct guess *g, const struct guess_input *in) {
    const struct estimate *e = g->estimate;
    struct text evidence = { .arena = a };
    const char *open = NULL;
    for (uint32_t i = 0; i < e->measure_count; i++) {
        struct measuring m = { .a = a, .in = in, .what = &e->measures[i], .evidence = &evidence };
        g->measured += run_measure(&m);
        g->is_count = m.is_count;
        open = m.open != NULL ? m.open : open;
    }
    if (open != NULL)
        g->verdict = GUESS_OPEN;
    else if (e->expects == EXPECT_QUESTION)
        g->verdict = GUESS_ANSWERED;
    else
        g->verdict = is_right(g) ? GUESS_RIGHT : GUESS_WRONG;
    if (evidence.len == 0)
        say_measures(e, &evidence);
    g->evidence = open != NULL ? str_from(open) : text_str(&evidence);
}

void guesses_judge(struct arena *a, const struct estimates *estimates, const struct guess_input *in,
        struct guess_list *out) {
    *out = (struct guess_list){ .path = estimates->path,
        .guesses = NEW_ARRAY(a, struct guess, estimates->count + 1),
        .count = estimates->count };
    for (uint32_t i = 0; i < out->count; i++) {
        out->guesses[i].estimate = &estimates->list[i];
        judge(a, &out->guesses[i], in);
    }
}
