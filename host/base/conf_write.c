/// The rewriter of the line grammar: changes statements in place and gives the file back with
/// everything else as it was, comments, order and line ends included.
#include "conf.h"
#include "conf_raw.h"
#include "text.h"
#include "utf8.h"

#include <assert.h>

static bool same_words(const struct conf_line *line, const struct str *words, uint32_t word_count) {
    if (line->word_count != word_count) {
        return false;
    }
    for (uint32_t i = 0; i < word_count; i++) {
        if (!str_equal(line->words[i], words[i])) {
            return false;
        }
    }
    return true;
}

static void put_words(
        struct arena *a, struct conf_line *line, const struct str *words, uint32_t word_count) {
    assert(word_count > 0);
    struct str *copies = NEW_ARRAY(a, struct str, word_count);
    for (uint32_t i = 0; i < word_count; i++) {
        assert(words[i].len == 0 || !memchr(words[i].at, '\0', words[i].len));
        copies[i] = arena_copy(a, words[i]);
    }
    line->words = copies;
    line->word_count = word_count;
    line->raw->changed = true;
}

void conf_set(struct arena *a, struct conf *c, struct conf_line *line, const struct str *words,
        uint32_t word_count) {
    (void)c;
    if (!same_words(line, words, word_count)) {
        put_words(a, line, words, word_count);
    }
}

/// The line end that the file uses: that of its first line.
static struct str line_end(const struct conf *c) {
    bool crlf = c->raw && str_ends_with(c->raw->text, STR("\r\n"));
    return crlf ? STR("\r\n") : STR("\n");
}

static struct conf_line *last_sibling(struct conf_line *first) {
    while (first && first->next) {
        first = first->next;
    }
    return first;
}

/// The last physical line of `line` and what belongs to it.
static struct conf_raw *last_raw(const struct conf_line *line) {
    const struct conf_line *child = last_sibling(line->children);
    while (child) {
        line = child;
        child = last_sibling(line->children);
    }
    return line->raw;
}

/// The physical line behind which a new last child of `parent` goes; NULL: first in the file.
static struct conf_raw *place_behind(const struct conf *c, struct conf_line *parent) {
    struct conf_raw *raw = c->raw;
    if (parent) {
        return last_raw(parent);
    }
    while (raw && raw->next) {
        raw = raw->next;
    }
    return raw;
}

/// `s` in a form that may stand in a comment: one line, UTF-8.
static void add_comment(struct text *t, struct str s) {
    text_add(t, STR("  # "));
    while (s.len) {
        uint32_t code = 0;
        size_t step = utf8_decode(s.at, s.len, &code);
        if (step == 0) {
            text_add_char(t, '?');
            step = 1;
        } else if (code == '\n' || code == '\r' || code == '\0') {
            text_add_char(t, ' ');
        } else {
            text_add(t, (struct str){ s.at, step });
        }
        s.at += step;
        s.len -= step;
    }
}

/// Bytes and columns of a new child's indentation, and its level.
static void indent_child(struct text *t, const struct conf_line *parent, struct conf_raw *raw) {
    const struct conf_raw *model = parent ? parent->raw : NULL;
    if (parent && parent->children) {
        model = parent->children->raw;
    }
    if (model) {
        size_t mark = str_starts_with(model->text, STR("\xEF\xBB\xBF")) ? 3 : 0;
        text_add(t, (struct str){ model->text.at + mark, model->indent_len - mark });
        raw->column = model->column;
        raw->depth = model->depth;
    }
    if (parent && !parent->children) {
        text_fill(t, ' ', 4);
        raw->column += 4;
        raw->depth++;
    }
    raw->indent_len = raw->words_end = t->len;
}

/// A new statement below `parent`, in no list yet.
static struct conf_line *new_line(struct arena *a, struct conf *c, struct conf_line *parent,
        const struct str *words, uint32_t word_count, struct str comment) {
    struct text t = { .arena = a };
    struct conf_raw *raw = NEW(a, struct conf_raw);
    struct conf_line *line = NEW(a, struct conf_line);
    indent_child(&t, parent, raw);
    if (comment.len) {
        line->comment = arena_copy(a, comment);
        add_comment(&t, comment);
    }
    text_add(&t, line_end(c));
    raw->text = text_str(&t);
    raw->line = line;
    line->raw = raw;
    line->parent = parent;
    put_words(a, line, words, word_count);
    return line;
}

/// Puts the new `line` behind the physical line `raw` (NULL: first) and at the place `link` in its list.
static void link_line(
        struct conf *c, struct conf_line *line, struct conf_raw *raw, struct conf_line **link) {
    line->next = *link;
    *link = line;
    line->raw->next = raw ? raw->next : c->raw;
    *(raw ? &raw->next : &c->raw) = line->raw;
}

