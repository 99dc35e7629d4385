/// The options of a project's configuration that hold internal RAM: what each holds, what another value would leave free, and what
/// the run's requests would make of that, by replay.
#ifndef RAMLENS_ANSWER_OPTION_TABLE_H
#define RAMLENS_ANSWER_OPTION_TABLE_H

#include "answer.h"
#include "progress.h"

#include <stdbool.h>
#include <stdint.h>

/// How a run goes through the target's heaps (replay.h).
struct option_outcome {
    uint64_t free;       ///< Of the first region, at option_table.checkpoint.
    uint64_t least_free; ///< Of the first region, at the run's worst moment.
    uint64_t failures;   ///< Requests that nothing could serve.
};

/// One option, with one other value.
struct option_line {
    const char *
            symbol; ///< Of the configuration, without CONFIG_; NULL: a parameter that no symbol sets.
    uint32_t parameter; ///< Of the target; TARGET_NONE: the option only costs, it changes no rule.
    struct str about;
    struct str price;  ///< Of the other value; may be empty.
    const char *now;   ///< Its value.
    const char *other; ///< The one in place of it.
    uint32_t line;     ///< Of the configuration; 0: it does not speak of it.
    int64_t holds;     ///< Bytes of the first region for `now`; 0 for what only a run can tell.
    bool is_held; ///< By this program, for all that is known: false when what it is a buffer of, say TLS, was neither seen nor can be ruled out.
    int64_t frees; ///< Bytes of the first region that `other` leaves free besides, before anything runs; negative: takes.
    bool has_outcome; ///< The run was replayed with it.
    struct option_outcome outcome;
};

struct option_table {
    struct option_line
            *lines; ///< Parameters first, then what only costs; each in the target's order.
    uint32_t count;
    uint32_t checkpoint;           ///< Of the run: where outcomes have their free bytes.
    bool has_outcome;              ///< Of the run as the configuration has it:
    struct option_outcome outcome; ///< to compare the lines' with.
};

/// Makes the lines of `w`, which has a target. Parameters are those with a price: of a number its default, or its least value when it has that; of others every other
/// value that leaves room. Loads the target once for each. An option of something that the program does not have - as its device's program or its run tells - is left out. In `w->a`.
void option_table_make(
        const struct answer *w, const struct answer_options *o, struct option_table *out);

/// Replays the run once as configured and once for each line with a parameter. `taken`: bytes of the first region that are held by what is not
/// in this run; `checkpoint`: the moment whose free bytes are compared. Nothing without a trace, and for a device's, whose blocks lie where they lay. Cost: that of `ramlens replay` for each. `progress` may be NULL.
void option_table_replay(struct answer *w, const struct answer_options *o, uint64_t taken,
        uint32_t checkpoint, struct option_table *table, struct progress *progress);

/// What a line's other value leaves free besides: at the run's worst moment, where the run was replayed with it; else before anything runs. 0 when the
/// replay found no room for the run, or fails more of its requests.
int64_t option_table_gain(const struct option_table *t, const struct option_line *line);

/// The line of what the program holds with the largest such gain; NULL when none has one.
const struct option_line *option_table_best(const struct option_table *t);

#endif
