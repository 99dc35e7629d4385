// See device_blocks.h. Reading collects dumps; writing goes through them with the blocks that live, sorted by address.
#include "device_blocks.h"

#include "hash.h"
#include "range_table.h"
#include "trace.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

void device_blocks_init(struct device_blocks *d, struct arena *a) {
    *d = (struct device_blocks){ .a = a };
    *vec_push(a, &d->stacks) = (struct device_callers){ .at = NULL };
}

// ---- reading

static struct device_dump *last_dump(struct device_blocks *d) {
    return d->in_dump ? &d->dumps.at[d->dumps.len - 1] : NULL;
}

void device_blocks_close(struct device_blocks *d) {
    d->in_dump = false;
}

/// Begins a dump. Of those that are too many the lines are passed over.
static void open_dump(struct device_blocks *d, bool is_walk, uint64_t announced, uint32_t line) {
    struct str name = is_walk ? STR("heap dump") : STR("heap trace");
    d->is_beyond = d->dumps.len >= DEVICE_BLOCKS_DUMPS;
    d->dumps_beyond += d->is_beyond;
    d->in_dump = !d->is_beyond;
    if (d->is_beyond)
        return;
    uint64_t *cycle = map64_put(&d->cycles, d->a, hash_str(HASH_SEED, name), NULL);
    *vec_push(d->a, &d->dumps) = (struct device_dump){ .first = (uint32_t)d->blocks.len,
        .line = line,
        .announced = announced,
        .is_walk = is_walk,
        .name = name,
        .cycle = (uint32_t)++ * cycle };
}

static struct device_block *last_block(struct device_blocks *d) {
    struct device_dump *dump = last_dump(d);
    return dump && dump->count ? &d->blocks.at[d->blocks.len - 1] : NULL;
}

static bool add_block(struct device_blocks *d, const struct device_block *b) {
    struct device_dump *dump = last_dump(d);
    bool is_last = dump && dump->first + dump->count == d->blocks.len;
    if (!is_last || dump->is_walk != b->is_of_walk)
        return false;
    if (dump->count >= DEVICE_BLOCKS_MOST) {
        d->beyond++;
        return true;
    }
    dump->count++;
    *vec_push(d->a, &d->blocks) = *b;
    return true;
}

static uint32_t keep_callers(struct device_blocks *d, const struct heap_text *item) {
    if (item->caller_count == 0)
        return 0;
    struct device_callers *c = vec_push(d->a, &d->stacks);
    c->count = item->caller_count;
    c->at = NEW_ARRAY(d->a, uint64_t, c->count);
    memcpy(c->at, item->callers, c->count * sizeof *c->at);
    return (uint32_t)d->stacks.len - 1;
}

static bool take_record(struct device_blocks *d, const struct heap_text *item) {
    struct device_block b = { .address = item->address,
        .bytes = item->bytes,
        .ccount = item->ccount,
        .cpu = item->cpu,
        .is_freed = item->is_free };
    if (!d->in_dump || d->dumps.at[d->dumps.len - 1].is_walk)
        return false;
    b.stack = keep_callers(d, item);
    d->dumps.at[d->dumps.len - 1].freed += b.is_freed;
    return add_block(d, &b);
}

static bool was_shown(const struct device_blocks *d, uint64_t heap) {
    for (uint32_t i = 0; i < d->heap_count; i++)
        if (d->heaps[i] == heap)
            return true;
    return d->heap_count == DEVICE_BLOCKS_HEAPS;
}

/// A walk of several heaps is one dump: each heap has a heading of its own. A heap that is shown again begins another.
static bool take_heap(struct device_blocks *d, const struct heap_text *item, uint32_t line) {
    const struct device_dump *dump = last_dump(d);
    if (!d->in_dump || !dump->is_walk || was_shown(d, item->address)) {
        open_dump(d, true, 0, line);
        d->heap_count = 0;
    }
    d->heaps[d->heap_count++] = item->address;
    return true;
}

static bool take_freed(struct device_blocks *d) {
    struct device_block *b = last_block(d);
    if (b == NULL || b->is_of_walk)
        return false;
    d->dumps.at[d->dumps.len - 1].freed += !b->is_freed;
    b->is_freed = true;
    return true;
}

