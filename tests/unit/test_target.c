/// Targets: every combination of the parameters of `targets/esp32p4` adds up and has the sizes that
/// ESP-IDF's layout gives; every number in it has its source; bad files are refused by line.
#include "conf.h"
#include "target_fixture.h"

static const char *const idfs[] = { "idf=v5.5.1", "idf=v5.3.5", "idf=v5.5.2", "idf=v5.5.4",
    "idf=v5.5.5", "idf=v6.0", "idf=v6.0.2" };
static const char *const revisions[] = { "revision=<3", "revision=3" };
static const char *const caches[] = { "cache=128K", "cache=256K", "cache=512K" };
static const char *const libcs[] = { "libc=newlib", "libc=picolibc" };
static const char *const psrams[] = { "psram=32M", "psram=16M", "psram=64M" };

enum { RELEASES = 7, OLD_ONES = 2, COMBINATIONS = RELEASES * 2 * 3 * 2 * 3, OPTIONS = 5 };

/// The `index`-th combination; false when it is one that the target must refuse.
static bool combination(uint32_t index, const char *options[OPTIONS]) {
    uint32_t idf = index % RELEASES;
    uint32_t revision = index / RELEASES % 2;
    uint32_t rest = index / RELEASES / 2;
    options[0] = idfs[idf];
    options[1] = revisions[revision];
    options[2] = caches[rest % 3];
    options[3] = libcs[rest / 3 % 2];
    options[4] = psrams[rest / 6 % 3];
    return !(idf < OLD_ONES && revision == 1);
}

static void assert_region_adds_up(const struct target *t, uint32_t index) {
    const struct target_region *region = &t->regions[index];
    uint64_t reserved = 0;
    uint64_t heaps = 0;
    for (uint32_t i = 0; i < region->reserved_count; i++) {
        reserved += region->reserved[i].bytes;
    }
    for (uint32_t i = 0; i < t->heap_count; i++) {
        if (t->heaps[i].region == index && !t->heaps[i].carved) {
            assert_true(t->heaps[i].start >= region->start);
            assert_true(t->heaps[i].start + t->heaps[i].bytes <= region->start + region->bytes);
            heaps += t->heaps[i].bytes;
        }
    }
    assert_int_equal(reserved, region->reserved_bytes);
    assert_int_equal(heaps, region->heap_bytes);
    assert_int_equal(reserved + heaps, region->bytes);
}

static void every_combination_adds_up_or_is_refused(void **state) {
    struct fixture *f = *state;
    uint32_t refused = 0;
    for (uint32_t i = 0; i < COMBINATIONS; i++) {
        const char *options[OPTIONS];
        bool expected = combination(i, options);
        assert_int_equal(fixture_try(f, options, OPTIONS), expected);
        if (!expected) {
            refused++;
            assert_non_null(strstr(f->err.text, "idf=v5.5.5"));
            continue;
        }
        assert_int_equal(fixture_region(&f->target, "internal")->bytes, 786432);
        for (uint32_t region = 0; region < f->target.region_count; region++) {
            assert_region_adds_up(&f->target, region);
        }
    }
    assert_int_equal(refused, COMBINATIONS / 2 * OLD_ONES / RELEASES);
}

/// Sizes of the heaps of `internal`, in file order: the table in ESP-IDF's layout, by revision and
/// cache.
struct layout {
    const char *idf;
    const char *revision;
    const char *cache;
    uint64_t cache_bytes;
    uint64_t rom_bytes;
    uint64_t heaps[3]; ///< By ascending size; 0 for none.
};

