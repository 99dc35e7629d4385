/// Which rule of a plan decides for a stack: strengths, kinds, what is asked of the heaps.
#include "model_fixture.h"
#include "target_fixture.h"

#include "plan.h"

static struct model m;

static int begin(void **state) {
    model_begin(&m);
    return fixture_setup(state);
}

static int end(void **state) {
    model_end(&m);
    return fixture_teardown(state);
}

static struct plan read_rules(struct fixture *f, const char *text) {
    struct plan plan;
    fixture_load(f, NULL, NULL, NULL);
    if (!plan_parse(&f->arena, "dir/rules", str_from(text), &f->target, m.map.names, m.map.count,
                &plan, &f->err))
        fail_msg("line %u: %s", (unsigned)f->err.line, f->err.text);
    return plan;
}

static const char *id_of(uint32_t stack) {
    uint32_t site = owners_get(&m.owners, stack).site; // first: the list may move
    return m.owners.sites[site].id.at;
}

/// Who decides, as plan_reason() says it.
static void assert_decides(struct fixture *f, struct plan *p, uint32_t stack, enum plan_kind kind,
        const char *reason) {
    const struct plan_rule *rule = plan_rule_for(p, &m.owners, stack, kind);
    assert_string_equal(plan_reason(&f->arena, p, rule), reason);
}

static void a_site_is_stronger_than_its_component(void **state) {
    struct fixture *f = *state;
    const char *text = arena_printf(&f->arena,
            "site %s internal only\n"
            "    reason \"stays\"\n"
            "    reason \"since it must\"\n"
            "    evidence \"seen\"\n"
            "component alpha beta\n"
            "    malloc psram\n"
            "    reason \"large\"\n",
            id_of(BY_ALPHA));
    struct plan p = read_rules(f, text);
    assert_true(plan_names_code(&p));
    assert_decides(f, &p, BY_ALPHA, PLAN_MALLOC, "rules:1");
    assert_decides(f, &p, BY_ALPHA, PLAN_NEW, "rules:1");
    assert_decides(f, &p, BY_ALPHA_CALLER, PLAN_MALLOC, "rules:1"); // the same site
    assert_decides(f, &p, BY_ALPHA_ELSE, PLAN_MALLOC, "rules:6");
    assert_decides(f, &p, BY_ALPHA_ELSE, PLAN_NEW, "esp32p4's rule");
    assert_decides(f, &p, BY_BETA, PLAN_MALLOC, "rules:6");
    assert_decides(f, &p, BY_NOBODY, PLAN_MALLOC, "esp32p4's rule");
    assert_decides(f, &p, 12345, PLAN_MALLOC, "esp32p4's rule");
    const struct plan_rule *rule = plan_rule_for(&p, &m.owners, BY_ALPHA, PLAN_MALLOC);
    assert_int_equal(rule->strength, PLAN_BY_SITE);
    assert_true(rule->only);
    assert_true(str_equal(rule->reason, STR("stays\nsince it must")));
    assert_true(str_equal(rule->evidence, STR("seen")));
    assert_string_equal(plan_memory_words(&f->arena, &p, rule), "internal only");
    rule = plan_rule_for(&p, &m.owners, BY_BETA, PLAN_MALLOC);
    assert_true(str_equal(rule->reason, STR("large")));
}

static void what_libc_allocates_is_reached_by_its_own_line_only(void **state) {
    struct fixture *f = *state;
    const char *text = arena_printf(&f->arena,
            "default malloc psram\n"
            "component alpha\n"
            "    malloc internal\n"
            "site %s internal\n",
            id_of(BY_LIBC_ALPHA));
    struct plan p = read_rules(f, text);
    assert_decides(f, &p, BY_LIBC_ALPHA, PLAN_LIBC, "rules:1");
    text = arena_printf(&f->arena, "%s    libc\n", text);
    p = read_rules(f, text);
    assert_decides(f, &p, BY_LIBC_ALPHA, PLAN_LIBC, "rules:4");
    p = read_rules(
            f, "default malloc psram\ndefault libc policy\ncomponent alpha\n    libc internal\n");
    assert_decides(f, &p, BY_LIBC_ALPHA, PLAN_LIBC, "rules:4");
    assert_decides(f, &p, BY_LIBC, PLAN_LIBC, "rules:2");
    assert_decides(f, &p, BY_LIBC, PLAN_MALLOC, "rules:1");
}

