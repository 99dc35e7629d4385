/// Walks with memory: compare what is remembered, walk by rules what is not, remember that.
///
/// unwind_stack() is the fast path, about two loads and a comparison a cell. Everything else starts
/// where its comparison stopped: first the trie of the place where the walk began, then rules,
/// frame by frame, until a crossing leads onto a path whose remaining cells hold.
///
/// In a comparison cells are read strictly in the order in which the walk would read them, and none
/// behind one that differs: the next one may not even be mapped.
#include "unwind_paths.h"

#include <string.h>

/// A walk in the making that fast comparison did not finish.
struct search {
    struct unwind_thread *self;
    uintptr_t slot; ///< Where it began.
    uintptr_t ip;
    struct unwind_state state; ///< Of the last frame under construction.
    struct unwind_cursor from; ///< Where the comparison with the root's path stopped.
    uint32_t walked;           ///< Frames found by rules.
    uint32_t unnumbered;       ///< Frames, from the innermost on, that have no number.
    uint32_t number;           ///< Of the stack outside them; 0: there is none.
    uint32_t frame_count;      ///< Of the whole stack.
    enum unwind_end end;
};

// ---- comparing ----

/// The first cell from number `i` on that does not hold what it held; the path's count if all do.
static uint32_t first_difference(const struct unwind_path *path, uint32_t i) {
    const struct unwind_cell *cells = path->cells;
    for (; i < path->own_cells; i++) {
        if (*cells[i].at != cells[i].value)
            return i;
    }
    cells = path->tail;
    for (uint32_t own = path->own_cells; i < path->cell_count; i++) {
        if (*cells[i - own].at != cells[i - own].value)
            return i;
    }
    return i;
}

/// Goes on comparing at `at`; if `may_branch`, it changes paths where a branch says so.
/// True: all the rest of `at->path` holds. False: `at` is the cell that differs.
static bool follow(struct unwind_thread *self, struct unwind_cursor *at, bool may_branch) {
    for (;;) {
        const struct unwind_path *next;
        at->cell = first_difference(at->path, at->cell);
        if (at->cell == at->path->cell_count)
            return true;
        next = may_branch ? unwind_find_branch(self, *at) : NULL;
        if (next == NULL)
            return false;
        *at = (struct unwind_cursor){ next, at->cell + 1 };
        unwind_tally_add(&self->tally.branches, 1);
    }
}

// ---- building ----

static void add_frame(struct search *s, bool walked) {
    struct unwind_thread *self = s->self;
    struct unwind_path_frame *frame = &self->frames[self->frame_count++];
    frame->bp_at = s->state.bp_at;
    frame->cell = (uint16_t)self->trail.count;
    frame->walked = walked;
}

/// Takes the state of the walk to the last frame under construction, dropping cells read behind it.
static void resume(struct search *s) {
    struct unwind_thread *self = s->self;
    const struct unwind_path_frame *last = &self->frames[self->frame_count - 1];
    uintptr_t slot = s->slot;
    self->trail.count = last->cell;
    if (last->cell > 0)
        slot = (uintptr_t)self->cells[last->cell - 1].at;
    unwind_begin(&s->state, slot, NULL);
    s->state.bp_at = last->bp_at;
}

/// Appends the cells of a path from number `from` to `to` - 1.
static void append_cells(
        struct unwind_thread *self, const struct unwind_path *path, uint32_t from, uint32_t to) {
    struct unwind_cell *at = self->cells + self->trail.count;
    uint32_t own = path->own_cells;
    self->trail.count += to - from;
    if (from < own) {
        uint32_t count = (to < own ? to : own) - from;
        memcpy(at, path->cells + from, count * sizeof *at);
        at += count;
        from += count;
    }
    if (from < to)
        memcpy(at, path->tail + (from - own), (to - from) * sizeof *at);
}

/// Appends frames as they are but for the numbers of their cells, to which `shift` is added. Where
/// they have their frame pointer at `inherited`, they have it where our last frame has it.
static void append_records(struct search *s, const struct unwind_path_frame *from, uint32_t count,
        uint32_t shift, uintptr_t inherited) {
    struct unwind_path_frame *to = s->self->frames + s->self->frame_count;
    s->self->frame_count += count;
    for (uint32_t i = 0; i < count; i++) {
        to[i].bp_at = from[i].bp_at == inherited ? s->state.bp_at : from[i].bp_at;
        to[i].number = from[i].number;
        to[i].cell = (uint16_t)(from[i].cell + shift);
        to[i].walked = 0;
    }
}

