// Reading plans. Rules of components are settled from the weakest to the strongest into one for each component and kind; rules for named code
// are kept as a list. See plan.h.
#include "plan_read.h"

#include "conf.h"
#include "suggest.h"
#include "text.h"

/// State of one reading.
struct reader {
    struct arena *arena;
    struct conf conf;
    struct plan *plan;
    const struct str *components;
    struct err *err;
    struct plan_rule defaults[PLAN_KINDS];
};

static bool fail_at(struct reader *r, const struct conf_line *line, const char *text) {
    return fail_line(r->err, r->conf.path, line->number, "%s", text);
}

// ---- what the target gives

static struct plan_rule *rule_of(const struct plan *p, uint32_t component, enum plan_kind kind) {
    return &p->rules[component * PLAN_KINDS + kind];
}

static void know_places(struct arena *a, struct plan *p) {
    const struct target *t = p->target;
    policy_for(t, &p->policy);
    p->places = NEW_ARRAY(a, struct policy_place, t->request_count);
    for (int large = 0; large < 2; large++)
        p->then_policy[large] = NEW_ARRAY(a, struct policy_place, t->request_count);
    for (uint32_t i = 0; i < t->request_count; i++) {
        p->places[i] = policy_place_of(t, t->requests[i].asks);
        p->then_policy[0][i] = policy_place_then(&p->places[i], &p->policy.small);
        p->then_policy[1][i] = policy_place_then(&p->places[i], &p->policy.large);
    }
}

static struct plan_rule rule_by_target(uint32_t request, enum plan_strength strength) {
    return (struct plan_rule){ .request = request,
        .strength = (uint8_t)strength,
        .only = request != PLAN_POLICY,
        .reason = STR(""),
        .evidence = STR("") };
}

/// What the target gives before any line of a plan.
static void begin(struct reader *r, const struct target *target, uint32_t component_count) {
    struct plan *p = r->plan;
    p->target = target;
    p->component_count = component_count;
    know_places(r->arena, p);
    p->rules = NEW_ARRAY(r->arena, struct plan_rule, (size_t)(component_count + 1u) * PLAN_KINDS);
    p->stack_bytes = target->stack_bytes;
    p->stack = rule_by_target(target->stack_request, PLAN_BY_TARGET);
    p->kernel = rule_by_target(target->system_request, PLAN_BY_TARGET);
    for (uint32_t kind = 0; kind < PLAN_KINDS; kind++)
        r->defaults[kind] = rule_by_target(PLAN_POLICY, PLAN_BY_TARGET);
}

static uint32_t find_component(const struct reader *r, struct str name) {
    for (uint32_t i = 0; i < r->plan->component_count; i++)
        if (str_equal(r->components[i], name))
            return i;
    return TARGET_NONE;
}

/// Gives every component its defaults, then what its port insists on.
static void spread_defaults(struct reader *r) {
    struct plan *p = r->plan;
    for (uint32_t component = 0; component <= p->component_count; component++)
        for (uint32_t kind = 0; kind < PLAN_KINDS; kind++)
            *rule_of(p, component, (enum plan_kind)kind) = r->defaults[kind];
    for (uint32_t i = 0; i < p->target->insistence_count; i++) {
        const struct target_insistence *insistence = &p->target->insistences[i];
        uint32_t component = find_component(r, insistence->component);
        if (component != TARGET_NONE)
            *rule_of(p, component, PLAN_MALLOC) =
                    rule_by_target(insistence->request, PLAN_BY_INSISTENCE);
    }
}

// ---- memories

/// `policy` and the target's requests, as a list for messages.
static const char *list_memories(struct reader *r, bool with_policy) {
    const struct target *t = r->plan->target;
    struct text list = { .arena = r->arena };
    for (uint32_t i = 0; i < t->request_count; i++)
        text_printf(&list, "%s%s", i ? ", " : "", t->requests[i].name.at);
    if (with_policy)
        text_printf(&list, ", policy");
    return list.at;
}

static bool fail_memory(
        struct reader *r, const struct conf_line *line, struct str word, bool policy_too) {
    return fail_line(r->err, r->conf.path, line->number,
            "unknown memory '%s' on target '%s'; there is: %s", word.at, r->plan->target->name.at,
            list_memories(r, policy_too));
}