static void asks_are_the_memory_then_the_rule(void **state) {
    struct fixture *f = *state;
    struct plan p = read_rules(f, "component alpha\n    malloc psram\n    new internal only\n"
                                  "component beta\n    malloc policy\nkernel internal\n"
                                  "stack default 4K psram\n");
    struct ramlens_asks asks;
    uint32_t bits = p.target->requests[target_find_request(p.target, STR("psram"))].asks;
    plan_asks(&p, plan_rule_for(&p, &m.owners, BY_ALPHA, PLAN_MALLOC), &asks);
    assert_int_equal(asks.count, 2);
    assert_int_equal(asks.tries[0], bits);
    assert_int_equal(asks.tries[1], 0);
    plan_asks(&p, &p.stack, &asks);
    assert_int_equal(asks.count, 1);
    assert_int_equal(asks.tries[0], bits);
    bits = p.target->requests[target_find_request(p.target, STR("internal"))].asks;
    plan_asks(&p, plan_rule_for(&p, &m.owners, BY_ALPHA, PLAN_NEW), &asks);
    assert_int_equal(asks.count, 1);
    assert_int_equal(asks.tries[0], bits);
    plan_asks(&p, &p.kernel, &asks);
    assert_int_equal(asks.count, 1);
    plan_asks(&p, plan_rule_for(&p, &m.owners, BY_BETA, PLAN_MALLOC), &asks);
    assert_int_equal(asks.count, 0);
    plan_asks(&p, plan_rule_for(&p, &m.owners, BY_NOBODY, PLAN_NEW), &asks);
    assert_int_equal(asks.count, 0);
    // What a port insists on is strict, so are the target's own stacks and kernel.
    plan_stock(&f->arena, &f->target, m.map.names, m.map.count, &p);
    plan_asks(&p, &p.kernel, &asks);
    assert_int_equal(asks.count, 1);
    plan_asks(&p, &p.stack, &asks);
    assert_int_equal(asks.count, 1);
}

static void places_say_where_it_goes_when_the_memory_is_full(void **state) {
    struct fixture *f = *state;
    struct plan p = read_rules(f, "component alpha\n    malloc psram\n    new psram only\n"
                                  "component beta\n    malloc internal\n");
    uint32_t internal = target_find_region(p.target, STR("internal"));
    uint32_t psram = target_find_region(p.target, STR("psram"));
    const struct policy_place *place = plan_place(&p, m.alpha, PLAN_MALLOC, 100);
    assert_true(place->count > 1);
    assert_int_equal(place->regions[0], psram);
    assert_int_equal(place->regions[1], internal);
    assert_int_equal(plan_place(&p, m.alpha, PLAN_NEW, 100)->count, 1);
    place = plan_place(&p, m.beta, PLAN_MALLOC, 100000);
    assert_int_equal(place->regions[0], internal);
    assert_int_equal(place->regions[place->count - 1], psram);
}

static void keepers_are_read(void **state) {
    struct fixture *f = *state;
    struct plan p = read_rules(f, "class a::B internal pin\nclass a::C psram only auto\n"
                                  "function f policy\ncontainer std::map* in a::* psram auto\n");
    assert_int_equal(p.selectors.len, 4);
    // In the order of strength, then of the file.
    assert_true(str_equal(p.selectors.at[0].name, STR("std::map*")));
    assert_true(str_equal(p.selectors.at[0].owner, STR("a::*")));
    assert_int_equal(p.selectors.at[0].rule.keeper, PLAN_AUTO);
    assert_int_equal(p.selectors.at[1].rule.keeper, PLAN_PINNED);
    assert_int_equal(p.selectors.at[2].rule.keeper, PLAN_AUTO);
    assert_true(p.selectors.at[2].rule.only);
    assert_int_equal(p.selectors.at[3].rule.keeper, PLAN_BY_HAND);
    assert_int_equal(p.selectors.at[3].rule.request, PLAN_POLICY);
}

