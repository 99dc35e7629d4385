/// `--as cxx`: the program's operators new and delete, all replaceable forms, in C.
#include "emit.h"

#include <inttypes.h>

/// Components whose operator new the plan wants elsewhere than the default.
static const char *exceptions(struct emit *e) {
    struct text list = { .arena = e->a };
    struct emit_rule all = emit_default(e, PLAN_NEW);
    for (uint32_t c = 0; c < e->plan->component_count; c++) {
        struct emit_rule rule = emit_rule_of(e, c, PLAN_NEW);
        if (!rule.is_default && rule.memory != all.memory) {
            text_printf(&list, "%s%.*s (%.*s)", list.len ? ", " : "", STR_ARG(e->map->names[c]),
                    STR_ARG(emit_words(e, rule)));
        }
    }
    return list.len ? list.at : NULL;
}

static void describe(struct emit *e, struct text *about, struct emit_rule all) {
    emit_head(e, about,
            arena_printf(e->a,
                    "the program's operators new and delete, all forms that C++17 and C++20 let a "
                    "program replace; new goes to '%.*s'. SPDX-License-Identifier: Apache-2.0",
                    STR_ARG(emit_words(e, all))));
    text_printf(about,
            "Compile it with -fexceptions and link it with ramlens_place.c into the program. It "
            "reaches every operator new of the program and of its libraries, shared ones and the "
            "standard containers included. It does not reach malloc, a class's own operator new, "
            "an "
            "allocator's own memory, nor the C++ library's blocks for exceptions and their "
            "reserve, "
            "which come from malloc.\n"
            "Of the 20 forms 18 are here. The two nothrow forms of new[] are left to the C++ "
            "library, "
            "whose versions call the ones here and catch what a new-handler throws; libstdc++ does "
            "so from GCC 11 on.\n"
            "With -DRAMLENS_SITES=1 the table of ramlens emit --as sites decides first.\n");
    emit_named_code(e, about);
    emit_counted(e, about);
    if (e->reach != NULL) {
        for (uint32_t c = 0; c < e->plan->component_count; c++) {
            const char *list = emit_list(e, c, 1u << ALLOC_NEW);
            if (strcmp(list, "none") != 0) {
                text_printf(about, "Reached in %.*s: %s.\n", STR_ARG(e->map->names[c]), list);
            }
        }
    }
    emit_run(e, about, UINT32_MAX, EMIT_BY_CXX);
    const char *others = exceptions(e);
    if (others != NULL) {
        text_printf(about,
                "THE PLAN WANTS OTHER PLACES for operator new of %s. One operator for the whole "
                "program cannot tell components apart; --as objcopy does, and so does the table of "
                "sites.\n",
                others);
        emit_warn(e,
                "cxx places all of operator new by the default, '%.*s'; the plan has other "
                "places for %s",
                STR_ARG(emit_words(e, all)), others);
    }
}

static const char frame[] =
        "/* Of the C++ library. */\n"
        "void *library_new(size_t size, size_t alignment, const void *nothrow)\n"
        "        __asm__(\"_Zna\" SZ \"St11align_val_tRKSt9nothrow_t\");\n";

static const char body[] =
        "\n#ifndef RAMLENS_SITES\n#    define RAMLENS_SITES 0\n#endif\n"
        "#if RAMLENS_SITES\n"
        "static const struct ramlens_place *where_of(const void *caller) {\n"
        "    unsigned place = ramlens_sites_find(caller, RAMLENS_SITES_NEW);\n"
        "    return place == RAMLENS_SITES_NONE ? DEFAULT : ramlens_sites_place(place);\n"
        "}\n"
        "#    define WHERE where_of(__builtin_return_address(0))\n"
        "#else\n"
        "#    define WHERE DEFAULT\n"
        "#endif\n\n"
        "static void *take_or_throw(const struct ramlens_place *where, size_t alignment, size_t "
        "size) "
        "{\n"
        "    void *block = take(where, alignment, size);\n"
        "    return block != 0 ? block : again(where, alignment, size);\n"
        "}\n\n"
        "/* What a new-handler throws must not leave a nothrow form, and C cannot catch. The C++ "
        "library's\n * form can: it calls the one below that throws. */\n"
        "static void *take_or_null(const struct ramlens_place *where, size_t alignment, size_t "
        "size,\n"
        "        const void *nothrow) {\n"
        "    void *block = take(where, alignment, size);\n"
        "    if (block != 0 || get_new_handler() == 0)\n"
        "        return block;\n"
        "    return library_new(size, alignment != 0 ? alignment : sizeof(void *), nothrow);\n"
        "}\n\n";

static void operators(struct emit *e, struct text *out) {
    for (uint32_t i = 0; i < alloc_symbol_count; i++) {
        uint8_t class = alloc_symbols[i].class;
        uint8_t form = alloc_symbols[i].form;
        bool is_library =
                class == ALLOC_NEW && form == (ALLOC_ARRAY | ALLOC_ALIGNED | ALLOC_NOTHROW);
        if ((class != ALLOC_NEW && class != ALLOC_DELETE) || is_library) {
            continue;
        }
        const char *name = arena_printf(e->a, "ramlens_%s", emit_form_name(e->a, i));
        const char *type = class == ALLOC_NEW ? "void *" : "void ";
        const char *parameters = emit_parameters(e->a, i);
        const char *alignment = form & ALLOC_ALIGNED ? "alignment" : "0";
        text_printf(out, "%s%s(%s) __asm__(%s);\n%s%s(%s) {\n", type, name, parameters,
                emit_mangled(e->a, "", i), type, name, parameters);
        if (class == ALLOC_NEW) {
            text_printf(out, "    return take_or_%s(WHERE, %s, size%s);\n}\n",
                    form & ALLOC_NOTHROW ? "null" : "throw", alignment,
                    form & ALLOC_NOTHROW ? ", nothrow" : "");
            continue;
        }
        text_printf(out, "%s%s%s    ramlens_place_free(block);\n}\n",
                form & ALLOC_SIZED ? "    (void)size;\n" : "",
                form & ALLOC_ALIGNED ? "    (void)alignment;\n" : "",
                form & ALLOC_NOTHROW ? "    (void)nothrow;\n" : "");
    }
}

bool emit_cxx(struct emit *e, struct err *err) {
    struct emit_rule all = emit_default(e, PLAN_NEW);
    const char *others = exceptions(e);
    if (all.memory == EMIT_POLICY && others == NULL) {
        return fail(err, e->plan->path, ERR_NO_OFFSET,
                "leaves operator new to the target's rule: there is nothing to replace; 'default "
                "new "
                "MEMORY' says where it should go");
    }
    struct text *out = emit_file(e, "ramlens_operators.c");
    struct text about = { .arena = e->a };
    describe(e, &about, all);
    emit_comment(out, '/', text_str(&about));
    text_printf(out, "#include \"ramlens_place.h\"\n\n%s\n", emit_size_letter());
    emit_default_places(e, out, EMIT_NEW);
    text_printf(out, "#define DEFAULT %s\n\n%s\n%s\n%s%s",
            all.memory == EMIT_POLICY ? "((const struct ramlens_place *)0)"
                                      : arena_printf(e->a, "&%s", emit_symbol(e, all.memory)),
            frame, emit_take(), emit_again(), body);
    operators(e, out);
    emit_runtime(e);
    return true;
}
