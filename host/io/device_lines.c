// See device_lines.h. Each grammar names the file of ESP-IDF that prints it; where nothing else is said it is the same from v5.1 to v6.1 and in the
// development branch after it (commit 102122904ade).
#include "device_lines.h"

#include "scan.h"

#include <string.h>

static void broken(struct device_event *out, const char *reason) {
    out->type = DEVICE_BROKEN;
    out->reason = reason;
}

/// The end of a form: it was one of `type`, or is broken.
static void end_form(
        struct scan *s, struct device_event *out, enum device_event_type type, const char *reason) {
    if (scan_is_done(s))
        out->type = type;
    else
        broken(out, reason);
}

static struct scan scan_of(struct str s) {
    return (struct scan){ .rest = s, .ok = true };
}

// ---- the start of a device

/// components/heap/heap_caps_init.c: "At %08X len %08X (%d KiB): %s".
static void read_heap_init(const struct serial_piece *p, struct device_event *out) {
    struct scan s = scan_of(p->message);
    if (scan_try(&s, "Initializing. RAM available")) {
        out->type = DEVICE_STAGE;
        out->stage = DEVICE_STAGE_HEAPS;
        return;
    }
    if (p->level == 'D' || p->level == 'V') { // "New heap initialised at 0x..."
        out->type = DEVICE_KNOWN;
        return;
    }
    scan_words(&s, "At ");
    out->address = scan_hex(&s, 8);
    scan_words(&s, " len ");
    out->bytes = scan_hex(&s, 8);
    scan_words(&s, " (");
    s.ok = scan_number(&s) == out->bytes / 1024 && s.ok;
    scan_words(&s, " KiB): ");
    out->name = scan_word(&s);
    if (scan_try(&s, " RAM")) // "Retention RAM": components/heap/port/esp32c3/memory_layout.c
        out->name.len += sizeof " RAM" - 1;
    end_form(&s, out, DEVICE_HEAP, "not a region as heap_init prints it");
}

/// components/esp_psram/system_layer/esp_psram.c (v5.1: components/esp_psram/esp_psram.c). "Adding pool" comes once for the memory itself, and for
/// each gap beside code and constants in it, and (from v6.2) for its unencrypted part.
static void read_psram(const struct serial_piece *p, struct device_event *out) {
    struct scan s = scan_of(p->message);
    if (scan_try(&s, "Found ")) {
        out->bytes = scan_number_of(&s, 1 << 20);
        scan_words(&s, "MB PSRAM device");
        end_form(&s, out, DEVICE_PSRAM, "not the size of a PSRAM chip");
    } else if (scan_try(&s, "Adding pool of ")) {
        out->bytes = scan_number_of(&s, 1 << 10);
        scan_words(&s, "K of ");
        (void)scan_try(&s, "unencrypted ");
        scan_words(&s, "PSRAM memory ");
        (void)(s.ok && scan_until(&s, "to ").len);
        (void)scan_try(&s, "the ");
        (void)(scan_try(&s, "heap allocator") || scan_until(&s, "to the heap allocator").len);
        end_form(&s, out, DEVICE_PSRAM_POOL, "not the size of a heap in PSRAM");
    } else if (scan_try(&s, "Reserving pool of ")) {
        out->bytes = scan_number_of(&s, 1 << 10);
        scan_words(&s, "K of internal memory for DMA/internal allocations");
        end_form(&s, out, DEVICE_RESERVE, "not the size of the reserve");
    }
}

/// "v1.3" as 103.
static uint64_t scan_revision(struct scan *s) {
    scan_blanks(s);
    scan_words(s, "v");
    uint64_t major = scan_number(s);
    scan_words(s, ".");
    uint64_t minor = scan_number(s);
    s->ok = s->ok && major < 100 && minor < 100;
    return major * 100 + minor;
}

static void read_revision(struct scan *s, struct device_event *out) {
    out->number = scan_revision(s);
    end_form(s, out, DEVICE_REVISION, "not a revision of the silicon");
}