/// Appends frames `first` + 1 to `last` of a path; `first` is the last one under construction, and
/// its cells are not appended yet.
static void append_frames(
        struct search *s, const struct unwind_path *path, uint32_t first, uint32_t last) {
    const struct unwind_path_rest *rest = path->rest;
    struct unwind_path_frame theirs = unwind_frame_at(path, first);
    uint32_t shift = s->self->trail.count - theirs.cell;
    uint32_t begin = first + 1, own = path->own_frames;
    if (begin < own && begin <= last) {
        uint32_t count = (last < own ? last + 1 : own) - begin;
        append_records(s, rest->frames + begin, count, shift, theirs.bp_at);
        begin += count;
    }
    if (begin <= last) {
        shift += path->own_cells - (uint32_t)(path->tail - rest->tail_path->cells);
        append_records(s, rest->tail_path->rest->frames + rest->tail_frame + (begin - own),
                last - begin + 1, shift, theirs.bp_at);
    }
}

// ---- joining paths ----

/// Whether a step from frame number `i` of the path on, before the frame pointer is restored from
/// elsewhere, reads its value.
static bool uses_bp(const struct unwind_path *path, uint32_t i) {
    struct unwind_path_frame frame = unwind_frame_at(path, i);
    uint32_t end = path->cell_count;
    for (uint32_t j = i + 1; j < path->frame_count; j++) {
        struct unwind_path_frame outer = unwind_frame_at(path, j);
        if (outer.bp_at != frame.bp_at) {
            end = outer.cell;
            break;
        }
    }
    for (uint32_t cell = frame.cell; cell < end; cell++) {
        if ((uintptr_t)unwind_cell_at(path, cell)->at == frame.bp_at)
            return true;
    }
    return false;
}

/// Whether the path can go on from our last frame as it went on from its own number `i`, which is
/// the same but for the place of the frame pointer's value: `*same` says whether that is equal too.
static bool fits(const struct search *s, const struct unwind_path *path, uint32_t i, bool *same) {
    uintptr_t ours = s->state.bp_at, theirs = unwind_frame_at(path, i).bp_at;
    *same = theirs == ours;
    return *same || (theirs != 0 && ours != 0 && !uses_bp(path, i));
}

/// The first frame from number `i` on from where the path can be ours too: the frame pointer's
/// value is in the same place, and the rest is all in one path.
static uint32_t first_common_frame(
        const struct search *s, const struct unwind_path *path, uint32_t i) {
    uintptr_t theirs = unwind_frame_at(path, i).bp_at;
    if (theirs != s->state.bp_at) {
        while (i < path->frame_count && unwind_frame_at(path, i).bp_at == theirs)
            i++;
    }
    if (path->rest->tail_path != NULL && i < path->own_frames)
        i = path->own_frames;
    return i;
}

/// Makes frame `i` of a path the first one of our tail. To begin at a stride, up to three of its
/// cells become ours: how many. -1: the tail would be too short.
static int set_tail(struct unwind_thread *self, const struct unwind_path *path, uint32_t i) {
    enum { SHORTEST_TAIL = 2 * UNWIND_STRIDE };
    uint32_t cell, surplus;
    if (i >= path->frame_count)
        return -1;
    if (path->rest->tail_path != NULL) {
        i = i - path->own_frames + path->rest->tail_frame;
        path = path->rest->tail_path;
    }
    cell = path->rest->frames[i].cell;
    surplus = (UNWIND_STRIDE - cell % UNWIND_STRIDE) % UNWIND_STRIDE;
    if (cell + surplus + SHORTEST_TAIL > path->own_cells)
        return -1;
    self->tail_path = path;
    self->tail_frame = i;
    self->tail_cell = cell + surplus;
    return (int)surplus;
}

/// Completes the walk by a path whose frame `theirs` is the same as our last one, and all of whose
/// cells from there on hold.
static void complete(struct search *s, const struct unwind_path *path, uint32_t theirs) {
    struct unwind_thread *self = s->self;
    struct unwind_path_frame frame = unwind_frame_at(path, theirs);
    uint32_t common = first_common_frame(s, path, theirs);
    int surplus = set_tail(self, path, common);
    uint32_t cell_end = path->cell_count;
    if (surplus < 0)
        common = path->frame_count;
    else
        cell_end = unwind_frame_at(path, common).cell + (uint32_t)surplus;
    s->end = (enum unwind_end)path->end;
    s->number = frame.number;
    s->unnumbered = self->frame_count - 1;
    s->frame_count = self->frame_count + path->frame_count - theirs - 1;
    self->frames[self->frame_count - 1].number = frame.number;
    if (common == theirs)
        self->frame_count--;
    else
        append_frames(s, path, theirs, common - 1);
    append_cells(self, path, frame.cell, cell_end);
}

