/// Numbers and names for people. Integer arithmetic throughout, so every machine prints the same.
#include "human.h"

#include "utf8.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "\xE2\x80\xA6"

/// round(value * scale / unit), half up, for scale at most 100 and a quotient below 2^32.
static uint64_t scaled(uint64_t value, uint64_t unit, unsigned scale) {
    if (unit > UINT64_MAX / 200) { // Exabytes: what is lost is below any figure shown.
        unit >>= 10;
        value >>= 10;
    }
    return value / unit * scale + (value % unit * scale + unit / 2) / unit;
}

/// Prints value / unit with three figures; false when it rounds to `limit` or more.
static bool three_figures(
        struct human *out, uint64_t value, uint64_t unit, unsigned limit, const char *name) {
    uint64_t hundredths = scaled(value, unit, 100);
    uint64_t tenths = scaled(value, unit, 10);
    uint64_t whole = scaled(value, unit, 1);
    if (hundredths < 1000) {
        (void)snprintf(out->text, sizeof(out->text), "%" PRIu64 ".%02" PRIu64 " %s",
                hundredths / 100, hundredths % 100, name);
    } else if (tenths < 1000) {
        (void)snprintf(out->text, sizeof(out->text), "%" PRIu64 ".%" PRIu64 " %s", tenths / 10,
                tenths % 10, name);
    } else {
        (void)snprintf(out->text, sizeof(out->text), "%" PRIu64 " %s", whole, name);
    }
    return whole < limit;
}

struct human human_bytes(uint64_t bytes) {
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    struct human out;
    if (bytes < 1024) {
        (void)snprintf(out.text, sizeof(out.text), "%" PRIu64 " B", bytes);
        return out;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (bytes >> (10 * (i + 1)) < 1024 &&
                three_figures(&out, bytes, UINT64_C(1) << (10 * (i + 1)), 1024, units[i])) {
            break;
        }
    }
    return out;
}

struct human human_exact(uint64_t number) {
    struct human out = { "" };
    char digits[24];
    size_t count = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number);
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        if (i && (count - i) % 3 == 0) {
            out.text[len++] = ',';
        }
        out.text[len++] = digits[i];
    }
    return out;
}

struct human human_change(int64_t number) {
    struct human out = { "0" };
    if (number != 0) {
        uint64_t size = number < 0 ? -(uint64_t)number : (uint64_t)number;
        (void)snprintf(out.text, sizeof(out.text), "%c%.30s", number < 0 ? '-' : '+',
                human_exact(size).text);
    }
    return out;
}

struct human human_percent(uint64_t part, uint64_t whole) {
    struct human out = { "-" };
    if (whole == 0) {
        return out;
    }
    uint64_t larger = part > whole ? part : whole;
    unsigned shift = larger > UINT64_MAX / 2000 ? 12 : 0;
    uint64_t small_whole = whole >> shift; // 0 only beside a part that is larger by far.
    small_whole = small_whole ? small_whole : 1;
    uint64_t tenths = ((part >> shift) * 1000 + small_whole / 2) / small_whole;
    if (tenths == 0 && part != 0) {
        return (struct human){ "< 0.1 %" };
    }
    if (tenths == 1000 && part < whole) {
        return (struct human){ "> 99.9 %" };
    }
    (void)snprintf(
            out.text, sizeof(out.text), "%" PRIu64 ".%" PRIu64 " %%", tenths / 10, tenths % 10);
    return out;
}

struct human human_time(uint64_t time_us) {
    struct human out;
    uint64_t time_s = scaled(time_us, 1000000, 1);
    if (time_us < 1000) {
        (void)snprintf(out.text, sizeof(out.text), "%" PRIu64 " us", time_us);
    } else if (time_us < 1000000 && three_figures(&out, time_us, 1000, 1000, "ms")) {
        return out;
    } else if (!three_figures(&out, time_us, 1000000, 120, "s")) {
        (void)snprintf(out.text, sizeof(out.text), "%" PRIu64 " min %" PRIu64 " s", time_s / 60,
                time_s % 60);
    }
    return out;
}

/// Takes one character off the front of `*rest`; false when it must not reach a terminal (a control
/// character, or a byte that is no UTF-8).
static bool take_character(struct str *rest, struct str *character, unsigned *columns) {
    uint32_t code = 0;
    size_t len = utf8_decode(rest->at, rest->len, &code);
    bool control = code < 0x20 || (code >= 0x7F && code < 0xA0) ||
                   (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    *character = (struct str){ rest->at, len ? len : 1 };
    *columns = len && !control ? utf8_columns(code) : 1;
    rest->at += character->len;
    rest->len -= character->len;
    return len && !control;
}

unsigned human_columns(struct str s) {
    unsigned sum = 0;
    while (s.len) {
        struct str character;
        unsigned columns;
        (void)take_character(&s, &character, &columns);
        sum += columns;
    }
    return sum;
}

static bool is_clean(struct str s) {
    while (s.len) {
        struct str character;
        unsigned columns;
        if (!take_character(&s, &character, &columns)) {
            return false;
        }
    }
    return true;
}

struct str human_clean(struct arena *a, struct str s) {
    if (is_clean(s)) {
        return s;
    }
    char *copy = arena_take(a, s.len + 1, 1, 1); // A mark is never longer than what it is for.
    size_t len = 0;
    while (s.len) {
        struct str character;
        unsigned columns;
        if (take_character(&s, &character, &columns)) {
            memcpy(copy + len, character.at, character.len);
            len += character.len;
        } else {
            copy[len++] = '?';
        }
    }
    return (struct str){ copy, len };
}

/// Bytes at the start of the clean `s` that fit `columns`.
static size_t fitting_head(struct str s, unsigned columns) {
    struct str rest = s;
    unsigned sum = 0;
    while (rest.len) {
        struct str character;
        unsigned more;
        size_t before = s.len - rest.len;
        (void)take_character(&rest, &character, &more);
        sum += more;
        if (sum > columns) {
            return before;
        }
    }
    return s.len;
}

/// Index in the clean `s` from which on it fits `columns`, which is less than all of it. A
/// combining mark that has lost its letter goes too.
static size_t fitting_tail(struct str s, unsigned columns) {
    struct str rest = s;
    unsigned left = human_columns(s);
    unsigned more = 0;
    struct str character;
    while (rest.len && left > columns) {
        (void)take_character(&rest, &character, &more);
        left -= more;
    }
    while (rest.len) {
        struct str after = rest;
        (void)take_character(&after, &character, &more);
        if (more != 0) {
            break;
        }
        rest = after;
    }
    return s.len - rest.len;
}

/// As much of `s`, cleaned, as fits with an ellipsis behind its first `head_columns`.
static struct str shortened(
        struct arena *a, struct str s, unsigned columns, unsigned head_columns) {
    s = human_clean(a, s);
    if (human_columns(s) <= columns) {
        return s;
    }
    if (columns == 0) {
        return (struct str){ s.at, 0 };
    }
    size_t head = fitting_head(s, head_columns);
    size_t tail = fitting_tail(s, columns - 1 - head_columns);
    char *out = arena_printf(
            a, "%.*s" ELLIPSIS "%.*s", (int)head, s.at, (int)(s.len - tail), s.at + tail);
    return str_from(out);
}

struct str human_cut(struct arena *a, struct str s, unsigned columns) {
    return shortened(a, s, columns, columns ? (columns - 1) / 2 : 0);
}

struct str human_cut_front(struct arena *a, struct str s, unsigned columns) {
    return shortened(a, s, columns, 0);
}
