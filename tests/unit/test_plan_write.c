/// Rewriting plans: what ramlens wrote changes, what people wrote stays.
#include "plan_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;

static int end(void **state) {
    (void)state;
    arena_clear(&arena);
    return 0;
}

static struct plan_draft_rule draft_rule(
        enum plan_strength strength, const char *name, const char *memory) {
    return (struct plan_draft_rule){ .strength = strength,
        .name = str_from(name),
        .owner = STR(""),
        .memory = str_from(memory),
        .reason = STR(""),
        .evidence = STR("") };
}

static struct plan_draft draft_of(const struct plan_draft_rule *rules, uint32_t count) {
    return (struct plan_draft){ .trace = STR(""),
        .identity = STR(""),
        .target = STR(""),
        .goal = STR(""),
        .rules = rules,
        .rule_count = count };
}

static struct plan_rewritten rewrite(const char *text, const struct plan_draft *draft) {
    struct plan_rewritten out, again;
    struct err err = { .text = "" };
    if (!plan_rewrite(&arena, "plan", str_from(text), draft, &out, &err))
        fail_msg("line %u: %s", (unsigned)err.line, err.text);
    // Twice is as once.
    assert_true(plan_rewrite(&arena, "plan", out.text, draft, &again, &err));
    if (!str_equal(again.text, out.text))
        fail_msg("another text the second time:\n%.*s---\n%.*s", STR_ARG(out.text),
                STR_ARG(again.text));
    assert_int_equal(again.added + again.changed + again.removed, 0);
    return out;
}

static void assert_text(const struct plan_rewritten *r, const char *expected) {
    if (!str_equal(r->text, str_from(expected)))
        fail_msg("got:\n%.*s", STR_ARG(r->text));
}

static void a_new_file_has_all_that_the_draft_says(void **state) {
    (void)state;
    static struct str callers[] = { { "main", 4 }, { "a b", 3 } };
    struct plan_site site = { .component = STR("alpha"),
        .linkage = STR("_Z1fv"),
        .function = STR("f()"),
        .inside = STR(""),
        .file = STR("f.cpp"),
        .source_line = 7,
        .call = 2,
        .asks = STR("std::deque"),
        .asks_rank = 1,
        .asks_count = 3,
        .callers = callers,
        .caller_count = 2,
        .through = callers,
        .through_count = 1 };
    struct plan_draft_rule rules[] = {
        draft_rule(PLAN_BY_DEFAULT, "", "policy"),
        draft_rule(PLAN_BY_COMPONENT, "alpha", "psram"),
        draft_rule(PLAN_BY_COMPONENT, "alpha", "internal"),
        draft_rule(PLAN_BY_CONTAINER, "std::map*", "psram"),
        draft_rule(PLAN_BY_CLASS, "rtc::impl::Track", "psram"),
        draft_rule(PLAN_BY_FUNCTION, "f<int, int>", "psram"),
        draft_rule(PLAN_BY_SITE, "0123456789ab", "psram"),
    };
    rules[1].reason = STR("large\nand old");
    rules[1].evidence = STR("12 KB at \"connected\"");
    rules[2].kind = PLAN_NEW;
    rules[2].only = true;
    rules[3].owner = STR("rtc::*");
    rules[4].libc = true;
    rules[6].site = &site;
    struct plan_prediction predicted = { .checkpoint = STR("connected"),
        .region = STR("internal"),
        .free_bytes = 1000,
        .largest_bytes = 10 };
    struct str options[] = { STR("cache=256K") };
    struct plan_draft draft = draft_of(rules, 7);
    draft.trace = STR("a b.rlt");
    draft.identity = STR("0123");
    draft.target = STR("esp32p4");
    draft.options = options;
    draft.option_count = 1;
    draft.goal = STR("knee");
    draft.predicted = &predicted;
    draft.predicted_count = 1;
    struct plan_rewritten r = rewrite("", &draft);
    assert_int_equal(r.added, 7);
    assert_text(&r, "trace \"a b.rlt\" 0123\n"
                    "target esp32p4 cache=256K\n"
                    "goal knee\n"
                    "predicted connected internal free 1000 largest 10\n"
                    "default malloc policy auto\n"
                    "component alpha\n"
                    "    malloc psram auto\n"
                    "        reason large\n"
                    "        reason \"and old\"\n"
                    "        evidence \"12 KB at \\\"connected\\\"\"\n"
                    "    new internal only auto\n"
                    "container std::map* in rtc::* psram auto\n"
                    "class rtc::impl::Track psram auto\n"
                    "    libc\n"
                    "function \"f<int, int>\" psram auto\n"
                    "site 0123456789ab psram auto\n"
                    "    component alpha\n"
                    "    function _Z1fv f()\n"
                    "    file f.cpp 7\n"
                    "    call 2\n"
                    "    asks std::deque 1 3\n"
                    "    stack main \"a b\"\n"
                    "    through main\n");
}