/// The words behind a memory: `only`, `pin`, `auto`.
static bool read_marks(
        struct reader *r, const struct conf_line *line, uint32_t index, struct plan_rule *out) {
    for (; index < line->word_count; index++) {
        struct str word = line->words[index];
        if (str_equal(word, STR("only")) && !out->only && out->keeper == PLAN_BY_HAND)
            out->only = true;
        else if (str_equal(word, STR("pin")) && out->keeper == PLAN_BY_HAND)
            out->keeper = PLAN_PINNED;
        else if (str_equal(word, STR("auto")) && out->keeper == PLAN_BY_HAND)
            out->keeper = PLAN_AUTO;
        else
            return fail_line(r->err, r->conf.path, line->number,
                    "'%s' takes a memory, behind it at most 'only' and one of 'pin' and 'auto'; "
                    "not "
                    "'%s'",
                    line->words[0].at, word.at);
    }
    if (out->only && out->request == PLAN_POLICY)
        return fail_at(r, line, "'policy' is a rule, not a memory: it takes no 'only'");
    return true;
}

/// The memory at word `index` and what follows it, into a rule of this line.
static bool read_memory(struct reader *r, const struct conf_line *line, uint32_t index,
        bool policy_too, struct plan_rule *out) {
    if (index >= line->word_count)
        return fail_line(r->err, r->conf.path, line->number, "'%s' takes a memory; there is: %s",
                line->words[0].at, list_memories(r, policy_too));
    struct str word = line->words[index];
    *out = (struct plan_rule){
        .line = line->number, .request = PLAN_POLICY, .reason = STR(""), .evidence = STR("")
    };
    if (!policy_too || !str_equal(word, STR("policy"))) {
        out->request = target_find_request(r->plan->target, word);
        if (out->request == TARGET_NONE)
            return fail_memory(r, line, word, policy_too);
        if (r->plan->places[out->request].count == 0)
            return fail_line(r->err, r->conf.path, line->number,
                    "no heap of target '%s' can serve '%s'", r->plan->target->name.at, word.at);
    }
    return read_marks(r, line, index + 1, out);
}

// ---- what may stand below a rule

static void add_text(struct arena *a, struct str *to, struct str more) {
    *to = to->len == 0 ? more
                       : str_from(arena_printf(a, "%.*s\n%.*s", STR_ARG(*to), STR_ARG(more)));
}

/// The `reason` and `evidence` lines among the children of `line`.
static bool read_why(struct reader *r, const struct conf_line *line, struct plan_rule *rule) {
    for (const struct conf_line *child = line->children; child; child = child->next) {
        bool is_reason = str_equal(child->words[0], STR("reason"));
        if (!is_reason && !str_equal(child->words[0], STR("evidence")))
            continue;
        if (child->word_count < 2 || child->children)
            return fail_line(r->err, r->conf.path, child->number,
                    "'%s' takes a text, and nothing below it", child->words[0].at);
        add_text(r->arena, is_reason ? &rule->reason : &rule->evidence,
                conf_words(r->arena, child, 1));
    }
    return true;
}

static const char *const why_keys[] = { "reason", "evidence", NULL };

static bool read_only_why(struct reader *r, const struct conf_line *line, struct plan_rule *rule) {
    return conf_check_keys(&r->conf, line->children, why_keys, r->err) && read_why(r, line, rule);
}

// ---- lines

static bool same_memory(const struct plan_rule *a, const struct plan_rule *b) {
    return a->request == b->request && a->only == b->only;
}

/// `what` was decided by `before` and is decided again by `again`.
static bool fail_twice(struct reader *r, const char *what, const struct plan_rule *before,
        const struct plan_rule *again) {
    if (same_memory(before, again))
        return fail_line(r->err, r->conf.path, again->line, "%s was said in line %u already", what,
                (unsigned)before->line);
    return fail_line(r->err, r->conf.path, again->line,
            "%s was said in line %u already: '%s' there contradicts '%s' here; remove one of them",
            what, (unsigned)before->line, plan_memory_words(r->arena, r->plan, before),
            plan_memory_words(r->arena, r->plan, again));
}