static const struct layout layouts[] = {
    { "idf=v5.5.1", "revision=<3", "cache=128K", 131072, 1116, { 19428, 241600, 393216 } },
    { "idf=v5.5.1", "revision=<3", "cache=256K", 262144, 1116, { 19428, 241600, 262144 } },
    { "idf=v5.5.1", "revision=<3", "cache=512K", 524288, 1116, { 0, 19428, 241600 } },
    { "idf=v5.5.5", "revision=<3", "cache=128K", 131072, 1116, { 19428, 241600, 393216 } },
    { "idf=v6.0", "revision=<3", "cache=256K", 262144, 1116, { 19428, 241600, 262144 } },
    { "idf=v5.5.5", "revision=3", "cache=128K", 131072, 1104, { 0, 19440, 634816 } },
    { "idf=v5.5.5", "revision=3", "cache=256K", 262144, 1104, { 0, 19440, 503744 } },
    { "idf=v6.0", "revision=3", "cache=512K", 524288, 1104, { 0, 19440, 241600 } },
};

static uint64_t reserved_bytes(const struct target_region *region, const char *name) {
    for (uint32_t i = 0; i < region->reserved_count; i++) {
        if (str_equal(region->reserved[i].name, str_from(name))) {
            assert_true(region->reserved[i].source.len > 0);
            return region->reserved[i].bytes;
        }
    }
    return 0;
}

static void internal_ram_has_the_sizes_of_the_layout(void **state) {
    struct fixture *f = *state;
    for (size_t l = 0; l < sizeof(layouts) / sizeof(layouts[0]); l++) {
        const struct layout *layout = &layouts[l];
        const struct target *t = fixture_load(f, layout->idf, layout->revision, layout->cache);
        const struct target_region *internal = fixture_region(t, "internal");
        assert_int_equal(reserved_bytes(internal, "l2-cache"), layout->cache_bytes);
        assert_int_equal(reserved_bytes(internal, "rom-data"), layout->rom_bytes);
        // Heaps registered at boot come in ascending order of size.
        uint64_t heaps[3] = { 0 };
        uint32_t at = layout->heaps[0] ? 0 : 1;
        for (uint32_t i = 0; i < t->heap_count; i++) {
            if (&t->regions[t->heaps[i].region] == internal && !t->heaps[i].carved) {
                assert_true(at < 3);
                heaps[at++] = t->heaps[i].bytes;
            }
        }
        assert_memory_equal(heaps, layout->heaps, sizeof(heaps));
        assert_int_equal(t->heaps[internal->main_heap].bytes, layout->heaps[2]);
    }
}

static void late_heaps_are_those_over_the_boot_stacks(void **state) {
    struct fixture *f = *state;
    for (size_t l = 0; l < sizeof(layouts) / sizeof(layouts[0]); l++) {
        const struct target *t =
                fixture_load(f, layouts[l].idf, layouts[l].revision, layouts[l].cache);
        bool old = strcmp(layouts[l].revision, "revision=<3") == 0;
        uint64_t boundary = old ? 0x4ff3afc0 : 0x4ffbafc0;
        for (uint32_t i = 0; i < t->heap_count; i++) {
            bool internal = &t->regions[t->heaps[i].region] == fixture_region(t, "internal");
            assert_int_equal(t->heaps[i].late,
                    internal && !t->heaps[i].carved && t->heaps[i].start >= boundary);
        }
        const struct target_region *internal = fixture_region(t, "internal");
        assert_int_equal(internal->lent_count, 2);
        assert_int_equal(internal->lent[1].start, boundary);
        assert_int_equal(internal->lent[1].bytes, old ? 19428 : 19440);
        assert_string_equal(internal->lent[1].until.at, "main-task");
    }
}

static void regions_outside_internal_ram_have_their_sizes(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    assert_int_equal(t->region_count, 4);
    assert_int_equal(fixture_region(t, "spm")->bytes, 8192);
    assert_int_equal(fixture_region(t, "lp")->bytes, 32768);
    assert_int_equal(fixture_region(t, "lp")->heap_bytes, 32768 - 24);
    assert_int_equal(fixture_region(t, "psram")->bytes, 32 << 20);
    t = fixture_load(*state, "psram=16M", NULL, NULL);
    assert_int_equal(fixture_region(t, "psram")->heap_bytes, 16 << 20);
}

