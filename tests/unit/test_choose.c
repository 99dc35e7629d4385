// sources: tests/unit/trace_builder.c
//
// Choosing: small runs of which the best plan is known.
#include "choose.h"
#include "model_fixture.h"
#include "target_fixture.h"
#include "trace_builder.h"

#include <string.h>

enum { TICK = RAMLENS_WIRE_PARTS, MS = 1000 };
enum { ALPHA = 1, BETA, LIBC_ALPHA, ALPHA_ELSE }; // stacks
enum { DMA = 1 << 3 };                            // targets/esp32p4

static struct builder b;
static struct model m;
static struct trace trace;
static struct fixture *f;
static struct plan base, stock;
static struct lots lots;
static struct trial_bench bench;
static struct choose choose;
static struct heaps_options heaps;
static bool host_only[16];
static uint64_t now, next_address;
static bool opened;

static int begin(void **state) {
    if (fixture_setup((void **)&f) != 0)
        return -1;
    *state = f;
    builder_begin(&b);
    b.place_bytes = 4096;
    builder_open(&b, 0, 0);
    builder_image(&b, 0, "/none/program");
    builder_module(&b, 1, 0x10000, 0x8000, "");
    builder_module(&b, 2, 0x20000, 0x8000, "/none/libalpha.so");
    builder_module(&b, 3, 0x30000, 0x8000, "/none/libbeta.so");
    builder_module(&b, 4, 0x40000, 0x8000, "/none/libc.so.6");
    builder_stack(&b, ALPHA, 0, 0x20100);
    builder_stack(&b, BETA, ALPHA, 0x30100);
    builder_stack(&b, LIBC_ALPHA, ALPHA, 0x40100);
    builder_stack(&b, ALPHA_ELSE, 0, 0x20200);
    now = 1;
    next_address = 0x1000000;
    opened = false;
    heaps = (struct heaps_options){ .alignment = 0 };
    return 0;
}

static void close_run(void) {
    if (!opened)
        return;
    trace_close(&trace);
    model_end(&m);
    opened = false;
}

static int end(void **state) {
    close_run();
    builder_end(&b);
    return fixture_teardown(state);
}

static uint64_t give_as(const struct ramlens_wire_request *r) {
    uint64_t address = next_address;
    next_address += (r->size + 31) / 16 * 16;
    now += MS;
    builder_request(&b, 1, now * TICK, address, r);
    return address;
}

static uint64_t give(uint32_t stack, uint64_t size) {
    return give_as(&(struct ramlens_wire_request){
            .kind = RAMLENS_WIRE_MALLOC, .size = size, .stack = stack });
}

static void end_block(uint64_t address) {
    builder_event(&b, 1, ++now * TICK, RAMLENS_WIRE_FREE, address, 0);
}

static void churn(uint32_t stack, uint64_t size, int times) {
    for (int i = 0; i < times; i++)
        end_block(give(stack, size));
}

static void checkpoint(const char *name) {
    uint8_t body[64];
    uint8_t *at = ramlens_wire_put_varint(body, 0);
    at = ramlens_wire_put_bytes(at, name, strlen(name));
    builder_record(&b, 1, ++now * TICK, RAMLENS_WIRE_CHECKPOINT, body, (size_t)(at - body));
}

/// Reads what was built; `lines` is the plan to begin with.
static void read_run(const char *lines) {
    close_run();
    model_begin(&m);
    opened = true;
    assert_true(trace_open(&m.arena, builder_path(&b), &trace, &m.err));
    owners_init(&m.owners, &m.arena, &trace.images[0], m.symbolizer, &m.map);
    fixture_load(f, NULL, NULL, NULL);
    plan_stock(&m.arena, &f->target, m.map.names, m.map.count, &stock);
    if (!plan_parse(&m.arena, "plan", str_from(lines), &f->target, m.map.names, m.map.count, &base,
                &m.err))
        fail_msg("%s", m.err.text);
    memset(host_only, 0, sizeof host_only);
    assert_true(m.map.count <= 16);
    lots_read(&lots, &m.arena, &trace, &trace.images[0], &f->target, &m.owners, host_only, &base);
    bench = (struct trial_bench){ .trace = &trace,
        .image = &trace.images[0],
        .target = &f->target,
        .owners = &m.owners,
        .host_only = host_only,
        .component_count = m.map.count,
        .heaps = &heaps,
        .lots = &lots,
        .move = lots_other_memory(&f->target),
        .group = REPLAY_COUNTED,
        .checkpoint = lots_find_checkpoint(&lots, STR("full")) };
    assert_int_not_equal(bench.checkpoint, TARGET_NONE);
}

