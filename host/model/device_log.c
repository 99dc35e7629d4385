// See device_log.h.
#include "device_log.h"

#include "hash.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME_LONGEST = 64,
    LINE_LONGEST = 240, ///< Kept of a line that gave nothing.
};

const char *const device_panic_names[] = { "exception", "abort", "assert", "stack-overflow",
    "corrupt-heap" };

static void close_tables(struct device_log *log) {
    log->open = log->open_tasks = log->open_heaps = 0;
}

void device_log_init(struct device_log *log, struct arena *a, bool keeps_all) {
    memset(log, 0, sizeof *log);
    log->arena = a;
    log->keeps_all = keeps_all;
}

/// Whether one more of `len` things may be kept, of which there are at most `most`.
static bool has_room_of(struct device_log *log, size_t len, size_t most) {
    log->beyond += len >= most;
    return len < most;
}

static bool has_room(struct device_log *log, size_t len) {
    return has_room_of(log, len, DEVICE_LOG_MOST);
}

static bool has_few(struct device_log *log, size_t len) {
    return has_room_of(log, len, DEVICE_LOG_FEW);
}

/// A copy of a line or a name, not longer than `most`; never within a character.
static struct str keep(struct device_log *log, struct str s, size_t most) {
    size_t len = s.len < most ? s.len : most;
    while (len < s.len && len > 0 && ((unsigned char)s.at[len] & 0xc0) == 0x80)
        len--;
    return arena_copy(log->arena, (struct str){ s.at, len });
}

void device_log_begin(struct device_log *log) {
    log->inputs++;
    log->is_new_input = true;
    close_tables(log);
}

// ---- starts

static struct device_boot *new_boot(
        struct device_log *log, uint64_t line, enum device_stage stage) {
    struct device_boot *boot = vec_push(log->arena, &log->boots);
    boot->input = log->inputs ? log->inputs - 1 : 0;
    boot->line = line;
    boot->first = stage;
    boot->stage = stage;
    log->is_new_input = false;
    return boot;
}

/// The start that `line` belongs to.
static struct device_boot *boot_of(struct device_log *log, uint64_t line) {
    return log->boots.len && !log->is_new_input ? &log->boots.at[log->boots.len - 1]
                                                : new_boot(log, line, DEVICE_STAGE_NONE);
}

static uint32_t boot_index(struct device_log *log, uint64_t line) {
    (void)boot_of(log, line);
    return (uint32_t)(log->boots.len - 1);
}

/// The same, of a line that comes only when there are heaps.
static uint32_t running_boot(struct device_log *log, uint64_t line) {
    struct device_boot *boot = boot_of(log, line);
    if (boot->stage < DEVICE_STAGE_HEAPS)
        boot->stage = DEVICE_STAGE_HEAPS;
    return (uint32_t)(log->boots.len - 1);
}

/// What is said first stays, unless it is empty.
static void set_fact(struct device_log *log, struct device_fact *fact, const struct device_event *e,
        struct str text, uint64_t number) {
    if (fact->line == 0)
        *fact = (struct device_fact){
            .text = keep(log, text, NAME_LONGEST), .number = number, .line = e->line
        };
}

static void take_stage(struct device_log *log, const struct device_event *e) {
    bool is_first = log->boots.len == 0 || log->is_new_input;
    struct device_boot *boot = is_first ? NULL : &log->boots.at[log->boots.len - 1];
    if (boot == NULL || e->stage <= boot->stage) {
        if (log->boots.len && !has_room(log, log->boots.len))
            return;
        boot = new_boot(log, e->line, e->stage);
        close_tables(log);
    }
    boot->stage = e->stage;
    if (e->stage == DEVICE_STAGE_ROM)
        set_fact(log, &boot->chip, e, e->name, 0);
    else if (e->stage == DEVICE_STAGE_RESET)
        set_fact(log, &boot->reset, e, e->name, 0);
    else if (e->stage == DEVICE_STAGE_BOOTLOADER)
        set_fact(log, &boot->bootloader, e, e->name, 0);
}

/// The tag of the bootloader's lines is sure; the ROM of some chips has another name than the chip.
static void take_chip(struct device_log *log, const struct device_event *e) {
    struct device_boot *boot = boot_of(log, e->line);
    if (!str_equal(boot->chip.text, e->name))
        boot->chip.line = 0;
    set_fact(log, &boot->chip, e, e->name, 0);
}

static void take_heap(struct device_log *log, const struct device_event *e) {
    struct device_boot *boot = boot_of(log, e->line);
    for (size_t i = 0; i < boot->heaps.len; i++)
        if (boot->heaps.at[i].start == e->address)
            return;
    if (has_few(log, boot->heaps.len))
        *vec_push(log->arena, &boot->heaps) =
                (struct device_range){ .kind = keep(log, e->name, NAME_LONGEST),
                    .start = e->address,
                    .bytes = e->bytes,
                    .line = e->line };
}

