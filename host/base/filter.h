/// What to show, in the user's words:
///
///     component=libsrtp
///     kind=zero and not symbol=_ZTV*
///     (archive=libc*.a or file=*/lwip/*) and region=internal
///     usrsctp                                  a bare word: any field matches *usrsctp*
///
/// `field=glob` compares one field as str_matches() does, with letters as they are, and `field=-` is also of a row that has none, as tables show it; `not` binds stronger than `and`,
/// that stronger than `or`; words side by side without an operator are `and`. Globs with spaces or brackets stand in double quotes.
/// One parser for all commands: each brings the fields its rows have.
#ifndef RAMLENS_FILTER_H
#define RAMLENS_FILTER_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

enum { FILTER_FIELDS_MAX = 32, FILTER_DEEPEST = 64, FILTER_TERMS_MAX = 4096 };

/// A field's name; a table of them ends with NULL.
typedef const char *const filter_fields[];

/// Value of `field` (index in the table) of a row, of the caller's kind.
typedef struct str filter_value(void *self, const void *row, uint32_t field);

struct filter {
    struct filter_node *root; ///< Private; NULL: accepts everything.
    uint32_t used;            ///< Bit i: field i is asked for; a bare word asks for all.
    filter_value *
            also; ///< The caller's, may be NULL: another form of a value that did not match, such as a name for people; "" when there is none.
};

/// Parses `text`; an empty one accepts everything. False with a message that shows where in the text, and names the fields there
/// are (the nearest one first) when one is unknown. The result lives in the arena.
bool filter_parse(struct arena *a, struct str text, const char *const *fields, struct filter *out,
        struct err *err);

/// Whether `row` passes. Calls `value` only for fields that decide.
bool filter_accepts(const struct filter *f, filter_value *value, void *self, const void *row);

#endif
