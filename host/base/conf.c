/// The reader of the line grammar, and look-up in what it read. Rewriting is in conf_write.c.
///
/// One pass over the text, line by line: check the bytes, cut off the comment, split into words,
/// find the line's place in the tree by its column. The open lines (those that may still get
/// children) are the newest statement and its parents, so the tree itself serves as the stack.
#include "conf.h"

#include "conf_raw.h"
#include "file.h"
#include "suggest.h"
#include "text.h"
#include "utf8.h"

#include <inttypes.h>

/// State of one reading.
struct reader {
    struct arena *arena;
    struct conf *conf;
    struct err *err;
    uint32_t number;        ///< Line being read, from 1.
    struct conf_raw *tail;  ///< Newest physical line.
    struct conf_line *open; ///< Newest statement.
    struct str *words;      ///< Words of this line; reused from line to line.
    uint32_t word_count;
    uint32_t word_room;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static struct str trim(struct str s) {
    while (s.len && is_blank(s.at[0])) {
        s.at++;
        s.len--;
    }
    while (s.len && is_blank(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

static void add_word(struct reader *r, struct str word) {
    if (r->word_count == r->word_room) {
        uint32_t room = r->word_room ? r->word_room * 2 : 8;
        struct str *wider = NEW_ARRAY(r->arena, struct str, room);
        if (r->word_count) {
            memcpy(wider, r->words, r->word_count * sizeof(*wider));
        }
        r->words = wider;
        r->word_room = room;
    }
    r->words[r->word_count++] = word;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The byte that the escape at s.at[*i] (a backslash) stands for, or -1. Moves `*i` to its last
/// byte.
static int take_escape(struct str s, size_t *i) {
    if (*i + 1 >= s.len) {
        return -1;
    }
    char kind = s.at[++*i];
    if (kind == '"' || kind == '\\') {
        return kind;
    }
    if (kind != 'x' || *i + 2 >= s.len) {
        return -1;
    }
    int high = hex_digit(s.at[*i + 1]);
    int low = hex_digit(s.at[*i + 2]);
    *i += 2;
    return high < 0 || low < 0 || high + low == 0 ? -1 : high * 16 + low;
}

/// Index of the quote that closes the one at line.at[open], or 0.
static size_t closing_quote(struct str line, size_t open) {
    for (size_t i = open + 1; i < line.len; i++) {
        if (line.at[i] == '"') {
            return i;
        }
        i += line.at[i] == '\\';
    }
    return 0;
}

/// Takes the quoted word at line.at[*i]; moves `*i` behind the closing quote.
static bool take_quoted(struct reader *r, struct str line, size_t *i) {
    size_t end = closing_quote(line, *i);
    if (end == 0) {
        return fail_line(r->err, r->conf->path, r->number, "a quote is not closed on its line");
    }
    if (end + 1 < line.len && !is_blank(line.at[end + 1])) {
        return fail_line(r->err, r->conf->path, r->number,
                "text right behind a closing quote; put a space between them");
    }
    struct str inside = { line.at + *i + 1, end - *i - 1 };
    char *word = arena_take(r->arena, inside.len + 1, 1, 1);
    size_t len = 0;
    for (size_t j = 0; j < inside.len; j++) {
        int byte = (unsigned char)inside.at[j];
        if (byte == '\\') {
            byte = take_escape(inside, &j);
        }
        if (byte < 0) {
            return fail_line(r->err, r->conf->path, r->number,
                    "unknown escape in a quoted word; there are \\\", \\\\ and \\xHH");
        }
        word[len++] = (char)byte;
    }
    add_word(r, (struct str){ word, len });
    *i = end + 1;
    return true;
}

/// Splits `line` (without its line end) into r->words from `raw->indent_len` on, and fills in the
/// raw line's `words_end` and the comment.
static bool take_words(
        struct reader *r, struct str line, struct conf_raw *raw, struct str *comment) {
    size_t i = raw->indent_len;
    r->word_count = 0;
    raw->words_end = i;
    while (i < line.len && line.at[i] != '#') {
        size_t start = i;
        if (line.at[i] == '"') {
            if (!take_quoted(r, line, &i)) {
                return false;
            }
        } else {
            while (i < line.len && !is_blank(line.at[i])) {
                i++;
            }
            add_word(r, arena_copy(r->arena, (struct str){ line.at + start, i - start }));
        }
        raw->words_end = i;
        while (i < line.len && is_blank(line.at[i])) {
            i++;
        }
    }
    if (i < line.len) {
        *comment = trim((struct str){ line.at + i + 1, line.len - i - 1 });
    }
    return true;
}

/// Passes over indentation (and a byte order mark on line 1) and counts its columns.
static void take_indent(struct reader *r, struct str line, struct conf_raw *raw) {
    size_t i = 0;
    if (r->number == 1 && str_starts_with(line, STR("\xEF\xBB\xBF"))) {
        i = 3;
    }
    for (; i < line.len && is_blank(line.at[i]); i++) {
        raw->column += line.at[i] == '\t' ? CONF_TAB_COLUMNS - raw->column % CONF_TAB_COLUMNS : 1;
    }
    raw->indent_len = i;
}

static bool check_bytes(struct reader *r, struct str line) {
    if (memchr(line.at, '\0', line.len)) {
        return fail_line(r->err, r->conf->path, r->number, "a NUL byte; this is no text file");
    }
    if (memchr(line.at, '\r', line.len)) {
        return fail_line(r->err, r->conf->path, r->number,
                "a carriage return inside the line; lines end in LF or CRLF");
    }
    size_t valid = utf8_check(line.at, line.len);
    if (valid != line.len) {
        return fail_line(
                r->err, r->conf->path, r->number, "byte %zu of the line is not UTF-8", valid + 1);
    }
    return true;
}

/// Hangs `line` into the tree by its column.
static bool place_line(struct reader *r, struct conf_line *line) {
    struct conf_line *open = r->open;
    struct conf_line *inner = NULL; // The open line that ends last, if any does.
    uint32_t column = line->raw->column;
    while (open && open->raw->column >= column) {
        inner = open;
        open = open->parent;
    }
    if (inner ? inner->raw->column != column : !open && column != 0) {
        return fail_line(r->err, r->conf->path, r->number, "%s",
                inner ? "indentation matches no line above"
                      : "indented, but no line above it can own it");
    }
    line->parent = open;
    line->raw->depth = open ? open->raw->depth + 1 : 0;
    if (line->raw->depth >= CONF_DEEPEST) {
        return fail_line(
                r->err, r->conf->path, r->number, "nested deeper than %d levels", CONF_DEEPEST);
    }
    if (inner) {
        inner->next = line;
    } else if (open) {
        open->children = line;
    } else {
        r->conf->lines = line;
    }
    r->open = line;
    return true;
}

/// Reads the physical line `text`, of which the last `eol_len` bytes are its line end.
static bool take_line(struct reader *r, struct str text, size_t eol_len) {
    struct str line = { text.at, text.len - eol_len };
    struct str comment = { 0 };
    struct conf_raw *raw = NEW(r->arena, struct conf_raw);
    *(r->tail ? &r->tail->next : &r->conf->raw) = raw;
    r->tail = raw;
    raw->text = text;
    if (!check_bytes(r, line)) {
        return false;
    }
    take_indent(r, line, raw);
    if (!take_words(r, line, raw, &comment)) {
        return false;
    }
    if (r->word_count == 0) {
        return true;
    }
    raw->line = NEW(r->arena, struct conf_line);
    raw->line->raw = raw;
    raw->line->number = r->number;
    raw->line->comment = comment;
    raw->line->word_count = r->word_count;
    raw->line->words = NEW_ARRAY(r->arena, struct str, r->word_count);
    memcpy(raw->line->words, r->words, r->word_count * sizeof(*r->words));
    return place_line(r, raw->line);
}

bool conf_parse(
        struct arena *a, const char *path, struct str text, struct conf *out, struct err *err) {
    struct reader r = { .arena = a, .conf = out, .err = err };
    struct str rest = arena_copy(a, text);
    *out = (struct conf){ .path = arena_copy(a, str_from(path)).at };
    if (text.len > CONF_LARGEST_BYTES) {
        return fail_line(err, path, 0, "is larger than %d bytes", CONF_LARGEST_BYTES);
    }
    while (rest.len) {
        const char *end = memchr(rest.at, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.at) + 1 : rest.len;
        size_t eol_len = end ? 1 : 0;
        eol_len += end && len >= 2 && rest.at[len - 2] == '\r';
        r.number++;
        if (!take_line(&r, (struct str){ rest.at, len }, eol_len)) {
            return false;
        }
        rest.at += len;
        rest.len -= len;
    }
    return true;
}

bool conf_read(struct arena *a, const char *path, struct conf *out, struct err *err) {
    struct str text = { 0 };
    *out = (struct conf){ 0 };
    return file_read(a, path, CONF_LARGEST_BYTES, &text, err) &&
           conf_parse(a, path, text, out, err);
}

struct conf_line *conf_find(struct conf_line *first, const char *key) {
    struct str wanted = str_from(key);
    struct conf_line *line = first;
    while (line && !str_equal(line->words[0], wanted)) {
        line = line->next;
    }
    return line;
}

struct conf_line *conf_next(const struct conf_line *line) {
    return conf_find(line->next, line->words[0].at);
}

static bool has_word(const struct conf *c, const struct conf_line *line, uint32_t index,
        const char *what, struct err *err) {
    if (index < line->word_count) {
        return true;
    }
    return fail_line(err, c->path, line->number, "'%s' lacks %s (value %" PRIu32 ")",
            line->words[0].at, what, index);
}

bool conf_word(const struct conf *c, const struct conf_line *line, uint32_t index, const char *what,
        struct str *out, struct err *err) {
    if (!has_word(c, line, index, what, err)) {
        return false;
    }
    *out = line->words[index];
    return true;
}

bool conf_number(const struct conf *c, const struct conf_line *line, uint32_t index,
        const char *what, uint64_t *out, struct err *err) {
    if (!has_word(c, line, index, what, err)) {
        return false;
    }
    if (!conf_parse_number(line->words[index], out)) {
        return fail_line(err, c->path, line->number,
                "%s is '%s', which is no number of at most 64 bits; write it as 786432, 768K or "
                "0xC0000",
                what, line->words[index].at);
    }
    return true;
}

/// Power of two that a suffix stands for, or -1.
static int suffix_shift(struct str suffix) {
    static const struct {
        const char *name;
        int shift;
    } suffixes[] = {
        { "", 0 },
        { "B", 0 },
        { "K", 10 },
        { "KB", 10 },
        { "KiB", 10 },
        { "M", 20 },
        { "MB", 20 },
        { "MiB", 20 },
        { "G", 30 },
        { "GB", 30 },
        { "GiB", 30 },
    };
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (str_equal(suffix, str_from(suffixes[i].name))) {
            return suffixes[i].shift;
        }
    }
    return -1;
}

/// Takes the digits of `base` at the start of `*rest`, `_` allowed between two of them.
static bool take_digits(struct str *rest, unsigned base, uint64_t *value) {
    size_t i = 0;
    *value = 0;
    for (; i < rest->len; i++) {
        if (rest->at[i] == '_' && i > 0 && rest->at[i - 1] != '_') {
            continue;
        }
        int digit = hex_digit(rest->at[i]);
        if (digit < 0 || (unsigned)digit >= base) {
            break;
        }
        if (__builtin_mul_overflow(*value, base, value) ||
                __builtin_add_overflow(*value, (uint64_t)digit, value)) {
            return false;
        }
    }
    bool ok = i > 0 && rest->at[i - 1] != '_';
    rest->at += i;
    rest->len -= i;
    return ok;
}

bool conf_parse_number(struct str word, uint64_t *out) {
    uint64_t value;
    bool hexadecimal = str_starts_with(word, STR("0x")) || str_starts_with(word, STR("0X"));
    if (hexadecimal) {
        word.at += 2;
        word.len -= 2;
    }
    if (!take_digits(&word, hexadecimal ? 16 : 10, &value) || (hexadecimal && word.len)) {
        return false;
    }
    int shift = suffix_shift(word);
    if (shift < 0 || value > UINT64_MAX >> shift) {
        return false;
    }
    *out = value << shift;
    return true;
}

struct str conf_words(struct arena *a, const struct conf_line *line, uint32_t from) {
    struct text words = { .arena = a };
    for (uint32_t i = from; i < line->word_count; i++) {
        text_printf(&words, "%s%s", i > from ? " " : "", line->words[i].at);
    }
    return text_str(&words);
}

bool conf_check_keys(const struct conf *c, const struct conf_line *first, const char *const *keys,
        struct err *err) {
    for (const struct conf_line *line = first; line; line = line->next) {
        struct suggest near = { .word = line->words[0] };
        bool known = false;
        for (size_t i = 0; keys[i] && !known; i++) {
            known = str_equal(line->words[0], str_from(keys[i]));
            suggest_offer(&near, keys[i]);
        }
        if (known) {
            continue;
        }
        if (near.best) {
            return fail_line(err, c->path, line->number, "unknown word '%s'; did you mean '%s'?",
                    line->words[0].at, near.best);
        }
        return fail_line(err, c->path, line->number, "unknown word '%s'", line->words[0].at);
    }
    return true;
}
