/// The tables and chunks in which a thread keeps its paths.
///
/// Paths are never changed or freed one by one. They refer to each other, so when memory runs out
/// all of them go at once: a program whose walks do not fit would not profit from keeping some.
#include "unwind_paths.h"

#include <string.h>

/// Sizes at the beginning, and bounds. A path of 20 frames takes 1 KiB at most (half on i386),
/// mostly a third of it.
enum {
    ROOT_BITS = 7,
    CANDIDATE_BITS = 11,
    BRANCH_BITS = 7,
    CROSSING_BITS = 8,
    LAST_BITS = 15,
    FIRST_CHUNK_BYTES = 32 << 10,
    LAST_CHUNK_BYTES = 256 << 10,
    MAX_BYTES = (2 << 20) / 8 * UNWIND_WORD
};

struct unwind_port unwind_port;

// ---- tables ----

static bool new_index(struct unwind_index *index, uint32_t bits, size_t entry_bytes) {
    void *entries = unwind_port.map(entry_bytes << bits);
    if (entries == NULL)
        return false;
    *index = (struct unwind_index){ entries, 32 - bits, 0 };
    return true;
}

static size_t entry_count(const struct unwind_index *index) {
    return (size_t)1 << (32 - index->shift);
}

static void empty_index(struct unwind_index *index, size_t entry_bytes) {
    memset(index->entries, 0, entry_count(index) * entry_bytes);
    index->used = 0;
}

static bool has_room(const struct unwind_index *index, uint32_t more) {
    return index->used + more <= entry_count(index) / 2;
}

static struct unwind_root *root_slot(struct unwind_index *index, uintptr_t slot, uintptr_t ip) {
    struct unwind_root *roots = index->entries;
    uint32_t i = unwind_place_hash(slot, ip) >> index->shift;
    while (roots[i].slot != 0 && (roots[i].slot != slot || roots[i].ip != ip))
        i = unwind_next_entry(index, i);
    index->used += roots[i].slot == 0;
    return &roots[i];
}

static void move_root(struct unwind_index *to, const void *entry) {
    const struct unwind_root *root = entry;
    if (root->slot != 0)
        *root_slot(to, root->slot, root->ip) = *root;
}

static uint32_t branch_hash(const struct unwind_path *owner, uint32_t cell, uintptr_t value) {
    return unwind_place_hash((uintptr_t)owner, value) + cell * 0x85ebca6bU;
}

static struct unwind_branch *branch_slot(const struct unwind_index *index,
        const struct unwind_path *owner, uint32_t cell, uintptr_t value) {
    struct unwind_branch *branches = index->entries;
    uint32_t i = branch_hash(owner, cell, value) >> index->shift;
    while (branches[i].owner != NULL &&
            (branches[i].owner != owner || branches[i].cell != cell || branches[i].value != value))
        i = unwind_next_entry(index, i);
    return &branches[i];
}

static void put_branch(struct unwind_index *index, const struct unwind_branch *branch) {
    struct unwind_branch *slot = branch_slot(index, branch->owner, branch->cell, branch->value);
    index->used += slot->owner == NULL;
    *slot = *branch;
}

static void move_branch(struct unwind_index *to, const void *entry) {
    const struct unwind_branch *branch = entry;
    if (branch->owner != NULL)
        put_branch(to, branch);
}

static struct unwind_crossing *crossing_slot(
        const struct unwind_index *index, uintptr_t slot, uintptr_t ip) {
    struct unwind_crossing *crossings = index->entries;
    uint32_t i = unwind_place_hash(slot, ip) >> index->shift;
    while (crossings[i].slot != 0 && (crossings[i].slot != slot || crossings[i].ip != ip))
        i = unwind_next_entry(index, i);
    return &crossings[i];
}

static void put_crossing(struct unwind_index *index, const struct unwind_crossing *crossing) {
    struct unwind_crossing *slot = crossing_slot(index, crossing->slot, crossing->ip);
    index->used += slot->slot == 0;
    *slot = *crossing;
}

