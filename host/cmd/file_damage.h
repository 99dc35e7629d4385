/// Saying once, in the same words for every command, what is wrong with a trace.
#ifndef RAMLENS_FILE_DAMAGE_H
#define RAMLENS_FILE_DAMAGE_H

#include "cmd.h"
#include "trace.h"

/// Warns of damage and losses, each in a line with what it means; says nothing about a whole trace. Call it after the events were read.
void cmd_warn_damage(struct cmd_context *ctx, const struct trace *trace);

#endif
