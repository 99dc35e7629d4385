/// The one grammar of the files that people write: target, component map, plan, estimates, observed
/// figures. One statement a line:
///
///     word value value "a value with spaces"   # comment
///         word value                           # indented: belongs to the line above
///
/// Words are separated by spaces or tabs. A word that begins with a double quote ends at the next
/// one and may hold spaces, `#`, `\"`, `\\` and `\xHH` (a byte in hexadecimal, not 00). Anywhere
/// else a quote, a backslash and a `#` inside a word stand for themselves, so globs need no
/// quoting. `#` begins a comment at the start of a line or after white space. Empty lines and
/// comment lines are kept for rewriting. A line belongs to the nearest line above with less
/// indentation, compared by columns (a tab goes to the next multiple of 8); dedenting to a column
/// that no open line has is an error, and so is nesting deeper than CONF_DEEPEST. Lines end in LF
/// or CRLF; a byte order mark at the start is passed over. A NUL byte, a lone CR, an unclosed quote
/// and bytes that are not UTF-8 are errors that name file and line.
#ifndef RAMLENS_CONF_H
#define RAMLENS_CONF_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CONF_DEEPEST = 16,             ///< Levels of nesting, the top included: recursion is safe.
    CONF_LARGEST_BYTES = 16 << 20, ///< Of a file.
};

/// One statement. Pointers live as long as the arena given to the reader.
struct conf_line {
    struct str *words;          ///< words[0] is the key; at least one. Each is terminated.
    uint32_t word_count;        ///< Key included.
    uint32_t number;            ///< Line in the file, from 1; 0 when conf_add() made it.
    struct str comment;         ///< Text after `#`, trimmed; empty when there is none.
    struct conf_line *parent;   ///< NULL at the top.
    struct conf_line *children; ///< First child, in file order; NULL when there is none.
    struct conf_line *next;     ///< Next sibling; NULL at the end.
    struct conf_raw *raw;       ///< Its physical line; private.
};

/// A file as read. `lines` is the first top-level statement.
struct conf {
    const char *path; ///< For messages; copied.
    struct conf_line *lines;
    struct conf_raw *raw; ///< Every physical line, for conf_write(); private.
};

/// Reads and parses the file at `path`. False with `err` filled when it cannot be opened, is larger
/// than CONF_LARGEST_BYTES or breaks the grammar. Cost: linear in the file.
bool conf_read(struct arena *a, const char *path, struct conf *out, struct err *err);

/// Parses `text`, which is copied; `path` only names it in messages.
bool conf_parse(
        struct arena *a, const char *path, struct str text, struct conf *out, struct err *err);

/// First statement named `key` among `first` and its siblings (not their children); NULL if absent.
struct conf_line *conf_find(struct conf_line *first, const char *key);
/// Next statement with the same key after `line`; NULL if there is none.
struct conf_line *conf_next(const struct conf_line *line);

/// Word `index` of `line` (0 is the key) as a terminated string, or false with a message that names
/// `what` is missing, as in "the size of the region".
bool conf_word(const struct conf *c, const struct conf_line *line, uint32_t index, const char *what,
        struct str *out, struct err *err);

/// Word `index` as an integer: decimal, 0x hexadecimal, `_` between digits, or decimal with a
/// suffix B, K, KB, KiB, M, MB, MiB, G, GB, GiB (binary multiples, as in the field: 768KB is
/// 786,432). False with file, line and the word when it is missing, malformed or overflows.
bool conf_number(const struct conf *c, const struct conf_line *line, uint32_t index,
        const char *what, uint64_t *out, struct err *err);

/// Words `from` and on (0 is the key), with one space between them.
struct str conf_words(struct arena *a, const struct conf_line *line, uint32_t from);

/// The same as conf_number() without a file: for command-line values. False leaves `out` as it was.
bool conf_parse_number(struct str word, uint64_t *out);

/// Fails unless every statement among `first` and its siblings has one of the NULL-terminated
/// `keys`; the message names the line and suggests the nearest key.
bool conf_check_keys(const struct conf *c, const struct conf_line *first, const char *const *keys,
        struct err *err);

/// Replaces the words of `line` (key included) for a later conf_write(); its comment, indentation
/// and place stay. The same words as before change nothing. No word may hold a NUL byte.
void conf_set(struct arena *a, struct conf *c, struct conf_line *line, const struct str *words,
        uint32_t word_count);

/// Adds a statement as the last child of `parent` (NULL: at the end of the file), with an optional
/// comment (line ends in it become spaces). Indented as the other children, else by four columns
/// more than `parent`, which must lie above the deepest level. Cost: linear in the siblings.
struct conf_line *conf_add(struct arena *a, struct conf *c, struct conf_line *parent,
        const struct str *words, uint32_t word_count, struct str comment);

/// The same as a sibling behind `before` and what belongs to it; NULL: at the top of the file.
struct conf_line *conf_add_behind(struct arena *a, struct conf *c, struct conf_line *before,
        const struct str *words, uint32_t word_count, struct str comment);

/// Removes `line` and its children. Comment lines around and between them stay.
void conf_remove(struct conf *c, struct conf_line *line);

/// The same, but comments on the removed lines stay, too, as comment lines.
void conf_remove_words(struct arena *a, struct conf *c, struct conf_line *line);

/// The whole file as text: lines that were not changed come back byte for byte, comments and order
/// kept. Words are quoted where the grammar needs it, so that reading the text gives them again.
struct str conf_write(struct arena *a, const struct conf *c);

#endif
