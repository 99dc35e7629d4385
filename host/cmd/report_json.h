/// The report for programs: docs/report.schema.json.
#ifndef RAMLENS_REPORT_JSON_H
#define RAMLENS_REPORT_JSON_H

#include "answer.h"
#include "cmd.h"
#include "container_table.h"
#include "guesses.h"

/// Writes the whole answer as one JSON document to ctx->out. Components sum up to the total and each region's rows and free bytes to its
/// size: asserted where they were made. `guesses` may be NULL.
void report_json_write(struct cmd_context *ctx, const struct answer *w,
        const struct guess_list *guesses, const struct container_table *containers);

#endif
