/// Private to cmd_import.c and import_*.c: what an import found, to be shown.
#ifndef RAMLENS_IMPORT_PARTS_H
#define RAMLENS_IMPORT_PARTS_H

#include "cmd.h"
#include "import_log.h"

void import_text(struct cmd_context *ctx, const struct import_found *f);
void import_json(struct cmd_context *ctx, const struct import_found *f);

#endif
