/// Reading component maps and asking them. Each kind of evidence has one list of globs, in the order of
/// the file; the first that matches decides, and what a string means is remembered by its address.
#include "component_map.h"

#include "component_default.h"
#include "conf.h"
#include "suggest.h"
#include "vec.h"

#include <assert.h>

enum evidence { EVIDENCE_SOURCE, EVIDENCE_NAMESPACE, EVIDENCE_ARCHIVE, EVIDENCE_MODULE };

/// Keys of the file, by kind of evidence, and of a component's words.
static const char *const evidence_keys[] = { "source", "namespace", "archive", "module", NULL };
static const char *const top_keys[] = { "component", NULL };
static const char *const flag_words[] = { "transparent", "allocator", "focus", NULL };

struct component_rule {
    struct str glob;
    uint32_t component;
    bool is_exact; ///< The glob is a plain name.
};

struct component_flags {
    bool transparent;
    bool allocator;
    bool focus;
    uint32_t line; ///< Where it was defined, in the file or the built-in text; 0 elsewhere.
};

// ---- building ----

static uint32_t add_component(struct component_map *m, struct str name) {
    uint32_t number = m->count++;
    if (number == m->names_room) {
        m->names = vec_grow(m->arena, m->names, number, &m->names_room, sizeof(*m->names));
    }
    if (number == m->flags_room) {
        m->flags = vec_grow(m->arena, m->flags, number, &m->flags_room, sizeof(*m->flags));
    }
    m->names[number] = arena_copy(m->arena, name);
    m->flags[number] = (struct component_flags){ .line = 0 };
    return number;
}

static void add_rule(struct component_map *m, unsigned kind, struct str glob, uint32_t component) {
    *vec_push(m->arena, &m->rules[kind]) =
            (struct component_rule){ .glob = arena_copy(m->arena, glob), .component = component };
}

/// Index of `word` in `list`, which ends with NULL; -1 when it is not there.
static int index_in(const char *const *list, struct str word) {
    for (int i = 0; list[i]; i++) {
        if (str_equal(word, str_from(list[i]))) {
            return i;
        }
    }
    return -1;
}

static bool fail_flag(
        const struct conf *c, const struct conf_line *line, struct str word, struct err *err) {
    struct suggest near = { .word = word };
    suggest_offer(&near, flag_words[0]);
    suggest_offer(&near, flag_words[1]);
    suggest_offer(&near, flag_words[2]);
    return fail_line(err, c->path, line->number,
            "'%.*s' is no property of a component%s%s%s; there are 'transparent', 'allocator' and "
            "'focus'",
            STR_ARG(word), near.best ? " (did you mean '" : "", near.best ? near.best : "",
            near.best ? "'?)" : "");
}

/// The words behind a component's name.
static bool read_flags(const struct conf *c, const struct conf_line *line,
        struct component_flags *flags, struct err *err) {
    for (uint32_t i = 2; i < line->word_count; i++) {
        int flag = index_in(flag_words, line->words[i]);
        if (flag < 0) {
            return fail_flag(c, line, line->words[i], err);
        }
        flags->transparent = flags->transparent || flag == 0;
        flags->allocator = flags->allocator || flag == 1;
        flags->focus = flags->focus || flag == 2;
    }
    return true;
}

static bool read_globs(struct component_map *m, const struct conf *c, const struct conf_line *line,
        uint32_t component, struct err *err) {
    struct str first;
    if (!conf_word(c, line, 1, "a pattern", &first, err)) {
        return false;
    }
    if (line->children) {
        return fail_line(err, c->path, line->children->number,
                "belongs to nothing: '%.*s' has no parts", STR_ARG(line->words[0]));
    }
    int kind = index_in(evidence_keys, line->words[0]);
    assert(kind >= 0);
    for (uint32_t i = 1; i < line->word_count; i++) {
        add_rule(m, (unsigned)kind, line->words[i], component);
    }
    m->names_sources |= kind == EVIDENCE_SOURCE && !m->is_built_in;
    return true;
}

