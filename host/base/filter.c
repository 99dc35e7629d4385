// See filter.h. A recursive descent over words, with bounded depth:
//
//     either:  both { "or" both }
//     both:    one { ["and"] one }
//     one:     "not" one  |  "(" either ")"  |  FIELD=GLOB  |  WORD
#include "filter.h"

#include "suggest.h"
#include "text.h"

enum kind { FILTER_TERM, FILTER_ANY, FILTER_AND, FILTER_OR, FILTER_NOT };

struct filter_node {
    enum kind kind;
    uint32_t field;                   ///< Of a term.
    struct str glob;                  ///< Of a term and of a bare word.
    struct filter_node *left, *right; ///< `right` is NULL for a NOT.
    uint32_t field_count;             ///< Of a bare word: all of them.
};

enum token_kind { TOKEN_END, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_WORD };

struct parser {
    struct arena *a;
    struct str text;
    const char *const *fields;
    uint32_t field_count;
    struct filter *out;
    struct err *err;
    size_t at;
    unsigned depth;
    unsigned terms;        ///< Conditions so far.
    enum token_kind token; ///< The one ahead.
    struct str word;       ///< Without quotes.
    size_t equals;         ///< Of a word: where its first unquoted '=' is; its length without one.
    size_t start;          ///< Where it begins in the text.
    bool is_quoted;        ///< Quotes were in it: it is no operator.
};

// ---- words

static bool fail_here(struct parser *p, const char *what) {
    enum { SHOWN = 40 };
    struct str rest = { p->text.at + p->start, p->text.len - p->start };
    if (rest.len == 0)
        return fail(p->err, NULL, ERR_NO_OFFSET, "filter, at its end: %s", what);
    return fail(p->err, NULL, ERR_NO_OFFSET, "filter, at '%.*s%s': %s",
            (int)(rest.len > SHOWN ? SHOWN : rest.len), rest.at, rest.len > SHOWN ? "..." : "",
            what);
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n';
}

/// Takes a word; what stands in double quotes belongs to it with spaces and brackets.
static bool take_word(struct parser *p) {
    char *to = NEW_ARRAY(p->a, char, p->text.len - p->at + 1);
    bool quoted = false;
    size_t len = 0;
    p->equals = SIZE_MAX;
    p->is_quoted = false;
    for (; p->at < p->text.len; p->at++) {
        char c = p->text.at[p->at];
        if (c == '"') {
            quoted = !quoted;
            p->is_quoted = true;
            continue;
        }
        if (!quoted && (is_space(c) || c == '(' || c == ')'))
            break;
        if (!quoted && c == '=' && p->equals == SIZE_MAX)
            p->equals = len;
        to[len++] = c;
    }
    p->token = TOKEN_WORD;
    p->word = (struct str){ to, len };
    p->equals = p->equals == SIZE_MAX ? len : p->equals;
    return !quoted || fail_here(p, "a quote is not closed");
}

static bool next(struct parser *p) {
    while (p->at < p->text.len && is_space(p->text.at[p->at]))
        p->at++;
    p->start = p->at;
    p->word = STR("");
    p->is_quoted = false;
    if (p->at == p->text.len) {
        p->token = TOKEN_END;
        return true;
    }
    char c = p->text.at[p->at];
    if (c != '(' && c != ')')
        return take_word(p);
    p->token = c == '(' ? TOKEN_OPEN : TOKEN_CLOSE;
    p->at++;
    return true;
}

static bool is_operator(const struct parser *p, const char *name) {
    return p->token == TOKEN_WORD && !p->is_quoted && str_equal(p->word, str_from(name));
}

// ---- the tree

static struct filter_node *node(
        struct parser *p, enum kind kind, struct filter_node *left, struct filter_node *right) {
    struct filter_node *n = NEW(p->a, struct filter_node);
    *n = (struct filter_node){ .kind = kind, .left = left, .right = right, .glob = STR("") };
    return n;
}

static bool fail_field(struct parser *p, struct str name) {
    struct suggest near = { .word = name };
    struct text list = { .arena = p->a };
    for (uint32_t i = 0; i < p->field_count; i++) {
        suggest_offer(&near, p->fields[i]);
        text_printf(&list, "%s%s", i ? ", " : "", p->fields[i]);
    }
    const char *what = arena_printf(p->a, "there is no field '%.*s'%s%s%s; there is: %s",
            STR_ARG(name), near.best ? ", did you mean '" : "", near.best ? near.best : "",
            near.best ? "'?" : "", list.at);
    return fail_here(p, what);
}

