// See plan_static.h.
#include "plan_static.h"

#include "memories.h"
#include "plan.h"
#include "text.h"
#include "vec.h"

enum { AT_NAME = 1, AT_KIND, AT_MEMORY, AT_KEEPER };

static const enum footprint_kind movable[] = { FOOTPRINT_ZERO, FOOTPRINT_CONSTANT, FOOTPRINT_DATA,
    FOOTPRINT_CODE };
enum { MOVABLE = sizeof movable / sizeof movable[0] };

const char *plan_static_kind(enum footprint_kind kind) {
    for (unsigned i = 0; i < MOVABLE; i++)
        if (movable[i] == kind)
            return footprint_kind_names[kind];
    return NULL;
}

// ---- reading

/// Cuts "a:b:c" at the first colon; what is behind it, "" without one.
static struct str cut_colon(struct str *s) {
    const char *colon = s->len ? memchr(s->at, ':', s->len) : NULL;
    if (colon == NULL)
        return STR("");
    struct str behind = { colon + 1, s->len - (size_t)(colon - s->at) - 1 };
    s->len = (size_t)(colon - s->at);
    return behind;
}

static bool read_name(const struct conf *c, const struct conf_line *line, struct plan_static *out,
        struct err *err) {
    out->archive = line->words[AT_NAME];
    out->object = cut_colon(&out->archive);
    out->symbol = cut_colon(&out->object);
    if (out->archive.len == 0 || (out->object.len == 0 && out->symbol.len != 0))
        return fail_line(err, c->path, line->number,
                "'%s' names no archive; it is ARCHIVE, ARCHIVE:OBJECT or ARCHIVE:OBJECT:SYMBOL",
                line->words[AT_NAME].at);
    return true;
}

static bool read_kind(const struct conf *c, const struct conf_line *line, struct plan_static *out,
        struct err *err) {
    for (unsigned i = 0; i < MOVABLE; i++) {
        out->kind = movable[i];
        if (str_equal(line->words[AT_KIND], str_from(footprint_kind_names[movable[i]])))
            return true;
    }
    return fail_line(err, c->path, line->number,
            "'static' moves 'zero', 'constant', 'data' or 'code', not '%s'",
            line->words[AT_KIND].at);
}

static bool fail_memory(struct arena *a, const struct conf *c, const struct conf_line *line,
        const struct target *target, const struct memories *m, struct err *err) {
    struct text list = { .arena = a };
    for (uint32_t i = 0; i < m->count; i++)
        text_printf(&list, "%s%.*s", i ? ", " : "", STR_ARG(m->list[i].name));
    return fail_line(err, c->path, line->number, "target '%s' has no memory '%s'; there is: %s",
            target->name.at, line->words[AT_MEMORY].at, list.at);
}

uint32_t plan_static_bit(enum footprint_kind kind) {
    return kind == FOOTPRINT_ZERO       ? TARGET_STATIC_ZERO
           : kind == FOOTPRINT_CONSTANT ? TARGET_STATIC_CONSTANT
           : kind == FOOTPRINT_DATA     ? TARGET_STATIC_DATA
                                        : TARGET_STATIC_CODE;
}

static bool can_hold(const struct conf *c, const struct conf_line *line,
        const struct target *target, const struct plan_static *s, struct err *err) {
    return target_can_hold(target, s->memory, plan_static_bit(s->kind)) ||
           fail_line(err, c->path, line->number, "on target '%s' no linker can put %s into %s",
                   target->name.at, footprint_kind_names[s->kind], s->memory.at);
}

static bool read_memory(struct arena *a, const struct conf *c, const struct conf_line *line,
        const struct target *target, struct plan_static *out, struct err *err) {
    struct memories m;
    memories_of(a, target, NULL, NULL, &m);
    out->memory = line->words[AT_MEMORY];
    for (uint32_t i = 0; i < m.count; i++)
        if (str_equal(m.list[i].name, out->memory))
            return can_hold(c, line, target, out, err);
    return fail_memory(a, c, line, target, &m, err);
}