static void only_rules_of_ramlens_change(void **state) {
    (void)state;
    static const char before[] = "# Our plan.\n"
                                 "\n"
                                 "goal old # since May\n"
                                 "class a psram auto   # looked at this: fine\n"
                                 "   # about b\n"
                                 "class b psram   # mine\n"
                                 "class c psram auto\n"
                                 "    reason old # why?\n"
                                 "    # a note\n"
                                 "class d internal pin\n"
                                 "component alpha # ours\n"
                                 "    malloc psram auto # hm\n"
                                 "component beta gamma\n"
                                 "    malloc psram auto\n"
                                 "    new internal\n"
                                 "kernel internal # last";
    struct plan_draft_rule rules[] = {
        draft_rule(PLAN_BY_CLASS, "d", "psram"),
        draft_rule(PLAN_BY_CLASS, "e", "psram"),
        draft_rule(PLAN_BY_CLASS, "c", "internal"),
        draft_rule(PLAN_BY_CLASS, "b", "internal"),
        draft_rule(PLAN_BY_COMPONENT, "beta", "psram"),
        draft_rule(PLAN_BY_COMPONENT, "gamma", "psram"),
    };
    rules[2].reason = STR("new");
    struct plan_draft draft = draft_of(rules, 6);
    draft.goal = STR("better");
    struct plan_rewritten r = rewrite(before, &draft);
    assert_text(&r, "# Our plan.\n"
                    "\n"
                    "goal better # since May\n"
                    "# looked at this: fine\n"
                    "   # about b\n"
                    "class b psram   # mine\n"
                    "class c internal auto\n"
                    "    reason new # why?\n"
                    "    # a note\n"
                    "class d internal pin\n"
                    "# ours\n"
                    "    # hm\n"
                    "component beta gamma\n"
                    "    malloc psram auto\n"
                    "    new internal\n"
                    "kernel internal # last\n"
                    "class e psram auto\n");
    assert_int_equal(r.overruled, 2);
    assert_int_equal(r.added, 1);
    assert_int_equal(r.changed, 1);
    assert_int_equal(r.same, 1);
    assert_int_equal(r.removed, 2);
}

static void names_that_share_a_line_part_when_the_draft_parts_them(void **state) {
    (void)state;
    struct plan_draft_rule rules[] = {
        draft_rule(PLAN_BY_COMPONENT, "beta", "psram"),
        draft_rule(PLAN_BY_COMPONENT, "gamma", "internal"),
    };
    struct plan_draft draft = draft_of(rules, 2);
    struct plan_rewritten r =
            rewrite("component beta gamma\n    malloc psram auto\n    reason x\n", &draft);
    assert_text(&r,
            "component beta\n    malloc psram auto\ncomponent gamma\n    malloc internal auto\n");
}

static void sites_are_told_apart_by_what_narrows_them(void **state) {
    (void)state;
    static struct str through[] = { { "f", 1 } };
    struct plan_site narrowed = { .through = through, .through_count = 1 };
    struct plan_draft_rule rules[] = {
        draft_rule(PLAN_BY_SITE, "0123456789ab", "psram"),
        draft_rule(PLAN_BY_SITE, "0123456789ab", "internal"),
    };
    rules[1].site = &narrowed;
    struct plan_draft draft = draft_of(rules, 2);
    struct plan_rewritten r = rewrite("site 0123456789ab internal auto\n    through f\n"
                                      "site 0123456789ab psram pin\n",
            &draft);
    assert_int_equal(r.same, 1);
    assert_int_equal(r.overruled, 1);
    assert_int_equal(r.added, 0);
}

static void a_file_with_a_mark_or_other_line_ends_keeps_them(void **state) {
    (void)state;
    struct plan_draft_rule rules[] = { draft_rule(PLAN_BY_CLASS, "a", "psram") };
    struct plan_draft draft = draft_of(rules, 1);
    draft.goal = STR("g");
    struct plan_rewritten r = rewrite("\xEF\xBB\xBF# c\r\nkernel internal\r\n", &draft);
    assert_text(&r, "\xEF\xBB\xBF# c\r\ngoal g\r\nkernel internal\r\nclass a psram auto\r\n");
    r = rewrite("\xEF\xBB\xBFkernel internal\r\n", &draft);
    assert_text(&r, "\xEF\xBB\xBFkernel internal\r\ngoal g\r\nclass a psram auto\r\n");
}

static void what_is_no_plan_is_refused(void **state) {
    (void)state;
    struct plan_draft draft = draft_of(NULL, 0);
    struct plan_rewritten r;
    struct err err = { .text = "" };
    assert_false(plan_rewrite(&arena, "plan", STR("a\n  \"b\n"), &draft, &r, &err));
    assert_int_equal(err.line, 2);
    // What it does not understand it leaves alone.
    r = rewrite("component alpha\nclass\nsomething else\n", &draft);
    assert_text(&r, "component alpha\nclass\nsomething else\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, end)
        TEST(a_new_file_has_all_that_the_draft_says),
        TEST(only_rules_of_ramlens_change),
        TEST(names_that_share_a_line_part_when_the_draft_parts_them),
        TEST(sites_are_told_apart_by_what_narrows_them),
        TEST(a_file_with_a_mark_or_other_line_ends_keeps_them),
        TEST(what_is_no_plan_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