/// A block of a walk; free ones are kept, too, as what is known to be free.
static bool take_block(struct device_blocks *d, const struct heap_text *item) {
    struct device_block b = { .address = item->address,
        .bytes = item->bytes,
        .is_freed = item->is_free,
        .is_of_walk = true };
    struct device_dump *dump = last_dump(d);
    if (dump && dump->is_walk)
        dump->announced++;
    return add_block(d, &b);
}

/// Lines below the records of a heap trace.
static bool take_note(struct device_blocks *d, const struct heap_text *item) {
    struct device_dump *dump = last_dump(d);
    if (dump == NULL || dump->is_walk)
        return false;
    switch (item->type) {
    case HEAP_TEXT_MODE:
        dump->keeps_freed = item->is_all;
        break;
    case HEAP_TEXT_TOTALS:
        dump->total_allocations = item->count;
        break;
    case HEAP_TEXT_FREES:
        dump->total_frees = item->count;
        break;
    case HEAP_TEXT_OVERFLOW:
        dump->has_overflowed = true;
        break;
    case HEAP_TEXT_CORRUPT:
        dump->is_corrupt = true;
        break;
    case HEAP_TEXT_END:
        dump->is_closed = true;
        d->in_dump = false;
        break;
    default:
        break; // a summary and its sum: the records say it
    }
    return true;
}

void device_blocks_take(struct device_blocks *d, const struct heap_text *item, uint32_t line) {
    bool taken = true;
    switch (item->type) {
    case HEAP_TEXT_NONE:
        break;
    case HEAP_TEXT_BROKEN:
        taken = false;
        break;
    case HEAP_TEXT_TRACE:
        open_dump(d, false, item->count, line);
        break;
    case HEAP_TEXT_RECORD:
        taken = take_record(d, item);
        break;
    case HEAP_TEXT_FREED:
        taken = take_freed(d);
        break;
    case HEAP_TEXT_HEAP:
        taken = take_heap(d, item, line);
        break;
    case HEAP_TEXT_BLOCK:
        taken = take_block(d, item);
        break;
    default:
        taken = take_note(d, item) || item->type == HEAP_TEXT_END; // others draw such lines, too
        break;
    }
    d->broken += !taken && !d->is_beyond;
}

// ---- doubts

static bool is_whole(const struct device_dump *dump) {
    return dump->is_walk ||
           (dump->count == dump->announced && dump->is_closed && !dump->is_corrupt);
}

const char *device_blocks_doubt(const struct device_blocks *d, uint32_t index) {
    for (size_t i = 0; i < d->dumps.len; i++) {
        const struct device_dump *dump = &d->dumps.at[i];
        if (!is_whole(dump) && index-- == 0)
            return arena_printf(d->a,
                    "line %" PRIu32 ": a heap trace of %" PRIu64 " records, of which %" PRIu32
                    " could be read%s: what it does not list is not taken for freed",
                    dump->line, dump->announced, dump->count,
                    dump->is_corrupt   ? " (the device found its list corrupt)"
                    : !dump->is_closed ? " (its end is missing)"
                                       : "");
        if (dump->keeps_freed && dump->count > 0 && dump->total_frees > 0 && dump->freed == 0 &&
                index-- == 0)
            return arena_printf(d->a,
                    "line %" PRIu32 ": %" PRIu64
                    " frees were counted, and no record says of which: without callers releases "
                    "before v5.5 print a block that was freed like one that lives; mode Leaks "
                    "lists only those that live",
                    dump->line, dump->total_frees);
        if (dump->has_overflowed && index-- == 0)
            return arena_printf(d->a,
                    "line %" PRIu32 ": the device's buffer of records was full: the oldest blocks "
                    "are not in it; give heap_trace_init_standalone() a larger one",
                    dump->line);
    }
    if (d->dumps_beyond && index-- == 0)
        return arena_printf(d->a, "%" PRIu32 " dumps are beyond the %d that are read",
                d->dumps_beyond, (int)DEVICE_BLOCKS_DUMPS);
    if (d->beyond && index == 0)
        return arena_printf(d->a, "%" PRIu32 " blocks are beyond the %d of a dump that are read",
                d->beyond, (int)DEVICE_BLOCKS_MOST);
    return NULL;
}

