/// Private to target*.c: what the parts of the target reader share.
#ifndef RAMLENS_TARGET_READ_H
#define RAMLENS_TARGET_READ_H

#include "conf.h"
#include "target.h"

/// A kind of heap: what it offers. Only the reader knows kinds; heaps carry copies.
struct target_kind {
    struct str name;
    uint32_t offers[TARGET_PRIORITIES];
};

/// State of one reading.
struct target_reader {
    struct arena *arena;
    struct conf conf;
    struct target *target; ///< Being filled.
    struct err *err;
    struct target_kind *kinds;
    uint32_t kind_count;
    uint32_t heap_room; ///< Entries that `target->heaps` can hold.
};

/// Statements that count, in file order.
struct target_lines {
    struct conf_line **at;
    uint32_t count;
};

/// Puts into `out` the statements among `first` and its siblings that count under the choices made:
/// `when` lines are replaced by their children, or by nothing. Every key, whether it counts or not,
/// must be `when` or one of the NULL-terminated `keys`.
bool target_active_lines(struct target_reader *r, struct conf_line *first, const char *const *keys,
        struct target_lines *out);

/// Word `index` of `line` as a number: numbers and names of parameters, joined by `+` and `-`.
bool target_number(struct target_reader *r, const struct conf_line *line, uint32_t index,
        const char *what, uint64_t *out);
/// The same, and it must lie between `least` and `most`.
bool target_number_within(struct target_reader *r, const struct conf_line *line, uint32_t index,
        const char *what, uint32_t least, uint32_t most, uint32_t *out);

/// Bits of the capabilities named by the words from `index` to the end; at least one.
bool target_mask(
        struct target_reader *r, const struct conf_line *line, uint32_t index, uint32_t *out);

/// Word `index`; empty when the line is shorter.
struct str target_word_or_empty(const struct conf_line *line, uint32_t index);
/// The line must have between `least` and `most` words, key included; the message names what it
/// takes.
bool target_word_count(struct target_reader *r, const struct conf_line *line, uint32_t least,
        uint32_t most, const char *takes);
/// Comment of the line, or of the nearest line above it that it is indented under; a terminated
/// copy.
struct str target_source(const struct target_reader *r, const struct conf_line *line);
/// Always false: a message for `line`.
bool target_fail(struct target_reader *r, const struct conf_line *line, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/// Handlers of the statements at the top, one a key; each in the file of its subject.
bool target_read_capabilities(struct target_reader *r, const struct conf_line *line);
bool target_read_kind(struct target_reader *r, const struct conf_line *line);
bool target_read_region(struct target_reader *r, const struct conf_line *line);
bool target_read_memory(struct target_reader *r, const struct conf_line *line);
bool target_read_window(struct target_reader *r, const struct conf_line *line);
bool target_read_internal_sections(struct target_reader *r, const struct conf_line *line);
bool target_read_pool(struct target_reader *r, const struct conf_line *line);
bool target_read_allocator(struct target_reader *r, const struct conf_line *line);
bool target_read_malloc(struct target_reader *r, const struct conf_line *line);
bool target_read_cache_lines(struct target_reader *r, const struct conf_line *line);
bool target_read_request(struct target_reader *r, const struct conf_line *line);
bool target_read_system(struct target_reader *r, const struct conf_line *line);
bool target_read_insists(struct target_reader *r, const struct conf_line *line);
bool target_read_stack(struct target_reader *r, const struct conf_line *line);
bool target_read_object(struct target_reader *r, const struct conf_line *line);
bool target_read_task(struct target_reader *r, const struct conf_line *line);
bool target_read_kconfig(struct target_reader *r, const struct conf_line *line);
bool target_read_option(struct target_reader *r, const struct conf_line *line);
bool target_read_unmodelled(struct target_reader *r, const struct conf_line *line);

/// Adds the window at which memory `number` (as in target_window) is counted, and those of the `alias` lines among `lines`; takes its `holds` line.
bool target_read_views(struct target_reader *r, const struct conf_line *line,
        const struct target_lines *lines, uint32_t number, uint64_t start, uint64_t bytes,
        uint32_t *holds);

/// The words of the `price` line among `lines`; "" without one.
bool target_read_price(struct target_reader *r, const struct target_lines *lines, struct str *out);

/// Puts the heaps into the order in which requests try them, and notes each region's largest.
void target_order_heaps(struct target_reader *r);

#endif
