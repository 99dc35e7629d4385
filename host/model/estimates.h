/// A file of estimates: what people guessed before there was a recording.
///
/// The grammar is explained at the head of subjects/webrtc/estimates.
#ifndef RAMLENS_ESTIMATES_H
#define RAMLENS_ESTIMATES_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

/// What a measure counts.
enum estimate_kind {
    ESTIMATE_HEAP,
    ESTIMATE_CONTAINERS,
    ESTIMATE_KERNEL,
    ESTIMATE_THREADS,
    ESTIMATE_STATIC,
    ESTIMATE_SECTION,
    ESTIMATE_KIND_COUNT,
};

/// One `measure` line. Empty strings: the key was left out.
struct estimate_measure {
    struct str words;     ///< As written, without "measure".
    struct str component; ///< Names or globs with commas between them, as the lists below.
    struct str at;        ///< Checkpoint.
    struct str from;      ///< Checkpoint.
    struct str heap_kind;
    struct str object;
    struct str name;
    struct str symbol;
    uint8_t kind; ///< enum estimate_kind.
    bool each;    ///< Divided by the number of objects.
};

enum expectation {
    EXPECT_NOTHING, ///< 0; also "read-only": no symbol that can be written to.
    EXPECT_SOMETHING,
    EXPECT_QUESTION,
    EXPECT_BELOW,
    EXPECT_ABOUT,
    EXPECT_BETWEEN,
    EXPECT_EQUALS,
};

/// One estimate. Strings live in the arena.
struct estimate {
    struct str name;
    struct str text;                   ///< In the words of the plan.
    uint32_t step;                     ///< Of the plan.
    struct str expectation;            ///< As written: "below 10K".
    uint8_t expects;                   ///< enum expectation.
    int64_t low, high;                 ///< Its numbers.
    struct estimate_measure *measures; ///< At least one; their sum counts.
    uint32_t measure_count;
};

/// A class that the plan says has containers of some types.
struct estimate_holder {
    struct str owner; ///< Glob of the class.
    struct str *types;
    uint32_t type_count;
};

struct estimates {
    const char *path;
    struct estimate *list;
    uint32_t count;
    struct str *containers; ///< Globs for owners.containers.
    uint32_t container_count;
    struct estimate_holder *holders; ///< In the order of the file.
    uint32_t holder_count;
};

/// Takes the first name of a list with commas off it; the slice lies in the list.
struct str estimate_next_name(struct str *list);

/// Reads the file. False with file and line for a word, key or number that makes no sense: a key that
/// was misspelt and passed over would count too much.
bool estimates_read(struct arena *a, const char *path, struct estimates *out, struct err *err);

#endif