/// The number for a component of the file, new unless it is `unknown`.
static bool define(struct component_map *m, const struct conf *c, const struct conf_line *line,
        struct str name, uint32_t *number, struct err *err) {
    bool is_known = component_find(m, name, number);
    if (is_known && m->flags[*number].line != 0) {
        return fail_line(err, c->path, line->number, "component %.*s is defined in line %u already",
                STR_ARG(name), m->flags[*number].line);
    }
    if (!is_known && m->count >= COMPONENTS_MOST) {
        return fail_line(err, c->path, line->number, "is one component too many; %d are allowed",
                (int)COMPONENTS_MOST);
    }
    if (!is_known) {
        *number = add_component(m, name);
    }
    m->flags[*number].line = line->number;
    return read_flags(c, line, &m->flags[*number], err);
}

static bool read_component(struct component_map *m, const struct conf *c,
        const struct conf_line *line, bool is_built_in, struct err *err) {
    struct str name;
    uint32_t number = 0;
    m->is_built_in = is_built_in;
    if (!conf_word(c, line, 1, "the name of the component", &name, err)) {
        return false;
    }
    // A built-in component that the file has, too, keeps the words of the file.
    bool is_defined = is_built_in && component_find(m, name, &number);
    if (!is_defined && !define(m, c, line, name, &number, err)) {
        return false;
    }
    if (!conf_check_keys(c, line->children, evidence_keys, err)) {
        return false;
    }
    for (const struct conf_line *part = line->children; part; part = part->next) {
        if (!read_globs(m, c, part, number, err)) {
            return false;
        }
    }
    return true;
}

static bool read_conf(
        struct component_map *m, const struct conf *c, bool is_built_in, struct err *err) {
    if (!conf_check_keys(c, c->lines, top_keys, err)) {
        return false;
    }
    for (const struct conf_line *line = c->lines; line; line = line->next) {
        if (!read_component(m, c, line, is_built_in, err)) {
            return false;
        }
    }
    return true;
}

/// Adds what every map has, behind what the file says.
static bool complete(struct component_map *m, struct err *err) {
    struct conf built_in;
    if (!conf_parse(m->arena, "built-in component map", str_from(component_default_text), &built_in,
                err) ||
            !read_conf(m, &built_in, true, err)) {
        return false;
    }
    if (!component_find(m, STR("unknown"), &m->unknown)) {
        m->unknown = add_component(m, STR("unknown"));
    }
    return true;
}

bool component_map_parse(struct arena *a, const char *path, struct str text,
        struct component_map *out, struct err *err) {
    struct conf c;
    *out = (struct component_map){ .arena = a };
    return conf_parse(a, path, text, &c, err) && read_conf(out, &c, false, err) &&
           complete(out, err);
}

bool component_map_read(
        struct arena *a, const char *path, struct component_map *out, struct err *err) {
    struct conf c;
    *out = (struct component_map){ .arena = a, .names_modules = path == NULL };
    return (!path || (conf_read(a, path, &c, err) && read_conf(out, &c, false, err))) &&
           complete(out, err);
}

// ---- asking ----

static bool rule_matches(const struct component_rule *rule, struct str text) {
    return rule->is_exact ? str_equal(text, rule->glob) : str_matches(text, rule->glob);
}

/// Number + 1 of the component that `text` means, 0 for none.
static uint32_t match(const struct component_map *m, unsigned kind, struct str text) {
    bool by_name = kind == EVIDENCE_ARCHIVE || kind == EVIDENCE_MODULE;
    struct str subject = by_name ? str_base_name(text) : text;
    for (size_t i = 0; i < m->rules[kind].len; i++) {
        if (rule_matches(&m->rules[kind].at[i], subject)) {
            return m->rules[kind].at[i].component + 1;
        }
    }
    return 0;
}

