/// Answers what a placed run asks: what becomes of the blocks of a call stack.
///
/// The same rules as a report's: owners by names and debug information, host-only blocks, the plan. A program image's modules and stacks
/// come from the recorder, by heap/ramlens_placed.h.
#ifndef RAMLENS_PLACED_RUN_H
#define RAMLENS_PLACED_RUN_H

#include "arena.h"
#include "component_map.h"
#include "err.h"
#include "heaps_rules.h"
#include "ldmap.h"
#include "owners.h"
#include "plan.h"
#include "ramlens_placed.h"
#include "symbolize.h"
#include "target.h"
#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

/// What to run by. All but `plan` must outlive the run.
struct placed_run_options {
    const char *components; ///< Component map; NULL: the built-in one.
    const char *target;
    const char *const *target_folders;
    uint32_t target_folder_count;
    const char *const *target_options;
    uint32_t target_option_count;
    const char *plan; ///< NULL: stock.
    uint64_t occupied_bytes;
};

struct placed_run {
    struct arena *a;
    struct ramlens_placed *shared;
    const struct placed_run_options *options;
    struct component_map map;
    struct target target;
    struct plan plan;
    struct symbolizer *symbolizer;
    // Of the present image:
    const char *program;
    uint32_t bits;
    uint64_t static_bytes;
    struct ldmap link_map;
    struct trace_image image;
    struct owners owners;
    uint32_t copied; ///< Modules taken over so far.
    struct err
            problem; ///< Why the target's memory is not enough for an image that began later; text "" if it is.
    // Of the run:
    uint32_t stacks_resolved;
    uint64_t nanoseconds; ///< Spent on answers.
};

/// Reads target, map and plan, and works out the heaps that are left to `program`, of `bits` bits. False with a message: for whatever is wrong
/// with these, or when the target has not the memory.
bool placed_run_open(struct placed_run *r, struct arena *a, const struct placed_run_options *o,
        const char *program, uint32_t bits, struct ramlens_placed *shared, struct err *err);

/// Answers the question that stands.
void placed_run_answer(struct placed_run *r);

/// Whether only a host has what `component` owns.
bool placed_run_is_host_only(const struct placed_run *r, uint32_t component);

void placed_run_close(struct placed_run *r);

#endif