static void what_describes_a_site_is_read(void **state) {
    struct fixture *f = *state;
    struct plan p = read_rules(f, "site 0123456789ab psram\n"
                                  "    component alpha\n"
                                  "    function _Z1fv f()\n"
                                  "    inside main\n"
                                  "    file f.cpp 12\n"
                                  "    call 3\n"
                                  "    asks std::deque\n"
                                  "    stack g \"h(...)\"\n"
                                  "    through g*\n"
                                  "site 0123456789ab internal\n");
    const struct plan_site *s = &p.selectors.at[0].site;
    assert_true(str_equal(s->component, STR("alpha")) && str_equal(s->linkage, STR("_Z1fv")));
    assert_true(str_equal(s->function, STR("f()")) && str_equal(s->inside, STR("main")));
    assert_true(str_equal(s->file, STR("f.cpp")) && s->source_line == 12 && s->call == 3);
    assert_true(str_equal(s->asks, STR("std::deque")) && s->caller_count == 2);
    assert_true(str_equal(s->callers[1], STR("h(...)")) && s->through_count == 1);
    assert_int_equal(p.selectors.at[1].site.through_count, 0);
}

static const struct owner_frame *frames_named(const char *const *names, size_t count) {
    static struct frame frames[8];
    static struct owner_frame list[8];
    for (size_t i = 0; i < count; i++) {
        frames[i] = (struct frame){ .function = str_from(names[i]) };
        list[i] = (struct owner_frame){ .frame = &frames[i], .outer = &frames[i] };
    }
    return list;
}

