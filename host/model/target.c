/// Loading a target: find its file, settle its parameters, read its statements subject by subject,
/// and the look-ups in what was read. Reading itself is in target_read.c, target_memory.c,
/// target_costs.c.
///
/// Parameters come first because every other statement may stand under a `when`. The rest is read
/// in the order of a table, not of the file, so that a file may be written in the order that
/// explains best.
#include "target.h"

#include "suggest.h"
#include "target_read.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

static const char *const top_keys[] = { "target", "parameter", "setting", "refuse", "capabilities",
    "kind", "region", "memory", "window", "internal-sections", "pool", "allocator", "malloc",
    "cache-lines", "request", "system", "insists", "stack", "object", "task", "kconfig", "option",
    "unmodelled", NULL };

static int compare_names(const void *a, const void *b) {
    const struct str *left = a;
    const struct str *right = b;
    return str_compare(*left, *right);
}

/// Adds the names of the files in `folder`, hidden ones aside; a missing folder has none.
static void add_names(
        struct arena *a, const char *folder, struct str *names, uint32_t room, uint32_t *count) {
    DIR *open = opendir(folder);
    if (!open) {
        return;
    }
    for (struct dirent *e = readdir(open); e && *count < room; e = readdir(open)) {
        if (e->d_name[0] != '.') {
            names[(*count)++] = arena_copy(a, str_from(e->d_name));
        }
    }
    closedir(open);
}

/// "unknown target": with every name there is, sorted, or the folders that hold none.
static bool fail_unknown(struct arena *a, const char *name, const char *const *folders,
        uint32_t folder_count, struct err *err) {
    struct str names[64] = { { 0 } };
    uint32_t count = 0;
    for (uint32_t i = 0; i < folder_count; i++) {
        add_names(a, folders[i], names, 64, &count);
    }
    qsort(names, count, sizeof(names[0]), compare_names);
    struct text list = { .arena = a };
    struct suggest near = { .word = str_from(name) };
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || !str_equal(names[i], names[i - 1])) {
            text_printf(&list, "%s%s", i ? ", " : "", names[i].at);
            suggest_offer(&near, names[i].at);
        }
    }
    for (uint32_t i = 0; i < folder_count && count == 0; i++) {
        text_printf(&list, "%s'%s'", i ? ", " : "none in ", folders[i]);
    }
    return fail(err, NULL, ERR_NO_OFFSET, "unknown target '%s'%s%s%s; there is: %s", name,
            near.best ? ", did you mean '" : "", near.best ? near.best : "", near.best ? "'?" : "",
            list.len ? list.at : "none");
}

static bool find_file(struct arena *a, const char *name, const char *const *folders,
        uint32_t folder_count, const char **path, struct err *err) {
    if (strchr(name, '/')) {
        *path = name;
        return true;
    }
    for (uint32_t i = 0; i < folder_count && name[0] && name[0] != '.'; i++) {
        struct stat status;
        *path = arena_printf(a, "%s/%s", folders[i], name);
        if (stat(*path, &status) == 0 && S_ISREG(status.st_mode)) {
            return true;
        }
    }
    return fail_unknown(a, name, folders, folder_count, err);
}

static const char *list_values(struct arena *a, const struct target_parameter *p) {
    struct text list = { .arena = a };
    if (p->is_number)
        text_printf(&list, "a number from %" PRIu64 " to %" PRIu64, p->least, p->most);
    for (uint32_t i = 0; i < p->value_count && !p->is_number; i++) {
        const char *between = i == 0 ? "" : i + 1 == p->value_count ? " or " : ", ";
        text_printf(
                &list, "%s%s%s", between, p->values[i].at, i == p->by_default ? " (default)" : "");
    }
    return list.at;
}

/// Whether word `word` of value `line` writes it.
static bool value_is(const struct conf_line *line, struct str word) {
    for (uint32_t i = 1; i < line->word_count; i++) {
        if (str_equal(line->words[i], word)) {
            return true;
        }
    }
    return false;
}

