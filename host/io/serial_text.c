// See serial_text.h. A line is collected into a buffer of its own, cleaned in place, and given out in pieces.
#include "serial_text.h"

#include "scan.h"
#include "utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    READ_BYTES = 1 << 16,
    TAG_LONGEST = 40,  ///< Longer than any of ESP-IDF's own.
    TIME_LONGEST = 30, ///< "2026-01-01 12:33:01.123456"
};

struct serial_text {
    const char *path;
    int fd;
    bool at_end; ///< Nothing more can be read.
    bool after_cr;
    struct serial_counts counts;
    char input[READ_BYTES];
    size_t input_at, input_len;
    char line[SERIAL_TEXT_LONGEST + 1]; ///< One for the byte that makes it too long.
    size_t line_len;
    uint64_t line_number; ///< Of `line`.
    uint64_t line_offset;
    bool line_cut;   ///< `line` does not end as it was printed.
    struct str rest; ///< Of `line`, not given out yet.
    uint64_t lines_ended;
};

// ---- reading

struct serial_text *serial_text_open(struct arena *a, const char *path, struct err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail(err, path, ERR_NO_OFFSET, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    struct serial_text *s = NEW(a, struct serial_text);
    s->path = path;
    s->fd = fd;
    return s;
}

void serial_text_close(struct serial_text *s) {
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
}

const struct serial_counts *serial_text_counts(const struct serial_text *s) {
    return &s->counts;
}

/// Whether there is a byte to take; false at the end, or with a message.
static bool fill(struct serial_text *s, struct err *err) {
    if (s->input_at < s->input_len)
        return true;
    ssize_t n = 0;
    do {
        n = s->at_end ? 0 : read(s->fd, s->input, sizeof s->input);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        s->counts.failed = !fail(err, s->path, s->counts.bytes ? s->counts.bytes : ERR_NO_OFFSET,
                "cannot be read: %s", strerror(errno));
    s->at_end = n <= 0;
    s->input_at = 0;
    s->input_len = n > 0 ? (size_t)n : 0;
    return n > 0;
}

/// Adds a run of bytes without line ends; what is too much is passed over.
static void collect(struct serial_text *s, const char *at, size_t len) {
    size_t room = sizeof s->line - s->line_len;
    size_t taken = len < room ? len : room;
    memcpy(s->line + s->line_len, at, taken);
    s->line_len += taken;
}

static void begin_line(struct serial_text *s) {
    s->line_len = 0;
    s->line_number = s->lines_ended + 1;
    s->line_offset = s->counts.bytes;
    s->line_cut = false;
}

/// Bytes up to the next CR or LF.
static size_t run_length(const char *at, size_t len) {
    const char *lf = memchr(at, '\n', len);
    size_t run = lf ? (size_t)(lf - at) : len;
    const char *cr = memchr(at, '\r', run);
    return cr ? (size_t)(cr - at) : run;
}

/// Reads to the end of a line, or to a lone CR. False when there is nothing more.
static bool read_line(struct serial_text *s, struct err *err) {
    begin_line(s);
    while (fill(s, err)) {
        const char *at = s->input + s->input_at;
        char c = *at;
        if (s->after_cr && c != '\r' && c != '\n') {
            s->after_cr = false;
            if (s->line_len > 0)
                return true; // a lone CR: the terminal wrote over what was there
        }
        size_t run = run_length(at, s->input_len - s->input_at);
        size_t taken = run > 0 ? run : 1;
        collect(s, at, run);
        s->input_at += taken;
        s->counts.bytes += taken;
        if (run > 0)
            continue;
        s->after_cr = c == '\r';
        if (c == '\n') {
            s->lines_ended++;
            s->counts.lines++;
            return true;
        }
    }
    if (s->line_len == 0)
        return false;
    s->counts.lines++;
    s->lines_ended++;
    s->counts.ends_in_line = !s->after_cr;
    s->line_cut = !s->after_cr;
    return true;
}

// ---- cleaning

/// Length of an ANSI sequence at the front: ESC [ ... letter, ESC ] ... BEL, ESC and one byte; 0 none.
static size_t escape_length(const char *at, size_t len) {
    if (at[0] != '\033')
        return 0;
    if (len < 2)
        return 1;
    size_t n = 2;
    if (at[1] == ']') {
        while (n < len && at[n] != '\a' && at[n] != '\033')
            n++;
        return n < len && at[n] == '\a' ? n + 1 : n;
    }
    if (at[1] != '[')
        return 2;
    while (n < len && ((at[n] >= '0' && at[n] <= '?') || (at[n] >= ' ' && at[n] <= '/')))
        n++;
    return n < len && at[n] >= '@' && at[n] <= '~' ? n + 1 : n;
}

/// The same for a colour of ESP-IDF's whose escape byte was lost: "[0;32m", "[0m".
static size_t bare_colour_length(const char *at, size_t len) {
    if (len < 3 || at[0] != '[' || at[1] != '0')
        return 0;
    size_t n = 2;
    while (n < len && n < 8 && (at[n] == ';' || (at[n] >= '0' && at[n] <= '9')))
        n++;
    return n < len && at[n] == 'm' && (n == 2 || at[2] == ';') ? n + 1 : 0;
}

/// Copies `line` over itself, cleaned.
static void clean(struct serial_text *s) {
    size_t to = 0;
    bool is_bad = false;
    for (size_t at = 0; at < s->line_len;) {
        const char *from = s->line + at;
        size_t left = s->line_len - at, skipped = escape_length(from, left);
        skipped = skipped ? skipped : bare_colour_length(from, left);
        uint32_t code;
        size_t len = skipped ? 0 : utf8_decode(from, left, &code);
        at += skipped + (len ? len : !skipped);
        if (skipped)
            continue;
        if (len == 1 && (code < ' ' || code == 0x7f) && code != '\t') {
            s->counts.control++;
        } else if (len) {
            memmove(s->line + to, from, len);
            to += len;
        } else {
            s->line[to++] = '?';
            is_bad = true;
        }
    }
    s->line_len = to;
    s->counts.not_utf8 += is_bad;
}

/// Digits in the form of `form`, where 0 stands for one; any other byte for itself.
static bool try_form(struct scan *s, const char *form) {
    size_t len = strlen(form);
    if (s->rest.len < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = s->rest.at[i];
        if (form[i] == '0' ? c < '0' || c > '9' : c != form[i])
            return false;
    }
    s->rest.at += len;
    s->rest.len -= len;
    return true;
}

static void skip_digits(struct scan *s) {
    while (try_form(s, "0")) {
    }
}

/// "2026-01-01T12:33:01.123+01:00", "12:33:01,5", "2026/01/01 12:33:01": whether one was there.
static bool try_clock(struct scan *s) {
    struct scan before = *s;
    if (try_form(s, "0000-00-00") || try_form(s, "0000/00/00"))
        (void)(scan_try(s, "T") || scan_try(s, " ") || scan_try(s, "_"));
    if (!try_form(s, "00:00:00")) {
        *s = before;
        return false;
    }
    if (try_form(s, ".0") || try_form(s, ",0") || try_form(s, ":000"))
        skip_digits(s);
    (void)(scan_try(s, "Z") || try_form(s, "+00:00") || try_form(s, "-00:00") ||
            try_form(s, "+0000") || try_form(s, "-0000"));
    return true;
}

/// "[   12.345678]", as tools print it that count from the start of the recording.
static bool try_seconds(struct scan *s) {
    scan_blanks(s);
    if (!try_form(s, "0"))
        return false;
    skip_digits(s);
    if (!try_form(s, ".000"))
        return false;
    skip_digits(s);
    return true;
}

/// What follows a stamp: blanks, or an arrow between them.
static bool try_gap(struct scan *s) {
    struct str before = s->rest;
    scan_blanks(s);
    if (scan_try(s, "->") || scan_try(s, ">") || scan_try(s, "|"))
        scan_blanks(s);
    return s->rest.at > before.at || s->rest.len == 0;
}

/// `text` without a monitor's stamp.
static struct str without_stamp(struct str text) {
    struct scan s = { text, true };
    bool is_stamp = scan_try(&s, "[") ? (try_clock(&s) || try_seconds(&s)) && scan_try(&s, "]")
                                      : try_clock(&s) && try_gap(&s);
    if (is_stamp && s.rest.len > 0 && (s.rest.at[0] == ' ' || s.rest.at[0] == '\t'))
        (void)try_gap(&s);
    return is_stamp ? s.rest : text;
}

// ---- log lines

static bool is_tag_byte(char c) {
    return c > ' ' && c <= '~' && c != ':' && c != '(' && c != ')';
}

static bool is_level(char c) {
    return c == 'I' || c == 'W' || c == 'E' || c == 'D' || c == 'V';
}

/// "(1234) " or "(12:33:01.123) "; whether it was there.
static bool try_time(struct scan *s, struct serial_piece *out) {
    if (!scan_try(s, "("))
        return false;
    struct scan digits = *s;
    out->time_ms = scan_number(&digits);
    out->has_time = digits.ok && scan_try(&digits, ") ");
    if (out->has_time) {
        *s = digits;
        return true;
    }
    size_t n = 0;
    while (n < s->rest.len && n < TIME_LONGEST && strchr("0123456789:.- ", s->rest.at[n]) != NULL)
        n++;
    if (n < 8 || n >= s->rest.len)
        return false;
    s->rest.at += n;
    s->rest.len -= n;
    return scan_try(s, ") ");
}

/// "tag: "; whether it was there.
static bool try_tag(struct scan *s, struct serial_piece *out) {
    size_t n = 0;
    while (n < s->rest.len && n < TAG_LONGEST && is_tag_byte(s->rest.at[n]))
        n++;
    out->tag = (struct str){ s->rest.at, n };
    if (n == 0 || n == s->rest.len || s->rest.at[n] != ':')
        return false;
    s->rest.at += n + 1;
    s->rest.len -= n + 1;
    return scan_try(s, " ") || s->rest.len == 0;
}

/// Reads the head of a log line at the front of `text`. With `strictly` it must have a time.
static bool parse_head(struct str text, bool strictly, struct serial_piece *out) {
    struct scan s = { text, true };
    if (text.len < 4 || !is_level(text.at[0]) || text.at[1] != ' ')
        return false;
    s.rest.at += 2;
    s.rest.len -= 2;
    bool has_time = s.rest.at[0] == '(';
    if ((strictly && !has_time) || (has_time && !try_time(&s, out)) || !try_tag(&s, out))
        return false;
    out->level = text.at[0];
    out->message = s.rest;
    return true;
}

void serial_piece_parse(struct serial_piece *out) {
    out->level = 0;
    out->has_time = false;
    out->time_ms = 0;
    if (!parse_head(out->text, false, out)) {
        out->tag = STR("");
        out->message = out->text;
        out->has_time = false;
    }
}

/// Index at which another log line begins in `text`, behind its first byte; its length when none does.
static size_t next_head(struct str text) {
    struct serial_piece ignored;
    for (size_t i = 1; i + 4 < text.len; i++)
        if (text.at[i + 1] == ' ' && text.at[i + 2] == '(' && is_level(text.at[i]) &&
                parse_head((struct str){ text.at + i, text.len - i }, true, &ignored))
            return i;
    return text.len;
}

// ---- pieces

/// Makes `rest` of the line that was read.
static void prepare_line(struct serial_text *s) {
    if (s->line_len > SERIAL_TEXT_LONGEST) {
        s->counts.too_long++;
        s->line_len = SERIAL_TEXT_LONGEST;
        s->line_cut = true;
    }
    clean(s);
    s->rest = without_stamp((struct str){ s->line, s->line_len });
}

bool serial_text_next(struct serial_text *s, struct serial_piece *out, struct err *err) {
    while (scan_trim(s->rest).len == 0) {
        if (!read_line(s, err))
            return false;
        prepare_line(s);
    }
    bool is_of_monitor = str_starts_with(s->rest, STR("--- "));
    size_t len = is_of_monitor ? s->rest.len : next_head(s->rest);
    bool is_split = len < s->rest.len;
    *out = (struct serial_piece){ .text = { s->rest.at, len },
        .line = s->line_number,
        .offset = s->line_offset,
        .is_cut = is_split || s->line_cut,
        .is_of_monitor = is_of_monitor };
    serial_piece_parse(out);
    s->counts.split += is_split;
    s->rest.at += len;
    s->rest.len -= len;
    return true;
}
