/// What a start of a device means for a target: its parameters, its heaps, names of capabilities; settings and observed figures as files.
#include "device_fit.h"

#include "device_fixture.h"
#include "observed.h"
#include "settings.h"

static struct device_fit fit_chip(struct fixture *f, const char *chip, const char *text,
        const char *const *options, uint32_t count) {
    struct device_fit fit;
    const struct device_log *log = fixture_log(f, text, NULL);
    const struct device_fit_source source = { .name = chip,
        .folders = fixture_folders,
        .folder_count = 1,
        .options = options,
        .option_count = count };
    if (!device_fit(&f->arena, &source, &log->boots.at[0], &fit, &f->err))
        fail_msg("%s", f->err.text);
    return fit;
}

static struct device_fit fit_with(
        struct fixture *f, const char *text, const char *const *options, uint32_t count) {
    return fit_chip(f, "esp32p4", text, options, count);
}

static struct device_fit fit_of(struct fixture *f, const char *text) {
    return fit_with(f, text, NULL, 0);
}

/// The choice for a parameter; NULL when there is none.
static const struct device_choice *choice(const struct device_fit *fit, const char *name) {
    for (size_t i = 0; i < fit->choices.len; i++)
        if (str_equal(fit->choices.at[i].parameter, str_from(name)))
            return &fit->choices.at[i];
    return NULL;
}

static void assert_chosen(
        const struct device_fit *fit, const char *name, const char *value, uint64_t line) {
    const struct device_choice *c = choice(fit, name);
    assert_non_null(c);
    assert_null(c->open);
    assert_true(str_equal(c->value, str_from(value)));
    assert_int_equal(c->line, line);
}

static void assert_open(const struct device_fit *fit, const char *name, const char *values) {
    const struct device_choice *c = choice(fit, name);
    assert_non_null(c);
    assert_non_null(c->open);
    assert_string_equal(c->open, values);
}

static const struct device_region *region(const struct device_fit *fit, const char *name) {
    for (size_t i = 0; i < fit->regions.len; i++)
        if (str_equal(fit->target->regions[fit->regions.at[i].region].name, str_from(name)))
            return &fit->regions.at[i];
    fail_msg("no region %s", name);
    return NULL;
}

/// Old silicon: the cache takes the high end.
#define OLD(last)                                                                                  \
    "I (20) app_init: ESP-IDF:          v5.5.1\n"                                                  \
    "I (21) efuse_init: Chip rev:         v1.3\n"                                                  \
    "I (22) heap_init: At 4FF22310 len 00018CB0 (99 KiB): RAM\n"                                   \
    "I (23) heap_init: At 4FF3AFC0 len 00004BE4 (18 KiB): RAM\n" last                              \
    "I (25) heap_init: At 50108080 len 00007F80 (31 KiB): RTCRAM\n"                                \
    "I (26) heap_init: At 30100068 len 00001F98 (7 KiB): TCM\n"

/// New silicon: the cache takes the low end, where static data lies, too.
#define NEW_CHIP(first)                                                                            \
    "I (20) app_init: ESP-IDF:          v5.5.5\n"                                                  \
    "I (21) efuse_init: Chip rev:         v3.1\n" first                                            \
    "I (23) heap_init: At 4FFBAFC0 len 00004BF0 (18 KiB): RAM\n"                                   \
    "I (24) heap_init: At 30100238 len 00001DC8 (7 KiB): SPM\n"

static void the_cache_of_old_silicon_shows_at_the_high_end(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *cache;
        uint64_t announced;
    } cases[] = {
        { OLD("I (24) heap_init: At 4FF40000 len 00060000 (384 KiB): RAM\n"), "128K",
                0x18cb0 + 0x4be4 + 0x60000 },
        { OLD("I (24) heap_init: At 4FF40000 len 00040000 (256 KiB): RAM\n"), "256K",
                0x18cb0 + 0x4be4 + 0x40000 },
        { OLD("I (24) heap_init: At 4FF50DB0 len 0002F250 (188 KiB): RAM\n"), "256K",
                0x18cb0 + 0x4be4 + 0x2f250 },
        { OLD(""), "512K", 0x18cb0 + 0x4be4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct device_fit fit = fit_of(f, cases[i].text);
        assert_true(fit.fits);
        assert_chosen(&fit, "idf", "v5.5.1", 1);
        assert_chosen(&fit, "revision", "<3", 2);
        assert_chosen(&fit, "cache", cases[i].cache, 3);
        assert_open(&fit, "libc", "newlib, picolibc");
        assert_int_equal(region(&fit, "internal")->measured_bytes, cases[i].announced);
        const struct target_region *internal = &fit.target->regions[0];
        assert_int_equal(
                region(&fit, "internal")->static_bytes, internal->heap_bytes - cases[i].announced);
        assert_int_equal(region(&fit, "spm")->static_bytes, 0x68);
        assert_int_equal(fit.notes.len, 0);
    }
}

