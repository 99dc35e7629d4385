// See plan_site.h.
#include "plan_site.h"

#include "code_names.h"
#include "containers.h"

// ---- reading

/// The only line of that name below `line`, with `least` to `most` words behind the key; `*out` NULL when there is none.
static bool find_one(const struct conf *c, const struct conf_line *line, const char *key,
        uint32_t least, uint32_t most, const struct conf_line **out, struct err *err) {
    struct conf_line *found = conf_find(line->children, key);
    *out = found;
    if (found == NULL)
        return true;
    if (conf_next(found) != NULL)
        return fail_line(err, c->path, conf_next(found)->number, "'%s' was said in line %u already",
                key, (unsigned)found->number);
    if (found->word_count <= least || found->word_count - 1 > most || found->children)
        return fail_line(err, c->path, found->number, "'%s' takes %s, and nothing below it", key,
                most == 1   ? "one word"
                : most == 2 ? "one word or two"
                : most == 3 ? "a name, a rank and a count"
                            : "names");
    return true;
}

static bool read_word(const struct conf *c, const struct conf_line *line, const char *key,
        struct str *out, struct err *err) {
    const struct conf_line *found;
    if (!find_one(c, line, key, 1, 1, &found, err))
        return false;
    *out = found ? found->words[1] : STR("");
    return true;
}

static bool read_names(const struct conf *c, const struct conf_line *line, const char *key,
        struct str **out, uint32_t *count, struct err *err) {
    const struct conf_line *found;
    if (!find_one(c, line, key, 1, UINT32_MAX, &found, err))
        return false;
    *out = found ? &found->words[1] : NULL;
    *count = found ? found->word_count - 1 : 0;
    return true;
}

static bool read_number(const struct conf *c, const struct conf_line *line, uint32_t index,
        const char *what, uint32_t *out, struct err *err) {
    uint64_t value;
    if (!conf_number(c, line, index, what, &value, err))
        return false;
    if (value > UINT32_MAX)
        return fail_line(err, c->path, line->number, "%s is '%s', which is too large", what,
                line->words[index].at);
    *out = (uint32_t)value;
    return true;
}

bool plan_site_read(struct arena *a, const struct conf *c, const struct conf_line *line,
        struct plan_site *out, struct err *err) {
    (void)a;
    const struct conf_line *function, *file, *call, *asks;
    *out = (struct plan_site){ .linkage = STR("") };
    out->function = out->file = STR("");
    if (!read_word(c, line, "component", &out->component, err) ||
            !read_word(c, line, "inside", &out->inside, err) ||
            !find_one(c, line, "asks", 1, 3, &asks, err) ||
            !find_one(c, line, "function", 1, 2, &function, err) ||
            !find_one(c, line, "file", 1, 2, &file, err) ||
            !find_one(c, line, "call", 1, 1, &call, err) ||
            !read_names(c, line, "stack", &out->callers, &out->caller_count, err) ||
            !read_names(c, line, "through", &out->through, &out->through_count, err))
        return false;
    if (function) {
        out->linkage = function->words[1];
        out->function = function->word_count > 2 ? function->words[2] : STR("");
    }
    if (file)
        out->file = file->words[1];
    if (file && file->word_count > 2 &&
            !read_number(c, file, 2, "the line", &out->source_line, err))
        return false;
    out->asks = asks ? asks->words[1] : STR("");
    if (asks && asks->word_count > 2 &&
            (!read_number(c, asks, 2, "the rank", &out->asks_rank, err) ||
                    !read_number(c, asks, 3, "the number of places", &out->asks_count, err)))
        return false;
    return !call || read_number(c, call, 1, "the number of the call", &out->call, err);
}

// ---- asking

bool plan_site_narrows(
        const struct plan_site *s, const struct owner_frame *frames, size_t count, size_t owner) {
    uint32_t met = 0;
    for (size_t i = owner + 1; i < count && met < s->through_count; i++)
        met += code_name_matches(frames[i].frame->function, s->through[met]);
    return met == s->through_count;
}

// ---- describing

/// What the owner's code calls: the container, else the frame inside of it.
static struct str asked_by(const struct owner_frame *frames, size_t count, size_t owner) {
    struct container c = container_of(frames, count, owner);
    if (c.type.len != 0)
        return c.type;
    struct str inner = owner > 0 && owner < count ? frames[owner - 1].frame->function : STR("");
    return inner.len != 0 ? code_name_plain(inner) : STR("memory");
}

struct str plan_site_asks(struct owners *o, uint32_t stack) {
    size_t count, owner;
    const struct owner_frame *frames = owners_walk(o, stack, &count, &owner);
    return asked_by(frames, count, owner);
}

static void add_callers(struct arena *a, struct owners *o, const struct owner_frame *frames,
        size_t count, size_t owner, struct plan_site *s) {
    s->callers = NEW_ARRAY(a, struct str, PLAN_SITE_CALLERS);
    for (size_t i = owner + 1; i < count && s->caller_count < PLAN_SITE_CALLERS; i++) {
        bool is_named = frames[i].frame->function.len != 0;
        if (is_named && !component_is_transparent(o->map, frames[i].component))
            s->callers[s->caller_count++] = code_name_plain(frames[i].frame->function);
    }
}

struct plan_site plan_site_of(struct arena *a, struct owners *o, uint32_t stack) {
    size_t count, owner;
    const struct owner_frame *frames = owners_walk(o, stack, &count, &owner);
    struct plan_site s = { .component = STR("") };
    s.linkage = s.function = s.inside = s.file = s.asks = STR("");
    if (owner == count)
        return s;
    const struct frame *f = frames[owner].frame;
    s.component = owners_component_name(o, frames[owner].component);
    s.linkage = f->linkage.len != 0 ? f->linkage : f->function;
    s.function = str_equal(f->function, s.linkage) ? STR("") : f->function;
    s.inside = f->inlined ? frames[owner].outer->linkage : STR("");
    s.file = str_base_name(f->file);
    s.source_line = f->line;
    s.call = f->ordinal;
    s.asks = asked_by(frames, count, owner);
    add_callers(a, o, frames, count, owner, &s);
    return s;
}