// ---- writing

/// A block that lives, by its index in `blocks`.
struct writing {
    const struct device_blocks *d;
    struct trace_writer *trace;
    struct {
        uint32_t *at;
        size_t len, room;
    } live;            ///< Sorted by address; they do not overlap.
    uint32_t *numbers; ///< Of the trace's stacks, by index in `stacks`, + 1; 0: not defined yet.
    uint32_t threads[2];
    uint64_t tick;
};

static const struct device_block *block_at(const struct writing *w, size_t live) {
    return &w->d->blocks.at[w->live.at[live]];
}

/// Number of live blocks that begin below `address`.
static size_t below(const struct writing *w, uint64_t address) {
    size_t low = 0;
    size_t high = w->live.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (block_at(w, middle)->address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void write_free(struct writing *w, const struct device_block *b) {
    struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_FREE };
    trace_writer_event(w->trace, w->threads[b->cpu & 1], ++w->tick, b->address, &r);
}

static void free_live(struct writing *w, size_t index) {
    write_free(w, block_at(w, index));
    w->live.len--;
    memmove(&w->live.at[index], &w->live.at[index + 1], (w->live.len - index) * sizeof *w->live.at);
}

static uint32_t stack_number(struct writing *w, uint32_t stack) {
    const struct device_callers *c = &w->d->stacks.at[stack];
    if (w->numbers[stack] == 0)
        w->numbers[stack] = trace_writer_stack(w->trace, c->at, c->count) + 1;
    return w->numbers[stack] - 1;
}

/// Makes block `index` live; what lay where it lies was freed before.
static void give(struct writing *w, uint32_t index) {
    const struct device_block *b = &w->d->blocks.at[index];
    size_t at = below(w, b->address);
    if (at > 0 && block_at(w, at - 1)->address + block_at(w, at - 1)->bytes > b->address)
        free_live(w, --at);
    while (at < w->live.len && block_at(w, at)->address < b->address + b->bytes)
        free_live(w, at);
    if (at < w->live.len && block_at(w, at)->address == b->address)
        free_live(w, at); // of no bytes
    struct ramlens_wire_request r = {
        .kind = RAMLENS_WIRE_MALLOC, .size = b->bytes, .stack = stack_number(w, b->stack)
    };
    trace_writer_event(w->trace, w->threads[b->cpu & 1], ++w->tick, b->address, &r);
    (void)vec_push(w->d->a, &w->live);
    memmove(&w->live.at[at + 1], &w->live.at[at], (w->live.len - 1 - at) * sizeof *w->live.at);
    w->live.at[at] = index;
}

/// Whether the live block at its address is the very one that `b` tells of.
static bool is_same(const struct device_block *live, const struct device_block *b) {
    if (b->is_of_walk) // A trace knows what was asked for, a walk the block that was given.
        return live->is_of_walk ? live->bytes == b->bytes : live->bytes <= b->bytes;
    return live->ccount == b->ccount && live->bytes == b->bytes && !live->is_of_walk;
}

static bool lives(const struct writing *w, const struct device_block *b) {
    size_t at = below(w, b->address);
    return at < w->live.len && block_at(w, at)->address == b->address &&
           is_same(block_at(w, at), b);
}

/// The stretches of memory that a walk has seen, free blocks included.
static struct range_table walked_by(const struct writing *w, const struct device_dump *dump) {
    enum { HEADERS = 64 }; // What may lie between two neighbours.
    struct range_table walked = { .len = 0 };
    uint64_t low = 0;
    uint64_t end = 0;
    for (uint32_t i = dump->first; dump->is_walk && i < dump->first + dump->count; i++) {
        const struct device_block *b = &w->d->blocks.at[i];
        if (b->address < end || b->address - end > HEADERS) {
            range_table_add(&walked, w->d->a, low, end, 0);
            low = b->address;
        }
        end = b->address + b->bytes;
    }
    range_table_add(&walked, w->d->a, low, end, 0);
    range_table_sort(&walked);
    return walked;
}

/// What a dump shows to be gone.
struct gone {
    const struct device_dump *dump;
    struct map64 listed; ///< Address of what it lists to index in `blocks` + 1.
    struct range_table walked;
};

static struct gone gone_by(const struct writing *w, const struct device_dump *dump) {
    struct gone g = { .dump = dump, .walked = walked_by(w, dump) };
    for (uint32_t i = dump->first; i < dump->first + dump->count; i++)
        *map64_put(&g.listed, w->d->a, w->d->blocks.at[i].address, NULL) = i + 1u;
    return g;
}

static bool is_gone(const struct writing *w, struct gone *g, const struct device_block *b) {
    const uint64_t *found = map64_find(&g->listed, b->address);
    if (found && is_same(b, &w->d->blocks.at[*found - 1]))
        return false;
    return g->dump->is_walk ? range_table_find(&g->walked, b->address) != NULL : !b->is_of_walk;
}

static bool is_freed_in(const struct writing *w, struct gone *g, const struct device_block *b) {
    return b >= &w->d->blocks.at[g->dump->first] && b->is_freed;
}

/// Frees the live blocks that `ends` names, in the order of their addresses.
static void free_those(struct writing *w, struct gone *g,
        bool (*ends)(const struct writing *, struct gone *, const struct device_block *)) {
    size_t kept = 0;
    for (size_t i = 0; i < w->live.len; i++) {
        const struct device_block *b = block_at(w, i);
        if (ends(w, g, b))
            write_free(w, b);
        else
            w->live.at[kept++] = w->live.at[i];
    }
    w->live.len = kept;
}

static void write_dump(struct writing *w, const struct device_dump *dump) {
    struct gone gone = gone_by(w, dump);
    if (is_whole(dump))
        free_those(w, &gone, is_gone);
    for (uint32_t i = dump->first; i < dump->first + dump->count; i++) {
        const struct device_block *b = &w->d->blocks.at[i];
        if (!lives(w, b) && !(b->is_of_walk && b->is_freed))
            give(w, i);
    }
    free_those(w, &gone, is_freed_in);
    trace_writer_checkpoint(w->trace, w->threads[0], ++w->tick, dump->name, dump->cycle);
    if (!dump->is_walk && dump->keeps_freed && dump->total_allocations > dump->announced)
        trace_writer_lost(
                w->trace, w->threads[0], (uint32_t)(dump->total_allocations - dump->announced), 0);
}

/// The firmware's code: where its addresses come from.
static void write_module(struct trace_writer *w, const struct elf_file *program) {
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;
    for (uint32_t i = 1; i < program->section_count; i++) {
        const struct elf_section *s = &program->sections[i];
        bool is_code = (s->flags & SHF_ALLOC) && (s->flags & SHF_EXECINSTR);
        if (!is_code || s->size_bytes == 0)
            continue;
        low = s->address < low ? s->address : low;
        high = s->address + s->size_bytes > high ? s->address + s->size_bytes : high;
    }
    if (low < high)
        trace_writer_module(
                w, 0, low, high - low, STR(""), program->build_id, program->build_id_bytes);
}

bool device_blocks_write(const struct device_blocks *d, const struct elf_file *program,
        const char *path, bool replace, struct err *err) {
    struct trace_writer_image image = { .path = program ? program->path : STR("firmware"),
        .platform = STR(TRACE_OF_DEVICE),
        .pointer_bytes = 4,
        .ticks_per_second = 1000000 };
    if (d->dumps.len == 0)
        return fail(err, path, ERR_NO_OFFSET,
                "there is nothing to write: the log holds no heap_trace_dump() and no "
                "heap_caps_dump()");
    struct writing w = { .d = d, .trace = trace_writer_new(d->a, &image) };
    w.numbers = NEW_ARRAY(d->a, uint32_t, d->stacks.len);
    if (program)
        write_module(w.trace, program);
    w.threads[0] = trace_writer_thread(w.trace, STR("CPU 0"));
    w.threads[1] = trace_writer_thread(w.trace, STR("CPU 1"));
    for (size_t i = 0; i < d->dumps.len; i++)
        write_dump(&w, &d->dumps.at[i]);
    return trace_writer_finish(w.trace, path, replace, err);
}