/// components/bootloader_support/src/bootloader_init.c; the flash's settings come under the tag boot.CHIP (src/CHIP/bootloader_CHIP.c).
static void read_boot(const struct serial_piece *p, struct device_event *out) {
    struct scan s = scan_of(p->message), tag = scan_of(p->tag);
    if (scan_try(&tag, "boot.") && tag.rest.len > 0) {
        out->type = DEVICE_CHIP;
        out->name = tag.rest;
    } else if (scan_try(&s, "chip revision:")) {
        read_revision(&s, out);
    } else if (scan_try(&s, "ESP-IDF ")) {
        out->name = scan_word(&s);
        scan_words(&s, " 2nd stage bootloader");
        out->stage = DEVICE_STAGE_BOOTLOADER;
        end_form(&s, out, DEVICE_STAGE, "not the bootloader's first line");
    }
}

/// components/bootloader_support/src/esp_image_format.c: "segment %d: paddr=%08x vaddr=%08x size=%05xh (%6u) load".
static void read_segment(const struct serial_piece *p, struct device_event *out) {
    struct scan s = scan_of(p->message);
    if (!scan_try(&s, "segment "))
        return;
    (void)scan_number(&s);
    scan_words(&s, ": paddr=");
    (void)scan_hex(&s, 8);
    scan_words(&s, " vaddr=");
    out->address = scan_hex(&s, 8);
    scan_words(&s, " size=");
    out->bytes = scan_hex(&s, 0);
    scan_words(&s, "h (");
    s.ok = scan_number(&s) == out->bytes && s.ok;
    scan_words(&s, ")");
    scan_blanks(&s);
    bool is_loaded = scan_try(&s, "load");
    (void)(!is_loaded && scan_try(&s, "map"));
    end_form(&s, out, is_loaded ? DEVICE_SEGMENT : DEVICE_KNOWN,
            "not a segment as the bootloader prints it");
}

static void read_name(struct scan *s, struct device_event *out, enum device_event_type type) {
    out->name = scan_rest(s);
    end_form(s, out, out->name.len ? type : DEVICE_BROKEN, "a name is missing");
}

/// components/esp_app_format/esp_app_desc.c, tag app_init (v5.1: components/esp_system/startup.c, tag cpu_start); the revision comes from
/// components/efuse/src/esp_efuse_startup.c, tag efuse_init (v5.1: cpu_start); "Multicore app" from components/esp_system/port/cpu_start.c.
static void read_app(const struct serial_piece *p, struct device_event *out) {
    struct scan s = scan_of(p->message);
    if (scan_try(&s, "ESP-IDF:")) {
        read_name(&s, out, DEVICE_IDF);
    } else if (scan_try(&s, "Project name:")) {
        read_name(&s, out, DEVICE_PROJECT);
    } else if (scan_try(&s, "App version:")) {
        read_name(&s, out, DEVICE_APP_VERSION);
    } else if (scan_try(&s, "Chip rev:")) {
        read_revision(&s, out);
    } else if (str_equal(p->tag, STR("cpu_start")) &&
               (scan_try(&s, "Multicore app") || scan_try(&s, "Unicore app"))) {
        out->type = DEVICE_STAGE;
        out->stage = DEVICE_STAGE_APP;
    }
}

/// components/freertos/app_startup.c.
static void read_main(const struct serial_piece *p, struct device_event *out) {
    if (!str_equal(p->message, STR("Calling app_main()")))
        return;
    out->type = DEVICE_STAGE;
    out->stage = DEVICE_STAGE_MAIN;
}

/// The chip's ROM: "ESP-ROM:esp32p4-eco2-20240710", "rst:0x1 (POWERON),boot:0x18 (SPI_FAST_FLASH_BOOT)".
static void read_rom(const struct serial_piece *p, struct device_event *out) {
    struct scan s = scan_of(p->text);
    if (scan_try(&s, "ESP-ROM:")) {
        out->stage = DEVICE_STAGE_ROM;
        out->name = scan_until(&s, "-");
        out->type = DEVICE_STAGE;
        if (!s.ok)
            broken(out, "not the ROM's name");
    } else if (scan_try(&s, "rst:0x")) {
        (void)scan_hex(&s, 0);
        scan_words(&s, " (");
        out->name = scan_until(&s, "),boot:");
        out->stage = DEVICE_STAGE_RESET;
        out->type = DEVICE_STAGE;
        if (!s.ok)
            broken(out, "not a reset as the ROM prints it");
    }
}

