/// Statements of a target file: which count, and what their words mean. The subjects (memory,
/// costs) are read in target_memory.c and target_costs.c by these.
#include "target_read.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

bool target_fail(struct target_reader *r, const struct conf_line *line, const char *format, ...) {
    char text[sizeof(r->err->text)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return fail_line(r->err, r->conf.path, line->number, "%s", text);
}

static const struct target_parameter *find_parameter(
        const struct target_reader *r, struct str name) {
    for (uint32_t i = 0; i < r->target->parameter_count; i++) {
        if (str_equal(r->target->parameters[i].name, name)) {
            return &r->target->parameters[i];
        }
    }
    return NULL;
}

/// Whether the words of `line` from 2 on include the chosen value of the parameter in word 1.
/// Values are written by their first name here: one way is easier to search for.
static bool is_met(struct target_reader *r, const struct conf_line *line, bool *met) {
    if (!target_word_count(r, line, 3, UINT32_MAX, "a parameter and its values")) {
        return false;
    }
    const struct target_parameter *p = find_parameter(r, line->words[1]);
    if (!p) {
        return target_fail(
                r, line, "'when' names no parameter that is known here: '%s'", line->words[1].at);
    }
    *met = false;
    for (uint32_t i = 2; i < line->word_count; i++) {
        uint32_t value = 0;
        while (value < p->value_count && !str_equal(p->values[value], line->words[i])) {
            value++;
        }
        if (value == p->value_count) {
            return target_fail(
                    r, line, "parameter '%s' has no value '%s'", p->name.at, line->words[i].at);
        }
        *met |= value == p->chosen;
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): CONF_DEEPEST bounds it
static uint32_t count_lines(const struct conf_line *first) {
    uint32_t count = 0;
    for (const struct conf_line *line = first; line; line = line->next) {
        count += 1 + count_lines(line->children);
    }
    return count;
}

static bool is_when(const struct conf_line *line) {
    return str_equal(line->words[0], STR("when"));
}

/// `counts`: whether the lines above count. Children of what does not count are checked all the
/// same.
// NOLINTNEXTLINE(misc-no-recursion): CONF_DEEPEST bounds it
static bool collect(struct target_reader *r, struct conf_line *first, const char *const *keys,
        bool counts, struct target_lines *out) {
    for (struct conf_line *line = first; line; line = line->next) {
        if (is_when(line)) {
            bool met = false;
            if (!is_met(r, line, &met) || !collect(r, line->children, keys, counts && met, out)) {
                return false;
            }
        } else if (counts) {
            out->at[out->count++] = line;
        }
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): CONF_DEEPEST bounds it
static bool check_keys(struct target_reader *r, struct conf_line *first, const char *const *keys) {
    const char *with_when[32] = { "when" };
    for (uint32_t i = 0; keys[i]; i++) {
        assert(i + 2 < sizeof(with_when) / sizeof(with_when[0]));
        with_when[i + 1] = keys[i];
    }
    if (!conf_check_keys(&r->conf, first, with_when, r->err)) {
        return false;
    }
    for (struct conf_line *line = first; line; line = line->next) {
        if (is_when(line) && !check_keys(r, line->children, keys)) {
            return false;
        }
    }
    return true;
}

bool target_active_lines(struct target_reader *r, struct conf_line *first, const char *const *keys,
        struct target_lines *out) {
    *out = (struct target_lines){ .at = NEW_ARRAY(
                                          r->arena, struct conf_line *, count_lines(first)) };
    return check_keys(r, first, keys) && collect(r, first, keys, true, out);
}

/// One term of a sum: a number, or a parameter whose chosen value is one.
static bool term_value(const struct target_reader *r, struct str term, uint64_t *out) {
    if (conf_parse_number(term, out)) {
        return true;
    }
    const struct target_parameter *p = find_parameter(r, term);
    return p && conf_parse_number(p->values[p->chosen], out);
}

/// Takes the next term off `rest` with the sign before it; the first has none, which means plus.
static struct str take_term(struct str *rest, bool *minus) {
    *minus = rest->len && rest->at[0] == '-';
    size_t from = rest->len && (rest->at[0] == '+' || rest->at[0] == '-') ? 1 : 0;
    size_t to = from;
    while (to < rest->len && rest->at[to] != '+' && rest->at[to] != '-') {
        to++;
    }
    struct str term = { rest->at + from, to - from };
    rest->at += to;
    rest->len -= to;
    return term;
}

bool target_number(struct target_reader *r, const struct conf_line *line, uint32_t index,
        const char *what, uint64_t *out) {
    struct str rest;
    if (!conf_word(&r->conf, line, index, what, &rest, r->err)) {
        return false;
    }
    uint64_t sum = 0;
    do {
        bool minus;
        struct str term = take_term(&rest, &minus);
        uint64_t value;
        if (!term_value(r, term, &value)) {
            return target_fail(r, line,
                    "%s is '%s', where '%.*s' is neither a number nor a parameter "
                    "with a number for a value",
                    what, line->words[index].at, STR_ARG(term));
        }
        if (minus ? value > sum : value > UINT64_MAX - sum) {
            return target_fail(
                    r, line, "%s is '%s', which does not fit", what, line->words[index].at);
        }
        sum = minus ? sum - value : sum + value;
    } while (rest.len);
    *out = sum;
    return true;
}

bool target_number_within(struct target_reader *r, const struct conf_line *line, uint32_t index,
        const char *what, uint32_t least, uint32_t most, uint32_t *out) {
    uint64_t value = 0;
    if (!target_number(r, line, index, what, &value)) {
        return false;
    }
    if (value < least || value > most) {
        return target_fail(r, line, "%s is %" PRIu64 "; it must be %" PRIu32 " to %" PRIu32, what,
                value, least, most);
    }
    *out = (uint32_t)value;
    return true;
}

bool target_mask(
        struct target_reader *r, const struct conf_line *line, uint32_t index, uint32_t *out) {
    if (index >= line->word_count) {
        return target_fail(r, line, "'%s' lacks its capabilities", line->words[0].at);
    }
    *out = 0;
    for (uint32_t i = index; i < line->word_count; i++) {
        uint32_t mask = target_find_capability(r->target, line->words[i]);
        if (!mask) {
            return target_fail(r, line, "unknown capability '%s'", line->words[i].at);
        }
        *out |= mask;
    }
    return true;
}

struct str target_word_or_empty(const struct conf_line *line, uint32_t index) {
    return index < line->word_count ? line->words[index] : STR("");
}

bool target_word_count(struct target_reader *r, const struct conf_line *line, uint32_t least,
        uint32_t most, const char *takes) {
    if (line->word_count < least || line->word_count > most) {
        return target_fail(r, line, "'%s' takes %s", line->words[0].at, takes);
    }
    return true;
}

struct str target_source(const struct target_reader *r, const struct conf_line *line) {
    while (line && !line->comment.len) {
        line = line->parent;
    }
    return line ? arena_copy(r->arena, line->comment) : STR("");
}
