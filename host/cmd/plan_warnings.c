// See plan_warnings.h.
#include "plan_warnings.h"

#include "plan_check.h"

void plan_warn(struct cmd_context *ctx, struct plan *plan, const char *trace,
        const struct trace_image *image, struct owners *owners) {
    struct plan_places places;
    struct plan_doubts doubts;
    struct err err = { .text = "" };
    if (!plan_check_made_for(plan, trace, plan_trace_identity(ctx->arena, image), &err)) {
        char text[sizeof err.text + sizeof err.file + 16];
        err_format(&err, text, sizeof text);
        cmd_warn(ctx, "%s", text);
    }
    if (!plan_names_code(plan))
        return;
    plan_places_of(ctx->arena, owners, &places);
    plan_check_names(ctx->arena, plan, &places, &doubts);
    for (uint32_t i = 0; i < doubts.count; i++)
        cmd_warn(ctx, "%s:%u: %s", plan->path, (unsigned)doubts.list[i].line, doubts.list[i].text);
}
