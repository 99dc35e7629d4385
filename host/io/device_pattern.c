// See device_pattern.h. A pattern is a row of steps; matching goes back where a step that takes as little as possible must take more.
#include "device_pattern.h"

#include "scan.h"
#include "vec.h"

#include <string.h>

enum { STEPS_MOST = 64, EFFORT_MOST = 1 << 16 };

enum step_type { STEP_TEXT, STEP_BLANKS, STEP_NUMBER, STEP_NAME, STEP_ANY };

struct device_step {
    enum step_type type;
    struct str text; ///< Of STEP_TEXT.
    struct str capability;
    enum device_figure_kind kind;
    uint64_t unit; ///< Of a number: the pattern says it; 0: the line may.
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static bool is_word_byte(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Length of a unit at the front of `s`, blanks before it included, and what it stands for; 0 when there is none.
static size_t unit_length(struct str s, uint64_t *unit) {
    static const struct {
        const char *word;
        uint64_t unit;
    } units[] = { { "KiB", 1 << 10 }, { "KB", 1 << 10 }, { "kB", 1 << 10 }, { "kb", 1 << 10 },
        { "K", 1 << 10 }, { "k", 1 << 10 }, { "MiB", 1 << 20 }, { "MB", 1 << 20 },
        { "M", 1 << 20 } };
    size_t blanks = 0;
    while (blanks < s.len && is_blank(s.at[blanks]))
        blanks++;
    struct str word = { s.at + blanks, s.len - blanks };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t len = strlen(units[i].word);
        bool is_there = str_starts_with(word, str_from(units[i].word)) &&
                        (word.len == len || !is_word_byte(word.at[len]));
        if (is_there) {
            *unit = units[i].unit;
            return blanks + len;
        }
    }
    return 0;
}

// ---- reading a pattern

struct parser {
    struct arena *arena;
    VEC(struct device_step) steps;
    struct str source;
    struct err *err;
};

static void add_text(struct parser *p, struct str text) {
    if (text.len > 0)
        *vec_push(p->arena, &p->steps) = (struct device_step){ .type = STEP_TEXT, .text = text };
}

static void add_blanks(struct parser *p) {
    *vec_push(p->arena, &p->steps) = (struct device_step){ .type = STEP_BLANKS };
}

static bool is_known_word(struct str s) {
    for (size_t i = 0; i < s.len; i++)
        if (!is_word_byte(s.at[i]))
            return false;
    return s.len > 0;
}

/// Adds the field that stands in braces.
static bool add_field(struct parser *p, struct str field) {
    struct device_step step = { .type = STEP_NUMBER };
    struct scan s = { field, true };
    if (str_equal(field, STR("name")) || str_equal(field, STR("*"))) {
        step.type = str_equal(field, STR("*")) ? STEP_ANY : STEP_NAME;
    } else if (scan_try(&s, "largest") && (s.rest.len == 0 || s.rest.at[0] == ':')) {
        step.kind = DEVICE_FIGURE_LARGEST;
    } else {
        s.rest = field;
        bool is_least = scan_try(&s, "least") && (s.rest.len == 0 || s.rest.at[0] == ':');
        step.kind = is_least ? DEVICE_FIGURE_LEAST : DEVICE_FIGURE_FREE;
        s.rest = is_least ? s.rest : field;
    }
    if (step.type == STEP_NUMBER) {
        (void)(step.kind != DEVICE_FIGURE_FREE && scan_try(&s, ":"));
        step.capability = s.rest;
        bool is_bare = step.kind != DEVICE_FIGURE_FREE && field.at[field.len - 1] != ':';
        if (!is_known_word(step.capability) && !(is_bare && step.capability.len == 0))
            return fail(p->err, NULL, ERR_NO_OFFSET,
                    "pattern '%.*s': '{%.*s}' is no field; there is {CAPABILITY} as in {internal}, "
                    "{largest}, {least}, {largest:CAPABILITY}, {name}, {*}",
                    STR_ARG(p->source), STR_ARG(field));
    }
    *vec_push(p->arena, &p->steps) = step;
    return true;
}

/// Takes what stands before the next brace, and the brace's field.
static bool parse_part(struct parser *p, struct str *rest) {
    size_t n = 0;
    while (n < rest->len && rest->at[n] != '{' && !is_blank(rest->at[n]))
        n++;
    add_text(p, (struct str){ rest->at, n });
    *rest = (struct str){ rest->at + n, rest->len - n };
    if (rest->len == 0)
        return true;
    if (is_blank(rest->at[0])) {
        add_blanks(p);
        while (rest->len > 0 && is_blank(rest->at[0]))
            *rest = (struct str){ rest->at + 1, rest->len - 1 };
        return true;
    }
    if (str_starts_with(*rest, STR("{{"))) {
        add_text(p, (struct str){ rest->at, 1 });
        *rest = (struct str){ rest->at + 2, rest->len - 2 };
        return true;
    }
    struct scan s = { { rest->at + 1, rest->len - 1 }, true };
    struct str field = scan_until(&s, "}");
    if (!s.ok || field.len == 0)
        return fail(p->err, NULL, ERR_NO_OFFSET,
                "pattern '%.*s': a brace is %s; a brace that stands for itself is written '{{'",
                STR_ARG(p->source), s.ok ? "empty" : "not closed");
    *rest = s.rest;
    return add_field(p, field);
}

/// Figures without a capability get the one before them, else the next one.
static void spread_capabilities(struct parser *p) {
    struct str last = STR("");
    for (size_t i = 0; i < p->steps.len; i++) {
        struct device_step *step = &p->steps.at[i];
        if (step->type == STEP_NUMBER && step->capability.len == 0)
            step->capability = last;
        else if (step->type == STEP_NUMBER)
            last = step->capability;
    }
    last = STR("internal");
    for (size_t i = p->steps.len; i-- > 0;) {
        struct device_step *step = &p->steps.at[i];
        if (step->type == STEP_NUMBER && step->capability.len == 0)
            step->capability = last;
        else if (step->type == STEP_NUMBER)
            last = step->capability;
    }
}

/// A unit that the pattern has behind a number is the number's.
static void take_units(struct parser *p) {
    for (size_t i = 0; i + 1 < p->steps.len; i++) {
        struct device_step *step = &p->steps.at[i];
        size_t next = p->steps.at[i + 1].type == STEP_BLANKS ? i + 2 : i + 1;
        uint64_t unit;
        if (step->type == STEP_NUMBER && next < p->steps.len &&
                p->steps.at[next].type == STEP_TEXT &&
                unit_length(p->steps.at[next].text, &unit) > 0)
            step->unit = unit;
    }
}

bool device_pattern_parse(
        struct arena *a, struct str source, struct device_pattern *out, struct err *err) {
    struct parser p = { .arena = a, .source = arena_copy(a, source), .err = err };
    for (struct str rest = p.source; rest.len > 0;)
        if (!parse_part(&p, &rest))
            return false;
    uint32_t figures = 0, names = 0;
    for (size_t i = 0; i < p.steps.len; i++) {
        figures += p.steps.at[i].type == STEP_NUMBER;
        names += p.steps.at[i].type == STEP_NAME;
    }
    if (figures == 0 || figures > DEVICE_PATTERN_FIELDS || names > 1 || p.steps.len > STEPS_MOST)
        return fail(err, NULL, ERR_NO_OFFSET, "pattern '%.*s' has %s", STR_ARG(source),
                figures == 0 ? "no figure, such as {internal}"
                : names > 1  ? "more than one {name}"
                             : "too many parts");
    spread_capabilities(&p);
    take_units(&p);
    *out = (struct device_pattern){
        .source = p.source, .steps = p.steps.at, .step_count = (uint32_t)p.steps.len
    };
    return true;
}

// ---- matching

struct matcher {
    const struct device_pattern *pattern;
    struct str text;
    struct device_match *out;
    uint32_t effort; ///< Steps tried.
};

/// Reads digits with separators between thousands; bytes taken, 0 when there is no number, or one that is too large.
static size_t number_length(struct str s, uint64_t *out) {
    size_t n = 0, group = 0;
    uint64_t value = 0;
    char separator = 0;
    while (n < s.len && value < UINT64_C(1) << 50) {
        char c = s.at[n];
        bool separates = (c == ',' || c == '\'' || c == '_') && n > 0 && group <= 3 &&
                         (separator == 0 || (c == separator && group == 3)) && n + 3 < s.len &&
                         is_digit(s.at[n + 1]) && is_digit(s.at[n + 2]) && is_digit(s.at[n + 3]) &&
                         (n + 4 == s.len || !is_digit(s.at[n + 4]));
        if (!is_digit(c) && !separates)
            break;
        n++;
        if (separates) {
            separator = c;
            group = 0;
            continue;
        }
        group++;
        value = value * 10 + (uint64_t)(c - '0');
    }
    *out = value;
    return value < UINT64_C(1) << 50 ? n : 0;
}

/// A fraction behind a number, in thousandths; bytes taken.
static size_t fraction_length(struct str s, uint64_t *thousandths) {
    size_t n = 1;
    uint64_t scale = 100;
    *thousandths = 0;
    if (s.len < 2 || s.at[0] != '.' || !is_digit(s.at[1]))
        return 0;
    for (; n < s.len && is_digit(s.at[n]); n++, scale /= 10)
        *thousandths += (uint64_t)(s.at[n] - '0') * scale;
    return n;
}

/// Reads a figure at the front of `s`: bytes taken, 0 when there is none, or one that is too large.
static size_t figure_length(
        const struct device_step *step, struct str s, struct device_figure *out) {
    uint64_t whole, thousandths = 0, unit = step->unit;
    size_t n = number_length(s, &whole);
    if (n == 0)
        return 0;
    struct str rest = { s.at + n, s.len - n };
    size_t fraction = fraction_length(rest, &thousandths);
    struct str behind = { rest.at + fraction, rest.len - fraction };
    size_t unit_bytes = unit == 0 ? unit_length(behind, &unit) : 0;
    *out = (struct device_figure){ .capability = step->capability, .kind = step->kind };
    if (unit == 0) { // without a unit a point ends the sentence, not the number
        out->bytes = whole;
        return fraction ? 0 : n;
    }
    if (whole >= SCAN_MOST / unit)
        return 0;
    out->bytes = whole * unit + thousandths * unit / 1000;
    out->about = true;
    return n + fraction + unit_bytes;
}

/// Length of what stands between the groups of a number somewhere in the world: one byte, or a character that is no ASCII; 0 when there is none.
static size_t separator_length(struct str s) {
    size_t n = s.len > 0 && (unsigned char)s.at[0] >= 0x80;
    while (n > 0 && n < s.len && ((unsigned char)s.at[n] & 0xc0) == 0x80)
        n++;
    return n > 0 ? n : s.len > 0 && strchr(",.'_", s.at[0]) != NULL;
}

/// Whether `s` begins with three digits and no more: a group of thousands.
static bool is_group(struct str s) {
    return s.len >= 3 && is_digit(s.at[0]) && is_digit(s.at[1]) && is_digit(s.at[2]) &&
           (s.len == 3 || !is_word_byte(s.at[3]));
}

/// Whether `s` begins with a word for bytes, which says nothing that is not known.
static bool is_byte_word(struct str s) {
    static const char *const words[] = { "bytes", "Bytes", "byte", "Byte", "B" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);
        if (str_starts_with(s, str_from(words[i])) && (s.len == len || !is_word_byte(s.at[len])))
            return true;
    }
    return false;
}

