/// Every file of `targets/`: it loads with each value of each parameter, adds up, and names its sources. And what is known of a chip
/// from elsewhere: lines that devices printed, figures of their heaps, addresses of their memories.
#include "conf.h"
#include "device_fit.h"
#include "device_fixture.h"
#include "heap_cost.h"
#include "memories.h"

#include <dirent.h>

enum { CHIPS_MOST = 64 };

/// Names of the files in `targets/`.
static uint32_t chips(struct fixture *f, const char **out) {
    DIR *folder = opendir("targets");
    struct dirent *entry;
    uint32_t count = 0;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.' && count < CHIPS_MOST)
            out[count++] = arena_printf(&f->arena, "%s", entry->d_name);
    closedir(folder);
    return count;
}

static bool load(struct fixture *f, const char *chip, const char *option, struct target *out) {
    return target_load(&f->arena, chip, fixture_folders, 1, &option, option ? 1 : 0, out, &f->err);
}

/// Of every region, what is reserved and what is heap. The reader has checked the ranges; this is the sum once more.
static void assert_adds_up(const struct target *t) {
    for (uint32_t i = 0; i < t->region_count; i++) {
        const struct target_region *r = &t->regions[i];
        uint64_t sum = 0;
        for (uint32_t k = 0; k < r->reserved_count; k++)
            sum += r->reserved[k].bytes;
        for (uint32_t k = 0; k < t->heap_count; k++)
            sum += t->heaps[k].region == i && !t->heaps[k].carved ? t->heaps[k].bytes : 0;
        assert_int_equal(sum, r->bytes);
    }
}

static void try_values(struct fixture *f, const char *chip, const struct target *plain) {
    for (uint32_t i = 0; i < plain->parameter_count; i++) {
        const struct target_parameter *p = &plain->parameters[i];
        for (uint32_t v = 0; !p->is_number && v < p->value_count; v++) {
            struct target t;
            const char *option = arena_printf(&f->arena, "%s=%s", p->name.at, p->values[v].at);
            if (load(f, chip, option, &t))
                assert_adds_up(&t);
            else
                assert_non_null(strstr(f->err.text, "; choose ")); // refused, with what would do
        }
    }
}

static void every_chip_adds_up(void **state) {
    struct fixture *f = *state;
    const char *names[CHIPS_MOST];
    uint32_t count = chips(f, names);
    assert_true(count >= 6);
    for (uint32_t i = 0; i < count; i++) {
        if (!load(f, names[i], NULL, &f->target))
            fail_msg("%s: %s", names[i], f->err.text);
        assert_string_equal(f->target.name.at, names[i]);
        assert_adds_up(&f->target);
        try_values(f, names[i], &f->target);
    }
}

/// A line that says a number, or the one that it is indented under, has a comment.
static void assert_sourced(const char *chip, const struct conf_line *line) {
    for (; line; line = line->next) {
        bool says_number = false;
        for (uint32_t i = 1; i < line->word_count; i++)
            says_number |= line->words[i].at[0] >= '0' && line->words[i].at[0] <= '9';
        bool has_source = false;
        for (const struct conf_line *up = line; up; up = up->parent)
            has_source |= up->comment.len != 0;
        bool is_condition = str_equal(line->words[0], STR("when"));
        if (says_number && !has_source && !is_condition &&
                !str_equal(line->words[0], STR("value")) && // the words of a choice
                !str_equal(line->words[0], STR("bit")) &&
                !str_equal(line->words[0], STR("priority")))
            fail_msg("targets/%s:%u: a number without a source", chip, (unsigned)line->number);
        assert_sourced(chip, line->children);
    }
}

static void every_number_of_every_chip_has_a_source(void **state) {
    struct fixture *f = *state;
    const char *names[CHIPS_MOST];
    uint32_t count = chips(f, names);
    for (uint32_t i = 0; i < count; i++) {
        struct conf conf;
        assert_true(conf_read(
                &f->arena, arena_printf(&f->arena, "targets/%s", names[i]), &conf, &f->err));
        assert_sourced(names[i], conf.lines);
    }
}

// ---- what devices printed