/// Takes over what `at` confirmed of a path whose frame `theirs` is the same as our last one. True
/// if that completes the walk.
static bool join(struct search *s, struct unwind_cursor at, uint32_t theirs) {
    struct unwind_thread *self = s->self;
    const struct unwind_path *path = at.path;
    uint32_t room = UNWIND_MAX_FRAMES - self->frame_count;
    uint32_t cell = unwind_frame_at(path, theirs).cell;
    uint32_t last;
    if (self->trail.count + path->cell_count - cell > UNWIND_MAX_CELLS)
        return false;
    if (at.cell == path->cell_count && path->end != UNWIND_END_TOO_DEEP &&
            path->frame_count - theirs - 1 <= room) {
        complete(s, path, theirs);
        return true;
    }
    last = unwind_frame_of_cell(path, at.cell);
    if (last - theirs > room)
        last = theirs + room;
    append_frames(s, path, theirs, last);
    append_cells(self, path, cell, unwind_frame_at(path, last).cell);
    return false;
}

/// Tries to go on along a path that crosses our last frame. True if that completes the walk.
static bool cross(struct search *s) {
    struct unwind_thread *self = s->self;
    struct unwind_crossing *crossing = unwind_find_crossing(self, s->state.slot, s->state.ip);
    struct unwind_cursor at;
    bool same_bp;
    if (crossing == NULL || !fits(s, crossing->path, crossing->frame, &same_bp))
        return false;
    at.path = crossing->path;
    at.cell = unwind_frame_at(at.path, crossing->frame).cell;
    if (follow(self, &at, same_bp))
        crossing->path = at.path;
    if (join(s, at, crossing->frame))
        return true;
    resume(s);
    return false;
}

/// Walks on from the last frame under construction to the end, wherever possible along paths. False
/// if what was read cannot be remembered.
static bool walk_on(struct search *s) {
    struct unwind_thread *self = s->self;
    while (self->frame_count < UNWIND_MAX_FRAMES) {
        enum unwind_step step = unwind_step(&s->state, &self->trail);
        if (self->trail.spoiled)
            return false;
        if (step != UNWIND_STEP_NEXT) {
            s->end = step == UNWIND_STEP_END ? UNWIND_END_OUTERMOST : UNWIND_END_NO_RULE;
            return true;
        }
        s->walked++;
        add_frame(s, true);
        if (cross(s))
            return true;
    }
    s->end = UNWIND_END_TOO_DEEP;
    return true;
}

/// Numbers the stack from the outermost frame without a number inward. 0 when the port cannot.
static uint32_t number_stack(struct search *s) {
    struct unwind_thread *self = s->self;
    uint32_t number = s->number;
    if (s->unnumbered > self->frame_count) {
        s->unnumbered = self->frame_count;
        s->frame_count = self->frame_count;
    }
    for (uint32_t i = s->unnumbered; i-- > 0;) {
        uint32_t cell = self->frames[i].cell;
        number = unwind_port.intern(number, cell == 0 ? s->ip : self->cells[cell - 1].value);
        if (number == 0)
            return 0;
        self->frames[i].number = number;
    }
    return number;
}

// ---- counting ----

static void count_end(struct unwind_tally *tally, enum unwind_end end) {
    if (end == UNWIND_END_NO_RULE)
        unwind_tally_add(&tally->no_rule, 1);
    else if (end == UNWIND_END_TOO_DEEP)
        unwind_tally_add(&tally->too_deep, 1);
}

static void count_hit(struct unwind_tally *tally, const struct unwind_path *path) {
    unwind_tally_add(&tally->hits, 1);
    unwind_tally_add(&tally->frames_matched, path->frame_count);
    count_end(tally, (enum unwind_end)path->end);
}

static void count_miss(const struct search *s) {
    struct unwind_tally *tally = &s->self->tally;
    unwind_tally_add(&tally->misses, 1);
    unwind_tally_add(&tally->frames_walked, s->walked);
    unwind_tally_add(&tally->frames_matched, s->frame_count - s->walked);
    unwind_tally_add(&tally->expressions, s->state.expressions);
    count_end(tally, s->end);
}

// ---- walking ----

