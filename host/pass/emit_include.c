/// `--as include`: a header per component that its compiler is told to include first. It gives malloc and its family other names for the
/// linker, by declarations: no macro, so members, pointers and namespaces keep theirs.
#include "emit.h"

#include <inttypes.h>

static const char *const plain_c[] = {
    "void *malloc(__SIZE_TYPE__)",
    "void *calloc(__SIZE_TYPE__, __SIZE_TYPE__)",
    "void *realloc(void *, __SIZE_TYPE__)",
    "void free(void *)",
};

/// Functions that a program may well have under the same names for something else, so not declared here.
static const char *const others[] = { "reallocarray", "aligned_alloc", "memalign",
    "posix_memalign" };

static void rename_malloc(struct text *out, const char *name) {
    static const char *const names[] = { "malloc", "calloc", "realloc", "free" };
    text_printf(out, "#        pragma GCC system_header\n"
                     "#        ifdef __cplusplus\nextern \"C\" {\n#        endif\n");
    for (size_t i = 0; i < sizeof plain_c / sizeof plain_c[0]; i++) {
        text_printf(out, "%s __asm__(\"%s_%s\") __attribute__((__nothrow__));\n", plain_c[i], name,
                names[i]);
    }
    text_printf(out, "#        ifdef __cplusplus\n}\n#        endif\n");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        text_printf(out, "#        pragma redefine_extname %s %s_%s\n", others[i], name, others[i]);
    }
}

static void rename_strdup(struct text *out, const char *name) {
    text_printf(out, "#        pragma redefine_extname strdup %s_strdup\n", name);
    text_printf(out, "#        pragma redefine_extname strndup %s_strndup\n", name);
}

/// What the numbers say; false when nothing is reached.
static bool describe_counts(struct emit *e, struct text *out, uint32_t c, unsigned reached) {
    const struct reach_component *r = &e->reach->components[c];
    struct str name = e->map->names[c];
    uint32_t guests = r->guests[ALLOC_MALLOC];
    if (r->archives == 0) {
        if (guests > 0) {
            text_printf(out,
                    "%.*s has no object of its own in this program. Its out-of-line functions in "
                    "the "
                    "objects of %.*s refer %" PRIu32
                    " times to malloc and its family; the header must "
                    "be forced into these.\n",
                    STR_ARG(name), STR_ARG(e->map->names[r->guest_host]), guests);
            return true;
        }
        text_printf(out,
                "REACHES NOTHING HERE: %.*s has no object of its own in this program; its code is "
                "inside of others' objects, as a header-only library's is, and their headers "
                "count.\n",
                STR_ARG(name));
        return false;
    }
    if (((reached & 1u << ALLOC_MALLOC) ? r->by_class[ALLOC_MALLOC] : 0) +
                    ((reached & 1u << ALLOC_LIBC) ? r->by_class[ALLOC_LIBC] : 0) ==
            0) {
        text_printf(out,
                "REACHES NOTHING: the %" PRIu32 " objects of %.*s in this program do not refer to "
                "malloc or its family at all. Of operator new: %s.\n",
                r->objects, STR_ARG(name), emit_list(e, c, 1u << ALLOC_NEW));
        return false;
    }
    text_printf(out, "Reached, from %" PRIu32 " objects of %.*s: %s; %s.\n", r->objects,
            STR_ARG(name), emit_list(e, c, reached), emit_list(e, c, 1u << ALLOC_FREE));
    text_printf(out,
            "Not reached: operator new (%s); the C library's blocks for the component (%s, "
            "and all that its other functions take).\n",
            emit_list(e, c, 1u << ALLOC_NEW),
            (reached & 1u << ALLOC_LIBC) ? "strdup and strndup are reached"
                                         : emit_list(e, c, 1u << ALLOC_LIBC));
    return true;
}

static void header_of(struct emit *e, uint32_t c) {
    struct str name = e->map->names[c];
    const char *identifier = emit_identifier(e->a, name);
    struct text *out = emit_file(e, arena_printf(e->a, "place-%.*s.h", STR_ARG(name)));
    struct emit_rule plain = emit_rule_of(e, c, PLAN_MALLOC);
    struct emit_rule libc = emit_rule_of(e, c, PLAN_LIBC);
    unsigned reached = plain.memory == EMIT_POLICY ? 0 : 1u << ALLOC_MALLOC;
    reached |= libc.memory == EMIT_POLICY ? 0 : 1u << ALLOC_LIBC;
    struct text about = { .arena = e->a };
    emit_head(e, &about,
            arena_printf(e->a,
                    "malloc and its family of component %.*s go to '%.*s'. Force it in with "
                    "-include "
                    "place-%.*s.h when compiling the component's C and C++ sources; "
                    "-DRAMLENS_PLACE=0 "
                    "there makes it empty.",
                    STR_ARG(name),
                    STR_ARG(emit_words(e, plain.memory != EMIT_POLICY ? plain : libc)),
                    STR_ARG(name)));
    text_printf(&about, "It reaches the calls that these sources make themselves, by whatever "
                        "expression. It does "
                        "not reach operator new and delete, the standard containers included, nor "
                        "what the C and "
                        "C++ libraries allocate inside themselves, nor libraries that are not "
                        "compiled with it.\n");
    emit_counted(e, &about);
    if (e->reach != NULL && !describe_counts(e, &about, c, reached)) {
        emit_warn(e, "include reaches nothing of '%.*s': %s", STR_ARG(name),
                e->reach->components[c].archives == 0
                        ? "it has no object of its own in this program"
                        : "its objects do not refer to malloc or its family");
    }
    emit_run(e, &about, c, EMIT_BY_INCLUDE);
    emit_comment(out, '/', text_str(&about));
    emit_fill(out,
            "#ifndef RAMLENS_PLACE_@\n#define RAMLENS_PLACE_@\n"
            "#if !defined(__ASSEMBLER__)\n"
            "#    if !defined(RAMLENS_PLACE)\n#        define RAMLENS_PLACE 1\n#    endif\n"
            "#    if RAMLENS_PLACE\n",
            identifier, "");
    if (plain.memory != EMIT_POLICY) {
        rename_malloc(out, emit_symbol(e, plain.memory));
    }
    if (libc.memory != EMIT_POLICY) {
        rename_strdup(out, emit_symbol(e, libc.memory));
    }
    text_printf(out, "#    endif\n#endif\n#endif\n");
}

bool emit_include(struct emit *e, struct err *err) {
    uint32_t count = 0;
    for (uint32_t c = 0; c < e->plan->component_count; c++) {
        if (emit_is_moved(e, c, EMIT_MALLOC | EMIT_LIBC)) {
            header_of(e, c);
            count++;
        } else if (emit_is_moved(e, c, EMIT_NEW)) {
            emit_warn(e, "include does not reach operator new: nothing of '%.*s' moves by it",
                    STR_ARG(e->map->names[c]));
        }
    }
    if (count == 0) {
        return fail(err, e->plan->path, ERR_NO_OFFSET,
                "moves no component's malloc, and a forced header reaches nothing else; --as "
                "objcopy "
                "and --as cxx reach operator new");
    }
    struct text ignored = { .arena = e->a };
    emit_named_code(e, &ignored);
    emit_targets_c(e);
    emit_runtime(e);
    return true;
}
