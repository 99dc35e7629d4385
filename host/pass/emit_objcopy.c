/// `--as objcopy`: names to change in a component's archive, so that neither its source nor its flags are touched.
#include "emit.h"

#include <inttypes.h>

static bool is_renamed(
        const struct emit *e, uint32_t component, uint32_t symbol, uint32_t *memory) {
    uint8_t class = alloc_symbols[symbol].class;
    enum plan_kind kind = class == ALLOC_LIBC                           ? PLAN_LIBC
                          : class == ALLOC_NEW || class == ALLOC_DELETE ? PLAN_NEW
                                                                        : PLAN_MALLOC;
    *memory = emit_rule_of(e, component, kind).memory;
    bool defines = e->reach != NULL && e->reach->components[component].defines[symbol];
    return *memory != EMIT_POLICY && !defines;
}

static void renames(struct emit *e, struct text *out, uint32_t component) {
    for (uint32_t i = 0; i < alloc_symbol_count; i++) {
        uint32_t memory;
        if (!is_renamed(e, component, i, &memory)) {
            continue;
        }
        bool has_size = strchr(alloc_symbols[i].name, '%') != NULL;
        for (const char *size = has_size ? "jm" : "j"; *size != '\0'; size++) {
            char name[ALLOC_NAME_MAX];
            alloc_symbol_name(i, *size, name);
            text_printf(out, "%s %s_%s\n", name, emit_symbol(e, memory), name);
        }
    }
}

static void describe_counts(struct emit *e, struct text *out, uint32_t c) {
    const struct reach_component *r = &e->reach->components[c];
    struct str name = e->map->names[c];
    unsigned reached = 0;
    static const uint8_t pairs[][2] = { { ALLOC_MALLOC, PLAN_MALLOC }, { ALLOC_LIBC, PLAN_LIBC },
        { ALLOC_NEW, PLAN_NEW } };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (emit_rule_of(e, c, (enum plan_kind)pairs[i][1]).memory != EMIT_POLICY) {
            reached |= 1u << pairs[i][0];
        }
    }
    if (r->archives == 0) {
        text_printf(out,
                "REACHES NOTHING HERE: %.*s has no archive of its own in this program; its code is "
                "inside of others' objects, as a header-only library's is, and goes where theirs "
                "goes.\n",
                STR_ARG(name));
        emit_warn(e,
                "objcopy reaches nothing of '%.*s': it has no archive of its own in this program",
                STR_ARG(name));
        return;
    }
    text_printf(out, "Reached, in %" PRIu32 " objects of %.*s: %s.\n", r->objects, STR_ARG(name),
            emit_list(e, c, reached));
    uint32_t elsewhere = 0;
    for (unsigned class = 0; class < ALLOC_CLASSES; class ++) {
        elsewhere += (reached & 1u << class) ? r->elsewhere[class] : 0;
    }
    text_printf(out,
            "Not reached: %" PRIu32 " references in inline functions of the component whose copy "
            "in the program comes from another component's object. The linker chooses the first "
            "one: "
            "rename these as well, or link this archive first.\n",
            elsewhere);
    unsigned left = ((1u << ALLOC_MALLOC) | (1u << ALLOC_LIBC) | (1u << ALLOC_NEW)) & ~reached;
    text_printf(out, "Not renamed, because the plan says so: %s.\n", emit_list(e, c, left));
    if (strcmp(emit_list(e, c, reached), "none") == 0) {
        emit_warn(e,
                "objcopy reaches nothing of '%.*s': its objects do not refer to what the plan "
                "moves",
                STR_ARG(name));
    }
}

void emit_objcopy_component(struct emit *e, uint32_t c) {
    struct str name = e->map->names[c];
    struct text *out = emit_file(e, arena_printf(e->a, "%.*s.syms", STR_ARG(name)));
    struct text about = { .arena = e->a };
    emit_head(e, &about,
            arena_printf(e->a,
                    "names to change in the archives of component %.*s: objcopy "
                    "--redefine-syms=%.*s.syms lib.a placed.a, before linking.",
                    STR_ARG(name), STR_ARG(name)));
    text_printf(&about, "malloc: %.*s; operator new: %.*s; in libc: %.*s.\n",
            STR_ARG(emit_words(e, emit_rule_of(e, c, PLAN_MALLOC))),
            STR_ARG(emit_words(e, emit_rule_of(e, c, PLAN_NEW))),
            STR_ARG(emit_words(e, emit_rule_of(e, c, PLAN_LIBC))));
    text_printf(&about,
            "It reaches every reference of the archive's own code, for both word sizes. It does "
            "not "
            "reach what the C and C++ libraries allocate inside themselves, nor code of headers "
            "that "
            "other components compile, nor inline functions of which the linker keeps another "
            "component's copy.\n");
    emit_counted(e, &about);
    if (e->reach != NULL) {
        describe_counts(e, &about, c);
    }
    emit_run(e, &about, c, EMIT_BY_OBJCOPY);
    emit_comment(out, '#', text_str(&about));
    renames(e, out, c);
}

bool emit_objcopy(struct emit *e, struct err *err) {
    bool any_c = false;
    bool any_new = false;
    for (uint32_t c = 0; c < e->plan->component_count; c++) {
        if (emit_is_moved(e, c, EMIT_MALLOC | EMIT_LIBC | EMIT_NEW)) {
            emit_objcopy_component(e, c);
            any_c |= emit_is_moved(e, c, EMIT_MALLOC | EMIT_LIBC);
            any_new |= emit_is_moved(e, c, EMIT_NEW);
        }
    }
    if (!any_c && !any_new) {
        return fail(err, e->plan->path, ERR_NO_OFFSET,
                "moves nothing of a component: all of it follows the target's rule");
    }
    struct text ignored = { .arena = e->a };
    emit_named_code(e, &ignored);
    if (any_c) {
        emit_targets_c(e);
    }
    if (any_new) {
        emit_targets_cxx(e);
    }
    emit_runtime(e);
    return true;
}
