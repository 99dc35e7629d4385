/// What the reader and the rewriter of conf.h share: the physical lines. Private to them.
#ifndef RAMLENS_CONF_RAW_H
#define RAMLENS_CONF_RAW_H

#include "conf.h"

/// One physical line. Its text has three parts, of which a rewrite replaces the middle:
///
///     [ indentation | word word "word" |   # comment LF ]
///     0             ^indent_len        ^words_end       ^text.len
struct conf_raw {
    struct str text;        ///< As read, line end included; for an added line without the words.
    size_t indent_len;      ///< Bytes before the first word, a byte order mark included.
    size_t words_end;       ///< Index behind the last word.
    struct conf_line *line; ///< Statement on it; NULL for an empty or comment line.
    struct conf_raw *next;
    uint32_t column; ///< Of the first word, from 0, tabs expanded.
    uint32_t depth;  ///< 0 at the top.
    bool changed;    ///< The middle comes from `line->words`.
    bool removed;
};

enum { CONF_TAB_COLUMNS = 8 };

#endif
