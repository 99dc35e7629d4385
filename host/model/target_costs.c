/// The prices of a target: allocator constants, the rule of malloc, requests by name, kernel
/// objects, tasks.
#include "target_read.h"

/// Reads the statements of a block that each give one number; every one of `fields` must be there
/// once.
struct number_field {
    const char *key;
    uint32_t *out;
};

static bool read_fields(struct target_reader *r, const struct conf_line *line,
        const struct target_lines *lines, const struct number_field *fields, uint32_t count) {
    for (uint32_t f = 0; f < count; f++) {
        uint32_t seen = 0;
        for (uint32_t i = 0; i < lines->count; i++) {
            const struct conf_line *each = lines->at[i];
            if (!str_equal(each->words[0], str_from(fields[f].key))) {
                continue;
            }
            seen++;
            if (!target_word_count(r, each, 2, 2, "a number") ||
                    !target_number_within(r, each, 1, fields[f].key, 0, 1u << 20, fields[f].out)) {
                return false;
            }
        }
        if (seen != 1) {
            return target_fail(r, line, "'%s' must have one line '%s', not %u", line->words[0].at,
                    fields[f].key, (unsigned)seen);
        }
    }
    return true;
}

static const struct conf_line *only_line(const struct target_lines *lines, const char *key) {
    const struct conf_line *found = NULL;
    for (uint32_t i = 0; i < lines->count; i++) {
        if (str_equal(lines->at[i]->words[0], str_from(key))) {
            if (found) {
                return NULL;
            }
            found = lines->at[i];
        }
    }
    return found;
}

static bool is_power_of_two(uint32_t n) {
    return n && (n & (n - 1)) == 0;
}

/// `lists COUNT [UP-TO]`: ascending, the last without a limit.
static bool read_class(struct target_reader *r, const struct conf_line *line) {
    struct target_allocator *a = &r->target->allocator;
    if (a->class_count == TARGET_CLASSES) {
        return target_fail(r, line, "more than %d sizes of heap", TARGET_CLASSES);
    }
    struct target_class *class = &a->classes[a->class_count];
    class->up_to = UINT64_MAX;
    if (!target_word_count(r, line, 2, 3, "a number of lists and the largest heap") ||
            !target_number_within(r, line, 1, "the number of lists", 1, 64, &class->lists) ||
            (line->word_count == 3 &&
                    !target_number(r, line, 2, "the largest heap", &class->up_to))) {
        return false;
    }
    if (!is_power_of_two(class->lists)) {
        return target_fail(r, line, "the number of lists must be a power of two");
    }
    if (a->class_count && a->classes[a->class_count - 1].up_to >= class->up_to) {
        return target_fail(r, line, "'lists' must be in ascending order of heap");
    }
    a->class_count++;
    return true;
}

static bool read_classes(
        struct target_reader *r, const struct conf_line *line, const struct target_lines *lines) {
    struct target_allocator *a = &r->target->allocator;
    for (uint32_t i = 0; i < lines->count; i++) {
        if (str_equal(lines->at[i]->words[0], STR("lists")) && !read_class(r, lines->at[i])) {
            return false;
        }
    }
    if (a->class_count == 0 || a->classes[a->class_count - 1].up_to != UINT64_MAX) {
        return target_fail(r, line, "the last 'lists' of an allocator must be without a limit");
    }
    return true;
}

static bool read_control(
        struct target_reader *r, const struct conf_line *line, const struct target_lines *lines) {
    struct target_allocator *a = &r->target->allocator;
    const struct conf_line *control = only_line(lines, "control");
    if (!control) {
        return target_fail(r, line, "'allocator' must have one line 'control'");
    }
    return target_word_count(r, control, 4, 4, "three numbers: fixed, a row, a list") &&
           target_number_within(r, control, 1, "the fixed part", 0, 1u << 20, &a->control_bytes) &&
           target_number_within(r, control, 2, "a row", 0, 1024, &a->control_row_bytes) &&
           target_number_within(r, control, 3, "a list", 0, 1024, &a->control_list_bytes);
}