static void take_segment(struct device_log *log, const struct device_event *e) {
    struct device_boot *boot = boot_of(log, e->line);
    if (has_few(log, boot->segments.len))
        *vec_push(log->arena, &boot->segments) = (struct device_range){
            .kind = STR(""), .start = e->address, .bytes = e->bytes, .line = e->line
        };
}

/// PSRAM may become several heaps; their sum is kept, and the first line.
static void take_psram_pool(struct device_log *log, const struct device_event *e) {
    struct device_fact *fact = &boot_of(log, e->line)->psram_heap;
    bool fits = e->bytes <= UINT64_MAX - fact->number;
    fact->number = fits ? fact->number + e->bytes : UINT64_MAX;
    fact->line = fact->line ? fact->line : e->line;
}

static void take_fact(struct device_log *log, const struct device_event *e) {
    struct device_boot *boot = boot_of(log, e->line);
    switch (e->type) {
    case DEVICE_REVISION:
        set_fact(log, &boot->revision, e, STR(""), e->number);
        return;
    case DEVICE_IDF:
        set_fact(log, &boot->idf, e, e->name, 0);
        return;
    case DEVICE_PROJECT:
        set_fact(log, &boot->project, e, e->name, 0);
        return;
    case DEVICE_APP_VERSION:
        set_fact(log, &boot->app_version, e, e->name, 0);
        return;
    case DEVICE_PSRAM:
        set_fact(log, &boot->psram, e, STR(""), e->bytes);
        return;
    case DEVICE_RESERVE:
        set_fact(log, &boot->reserve, e, STR(""), e->bytes);
        return;
    default:
        return;
    }
}

// ---- moments

/// The number that `name` has in its start, of which the next one is the next to try; NULL when it is new, which it is no longer.
static uint64_t *number_of(struct device_log *log, uint32_t boot, struct str name) {
    bool is_new;
    uint64_t *number = map64_put(&log->names, log->arena, hash_str(boot, name), &is_new);
    *number = is_new ? 1 : *number;
    return is_new ? NULL : number;
}

/// `name` if it is new in its start, else with the smallest number behind it that makes it so. The number is remembered, so that a name that
/// comes again and again costs no search.
static struct str unique_name(struct device_log *log, uint32_t boot, struct str name) {
    char tried[NAME_LONGEST + 32];
    uint64_t *known = number_of(log, boot, name);
    if (known == NULL)
        return name;
    uint64_t number = *known;
    int len;
    do {
        len = snprintf(
                tried, sizeof tried, "%.*s-%llu", STR_ARG(name), (unsigned long long)++number);
    } while (number_of(log, boot, (struct str){ tried, (size_t)len }) != NULL);
    *number_of(log, boot, name) = number;
    return arena_copy(log->arena, (struct str){ tried, (size_t)len });
}

/// A new moment; NULL when there are too many.
static struct device_moment *new_moment(struct device_log *log, const struct device_event *e) {
    if (!has_room(log, log->moments.len))
        return NULL;
    struct device_moment *m = vec_push(log->arena, &log->moments);
    m->line = e->line;
    m->boot = running_boot(log, e->line);
    m->has_time = e->has_time;
    m->time_ms = e->time_ms;
    return m;
}

static void take_free(struct device_log *log, const struct device_event *e) {
    struct device_moment *m = new_moment(log, e);
    if (m == NULL)
        return;
    m->is_named = e->match.name.len > 0;
    struct str name = m->is_named ? keep(log, e->match.name, NAME_LONGEST)
                                  : str_from(arena_printf(log->arena, "free-%u", ++log->frees));
    m->name = unique_name(log, m->boot, name);
    m->figure_count = e->match.count;
    m->figures = NEW_ARRAY(log->arena, struct device_figure, m->figure_count);
    memcpy(m->figures, e->match.figures, m->figure_count * sizeof *m->figures);
}

static void begin_info(struct device_log *log, const struct device_event *e) {
    struct device_moment *m = new_moment(log, e);
    log->open = m ? log->moments.len : 0;
    if (m == NULL)
        return;
    m->is_info = true;
    m->caps = e->caps;
    struct str name = str_from(arena_printf(log->arena, "heap-info-%u", ++log->infos));
    m->name = unique_name(log, m->boot, name);
}

static struct device_moment *open_info(struct device_log *log) {
    log->stray += log->open == 0;
    return log->open ? &log->moments.at[log->open - 1] : NULL;
}

