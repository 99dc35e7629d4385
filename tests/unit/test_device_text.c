/// What a device says of its memory: each grammar as ESP-IDF prints it, and each damaged.
#include "device_fixture.h"

static void the_start_of_a_device(void **state) {
    struct fixture *f = *state;
    fixture_assert_events(f,
            "ESP-ROM:esp32p4-eco2-20240710\nBuild:Jul 10 2024\nrst:0x1 (POWERON),boot:0x30f "
            "(SPI_FAST_FLASH_BOOT)\n"
            "load:0x4ff33ce0,len:0x164c\nentry 0x4ff2abda\n"
            "I (25) boot: ESP-IDF v5.5.1-dirty 2nd stage bootloader\nI (27) boot: chip revision: "
            "v1.3\n"
            "I (33) boot.esp32p4: SPI Speed      : 80MHz\nI (443) cpu_start: Multicore app\n",
            "1 stage 1 'esp32p4'\n3 stage 2 'POWERON'\n6 stage 3 'v5.5.1-dirty'\n7 revision 103\n"
            "8 name 'esp32p4'\n9 stage 4 ''\n");
    // v5.1 prints the application under cpu_start, an ESP32 begins without ESP-ROM
    fixture_assert_events(f,
            "ets Jul 29 2019 12:21:46\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\n"
            "I (200) cpu_start: Unicore app\nI (210) cpu_start: Project name:     hello world\n"
            "I (211) cpu_start: App version:      v1.0-3-gabc\nI (212) cpu_start: ESP-IDF:         "
            " v5.1\n"
            "I (213) cpu_start: Chip rev:         v3.0\nI (310) main_task: Calling app_main()\n",
            "2 stage 2 'POWERON_RESET'\n3 stage 4 ''\n4 name 'hello world'\n5 name "
            "'v1.0-3-gabc'\n6 name 'v5.1'\n"
            "7 revision 300\n8 stage 6 ''\n");
    fixture_assert_events(f,
            "I (1463) app_init: ESP-IDF:          v5.5-dev-2511-g2696c6bced8-dirt\n"
            "I (1475) efuse_init: Chip rev:         v3.1\n",
            "1 name 'v5.5-dev-2511-g2696c6bced8-dirt'\n2 revision 301\n");
}

static void a_start_that_is_damaged(void **state) {
    struct fixture *f = *state;
    fixture_assert_events(f, "rst:0x1 (POWERON)\n", "1 broken\n");
    fixture_assert_events(f, "I (27) boot: chip revision: v1\n", "1 broken\n");
    fixture_assert_events(f, "I (27) boot: chip revision: v1.234\n", "1 broken\n");
    fixture_assert_events(f, "I (27) boot: ESP-IDF v5.5.1 2nd st\n", "1 broken\n");
    fixture_assert_events(f, "I (27) app_init: ESP-IDF:   \n", "1 broken\n");
    fixture_assert_events(
            f, "I (27) boot: Multicore bootloader\nI (2) wifi: chip revision: v1.0\n", "");
}

static void regions_of_heap_init(void **state) {
    struct fixture *f = *state;
    fixture_assert_events(f,
            "I (1479) heap_init: Initializing. RAM available for dynamic allocation:\n"
            "I (1485) heap_init: At 4FF22310 len 00018CB0 (99 KiB): RAM\n"
            "\033[0;32mI (1491) heap_init: At 4FF3AFC0 len 00004BF0 (18 KiB): RETENT_RAM\033[0m\r\n"
            "I (1512) heap_init: At 3FFAE6E0 len 00001920 (6 KiB): DRAM\n"
            "I (1513) heap_init: At 40078000 len 00008000 (32 KiB): D/IRAM\n"
            "D (1514) heap_init: New heap initialised at 0x4ff22310\n",
            "1 stage 5 ''\n2 heap 4ff22310+18cb0 RAM\n3 heap 4ff3afc0+4bf0 RETENT_RAM\n"
            "4 heap 3ffae6e0+1920 DRAM\n5 heap 40078000+8000 D/IRAM\n");
    fixture_assert_events(
            f, "I (1485) heap_init: At 4FF22310 len 00018CB0 (98 KiB): RAM\n", "1 broken\n");
    fixture_assert_events(
            f, "I (1485) heap_init: At 4FF2231 len 00018CB0 (99 KiB): RAM\n", "1 broken\n");
    fixture_assert_events(
            f, "I (1485) heap_init: At 4FF22310 len 00018CB0 (99 KiB):\n", "1 broken\n");
    fixture_assert_events(
            f, "I (1485) heap_init: At 4FF22310 len 00018CB0 (99 KiB): RAM x\n", "1 broken\n");
    fixture_assert_events(f, "I (1485) heap_init: At 4FF22310 len\n", "1 broken\n");
    // the end of the file is not the end of the name
    fixture_assert_events(
            f, "I (1485) heap_init: At 4FF22310 len 00018CB0 (99 KiB): RETEN", "1 broken\n");
}

