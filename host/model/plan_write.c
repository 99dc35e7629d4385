// See plan_write.h. The file is handled as lines, not as a plan: so a rewrite needs no target, and keeps what it does not understand.
#include "plan_write.h"

#include "conf.h"
#include "text.h"

/// The words of a line to be.
struct words {
    struct str at[64];
    uint32_t count;
};

struct writer {
    struct arena *a;
    struct conf conf;
    const struct plan_draft *draft;
    struct plan_rewritten *out;
    bool *done; ///< By rule of the draft: in the file, or overruled.
};

static void add(struct words *w, struct str word) {
    if (w->count < sizeof w->at / sizeof w->at[0])
        w->at[w->count++] = word;
}

static bool same_words(const struct conf_line *line, const struct words *w) {
    if (line->word_count != w->count)
        return false;
    for (uint32_t i = 0; i < w->count; i++)
        if (!str_equal(line->words[i], w->at[i]))
            return false;
    return true;
}

/// Gives `line` these words; tells whether that changed it.
static bool set(struct writer *w, struct conf_line *line, const struct words *words) {
    bool changes = !same_words(line, words);
    conf_set(w->a, &w->conf, line, words->at, words->count);
    return changes;
}

static struct conf_line *append(
        struct writer *w, struct conf_line *parent, const struct words *words) {
    return conf_add(w->a, &w->conf, parent, words->at, words->count, STR(""));
}

// ---- the head

/// Makes the lines named `key` those of `wanted`: in place as far as there are as many, then removed or added behind `*last`.
static void set_header(struct writer *w, const char *key, const struct words *wanted,
        uint32_t count, struct conf_line **last) {
    struct conf_line *line = conf_find(w->conf.lines, key);
    for (uint32_t i = 0; i < count; i++) {
        if (line == NULL) {
            *last = conf_add_behind(w->a, &w->conf, *last, wanted[i].at, wanted[i].count, STR(""));
            continue;
        }
        set(w, line, &wanted[i]);
        *last = line;
        line = conf_next(line);
    }
    while (line != NULL) {
        struct conf_line *next = conf_next(line);
        conf_remove_words(w->a, &w->conf, line);
        line = next;
    }
}

static struct str number(struct writer *w, uint64_t n) {
    return str_from(arena_printf(w->a, "%llu", (unsigned long long)n));
}

static void write_head(struct writer *w) {
    const struct plan_draft *d = w->draft;
    struct conf_line *last = NULL;
    struct words trace = { .count = 0 }, target = trace, goal = trace;
    add(&trace, STR("trace"));
    add(&trace, d->trace);
    add(&trace, d->identity);
    add(&target, STR("target"));
    add(&target, d->target);
    for (uint32_t i = 0; i < d->option_count; i++)
        add(&target, d->options[i]);
    add(&goal, STR("goal"));
    add(&goal, d->goal);
    struct words *predicted = NEW_ARRAY(w->a, struct words, d->predicted_count + 1);
    for (uint32_t i = 0; i < d->predicted_count; i++) {
        const struct plan_prediction *p = &d->predicted[i];
        add(&predicted[i], STR("predicted"));
        add(&predicted[i], p->checkpoint);
        add(&predicted[i], p->region);
        add(&predicted[i], STR("free"));
        add(&predicted[i], number(w, p->free_bytes));
        add(&predicted[i], STR("largest"));
        add(&predicted[i], number(w, p->largest_bytes));
    }
    set_header(w, "trace", &trace, d->trace.len != 0, &last);
    set_header(w, "target", &target, d->target.len != 0, &last);
    set_header(w, "goal", &goal, d->goal.len != 0, &last);
    set_header(w, "predicted", predicted, d->predicted_count, &last);
}

// ---- what a line of the file speaks of

/// One thing that a rule is for.
struct thing {
    enum plan_strength strength;
    enum plan_kind kind;
    struct str name, owner;
    const struct conf_line *through; ///< Of a site: the line that narrows it.
};