static uint32_t ask(struct component_map *m, unsigned kind, struct str text) {
    if (text.len == 0) {
        return 0;
    }
    bool added = false;
    uint64_t *known = map64_put(&m->known[kind], m->arena, (uint64_t)(uintptr_t)text.at, &added);
    if (added) {
        *known = match(m, kind, text);
    }
    return (uint32_t)*known;
}

uint32_t component_of(struct component_map *m, const struct component_evidence *e) {
    const struct str texts[COMPONENT_EVIDENCE_KINDS] = { [EVIDENCE_SOURCE] = e->source,
        [EVIDENCE_NAMESPACE] = e->function,
        [EVIDENCE_ARCHIVE] = e->archive,
        [EVIDENCE_MODULE] = e->module };
    for (unsigned kind = 0; kind < COMPONENT_EVIDENCE_KINDS; kind++) {
        uint32_t found = ask(m, kind, texts[kind]);
        if (found != 0) {
            return found - 1;
        }
    }
    return m->unknown;
}

uint32_t component_of_frame(struct component_map *m, const struct frame *f, struct str module) {
    return component_of_frame_in(m, f, STR(""), module);
}

uint32_t component_of_frame_in(
        struct component_map *m, const struct frame *f, struct str archive, struct str module) {
    struct component_evidence e = {
        .source = f->file, .function = f->function, .archive = archive, .module = module
    };
    return component_of(m, &e);
}

/// "libfoo.so.1" is "libfoo" for people.
static struct str module_name(struct str base) {
    for (size_t i = 1; i + 3 <= base.len; i++) {
        bool ends_here = i + 3 == base.len || base.at[i + 3] == '.';
        if (memcmp(base.at + i, ".so", 3) == 0 && ends_here) {
            return (struct str){ base.at, i };
        }
    }
    return base;
}

/// A component `name` of its own for the file `base`, unless a glob knows it.
static uint32_t add_file(struct component_map *m, unsigned kind, struct str path, struct str name) {
    uint32_t found = match(m, kind, path);
    struct str base = str_base_name(path);
    if (found != 0 || !m->names_modules || base.len == 0 || m->count >= COMPONENTS_MOST) {
        return found != 0 ? found - 1 : m->unknown;
    }
    uint32_t number = 0;
    if (!component_find(m, name, &number)) {
        number = add_component(m, name);
    }
    add_rule(m, kind, base, number);
    m->rules[kind].at[m->rules[kind].len - 1].is_exact = true;
    m->known[kind] = (struct map64){ 0 }; // What was asked before may now mean this.
    return number;
}

uint32_t component_map_add_module(struct component_map *m, struct str module) {
    return add_file(m, EVIDENCE_MODULE, module, module_name(str_base_name(module)));
}

/// "libnet" of "libnet.a", "main" of "main.c.obj".
static struct str archive_name(struct str base) {
    const char *dot = base.len ? memchr(base.at, '.', base.len) : NULL;
    return dot && dot > base.at ? (struct str){ base.at, (size_t)(dot - base.at) } : base;
}

uint32_t component_map_add_archive(struct component_map *m, struct str archive) {
    return add_file(m, EVIDENCE_ARCHIVE, archive, archive_name(str_base_name(archive)));
}

uint32_t component_unknown(const struct component_map *m) {
    return m->unknown;
}

bool component_is_transparent(const struct component_map *m, uint32_t component) {
    assert(component < m->count);
    return m->flags[component].transparent;
}

bool component_is_in_focus(const struct component_map *m, uint32_t component) {
    assert(component < m->count);
    return m->flags[component].focus;
}

bool component_is_allocator(const struct component_map *m, uint32_t component) {
    assert(component < m->count);
    return m->flags[component].allocator;
}

bool component_find(const struct component_map *m, struct str name, uint32_t *component) {
    for (uint32_t i = 0; i < m->count; i++) {
        if (str_equal(m->names[i], name)) {
            *component = i;
            return true;
        }
    }
    return false;
}