static void choose_for(enum choose_goal goal, uint64_t wanted) {
    choose = (struct choose){ .a = &m.arena,
        .goal = goal,
        .wanted = wanted,
        .bench = &bench,
        .base = &base,
        .stock = &stock };
    if (!choose_run(&choose, &m.err))
        fail_msg("%s", m.err.text);
}

static const struct lot *lot_of(uint32_t stack) {
    uint32_t number = lots.by_ask[(size_t)stack * 2];
    assert_int_not_equal(number, 0);
    return &lots.list.at[number - 1];
}

static uint8_t label_of(uint32_t stack) {
    return choose.labels[lots.by_ask[(size_t)stack * 2] - 1];
}

// ---- lots

static void lots_know_what_was_live_when(void **state) {
    (void)state;
    uint64_t kept = give(ALPHA, 1000);
    give(ALPHA, 20000); // beyond the threshold: not internal
    give(LIBC_ALPHA, 64);
    churn(ALPHA_ELSE, 100, 10); // the fullest moment is in between
    checkpoint("full");
    end_block(kept);
    checkpoint("less");
    read_run("");
    assert_int_equal(lots.checkpoint_count, 2);
    const struct lot *alpha = lot_of(ALPHA), *other = lot_of(ALPHA_ELSE);
    assert_int_equal(alpha->events, 2);
    assert_int_equal(alpha->small_events, 1);
    assert_int_equal(alpha->bytes, 21000);
    assert_int_equal(alpha->ended, 1);
    assert_int_equal(alpha->givers, 1 << 1);
    assert_int_equal(other->events, 10);
    assert_int_equal(other->live_blocks, 0);
    assert_int_equal(lot_of(LIBC_ALPHA)->stay, LOT_IS_LIBC);
    size_t a = (size_t)(alpha - lots.list.at);
    assert_in_range(lots_checkpoint(&lots, 0)->cost[a], 1004, 1064);
    assert_int_equal(lots_checkpoint(&lots, 0)->blocks[a], 2);
    assert_int_equal(lots_checkpoint(&lots, 1)->cost[a], 0);
    assert_in_range(lots_fullest(&lots)->total, 1004 + 68 + 104, 1064 + 72 + 120);
    assert_string_equal(f->target.requests[lots_other_memory(&f->target)].name.at, "psram");
}

// ---- rules

static struct lot_rule *rule_for(lot_rule_list *rules, enum plan_strength strength, uint8_t label) {
    for (size_t i = 0; i < rules->len; i++)
        if (rules->at[i].strength == (uint8_t)strength && rules->at[i].label == label)
            return &rules->at[i];
    return NULL;
}

static void wide_rules_have_exceptions_where_these_are_worth_it(void **state) {
    (void)state;
    give(ALPHA, 100);
    give(ALPHA_ELSE, 100);
    give(BETA, 100);
    give(LIBC_ALPHA, 100);
    checkpoint("full");
    read_run("");
    struct lot_tree tree;
    lot_rule_list rules = { 0 };
    double *values = NEW_ARRAY(&m.arena, double, lots.list.len);
    lot_tree_build(&m.arena, &lots, &tree);
    size_t alpha = lots.by_ask[ALPHA * 2] - 1, other = lots.by_ask[ALPHA_ELSE * 2] - 1;
    values[alpha] = 100;
    lot_tree_best(&tree, &m.arena, values, 10, &rules);
    assert_int_equal(rules.len, 1); // what costs nothing goes along with the component
    assert_non_null(rule_for(&rules, PLAN_BY_COMPONENT, LOT_GOES));
    values[other] = -5; // less than an exception costs
    lot_tree_best(&tree, &m.arena, values, 10, &rules);
    assert_int_equal(rules.len, 1);
    assert_non_null(rule_for(&rules, PLAN_BY_SITE, LOT_GOES));
    values[lots.by_ask[BETA * 2] - 1] = 4; // not worth a line
    lot_tree_best(&tree, &m.arena, values, 10, &rules);
    assert_int_equal(rules.len, 1);
    uint8_t labels[8];
    lot_rules_apply(&lots, rules.at, rules.len, labels);
    assert_int_equal(labels[alpha], LOT_GOES);
    assert_int_equal(labels[other], LOT_AS_BEFORE);
    struct lot_rule keep = { .strength = PLAN_BY_SITE, .label = LOT_KEEPS, .lot = (uint32_t)other };
    struct lot_rule two[] = { keep, { .strength = PLAN_BY_COMPONENT,
                                            .label = LOT_GOES,
                                            .component = m.alpha,
                                            .kind = PLAN_MALLOC,
                                            .lot = (uint32_t)alpha } };
    lot_rules_apply(&lots, two, 2, labels);
    assert_int_equal(labels[alpha], LOT_GOES);
    assert_int_equal(labels[other], LOT_KEEPS);
    assert_int_equal(labels[lots.by_ask[LIBC_ALPHA * 2] - 1], LOT_AS_BEFORE);
}

