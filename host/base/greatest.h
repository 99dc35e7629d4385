/// The greatest of many numbers, in one go and little room.
///
///     struct greatest g;
///     greatest_begin(&g, a, 40);
///     for (...) greatest_offer(&g, n);
///     greatest_least(&g); // what is less than this is not among the 40
#ifndef RAMLENS_GREATEST_H
#define RAMLENS_GREATEST_H

#include "arena.h"

#include <stdint.h>

/// The `limit` greatest numbers offered so far, as a heap whose root is the least of them.
struct greatest {
    uint64_t *heap;
    uint32_t len, limit;
};

/// Room for `limit` numbers in the arena; with 0 nothing is kept.
void greatest_begin(struct greatest *g, struct arena *a, uint32_t limit);

/// Takes `n` in if it is one of them. Cost: the logarithm of the limit at most; one comparison for most of many numbers.
void greatest_offer(struct greatest *g, uint64_t n);

/// The least of them, once there are as many as the limit; 0 before.
uint64_t greatest_least(const struct greatest *g);

#endif