/// A start as it was printed by a device, and what it says of the first region.
struct printed {
    const char *chip;
    const char *log;
    const char *choice; ///< One that follows from the heaps; NULL.
    uint64_t heaps;     ///< Announced bytes in the first region,
    uint64_t statics;   ///< and what the profile has more.
};

/// Lines from issues and read-me files that people published; the addresses of the first heap differ with the program.
static const struct printed printed[] = {
    { "esp32c6",
            "I (180) heap_init: Initializing. RAM available for dynamic allocation:\n"
            "I (184) heap_init: At 4080D8E0 len 0006ED30 (443 KiB): RAM\n"
            "I (189) heap_init: At 4087C610 len 00002F54 (11 KiB): RAM\n"
            "I (194) heap_init: At 50000000 len 00003FE8 (15 KiB): RTCRAM\n",
            NULL, 0x6ed30 + 0x2f54, 0xd8e0 },
    { "esp32s3",
            "I (816) heap_init: At 3FCA4B00 len 00044C10 (275 KiB): RAM\n"
            "I (821) heap_init: At 3FCE9710 len 00005724 (21 KiB): RAM\n"
            "I (826) heap_init: At 3FCF0000 len 00008000 (32 KiB): DRAM\n"
            "I (832) heap_init: At 600FE000 len 00001FE8 (7 KiB): RTCRAM\n",
            "dcache=32K", 0x44c10 + 0x5724 + 0x8000, 0x4000 + 0x1cb00 },
    { "esp32s3",
            "I (247) heap_init: At 3FC97FB8 len 00051758 (325 KiB): RAM\n"
            "I (253) heap_init: At 3FCE9710 len 00005724 (21 KiB): RAM\n",
            "dcache=64K", 0x51758 + 0x5724, 0x4000 + 0xffb8 },
    { "esp32",
            "I (453) heap_init: At 3FFAE6E0 len 00001920 (6 KiB): DRAM\n"
            "I (458) heap_init: At 3FFB9200 len 00026E00 (155 KiB): DRAM\n"
            "I (463) heap_init: At 3FFE0440 len 00003AE0 (14 KiB): D/IRAM\n"
            "I (469) heap_init: At 3FFE4350 len 0001BCB0 (111 KiB): D/IRAM\n"
            "I (474) heap_init: At 40095598 len 0000AA68 (42 KiB): IRAM\n",
            "cores=2", 0x1920 + 0x26e00 + 0x3ae0 + 0x1bcb0, 0x9200 },
    // With one core, as a wolfSSL example printed it: the other one's cache, ROM data and RTC fast memory are heaps.
    { "esp32",
            "I (549) heap_init: At 3FFAE6E0 len 00001920 (6 KiB): DRAM\n"
            "I (555) heap_init: At 3FFB38C0 len 0002C740 (177 KiB): DRAM\n"
            "I (561) heap_init: At 3FFE0440 len 0001FBC0 (126 KiB): D/IRAM\n"
            "I (568) heap_init: At 40078000 len 00008000 (32 KiB): IRAM\n"
            "I (574) heap_init: At 4008B3C0 len 00014C40 (83 KiB): IRAM\n"
            "I (580) heap_init: At 3FF80000 len 00002000 (8 KiB): RTCRAM\n",
            "cores=1", 0x1920 + 0x2c740 + 0x1fbc0, 0x38c0 },
    // With Bluetooth, as provisioning over it printed at ESP-IDF v5.3.1.
    { "esp32",
            "I (572) heap_init: At 3FFAFF10 len 000000F0 (0 KiB): DRAM\n"
            "I (578) heap_init: At 3FFB6388 len 00001C78 (7 KiB): DRAM\n"
            "I (584) heap_init: At 3FFB9A20 len 00004108 (16 KiB): DRAM\n"
            "I (590) heap_init: At 3FFC9F90 len 00016070 (88 KiB): DRAM\n"
            "I (596) heap_init: At 3FFE0440 len 00003AE0 (14 KiB): D/IRAM\n"
            "I (603) heap_init: At 3FFE4350 len 0001BCB0 (111 KiB): D/IRAM\n"
            "I (609) heap_init: At 4009BFC0 len 00004040 (16 KiB): IRAM\n",
            "bluetooth=0", 0xf0 + 0x1c78 + 0x4108 + 0x16070 + 0x3ae0 + 0x1bcb0,
            0x3ffc9f90 - 0x3ffbdb5c },
};

