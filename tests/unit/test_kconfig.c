/// What a project's configuration chooses of a target, and what its options hold.
#include "conf.h"
#include "kconfig.h"
#include "target_fixture.h"

static struct sdkconfig config;
static struct kconfig k;

static void read_config(struct fixture *f, const char *text) {
    if (!sdkconfig_parse(&f->arena, "sdkconfig", str_from(text), &config, &f->err))
        fail_msg("%s", f->err.text);
    kconfig_read(&f->arena, &f->target, &config, &k);
}

static const char *choices(struct fixture *f) {
    const char *all = "";
    for (size_t i = 0; i < k.choices.len; i++)
        if (k.choices.at[i].option)
            all = arena_printf(&f->arena, "%s %s", all, k.choices.at[i].option);
    return all;
}

static const struct kconfig_cost *cost(const char *symbol) {
    for (size_t i = 0; i < k.costs.len; i++)
        if (str_equal(k.costs.at[i].option->symbol, str_from(symbol)))
            return &k.costs.at[i];
    fail_msg("no %s", symbol);
    return NULL;
}

static void symbols_choose_parameters(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    read_config(f, "# Espressif IoT Development Framework (ESP-IDF) 5.5.5 Project Configuration\n"
                   "# CONFIG_ESP32P4_SELECTS_REV_LESS_V3 is not set\n"
                   "CONFIG_CACHE_L2_CACHE_SIZE=0x40000\n"
                   "CONFIG_SPIRAM_MALLOC_ALWAYSINTERNAL=4096\n"
                   "CONFIG_HEAP_POISONING_DISABLED=y\n"
                   "# CONFIG_HEAP_POISONING_LIGHT is not set\n"
                   "CONFIG_ESP_MAIN_TASK_STACK_SIZE=8192\n");
    assert_string_equal(choices(f),
            " idf=v5.5.5 revision=3 cache=256K threshold=4096 poisoning=none main_stack=8192");
    // They are what target_load() takes.
    const char *options[8];
    for (uint32_t i = 0; i < k.choices.len; i++)
        options[i] = k.choices.at[i].option;
    struct target chosen;
    if (!target_load(&f->arena, "esp32p4", fixture_folders, 1, options, (uint32_t)k.choices.len,
                &chosen, &f->err))
        fail_msg("%s", f->err.text);
    assert_true(str_equal(target_choice(&chosen, "cache"), STR("256K")));
    assert_int_equal(chosen.malloc_rule.up_to, 4096);
    assert_int_equal(chosen.tasks[0].stack_bytes, 8192 + 512); // TASK_EXTRA_STACK_SIZE
}

static void what_does_not_fit_is_told(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    read_config(f, "# Espressif IoT Development Framework (ESP-IDF) 4.4.1 Project Configuration\n"
                   "CONFIG_CACHE_L2_CACHE_SIZE=0x30000\n"
                   "CONFIG_SPIRAM_MALLOC_ALWAYSINTERNAL=99999999\n");
    assert_string_equal(choices(f), " idf=v5.3.5"); // no release is earlier
    assert_int_equal(k.choices.len, 3);
    assert_non_null(strstr(k.choices.at[0].problem, "v5.3.5 is taken"));
    assert_non_null(strstr(k.choices.at[1].problem, "128K, 256K, 512K"));
    assert_non_null(strstr(k.choices.at[2].problem, "0 to 131072"));
    assert_int_equal(k.choices.at[1].line, 2);
}

/// Every release has the rules of its own, or of a neighbour with the same ones; of one that came later than the target's file the nearest is taken.
static void each_release_has_its_rules(void **state) {
    static const char *const releases[][2] = { { "5.3.0", "v5.3.5" }, { "5.3.2", "v5.3.5" },
        { "5.4.0", "v5.5.1" }, { "5.4.3", "v5.5.1" }, { "5.4.4", "v5.5.2" }, { "5.5.0", "v5.5.1" },
        { "5.5.1", "v5.5.1" }, { "5.5.2", "v5.5.2" }, { "5.5.3", "v5.5.4" }, { "5.5.5", "v5.5.5" },
        { "6.0.0", "v6.0" }, { "6.0.2", "v6.0.2" }, { "5.4.9", "v5.5.2" }, { "5.5.9", "v5.5.5" },
        { "6.1.0", "v6.0.2" }, { "5.1.2", "v5.3.5" } };
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
        read_config(f, arena_printf(&f->arena,
                               "# Espressif IoT Development Framework (ESP-IDF) %s Project "
                               "Configuration\nCONFIG_SPIRAM=y\n",
                               releases[i][0]));
        assert_string_equal(choices(f), arena_printf(&f->arena, " idf=%s", releases[i][1]));
        assert_int_equal(k.choices.at[0].problem != NULL, i >= 12);
    }
}