static void take_info_heap(struct device_log *log, const struct device_event *e) {
    struct device_moment *m = open_info(log);
    if (m != NULL && has_few(log, m->heaps.len))
        *vec_push(log->arena, &m->heaps) = (struct device_heap_state){ .start = e->address,
            .bytes = e->bytes,
            .free = e->free,
            .allocated = e->allocated,
            .least_free = e->least_free,
            .line = e->line };
}

static void take_info_blocks(struct device_log *log, const struct device_event *e) {
    struct device_moment *m = open_info(log);
    struct device_heap_state *heap = m && m->heaps.len ? &m->heaps.at[m->heaps.len - 1] : NULL;
    if (heap == NULL || heap->has_blocks)
        return;
    heap->has_blocks = true;
    heap->largest = e->largest;
    heap->used_blocks = e->used_blocks;
    heap->free_blocks = e->free_blocks;
}

static void end_info(struct device_log *log, const struct device_event *e) {
    struct device_moment *m = open_info(log);
    if (m == NULL)
        return;
    uint64_t free = 0, allocated = 0;
    for (size_t i = 0; i < m->heaps.len; i++) {
        free += m->heaps.at[i].free;
        allocated += m->heaps.at[i].allocated;
    }
    m->has_total = true;
    m->free = e->free;
    m->allocated = e->allocated;
    m->least_free = e->least_free;
    m->largest = e->largest;
    m->adds_up = free == e->free && allocated == e->allocated;
    log->open = 0;
}

// ---- tasks

/// The open table of `list`, or a new one.
static struct device_tasks *open_table(
        struct device_log *log, size_t *open, bool is_list, const struct device_event *e) {
    size_t len = is_list ? log->task_lists.len : log->task_heaps.len;
    if (*open == 0) {
        if (!has_room(log, len))
            return NULL;
        struct device_tasks *table = is_list ? vec_push(log->arena, &log->task_lists)
                                             : vec_push(log->arena, &log->task_heaps);
        table->line = e->line;
        table->boot = running_boot(log, e->line);
        *open = len + 1;
    }
    return is_list ? &log->task_lists.at[*open - 1] : &log->task_heaps.at[*open - 1];
}

/// A task that is there already, by name and number, begins a new list.
static void take_task(struct device_log *log, const struct device_event *e) {
    struct device_tasks *table = open_table(log, &log->open_tasks, true, e);
    for (size_t i = 0; table != NULL && i < table->tasks.len; i++)
        if (table->tasks.at[i].number == e->number && str_equal(table->tasks.at[i].name, e->name)) {
            log->open_tasks = 0;
            table = open_table(log, &log->open_tasks, true, e);
        }
    if (table == NULL || !has_few(log, table->tasks.len))
        return;
    *vec_push(log->arena, &table->tasks) =
            (struct device_task){ .name = keep(log, e->name, NAME_LONGEST),
                .state = e->state,
                .priority = e->priority,
                .stack_free = e->free,
                .number = e->number,
                .core = e->core,
                .line = e->line };
}

/// Whether the task belongs to the table that is open: of the same form, and not its first one again.
static bool goes_on_with(const struct device_tasks *table, const struct device_event *e) {
    const struct device_task_heap *first = table->heaps.len ? &table->heaps.at[0] : NULL;
    if (first == NULL)
        return true;
    return first->is_detail == e->is_detail && first->is_sum == e->is_sum &&
           !(e->is_sum && str_equal(first->name, e->name));
}

static void take_task_heap(struct device_log *log, const struct device_event *e) {
    if (log->open_heaps &&
            (log->last_detail || !goes_on_with(&log->task_heaps.at[log->open_heaps - 1], e)))
        log->open_heaps = 0;
    log->last_detail = e->is_detail && e->is_last;
    struct device_tasks *table = open_table(log, &log->open_heaps, false, e);
    if (table == NULL || !has_few(log, table->heaps.len))
        return;
    struct device_task_heap *heap = vec_push(log->arena, &table->heaps);
    heap->name = keep(log, e->name, NAME_LONGEST);
    heap->is_alive = e->is_alive;
    heap->is_detail = e->is_detail;
    heap->is_sum = e->is_sum;
    heap->bytes = e->bytes;
    heap->peak = e->peak;
    heap->heap_count = e->number;
    heap->line = e->line;
}

static void take_task_part(struct device_log *log, const struct device_event *e) {
    struct device_tasks *table = log->open_heaps ? &log->task_heaps.at[log->open_heaps - 1] : NULL;
    if (table == NULL || table->heaps.len == 0) {
        log->stray++;
        return;
    }
    struct device_task_heap *heap = &table->heaps.at[table->heaps.len - 1];
    if (has_few(log, heap->parts.len))
        *vec_push(log->arena, &heap->parts) =
                (struct device_task_part){ .heap = keep(log, e->name, NAME_LONGEST),
                    .caps = e->caps,
                    .size = e->size,
                    .bytes = e->bytes,
                    .peak = e->peak,
                    .blocks = e->blocks,
                    .line = e->line };
}