struct conf_line *conf_add(struct arena *a, struct conf *c, struct conf_line *parent,
        const struct str *words, uint32_t word_count, struct str comment) {
    assert(!parent || parent->raw->depth + 1 < CONF_DEEPEST);
    struct conf_line *line = new_line(a, c, parent, words, word_count, comment);
    struct conf_line *sibling = last_sibling(parent ? parent->children : c->lines);
    link_line(c, line, place_behind(c, parent),
            sibling  ? &sibling->next
            : parent ? &parent->children
                     : &c->lines);
    return line;
}

struct conf_line *conf_add_behind(struct arena *a, struct conf *c, struct conf_line *before,
        const struct str *words, uint32_t word_count, struct str comment) {
    struct conf_line *parent = before ? before->parent : NULL;
    struct conf_line *line = new_line(a, c, parent, words, word_count, comment);
    // A byte order mark stays where it is: what is added goes below its line.
    bool marked = !before && c->raw && str_starts_with(c->raw->text, STR("\xEF\xBB\xBF"));
    if (marked && c->raw->line) {
        before = c->lines;
    }
    link_line(c, line,
            before   ? last_raw(before)
            : marked ? c->raw
                     : NULL,
            before ? &before->next : &c->lines);
    return line;
}

/// Marks the raw lines of `line` and of all below it. Recursion is bounded by CONF_DEEPEST.
static void mark_removed(const struct conf_line *line) // NOLINT(misc-no-recursion): bounded
{
    line->raw->removed = true;
    for (const struct conf_line *child = line->children; child; child = child->next) {
        mark_removed(child);
    }
}

void conf_remove(struct conf *c, struct conf_line *line) {
    struct conf_line **link = line->parent ? &line->parent->children : &c->lines;
    while (*link != line) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = line->next;
    mark_removed(line);
}

/// Leaves of each line of the subtree its comment.
// NOLINTNEXTLINE(misc-no-recursion): CONF_DEEPEST bounds it
static void keep_comments(struct arena *a, struct conf_line *line) {
    struct conf_raw *raw = line->raw;
    struct str tail = { raw->text.at + raw->words_end, raw->text.len - raw->words_end };
    while (tail.len && (tail.at[0] == ' ' || tail.at[0] == '\t')) {
        tail.at++;
        tail.len--;
    }
    if (str_starts_with(tail, STR("#"))) {
        struct text t = { .arena = a };
        text_add(&t, (struct str){ raw->text.at, raw->indent_len });
        text_add(&t, tail);
        raw->text = text_str(&t);
        raw->line = NULL;
        raw->changed = raw->removed = false;
    }
    for (struct conf_line *child = line->children; child; child = child->next) {
        keep_comments(a, child);
    }
}

void conf_remove_words(struct arena *a, struct conf *c, struct conf_line *line) {
    conf_remove(c, line);
    keep_comments(a, line);
}

static bool needs_quotes(struct str word) {
    if (word.len == 0 || word.at[0] == '"' || word.at[0] == '#') {
        return true;
    }
    for (size_t i = 0; i < word.len; i++) {
        char c = word.at[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            return true;
        }
    }
    // A word that begins with a byte order mark would lose it at the start of the file.
    return utf8_check(word.at, word.len) != word.len || str_starts_with(word, STR("\xEF\xBB\xBF"));
}

static void add_quoted(struct text *t, struct str word) {
    text_add_char(t, '"');
    while (word.len) {
        uint32_t code = 0;
        size_t step = utf8_decode(word.at, word.len, &code);
        if (step == 0 || code == '\n' || code == '\r') {
            text_printf(t, "\\x%02X", (unsigned)(unsigned char)word.at[0]);
            step = 1;
        } else {
            if (code == '"' || code == '\\') {
                text_add_char(t, '\\');
            }
            text_add(t, (struct str){ word.at, step });
        }
        word.at += step;
        word.len -= step;
    }
    text_add_char(t, '"');
}

static void write_changed(struct text *t, const struct conf_raw *raw) {
    text_add(t, (struct str){ raw->text.at, raw->indent_len });
    for (uint32_t i = 0; i < raw->line->word_count; i++) {
        struct str word = raw->line->words[i];
        if (i) {
            text_add_char(t, ' ');
        }
        if (needs_quotes(word)) {
            add_quoted(t, word);
        } else {
            text_add(t, word);
        }
    }
    text_add(t, (struct str){ raw->text.at + raw->words_end, raw->text.len - raw->words_end });
}

struct str conf_write(struct arena *a, const struct conf *c) {
    struct text t = { .arena = a };
    for (const struct conf_raw *raw = c->raw; raw; raw = raw->next) {
        if (raw->removed) {
            continue;
        }
        // The last line of a file may lack its end; one that something was put behind may not.
        if (t.len && t.at[t.len - 1] != '\n') {
            text_add(&t, line_end(c));
        }
        if (raw->changed) {
            write_changed(&t, raw);
        } else {
            text_add(&t, raw->text);
        }
    }
    return text_str(&t);
}
