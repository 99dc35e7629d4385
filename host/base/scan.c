// See scan.h.
#include "scan.h"

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static struct str take(struct scan *s, size_t len) {
    struct str taken = { s->rest.at, len };
    s->rest.at += len;
    s->rest.len -= len;
    return taken;
}

void scan_blanks(struct scan *s) {
    while (s->rest.len > 0 && is_blank(s->rest.at[0]))
        take(s, 1);
}

bool scan_try(struct scan *s, const char *words) {
    struct str w = str_from(words);
    bool is_there = s->ok && str_starts_with(s->rest, w);
    if (is_there)
        take(s, w.len);
    return is_there;
}

void scan_words(struct scan *s, const char *words) {
    s->ok = scan_try(s, words);
}

uint64_t scan_number(struct scan *s) {
    uint64_t value = 0;
    scan_blanks(s);
    size_t len = 0;
    for (; s->ok && len < s->rest.len && s->rest.at[len] >= '0' && s->rest.at[len] <= '9'; len++) {
        value = value * 10 + (uint64_t)(s->rest.at[len] - '0');
        s->ok = value <= SCAN_MOST;
    }
    s->ok = s->ok && len > 0;
    if (s->ok)
        take(s, len);
    return s->ok ? value : 0;
}

uint64_t scan_number_of(struct scan *s, uint64_t unit) {
    uint64_t value = scan_number(s);
    s->ok = s->ok && value <= SCAN_MOST / unit;
    return s->ok ? value * unit : 0;
}

int64_t scan_signed(struct scan *s) {
    scan_blanks(s);
    bool is_negative = scan_try(s, "-");
    int64_t value = (int64_t)scan_number(s);
    return is_negative ? -value : value;
}

uint64_t scan_hex(struct scan *s, unsigned digits) {
    uint64_t value = 0;
    size_t len = 0;
    for (; s->ok && len < s->rest.len && len < 16 && hex_digit(s->rest.at[len]) >= 0; len++)
        value = value << 4 | (uint64_t)hex_digit(s->rest.at[len]);
    s->ok = s->ok && len > 0 && (digits == 0 || len == digits);
    if (s->ok)
        take(s, len);
    return s->ok ? value : 0;
}

struct str scan_until(struct scan *s, const char *end) {
    size_t at = s->ok ? scan_find(s->rest, str_from(end)) : SIZE_MAX;
    s->ok = at != SIZE_MAX;
    if (!s->ok)
        return STR("");
    struct str taken = take(s, at);
    take(s, strlen(end));
    return taken;
}

struct str scan_word(struct scan *s) {
    size_t len = 0;
    while (len < s->rest.len && !is_blank(s->rest.at[len]))
        len++;
    s->ok = s->ok && len > 0;
    return s->ok ? take(s, len) : STR("");
}

struct str scan_rest(struct scan *s) {
    return scan_trim(take(s, s->rest.len));
}

bool scan_is_done(struct scan *s) {
    scan_blanks(s);
    return s->ok && s->rest.len == 0;
}

struct str scan_trim(struct str s) {
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
        s.len--;
    while (s.len > 0 && is_blank(s.at[0])) {
        s.at++;
        s.len--;
    }
    return s;
}

size_t scan_find(struct str s, struct str part) {
    if (part.len == 0)
        return 0;
    const char *found = s.len < part.len ? NULL : memmem(s.at, s.len, part.at, part.len);
    return found ? (size_t)(found - s.at) : SIZE_MAX;
}