static void segments_of_the_bootloader(void **state) {
    struct fixture *f = *state;
    fixture_assert_events(f,
            "I (83) esp_image: segment 0: paddr=00010020 vaddr=40050020 size=12d54h ( 77140) map\n"
            "I (110) esp_image: segment 2: paddr=00022dc8 vaddr=4ff00000 size=0d138h ( 53560) "
            "load\n"
            "I (111) esp_image: segment 3: paddr=00022dc8 vaddr=00000000 size=00018h (    24) \n"
            "I (112) esp_image: segment 2: paddr=00022dc8 vaddr=4ff00000 size=0d138h ( 53561) "
            "load\n",
            "2 segment 4ff00000+d138\n4 broken\n");
}

static void psram_and_reserve(void **state) {
    struct fixture *f = *state;
    fixture_assert_events(f,
            "I esp_psram: Found 32MB PSRAM device\nI esp_psram: Speed: 200MHz\n"
            "I (1512) esp_psram: Adding pool of 30656K of PSRAM memory to heap allocator\n"
            "I (1513) esp_psram: Adding pool of 43K of PSRAM memory gap generated due to end "
            "address alignment of irom to the heap allocator\n"
            "I (1514) esp_psram: Adding pool of 256K of unencrypted PSRAM memory to heap "
            "allocator\n"
            "I (1562) esp_psram: Reserving pool of 32K of internal memory for DMA/internal "
            "allocations\n",
            "1 psram 33554432\n3 pool 31391744\n4 pool 44032\n5 pool 262144\n6 reserve 32768\n");
    fixture_assert_events(f, "I (1) esp_psram: Adding pool of 30656K of PSRAM mem\n", "1 broken\n");
    fixture_assert_events(f, "I (1) esp_psram: Found MB PSRAM device\n", "1 broken\n");
    fixture_assert_events(
            f, "I (1) esp_psram: Found 9007199254740992MB PSRAM device\n", "1 broken\n");
    fixture_assert_events(f,
            "I (1) esp_psram: Reserving pool of 9007199254740992K of internal memory for "
            "DMA/internal allocations\n",
            "1 broken\n");
    fixture_assert_events(
            f, "I (1) esp_psram: Reserving pool of 32K of internal memory\n", "1 broken\n");
}

static const char info[] =
        "Heap summary for capabilities 0x00000800:\n"
        "  At 0x4ff3afc0 len 19440 free 18288 allocated 100 min_free 18000\n"
        "    largest_free_block 17920 alloc_blocks 3 free_blocks 1 total_blocks 4\n"
        "  At 0x4ff40000 len 262144 free 200000 allocated 60000 min_free 150000\n"
        "    largest_free_block 126976 alloc_blocks 412 free_blocks 7 total_blocks 419\n"
        "  Totals:\n"
        "    free 218288 allocated 60100 min_free 168000 largest_free_block 126976\n";

static void the_summary_of_heaps(void **state) {
    struct fixture *f = *state;
    static const char expected[] =
            "1 info 800\n2 in 4ff3afc0+19440 free 18288 allocated 100 least 18000\n"
            "3 blocks 17920 of 3+1\n"
            "4 in 4ff40000+262144 free 200000 allocated 60000 least 150000\n"
            "5 blocks 126976 of 412+7\n7 total 218288 60100 168000 126976\n";
    fixture_assert_events(f, info, expected);
    struct events out = fixture_events(f, info, NULL);
    assert_int_equal(out.counts.read, 7);
    assert_int_equal(out.counts.nothing + out.counts.broken, 0);
}

