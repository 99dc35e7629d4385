/// Plans: which memory a component's calls go to, who decides, and what is refused.
#include "plan.h"
#include "target_fixture.h"

enum component { LIBDATACHANNEL, LIBJUICE, USRSCTP, LIBSRTP, MBEDTLS, UNKNOWN };

static const struct str components[] = {
    [LIBDATACHANNEL] = { "libdatachannel", 14 },
    [LIBJUICE] = { "libjuice", 8 },
    [USRSCTP] = { "usrsctp", 7 },
    [LIBSRTP] = { "libsrtp", 7 },
    [MBEDTLS] = { "mbedtls", 7 },
    [UNKNOWN] = { "unknown", 7 },
};

enum { COMPONENTS = sizeof(components) / sizeof(components[0]) };

/// What a team tried: malloc macros for three libraries, stacks by a wrapper, the rest as it was.
static const char as_ported[] = "# direct malloc of three libraries\n"
                                "default malloc policy\n"
                                "default new policy\n"
                                "component libdatachannel libjuice usrsctp\n"
                                "    malloc psram\n"
                                "component mbedtls\n"
                                "    malloc internal  # its port insists\n"
                                "stack default 32KB psram\n"
                                "kernel internal\n";

static bool try_plan(struct fixture *f, const char *text, struct plan *plan) {
    memset(&f->err, 0, sizeof(f->err));
    return plan_read(&f->arena, fixture_write(f, "as-ported", text), &f->target, components,
            COMPONENTS, plan, &f->err);
}

static struct plan read_plan(struct fixture *f, const char *text) {
    struct plan plan;
    fixture_load(f, NULL, NULL, NULL);
    if (!try_plan(f, text, &plan)) {
        fail_msg("line %u: %s", (unsigned)f->err.line, f->err.text);
    }
    return plan;
}

static void assert_first(const struct plan *p, uint32_t component, enum plan_kind kind,
        uint64_t size, const char *region) {
    const struct policy_place *place = plan_place(p, component, kind, size);
    assert_true(place->count > 0);
    assert_string_equal(p->target->regions[place->regions[0]].name.at, region);
}

static void a_malloc_line_moves_direct_calls_of_every_size(void **state) {
    struct plan plan = read_plan(*state, as_ported);
    assert_string_equal(plan.name.at, "as-ported");
    assert_first(&plan, LIBJUICE, PLAN_MALLOC, 1, "psram");
    assert_first(&plan, USRSCTP, PLAN_MALLOC, 20000, "psram");
    assert_first(&plan, MBEDTLS, PLAN_MALLOC, 100, "internal");
    assert_first(&plan, MBEDTLS, PLAN_MALLOC, 17000, "internal");
    // When PSRAM is full, malloc's rule decides.
    assert_true(plan_place(&plan, LIBJUICE, PLAN_MALLOC, 1)->count > 1);
}

static void a_malloc_line_reaches_neither_new_nor_libc(void **state) {
    struct plan plan = read_plan(*state, as_ported);
    assert_first(&plan, LIBDATACHANNEL, PLAN_NEW, 100, "internal");
    assert_first(&plan, LIBDATACHANNEL, PLAN_NEW, 16384, "internal");
    assert_first(&plan, LIBDATACHANNEL, PLAN_NEW, 16385, "psram");
    assert_first(&plan, LIBDATACHANNEL, PLAN_LIBC, 100, "internal");
    assert_first(&plan, MBEDTLS, PLAN_LIBC, 17000, "psram");
}

static void other_components_and_nobody_follow_the_rule(void **state) {
    struct plan plan = read_plan(*state, as_ported);
    static const uint32_t others[] = { LIBSRTP, UNKNOWN, COMPONENTS, 12345, TARGET_NONE };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        for (uint32_t kind = 0; kind < PLAN_KINDS; kind++) {
            assert_first(&plan, others[i], (enum plan_kind)kind, 16384, "internal");
            assert_first(&plan, others[i], (enum plan_kind)kind, 16385, "psram");
        }
    }
}