static void move_crossing(struct unwind_index *to, const void *entry) {
    const struct unwind_crossing *crossing = entry;
    if (crossing->slot != 0)
        put_crossing(to, crossing);
}

// ---- chunks ----

/// Appends a piece of memory to the thread's chunks.
static void add_chunk(struct unwind_thread *self, void *memory, size_t size) {
    struct unwind_chunk *chunk = memory;
    chunk->next = NULL;
    chunk->size = size;
    if (self->last == NULL) {
        self->first = chunk;
        self->chunk = chunk;
        self->chunk_used = sizeof *chunk;
    } else {
        self->last->next = chunk;
    }
    self->last = chunk;
    self->taken += size;
}

/// Goes on to the next chunk; maps one if there is none and the bound is not reached.
static bool next_chunk(struct unwind_thread *self) {
    size_t size = self->taken < LAST_CHUNK_BYTES ? FIRST_CHUNK_BYTES : LAST_CHUNK_BYTES;
    if (self->chunk->next == NULL) {
        void *memory = self->taken < MAX_BYTES ? unwind_port.map(size) : NULL;
        if (memory == NULL)
            return false;
        add_chunk(self, memory, size);
    }
    self->chunk = self->chunk->next;
    self->chunk_used = sizeof *self->chunk;
    return true;
}

static void *take(struct unwind_thread *self, size_t bytes) {
    void *taken;
    bytes = (bytes + 15) & ~(size_t)15;
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a memory begins with a chunk
    while (self->chunk->size - self->chunk_used < bytes) {
        if (!next_chunk(self))
            return NULL;
    }
    taken = (char *)self->chunk + self->chunk_used;
    self->chunk_used += bytes;
    return taken;
}

/// Moves the entries of `index` into a table twice as large by means of `move(table, entry)`; the
/// old one becomes a chunk.
static bool grow_index(struct unwind_thread *self, struct unwind_index *index, size_t entry_bytes,
        void (*move)(struct unwind_index *to, const void *entry)) {
    struct unwind_index larger;
    uint32_t bits = 32 - index->shift + 1;
    if (bits > LAST_BITS || !new_index(&larger, bits, entry_bytes))
        return false;
    for (size_t i = 0; i < entry_count(index); i++)
        move(&larger, (const char *)index->entries + i * entry_bytes);
    add_chunk(self, index->entries, entry_count(index) * entry_bytes);
    *index = larger;
    return true;
}

static bool make_room(struct unwind_thread *self, struct unwind_index *index, uint32_t more,
        size_t entry_bytes, void (*move)(struct unwind_index *to, const void *entry)) {
    while (!has_room(index, more)) {
        if (!grow_index(self, index, entry_bytes, move))
            return false;
    }
    return true;
}

// ---- threads ----

struct unwind_thread *unwind_paths_new(void) {
    struct unwind_thread *self = unwind_port.map(sizeof *self);
    void *chunk = unwind_port.map(FIRST_CHUNK_BYTES);
    if (self == NULL || chunk == NULL)
        return NULL;
    if (!new_index(&self->roots, ROOT_BITS, sizeof(struct unwind_root)) ||
            !new_index(&self->candidates, CANDIDATE_BITS, sizeof(struct unwind_path *)) ||
            !new_index(&self->branches, BRANCH_BITS, sizeof(struct unwind_branch)) ||
            !new_index(&self->crossings, CROSSING_BITS, sizeof(struct unwind_crossing)))
        return NULL;
    add_chunk(self, chunk, FIRST_CHUNK_BYTES);
    self->trail = (struct unwind_trail){ self->cells, 0, UNWIND_MAX_CELLS, false };
    return self;
}

void unwind_paths_restart(struct unwind_thread *self) {
    empty_index(&self->roots, sizeof(struct unwind_root));
    empty_index(&self->candidates, sizeof(struct unwind_path *));
    empty_index(&self->branches, sizeof(struct unwind_branch));
    empty_index(&self->crossings, sizeof(struct unwind_crossing));
    self->chunk = self->first;
    self->chunk_used = sizeof *self->chunk;
}