static bool parse_kind(struct str word, enum plan_kind *out) {
    for (int kind = 0; kind < PLAN_KINDS; kind++) {
        if (str_equal(word, str_from(plan_kind_names[kind]))) {
            *out = (enum plan_kind)kind;
            return true;
        }
    }
    return false;
}

static bool read_default(struct reader *r, const struct conf_line *line) {
    enum plan_kind kind;
    struct plan_rule rule;
    if (line->word_count < 3)
        return fail_at(r, line, "'default' takes 'malloc', 'new' or 'libc', and a memory");
    if (!parse_kind(line->words[1], &kind))
        return fail_line(r->err, r->conf.path, line->number,
                "'default' is for 'malloc', 'new' or 'libc', not '%s'", line->words[1].at);
    if (!read_memory(r, line, 2, true, &rule) || !read_only_why(r, line, &rule))
        return false;
    rule.strength = PLAN_BY_DEFAULT;
    if (r->defaults[kind].line)
        return fail_twice(r, arena_printf(r->arena, "'default %s'", plan_kind_names[kind]),
                &r->defaults[kind], &rule);
    r->defaults[kind] = rule;
    return true;
}

static bool read_stack(struct reader *r, const struct conf_line *line) {
    struct plan *p = r->plan;
    struct plan_rule rule;
    if (line->word_count < 4)
        return fail_at(r, line, "'stack' takes 'default', a size and a memory");
    if (!str_equal(line->words[1], STR("default")))
        return fail_line(r->err, r->conf.path, line->number,
                "only the default stack can be planned so far, not '%s'", line->words[1].at);
    uint64_t bytes;
    if (!conf_number(&r->conf, line, 2, "the size of a stack", &bytes, r->err))
        return false;
    if (bytes == 0 || bytes > UINT32_MAX)
        return fail_line(r->err, r->conf.path, line->number, "a stack of '%s' makes no sense",
                line->words[2].at);
    if (!read_memory(r, line, 3, false, &rule) || !read_only_why(r, line, &rule))
        return false;
    if (p->stack.line)
        return fail_twice(r, "'stack default'", &p->stack, &rule);
    p->stack_bytes = bytes;
    p->stack = rule;
    p->stack.only = true;
    p->stack.strength = PLAN_BY_DEFAULT;
    return true;
}

static bool read_kernel(struct reader *r, const struct conf_line *line) {
    struct plan *p = r->plan;
    struct plan_rule rule;
    if (!read_memory(r, line, 1, false, &rule) || !read_only_why(r, line, &rule))
        return false;
    if (p->kernel.line)
        return fail_twice(r, "'kernel'", &p->kernel, &rule);
    p->kernel = rule;
    p->kernel.only = true;
    p->kernel.strength = PLAN_BY_DEFAULT;
    return true;
}

static bool fail_component(struct reader *r, const struct conf_line *line, struct str name) {
    struct text list = { .arena = r->arena };
    struct suggest near = { .word = name };
    for (uint32_t i = 0; i < r->plan->component_count; i++) {
        text_printf(&list, "%s%.*s", i ? ", " : "", STR_ARG(r->components[i]));
        suggest_offer(&near, arena_copy(r->arena, r->components[i]).at);
    }
    return fail_line(r->err, r->conf.path, line->number,
            "unknown component '%s'%s%s%s; there is: %s", name.at,
            near.best ? ", did you mean '" : "", near.best ? near.best : "", near.best ? "'?" : "",
            list.len ? list.at : "none");
}

/// One line under `component`, for one of its names.
static bool set_rule(struct reader *r, const struct conf_line *line, struct str name) {
    enum plan_kind kind;
    struct plan_rule rule;
    uint32_t component = find_component(r, name);
    if (component == TARGET_NONE)
        return fail_component(r, line->parent, name);
    if (!parse_kind(line->words[0], &kind))
        return true; // a reason
    if (!read_memory(r, line, 1, true, &rule) || !read_why(r, line->parent, &rule) ||
            !read_only_why(r, line, &rule))
        return false;
    rule.strength = PLAN_BY_COMPONENT;
    struct plan_rule *to = rule_of(r->plan, component, kind);
    if (to->strength == PLAN_BY_COMPONENT)
        return fail_twice(r,
                arena_printf(r->arena, "'%s' of component '%s'", plan_kind_names[kind], name.at),
                to, &rule);
    *to = rule;
    return true;
}

