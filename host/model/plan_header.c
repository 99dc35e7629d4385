// See plan_header.h.
#include "plan_header.h"

#include "owners.h"

#include <inttypes.h>

/// The only line of that name; `*out` NULL when there is none. False when there are two, or too few words, or lines below it.
static bool find_one(const struct conf *c, const char *key, uint32_t words, const char *takes,
        const struct conf_line **out, struct err *err) {
    struct conf_line *line = conf_find(c->lines, key);
    *out = line;
    if (line == NULL)
        return true;
    if (conf_next(line) != NULL)
        return fail_line(err, c->path, conf_next(line)->number, "'%s' was said in line %u already",
                key, (unsigned)line->number);
    if (line->word_count < words || line->children)
        return fail_line(
                err, c->path, line->number, "'%s' takes %s, and nothing below it", key, takes);
    return true;
}

static bool read_trace(const struct conf *c, struct plan_header *out, struct err *err) {
    const struct conf_line *line;
    if (!find_one(c, "trace", 3, "a path and the program's identity", &line, err))
        return false;
    if (line == NULL)
        return true;
    if (line->word_count > 3)
        return fail_line(
                err, c->path, line->number, "'trace' takes a path and the program's identity");
    out->trace = line->words[1];
    out->identity = line->words[2];
    out->trace_line = line->number;
    return true;
}

static bool has_equals_sign(struct str s) {
    return memchr(s.at, '=', s.len) != NULL;
}

static bool read_target(const struct conf *c, struct plan_header *out, struct err *err) {
    const struct conf_line *line;
    if (!find_one(c, "target", 2, "a name, and options such as cache=256K", &line, err))
        return false;
    if (line == NULL)
        return true;
    for (uint32_t i = 2; i < line->word_count; i++)
        if (!has_equals_sign(line->words[i]))
            return fail_line(err, c->path, line->number,
                    "'%s' is no option; they are written as cache=256K", line->words[i].at);
    out->target = line->words[1];
    out->options = &line->words[2];
    out->option_count = line->word_count - 2;
    out->target_line = line->number;
    return true;
}

static bool expect_word(const struct conf *c, const struct conf_line *line, uint32_t index,
        struct str word, struct err *err) {
    return str_equal(line->words[index], word) ||
           fail_line(err, c->path, line->number, "'%s' expected in place of '%s'", word.at,
                   line->words[index].at);
}

static bool read_prediction(struct arena *a, const struct conf *c, const struct conf_line *line,
        struct plan_header *out, struct err *err) {
    if (line->word_count != 7 || line->children)
        return fail_line(err, c->path, line->number,
                "'predicted' takes CHECKPOINT REGION free BYTES largest BYTES");
    struct plan_prediction p = {
        .checkpoint = line->words[1], .region = line->words[2], .line = line->number
    };
    if (!expect_word(c, line, 3, STR("free"), err) ||
            !expect_word(c, line, 5, STR("largest"), err) ||
            !conf_number(c, line, 4, "the free bytes", &p.free_bytes, err) ||
            !conf_number(c, line, 6, "the largest free block", &p.largest_bytes, err))
        return false;
    for (size_t i = 0; i < out->predicted.len; i++)
        if (str_equal(out->predicted.at[i].checkpoint, p.checkpoint) &&
                str_equal(out->predicted.at[i].region, p.region))
            return fail_line(err, c->path, line->number,
                    "'%s' at '%s' was predicted in line %u already", p.region.at, p.checkpoint.at,
                    (unsigned)out->predicted.at[i].line);
    *vec_push(a, &out->predicted) = p;
    return true;
}

bool plan_header_read(
        struct arena *a, const struct conf *c, struct plan_header *out, struct err *err) {
    const struct conf_line *goal;
    *out = (struct plan_header){ .trace = STR("") };
    out->identity = out->target = out->goal = STR("");
    if (!read_trace(c, out, err) || !read_target(c, out, err) ||
            !find_one(c, "goal", 2, "words", &goal, err))
        return false;
    if (goal != NULL)
        out->goal = conf_words(a, goal, 1);
    for (struct conf_line *line = conf_find(c->lines, "predicted"); line; line = conf_next(line))
        if (!read_prediction(a, c, line, out, err))
            return false;
    return true;
}

struct str plan_trace_identity(struct arena *a, const struct trace_image *image) {
    if (!owners_is_program(image, 0))
        return STR("");
    const struct trace_module *m = &image->modules[0];
    if (m->build_id_bytes == 0) {
        uint64_t h = UINT64_C(0xcbf29ce484222325); // FNV-1a
        for (size_t i = 0; i < m->path.len; i++)
            h = (h ^ (unsigned char)m->path.at[i]) * UINT64_C(0x100000001b3);
        return str_from(arena_printf(a, "path-%016" PRIx64, h));
    }
    char *digits = NEW_ARRAY(a, char, m->build_id_bytes * 2 + 1);
    for (size_t i = 0; i < m->build_id_bytes; i++) {
        digits[i * 2] = "0123456789abcdef"[m->build_id[i] >> 4];
        digits[i * 2 + 1] = "0123456789abcdef"[m->build_id[i] & 15];
    }
    return str_from(digits);
}
