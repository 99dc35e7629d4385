/// Reading plans into one rule for each component and kind of call, so that asking is an index.
///
/// Rules are settled from the weakest to the strongest: target's rule, `default` lines, the
/// target's `insists`, `component` lines.
#include "plan.h"

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

static struct plan_rule *rule_of(const struct plan *p, uint32_t component, enum plan_kind kind) {
    uint32_t row = component < p->component_count ? component : p->component_count;
    return &p->rules[row * PLAN_KINDS + kind];
}

/// What the target gives before any line of a plan.
static void begin(struct reader *r, const struct target *target, uint32_t component_count) {
    struct plan *p = r->plan;
    p->target = target;
    p->component_count = component_count;
    policy_for(target, &p->policy);
    p->places = NEW_ARRAY(r->arena, struct policy_place, target->request_count);
    for (uint32_t i = 0; i < target->request_count; i++) {
        p->places[i] = policy_place_of(target, target->requests[i].asks);
    }
    p->rules = NEW_ARRAY(r->arena, struct plan_rule, (size_t)(component_count + 1u) * PLAN_KINDS);
    p->stack_bytes = target->stack_bytes;
    p->stack = (struct plan_rule){ .request = target->stack_request };
    p->kernel = (struct plan_rule){ .request = target->system_request };
    for (uint32_t kind = 0; kind < PLAN_KINDS; kind++) {
        r->defaults[kind] = (struct plan_rule){ .request = PLAN_POLICY };
    }
}

static uint32_t find_component(const struct reader *r, struct str name) {
    for (uint32_t i = 0; i < r->plan->component_count; i++) {
        if (str_equal(r->components[i], name)) {
            return i;
        }
    }
    return TARGET_NONE;
}

/// Gives every component its defaults, then what its port insists on.
static void spread_defaults(struct reader *r) {
    struct plan *p = r->plan;
    for (uint32_t component = 0; component <= p->component_count; component++) {
        for (uint32_t kind = 0; kind < PLAN_KINDS; kind++) {
            *rule_of(p, component, (enum plan_kind)kind) = r->defaults[kind];
        }
    }
    for (uint32_t i = 0; i < p->target->insistence_count; i++) {
        const struct target_insistence *insistence = &p->target->insistences[i];
        uint32_t component = find_component(r, insistence->component);
        if (component != TARGET_NONE) {
            *rule_of(p, component, PLAN_MALLOC) =
                    (struct plan_rule){ .request = insistence->request, .insists = true };
        }
    }
}

/// `policy` and the target's requests, as a list for messages.
static const char *list_memories(struct reader *r, bool with_policy) {
    const struct target *t = r->plan->target;
    struct text list = { .arena = r->arena };
    for (uint32_t i = 0; i < t->request_count; i++) {
        text_printf(&list, "%s%s", i ? ", " : "", t->requests[i].name.at);
    }
    if (with_policy) {
        text_printf(&list, ", policy");
    }
    return list.at;
}

/// Word `index` as a memory, into a rule of this line.
static bool read_memory(struct reader *r, const struct conf_line *line, uint32_t index,
        bool policy_too, struct plan_rule *out) {
    struct str word;
    if (!conf_word(&r->conf, line, index, "a memory", &word, r->err)) {
        return false;
    }
    *out = (struct plan_rule){ .line = line->number, .request = PLAN_POLICY };
    if (policy_too && str_equal(word, STR("policy"))) {
        return true;
    }
    out->request = target_find_request(r->plan->target, word);
    if (out->request == TARGET_NONE) {
        return fail_line(r->err, r->conf.path, line->number,
                "unknown memory '%s' on target '%s'; there is: %s", word.at,
                r->plan->target->name.at, list_memories(r, policy_too));
    }
    if (r->plan->places[out->request].count == 0) {
        return fail_line(r->err, r->conf.path, line->number,
                "no heap of target '%s' can serve '%s'", r->plan->target->name.at, word.at);
    }
    return true;
}

