/// The memories of a target: capabilities, kinds of heap, regions, the reserve pool.
///
/// A region is given as ESP-IDF gives it: whole heap ranges, and reserved ranges that are cut out
/// of them (components/heap/port/memory_layout_utils.c, soc_get_available_memory_regions). The
/// reader cuts, joins neighbours of one kind (components/heap/heap_caps_init.c) and then insists
/// that the pieces fill the region without gap or overlap: a table that is derived from a target
/// can then always add up.
#include "target_read.h"

#include <inttypes.h>

static bool add_capability(
        struct target_reader *r, const struct conf_line *line, struct str name, uint32_t mask) {
    struct target *t = r->target;
    if (target_find_capability(t, name)) {
        return target_fail(r, line, "capability '%s' is there twice", name.at);
    }
    t->capabilities[t->capability_count++] = (struct target_capability){ name, mask };
    return true;
}

static bool read_bit(struct target_reader *r, const struct conf_line *line) {
    uint32_t bit;
    if (!target_word_count(r, line, 3, UINT32_MAX, "a bit and its names") ||
            !target_number_within(r, line, 1, "the bit", 0, 31, &bit)) {
        return false;
    }
    for (uint32_t i = 2; i < line->word_count; i++) {
        if (!add_capability(r, line, line->words[i], UINT32_C(1) << bit)) {
            return false;
        }
    }
    return true;
}

static bool read_set(struct target_reader *r, const struct conf_line *line) {
    uint32_t mask;
    return target_word_count(r, line, 3, UINT32_MAX, "a name and capabilities") &&
           target_mask(r, line, 2, &mask) && add_capability(r, line, line->words[1], mask);
}

bool target_read_capabilities(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "bit", "set", NULL };
    struct target_lines lines;
    if (!target_active_lines(r, line->children, keys, &lines)) {
        return false;
    }
    uint32_t names = 0;
    for (uint32_t i = 0; i < lines.count; i++) {
        names += lines.at[i]->word_count;
    }
    r->target->capabilities = NEW_ARRAY(r->arena, struct target_capability, names);
    for (uint32_t i = 0; i < lines.count; i++) {
        bool bit = str_equal(lines.at[i]->words[0], STR("bit"));
        if (!(bit ? read_bit(r, lines.at[i]) : read_set(r, lines.at[i]))) {
            return false;
        }
    }
    return true;
}

static const struct target_kind *find_kind(const struct target_reader *r, struct str name) {
    for (uint32_t i = 0; i < r->kind_count; i++) {
        if (str_equal(r->kinds[i].name, name)) {
            return &r->kinds[i];
        }
    }
    return NULL;
}

bool target_read_kind(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "priority", NULL };
    struct target_lines lines;
    if (!target_word_count(r, line, 2, 2, "a name") ||
            !target_active_lines(r, line->children, keys, &lines)) {
        return false;
    }
    if (find_kind(r, line->words[1])) {
        return target_fail(r, line, "kind '%s' is there twice", line->words[1].at);
    }
    struct target_kind *kind = &r->kinds[r->kind_count++];
    kind->name = line->words[1];
    for (uint32_t i = 0; i < lines.count; i++) {
        uint32_t priority;
        uint32_t mask;
        if (!target_number_within(
                    r, lines.at[i], 1, "the priority", 0, TARGET_PRIORITIES - 1, &priority) ||
                !target_mask(r, lines.at[i], 2, &mask)) {
            return false;
        }
        if (kind->offers[priority]) {
            return target_fail(r, lines.at[i], "priority %" PRIu32 " is there twice", priority);
        }
        kind->offers[priority] = mask;
    }
    return true;
}

/// Reads START END at words `index` and `index` + 1; not empty, inside the region.
static bool read_range(struct target_reader *r, const struct conf_line *line, uint32_t index,
        const struct target_region *region, uint64_t *start, uint64_t *bytes) {
    uint64_t end;
    if (!target_number(r, line, index, "the start", start) ||
            !target_number(r, line, index + 1, "the end", &end)) {
        return false;
    }
    if (*start > end || *start < region->start || end > region->start + region->bytes) {
        return target_fail(r, line,
                "0x%" PRIx64 " to 0x%" PRIx64 " is no range inside region '%s', which is 0x%" PRIx64
                " to 0x%" PRIx64,
                *start, end, region->name.at, region->start, region->start + region->bytes);
    }
    *bytes = end - *start;
    return true;
}

