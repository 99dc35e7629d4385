// Opening a trace: one pass over the file that keeps the definitions. See trace.h.
#include "trace.h"

#include "map64.h"
#include "trace_blocks.h"
#include "trace_modules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// What the blocks of one stream say about blocks that are not there.
struct tally {
    uint64_t blocks;  ///< Seen.
    uint64_t highest; ///< Sequence number.
    uint32_t lost_allocs;
    uint32_t lost_frees;
};

/// What the pass knows while it goes; all but the first two belong to the present image.
struct reading {
    struct arena *a;
    struct trace *trace;
    uint32_t image_capacity;
    struct trace_image *image; ///< The one that blocks belong to now.
    bool has_record;           ///< Its own record was read.
    uint32_t stack_capacity;
    uint32_t module_capacity;
    uint32_t thread_capacity;
    uint32_t tally_count;
    uint32_t tally_capacity;
    struct tally *tallies;
    struct map64 tally_of;  ///< Stream to index in `tallies`.
    struct map64 thread_of; ///< Number to index in trace_image.threads.
    struct trace_modules modules;
    uint64_t previous_address; ///< Of the latest stack record in this block.
};

/// Doubles `*items` when it is full; the old copy stays in the arena.
#define GROW(r, items, count, capacity)                                                            \
    do {                                                                                           \
        if ((count) == (capacity)) {                                                               \
            uint32_t more = (capacity) == 0 ? 16 : (capacity)*2;                                   \
            void *bigger = arena_take((r)->a, more, sizeof *(items), 16);                          \
            if ((count) > 0)                                                                       \
                memcpy(bigger, (items), (count) * sizeof *(items));                                \
            (items) = bigger;                                                                      \
            (capacity) = more;                                                                     \
        }                                                                                          \
    } while (0)

// ---- images

/// Adds what the image's blocks say of lost ones to the trace's sums.
static void finish_image(struct reading *r) {
    if (r->image == NULL)
        return;
    uint64_t missing = 0, blocks = 0, lost_allocs = 0, lost_frees = 0;
    for (uint32_t i = 0; i < r->tally_count; i++) {
        const struct tally *t = &r->tallies[i];
        missing += t->highest + 1 > t->blocks ? t->highest + 1 - t->blocks : 0;
        blocks += t->blocks;
        lost_allocs += t->lost_allocs;
        lost_frees += t->lost_frees;
    }
    if (blocks + missing < r->image->blocks_told) // the latest of a stream leave no gap
        missing = r->image->blocks_told - blocks;
    // The recorder's own count is taken at the end, a stream's with each of its blocks: either may
    // have seen more.
    const struct trace_counters *c = &r->image->counters;
    struct trace *t = r->trace;
    t->lost_allocs += lost_allocs > c->lost_allocs ? lost_allocs : c->lost_allocs;
    t->lost_frees += lost_frees > c->lost_frees ? lost_frees : c->lost_frees;
    missing += t->damage.missing;
    t->damage.missing = missing > UINT32_MAX ? UINT32_MAX : (uint32_t)missing;
}

static void begin_image(struct reading *r, const struct trace_block *block) {
    finish_image(r);
    struct trace *t = r->trace;
    *r = (struct reading){ .a = r->a, .trace = t, .image_capacity = r->image_capacity };
    GROW(r, t->images, t->image_count, r->image_capacity);
    r->image = &t->images[t->image_count++];
    *r->image = (struct trace_image){ .ticks_per_second = 1000000,
        .first_offset = block->offset,
        .mark = block->header.image,
        .minor = block->header.minor };
}

/// The present image, or a new one where the block belongs to none or to another.
static void find_image(struct reading *r, const struct trace_block *block) {
    if (r->image == NULL || r->image->mark != block->header.image)
        begin_image(r, block);
}

// ---- definitions

static struct str text_of(struct reading *r, struct ramlens_wire_reader *in) {
    size_t size;
    const uint8_t *bytes = ramlens_wire_get_bytes(in, &size);
    if (bytes == NULL)
        return STR("");
    return arena_copy(r->a, (struct str){ (const char *)bytes, size });
}

