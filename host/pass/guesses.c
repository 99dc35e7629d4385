// See guesses.h. A measure is a function of its keys and a checkpoint; with `from`, of two.
#include "guesses.h"

#include "conf.h"
#include "human.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

const char *const guess_verdict_names[] = { "right", "wrong", "answered", "cannot say" };

// ---- reading

static bool read_estimate(struct arena *a, const struct conf *c, struct conf_line *line,
        struct guess *g, struct err *err) {
    static const char *const keys[] = { "text", "step", "measure", "expect", NULL };
    if (!conf_check_keys(c, line->children, keys, err) ||
            !conf_word(c, line, 1, "the estimate's name", &g->name, err))
        return false;
    const struct conf_line *text = conf_find(line->children, "text");
    const struct conf_line *step = conf_find(line->children, "step");
    const struct conf_line *expect = conf_find(line->children, "expect");
    if (conf_find(line->children, "measure") == NULL || expect == NULL || expect->word_count < 2)
        return fail_line(
                err, c->path, line->number, "an estimate needs a 'measure' and an 'expect'");
    uint64_t number = 0;
    if (step != NULL && !conf_number(c, step, 1, "the step", &number, err))
        return false;
    if (text != NULL && !conf_word(c, text, 1, "the text", &g->text, err))
        return false;
    struct text words = { .arena = a };
    for (uint32_t i = 1; i < expect->word_count; i++)
        text_printf(&words, "%s%.*s", i > 1 ? " " : "", STR_ARG(expect->words[i]));
    g->step = (uint32_t)number;
    g->expectation = text_str(&words);
    g->line = line;
    return true;
}

bool guesses_read(struct arena *a, const char *path, struct guess_list *out, struct err *err) {
    static const char *const keys[] = { "containers", "estimate", NULL };
    struct conf *c = NEW(a, struct conf);
    *out = (struct guess_list){ .path = path };
    if (!conf_read(a, path, c, err) || !conf_check_keys(c, c->lines, keys, err))
        return false;
    uint32_t lines = 0, globs = 0;
    for (const struct conf_line *l = c->lines; l != NULL; l = l->next, lines++)
        globs += l->word_count;
    out->guesses = NEW_ARRAY(a, struct guess, lines + 1);
    out->containers = NEW_ARRAY(a, struct str, globs + 1);
    for (struct conf_line *l = c->lines; l != NULL; l = l->next) {
        if (str_equal(l->words[0], STR("estimate"))) {
            if (!read_estimate(a, c, l, &out->guesses[out->count++], err))
                return false;
            continue;
        }
        for (uint32_t i = 1; i < l->word_count; i++)
            out->containers[out->container_count++] = l->words[i];
    }
    return true;
}

// ---- keys of a measure

/// The value of `key=` among the words of a measure; empty when it is not there.
static struct str key_of(const struct conf_line *m, const char *key) {
    size_t length = strlen(key);
    for (uint32_t i = 2; i < m->word_count; i++) {
        struct str w = m->words[i];
        if (w.len > length && memcmp(w.at, key, length) == 0 && w.at[length] == '=')
            return (struct str){ w.at + length + 1, w.len - length - 1 };
    }
    return STR("");
}

/// Whether one of the globs in a list with commas matches; an empty list matches all.
static bool list_matches(struct str list, struct str what) {
    if (list.len == 0)
        return true;
    while (list.len > 0) {
        size_t end = 0;
        while (end < list.len && list.at[end] != ',')
            end++;
        if (str_matches(what, (struct str){ list.at, end }))
            return true;
        end += end < list.len;
        list = (struct str){ list.at + end, list.len - end };
    }
    return false;
}

// ---- measures

/// One measure under way.
struct measuring {
    struct arena *a;
    const struct guess_input *in;
    const struct conf_line *line;
    struct text *evidence;
    bool is_count;
    const char *open; ///< Why it cannot be said; NULL if it can.
};

static bool wants(const struct measuring *m, uint32_t component) {
    struct str list = key_of(m->line, "component");
    struct str name = m->in->map->names[component];
    return list.len == 0 ? !str_equal(name, STR("recorder")) : list_matches(list, name);
}

static int64_t heap_at(struct measuring *m, const struct run_checkpoint *c) {
    static const char *const kinds[LEDGER_KIND_COUNT] = { "malloc", "new", "libc" };
    struct str kind = key_of(m->line, "kind");
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->in->map->count; i++)
        for (int k = 0; wants(m, i) && k < LEDGER_KIND_COUNT; k++)
            if (list_matches(kind, str_from(kinds[k])))
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
    struct str objects = key_of(m->line, "object");
    int64_t sum = 0, count = 0;
    for (int k = KERNEL_MUTEX; k < KERNEL_OBJECT_COUNT; k++) {
        if (!list_matches(objects, str_from(kernel_object_names[k])))
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
    return key_of(m->line, "each").len != 0 && count > 0 ? sum / count : sum;
}

