// Where a target's memories are seen: aliases, windows that two memories share; memories without a heap. See target.h.
#include "target_read.h"

static bool add_window(
        struct target_reader *r, const struct conf_line *line, const struct target_window *window) {
    struct target *t = r->target;
    if (t->window_count == TARGET_WINDOWS_MAX)
        return target_fail(r, line, "more than %d windows", TARGET_WINDOWS_MAX);
    if (window->bytes == 0 || window->bytes > UINT64_MAX - window->start)
        return target_fail(r, line, "a window is empty or too large");
    t->windows[t->window_count++] = *window;
    return true;
}

/// `alias START [FROM BYTES]`: the whole memory, or the BYTES from its address FROM on, seen at START, too.
static bool read_alias(struct target_reader *r, const struct conf_line *line, uint32_t number,
        uint64_t start, uint64_t bytes) {
    struct target_window w = { .memory = number, .main = start, .bytes = bytes };
    if (line->word_count != 2 && line->word_count != 4)
        return target_fail(
                r, line, "'alias' takes an address, or an address, from where, and bytes");
    if (!target_number(r, line, 1, "the address", &w.start) ||
            (line->word_count == 4 && (!target_number(r, line, 2, "from where", &w.main) ||
                                              !target_number(r, line, 3, "the size", &w.bytes))))
        return false;
    if (w.main < start || w.bytes > bytes || w.main - start > bytes - w.bytes)
        return target_fail(r, line, "the alias is of more than the memory");
    return add_window(r, line, &w);
}

/// `holds KIND…`
static bool read_holds(struct target_reader *r, const struct conf_line *line, uint32_t *holds) {
    static const struct {
        const char *word;
        uint32_t bit;
    } kinds[] = { { "code", TARGET_STATIC_CODE }, { "constant", TARGET_STATIC_CONSTANT },
        { "data", TARGET_STATIC_DATA }, { "zero", TARGET_STATIC_ZERO } };
    *holds = 0;
    for (uint32_t i = 1; i < line->word_count; i++) {
        uint32_t bit = 0;
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
            bit |= str_equal(line->words[i], str_from(kinds[k].word)) ? kinds[k].bit : 0;
        if (bit == 0)
            return target_fail(r, line,
                    "a memory holds 'code', 'constant', 'data' or 'zero', not '%s'",
                    line->words[i].at);
        *holds |= bit;
    }
    return true;
}

bool target_read_price(struct target_reader *r, const struct target_lines *lines, struct str *out) {
    *out = STR("");
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct conf_line *line = lines->at[i];
        if (!str_equal(line->words[0], STR("price")))
            continue;
        if (!target_word_count(r, line, 2, 2, "words for people"))
            return false;
        *out = line->words[1];
    }
    return true;
}

bool target_read_views(struct target_reader *r, const struct conf_line *line,
        const struct target_lines *lines, uint32_t number, uint64_t start, uint64_t bytes,
        uint32_t *holds) {
    struct target_window own = { .start = start, .bytes = bytes, .memory = number, .main = start };
    if (!add_window(r, line, &own))
        return false;
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct conf_line *each = lines->at[i];
        if (str_equal(each->words[0], STR("alias")) && !read_alias(r, each, number, start, bytes))
            return false;
        if (str_equal(each->words[0], STR("holds")) && !read_holds(r, each, holds))
            return false;
    }
    return true;
}

/// `memory NAME START SIZE "words for people"`.
bool target_read_memory(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "alias", "holds", "price", NULL };
    struct target *t = r->target;
    struct target_store *store = &t->stores[t->store_count];
    struct target_lines lines;
    if (!target_word_count(r, line, 4, 5, "a name, start, size and words for people") ||
            !target_active_lines(r, line->children, keys, &lines) ||
            !target_number(r, line, 2, "the start", &store->start) ||
            !target_number(r, line, 3, "the size", &store->bytes))
        return false;
    store->name = line->words[1];
    store->about = target_word_or_empty(line, 4);
    store->source = target_source(r, line);
    uint32_t number = TARGET_REGIONS_MAX + t->store_count++;
    return target_read_price(r, &lines, &store->price) &&
           target_read_views(r, line, &lines, number, store->start, store->bytes, &store->holds);
}

static bool find_memory(
        struct target_reader *r, const struct conf_line *line, struct str name, uint32_t *out) {
    const struct target *t = r->target;
    *out = target_find_region(t, name);
    for (uint32_t i = 0; i < t->store_count; i++)
        if (str_equal(t->stores[i].name, name))
            *out = TARGET_REGIONS_MAX + i;
    return *out != TARGET_NONE || target_fail(r, line, "there is no memory '%s'", name.at);
}

/// `section GLOB… MEMORY`, below a window.
static bool read_section(
        struct target_reader *r, const struct conf_line *line, const struct target_window *shared) {
    struct target_window w = *shared;
    if (!target_word_count(r, line, 3, UINT32_MAX, "globs of output sections, and a memory") ||
            !find_memory(r, line, line->words[line->word_count - 1], &w.memory))
        return false;
    w.sections = &line->words[1];
    w.section_count = line->word_count - 2;
    return add_window(r, line, &w);
}

/// `window START END`: addresses at which sections of two memories lie.
bool target_read_window(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "section", "else", NULL };
    struct target_window w = { .is_shared = true };
    struct target_lines lines;
    uint64_t end;
    if (!target_word_count(r, line, 3, 3, "a start and an end") ||
            !target_active_lines(r, line->children, keys, &lines) ||
            !target_number(r, line, 1, "the start", &w.start) ||
            !target_number(r, line, 2, "the end", &end))
        return false;
    w.main = w.start;
    w.bytes = end > w.start ? end - w.start : 0;
    for (uint32_t i = 0; i < lines.count; i++) {
        const struct conf_line *each = lines.at[i];
        bool is_else = str_equal(each->words[0], STR("else"));
        if (!is_else && !read_section(r, each, &w))
            return false;
        if (is_else && (!target_word_count(r, each, 2, 2, "a memory") ||
                               !find_memory(r, each, each->words[1], &w.memory) ||
                               !add_window(r, each, &w)))
            return false;
    }
    return true;
}

bool target_read_internal_sections(struct target_reader *r, const struct conf_line *line) {
    r->target->internal_sections = &line->words[1];
    r->target->internal_section_count = line->word_count - 1;
    return target_word_count(r, line, 2, UINT32_MAX, "globs of sections");
}

bool target_can_hold(const struct target *t, struct str memory, uint32_t kind) {
    uint32_t region = target_find_region(t, memory);
    if (region != TARGET_NONE)
        return (t->regions[region].holds & kind) != 0;
    for (uint32_t i = 0; i < t->store_count; i++)
        if (str_equal(t->stores[i].name, memory))
            return (t->stores[i].holds & kind) != 0;
    return false;
}

uint32_t target_region_at(const struct target *t, uint64_t address, uint64_t *main) {
    uint64_t ignored = 0;
    main = main != NULL ? main : &ignored;
    for (uint32_t i = 0; i < t->window_count; i++) {
        const struct target_window *w = &t->windows[i];
        if (w->is_shared || w->memory >= TARGET_REGIONS_MAX || address < w->start ||
                address - w->start >= w->bytes)
            continue;
        *main = w->main + (address - w->start);
        return w->memory;
    }
    *main = address;
    return TARGET_NONE;
}
