/// What the forms of emit.h share: rules of the plan, comments, the files that several of them need.
#include "emit.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { WIDTH = 96 };

const char *emit_identifier(struct arena *a, struct str name) {
    char *out = arena_printf(a, "%.*s", STR_ARG(name));
    for (char *c = out; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c)) {
            *c = '_';
        }
    }
    return out;
}

// ---- rules

uint32_t emit_memory_of(const struct plan_rule *rule) {
    // What a port insists on is that memory or failure.
    bool only = rule->only || rule->strength == PLAN_BY_INSISTENCE;
    return rule->request == PLAN_POLICY ? EMIT_POLICY : rule->request * 2 + only;
}

static struct emit_rule rule_at(const struct emit *e, uint32_t row, enum plan_kind kind) {
    const struct plan *p = e->plan;
    const struct plan_rule *rule = &p->rules[row * PLAN_KINDS + kind];
    const struct plan_rule *fallback = &p->rules[p->component_count * PLAN_KINDS + kind];
    bool insists = rule->strength == PLAN_BY_INSISTENCE;
    bool is_default = !insists && rule->line == fallback->line;
    return (struct emit_rule){ .memory = emit_memory_of(rule),
        .line = rule->line,
        .is_default = is_default,
        .insists = insists };
}

struct emit_rule emit_default(const struct emit *e, enum plan_kind kind) {
    return rule_at(e, e->plan->component_count, kind);
}

struct emit_rule emit_rule_of(const struct emit *e, uint32_t component, enum plan_kind kind) {
    struct emit_rule rule = rule_at(e, component, kind);
    if (rule.insists && !e->options.with_insisted) {
        rule.memory = EMIT_POLICY;
    }
    return rule;
}

/// Whether someone's code is meant, not a run-time library or what nobody knows.
static bool is_code(const struct emit *e, uint32_t component) {
    return component != component_unknown(e->map) && !component_is_transparent(e->map, component) &&
           !component_is_allocator(e->map, component);
}

bool emit_is_moved(const struct emit *e, uint32_t component, unsigned kinds) {
    for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
        struct emit_rule rule = emit_rule_of(e, component, (enum plan_kind)kind);
        if ((kinds & 1u << kind) && rule.memory != EMIT_POLICY &&
                (is_code(e, component) || !rule.is_default)) {
            return true;
        }
    }
    return false;
}

struct str emit_words(const struct emit *e, struct emit_rule rule) {
    return rule.memory == EMIT_POLICY ? STR("policy") : e->memories[rule.memory].words;
}

const char *emit_symbol(const struct emit *e, uint32_t memory) {
    return arena_printf(e->a, "ramlens_%s", e->memories[memory].name);
}

static void mark_used(struct emit *e) {
    for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
        for (uint32_t c = 0; c <= e->plan->component_count; c++) {
            bool is_row = c == e->plan->component_count;
            if (!is_row && !emit_is_moved(e, c, 1u << kind)) {
                continue;
            }
            struct emit_rule rule = is_row ? emit_default(e, (enum plan_kind)kind)
                                           : emit_rule_of(e, c, (enum plan_kind)kind);
            if (rule.memory != EMIT_POLICY) {
                e->memories[rule.memory].used[kind] = true;
            }
        }
    }
}

