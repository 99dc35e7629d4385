// Asking a plan, once it is read. See plan.h.
#include "plan.h"

#include "code_names.h"
#include "containers.h"

const char *const plan_kind_names[PLAN_KINDS] = { "malloc", "new", "libc" };

const char *const plan_strength_words[PLAN_STRENGTHS] = { "target", "default", "insists",
    "component", "container", "class", "function", "site" };

const struct plan_rule *plan_component_rule(
        const struct plan *p, uint32_t component, enum plan_kind kind) {
    uint32_t row = component < p->component_count ? component : p->component_count;
    return &p->rules[row * PLAN_KINDS + kind];
}

bool plan_names_code(const struct plan *p) {
    return p->selectors.len > 0;
}

/// What a stack is, as far as rules ask. Names are looked up for all rules at once.
struct subject {
    const struct owner_frame *frames;
    size_t count, owner;
    struct str site, function, scope;
    struct container container;
};

static struct subject subject_of(struct owners *o, uint32_t stack) {
    uint32_t site = owners_get(o, stack).site; // first: the list of sites may move
    struct subject s = { .site = o->sites[site].id };
    s.frames = owners_walk(o, stack, &s.count, &s.owner);
    s.container = container_of(s.frames, s.count, s.owner);
    s.function = s.owner < s.count ? s.frames[s.owner].frame->function : STR("");
    s.scope = code_name_class(s.function);
    return s;
}

static bool applies(const struct plan_selector *r, const struct subject *s) {
    switch (r->rule.strength) {
    case PLAN_BY_CONTAINER:
        return container_matches(&s->container, r->name) &&
               (r->owner.len == 0 || str_matches(s->scope, r->owner));
    case PLAN_BY_CLASS:
        return s->scope.len != 0 && str_matches(s->scope, r->name);
    case PLAN_BY_FUNCTION:
        return s->function.len != 0 && code_name_matches(s->function, r->name);
    default:
        return str_equal(s->site, r->name) &&
               plan_site_narrows(&r->site, s->frames, s->count, s->owner);
    }
}

/// Whether `a`, which stands behind `b` in the file, decides where both apply.
static bool is_stronger(const struct plan_selector *a, const struct plan_selector *b) {
    if (a->rule.strength != b->rule.strength)
        return a->rule.strength > b->rule.strength;
    return a->site.through_count > 0 || b->site.through_count == 0;
}

const struct plan_rule *plan_rule_for(
        struct plan *p, struct owners *o, uint32_t stack, enum plan_kind kind) {
    const struct plan_rule *weakest = plan_component_rule(p, owners_get(o, stack).component, kind);
    if (!plan_names_code(p))
        return weakest;
    const struct plan_selector *found = NULL;
    struct subject s = subject_of(o, stack);
    for (size_t i = 0; i < p->selectors.len; i++) {
        const struct plan_selector *r = &p->selectors.at[i];
        if ((kind != PLAN_LIBC || r->libc) && (found == NULL || is_stronger(r, found)) &&
                applies(r, &s))
            found = r;
    }
    return found != NULL ? &found->rule : weakest;
}

void plan_mark_matches(const struct plan *p, struct owners *o, uint32_t stack, bool *matches) {
    struct subject s = subject_of(o, stack);
    for (size_t i = 0; i < p->selectors.len; i++)
        matches[i] |= applies(&p->selectors.at[i], &s);
}

void plan_asks(const struct plan *p, const struct plan_rule *rule, struct ramlens_asks *out) {
    *out = (struct ramlens_asks){ 0 };
    if (rule->request == PLAN_POLICY)
        return;
    out->tries[0] = p->target->requests[rule->request].asks;
    out->count = rule->only ? 1 : 2; // behind it 0, malloc's rule
}

const struct policy_place *plan_rule_place(
        const struct plan *p, const struct plan_rule *rule, uint64_t size) {
    if (rule->request == PLAN_POLICY)
        return policy_malloc(&p->policy, size);
    if (rule->only)
        return &p->places[rule->request];
    return &p->then_policy[size > p->policy.up_to][rule->request];
}

const struct policy_place *plan_place(
        const struct plan *p, uint32_t component, enum plan_kind kind, uint64_t size) {
    return plan_rule_place(p, plan_component_rule(p, component, kind), size);
}

const struct policy_place *plan_stack_place(const struct plan *p) {
    return &p->places[p->stack.request];
}

const struct policy_place *plan_kernel_place(const struct plan *p) {
    return &p->places[p->kernel.request];
}

const char *plan_reason(struct arena *a, const struct plan *p, const struct plan_rule *rule) {
    if (rule->line)
        return arena_printf(a, "%.*s:%u", STR_ARG(p->name), (unsigned)rule->line);
    bool insists = rule->strength == PLAN_BY_INSISTENCE;
    return arena_printf(a, insists ? "%s insists" : "%s's rule", p->target->name.at);
}

const char *plan_memory_words(struct arena *a, const struct plan *p, const struct plan_rule *rule) {
    if (rule->request == PLAN_POLICY)
        return "policy";
    return arena_printf(a, "%.*s%s", STR_ARG(p->target->requests[rule->request].name),
            rule->only ? " only" : "");
}