static struct str thread_name(const struct measuring *m, uint32_t number) {
    for (uint32_t i = 0; i < m->in->image->thread_count; i++)
        if (m->in->image->threads[i].number == number)
            return m->in->image->threads[i].name;
    return STR("?");
}

static int64_t threads_at(struct measuring *m, const struct run_checkpoint *c) {
    struct str names = key_of(m->line, "name");
    int64_t count = 0;
    m->is_count = true;
    for (uint32_t i = 0; i < c->thread_count; i++) {
        struct str name = thread_name(m, c->threads[i].number);
        if (!wants(m, c->threads[i].component))
            continue;
        text_printf(
                m->evidence, "%s'%.*s'", m->evidence->len == 0 ? "threads " : ", ", STR_ARG(name));
        count += list_matches(names, name);
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
    struct str globs = key_of(m->line, "symbol");
    int64_t writable = 0;
    uint32_t found = 0;
    m->is_count = true;
    for (size_t i = 0; m->in->statics != NULL && i < m->in->statics->item_count; i++) {
        const struct static_item *item = &m->in->statics->items[i];
        if (item->name.len == 0 || !list_matches(globs, item->name) || !wants(m, item->component))
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
    struct str at = key_of(m->line, "at"), from = key_of(m->line, "from");
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

static int64_t run_measure(struct measuring *m) {
    struct str kind = m->line->word_count > 1 ? m->line->words[1] : STR("");
    if (str_equal(kind, STR("heap")))
        return between(m, heap_at);
    if (str_equal(kind, STR("containers")))
        return between(m, containers_at);
    if (str_equal(kind, STR("kernel")))
        return between(m, kernel_at);
    if (str_equal(kind, STR("threads")))
        return between(m, threads_at);
    if (str_equal(kind, STR("static")))
        return static_bytes(m);
    if (str_equal(kind, STR("section")))
        return writable_symbols(m);
    m->open = arena_printf(m->a, "'%.*s' is no measure", STR_ARG(kind));
    return 0;
}

// ---- verdicts

static bool number_at(const struct conf_line *expect, uint32_t index, int64_t *out) {
    uint64_t value;
    if (index >= expect->word_count || !conf_parse_number(expect->words[index], &value))
        return false;
    *out = (int64_t)value;
    return true;
}

static enum guess_verdict right_if(bool right) {
    return right ? GUESS_RIGHT : GUESS_WRONG;
}

static enum guess_verdict compare(const struct conf_line *expect, int64_t measured) {
    struct str word = expect->words[1];
    int64_t a, b;
    if (str_equal(word, STR("nothing")) || str_equal(word, STR("read-only")))
        return right_if(measured == 0);
    if (str_equal(word, STR("something")))
        return right_if(measured > 0);
    if (str_equal(word, STR("question")))
        return GUESS_ANSWERED;
    if (!number_at(expect, 2, &a))
        return GUESS_OPEN;
    if (str_equal(word, STR("below")))
        return right_if(measured < a);
    if (str_equal(word, STR("equals")))
        return right_if(measured == a);
    if (str_equal(word, STR("about")))
        return right_if(measured * 2 >= a && measured <= a * 2);
    if (str_equal(word, STR("between")) && number_at(expect, 3, &b))
        return right_if(measured >= a && measured <= b);
    return GUESS_OPEN;
}

static void say_measures(const struct guess *g, struct text *out) {
    for (const struct conf_line *m = conf_find(g->line->children, "measure"); m != NULL;
            m = conf_next(m)) {
        text_printf(out, "%s", out->len == 0 ? "" : "; ");
        for (uint32_t i = 1; i < m->word_count; i++)
            text_printf(out, "%s%.*s", i > 1 ? " " : "", STR_ARG(m->words[i]));
    }
}

static void judge(struct arena *a, struct guess *g, const struct guess_input *in) {
    struct text evidence = { .arena = a };
    const char *open = NULL;
    for (const struct conf_line *l = conf_find(g->line->children, "measure"); l != NULL;
            l = conf_next(l)) {
        struct measuring m = { .a = a, .in = in, .line = l, .evidence = &evidence };
        g->measured += run_measure(&m);
        g->is_count = m.is_count;
        open = m.open != NULL ? m.open : open;
    }
    g->verdict = open != NULL ? GUESS_OPEN
                              : compare(conf_find(g->line->children, "expect"), g->measured);
    if (evidence.len == 0)
        say_measures(g, &evidence);
    g->evidence = open != NULL ? str_from(open) : text_str(&evidence);
}

void guesses_judge(struct arena *a, struct guess_list *list, const struct guess_input *in) {
    for (uint32_t i = 0; i < list->count; i++)
        judge(a, &list->guesses[i], in);
}