void emit_init(struct emit *e, struct arena *a, const struct plan *plan,
        const struct component_map *map, const struct emit_options *options) {
    *e = (struct emit){ .a = a, .plan = plan, .map = map, .options = *options };
    const struct target *t = plan->target;
    e->memory_count = t->request_count * 2;
    e->memories = NEW_ARRAY(a, struct emit_memory, e->memory_count + 1);
    for (uint32_t i = 0; i < e->memory_count; i++) {
        struct str name = t->requests[i / 2].name;
        const char *identifier = emit_identifier(a, name);
        e->memories[i] = (struct emit_memory){ .request = i / 2,
            .only = i % 2 != 0,
            .name = i % 2 ? arena_printf(a, "%s_only", identifier) : identifier,
            .words = str_from(arena_printf(a, "%.*s%s", STR_ARG(name), i % 2 ? " only" : "")) };
    }
    mark_used(e);
    for (size_t i = 0; i < plan->selectors.len; i++) {
        // A line for named code counts for each kind; the table holds every memory anyway.
        uint32_t memory = emit_memory_of(&plan->selectors.at[i].rule);
        if (memory != EMIT_POLICY) {
            e->memories[memory].used[PLAN_NEW] = true;
            e->memories[memory].used[PLAN_MALLOC] = true;
        }
    }
}

// ---- files and warnings

struct text *emit_file(struct emit *e, const char *name) {
    for (uint32_t i = 0; i < e->file_count; i++) {
        if (strcmp(e->files[i].name, name) == 0) {
            return &e->files[i].text;
        }
    }
    uint32_t at = e->file_count < EMIT_FILES_MAX ? e->file_count++ : EMIT_FILES_MAX - 1;
    struct emit_file *f = &e->files[at];
    *f = (struct emit_file){ .name = name, .text = { .arena = e->a } };
    return &f->text;
}

void emit_warn(struct emit *e, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (e->warning_count < EMIT_WARNINGS_MAX) {
        e->warnings[e->warning_count++] = arena_copy(e->a, str_from(text)).at;
    }
}

// ---- comments

static void comment_line(struct text *out, char style, struct str line) {
    text_printf(out, "%s%s%.*s\n", style == '/' ? " *" : "#", line.len ? " " : "", STR_ARG(line));
}

/// One paragraph, broken at spaces.
static void comment_paragraph(struct text *out, char style, struct str text) {
    while (text.len > 0) {
        size_t end = text.len;
        if (end > WIDTH) {
            for (end = WIDTH; end > 0 && text.at[end] != ' '; end--) {
            }
            for (end = end ? end : WIDTH; end < text.len && text.at[end] != ' '; end++) {
            }
        }
        comment_line(out, style, (struct str){ text.at, end });
        while (end < text.len && text.at[end] == ' ') {
            end++;
        }
        text = (struct str){ text.at + end, text.len - end };
    }
}

void emit_comment(struct text *out, char style, struct str text) {
    if (style == '/') {
        text_printf(out, "/*\n");
    }
    bool is_first = true;
    while (text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        size_t len = end ? (size_t)(end - text.at) : text.len;
        if (!is_first) {
            comment_line(out, style, STR(""));
        }
        is_first = false;
        comment_paragraph(out, style, (struct str){ text.at, len });
        size_t step = end ? len + 1 : len;
        text = (struct str){ text.at + step, text.len - step };
    }
    text_printf(out, "%s\n", style == '/' ? " */" : "#");
}

void emit_head(struct emit *e, struct text *out, const char *what) {
    text_printf(out, "Written by ramlens emit from the plan '%.*s' for %.*s: %s\n",
            STR_ARG(e->plan->name), STR_ARG(e->plan->target->name), what);
}

void emit_named_code(struct emit *e, struct text *out) {
    size_t count = e->plan->selectors.len;
    if (count == 0) {
        return;
    }
    text_printf(out,
            "NOT REACHED: %zu line%s of the plan for named code (container, class, function, "
            "site). "
            "Names of functions tell components apart, not callers; the table of --as sites "
            "does.\n",
            count, count == 1 ? "" : "s");
    emit_warn(e,
            "%zu line%s of the plan for containers, classes, functions or sites need%s --as sites",
            count, count == 1 ? "" : "s", count == 1 ? "s" : "");
}

