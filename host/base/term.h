/// What the place that output goes to can show: its width, and whether it shows colour.
#ifndef RAMLENS_TERM_H
#define RAMLENS_TERM_H

#include <stdbool.h>

/// The legal values of an option that says when: NULL-terminated, in the order of `enum term_when`.
extern const char *const term_when_names[];

enum term_when { TERM_AUTO, TERM_ALWAYS, TERM_NEVER };

enum {
    TERM_DEFAULT_COLUMNS = 80, ///< A terminal that does not tell.
    TERM_FILE_COLUMNS = 100,   ///< A file or a pipe.
    TERM_LEAST_COLUMNS = 40,   ///< Narrower ones are treated as this wide.
    TERM_MOST_COLUMNS = 1000,  ///< Wider ones as this.
};

struct term {
    unsigned columns;
    bool is_terminal;
    bool has_color;
};

/// Looks at the open file `fd`. The width is that of COLUMNS in the environment if it holds a
/// number, else what the terminal tells, else one of the defaults above. With TERM_AUTO colour is
/// on if `fd` is a terminal, NO_COLOR is unset or empty and TERM is neither unset nor "dumb".
struct term term_of(int fd, enum term_when color);

/// Sequences that begin and end bold text; "" without colour. Colour never carries meaning alone.
const char *term_bold(const struct term *term);
const char *term_plain(const struct term *term);

#endif
