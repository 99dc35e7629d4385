// See plan_match.h.
#include "plan_match.h"

#include "code_names.h"
#include "suggest.h"
#include "text.h"

const char *const plan_match_verdict_names[PLAN_SITE_VERDICTS] = { "same", "moved", "changed",
    "vanished" };

/// The search for one site.
struct search {
    struct arena *a;
    struct plan_places *places;
    const struct plan_site *old;
    struct str id;
    uint32_t *sites; ///< Places of the function; then fewer and fewer of them.
    uint32_t count;
    bool renamed; ///< Found by its name for people.
    bool mixed; ///< Each of `sites` asks for other things, too: without optimisation a line is one site.
};

static const struct plan_site *about(const struct search *s, uint32_t i) {
    return &s->places->list[s->sites[i]].about;
}

// ---- the function

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Whether two names for people are the same but for parameters and the numbers of lambdas.
static bool same_name(struct str a, struct str b) {
    size_t i = 0, j = 0;
    a = code_name_plain(a);
    b = code_name_plain(b);
    while (i < a.len && j < b.len) {
        if (a.at[i] != b.at[j])
            return false;
        bool is_number = a.at[i] == '#';
        i++, j++;
        while (is_number && i < a.len && is_digit(a.at[i]))
            i++;
        while (is_number && j < b.len && is_digit(b.at[j]))
            j++;
    }
    return i == a.len && j == b.len;
}

static struct str name_of(const struct plan_site *s) {
    return s->function.len != 0 ? s->function : s->linkage;
}

// ---- fewer and fewer

typedef bool (*test)(const struct search *s, uint32_t i);

static uint32_t count_where(const struct search *s, test passes) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->count; i++)
        count += passes(s, i);
    return count;
}

/// Keeps those that pass, if any does; tells whether one did.
static bool keep_where(struct search *s, test passes) {
    if (count_where(s, passes) == 0)
        return false;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->count; i++)
        if (passes(s, i))
            s->sites[kept++] = s->sites[i];
    s->count = kept;
    return true;
}

static bool asks_the_same(const struct search *s, uint32_t i) {
    return s->old->asks.len == 0 || str_equal(about(s, i)->asks, s->old->asks);
}

static bool asks_among_others(const struct search *s, uint32_t i) {
    const struct plan_places *p = s->places;
    for (uint32_t stack = p->list[s->sites[i]].first_stack; stack != 0;
            stack = p->next_stack[stack])
        if (str_equal(plan_site_asks(p->o, stack), s->old->asks))
            return true;
    return false;
}

static bool has_the_file(const struct search *s, uint32_t i) {
    return str_equal(about(s, i)->file, s->old->file);
}

static bool has_the_rank(const struct search *s, uint32_t i) {
    return about(s, i)->asks_rank == s->old->asks_rank;
}

static bool has_the_line(const struct search *s, uint32_t i) {
    return about(s, i)->source_line == s->old->source_line;
}

/// Places of the function: by its linkage name, else by its name for people in a file of that name.
static void find_function(struct search *s) {
    const struct plan_places *p = s->places;
    uint32_t first;
    s->sites = NEW_ARRAY(s->a, uint32_t, p->function_count + 1);
    uint32_t count = s->old->linkage.len == 0 ? 0 : plan_places_in(p, s->old->linkage, &first);
    for (uint32_t i = 0; i < count; i++)
        s->sites[s->count++] = p->by_function[first + i];
    (void)keep_where(s, has_the_file);
    if (s->count > 0 || s->old->linkage.len == 0)
        return;
    s->renamed = true;
    for (uint32_t i = 0; i < p->function_count; i++) {
        const struct plan_site *site = &p->list[p->by_function[i]].about;
        if (str_equal(site->file, s->old->file) && same_name(name_of(site), name_of(s->old)))
            s->sites[s->count++] = p->by_function[i];
    }
}

static bool is_inlined_alike(const struct search *s, uint32_t i) {
    return str_equal(about(s, i)->inside, s->old->inside);
}

static bool has_the_call(const struct search *s, uint32_t i) {
    return about(s, i)->call == s->old->call;
}

static bool is_on_first_line(const struct search *s, uint32_t i) {
    return about(s, i)->source_line == about(s, 0)->source_line;
}

/// How many of the old callers a stack of the site has, in their order.
static uint32_t callers_met(const struct search *s, uint32_t stack) {
    size_t count, owner;
    const struct owner_frame *frames = owners_walk(s->places->o, stack, &count, &owner);
    uint32_t met = 0;
    size_t from = owner + 1;
    for (uint32_t c = 0; c < s->old->caller_count; c++) {
        for (size_t i = from; i < count; i++) {
            if (!same_name(frames[i].frame->function, s->old->callers[c]))
                continue;
            met++;
            from = i + 1;
            break;
        }
    }
    return met;
}

static uint32_t most_callers_met(const struct search *s, uint32_t site) {
    uint32_t most = 0;
    for (uint32_t stack = s->places->list[site].first_stack; stack != 0;
            stack = s->places->next_stack[stack]) {
        uint32_t met = callers_met(s, stack);
        most = met > most ? met : most;
    }
    return most;
}

/// Puts first those whose stacks share most callers with the old one.
static void sort_by_callers(struct search *s) {
    uint32_t *met = NEW_ARRAY(s->a, uint32_t, s->count + 1);
    for (uint32_t i = 0; i < s->count; i++)
        met[i] = most_callers_met(s, s->sites[i]);
    for (uint32_t i = 1; i < s->count; i++) {
        uint32_t site = s->sites[i], weight = met[i], j = i;
        for (; j > 0 && met[j - 1] < weight; j--) {
            s->sites[j] = s->sites[j - 1];
            met[j] = met[j - 1];
        }
        s->sites[j] = site;
        met[j] = weight;
    }
}

