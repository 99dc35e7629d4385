/// What the runs of the experiments gave: a row for each state and setting, read from what run.sh left in its folder.
///
/// Every figure is of internal RAM as the target counts it, in bytes.
#ifndef RAMLENS_EXPERIMENTS_RESULTS_H
#define RAMLENS_EXPERIMENTS_RESULTS_H

#include "arena.h"
#include "err.h"
#include "str.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    STATES_MAX = 16,
    SETTINGS = 2,
    RUNS_MAX = 64,
    MOMENTS = 6,
    COMPONENTS_MAX = 64,
};

extern const char *const setting_names[SETTINGS]; ///< "bare", "observed".
extern const char *const moment_names[MOMENTS];   ///< Checkpoints of the device, in their order.
extern const char *const moment_titles[MOMENTS];  ///< For people: "after 5 s".
enum { MOMENT_NETWORKING = 1, MOMENT_CONNECTED = 2, MOMENT_STREAMING = 3 };

/// The file `states`, as far as the table needs it.
struct state {
    struct str name;
    struct str about;
    struct str expects;   ///< What the port's plan expects of it, in its words; may be empty.
    struct str plan;      ///< Path from the file's folder; empty: stock.
    struct str mechanism; ///< The state's other lines, in their words.
    int after;            ///< Index of the row before; -1 none.
};

/// Why a component's bytes are where they are.
enum why { WHY_MALLOC, WHY_NEW, WHY_LIBC, WHY_INSISTS, WHY_KERNEL, WHY_STACK, WHY_COUNT };
extern const char *const why_names[WHY_COUNT]; ///< Keys in JSON.

/// A component's requested bytes, one memory against the other.
struct holding {
    struct str component;
    uint64_t internal[WHY_COUNT];
    uint64_t external[WHY_COUNT];
};

struct spread {
    uint64_t least, median, most;
    uint32_t count; ///< Runs that came so far; 0: nothing is known.
};

/// A state at a checkpoint, in one setting.
struct moment {
    bool predicted;
    uint64_t predicted_free, predicted_largest;
    struct spread free, largest;
    struct holding *holdings; ///< Of the first run that came so far.
    uint32_t holding_count;
};

/// Requests of one call stack that found no room where they wanted to go.
struct shortage {
    struct str component, function;
    uint64_t count, failed, bytes;
    uint64_t first_us; ///< Since the run's begin.
    uint32_t passed;   ///< Checkpoints passed.
    bool is_kernel;
};

struct row {
    const struct state *state;
    uint32_t setting;
    uint32_t runs;        ///< Done.
    uint32_t completed;   ///< Ended well.
    struct str complaint; ///< Of the first run that did not.
    struct moment moments[MOMENTS];
    uint64_t compared, differences; ///< Of all runs, replayed as they were.
    struct shortage *shortages;     ///< Of the first run, in the order of the first.
    uint32_t shortage_count;
    uint64_t short_requests, short_failed; ///< Sums of them.
    uint64_t connected_us, first_short_us; ///< Of the first run, since its begin.
};

/// A guess of the plan on a size, as `ramlens report` judged it on the recorded run.
struct guess {
    struct str name, text, expected, verdict;
    int64_t measured;
    uint32_t step;
};

struct results {
    struct arena *a;
    const char *folder;
    struct target target;
    struct state states[STATES_MAX];
    uint32_t state_count;
    struct row rows[STATES_MAX * SETTINGS];
    uint32_t row_count;
    uint64_t occupied_bytes;
    uint64_t seconds;
    struct str target_options;
    struct guess *guesses;
    uint32_t guess_count;
    struct str calls; ///< The file `calls`: what the archives of the states refer to.
};

/// Which files to read.
struct results_options {
    const char *states;
    const char *folder;
    const char *targets; ///< Folder of targets.
    const char *target;
    uint64_t occupied_bytes, seconds, runs;
};

/// False with a message when a file is missing or not what it should be.
bool results_read(
        struct arena *a, const struct results_options *o, struct results *out, struct err *err);

/// The row of a state and setting; NULL when there is none.
const struct row *results_row(const struct results *r, struct str state, uint32_t setting);

/// What is gained at moment `m` over `other` by the medians; false when one of them did not come so far.
bool results_gain(const struct row *row, const struct row *other, uint32_t m, int64_t *gain);

/// The free bytes at a checkpoint that a replay's JSON has for one of its states (NULL: the first).
bool results_free_at(struct arena *a, const char *path, const char *state, const char *checkpoint,
        uint64_t *out, struct err *err);

#endif