static void the_cache_of_new_silicon_may_stay_open(void **state) {
    struct fixture *f = *state;
    // less static data than a cache of 256 KB would leave
    struct device_fit fit = fit_of(
            f, NEW_CHIP("I (22) heap_init: At 4FF32410 len 00088BB0 (546 KiB): RETENT_RAM\n"));
    assert_chosen(&fit, "cache", "128K", 3);
    assert_chosen(&fit, "revision", "3", 2);
    assert_int_equal(region(&fit, "internal")->static_bytes, 0x12410);
    // as well 128 KB with much static data
    fit = fit_of(f, NEW_CHIP("I (22) heap_init: At 4FF62410 len 00058BB0 (354 KiB): RETENT_RAM\n"));
    assert_open(&fit, "cache", "128K, 256K");
    assert_true(str_equal(choice(&fit, "cache")->taken, STR("128K")));
    // where the bootloader loads to, the linker's RAM begins
    fit = fit_of(f, NEW_CHIP("I (19) esp_image: segment 2: paddr=00022dc8 vaddr=4ff40000 "
                             "size=0d138h ( 53560) load\n"
                             "I (22) heap_init: At 4FF62410 len 00058BB0 (354 KiB): RETENT_RAM\n"));
    assert_chosen(&fit, "cache", "256K", 4);
    assert_int_equal(region(&fit, "internal")->static_bytes, 0x22410);
    assert_int_equal(region(&fit, "lp")->heaps, 0);
}

static void what_the_user_says_counts_more(void **state) {
    struct fixture *f = *state;
    static const char *const options[] = { "cache=256K" };
    struct device_fit fit = fit_with(f,
            NEW_CHIP("I (22) heap_init: At 4FF62410 len 00058BB0 (354 KiB): RETENT_RAM\n"), options,
            1);
    assert_chosen(&fit, "cache", "256K", 0);
    assert_true(choice(&fit, "cache")->is_given);
    static const char *const other[] = { "revision=3", "idf=v5.5.5" };
    fit = fit_with(f, OLD("I (24) heap_init: At 4FF40000 len 00060000 (384 KiB): RAM\n"), other, 2);
    assert_false(fit.fits);
    assert_int_equal(fit.notes.len, 3); // release, revision, heaps
}

static void a_value_that_was_given_is_held_against_the_ends_of_heaps(void **state) {
    struct fixture *f = *state;
    static const char *const wrong[] = { "cache=128K" }, *const right[] = { "cache=256K" };
    static const char log[] = OLD("I (24) heap_init: At 4FF40000 len 00040000 (256 KiB): RAM\n");
    struct device_fit fit = fit_with(f, log, wrong, 1);
    assert_int_equal(fit.notes.len, 1);
    assert_non_null(
            strstr(fit.notes.at[0], "RAM ends at 0x4ffa0000, where no announced heap does"));
    fit = fit_with(f, log, right, 1);
    assert_int_equal(fit.notes.len, 0);
}

static void releases_that_the_target_does_not_know_are_said(void **state) {
    struct fixture *f = *state;
    struct device_fit fit =
            fit_of(f, "I (20) app_init: ESP-IDF:          v5.1.4-12-gabcdef\n"
                      "I (22) heap_init: At 4FF22310 len 00018CB0 (99 KiB): RAM\n"
                      "I (23) heap_init: At 4FF3AFC0 len 00004BF0 (18 KiB): RAM\n"
                      "I (24) heap_init: At 4FF40000 len 00060000 (384 KiB): RAM\n");
    assert_open(&fit, "idf", "v5.5.1, v5.3.5");
    assert_string_equal(choice(&fit, "idf")->taken.at, "v5.3.5"); // the nearest of them
    assert_int_equal(fit.notes.len, 2); // and where the ROM's memory begins
    assert_non_null(strstr(fit.notes.at[0], "no such value of 'idf'"));
    assert_non_null(strstr(fit.notes.at[1], "0x4ff3fbb0"));
}

static void a_release_is_chosen_by_its_name(void **state) {
    static const char *const releases[][2] = { { "v5.4.4", "v5.5.2" }, { "v5.5.3-dirty", "v5.5.4" },
        { "v6.0.1-12-gabcdef", "v6.0.2" }, { "v6.1-beta1", "v6.0.2" }, { "v6.0", "v6.0" } };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
        struct device_fit fit = fit_of(f, arena_printf(&f->arena,
                                                  "I (20) app_init: ESP-IDF:          %s\n"
                                                  "I (27) boot: chip revision: v1.0\n",
                                                  releases[i][0]));
        assert_chosen(&fit, "idf", releases[i][1], 1);
    }
}