static void read_image(
        struct reading *r, struct ramlens_wire_reader *in, const struct trace_block *block) {
    // Two images may carry one mark where clocks begin again; their records tell them apart.
    if (r->has_record)
        begin_image(r, block);
    r->has_record = true;
    struct trace_image *image = r->image;
    uint64_t pointer_bytes = ramlens_wire_get_varint(in);
    image->pointer_bytes = pointer_bytes <= 16 ? (uint8_t)pointer_bytes : 0;
    uint64_t rate = ramlens_wire_get_varint(in);
    image->ticks_per_second = rate == 0 || rate > 1000000000 ? 1000000 : rate;
    ramlens_wire_get_varint(in); // time of day of the clock: in the clock records
    image->process = ramlens_wire_get_varint(in);
    image->platform = text_of(r, in);
    image->path = text_of(r, in);
}

/// Keeps the earliest and the latest: the block that a full disk leaves for the end may stand
/// before others.
static void read_clock(struct reading *r, struct ramlens_wire_reader *in) {
    uint64_t time = ramlens_wire_get_varint(in) * RAMLENS_WIRE_PARTS;
    uint64_t nanoseconds = ramlens_wire_get_varint(in);
    struct trace_image *image = r->image;
    if (!in->ok)
        return;
    for (uint32_t which = 0; which < 2; which++) {
        bool better = which == 0 ? time < image->clock_ticks[0] : time > image->clock_ticks[1];
        if (image->clock_count == 0 || better) {
            image->clock_ticks[which] = time;
            image->clock_nanoseconds[which] = nanoseconds;
        }
    }
    image->clock_count = image->clock_count == 0 ? 1 : 2;
}

static void read_module(struct reading *r, struct ramlens_wire_reader *in) {
    struct trace_image *image = r->image;
    struct trace_module m = { .loaded = true };
    m.number = (uint32_t)ramlens_wire_get_varint(in);
    m.base = ramlens_wire_get_varint(in);
    m.low = ramlens_wire_get_varint(in);
    m.size = ramlens_wire_get_varint(in);
    size_t id_bytes;
    const uint8_t *id = ramlens_wire_get_bytes(in, &id_bytes);
    m.path = text_of(r, in);
    if (!in->ok)
        return;
    m.build_id = (const uint8_t *)arena_copy(r->a, (struct str){ (const char *)id, id_bytes }).at;
    m.build_id_bytes = id_bytes;
    if (m.path.len == 0 && image->module_count == 0)
        m.path = image->path; // the loader gives the program itself no name
    GROW(r, image->modules, image->module_count, r->module_capacity);
    image->modules[image->module_count] = m;
    trace_modules_map(&r->modules, r->a, image->modules, image->module_count++);
}

static void read_unload(struct reading *r, struct ramlens_wire_reader *in) {
    uint32_t number = (uint32_t)ramlens_wire_get_varint(in);
    if (in->ok)
        trace_modules_unmap(&r->modules, r->image->modules, number);
}

static void read_thread(struct reading *r, struct ramlens_wire_reader *in) {
    struct trace_image *image = r->image;
    struct trace_thread thread = { .number = (uint32_t)ramlens_wire_get_varint(in) };
    thread.system_id = (uint32_t)ramlens_wire_get_varint(in);
    thread.name = text_of(r, in);
    if (!in->ok)
        return;
    bool added;
    uint64_t *index = map64_put(&r->thread_of, r->a, thread.number, &added);
    if (added) {
        GROW(r, image->threads, image->thread_count, r->thread_capacity);
        *index = image->thread_count++;
    }
    image->threads[*index] = thread;
}

/// Makes room for stack `number` in the image's table.
static void grow_stacks(struct reading *r, uint64_t number) {
    struct trace_image *image = r->image;
    uint32_t capacity = r->stack_capacity < 512 ? 1024 : r->stack_capacity * 2;
    while (capacity <= number)
        capacity *= 2;
    struct trace_stack *bigger = NEW_ARRAY(r->a, struct trace_stack, capacity);
    if (image->stack_count > 0)
        memcpy(bigger, image->stacks, image->stack_count * sizeof *bigger);
    image->stacks = bigger;
    r->stack_capacity = capacity;
}

static void read_stack(struct reading *r, struct ramlens_wire_reader *in) {
    struct trace_image *image = r->image;
    uint64_t number = ramlens_wire_get_varint(in);
    uint64_t outer = ramlens_wire_get_varint(in);
    uint64_t address = r->previous_address + (uint64_t)ramlens_wire_get_signed(in);
    if (!in->ok)
        return;
    r->previous_address = address;
    // Each definition takes six bytes or more: a number far beyond that is none that a writer gave.
    if (number == 0 || outer >= number || number > r->trace->file_bytes / 4)
        return;
    if (number >= r->stack_capacity)
        grow_stacks(r, number);
    if (number >= image->stack_count)
        image->stack_count = (uint32_t)number + 1;
    uint32_t module = trace_modules_at(&r->modules, image->modules, address);
    image->stacks[number] = (struct trace_stack){ address, (uint32_t)outer, module, true };
}

