/// Nested address ranges: a sorted array in which every range knows the nearest one before it that is
/// still open where it begins.
///
///     low:    A        B    C         D          address x lies behind the beginning of D, D ended:
///             [--------[----]---------[---]--x-----]      D.outer is A, because B ended before D began
#include "range_table.h"

#include "vec.h"

#include <stdlib.h>

enum { STEPS_MOST = 4096 };

void range_table_add(
        struct range_table *t, struct arena *a, uint64_t low, uint64_t high, uint32_t value) {
    if (low < high && t->len < UINT32_MAX - 1) {
        *vec_push(a, t) = (struct range){ .low = low, .high = high, .value = value };
    }
}

static int compare(const void *left, const void *right) {
    const struct range *l = left;
    const struct range *r = right;
    if (l->low != r->low) {
        return l->low < r->low ? -1 : 1;
    }
    if (l->high != r->high) {
        return l->high > r->high ? -1 : 1;
    }
    return (l->value > r->value) - (l->value < r->value);
}

void range_table_sort(struct range_table *t) {
    if (t->len == 0) {
        return;
    }
    qsort(t->at, t->len, sizeof(*t->at), compare);
    uint32_t open = 0; // Index + 1 of the newest range that is still open; its `outer` the next.
    for (size_t i = 0; i < t->len; i++) {
        while (open != 0 && t->at[open - 1].high <= t->at[i].low) {
            open = t->at[open - 1].outer;
        }
        t->at[i].outer = open;
        open = (uint32_t)(i + 1);
    }
}

/// Number of ranges that begin at or before `address`.
static size_t count_begun(const struct range_table *t, uint64_t address) {
    size_t low = 0;
    size_t high = t->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->at[middle].low <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct range *range_table_find(const struct range_table *t, uint64_t address) {
    size_t at = count_begun(t, address);
    for (unsigned steps = 0; at != 0 && steps < STEPS_MOST; steps++) {
        const struct range *range = &t->at[at - 1];
        if (address < range->high) {
            return range;
        }
        at = range->outer;
    }
    return NULL;
}