static bool read_rounding(
        struct target_reader *r, const struct conf_line *line, const struct target_lines *lines) {
    const struct conf_line *rounding = only_line(lines, "rounding");
    struct str how = rounding ? target_word_or_empty(rounding, 1) : STR("");
    r->target->allocator.rounds_block = str_equal(how, STR("block"));
    if (!r->target->allocator.rounds_block && !str_equal(how, STR("search"))) {
        return target_fail(r, rounding ? rounding : line,
                "'allocator' must have one line 'rounding block' or 'rounding search'");
    }
    return true;
}

/// `poisoning none|light|comprehensive [BYTES]`; without the line: none.
static bool read_poisoning(struct target_reader *r, const struct target_lines *lines) {
    static const char *const names[] = { "none", "light", "comprehensive" };
    struct target_allocator *a = &r->target->allocator;
    const struct conf_line *line = only_line(lines, "poisoning");
    if (line == NULL)
        return true;
    struct str how = target_word_or_empty(line, 1);
    while (a->poisoning < 3 && !str_equal(how, str_from(names[a->poisoning])))
        a->poisoning++;
    if (a->poisoning == 3)
        return target_fail(
                r, line, "poisoning is 'none', 'light' or 'comprehensive', not '%s'", how.at);
    return a->poisoning == 0 ||
           target_number_within(r, line, 2, "what it takes", 0, 64, &a->poison_bytes);
}

/// `allocator first-fit` with `alignment`, `header`, `least`, `ends`, `record`.
static bool read_first_fit(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "alignment", "header", "least", "ends", "record", NULL };
    struct target_allocator *a = &r->target->allocator;
    const struct number_field fields[] = { { "alignment", &a->alignment },
        { "header", &a->header_bytes }, { "least", &a->least_bytes }, { "ends", &a->ends_bytes },
        { "record", &a->record_bytes } };
    struct target_lines lines;
    a->first_fit = true;
    if (!target_active_lines(r, line->children, keys, &lines) ||
            !read_fields(r, line, &lines, fields, sizeof(fields) / sizeof(fields[0])))
        return false;
    return (is_power_of_two(a->alignment) && a->least_bytes != 0) ||
           target_fail(r, line, "'alignment' must be a power of two, and 'least' more than 0");
}

bool target_read_allocator(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "alignment", "header", "least", "ends", "descriptor",
        "record", "control", "lists", "rounding", "poisoning", NULL };
    struct target_allocator *a = &r->target->allocator;
    const struct number_field fields[] = { { "alignment", &a->alignment },
        { "header", &a->header_bytes }, { "least", &a->least_bytes }, { "ends", &a->ends_bytes },
        { "descriptor", &a->descriptor_bytes }, { "record", &a->record_bytes } };
    struct target_lines lines;
    if (!target_word_count(r, line, 2, 2, "a name")) {
        return false;
    }
    if (str_equal(line->words[1], STR("first-fit"))) {
        return read_first_fit(r, line);
    }
    if (!str_equal(line->words[1], STR("tlsf"))) {
        return target_fail(
                r, line, "unknown allocator '%s'; there is: tlsf, first-fit", line->words[1].at);
    }
    if (!target_active_lines(r, line->children, keys, &lines) ||
            !read_fields(r, line, &lines, fields, sizeof(fields) / sizeof(fields[0])) ||
            !read_control(r, line, &lines) || !read_classes(r, line, &lines) ||
            !read_rounding(r, line, &lines) || !read_poisoning(r, &lines)) {
        return false;
    }
    if (!is_power_of_two(a->alignment) || a->least_bytes == 0) {
        return target_fail(r, line, "'alignment' must be a power of two, and 'least' more than 0");
    }
    return true;
}

bool target_read_malloc(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "up-to", "above", "again", NULL };
    struct target_malloc *m = &r->target->malloc_rule;
    struct target_lines lines;
    if (!target_word_count(r, line, 1, 1, "no word of its own") ||
            !target_active_lines(r, line->children, keys, &lines)) {
        return false;
    }
    const struct conf_line *small = only_line(&lines, "up-to");
    const struct conf_line *large = only_line(&lines, "above");
    const struct conf_line *again = only_line(&lines, "again");
    if (!small || !large || !again) {
        return target_fail(
                r, line, "'malloc' must have one line each of 'up-to', 'above' and 'again'");
    }
    return target_number(r, small, 1, "the limit", &m->up_to) &&
           target_mask(r, small, 2, &m->small_asks) && target_mask(r, large, 1, &m->large_asks) &&
           target_mask(r, again, 1, &m->again_asks);
}

