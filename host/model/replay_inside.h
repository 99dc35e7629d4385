/// Private to the replay_*.c files: what a replay is made of.
///
/// replay.c has the pass and its two threads, replay_state.c makes the heaps of a plan, replay_request.c applies one request, replay_moment.c says
/// what the heaps have at a checkpoint.
#ifndef RAMLENS_REPLAY_INSIDE_H
#define RAMLENS_REPLAY_INSIDE_H

#include "replay.h"

/// A stack whose definition was lost counts as one behind the last.
static inline uint32_t replay_known_stack(const struct replay *r, uint32_t stack) {
    return stack < r->image->stack_count ? stack : r->image->stack_count;
}

/// Bits of the groups that heap `heap` belongs to: its region's, and REPLAY_COUNTED's.
static inline uint32_t replay_groups_of(const struct replay_state *s, uint32_t heap) {
    return 1u << s->rules.places[heap].region | (s->counted >> heap & 1) << REPLAY_COUNTED;
}

/// Index of `asks` among the state's ways to ask.
uint8_t replay_intern_asks(struct replay_state *s, const struct ramlens_asks *asks);

/// All of `ops` through one state; no checkpoint among them but the last.
void replay_apply(
        struct replay *r, struct replay_state *s, const struct replay_op *ops, uint32_t count);

/// The lowest moment of the groups in `groups` ends: what was the largest request then is still so.
void replay_leave_worst(struct replay_state *s, uint32_t groups);

/// Adds a moment to every state: checkpoint `checkpoint`, or the end.
void replay_take_moments(struct replay *r, uint32_t checkpoint);

/// A placed run's own figures against the model's.
void replay_compare_said(struct replay *r, struct replay_state *s, const struct replay_op *op);

#endif