static bool has_kind(const struct conf_line *line) {
    enum plan_kind kind;
    for (const struct conf_line *child = line->children; child; child = child->next)
        if (parse_kind(child->words[0], &kind))
            return true;
    return false;
}

static bool read_component(struct reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "malloc", "new", "libc", "reason", "evidence", NULL };
    if (!conf_check_keys(&r->conf, line->children, keys, r->err))
        return false;
    if (line->word_count < 2 || !has_kind(line))
        return fail_at(r, line,
                "'component' takes names, and indented lines 'malloc', 'new' or 'libc' below it");
    for (uint32_t i = 1; i < line->word_count; i++)
        for (const struct conf_line *child = line->children; child; child = child->next)
            if (!set_rule(r, child, line->words[i]))
                return false;
    return true;
}

// ---- named code

/// The indented `libc`, which has no words.
static bool read_libc(struct reader *r, const struct conf_line *line, bool *out) {
    const struct conf_line *libc = conf_find(line->children, "libc");
    *out = libc != NULL;
    if (libc && (libc->word_count > 1 || libc->children || conf_next(libc)))
        return fail_line(r->err, r->conf.path, libc->number,
                "'libc' stands alone here: the rule reaches what libc allocates on its behalf, "
                "too");
    return true;
}

static bool same_words(
        const struct str *a, uint32_t a_count, const struct str *b, uint32_t b_count) {
    if (a_count != b_count)
        return false;
    for (uint32_t i = 0; i < a_count; i++)
        if (!str_equal(a[i], b[i]))
            return false;
    return true;
}

bool plan_selector_same(const struct plan_selector *a, const struct plan_selector *b) {
    return a->rule.strength == b->rule.strength && str_equal(a->name, b->name) &&
           str_equal(a->owner, b->owner) &&
           same_words(
                   a->site.through, a->site.through_count, b->site.through, b->site.through_count);
}

/// Takes in the rule for named code that `line` says: `s` has the names, the memory is word `index`.
static bool add_selector(struct reader *r, const struct conf_line *line, uint32_t index,
        enum plan_strength strength, struct plan_selector *s) {
    if (s->name.len == 0)
        return fail_line(
                r->err, r->conf.path, line->number, "'%s' takes a name", line->words[0].at);
    if (!read_memory(r, line, index, true, &s->rule) || !read_why(r, line, &s->rule) ||
            !read_libc(r, line, &s->libc))
        return false;
    s->rule.strength = (uint8_t)strength;
    for (size_t i = 0; i < r->plan->selectors.len; i++)
        if (plan_selector_same(&r->plan->selectors.at[i], s))
            return fail_twice(r,
                    arena_printf(r->arena, "'%s %s'", line->words[0].at, line->words[1].at),
                    &r->plan->selectors.at[i].rule, &s->rule);
    *vec_push(r->arena, &r->plan->selectors) = *s;
    return true;
}

static struct plan_selector named(const struct conf_line *line) {
    return (struct plan_selector){ .name = line->word_count > 1 ? line->words[1] : STR(""),
        .owner = STR("") };
}

static bool check_code_keys(struct reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "reason", "evidence", "libc", NULL };
    return conf_check_keys(&r->conf, line->children, keys, r->err);
}

static bool read_container(struct reader *r, const struct conf_line *line) {
    struct plan_selector s = named(line);
    uint32_t memory = 2;
    if (line->word_count > 2 && str_equal(line->words[2], STR("in"))) {
        if (line->word_count < 4)
            return fail_at(r, line, "'in' takes a class, and then comes a memory");
        s.owner = line->words[3];
        memory = 4;
    }
    return check_code_keys(r, line) && add_selector(r, line, memory, PLAN_BY_CONTAINER, &s);
}

static bool read_class(struct reader *r, const struct conf_line *line) {
    struct plan_selector s = named(line);
    return check_code_keys(r, line) && add_selector(r, line, 2, PLAN_BY_CLASS, &s);
}

