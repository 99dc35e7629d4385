// See heaps_rules.h.
#include "heaps_rules.h"

#include "heap_cost.h"

#include <inttypes.h>
#include <string.h>

enum { STATIC_ALIGNMENT = 16 }; // components/esp_system/ld/ld.heap.sections: _heap_start

static void allocator_rules(
        const struct target_allocator *a, uint32_t alignment, struct ramlens_heap_rules *out) {
    *out = (struct ramlens_heap_rules){ .algorithm = a->first_fit ? RAMLENS_HEAP_FIRST_FIT
                                                                  : RAMLENS_HEAP_TLSF,
        .alignment = alignment > a->alignment ? alignment : a->alignment,
        .header_bytes = a->header_bytes,
        .least_bytes = a->least_bytes,
        .ends_bytes = a->ends_bytes,
        .descriptor_bytes = a->descriptor_bytes,
        .control_bytes = a->control_bytes,
        .control_row_bytes = a->control_row_bytes,
        .control_list_bytes = a->control_list_bytes,
        .rounds_block = a->rounds_block,
        .poisoning = a->poisoning,
        .class_count = a->class_count };
    if (alignment > a->alignment) {
        out->header_bytes = alignment;
        out->least_bytes = alignment;
        out->ends_bytes = 2 * alignment;
    }
    for (uint32_t i = 0; i < a->class_count; i++) {
        out->classes[i].lists = a->classes[i].lists;
        out->classes[i].up_to =
                a->classes[i].up_to > UINT32_MAX ? UINT32_MAX : (uint32_t)a->classes[i].up_to;
    }
}

static void request_rules(const struct target *t, struct ramlens_heaps_rules *out) {
    const struct target_malloc *m = &t->malloc_rule;
    const struct target_lines_rule *lines = &t->lines_rule;
    out->record_bytes = t->allocator.record_bytes;
    out->record_asks = t->requests[t->system_request].asks;
    out->malloc_up_to = m->up_to > UINT32_MAX ? UINT32_MAX : (uint32_t)m->up_to;
    out->malloc_small = m->small_asks;
    out->malloc_large = m->large_asks;
    out->malloc_again = m->again_asks;
    out->round_32bit = target_find_capability(t, STR("32BIT"));
    out->line_asks = lines->asks;
    out->line_strip = lines->strips;
    out->external_asks = lines->external_asks;
    out->external_drops = lines->external_drops;
    out->line_internal = lines->internal_bytes;
    out->line_external = lines->external_bytes;
}

/// The lowest heap of `region` that starts at or above `from`; TARGET_NONE when there is none.
static uint32_t next_heap(const struct target *t, uint32_t region, uint64_t from) {
    uint32_t found = TARGET_NONE;
    for (uint32_t i = 0; i < t->heap_count; i++) {
        const struct target_heap *h = &t->heaps[i];
        if (h->region == region && !h->carved && h->start >= from &&
                (found == TARGET_NONE || h->start < t->heaps[found].start))
            found = i;
    }
    return found;
}

/// Takes `bytes` from the heaps of `region`, by rising address; false when they have less.
static bool take(const struct target *t, uint32_t region, uint64_t bytes, uint64_t *left) {
    uint64_t wanted =
            bytes == 0 ? 0 : (bytes + STATIC_ALIGNMENT - 1) & ~(uint64_t)(STATIC_ALIGNMENT - 1);
    for (uint32_t i = next_heap(t, region, 0); wanted > 0 && i != TARGET_NONE;
            i = next_heap(t, region, t->heaps[i].start + 1)) {
        uint64_t part = wanted < left[i] ? wanted : left[i];
        left[i] -= part;
        wanted -= part;
    }
    return wanted == 0;
}

/// Those added at run time as they are, then those of boot by what is left of them, smallest first; of equal ones the higher address
/// (components/heap/heap_caps_init.c, sorted_add_to_registered_heaps).
static void search_order(const struct target *t, const uint64_t *left, uint32_t *order) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->heap_count; i++)
        if (t->heaps[i].added)
            order[count++] = i;
    uint32_t boot = count;
    for (uint32_t i = 0; i < t->heap_count; i++) {
        if (t->heaps[i].added)
            continue;
        uint32_t at = boot;
        while (at < count && left[order[at]] < left[i])
            at++;
        memmove(order + at + 1, order + at, (count - at) * sizeof *order);
        order[at] = i;
        count++;
    }
}

static bool is_heap(const struct target *t, uint64_t bytes) {
    struct heap_cost cost;
    return heap_cost_for(&t->allocator, bytes, &cost);
}

static void add_place(
        const struct target *t, uint32_t index, uint64_t bytes, struct ramlens_heaps_rules *out) {
    const struct target_heap *h = &t->heaps[index];
    struct ramlens_heap_place *place = &out->places[out->count++];
    size_t length = h->name.len < sizeof place->name - 1 ? h->name.len : sizeof place->name - 1;
    memcpy(place->name, h->name.at, length);
    place->region = h->region;
    place->bytes = (uint32_t)bytes;
    place->start = h->carved ? 0 : h->start + (h->bytes - bytes);
    for (int i = 0; i < TARGET_PRIORITIES; i++)
        place->offers[i] = h->offers[i];
    place->added = h->added;
    place->late = h->late;
    place->carved = h->carved;
    place->carve_asks = h->carve_asks;
}

bool heaps_rules_of(const struct target *t, const struct heaps_options *options,
        struct ramlens_heaps_rules *out, struct err *err) {
    memset(out, 0, sizeof *out);
    allocator_rules(&t->allocator, options->alignment, &out->heap);
    request_rules(t, out);
    if (t->heap_count > RAMLENS_HEAPS_MAX)
        return fail(err, t->path, ERR_NO_OFFSET, "has %" PRIu32 " heaps; the model holds %d",
                t->heap_count, RAMLENS_HEAPS_MAX);
    uint64_t left[RAMLENS_HEAPS_MAX];
    for (uint32_t i = 0; i < t->heap_count; i++)
        left[i] = t->heaps[i].bytes;
    for (uint32_t i = 0; i < t->region_count; i++) {
        uint64_t bytes = options->static_bytes[i] + options->occupied_bytes[i];
        if (!take(t, i, bytes, left))
            return fail(err, t->path, ERR_NO_OFFSET,
                    "region '%s' has %" PRIu64 " B of heap, and %" PRIu64
                    " B are taken beforehand (%" PRIu64 " of static data, %" PRIu64 " occupied)",
                    t->regions[i].name.at, t->regions[i].heap_bytes, bytes,
                    options->static_bytes[i], options->occupied_bytes[i]);
    }
    uint32_t order[RAMLENS_HEAPS_MAX];
    search_order(t, left, order);
    for (uint32_t i = 0; i < t->heap_count; i++)
        if (left[order[i]] > UINT32_MAX)
            return fail(err, t->path, ERR_NO_OFFSET, "heap '%s' is larger than the model holds",
                    t->heaps[order[i]].name.at);
        else if (target_heap_serves(&t->heaps[order[i]]) && is_heap(t, left[order[i]]))
            add_place(t, order[i], left[order[i]], out);
    return true;
}
