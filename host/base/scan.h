/// Taking a line apart from its front: words that must stand there, numbers, names. What does not fit makes the whole reading fail, and nothing after
/// that takes anything, so that a form is written as a row of steps and asked once, at its end.
///
///     struct scan s = { line, true };
///     scan_words(&s, "At ");
///     start = scan_hex(&s, 8);
///     scan_words(&s, " len ");
///     ...
///     return scan_is_done(&s);
#ifndef RAMLENS_SCAN_H
#define RAMLENS_SCAN_H

#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCAN_MOST (UINT64_C(1) << 53)

struct scan {
    struct str rest; ///< Not taken yet.
    bool ok;         ///< All steps so far did fit.
};

/// Passes over spaces and tabs, none included.
void scan_blanks(struct scan *s);

/// Whether `words` stand at the front, which takes them. Not a failure if they do not.
bool scan_try(struct scan *s, const char *words);
/// The same, and a failure if they do not.
void scan_words(struct scan *s, const char *words);

/// A decimal number of at least one digit, after blanks; a failure above SCAN_MOST, which no device prints.
uint64_t scan_number(struct scan *s);
/// The same in units of `unit`, which is not 0; a failure if the product is above that.
uint64_t scan_number_of(struct scan *s, uint64_t unit);
/// The same with an optional minus sign.
int64_t scan_signed(struct scan *s);

/// `digits` hexadecimal digits exactly (0: one to sixteen), without blanks before them.
uint64_t scan_hex(struct scan *s, unsigned digits);

/// What stands before `end`, which is taken, too; a failure when it is not there.
struct str scan_until(struct scan *s, const char *end);

/// Bytes up to the next blank or the end; a failure when there are none.
struct str scan_word(struct scan *s);

/// All that is left, without blanks at its ends.
struct str scan_rest(struct scan *s);

/// Whether everything did fit, and nothing but blanks is left.
bool scan_is_done(struct scan *s);

/// `s` without blanks at its ends.
struct str scan_trim(struct str s);

/// Where `part` begins in `s`; SIZE_MAX when it is not in it. Linear for short parts.
size_t scan_find(struct str s, struct str part);

#endif
