// See trace_modules.h. A sorted array: modules come and go rarely, each stack asks.
#include "trace_modules.h"

#include <string.h>

enum {
    MAPPED_MAX = 1 << 14
}; // more at a time are not looked up: a bound on the work that a hostile file can cause

struct trace_mapped {
    uint64_t low;
    uint64_t end;
    uint32_t index;
};

/// Position of the first mapped module that ends behind `address`.
static uint32_t position_of(const struct trace_modules *m, uint64_t address) {
    uint32_t from = 0, to = m->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (m->mapped[middle].end <= address)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void remove_range(
        struct trace_modules *m, struct trace_module *modules, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++)
        modules[m->mapped[i].index].loaded = false;
    if (m->count > to)
        memmove(m->mapped + from, m->mapped + to, (m->count - to) * sizeof *m->mapped);
    m->count -= to - from;
}

static void make_room(struct trace_modules *m, struct arena *a) {
    if (m->count < m->capacity)
        return;
    m->capacity = m->capacity == 0 ? 64 : m->capacity * 2;
    struct trace_mapped *bigger = NEW_ARRAY(a, struct trace_mapped, m->capacity);
    if (m->count > 0)
        memcpy(bigger, m->mapped, m->count * sizeof *bigger);
    m->mapped = bigger;
}

void trace_modules_map(
        struct trace_modules *m, struct arena *a, struct trace_module *modules, uint32_t index) {
    const struct trace_module *added = &modules[index];
    *map64_put(&m->by_number, a, added->number, NULL) = index;
    if (added->size == 0 || added->size > UINT64_MAX - added->low)
        return;
    uint64_t end = added->low + added->size;
    uint32_t from = position_of(m, added->low);
    uint32_t to = from;
    while (to < m->count && m->mapped[to].low < end)
        to++;
    remove_range(m, modules, from, to);
    if (m->count == MAPPED_MAX)
        return;
    make_room(m, a);
    if (m->count > from)
        memmove(m->mapped + from + 1, m->mapped + from, (m->count - from) * sizeof *m->mapped);
    m->mapped[from] = (struct trace_mapped){ added->low, end, index };
    m->count++;
}

void trace_modules_unmap(struct trace_modules *m, struct trace_module *modules, uint32_t number) {
    uint64_t index;
    if (!map64_take(&m->by_number, number, &index))
        return;
    modules[index].loaded = false;
    uint32_t at = position_of(m, modules[index].low);
    if (at < m->count && m->mapped[at].index == index)
        remove_range(m, modules, at, at + 1);
}

uint32_t trace_modules_at(
        const struct trace_modules *m, const struct trace_module *modules, uint64_t address) {
    // A return address may be the byte after the module's last: the call stands before it.
    uint32_t at = position_of(m, address - 1);
    if (at == m->count || m->mapped[at].low > address - 1)
        return 0;
    return modules[m->mapped[at].index].loaded ? m->mapped[at].index + 1 : 0;
}