// ---- goals

/// 90 blocks of 4 KB that stay, and many requests of another place that do not.
static void build_large_and_churny(void) {
    checkpoint("start");
    for (int i = 0; i < 90; i++) {
        give(ALPHA, 4000);
        churn(ALPHA_ELSE, 200, 40);
    }
    checkpoint("full");
    churn(ALPHA_ELSE, 200, 40);
}

static void large_and_long_lived_goes_churny_stays(void **state) {
    (void)state;
    build_large_and_churny();
    read_run("");
    choose_for(CHOOSE_KNEE, 0);
    assert_int_equal(choose.step_count, 1);
    assert_int_equal(choose.rule_count, 1);
    assert_int_equal(label_of(ALPHA), LOT_GOES);
    assert_int_equal(label_of(ALPHA_ELSE), LOT_AS_BEFORE);
    assert_int_equal(choose.result.events, 90);
    assert_in_range(
            choose.result.worst.free_bytes - choose.before.worst.free_bytes, 90 * 4000, 90 * 4200);
    assert_int_equal(choose.dominated_by, CHOOSE_NONE);
    assert_memory_equal(&choose.steps[0].after, &choose.result, sizeof choose.result);
}

static void everything_is_one_line_for_a_component(void **state) {
    (void)state;
    build_large_and_churny();
    give(BETA, 500);
    read_run("");
    choose_for(CHOOSE_EVERYTHING, 0);
    assert_int_equal(choose.rule_count, 2);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(choose.rules[i].strength, PLAN_BY_COMPONENT);
    assert_int_equal(choose.result.events, 90 + 91 * 40 + 1);
    assert_int_equal(choose.rules[0].component, m.alpha); // in order of what they win
}

static void a_goal_is_met_by_no_more_than_it_takes(void **state) {
    (void)state;
    for (int i = 0; i < 10; i++) {
        give(ALPHA, 8000);
        give(BETA, 3000);
    }
    checkpoint("full");
    read_run("");
    choose_for(CHOOSE_KNEE, 0);
    uint64_t before = choose.before.goal.free_bytes;
    choose_for(CHOOSE_FREE, before);
    assert_true(choose.met);
    assert_int_equal(choose.rule_count, 0); // there is nothing to do
    choose_for(CHOOSE_FREE, before + 60000);
    assert_true(choose.met);
    assert_int_equal(choose.rule_count, 1);
    assert_int_equal(label_of(ALPHA), LOT_GOES);
    assert_int_equal(label_of(BETA), LOT_AS_BEFORE);
    choose_for(CHOOSE_FREE, before + 100000);
    assert_true(choose.met);
    assert_int_equal(choose.rule_count, 2);
    assert_true(choose.result.goal.free_bytes >= before + 100000);
}

static void a_goal_out_of_reach_is_come_as_near_as_can_be(void **state) {
    (void)state;
    build_large_and_churny();
    for (int i = 0; i < 20; i++)
        give(LIBC_ALPHA, 2000);
    read_run("");
    choose_for(CHOOSE_FREE, 10 << 20);
    assert_false(choose.met);
    assert_int_equal(choose.result.goal.free_bytes, choose.all.goal.free_bytes);
    assert_int_equal(choose.dominated_by, CHOOSE_NONE);
}

// ---- what must stay