/// Index among the `value` lines of the one that `word` writes, or TARGET_NONE.
static uint32_t find_value(const struct target_lines *lines, struct str word) {
    uint32_t index = 0;
    for (uint32_t i = 0; i < lines->count; i++) {
        if (str_equal(lines->at[i]->words[0], STR("value"))) {
            if (value_is(lines->at[i], word)) {
                return index;
            }
            index++;
        }
    }
    return TARGET_NONE;
}

static bool fail_value(
        struct target_reader *r, const struct target_parameter *p, const char *value) {
    return fail(r->err, NULL, ERR_NO_OFFSET,
            "unknown value '%s' of parameter '%s' of target '%s'; choose %s", value, p->name.at,
            r->target->name.at, list_values(r->arena, p));
}

static bool choose_number(struct target_reader *r, struct target_parameter *p, const char *value) {
    uint64_t number;
    if (!conf_parse_number(str_from(value), &number) || number < p->least || number > p->most)
        return fail_value(r, p, value);
    p->values[0] = str_from(arena_printf(r->arena, "%" PRIu64, number));
    return true;
}

/// Applies every `NAME=VALUE` among `options` that is for `p`.
static bool choose(struct target_reader *r, struct target_parameter *p,
        const struct target_lines *lines, const char *const *options, uint32_t option_count) {
    for (uint32_t i = 0; i < option_count; i++) {
        const char *equals = strchr(options[i], '=');
        if (!equals ||
                !str_equal((struct str){ options[i], (size_t)(equals - options[i]) }, p->name)) {
            continue;
        }
        if (p->is_number) {
            if (!choose_number(r, p, equals + 1))
                return false;
            continue;
        }
        uint32_t value = find_value(lines, str_from(equals + 1));
        if (value == TARGET_NONE)
            return fail_value(r, p, equals + 1);
        p->chosen = value;
    }
    return true;
}

/// `range LEAST MOST` with `default N`: any number between.
static bool read_range(struct target_reader *r, const struct conf_line *line,
        const struct target_lines *lines, struct target_parameter *p) {
    const struct conf_line *range = NULL, *set_default = NULL;
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct conf_line **which = str_equal(lines->at[i]->words[0], STR("range")) ? &range
                                         : str_equal(lines->at[i]->words[0], STR("default"))
                                                 ? &set_default
                                                 : NULL;
        if (which == NULL || *which != NULL)
            return target_fail(r, lines->at[i],
                    "parameter '%s' takes one 'range' and one 'default', or values", p->name.at);
        *which = lines->at[i];
    }
    if (set_default == NULL)
        return target_fail(r, line, "parameter '%s' lacks its default", p->name.at);
    if (!target_word_count(r, range, 3, 3, "the least and the most") ||
            !target_number(r, range, 1, "the least", &p->least) ||
            !target_number(r, range, 2, "the most", &p->most) ||
            !target_number(r, set_default, 1, "the default", &p->default_number))
        return false;
    if (p->default_number < p->least || p->default_number > p->most)
        return target_fail(r, set_default, "the default is outside of the range");
    p->is_number = true;
    p->value_count = 1;
    p->values = NEW(r->arena, struct str);
    p->values[0] = str_from(arena_printf(r->arena, "%" PRIu64, p->default_number));
    return true;
}

static bool has_range(const struct target_lines *lines) {
    for (uint32_t i = 0; i < lines->count; i++)
        if (str_equal(lines->at[i]->words[0], STR("range")))
            return true;
    return false;
}

