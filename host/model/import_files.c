// See import_files.h. Written by the rewriter of conf.h, so that what is written can be read again.
#include "import_files.h"

#include "conf.h"
#include "human.h"
#include "text.h"

#include <inttypes.h>

struct str import_capability(const struct target *t, struct str capability, uint64_t caps) {
    if (capability.len == 0)
        return device_fit_capability(t, caps);
    return target_find_capability(t, capability) ? capability : STR("");
}

/// An empty file whose first lines are `head`.
static struct conf begin_file(struct arena *a, struct str head) {
    struct conf c;
    struct err err;
    if (!conf_parse(a, "", head, &c, &err)) // names of files may hold anything
        (void)conf_parse(a, "", STR(""), &c, &err);
    return c;
}

/// "boot.log:12", without what a comment cannot hold.
static const char *line_of(struct arena *a, const struct import_source *s, uint64_t line) {
    struct str path = human_clean(a, str_from(s->path));
    return arena_printf(a, "%.*s:%" PRIu64, STR_ARG(path), line);
}

static void add_comment(struct text *t, const char *words) {
    text_printf(t, "# %s\n", words);
}

static const struct device_boot *boot_of(const struct import_source *s) {
    return &s->log->boots.at[s->boot];
}

/// "start 2 of boot.log (line 120)".
static const char *start_of(struct arena *a, const struct import_source *s) {
    uint32_t number = 1;
    for (uint32_t i = 0; i < s->boot; i++)
        number += s->log->boots.at[i].input == boot_of(s)->input;
    return arena_printf(a, "start %u, %s", (unsigned)number, line_of(a, s, boot_of(s)->line));
}

// ---- observed figures

/// "free NAME CAPABILITY [about] BYTES".
static void add_figure(struct arena *a, struct conf *c, struct str name, struct str capability,
        uint64_t bytes, bool about, const char *comment) {
    struct str number = str_from(arena_printf(a, "%" PRIu64, bytes));
    struct str words[5] = { STR("free"), name, capability };
    uint32_t count = 3;
    if (about)
        words[count++] = STR("about");
    words[count++] = number;
    conf_add(a, c, NULL, words, count, str_from(comment));
}

/// A figure by a pattern goes with the largest block and the least bytes that its line had of the same memory.
static const char *figure_comment(struct arena *a, const struct import_source *s,
        const struct device_moment *m, struct str capability) {
    struct text t = { .arena = a };
    text_printf(&t, "%s", line_of(a, s, m->line));
    for (uint32_t i = 0; i < m->figure_count; i++) {
        const struct device_figure *f = &m->figures[i];
        if (f->kind != DEVICE_FIGURE_FREE && str_equal(f->capability, capability))
            text_printf(&t, ", %s %" PRIu64,
                    f->kind == DEVICE_FIGURE_LARGEST ? "largest block" : "least so far", f->bytes);
    }
    return t.at;
}

/// Whether the line had this memory's free bytes before.
static bool is_repeated(const struct target *t, const struct device_moment *m, uint32_t index) {
    for (uint32_t i = 0; i < index; i++)
        if (m->figures[i].kind == DEVICE_FIGURE_FREE &&
                target_find_capability(t, m->figures[i].capability) ==
                        target_find_capability(t, m->figures[index].capability))
            return true;
    return false;
}

static uint32_t add_figures(struct arena *a, const struct import_source *s, struct conf *c,
        const struct device_moment *m) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->figure_count; i++) {
        const struct device_figure *f = &m->figures[i];
        if (f->kind != DEVICE_FIGURE_FREE || is_repeated(s->fit->target, m, i) ||
                import_capability(s->fit->target, f->capability, 0).len == 0)
            continue;
        add_figure(a, c, m->name, f->capability, f->bytes, f->about,
                figure_comment(a, s, m, f->capability));
        count++;
    }
    return count;
}