static void lines_of_the_user_are_kept_to(void **state) {
    (void)state;
    for (int i = 0; i < 10; i++) {
        give(ALPHA, 8000);
        give(BETA, 8000);
    }
    checkpoint("full");
    read_run("component alpha\n    malloc internal pin\n");
    choose_for(CHOOSE_EVERYTHING, 0);
    assert_int_equal(lot_of(ALPHA)->stay, LOT_IS_PINNED);
    assert_int_equal(label_of(ALPHA), LOT_AS_BEFORE);
    assert_int_equal(label_of(BETA), LOT_GOES);
    assert_int_equal(choose.result.events, 10);
    // A pinned default settles everything; one without a pin is refined.
    read_run("default malloc policy pin\n");
    choose_for(CHOOSE_EVERYTHING, 0);
    assert_int_equal(choose.rule_count, 0);
    read_run("default malloc policy\n");
    choose_for(CHOOSE_EVERYTHING, 0);
    assert_int_equal(choose.rule_count, 2);
}

static void what_asked_for_dma_stays(void **state) {
    (void)state;
    for (int i = 0; i < 10; i++) {
        give(ALPHA, 8000);
        give_as(&(struct ramlens_wire_request){ .kind = RAMLENS_WIRE_MALLOC,
                .size = 8000,
                .stack = ALPHA_ELSE,
                .flags = RAMLENS_WIRE_HAS_CAPABILITY,
                .capability = DMA });
    }
    checkpoint("full");
    read_run("");
    assert_int_equal(lot_of(ALPHA_ELSE)->stay, LOT_IS_CAPABLE);
    choose_for(CHOOSE_EVERYTHING, 0);
    assert_int_equal(label_of(ALPHA), LOT_GOES);
    assert_int_not_equal(label_of(ALPHA_ELSE), LOT_GOES);
    assert_int_equal(choose.result.events, 10);
}

// ---- the baseline

static void the_curve_has_every_threshold(void **state) {
    (void)state;
    build_large_and_churny();
    read_run("");
    choose_for(CHOOSE_KNEE, 0);
    assert_int_equal(choose.curve_count, 15);
    assert_int_equal(choose.curve[0].up_to, 0);
    assert_int_equal(choose.curve[1].up_to, 16);
    assert_int_equal(choose.curve[14].up_to, 131072);
    assert_true(choose.curve[11].is_default);
    assert_int_equal(choose.curve[0].result.events, 90 + 91 * 40);
    assert_int_equal(choose.curve[9].result.events, 0);  // 4096
    assert_int_equal(choose.curve[8].result.events, 90); // 2048
}

/// Moving everything would only send churn out, while a threshold reaches what libc holds.
static void a_dominated_plan_is_not_taken(void **state) {
    (void)state;
    for (int i = 0; i < 40; i++) {
        give(LIBC_ALPHA, 8000);
        churn(ALPHA, 16, 100);
    }
    checkpoint("full");
    read_run("");
    choose_for(CHOOSE_EVERYTHING, 0);
    const struct trial_result *by_threshold = &choose.curve[9].result; // 4096
    assert_true(by_threshold->worst.free_bytes > choose.all.worst.free_bytes);
    assert_true(by_threshold->events < choose.all.events);
    assert_int_equal(choose.dominated_by, CHOOSE_NONE);
    assert_int_equal(choose.result.events, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lots_know_what_was_live_when, begin, end),
        cmocka_unit_test_setup_teardown(
                wide_rules_have_exceptions_where_these_are_worth_it, begin, end),
        cmocka_unit_test_setup_teardown(large_and_long_lived_goes_churny_stays, begin, end),
        cmocka_unit_test_setup_teardown(everything_is_one_line_for_a_component, begin, end),
        cmocka_unit_test_setup_teardown(a_goal_is_met_by_no_more_than_it_takes, begin, end),
        cmocka_unit_test_setup_teardown(a_goal_out_of_reach_is_come_as_near_as_can_be, begin, end),
        cmocka_unit_test_setup_teardown(lines_of_the_user_are_kept_to, begin, end),
        cmocka_unit_test_setup_teardown(what_asked_for_dma_stays, begin, end),
        cmocka_unit_test_setup_teardown(the_curve_has_every_threshold, begin, end),
        cmocka_unit_test_setup_teardown(a_dominated_plan_is_not_taken, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
