// See claims.h.
#include "claims.h"

#include "conf.h"

const char *const verdict_names[] = { "right", "wrong", "answered", "cannot say" };

/// One measure line, taken apart.
struct measure {
    struct str what, state, over, component, kind;
    uint32_t setting, moment, from;
};

static bool read_key(const struct conf *c, const struct conf_line *l, struct str word,
        struct measure *m, struct err *err) {
    size_t equals = 0;
    while (equals < word.len && word.at[equals] != '=')
        equals++;
    struct str key = { word.at, equals };
    struct str value = { word.at + equals + 1, equals < word.len ? word.len - equals - 1 : 0 };
    if (str_equal(key, STR("state")))
        m->state = value;
    else if (str_equal(key, STR("over")))
        m->over = value;
    else if (str_equal(key, STR("component")))
        m->component = value;
    else if (str_equal(key, STR("kind")))
        m->kind = value;
    else if (str_equal(key, STR("setting")) && str_equal(value, STR("observed")))
        m->setting = 1;
    else if (str_equal(key, STR("setting")) && str_equal(value, STR("bare")))
        m->setting = 0;
    else if (str_equal(key, STR("at")) || str_equal(key, STR("from"))) {
        uint32_t *moment = key.len == 2 ? &m->moment : &m->from;
        for (*moment = 0; *moment < MOMENTS && !str_equal(str_from(moment_names[*moment]), value);)
            ++*moment;
        return *moment < MOMENTS ||
               fail_line(err, c->path, l->number, "no checkpoint '%.*s'", STR_ARG(value));
    } else
        return fail_line(err, c->path, l->number,
                "'%.*s' is no key of a measure, or no value of it", STR_ARG(word));
    return true;
}

// ---- figures

static bool is_listed(struct str list, struct str name) {
    if (list.len == 0)
        return true;
    size_t from = 0;
    for (size_t i = 0; i <= list.len; i++) {
        if (i < list.len && list.at[i] != ',')
            continue;
        if (str_equal((struct str){ list.at + from, i - from }, name))
            return true;
        from = i + 1;
    }
    return false;
}

/// Bytes that components hold in internal RAM, or outside of it.
static bool held(const struct row *row, const struct measure *m, bool internal, int64_t *figure) {
    const struct moment *at = &row->moments[m->moment];
    *figure = 0;
    for (uint32_t i = 0; i < at->holding_count; i++) {
        const struct holding *h = &at->holdings[i];
        for (int w = 0; is_listed(m->component, h->component) && w < WHY_COUNT; w++)
            if (is_listed(m->kind, str_from(why_names[w])))
                *figure += (int64_t)(internal ? h->internal[w] : h->external[w]);
    }
    return at->holdings != NULL;
}

/// Lines of the file `calls`: STATE COMPONENT KIND NUMBER.
static bool called(
        const struct results *r, const struct measure *m, struct claim *claim, struct err *err) {
    struct conf c;
    if (!conf_parse(r->a, "calls", r->calls, &c, err))
        return false;
    for (const struct conf_line *l = c.lines; l != NULL; l = l->next) {
        uint64_t count;
        if (!conf_number(&c, l, 3, "the number of objects", &count, err))
            return false;
        if (!str_equal(l->words[0], m->state) || !is_listed(m->component, l->words[1]) ||
                !is_listed(m->kind, l->words[2]))
            continue;
        claim->figure += (int64_t)count;
        claim->known = true;
    }
    return true;
}

static bool work_out(const struct conf *c, const struct conf_line *l, const struct results *r,
        const struct measure *m, struct claim *claim, struct err *err) {
    if (str_equal(m->what, STR("occupied"))) {
        claim->known = true;
        claim->figure = (int64_t)r->occupied_bytes;
        return true;
    }
    const struct row *row = results_row(r, m->state, m->setting);
    if (row == NULL)
        return fail_line(err, c->path, l->number, "no state '%.*s'", STR_ARG(m->state));
    if (str_equal(m->what, STR("calls"))) {
        claim->is_count = true;
        return called(r, m, claim, err);
    }
    if (m->moment == MOMENTS)
        return fail_line(err, c->path, l->number, "a measure needs at=CHECKPOINT");
    const struct moment *at = &row->moments[m->moment];
    if (str_equal(m->what, STR("free"))) {
        claim->known = at->free.count > 0;
        claim->figure = (int64_t)at->free.median;
    } else if (str_equal(m->what, STR("taken"))) {
        claim->known = at->free.count > 0 && row->moments[m->from].free.count > 0;
        claim->figure = (int64_t)row->moments[m->from].free.median - (int64_t)at->free.median;
    } else if (str_equal(m->what, STR("gain"))) {
        const struct row *other =
                m->over.len > 0 ? results_row(r, m->over, m->setting)
                : row->state->after < 0
                        ? NULL
                        : results_row(r, r->states[row->state->after].name, m->setting);
        claim->known = results_gain(row, other, m->moment, &claim->figure);
    } else if (str_equal(m->what, STR("internal")) || str_equal(m->what, STR("external"))) {
        claim->known = held(row, m, str_equal(m->what, STR("internal")), &claim->figure);
    } else {
        return fail_line(
                err, c->path, l->number, "'%.*s' is nothing that is measured", STR_ARG(m->what));
    }
    return true;
}

