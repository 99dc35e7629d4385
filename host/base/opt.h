/// Options as data. One table a command feeds the parser here and the pages of page.h: `-h`,
/// `--help`, the man page and the completions.
#ifndef RAMLENS_OPT_H
#define RAMLENS_OPT_H

#include "arena.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

/// One option. A table ends with a zeroed row.
struct opt {
    char letter;                ///< 0 when there is no short form.
    bool many;                  ///< May be given several times; else the last one counts.
    const char *name;           ///< Without the dashes.
    const char *value;          ///< Placeholder such as "FILE"; NULL for a switch.
    const char *help;           ///< One line of at most 60 columns: lower case, no full stop.
    const char *more;           ///< Paragraphs for --help and the man page; may be NULL.
    const char *const *choices; ///< NULL-terminated list of all legal values; NULL: any.
};

/// Which help was asked for.
enum opt_help {
    OPT_HELP_NONE,
    OPT_HELP_SHORT, ///< -h
    OPT_HELP_LONG,  ///< --help
};

/// How options and operands may mix.
enum opt_order {
    OPT_ANYWHERE,      ///< Options before, between and behind operands.
    OPT_BEFORE_OPERAND ///< The first operand ends the options: what follows is another program's.
};

/// What was given. The strings are those of `argv`.
struct opt_values {
    const char *const *operands; ///< NULL-terminated.
    uint32_t operand_count;
    enum opt_help help;      ///< Set by `-h` and `--help`, which end the parsing.
    const struct opt **rows; ///< Both tables, NULL-terminated; private.
    struct opt_given *given; ///< In the order of the command line; private.
};

/// Parses `argv[0..argc)`, from which the caller has removed the program's and command's names.
/// `opts` and `common` are two tables of one name space; either may be NULL. Understood are
/// `--name=value`, `--name value`, `-n value`, `-nvalue`, bundled switches (`-ab`), `-` as an
/// operand, and `--`, which ends the options. Names cannot be abbreviated. A table that has an
/// option called "help" with the letter h gets `values->help` instead of a value.
/// False with a message for unknown options (naming the nearest), missing, unexpected or illegal
/// values. Tables with duplicates or missing texts are bugs and fail an assertion.
bool opt_parse(struct arena *a, const struct opt *opts, const struct opt *common,
        enum opt_order order, int argc, char *const *argv, struct opt_values *values,
        struct err *err);

/// How often the option was given. Asking for a name that is in neither table is a bug, here and
/// below.
uint32_t opt_count(const struct opt_values *values, const char *name);
bool opt_is_given(const struct opt_values *values, const char *name);

/// The value that counts (the last), or `fallback` when the option was not given.
const char *opt_value(const struct opt_values *values, const char *name, const char *fallback);

/// The value given `index`-th (from 0) of an option that takes several; NULL behind the last.
const char *opt_value_at(const struct opt_values *values, const char *name, uint32_t index);

/// Index in `choices` of the value that counts, or `fallback`. Only for options with choices.
uint32_t opt_choice(const struct opt_values *values, const char *name, uint32_t fallback);

/// The value that counts as a number in the form of conf_parse_number() (768K, 0x10), or
/// `fallback`. False with a message when it is none.
bool opt_number(const struct opt_values *values, const char *name, uint64_t fallback, uint64_t *out,
        struct err *err);

#endif