static void a_query_for_internal_counts_heaps_outside_the_768_kilobytes(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    uint32_t internal = target_find_capability(t, STR("internal"));
    uint32_t counted = 0;
    for (uint32_t i = 0; i < t->heap_count; i++) {
        bool psram = &t->regions[t->heaps[i].region] == fixture_region(t, "psram");
        assert_int_equal(target_heap_has(&t->heaps[i], internal), !psram);
        counted += !psram;
    }
    assert_int_equal(counted, 6); // three of internal RAM, pool, SPM, LP RAM
}

static void the_reserve_pool_is_a_heap_inside_internal_ram(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    const struct target_heap *pool = &t->heaps[0]; // registered last, so first in the list
    assert_true(pool->carved && pool->added);
    assert_string_equal(pool->name.at, "POOL");
    assert_int_equal(pool->bytes, 32767);
    assert_ptr_equal(&t->regions[pool->region], fixture_region(t, "internal"));
}

static void defaults_and_choices_are_told(void **state) {
    struct fixture *f = *state;
    const struct target *t = fixture_load(f, NULL, NULL, NULL);
    assert_string_equal(target_choices(&f->arena, t),
            "idf=v5.5.1 revision=<3 cache=128K libc=newlib psram=32M");
    assert_string_equal(target_choice(t, "cache").at, "128K");
    assert_int_equal(target_choice(t, "flavour").len, 0);
    t = fixture_load(f, "idf=6.0", "revision=1", "cache=256KB");
    assert_string_equal(target_choices(&f->arena, t),
            "idf=v6.0 revision=<3 cache=256K libc=picolibc psram=32M");
    t = fixture_load(f, "libc=newlib", "idf=v5.5.5", "libc=picolibc");
    assert_string_equal(target_choice(t, "libc").at, "picolibc");
}

static void the_revision_follows_the_release(void **state) {
    struct fixture *f = *state;
    static const char *const releases[][2] = { { "idf=v5.4.4", "<3" }, { "idf=v5.5.2", "<3" },
        { "idf=v5.5.3", "3" }, { "idf=v5.5.5", "3" }, { "idf=v6.0", "3" }, { "idf=v6.0.2", "3" } };
    for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
        const struct target *t = fixture_load(f, releases[i][0], NULL, NULL);
        assert_string_equal(target_choice(t, "revision").at, releases[i][1]);
    }
}

/// Blocks are rounded to their class from v5.4 on, on every chip whose heap is not its ROM's.
static void rounding_follows_the_release(void **state) {
    struct fixture *f = *state;
    static const char *const chips[] = { "esp32p4", "esp32s3", "esp32" };
    for (size_t i = 0; i < 3; i++) {
        static const char *const old[] = { "idf=v5.3.2" }, *const new[] = { "idf=v5.4" };
        assert_true(
                target_load(&f->arena, chips[i], fixture_folders, 1, old, 1, &f->target, &f->err));
        assert_false(f->target.allocator.rounds_block);
        assert_true(
                target_load(&f->arena, chips[i], fixture_folders, 1, new, 1, &f->target, &f->err));
        assert_true(f->target.allocator.rounds_block);
    }
}