static void a_summary_that_is_damaged(void **state) {
    struct fixture *f = *state;
    fixture_assert_events(f, "Heap summary for capabilities 0x0000080\n", "1 broken\n");
    fixture_assert_events(f, "  At 0x4ff3afc0 len 19440 free 18288 alloc\n", "1 broken\n");
    fixture_assert_events(
            f, "  At 0x4ff3afc0 len 19440 free 19441 allocated 0 min_free 0\n", "1 broken\n");
    fixture_assert_events(f,
            "    largest_free_block 17920 alloc_blocks 3 free_blocks 1 total_blocks 5\n",
            "1 broken\n");
    fixture_assert_events(f, "    free 218288 allocated 60100 min_free 168000\n", "1 broken\n");
    fixture_assert_events(f,
            "    free 218288 allocated 60100 min_free 168000 largest_free_block -1\n",
            "1 broken\n");
    fixture_assert_events(f, "free as a bird\nfree 12 of 13\nI (1) x: At 0x12\n", "");
    // the last number may go on behind the end of the file
    fixture_assert_events(
            f, "    free 1 allocated 2 min_free 1 largest_free_block 12", "1 broken\n");
}

static void task_lists(void **state) {
    struct fixture *f = *state;
    // with and without CONFIG_FREERTOS_VTASKLIST_INCLUDE_COREID
    fixture_assert_events(f,
            "Task Name\tStatus\tPrio\tHWM\tTask#\tAffinity\n"
            "main            \tX\t1\t1948\t4\t0\r\r\nIDLE0           \tR\t0\t1020\t5\t-1\n"
            "my task         \tB\t20\t512\t12\t1\n"
            "esp_timer       \tS\t22\t3000\t3\n",
            "2 task 'main' X 1 1948 4 0\n3 task 'IDLE0' R 0 1020 5 -1\n4 task 'my task' B 20 512 "
            "12 1\n"
            "5 task 'esp_timer' S 22 3000 3 -2\n");
    // tabs that a terminal made spaces, known by the title
    fixture_assert_events(f,
            "Name State Prio Stack Num\nmain            X       1       1948    4\n",
            "2 task 'main' X 1 1948 4 -2\n");
    fixture_assert_events(f, "main            X       1       1948    4\n", "");
    fixture_assert_events(f, "main\tQ\t1\t1948\t4\nmain\tX\t1\t-1948\t4\n\tX\t1\t2\t3\na\tb\n", "");
    fixture_assert_events(f, "a\tX\t1\t2\t3\nb\tX\t1\t\n", "1 task 'a' X 1 2 3 -2\n2 broken\n");
}

