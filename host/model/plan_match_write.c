// Bringing the sites of a plan's text up to date. See plan_match.h.
#include "plan_match.h"

#include "conf.h"

struct writer {
    struct arena *a;
    struct conf conf;
    struct plan_places *places;
    const struct plan_match_list *list;
};

// ---- what describes a site

/// Makes the line `key` below `line` these words; of an empty first word, none.
static void set_child(struct writer *w, struct conf_line *line, const char *key, struct str first,
        struct str second, struct str third) {
    struct conf_line *child = conf_find(line->children, key);
    struct str words[] = { str_from(key), first, second, third };
    uint32_t count = third.len != 0 ? 4 : second.len != 0 ? 3 : 2;
    if (first.len == 0 && child != NULL)
        conf_remove_words(w->a, &w->conf, child);
    else if (first.len != 0 && child != NULL)
        conf_set(w->a, &w->conf, child, words, count);
    else if (first.len != 0)
        conf_add(w->a, &w->conf, line, words, count, STR(""));
}

static struct str number(struct writer *w, uint32_t n) {
    return n == 0 ? STR("") : str_from(arena_printf(w->a, "%u", (unsigned)n));
}

static void describe(struct writer *w, struct conf_line *line, uint32_t site) {
    const struct plan_site *s = &w->places->list[site].about;
    set_child(w, line, "component", s->component, STR(""), STR(""));
    set_child(w, line, "function", s->linkage, s->function, STR(""));
    set_child(w, line, "inside", s->inside, STR(""), STR(""));
    set_child(w, line, "file", s->file, number(w, s->source_line), STR(""));
    set_child(w, line, "call", number(w, s->call), STR(""), STR(""));
    set_child(w, line, "asks", s->asks, number(w, s->asks_rank), number(w, s->asks_count));
}

// ---- ids

static struct conf_line *site_line(const struct writer *w, uint32_t number) {
    struct conf_line *line = conf_find(w->conf.lines, "site");
    while (line != NULL && line->number != number)
        line = conf_next(line);
    return line;
}

static struct str id_of(const struct writer *w, uint32_t site) {
    return w->places->o->sites[site].id;
}

static bool is_found(const struct plan_match *m) {
    return m->verdict == PLAN_SITE_SAME || m->verdict == PLAN_SITE_MOVED;
}

static bool same_through(const struct plan_site *a, const struct plan_site *b) {
    if (a->through_count != b->through_count)
        return false;
    for (uint32_t i = 0; i < a->through_count; i++)
        if (!str_equal(a->through[i], b->through[i]))
            return false;
    return true;
}

/// Whether a rule that comes first speaks of `site` in the same narrowing: one whose site is that very one, or an earlier one that moved there.
/// Of two the pinned one comes first, and a rule whose site stayed where it was.
static bool is_taken(const struct writer *w, const struct plan_match *m, uint32_t site) {
    for (uint32_t i = 0; i < w->list->count; i++) {
        const struct plan_match *other = &w->list->matches[i];
        if (other == m || !same_through(&other->rule->site, &m->rule->site))
            continue;
        bool stays = !is_found(other) || other->verdict == PLAN_SITE_SAME;
        bool says = stays && str_equal(other->rule->name, id_of(w, site));
        for (uint32_t k = 0; !stays && k < other->site_count; k++)
            says |= other->sites[k] == site;
        bool other_pinned = other->rule->rule.keeper == PLAN_PINNED;
        bool pinned = m->rule->rule.keeper == PLAN_PINNED;
        bool first = stays || (other_pinned != pinned ? other_pinned : other < m);
        if (says && first)
            return true;
    }
    return false;
}

static void set_id(struct writer *w, struct conf_line *line, struct str id) {
    struct str *words = NEW_ARRAY(w->a, struct str, line->word_count);
    for (uint32_t i = 0; i < line->word_count; i++)
        words[i] = i == 1 ? id : line->words[i];
    conf_set(w->a, &w->conf, line, words, line->word_count);
}

/// A second line for one more call that the place became, with what stands below the first.
static void repeat(struct writer *w, struct conf_line *line, uint32_t site) {
    struct conf_line *copy =
            conf_add_behind(w->a, &w->conf, line, line->words, line->word_count, STR(""));
    for (const struct conf_line *child = line->children; child; child = child->next)
        conf_add(w->a, &w->conf, copy, child->words, child->word_count, STR(""));
    set_id(w, copy, id_of(w, site));
    describe(w, copy, site);
}

static void bring_up_to_date(struct writer *w, const struct plan_match *m) {
    struct conf_line *line = site_line(w, m->rule->rule.line);
    bool written = false;
    if (line == NULL || !is_found(m) || m->rule->site.linkage.len == 0)
        return;
    for (uint32_t i = 0; i < m->site_count; i++) {
        uint32_t site = m->sites[i];
        if (is_taken(w, m, site))
            continue;
        if (written) {
            repeat(w, line, site);
            continue;
        }
        set_id(w, line, id_of(w, site));
        describe(w, line, site);
        written = true;
    }
    if (!written) // other lines speak of all that it is now
        conf_remove_words(w->a, &w->conf, line);
}

bool plan_match_rewrite(struct arena *a, const char *path, struct str text,
        struct plan_places *places, const struct plan_match_list *m, struct str *out,
        struct err *err) {
    struct writer w = { .a = a, .places = places, .list = m };
    if (!conf_parse(a, path, text, &w.conf, err))
        return false;
    for (uint32_t i = 0; i < m->count; i++)
        bring_up_to_date(&w, &m->matches[i]);
    *out = conf_write(a, &w.conf);
    return true;
}