static void what_devices_print_fits(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++) {
        const struct printed *p = &printed[i];
        const struct device_log *log = fixture_log(f, p->log, NULL);
        const struct device_fit_source source = {
            .name = p->chip, .folders = fixture_folders, .folder_count = 1
        };
        struct device_fit fit;
        if (!device_fit(&f->arena, &source, &log->boots.at[0], &fit, &f->err))
            fail_msg("%s", f->err.text);
        assert_true(fit.fits);
        assert_int_equal(fit.notes.len, 0);
        assert_int_equal(fit.regions.at[0].measured_bytes, p->heaps);
        assert_int_equal(fit.regions.at[0].static_bytes, p->statics);
        if (p->choice)
            assert_non_null(strstr(target_choices(&f->arena, fit.target), p->choice));
    }
}

/// micropython/micropython#12075 prints total, free, largest and least of the heaps of an S3 in which nothing lies: 8,132 and 7,752 B in RTC RAM, 32,767 and
/// 32,031 of the reserve. What is not free is what the heap keeps for itself; the first header and the last one (components/heap/multi_heap.c,
/// free_bytes) count as free there, though nobody gets them.
static void a_heap_keeps_what_an_s3_printed(void **state) {
    struct fixture *f = *state;
    assert_true(load(f, "esp32s3", NULL, &f->target));
    const struct target_allocator *a = &f->target.allocator;
    assert_int_equal(heap_cost_overhead(a, 8132) - a->ends_bytes, 8132 - 7752);
    assert_int_equal(heap_cost_overhead(a, 32767) - a->ends_bytes, 32767 - 32031);
}

/// What `heap_caps_print_heap_info` printed of a heap. Its free bytes are less what poisoning would take of one block
/// (components/heap/multi_heap_poisoning.c: multi_heap_get_info); the first header and the last one count as free.
struct summary {
    const char *chip, *option;
    uint32_t bytes, free, largest, allocated, blocks;
};

static const struct summary summaries[] = {
    // ESP32-C6, the read-me of a test of ESP-IDF's I2C driver: 20 + 1,736 bytes are gone from each heap, whatever its size.
    { "esp32c6", "poisoning=light", 12116, 10348, 10228, 0, 0 },
    { "esp32c6", "poisoning=light", 16360, 14592, 14580, 0, 0 },
    { "esp32c6", "poisoning=light", 449584, 388036, 385012, 58820, 60 },
    { "esp32c6", "poisoning=light", 450192, 411568, 409588, 35992, 54 },
    // ESP32-S3, RomanLut/hx-esp32-cam-fpv#46: its pool, ROM's stacks, PSRAM, and the heap with most of what runs.
    { "esp32s3", NULL, 32767, 32031, 31744, 0, 0 },
    { "esp32s3", NULL, 22308, 21572, 21504, 0, 0 },
    { "esp32s3", NULL, 8388608, 8385916, 8257536, 384, 2 },
    { "esp32s3", NULL, 267552, 197676, 196608, 67852, 63 },
    // ESP32, micropython/micropython#12952: the two heaps of SRAM1, of which nothing is taken.
    { "esp32", NULL, 15072, 14656, 14336, 0, 0 },
    { "esp32", NULL, 113840, 112968, 110592, 0, 0 },
};

static void heaps_add_up_as_devices_printed_them(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof summaries / sizeof summaries[0]; i++) {
        const struct summary *s = &summaries[i];
        struct heap_cost cost;
        assert_true(load(f, s->chip, s->option, &f->target));
        const struct target_allocator *a = &f->target.allocator;
        assert_true(heap_cost_for(a, s->bytes, &cost));
        uint64_t each = a->header_bytes + a->poison_bytes;
        uint64_t kept = heap_cost_overhead(a, s->bytes) - a->ends_bytes;
        uint64_t free_bytes = s->free + a->poison_bytes;
        assert_int_equal(kept + free_bytes + s->allocated + s->blocks * each, s->bytes);
        // With nothing taken, or all of it at the front, one block is free.
        assert_int_equal(
                heap_cost_largest(&cost, free_bytes - a->ends_bytes) - a->poison_bytes, s->largest);
    }
}

