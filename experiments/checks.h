/// What must hold of the runs themselves: rows of the output with pass or fail.
#ifndef RAMLENS_EXPERIMENTS_CHECKS_H
#define RAMLENS_EXPERIMENTS_CHECKS_H

#include "results.h"

#include <stdbool.h>

struct check {
    const char *name;
    const struct row *row;
    bool applies; ///< The run came so far.
    bool pass;
    const char *figure; ///< In words.
};

struct checks {
    struct check *list;
    uint32_t count;
    uint32_t failed;
};

/// Exactness: each placed run, replayed as it was, gives the same heap and offset for every event and the same figures at every
/// checkpoint. Prediction: internal bytes free within 1 % of the stock trace's replay, up to `connected`, in every run. The ramlens plan's
/// reach: at most 5 % of the components' heap bytes in internal RAM at `connected`, kernel objects and stacks apart.
void checks_make(const struct results *r, struct checks *out);

/// The largest difference between prediction and a run up to `connected`, in bytes and of the run's free bytes; false when there is none.
bool checks_prediction(const struct row *row, uint64_t *bytes, double *percent);

#endif
