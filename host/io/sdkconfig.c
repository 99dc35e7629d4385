// See sdkconfig.h.
#include "sdkconfig.h"

#include "file.h"
#include "vec.h"

#include <stdlib.h>

struct reader {
    struct arena *a;
    struct sdkconfig *out;
    struct {
        struct sdkconfig_value *at;
        size_t len, room;
    } values;
    uint32_t line;
};

static struct str trimmed(struct str s) {
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t')) {
        s.at++;
        s.len--;
    }
    while (s.len > 0 && strchr(" \t\r", s.at[s.len - 1]) != NULL)
        s.len--;
    return s;
}

static bool is_name(struct str s) {
    for (size_t i = 0; i < s.len; i++)
        if (!((s.at[i] >= 'A' && s.at[i] <= 'Z') || (s.at[i] >= 'a' && s.at[i] <= 'z') ||
                    (s.at[i] >= '0' && s.at[i] <= '9') || s.at[i] == '_'))
            return false;
    return s.len > 0;
}

static bool take(struct str *s, struct str words) {
    if (!str_starts_with(*s, words))
        return false;
    *s = (struct str){ s->at + words.len, s->len - words.len };
    return true;
}

static void add(struct reader *r, struct str name, struct str value) {
    *vec_push(r->a, &r->values) =
            (struct sdkconfig_value){ .name = name, .value = value, .line = r->line };
}

/// A string without its quotes and the backslashes before quotes and backslashes; false when it does not end.
static bool unquote(struct arena *a, struct str *s) {
    char *to = NEW_ARRAY(a, char, s->len + 1);
    size_t len = 0;
    size_t i = 1;
    for (; i < s->len && s->at[i] != '"'; i++) {
        if (s->at[i] == '\\' && i + 1 < s->len)
            i++;
        to[len++] = s->at[i];
    }
    bool ends = i + 1 == s->len;
    *s = (struct str){ to, len };
    return ends;
}

/// "CONFIG_NAME=value".
static bool read_value(struct reader *r, struct str line) {
    const char *equals = line.len ? memchr(line.at, '=', line.len) : NULL;
    if (!take(&line, STR("CONFIG_")) || equals == NULL)
        return false;
    struct str name = { line.at, (size_t)(equals - line.at) };
    struct str value = { equals + 1, line.len - name.len - 1 };
    if (!is_name(name) || (value.len && value.at[0] == '"' && !unquote(r->a, &value)))
        return false;
    add(r, name, value);
    return true;
}

/// "# CONFIG_NAME is not set", which is a value; the head; any other comment.
static void read_comment(struct reader *r, struct str line) {
    static const char not_set[] = " is not set";
    line = trimmed((struct str){ line.at + 1, line.len - 1 });
    if (take(&line, STR("CONFIG_")) && str_ends_with(line, str_from(not_set))) {
        struct str name = { line.at, line.len - (sizeof not_set - 1) };
        if (is_name(name))
            add(r, name, STR("n"));
    } else if (r->out->idf_version.len == 0 &&
               take(&line, STR("Espressif IoT Development Framework (ESP-IDF) "))) {
        const char *end = line.len ? memchr(line.at, ' ', line.len) : NULL;
        r->out->idf_version = (struct str){ line.at, end ? (size_t)(end - line.at) : line.len };
    }
}

static void read_line(struct reader *r, struct str line) {
    line = trimmed(line);
    r->line++;
    if (line.len == 0)
        return;
    if (line.at[0] == '#')
        read_comment(r, line);
    else if (!read_value(r, line) && r->out->not_understood++ == 0)
        r->out->first_line = r->line;
}

static int by_name_then_line(const void *a, const void *b) {
    const struct sdkconfig_value *left = a;
    const struct sdkconfig_value *right = b;
    int names = str_compare(left->name, right->name);
    return names != 0 ? names : left->line < right->line ? -1 : left->line > right->line;
}

/// Sorts, and keeps the last of each name.
static void settle(struct reader *r) {
    struct sdkconfig *c = r->out;
    c->values = r->values.at;
    qsort(c->values, r->values.len, sizeof *c->values, by_name_then_line);
    for (size_t i = 0; i < r->values.len; i++) {
        bool is_last =
                i + 1 == r->values.len || !str_equal(c->values[i].name, c->values[i + 1].name);
        if (is_last)
            c->values[c->count++] = c->values[i];
    }
}

bool sdkconfig_parse(struct arena *a, const char *path, struct str text, struct sdkconfig *out,
        struct err *err) {
    struct reader r = { .a = a, .out = out };
    *out = (struct sdkconfig){ .path = arena_copy(a, str_from(path)).at, .idf_version = STR("") };
    while (text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        size_t len = end ? (size_t)(end - text.at) : text.len;
        read_line(&r, (struct str){ text.at, len });
        len += end != NULL;
        text = (struct str){ text.at + len, text.len - len };
    }
    if (r.values.len == 0)
        return fail(err, path, ERR_NO_OFFSET,
                "holds no line CONFIG_...=...; give the sdkconfig in the project's folder");
    settle(&r);
    return true;
}

bool sdkconfig_read(struct arena *a, const char *path, struct sdkconfig *out, struct err *err) {
    struct str text;
    return file_read(a, path, SDKCONFIG_LARGEST_BYTES, &text, err) &&
           sdkconfig_parse(a, path, text, out, err);
}

const struct sdkconfig_value *sdkconfig_find(const struct sdkconfig *c, struct str name) {
    size_t low = 0;
    size_t high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(c->values[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->count && str_equal(c->values[low].name, name) ? &c->values[low] : NULL;
}

bool sdkconfig_number(const struct sdkconfig_value *v, uint64_t *out) {
    char digits[24];
    if (v->value.len == 0 || v->value.len >= sizeof digits)
        return false;
    memcpy(digits, v->value.at, v->value.len);
    digits[v->value.len] = '\0';
    bool is_hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    char *end;
    if (digits[0] < '0' || digits[0] > '9')
        return false;
    *out = strtoull(digits, &end, is_hex ? 16 : 10);
    return *end == '\0';
}