static bool is_tag(const struct serial_piece *p, const char *tag) {
    return p->level != 0 && str_equal(p->tag, str_from(tag));
}

static void read_start(const struct serial_piece *p, struct device_event *out) {
    if (is_tag(p, "heap_init"))
        read_heap_init(p, out);
    else if (is_tag(p, "esp_psram"))
        read_psram(p, out);
    else if (is_tag(p, "boot") || (p->level && str_starts_with(p->tag, STR("boot."))))
        read_boot(p, out);
    else if (is_tag(p, "esp_image"))
        read_segment(p, out);
    else if (is_tag(p, "app_init") || is_tag(p, "cpu_start") || is_tag(p, "efuse_init"))
        read_app(p, out);
    else if (is_tag(p, "main_task"))
        read_main(p, out);
    else if (p->level == 0)
        read_rom(p, out);
}

// ---- heap_caps_print_heap_info(): components/heap/heap_caps.c

static void read_info_heap(struct scan *s, struct device_event *out) {
    out->address = scan_hex(s, 8);
    scan_words(s, " len ");
    out->bytes = scan_number(s);
    scan_words(s, " free ");
    out->free = scan_number(s);
    scan_words(s, " allocated ");
    out->allocated = scan_number(s);
    scan_words(s, " min_free ");
    out->least_free = scan_number(s);
    s->ok = s->ok && out->free <= out->bytes && out->allocated <= out->bytes;
    end_form(s, out, DEVICE_INFO_HEAP, "not a heap as heap_caps_print_heap_info() prints it");
}

static void read_info_blocks(struct scan *s, struct device_event *out) {
    out->largest = scan_number(s);
    scan_words(s, " alloc_blocks ");
    out->used_blocks = scan_number(s);
    scan_words(s, " free_blocks ");
    out->free_blocks = scan_number(s);
    scan_words(s, " total_blocks ");
    out->blocks = scan_number(s);
    s->ok = s->ok && out->used_blocks + out->free_blocks == out->blocks;
    end_form(s, out, DEVICE_INFO_BLOCKS, "not the blocks of a heap");
}

static void read_info_total(struct scan *s, struct device_event *out) {
    out->free = scan_number(s);
    scan_words(s, " allocated ");
    out->allocated = scan_number(s);
    scan_words(s, " min_free ");
    out->least_free = scan_number(s);
    scan_words(s, " largest_free_block ");
    out->largest = scan_number(s);
    end_form(s, out, DEVICE_INFO_TOTAL, "not the sums of heap_caps_print_heap_info()");
}

/// "free 12 allocated ..." and no sentence of an application's that begins with "free".
static bool is_info_total(struct str text) {
    struct scan s = scan_of(text);
    scan_words(&s, "free ");
    (void)scan_number(&s);
    scan_words(&s, " allocated ");
    return s.ok;
}

static void read_info(const struct serial_piece *p, struct device_event *out) {
    struct scan s = scan_of(scan_trim(p->text));
    bool is_total = is_info_total(s.rest);
    if (scan_try(&s, "Heap summary for capabilities 0x")) {
        out->caps = scan_hex(&s, 8);
        scan_words(&s, ":");
        end_form(&s, out, DEVICE_INFO, "not the title of heap_caps_print_heap_info()");
    } else if (scan_try(&s, "At 0x")) {
        read_info_heap(&s, out);
    } else if (scan_try(&s, "largest_free_block ")) {
        read_info_blocks(&s, out);
    } else if (str_equal(s.rest, STR("Totals:"))) {
        out->type = DEVICE_KNOWN;
    } else if (is_total && scan_try(&s, "free ")) {
        read_info_total(&s, out);
    }
}

// ---- vTaskList(): components/freertos/FreeRTOS-Kernel/tasks.c

