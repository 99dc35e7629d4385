/// Address ranges that may nest: which is the innermost one around an address?
///
/// Units, functions, inlined calls, symbols and a linker's input sections are all kept in such tables.
/// Ranges are expected to nest or to be apart, but any set of ranges is legal: then "innermost" means
/// the one that begins last.
#ifndef RAMLENS_RANGE_TABLE_H
#define RAMLENS_RANGE_TABLE_H

#include "arena.h"

#include <stddef.h>
#include <stdint.h>

/// Addresses from `low` up to, not including, `high`.
struct range {
    uint64_t low;
    uint64_t high;
    uint32_t value; ///< The caller's.
    uint32_t outer; ///< Index + 1 of the nearest earlier range that may reach beyond this; private.
};

/// Zeroed it is empty.
struct range_table {
    struct range *at; ///< After range_table_sort() by low address, the wider first.
    size_t len, room;
};

/// Adds a range; empty ones and ones that end before they begin are passed over. Invalidates the
/// order: range_table_sort() again before the next find.
void range_table_add(
        struct range_table *t, struct arena *a, uint64_t low, uint64_t high, uint32_t value);

/// Puts the table in order. Of equal ranges the one with the larger value counts as the inner one.
/// Cost: n log n.
void range_table_sort(struct range_table *t);

/// The innermost range around `address`, NULL when there is none. Cost: log n and the ranges that
/// begin before `address`, in the innermost one around it, and end before it too; after 4,096 of
/// those, which only a file made for it has, the answer is NULL.
const struct range *range_table_find(const struct range_table *t, uint64_t address);

#endif
