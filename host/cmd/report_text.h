/// The report for people.
#ifndef RAMLENS_REPORT_TEXT_H
#define RAMLENS_REPORT_TEXT_H

#include "answer.h"
#include "cmd.h"
#include "container_table.h"
#include "guesses.h"

/// What the report is asked to show.
struct report_view {
    const struct answer_options *options; ///< What the answer was made of.
    bool all_sites;                       ///< Every site, not the ten largest.
    const char *
            base; ///< Checkpoint before the first connection: Q1's, and where Q2 starts. NULL: chosen by figures or names.
    const struct guess_list *guesses; ///< Judged; NULL: none.
    const struct container_table *containers;
    bool all_containers; ///< Not only those that the estimates ask for.
};

/// Composes the report into `out`: verdict, waterfall, growth, table of components. Columns fit the terminal.
void report_text(struct cmd_context *ctx, const struct answer *answer,
        const struct report_view *view, struct text *out);

#endif