/// The last word of `s`, taken off; empty when there is none.
static struct str take_last(struct str *s) {
    *s = scan_trim(*s);
    size_t n = 0;
    while (n < s->len && s->at[s->len - n - 1] != ' ' && s->at[s->len - n - 1] != '\t')
        n++;
    struct str word = { s->at + s->len - n, n };
    s->len -= n;
    return word;
}

static bool is_number(struct str word, int64_t *out) {
    struct scan s = scan_of(word);
    *out = scan_signed(&s);
    return s.ok && s.rest.len == 0;
}

/// "main            \tX\t1\t1948\t4\t0": the last one only with CONFIG_FREERTOS_VTASKLIST_INCLUDE_COREID, -1 for a task without affinity.
static bool read_task(struct str text, struct device_event *out) {
    int64_t numbers[4];
    uint32_t count = 0;
    struct str rest = text, word = take_last(&rest);
    while (count < 4 && is_number(word, &numbers[count])) {
        count++;
        word = take_last(&rest);
    }
    rest = scan_trim(rest);
    bool is_task = count >= 3 && word.len == 1 && strchr("XBRSD", word.at[0]) != NULL &&
                   rest.len > 0 && numbers[count - 1] >= 0 && numbers[count - 2] >= 0 &&
                   numbers[count - 3] >= 0;
    if (!is_task)
        return false;
    out->type = DEVICE_TASK;
    out->name = rest;
    out->state = word.at[0];
    out->priority = (uint64_t)numbers[count - 1];
    out->free = (uint64_t)numbers[count - 2];
    out->number = (uint64_t)numbers[count - 3];
    out->core = count == 4 ? numbers[0] : DEVICE_NO_CORE;
    return true;
}

static bool has(struct str text, const char *part) {
    return scan_find(text, str_from(part)) != SIZE_MAX;
}

/// "Task Name\tStatus\tPrio\tHWM\tTask#\tAffinity" of examples/system/console/advanced, and the like.
static bool is_task_title(struct str text) {
    return (has(text, "Task") || has(text, "Name")) && has(text, "Prio") &&
           (has(text, "HWM") || has(text, "Stack") || has(text, "stack"));
}

static void read_tasks(const struct serial_piece *p, bool in_task_list, struct device_event *out) {
    bool has_tabs = memchr(p->text.at, '\t', p->text.len) != NULL;
    if (p->level != 0)
        return;
    if (is_task_title(p->text))
        out->type = DEVICE_KNOWN;
    else if (!((has_tabs || in_task_list) && read_task(p->text, out)) && has_tabs && in_task_list)
        broken(out, "not a task as vTaskList() prints it");
}

// ---- heap_caps_print_all_task_stat() and _overview(): components/heap/heap_task_info.c, from v5.5

enum { GLYPH_BYTES = 3 };

/// Length of a piece of a frame at the front: a box-drawing glyph, or what is left of one when the monitor knew no UTF-8.
static size_t glyph_length(struct str s) {
    if (s.len >= GLYPH_BYTES && memcmp(s.at, "\xe2\x94", 2) == 0)
        return GLYPH_BYTES;
    return s.len > 0 && (s.at[0] == '?' || s.at[0] == '|') ? 1 : 0;
}

/// Passes over frames and blanks; whether there was any frame.
static bool skip_frames(struct scan *s) {
    bool found = false;
    for (;;) {
        scan_blanks(s);
        size_t len = glyph_length(s->rest);
        if (len == 0)
            return found;
        s->rest.at += len;
        s->rest.len -= len;
        found = true;
    }
}

/// The text of a cell, and the frame behind it.
static struct str scan_cell(struct scan *s) {
    size_t n = 0;
    while (n < s->rest.len && glyph_length((struct str){ s->rest.at + n, s->rest.len - n }) == 0)
        n++;
    struct str cell = { s->rest.at, n };
    s->rest.at += n;
    s->rest.len -= n;
    s->ok = s->ok && skip_frames(s);
    return scan_trim(cell);
}

static uint64_t scan_number_cell(struct scan *s) {
    int64_t value;
    struct str cell = scan_cell(s);
    s->ok = s->ok && is_number(cell, &value) && value >= 0;
    return s->ok ? (uint64_t)value : 0;
}

