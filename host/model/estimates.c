// See estimates.h.
#include "estimates.h"

#include "conf.h"
#include "kernel_table.h"
#include "owners.h"
#include "suggest.h"

#include <string.h>

// ---- words to choose from

/// Fails with what is wrong about `word`, naming the nearest of the NULL-terminated `names`.
static bool fail_word(const struct conf *c, const struct conf_line *line, struct str word,
        const char *wrong, const char *const *names, struct err *err) {
    struct suggest near = { .word = word };
    for (size_t i = 0; names[i] != NULL; i++)
        suggest_offer(&near, names[i]);
    if (near.best != NULL)
        return fail_line(err, c->path, line->number, "'%.*s' %s; did you mean '%s'?", STR_ARG(word),
                wrong, near.best);
    return fail_line(err, c->path, line->number, "'%.*s' %s", STR_ARG(word), wrong);
}

static int index_of(struct str word, const char *const *names) {
    for (int i = 0; names[i] != NULL; i++)
        if (str_equal(word, str_from(names[i])))
            return i;
    return -1;
}

// ---- measure

enum { KEYS_MAX = 6 };

static const char *const kind_names[ESTIMATE_KIND_COUNT + 1] = { "heap", "containers", "kernel",
    "threads", "static", "section", NULL };
static const char *const kind_keys[ESTIMATE_KIND_COUNT][KEYS_MAX] = {
    { "component", "at", "from", "kind" },
    { "component", "at", "from" },
    { "component", "at", "from", "object", "each" },
    { "component", "at", "from", "name" },
    { "component" },
    { "component", "symbol" },
};

/// Where the value of a key belongs; NULL for `each`.
static struct str *place_of(struct estimate_measure *m, struct str key) {
    static const char *const names[] = { "component", "at", "from", "kind", "object", "name",
        "symbol", NULL };
    struct str *const places[] = { &m->component, &m->at, &m->from, &m->heap_kind, &m->object,
        &m->name, &m->symbol };
    int i = index_of(key, names);
    return i < 0 ? NULL : places[i];
}

struct str estimate_next_name(struct str *list) {
    size_t end = 0;
    while (end < list->len && list->at[end] != ',')
        end++;
    struct str first = { list->at, end };
    end += end < list->len;
    *list = (struct str){ list->at + end, list->len - end };
    return first;
}

/// Whether each name in the list is, or as a glob matches, one of the NULL-terminated `names`.
static bool check_list(const struct conf *c, const struct conf_line *line, struct str list,
        const char *const *names, struct err *err) {
    while (list.len > 0) {
        struct str name = estimate_next_name(&list);
        bool known = false;
        for (size_t i = 0; names[i] != NULL && !known; i++)
            known = str_matches(str_from(names[i]), name);
        if (!known)
            return fail_word(c, line, name, "is nothing that is counted", names, err);
    }
    return true;
}

/// Heap kinds and kernel objects are known before the run; a misspelt one would count nothing.
static bool check_values(const struct conf *c, const struct conf_line *line,
        const struct estimate_measure *m, struct err *err) {
    const char *kinds[LEDGER_KIND_COUNT + 1] = { NULL };
    const char *objects[KERNEL_OBJECT_COUNT] = { NULL }; // without "none"
    memcpy(kinds, ledger_kind_names, sizeof ledger_kind_names);
    memcpy(objects, kernel_object_names + 1, (KERNEL_OBJECT_COUNT - 1) * sizeof *objects);
    return check_list(c, line, m->heap_kind, kinds, err) &&
           check_list(c, line, m->object, objects, err);
}

/// Takes one KEY=VALUE in.
static bool read_key(const struct conf *c, const struct conf_line *line, struct str word,
        struct estimate_measure *m, struct err *err) {
    size_t end = 0;
    while (end < word.len && word.at[end] != '=')
        end++;
    struct str key = { word.at, end };
    if (end + 1 >= word.len)
        return fail_line(err, c->path, line->number,
                "'%.*s' is no key with a value; write KEY=VALUE", STR_ARG(word));
    if (index_of(key, kind_keys[m->kind]) < 0)
        return fail_word(c, line, key, "is no key of this measure", kind_keys[m->kind], err);
    struct str value = { word.at + end + 1, word.len - end - 1 };
    struct str *place = place_of(m, key);
    if (place != NULL) {
        *place = value;
        return true;
    }
    m->each = str_equal(value, STR("yes"));
    return m->each || str_equal(value, STR("no")) ||
           fail_line(
                   err, c->path, line->number, "each is 'yes' or 'no', not '%.*s'", STR_ARG(value));
}

static bool read_measure(struct arena *a, const struct conf *c, const struct conf_line *line,
        struct estimate_measure *m, struct err *err) {
    struct str kind;
    if (!conf_word(c, line, 1, "what is measured", &kind, err))
        return false;
    int index = index_of(kind, kind_names);
    if (index < 0)
        return fail_word(c, line, kind, "is no measure", kind_names, err);
    *m = (struct estimate_measure){ .kind = (uint8_t)index };
    for (uint32_t i = 2; i < line->word_count; i++)
        if (!read_key(c, line, line->words[i], m, err))
            return false;
    if (!check_values(c, line, m, err))
        return false;
    if (index_of(STR("at"), kind_keys[m->kind]) >= 0 && m->at.len == 0)
        return fail_line(err, c->path, line->number, "'%.*s' needs at=CHECKPOINT", STR_ARG(kind));
    if (m->kind == ESTIMATE_SECTION && m->symbol.len == 0)
        return fail_line(err, c->path, line->number, "'section' needs symbol=GLOB");
    m->words = conf_words(a, line, 1);
    return true;
}

// ---- expect