void emit_counted(struct emit *e, struct text *out) {
    if (e->reach == NULL) {
        text_printf(out, "Nothing was counted: no program was given (--program).\n");
        return;
    }
    text_printf(out,
            "Counted: references from the objects that '%.*s' was linked from, where the "
            "linker's map says that their code is in it.",
            STR_ARG(e->reach->program));
    if (e->reach->unread > 0) {
        text_printf(out,
                " %" PRIu32 " of the map's files could not be read, '%.*s' the first: "
                "what they refer to is missing here.",
                e->reach->unread, STR_ARG(e->reach->unread_path));
    }
    text_printf(out, "\n");
}

const char *emit_list(struct emit *e, uint32_t component, unsigned classes) {
    struct text list = { .arena = e->a };
    const struct reach_component *c = &e->reach->components[component];
    for (uint32_t i = 0; i < alloc_symbol_count; i++) {
        if ((classes & 1u << alloc_symbols[i].class) && c->by_symbol[i] > 0) {
            char name[ALLOC_NAME_MAX];
            alloc_symbol_name(i, e->reach->size, name);
            text_printf(&list, "%s%s %" PRIu32, list.len ? ", " : "", name, c->by_symbol[i]);
        }
    }
    return list.len ? list.at : "none";
}

// ---- generated code

void emit_fill(struct text *out, const char *lines, const char *at, const char *tilde) {
    for (; *lines != '\0'; lines++) {
        if (*lines == '@') {
            text_add(out, str_from(at));
        } else if (*lines == '~') {
            text_add(out, str_from(tilde));
        } else {
            text_add_char(out, *lines);
        }
    }
}

static void emit_place(struct emit *e, struct text *out, uint32_t memory) {
    const struct target *t = e->plan->target;
    const struct emit_memory *m = &e->memories[memory];
    uint32_t first = t->requests[m->request].asks;
    if (m->only) {
        text_printf(out,
                "/* %.*s: this memory or failure. */\n"
                "static const struct ramlens_place %s = { .first = 0x%" PRIx32 "u };\n",
                STR_ARG(m->words), emit_symbol(e, memory), first);
        return;
    }
    text_printf(out,
            "/* %.*s: when it is full what plain malloc does. */\n"
            "static const struct ramlens_place %s = { .first = 0x%" PRIx32 "u,\n"
            "    .up_to = %" PRIu64 "u,\n"
            "    .small = 0x%" PRIx32 "u,\n"
            "    .large = 0x%" PRIx32 "u,\n"
            "    .again = 0x%" PRIx32 "u };\n",
            STR_ARG(m->words), emit_symbol(e, memory), first, t->malloc_rule.up_to,
            t->malloc_rule.small_asks, t->malloc_rule.large_asks, t->malloc_rule.again_asks);
}

static bool is_used(const struct emit_memory *m, unsigned kinds) {
    for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
        if ((kinds & 1u << kind) && m->used[kind]) {
            return true;
        }
    }
    return false;
}

void emit_places(struct emit *e, struct text *out, unsigned kinds) {
    for (uint32_t i = 0; i < e->memory_count; i++) {
        if (is_used(&e->memories[i], kinds)) {
            emit_place(e, out, i);
        }
    }
}

void emit_all_places(struct emit *e, struct text *out) {
    for (uint32_t i = 0; i < e->memory_count; i++) {
        emit_place(e, out, i);
    }
}

void emit_default_places(struct emit *e, struct text *out, unsigned kinds) {
    for (uint32_t i = 0; i < e->memory_count; i++) {
        bool is_default = false;
        for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
            is_default |= (kinds & 1u << kind) && emit_default(e, (enum plan_kind)kind).memory == i;
        }
        if (is_default) {
            emit_place(e, out, i);
        }
    }
}