static void kinds_of_heap_follow_the_release(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *idf;
        const char *revision;
        const char *name; ///< Of the largest heap.
        uint32_t base_at; ///< Priority at which it offers DMA.
        const char *spm;
        uint32_t spm_at;
    } expected[] = {
        { "idf=v5.5.1", "revision=<3", "RAM", 0, "TCM", 1 },
        { "idf=v5.3", "revision=<3", "RAM", 0, "TCM", 1 },
        { "idf=v5.4.4", "revision=3", "RETENT_RAM", 0, "TCM", 1 },
        { "idf=v5.5.3", "revision=3", "RETENT_RAM", 0, "TCM", 1 },
        { "idf=v6.0", "revision=3", "RETENT_RAM", 0, "TCM", 1 },
        { "idf=v6.0.1", "revision=3", "RETENT_RAM", 0, "SPM", 1 },
        { "idf=v6.1-beta1", "revision=3", "RETENT_RAM", 0, "SPM", 1 },
        { "idf=v5.5.5", "revision=3", "RETENT_RAM", 1, "SPM", 2 },
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const struct target *t = fixture_load(f, expected[i].idf, expected[i].revision, NULL);
        uint32_t dma = target_find_capability(t, STR("DMA"));
        uint32_t internal = target_find_capability(t, STR("INTERNAL"));
        const struct target_heap *heap = &t->heaps[fixture_region(t, "internal")->main_heap];
        assert_string_equal(heap->name.at, expected[i].name);
        assert_true(heap->offers[expected[i].base_at] & dma);
        assert_false(heap->offers[!expected[i].base_at] & dma);
        heap = &t->heaps[fixture_region(t, "spm")->main_heap];
        assert_string_equal(heap->name.at, expected[i].spm);
        assert_true(heap->offers[expected[i].spm_at] & internal);
    }
}

static void capabilities_have_the_bits_of_esp_idf(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    static const struct {
        const char *name;
        uint32_t mask;
    } expected[] = { { "EXEC", 0x1 }, { "8BIT", 0x4 }, { "dma", 0x8 }, { "SPIRAM", 0x400 },
        { "internal", 0x800 }, { "DEFAULT", 0x1000 }, { "SPM", 0x10000 }, { "TCM", 0x10000 },
        { "SIMD", 0x100000 }, { "COMMON", 0x1006 }, { "BASE", 0x180e }, { "psram", 0x400 },
        { "FLASH", 0 } };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_int_equal(target_find_capability(t, str_from(expected[i].name)), expected[i].mask);
    }
    assert_int_equal(t->requests[target_find_request(t, STR("internal"))].asks, 0x804);
    assert_int_equal(t->requests[target_find_request(t, STR("psram"))].asks, 0x404);
    assert_int_equal(t->malloc_rule.small_asks, 0x1800);
    assert_int_equal(t->malloc_rule.large_asks, 0x1400);
    assert_int_equal(t->malloc_rule.again_asks, 0x1000);
    assert_int_equal(t->malloc_rule.up_to, 16384);
}

static uint64_t block_bytes(const struct target *t, const char *object, const char *block) {
    const struct target_object *o = target_find_object(t, str_from(object));
    assert_non_null(o);
    for (uint32_t i = 0; i < o->block_count; i++) {
        if (str_equal(o->blocks[i].name, str_from(block))) {
            return o->blocks[i].bytes;
        }
    }
    fail_msg("object %s has no block %s", object, block);
    return 0;
}

static void kernel_objects_are_made_of_their_blocks(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    assert_int_equal(block_bytes(t, "mutex", "handle"), 8);
    assert_int_equal(block_bytes(t, "mutex", "queue"), 84);
    assert_int_equal(block_bytes(t, "condition", "handle"), 12);
    assert_int_equal(block_bytes(t, "semaphore", "queue"), 84);
    assert_int_equal(block_bytes(t, "key", "key"), 12);
    assert_int_equal(block_bytes(t, "thread", "stack"), 3072);
    assert_int_equal(block_bytes(t, "thread", "thread"), 28);
    assert_int_equal(block_bytes(t, "thread", "argument"), 32);
    assert_int_equal(block_bytes(t, "thread-config", "config"), 24);
    assert_int_equal(target_find_object(t, STR("rwlock"))->block_count, 5);
    assert_int_equal(target_find_object(t, STR("once"))->block_count, 0);
    assert_int_equal(target_find_object(t, STR("thread-config"))->block_count, 3);
    assert_true(target_find_object(t, STR("mutex"))->lazy);
    assert_false(target_find_object(t, STR("semaphore"))->lazy);
    assert_null(target_find_object(t, STR("barrier")));
}

