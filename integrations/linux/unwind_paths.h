/// One thread's memory of walks: what is kept, and how it is found again.
///
/// A *path* is a remembered walk: the cells it read, in order, with what they held, and its frames.
/// The paths that begin at one place (the cell of the innermost return address, and its content)
/// form a trie: as the address of the next cell follows from the contents of the cells before, two
/// of them agree in all cells up to one that both read and that held different values. A *branch*
/// says which path continues another when that cell holds a certain value. A *crossing* finds the
/// paths that went through a frame that is not their innermost.
///
/// For the owning thread alone, except where said. Memory comes from the port's map and stays with
/// the thread; when it reaches its bound, everything is dropped and begun afresh.
#ifndef RAMLENS_UNWIND_PATHS_H
#define RAMLENS_UNWIND_PATHS_H

#include "unwind.h"
#include "unwind_walk.h"

/// How a walk ended.
enum unwind_end { UNWIND_END_OUTERMOST, UNWIND_END_NO_RULE, UNWIND_END_TOO_DEEP };

/// A frame of a path. Its slot and return address are those of the cell before `cell`; the
/// innermost frame's are the path's.
struct unwind_path_frame {
    uintptr_t bp_at; ///< Where the frame pointer register's value is, as in struct unwind_state.
    uint32_t number; ///< Of the stack from this frame outward.
    uint16_t cell;   ///< The first cell that the step outward from here read.
    uint16_t walked; ///< Whether it was found by a rule, not by comparing: it is no crossing yet.
};

/// What a comparison does not need of a path; stands behind its cells.
struct unwind_path_rest {
    const struct unwind_path *parent;    ///< The path it branched from, or NULL.
    const struct unwind_path *tail_path; ///< Whose cells and frames the tail is.
    uint16_t branch;                     ///< The first cell that differs from the parent's.
    uint16_t tail_frame;                 ///< Of the tail's path: the one that follows the own ones.
    struct unwind_path_frame frames[];
};

/// A remembered walk. Its inner cells and frames are its own; the outer ones may be another path's,
/// its *tail*, which has none itself. unwind_cell_at() and unwind_frame_at() hide the difference.
struct unwind_path {
    uintptr_t slot;                     ///< Of the innermost frame.
    uintptr_t ip;                       ///< Its content.
    const struct unwind_cell *tail;     ///< The cells that follow the own ones, or NULL.
    const struct unwind_cell *tail_end; ///< Behind them, the last stride filled.
    struct unwind_path_rest *rest;
    uint32_t number;      ///< Of the whole stack.
    uint16_t compared;    ///< Own cells, rounded up to a multiple of UNWIND_STRIDE.
    uint16_t frame_count; ///< Own and tail.
    uint16_t end;         ///< enum unwind_end.
    uint16_t cell_count;  ///< Own and tail, without filling.
    uint16_t own_cells;
    uint16_t own_frames;
    struct unwind_cell cells[]; ///< The last one is repeated to fill the last stride.
};

enum { UNWIND_STRIDE = 4 }; ///< Cells compared between two looks at the end.

/// Where walks begin.
struct unwind_root {
    uintptr_t slot; ///< 0: free.
    uintptr_t ip;
    const struct unwind_path *path; ///< The one used last of those that begin here.
    uint32_t hint; ///< Distance from `slot` of a cell that tells them apart; 0: there is none.
};

/// An edge of a trie.
struct unwind_branch {
    const struct unwind_path *owner; ///< NULL: free. The path whose cell it is.
    uintptr_t value;                 ///< What the cell holds, other than in `owner`.
    const struct unwind_path *path;  ///< Which path then goes on.
    uint32_t cell;
};

/// A frame that some path went through.
struct unwind_crossing {
    uintptr_t slot; ///< 0: free.
    uintptr_t ip;
    const struct unwind_path *path;
    uint32_t frame;
};

/// An open-addressing table.
struct unwind_index {
    void *entries;
    uint32_t shift; ///< Of a 32-bit hash, to an index.
    uint32_t used;  ///< Entries, to know when to grow.
};

/// A piece of memory for paths; the bytes follow.
struct unwind_chunk {
    struct unwind_chunk *next;
    size_t size; ///< In bytes, this header included.
};

/// Counters of one thread, or of walks without one; meaning as in struct unwind_counts. Written by
/// the owner, read by anyone.
struct unwind_tally {
    _Atomic uintptr_t hits;
    _Atomic uintptr_t frames_matched;
    _Atomic uintptr_t misses; ///< Walks that were no hits.
    _Atomic uintptr_t branches;
    _Atomic uintptr_t frames_walked;
    _Atomic uintptr_t expressions;
    _Atomic uintptr_t signal_frames;
    _Atomic uintptr_t no_rule;
    _Atomic uintptr_t too_deep;
    _Atomic uintptr_t restarts;
};

/// Adds to one's own counter. Not a read-modify-write: nobody else writes it.
static inline void unwind_tally_add(_Atomic uintptr_t *counter, uintptr_t more) {
    uintptr_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + more, memory_order_relaxed);
}

enum { UNWIND_MAX_CELLS = 1024 };