static bool find_word(struct str word, const char *const *words, int count, int *out) {
    for (*out = 0; *out < count; ++*out)
        if (str_equal(word, str_from(words[*out])))
            return true;
    return false;
}

static bool strength_of(const struct conf_line *line, enum plan_strength *out) {
    int found;
    bool known = find_word(line->words[0], plan_strength_words, PLAN_STRENGTHS, &found);
    *out = (enum plan_strength)found;
    return known && found != PLAN_BY_TARGET && found != PLAN_BY_INSISTENCE && line->word_count > 1;
}

static bool kind_of(struct str word, enum plan_kind *out) {
    int found;
    bool known = find_word(word, plan_kind_names, PLAN_KINDS, &found);
    *out = (enum plan_kind)found;
    return known;
}

/// What a rule's line is for: of a component the line of the kind, below the names, of which `index` is one. False when it is no rule.
static bool thing_of(const struct conf_line *line, uint32_t index, struct thing *out) {
    const struct conf_line *top = line->parent ? line->parent : line;
    *out = (struct thing){ .name = STR("") };
    out->owner = STR("");
    if (!strength_of(top, &out->strength))
        return false;
    if (out->strength == PLAN_BY_DEFAULT)
        return line == top && kind_of(line->words[1], &out->kind);
    out->name = top->words[1 + index];
    if (out->strength == PLAN_BY_COMPONENT)
        return line != top && kind_of(line->words[0], &out->kind);
    if (out->strength == PLAN_BY_CONTAINER && top->word_count > 3 &&
            str_equal(top->words[2], STR("in")))
        out->owner = top->words[3];
    if (out->strength == PLAN_BY_SITE)
        out->through = conf_find(top->children, "through");
    return line == top;
}

static bool same_through(const struct conf_line *line, const struct plan_site *site) {
    uint32_t count = site != NULL ? site->through_count : 0;
    if ((line != NULL ? line->word_count - 1 : 0) != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!str_equal(line->words[1 + i], site->through[i]))
            return false;
    return true;
}

/// The rule of the draft for `t`; rule_count when there is none.
static uint32_t find_in_draft(const struct writer *w, const struct thing *t) {
    for (uint32_t i = 0; i < w->draft->rule_count; i++) {
        const struct plan_draft_rule *r = &w->draft->rules[i];
        bool by_kind = t->strength <= PLAN_BY_COMPONENT;
        if (r->strength == t->strength && (!by_kind || r->kind == t->kind) &&
                str_equal(r->name, t->name) && str_equal(r->owner, t->owner) &&
                same_through(t->through, r->strength == PLAN_BY_SITE ? r->site : NULL))
            return i;
    }
    return w->draft->rule_count;
}

static uint32_t names_of(const struct conf_line *line) {
    return line->parent ? line->parent->word_count - 1 : 1;
}

static bool is_auto(const struct conf_line *line) {
    return str_equal(line->words[line->word_count - 1], STR("auto"));
}

// ---- what a rule of the draft looks like

static struct words rule_words(const struct plan_draft_rule *r) {
    struct words w = { .count = 0 };
    if (r->strength != PLAN_BY_COMPONENT)
        add(&w, str_from(plan_strength_words[r->strength]));
    if (r->strength <= PLAN_BY_COMPONENT)
        add(&w, str_from(plan_kind_names[r->kind]));
    else
        add(&w, r->name);
    if (r->owner.len != 0) {
        add(&w, STR("in"));
        add(&w, r->owner);
    }
    add(&w, r->memory);
    if (r->only)
        add(&w, STR("only"));
    add(&w, STR("auto"));
    return w;
}

typedef VEC(struct words) word_list;

static struct words *new_child(struct writer *w, word_list *list, const char *key) {
    struct words *words = vec_push(w->a, list);
    add(words, str_from(key));
    return words;
}

static void add_name(struct writer *w, word_list *list, const char *key, struct str name) {
    if (name.len != 0)
        add(new_child(w, list, key), name);
}