static bool read_keeper(const struct conf *c, const struct conf_line *line, struct plan_static *out,
        struct err *err) {
    if (line->word_count <= AT_KEEPER)
        return true;
    struct str word = line->words[AT_KEEPER];
    bool is_pin = str_equal(word, STR("pin"));
    out->keeper = is_pin ? PLAN_PINNED : PLAN_AUTO;
    if (line->word_count == AT_KEEPER + 1 && (is_pin || str_equal(word, STR("auto"))))
        return true;
    return fail_line(err, c->path, line->number,
            "'static' takes a name, a kind and a memory, behind them at most 'pin' or 'auto'; not "
            "'%s'",
            line->words[line->word_count - 1].at);
}

static bool is_same(const struct plan_static *a, const struct plan_static *b) {
    return a->kind == b->kind && str_equal(a->archive, b->archive) &&
           str_equal(a->object, b->object) && str_equal(a->symbol, b->symbol);
}

static bool is_new(const struct conf *c, const struct plan_statics *s,
        const struct plan_static *added, struct err *err) {
    for (size_t i = 0; i < s->len; i++)
        if (is_same(&s->at[i], added))
            return fail_line(err, c->path, added->line,
                    "where this lies was said in line %u already", (unsigned)s->at[i].line);
    return true;
}

/// The `reason` and `evidence` lines below it.
static bool read_why(struct arena *a, const struct conf *c, const struct conf_line *line,
        struct plan_static *out, struct err *err) {
    static const char *const keys[] = { "reason", "evidence", NULL };
    if (!conf_check_keys(c, line->children, keys, err))
        return false;
    for (const struct conf_line *child = line->children; child; child = child->next) {
        struct str words = conf_words(a, child, 1);
        if (str_equal(child->words[0], STR("reason")))
            out->reason = words;
        else
            out->evidence = words;
    }
    return true;
}

bool plan_static_read(struct arena *a, const struct conf *c, const struct conf_line *line,
        const struct target *target, struct plan_statics *out, struct err *err) {
    struct plan_static s = { .line = line->number, .reason = STR(""), .evidence = STR("") };
    if (line->word_count <= AT_MEMORY)
        return fail_line(err, c->path, line->number,
                "'static' takes ARCHIVE[:OBJECT[:SYMBOL]], a kind and a memory: static "
                "libnet.a zero psram");
    if (!read_why(a, c, line, &s, err) || !read_name(c, line, &s, err) ||
            !read_kind(c, line, &s, err) || !read_memory(a, c, line, target, &s, err) ||
            !read_keeper(c, line, &s, err) || !is_new(c, out, &s, err))
        return false;
    *vec_push(a, out) = s;
    return true;
}

// ---- asking

static int strength(const struct plan_static *s) {
    return s->symbol.len ? 2 : s->object.len ? 1 : 0;
}

static bool names(
        const struct plan_static *s, struct str archive, struct str object, struct str symbol) {
    return str_matches(archive, s->archive) &&
           (s->object.len == 0 || str_matches(object, s->object)) &&
           (s->symbol.len == 0 || str_matches(symbol, s->symbol));
}

const struct plan_static *plan_static_for(const struct plan_statics *s, struct str archive,
        struct str object, struct str symbol, enum footprint_kind kind) {
    const struct plan_static *found = NULL;
    archive = str_base_name(archive);
    for (size_t i = 0; i < s->len; i++) {
        const struct plan_static *one = &s->at[i];
        if (one->kind == kind && names(one, archive, object, symbol) &&
                (found == NULL || strength(one) >= strength(found)))
            found = one;
    }
    return found;
}

struct str plan_static_name(struct arena *a, const struct plan_static *s) {
    return str_from(
            arena_printf(a, "%.*s%s%.*s%s%.*s", STR_ARG(s->archive), s->object.len ? ":" : "",
                    STR_ARG(s->object), s->symbol.len ? ":" : "", STR_ARG(s->symbol)));
}