static void a_control_block_holds_newlibs_reent_only_with_newlib(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < 3; i++) {
        const struct target *t = fixture_load(f, idfs[i], "libc=newlib", NULL);
        assert_int_equal(block_bytes(t, "thread", "tcb"), 340);
        t = fixture_load(f, idfs[i], "libc=picolibc", NULL);
        assert_int_equal(block_bytes(t, "thread", "tcb"), 100);
    }
}

static void tasks_of_the_system_are_there(void **state) {
    const struct target *t = fixture_load(*state, NULL, NULL, NULL);
    uint64_t always = 0;
    for (uint32_t i = 0; i < t->task_count; i++) {
        always += t->tasks[i].always ? t->tasks[i].stack_bytes * t->tasks[i].count : 0;
    }
    assert_int_equal(always, 3584 + 512 + 2 * 1536 + 2 * 1024 + 3584 + 512);
}

static void unknown_names_list_the_choices(void **state) {
    struct fixture *f = *state;
    const char *bad_value[] = { "idf=v5.6" };
    assert_false(fixture_try(f, bad_value, 1));
    fixture_assert_failed(f, 0, "v5.5.1 (default), v5.3.5, v5.5.2, v5.5.4, v5.5.5, v6.0 or v6.0.2");
    const char *bad_name[] = { "cash=128K" };
    assert_false(fixture_try(f, bad_name, 1));
    fixture_assert_failed(f, 0, "one of: idf, revision, cache, libc, psram");
    const char *no_value[] = { "cache" };
    assert_false(fixture_try(f, no_value, 1));
    fixture_assert_failed(f, 0, "'cache' sets no parameter");
    memset(&f->err, 0, sizeof(f->err));
    assert_false(
            target_load(&f->arena, "esp32p5", fixture_folders, 1, NULL, 0, &f->target, &f->err));
    fixture_assert_failed(f, 0, "did you mean 'esp32p4'?");
    assert_false(target_load(&f->arena, "x", NULL, 0, NULL, 0, &f->target, &f->err));
    fixture_assert_failed(f, 0, "unknown target 'x'");
}

static void a_target_can_be_given_by_path(void **state) {
    struct fixture *f = *state;
    assert_true(target_load(&f->arena, "targets/esp32p4", NULL, 0, NULL, 0, &f->target, &f->err));
    assert_string_equal(f->target.name.at, "esp32p4");
    assert_false(target_load(&f->arena, "./none", NULL, 0, NULL, 0, &f->target, &f->err));
    assert_string_equal(f->err.file, "./none");
}

/// Choices are names, even where they look like numbers.
static bool holds_number(const struct conf_line *line) {
    if (str_equal(line->words[0], STR("value")) || str_equal(line->words[0], STR("when"))) {
        return false;
    }
    for (uint32_t i = 1; i < line->word_count; i++) {
        char first = line->words[i].at[0];
        if (first >= '0' && first <= '9') {
            return true;
        }
    }
    return false;
}

static bool has_source(const struct conf_line *line) {
    while (line && !line->comment.len) {
        line = line->parent;
    }
    return line != NULL;
}

static uint32_t count_sourced(const struct conf_line *first) {
    uint32_t count = 0;
    for (const struct conf_line *line = first; line; line = line->next) {
        if (holds_number(line)) {
            if (!has_source(line)) {
                fail_msg("line %u: a number without a source", (unsigned)line->number);
            }
            count++;
        }
        count += count_sourced(line->children);
    }
    return count;
}

static void every_number_has_a_source(void **state) {
    struct fixture *f = *state;
    struct conf conf;
    assert_true(conf_read(&f->arena, "targets/esp32p4", &conf, &f->err));
    assert_true(count_sourced(conf.lines) > 60);
    assert_true(conf_read(&f->arena, "targets/freertos", &conf, &f->err));
    assert_true(count_sourced(conf.lines) > 15);
}