struct unwind_thread {
    // A walk from memory touches the first 64 bytes only.
    struct unwind_index roots;
    struct unwind_index candidates;
    uintptr_t bp;           ///< The frame pointer register on entry: a cell like others.
    _Atomic uint32_t stale; ///< Set by unwind_forget(): nothing remembered may be used.
    struct unwind_tally tally;
    _Atomic uintptr_t stack_high; ///< As its owner gave it, to know its stack again.
    struct unwind_index branches;
    struct unwind_index crossings;
    struct unwind_chunk *first; ///< All chunks, in the order they are filled.
    struct unwind_chunk *last;
    struct unwind_chunk *chunk; ///< The one being filled.
    size_t chunk_used;
    size_t taken;               ///< Bytes of all chunks.
    struct unwind_thread *next; ///< In the list of all ever made.
    _Atomic uint32_t owned;     ///< Whether a thread uses it.
    /// The walk under construction: its own frames and cells, and its tail.
    struct unwind_path_frame frames[UNWIND_MAX_FRAMES];
    uint32_t frame_count;
    struct unwind_trail trail; ///< Of `cells`.
    struct unwind_cell cells[UNWIND_MAX_CELLS];
    const struct unwind_path *tail_path; ///< NULL: there is none.
    uint32_t tail_frame;                 ///< Of that path: the one that follows ours.
    uint32_t tail_cell; ///< Of that path: the one that follows ours; begins a stride.
};

/// Of walks without a thread's memory.
extern struct unwind_tally unwind_unowned;

/// A walk by rules, for want of memory; counted in unwind_unowned. Any context.
uint32_t unwind_stack_unaided(uintptr_t ra_slot, uintptr_t bp);

/// What unwind_init() was given.
extern struct unwind_port unwind_port;

/// A cell of a path: where a comparison goes on, or where it stopped.
struct unwind_cursor {
    const struct unwind_path *path;
    uint32_t cell;
};

/// A thread's memory, empty; NULL when the port has none. Any thread.
struct unwind_thread *unwind_paths_new(void);

/// Drops all paths; tables and chunks are kept for the next ones.
void unwind_paths_restart(struct unwind_thread *self);

/// Makes `path`, whose walk is the current one, the first to be tried next time.
void unwind_prefer(struct unwind_thread *self, const struct unwind_path *path);

/// The path whose cell number `cell` is the same as that of `path` and that does not share it with
/// its own parent.
const struct unwind_path *unwind_owner_of(const struct unwind_path *path, uint32_t cell);

/// The path that goes on where the cell at `at` holds what it holds now, or NULL.
const struct unwind_path *unwind_find_branch(
        const struct unwind_thread *self, struct unwind_cursor at);

/// The path to try first through a frame, or NULL.
struct unwind_crossing *unwind_find_crossing(
        const struct unwind_thread *self, uintptr_t slot, uintptr_t ip);

/// Cell number `i` of the path.
static inline const struct unwind_cell *unwind_cell_at(const struct unwind_path *path, uint32_t i) {
    return i < path->own_cells ? &path->cells[i] : &path->tail[i - path->own_cells];
}

/// Frame number `i` of the path.
static inline struct unwind_path_frame unwind_frame_at(const struct unwind_path *path, uint32_t i) {
    struct unwind_path_frame frame;
    const struct unwind_path *other = path->rest->tail_path;
    if (i < path->own_frames)
        return path->rest->frames[i];
    frame = other->rest->frames[path->rest->tail_frame + i - path->own_frames];
    frame.cell = (uint16_t)(frame.cell + path->own_cells - (path->tail - other->cells));
    return frame;
}

/// The number of the frame whose step outward reads the given cell of the path.
uint32_t unwind_frame_of_cell(const struct unwind_path *path, uint32_t cell);

/// Keeps the walk under construction, which began at `slot` with content `ip`, is stack `number`
/// and ended as `end` says. `from`: where the comparison with the root's path stopped, or `.path`
/// NULL if there was no root. Starts afresh if there is no room.
void unwind_keep_path(struct unwind_thread *self, uintptr_t slot, uintptr_t ip, uint32_t number,
        enum unwind_end end, struct unwind_cursor from);

// ---- inlined into the fast path ----

/// A hash of a place, good in its high bits. Slots differ in bits 3 to 20 mostly, code addresses in
/// the low ones.
static inline uint32_t unwind_place_hash(uintptr_t slot, uintptr_t ip) {
    uint32_t low = (uint32_t)slot;
    return ((uint32_t)ip ^ (low << 13 | low >> 19)) * 0x9e3779b1U;
}

/// The entry to look at after number `i`.
static inline uint32_t unwind_next_entry(const struct unwind_index *index, uint32_t i) {
    return (i + 1) & (UINT32_MAX >> index->shift);
}

/// The root of a place, given its hash, or NULL.
static inline struct unwind_root *unwind_find_root(
        const struct unwind_thread *self, uintptr_t slot, uintptr_t ip, uint32_t hash) {
    struct unwind_root *roots = self->roots.entries;
    for (uint32_t i = hash >> self->roots.shift;; i = unwind_next_entry(&self->roots, i)) {
        struct unwind_root *root = &roots[i];
        if (__builtin_expect(root->slot == slot && root->ip == ip, 1))
            return root;
        if (root->slot == 0)
            return NULL;
    }
}

/// Where the path of a root is kept by what the hinted cell holds; on this walk's stack, that may
/// be a variable. `hash`: of the root's place.
UNWIND_READS_ANYTHING static inline const struct unwind_path **unwind_candidate(
        const struct unwind_thread *self, const struct unwind_root *root, uint32_t hash) {
    const struct unwind_path **candidates = self->candidates.entries;
    const uintptr_t *cell = (const uintptr_t *)(root->slot + root->hint);
    uint32_t value = (uint32_t)*cell;
    return &candidates[(hash ^ value * 0x85ebca6bU) >> self->candidates.shift];
}

/// The path to compare first.
static inline const struct unwind_path *unwind_first_path(
        const struct unwind_thread *self, const struct unwind_root *root, uint32_t hash) {
    const struct unwind_path *path;
    if (root->hint == 0)
        return root->path;
    path = *unwind_candidate(self, root, hash);
    if (__builtin_expect(path != NULL && path->slot == root->slot && path->ip == root->ip, 1))
        return path;
    return root->path;
}

#endif
