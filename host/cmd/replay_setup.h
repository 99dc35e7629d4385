/// What `replay`, `plan` and other commands need before they can replay: trace, target, what lies in the chip's memory beforehand.
#ifndef RAMLENS_REPLAY_SETUP_H
#define RAMLENS_REPLAY_SETUP_H

#include "answer_options.h"
#include "replay.h"

/// Rows for a command's option table, beside ANSWER_SOURCE_OPTS and REPLAY_TARGET_OPTS.
#define REPLAY_OPTS                                                                                \
    {                                                                                              \
        .name = "occupied", .value = "BYTES",                                                      \
        .help = "internal RAM taken beforehand by what is not in the run",                         \
        .more = "Firmware that is not in this run - drivers, Wi-Fi, the application - holds "      \
                "internal RAM, too. These bytes are taken from the heaps before they begin, as "   \
                "static data is. K and M are binary."                                              \
    }

struct replay_setup {
    struct answer answer;       ///< All but the events.
    const char *trace;          ///< Its path.
    struct heaps_options heaps; ///< Static data, where no plan moves it, and --occupied.
    bool exact; ///< The trace is a placed run's, and no plan was given: it is replayed as it was.
};

/// Opens the trace and all else. A placed run's trace brings its target along. `plan_given`: the command replays under a plan in any case. False with a message.
bool replay_setup_open(struct cmd_context *ctx, bool plan_given, struct replay_setup *out);

/// What lies in the heaps' memory beforehand when `plan` says where static data goes: `heaps`, with its `static` lines carried out.
struct heaps_options replay_setup_heaps(struct replay_setup *s, const struct plan *plan);

/// Reads the plan at `path` for the setup's target and components; false with a message when it is not one, or is for another target.
bool replay_setup_plan(
        struct cmd_context *ctx, struct replay_setup *s, const char *path, struct plan *out);

/// "start", or "connected 2" in a cycle; "end" behind the last.
struct str replay_checkpoint_name(struct arena *a, const struct replay *r, uint32_t checkpoint);

/// Whether `words` means it: its name (in a cycle: of the first one that comes), or name and cycle as above.
bool replay_is_checkpoint(
        struct arena *a, const struct replay *r, uint32_t checkpoint, struct str words);

#endif