// ---- finding ----

void unwind_prefer(struct unwind_thread *self, const struct unwind_path *path) {
    struct unwind_root *root = root_slot(&self->roots, path->slot, path->ip);
    root->slot = path->slot;
    root->ip = path->ip;
    root->path = path;
    if (root->hint != 0)
        *unwind_candidate(self, root, unwind_place_hash(root->slot, root->ip)) = path;
}

const struct unwind_path *unwind_owner_of(const struct unwind_path *path, uint32_t cell) {
    while (path->rest->parent != NULL && cell <= path->rest->branch)
        path = path->rest->parent;
    return path;
}

const struct unwind_path *unwind_find_branch(
        const struct unwind_thread *self, struct unwind_cursor at) {
    const struct unwind_path *owner = unwind_owner_of(at.path, at.cell);
    const struct unwind_cell *cell = unwind_cell_at(owner, at.cell);
    uintptr_t value = *cell->at;
    const struct unwind_branch *slot;
    if (cell->value == value)
        return owner; // it was a branch of it that was tried first
    slot = branch_slot(&self->branches, owner, at.cell, value);
    return slot->owner == NULL ? NULL : slot->path;
}

struct unwind_crossing *unwind_find_crossing(
        const struct unwind_thread *self, uintptr_t slot, uintptr_t ip) {
    struct unwind_crossing *found = crossing_slot(&self->crossings, slot, ip);
    return found->slot == 0 ? NULL : found;
}

/// The last of `count` frames whose step does not begin behind a cell; the first one's does not.
static uint32_t last_frame_before(
        const struct unwind_path_frame *frames, uint32_t count, uint32_t cell) {
    uint32_t low = 0;
    while (count > 1) {
        uint32_t half = count / 2;
        if (frames[low + half].cell <= cell)
            low += half;
        count -= half;
    }
    return low;
}

uint32_t unwind_frame_of_cell(const struct unwind_path *path, uint32_t cell) {
    const struct unwind_path_rest *rest = path->rest;
    const struct unwind_path *other = rest->tail_path;
    uint32_t theirs;
    if (other == NULL || cell < unwind_frame_at(path, path->own_frames).cell)
        return last_frame_before(rest->frames, path->own_frames, cell);
    theirs = cell - path->own_cells + (uint32_t)(path->tail - other->cells);
    return path->own_frames + last_frame_before(other->rest->frames + rest->tail_frame,
                                      other->own_frames - rest->tail_frame, theirs);
}

// ---- keeping ----

/// Fills in the sizes of the path under construction.
static void measure_path(const struct unwind_thread *self, struct unwind_path *path) {
    const struct unwind_path *tail = self->tail_path;
    uint32_t cells = self->trail.count, frames = self->frame_count;
    path->own_cells = (uint16_t)cells;
    path->own_frames = (uint16_t)frames;
    path->compared = (uint16_t)((cells + UNWIND_STRIDE - 1) / UNWIND_STRIDE * UNWIND_STRIDE);
    if (tail != NULL) {
        path->tail = tail->cells + self->tail_cell;
        path->tail_end = tail->cells + tail->compared;
        cells += tail->own_cells - self->tail_cell;
        frames += tail->own_frames - self->tail_frame;
    }
    path->cell_count = (uint16_t)cells;
    path->frame_count = (uint16_t)frames;
}