/// Inserts by address; a range must not reach into a neighbour.
static bool add_reserved(struct target_reader *r, const struct conf_line *line,
        struct target_region *region, const struct target_range *range) {
    uint32_t at = region->reserved_count;
    while (at && region->reserved[at - 1].start > range->start) {
        region->reserved[at] = region->reserved[at - 1];
        at--;
    }
    region->reserved[at] = *range;
    region->reserved_count++;
    region->reserved_bytes += range->bytes;
    const struct target_range *all = region->reserved;
    if ((at && all[at - 1].start + all[at - 1].bytes > range->start) ||
            (at + 1 < region->reserved_count && range->start + range->bytes > all[at + 1].start)) {
        return target_fail(r, line, "range '%s' overlaps another reserved one", range->name.at);
    }
    return true;
}

static bool read_reserved(
        struct target_reader *r, const struct conf_line *line, struct target_region *region) {
    struct target_range range = { .source = target_source(r, line) };
    if (!target_word_count(r, line, 4, 5, "a name, start, end and words for people") ||
            !read_range(r, line, 2, region, &range.start, &range.bytes)) {
        return false;
    }
    range.name = line->words[1];
    range.about = target_word_or_empty(line, 4);
    return range.bytes == 0 || add_reserved(r, line, region, &range);
}

static bool read_lent(
        struct target_reader *r, const struct conf_line *line, struct target_region *region) {
    struct target_range range = { .source = target_source(r, line) };
    if (!target_word_count(r, line, 5, 6,
                "a name, start, end, the moment it is given back, words for people") ||
            !read_range(r, line, 2, region, &range.start, &range.bytes)) {
        return false;
    }
    range.name = line->words[1];
    range.until = line->words[4];
    range.about = target_word_or_empty(line, 5);
    region->lent[region->lent_count++] = range;
    return true;
}

static void add_heap(struct target_reader *r, const struct target_heap *heap) {
    struct target *t = r->target;
    if (t->heap_count == r->heap_room) {
        r->heap_room = r->heap_room ? 2 * r->heap_room : 16;
        struct target_heap *wider = NEW_ARRAY(r->arena, struct target_heap, r->heap_room);
        if (t->heap_count) {
            memcpy(wider, t->heaps, t->heap_count * sizeof(*wider));
        }
        t->heaps = wider;
    }
    t->heaps[t->heap_count++] = *heap;
}

/// Adds a piece of a heap range, joined to the piece before where that is the same kind of memory.
static void add_piece(struct target_reader *r, const struct target_heap *piece) {
    struct target *t = r->target;
    if (piece->bytes == 0) {
        return;
    }
    struct target_heap *last = t->heap_count ? &t->heaps[t->heap_count - 1] : NULL;
    if (last && last->region == piece->region && last->start + last->bytes == piece->start &&
            str_equal(last->name, piece->name) && last->late == piece->late &&
            last->added == piece->added) {
        last->bytes += piece->bytes;
    } else {
        add_heap(r, piece);
    }
}

/// Cuts the reserved ranges of its region out of `heap` and adds what is left.
static void add_cut(struct target_reader *r, const struct target_region *region,
        const struct target_heap *heap) {
    struct target_heap piece = *heap;
    uint64_t end = heap->start + heap->bytes;
    for (uint32_t i = 0; i < region->reserved_count && piece.start < end; i++) {
        const struct target_range *hole = &region->reserved[i];
        if (hole->start + hole->bytes <= piece.start || hole->start >= end) {
            continue;
        }
        if (hole->start > piece.start) {
            piece.bytes = hole->start - piece.start;
            add_piece(r, &piece);
        }
        piece.start = hole->start + hole->bytes;
    }
    piece.bytes = piece.start < end ? end - piece.start : 0;
    add_piece(r, &piece);
}

static bool fill_heap(struct target_reader *r, const struct conf_line *line, struct str kind_name,
        struct target_heap *heap) {
    const struct target_kind *kind = find_kind(r, kind_name);
    if (!kind) {
        return target_fail(r, line, "unknown kind of heap '%s'", kind_name.at);
    }
    heap->name = kind->name;
    heap->source = target_source(r, line);
    for (uint32_t i = 0; i < TARGET_PRIORITIES; i++) {
        heap->offers[i] = kind->offers[i];
        heap->offers_any |= kind->offers[i];
    }
    return true;
}