/// Type of the step after `index`, of blanks the one behind them; STEP_ANY at the end.
static enum step_type next_type(const struct device_pattern *p, uint32_t index) {
    uint32_t next = index + 1;
    if (next < p->step_count && p->steps[next].type == STEP_BLANKS)
        next++;
    return next < p->step_count ? p->steps[next].type : STEP_ANY;
}

/// Whether the number of step `index`, which ends at `at`, does not go on there. What the pattern has behind it decides by itself.
static bool is_whole(const struct matcher *m, uint32_t index, size_t at) {
    const struct device_pattern *p = m->pattern;
    struct str rest = { m->text.at + at, m->text.len - at };
    if (rest.len == 0 || (index + 1 < p->step_count && p->steps[index + 1].type == STEP_TEXT))
        return true;
    if (is_word_byte(rest.at[0]))
        return is_byte_word(rest);
    size_t n = separator_length(rest);
    if (n > 0)
        return n == rest.len || !is_digit(rest.at[n]);
    return !is_blank(rest.at[0]) || next_type(p, index) == STEP_NUMBER ||
           !is_group((struct str){ rest.at + 1, rest.len - 1 });
}

/// Whether a number's group ends before the separator that stands right before `at`.
static bool is_after_group(const struct matcher *m, size_t at) {
    size_t start = at - 1;
    while (start > 0 && ((unsigned char)m->text.at[start] & 0xc0) == 0x80)
        start--;
    struct str separator = { m->text.at + start, at - start };
    struct str here = { m->text.at + at, m->text.len - at };
    return start > 0 && is_digit(m->text.at[start - 1]) &&
           (separator_length(separator) > 0 || (is_blank(separator.at[0]) && is_group(here)));
}