static bool read_values(struct target_reader *r, const struct conf_line *line,
        const struct target_lines *lines, struct target_parameter *p) {
    p->values = NEW_ARRAY(r->arena, struct str, lines->count);
    p->others = NEW_ARRAY(r->arena, struct target_words, lines->count);
    const struct conf_line *set_default = NULL;
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct conf_line *each = lines->at[i];
        if (!target_word_count(r, each, 2, UINT32_MAX, "a value")) {
            return false;
        }
        if (str_equal(each->words[0], STR("value"))) {
            p->others[p->value_count] =
                    (struct target_words){ each->words + 2, each->word_count - 2 };
            p->values[p->value_count++] = each->words[1];
        } else if (set_default) {
            return target_fail(r, each, "parameter '%s' has two defaults here", p->name.at);
        } else {
            set_default = each;
        }
    }
    if (p->value_count == 0) {
        return target_fail(r, line, "parameter '%s' has no value", p->name.at);
    }
    if (set_default) {
        p->by_default = find_value(lines, set_default->words[1]);
        if (p->by_default == TARGET_NONE) {
            return target_fail(
                    r, set_default, "the default is none of the values of '%s'", p->name.at);
        }
    }
    p->chosen = p->by_default;
    return true;
}

/// Takes the line `price`, if there is one, off the parameter's.
static bool take_price(
        struct target_reader *r, struct target_lines *lines, struct target_parameter *p) {
    uint32_t kept = 0;
    p->price = STR("");
    for (uint32_t i = 0; i < lines->count; i++) {
        struct conf_line *each = lines->at[i];
        if (!str_equal(each->words[0], STR("price"))) {
            lines->at[kept++] = each;
        } else if (!target_word_count(r, each, 2, 2, "words for people")) {
            return false;
        } else {
            p->price = each->words[1];
        }
    }
    lines->count = kept;
    return true;
}

static bool read_parameter(struct target_reader *r, const struct conf_line *line,
        const char *const *options, uint32_t option_count) {
    static const char *const keys[] = { "value", "default", "range", "price", NULL };
    struct target *t = r->target;
    struct target_lines lines;
    if (!target_word_count(r, line, 2, 3, "a name and words for people") ||
            !target_active_lines(r, line->children, keys, &lines)) {
        return false;
    }
    for (uint32_t i = 0; i < t->parameter_count; i++) {
        if (str_equal(t->parameters[i].name, line->words[1])) {
            return target_fail(r, line, "parameter '%s' is there twice", line->words[1].at);
        }
    }
    struct target_parameter *p = &t->parameters[t->parameter_count];
    p->name = line->words[1];
    p->about = target_word_or_empty(line, 2);
    p->is_setting = str_equal(line->words[0], STR("setting"));
    if (!take_price(r, &lines, p)) {
        return false;
    }
    if (!(has_range(&lines) ? read_range : read_values)(r, line, &lines, p) ||
            !choose(r, p, &lines, options, option_count)) {
        return false;
    }
    t->parameter_count++;
    return true;
}

/// Every option must be for a parameter that there is.
static bool check_options(
        struct target_reader *r, const char *const *options, uint32_t option_count) {
    const struct target *t = r->target;
    for (uint32_t i = 0; i < option_count; i++) {
        const char *equals = strchr(options[i], '=');
        bool known = false;
        struct text list = { .arena = r->arena };
        for (uint32_t p = 0; p < t->parameter_count; p++) {
            struct str name = t->parameters[p].name;
            known |= equals &&
                     str_equal((struct str){ options[i], (size_t)(equals - options[i]) }, name);
            text_printf(&list, "%s%s", p ? ", " : "", name.at);
        }
        if (!known) {
            return fail(r->err, NULL, ERR_NO_OFFSET,
                    "'%s' sets no parameter of target '%s'; write NAME=VALUE with one of: %s",
                    options[i], t->name.at, list.len ? list.at : "none");
        }
    }
    return true;
}

static bool read_name(struct target_reader *r, const struct conf_line *line) {
    if (!target_word_count(r, line, 2, 3, "a name and words for people")) {
        return false;
    }
    r->target->name = line->words[1];
    r->target->about = target_word_or_empty(line, 2);
    return true;
}

static bool refuse(struct target_reader *r, const struct conf_line *line) {
    return target_word_count(r, line, 2, 2, "a message") &&
           target_fail(r, line, "%s", line->words[1].at);
}