static bool read_heap(
        struct target_reader *r, const struct conf_line *line, const struct target_region *region) {
    struct target_heap heap = { .region = (uint32_t)(region - r->target->regions) };
    if (!target_word_count(r, line, 4, 5, "a kind, start, end, and perhaps 'late' or 'added'") ||
            !fill_heap(r, line, line->words[1], &heap) ||
            !read_range(r, line, 2, region, &heap.start, &heap.bytes)) {
        return false;
    }
    struct str how = target_word_or_empty(line, 4);
    heap.late = str_equal(how, STR("late"));
    heap.added = str_equal(how, STR("added"));
    if (how.len && !heap.late && !heap.added) {
        return target_fail(r, line, "a heap is 'late' or 'added', not '%s'", how.at);
    }
    add_cut(r, region, &heap);
    return true;
}

/// Number of ranges, reserved or heap, that hold the byte at `address`; `next` receives the lowest
/// address above it at which that changes.
static uint32_t holders(const struct target *t, const struct target_region *region,
        uint64_t address, uint64_t *next) {
    uint32_t count = 0;
    *next = region->start + region->bytes;
    uint32_t index = (uint32_t)(region - t->regions);
    for (uint32_t i = 0; i < region->reserved_count + t->heap_count; i++) {
        bool heap = i >= region->reserved_count;
        const struct target_heap *h = heap ? &t->heaps[i - region->reserved_count] : NULL;
        if (h && h->region != index) {
            continue;
        }
        uint64_t start = h ? h->start : region->reserved[i].start;
        uint64_t end = start + (h ? h->bytes : region->reserved[i].bytes);
        count += start <= address && address < end;
        *next = start > address && start < *next ? start : *next;
        *next = end > address && end < *next ? end : *next;
    }
    return count;
}

/// Every byte of the region must be in exactly one range.
static bool check_filled(
        struct target_reader *r, const struct conf_line *line, const struct target_region *region) {
    uint64_t next;
    for (uint64_t at = region->start; at < region->start + region->bytes; at = next) {
        uint32_t count = holders(r->target, region, at, &next);
        if (count != 1) {
            return target_fail(r, line,
                    "region '%s' does not add up: 0x%" PRIx64 " to 0x%" PRIx64
                    " is in %s; give each byte to one heap or one reserved range",
                    region->name.at, at, next,
                    count ? "two heaps" : "no heap and no reserved range");
        }
    }
    return true;
}

static bool read_region_lines(
        struct target_reader *r, const struct target_lines *lines, struct target_region *region) {
    region->reserved = NEW_ARRAY(r->arena, struct target_range, lines->count);
    region->lent = NEW_ARRAY(r->arena, struct target_range, lines->count);
    for (uint32_t i = 0; i < lines->count; i++) {
        if (str_equal(lines->at[i]->words[0], STR("reserved")) &&
                !read_reserved(r, lines->at[i], region)) {
            return false;
        }
    }
    // Heaps second: they need to know what to cut out.
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct conf_line *line = lines->at[i];
        bool heap = str_equal(line->words[0], STR("heap"));
        bool lent = str_equal(line->words[0], STR("lent"));
        if ((heap && !read_heap(r, line, region)) || (lent && !read_lent(r, line, region))) {
            return false;
        }
    }
    return true;
}

