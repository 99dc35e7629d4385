/// See site_text.h.
#include "site_text.h"

#include <inttypes.h>

struct str site_function(const struct site *s) {
    struct str f = s->function;
    int depth = 0;
    for (size_t i = f.len; i > 0; i--) {
        depth += f.at[i - 1] == ')';
        depth -= f.at[i - 1] == '(';
        if (depth == 0 && f.at[i - 1] == '(')
            return (struct str){ f.at, i - 1 };
    }
    return f.len == 0 ? STR("?") : f;
}

/// What follows the `count`-th slash from the end.
static struct str tail(struct str path, unsigned count) {
    size_t at = path.len;
    while (at > 0 && !(path.at[at - 1] == '/' && --count == 0))
        at--;
    return (struct str){ path.at + at, path.len - at };
}

struct str site_place(struct arena *a, const struct site *s) {
    if (s->file.len != 0)
        return str_from(arena_printf(a, "%.*s:%" PRIu32, STR_ARG(tail(s->file, 2)), s->line));
    if (s->module.len == 0)
        return STR("?");
    return str_from(arena_printf(a, "%.*s+0x%" PRIx64, STR_ARG(tail(s->module, 1)), s->offset));
}