static void default_malloc_decides_for_new_and_libc_too(void **state) {
    struct plan plan = read_plan(*state, "default malloc psram\n");
    assert_first(&plan, LIBSRTP, PLAN_MALLOC, 1, "psram");
    assert_first(&plan, LIBSRTP, PLAN_NEW, 1, "psram");
    assert_first(&plan, LIBSRTP, PLAN_LIBC, 1, "psram");
    plan = read_plan(*state, "default new psram\ncomponent libsrtp\n    new internal\n");
    assert_first(&plan, LIBJUICE, PLAN_NEW, 1, "psram");
    assert_first(&plan, LIBJUICE, PLAN_MALLOC, 1, "internal");
    assert_first(&plan, LIBSRTP, PLAN_NEW, 20000, "internal");
}

static void a_component_line_can_return_to_the_rule(void **state) {
    struct plan plan = read_plan(
            *state, "default malloc psram\ncomponent libsrtp mbedtls\n    malloc policy\n");
    assert_first(&plan, LIBSRTP, PLAN_MALLOC, 16384, "internal");
    assert_first(&plan, LIBSRTP, PLAN_MALLOC, 16385, "psram");
    assert_first(&plan, MBEDTLS, PLAN_MALLOC, 17000, "psram");
}

static void a_port_that_insists_does_so_under_every_plan(void **state) {
    struct plan plan = read_plan(*state, "default malloc psram\n");
    assert_first(&plan, MBEDTLS, PLAN_MALLOC, 17000, "internal");
    assert_first(&plan, MBEDTLS, PLAN_NEW, 17000, "psram");
    struct fixture *f = *state;
    plan_stock(&f->arena, &f->target, components, COMPONENTS, &plan);
    assert_first(&plan, MBEDTLS, PLAN_MALLOC, 17000, "internal");
}

static void stock_is_the_rule_and_the_targets_stack(void **state) {
    struct fixture *f = *state;
    struct plan stock;
    fixture_load(f, NULL, NULL, NULL);
    plan_stock(&f->arena, &f->target, components, COMPONENTS, &stock);
    assert_string_equal(stock.name.at, "stock");
    assert_first(&stock, LIBJUICE, PLAN_MALLOC, 16384, "internal");
    assert_first(&stock, LIBJUICE, PLAN_MALLOC, 16385, "psram");
    assert_int_equal(stock.stack_bytes, 3072);
    assert_string_equal(
            f->target.regions[plan_stack_place(&stock)->regions[0]].name.at, "internal");
    assert_string_equal(
            f->target.regions[plan_kernel_place(&stock)->regions[0]].name.at, "internal");
    // An empty file is the same plan.
    struct plan empty = read_plan(f, "# nothing\n");
    for (uint32_t component = 0; component <= COMPONENTS; component++) {
        for (uint32_t kind = 0; kind < PLAN_KINDS; kind++) {
            for (uint64_t size = 16383; size < 16387; size++) {
                assert_memory_equal(plan_place(&empty, component, (enum plan_kind)kind, size),
                        plan_place(&stock, component, (enum plan_kind)kind, size),
                        sizeof(struct policy_place));
            }
        }
    }
}

static void stacks_and_kernel_blocks_have_lines_of_their_own(void **state) {
    struct plan plan = read_plan(*state, as_ported);
    assert_int_equal(plan.stack_bytes, 32768);
    assert_string_equal(plan.target->regions[plan_stack_place(&plan)->regions[0]].name.at, "psram");
    assert_string_equal(
            plan.target->regions[plan_kernel_place(&plan)->regions[0]].name.at, "internal");
}

static const char *reason(
        struct fixture *f, const struct plan *p, uint32_t component, enum plan_kind kind) {
    return plan_reason(&f->arena, p, plan_component_rule(p, component, kind));
}

static void reasons_name_the_line_that_decided(void **state) {
    struct fixture *f = *state;
    struct plan plan = read_plan(f, as_ported);
    assert_string_equal(reason(f, &plan, USRSCTP, PLAN_MALLOC), "as-ported:5");
    assert_string_equal(reason(f, &plan, USRSCTP, PLAN_NEW), "as-ported:3");
    assert_string_equal(reason(f, &plan, USRSCTP, PLAN_LIBC), "as-ported:2");
    plan_stock(&f->arena, &f->target, components, COMPONENTS, &plan);
    assert_string_equal(reason(f, &plan, USRSCTP, PLAN_MALLOC), "esp32p4's rule");
    assert_string_equal(reason(f, &plan, MBEDTLS, PLAN_MALLOC), "esp32p4 insists");
}