/// The first frames: those that `from` confirmed, or the innermost alone.
static void begin(struct search *s) {
    struct unwind_thread *self = s->self;
    const struct unwind_path *path = s->from.path;
    uint32_t last;
    self->frame_count = 0;
    self->tail_path = NULL;
    self->trail.count = 0;
    self->trail.spoiled = false;
    unwind_begin(&s->state, s->slot, &self->bp);
    add_frame(s, false);
    if (path == NULL) {
        s->walked = 1;
        return;
    }
    last = unwind_frame_of_cell(path, s->from.cell);
    append_frames(s, path, 0, last);
    append_cells(self, path, 0, unwind_frame_at(path, last).cell);
    resume(s);
}

/// The way of a walk that is not remembered. `from`: the cell where the root's trie has no branch
/// for it, or `.path` NULL where there is no root.
static __attribute__((noinline)) uint32_t search(
        struct unwind_thread *self, uintptr_t slot, struct unwind_cursor from) {
    struct search s;
    uint32_t number;
    s.self = self;
    s.slot = slot;
    s.ip = *(const uintptr_t *)slot;
    if (s.ip == 0)
        return 0;
    s.from = from;
    s.walked = 0;
    s.number = 0;
    s.frame_count = 0;
    s.unnumbered = UINT32_MAX;
    begin(&s);
    if (!walk_on(&s))
        return unwind_stack_unaided(slot, self->bp);
    number = number_stack(&s);
    count_miss(&s);
    if (number != 0)
        unwind_keep_path(self, slot, s.ip, number, s.end, from);
    return number;
}

// The fast path calls these last, so that it needs no registers of its caller's.

static __attribute__((noinline)) uint32_t search_from(struct unwind_thread *self, uintptr_t slot,
        const struct unwind_path *path, const struct unwind_cell *cell) {
    bool own = cell >= path->cells && cell < path->cells + path->compared;
    ptrdiff_t index = own ? cell - path->cells : cell - path->tail + path->own_cells;
    struct unwind_cursor at = { path, (uint32_t)index };
    if (!follow(self, &at, true))
        return search(self, slot, at);
    unwind_prefer(self, at.path);
    count_hit(&self->tally, at.path);
    return at.path->number;
}

static __attribute__((noinline)) uint32_t search_anew(struct unwind_thread *self, uintptr_t slot) {
    return search(self, slot, (struct unwind_cursor){ NULL, 0 });
}

static __attribute__((noinline)) uint32_t hit_of_cut_walk(
        struct unwind_thread *self, const struct unwind_path *path) {
    count_hit(&self->tally, path);
    return path->number;
}

/// Without a memory, or with one that must be dropped first.
// NOLINTNEXTLINE(misc-no-recursion): once, with nothing stale any more
static __attribute__((noinline)) uint32_t stack_by_other_means(
        struct unwind_thread *self, uintptr_t ra_slot, uintptr_t bp) {
    if (self == NULL)
        return unwind_stack_unaided(ra_slot, bp);
    (void)atomic_exchange_explicit(&self->stale, 0, memory_order_acquire);
    unwind_paths_restart(self);
    return unwind_stack(self, ra_slot, bp);
}

#define UNLIKELY(condition) __builtin_expect((condition), 0)

// NOLINTNEXTLINE(misc-no-recursion): once, see above
uint32_t unwind_stack(struct unwind_thread *self, uintptr_t ra_slot, uintptr_t bp) {
    uintptr_t ip = *(const uintptr_t *)ra_slot;
    uint32_t hash = unwind_place_hash(ra_slot, ip);
    const struct unwind_root *root;
    const struct unwind_path *path;
    const struct unwind_cell *cell, *end, *tail;
    if (UNLIKELY(self == NULL || atomic_load_explicit(&self->stale, memory_order_acquire) != 0))
        return stack_by_other_means(self, ra_slot, bp);
    self->bp = bp;
    root = unwind_find_root(self, ra_slot, ip, hash);
    if (UNLIKELY(root == NULL))
        return search_anew(self, ra_slot);
    path = unwind_first_path(self, root, hash);
    cell = path->cells;
    end = cell + path->compared;
    tail = path->tail;
    for (;;) {
        for (; cell < end; cell += UNWIND_STRIDE) {
            if (UNLIKELY(*cell[0].at != cell[0].value || *cell[1].at != cell[1].value ||
                         *cell[2].at != cell[2].value || *cell[3].at != cell[3].value))
                return search_from(self, ra_slot, path, cell);
        }
        if (tail == NULL)
            break;
        cell = tail;
        end = path->tail_end;
        tail = NULL;
    }
    if (UNLIKELY(path->end != UNWIND_END_OUTERMOST))
        return hit_of_cut_walk(self, path);
    unwind_tally_add(&self->tally.hits, 1);
    unwind_tally_add(&self->tally.frames_matched, path->frame_count);
    return path->number;
}