static void read_counters(struct reading *r, struct ramlens_wire_reader *in) {
    struct trace_counters c = { .present = true };
    uint64_t *const values[] = { &c.lost_allocs, &c.lost_frees, &c.map_bytes, &c.walks, &c.hits,
        &c.frames_walked, &c.frames_matched, &c.expressions, &c.signal_frames, &c.no_rule,
        &c.too_deep };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        *values[i] = ramlens_wire_get_varint(in);
    if (in->ok)
        r->image->counters = c;
}

static void read_region(struct reading *r, struct ramlens_wire_reader *in) {
    struct trace_image *image = r->image;
    uint64_t number = ramlens_wire_get_varint(in);
    struct trace_region region = { .present = true, .name = text_of(r, in) };
    region.address = ramlens_wire_get_varint(in);
    region.bytes = ramlens_wire_get_varint(in);
    region.target_address = ramlens_wire_get_varint(in);
    if (!in->ok || number >= TRACE_REGIONS_MAX) // a short one, of version 1.0, has only a name
        return;
    if (image->regions == NULL)
        image->regions = NEW_ARRAY(r->a, struct trace_region, TRACE_REGIONS_MAX);
    image->regions[number] = region;
}

static void read_placed(struct reading *r, struct ramlens_wire_reader *in) {
    struct trace_placed placed = { .present = true, .target = text_of(r, in) };
    placed.settings = text_of(r, in);
    placed.plan = text_of(r, in);
    placed.occupied_bytes = ramlens_wire_get_varint(in);
    if (in->ok)
        r->image->placed = placed;
}

static void read_definition(
        struct reading *r, const struct ramlens_wire_item *item, const struct trace_block *block) {
    struct ramlens_wire_reader in = { item->body, item->body + item->body_bytes, true };
    switch (item->record) {
    case RAMLENS_WIRE_IMAGE:
        read_image(r, &in, block);
        break;
    case RAMLENS_WIRE_CLOCK:
        read_clock(r, &in);
        break;
    case RAMLENS_WIRE_MODULE:
        read_module(r, &in);
        break;
    case RAMLENS_WIRE_UNLOAD:
        read_unload(r, &in);
        break;
    case RAMLENS_WIRE_THREAD:
        read_thread(r, &in);
        break;
    case RAMLENS_WIRE_STACK:
        read_stack(r, &in);
        break;
    case RAMLENS_WIRE_COUNTERS:
        read_counters(r, &in);
        break;
    case RAMLENS_WIRE_REGION:
        read_region(r, &in);
        break;
    case RAMLENS_WIRE_PLACED:
        read_placed(r, &in);
        break;
    case RAMLENS_WIRE_END:
        r->image->ended = true;
        r->image->blocks_told = ramlens_wire_get_varint(&in);
        break;
    default: // of a later minor version
        break;
    }
}

static void read_definitions(struct reading *r, const struct trace_block *block) {
    struct ramlens_wire_decoder d;
    struct ramlens_wire_item item;
    r->previous_address = 0;
    ramlens_wire_decode(&d, block->payload, block->payload_bytes, block->header.time,
            block->header.granularity, block->header.open);
    enum ramlens_wire_step step;
    while ((step = ramlens_wire_next(&d, &item)) == RAMLENS_WIRE_ITEM)
        if (item.record != 0) // an event has no place here
            read_definition(r, &item, block);
    if (step == RAMLENS_WIRE_BROKEN)
        trace_note_broken(r->trace, block->offset, (uint64_t)(d.end - d.at));
}

// ---- blocks

static void note_block(struct reading *r, const struct trace_block *block) {
    find_image(r, block);
    if (block->header.stream == RAMLENS_WIRE_DEFINITIONS)
        read_definitions(r, block);
    r->image->end_offset = block->end;
    bool added;
    uint64_t *index = map64_put(&r->tally_of, r->a, block->header.stream, &added);
    if (added) {
        GROW(r, r->tallies, r->tally_count, r->tally_capacity);
        *index = r->tally_count++;
    }
    struct tally *t = &r->tallies[*index];
    t->blocks++;
    if (block->header.sequence > t->highest)
        t->highest = block->header.sequence;
    if (block->header.lost_allocs > t->lost_allocs)
        t->lost_allocs = block->header.lost_allocs;
    if (block->header.lost_frees > t->lost_frees)
        t->lost_frees = block->header.lost_frees;
}

