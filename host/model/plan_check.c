// See plan_check.h.
#include "plan_check.h"

#include "code_names.h"
#include "containers.h"
#include "plan_match.h"
#include "suggest.h"

#include <stdlib.h>

// ---- what it was made for

/// Whether two ways to write a value mean the same: 256K and 256KB.
static bool same_value(struct str a, struct str b) {
    uint64_t x, y;
    return str_equal(a, b) || (conf_parse_number(a, &x) && conf_parse_number(b, &y) && x == y);
}

static bool check_options(const struct plan *p, struct err *err) {
    const struct plan_header *h = &p->header;
    for (uint32_t i = 0; i < h->option_count; i++) {
        const char *word = h->options[i].at, *value = strchr(word, '=') + 1;
        char name[64];
        size_t len = (size_t)(value - word) - 1;
        if (len >= sizeof name)
            len = sizeof name - 1;
        memcpy(name, word, len);
        name[len] = '\0';
        struct str choice = target_choice(p->target, name);
        if (choice.len == 0)
            return fail_line(err, p->path, h->target_line,
                    "the plan was made for %s, of which target '%s' knows nothing; make it anew",
                    word, p->target->name.at);
        if (!same_value(choice, str_from(value)))
            return fail_line(err, p->path, h->target_line,
                    "the plan was made for %s, here it is %.*s; give '--set %s' or make it anew",
                    word, STR_ARG(choice), word);
    }
    return true;
}

static bool same_identity(struct str a, struct str b) {
    enum { ENOUGH = 8 }; // people shorten build ids
    size_t len = a.len < b.len ? a.len : b.len;
    return len >= ENOUGH ? memcmp(a.at, b.at, len) == 0 : str_equal(a, b);
}

bool plan_check_made_for(
        const struct plan *p, const char *trace, struct str identity, struct err *err) {
    const struct plan_header *h = &p->header;
    if (h->target.len != 0 && !str_equal(h->target, p->target->name))
        return fail_line(err, p->path, h->target_line,
                "the plan was made for target '%s', not for '%s'; give '--target %s' or make it "
                "anew",
                h->target.at, p->target->name.at, h->target.at);
    if (!check_options(p, err))
        return false;
    if (h->identity.len == 0 || identity.len == 0 || same_identity(h->identity, identity))
        return true;
    return fail_line(err, p->path, h->trace_line,
            "the plan was made for %s, of program %.12s; in %s another one ran, %.12s: 'ramlens "
            "match' "
            "finds its sites there",
            h->trace.at, h->identity.at, trace, identity.at);
}

// ---- names

struct check {
    struct arena *a;
    struct plan *plan;
    struct plan_places *places;
    struct owners *o;
    bool *matches; ///< By selector.
    bool *decides;
    VEC(struct plan_doubt) doubts;
};

static void doubt(struct check *c, uint32_t line, const char *text) {
    struct plan_doubt *d = vec_push(c->a, &c->doubts);
    d->line = line;
    d->text = text;
}

static const struct plan_selector *selector_of(const struct plan *p, const struct plan_rule *rule) {
    for (size_t i = 0; i < p->selectors.len; i++)
        if (&p->selectors.at[i].rule == rule)
            return &p->selectors.at[i];
    return NULL;
}

/// Asks for every stack that asked for memory, by each kind, who decides.
static void look_at_stacks(struct check *c) {
    for (uint32_t stack = 0; stack < c->o->image->stack_count; stack++) {
        if (!c->o->list[stack].known)
            continue;
        plan_mark_matches(c->plan, c->o, stack, c->matches);
        for (int kind = 0; kind < PLAN_KINDS; kind++) {
            const struct plan_selector *s =
                    selector_of(c->plan, plan_rule_for(c->plan, c->o, stack, (enum plan_kind)kind));
            if (s != NULL)
                c->decides[s - c->plan->selectors.at] = true;
        }
    }
}