static void heaps_of_tasks(void **state) {
    struct fixture *f = *state;
    fixture_assert_events(f,
            "┌────────────────────┬─────────┬──────────────────────┬───────────────────┬───────────"
            "──────┐\n"
            "│ TASK               │ STATUS  │ CURRENT MEMORY USAGE │ PEAK MEMORY USAGE │ TOTAL "
            "HEAP USED │\n"
            "├────────────────────┼─────────┼──────────────────────┼───────────────────┼───────────"
            "──────┤\n"
            "│               main │ ALIVE   │                14480 │             20236 │           "
            "    2 │\n"
            "│     Pre-scheduler  │ DELETED │                    0 │               112 │           "
            "    1 │\n"
            "└────────────────────┴─────────┴──────────────────────┴───────────────────┴───────────"
            "──────┘\n",
            "2 task heaps\n4 has 'main' 14480 20236 2\n5 has 'Pre-scheduler' deleted 0 112 1\n");
    fixture_assert_events(f,
            "├ ALIVE: main, CURRENT MEMORY USAGE 308, PEAK MEMORY USAGE 7808, TOTAL HEAP USED 2:\n"
            "│    ├ HEAP: RAM, CAPS: 0x0010580e, SIZE: 344400, USAGE: CURRENT 220 (0%), PEAK 220 "
            "(0%), ALLOC COUNT: 2\n"
            "│    │    ├ ALLOC 0x4ff3b9b8, SIZE 88\n"
            "│    └ HEAP: SPIRAM, CAPS: 0x00009406, SIZE: 7120, USAGE: CURRENT 88 (1%), PEAK 88 "
            "(1%), ALLOC COUNT: 1\n"
            "└ DELETED: wifi, CURRENT MEMORY USAGE 0, PEAK MEMORY USAGE 4, TOTAL HEAP USED 1:\n",
            "1 has 'main' 308 7808 2 detail\n2 part 'RAM' 10580e 344400: 220 220 2\n"
            "4 part 'SPIRAM' 9406 7120: 88 88 1\n5 has 'wifi' deleted 0 4 1 last\n");
    // a monitor that knows no UTF-8
    fixture_assert_events(f, "??? main ??? ALIVE   ??? 14480 ??? 20236 ??? 2 ???\n",
            "1 has 'main' 14480 20236 2\n");
    fixture_assert_events(f, "│ main │ ALIVE │ 14480 │ 20236 │\n", "1 broken\n");
    fixture_assert_events(f, "├ ALIVE: main, CURRENT MEMORY USAGE 308, PEAK\n", "1 broken\n");
    fixture_assert_events(
            f, "│    ├ HEAP: RAM, CAPS: 0x0010580e, SIZE: 344400, USAGE: CUR\n", "1 broken\n");
    fixture_assert_events(f, "????\n??? what ???\n| a | b |\n", "");
}

static void what_goes_wrong(void **state) {
    struct fixture *f = *state;
    fixture_assert_events(f,
            "\n\nMem alloc fail. size 0x00004000 caps 0x00001800\n"
            "abort() was called at PC 0x4ff0a1b2 on core 0\n"
            "Guru Meditation Error: Core  0 panic'ed (Load access fault). Exception was "
            "unhandled.\n"
            "***ERROR*** A stack overflow in task main has been detected.\n"
            "CORRUPT HEAP: Bad head at 0x3ffb1234. Expected 0xabba1234 got 0x00000000\n"
            "assert failed: multi_heap_free multi_heap_poisoning.c:259 (head != NULL)\n"
            "E (99) esp_core_dump_elf: Block corruption detected in the heap (0x3fc9-0x3fca)\n"
            "I (1) app: said abort() was called at PC 0x1\n",
            "3 no memory 16384 1800\n4 panic 1 'abort() was called at PC 0x4ff0a1b2 on core 0'\n"
            "5 panic 0 'Guru Meditation Error: Core  0 panic'ed (Load access fault). Exception was "
            "unhandled.'\n"
            "6 panic 3 '***ERROR*** A stack overflow in task main has been detected.'\n"
            "7 panic 4 'CORRUPT HEAP: Bad head at 0x3ffb1234. Expected 0xabba1234 got 0x00000000'\n"
            "8 panic 2 'assert failed: multi_heap_free multi_heap_poisoning.c:259 (head != NULL)'\n"
            "9 panic 4 'Block corruption detected in the heap (0x3fc9-0x3fca)'\n");
    fixture_assert_events(f, "Mem alloc fail. size 0x0000 caps\n", "1 broken\n");
}

static void heap_traces_go_to_their_own_reader(void **state) {
    struct fixture *f = *state;
    fixture_assert_events(f,
            "====== Heap Trace: 1 records (100 capacity) ======\n"
            "    64 bytes (@ 0x4ff3b9b8, Internal) allocated CPU 0 ccount 0x0012a3b4\n"
            "====== Heap Trace Summary ======\n"
            "--- 0x4000c480: app_main at main.c:12\n",
            "1 blocks text 2\n2 blocks text 3\n3 blocks text 5\n");
}

// ---- lines in each other

