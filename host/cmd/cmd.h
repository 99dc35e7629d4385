/// What a command is, and what it gets.
///
/// Adding one: write `cmd_NAME.c` in this folder with one `const struct command cmd_NAME`, add its
/// line to the table in main.c, add a test. Parsing, -h, --help, the man page, the completions and
/// the printing of errors follow from the fields below.
#ifndef RAMLENS_CMD_H
#define RAMLENS_CMD_H

#include "arena.h"
#include "err.h"
#include "opt.h"
#include "out.h"
#include "term.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

#define RAMLENS_VERSION "0.1.0"

/// What `run` returns. `record` and `run` alone return other codes: those of the program they ran, which
/// become the exit code as they are.
enum {
    CMD_DONE = 0,
    CMD_NO = 1,      ///< Done, and the answer is "no".
    CMD_FAILED = -1, ///< Not done; `ctx->err` says why. The exit code is 2.
};

/// Headings of the overview. It shows them in the order of the table's lines.
#define CMD_GROUP_RECORD "Record a run"
#define CMD_GROUP_ASK    "Ask a trace"
#define CMD_GROUP_SIZE   "Before it runs"
#define CMD_GROUP_PLACE  "Place memory"
#define CMD_GROUP_ABOUT  "About ramlens"

struct command;

/// Everything a command works with. Made and cleared by main.
struct cmd_context {
    const struct command *self;
    const struct command *const *commands; ///< The table; NULL-terminated.
    struct arena *arena;                   ///< Cleared after `run`: nothing needs to be given back.
    struct opt_values values;              ///< Options and operands, parsed and counted.
    struct term term;                      ///< Of standard output.
    struct out *out;                       ///< Standard output: the result goes here, nothing else.
    enum term_when progress;               ///< For progress_start(), on STDERR_FILENO.
    struct err err;                        ///< Fill it and return CMD_FAILED; main prints it.
};

/// A command. One line of the table in main.c each.
struct command {
    const char *name;
    const char *group;      ///< One of CMD_GROUP_*.
    const char *summary;    ///< One line of at most 60 columns: lower case, no full stop.
    const char *usage;      ///< What follows the name: "[OPTIONS] TRACE".
    const char *example;    ///< One or more whole command lines, each on a line.
    const char *text;       ///< Paragraphs for --help and the man page (see page.h); may be NULL.
    const char *exits;      ///< Exit codes if they are not the usual ones; may be NULL.
    const struct opt *opts; ///< Ends with a zeroed row; may be NULL. Not: help, color, progress.
    enum opt_order order;   ///< OPT_BEFORE_OPERAND where the operands are another command.
    uint32_t least_operands;
    uint32_t most_operands; ///< UINT32_MAX: any number.
    int (*run)(struct cmd_context *ctx);
};

/// The options that every command has besides its own; ends with a zeroed row.
extern const struct opt cmd_common_opts[];

/// Says `text` on standard error as "ramlens NAME: warning: TEXT" (cmd_warn) or "ramlens NAME:
/// TEXT" (cmd_note: "wrote app.rlt"). Control characters in it become `?`. The result waiting in
/// `ctx->out` is written first, so that the two stay in order on a terminal.
void cmd_warn(struct cmd_context *ctx, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
void cmd_note(struct cmd_context *ctx, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/// The pages of `-h` (or `--help`, if `is_long`) of one command.
void cmd_page(struct text *out, const struct command *command, bool is_long);

/// All commands, grouped by task: what bare `ramlens` shows; `is_long` adds what holds for all.
void cmd_overview(struct text *out, const struct command *const *commands, bool is_long);

/// The command called `name`; NULL with a message that suggests the nearest when there is none.
const struct command *cmd_find(
        const struct command *const *commands, const char *name, struct err *err);

#endif
