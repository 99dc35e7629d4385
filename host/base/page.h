/// The pages that a command's tables give: `-h`, `--help`, the man page, the completions.
#ifndef RAMLENS_PAGE_H
#define RAMLENS_PAGE_H

#include "opt.h"
#include "text.h"

#include <stddef.h>

enum { PAGE_COLUMNS = 80 }; ///< No line of a help page is longer, wherever it is shown.

/// What a page is made of. All texts are plain; paragraphs are separated by line ends, and a line
/// that begins with a space is kept as it is.
struct page {
    const char *program;      ///< "ramlens".
    const char *name;         ///< Of the command.
    const char *summary;      ///< One line, lower case, no full stop: "say where the bytes go".
    const char *usage;        ///< Behind the name: "[OPTIONS] TRACE".
    const char *example;      ///< One or more lines, each a whole command.
    const char *text;         ///< What it does, for --help and the man page; may be NULL.
    const char *exits;        ///< Exit codes if they are not the usual ones; may be NULL.
    const struct opt *opts;   ///< May be NULL.
    const struct opt *common; ///< Shown under a heading of their own; may be NULL.
};

/// The usual exit codes, for pages whose `exits` is NULL.
extern const char page_usual_exits[];

/// `-h`: the example, the usage, one line an option where it fits.
void page_short(struct text *out, const struct page *page);

/// `--help`: the same with all paragraphs and the exit codes.
void page_long(struct text *out, const struct page *page);

/// The man page in roff (man macros), section 1. No date, so that the same tables give the same
/// bytes.
void page_man(struct text *out, const struct page *page);

/// A bash completion script for all commands: command names, option names, the legal values of
/// options that have some, file names elsewhere.
void page_bash(struct text *out, const struct page *pages, size_t count);

#endif