bool target_read_region(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "reserved", "lent", "heap", "alias", "holds", "price",
        NULL };
    struct target *t = r->target;
    struct target_lines lines;
    if (!target_word_count(r, line, 4, 5, "a name, start, size and words for people") ||
            !target_active_lines(r, line->children, keys, &lines)) {
        return false;
    }
    if (target_find_region(t, line->words[1]) != TARGET_NONE) {
        return target_fail(r, line, "region '%s' is there twice", line->words[1].at);
    }
    if (t->region_count == TARGET_REGIONS_MAX) {
        return target_fail(r, line, "more than %d regions", TARGET_REGIONS_MAX);
    }
    struct target_region *region = &t->regions[t->region_count++];
    region->name = line->words[1];
    region->about = target_word_or_empty(line, 4);
    region->main_heap = TARGET_NONE;
    if (!target_number(r, line, 2, "the start", &region->start) ||
            !target_number(r, line, 3, "the size", &region->bytes)) {
        return false;
    }
    if (region->bytes == 0 || region->bytes > UINT64_MAX - region->start) {
        return target_fail(r, line, "region '%s' is empty or too large", region->name.at);
    }
    region->holds =
            TARGET_STATIC_CODE | TARGET_STATIC_CONSTANT | TARGET_STATIC_DATA | TARGET_STATIC_ZERO;
    return target_read_price(r, &lines, &region->price) && read_region_lines(r, &lines, region) &&
           check_filled(r, line, region) &&
           target_read_views(r, line, &lines, t->region_count - 1, region->start, region->bytes,
                   &region->holds);
}

/// `pool KIND BYTES from CAPABILITY…`: like ESP-IDF's reserve for DMA
/// (components/esp_psram/system_layer/ esp_psram.c), which registers all of its block but the last
/// byte. It counts as part of the region of the largest heap that can serve the request, where the
/// target would find it.
bool target_read_pool(struct target_reader *r, const struct conf_line *line) {
    struct target *t = r->target;
    struct target_heap pool = { .region = TARGET_NONE, .added = true, .carved = true };
    uint32_t asked;
    uint64_t bytes;
    if (!target_word_count(r, line, 5, UINT32_MAX, "a kind, size, 'from' and capabilities") ||
            !fill_heap(r, line, line->words[1], &pool) ||
            !target_number(r, line, 2, "the size", &bytes) || !target_mask(r, line, 4, &asked)) {
        return false;
    }
    if (!str_equal(line->words[3], STR("from"))) {
        return target_fail(r, line, "expected 'from', not '%s'", line->words[3].at);
    }
    uint64_t largest = 0;
    for (uint32_t i = 0; i < t->heap_count; i++) {
        if (target_heap_has(&t->heaps[i], asked) && t->heaps[i].bytes > largest) {
            largest = t->heaps[i].bytes;
            pool.region = t->heaps[i].region;
        }
    }
    if (bytes == 0) {
        return true; // as on the target: no pool
    }
    if (largest < bytes) {
        return target_fail(r, line, "no heap can give %" PRIu64 " bytes to the pool", bytes);
    }
    pool.bytes = bytes - 1;
    pool.carve_asks = asked;
    add_heap(r, &pool);
    return true;
}

/// Where a heap that is registered at boot goes among `count` that are there: before the first that
/// is not smaller (components/heap/heap_caps_init.c, sorted_add_to_registered_heaps).
static uint32_t boot_place(
        const struct target_heap *sorted, uint32_t count, const struct target_heap *heap) {
    uint32_t at = 0;
    while (at < count && sorted[at].bytes < heap->bytes) {
        at++;
    }
    return at;
}

static void insert_heap(
        struct target_heap *list, uint32_t *count, uint32_t at, const struct target_heap *heap) {
    memmove(list + at + 1, list + at, (*count - at) * sizeof(*list));
    list[at] = *heap;
    ++*count;
}

void target_order_heaps(struct target_reader *r) {
    struct target *t = r->target;
    struct target_heap *ordered = NEW_ARRAY(r->arena, struct target_heap, t->heap_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->heap_count; i++) {
        if (!t->heaps[i].added) {
            insert_heap(ordered, &count, boot_place(ordered, count, &t->heaps[i]), &t->heaps[i]);
        }
    }
    // Run-time heaps go to the head, so the latest comes first.
    for (uint32_t i = 0; i < t->heap_count; i++) {
        if (t->heaps[i].added) {
            insert_heap(ordered, &count, 0, &t->heaps[i]);
        }
    }
    t->heaps = ordered;
    for (uint32_t i = 0; i < count; i++) {
        const struct target_heap *heap = &ordered[i];
        struct target_region *region = &t->regions[heap->region];
        if (heap->carved) {
            continue;
        }
        region->heap_bytes += heap->bytes;
        if (region->main_heap == TARGET_NONE || heap->bytes > ordered[region->main_heap].bytes) {
            region->main_heap = i;
        }
    }
}
