/// The report for people.
#ifndef RAMLENS_REPORT_TEXT_H
#define RAMLENS_REPORT_TEXT_H

#include "answer.h"
#include "answer_findings.h"
#include "answer_option_table.h"
#include "answer_static_table.h"
#include "cmd.h"
#include "container_table.h"
#include "guesses.h"

/// What the report is asked to show.
struct report_view {
    const struct answer_options *options; ///< What the answer was made of.
    bool all_sites;                       ///< Every site, not the ten largest.
    uint32_t base; ///< Checkpoint before the first connection: Q1's, and where Q2 starts.
    const struct option_table *table; ///< Of the configuration's options; with a target.
    const struct findings *findings;  ///< The same.
    const struct static_table
            *statics; ///< The static rows, variable by variable; NULL: not asked for.
    const struct guess_list *guesses; ///< Judged; NULL: none.
    const struct container_table *containers;
    bool all_containers; ///< Not only those that the estimates ask for.
};

/// The base of a report: the checkpoint called `name` (which may be NULL), else the first with an observed figure, else the last before the first
/// cycle, else the first.
uint32_t report_base(const struct answer *w, const char *name);

/// The first moment after it that shows growth: "connected", "streaming" ..., else the next checkpoint, else the base itself.
uint32_t report_step(const struct answer *w, uint32_t base);

/// Composes the report into `out`: verdict, waterfall, growth, table of components. Columns fit the terminal.
void report_text(struct cmd_context *ctx, const struct answer *answer,
        const struct report_view *view, struct text *out);

#endif
