/// What would have been: a trace's requests run through the target's own heaps (heap/ramlens_heaps.h), under one or several plans in one
/// pass.
///
/// Each plan is a **state**: heaps of its own, over memory that nobody uses, so that headers, holes and lists are those that the target would have.
/// Exact where the order of requests is; order between threads, time and what the run did not ask for are the run's own.
///
/// A device's trace (device_blocks.h) knows where its blocks lay, and nothing of how they were asked for: what no line of a plan decides is
/// given in the region where it lay, and by malloc's rule only when that has no room.
#ifndef RAMLENS_REPLAY_H
#define RAMLENS_REPLAY_H

#include "heaps_rules.h"
#include "kernel_cost.h"
#include "ledger.h"
#include "plan.h"
#include "progress.h"
#include "replay_feed.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    REPLAY_KERNEL_BLOCKS = 8, ///< Of one kernel object, at most.
    REPLAY_ASKS_MAX = 255,    ///< Different ways to ask of one plan.
    REPLAY_GROUPS = TARGET_REGIONS_MAX + 1,
    REPLAY_COUNTED =
            TARGET_REGIONS_MAX, ///< The group of what the target counts as internal, wherever it is.
};

/// The heaps of one region, or of all that the target counts as internal (REPLAY_COUNTED): what its free-size queries would say.
struct replay_group {
    uint64_t free_bytes;
    uint64_t largest; ///< The largest request that would be served.
    uint64_t minimum; ///< Lowest free bytes so far, of the group as a whole.
};

/// One component in one region.
struct replay_cell {
    uint64_t heap[LEDGER_KIND_COUNT]; ///< Requested.
    uint64_t kernel;                  ///< Requested by kernel objects, without stacks.
    uint64_t stack;
    uint64_t cost; ///< Taken out of the heaps by all of these: headers and rounding included.
    uint64_t blocks;
};

/// A state at a checkpoint.
struct replay_moment {
    struct replay_group groups[REPLAY_GROUPS];
    struct {
        uint32_t free_bytes, largest, minimum;
    } heaps[RAMLENS_HEAPS_MAX];
    struct replay_cell *cells; ///< [region * component_count + component]; NULL unless asked for.
    uint64_t failures;         ///< So far.
};

/// When a group had least free.
struct replay_worst {
    uint64_t free_bytes;
    uint64_t largest; ///< At that moment.
    uint64_t time;    ///< As trace_event.time.
    uint32_t phase;   ///< Checkpoints passed.
};

/// A request that no heap could serve.
struct replay_failure {
    uint32_t stack;
    uint32_t size; ///< Of the first one.
    uint64_t count;
    uint64_t time;  ///< Of the first one.
    uint32_t phase; ///< Checkpoints passed then.
    bool is_kernel; ///< For a kernel object or stack.
};

/// Requests of one call stack whose first choice was internal RAM, as the target counts it, and that other memory served, or none.
struct replay_spill {
    uint32_t stack;
    uint32_t size; ///< Of the first one.
    uint64_t count;
    uint64_t bytes;  ///< Asked for by all of them.
    uint64_t failed; ///< Of the count: those that nothing served.
    uint64_t time;   ///< Of the first one.
    uint32_t phase;  ///< Checkpoints passed then.
    bool is_kernel;  ///< For kernel objects or stacks.
};

struct replay_kernel {
    uint8_t count;
    uint8_t object;
    uint32_t stack; ///< Call stack of its creation.
    struct ramlens_block blocks[REPLAY_KERNEL_BLOCKS];
};

/// How one kind of kernel object is asked for.
struct replay_object {
    uint32_t count;
    struct {
        uint32_t size;
        uint8_t asks;
        bool running;
        bool is_stack;
    } blocks[REPLAY_KERNEL_BLOCKS];
};

/// What is tried in place of what a plan says.
enum replay_move {
    REPLAY_AS_PLANNED,
    REPLAY_MOVES,  ///< As replay_state.move_asks.
    REPLAY_POLICY, ///< By the rule of malloc.
};