static void read_overview(struct scan *s, struct device_event *out) {
    out->name = scan_cell(s);
    struct str status = scan_cell(s);
    out->is_alive = str_equal(status, STR("ALIVE"));
    s->ok = s->ok && out->name.len > 0 && (out->is_alive || str_equal(status, STR("DELETED")));
    out->bytes = scan_number_cell(s);
    out->peak = scan_number_cell(s);
    out->number = scan_number_cell(s);
    end_form(s, out, DEVICE_TASK_HEAP, "not a row of the overview of tasks");
}

static void read_detail(struct scan *s, struct device_event *out) {
    out->is_detail = true;
    out->name = scan_trim(scan_until(s, ", CURRENT MEMORY USAGE "));
    out->bytes = scan_number(s);
    scan_words(s, ", PEAK MEMORY USAGE ");
    out->peak = scan_number(s);
    scan_words(s, ", TOTAL HEAP USED ");
    out->number = scan_number(s);
    scan_words(s, ":");
    end_form(s, out, DEVICE_TASK_HEAP, "not a task's heap as ESP-IDF prints it");
}

/// "Task: main -> CAP_8BIT: 308 CAP_32BIT: 0" of examples/system/heap_task_tracking (v5.1): a block counts in the first of the two that it has.
static void read_task_sums(struct scan *s, struct device_event *out) {
    out->name = scan_trim(scan_until(s, " -> CAP_8BIT: "));
    out->is_alive = true;
    out->is_sum = true;
    out->bytes = scan_number(s);
    scan_words(s, " CAP_32BIT: ");
    out->bytes += scan_number(s);
    end_form(s, out, DEVICE_TASK_HEAP, "not a task's heap as ESP-IDF's example prints it");
}

/// "CURRENT 12 (3%)": the share is made from it, and not kept.
static uint64_t scan_share(struct scan *s, const char *words) {
    scan_words(s, words);
    uint64_t value = scan_number(s);
    scan_words(s, " (");
    (void)scan_number(s);
    scan_words(s, "%)");
    return value;
}

static void read_part(struct scan *s, struct device_event *out) {
    out->name = scan_until(s, ", CAPS: 0x");
    out->caps = scan_hex(s, 8);
    scan_words(s, ", SIZE: ");
    out->size = scan_number(s);
    out->bytes = scan_share(s, ", USAGE: CURRENT ");
    out->peak = scan_share(s, ", PEAK ");
    scan_words(s, ", ALLOC COUNT: ");
    out->blocks = scan_number(s);
    end_form(s, out, DEVICE_TASK_PART, "not a heap of a task");
}

static void read_task_heaps(const struct serial_piece *p, struct device_event *out) {
    struct scan s = scan_of(p->text);
    if (has(p->text, " -> CAP_8BIT: ") && scan_try(&s, "Task: ")) {
        read_task_sums(&s, out);
        return;
    }
    if (!skip_frames(&s))
        return;
    out->is_last = has(p->text, "\xe2\x94\x94");
    if (s.rest.len == 0) {
        out->type = p->text.at[0] == '?' || p->text.at[0] == '|' ? DEVICE_NOTHING : DEVICE_KNOWN;
    } else if (str_starts_with(s.rest, STR("TASK  ")) && has(s.rest, "CURRENT MEMORY USAGE")) {
        out->type = DEVICE_TASK_HEAPS;
    } else if (scan_try(&s, "ALIVE: ")) {
        out->is_alive = true;
        read_detail(&s, out);
    } else if (scan_try(&s, "DELETED: ")) {
        read_detail(&s, out);
    } else if (scan_try(&s, "HEAP: ")) {
        read_part(&s, out);
    } else if (scan_try(&s, "ALLOC 0x")) {
        (void)scan_hex(&s, 0);
        scan_words(&s, ", SIZE ");
        (void)scan_number(&s);
        end_form(&s, out, DEVICE_KNOWN, "not a block of a task");
    } else if (has(s.rest, "ALIVE") || has(s.rest, "DELETED")) {
        read_overview(&s, out);
    }
}

