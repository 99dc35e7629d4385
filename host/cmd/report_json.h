/// The report for programs: docs/report.schema.json.
#ifndef RAMLENS_REPORT_JSON_H
#define RAMLENS_REPORT_JSON_H

#include "answer.h"
#include "cmd.h"
#include "report_text.h"

#include <jansson.h>

/// Writes the whole answer as one JSON document to ctx->out. Components sum up to the total and each region's rows and free bytes to its
/// size: asserted where they were made.
void report_json_write(
        struct cmd_context *ctx, const struct answer *w, const struct report_view *view);

/// Private: what only a chip's report has - the base checkpoint, findings, options, ranges that are lent, thread-local data - into `root`.
void report_json_chip(json_t *root, const struct answer *w, const struct report_view *view);

#endif
