/// `--as wrap`: the linker's --wrap for malloc and its family, and for operator new; the hooks look into the table of sites.
#include "emit.h"

#include <inttypes.h>

/// Whether any rule of these kinds moves something.
static bool any_moved(const struct emit *e, unsigned kinds) {
    for (uint32_t i = 0; i < e->memory_count; i++) {
        for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
            if ((kinds & 1u << kind) && e->memories[i].used[kind]) {
                return true;
            }
        }
    }
    return false;
}

static unsigned wrapped_classes(const struct emit *e) {
    unsigned classes = 1u << ALLOC_MALLOC;
    if (emit_default(e, PLAN_LIBC).memory != EMIT_POLICY) {
        classes |= 1u << ALLOC_LIBC;
    }
    if (any_moved(e, EMIT_NEW)) {
        classes |= 1u << ALLOC_NEW | 1u << ALLOC_DELETE;
    }
    return classes;
}

static void response_file(struct emit *e, unsigned classes) {
    struct text *out = emit_file(e, "wrap.rsp");
    for (uint32_t i = 0; i < alloc_symbol_count; i++) {
        if (!(classes & 1u << alloc_symbols[i].class)) {
            continue;
        }
        bool has_size = strchr(alloc_symbols[i].name, '%') != NULL;
        for (const char *size = has_size ? "jm" : "j"; *size != '\0'; size++) {
            char name[ALLOC_NAME_MAX];
            alloc_symbol_name(i, *size, name);
            text_printf(out, "-Wl,--wrap=%s\n", name);
        }
    }
}

static const char *default_of(struct emit *e, enum plan_kind kind) {
    uint32_t memory = emit_default(e, kind).memory;
    return memory == EMIT_POLICY ? "((const struct ramlens_place *)0)"
                                 : arena_printf(e->a, "&%s", emit_symbol(e, memory));
}

static const char hooks[] =
        "static const struct ramlens_place *where_of(\n"
        "        const void *caller, unsigned kind, const struct ramlens_place *otherwise) {\n"
        "    unsigned place = ramlens_sites_find(caller, kind);\n"
        "    return place == RAMLENS_SITES_NONE ? otherwise : ramlens_sites_place(place);\n"
        "}\n\n"
        "#define WHERE_MALLOC where_of(__builtin_return_address(0), RAMLENS_SITES_MALLOC, "
        "DEFAULT_MALLOC)\n\n"
        "void *__real_malloc(size_t size);\n"
        "void *__real_calloc(size_t count, size_t size);\n"
        "void *__real_realloc(void *block, size_t size);\n"
        "void *__real_memalign(size_t alignment, size_t size);\n\n"
        "/* The runtime's plain malloc must not come back here. */\n"
        "void *ramlens_stock_malloc(size_t size) {\n    return __real_malloc(size);\n}\n"
        "void *ramlens_stock_calloc(size_t count, size_t size) {\n"
        "    return __real_calloc(count, size);\n}\n"
        "void *ramlens_stock_realloc(void *block, size_t size) {\n"
        "    return __real_realloc(block, size);\n}\n"
        "void *ramlens_stock_aligned(size_t alignment, size_t size) {\n"
        "    return __real_memalign(alignment, size);\n}\n\n"
        "void *__wrap_malloc(size_t size);\n"
        "void *__wrap_malloc(size_t size) {\n"
        "    return ramlens_place_malloc(WHERE_MALLOC, size);\n}\n"
        "void *__wrap_calloc(size_t count, size_t size);\n"
        "void *__wrap_calloc(size_t count, size_t size) {\n"
        "    return ramlens_place_calloc(WHERE_MALLOC, count, size);\n}\n"
        "void *__wrap_realloc(void *block, size_t size);\n"
        "void *__wrap_realloc(void *block, size_t size) {\n"
        "    return ramlens_place_realloc(WHERE_MALLOC, block, size);\n}\n"
        "void *__wrap_reallocarray(void *block, size_t count, size_t size);\n"
        "void *__wrap_reallocarray(void *block, size_t count, size_t size) {\n"
        "    return ramlens_place_reallocarray(WHERE_MALLOC, block, count, size);\n}\n"
        "void *__wrap_aligned_alloc(size_t alignment, size_t size);\n"
        "void *__wrap_aligned_alloc(size_t alignment, size_t size) {\n"
        "    return ramlens_place_aligned(WHERE_MALLOC, alignment, size);\n}\n"
        "void *__wrap_memalign(size_t alignment, size_t size);\n"
        "void *__wrap_memalign(size_t alignment, size_t size) {\n"
        "    return ramlens_place_aligned(WHERE_MALLOC, alignment, size);\n}\n"
        "int __wrap_posix_memalign(void **block, size_t alignment, size_t size);\n"
        "int __wrap_posix_memalign(void **block, size_t alignment, size_t size) {\n"
        "    return ramlens_place_posix_memalign(WHERE_MALLOC, block, alignment, size);\n}\n";

