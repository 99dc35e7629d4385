/// Source paths in one form: a compiler notes the path of an include folder as it was given, so that one
/// header has many.
#include "source_path.h"

/// Length of `text` without its last part and the slash before it.
static size_t parent_len(const char *text, size_t len) {
    while (len > 0 && text[len - 1] != '/') {
        len--;
    }
    return len > 0 ? len - 1 : 0;
}

static bool ends_in_dots(const char *text, size_t len) {
    return len >= 2 && text[len - 1] == '.' && text[len - 2] == '.' &&
           (len == 2 || text[len - 3] == '/');
}

/// Appends "/part" (at the very beginning of a relative path: "part"), or applies it.
static size_t add_part(char *out, size_t len, struct str part, bool is_absolute) {
    if (part.len == 0 || str_equal(part, STR("."))) {
        return len;
    }
    bool may_go_up = len > 0 && !ends_in_dots(out, len);
    if (str_equal(part, STR("..")) && (may_go_up || is_absolute)) {
        return parent_len(out, len);
    }
    if (len > 0 || is_absolute) {
        out[len++] = '/';
    }
    memcpy(out + len, part.at, part.len);
    return len + part.len;
}

struct str source_path(struct arena *a, struct str path) {
    char *out = arena_take(a, path.len + 2, 1, 1);
    bool is_absolute = path.len > 0 && path.at[0] == '/';
    size_t len = 0;
    for (size_t start = 0; start < path.len;) {
        size_t end = start;
        while (end < path.len && path.at[end] != '/') {
            end++;
        }
        len = add_part(out, len, (struct str){ path.at + start, end - start }, is_absolute);
        start = end + 1;
    }
    if (len == 0 && path.len > 0) {
        out[len++] = is_absolute ? '/' : '.';
    }
    return (struct str){ out, len };
}
