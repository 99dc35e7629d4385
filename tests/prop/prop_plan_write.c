/// Rewriting a plan, whatever the file and the draft: every comment, every line of the user's and their order stay; every rule of the draft is
/// in the result, or a line of the user's for the same thing; the result is a plan; twice is as once.
#include "plan_write.h"
#include "target_fixture.h"
#include "text.h"

enum { ROUNDS = 1000, NAMES = 5 };

static uint64_t seed;

static uint32_t random_below(uint32_t n) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

static bool one_in(uint32_t n) {
    return random_below(n) == 0;
}

static const struct str components[NAMES] = { { "c0", 2 }, { "c1", 2 }, { "c2", 2 }, { "c3", 2 },
    { "c4", 2 } };
static const char *const kinds[] = { "malloc", "new", "libc" };
static const char *const memories[] = { "psram", "internal", "policy" };
static const char *const keepers[] = { "", " pin", " auto", " auto" };
static uint32_t comments;

/// What the user wrote and no rewrite may touch, in order: whole lines, and comments.
struct kept {
    struct str lines[512];
    uint32_t count;
};

static void keep(struct fixture *f, struct kept *k, const char *line) {
    if (k->count < sizeof k->lines / sizeof k->lines[0])
        k->lines[k->count++] = arena_copy(&f->arena, str_from(line));
}

/// Ends a line, perhaps with a comment that no other line has. The user's lines are kept whole, of the others the comment.
static void end_line(
        struct fixture *f, struct text *t, struct kept *k, const char *line, bool users) {
    char comment[32] = "";
    if (one_in(3))
        (void)snprintf(comment, sizeof comment, "# note %u.", (unsigned)comments++);
    const char *whole = arena_printf(&f->arena, "%s%s%s", line, comment[0] ? "  " : "", comment);
    text_printf(t, "%s\n", whole);
    if (users || comment[0])
        keep(f, k, users ? whole : comment);
}

static void add_children(
        struct fixture *f, struct text *t, struct kept *k, unsigned indent, bool users) {
    for (uint32_t i = random_below(3); i > 0; i--)
        end_line(f, t, k,
                arena_printf(&f->arena, "%*sreason \"because of %u\"", (int)indent, "",
                        (unsigned)random_below(3)),
                users);
    if (one_in(4)) {
        const char *note =
                arena_printf(&f->arena, "%*s# note %u.", (int)indent, "", (unsigned)comments++);
        text_printf(t, "%s\n", note);
        keep(f, k, note);
    }
}

/// A memory with its marks; the things that a file speaks of are numbered, each at most once.
static const char *random_memory(struct fixture *f, bool *users) {
    uint32_t memory = random_below(3), keeper = random_below(4);
    *users = keeper < 2;
    return arena_printf(&f->arena, "%s%s%s", memories[memory],
            memory < 2 && one_in(3) ? " only" : "", keepers[keeper]);
}

static const char *random_file(struct fixture *f, struct kept *k) {
    static const char *const shapes[] = { "class n%u", "function n%u", "container n%u",
        "container n%u in C", "site 00000000000%u" };
    struct text t = { .arena = &f->arena };
    bool users;
    text_printf(&t, "%s", "");
    if (one_in(2))
        end_line(f, &t, k, "goal of old", false);
    for (uint32_t shape = 0; shape < 5; shape++) {
        for (uint32_t n = 0; n < NAMES; n++) {
            if (one_in(2))
                continue;
            if (one_in(4)) {
                const char *note =
                        one_in(2) ? ""
                                  : arena_printf(&f->arena, "# note %u.", (unsigned)comments++);
                text_printf(&t, "%s\n", note);
                keep(f, k, note);
            }
            const char *what =
                    arena_printf(&f->arena, shapes[shape], (unsigned)n); // NOLINT: a table
            const char *memory = random_memory(f, &users);
            end_line(f, &t, k, arena_printf(&f->arena, "%s %s", what, memory), users);
            add_children(f, &t, k, 4, users);
        }
    }
    for (uint32_t n = 0; n < NAMES; n++) {
        if (one_in(2))
            continue;
        bool pair = n + 1 < NAMES && one_in(3);
        uint32_t present = 1 + random_below(7);
        struct text below = { .arena = &f->arena };
        struct kept inner = { .count = 0 };
        bool any_users = false;
        for (uint32_t kind = 0; kind < 3; kind++) {
            if (!(present >> kind & 1))
                continue;
            const char *memory = random_memory(f, &users);
            any_users |= users;
            end_line(f, &below, &inner, arena_printf(&f->arena, "  %s %s", kinds[kind], memory),
                    users);
            add_children(f, &below, &inner, 4, users);
        }
        end_line(f, &t, k,
                pair ? arena_printf(&f->arena, "component c%u c%u", (unsigned)n, (unsigned)n + 1)
                     : arena_printf(&f->arena, "component c%u", (unsigned)n),
                any_users);
        text_add(&t, text_str(&below));
        for (uint32_t i = 0; i < inner.count; i++)
            keep(f, k, inner.lines[i].at);
        n += pair;
    }
    return t.at;
}