static void add_names(struct writer *w, word_list *list, const char *key, const struct str *names,
        uint32_t count) {
    if (count == 0)
        return;
    struct words *words = new_child(w, list, key);
    for (uint32_t i = 0; i < count; i++)
        add(words, names[i]);
}

/// One line for each line of `text`.
static void add_texts(struct writer *w, word_list *list, const char *key, struct str text) {
    while (text.len != 0) {
        const char *end = memchr(text.at, '\n', text.len);
        size_t len = end ? (size_t)(end - text.at) : text.len;
        add_name(w, list, key, (struct str){ text.at, len });
        size_t step = end ? len + 1 : len;
        text.at += step;
        text.len -= step;
    }
}

static void add_site(struct writer *w, word_list *list, const struct plan_site *s) {
    add_name(w, list, "component", s->component);
    if (s->linkage.len != 0) {
        struct words *words = new_child(w, list, "function");
        add(words, s->linkage);
        if (s->function.len != 0)
            add(words, s->function);
    }
    add_name(w, list, "inside", s->inside);
    if (s->file.len != 0) {
        struct words *words = new_child(w, list, "file");
        add(words, s->file);
        if (s->source_line != 0)
            add(words, number(w, s->source_line));
    }
    if (s->call != 0)
        add_name(w, list, "call", number(w, s->call));
    if (s->asks.len != 0) {
        struct words *words = new_child(w, list, "asks");
        add(words, s->asks);
        if (s->asks_rank != 0) {
            add(words, number(w, s->asks_rank));
            add(words, number(w, s->asks_count));
        }
    }
    add_names(w, list, "stack", s->callers, s->caller_count);
    add_names(w, list, "through", s->through, s->through_count);
}

/// The lines below a rule.
static word_list rule_children(struct writer *w, const struct plan_draft_rule *r) {
    word_list list = { 0 };
    add_texts(w, &list, "reason", r->reason);
    add_texts(w, &list, "evidence", r->evidence);
    if (r->libc && r->strength > PLAN_BY_COMPONENT)
        new_child(w, &list, "libc");
    if (r->strength == PLAN_BY_SITE && r->site != NULL)
        add_site(w, &list, r->site);
    return list;
}

// ---- taking the draft in

/// Makes the lines below `line` those of `list`; tells whether that changed anything.
static bool set_children(struct writer *w, struct conf_line *line, const word_list *list) {
    bool changed = false;
    struct conf_line *child = line->children;
    for (size_t i = 0; i < list->len; i++) {
        if (child == NULL) {
            append(w, line, &list->at[i]);
            changed = true;
            continue;
        }
        changed |= set(w, child, &list->at[i]);
        while (child->children) { // none of ramlens's lines has any
            conf_remove_words(w->a, &w->conf, child->children);
            changed = true;
        }
        child = child->next;
    }
    while (child != NULL) {
        struct conf_line *next = child->next;
        conf_remove_words(w->a, &w->conf, child);
        changed = true;
        child = next;
    }
    return changed;
}

/// The user's lines come first: what they speak of is no longer the draft's.
static void yield_to_user(struct writer *w, const struct conf_line *line) {
    for (uint32_t i = 0; i < names_of(line); i++) {
        struct thing t;
        uint32_t found = thing_of(line, i, &t) ? find_in_draft(w, &t) : w->draft->rule_count;
        if (found == w->draft->rule_count || w->done[found])
            continue;
        w->done[found] = true;
        w->out->overruled++;
    }
}

static bool same_texts(const struct plan_draft_rule *a, const struct plan_draft_rule *b) {
    return str_equal(a->memory, b->memory) && a->only == b->only &&
           str_equal(a->reason, b->reason) && str_equal(a->evidence, b->evidence);
}

/// The one rule of the draft that stands for all names of `line`; NULL when there is none.
static const struct plan_draft_rule *draft_for(struct writer *w, const struct conf_line *line) {
    const struct plan_draft_rule *rule = NULL;
    for (uint32_t i = 0; i < names_of(line); i++) {
        struct thing t;
        uint32_t found = thing_of(line, i, &t) ? find_in_draft(w, &t) : w->draft->rule_count;
        if (found == w->draft->rule_count || w->done[found] ||
                (rule != NULL && !same_texts(rule, &w->draft->rules[found])))
            return NULL;
        rule = &w->draft->rules[found];
    }
    return rule;
}

