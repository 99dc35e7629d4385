/// A region's table at a moment: rows that, with what is free, add up to its size.
#ifndef RAMLENS_REGION_ROWS_H
#define RAMLENS_REGION_ROWS_H

#include "arena.h"
#include "placement.h"
#include "static_account.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

/// What a row's bytes are.
enum row_kind {
    ROW_RESERVED, ///< Caches, ROM and other ranges that are no heap.
    ROW_STATIC,   ///< Data and zero data of a component.
    ROW_HEAP,     ///< Requested by a component's blocks.
    ROW_KERNEL,   ///< Kernel objects, stacks apart.
    ROW_STACK,    ///< Thread stacks.
    ROW_TASK, ///< Stacks of tasks that the RTOS starts by itself: part of what a figure leaves unexplained.
    ROW_OVERHEAD,    ///< Control structures of the heaps; headers and rounding of blocks.
    ROW_UNEXPLAINED, ///< What an observed free figure says is taken, and this run does not hold.
    ROW_UNKNOWN,     ///< Blocks that no component could be found for.
    ROW_KIND_COUNT,
};

/// How a row's number is known.
enum row_source {
    ROW_MEASURED, ///< Recorded in the run, or read from the linked program.
    ROW_PROFILE,  ///< The target's description.
    ROW_OBSERVED, ///< A figure that a device gave.
    ROW_COMPUTED, ///< From measured counts and the target's sizes or rules.
    ROW_SOURCE_COUNT,
};

/// As in JSON: "reserved" ..., "measured" ...
extern const char *const row_kind_names[ROW_KIND_COUNT];
extern const char *const row_source_names[ROW_SOURCE_COUNT];

enum { ROW_NO_COMPONENT = UINT32_MAX };

struct region_row {
    enum row_kind kind;
    enum row_source source;
    uint32_t component; ///< ROW_NO_COMPONENT where none is concerned.
    struct str
            about; ///< For people: "L2 cache", "heap control structures", a kind of static data; may be empty.
    struct str known;  ///< Of static data: what it was read from, "archives, riscv32"; else empty.
    struct str origin; ///< The same for programs, as in static_account.h.
    int64_t bytes; ///< Negative only in ROW_UNEXPLAINED: the model needs more than was observed.
};

struct region_table {
    const struct target_region *region;
    struct region_row *rows;
    uint32_t row_count;
    int64_t free;       ///< Size less all rows; negative when the region is too small for them.
    bool free_observed; ///< `free` is a device's figure.
};

/// Builds the table of region `region` at moment `m`. `unknown_component`: whose heap goes under ROW_UNKNOWN. Rows of 0 bytes are left out.
/// Rows and free add up to the size; asserted.
struct region_table region_table_of(struct arena *a, const struct placement *p,
        const struct placement_moment *m, uint32_t region, const struct static_account *statics,
        uint32_t unknown_component);

/// Makes the free bytes `free`, as observed, with a row for what that leaves unexplained. Once for each table.
void region_table_observe(struct arena *a, struct region_table *t, int64_t free);

/// Adds `bytes` as unexplained and takes them from the free ones: for moments without a figure of their own.
void region_table_unexplain(struct arena *a, struct region_table *t, int64_t bytes);

/// Gives a name to the part of the unexplained bytes that are stacks of tasks which the RTOS always starts, `bytes` of them; nothing when there are not as many.
void region_table_name_tasks(struct arena *a, struct region_table *t, uint64_t bytes);

/// Sum of the rows of one kind.
int64_t region_table_sum(const struct region_table *t, enum row_kind kind);

#endif
