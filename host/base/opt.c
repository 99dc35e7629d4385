/// The option parser. What was given is kept as a list in command-line order, each entry pointing
/// at its row of the table; the questions a command asks walk that list, which is short.
#include "opt.h"

#include "conf.h"
#include "str.h"
#include "suggest.h"
#include "vec.h"

#include <assert.h>

struct opt_given {
    const struct opt *opt;
    const char *value; ///< NULL for a switch.
    struct opt_given *next;
};

/// State of one parsing.
struct parser {
    struct arena *arena;
    struct opt_values *values;
    struct err *err;
    int argc;
    int at; ///< Next word of argv.
    char *const *argv;
    struct opt_given **tail;
    VEC(const char *) operands;
};

enum { LONGEST_HELP = 60 };

/// A row that could not be shown or told from another is a bug of the table.
static void check_row(const struct opt *row, const struct opt *const *before, size_t count) {
    assert(row->name[0] && row->help && row->help[0] && strlen(row->help) <= LONGEST_HELP);
    assert(row->help[strlen(row->help) - 1] != '.');
    assert(!row->value || row->value[0]);
    assert(row->value || (!row->choices && !row->many));
    for (size_t i = 0; i < count; i++) {
        assert(strcmp(before[i]->name, row->name) != 0);
        assert(row->letter == 0 || before[i]->letter != row->letter);
    }
}

/// Both tables as one list of rows.
static const struct opt **merge(struct arena *a, const struct opt *opts, const struct opt *common) {
    const struct opt *const tables[] = { opts, common };
    VEC(const struct opt *) rows = { 0 };
    for (size_t i = 0; i < 2; i++) {
        for (const struct opt *row = tables[i]; row && row->name; row++) {
            check_row(row, rows.at, rows.len);
            *vec_push(a, &rows) = row;
        }
    }
    *vec_push(a, &rows) = NULL;
    return rows.at;
}

static const struct opt *find_name(const struct opt_values *values, struct str name) {
    const struct opt **row = values->rows;
    while (*row && !str_equal(name, str_from((*row)->name))) {
        row++;
    }
    return *row;
}

static const struct opt *find_letter(const struct opt_values *values, char letter) {
    const struct opt **row = values->rows;
    while (*row && (*row)->letter != letter) {
        row++;
    }
    return *row;
}

/// The rows that ask for help are known by name and letter.
static bool is_help(const struct opt *opt) {
    return opt->letter == 'h' && strcmp(opt->name, "help") == 0;
}

static bool unknown_name(const struct parser *p, struct str name) {
    struct suggest near = { .word = name };
    for (const struct opt **row = p->values->rows; *row; row++) {
        suggest_offer(&near, (*row)->name);
    }
    if (near.best) {
        return fail(p->err, NULL, ERR_NO_OFFSET, "unknown option '--%.*s'; did you mean '--%s'?",
                STR_ARG(name), near.best);
    }
    return fail(p->err, NULL, ERR_NO_OFFSET, "unknown option '--%.*s'", STR_ARG(name));
}

/// The legal values as "a, b or c".
static const char *list_choices(struct arena *a, const char *const *choices) {
    const char *list = choices[0];
    for (size_t i = 1; choices[i]; i++) {
        list = arena_printf(a, "%s%s%s", list, choices[i + 1] ? ", " : " or ", choices[i]);
    }
    return list;
}

static bool is_choice(const struct opt *opt, const char *value) {
    for (size_t i = 0; opt->choices && opt->choices[i]; i++) {
        if (strcmp(value, opt->choices[i]) == 0) {
            return true;
        }
    }
    return !opt->choices;
}

/// Notes that `opt` was given, with `value` (NULL: none).
static bool give(struct parser *p, const struct opt *opt, const char *value) {
    if (value && !is_choice(opt, value)) {
        return fail(p->err, NULL, ERR_NO_OFFSET, "'--%s' takes %s, not '%s'", opt->name,
                list_choices(p->arena, opt->choices), value);
    }
    struct opt_given *given = NEW(p->arena, struct opt_given);
    *given = (struct opt_given){ .opt = opt, .value = value };
    *p->tail = given;
    p->tail = &given->next;
    return true;
}

/// The next word of argv as the value of `opt`.
static bool give_next(struct parser *p, const struct opt *opt) {
    if (p->at == p->argc) {
        return fail(p->err, NULL, ERR_NO_OFFSET, "'--%s' needs a value: --%s %s", opt->name,
                opt->name, opt->value);
    }
    return give(p, opt, p->argv[p->at++]);
}

