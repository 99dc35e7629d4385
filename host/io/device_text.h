/// What a device says of its memory, in the text that it prints: lines of serial_text.h become events.
///
/// Grammars are those of ESP-IDF's own print code, v5.1 to v6.1 and the development branch after it; device_lines.c names the file behind each.
/// An application's own lines are read by patterns that the user gives (device_pattern.h).
///
/// Nothing is guessed silently. A line is an event, or it says nothing of memory (DEVICE_NOTHING), or it begins as one of the lines below and does not go on so
/// (DEVICE_BROKEN: cut, or another line in it): its numbers are not believed. Where two cores printed into each other, the
/// half of a line is tried with the piece that follows; if that makes a whole one, the event says so (`is_mended`). A number that
/// has the seam inside is believed only where its width is fixed.
#ifndef RAMLENS_DEVICE_TEXT_H
#define RAMLENS_DEVICE_TEXT_H

#include "arena.h"
#include "device_pattern.h"
#include "err.h"
#include "heap_text.h"
#include "serial_text.h"
#include "str.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

/// What a line is. The fields of the event that it fills stand behind it.
enum device_event_type {
    DEVICE_NOTHING,     ///< Says nothing of memory.
    DEVICE_BROKEN,      ///< Begins as one of the following: `reason`.
    DEVICE_KNOWN,       ///< Belongs to one of them and adds nothing: borders, titles.
    DEVICE_STAGE,       ///< The start has come to `stage`.
    DEVICE_CHIP,        ///< `name`: "esp32p4".
    DEVICE_REVISION,    ///< `number` * 100 + minor of the silicon: v1.3 is 103.
    DEVICE_IDF,         ///< `name`: the application's ESP-IDF, "v5.5.1".
    DEVICE_PROJECT,     ///< `name`: the application's.
    DEVICE_APP_VERSION, ///< `name`.
    DEVICE_SEGMENT,     ///< The bootloader loads `bytes` to `address`, which is RAM.
    DEVICE_HEAP,        ///< heap_init: a heap of `bytes` at `address`, of kind `name`.
    DEVICE_PSRAM,       ///< A PSRAM chip of `bytes` was found.
    DEVICE_PSRAM_POOL,  ///< `bytes` of it became a heap; whole KB.
    DEVICE_RESERVE,     ///< `bytes` of internal memory were set aside; whole KB.
    DEVICE_INFO,        ///< heap_caps_print_heap_info() begins, for `caps`.
    DEVICE_INFO_HEAP,   ///< A heap in it: `address`, `bytes`, `free`, `allocated`, `least_free`.
    DEVICE_INFO_BLOCKS, ///< Its second line: `largest`, `used_blocks`, `free_blocks`, `blocks`.
    DEVICE_INFO_TOTAL,  ///< The sums: `free`, `allocated`, `least_free`, `largest`.
    DEVICE_FREE,        ///< A line of the application's: `match`.
    DEVICE_TASK, ///< vTaskList(): `name`, `state`, `priority`, `free` of its stack, `number`, `core` (DEVICE_NO_CORE: not said).
    DEVICE_TASK_HEAP, ///< heap_caps_print_..._task_stat[_overview](): `name`, `is_alive`, `bytes` now, `peak`, `number` of heaps, `is_detail`, `is_last`, `is_sum`.
    DEVICE_TASK_HEAPS, ///< The title of the overview of tasks: a new table.
    DEVICE_TASK_PART, ///< What the task before has in one heap: `name` of it, `caps`, `size`, `bytes`, `peak`, `blocks`.
    DEVICE_NO_MEMORY, ///< "Mem alloc fail.": `bytes`, `caps`.
    DEVICE_PANIC,     ///< The device stopped: `name` says why. `panic` says what of.
    DEVICE_BLOCKS,    ///< heap_trace_dump(), heap_caps_dump(): `blocks_text`.
};