/// The C6's heap is run by its ROM, from before blocks were rounded; a build may take ESP-IDF's instead.
static void the_roms_heap_rounds_no_block(void **state) {
    struct fixture *f = *state;
    struct heap_cost rom, idf;
    assert_true(load(f, "esp32c6", NULL, &f->target));
    assert_true(heap_cost_for(&f->target.allocator, 16360, &rom));
    assert_true(load(f, "esp32c6", "tlsf=idf", &f->target));
    assert_true(heap_cost_for(&f->target.allocator, 16360, &idf));
    assert_int_equal(heap_cost_bytes(&rom, 1000), 1004);
    assert_int_equal(heap_cost_bytes(&idf, 1000), 1028);
    assert_int_equal(rom.control_bytes - idf.control_bytes, 1736 - 396);
}

/// Between what the controller's hardware takes and the zero data of its ROM a heap is left: 0x1c78 bytes of it in the log above, 0xb98 in that of
/// a hands-free example with two synchronous connections (heap_init: At 3FFB7468 len 00000B98).
static void bluetooth_takes_more_with_more_connections(void **state) {
    struct fixture *f = *state;
    static const char *const chosen[] = { "bluetooth=0", "bluetooth=1", "bluetooth=2",
        "bluetooth=3" };
    static const uint64_t left[] = { 0x1c78, 0x1c78 - 0x870, 0xb98, 0xb98 - 0x870 };
    for (size_t c = 0; c < 4; c++) {
        uint32_t found = 0;
        assert_true(load(f, "esp32", chosen[c], &f->target));
        for (uint32_t i = 0; i < f->target.heap_count; i++)
            if (f->target.heaps[i].start + f->target.heaps[i].bytes == 0x3ffb8000) {
                assert_int_equal(f->target.heaps[i].bytes, left[c]);
                found++;
            }
        assert_int_equal(found, 1);
    }
}

/// The memory that has code alone is no heap: nothing of it counts.
static void code_memory_is_no_heap(void **state) {
    struct fixture *f = *state;
    struct target plain, open;
    assert_true(load(f, "esp32s3", NULL, &plain));
    assert_true(load(f, "esp32s3", "memory_protection=off", &open));
    uint32_t idle = 0;
    for (uint32_t i = 0; i < plain.heap_count; i++)
        idle += !target_heap_serves(&plain.heaps[i]);
    for (uint32_t i = 0; i < open.heap_count; i++)
        assert_true(target_heap_serves(&open.heaps[i]));
    assert_int_equal(idle, 1);
    assert_int_equal(plain.heap_count, open.heap_count);
    assert_true(heap_cost_region_overhead(&plain, 0) < heap_cost_region_overhead(&open, 0));
}

// ---- where addresses lie