/// Reads the parameters and the name, which stand at the top and under no `when`.
static bool read_head(struct target_reader *r, const char *const *options, uint32_t option_count) {
    struct conf_line *first = r->conf.lines;
    struct conf_line *name = conf_find(first, "target");
    if (!name) {
        return fail_line(
                r->err, r->conf.path, 1, "no line 'target NAME' at the top: is this a target?");
    }
    uint32_t parameters = 0;
    static const char *const keys[] = { "parameter", "setting" };
    for (int k = 0; k < 2; k++) {
        for (const struct conf_line *p = conf_find(first, keys[k]); p; p = conf_next(p)) {
            parameters++;
        }
    }
    r->target->parameters = NEW_ARRAY(r->arena, struct target_parameter, parameters);
    if (!read_name(r, name)) {
        return false;
    }
    for (int k = 0; k < 2; k++) {
        for (const struct conf_line *p = conf_find(first, keys[k]); p; p = conf_next(p)) {
            if (!read_parameter(r, p, options, option_count)) {
                return false;
            }
        }
    }
    return check_options(r, options, option_count);
}

/// Statements at the top, in the order in which they are read: each may use what those before gave.
static const struct {
    const char *key;
    uint32_t least;
    uint32_t most;
    bool (*read)(struct target_reader *, const struct conf_line *);
} handlers[] = {
    { "target", 1, 1, read_name },
    { "refuse", 0, UINT32_MAX, refuse },
    { "capabilities", 1, 1, target_read_capabilities },
    { "kind", 1, UINT32_MAX, target_read_kind },
    { "region", 1, UINT32_MAX, target_read_region },
    { "memory", 0, UINT32_MAX, target_read_memory },
    { "window", 0, UINT32_MAX, target_read_window },
    { "internal-sections", 0, 1, target_read_internal_sections },
    { "pool", 0, 1, target_read_pool },
    { "allocator", 1, 1, target_read_allocator },
    { "malloc", 1, 1, target_read_malloc },
    { "cache-lines", 0, 1, target_read_cache_lines },
    { "request", 1, UINT32_MAX, target_read_request },
    { "system", 1, 1, target_read_system },
    { "insists", 0, UINT32_MAX, target_read_insists },
    { "stack", 1, 1, target_read_stack },
    { "object", 0, UINT32_MAX, target_read_object },
    { "task", 0, UINT32_MAX, target_read_task },
    { "kconfig", 0, UINT32_MAX, target_read_kconfig },
    { "option", 0, UINT32_MAX, target_read_option },
    { "unmodelled", 0, UINT32_MAX, target_read_unmodelled },
};

static void take_room(struct target_reader *r, uint32_t lines) {
    struct target *t = r->target;
    r->kinds = NEW_ARRAY(r->arena, struct target_kind, lines);
    t->regions = NEW_ARRAY(r->arena, struct target_region, TARGET_REGIONS_MAX);
    t->requests = NEW_ARRAY(r->arena, struct target_request, lines);
    t->insistences = NEW_ARRAY(r->arena, struct target_insistence, lines);
    t->objects = NEW_ARRAY(r->arena, struct target_object, lines);
    t->tasks = NEW_ARRAY(r->arena, struct target_task, lines);
    t->stores = NEW_ARRAY(r->arena, struct target_store, lines);
    t->windows = NEW_ARRAY(r->arena, struct target_window, TARGET_WINDOWS_MAX);
    t->kconfig = NEW_ARRAY(r->arena, struct target_kconfig, lines);
    t->options = NEW_ARRAY(r->arena, struct target_option, lines);
    t->unmodelled = NEW_ARRAY(r->arena, struct target_unmodelled, lines);
}

