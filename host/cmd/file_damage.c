/// See file_damage.h.
#include "file_damage.h"

#include <inttypes.h>

void cmd_warn_damage(struct cmd_context *ctx, const struct trace *trace) {
    const struct trace_damage *d = &trace->damage;
    if (d->blocks > 0)
        cmd_warn(ctx,
                "%s: %" PRIu32 " damaged block%s (the first at byte %" PRIu64 ", %" PRIu64
                " bytes in all) "
                "passed over: their events are missing, the rest is exact",
                trace->path, d->blocks, d->blocks == 1 ? "" : "s", d->first_offset, d->bytes);
    if (d->missing > 0)
        cmd_warn(ctx, "%s: %" PRIu32 " block%s missing by number: figures are lower bounds",
                trace->path, d->missing, d->missing == 1 ? " is" : "s are");
    if (d->cut)
        cmd_warn(ctx, "%s: ends inside a block: it was cut off; what comes before is read",
                trace->path);
    if (trace->lost_allocs > 0 || trace->lost_frees > 0)
        cmd_warn(ctx,
                "%s: the recorder lost %" PRIu64 " allocations and %" PRIu64
                " frees (no room for the trace?): "
                "live bytes may be too low by the former, too high by the latter",
                trace->path, trace->lost_allocs, trace->lost_frees);
}
