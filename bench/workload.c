// Turns a trace into a list of steps for bench/replay.c: see workload.h.
//
// usage: workload TRACE OUTPUT
//
// Events stand in the order in which they happened, whatever their threads. Each return address
// becomes a function: so the list's stacks are as deep and as various as those recorded. From one
// event to the next, functions that both stacks have in common are not left.
#include "workload.h"

#include "arena.h"
#include "err.h"
#include "map64.h"
#include "trace.h"
#include "vec.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 256 };

struct maker {
    struct arena *a;
    const struct trace_image *image;
    FILE *out;
    struct workload_header header;
    struct map64 functions; ///< Return address to function number.
    struct map64 slots;     ///< Address of a live block to its slot.
    struct map64 moving;    ///< Thread to slot + 1 of the block that its realloc moves.
    VEC(uint32_t) free_slots;
    uint32_t chain[DEPTH_MAX]; ///< Functions that are entered now, outermost first.
    uint32_t depth;
    uint8_t *seen; ///< Stacks met, by number.
    uint64_t frames;
};

static void put(struct maker *m, enum workload_step step, uint64_t argument) {
    uint32_t word = (uint32_t)argument << WORKLOAD_STEP_BITS | (uint32_t)step;
    fwrite(&word, sizeof word, 1, m->out);
    m->header.step_count++;
}

static void put_word(struct maker *m, uint64_t value) {
    uint32_t word = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    fwrite(&word, sizeof word, 1, m->out);
    m->header.step_count++;
}

static uint32_t function_of(struct maker *m, uint64_t address) {
    bool added;
    uint64_t *number = map64_put(&m->functions, m->a, address, &added);
    if (added)
        *number = m->header.functions++;
    return (uint32_t)*number % WORKLOAD_FUNCTIONS;
}

/// The functions of a stack, outermost first, without the outermost frames; how many.
static uint32_t chain_of(struct maker *m, uint32_t stack, uint32_t *out) {
    uint32_t inner[DEPTH_MAX], count = 0;
    while (stack != 0 && stack < m->image->stack_count && count < DEPTH_MAX) {
        inner[count++] = function_of(m, m->image->stacks[stack].address);
        stack = m->image->stacks[stack].outer;
    }
    m->frames += count;
    count = count > WORKLOAD_OUTER_FRAMES ? count - WORKLOAD_OUTER_FRAMES : count > 0;
    for (uint32_t i = 0; i < count; i++)
        out[i] = inner[count - 1 - i];
    return count;
}

/// Returns and calls that lead from the present chain to that of `stack`.
static void go_to(struct maker *m, uint32_t stack) {
    uint32_t chain[DEPTH_MAX], same = 0;
    uint32_t depth = chain_of(m, stack, chain);
    while (same < depth && same < m->depth && chain[same] == m->chain[same])
        same++;
    for (; m->depth > same; m->depth--)
        put(m, WORKLOAD_RETURN, 0);
    m->header.mean_calls += depth - same;
    for (; m->depth < depth; m->depth++) {
        m->chain[m->depth] = chain[m->depth];
        put(m, WORKLOAD_CALL, chain[m->depth]);
    }
    if (stack < m->image->stack_count && !m->seen[stack]) {
        m->seen[stack] = 1;
        m->header.stacks++;
    }
    m->header.event_count++;
}

static uint64_t take_slot(struct maker *m) {
    if (m->free_slots.len > 0)
        return m->free_slots.at[--m->free_slots.len];
    return m->header.slot_count++;
}

static enum workload_step step_of(const struct ramlens_wire_request *r) {
    switch (r->kind) {
    case RAMLENS_WIRE_DELETE:
        return WORKLOAD_DELETE;
    case RAMLENS_WIRE_DELETE_ARRAY:
        return WORKLOAD_DELETE_ARRAY;
    case RAMLENS_WIRE_CALLOC:
        return WORKLOAD_CALLOC;
    case RAMLENS_WIRE_NEW:
        return r->flags & RAMLENS_WIRE_HAS_ALIGNMENT ? WORKLOAD_MEMALIGN : WORKLOAD_NEW;
    case RAMLENS_WIRE_NEW_ARRAY:
        return r->flags & RAMLENS_WIRE_HAS_ALIGNMENT ? WORKLOAD_MEMALIGN : WORKLOAD_NEW_ARRAY;
    case RAMLENS_WIRE_ALIGNED_ALLOC:
    case RAMLENS_WIRE_MEMALIGN:
    case RAMLENS_WIRE_POSIX_MEMALIGN:
        return WORKLOAD_MEMALIGN;
    default:
        return r->kind < RAMLENS_WIRE_FIRST_ALLOC ? WORKLOAD_FREE : WORKLOAD_MALLOC;
    }
}

