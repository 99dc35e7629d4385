// What a project's configuration says about a target, and what its options cost: `kconfig`, `option` and `unmodelled` of a target's file.
#include "target_read.h"

// ---- kconfig SYMBOL [VALUE] sets PARAMETER [VALUE]

static bool find_parameter(
        struct target_reader *r, const struct conf_line *line, struct str name, uint32_t *out) {
    for (*out = 0; *out < r->target->parameter_count; ++*out)
        if (str_equal(r->target->parameters[*out].name, name))
            return true;
    return target_fail(r, line, "there is no parameter '%s'", name.at);
}

bool target_read_kconfig(struct target_reader *r, const struct conf_line *line) {
    struct target_kconfig *k = &r->target->kconfig[r->target->kconfig_count];
    bool has_value = line->word_count > 2 && !str_equal(line->words[2], STR("sets"));
    uint32_t sets = has_value ? 3 : 2;
    if (!target_word_count(r, line, sets + 2, sets + 3,
                "a symbol, perhaps its value, 'sets', a parameter, and perhaps its value"))
        return false;
    if (!str_equal(line->words[sets], STR("sets")))
        return target_fail(r, line, "'sets' is missing before the parameter");
    k->symbol = line->words[1];
    k->value = has_value ? line->words[2] : STR("");
    k->sets = target_word_or_empty(line, sets + 2);
    k->source = target_source(r, line);
    r->target->kconfig_count++;
    return find_parameter(r, line, line->words[sets + 1], &k->parameter);
}

// ---- option SYMBOL DEFAULT "words for people"

static bool read_default(
        struct target_reader *r, const struct conf_line *line, struct target_option *o) {
    struct str word = line->words[2];
    o->is_switch = str_equal(word, STR("y")) || str_equal(word, STR("n"));
    o->by_default = str_equal(word, STR("y"));
    return o->is_switch || target_number(r, line, 2, "the default", &o->by_default);
}

/// "each 1600", "each -24576 psram".
static bool read_each(
        struct target_reader *r, const struct conf_line *line, struct target_option *o) {
    if (!target_word_count(r, line, 2, 3, "bytes, and perhaps a region"))
        return false;
    bool frees = line->words[1].len > 1 && line->words[1].at[0] == '-';
    struct str digits = { line->words[1].at + frees, line->words[1].len - frees };
    uint64_t bytes;
    if (!conf_parse_number(digits, &bytes) || bytes > UINT32_MAX)
        return target_fail(r, line, "'%s' is no number of bytes", line->words[1].at);
    o->each_bytes = frees ? -(int64_t)bytes : (int64_t)bytes;
    if (line->word_count > 2)
        o->region = target_find_region(r->target, line->words[2]);
    return o->region != TARGET_NONE ||
           target_fail(r, line, "there is no region '%s'", line->words[2].at);
}

static bool read_detail(
        struct target_reader *r, const struct conf_line *line, struct target_option *o) {
    struct str key = line->words[0];
    if (str_equal(key, STR("each")))
        return read_each(r, line, o);
    if (str_equal(key, STR("of"))) {
        o->of = (struct target_words){ line->words + 1, line->word_count - 1 };
        return target_word_count(r, line, 2, UINT32_MAX, "names of components or archives");
    }
    if (!target_word_count(r, line, 2, 2, "one word"))
        return false;
    if (str_equal(key, STR("least")))
        return target_number(r, line, 1, "the least", &o->least);
    if (str_equal(key, STR("needs")))
        o->needs = line->words[1];
    else if (str_equal(key, STR("unless")))
        o->unless = line->words[1];
    else
        o->price = line->words[1];
    return true;
}

bool target_read_option(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "each", "least", "needs", "of", "price", "unless", NULL };
    struct target_option *o = &r->target->options[r->target->option_count];
    struct target_lines lines;
    if (!target_word_count(r, line, 4, 4, "a symbol, its default, and words for people") ||
            !target_active_lines(r, line->children, keys, &lines) || !read_default(r, line, o))
        return false;
    o->symbol = line->words[1];
    o->about = line->words[3];
    o->source = target_source(r, line);
    o->needs = o->unless = o->price = STR("");
    for (uint32_t i = 0; i < lines.count; i++)
        if (!read_detail(r, lines.at[i], o))
            return false;
    if (o->each_bytes == 0)
        return target_fail(r, line, "an option needs a line 'each': what a unit of it costs");
    r->target->option_count++;
    return true;
}

// ---- unmodelled SYMBOL [VALUE] "what it changes"

bool target_read_unmodelled(struct target_reader *r, const struct conf_line *line) {
    struct target_unmodelled *u = &r->target->unmodelled[r->target->unmodelled_count];
    if (!target_word_count(r, line, 3, 4, "a symbol, perhaps its value, and what it changes"))
        return false;
    u->symbol = line->words[1];
    u->value = line->word_count > 3 ? line->words[2] : STR("y");
    u->about = line->words[line->word_count - 1];
    u->source = target_source(r, line);
    r->target->unmodelled_count++;
    return true;
}
