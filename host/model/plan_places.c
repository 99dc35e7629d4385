// See plan_places.h.
#include "plan_places.h"

#include <stdlib.h>

// qsort() has no room for an argument.
static const struct plan_place *sorted;

static int by_function(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const struct plan_site *p = &sorted[x].about, *q = &sorted[y].about;
    int order = str_compare(p->linkage, q->linkage);
    if (order == 0)
        order = str_compare(p->file, q->file);
    if (order == 0)
        order = str_compare(p->asks, q->asks);
    if (order == 0)
        order = p->source_line < q->source_line ? -1 : p->source_line > q->source_line;
    return order != 0 ? order : x < y ? -1 : x > y;
}

/// Static functions of several files may have one name; so does what a compiler makes for each file.
static bool asks_the_same(const struct plan_site *a, const struct plan_site *b) {
    return str_equal(a->linkage, b->linkage) && str_equal(a->file, b->file) &&
           str_equal(a->asks, b->asks);
}

/// One call may ask for several things by several stacks: of these the first by name, whatever the order of the stacks.
static struct str asked_at(const struct plan_places *p, uint32_t first_stack) {
    struct str asks = plan_site_asks(p->o, first_stack);
    for (uint32_t s = p->next_stack[first_stack]; s != 0; s = p->next_stack[s]) {
        struct str other = plan_site_asks(p->o, s);
        if (str_compare(other, asks) < 0)
            asks = other;
    }
    return asks;
}

/// Numbers the lines of each run of places that ask the same in one function.
static void rank(struct plan_places *p) {
    for (uint32_t start = 0, end; start < p->function_count; start = end) {
        struct plan_site *first = &p->list[p->by_function[start]].about;
        uint32_t lines = 0, line = UINT32_MAX;
        for (end = start; end < p->function_count; end++) {
            struct plan_site *s = &p->list[p->by_function[end]].about;
            if (!asks_the_same(first, s))
                break;
            lines += s->source_line != line;
            line = s->source_line;
            s->asks_rank = lines;
        }
        for (uint32_t i = start; i < end; i++)
            p->list[p->by_function[i]].about.asks_count = lines;
    }
}

void plan_places_of(struct arena *a, struct owners *o, struct plan_places *out) {
    uint32_t stacks = o->image->stack_count;
    *out = (struct plan_places){ .a = a, .o = o, .count = o->site_count };
    out->list = NEW_ARRAY(a, struct plan_place, out->count + 1);
    out->by_function = NEW_ARRAY(a, uint32_t, out->count + 1);
    out->next_stack = NEW_ARRAY(a, uint32_t, stacks + 1);
    for (uint32_t stack = stacks; stack-- > 0;) { // so that the first comes first
        if (!o->list[stack].known)
            continue;
        struct plan_place *place = &out->list[o->list[stack].site];
        out->next_stack[stack] = place->known ? place->first_stack : 0;
        place->first_stack = stack;
        place->known = true;
    }
    for (uint32_t i = 0; i < out->count; i++) {
        if (!out->list[i].known)
            continue;
        out->list[i].about = plan_site_of(a, o, out->list[i].first_stack);
        out->list[i].about.asks = asked_at(out, out->list[i].first_stack);
        out->by_function[out->function_count++] = i;
    }
    sorted = out->list;
    qsort(out->by_function, out->function_count, sizeof *out->by_function, by_function);
    rank(out);
}

uint32_t plan_places_in(const struct plan_places *p, struct str linkage, uint32_t *first) {
    uint32_t low = 0, high = p->function_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (str_compare(p->list[p->by_function[middle]].about.linkage, linkage) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    while (high < p->function_count &&
            str_equal(p->list[p->by_function[high]].about.linkage, linkage))
        high++;
    return high - low;
}

struct plan_site plan_places_describe(struct plan_places *p, uint32_t site, uint32_t stack) {
    struct plan_site s = plan_site_of(p->a, p->o, stack);
    s.asks = p->list[site].about.asks;
    s.asks_rank = p->list[site].about.asks_rank;
    s.asks_count = p->list[site].about.asks_count;
    return s;
}