static void numbers_are_chosen_within_their_range(void **state) {
    struct fixture *f = *state;
    const struct target *t = fixture_load(f, "threshold=4K", "reserve=0", NULL);
    assert_int_equal(t->malloc_rule.up_to, 4096);
    for (uint32_t i = 0; i < t->heap_count; i++)
        assert_false(t->heaps[i].carved); // no reserve, no pool
    assert_string_equal(target_choices(&f->arena, t),
            "idf=v5.5.1 revision=<3 cache=128K libc=newlib psram=32M threshold=4096 reserve=0");
    assert_int_equal(fixture_load(f, NULL, NULL, NULL)->malloc_rule.up_to, 16384);
    const char *const wrong[] = { "threshold=131073", "threshold=-1", "threshold=much",
        "threshold=" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(fixture_try(f, &wrong[i], 1));
        fixture_assert_failed(f, 0, "choose a number from 0 to 131072");
    }
}

static void poisoning_is_a_setting(void **state) {
    struct fixture *f = *state;
    assert_int_equal(fixture_load(f, NULL, NULL, NULL)->allocator.poison_bytes, 0);
    assert_int_equal(fixture_load(f, "poisoning=light", NULL, NULL)->allocator.poison_bytes, 12);
    assert_int_equal(
            fixture_load(f, "poisoning=comprehensive", NULL, NULL)->allocator.poisoning, 2);
}

static void freertos_has_one_heap_of_first_fit(void **state) {
    struct fixture *f = *state;
    assert_true(
            target_load(&f->arena, "freertos", fixture_folders, 1, NULL, 0, &f->target, &f->err));
    assert_true(f->target.allocator.first_fit);
    assert_int_equal(f->target.heap_count, 1);
    assert_int_equal(f->target.heaps[0].bytes, 262144);
}

/// The smallest chip: one memory, no PSRAM. Its lines are numbered in the cases below.
static const char *const toy[] = {
    "target toy \"a toy\"",                // 1
    "parameter size",                      // 2
    "    value 1K big",                    // 3
    "    value 2K",                        // 4
    "capabilities",                        // 5
    "    bit 0 FAST",                      // 6
    "    bit 1 ANY",                       // 7
    "kind RAM",                            // 8
    "    priority 0 FAST ANY",             // 9
    "region internal 0x1000 16K",          // 10
    "    reserved rom 0x1000 0x1000+size", // 11
    "    heap RAM 0x1000 0x3000",          // 12
    "    heap RAM 0x3000 0x5000",          // 13
    "allocator tlsf",                      // 14
    "    alignment 4",                     // 15
    "    header 4",                        // 16
    "    least 12",                        // 17
    "    ends 8",                          // 18
    "    descriptor 20",                   // 19
    "    record 36",                       // 20
    "    control 36 4 4",                  // 21
    "    lists 8 16K",                     // 22
    "    lists 32",                        // 23
    "    rounding block",                  // 24
    "malloc",                              // 25
    "    up-to 16 ANY",                    // 26
    "    above ANY",                       // 27
    "    again ANY",                       // 28
    "request internal FAST",               // 29
    "system internal",                     // 30
    "stack 1K internal",                   // 31
    "object mutex",                        // 32
    "    block queue 84 system",           // 33
    "object pair",                         // 34
    "    holds mutex",                     // 35
    "    holds mutex",                     // 36
    "task idle 512 1 always",              // 37
    "when size 2K",                        // 38
    "    refuse \"too big\"",              // 39
};

/// Loads the toy with line `line` (from 1) replaced; 0 leaves it as it is. A NULL replacement drops
/// it.
static bool load_toy(struct fixture *f, uint32_t line, const char *replacement) {
    char text[8192] = "";
    for (uint32_t i = 0; i < sizeof(toy) / sizeof(toy[0]); i++) {
        const char *each = i + 1 == line ? replacement : toy[i];
        if (each) {
            strcat(text, each);
            strcat(text, "\n");
        }
    }
    memset(&f->err, 0, sizeof(f->err));
    return target_load(
            &f->arena, fixture_write(f, "toy", text), NULL, 0, NULL, 0, &f->target, &f->err);
}

