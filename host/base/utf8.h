/// UTF-8, as far as messages, tables and text files need it.
#ifndef RAMLENS_UTF8_H
#define RAMLENS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/// Length in bytes (1 to 4) of the code point that starts at `at`, stored in `*code`; 0 when the
/// `len` bytes there do not begin with one. Strict as RFC 3629 asks: no overlong forms, no
/// surrogates, nothing above U+10FFFF. Never reads beyond `len`.
size_t utf8_decode(const char *at, size_t len, uint32_t *code);

/// Index of the first byte of `text` that is not part of valid UTF-8; `len` when all of it is.
size_t utf8_check(const char *text, size_t len);

/// Columns that `code` takes on a terminal: 0 for control characters and combining marks, 2 for
/// East Asian wide characters and most pictographs, else 1. By ranges (Unicode 15, blocks rather
/// than single characters), so a rarely used character may be off by one.
unsigned utf8_columns(uint32_t code);

#endif