/// Whether the digits at `at` are the rest of a number or a word. What the pattern has before them decides by itself.
static bool is_inside(const struct matcher *m, uint32_t index, size_t at) {
    bool is_free = index == 0 || m->pattern->steps[index - 1].type >= STEP_NAME;
    if (at == 0)
        return false;
    if (is_word_byte(m->text.at[at - 1]))
        return is_free || is_digit(m->text.at[at - 1]);
    return is_free && is_after_group(m, at);
}

static bool match_from(struct matcher *m, uint32_t index, size_t at);

/// A step that takes as few bytes as possible: tries one more each time.
// NOLINTNEXTLINE(misc-no-recursion): STEPS_MOST bounds it
static bool match_some(struct matcher *m, uint32_t index, size_t at) {
    bool is_name = m->pattern->steps[index].type == STEP_NAME;
    for (size_t len = is_name ? 1 : 0; at + len <= m->text.len; len++) {
        if (!match_from(m, index + 1, at + len))
            continue;
        if (is_name)
            m->out->name = scan_trim((struct str){ m->text.at + at, len });
        return true;
    }
    return false;
}

// NOLINTNEXTLINE(misc-no-recursion): STEPS_MOST bounds it
static bool match_number(struct matcher *m, uint32_t index, size_t at) {
    struct device_figure figure;
    struct str rest = { m->text.at + at, m->text.len - at };
    size_t len =
            is_inside(m, index, at) ? 0 : figure_length(&m->pattern->steps[index], rest, &figure);
    if (len == 0 || !is_whole(m, index, at + len))
        return false;
    uint32_t mine = m->out->count++;
    m->out->figures[mine] = figure;
    if (index + 1 == m->pattern->step_count)
        m->out->ends_open = at + len == m->text.len;
    if (match_from(m, index + 1, at + len))
        return true;
    m->out->count = mine;
    return false;
}