static void a_chip_of_one_memory_is_one_file(void **state) {
    struct fixture *f = *state;
    assert_true(load_toy(f, 0, NULL));
    const struct target *t = &f->target;
    assert_int_equal(t->region_count, 1);
    assert_int_equal(t->heap_count, 1); // two neighbours of one kind are one heap
    assert_int_equal(t->heaps[0].start, 0x1400);
    assert_int_equal(t->heaps[0].bytes, 15 << 10);
    assert_int_equal(t->regions[0].heap_bytes, 15 << 10);
    assert_int_equal(t->regions[0].reserved_bytes, 1 << 10);
    assert_int_equal(target_find_object(t, STR("pair"))->block_count, 2);
    assert_int_equal(t->insistence_count, 0);
    const char *big[] = { "size=2K" };
    assert_false(target_load(&f->arena, f->path, NULL, 0, big, 1, &f->target, &f->err));
    fixture_assert_failed(f, 39, "too big");
}

struct bad_line {
    uint32_t changed;        ///< Line of the toy.
    const char *replacement; ///< NULL: dropped.
    uint32_t blamed;         ///< Line in the message.
    const char *part;
};

static const struct bad_line bad_lines[] = {
    { 1, NULL, 1, "no line 'target NAME'" },
    { 1, "target", 1, "'target' takes" },
    { 2, "parameter size words for people", 2, "takes" },
    { 3, "    default 3K", 3, "none of the values" },
    { 6, "    bit 32 FAST", 6, "must be 0 to 31" },
    { 6, "    bit 0 ANY", 7, "there twice" },
    { 6, "    set FAST", 6, "takes" },
    { 9, "    priority 3 FAST ANY", 9, "must be 0 to 2" },
    { 9, "    priority 0 QUICK", 9, "unknown capability 'QUICK'" },
    { 9, "    priority 0", 9, "lacks its capabilities" },
    { 9, "    priority 0 FAST\n    priority 0 ANY", 10, "there twice" },
    { 8, "kind RAM\n    priority 0 FAST\nkind RAM", 10, "there twice" },
    { 10, "region internal 0x1000 0", 10, "empty" },
    { 10, "region internal 0x1000 0xffffffffffffffff", 10, "too large" },
    { 10, "region internal 0x1000 15K", 13, "no range inside region" },
    { 10, "region internal 0x1000 17K", 10, "no heap and no reserved range" },
    { 10, "region internal 0x800 18K", 10, "0x800 to 0x1000 is in no heap" },
    { 11, "    reserved rom 0x1000 0x1000+sise", 11, "'sise' is neither" },
    { 11, "    reserved rom 0x1000 0x1000-size+", 11, "'' is neither" },
    { 11, "    reserved rom 0x1000 size-0x1000", 11, "does not fit" },
    { 11, "    reserved rom 0x1000 0x800", 11, "no range inside" },
    { 11, "    reserved rom 0x1000 0x1400\n    reserved more 0x1300 0x1500", 12, "overlaps" },
    { 12, "    heap ROM 0x1000 0x3000", 12, "unknown kind of heap" },
    { 12, "    heap RAM 0x1000 0x3000 soon", 12, "'late' or 'added'" },
    { 12, "    heap RAM 0x1000 0x2ffc", 10, "0x2ffc to 0x3000 is in no heap" },
    { 12, "    heap RAM 0x1000 0x3004", 10, "0x3000 to 0x3004 is in two heaps" },
    { 12, "    heep RAM 0x1000 0x3000", 12, "did you mean 'heap'?" },
    { 14, "allocator buddy", 14, "unknown allocator" },
    { 15, "    alignment 6", 14, "power of two" },
    { 16, "    header four", 16, "'four' is neither" },
    { 16, NULL, 14, "must have one line 'header', not 0" },
    { 17, "    least 0", 14, "more than 0" },
    { 21, "    control 36 4", 21, "three numbers" },
    { 22, "    lists 12 16K", 22, "power of two" },
    { 22, "    lists 8", 23, "ascending" },
    { 23, "    lists 32 1M", 14, "without a limit" },
    { 24, "    rounding often", 24, "'rounding block' or" },
    { 27, NULL, 25, "one line each" },
    { 29, "request policy FAST", 29, "the word 'policy'" },
    { 30, "system psram", 30, "unknown request 'psram'" },
    { 30, NULL, 1, "lacks a line 'system'" },
    { 31, "stack 1K internal\nstack 2K internal", 32, "a second 'stack'" },
    { 33, "    block queue 84 os", 33, "'malloc' or 'system'" },
    { 33, "    block queue 84 system walking", 33, "expected 'running'" },
    { 34, "object mutex", 34, "there twice" },
    { 35, "    holds pair", 35, "no object further up" },
    { 37, "task idle 512 0 always", 37, "must be 1 to" },
    { 37, "task idle 512 1 sometimes", 37, "'always' or 'if-used'" },
    { 38, "when colour 2K", 38, "'colour'" },
    { 38, "when size 3K", 38, "has no value '3K'" },
    { 39, "    reguse \"too big\"", 39, "did you mean 'refuse'?" },
};

