/// What a run asked for, cut into the smallest pieces that a plan can tell apart, and when each was live.
///
/// A **lot** is what one site asks for in one way: kind of call, container. Plans move whole lots. What a lot holds of internal memory is known
/// at some hundred **moments**: all checkpoints, and the fullest moment of each stretch between. Sums of lots rank what is worth moving;
/// what a plan really wins only a replay says, since heaps have holes and fall back.
#ifndef RAMLENS_LOTS_H
#define RAMLENS_LOTS_H

#include "arena.h"
#include "owners.h"
#include "plan.h"
#include "target.h"
#include "trace.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

/// Why a lot may not move.
enum lot_stay {
    LOT_MAY_MOVE,
    LOT_IS_LIBC, ///< Libc asked on somebody's behalf: only what replaces libc's own malloc reaches it.
    LOT_IS_INSISTED, ///< Its port insists on a memory, by its own configuration.
    LOT_IS_CAPABLE, ///< It asked for a capability that the other memory does not have, such as DMA.
    LOT_IS_THERE,   ///< All of it lay in other memory than internal already, by a device's trace.
    LOT_IS_PINNED,  ///< A line of the user's plan decides.
    LOT_STAYS
};

/// What rules do with a lot.
enum lot_label {
    LOT_AS_BEFORE, ///< No rule: what the plan to begin with says.
    LOT_GOES,      ///< To the other memory.
    LOT_KEEPS,     ///< By the rule of malloc, although a wider rule moves it.
    LOT_LABELS
};

struct lot {
    uint32_t site;
    uint32_t stack; ///< That of its first request.
    uint16_t component;
    uint8_t kind;    ///< enum plan_kind.
    uint8_t stay;    ///< enum lot_stay.
    bool base_moves; ///< The plan to begin with puts it into the other memory already.
    bool base_holds; ///< It insists on another memory than that: large blocks are internal, too.
    uint8_t base_strength; ///< enum plan_strength of the rule of that plan.
    struct str function;   ///< For people; "" unknown.
    struct str scope;      ///< Its class, or namespace; "" none.
    struct str container;  ///< Type of the container that asked; "" none.
    uint64_t events;       ///< Blocks given, by realloc, too.
    uint64_t
            small_events; ///< Of these, those that malloc's rule places in internal memory, or a device had there.
    uint64_t bytes;          ///< Requested, of all of them.
    uint64_t ended;          ///< Blocks that ended,
    uint64_t lifetime;       ///< and the sum of their lives, in nanoseconds.
    uint64_t live_blocks;    ///< At the end.
    uint64_t most_cost;      ///< Most bytes of internal memory at once.
    uint64_t givers, enders; ///< Threads, by number; bit 63 stands for all from 63 on.
    uint64_t accesses; ///< Bytes read and written, of the blocks that were joined (accesses.h).
    bool has_accesses;
};

struct lot_moment {
    uint64_t op;         ///< Requests before it.
    uint64_t time;       ///< As trace_event.time.
    uint32_t checkpoint; ///< Its index; UINT32_MAX: none.
    uint64_t others;     ///< Internal bytes that are in no lot: kernel objects, stacks.
    uint64_t
            total; ///< All internal bytes, had everything followed the rule of malloc and found room; by a device's trace, those that lay there.
    uint32_t *cost;   ///< By lot: internal bytes of its blocks, headers and rounding included.
    uint32_t *blocks; ///< By lot: all its live blocks.
};

struct lots {
    struct arena *a;
    struct owners *owners;
    const struct target *target;
    VEC(struct lot) list;
    uint32_t *by_ask; ///< By stack * 2 + is_new: number of the lot + 1; 0: nobody asked.
    uint32_t ask_count;
    VEC(struct lot_moment) moments; ///< In order.
    struct str *checkpoints; ///< Names: "start", or "connected 2" in a cycle; behind them "end".
    uint32_t checkpoint_count;
    uint64_t thread_count, thread_bytes; ///< Thread stacks: most at once, and what they took.
};

/// Goes through the trace, twice. `p` is the plan to begin with; `host_only` by component. Everything must outlive the result.
void lots_read(struct lots *l, struct arena *a, struct trace *t, const struct trace_image *image,
        const struct target *target, struct owners *owners, const bool *host_only, struct plan *p);

/// The moment of checkpoint `index`; checkpoint_count is the end.
const struct lot_moment *lots_checkpoint(const struct lots *l, uint32_t index);

/// The checkpoint that `words` means: name and cycle, or the name of the first one that comes, or "end"; TARGET_NONE when there is none.
uint32_t lots_find_checkpoint(const struct lots *l, struct str words);

/// The moment with the highest total.
const struct lot_moment *lots_fullest(const struct lots *l);

/// Index of the target's request that asks for the memory where malloc's rule puts large blocks; TARGET_NONE when there is no other memory.
uint32_t lots_other_memory(const struct target *t);

#endif
