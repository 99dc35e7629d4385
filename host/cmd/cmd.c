/// What main and all commands share: the common options, look-up, messages on standard error.
#include "cmd.h"

#include "human.h"
#include "suggest.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct opt cmd_common_opts[] = {
    { .name = "color", .value = "WHEN", .help = "color the output", .choices = term_when_names },
    { .name = "progress",
            .value = "WHEN",
            .help = "show progress on standard error",
            .choices = term_when_names },
    { .letter = 'h', .name = "help", .help = "-h: this on a page; --help: all there is to say" },
    { 0 },
};

/// Prints one line to standard error, behind what waits for standard output.
static void say(struct cmd_context *ctx, const char *kind, const char *format, va_list args)
        __attribute__((format(printf, 3, 0)));

static void say(struct cmd_context *ctx, const char *kind, const char *format, va_list args) {
    char line[1024];
    if (vsnprintf(line, sizeof(line), format, args) >= 0) {
        struct str clean = human_clean(ctx->arena, str_from(line));
        out_flush(ctx->out);
        (void)fprintf(stderr, "ramlens %s: %s%.*s\n", ctx->self->name, kind, STR_ARG(clean));
    }
}

void cmd_warn(struct cmd_context *ctx, const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(ctx, "warning: ", format, args);
    va_end(args);
}

void cmd_note(struct cmd_context *ctx, const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(ctx, "", format, args);
    va_end(args);
}

const struct command *cmd_find(
        const struct command *const *commands, const char *name, struct err *err) {
    struct suggest near = { .word = str_from(name) };
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
        suggest_offer(&near, commands[i]->name);
    }
    if (near.best) {
        fail(err, NULL, ERR_NO_OFFSET, "unknown command '%s'; did you mean '%s'?", name, near.best);
    } else {
        fail(err, NULL, ERR_NO_OFFSET, "unknown command '%s'; 'ramlens help' lists them", name);
    }
    return NULL;
}