static void mark_done(struct writer *w, const struct conf_line *line) {
    for (uint32_t i = 0; i < names_of(line); i++) {
        struct thing t;
        if (thing_of(line, i, &t))
            w->done[find_in_draft(w, &t)] = true;
    }
}

/// A line that ramlens wrote: as the draft wants it, or gone.
static void renew(struct writer *w, struct conf_line *line) {
    const struct plan_draft_rule *rule = draft_for(w, line);
    if (rule == NULL) {
        conf_remove_words(w->a, &w->conf, line);
        w->out->removed++;
        return;
    }
    struct words words = rule_words(rule);
    word_list children = rule_children(w, rule);
    mark_done(w, line);
    bool changed = set(w, line, &words);
    changed |= set_children(w, line, &children);
    *(changed ? &w->out->changed : &w->out->same) += 1;
}

static bool has_rule(const struct conf_line *component) {
    enum plan_kind kind;
    for (const struct conf_line *child = component->children; child; child = child->next)
        if (kind_of(child->words[0], &kind))
            return true;
    return false;
}

/// Calls `what` for each line that holds a rule of that keeper. A component that loses its last one goes.
static void each_rule(
        struct writer *w, bool by_ramlens, void (*what)(struct writer *, struct conf_line *)) {
    for (struct conf_line *line = w->conf.lines, *next; line; line = next) {
        enum plan_strength strength;
        enum plan_kind kind;
        next = line->next;
        if (!strength_of(line, &strength))
            continue;
        if (strength != PLAN_BY_COMPONENT) {
            if (is_auto(line) == by_ramlens)
                what(w, line);
            continue;
        }
        bool had_rule = has_rule(line);
        for (struct conf_line *child = line->children, *after; child; child = after) {
            after = child->next;
            if (kind_of(child->words[0], &kind) && is_auto(child) == by_ramlens)
                what(w, child);
        }
        if (had_rule && !has_rule(line))
            conf_remove_words(w->a, &w->conf, line);
    }
}

static void yield_line(struct writer *w, struct conf_line *line) {
    yield_to_user(w, line);
}

/// The statement `component NAME` of that one name, which may get another kind; made when there is none.
static struct conf_line *component_line(struct writer *w, struct str name) {
    struct conf_line *line = conf_find(w->conf.lines, "component");
    for (; line; line = conf_next(line))
        if (line->word_count == 2 && str_equal(line->words[1], name))
            return line;
    struct words words = { .count = 0 };
    add(&words, STR("component"));
    add(&words, name);
    return append(w, NULL, &words);
}

static void write_new(struct writer *w, const struct plan_draft_rule *r) {
    bool of_component = r->strength == PLAN_BY_COMPONENT;
    struct words words = rule_words(r);
    word_list children = rule_children(w, r);
    struct conf_line *line = append(w, of_component ? component_line(w, r->name) : NULL, &words);
    set_children(w, line, &children);
    w->out->added++;
}

bool plan_rewrite(struct arena *a, const char *path, struct str text,
        const struct plan_draft *draft, struct plan_rewritten *out, struct err *err) {
    struct writer w = { .a = a, .draft = draft, .out = out };
    *out = (struct plan_rewritten){ .text = STR("") };
    if (!conf_parse(a, path, text, &w.conf, err))
        return false;
    w.done = NEW_ARRAY(a, bool, draft->rule_count + 1);
    write_head(&w);
    each_rule(&w, false, yield_line);
    each_rule(&w, true, renew);
    for (uint32_t i = 0; i < draft->rule_count; i++)
        if (!w.done[i])
            write_new(&w, &draft->rules[i]);
    out->text = conf_write(a, &w.conf);
    return true;
}
