/// The experiments' table for programs, for a terminal, and as a page of the documentation.
#ifndef RAMLENS_EXPERIMENTS_WRITE_H
#define RAMLENS_EXPERIMENTS_WRITE_H

#include "checks.h"
#include "claims.h"
#include "out.h"
#include "results.h"
#include "text.h"

struct answers {
    const struct results *results;
    const struct claims *claims;
    const struct checks *checks;
};

/// docs/experiments.schema.json.
void write_json(const struct answers *w, struct out *out);

/// Tables, no wider than `columns` where that can be.
void write_text(const struct answers *w, unsigned columns, struct text *out);

/// The same as a page in Markdown.
void write_page(const struct answers *w, struct text *out);

#endif