static uint32_t add_info(struct arena *a, const struct import_source *s, struct conf *c,
        const struct device_moment *m) {
    struct str capability = import_capability(s->fit->target, STR(""), m->caps);
    if (!m->has_total || capability.len == 0)
        return 0;
    add_figure(a, c, m->name, capability, m->free, false,
            arena_printf(a,
                    "%s, caps 0x%" PRIx64 ", largest block %" PRIu64 ", least so far %" PRIu64,
                    line_of(a, s, m->line), m->caps, m->largest, m->least_free));
    return 1;
}

/// What could not become a figure, for the head of the file.
static void note_left_out(struct arena *a, const struct import_source *s, struct text *t) {
    for (size_t i = 0; i < s->log->moments.len; i++) {
        const struct device_moment *m = &s->log->moments.at[i];
        if (m->boot != s->boot)
            continue;
        if (m->is_info && !m->has_total)
            add_comment(t, arena_printf(a, "left out: %s, whose sums are missing",
                                   line_of(a, s, m->line)));
        else if (m->is_info && import_capability(s->fit->target, STR(""), m->caps).len == 0)
            add_comment(t, arena_printf(a,
                                   "left out: %s, caps 0x%" PRIx64
                                   ": no one capability counts the same heaps",
                                   line_of(a, s, m->line), m->caps));
        for (uint32_t k = 0; k < m->figure_count; k++)
            if (import_capability(s->fit->target, m->figures[k].capability, 0).len == 0)
                add_comment(t,
                        arena_printf(a, "left out: %s, {%.*s}: the target has no such capability",
                                line_of(a, s, m->line), STR_ARG(m->figures[k].capability)));
    }
}

struct str import_observed(struct arena *a, const struct import_source *s, uint32_t *figures) {
    struct text head = { .arena = a };
    add_comment(
            &head, arena_printf(a, "Free bytes as a device printed them: %s. By ramlens import.",
                           start_of(a, s)));
    note_left_out(a, s, &head);
    struct conf c = begin_file(a, text_str(&head));
    *figures = 0;
    for (size_t i = 0; i < s->log->moments.len; i++) {
        const struct device_moment *m = &s->log->moments.at[i];
        if (m->boot == s->boot)
            *figures += m->is_info ? add_info(a, s, &c, m) : add_figures(a, s, &c, m);
    }
    return conf_write(a, &c);
}

// ---- settings

struct str import_settings(struct arena *a, const struct import_source *s) {
    struct text head = { .arena = a };
    add_comment(&head, arena_printf(a, "What a device is, as it printed it: %s. By ramlens import.",
                               start_of(a, s)));
    for (size_t i = 0; i < s->fit->notes.len; i++)
        add_comment(&head, s->fit->notes.at[i]);
    for (size_t i = 0; i < s->fit->choices.len; i++)
        if (s->fit->choices.at[i].open != NULL)
            add_comment(&head,
                    arena_printf(a, "open: %.*s may be %s; below: %.*s",
                            STR_ARG(s->fit->choices.at[i].parameter), s->fit->choices.at[i].open,
                            STR_ARG(s->fit->choices.at[i].taken)));
    struct conf c = begin_file(a, text_str(&head));
    const struct str target[] = { STR("target"), s->fit->target->name };
    conf_add(a, &c, NULL, target, 2, STR(""));
    for (size_t i = 0; i < s->fit->choices.len; i++) {
        const struct device_choice *choice = &s->fit->choices.at[i];
        const struct str words[] = { STR("set"), choice->parameter,
            choice->open ? choice->taken : choice->value };
        const char *where = choice->line ? line_of(a, s, choice->line) : "";
        conf_add(a, &c, NULL, words, 3,
                str_from(arena_printf(a, "%s%s%s", where, choice->line ? ": " : "",
                        choice->open ? "taken, the log leaves it open" : choice->source)));
    }
    return conf_write(a, &c);
}