/// "field=glob", or a word that any field may hold.
static bool parse_term(struct parser *p, struct filter_node **out) {
    struct str name = { p->word.at, p->equals };
    if (++p->terms > FILTER_TERMS_MAX)
        return fail_here(p, "it has too many conditions; a glob may stand for many of them");
    *out = node(p, FILTER_ANY, NULL, NULL);
    if (p->equals == p->word.len) {
        (*out)->glob = str_from(arena_printf(p->a, "*%.*s*", STR_ARG(p->word)));
        (*out)->field_count = p->field_count;
        p->out->used = UINT32_MAX;
        return next(p);
    }
    (*out)->kind = FILTER_TERM;
    (*out)->glob = (struct str){ p->word.at + p->equals + 1, p->word.len - p->equals - 1 };
    for (uint32_t i = 0; i < p->field_count; i++)
        if (str_equal(name, str_from(p->fields[i]))) {
            (*out)->field = i;
            p->out->used |= UINT32_C(1) << i;
            return next(p);
        }
    return fail_field(p, name);
}

static bool parse_either(struct parser *p, struct filter_node **out);

// NOLINTNEXTLINE(misc-no-recursion): FILTER_DEEPEST bounds it
static bool parse_one(struct parser *p, struct filter_node **out) {
    if (++p->depth > FILTER_DEEPEST)
        return fail_here(p, "it nests too deep");
    bool done = false;
    if (is_operator(p, "not")) {
        struct filter_node *inner = NULL;
        done = next(p) && parse_one(p, &inner);
        *out = node(p, FILTER_NOT, inner, NULL);
    } else if (p->token == TOKEN_OPEN) {
        done = next(p) && parse_either(p, out) &&
               (p->token == TOKEN_CLOSE || fail_here(p, "')' is missing")) && next(p);
    } else if (p->token != TOKEN_WORD || is_operator(p, "and") || is_operator(p, "or")) {
        done = fail_here(p, "a condition is missing, such as kind=zero");
    } else {
        done = parse_term(p, out);
    }
    p->depth--;
    return done;
}

// NOLINTNEXTLINE(misc-no-recursion): FILTER_DEEPEST bounds it
static bool parse_both(struct parser *p, struct filter_node **out) {
    if (!parse_one(p, out))
        return false;
    while (p->token != TOKEN_END && p->token != TOKEN_CLOSE && !is_operator(p, "or")) {
        struct filter_node *right = NULL;
        if ((is_operator(p, "and") && !next(p)) || !parse_one(p, &right))
            return false;
        *out = node(p, FILTER_AND, *out, right);
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): FILTER_DEEPEST bounds it
static bool parse_either(struct parser *p, struct filter_node **out) {
    if (!parse_both(p, out))
        return false;
    while (is_operator(p, "or")) {
        struct filter_node *right = NULL;
        if (!next(p) || !parse_both(p, &right))
            return false;
        *out = node(p, FILTER_OR, *out, right);
    }
    return true;
}

bool filter_parse(struct arena *a, struct str text, const char *const *fields, struct filter *out,
        struct err *err) {
    struct parser p = {
        .a = a, .text = arena_copy(a, text), .fields = fields, .out = out, .err = err
    };
    *out = (struct filter){ .root = NULL };
    while (fields[p.field_count])
        p.field_count++;
    if (!next(&p))
        return false;
    if (p.token == TOKEN_END)
        return true;
    return parse_either(&p, &out->root) &&
           (p.token == TOKEN_END || fail_here(&p, "there is a ')' too many"));
}

// ---- asking

struct question {
    const struct filter *filter;
    filter_value *value;
    void *self;
    const void *row;
};

static bool has(const struct question *q, uint32_t field, struct str glob) {
    struct str value = q->value(q->self, q->row, field);
    if (str_matches(value, glob))
        return true;
    if (value.len == 0)
        return str_equal(glob, STR("-"));
    struct str other = q->filter->also ? q->filter->also(q->self, q->row, field) : STR("");
    return other.len != 0 && str_matches(other, glob);
}

// NOLINTNEXTLINE(misc-no-recursion): FILTER_DEEPEST and FILTER_TERMS_MAX bound it
static bool accepts(const struct filter_node *n, const struct question *q) {
    switch (n->kind) {
    case FILTER_AND:
        return accepts(n->left, q) && accepts(n->right, q);
    case FILTER_OR:
        return accepts(n->left, q) || accepts(n->right, q);
    case FILTER_NOT:
        return !accepts(n->left, q);
    case FILTER_TERM:
        return has(q, n->field, n->glob);
    case FILTER_ANY:
        break;
    }
    for (uint32_t i = 0; i < n->field_count; i++)
        if (has(q, i, n->glob))
            return true;
    return false;
}

bool filter_accepts(const struct filter *f, filter_value *value, void *self, const void *row) {
    struct question q = { .filter = f, .value = value, .self = self, .row = row };
    return f->root == NULL || accepts(f->root, &q);
}