static void bad_files_are_refused_by_line(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
        const struct bad_line *bad = &bad_lines[i];
        if (load_toy(f, bad->changed, bad->replacement)) {
            fail_msg("accepted: line %u as '%s'", (unsigned)bad->changed,
                    bad->replacement ? bad->replacement : "nothing");
        }
        fixture_assert_failed(f, bad->blamed, bad->part);
    }
}

/// Every prefix of the real file is read or refused with a message, never worse. Run under
/// sanitizers.
static void cut_files_are_refused_with_a_message(void **state) {
    struct fixture *f = *state;
    FILE *file = fopen("targets/esp32p4", "r");
    assert_non_null(file);
    static char whole[1 << 16];
    size_t size = fread(whole, 1, sizeof(whole) - 1, file);
    fclose(file);
    for (size_t cut = 0; cut < size; cut += 97) {
        char kept = whole[cut];
        whole[cut] = 0;
        memset(&f->err, 0, sizeof(f->err));
        bool read = target_load(
                &f->arena, fixture_write(f, "cut", whole), NULL, 0, NULL, 0, &f->target, &f->err);
        whole[cut] = kept;
        assert_true(read || f->err.text[0]);
        arena_clear(&f->arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(every_combination_adds_up_or_is_refused),
        TEST(internal_ram_has_the_sizes_of_the_layout),
        TEST(late_heaps_are_those_over_the_boot_stacks),
        TEST(regions_outside_internal_ram_have_their_sizes),
        TEST(a_query_for_internal_counts_heaps_outside_the_768_kilobytes),
        TEST(the_reserve_pool_is_a_heap_inside_internal_ram),
        TEST(defaults_and_choices_are_told),
        TEST(the_revision_follows_the_release),
        TEST(rounding_follows_the_release),
        TEST(kinds_of_heap_follow_the_release),
        TEST(capabilities_have_the_bits_of_esp_idf),
        TEST(kernel_objects_are_made_of_their_blocks),
        TEST(a_control_block_holds_newlibs_reent_only_with_newlib),
        TEST(tasks_of_the_system_are_there),
        TEST(unknown_names_list_the_choices),
        TEST(a_target_can_be_given_by_path),
        TEST(every_number_has_a_source),
        TEST(numbers_are_chosen_within_their_range),
        TEST(poisoning_is_a_setting),
        TEST(freertos_has_one_heap_of_first_fit),
        TEST(a_chip_of_one_memory_is_one_file),
        TEST(bad_files_are_refused_by_line),
        TEST(cut_files_are_refused_with_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