/// One plan over one set of rules.
struct replay_state {
    const char *name;
    struct arena own;  ///< Of what is added while two threads work.
    struct plan *plan; ///< NULL in exact mode.
    struct ramlens_heaps_rules rules;
    struct ramlens_heaps heaps;
    const uint8_t *
            moves; ///< By stack * 2 + is_new, enum replay_move: instead of what the plan says; NULL: nothing.
    struct ramlens_asks move_asks; ///< Of REPLAY_MOVES.
    uint32_t forced_up_to; ///< For the curve: the rule's threshold; UINT32_MAX: the target's.
    struct ramlens_asks asks[REPLAY_ASKS_MAX + 1];
    uint32_t asks_count;
    uint8_t *decisions; ///< By stack * 2 + is_new: index into asks + 1; 0: not decided yet.
    uint8_t *
            stays; ///< Of a device's trace, as `decisions`: whether no line of the plan decides, so that blocks stay where they lay; else NULL.
    struct replay_object objects[KERNEL_OBJECT_COUNT];
    struct ramlens_block *blocks; ///< By id.
    struct replay_kernel *kernel; ///< By id.
    uint32_t last_free[RAMLENS_HEAPS_MAX];
    uint32_t counted; ///< Bits of heaps that REPLAY_COUNTED sums.
    uint64_t group_free[REPLAY_GROUPS];
    struct replay_worst worst[REPLAY_GROUPS];
    uint32_t at_worst;                  ///< Bits of groups whose lowest moment is now.
    uint64_t given[TARGET_REGIONS_MAX]; ///< Blocks given so far by region: allocation events.
    uint64_t given_bytes[TARGET_REGIONS_MAX];
    uint64_t weighed[TARGET_REGIONS_MAX]; ///< The same bytes, each times its replay.weights.
    struct replay_moment *moments;        ///< By checkpoint, and one more: the end.
    uint32_t moment_count;
    VEC(struct replay_failure) failures; ///< By stack, in the order of the first.
    uint64_t failure_count;
    uint32_t internal_bits;          ///< Capability bits that only counted heaps offer.
    uint32_t *spill_of;              ///< By stack * 2 + is_kernel: index into spills + 1.
    VEC(struct replay_spill) spills; ///< In the order of the first.
    uint64_t spill_count;
    uint64_t mismatches; ///< Exact mode: blocks that lay elsewhere in the run, figures that differ.
    uint64_t compared;
    struct { ///< The first mismatch.
        uint64_t time;
        uint32_t stack;
        struct ramlens_block here;
        uint32_t heap_then;
        uint64_t at_then;
    } mismatch;
};

/// What is known of a live block besides where it lies; the same in all states.
struct replay_block {
    uint32_t size;
    uint32_t stack;
    uint8_t is_new;
    bool live;
    bool is_kernel; ///< Exact mode: behind a kernel object.
};

struct replay {
    struct arena *a;
    const struct target *target;
    struct owners *owners;
    const struct trace_image *image;
    struct replay_block *blocks; ///< By id.
    uint32_t block_room, kernel_room;
    VEC(struct replay_state *) states;
    uint32_t component_count;
    bool wants_cells; ///< Moments have cells.
    bool exact;
    const uint32_t
            *weights; ///< By stack * 2 + is_new: what a byte given is worth; NULL: not asked for.
    uint32_t passed;  ///< Checkpoints so far.
    uint64_t time;    ///< Of the latest request.
    /// Called at each checkpoint and at the end, before the heaps change again; may be NULL.
    void (*at_checkpoint)(void *self, struct replay *r, uint32_t checkpoint);
    void *self;
    /// Changes with every event while another thread reads what stands above: a cache line of its own.
    _Alignas(128) struct replay_feed feed;
};

/// Prepares a replay of `image`. `exact`: it is a placed run, and is replayed as it was. Everything must outlive it.
void replay_init(struct replay *r, struct arena *a, struct trace *t,
        const struct trace_image *image, const struct target *target, struct owners *owners,
        const bool *host_only, uint32_t component_count, bool exact);

/// Adds a state. `plan` is NULL in exact mode only. `up_to`: the threshold of the rule of malloc, UINT32_MAX: the target's. NULL with a message when heaps
/// cannot be made (too small for what lies there beforehand) or memory is out.
struct replay_state *replay_add(struct replay *r, const char *name, struct plan *plan,
        const struct heaps_options *options, uint32_t up_to, struct err *err);

/// Goes through the trace, once, with a second thread that applies requests while the next are read. `progress` may be NULL.
void replay_run(struct replay *r, struct progress *progress);

/// Gives the states' memory back.
void replay_close(struct replay *r);

/// Name of group `group` for people and JSON: the region's, or "counted".
struct str replay_group_name(const struct replay *r, uint32_t group);

#endif
