// `replay --map`: the heaps of a region as a picture of letters. See replay_parts.h.
#include "replay_parts.h"

#include "human.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 64, LINES_MOST = 32, LEAST_CELL = 64, LETTERS = 26, MARKS = LETTERS + 5 };
enum { MARK_FREE = LETTERS, MARK_KERNEL, MARK_STACK, MARK_OTHER, MARK_HEAP };

/// What a block is drawn as.
static const char signs[MARKS + 1] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ.:|+=";

/// A block that lives, for the look-up from addresses.
struct owned {
    uint32_t heap, at;
    uint8_t mark;
};

struct map {
    const struct replay *r;
    const struct replay_state *s;
    struct owned *blocks; ///< By heap, then offset.
    size_t count;
    uint32_t letters[LETTERS]; ///< Component of each letter.
    uint32_t letter_count;
    uint64_t bytes[MARKS]; ///< Consumed in the region.
};

static int by_place(const void *a, const void *b) {
    const struct owned *p = a, *q = b;
    if (p->heap != q->heap)
        return p->heap < q->heap ? -1 : 1;
    return p->at < q->at ? -1 : p->at > q->at;
}

static uint8_t letter_of(struct map *m, uint32_t component) {
    for (uint32_t i = 0; i < m->letter_count; i++)
        if (m->letters[i] == component)
            return (uint8_t)i;
    if (m->letter_count == LETTERS)
        return MARK_OTHER;
    m->letters[m->letter_count] = component;
    return (uint8_t)m->letter_count++;
}

static void add(struct map *m, struct ramlens_block b, uint8_t mark) {
    if (b.at != 0)
        m->blocks[m->count++] = (struct owned){ b.heap, b.at, mark };
}

static void collect(struct cmd_context *ctx, struct map *m) {
    const struct replay *r = m->r;
    size_t most = r->block_room + (size_t)r->kernel_room * REPLAY_KERNEL_BLOCKS + 1;
    m->blocks = NEW_ARRAY(ctx->arena, struct owned, most);
    for (uint32_t i = 0; i < r->block_room; i++)
        if (r->blocks[i].live)
            add(m, m->s->blocks[i],
                    letter_of(m, owners_get(r->owners, r->blocks[i].stack).component));
    for (uint32_t i = 0; i < r->kernel_room; i++) {
        const struct replay_kernel *k = &m->s->kernel[i];
        for (uint32_t n = 0; n < k->count; n++)
            add(m, k->blocks[n],
                    m->s->objects[k->object].blocks[n].is_stack ? MARK_STACK : MARK_KERNEL);
    }
    qsort(m->blocks, m->count, sizeof *m->blocks, by_place);
}

static uint8_t mark_at(const struct map *m, uint32_t heap, uint32_t at) {
    struct owned key = { heap, at, 0 };
    const struct owned *found =
            m->count == 0 ? NULL : bsearch(&key, m->blocks, m->count, sizeof key, by_place);
    return found != NULL ? found->mark : MARK_HEAP; // a list of heaps, the pool
}

/// Adds `bytes` of `mark` from offset `from` on to the cells that they lie in.
static void paint(
        uint32_t (*cells)[MARKS], uint32_t cell, uint32_t from, uint32_t bytes, int mark) {
    while (bytes > 0) {
        uint32_t room = cell - from % cell;
        uint32_t part = bytes < room ? bytes : room;
        cells[from / cell][mark] += part;
        from += part;
        bytes -= part;
    }
}

static char sign_of(const uint32_t *cell) {
    int best = MARK_HEAP;
    for (int i = 0; i < MARKS; i++)
        if (cell[i] > cell[best])
            best = i;
    return signs[best];
}

static uint32_t cell_bytes(uint32_t bytes) {
    uint32_t cell = LEAST_CELL;
    while (bytes / cell >= COLUMNS * LINES_MOST)
        cell *= 2;
    return cell;
}

/// Lines alike are drawn once, with a star for the others, as hexdump does.
static void draw_lines(const uint32_t (*cells)[MARKS], uint32_t cell,
        const struct ramlens_heap_place *place, struct text *out) {
    char line[COLUMNS + 1] = "", last[COLUMNS + 1] = "";
    bool starred = false;
    for (uint32_t at = 0; at < place->bytes; at += COLUMNS * cell) {
        uint32_t length = 0;
        while (length < COLUMNS && at + length * cell < place->bytes) {
            line[length] = sign_of(cells[at / cell + length]);
            length++;
        }
        line[length] = '\0';
        if (strcmp(line, last) != 0)
            text_printf(out, "%8" PRIx64 " %s\n", place->start + at, line);
        else if (!starred)
            text_printf(out, "%8s\n", "*");
        starred = strcmp(line, last) == 0;
        memcpy(last, line, sizeof last);
    }
}

static void draw_heap(struct cmd_context *ctx, struct map *m, uint32_t h, struct text *out) {
    const struct ramlens_heap_place *place = &m->s->rules.places[h];
    const struct ramlens_heap *heap = &m->s->heaps.heaps[h];
    uint32_t cell = cell_bytes(place->bytes), count = place->bytes / cell + 1;
    uint32_t(*cells)[MARKS] = arena_take(ctx->arena, count, sizeof *cells, 8);
    struct ramlens_heap_step step = { 0 };
    uint32_t covered = 0;
    while (ramlens_heap_walk(heap, &step)) {
        int mark = step.used ? mark_at(m, h, step.at) : MARK_FREE;
        uint32_t header = heap->rules->header_bytes;
        paint(cells, cell, covered, step.at - header - covered, MARK_HEAP);
        paint(cells, cell, step.at - header, step.payload + header, mark);
        m->bytes[mark] += step.payload + header;
        covered = step.at + step.payload;
    }
    paint(cells, cell, covered, place->bytes - covered, MARK_HEAP);
    text_printf(out, "\n%s, %s B, %s free, a sign is %" PRIu32 " B\n", place->name,
            human_exact(place->bytes).text, human_exact(heap->free_bytes).text, cell);
    draw_lines((const uint32_t(*)[MARKS])cells, cell, place, out);
}

static void legend(const struct map *m, const struct replay_setup *setup, struct text *out) {
    text_printf(out, "\n");
    for (int i = 0; i < MARKS; i++) {
        if (m->bytes[i] == 0)
            continue;
        struct str name = i < LETTERS        ? setup->answer.map.names[m->letters[i]]
                          : i == MARK_FREE   ? STR("free")
                          : i == MARK_KERNEL ? STR("kernel objects")
                          : i == MARK_STACK  ? STR("thread stacks")
                          : i == MARK_OTHER  ? STR("other components")
                                             : STR("the heaps themselves");
        text_printf(out, "  %c %-24.*s %12s B\n", signs[i], STR_ARG(name),
                human_exact(m->bytes[i]).text);
    }
}

void replay_map(struct cmd_context *ctx, const struct replay_setup *setup, const struct replay *r,
        const struct replay_state *s, uint32_t region, struct text *out) {
    struct map m = { .r = r, .s = s };
    collect(ctx, &m);
    text_printf(out, "%s%s: %.*s\n", out->len > 0 ? "\n" : "", s->name,
            STR_ARG(r->target->regions[region].about));
    for (uint32_t h = 0; h < s->rules.count; h++)
        if (s->rules.places[h].region == region)
            draw_heap(ctx, &m, h, out);
    legend(&m, setup, out);
}