static bool read_function(struct reader *r, const struct conf_line *line) {
    struct plan_selector s = named(line);
    return check_code_keys(r, line) && add_selector(r, line, 2, PLAN_BY_FUNCTION, &s);
}

static bool is_site_id(struct str s) {
    for (size_t i = 0; i < s.len; i++)
        if (!((s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] >= 'a' && s.at[i] <= 'f')))
            return false;
    return s.len == 12;
}

static bool read_site(struct reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "reason", "evidence", "libc", "component", "function",
        "inside", "file", "call", "asks", "stack", "through", NULL };
    struct plan_selector s = named(line);
    if (!is_site_id(s.name))
        return fail_line(r->err, r->conf.path, line->number,
                "'site' takes the twelve digits that a report shows, not '%s'", s.name.at);
    return conf_check_keys(&r->conf, line->children, keys, r->err) &&
           plan_site_read(r->arena, &r->conf, line, &s.site, r->err) &&
           add_selector(r, line, 2, PLAN_BY_SITE, &s);
}

static bool read_static(struct reader *r, const struct conf_line *line) {
    return plan_static_read(r->arena, &r->conf, line, r->plan->target, &r->plan->statics, r->err);
}

// ---- all

/// Reads every line named `key` by `read`.
static bool read_all(struct reader *r, const char *key,
        bool (*read)(struct reader *, const struct conf_line *)) {
    for (struct conf_line *line = conf_find(r->conf.lines, key); line; line = conf_next(line))
        if (!read(r, line))
            return false;
    return true;
}

static bool read_lines(struct reader *r) {
    static const char *const keys[] = { "default", "component", "container", "class", "function",
        "site", "stack", "kernel", "static", "trace", "target", "goal", "predicted", NULL };
    if (!conf_check_keys(&r->conf, r->conf.lines, keys, r->err) ||
            !plan_header_read(r->arena, &r->conf, &r->plan->header, r->err) ||
            !read_all(r, "default", read_default))
        return false;
    if (!r->defaults[PLAN_NEW].line)
        r->defaults[PLAN_NEW] = r->defaults[PLAN_MALLOC];
    if (!r->defaults[PLAN_LIBC].line)
        r->defaults[PLAN_LIBC] = r->defaults[PLAN_MALLOC];
    spread_defaults(r);
    return read_all(r, "component", read_component) && read_all(r, "container", read_container) &&
           read_all(r, "class", read_class) && read_all(r, "function", read_function) &&
           read_all(r, "site", read_site) && read_all(r, "stack", read_stack) &&
           read_all(r, "kernel", read_kernel) && read_all(r, "static", read_static);
}

static struct str base_name(struct arena *a, const char *path) {
    const char *slash = strrchr(path, '/');
    return arena_copy(a, str_from(slash ? slash + 1 : path));
}

static bool read_conf(struct reader *r, const char *path) {
    r->plan->path = r->conf.path;
    r->plan->name = base_name(r->arena, path);
    return read_lines(r);
}

bool plan_read(struct arena *a, const char *path, const struct target *target,
        const struct str *components, uint32_t component_count, struct plan *out, struct err *err) {
    struct reader r = { .arena = a, .plan = out, .components = components, .err = err };
    *out = (struct plan){ .name = STR("") };
    begin(&r, target, component_count);
    return conf_read(a, path, &r.conf, err) && read_conf(&r, path);
}

bool plan_parse(struct arena *a, const char *path, struct str text, const struct target *target,
        const struct str *components, uint32_t component_count, struct plan *out, struct err *err) {
    struct reader r = { .arena = a, .plan = out, .components = components, .err = err };
    *out = (struct plan){ .name = STR("") };
    begin(&r, target, component_count);
    return conf_parse(a, path, text, &r.conf, err) && read_conf(&r, path);
}

void plan_stock(struct arena *a, const struct target *target, const struct str *components,
        uint32_t component_count, struct plan *out) {
    struct reader r = { .arena = a, .plan = out, .components = components };
    *out = (struct plan){ .name = STR("stock") };
    begin(&r, target, component_count);
    spread_defaults(&r);
}
