/// The search order over heaps, and the rule of malloc, as ESP-IDF's sources have them.
#include "policy.h"
#include "target_fixture.h"

/// Heaps tried for capabilities, as one line: kinds, by size where a kind has several.
static void assert_order(const struct target *t, uint32_t asked, const char *expected) {
    const struct target_heap *heaps[32];
    char line[256] = "";
    uint32_t count = policy_heaps(t, asked, heaps, 32);
    for (uint32_t i = 0; i < count; i++) {
        char each[64];
        bool large_ram = str_equal(heaps[i]->name, STR("RAM")) && heaps[i]->bytes > 20000;
        snprintf(each, sizeof(each), "%s%s%s", i ? " " : "", heaps[i]->name.at,
                large_ram ? (heaps[i]->late ? ":high" : ":low") : "");
        strcat(line, each);
    }
    assert_string_equal(line, expected);
}

static uint32_t caps(const struct target *t, const char *a, const char *b) {
    uint32_t mask = target_find_capability(t, str_from(a));
    mask |= b ? target_find_capability(t, str_from(b)) : 0;
    assert_int_not_equal(mask, 0);
    return mask;
}

/// With the base capabilities at priority 1, as in v5.5.5: the pool comes before the main heap.
static void v555_tries_the_pool_before_the_main_heap(void **state) {
    const struct target *t = fixture_load(*state, "idf=v5.5.5", "revision=3", NULL);
    assert_order(t, caps(t, "INTERNAL", "8BIT"), "RAM POOL RETENT_RAM SPM RTCRAM");
    assert_order(t, caps(t, "DEFAULT", "INTERNAL"), "RAM POOL RETENT_RAM SPM RTCRAM");
    assert_order(t, caps(t, "DEFAULT", NULL), "PSRAM RAM RETENT_RAM POOL SPM RTCRAM");
    assert_order(t, caps(t, "DEFAULT", "SPIRAM"), "PSRAM");
    assert_order(t, caps(t, "SPIRAM", "8BIT"), "PSRAM");
    assert_order(t, caps(t, "8BIT", NULL), "RAM RETENT_RAM POOL PSRAM SPM RTCRAM");
    assert_order(t, caps(t, "DMA", "INTERNAL"), "RAM POOL RETENT_RAM");
    assert_order(t, caps(t, "INTERNAL", NULL), "RAM POOL RETENT_RAM SPM RTCRAM");
}

/// With everything at priority 0 the pool is spared, and plain malloc cannot use it at all.
static void v60_spares_the_pool_and_malloc_cannot_use_it(void **state) {
    const struct target *t = fixture_load(*state, "idf=v6.0", "revision=3", NULL);
    assert_order(t, caps(t, "INTERNAL", "8BIT"), "RAM RETENT_RAM POOL TCM RTCRAM");
    assert_order(t, caps(t, "DEFAULT", "INTERNAL"), "RAM RETENT_RAM TCM RTCRAM");
    assert_order(t, caps(t, "DMA", "INTERNAL"), "RAM RETENT_RAM POOL");
}

static void v551_fills_the_smallest_heap_first(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    assert_order(t, caps(t, "DEFAULT", "INTERNAL"), "RAM RAM:low RAM:high TCM RTCRAM");
    assert_order(t, caps(t, "INTERNAL", "8BIT"), "RAM RAM:low RAM:high POOL TCM RTCRAM");
    assert_order(t, caps(t, "DEFAULT", NULL), "PSRAM RAM RAM:low RAM:high TCM RTCRAM");
}

static void nothing_serves_what_no_heap_offers(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    const struct target_heap *heaps[4];
    assert_int_equal(policy_heaps(t, caps(t, "EXEC", NULL), heaps, 4), 0);
    assert_int_equal(policy_heaps(t, caps(t, "DMA", "SPIRAM"), heaps, 4), 0);
    assert_int_equal(policy_heaps(t, 0, heaps, 4), 0);
    assert_int_equal(policy_place_of(t, caps(t, "EXEC", NULL)).count, 0);
    assert_int_equal(policy_heaps(t, caps(t, "8BIT", NULL), heaps, 2), 2);
}

static void assert_place(
        const struct target *t, const struct policy_place *place, const char *expected) {
    char line[128] = "";
    for (uint32_t i = 0; i < place->count; i++) {
        strcat(line, i ? " " : "");
        strcat(line, t->regions[place->regions[i]].name.at);
    }
    assert_string_equal(line, expected);
}

static void malloc_keeps_up_to_16384_bytes_internal(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    struct policy policy;
    policy_for(t, &policy);
    assert_place(t, policy_malloc(&policy, 1), "internal spm lp psram");
    assert_place(t, policy_malloc(&policy, 16384), "internal spm lp psram");
    assert_place(t, policy_malloc(&policy, 16385), "psram internal spm lp");
    assert_place(t, policy_malloc(&policy, UINT64_MAX), "psram internal spm lp");
    assert_place(t, &policy.system, "internal spm lp");
}

static void the_rule_is_the_same_in_every_variant(void **state) {
    static const char *const variants[][3] = { { "idf=v5.5.5", "revision=3", NULL },
        { "idf=v5.5.5", NULL, "cache=512K" }, { "idf=v6.0", "revision=3", "cache=256K" } };
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        const struct target *t =
                fixture_load(*state, variants[i][0], variants[i][1], variants[i][2]);
        struct policy policy;
        policy_for(t, &policy);
        assert_place(t, policy_malloc(&policy, 16384), "internal spm lp psram");
        assert_place(t, policy_malloc(&policy, 16385), "psram internal spm lp");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(v555_tries_the_pool_before_the_main_heap),
        TEST(v60_spares_the_pool_and_malloc_cannot_use_it),
        TEST(v551_fills_the_smallest_heap_first),
        TEST(nothing_serves_what_no_heap_offers),
        TEST(malloc_keeps_up_to_16384_bytes_internal),
        TEST(the_rule_is_the_same_in_every_variant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