void trace_note_broken(struct trace *t, uint64_t offset, uint64_t bytes) {
    struct trace_damage *d = &t->damage;
    if (offset < t->broken_end)
        return;
    t->broken_end = offset + 1;
    d->blocks++;
    d->bytes += bytes;
    if (offset < d->first_offset)
        d->first_offset = offset;
}

/// Adds what was found while looking for blocks to what was found in them.
static void add_damage(struct trace *t, const struct trace_damage *found) {
    struct trace_damage *d = &t->damage;
    d->blocks += found->blocks;
    d->bytes += found->bytes;
    d->open_blocks = found->open_blocks;
    d->cut = found->cut;
    if (found->first_offset < d->first_offset)
        d->first_offset = found->first_offset;
}

/// Says why nothing was found in the file.
static bool fail_empty(const struct trace *t, const struct trace_blocks *blocks, struct err *err) {
    if (t->file_bytes == 0)
        return fail(err, t->path, 0,
                "is empty: the recording ended before its first block; record again");
    if (blocks->newer_version != 0)
        return fail(err, t->path, blocks->newer_offset + 3,
                "is a trace of format version %u, and this ramlens reads version %d; update "
                "ramlens",
                blocks->newer_version, RAMLENS_WIRE_MAJOR);
    return fail(err, t->path, 0,
            "is not a ramlens trace: no whole block was found; traces come from 'ramlens record'");
}

static bool open_file(const char *path, struct trace *out, struct err *err) {
    *out = (struct trace){ .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
    out->damage.first_offset = ERR_NO_OFFSET;
    struct stat status;
    if (out->fd < 0 || fstat(out->fd, &status) != 0)
        return fail(err, path, ERR_NO_OFFSET, "cannot be opened: %s", strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fail(
                err, path, ERR_NO_OFFSET, "is not a regular file; a trace is read more than once");
    out->file_bytes = (uint64_t)status.st_size;
    return true;
}

static bool read_file(struct arena *a, struct trace *t, struct err *err) {
    struct reading r = { .a = a, .trace = t };
    struct trace_blocks blocks;
    struct trace_block block;
    trace_blocks_init(&blocks, t->fd, NEW_ARRAY(a, uint8_t, TRACE_BUFFER_BYTES), 0, t->file_bytes);
    while (trace_blocks_next(&blocks, &block))
        note_block(&r, &block);
    finish_image(&r);
    add_damage(t, &blocks.damage);
    if (blocks.failed)
        return fail(err, t->path, blocks.offset, "cannot be read: %s", strerror(errno));
    return t->image_count > 0 || fail_empty(t, &blocks, err);
}

bool trace_open(struct arena *a, const char *path, struct trace *out, struct err *err) {
    if (open_file(path, out, err) && read_file(a, out, err))
        return true;
    trace_close(out);
    return false;
}

void trace_close(struct trace *t) {
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

/// Whole nanoseconds; what does not fit is the most that does.
static uint64_t scaled(uint64_t parts, double nanoseconds_a_part) {
    double n = (double)parts * nanoseconds_a_part;
    return n < 1.8e19 ? (uint64_t)n : UINT64_MAX;
}

bool trace_is_of_device(const struct trace_image *image) {
    return str_equal(image->platform, STR(TRACE_OF_DEVICE));
}

uint64_t trace_nanoseconds(const struct trace_image *image, uint64_t time) {
    uint64_t from = image->clock_count > 0 ? image->clock_ticks[0] : 0;
    uint64_t since = time > from ? time - from : 0;
    uint64_t span_parts = image->clock_ticks[1] - image->clock_ticks[0];
    uint64_t span = image->clock_nanoseconds[1] - image->clock_nanoseconds[0];
    // Over less than a tenth of a second the nominal rate is the better one.
    bool forward = span_parts > 0 && image->clock_nanoseconds[1] > image->clock_nanoseconds[0];
    if (image->clock_count == 2 && forward && span > 100000000)
        return scaled(since, (double)span / (double)span_parts);
    return scaled(since, 1e9 / RAMLENS_WIRE_PARTS / (double)image->ticks_per_second);
}