/// Keeps the places that ask the same; false when there is none.
static bool find_asks(struct search *s) {
    if (keep_where(s, asks_the_same))
        return true;
    s->mixed = true;
    return keep_where(s, asks_among_others);
}

/// Narrows the places of the function that ask the same to the one place of the source; false when it cannot be said.
static bool find_place(struct search *s) {
    bool same_number =
            !s->mixed && s->old->asks_count != 0 && about(s, 0)->asks_count == s->old->asks_count;
    if (same_number && keep_where(s, has_the_rank))
        return true;
    if (keep_where(s, has_the_line))
        return true;
    return !s->mixed && s->old->asks_count <= 1 && count_where(s, is_on_first_line) == s->count;
}

/// Of one place of the source: the calls that the compiler made of it then, as far as they can be told apart.
static void find_calls(struct search *s) {
    if (keep_where(s, is_inlined_alike))
        (void)keep_where(s, has_the_call);
}

// ---- verdicts

static const char *place_text(struct arena *a, const struct plan_site *s) {
    struct text t = { .arena = a };
    text_printf(&t, "%.*s:%u", STR_ARG(s->file), (unsigned)s->source_line);
    if (s->call != 0)
        text_printf(&t, " call %u", (unsigned)s->call);
    if (s->inside.len != 0)
        text_printf(&t, ", inlined");
    return t.at;
}

static const char *nearest_function(const struct search *s) {
    struct suggest near = { .word = code_name_plain(name_of(s->old)) };
    for (uint32_t i = 0; i < s->places->function_count; i++) {
        const struct plan_site *site = &s->places->list[s->places->by_function[i]].about;
        suggest_offer(&near, arena_copy(s->a, code_name_plain(name_of(site))).at);
    }
    return near.best;
}

static bool has_id(const struct search *s, uint32_t site) {
    return str_equal(s->places->o->sites[site].id, s->id);
}

/// A site of which the plan keeps nothing but its id.
static void match_by_id(struct search *s, struct plan_match *m) {
    m->sites = s->sites;
    for (uint32_t i = 0; i < s->places->count && m->site_count == 0; i++)
        if (s->places->list[i].known && has_id(s, i))
            m->sites[m->site_count++] = i;
    m->verdict = m->site_count > 0 ? PLAN_SITE_SAME : PLAN_SITE_VANISHED;
    m->text = m->site_count > 0
                      ? "the id is there; the plan keeps nothing else of it to compare"
                      : "the id is not there, and the plan keeps nothing else of it to look for";
}

static void vanish(struct search *s, struct plan_match *m) {
    const char *near = nearest_function(s);
    m->verdict = PLAN_SITE_VANISHED;
    m->text = arena_printf(s->a, "this run has no %.*s that asks for memory%s%s%s",
            STR_ARG(name_of(s->old)), near ? "; the nearest is " : "", near ? near : "", "");
}

static void change(struct search *s, struct plan_match *m, const char *why) {
    sort_by_callers(s);
    m->verdict = PLAN_SITE_CHANGED;
    m->sites = s->sites;
    m->site_count = s->count;
    m->text = arena_printf(
            s->a, "%s was at %s; %s", name_of(s->old).at, place_text(s->a, s->old), why);
}

static void settle(struct search *s, struct plan_match *m) {
    bool same = s->count == 1 && has_id(s, s->sites[0]);
    m->verdict = same ? PLAN_SITE_SAME : PLAN_SITE_MOVED;
    m->sites = s->sites;
    m->site_count = s->count;
    const char *now = place_text(s->a, about(s, 0));
    if (s->count > 1)
        now = arena_printf(s->a, "%s and %u more", now, (unsigned)(s->count - 1));
    m->text = arena_printf(s->a, "%.*s%s: %s is %s", STR_ARG(name_of(s->old)),
            s->renamed ? ", renamed" : "", place_text(s->a, s->old), now);
}

static void match_one(struct arena *a, const struct plan_selector *rule, struct plan_places *places,
        struct plan_match *m) {
    struct search s = { .a = a, .places = places, .old = &rule->site, .id = rule->name };
    *m = (struct plan_match){ .rule = rule };
    find_function(&s);
    if (rule->site.linkage.len == 0) {
        match_by_id(&s, m);
    } else if (s.count == 0) {
        vanish(&s, m);
    } else if (!find_asks(&s)) {
        change(&s, m, arena_printf(a, "nothing there asks %.*s any more", STR_ARG(s.old->asks)));
    } else if (!find_place(&s)) {
        change(&s, m,
                arena_printf(a, "%u places there asked %.*s, now %u do: which it is cannot be said",
                        (unsigned)s.old->asks_count, STR_ARG(s.old->asks),
                        (unsigned)about(&s, 0)->asks_count));
    } else {
        find_calls(&s);
        settle(&s, m);
    }
}

void plan_match_sites(struct arena *a, const struct plan *p, struct plan_places *places,
        struct plan_match_list *out) {
    *out = (struct plan_match_list){ .matches = NEW_ARRAY(
                                             a, struct plan_match, p->selectors.len + 1) };
    for (size_t i = 0; i < p->selectors.len; i++) {
        if (p->selectors.at[i].rule.strength != PLAN_BY_SITE)
            continue;
        struct plan_match *m = &out->matches[out->count++];
        match_one(a, &p->selectors.at[i], places, m);
        out->verdicts[m->verdict]++;
    }
}
