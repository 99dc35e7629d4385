// See settings.h.
#include "settings.h"

#include "conf.h"

static bool check_words(
        const struct conf *c, const struct conf_line *line, uint32_t count, struct err *err) {
    if (line->children != NULL)
        return fail_line(
                err, c->path, line->children->number, "nothing belongs to '%s'", line->words[0].at);
    return line->word_count == count ||
           fail_line(err, c->path, line->number, "'%s' takes %s", line->words[0].at,
                   count == 2 ? "a name" : "a parameter and its value");
}

static bool read_line(struct arena *a, const struct conf *c, const struct conf_line *line,
        struct settings *out, struct err *err) {
    bool is_target = str_equal(line->words[0], STR("target"));
    if (!check_words(c, line, is_target ? 2 : 3, err))
        return false;
    if (!is_target) {
        out->options[out->count++] = arena_printf(a, "%s=%s", line->words[1].at, line->words[2].at);
        return true;
    }
    if (out->target.len)
        return fail_line(err, c->path, line->number, "the target is named twice");
    out->target = line->words[1];
    return true;
}

bool settings_read(struct arena *a, const char *path, struct settings *out, struct err *err) {
    static const char *const keys[] = { "target", "set", NULL };
    struct conf c;
    *out = (struct settings){ .target = STR("") };
    if (!conf_read(a, path, &c, err) || !conf_check_keys(&c, c.lines, keys, err))
        return false;
    uint32_t lines = 0;
    for (const struct conf_line *line = c.lines; line != NULL; line = line->next)
        lines++;
    out->options = NEW_ARRAY(a, const char *, lines);
    for (const struct conf_line *line = c.lines; line != NULL; line = line->next)
        if (!read_line(a, &c, line, out, err))
            return false;
    return true;
}