/// Puts header, cells, rest and frames of a new path into one piece of memory.
static struct unwind_path *copy_path(struct unwind_thread *self, uint32_t number) {
    struct unwind_path header = { 0 }, *path;
    struct unwind_path_rest rest = { .tail_path = self->tail_path };
    size_t cell_bytes, frame_bytes;
    measure_path(self, &header);
    cell_bytes = header.compared * sizeof(struct unwind_cell);
    frame_bytes = header.own_frames * sizeof(struct unwind_path_frame);
    path = take(self, sizeof *path + cell_bytes + sizeof rest + frame_bytes);
    if (path == NULL)
        return NULL;
    header.number = number;
    *path = header;
    memcpy(path->cells, self->cells, header.own_cells * sizeof(struct unwind_cell));
    for (uint32_t i = header.own_cells; i < header.compared; i++)
        path->cells[i] = path->cells[i - 1];
    rest.tail_frame = (uint16_t)self->tail_frame;
    path->rest = (struct unwind_path_rest *)(void *)((char *)path->cells + cell_bytes);
    *path->rest = rest;
    memcpy(path->rest->frames, self->frames, frame_bytes);
    return path;
}

static bool make_all_room(struct unwind_thread *self) {
    return make_room(self, &self->roots, 1, sizeof(struct unwind_root), move_root) &&
           make_room(self, &self->branches, 1, sizeof(struct unwind_branch), move_branch) &&
           make_room(self, &self->crossings, self->frame_count, sizeof(struct unwind_crossing),
                   move_crossing);
}

/// Notes that paths of a root differ at a cell. The innermost such cell is the best hint, because
/// all of them read it. It is read before it is known to be one of this walk's, so it must be
/// mapped for sure: on the page of the walk's first cell.
static void hint_at(struct unwind_root *root, uintptr_t at) {
    enum { PAGE_BYTES = 4096 };
    uintptr_t distance = at - root->slot;
    if (distance >= PAGE_BYTES - root->slot % PAGE_BYTES)
        return;
    if (root->hint == 0 || distance < root->hint)
        root->hint = (uint32_t)distance;
}

/// Enters the path into the trie. False if the cell where the comparison stopped is not one that it
/// read: rules have changed in between, and the trie no longer tells the truth.
static bool link_path(
        struct unwind_thread *self, struct unwind_path *path, struct unwind_cursor from) {
    const struct unwind_path *owner;
    const struct unwind_cell *ours, *theirs;
    struct unwind_branch branch;
    if (from.path == NULL)
        return true;
    owner = unwind_owner_of(from.path, from.cell);
    theirs = unwind_cell_at(owner, from.cell);
    if (from.cell >= path->cell_count)
        return false;
    ours = unwind_cell_at(path, from.cell);
    if (ours->at != theirs->at || ours->value == theirs->value)
        return false;
    path->rest->parent = owner;
    path->rest->branch = (uint16_t)from.cell;
    branch = (struct unwind_branch){ owner, ours->value, path, from.cell };
    put_branch(&self->branches, &branch);
    hint_at(root_slot(&self->roots, path->slot, path->ip), (uintptr_t)ours->at);
    return true;
}

static void add_crossings(struct unwind_thread *self, const struct unwind_path *path) {
    for (uint32_t i = 1; i < path->own_frames; i++) {
        const struct unwind_path_frame *frame = &path->rest->frames[i];
        if (frame->walked != 0) {
            const struct unwind_cell *cell = &path->cells[frame->cell - 1];
            struct unwind_crossing crossing = { (uintptr_t)cell->at, cell->value, path, i };
            put_crossing(&self->crossings, &crossing);
        }
    }
}

void unwind_keep_path(struct unwind_thread *self, uintptr_t slot, uintptr_t ip, uint32_t number,
        enum unwind_end end, struct unwind_cursor from) {
    struct unwind_path *path = make_all_room(self) ? copy_path(self, number) : NULL;
    if (path == NULL) {
        // What is under construction may refer to what is dropped now: it is kept the next time.
        unwind_paths_restart(self);
        unwind_tally_add(&self->tally.restarts, 1);
        return;
    }
    path->slot = slot;
    path->ip = ip;
    path->end = (uint16_t)end;
    if (!link_path(self, path, from)) {
        unwind_paths_restart(self);
        return;
    }
    unwind_prefer(self, path);
    add_crossings(self, path);
}
