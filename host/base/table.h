/// Text tables: cells in, aligned lines out.
///
///     static const struct table_column columns[] = {
///         { .title = "component", .is_flexible = true },
///         { .title = "bytes", .align = TABLE_RIGHT },
///     };
///     struct table table = table_new(a, columns, 2);
///     table_cell(&table, STR("libjuice"));
///     table_printf(&table, "%s", human_exact(bytes).text);
///     table_rule(&table);
///     ... the row of the total ...
///     table_write(&table, &ctx->term, text);
#ifndef RAMLENS_TABLE_H
#define RAMLENS_TABLE_H

#include "arena.h"
#include "str.h"
#include "term.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>

enum table_align { TABLE_LEFT, TABLE_RIGHT };

/// One column. It is as wide as its widest cell; two spaces stand between columns.
struct table_column {
    const char *title; ///< NULL: none. Without any title the table has no header.
    enum table_align align;
    unsigned least;   ///< Columns it has at least, whatever it holds.
    unsigned most;    ///< Columns it has at most, where there is room, too; 0: as many as it needs.
    bool is_flexible; ///< Shortened in the middle where the table would not fit, the widest first.
    bool keeps_end;   ///< Shortened in front instead: paths, whose ends tell them apart.
};

enum {
    TABLE_GAP = 2,             ///< Spaces between columns.
    TABLE_FLEXIBLE_LEAST = 20, ///< A flexible column is not shortened below this (nor `least`).
};

struct table_row; // Private.

struct table {
    struct arena *arena;
    const struct table_column *columns;
    size_t column_count;
    struct table_row *first; ///< Private, as is all below.
    struct table_row *last;
    size_t filled;  ///< Cells of the last row so far.
    bool next_bold; ///< For the next row.
    bool next_rule;
};

/// An empty table. The columns must outlive it.
struct table table_new(struct arena *a, const struct table_column *columns, size_t column_count);

/// Puts `s` into the next cell; a row is complete with its last cell. The bytes must outlive the
/// table. They are cleaned as human_clean() does, so names from files may be given as they are.
/// Leading spaces show, for rows that belong to one above.
void table_cell(struct table *t, struct str s);

/// The same, formatted; for numbers.
void table_printf(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// Completes the row with empty cells; nothing when it is complete already.
void table_end_row(struct table *t);

/// A line over all columns, for the heading of a group; no row may be incomplete.
void table_heading(struct table *t, struct str s);

/// Draws a rule above the next row, and that row bold: the total.
void table_rule(struct table *t);

/// Makes the next row bold where colour is on.
void table_bold(struct table *t);

/// Whether table_write() can keep to `term->columns`: else its user may leave columns out.
bool table_fits(const struct table *t, const struct term *term);

/// Appends the table to `out`. Lines are not longer than `term->columns` if shortening the flexible
/// column can achieve that; they have no trailing spaces. Empty tables give their header only.
/// No row may be incomplete. Cost: linear in the cells' bytes.
void table_write(const struct table *t, const struct term *term, struct text *out);

#endif