// ---- the rest

static void take_failure(struct device_log *log, const struct device_event *e) {
    if (!has_room(log, log->failures.len))
        return;
    *vec_push(log->arena, &log->failures) =
            (struct device_failure){ .boot = boot_index(log, e->line),
                .line = e->line,
                .is_request = e->type == DEVICE_NO_MEMORY,
                .bytes = e->bytes,
                .caps = e->caps,
                .panic = e->panic,
                .text = keep(log, e->type == DEVICE_PANIC ? e->name : e->text, LINE_LONGEST) };
}

/// Blocks are printed when there are heaps, whatever else of the start the log holds. Only a line of '=' may be anybody's.
static void take_blocks(struct device_log *log, const struct device_event *e) {
    if (e->blocks_text.type != HEAP_TEXT_END)
        (void)running_boot(log, e->line);
}

static void take_unknown(struct device_log *log, const struct device_event *e) {
    if (e->type == DEVICE_BROKEN && str_equal(e->tag, STR("esp_psram")))
        boot_of(log, e->line)->psram_broken = true;
    bool is_kept = e->type == DEVICE_BROKEN || log->keeps_all;
    if (is_kept && has_room(log, log->unknown.len))
        *vec_push(log->arena, &log->unknown) =
                (struct device_line){ .input = log->inputs ? log->inputs - 1 : 0,
                    .line = e->line,
                    .text = keep(log, e->text, LINE_LONGEST),
                    .reason = e->type == DEVICE_BROKEN ? e->reason : NULL };
}

static void take_mended(struct device_log *log, const struct device_event *e) {
    if (e->is_mended && has_room(log, log->mended.len))
        *vec_push(log->arena, &log->mended) =
                (struct device_line){ .input = log->inputs ? log->inputs - 1 : 0,
                    .line = e->line,
                    .text = keep(log, e->text, LINE_LONGEST) };
}

/// A line of something else ends a table without a footer.
static void close_by(struct device_log *log, const struct device_event *e) {
    bool is_log_line = e->tag.len > 0;
    if (e->type != DEVICE_TASK && e->type != DEVICE_BROKEN && e->type != DEVICE_KNOWN &&
            !is_log_line)
        log->open_tasks = 0;
    bool is_of_heaps = e->type == DEVICE_TASK_HEAP || e->type == DEVICE_TASK_HEAPS ||
                       e->type == DEVICE_TASK_PART || e->type == DEVICE_KNOWN ||
                       e->type == DEVICE_BROKEN;
    if (!is_of_heaps && !is_log_line)
        log->open_heaps = 0;
}

void device_log_take(void *self, const struct device_event *e) {
    struct device_log *log = self;
    close_by(log, e);
    take_mended(log, e);
    switch (e->type) {
    case DEVICE_NOTHING:
    case DEVICE_BROKEN:
        take_unknown(log, e);
        return;
    case DEVICE_KNOWN:
        return;
    case DEVICE_BLOCKS:
        take_blocks(log, e);
        return;
    case DEVICE_STAGE:
        take_stage(log, e);
        return;
    case DEVICE_CHIP:
        take_chip(log, e);
        return;
    case DEVICE_SEGMENT:
        take_segment(log, e);
        return;
    case DEVICE_HEAP:
        take_heap(log, e);
        return;
    case DEVICE_PSRAM_POOL:
        take_psram_pool(log, e);
        return;
    case DEVICE_INFO:
        begin_info(log, e);
        return;
    case DEVICE_INFO_HEAP:
        take_info_heap(log, e);
        return;
    case DEVICE_INFO_BLOCKS:
        take_info_blocks(log, e);
        return;
    case DEVICE_INFO_TOTAL:
        end_info(log, e);
        return;
    case DEVICE_FREE:
        take_free(log, e);
        return;
    case DEVICE_TASK:
        take_task(log, e);
        return;
    case DEVICE_TASK_HEAPS:
        log->open_heaps = 0;
        return;
    case DEVICE_TASK_HEAP:
        take_task_heap(log, e);
        return;
    case DEVICE_TASK_PART:
        take_task_part(log, e);
        return;
    case DEVICE_NO_MEMORY:
    case DEVICE_PANIC:
        take_failure(log, e);
        return;
    default:
        take_fact(log, e);
        return;
    }
}

uint32_t device_log_newest(const struct device_log *log) {
    return log->is_new_input || log->boots.len == 0 ? UINT32_MAX : (uint32_t)log->boots.len - 1;
}
