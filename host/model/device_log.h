/// What a log taught of a device: its starts, and of each start the chip, the memory that heaps have, free bytes at moments, tasks, failures.
///
/// A log may hold several starts: a device that goes back in the order of enum device_stage has started anew. What comes before the first sign of a start belongs to a
/// start of its own, of which the beginning is missing.
///
/// Everything has the line of the log that said so. Nothing here knows a target; device_fit.h compares.
#ifndef RAMLENS_DEVICE_LOG_H
#define RAMLENS_DEVICE_LOG_H

#include "arena.h"
#include "device_text.h"
#include "map64.h"
#include "str.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DEVICE_LOG_MOST = 1 << 16, ///< Of each kind of thing; what comes after is counted, not kept.
    DEVICE_LOG_FEW = 256, ///< Of the heaps of a chip, the heaps of a moment, the tasks of a list.
};

/// A fact that one line said; `line` is 0 when none did.
struct device_fact {
    struct str text;
    uint64_t number;
    uint64_t line;
};

/// A heap that heap_init announced, or memory that the bootloader filled.
struct device_range {
    struct str kind; ///< As printed; empty for what the bootloader filled.
    uint64_t start;
    uint64_t bytes;
    uint64_t line;
};

/// One start of the device.
struct device_boot {
    uint32_t input; ///< Index of the log it is in.
    uint64_t line;  ///< First line.
    enum device_stage
            first; ///< What it was known by; DEVICE_STAGE_NONE: its beginning is not in the log.
    enum device_stage stage;       ///< How far it came.
    struct device_fact reset;      ///< Why it started: "POWERON".
    struct device_fact chip;       ///< "esp32p4".
    struct device_fact revision;   ///< `number`: 103 is v1.3.
    struct device_fact idf;        ///< The application's.
    struct device_fact bootloader; ///< ESP-IDF of the bootloader.
    struct device_fact project;
    struct device_fact app_version;
    struct device_fact psram;      ///< Bytes of the chip found.
    struct device_fact psram_heap; ///< Bytes of it that became heaps; whole KB each.
    bool psram_broken; ///< A line of PSRAM could not be read: what is missing proves nothing.
    struct device_fact reserve; ///< Whole KB.
    VEC(struct device_range) heaps;
    VEC(struct device_range) segments;
};

/// A heap at a moment: a pair of lines of heap_caps_print_heap_info().
struct device_heap_state {
    uint64_t start, bytes;
    uint64_t free, allocated, least_free;
    bool has_blocks; ///< Its second line was read: the following.
    uint64_t largest, used_blocks, free_blocks;
    uint64_t line;
};

/// A moment at which the device said what is free.
struct device_moment {
    struct str name; ///< Given by the line, or made: "heap-info-2", "free-7". Once in a start.
    bool is_named;   ///< The line gave it.
    uint64_t line;
    uint32_t boot; ///< Index.
    bool has_time;
    uint64_t time_ms;
    bool is_info;   ///< By heap_caps_print_heap_info() for `caps`; else by a pattern.
    bool has_total; ///< Of an info: its sums were read.
    bool adds_up; ///< They are those of its heaps: no heap's line is missing, nothing changed meanwhile.
    uint64_t caps;
    uint64_t free, allocated, least_free, largest;
    VEC(struct device_heap_state) heaps;
    struct device_figure *figures; ///< Of a pattern's line.
    uint32_t figure_count;
};

struct device_task {
    struct str name;
    char state; ///< X running, B blocked, R ready, S suspended, D deleted.
    uint64_t priority;
    uint64_t stack_free; ///< The least that ever was; bytes on ESP-IDF.
    uint64_t number;
    int64_t core; ///< -1 none, DEVICE_NO_CORE not said.
    uint64_t line;
};

/// What a task has in one heap.
struct device_task_part {
    struct str heap;
    uint64_t caps, size, bytes, peak, blocks;
    uint64_t line;
};

struct device_task_heap {
    struct str name;
    bool is_alive;
    bool is_detail;
    bool is_sum;         ///< Only the bytes are known.
    uint64_t bytes;      ///< Now.
    uint64_t peak;       ///< As `heap_count`, unless `is_sum`.
    uint64_t heap_count; ///< As printed.
    VEC(struct device_task_part) parts;
    uint64_t line;
};

/// One table: what was printed in one go.
struct device_tasks {
    uint32_t boot;
    uint64_t line;
    VEC(struct device_task) tasks;
    VEC(struct device_task_heap) heaps;
};

/// A request that found no memory, or the end of the device.
struct device_failure {
    uint32_t boot;
    uint64_t line;
    bool is_request; ///< `bytes` of `caps`; else a panic of kind `panic`, as `text` says.
    uint64_t bytes, caps;
    enum device_panic panic;
    struct str text;
};

/// A line that gave nothing.
struct device_line {
    uint32_t input; ///< Index of the log.
    uint64_t line;
    struct str text;
    const char *reason; ///< NULL: it says nothing of memory.
};

struct device_log {
    struct arena *arena;
    VEC(struct device_boot) boots;
    VEC(struct device_moment) moments;
    VEC(struct device_tasks) task_lists;
    VEC(struct device_tasks) task_heaps;
    VEC(struct device_failure) failures;
    VEC(struct device_line) unknown; ///< Broken ones; the others, too, if `keeps_all`.
    VEC(struct device_line) mended;
    bool keeps_all;
    uint64_t beyond;       ///< Things not kept for DEVICE_LOG_MOST.
    uint64_t stray;        ///< Lines that belong to a table whose beginning is missing.
    uint32_t inputs;       ///< Logs begun; private, as is all below.
    bool is_new_input;     ///< Nothing was taken of the newest yet.
    size_t open;           ///< Index + 1 of an info whose sums have not come,
    size_t open_tasks;     ///< of a task list,
    size_t open_heaps;     ///< of a table of tasks' heaps.
    bool last_detail;      ///< The task before was the last one of its table.
    uint32_t infos, frees; ///< Moments that got a number for a name.
    struct map64 names;    ///< Hash of (start, name) to the number that its newest moment has.
};

/// An empty log. `keeps_all`: lines that say nothing of memory are kept, too, as far as DEVICE_LOG_MOST goes.
void device_log_init(struct device_log *log, struct arena *a, bool keeps_all);

/// What is taken from now on is of another log, hence of another start.
void device_log_begin(struct device_log *log);

/// Takes an event of device_text.h; `self` is the log. Constant time on average. Of blocks (DEVICE_BLOCKS) it takes only that a device ran: they are device_blocks.h's.
void device_log_take(void *self, const struct device_event *e);

/// Index of the start that the newest event belongs to; UINT32_MAX when nothing of the newest log tells of one yet.
uint32_t device_log_newest(const struct device_log *log);

/// How a kind of panic is called: "exception", "abort", ...
extern const char *const device_panic_names[];

#endif
