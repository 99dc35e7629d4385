/// The sections of the report for people; private to the report_*.c files.
#ifndef RAMLENS_REPORT_PARTS_H
#define RAMLENS_REPORT_PARTS_H

#include "answer.h"
#include "cmd.h"
#include "guesses.h"
#include "human.h"
#include "report_text.h"

#include <stdbool.h>
#include <stdint.h>

enum { REPORT_STEPS_MOST = 8 };

/// What the sections share.
struct report {
    struct cmd_context *ctx;
    const struct answer *w;
    const struct report_view *view;
    struct text *out;
    bool two_states; ///< The state asked about is not stock: stock stands in a column beside it.
    uint32_t base;   ///< Checkpoint of Q1, and where Q2 starts.
    uint32_t steps[REPORT_STEPS_MOST]; ///< Checkpoints of Q2, after the base.
    uint32_t step_count;
};

/// Sections, in the order of the report. Each appends to r->out.
void report_findings(struct report *r);
void report_verdict(struct report *r);
void report_first_question(struct report *r);
/// The static rows of Q1, variable by variable; nothing unless they were asked for.
void report_statics(struct report *r);
/// The options of the configuration that was given; nothing without one.
void report_options(struct report *r);
void report_hints(struct report *r);
void report_second_question(struct report *r);
void report_guesses(struct report *r, const struct guess_list *list);
/// Containers that the estimates ask for, or all; nothing when there are none to show.
void report_containers(struct report *r, const struct container_table *containers);
void report_components(struct report *r);
/// The sites with most live bytes at the checkpoint where most lives: for runs without a chip.
void report_largest_sites(struct report *r);

/// Helpers.
const struct run_checkpoint *report_checkpoint(const struct report *r, uint32_t index);
void report_heading(struct report *r, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/// "cache=128K", or "CONFIG_MBEDTLS_SSL_IN_CONTENT_LEN=512". In the arena.
const char *report_option_name(
        const struct report *r, const struct option_line *o, const char *value);
/// A table of the sites that grew most in internal RAM between two moments.
void report_grown_sites(
        struct report *r, const struct placement_moment *from, const struct placement_moment *to);
/// "-4,485" or "369,796": a sign only where it is negative.
struct human report_signed(int64_t bytes);

#endif