/// `cache-lines INTERNAL EXTERNAL` with `asks CAPABILITY…`, `strips CAPABILITY…`, `external CAPABILITY drops CAPABILITY…`.
bool target_read_cache_lines(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "asks", "strips", "external", NULL };
    struct target_lines_rule *rule = &r->target->lines_rule;
    struct target_lines lines;
    if (!target_word_count(r, line, 3, 3, "two sizes of a line") ||
            !target_number_within(r, line, 1, "a line", 1, 4096, &rule->internal_bytes) ||
            !target_number_within(r, line, 2, "a line", 1, 4096, &rule->external_bytes) ||
            !target_active_lines(r, line->children, keys, &lines))
        return false;
    if (!is_power_of_two(rule->internal_bytes) || !is_power_of_two(rule->external_bytes))
        return target_fail(r, line, "a line must be a power of two");
    const struct conf_line *asks = only_line(&lines, "asks");
    const struct conf_line *strips = only_line(&lines, "strips");
    const struct conf_line *external = only_line(&lines, "external");
    if (asks == NULL)
        return target_fail(r, line, "'cache-lines' must have one line 'asks'");
    if (!target_mask(r, asks, 1, &rule->asks) ||
            (strips != NULL && !target_mask(r, strips, 1, &rule->strips)))
        return false;
    if (external == NULL)
        return true;
    if (external->word_count < 4 || !str_equal(external->words[2], STR("drops")))
        return target_fail(r, external, "expected: external CAPABILITY drops CAPABILITY...");
    rule->external_asks = target_find_capability(r->target, external->words[1]);
    return rule->external_asks != 0
                   ? target_mask(r, external, 3, &rule->external_drops)
                   : target_fail(r, external, "unknown capability '%s'", external->words[1].at);
}

bool target_read_request(struct target_reader *r, const struct conf_line *line) {
    struct target *t = r->target;
    uint32_t asks;
    if (!target_word_count(r, line, 3, UINT32_MAX, "a name and capabilities") ||
            !target_mask(r, line, 2, &asks)) {
        return false;
    }
    if (target_find_request(t, line->words[1]) != TARGET_NONE ||
            str_equal(line->words[1], STR("policy"))) {
        return target_fail(
                r, line, "request '%s' is there twice, or is the word 'policy'", line->words[1].at);
    }
    t->requests[t->request_count++] = (struct target_request){ line->words[1], asks };
    return true;
}

/// Word `index` as the name of a request.
static bool read_request_name(
        struct target_reader *r, const struct conf_line *line, uint32_t index, uint32_t *out) {
    struct str name;
    if (!conf_word(&r->conf, line, index, "the name of a request", &name, r->err)) {
        return false;
    }
    *out = target_find_request(r->target, name);
    if (*out == TARGET_NONE) {
        return target_fail(r, line, "unknown request '%s'", name.at);
    }
    return true;
}

bool target_read_system(struct target_reader *r, const struct conf_line *line) {
    return target_word_count(r, line, 2, 2, "the name of a request") &&
           read_request_name(r, line, 1, &r->target->system_request);
}

bool target_read_insists(struct target_reader *r, const struct conf_line *line) {
    struct target *t = r->target;
    struct target_insistence *i = &t->insistences[t->insistence_count];
    if (!target_word_count(r, line, 3, 3, "a component and the name of a request") ||
            !read_request_name(r, line, 2, &i->request)) {
        return false;
    }
    i->component = line->words[1];
    i->source = target_source(r, line);
    t->insistence_count++;
    return true;
}

bool target_read_stack(struct target_reader *r, const struct conf_line *line) {
    return target_word_count(r, line, 3, 3, "a size and the name of a request") &&
           target_number(r, line, 1, "the size", &r->target->stack_bytes) &&
           read_request_name(r, line, 2, &r->target->stack_request);
}

