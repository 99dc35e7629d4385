/// Reading observed figures. What they mean for a report (which bytes nobody explains) is not
/// decided here.
#include "observed.h"

#include "text.h"

struct reader {
    struct arena *arena;
    struct conf conf;
    const struct target *target;
    struct observed *out;
    struct err *err;
};

static bool is_figure(struct str word) {
    uint64_t ignored;
    return str_equal(word, STR("about")) || str_equal(word, STR("unknown")) ||
           conf_parse_number(word, &ignored);
}

/// Bits of `word`; a message with the capabilities there are when it is none.
static bool read_capability(
        struct reader *r, const struct conf_line *line, struct str word, uint32_t *out) {
    *out = target_find_capability(r->target, word);
    if (*out) {
        return true;
    }
    struct text list = { .arena = r->arena };
    for (uint32_t i = 0; i < r->target->capability_count; i++) {
        text_printf(&list, "%s%s", i ? ", " : "", r->target->capabilities[i].name.at);
    }
    return fail_line(r->err, r->conf.path, line->number,
            "'%s' is neither a figure nor a capability of target '%s'; there is: %s", word.at,
            r->target->name.at, list.at);
}

/// `N`, `about N` or `unknown` from word `index` to the end of the line.
static bool read_figure(struct reader *r, const struct conf_line *line, uint32_t index,
        struct observed_figure *out) {
    if (index < line->word_count) {
        out->about = str_equal(line->words[index], STR("about"));
        out->known = !str_equal(line->words[index], STR("unknown"));
    }
    index += out->about ? 1 : 0;
    if (index + 1 < line->word_count) {
        return fail_line(r->err, r->conf.path, line->number,
                "'free' ends in a figure: N, 'about N' or 'unknown', not '%s'",
                line->words[index + 1].at);
    }
    out->free_bytes = 0;
    return (index < line->word_count && !out->known) ||
           conf_number(&r->conf, line, index, "the figure", &out->free_bytes, r->err);
}

static bool check_once(
        struct reader *r, const struct conf_line *line, const struct observed_figure *figure) {
    for (uint32_t i = 0; i < r->out->count; i++) {
        const struct observed_figure *other = &r->out->figures[i];
        if (other->asks == figure->asks && str_equal(other->checkpoint, figure->checkpoint)) {
            return fail_line(r->err, r->conf.path, line->number,
                    "'%s' was observed in line %u already", figure->checkpoint.at,
                    (unsigned)other->line);
        }
    }
    return true;
}

static bool read_line(struct reader *r, const struct conf_line *line) {
    static const char *const none[] = { NULL };
    struct observed_figure figure = {
        .capability = STR("internal"),
        .source = line->comment.len ? arena_copy(r->arena, line->comment) : STR(""),
        .line = line->number,
        .known = true,
    };
    if (!conf_check_keys(&r->conf, line->children, none, r->err) ||
            !conf_word(&r->conf, line, 1, "a checkpoint", &figure.checkpoint, r->err)) {
        return false;
    }
    uint32_t next = 2;
    if (line->word_count > 2 && !is_figure(line->words[2])) {
        figure.capability = line->words[2];
        next = 3;
    }
    if (!read_capability(r, line, figure.capability, &figure.asks) ||
            !read_figure(r, line, next, &figure) || !check_once(r, line, &figure)) {
        return false;
    }
    r->out->figures[r->out->count++] = figure;
    return true;
}

bool observed_read(struct arena *a, const struct conf *file, const struct target *target,
        struct observed *out, struct err *err) {
    static const char *const keys[] = { "free", NULL };
    struct reader r = { .arena = a, .conf = *file, .target = target, .out = out, .err = err };
    *out = (struct observed){ 0 };
    if (!conf_check_keys(&r.conf, r.conf.lines, keys, err)) {
        return false;
    }
    out->path = r.conf.path;
    uint32_t lines = 0;
    for (const struct conf_line *line = r.conf.lines; line; line = line->next) {
        lines++;
    }
    out->figures = NEW_ARRAY(a, struct observed_figure, lines);
    for (const struct conf_line *line = r.conf.lines; line; line = line->next) {
        if (!read_line(&r, line)) {
            return false;
        }
    }
    return true;
}

void observed_match(struct observed *o, const struct str *checkpoints, uint32_t count) {
    for (uint32_t i = 0; i < o->count; i++) {
        o->figures[i].in_run = false;
        for (uint32_t c = 0; c < count && !o->figures[i].in_run; c++) {
            o->figures[i].in_run = str_equal(o->figures[i].checkpoint, checkpoints[c]);
        }
    }
}

const struct observed_figure *observed_find(
        const struct observed *o, struct str checkpoint, uint32_t asks) {
    for (uint32_t i = 0; i < o->count; i++) {
        const struct observed_figure *figure = &o->figures[i];
        if (figure->known && figure->asks == asks && str_equal(figure->checkpoint, checkpoint)) {
            return figure;
        }
    }
    return NULL;
}

bool observed_counts(
        const struct target *t, const struct observed_figure *figure, uint32_t region) {
    for (uint32_t i = 0; i < t->heap_count; i++) {
        if (t->heaps[i].region == region && target_heap_has(&t->heaps[i], figure->asks)) {
            return true;
        }
    }
    return false;
}