struct expectation_form {
    uint8_t expects; ///< enum expectation.
    uint8_t numbers;
};

static const char *const expect_names[] = { "nothing", "read-only", "something", "question",
    "below", "about", "between", "equals", NULL };
static const struct expectation_form expectations[] = { { EXPECT_NOTHING, 0 },
    { EXPECT_NOTHING, 0 }, { EXPECT_SOMETHING, 0 }, { EXPECT_QUESTION, 0 }, { EXPECT_BELOW, 1 },
    { EXPECT_ABOUT, 1 }, { EXPECT_BETWEEN, 2 }, { EXPECT_EQUALS, 1 } };

static bool read_number(const struct conf *c, const struct conf_line *line, uint32_t index,
        int64_t *out, struct err *err) {
    uint64_t number;
    if (!conf_number(c, line, index, "what is expected", &number, err))
        return false;
    if (number > INT64_MAX / 2)
        return fail_line(err, c->path, line->number, "'%.*s' is more than any memory",
                STR_ARG(line->words[index]));
    *out = (int64_t)number;
    return true;
}

static bool read_expectation(struct arena *a, const struct conf *c, const struct conf_line *line,
        struct estimate *g, struct err *err) {
    struct str word;
    if (!conf_word(c, line, 1, "what is expected", &word, err))
        return false;
    int index = index_of(word, expect_names);
    if (index < 0)
        return fail_word(c, line, word, "is no expectation", expect_names, err);
    const struct expectation_form *e = &expectations[index];
    g->expects = e->expects;
    if ((e->numbers > 0 && !read_number(c, line, 2, &g->low, err)) ||
            (e->numbers > 1 && !read_number(c, line, 3, &g->high, err)))
        return false;
    if (line->word_count > 2u + e->numbers)
        return fail_line(err, c->path, line->number, "'%.*s' is one word too many",
                STR_ARG(line->words[2 + e->numbers]));
    g->expectation = conf_words(a, line, 1);
    return true;
}

// ---- estimates

static bool counts_things(const struct estimate_measure *m) {
    return m->kind == ESTIMATE_THREADS || m->kind == ESTIMATE_SECTION;
}

static bool read_measures(struct arena *a, const struct conf *c, const struct conf_line *estimate,
        struct estimate *g, struct err *err) {
    uint32_t count = 0;
    struct conf_line *first = conf_find(estimate->children, "measure");
    for (const struct conf_line *l = first; l != NULL; l = conf_next(l))
        count++;
    g->measures = NEW_ARRAY(a, struct estimate_measure, count + 1);
    for (const struct conf_line *l = first; l != NULL; l = conf_next(l))
        if (!read_measure(a, c, l, &g->measures[g->measure_count++], err))
            return false;
    for (uint32_t i = 1; i < count; i++)
        if (counts_things(&g->measures[i]) != counts_things(&g->measures[0]))
            return fail_line(err, c->path, estimate->number,
                    "bytes and numbers of things cannot be added up");
    return true;
}

static bool read_estimate(struct arena *a, const struct conf *c, const struct conf_line *line,
        struct estimate *g, struct err *err) {
    static const char *const keys[] = { "text", "step", "measure", "expect", NULL };
    if (!conf_check_keys(c, line->children, keys, err) ||
            !conf_word(c, line, 1, "the estimate's name", &g->name, err))
        return false;
    const struct conf_line *text = conf_find(line->children, "text");
    const struct conf_line *step = conf_find(line->children, "step");
    const struct conf_line *expect = conf_find(line->children, "expect");
    if (conf_find(line->children, "measure") == NULL || expect == NULL)
        return fail_line(
                err, c->path, line->number, "an estimate needs a 'measure' and an 'expect'");
    uint64_t number = 0;
    if ((step != NULL && !conf_number(c, step, 1, "the step", &number, err)) ||
            (text != NULL && !conf_word(c, text, 1, "the text", &g->text, err)))
        return false;
    g->step = (uint32_t)number;
    return read_measures(a, c, line, g, err) && read_expectation(a, c, expect, g, err);
}

static bool read_holder(const struct conf *c, const struct conf_line *line,
        struct estimate_holder *out, struct err *err) {
    if (line->word_count < 3 || line->children)
        return fail_line(err, c->path, line->number,
                "'holder' takes a class and types of containers, such as std::map");
    *out = (struct estimate_holder){ line->words[1], &line->words[2], line->word_count - 2 };
    return true;
}

bool estimates_read(struct arena *a, const char *path, struct estimates *out, struct err *err) {
    static const char *const keys[] = { "containers", "holder", "estimate", NULL };
    struct conf *c = NEW(a, struct conf);
    *out = (struct estimates){ .path = path };
    if (!conf_read(a, path, c, err) || !conf_check_keys(c, c->lines, keys, err))
        return false;
    uint32_t lines = 0, globs = 0;
    for (const struct conf_line *l = c->lines; l != NULL; l = l->next, lines++)
        globs += l->word_count;
    out->list = NEW_ARRAY(a, struct estimate, lines + 1);
    out->containers = NEW_ARRAY(a, struct str, globs + 1);
    out->holders = NEW_ARRAY(a, struct estimate_holder, lines + 1);
    for (const struct conf_line *l = c->lines; l != NULL; l = l->next) {
        if (str_equal(l->words[0], STR("estimate"))) {
            if (!read_estimate(a, c, l, &out->list[out->count++], err))
                return false;
            continue;
        }
        if (str_equal(l->words[0], STR("holder"))) {
            if (!read_holder(c, l, &out->holders[out->holder_count++], err))
                return false;
            continue;
        }
        for (uint32_t i = 1; i < l->word_count; i++)
            out->containers[out->container_count++] = l->words[i];
    }
    return true;
}