/// Takes `--name` or `--name=value`; `word` is behind the dashes.
static bool take_long(struct parser *p, const char *word) {
    const char *equals = strchr(word, '=');
    struct str name = { word, equals ? (size_t)(equals - word) : strlen(word) };
    const struct opt *opt = find_name(p->values, name);
    if (!opt) {
        return unknown_name(p, name);
    }
    if (opt->value) {
        return equals ? give(p, opt, equals + 1) : give_next(p, opt);
    }
    if (equals) {
        return fail(p->err, NULL, ERR_NO_OFFSET, "'--%s' takes no value", opt->name);
    }
    if (is_help(opt)) {
        p->values->help = OPT_HELP_LONG;
    }
    return give(p, opt, NULL);
}

/// Takes `-abc`, `-ofile` or `-o file`; `word` is behind the dash.
static bool take_short(struct parser *p, const char *word) {
    for (const char *at = word; *at; at++) {
        const struct opt *opt = find_letter(p->values, *at);
        if (!opt) {
            return fail(p->err, NULL, ERR_NO_OFFSET, "unknown option '-%c'", *at);
        }
        if (opt->value) {
            return at[1] ? give(p, opt, at + 1) : give_next(p, opt);
        }
        if (is_help(opt)) {
            p->values->help = OPT_HELP_SHORT;
        }
        (void)give(p, opt, NULL); // Without a value there is none that could be wrong.
    }
    return true;
}

static void take_rest(struct parser *p) {
    while (p->at < p->argc) {
        *vec_push(p->arena, &p->operands) = p->argv[p->at++];
    }
}

/// Takes the next word of argv and what belongs to it.
static bool take_word(struct parser *p, enum opt_order order) {
    const char *word = p->argv[p->at++];
    if (strcmp(word, "--") == 0) {
        take_rest(p);
        return true;
    }
    if (strncmp(word, "--", 2) == 0) {
        return take_long(p, word + 2);
    }
    if (word[0] == '-' && word[1]) {
        return take_short(p, word + 1);
    }
    *vec_push(p->arena, &p->operands) = word;
    if (order == OPT_BEFORE_OPERAND) {
        take_rest(p);
    }
    return true;
}

bool opt_parse(struct arena *a, const struct opt *opts, const struct opt *common,
        enum opt_order order, int argc, char *const *argv, struct opt_values *values,
        struct err *err) {
    struct parser p = {
        .arena = a, .values = values, .err = err, .argc = argc, .argv = argv, .tail = &values->given
    };
    *values = (struct opt_values){ .rows = merge(a, opts, common) };
    while (p.at < argc && values->help == OPT_HELP_NONE) {
        if (!take_word(&p, order)) {
            return false;
        }
    }
    *vec_push(a, &p.operands) = NULL;
    values->operands = p.operands.at;
    values->operand_count = (uint32_t)(p.operands.len - 1);
    return true;
}

/// The row called `name`, which there must be.
static const struct opt *must_find(const struct opt_values *values, const char *name) {
    const struct opt *opt = find_name(values, str_from(name));
    assert(opt);
    return opt;
}

uint32_t opt_count(const struct opt_values *values, const char *name) {
    const struct opt *opt = must_find(values, name);
    uint32_t count = 0;
    for (const struct opt_given *given = values->given; given; given = given->next) {
        count += given->opt == opt;
    }
    return count;
}

bool opt_is_given(const struct opt_values *values, const char *name) {
    return opt_count(values, name) != 0;
}

const char *opt_value(const struct opt_values *values, const char *name, const char *fallback) {
    uint32_t count = opt_count(values, name);
    return count ? opt_value_at(values, name, count - 1) : fallback;
}

const char *opt_value_at(const struct opt_values *values, const char *name, uint32_t index) {
    const struct opt *opt = must_find(values, name);
    assert(opt->value);
    for (const struct opt_given *given = values->given; given; given = given->next) {
        if (given->opt == opt && index-- == 0) {
            return given->value;
        }
    }
    return NULL;
}

uint32_t opt_choice(const struct opt_values *values, const char *name, uint32_t fallback) {
    const struct opt *opt = must_find(values, name);
    const char *value = opt_value(values, name, NULL);
    assert(opt->choices);
    for (uint32_t i = 0; value && opt->choices[i]; i++) {
        if (strcmp(value, opt->choices[i]) == 0) {
            return i;
        }
    }
    return fallback;
}

bool opt_number(const struct opt_values *values, const char *name, uint64_t fallback, uint64_t *out,
        struct err *err) {
    const char *value = opt_value(values, name, NULL);
    *out = fallback;
    if (value && !conf_parse_number(str_from(value), out)) {
        return fail(err, NULL, ERR_NO_OFFSET,
                "'--%s' is '%s', which is no number; write it as 786432, 768K or 0xC0000", name,
                value);
    }
    return true;
}