static void what_is_taken_is_the_release_s_own_default(void **state) {
    struct device_fit fit = fit_of(*state, "I (20) app_init: ESP-IDF:          v6.0\n");
    assert_open(&fit, "libc", "newlib, picolibc");
    assert_string_equal(choice(&fit, "libc")->taken.at, "picolibc");
    assert_string_equal(choice(&fit, "revision")->taken.at, "3");
}

static void facts_that_the_heaps_deny_are_dropped(void **state) {
    struct fixture *f = *state;
    struct device_fit fit =
            fit_of(f, "I (20) app_init: ESP-IDF:          v5.5.1\n"
                      "I (22) heap_init: At 4FF32410 len 00088BB0 (546 KiB): RETENT_RAM\n"
                      "I (23) heap_init: At 4FFBAFC0 len 00004BF0 (18 KiB): RAM\n"
                      "I (24) heap_init: At 30100238 len 00001DC8 (7 KiB): SPM\n");
    assert_true(fit.fits);
    assert_open(&fit, "idf", "v5.5.5, v6.0.2");
    assert_chosen(&fit, "revision", "3", 2);
    assert_int_equal(fit.notes.len, 1);
    assert_non_null(strstr(fit.notes.at[0], "ESP-IDF: v5.5.1"));
}

static void heaps_of_another_chip_fit_nothing(void **state) {
    struct fixture *f = *state;
    struct device_fit fit =
            fit_of(f, "I (22) heap_init: At 3FC9A2E8 len 0004F428 (317 KiB): RAM\n");
    assert_true(fit.has_heaps);
    assert_false(fit.fits);
    assert_int_equal(fit.notes.len, 1);
    assert_open(&fit, "cache", "128K, 256K, 512K");
}

static void a_log_without_heaps_chooses_by_words(void **state) {
    struct fixture *f = *state;
    struct device_fit fit =
            fit_of(f, "I (27) boot: chip revision: v3.1\nI esp_psram: Found 16MB PSRAM device\n"
                      "I (1562) esp_psram: Reserving pool of 64K of internal memory for "
                      "DMA/internal allocations\n");
    assert_false(fit.has_heaps);
    assert_chosen(&fit, "revision", "3", 1);
    assert_chosen(&fit, "psram", "16M", 2);
    assert_chosen(&fit, "reserve", "65536", 3);
    // what is older refuses this silicon
    assert_open(&fit, "idf", "v5.5.2, v5.5.4, v5.5.5, v6.0, v6.0.2");
    assert_int_equal(fit.regions.len, 0);
    assert_int_equal(fit.notes.len, 0);
    fit = fit_of(f, "I esp_psram: Found 8MB PSRAM device\n");
    assert_open(&fit, "psram", "32M, 16M, 64M, none");
    assert_int_equal(fit.notes.len, 1);
}

static void a_query_has_a_name_if_one_counts_the_same_heaps(void **state) {
    struct fixture *f = *state;
    const struct target *t = fixture_load(f, "idf=v5.5.5", NULL, NULL);
    assert_true(str_equal(device_fit_capability(t, 0x800), STR("INTERNAL")));
    assert_true(str_equal(device_fit_capability(t, 0x804), STR("INTERNAL")));
    assert_true(str_equal(device_fit_capability(t, 0x400), STR("SPIRAM")));
    assert_true(str_equal(device_fit_capability(t, 0x404), STR("SPIRAM")));
    assert_true(str_equal(device_fit_capability(t, 0x1000), STR("DEFAULT")));
    assert_int_equal(device_fit_capability(t, 0).len, 0);
    // v5.5.1: the reserve has no DEFAULT, so no one word counts what both together do
    t = fixture_load(f, "idf=v5.5.1", NULL, NULL);
    assert_int_equal(device_fit_capability(t, 0x1800).len, 0);
    assert_int_equal(device_fit_region(t, 0x4ff00000), 0);
    assert_int_equal(device_fit_region(t, 0x4ffc0000), TARGET_NONE);
}

// ---- settings

static struct settings read_settings(struct fixture *f, const char *text) {
    struct settings s;
    memset(&f->err, 0, sizeof f->err);
    (void)settings_read(&f->arena, fixture_write(f, "settings", text), &s, &f->err);
    return s;
}

static void settings_are_options(void **state) {
    struct fixture *f = *state;
    struct settings s =
            read_settings(f, "# head\ntarget esp32p4\nset cache 256K # why\nset revision <3\n");
    assert_true(str_equal(s.target, STR("esp32p4")));
    assert_int_equal(s.count, 2);
    assert_string_equal(s.options[0], "cache=256K");
    assert_string_equal(s.options[1], "revision=<3");
    s = read_settings(f, "");
    assert_int_equal(s.count, 0);
    assert_int_equal(s.target.len, 0);
}