// ---- what went wrong

/// components/heap/heap_caps_base.c (v5.1: heap_caps.c), with CONFIG_HEAP_ABORT_WHEN_ALLOCATION_FAILS.
static bool read_no_memory(struct str text, struct device_event *out) {
    size_t at = scan_find(text, STR("Mem alloc fail. size 0x"));
    if (at == SIZE_MAX)
        return false;
    struct scan s = scan_of((struct str){ text.at + at, text.len - at });
    scan_words(&s, "Mem alloc fail. size 0x");
    out->bytes = scan_hex(&s, 8);
    scan_words(&s, " caps 0x");
    out->caps = scan_hex(&s, 8);
    out->type = DEVICE_NO_MEMORY;
    if (!s.ok)
        broken(out, "not a failed request as ESP-IDF prints it");
    return true;
}

/// components/esp_system/panic.c; components/newlib/src/abort.c and assert.c (from v6.0 components/esp_libc); vApplicationStackOverflowHook() in
/// components/freertos; components/heap/multi_heap_poisoning.c and multi_heap_platform.h; components/espcoredump/src/core_dump_elf.c.
static void read_panic(const struct serial_piece *p, struct device_event *out) {
    static const struct {
        const char *words;
        enum device_panic panic;
    } forms[] = { { "Guru Meditation Error:", DEVICE_PANIC_EXCEPTION },
        { "abort() was called at PC", DEVICE_PANIC_ABORT },
        { "assert failed:", DEVICE_PANIC_ASSERT },
        { "***ERROR*** A stack overflow in task", DEVICE_PANIC_STACK_OVERFLOW },
        { "CORRUPT HEAP:", DEVICE_PANIC_HEAP },
        { "Block corruption detected in the heap", DEVICE_PANIC_HEAP } };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t at = scan_find(p->message, str_from(forms[i].words));
        bool is_first = at == 0 || (at != SIZE_MAX && p->level == 0 && at < 4);
        if (!is_first)
            continue;
        out->type = DEVICE_PANIC;
        out->panic = forms[i].panic;
        out->name = scan_trim((struct str){ p->message.at + at, p->message.len - at });
        return;
    }
}

static void read_blocks(const struct serial_piece *p, struct device_event *out) {
    heap_text_read(p->text, &out->blocks_text);
    if (out->blocks_text.type == HEAP_TEXT_BROKEN)
        broken(out, "not a line of a heap trace or of a heap's dump");
    else if (out->blocks_text.type != HEAP_TEXT_NONE)
        out->type = DEVICE_BLOCKS;
}

// ----

/// Whether what was read could have gone on behind the end of the piece.
static bool may_go_on(const struct device_event *e) {
    switch (e->type) {
    case DEVICE_HEAP:
    case DEVICE_REVISION:
    case DEVICE_IDF:
    case DEVICE_PROJECT:
    case DEVICE_APP_VERSION:
    case DEVICE_INFO_HEAP:
    case DEVICE_INFO_BLOCKS:
    case DEVICE_INFO_TOTAL:
    case DEVICE_TASK:
    case DEVICE_TASK_PART:
    case DEVICE_BLOCKS:
        return true;
    case DEVICE_TASK_HEAP:
        return e->is_sum; // the other forms end in a frame or a colon
    default:
        return false;
    }
}

bool device_line_read(
        const struct serial_piece *piece, bool in_task_list, struct device_event *out) {
    out->type = DEVICE_NOTHING;
    read_start(piece, out);
    if (out->type == DEVICE_NOTHING && read_no_memory(piece->text, out))
        return false;
    if (out->type == DEVICE_NOTHING)
        read_panic(piece, out);
    if (out->type == DEVICE_NOTHING && piece->level == 0)
        read_info(piece, out);
    if (out->type == DEVICE_NOTHING && piece->level == 0)
        read_task_heaps(piece, out);
    if (out->type == DEVICE_NOTHING && piece->level == 0)
        read_blocks(piece, out);
    if (out->type == DEVICE_NOTHING)
        read_tasks(piece, in_task_list, out);
    return may_go_on(out);
}
