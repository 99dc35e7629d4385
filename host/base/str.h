/// Strings that know their length. Slices point into memory owned by someone else (usually an
/// arena or a mapped file) and are not terminated; the owner must outlive the slice.
#ifndef RAMLENS_STR_H
#define RAMLENS_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *at;
    size_t len;
};

/// For printf: `printf("%.*s", STR_ARG(s))`.
#define STR_ARG(s) ((int)(s).len), (s).at

/// A string literal as a slice, without a run-time strlen.
#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

/// The slice of a terminated string; NULL gives the empty slice.
struct str str_from(const char *text);

bool str_equal(struct str a, struct str b);
/// Byte order, shorter first where one is the other's beginning; as memcmp: <0, 0, >0.
int str_compare(struct str a, struct str b);
bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);

/// What follows the last slash; all of `path` when there is none.
struct str str_base_name(struct str path);

/// Shell-like match of all of `s`: `*` any run of bytes, slashes included, `?` one byte, `[a-z]`,
/// `[!a-z]` sets, `\x` the byte x. Linear in the lengths for one `*`, at worst their product; no
/// recursion.
bool str_matches(struct str s, struct str glob);

#endif
