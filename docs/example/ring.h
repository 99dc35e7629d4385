// A ring of the latest lines. For the documentation's example; see app.c.
#ifndef RING_H
#define RING_H

#include <stddef.h>

struct ring;

/// An empty ring for `count` lines; NULL without memory. The caller frees it.
struct ring *ring_new(size_t count);
void ring_free(struct ring *r);

/// Keeps a copy of `line` in the place of the oldest. Any thread.
void ring_add(struct ring *r, const char *line);
void ring_empty(struct ring *r);

#endif