static void callers_narrow_in_their_order(void **state) {
    (void)state;
    static const char *const names[] = { "malloc", "owner()", "a(...)", "b()", "c()" };
    const struct owner_frame *frames = frames_named(names, 5);
    static const struct {
        const char *through[3];
        bool narrows;
    } cases[] = {
        { { NULL }, true },
        { { "a" }, true },
        { { "a(...)", "c" }, true },
        { { "c", "a" }, false },
        { { "owner" }, false },
        { { "malloc" }, false },
        { { "?", "?", "?" }, true },
        { { "b", "c", "c" }, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str through[3];
        struct plan_site s = { .through = through };
        for (; s.through_count < 3 && cases[i].through[s.through_count]; s.through_count++)
            through[s.through_count] = str_from(cases[i].through[s.through_count]);
        assert_int_equal(plan_site_narrows(&s, frames, 5, 1), cases[i].narrows);
        assert_int_equal(plan_site_narrows(&s, frames, 5, 5), s.through_count == 0);
    }
}

static const struct {
    const char *text;
    uint32_t line;
    const char *part;
} bad[] = {
    { "class a psram\nclass a internal\n", 2,
            "'class a' was said in line 1 already: 'psram' there contradicts 'internal' here" },
    { "class a psram\nclass a psram\n", 2, "line 1 already" },
    { "function f psram\nclass a psram\nfunction f psram only\n", 3, "line 1 already" },
    { "container std::map in A psram\ncontainer std::map in A internal\n", 2, "line 1 already" },
    { "site 0123456789ab psram\n    through f\nsite 0123456789ab policy\n    through f\n", 3,
            "line 1 already" },
    { "component alpha\n    malloc psram\ncomponent alpha\n    malloc internal\n", 4,
            "line 2 already: 'psram' there contradicts 'internal' here" },
    { "default malloc psram\ndefault malloc internal\n", 2, "line 1 already" },
    { "site xyz psram\n", 1, "twelve digits" },
    { "site 0123456789AB psram\n", 1, "twelve digits" },
    { "site\n", 1, "twelve digits" },
    { "site 0123456789ab\n", 1, "takes a memory; there is: internal, psram, policy" },
    { "class\n", 1, "takes a name" },
    { "class a\n", 1, "takes a memory" },
    { "class \"\" psram\n", 1, "takes a name" },
    { "class a flash\n", 1, "unknown memory 'flash'" },
    { "class a psram pin auto\n", 1, "one of 'pin' and 'auto'" },
    { "class a psram pin only\n", 1, "not 'only'" },
    { "class a policy only\n", 1, "takes no 'only'" },
    { "class a psram\n    libc psram\n", 2, "stands alone" },
    { "class a psram\n    raeson x\n", 2, "did you mean 'reason'?" },
    { "class a psram\n    reason\n", 2, "takes a text" },
    { "container std::map in\n", 1, "takes a class" },
    { "container std::map in psram\n", 1, "takes a memory" },
    { "container std::map in A\n", 1, "takes a memory" },
    { "site 0123456789ab psram\n    call many\n", 2, "no number" },
    { "site 0123456789ab psram\n    call 5000000000\n", 2, "too large" },
    { "site 0123456789ab psram\n    call 1\n    call 2\n", 3, "line 2 already" },
    { "site 0123456789ab psram\n    function a b c\n", 2, "one word or two" },
    { "site 0123456789ab psram\n    through\n", 2, "takes names" },
    { "trace a.rlt\n", 1, "a path and the program's identity" },
    { "trace a.rlt 12 13\n", 1, "a path and the program's identity" },
    { "trace a.rlt 12\ntrace b.rlt 12\n", 2, "line 1 already" },
    { "target\n", 1, "takes a name" },
    { "target esp32p4 cache\n", 1, "written as cache=256K" },
    { "goal\n", 1, "takes words" },
    { "predicted connected internal free 12\n", 1, "largest BYTES" },
    { "predicted connected internal fre 12 largest 1\n", 1, "'free' expected" },
    { "predicted connected internal free x largest 1\n", 1, "no number" },
    { "predicted a b free 1 largest 1\npredicted a b free 2 largest 1\n", 2, "line 1 already" },
};

static void bad_rules_are_refused_by_line(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct plan plan;
        memset(&f->err, 0, sizeof f->err);
        if (plan_parse(&f->arena, "bad", str_from(bad[i].text), &f->target, m.map.names,
                    m.map.count, &plan, &f->err))
            fail_msg("accepted: %s", bad[i].text);
        if (f->err.line != bad[i].line || !strstr(f->err.text, bad[i].part))
            fail_msg("%s: line %u: %s", bad[i].text, (unsigned)f->err.line, f->err.text);
    }
}

static void the_header_is_read(void **state) {
    struct fixture *f = *state;
    struct plan p = read_rules(f, "trace out/app.rlt 0123abcd\ntarget esp32p4 cache=256K idf=v6.0\n"
                                  "goal --free internal=350K@connected\n"
                                  "predicted connected internal free 350K largest 98304\n"
                                  "predicted connected psram free 1M largest 1M\n");
    const struct plan_header *h = &p.header;
    assert_true(str_equal(h->trace, STR("out/app.rlt")) && str_equal(h->identity, STR("0123abcd")));
    assert_true(str_equal(h->target, STR("esp32p4")) && h->option_count == 2);
    assert_true(str_equal(h->options[1], STR("idf=v6.0")));
    assert_true(str_equal(h->goal, STR("--free internal=350K@connected")));
    assert_int_equal(h->predicted.len, 2);
    assert_int_equal(h->predicted.at[0].free_bytes, 350 << 10);
    assert_int_equal(h->predicted.at[0].largest_bytes, 98304);
    p = read_rules(f, "");
    assert_int_equal(
            p.header.trace.len + p.header.target.len + p.header.goal.len + p.header.predicted.len,
            0);
    assert_false(plan_names_code(&p));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(a_site_is_stronger_than_its_component),
        TEST(what_libc_allocates_is_reached_by_its_own_line_only),
        TEST(asks_are_the_memory_then_the_rule),
        TEST(places_say_where_it_goes_when_the_memory_is_full),
        TEST(keepers_are_read),
        TEST(what_describes_a_site_is_read),
        TEST(callers_narrow_in_their_order),
        TEST(bad_rules_are_refused_by_line),
        TEST(the_header_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
