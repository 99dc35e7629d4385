// See greatest.h.
#include "greatest.h"

void greatest_begin(struct greatest *g, struct arena *a, uint32_t limit) {
    *g = (struct greatest){ .heap = NEW_ARRAY(a, uint64_t, limit + 1u), .limit = limit };
}

/// Takes `n` in as the last, and moves it up.
static void greatest_add(struct greatest *g, uint64_t n) {
    uint32_t at = g->len++;
    for (; at > 0 && g->heap[(at - 1) / 2] > n; at = (at - 1) / 2)
        g->heap[at] = g->heap[(at - 1) / 2];
    g->heap[at] = n;
}

/// Puts `n` in the place of the least, and moves it down.
static void greatest_replace(struct greatest *g, uint64_t n) {
    uint32_t at = 0;
    for (uint32_t next = 1; next < g->len; next = 2 * at + 1) {
        next += next + 1 < g->len && g->heap[next + 1] < g->heap[next];
        if (g->heap[next] >= n)
            break;
        g->heap[at] = g->heap[next];
        at = next;
    }
    g->heap[at] = n;
}

void greatest_offer(struct greatest *g, uint64_t n) {
    if (g->len < g->limit)
        greatest_add(g, n);
    else if (g->limit && n > g->heap[0])
        greatest_replace(g, n);
}

uint64_t greatest_least(const struct greatest *g) {
    return g->limit && g->len == g->limit ? g->heap[0] : 0;
}