static bool check_length(
        struct reader *r, const struct conf_line *line, uint32_t words, const char *takes) {
    if (line->word_count != words) {
        return fail_line(
                r->err, r->conf.path, line->number, "'%s' takes %s", line->words[0].at, takes);
    }
    return true;
}

static bool check_alone(struct reader *r, const struct conf_line *line) {
    static const char *const none[] = { NULL };
    return conf_check_keys(&r->conf, line->children, none, r->err);
}

static bool fail_twice(struct reader *r, const struct conf_line *line, uint32_t before) {
    return fail_line(r->err, r->conf.path, line->number, "'%s' was said in line %u already",
            line->words[0].at, (unsigned)before);
}

static bool parse_kind(struct str word, enum plan_kind *out) {
    bool is_new = str_equal(word, STR("new"));
    *out = is_new ? PLAN_NEW : PLAN_MALLOC;
    return is_new || str_equal(word, STR("malloc"));
}

static bool read_default(struct reader *r, const struct conf_line *line) {
    enum plan_kind kind;
    if (!check_length(r, line, 3, "'malloc' or 'new', and a memory") || !check_alone(r, line)) {
        return false;
    }
    if (!parse_kind(line->words[1], &kind)) {
        return fail_line(r->err, r->conf.path, line->number,
                "'default' is for 'malloc' or 'new', not '%s'", line->words[1].at);
    }
    if (r->defaults[kind].line) {
        return fail_twice(r, line, r->defaults[kind].line);
    }
    return read_memory(r, line, 2, true, &r->defaults[kind]);
}

static bool read_stack(struct reader *r, const struct conf_line *line) {
    struct plan *p = r->plan;
    if (!check_length(r, line, 4, "'default', a size and a memory") || !check_alone(r, line)) {
        return false;
    }
    if (!str_equal(line->words[1], STR("default"))) {
        return fail_line(r->err, r->conf.path, line->number,
                "only the default stack can be planned so far, not '%s'", line->words[1].at);
    }
    if (p->stack.line) {
        return fail_twice(r, line, p->stack.line);
    }
    if (!conf_number(&r->conf, line, 2, "the size of a stack", &p->stack_bytes, r->err)) {
        return false;
    }
    if (p->stack_bytes == 0 || p->stack_bytes > UINT32_MAX) {
        return fail_line(r->err, r->conf.path, line->number, "a stack of '%s' makes no sense",
                line->words[2].at);
    }
    return read_memory(r, line, 3, false, &p->stack);
}

static bool read_kernel(struct reader *r, const struct conf_line *line) {
    if (!check_length(r, line, 2, "a memory") || !check_alone(r, line)) {
        return false;
    }
    if (r->plan->kernel.line) {
        return fail_twice(r, line, r->plan->kernel.line);
    }
    return read_memory(r, line, 1, false, &r->plan->kernel);
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
    if (component == TARGET_NONE) {
        return fail_component(r, line->parent, name);
    }
    if (!check_length(r, line, 2, "a memory") || !check_alone(r, line) ||
            !parse_kind(line->words[0], &kind) || !read_memory(r, line, 1, true, &rule)) {
        return false;
    }
    struct plan_rule *to = rule_of(r->plan, component, kind);
    if (to->line && to->line != r->defaults[kind].line) {
        return fail_line(r->err, r->conf.path, line->number,
                "'%s' of component '%s' was said in line %u already", line->words[0].at, name.at,
                (unsigned)to->line);
    }
    *to = rule;
    return true;
}

static bool read_component(struct reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "malloc", "new", NULL };
    if (line->word_count < 2 || !line->children) {
        return fail_line(r->err, r->conf.path, line->number,
                "'component' takes names, and indented lines 'malloc' or 'new' below it");
    }
    if (!conf_check_keys(&r->conf, line->children, keys, r->err)) {
        return false;
    }
    for (uint32_t i = 1; i < line->word_count; i++) {
        for (const struct conf_line *child = line->children; child; child = child->next) {
            if (!set_rule(r, child, line->words[i])) {
                return false;
            }
        }
    }
    return true;
}

