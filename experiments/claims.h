/// What the plan of a port claims of its states, and what the experiments say to it.
///
/// A file of claims (experiments/webrtc/claims), explained at its head.
#ifndef RAMLENS_EXPERIMENTS_CLAIMS_H
#define RAMLENS_EXPERIMENTS_CLAIMS_H

#include "results.h"

enum verdict { VERDICT_RIGHT, VERDICT_WRONG, VERDICT_ANSWERED, VERDICT_UNKNOWN };
extern const char *const verdict_names[];

struct claim {
    struct str name;
    struct str text;        ///< In the plan's words.
    struct str note;        ///< What the figure means; may be empty.
    uint32_t step;          ///< Of the plan; 0: its questions and expectations.
    struct str measure;     ///< As written.
    struct str expectation; ///< As written.
    bool known;
    bool is_count; ///< The figure is a number, not bytes.
    int64_t figure;
    enum verdict verdict;
};

struct claims {
    struct claim *list;
    uint32_t count;
};

/// Reads the file and judges each claim by the results. False with file and line.
bool claims_judge(struct arena *a, const char *path, const struct results *r, struct claims *out,
        struct err *err);

#endif