static uint32_t random_draft(struct fixture *f, struct plan_draft_rule *rules) {
    static const enum plan_strength strengths[] = { PLAN_BY_CLASS, PLAN_BY_FUNCTION,
        PLAN_BY_CONTAINER, PLAN_BY_CONTAINER, PLAN_BY_SITE, PLAN_BY_COMPONENT };
    uint32_t count = 0;
    for (uint32_t shape = 0; shape < 6; shape++) {
        for (uint32_t n = 0; n < NAMES; n++) {
            if (one_in(2))
                continue;
            const char *name = shape == 4 ? "00000000000%u" : shape == 5 ? "c%u" : "n%u";
            uint32_t memory = random_below(3);
            rules[count++] = (struct plan_draft_rule){ .strength = strengths[shape],
                .kind = (enum plan_kind)(shape == 5 ? random_below(3) : 0),
                .name = str_from(arena_printf(&f->arena, name, (unsigned)n)), // NOLINT: a table
                .owner = shape == 3 ? STR("C") : STR(""),
                .memory = str_from(memories[memory]),
                .only = memory < 2 && one_in(3),
                .reason = one_in(2) ? STR("new reason") : STR(""),
                .evidence = one_in(3) ? STR("seen\ntwice") : STR("") };
        }
    }
    return count;
}

/// Each of `k` stands in `text`, in order.
static void assert_kept(const struct kept *k, struct str text, const char *before) {
    const char *at = text.at;
    for (uint32_t i = 0; i < k->count; i++) {
        const char *found = strstr(at, k->lines[i].at);
        if (found == NULL)
            fail_msg("lost: '%s'\nbefore:\n%s---\nafter:\n%s", k->lines[i].at, before, text.at);
        at = found + k->lines[i].len;
    }
}

static bool says(
        const struct plan *p, const struct plan_draft_rule *r, const struct plan_rule *rule) {
    struct str memory =
            rule->request == PLAN_POLICY ? STR("policy") : p->target->requests[rule->request].name;
    return rule->keeper != PLAN_AUTO || (str_equal(memory, r->memory) && rule->only == r->only);
}

static const struct plan_rule *find_rule(const struct plan *p, const struct plan_draft_rule *r) {
    if (r->strength == PLAN_BY_COMPONENT)
        return plan_component_rule(p, (uint32_t)(r->name.at[1] - '0'), r->kind);
    for (size_t i = 0; i < p->selectors.len; i++) {
        const struct plan_selector *s = &p->selectors.at[i];
        if (s->rule.strength == r->strength && str_equal(s->name, r->name) &&
                str_equal(s->owner, r->owner))
            return &s->rule;
    }
    return NULL;
}

static void any_rewrite_keeps_what_is_the_users(void **state) {
    struct fixture *f = *state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        seed = round;
        arena_clear(&f->arena);
        fixture_load(f, NULL, NULL, NULL);
        struct kept k = { .count = 0 };
        struct plan_draft_rule rules[6 * NAMES];
        const char *before = random_file(f, &k);
        uint32_t count = random_draft(f, rules);
        struct plan_draft draft = { .rules = rules, .rule_count = count, .goal = STR("of new") };
        draft.trace = draft.identity = draft.target = STR("");
        struct plan_rewritten out, again;
        struct plan plan;
        assert_true(plan_rewrite(&f->arena, "p", str_from(before), &draft, &out, &f->err));
        assert_kept(&k, out.text, before);
        assert_true(plan_rewrite(&f->arena, "p", out.text, &draft, &again, &f->err));
        if (!str_equal(again.text, out.text))
            fail_msg("round %u: not as once:\n%s---\n%s", (unsigned)round, out.text.at,
                    again.text.at);
        if (!plan_parse(&f->arena, "p", out.text, &f->target, components, NAMES, &plan, &f->err))
            fail_msg("round %u, line %u: %s\n%s", (unsigned)round, (unsigned)f->err.line,
                    f->err.text, out.text.at);
        for (uint32_t i = 0; i < count; i++) {
            const struct plan_rule *rule = find_rule(&plan, &rules[i]);
            if (rule == NULL || rule->line == 0 || !says(&plan, &rules[i], rule))
                fail_msg("round %u: '%.*s' is not in\n%s", (unsigned)round, STR_ARG(rules[i].name),
                        out.text.at);
        }
        // What ramlens wrote and does not want any more is gone.
        for (size_t i = 0; i < plan.selectors.len; i++) {
            bool wanted = plan.selectors.at[i].rule.keeper != PLAN_AUTO;
            for (uint32_t j = 0; j < count && !wanted; j++)
                wanted = find_rule(&plan, &rules[j]) == &plan.selectors.at[i].rule;
            assert_true(wanted);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                any_rewrite_keeps_what_is_the_users, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
