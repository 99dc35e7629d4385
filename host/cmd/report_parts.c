// What the sections of the report share: see report_parts.h.
#include "report_parts.h"

#include <stdarg.h>
#include <stdio.h>

const struct run_checkpoint *report_checkpoint(const struct report *r, uint32_t index) {
    return &r->w->run.checkpoints[index];
}

void report_heading(struct report *r, const char *format, ...) {
    char line[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    text_printf(r->out, "\n%s%s%s\n\n", term_bold(&r->ctx->term), line, term_plain(&r->ctx->term));
}

struct human report_signed(int64_t bytes) {
    return bytes < 0 ? human_change(bytes) : human_exact((uint64_t)bytes);
}