static void options_cost_by_their_value(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    read_config(f, "CONFIG_FREERTOS_IDLE_TASK_STACKSIZE=2048\n"
                   "CONFIG_MBEDTLS_SSL_IN_CONTENT_LEN=4096\n");
    assert_int_equal(cost("FREERTOS_IDLE_TASK_STACKSIZE")->bytes, 2 * 2048);
    assert_int_equal(cost("FREERTOS_IDLE_TASK_STACKSIZE")->saves, 2 * (2048 - 768));
    assert_false(cost("FREERTOS_IDLE_TASK_STACKSIZE")->is_default);
    assert_int_equal(cost("MBEDTLS_SSL_IN_CONTENT_LEN")->bytes, 4096);
    assert_int_equal(cost("MBEDTLS_SSL_OUT_CONTENT_LEN")->bytes, 4096);
    assert_true(cost("MBEDTLS_SSL_OUT_CONTENT_LEN")->is_default);
}

static bool has_cost(const char *symbol) {
    for (size_t i = 0; i < k.costs.len; i++)
        if (str_equal(k.costs.at[i].option->symbol, str_from(symbol)))
            return true;
    return false;
}

/// TLS has one length for both ways, or two: of a configuration with the one the others are no options.
static void options_stand_for_each_other(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    read_config(f, "# CONFIG_MBEDTLS_ASYMMETRIC_CONTENT_LEN is not set\n"
                   "CONFIG_MBEDTLS_SSL_MAX_CONTENT_LEN=8192\n");
    assert_int_equal(cost("MBEDTLS_SSL_MAX_CONTENT_LEN")->bytes, 2 * 8192);
    assert_false(has_cost("MBEDTLS_SSL_IN_CONTENT_LEN"));
    assert_false(has_cost("MBEDTLS_SSL_OUT_CONTENT_LEN"));
    read_config(f, "CONFIG_MBEDTLS_SSL_IN_CONTENT_LEN=4096\n");
    assert_false(has_cost("MBEDTLS_SSL_MAX_CONTENT_LEN"));
}

static void what_is_not_modelled_is_listed(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    read_config(f, "CONFIG_HEAP_TASK_TRACKING=y\n# CONFIG_FREERTOS_UNICORE is not set\n"
                   "# CONFIG_ESP_SYSTEM_ALLOW_RTC_FAST_MEM_AS_HEAP is not set\n");
    assert_int_equal(k.unmodelled.len, 2);
    assert_string_equal(k.unmodelled.at[0].option->symbol.at, "HEAP_TASK_TRACKING");
    assert_int_equal(k.unmodelled.at[1].line, 3);
}

/// PSRAM that only who asks for it gets: malloc never comes to it, and no pool is kept for DMA.
static void psram_may_be_out_of_reach_of_malloc(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    read_config(f, "CONFIG_SPIRAM=y\nCONFIG_SPIRAM_USE_CAPS_ALLOC=y\n");
    assert_string_equal(choices(f), " psram_use=caps");
    const struct target *t = fixture_load(f, "psram_use=caps", NULL, NULL);
    uint32_t internal = target_find_capability(t, STR("INTERNAL"));
    assert_true(t->malloc_rule.small_asks & internal);
    assert_true(t->malloc_rule.large_asks & internal);
    assert_true(t->malloc_rule.again_asks & internal);
    for (uint32_t i = 0; i < t->heap_count; i++)
        assert_false(t->heaps[i].carved);
}

/// Every parameter that the target's file maps is one that it takes, with the value that it names.
static void the_targets_own_lines_hold(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    assert_true(f->target.kconfig_count > 10);
    for (uint32_t i = 0; i < f->target.kconfig_count; i++) {
        const struct target_kconfig *line = &f->target.kconfig[i];
        const struct target_parameter *p = &f->target.parameters[line->parameter];
        bool is_value = line->sets.len == 0;
        for (uint32_t v = 0; v < p->value_count; v++)
            is_value |= str_equal(p->values[v], line->sets);
        uint64_t n;
        is_value |=
                p->is_number && conf_parse_number(line->sets, &n) && n >= p->least && n <= p->most;
        assert_true(is_value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(symbols_choose_parameters),
        TEST(what_does_not_fit_is_told),
        TEST(each_release_has_its_rules),
        TEST(options_cost_by_their_value),
        TEST(options_stand_for_each_other),
        TEST(what_is_not_modelled_is_listed),
        TEST(psram_may_be_out_of_reach_of_malloc),
        TEST(the_targets_own_lines_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