static void targets_of(struct emit *e, struct text *out, uint32_t memory) {
    const char *name = emit_symbol(e, memory);
    emit_fill(out,
            "\nvoid *@_malloc(size_t size);\n"
            "void *@_malloc(size_t size) {\n"
            "    return ramlens_place_malloc(&@, size);\n}\n"
            "void *@_calloc(size_t count, size_t size);\n"
            "void *@_calloc(size_t count, size_t size) {\n"
            "    return ramlens_place_calloc(&@, count, size);\n}\n"
            "void *@_realloc(void *block, size_t size);\n"
            "void *@_realloc(void *block, size_t size) {\n"
            "    return ramlens_place_realloc(&@, block, size);\n}\n"
            "void *@_reallocarray(void *block, size_t count, size_t size);\n"
            "void *@_reallocarray(void *block, size_t count, size_t size) {\n"
            "    return ramlens_place_reallocarray(&@, block, count, size);\n}\n"
            "void *@_aligned_alloc(size_t alignment, size_t size);\n"
            "void *@_aligned_alloc(size_t alignment, size_t size) {\n"
            "    return ramlens_place_aligned(&@, alignment, size);\n}\n"
            "void *@_memalign(size_t alignment, size_t size);\n"
            "void *@_memalign(size_t alignment, size_t size) {\n"
            "    return ramlens_place_aligned(&@, alignment, size);\n}\n"
            "int @_posix_memalign(void **block, size_t alignment, size_t size);\n"
            "int @_posix_memalign(void **block, size_t alignment, size_t size) {\n"
            "    return ramlens_place_posix_memalign(&@, block, alignment, size);\n}\n"
            "char *@_strdup(const char *text);\n"
            "char *@_strdup(const char *text) {\n"
            "    return ramlens_place_strdup(&@, text);\n}\n"
            "char *@_strndup(const char *text, size_t most);\n"
            "char *@_strndup(const char *text, size_t most) {\n"
            "    return ramlens_place_strndup(&@, text, most);\n}\n"
            "void @_free(void *block);\n"
            "void @_free(void *block) {\n"
            "    ramlens_place_free(block);\n}\n",
            name, "");
}

void emit_targets_c(struct emit *e) {
    struct text *out = emit_file(e, "ramlens_targets.c");
    struct text about = { .arena = e->a };
    unsigned kinds = EMIT_MALLOC | EMIT_LIBC;
    emit_head(e, &about,
            "what redirected calls of malloc and its family go to, a set of functions for each "
            "memory. SPDX-License-Identifier: Apache-2.0");
    text_printf(&about,
            "Compile it and ramlens_place.c once, into the program or a library of its own. It is "
            "reached by nothing but the calls that other files of this folder redirect.");
    emit_comment(out, '/', text_str(&about));
    text_printf(out, "#include \"ramlens_place.h\"\n\n");
    emit_places(e, out, kinds);
    for (uint32_t i = 0; i < e->memory_count; i++) {
        if (is_used(&e->memories[i], kinds)) {
            targets_of(e, out, i);
        }
    }
}

// ---- operator new and delete as targets

const char *emit_size_letter(void) {
    return "/* size_t in mangled names. */\n"
           "#if __SIZEOF_SIZE_T__ == 8\n"
           "#    define SZ \"m\"\n"
           "#else\n"
           "#    define SZ \"j\"\n"
           "#endif\n";
}

const char *emit_mangled(struct arena *a, const char *prefix, uint32_t symbol) {
    const char *name = alloc_symbols[symbol].name;
    const char *sign = strchr(name, '%');
    if (sign == NULL) {
        return arena_printf(a, "\"%s%s\"", prefix, name);
    }
    const char *rest = sign + 1;
    return *rest == '\0' ? arena_printf(a, "\"%s%.*s\" SZ", prefix, (int)(sign - name), name)
                         : arena_printf(a, "\"%s%.*s\" SZ \"%s\"", prefix, (int)(sign - name), name,
                                   rest);
}