static void halves_are_put_together(void **state) {
    struct fixture *f = *state;
    static const char text[] = "I (12) heap_init: At 4FF0I (13) cpu_start: Multicore app\n"
                               "3000 len 0001F000 (124 KiB): RETENT_RAM\n";
    fixture_assert_events(f, text, "1 stage 4 ''\n1 mended heap 4ff03000+1f000 RETENT_RAM\n");
    struct events out = fixture_events(f, text, NULL);
    assert_int_equal(out.counts.mended, 1);
    assert_int_equal(out.counts.read, 2);
    assert_int_equal(out.counts.broken + out.counts.nothing, 0);
    // the head of the head
    fixture_assert_events(f,
            "I (1I (13) wifi: x\n2) heap_init: At 4FF03000 len 0001F000 (124 KiB): RAM\n",
            "1 mended heap 4ff03000+1f000 RAM\n");
    // other lines in between
    fixture_assert_events(f,
            "I (12) heap_init: At 4FF0I (13) a: b\nI (14) c: d\nsomething\n3000 len 0001F000 (124 "
            "KiB): RAM\n",
            "1 mended heap 4ff03000+1f000 RAM\n");
}

static void a_half_without_its_other_half_is_broken(void **state) {
    struct fixture *f = *state;
    fixture_assert_events(f, "I (12) heap_init: At 4FF0I (13) a: b\n", "1 broken\n");
    fixture_assert_events(f,
            "I (12) heap_init: At 4FF0I (13) a: b\n1\n2\n3\n4\n5\n3000 len 0001F000 (124 KiB): "
            "RAM\n",
            "1 broken\n");
    // a name that may go on
    fixture_assert_events(f,
            "I (12) heap_init: At 4FF03000 len 0001F000 (124 KiB): RETENTI (13) a: b\n",
            "1 broken\n");
    fixture_assert_events(f,
            "I (12) heap_init: At 4FF03000 len 0001F000 (124 KiB): RETENTI (13) a: b\n_RAM\n",
            "1 mended heap 4ff03000+1f000 RETENT_RAM\n");
    // one that is closed
    fixture_assert_events(f, "I (12) main_task: Calling app_main()I (13) a: b\n", "1 stage 6 ''\n");
}

static void a_number_with_a_seam_is_not_believed(void **state) {
    struct fixture *f = *state;
    struct events out =
            fixture_events(f, "I (1) m: free 12I (2) a: b\n34 bytes\n", "free {internal} bytes");
    assert_string_equal(out.text, "1 broken\n");
    out = fixture_events(f, "I (1) m: freI (2) a: b\ne 1234 bytes\n", "free {internal} bytes");
    assert_string_equal(out.text, "1 mended free '' internal=1234\n");
    out = fixture_events(f, "I (1) m: free 12I (2) a: b\n", "free {internal}");
    assert_string_equal(out.text, "1 broken\n");
    out = fixture_events(f, "free 12", "free {internal}");
    assert_string_equal(out.text, "1 broken\n");
    out = fixture_events(f, "free 12\n", "free {internal}");
    assert_string_equal(out.text, "1 free '' internal=12\n");
}

static void lines_of_others_do_not_matter(void **state) {
    struct fixture *f = *state;
    struct events out = fixture_events(f,
            "garbage \xff\xfe\n--- idf_monitor on /dev/ttyUSB0 115200\n[12:00:00] free 5\nI (1) "
            "wifi: free memory\n\n",
            "free {internal}");
    assert_string_equal(out.text, "3 free '' internal=5\n");
    assert_int_equal(out.counts.read, 1);
    assert_int_equal(out.counts.nothing, 2);
    assert_int_equal(out.counts.monitor, 1);
}

// ---- nothing is guessed