static const char libc_hooks[] = "char *__wrap_strdup(const char *text);\n"
                                 "char *__wrap_strdup(const char *text) {\n"
                                 "    return ramlens_place_strdup(DEFAULT_LIBC, text);\n}\n"
                                 "char *__wrap_strndup(const char *text, size_t most);\n"
                                 "char *__wrap_strndup(const char *text, size_t most) {\n"
                                 "    return ramlens_place_strndup(DEFAULT_LIBC, text, most);\n}\n";

static void describe(struct emit *e, struct text *about, unsigned classes) {
    emit_head(e, about,
            "hooks for the linker's --wrap. Link with @wrap.rsp, this file, ramlens_sites.c and "
            "the "
            "placement runtime. SPDX-License-Identifier: Apache-2.0");
    text_printf(about,
            "They reach the calls of every object and archive of the link, whoever compiled it. "
            "They "
            "do not reach calls inside of shared libraries and inside of one object that defines "
            "the "
            "function itself, nor what the C library allocates inside of itself; when linking with "
            "-flto, what the compiler resolves before the linker sees it. free and delete are left "
            "as they are where they take blocks of either side.\n");
    text_printf(about,
            "Without a filled table (ramlens emit --as sites, for the linked program) all calls of "
            "malloc go to '%.*s', all of operator new to '%.*s'; the plan's lines for components "
            "count by the table alone. Compile with -fexceptions where operator new is wrapped.\n",
            STR_ARG(emit_words(e, emit_default(e, PLAN_MALLOC))),
            STR_ARG(emit_words(e, emit_default(e, PLAN_NEW))));
    emit_counted(e, about);
    for (uint32_t c = 0; e->reach != NULL && c < e->plan->component_count; c++) {
        const char *list = emit_list(e, c, classes & ~(1u << ALLOC_DELETE));
        if (strcmp(list, "none") != 0) {
            text_printf(about, "Reached in %.*s: %s.\n", STR_ARG(e->map->names[c]), list);
        }
    }
}

bool emit_wrap(struct emit *e, struct err *err) {
    if (!any_moved(e, EMIT_MALLOC | EMIT_NEW | EMIT_LIBC)) {
        return fail(err, e->plan->path, ERR_NO_OFFSET,
                "moves nothing: all of it follows the target's rule");
    }
    unsigned classes = wrapped_classes(e);
    struct text *out = emit_file(e, "ramlens_wrap.c");
    struct text about = { .arena = e->a };
    describe(e, &about, classes);
    emit_comment(out, '/', text_str(&about));
    text_printf(out, "#include \"ramlens_place.h\"\n\n");
    emit_default_places(e, out, EMIT_MALLOC | EMIT_NEW | EMIT_LIBC);
    text_printf(out, "#define DEFAULT_MALLOC %s\n\n%s", default_of(e, PLAN_MALLOC), hooks);
    if (classes & 1u << ALLOC_LIBC) {
        text_printf(out, "\n#define DEFAULT_LIBC %s\n%s", default_of(e, PLAN_LIBC), libc_hooks);
    }
    if (classes & 1u << ALLOC_NEW) {
        text_printf(
                out, "\n%s#define DEFAULT_NEW %s\n\n", emit_size_letter(), default_of(e, PLAN_NEW));
        emit_stock_operators(e, out, "__real_");
        text_printf(out, "\n%s\n%s", emit_take(), emit_again());
        emit_operator_targets(e, out,
                "where_of(__builtin_return_address(0), RAMLENS_SITES_NEW, DEFAULT_NEW)", "__wrap_",
                "ramlens_wrap", EMIT_MAYBE_ONLY);
    }
    response_file(e, classes);
    emit_empty_sites(e);
    emit_runtime(e);
    return true;
}
