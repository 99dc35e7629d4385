/// The output of `replay`; private to cmd_replay.c and the replay_*.c files.
#ifndef RAMLENS_REPLAY_PARTS_H
#define RAMLENS_REPLAY_PARTS_H

#include "cmd.h"
#include "replay_setup.h"

/// Tables for people.
void replay_text(struct cmd_context *ctx, const struct replay_setup *s, const struct replay *r,
        struct text *out);

/// The same for programs: docs/replay.schema.json.
void replay_json(struct cmd_context *ctx, const struct replay_setup *s, const struct replay *r);

/// A map of the heaps of region `region` of state `s`, as they are now: a letter for so many bytes.
void replay_map(struct cmd_context *ctx, const struct replay_setup *setup, const struct replay *r,
        const struct replay_state *s, uint32_t region, struct text *out);

#endif
