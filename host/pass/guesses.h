/// What people guessed before there was a recording, judged by it.
///
/// The file's grammar is explained at the head of subjects/webrtc/estimates. Read it before the run (the containers it names must be
/// known to the owners), judge it after.
#ifndef RAMLENS_GUESSES_H
#define RAMLENS_GUESSES_H

#include "arena.h"
#include "component_map.h"
#include "err.h"
#include "owners.h"
#include "placement.h"
#include "run.h"
#include "static_data.h"

#include <stdbool.h>
#include <stdint.h>

enum guess_verdict {
    GUESS_RIGHT,
    GUESS_WRONG,
    GUESS_ANSWERED, ///< It was a question: the figure is the answer.
    GUESS_OPEN,     ///< The run cannot say: `evidence` tells why.
};
extern const char *const guess_verdict_names[]; ///< "right", "wrong", "answered", "cannot say".

/// One estimate and what became of it. Strings live in the arena.
struct guess {
    struct str name;
    struct str text;        ///< In the words of the plan.
    uint32_t step;          ///< Of the plan.
    struct str expectation; ///< As written: "below 10K".
    int64_t measured;
    bool is_count; ///< `measured` counts things; else bytes.
    enum guess_verdict verdict;
    struct str evidence;          ///< One line: what was counted.
    const struct conf_line *line; ///< Private.
};

struct guess_list {
    const char *path;
    struct guess *guesses;
    uint32_t count;
    struct str *containers; ///< Globs for owners.containers.
    uint32_t container_count;
};

/// What a judgement may look at. `placement` and `statics` may be NULL: then what needs them stays open.
struct guess_input {
    const struct run *run;
    const struct owners *owners;
    const struct component_map *map;
    const struct trace_image *image;
    const struct placement *placement;
    const struct static_data *statics;
};

/// Reads the file. False with file and line for a word, key or number that makes no sense.
bool guesses_read(struct arena *a, const char *path, struct guess_list *out, struct err *err);

/// Judges all of them.
void guesses_judge(struct arena *a, struct guess_list *list, const struct guess_input *in);

#endif