/// "new_array_nothrow": a name of C for a form.
const char *emit_form_name(struct arena *a, uint32_t symbol) {
    uint8_t form = alloc_symbols[symbol].form;
    return arena_printf(a, "%s%s%s%s%s",
            alloc_symbols[symbol].class == ALLOC_NEW ? "new" : "delete",
            form & ALLOC_ARRAY ? "_array" : "", form & ALLOC_SIZED ? "_sized" : "",
            form & ALLOC_ALIGNED ? "_aligned" : "", form & ALLOC_NOTHROW ? "_nothrow" : "");
}

const char *emit_parameters(struct arena *a, uint32_t symbol) {
    uint8_t form = alloc_symbols[symbol].form;
    bool is_new = alloc_symbols[symbol].class == ALLOC_NEW;
    return arena_printf(a, "%s%s%s%s", is_new ? "size_t size" : "void *block",
            form & ALLOC_SIZED ? ", size_t size" : "",
            form & ALLOC_ALIGNED ? ", size_t alignment" : "",
            form & ALLOC_NOTHROW ? ", const void *nothrow" : "");
}

const char *emit_arguments(struct arena *a, uint32_t symbol) {
    uint8_t form = alloc_symbols[symbol].form;
    bool is_new = alloc_symbols[symbol].class == ALLOC_NEW;
    return arena_printf(a, "%s%s%s%s", is_new ? "size" : "block",
            form & ALLOC_SIZED ? ", size" : "", form & ALLOC_ALIGNED ? ", alignment" : "",
            form & ALLOC_NOTHROW ? ", nothrow" : "");
}

void emit_stock_operators(struct emit *e, struct text *out, const char *prefix) {
    for (uint32_t i = 0; i < alloc_symbol_count; i++) {
        uint8_t class = alloc_symbols[i].class;
        if (class == ALLOC_NEW || class == ALLOC_DELETE) {
            text_printf(out, "%sstock_%s(%s) __asm__(%s);\n",
                    class == ALLOC_NEW ? "void *" : "void ", emit_form_name(e->a, i),
                    emit_parameters(e->a, i), emit_mangled(e->a, prefix, i));
        }
    }
}

/// The failing end of a form of new: what is left to try.
static const char *on_failure(struct emit *e, uint32_t symbol, enum emit_only only) {
    uint8_t form = alloc_symbols[symbol].form;
    const char *stock = arena_printf(
            e->a, "stock_%s(%s)", emit_form_name(e->a, symbol), emit_arguments(e->a, symbol));
    const char *again = form & ALLOC_NOTHROW ? "(void *)0"
                                             : arena_printf(e->a, "again(where, %s, size)",
                                                       form & ALLOC_ALIGNED ? "alignment" : "0");
    return only == EMIT_NOT_ONLY ? stock
           : only == EMIT_ONLY   ? again
                                 : arena_printf(e->a, "where->small == 0 ? %s : %s", again, stock);
}

void emit_operator_targets(struct emit *e, struct text *out, const char *where, const char *label,
        const char *function, enum emit_only only) {
    text_printf(out, "\n#undef WHERE\n#define WHERE %s\n", where);
    for (uint32_t i = 0; i < alloc_symbol_count; i++) {
        uint8_t class = alloc_symbols[i].class;
        if (class != ALLOC_NEW && class != ALLOC_DELETE) {
            continue;
        }
        const char *name = arena_printf(e->a, "%s_%s", function, emit_form_name(e->a, i));
        const char *type = class == ALLOC_NEW ? "void *" : "void ";
        const char *parameters = emit_parameters(e->a, i);
        text_printf(out, "%s%s(%s) __asm__(%s);\n", type, name, parameters,
                emit_mangled(e->a, label, i));
        text_printf(out, "%s%s(%s) {\n", type, name, parameters);
        if (class == ALLOC_DELETE) {
            text_printf(out, "    stock_%s(%s);\n}\n", emit_form_name(e->a, i),
                    emit_arguments(e->a, i));
            continue;
        }
        text_printf(out,
                "    const struct ramlens_place *where = WHERE;\n"
                "    if (!ramlens_place_is_active(where))\n"
                "        return stock_%s(%s);\n"
                "    void *block = take(where, %s, size);\n"
                "    return block != 0 ? block : %s;\n}\n",
                emit_form_name(e->a, i), emit_arguments(e->a, i),
                alloc_symbols[i].form & ALLOC_ALIGNED ? "alignment" : "0", on_failure(e, i, only));
    }
}

