/// Asking the environment and the terminal.
#include "term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *const term_when_names[] = { "auto", "always", "never", NULL };

static unsigned clamp(unsigned long columns) {
    if (columns < TERM_LEAST_COLUMNS) {
        return TERM_LEAST_COLUMNS;
    }
    return columns > TERM_MOST_COLUMNS ? TERM_MOST_COLUMNS : (unsigned)columns;
}

static unsigned columns_of(int fd, bool is_terminal) {
    struct winsize size = { 0 };
    const char *text = getenv("COLUMNS");
    if (text && text[0] >= '0' && text[0] <= '9') {
        char *end;
        unsigned long columns = strtoul(text, &end, 10);
        if (*end == '\0' && columns > 0) {
            return clamp(columns);
        }
    }
    if (!is_terminal) {
        return TERM_FILE_COLUMNS;
    }
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return clamp(size.ws_col);
    }
    return TERM_DEFAULT_COLUMNS;
}

static bool color_is_welcome(void) {
    const char *no_color = getenv("NO_COLOR");
    const char *name = getenv("TERM");
    return !(no_color && no_color[0]) && name && name[0] && strcmp(name, "dumb") != 0;
}

struct term term_of(int fd, enum term_when color) {
    struct term term = { .is_terminal = isatty(fd) == 1 };
    term.columns = columns_of(fd, term.is_terminal);
    term.has_color =
            color == TERM_ALWAYS || (color == TERM_AUTO && term.is_terminal && color_is_welcome());
    return term;
}

const char *term_bold(const struct term *term) {
    return term->has_color ? "\033[1m" : "";
}

const char *term_plain(const struct term *term) {
    return term->has_color ? "\033[0m" : "";
}