/// What a rule's name is compared with, of one place of the run.
static struct str name_in(struct check *c, const struct plan_selector *s, uint32_t site) {
    const struct plan_place *place = &c->places->list[site];
    struct str function = c->o->sites[site].function;
    switch (s->rule.strength) {
    case PLAN_BY_CONTAINER:
        return container_of_stack(c->o, place->first_stack).type;
    case PLAN_BY_CLASS:
        return code_name_class(function);
    case PLAN_BY_FUNCTION:
        return code_name_plain(function);
    default:
        return c->o->sites[site].id;
    }
}

static const char *nearest(struct check *c, const struct plan_selector *s) {
    struct suggest near = { .word = s->name };
    for (uint32_t i = 0; i < c->places->count; i++)
        if (c->places->list[i].known)
            suggest_offer(&near, arena_copy(c->a, name_in(c, s, i)).at);
    return near.best;
}

static void doubt_site(struct check *c, const struct plan_selector *s) {
    struct plan one = *c->plan;
    struct plan_match_list list;
    one.selectors.at = NEW(c->a, struct plan_selector);
    one.selectors.at[0] = *s;
    one.selectors.len = 1;
    plan_match_sites(c->a, &one, c->places, &list);
    doubt(c, s->rule.line,
            arena_printf(c->a, "site %s is not in this run (%s): %s", s->name.at,
                    plan_match_verdict_names[list.matches[0].verdict], list.matches[0].text));
}

static void doubt_name(struct check *c, const struct plan_selector *s) {
    const char *near = nearest(c, s);
    if (s->rule.strength == PLAN_BY_SITE && (s->site.linkage.len != 0 || near == NULL)) {
        doubt_site(c, s);
        return;
    }
    doubt(c, s->rule.line,
            arena_printf(c->a,
                    "nothing that asked for memory in this run is of %s '%s'%s%s%s%s%s%s",
                    plan_strength_words[s->rule.strength], s->name.at, s->owner.len ? " in '" : "",
                    s->owner.at, s->owner.len ? "'" : "", near ? ", did you mean '" : "",
                    near ? near : "", near ? "'?" : ""));
}

static void look_at_components(struct check *c) {
    bool *owns = NEW_ARRAY(c->a, bool, c->plan->component_count + 1);
    for (uint32_t i = 0; i < c->places->count; i++)
        if (c->places->list[i].known && c->o->sites[i].component < c->plan->component_count)
            owns[c->o->sites[i].component] = true;
    for (uint32_t i = 0; i < c->plan->component_count; i++) {
        const struct plan_rule *first = NULL;
        for (int kind = 0; kind < PLAN_KINDS; kind++) {
            const struct plan_rule *rule = plan_component_rule(c->plan, i, (enum plan_kind)kind);
            if (rule->strength == PLAN_BY_COMPONENT && (first == NULL || rule->line < first->line))
                first = rule;
        }
        if (first != NULL && !owns[i])
            doubt(c, first->line,
                    arena_printf(c->a, "component '%.*s' asked for nothing in this run",
                            STR_ARG(owners_component_name(c->o, i))));
    }
}

static int by_line(const void *a, const void *b) {
    const struct plan_doubt *p = a, *q = b;
    return p->line != q->line ? (p->line < q->line ? -1 : 1) : strcmp(p->text, q->text);
}

void plan_check_names(
        struct arena *a, struct plan *p, struct plan_places *places, struct plan_doubts *out) {
    struct check c = { .a = a, .plan = p, .places = places, .o = places->o };
    c.matches = NEW_ARRAY(a, bool, p->selectors.len + 1);
    c.decides = NEW_ARRAY(a, bool, p->selectors.len + 1);
    if (plan_names_code(p))
        look_at_stacks(&c);
    look_at_components(&c);
    for (size_t i = 0; i < p->selectors.len; i++) {
        const struct plan_selector *s = &p->selectors.at[i];
        if (!c.matches[i])
            doubt_name(&c, s);
        else if (!c.decides[i])
            doubt(&c, s->rule.line,
                    arena_printf(a,
                            "%s '%s' decides nothing: other lines decide for all that it names",
                            plan_strength_words[s->rule.strength], s->name.at));
    }
    if (c.doubts.len > 0)
        qsort(c.doubts.at, c.doubts.len, sizeof *c.doubts.at, by_line);
    *out = (struct plan_doubts){ c.doubts.at, (uint32_t)c.doubts.len };
}
