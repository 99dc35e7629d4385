/// Tables: rows are kept as lists of cells until the widths are known, then written line by line.
#include "table.h"

#include "human.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

struct table_row {
    struct str *cells; ///< One a column; a heading has one in all.
    struct table_row *next;
    bool is_heading;
    bool is_bold;
    bool has_rule; ///< Above it.
};

struct table table_new(struct arena *a, const struct table_column *columns, size_t column_count) {
    assert(column_count > 0);
    return (struct table){ .arena = a, .columns = columns, .column_count = column_count };
}

static struct table_row *add_row(struct table *t, size_t cells) {
    struct table_row *row = NEW(t->arena, struct table_row);
    row->cells = NEW_ARRAY(t->arena, struct str, cells);
    row->is_bold = t->next_bold;
    row->has_rule = t->next_rule;
    t->next_bold = t->next_rule = false;
    *(t->last ? &t->last->next : &t->first) = row;
    t->last = row;
    return row;
}

void table_cell(struct table *t, struct str s) {
    enum { CELL_MOST = 4096 }; // No terminal is as wide, and each of its characters is measured.
    struct table_row *row = t->filled ? t->last : add_row(t, t->column_count);
    if (s.len > CELL_MOST)
        s = str_from(arena_printf(t->arena, "%.*s…", CELL_MOST, s.at));
    row->cells[t->filled++] = human_clean(t->arena, s);
    if (t->filled == t->column_count) {
        t->filled = 0;
    }
}

void table_printf(struct table *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *text = arena_take(t->arena, (size_t)len + 1, 1, 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    table_cell(t, (struct str){ text, (size_t)len });
}

void table_end_row(struct table *t) {
    while (t->filled) {
        table_cell(t, STR(""));
    }
}

void table_heading(struct table *t, struct str s) {
    assert(t->filled == 0);
    struct table_row *row = add_row(t, 1);
    row->cells[0] = human_clean(t->arena, s);
    row->is_heading = true;
}

void table_rule(struct table *t) {
    t->next_rule = true;
    t->next_bold = true;
}

void table_bold(struct table *t) {
    t->next_bold = true;
}

static unsigned larger(unsigned a, unsigned b) {
    return a > b ? a : b;
}

/// Stores the width of each column as its content wants it; gives their sum, gaps included.
static unsigned measure(const struct table *t, unsigned *widths) {
    unsigned sum = 0;
    for (size_t i = 0; i < t->column_count; i++) {
        widths[i] = larger(t->columns[i].least, human_columns(str_from(t->columns[i].title)));
        for (const struct table_row *row = t->first; row; row = row->next) {
            if (!row->is_heading) {
                widths[i] = larger(widths[i], human_columns(row->cells[i]));
            }
        }
        unsigned most = t->columns[i].most;
        widths[i] = most != 0 && widths[i] > most ? most : widths[i];
        sum += widths[i] + (i ? TABLE_GAP : 0);
    }
    return sum;
}

/// The widest flexible column that may still give; `column_count` when none may.
static size_t widest_flexible(const struct table *t, const unsigned *widths) {
    size_t widest = t->column_count;
    for (size_t i = 0; i < t->column_count; i++) {
        unsigned least = larger(t->columns[i].least, TABLE_FLEXIBLE_LEAST);
        if (t->columns[i].is_flexible && widths[i] > least &&
                (widest == t->column_count || widths[i] > widths[widest]))
            widest = i;
    }
    return widest;
}

/// Takes what is too much from the flexible columns, column by column; gives the sum that is left.
static unsigned shrink(const struct table *t, unsigned *widths, unsigned sum, unsigned most) {
    for (; sum > most; sum--) {
        size_t i = widest_flexible(t, widths);
        if (i == t->column_count)
            break;
        widths[i]--;
    }
    return sum;
}

/// Drops the spaces that padding left at the end of the line which began at `start`.
static void end_line(struct text *out, size_t start) {
    while (out->len > start && out->at[out->len - 1] == ' ') {
        out->len--;
    }
}

/// Writes the cells of one line; `cells` has one a column.
static void write_cells(
        const struct table *t, const unsigned *widths, const struct str *cells, struct text *out) {
    size_t start = out->len;
    for (size_t i = 0; i < t->column_count; i++) {
        struct str cell = (t->columns[i].keeps_end ? human_cut_front : human_cut)(
                t->arena, cells[i], widths[i]);
        unsigned pad = widths[i] - human_columns(cell);
        text_fill(out, ' ', i ? TABLE_GAP : 0);
        text_fill(out, ' ', t->columns[i].align == TABLE_RIGHT ? pad : 0);
        text_add(out, cell);
        text_fill(out, ' ', t->columns[i].align == TABLE_RIGHT ? 0 : pad);
    }
    end_line(out, start);
}

static void write_header(
        const struct table *t, const unsigned *widths, const struct term *term, struct text *out) {
    struct str *titles = NEW_ARRAY(t->arena, struct str, t->column_count);
    bool any = false;
    for (size_t i = 0; i < t->column_count; i++) {
        titles[i] = str_from(t->columns[i].title);
        any = any || titles[i].len;
    }
    if (any) {
        text_add(out, str_from(term_bold(term)));
        write_cells(t, widths, titles, out);
        text_add(out, str_from(term_plain(term)));
        text_add_char(out, '\n');
    }
}

bool table_fits(const struct table *t, const struct term *term) {
    unsigned *widths = NEW_ARRAY(t->arena, unsigned, t->column_count);
    return shrink(t, widths, measure(t, widths), term->columns) <= term->columns;
}

void table_write(const struct table *t, const struct term *term, struct text *out) {
    assert(t->filled == 0);
    unsigned *widths = NEW_ARRAY(t->arena, unsigned, t->column_count);
    unsigned sum = shrink(t, widths, measure(t, widths), term->columns);
    write_header(t, widths, term, out);
    for (const struct table_row *row = t->first; row; row = row->next) {
        bool bold = row->is_bold || row->is_heading;
        if (row->has_rule) {
            text_fill(out, '-', sum);
            text_add_char(out, '\n');
        }
        text_add(out, str_from(bold ? term_bold(term) : ""));
        if (row->is_heading) {
            text_add(out, human_cut(t->arena, row->cells[0], larger(sum, term->columns)));
        } else {
            write_cells(t, widths, row->cells, out);
        }
        text_add(out, str_from(bold ? term_plain(term) : ""));
        text_add_char(out, '\n');
    }
}