/// `block NAME BYTES malloc|system [running]`.
static bool read_block(
        struct target_reader *r, const struct conf_line *line, struct target_block *out) {
    if (!target_word_count(
                r, line, 4, 5, "a name, size, 'malloc' or 'system', and perhaps 'running'") ||
            !target_number(r, line, 2, "the size", &out->bytes)) {
        return false;
    }
    struct str memory = line->words[3];
    struct str span = target_word_or_empty(line, 4);
    if (!str_equal(memory, STR("malloc")) && !str_equal(memory, STR("system"))) {
        return target_fail(
                r, line, "a block is asked by 'malloc' or 'system', not '%s'", memory.at);
    }
    if (span.len && !str_equal(span, STR("running"))) {
        return target_fail(r, line, "expected 'running' or nothing, not '%s'", span.at);
    }
    out->name = line->words[1];
    out->source = target_source(r, line);
    out->memory = str_equal(memory, STR("system")) ? TARGET_SYSTEM : TARGET_MALLOC;
    out->running = span.len != 0;
    return true;
}

/// The object that `holds NAME` names; it must stand further up, so that no object holds itself.
static const struct target_object *held_object(
        struct target_reader *r, const struct conf_line *line) {
    if (!target_word_count(r, line, 2, 2, "an object")) {
        return NULL;
    }
    const struct target_object *held = target_find_object(r->target, line->words[1]);
    if (!held) {
        target_fail(r, line, "'holds' names no object further up: '%s'", line->words[1].at);
    }
    return held;
}

static bool read_object_line(
        struct target_reader *r, const struct conf_line *line, struct target_object *object) {
    struct target_block *next = &object->blocks[object->block_count];
    if (str_equal(line->words[0], STR("block"))) {
        object->block_count++;
        return read_block(r, line, next);
    }
    if (str_equal(line->words[0], STR("stack"))) {
        object->block_count++;
        *next = (struct target_block){ STR("stack"), target_source(r, line), r->target->stack_bytes,
            TARGET_STACK, false };
        return target_word_count(
                r, line, 1, 1, "no word: size and place are those of 'stack' above");
    }
    const struct target_object *held = held_object(r, line);
    if (!held) {
        return false;
    }
    for (uint32_t i = 0; i < held->block_count; i++) {
        object->blocks[object->block_count++] = held->blocks[i];
    }
    return true;
}

/// Blocks that the lines make, those of held objects included.
static uint32_t count_blocks(const struct target *t, const struct target_lines *lines) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct target_object *held =
                target_find_object(t, target_word_or_empty(lines->at[i], 1));
        bool holds = str_equal(lines->at[i]->words[0], STR("holds"));
        count += holds && held ? held->block_count : 1;
    }
    return count;
}

bool target_read_object(struct target_reader *r, const struct conf_line *line) {
    static const char *const keys[] = { "block", "stack", "holds", NULL };
    struct target *t = r->target;
    struct target_lines lines;
    if (!target_word_count(r, line, 2, 3, "a name and perhaps 'lazy'") ||
            !target_active_lines(r, line->children, keys, &lines)) {
        return false;
    }
    struct str lazy = target_word_or_empty(line, 2);
    if (lazy.len && !str_equal(lazy, STR("lazy"))) {
        return target_fail(r, line, "expected 'lazy' or nothing, not '%s'", lazy.at);
    }
    if (target_find_object(t, line->words[1])) {
        return target_fail(r, line, "object '%s' is there twice", line->words[1].at);
    }
    struct target_object object = { .name = line->words[1], .source = target_source(r, line) };
    object.lazy = lazy.len != 0;
    object.blocks = NEW_ARRAY(r->arena, struct target_block, count_blocks(t, &lines));
    for (uint32_t i = 0; i < lines.count; i++) {
        if (!read_object_line(r, lines.at[i], &object)) {
            return false;
        }
    }
    t->objects[t->object_count++] = object;
    return true;
}

bool target_read_task(struct target_reader *r, const struct conf_line *line) {
    struct target *t = r->target;
    struct target_task *task = &t->tasks[t->task_count];
    if (!target_word_count(r, line, 5, 5, "a name, stack, count, and 'always' or 'if-used'") ||
            !target_number(r, line, 2, "the stack", &task->stack_bytes) ||
            !target_number_within(r, line, 3, "the count", 1, 1024, &task->count)) {
        return false;
    }
    task->name = line->words[1];
    task->source = target_source(r, line);
    task->always = str_equal(line->words[4], STR("always"));
    if (!task->always && !str_equal(line->words[4], STR("if-used"))) {
        return target_fail(
                r, line, "a task is there 'always' or 'if-used', not '%s'", line->words[4].at);
    }
    t->task_count++;
    return true;
}