// NOLINTNEXTLINE(misc-no-recursion): STEPS_MOST bounds it
static bool match_from(struct matcher *m, uint32_t index, size_t at) {
    if (index == m->pattern->step_count)
        return true;
    if (m->effort++ > EFFORT_MOST)
        return false;
    const struct device_step *step = &m->pattern->steps[index];
    struct str rest = { m->text.at + at, m->text.len - at };
    size_t blanks = 0;
    switch (step->type) {
    case STEP_TEXT:
        return str_starts_with(rest, step->text) && match_from(m, index + 1, at + step->text.len);
    case STEP_BLANKS:
        while (blanks < rest.len && is_blank(rest.at[blanks]))
            blanks++;
        return match_from(m, index + 1, at + blanks);
    case STEP_NUMBER:
        return match_number(m, index, at);
    case STEP_NAME:
    case STEP_ANY:
        return match_some(m, index, at);
    }
    return false;
}

/// The first index from `at` on at which the pattern's first words stand; of a pattern that begins otherwise any.
static size_t next_start(const struct device_pattern *p, struct str text, size_t at) {
    if (at >= text.len || p->steps[0].type != STEP_TEXT)
        return at;
    size_t found = scan_find((struct str){ text.at + at, text.len - at }, p->steps[0].text);
    return found == SIZE_MAX ? text.len : at + found;
}

bool device_pattern_match(
        const struct device_pattern *p, struct str text, struct device_match *out) {
    struct matcher m = { .pattern = p, .text = text, .out = out };
    out->count = 0;
    out->name = STR("");
    out->ends_open = false;
    for (size_t at = next_start(p, text, 0); at < text.len && m.effort <= EFFORT_MOST;
            at = next_start(p, text, at + 1))
        if (match_from(&m, 0, at))
            return true;
    return false;
}

struct str device_pattern_capability(const struct device_pattern *p, uint32_t index) {
    for (uint32_t i = 0; i < p->step_count; i++)
        if (p->steps[i].type == STEP_NUMBER && index-- == 0)
            return p->steps[i].capability;
    return STR("");
}