const char *emit_take(void) {
    return "static inline void *take(const struct ramlens_place *where, size_t alignment, size_t "
           "size) "
           "{\n"
           "    if (size == 0)\n"
           "        size = 1; /* Blocks of no size differ, too. */\n"
           "    if (alignment == 0)\n"
           "        return ramlens_place_malloc(where, size);\n"
           "    if (alignment < sizeof(void *))\n"
           "        alignment = sizeof(void *);\n"
           "    if (size > SIZE_MAX - alignment)\n"
           "        return 0;\n"
           "    return ramlens_place_aligned(where, alignment, (size + alignment - 1) & "
           "~(alignment - 1));\n"
           "}\n";
}

const char *emit_again(void) {
    return "void (*get_new_handler(void))(void) __asm__(\"_ZSt15get_new_handlerv\");\n"
           "void throw_bad_alloc(void) __asm__(\"_ZSt17__throw_bad_allocv\")\n"
           "        __attribute__((noreturn));\n\n"
           "/* As the standard wants it: the new-handler as long as there is one, then the "
           "exception. */\n"
           "static inline void *again(const struct ramlens_place *where, size_t alignment, size_t "
           "size) "
           "{\n"
           "    for (;;) {\n"
           "        void (*handler)(void) = get_new_handler();\n"
           "        if (handler == 0)\n"
           "            throw_bad_alloc();\n"
           "        handler();\n"
           "        void *block = take(where, alignment, size);\n"
           "        if (block != 0)\n"
           "            return block;\n"
           "    }\n"
           "}\n";
}

void emit_targets_cxx(struct emit *e) {
    struct text *out = emit_file(e, "ramlens_targets_cxx.c");
    struct text about = { .arena = e->a };
    emit_head(e, &about,
            "what redirected calls of operator new and delete go to, all forms for each memory. "
            "SPDX-License-Identifier: Apache-2.0");
    text_printf(&about,
            "Compile it with -fexceptions: a new-handler's exception, or std::bad_alloc, passes "
            "through it. When the memory has no room, the program's own operator new comes next, "
            "with its new-handler and its std::bad_alloc; delete always is the program's own, "
            "which frees blocks of either side. Where a plan says `only` there is no next: "
            "new-handler and std::bad_alloc, for the nothrow forms a null pointer at once.\n"
            "An aligned block is given to the program's own aligned delete, which must end in "
            "free(), as libstdc++'s does over newlib, picolibc and glibc.");
    emit_comment(out, '/', text_str(&about));
    text_printf(out, "#include \"ramlens_place.h\"\n\n%s\n", emit_size_letter());
    emit_places(e, out, EMIT_NEW);
    text_printf(out, "\n/* The program's own operators. */\n");
    emit_stock_operators(e, out, "");
    text_printf(out, "\n%s", emit_take());
    bool any_only = false;
    for (uint32_t i = 0; i < e->memory_count; i++) {
        any_only |= e->memories[i].only && e->memories[i].used[PLAN_NEW];
    }
    if (any_only) {
        text_printf(out, "\n%s", emit_again());
    }
    for (uint32_t i = 0; i < e->memory_count; i++) {
        if (e->memories[i].used[PLAN_NEW]) {
            const char *name = emit_symbol(e, i);
            emit_operator_targets(e, out, arena_printf(e->a, "&%s", name),
                    arena_printf(e->a, "%s_", name), name,
                    e->memories[i].only ? EMIT_ONLY : EMIT_NOT_ONLY);
        }
    }
}