static void the_subjects_plan_is_this_one(void **state) {
    struct fixture *f = *state;
    struct plan plan;
    static const struct str names[] = { { "libdatachannel", 14 }, { "libjuice", 8 },
        { "usrsctp", 7 }, { "libsrtp", 7 }, { "plog", 4 }, { "mbedtls", 7 }, { "libstdc++", 9 } };
    fixture_load(f, NULL, NULL, NULL);
    if (!plan_read(&f->arena, "subjects/webrtc/as-ported", &f->target, names, 7, &plan, &f->err)) {
        fail_msg("line %u: %s", (unsigned)f->err.line, f->err.text);
    }
    static const char *const direct[] = { "psram", "psram", "psram", "internal", "psram",
        "internal", "internal" };
    for (uint32_t i = 0; i < 7; i++) {
        assert_first(&plan, i, PLAN_MALLOC, 100, direct[i]);
        assert_first(&plan, i, PLAN_NEW, 100, "internal");
        assert_first(&plan, i, PLAN_LIBC, 100, "internal");
    }
    assert_int_equal(plan.stack_bytes, 32768);
}

static const struct {
    const char *text;
    uint32_t line;
    const char *part;
} bad_plans[] = {
    { "component libjuce\n    malloc psram\n", 1, "did you mean 'libjuice'?" },
    { "component openssl\n    malloc psram\n", 1, "there is: libdatachannel, libjuice, usrsctp" },
    { "component libjuice\n", 1, "indented lines" },
    { "component\n    malloc psram\n", 1, "takes names" },
    { "component libjuice\n    mallok psram\n", 2, "did you mean 'malloc'?" },
    { "component libjuice\n    malloc\n", 2, "takes a memory" },
    { "component libjuice\n    malloc psram internal\n", 2, "takes a memory, behind it" },
    { "component libjuice\n    malloc flash\n", 2, "there is: internal, psram, policy" },
    { "component libjuice\n    malloc psram\n    malloc internal\n", 3, "line 2 already" },
    { "component libjuice\n    malloc psram\ncomponent usrsctp libjuice\n    malloc psram\n", 4,
            "line 2 already" },
    { "component libjuice\n    malloc psram\n        new psram\n", 3, "unknown word 'new'" },
    { "default free psram\n", 1, "'malloc', 'new' or 'libc'" },
    { "default malloc\n", 1, "takes" },
    { "default malloc psram\ndefault malloc policy\n", 2, "line 1 already" },
    { "default malloc sram\n", 1, "unknown memory 'sram'" },
    { "stack default 32KB policy\n", 1, "there is: internal, psram" },
    { "stack default big psram\n", 1, "no number" },
    { "stack default 0 psram\n", 1, "makes no sense" },
    { "stack worker 32KB psram\n", 1, "only the default stack" },
    { "stack default 1KB psram\nstack default 2KB psram\n", 2, "line 1 already" },
    { "kernel policy\n", 1, "there is: internal, psram" },
    { "kernel internal\nkernel internal\n", 2, "line 1 already" },
    { "kernels internal\n", 1, "did you mean 'kernel'?" },
};

static void bad_plans_are_refused_by_line(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof(bad_plans) / sizeof(bad_plans[0]); i++) {
        struct plan plan;
        if (try_plan(f, bad_plans[i].text, &plan)) {
            fail_msg("accepted: %s", bad_plans[i].text);
        }
        fixture_assert_failed(f, bad_plans[i].line, bad_plans[i].part);
    }
    struct plan plan;
    assert_false(
            plan_read(&f->arena, "./no-plan", &f->target, components, COMPONENTS, &plan, &f->err));
    assert_string_equal(f->err.file, "./no-plan");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_malloc_line_moves_direct_calls_of_every_size),
        TEST(a_malloc_line_reaches_neither_new_nor_libc),
        TEST(other_components_and_nobody_follow_the_rule),
        TEST(default_malloc_decides_for_new_and_libc_too),
        TEST(a_component_line_can_return_to_the_rule),
        TEST(a_port_that_insists_does_so_under_every_plan),
        TEST(stock_is_the_rule_and_the_targets_stack),
        TEST(stacks_and_kernel_blocks_have_lines_of_their_own),
        TEST(reasons_name_the_line_that_decided),
        TEST(the_subjects_plan_is_this_one),
        TEST(bad_plans_are_refused_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