/// How far a start has come. A device that goes back has started anew.
enum device_stage {
    DEVICE_STAGE_NONE,
    DEVICE_STAGE_ROM,        ///< "ESP-ROM:esp32p4-eco2-20240710"
    DEVICE_STAGE_RESET,      ///< "rst:0x1 (POWERON),boot:0x18 (SPI_FAST_FLASH_BOOT)"
    DEVICE_STAGE_BOOTLOADER, ///< "boot: ESP-IDF v5.5.1 2nd stage bootloader"
    DEVICE_STAGE_APP,        ///< "cpu_start: Multicore app"
    DEVICE_STAGE_HEAPS,      ///< "heap_init: Initializing. RAM available for dynamic allocation:"
    DEVICE_STAGE_MAIN,       ///< "main_task: Calling app_main()"
};

enum device_panic {
    DEVICE_PANIC_EXCEPTION,      ///< "Guru Meditation Error: ..."
    DEVICE_PANIC_ABORT,          ///< "abort() was called at PC ..."
    DEVICE_PANIC_ASSERT,         ///< "assert failed: ..."
    DEVICE_PANIC_STACK_OVERFLOW, ///< "***ERROR*** A stack overflow in task main has been detected."
    DEVICE_PANIC_HEAP, ///< "CORRUPT HEAP: ...", "Block corruption detected in the heap ..."
};

enum { DEVICE_NO_CORE = -2 }; ///< -1 is a task without affinity.

/// One line that was read. Strings stand until the listener returns.
struct device_event {
    enum device_event_type type;
    uint64_t line;   ///< Of the input.
    uint64_t offset; ///< Its first byte.
    bool is_mended;  ///< Made of the halves of a line.
    bool has_time;
    uint64_t time_ms; ///< Since the start of the device.
    struct str text;  ///< The line, cleaned.
    struct str tag;
    const char *reason;
    enum device_stage stage;
    enum device_panic panic;
    struct str name;
    uint64_t address, bytes, free, allocated, least_free, largest, peak, size;
    uint64_t used_blocks, free_blocks, blocks, number, caps, priority;
    int64_t core;
    char state;
    bool is_alive;
    bool is_detail;
    bool is_last; ///< Of a task's detail: no other task follows.
    bool is_sum;  ///< Only the bytes are said: no peak, no heaps.
    struct device_match match;
    struct heap_text blocks_text;
};

struct device_listener {
    void *self;
    void (*event)(void *self, const struct device_event *e);
};

/// How many lines were what. Lines of monitors and empty ones are in none.
struct device_counts {
    uint64_t read;    ///< Events that say something, and lines that belong to them.
    uint64_t nothing; ///< DEVICE_NOTHING.
    uint64_t broken;  ///< DEVICE_BROKEN.
    uint64_t mended;  ///< Of `read`.
    uint64_t monitor; ///< Of idf_monitor.
};

enum { DEVICE_TEXT_PATIENCE = 4 }; ///< Pieces that a half waits for its other half.

/// State of a reading. Fields are private.
struct device_text {
    const struct device_listener *listener;
    struct device_counts counts;
    VEC(struct device_pattern) patterns;
    struct arena *arena;
    struct serial_piece half; ///< Waits for the rest of its line, if `waits`.
    uint32_t waits;           ///< Pieces it will still wait for.
    char half_text[SERIAL_TEXT_LONGEST];
    char joined[2 * SERIAL_TEXT_LONGEST];
    bool in_task_list; ///< The line before was one of a task list, or its title.
};

void device_text_init(
        struct device_text *d, struct arena *a, const struct device_listener *listener);

/// Adds a pattern for an application's own lines. Patterns are tried in the order given, after ESP-IDF's own grammars.
bool device_text_add_pattern(struct device_text *d, struct str pattern, struct err *err);

/// Reads a piece; the listener hears of it, at once or when its other half has come.
void device_text_take(struct device_text *d, const struct serial_piece *piece);

/// The input has ended: what still waits is told.
void device_text_finish(struct device_text *d);

#endif