static void put_free(struct maker *m, const struct trace_event *e) {
    uint64_t slot;
    if (!map64_take(&m->slots, e->address, &slot))
        return; // born before the recording
    if (e->request.kind == RAMLENS_WIRE_REALLOC_FROM) {
        *map64_put(&m->moving, m->a, e->thread, NULL) = slot + 1;
        return;
    }
    enum workload_step step = step_of(&e->request);
    go_to(m, e->request.stack);
    put(m, step, slot);
    if (step != WORKLOAD_FREE)
        put_word(m, e->request.flags & RAMLENS_WIRE_SIZED ? e->request.size : 0);
    *vec_push(m->a, &m->free_slots) = (uint32_t)slot;
}

static void put_allocation(struct maker *m, const struct trace_event *e) {
    uint64_t slot = 0;
    uint8_t kind = e->request.kind;
    bool resized =
            kind == RAMLENS_WIRE_REALLOC_IN_PLACE && map64_take(&m->slots, e->address, &slot);
    if (kind == RAMLENS_WIRE_REALLOC_TO && map64_take(&m->moving, e->thread, &slot)) {
        slot--;
        resized = true;
    }
    if (!resized)
        slot = take_slot(m);
    enum workload_step step = resized ? WORKLOAD_REALLOC : step_of(&e->request);
    go_to(m, e->request.stack);
    put(m, step, slot);
    put_word(m, e->request.size);
    if (step == WORKLOAD_MEMALIGN)
        put_word(m, e->request.alignment);
    *map64_put(&m->slots, m->a, e->address, NULL) = slot;
}

static void put_event(struct maker *m, const struct trace_event *e) {
    if (e->type != TRACE_MEMORY || (e->request.flags & RAMLENS_WIRE_FAILED) != 0)
        return;
    if (e->request.kind < RAMLENS_WIRE_FIRST_ALLOC)
        put_free(m, e);
    else
        put_allocation(m, e);
}

/// What the program left behind is freed, so that the list can be played again.
static void put_end(struct maker *m) {
    size_t at = 0;
    uint64_t address, slot;
    for (; m->depth > 0; m->depth--)
        put(m, WORKLOAD_RETURN, 0);
    while (map64_next(&m->slots, &at, &address, &slot)) {
        put(m, WORKLOAD_FREE, slot);
        m->header.event_count++;
    }
    put(m, WORKLOAD_END, 0);
}

static bool make(struct maker *m, struct trace *t) {
    struct trace_cursor *c = trace_cursor_new(m->a, t, m->image);
    const struct trace_event *e;
    fwrite(&m->header, sizeof m->header, 1, m->out);
    while ((e = trace_peek(c)) != NULL) {
        put_event(m, e);
        trace_advance(c);
    }
    put_end(m);
    m->header.mean_depth = (double)m->frames / m->header.event_count;
    m->header.mean_calls /= m->header.event_count;
    rewind(m->out);
    fwrite(&m->header, sizeof m->header, 1, m->out);
    return fclose(m->out) == 0;
}

int main(int argc, char **argv) {
    struct arena a = { 0 };
    struct trace trace;
    struct err err;
    if (argc != 3) {
        fputs("usage: workload TRACE OUTPUT\n", stderr);
        return 2;
    }
    if (!trace_open(&a, argv[1], &trace, &err)) {
        fprintf(stderr, "workload: %s: %s\n", argv[1], err.text);
        return 2;
    }
    struct maker m = { .a = &a, .image = &trace.images[0], .out = fopen(argv[2], "wb") };
    m.header.magic = WORKLOAD_MAGIC;
    m.seen = NEW_ARRAY(&a, uint8_t, (size_t)m.image->stack_count + 1);
    if (m.out == NULL || !make(&m, &trace)) {
        perror(argv[2]);
        return 2;
    }
    const struct workload_header *h = &m.header;
    printf("events %u stacks %u functions %u depth %.1f calls %.1f\n", h->event_count, h->stacks,
            h->functions, h->mean_depth, h->mean_calls);
    trace_close(&trace);
    arena_clear(&a);
    return 0;
}