static void settings_that_make_no_sense_are_refused(void **state) {
    struct fixture *f = *state;
    read_settings(f, "set cache\n");
    fixture_assert_failed(f, 1, "takes a parameter and its value");
    read_settings(f, "target a\ntarget b\n");
    fixture_assert_failed(f, 2, "twice");
    read_settings(f, "\nstet cache 1\n");
    fixture_assert_failed(f, 2, "did you mean 'set'");
    read_settings(f, "set a 1\n  set b 2\n");
    fixture_assert_failed(f, 2, "nothing belongs");
}

/// Code memory is printed by other addresses than its bytes are counted at.
static void the_linkers_first_code_tells_the_instruction_cache(void **state) {
    struct fixture *f = *state;
#define S3(code, heap)                                                                             \
    "I (1) esp_image: segment 4: paddr=000c8d70 vaddr=" code " size=16150h ( 90448) load\n"        \
    "I (1) heap_init: At 3FCA1F98 len 00047778 (285 KiB): RAM\n"                                   \
    "I (1) heap_init: At 3FCE9710 len 00005724 (21 KiB): RAM\n"                                    \
    "I (1) heap_init: At 3FCF0000 len 00008000 (32 KiB): DRAM\n" heap
    struct device_fit fit = fit_chip(f, "esp32s3", S3("40374000", ""), NULL, 0);
    assert_chosen(&fit, "icache", "16K", 2);
    fit = fit_chip(f, "esp32s3", S3("40378000", ""), NULL, 0);
    assert_chosen(&fit, "icache", "32K", 2);
    fit = fit_chip(f, "esp32s3",
            S3("40374000", "I (1) heap_init: At 40376000 len 00002000 (8 KiB): IRAM\n"), NULL, 0);
    assert_true(fit.fits);
    assert_chosen(&fit, "icache", "16K", 2);
    assert_chosen(&fit, "memory_protection", "off", 2);
}

static void what_became_heaps_of_psram_counts(void **state) {
    struct fixture *f = *state;
    const char *pool = "I (1) esp_psram: Found 8MB PSRAM device\n"
                       "I (1) esp_psram: Adding pool of 4096K of PSRAM memory to heap allocator\n";
    struct device_fit fit = fit_chip(f, "esp32", pool, NULL, 0);
    assert_chosen(&fit, "psram", "4M", 2);
    assert_int_equal(fit.notes.len, 0);
    fit = fit_of(f, "I (1) esp_psram: Found 32MB PSRAM device\n"
                    "I (1) heap_init: At 50108080 len 00007F80 (31 KiB): RTCRAM\n"
                    "I (1) esp_psram: Adding pool of 31000K of PSRAM memory to heap allocator\n"
                    "I (1) esp_psram: Adding pool of 37K of PSRAM memory gap generated due to end "
                    "address alignment of irom to the heap allocator\n"
                    "I (1) main_task: Calling app_main()\n");
    assert_chosen(&fit, "psram", "32M", 1);
    assert_int_equal(region(&fit, "psram")->measured_bytes, (31000 + 37) << 10);
    assert_int_equal(region(&fit, "psram")->static_bytes, (32768 - 31000 - 37) << 10);
    static const char before[] = "I (1) heap_init: At 50108080 len 00007F80 (31 KiB): RTCRAM\n";
    const char *ends = "I (1) main_task: Calling app_main()\n";
    fit = fit_of(f, arena_printf(&f->arena, "%s%s", before, ends));
    assert_chosen(&fit, "psram", "none", 1);
    assert_string_equal(choice(&fit, "psram")->source, "no PSRAM was added before app_main");
    fit = fit_of(
            f, arena_printf(&f->arena, "%sI (1) esp_psram: Adding pool of 31\n%s", before, ends));
    assert_non_null(choice(&fit, "psram")->open);
    fit = fit_of(f, before);
    assert_non_null(choice(&fit, "psram")->open);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(the_cache_of_old_silicon_shows_at_the_high_end),
        CASE(the_cache_of_new_silicon_may_stay_open),
        CASE(what_the_user_says_counts_more),
        CASE(releases_that_the_target_does_not_know_are_said),
        CASE(a_release_is_chosen_by_its_name),
        CASE(what_is_taken_is_the_release_s_own_default),
        CASE(facts_that_the_heaps_deny_are_dropped),
        CASE(heaps_of_another_chip_fit_nothing),
        CASE(a_log_without_heaps_chooses_by_words),
        CASE(a_query_has_a_name_if_one_counts_the_same_heaps),
        CASE(a_value_that_was_given_is_held_against_the_ends_of_heaps),
        CASE(the_linkers_first_code_tells_the_instruction_cache),
        CASE(what_became_heaps_of_psram_counts),
        CASE(settings_are_options),
        CASE(settings_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