/// All grammars in one text, with numbers that a cut or a seam would make others.
static const char every[] =
        "ESP-ROM:esp32p4-eco2-20240710\n"
        "rst:0x1 (POWERON),boot:0x30f (SPI_FAST_FLASH_BOOT)\n"
        "I (25) boot: ESP-IDF v5.5.1 2nd stage bootloader\n"
        "I (27) boot: chip revision: v1.3\n"
        "I (110) esp_image: segment 2: paddr=00022dc8 vaddr=4ff00000 size=0d138h ( 53560) load\n"
        "I (20) esp_psram: Found 32MB PSRAM device\n"
        "I (1463) app_init: ESP-IDF:          v5.5.1\n"
        "I (1485) heap_init: At 4FF22310 len 00018CB0 (99 KiB): RETENT_RAM\n"
        "I (1512) esp_psram: Adding pool of 30656K of PSRAM memory to heap allocator\n"
        "I (1600) mem: [after wifi] free 123456, largest 65536 bytes\n"
        "Heap summary for capabilities 0x00000800:\n"
        "  At 0x4ff3afc0 len 19440 free 18288 allocated 100 min_free 18000\n"
        "    largest_free_block 17920 alloc_blocks 31 free_blocks 13 total_blocks 44\n"
        "  Totals:\n"
        "    free 18288 allocated 100 min_free 18000 largest_free_block 17920\n"
        "main            \tX\t12\t1948\t41\t0\n"
        "│               main │ ALIVE   │                14480 │             20236 │               "
        "2 │\n"
        "├ ALIVE: main, CURRENT MEMORY USAGE 308, PEAK MEMORY USAGE 7808, TOTAL HEAP USED 12:\n"
        "│    └ HEAP: RAM, CAPS: 0x0010580e, SIZE: 344400, USAGE: CURRENT 220 (0%), PEAK 220 (0%), "
        "ALLOC COUNT: 21\n"
        "Mem alloc fail. size 0x00004000 caps 0x00001800\n";

static const char every_pattern[] = "[{name}] free {internal}, largest {largest} bytes";

/// An event without the number of its line.
static const char *without_line(const char *event) {
    event += strspn(event, "0123456789 ");
    return strncmp(event, "mended ", 7) == 0 ? event + 7 : event;
}

/// Whether each event of `some` that is not broken is one of `all`, in their order.
static void assert_among(const char *some, const char *all, const char *text) {
    static char copy[16384], whole[16384];
    char *next = copy;
    snprintf(copy, sizeof copy, "%s", some);
    snprintf(whole, sizeof whole, "\n%s", all);
    for (char *event; (event = strsep(&next, "\n")) != NULL && *event;) {
        char wanted[1024];
        const char *plain = without_line(event);
        if (strcmp(plain, "broken") == 0)
            continue;
        snprintf(wanted, sizeof wanted, " %s\n", plain);
        if (strstr(whole, wanted) == NULL)
            fail_msg("'%s' was made of:\n%s", event, text);
    }
}

static void a_log_that_is_cut_tells_nothing_else(void **state) {
    struct fixture *f = *state;
    struct events all = fixture_events(f, every, every_pattern);
    assert_int_equal(all.counts.broken + all.counts.nothing, 0);
    for (size_t at = 0; at < sizeof every - 1; at++) {
        char text[sizeof every];
        snprintf(text, sizeof text, "%.*s", (int)at, every);
        struct events some = fixture_events(f, text, every_pattern);
        assert_among(some.text, all.text, text);
    }
}

static void a_line_inside_of_another_changes_nothing(void **state) {
    struct fixture *f = *state;
    struct events all = fixture_events(f, every, every_pattern);
    uint64_t mended = 0;
    for (size_t at = 0; at < sizeof every - 1; at++) {
        char text[sizeof every + 64];
        snprintf(text, sizeof text, "%.*sI (9) other: core\n%s", (int)at, every, every + at);
        struct events some = fixture_events(f, text, every_pattern);
        assert_among(some.text, all.text, text);
        mended += some.counts.mended;
    }
    assert_true(mended > (sizeof every - 1) / 2);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(the_start_of_a_device),
        CASE(a_start_that_is_damaged),
        CASE(regions_of_heap_init),
        CASE(segments_of_the_bootloader),
        CASE(psram_and_reserve),
        CASE(the_summary_of_heaps),
        CASE(a_summary_that_is_damaged),
        CASE(task_lists),
        CASE(heaps_of_tasks),
        CASE(what_goes_wrong),
        CASE(heap_traces_go_to_their_own_reader),
        CASE(halves_are_put_together),
        CASE(a_half_without_its_other_half_is_broken),
        CASE(a_number_with_a_seam_is_not_believed),
        CASE(lines_of_others_do_not_matter),
        CASE(a_log_that_is_cut_tells_nothing_else),
        CASE(a_line_inside_of_another_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