static const struct {
    const char *chip;
    uint64_t address;
    const char *section;
    const char *memory;
    uint64_t main; ///< The same byte at the memory's own address.
} places[] = {
    { "esp32c6", 0x40800000, ".iram0.text", "internal", 0x40800000 },
    { "esp32c6", 0x4086e60f, ".dram0.bss", "internal", 0x4086e60f },
    { "esp32c6", 0x42000020, ".flash.rodata", "flash", 0x42000020 },
    { "esp32c6", 0x50000000, ".rtc.text", "lp", 0x50000000 },
    { "esp32s3", 0x40374000, ".iram0.vectors", "internal", 0x3fc84000 },
    { "esp32s3", 0x40378000, ".iram0.text", "internal", 0x3fc88000 },
    { "esp32s3", 0x3fc95000, ".dram0.bss", "internal", 0x3fc95000 },
    { "esp32s3", 0x3c000020, ".flash.rodata", "flash", 0x3c000020 },
    { "esp32s3", 0x3c120000, ".ext_ram.bss", "psram", 0x3c120000 },
    { "esp32s3", 0x42000020, ".flash.text", "flash", 0x42000020 },
    { "esp32s3", 0x600fe000, ".rtc.force_fast", "rtc", 0x600fe000 },
    { "esp32", 0x40080000, ".iram0.vectors", "iram", 0x40080000 },
    { "esp32", 0x4009fffc, ".iram0.text", "iram", 0x4009fffc },
    { "esp32", 0x400a0000, ".iram0.text", "internal", 0x3fffc000 },
    { "esp32", 0x400bfffc, "", "internal", 0x3ffe3ffc },
    { "esp32", 0x3ffb0000, ".dram0.data", "internal", 0x3ffb0000 },
    { "esp32", 0x3f400020, ".flash.rodata", "flash-data", 0x3f400020 },
    { "esp32", 0x400d0020, ".flash.text", "flash", 0x400d0020 },
    { "esp32", 0x3f800000, ".ext_ram.bss", "psram", 0x3f800000 },
    { "esp32", 0x400c0000, ".rtc.text", "rtc-fast", 0x3ff80000 },
    { "stm32f429", 0x20000400, ".bss", "sram", 0x20000400 },
    { "stm32f429", 0x10000000, ".ccmram", "ccm", 0x10000000 },
    { "stm32f429", 0xd0000000, ".sdram", "sdram", 0xd0000000 },
    { "stm32f429", 0x000001ac, ".isr_vector", "flash", 0x080001ac },
};

static void addresses_lie_where_the_chip_has_them(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct memories m;
        uint64_t main = 0;
        assert_true(load(f, places[i].chip, NULL, &f->target));
        memories_of(&f->arena, &f->target, NULL, NULL, &m);
        uint32_t found = memories_find(&m, places[i].address, str_from(places[i].section), &main);
        if (found == MEMORY_NONE)
            fail_msg(
                    "%s: 0x%llx is nowhere", places[i].chip, (unsigned long long)places[i].address);
        assert_string_equal(arena_copy(&f->arena, m.list[found].name).at, places[i].memory);
        assert_int_equal(main, places[i].main);
    }
}

/// One core instead of two: neither a number of the core in a control block nor tasks for calls between cores.
static void a_chip_of_one_core_pays_less(void **state) {
    struct fixture *f = *state;
    struct target one, two, alone;
    assert_true(load(f, "esp32c6", NULL, &one));
    assert_true(load(f, "esp32s3", NULL, &two));
    assert_true(load(f, "esp32", "cores=1", &alone));
    assert_int_equal(target_task_bytes(&one), 4096 + 1536 + 4096);
    assert_int_equal(target_task_bytes(&two), 4096 + 2 * 1536 + 2 * 1280 + 4096);
    assert_int_equal(target_task_bytes(&alone), 4096 + 1536 + 4096);
}

/// ESP-IDF's own tasks get 512 B more than their options say: the C6 of the summaries above printed 3,864 B of esp_timer's stack as never used.
static void stacks_of_the_system_are_larger_than_their_options(void **state) {
    struct fixture *f = *state;
    static const char *const chosen[] = { NULL, "stack_extra=0" };
    static const uint64_t bytes[] = { 4096, 3584 };
    for (size_t c = 0; c < 2; c++) {
        uint32_t found = 0;
        assert_true(load(f, "esp32c6", chosen[c], &f->target));
        for (uint32_t i = 0; i < f->target.task_count; i++)
            if (str_equal(f->target.tasks[i].name, STR("esp_timer"))) {
                assert_int_equal(f->target.tasks[i].stack_bytes, bytes[c]);
                found++;
            }
        assert_int_equal(found, 1);
    }
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(every_chip_adds_up),
        CASE(every_number_of_every_chip_has_a_source),
        CASE(what_devices_print_fits),
        CASE(a_heap_keeps_what_an_s3_printed),
        CASE(heaps_add_up_as_devices_printed_them),
        CASE(the_roms_heap_rounds_no_block),
        CASE(bluetooth_takes_more_with_more_connections),
        CASE(code_memory_is_no_heap),
        CASE(addresses_lie_where_the_chip_has_them),
        CASE(a_chip_of_one_core_pays_less),
        CASE(stacks_of_the_system_are_larger_than_their_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