/// Reads every line named `key` by `read`.
static bool read_all(struct reader *r, const char *key,
        bool (*read)(struct reader *, const struct conf_line *)) {
    for (struct conf_line *line = conf_find(r->conf.lines, key); line; line = conf_next(line)) {
        if (!read(r, line)) {
            return false;
        }
    }
    return true;
}

static bool read_lines(struct reader *r) {
    static const char *const keys[] = { "default", "component", "stack", "kernel", NULL };
    if (!conf_check_keys(&r->conf, r->conf.lines, keys, r->err) ||
            !read_all(r, "default", read_default)) {
        return false;
    }
    if (!r->defaults[PLAN_NEW].line) {
        r->defaults[PLAN_NEW] = r->defaults[PLAN_MALLOC];
    }
    r->defaults[PLAN_LIBC] = r->defaults[PLAN_MALLOC];
    spread_defaults(r);
    return read_all(r, "component", read_component) && read_all(r, "stack", read_stack) &&
           read_all(r, "kernel", read_kernel);
}

static struct str base_name(struct arena *a, const char *path) {
    const char *slash = strrchr(path, '/');
    return arena_copy(a, str_from(slash ? slash + 1 : path));
}

bool plan_read(struct arena *a, const char *path, const struct target *target,
        const struct str *components, uint32_t component_count, struct plan *out, struct err *err) {
    struct reader r = { .arena = a, .plan = out, .components = components, .err = err };
    *out = (struct plan){ 0 };
    begin(&r, target, component_count);
    if (!conf_read(a, path, &r.conf, err)) {
        return false;
    }
    out->path = r.conf.path;
    out->name = base_name(a, path);
    return read_lines(&r);
}

void plan_stock(struct arena *a, const struct target *target, const struct str *components,
        uint32_t component_count, struct plan *out) {
    struct reader r = { .arena = a, .plan = out, .components = components };
    *out = (struct plan){ .name = STR("stock") };
    begin(&r, target, component_count);
    spread_defaults(&r);
}

static const struct policy_place *place_of(
        const struct plan *p, const struct plan_rule *rule, uint64_t size) {
    return rule->request == PLAN_POLICY ? policy_malloc(&p->policy, size)
                                        : &p->places[rule->request];
}

const struct policy_place *plan_place(
        const struct plan *p, uint32_t component, enum plan_kind kind, uint64_t size) {
    return place_of(p, rule_of(p, component, kind), size);
}

const struct policy_place *plan_stack_place(const struct plan *p) {
    return &p->places[p->stack.request];
}

const struct policy_place *plan_kernel_place(const struct plan *p) {
    return &p->places[p->kernel.request];
}

const char *plan_reason(
        struct arena *a, const struct plan *p, uint32_t component, enum plan_kind kind) {
    const struct plan_rule *rule = rule_of(p, component, kind);
    if (rule->line) {
        return arena_printf(a, "%s:%u", p->name.at, (unsigned)rule->line);
    }
    return arena_printf(a, rule->insists ? "%s insists" : "%s's rule", p->target->name.at);
}

const struct plan_rule *plan_unowned_rule(const struct plan *p) {
    return rule_of(p, p->component_count, PLAN_LIBC);
}

const struct plan_rule *plan_rule_for(
        struct plan *p, struct owners *o, uint32_t stack, enum plan_kind kind) {
    return rule_of(p, owners_get(o, stack).component, kind);
}

void plan_asks(const struct plan *p, const struct plan_rule *rule, struct ramlens_asks *out) {
    *out = (struct ramlens_asks){ .count = 0 };
    if (rule->request == PLAN_POLICY)
        return;
    bool strict = rule->insists || rule == &p->kernel;
    out->count = strict ? 1 : 2; // a try of 0 is the rule of malloc
    out->tries[0] = p->target->requests[rule->request].asks;
}