static bool read_body(struct target_reader *r) {
    struct target_lines lines;
    if (!target_active_lines(r, r->conf.lines, top_keys, &lines)) {
        return false;
    }
    take_room(r, lines.count);
    for (size_t h = 0; h < sizeof(handlers) / sizeof(handlers[0]); h++) {
        uint32_t seen = 0;
        for (uint32_t i = 0; i < lines.count; i++) {
            if (!str_equal(lines.at[i]->words[0], str_from(handlers[h].key))) {
                continue;
            }
            if (++seen > handlers[h].most) {
                return target_fail(r, lines.at[i], "a second '%s'", handlers[h].key);
            }
            if (!handlers[h].read(r, lines.at[i])) {
                return false;
            }
        }
        if (seen < handlers[h].least) {
            return fail_line(
                    r->err, r->conf.path, 1, "the target lacks a line '%s'", handlers[h].key);
        }
    }
    target_order_heaps(r);
    return true;
}

bool target_load(struct arena *a, const char *name, const char *const *folders,
        uint32_t folder_count, const char *const *options, uint32_t option_count,
        struct target *out, struct err *err) {
    struct target_reader r = { .arena = a, .target = out, .err = err };
    *out = (struct target){ 0 };
    const char *path = NULL;
    if (!find_file(a, name, folders, folder_count, &path, err) ||
            !conf_read(a, path, &r.conf, err)) {
        return false;
    }
    out->path = r.conf.path;
    return read_head(&r, options, option_count) && read_body(&r);
}

uint32_t target_find_value(const struct target_parameter *p, struct str word) {
    for (uint32_t i = 0; i < p->value_count; i++) {
        if (str_equal(p->values[i], word))
            return i;
        for (uint32_t k = 0; p->others != NULL && k < p->others[i].count; k++)
            if (str_equal(p->others[i].at[k], word))
                return i;
    }
    return TARGET_NONE;
}

struct str target_choice(const struct target *t, const char *parameter) {
    for (uint32_t i = 0; i < t->parameter_count; i++) {
        const struct target_parameter *p = &t->parameters[i];
        if (str_equal(p->name, str_from(parameter))) {
            return p->values[p->chosen];
        }
    }
    return STR("");
}

static bool is_default(const struct target_parameter *p) {
    uint64_t number;
    if (p->is_number)
        return conf_parse_number(p->values[0], &number) && number == p->default_number;
    return p->chosen == p->by_default;
}

const char *target_choices(struct arena *a, const struct target *t) {
    struct text list = { .arena = a };
    for (uint32_t i = 0; i < t->parameter_count; i++) {
        const struct target_parameter *p = &t->parameters[i];
        if (p->is_setting && is_default(p)) {
            continue;
        }
        text_printf(&list, "%s%s=%s", list.len ? " " : "", p->name.at, p->values[p->chosen].at);
    }
    return list.len ? list.at : "";
}

uint32_t target_find_region(const struct target *t, struct str name) {
    for (uint32_t i = 0; i < t->region_count; i++) {
        if (str_equal(t->regions[i].name, name)) {
            return i;
        }
    }
    return TARGET_NONE;
}

uint32_t target_find_request(const struct target *t, struct str name) {
    for (uint32_t i = 0; i < t->request_count; i++) {
        if (str_equal(t->requests[i].name, name)) {
            return i;
        }
    }
    return TARGET_NONE;
}

const struct target_object *target_find_object(const struct target *t, struct str name) {
    for (uint32_t i = 0; i < t->object_count; i++) {
        if (str_equal(t->objects[i].name, name)) {
            return &t->objects[i];
        }
    }
    return NULL;
}

uint64_t target_task_bytes(const struct target *t) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < t->task_count; i++) {
        sum += t->tasks[i].always ? t->tasks[i].stack_bytes * t->tasks[i].count : 0;
    }
    return sum;
}

uint32_t target_find_capability(const struct target *t, struct str name) {
    for (uint32_t i = 0; i < t->capability_count; i++) {
        struct str each = t->capabilities[i].name;
        if (each.len == name.len && strncasecmp(each.at, name.at, name.len) == 0) {
            return t->capabilities[i].mask;
        }
    }
    return 0;
}

bool target_heap_serves(const struct target_heap *heap) {
    return heap->offers_any != 0;
}

bool target_heap_has(const struct target_heap *heap, uint32_t asked) {
    return (heap->offers_any & asked) == asked;
}