static bool read_measure(struct arena *a, const struct conf *c, const struct conf_line *l,
        const struct results *r, struct claim *claim, struct err *err) {
    struct measure m = { .moment = MOMENTS };
    if (!conf_word(c, l, 1, "what is measured", &m.what, err))
        return false;
    for (uint32_t i = 2; i < l->word_count; i++)
        if (!read_key(c, l, l->words[i], &m, err))
            return false;
    claim->measure = conf_words(a, l, 1);
    return work_out(c, l, r, &m, claim, err);
}

// ---- verdicts

static bool read_bound(const struct conf *c, const struct conf_line *l, uint32_t index,
        int64_t *out, struct err *err) {
    uint64_t n;
    if (!conf_number(c, l, index, "what is expected", &n, err))
        return false;
    *out = (int64_t)n;
    return true;
}

static bool judge(struct arena *a, const struct conf *c, const struct conf_line *l,
        struct claim *claim, struct err *err) {
    struct str word;
    int64_t low = 0, high = 0, f = claim->figure;
    bool right = false, question = false;
    if (!conf_word(c, l, 1, "what is expected", &word, err))
        return false;
    if (str_equal(word, STR("nothing"))) {
        right = f == 0;
    } else if (str_equal(word, STR("something"))) {
        right = f > 0;
    } else if (str_equal(word, STR("question"))) {
        question = true;
    } else if (str_equal(word, STR("between"))) {
        if (!read_bound(c, l, 2, &low, err) || !read_bound(c, l, 3, &high, err))
            return false;
        right = f >= low && f <= high;
    } else if (str_equal(word, STR("about"))) { // from half of it to twice
        if (!read_bound(c, l, 2, &low, err))
            return false;
        right = 2 * f >= low && f <= 2 * low;
    } else if (str_equal(word, STR("least"))) {
        if (!read_bound(c, l, 2, &low, err))
            return false;
        right = f >= low;
    } else {
        return fail_line(err, c->path, l->number, "'%.*s' is no expectation", STR_ARG(word));
    }
    claim->expectation = conf_words(a, l, 1);
    claim->verdict = !claim->known ? VERDICT_UNKNOWN
                     : question    ? VERDICT_ANSWERED
                     : right       ? VERDICT_RIGHT
                                   : VERDICT_WRONG;
    return true;
}

static bool read_claim(struct arena *a, const struct conf *c, const struct conf_line *line,
        const struct results *r, struct claim *claim, struct err *err) {
    static const char *const keys[] = { "text", "step", "note", "measure", "expect", NULL };
    if (!conf_word(c, line, 1, "the claim's name", &claim->name, err) ||
            !conf_check_keys(c, line->children, keys, err))
        return false;
    const struct conf_line *text = conf_find(line->children, "text");
    const struct conf_line *note = conf_find(line->children, "note");
    const struct conf_line *step = conf_find(line->children, "step");
    const struct conf_line *measure = conf_find(line->children, "measure");
    const struct conf_line *expect = conf_find(line->children, "expect");
    uint64_t number = 0;
    if (text == NULL || measure == NULL || expect == NULL)
        return fail_line(
                err, c->path, line->number, "a claim needs 'text', 'measure' and 'expect'");
    if (!conf_word(c, text, 1, "the plan's words", &claim->text, err) ||
            (note != NULL && !conf_word(c, note, 1, "the note", &claim->note, err)) ||
            (step != NULL && !conf_number(c, step, 1, "the plan's step", &number, err)))
        return false;
    claim->step = (uint32_t)number;
    return read_measure(a, c, measure, r, claim, err) && judge(a, c, expect, claim, err);
}

bool claims_judge(struct arena *a, const char *path, const struct results *r, struct claims *out,
        struct err *err) {
    struct conf c;
    static const char *const keys[] = { "claim", NULL };
    if (!conf_read(a, path, &c, err) || !conf_check_keys(&c, c.lines, keys, err))
        return false;
    *out = (struct claims){ .count = 0 };
    for (const struct conf_line *l = c.lines; l != NULL; l = l->next)
        out->count++;
    out->list = NEW_ARRAY(a, struct claim, out->count + 1);
    struct claim *claim = out->list;
    for (const struct conf_line *l = c.lines; l != NULL; l = l->next)
        if (!read_claim(a, &c, l, r, claim++, err))
            return false;
    return true;
}
