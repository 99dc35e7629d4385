/// Strings that know their length: comparison and shell-like matching.
#include "str.h"

#include <stdint.h>

struct str str_from(const char *text) {
    return (struct str){ text, text ? strlen(text) : 0 };
}

bool str_equal(struct str a, struct str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

int str_compare(struct str a, struct str b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.at, b.at, common) : 0;
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool str_starts_with(struct str s, struct str prefix) {
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.at, prefix.at, prefix.len) == 0);
}

bool str_ends_with(struct str s, struct str suffix) {
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.at + s.len - suffix.len, suffix.at, suffix.len) == 0);
}

/// Index just behind the `]` that closes the set opened at `glob.at[open]`; 0 when none does, in
/// which case the `[` stands for itself. A `]` right after `[` or `[!` is a member.
static size_t set_end(struct str glob, size_t open) {
    size_t i = open + 1;
    if (i < glob.len && glob.at[i] == '!') {
        i++;
    }
    for (i++; i < glob.len; i++) {
        if (glob.at[i] == ']') {
            return i + 1;
        }
    }
    return 0;
}

/// Whether `byte` is in the set glob.at[open..end), brackets included.
static bool set_has(struct str glob, size_t open, size_t end, char byte) {
    size_t i = open + 1;
    uint8_t wanted = (uint8_t)byte;
    bool inverted = glob.at[i] == '!';
    bool found = false;
    for (i += inverted; i < end - 1; i++) {
        uint8_t low = (uint8_t)glob.at[i];
        uint8_t high = low;
        if (i + 2 < end - 1 && glob.at[i + 1] == '-') {
            high = (uint8_t)glob.at[i + 2];
            i += 2;
        }
        found = found || (low <= wanted && wanted <= high);
    }
    return found != inverted;
}

/// Matches one byte against the element at glob.at[*g], which is not a star. Moves `*g` behind the
/// element when it matches.
static bool element_matches(struct str glob, size_t *g, char byte) {
    size_t end;
    if (*g >= glob.len) {
        return false;
    }
    switch (glob.at[*g]) {
    case '?':
        *g += 1;
        return true;
    case '[':
        end = set_end(glob, *g);
        if (end != 0) {
            bool has = set_has(glob, *g, end, byte);
            *g = has ? end : *g;
            return has;
        }
        break;
    case '\\':
        if (*g + 1 < glob.len) {
            bool same = glob.at[*g + 1] == byte;
            *g += same ? 2 : 0;
            return same;
        }
        break;
    default:
        break;
    }
    if (glob.at[*g] != byte) {
        return false;
    }
    *g += 1;
    return true;
}

struct str str_base_name(struct str path) {
    size_t start = path.len;
    while (start > 0 && path.at[start - 1] != '/') {
        start--;
    }
    return (struct str){ path.at + start, path.len - start };
}

/// Whether the last byte alone says that `s` does not match: most do not, and globs with a star in front would look at all of it.
static bool ends_otherwise(struct str s, struct str glob) {
    if (glob.len == 0) {
        return false;
    }
    char last = glob.at[glob.len - 1];
    bool is_plain = last != '*' && last != '?' && last != ']';
    return is_plain && (s.len == 0 || s.at[s.len - 1] != last);
}

/// Only the newest star is ever widened: if an earlier one could be, the same match is found by
/// widening the newest. That bounds the work by the product of the lengths, without recursion.
bool str_matches(struct str s, struct str glob) {
    size_t at = 0;
    size_t g = 0;
    size_t star = SIZE_MAX; // Behind the newest star.
    size_t star_at = 0;     // First byte that it does not cover yet.
    if (ends_otherwise(s, glob)) {
        return false;
    }
    while (at < s.len) {
        if (g < glob.len && glob.at[g] == '*') {
            star = ++g;
            star_at = at;
        } else if (element_matches(glob, &g, s.at[at])) {
            at++;
        } else if (star != SIZE_MAX) {
            g = star;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (g < glob.len && glob.at[g] == '*') {
        g++;
    }
    return g == glob.len;
}
