/// `--as esp-idf`: what an ESP-IDF project takes in: CMake lines, configuration, a C file.
#include "emit.h"

#include <inttypes.h>

/// A capability's bits by name; 0 when the target has none.
static uint32_t capability(const struct target *t, const char *name) {
    return target_find_capability(t, str_from(name));
}

static bool wants_psram_malloc(const struct emit *e) {
    struct emit_rule all = emit_default(e, PLAN_MALLOC);
    uint32_t external = capability(e->plan->target, "SPIRAM");
    return all.memory != EMIT_POLICY &&
           (e->plan->target->requests[e->memories[all.memory].request].asks & external) != 0;
}

static void configuration(struct emit *e) {
    struct text *out = emit_file(e, "sdkconfig.ramlens");
    const struct plan *p = e->plan;
    const struct target *t = p->target;
    struct text about = { .arena = e->a };
    emit_head(e, &about,
            "lines for the project's configuration: list this file in SDKCONFIG_DEFAULTS, behind "
            "sdkconfig.defaults, and let the project be configured anew.");
    text_printf(&about,
            "They reach plain malloc wherever it is called, the default stacks of pthreads, and "
            "mbedTLS. They do not reach a component by itself: ramlens.cmake does.\n");
    emit_comment(out, '#', text_str(&about));
    text_printf(out, "CONFIG_SPIRAM=y\nCONFIG_SPIRAM_USE_MALLOC=y\n");
    if (wants_psram_malloc(e)) {
        text_printf(out,
                "# default malloc %.*s (plan, line %" PRIu32
                "): every plain malloc tries PSRAM first\n"
                "CONFIG_SPIRAM_MALLOC_ALWAYSINTERNAL=0\n",
                STR_ARG(emit_words(e, emit_default(e, PLAN_MALLOC))),
                emit_default(e, PLAN_MALLOC).line);
    } else {
        text_printf(out, "CONFIG_SPIRAM_MALLOC_ALWAYSINTERNAL=%" PRIu64 "\n", t->malloc_rule.up_to);
    }
    if (emit_linker_needs_external(e)) {
        text_printf(out, "# static ... psram: ramlens.lf\n"
                         "CONFIG_SPIRAM_ALLOW_BSS_SEG_EXTERNAL_MEMORY=y\n");
    }
    if (p->stack.line != 0) {
        text_printf(out,
                "# stack (plan, line %" PRIu32 "); its memory is set by ramlens_place_threads()\n"
                "CONFIG_PTHREAD_TASK_STACK_SIZE_DEFAULT=%" PRIu64 "\n",
                p->stack.line, p->stack_bytes);
        if (t->requests[p->stack.request].asks & capability(t, "SPIRAM")) {
            text_printf(out, "CONFIG_SPIRAM_ALLOW_STACK_EXTERNAL_MEMORY=y\n"
                             "CONFIG_FREERTOS_TASK_CREATE_ALLOW_EXT_MEM=y\n");
        }
    }
    for (uint32_t i = 0; i < t->insistence_count; i++) {
        uint32_t c;
        if (!component_find(e->map, t->insistences[i].component, &c) ||
                !str_equal(t->insistences[i].component, STR("mbedtls"))) {
            continue;
        }
        struct emit_rule rule = emit_rule_of(e, c, PLAN_MALLOC);
        bool external =
                rule.memory != EMIT_POLICY &&
                (t->requests[e->memories[rule.memory].request].asks & capability(t, "SPIRAM")) != 0;
        bool follows = rule.memory == EMIT_POLICY && !rule.insists;
        text_printf(out, "%s\n",
                follows    ? "CONFIG_MBEDTLS_DEFAULT_MEM_ALLOC=y"
                : external ? "CONFIG_MBEDTLS_EXTERNAL_MEM_ALLOC=y"
                           : "CONFIG_MBEDTLS_INTERNAL_MEM_ALLOC=y");
    }
    if (p->kernel.line != 0 && p->kernel.request != t->system_request) {
        text_printf(out,
                "# kernel %.*s (plan, line %" PRIu32
                "): ESP-IDF has no switch that moves its kernel objects\n",
                STR_ARG(t->requests[p->kernel.request].name), p->kernel.line);
        emit_warn(e,
                "'kernel %.*s' is not reached: ESP-IDF has no switch that moves its kernel objects",
                STR_ARG(t->requests[p->kernel.request].name));
    }
}

static void threads(struct emit *e) {
    const struct plan *p = e->plan;
    const struct target *t = p->target;
    struct text *out = emit_file(e, "ramlens_threads.c");
    struct text about = { .arena = e->a };
    emit_head(e, &about,
            "where the stacks of pthreads and std::threads lie, and how large they are. "
            "SPDX-License-Identifier: Apache-2.0");
    text_printf(&about,
            "Call ramlens_place_threads() first thing in app_main(). It reaches the threads that "
            "the "
            "calling task makes from then on, and theirs: the setting is inherited. It does not "
            "reach "
            "threads for which esp_pthread_set_cfg() is called again, pthread_attr_setstacksize() "
            "as "
            "far as the size goes, and tasks made by xTaskCreate().\n"
            "A stack in PSRAM must not be in use while the cache is off: no thread with one may "
            "write "
            "flash, or run in an interrupt.\n"
            "On a host the setting is made when the program starts, if ramlens run provides "
            "esp_pthread_set_cfg().");
    emit_comment(out, '/', text_str(&about));
    text_printf(out,
            "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n"
            "#ifdef ESP_PLATFORM\n"
            "#    include \"esp_heap_caps.h\"\n#    include \"esp_pthread.h\"\n"
            "#else\n"
            "/* As in components/pthread/include/esp_pthread.h. */\n"
            "typedef struct {\n"
            "    size_t stack_size;\n"
            "    size_t prio;\n"
            "    bool inherit_cfg;\n"
            "    const char *thread_name;\n"
            "    int pin_to_core;\n"
            "    uint32_t stack_alloc_caps;\n"
            "} esp_pthread_cfg_t;\n"
            "__attribute__((weak)) esp_pthread_cfg_t esp_pthread_get_default_config(void);\n"
            "__attribute__((weak)) int esp_pthread_set_cfg(const esp_pthread_cfg_t *cfg);\n"
            "#endif\n\n"
            "void ramlens_place_threads(void);\n");
    text_printf(out,
            "#ifndef ESP_PLATFORM\n__attribute__((constructor))\n#endif\n"
            "void ramlens_place_threads(void) {\n"
            "#ifndef ESP_PLATFORM\n"
            "    if (esp_pthread_get_default_config == 0 || esp_pthread_set_cfg == 0)\n"
            "        return;\n"
            "#endif\n"
            "#if !defined(RAMLENS_PLACE) || RAMLENS_PLACE\n"
            "    esp_pthread_cfg_t cfg = esp_pthread_get_default_config();\n"
            "    cfg.stack_size = %" PRIu64 "u;\n"
            "    cfg.stack_alloc_caps = 0x%" PRIx32 "u; /* %.*s */\n"
            "    cfg.inherit_cfg = true;\n"
            "    (void)esp_pthread_set_cfg(&cfg);\n"
            "#endif\n}\n",
            p->stack_bytes, t->requests[p->stack.request].asks,
            STR_ARG(t->requests[p->stack.request].name));
}

/// Runs a compiler and renames in what it wrote. In CMake's own language: no shell is needed.
static void compile_script(struct emit *e) {
    struct text *out = emit_file(e, "ramlens_compile.cmake");
    struct text about = { .arena = e->a };
    emit_head(e, &about,
            "what ramlens.cmake puts before the compiler: runs it, then changes the names of NAMES "
            "in "
            "the object that it wrote.");
    emit_comment(out, '#', text_str(&about));
    text_printf(out,
            "set(command)\nset(object)\nset(state before)\n"
            "math(EXPR last \"${CMAKE_ARGC} - 1\")\n"
            "foreach(i RANGE ${last})\n"
            "    set(word \"${CMAKE_ARGV${i}}\")\n"
            "    if(state STREQUAL before)\n"
            "        if(word STREQUAL \"--\")\n"
            "            set(state inside)\n"
            "        endif()\n"
            "        continue()\n"
            "    endif()\n"
            "    string(REPLACE \";\" \"\\\\;\" word \"${word}\")\n"
            "    list(APPEND command \"${word}\")\n"
            "    if(state STREQUAL object)\n"
            "        set(object \"${word}\")\n"
            "        set(state inside)\n"
            "    elseif(word STREQUAL \"-o\")\n"
            "        set(state object)\n"
            "    endif()\n"
            "endforeach()\n"
            "execute_process(COMMAND ${command} RESULT_VARIABLE failed)\n"
            "if(NOT failed AND object MATCHES \"\\\\.(o|obj)$\")\n"
            "    execute_process(COMMAND ${OBJCOPY} --redefine-syms=${NAMES} \"${object}\"\n"
            "        RESULT_VARIABLE failed)\n"
            "endif()\n"
            "if(failed)\n"
            "    message(FATAL_ERROR \"not compiled: ${object}\")\n"
            "endif()\n");
}

/// What the file needs to know of the plan.
struct cmake_needs {
    bool any_c, any_new; ///< Names of malloc's family, of operators, are changed in some library.
    bool operators;      ///< The program's own operators new and delete are replaced.
    bool threads;        ///< Default stacks are set.
};

static void cmake_about(struct emit *e, struct text *out) {
    struct text about = { .arena = e->a };
    emit_head(e, &about,
            "include it from the project's CMakeLists.txt, behind project(). It compiles the files "
            "beside it into the main component and renames what the libraries of the components "
            "call.");
    text_printf(&about,
            "A component of the map is taken to be the ESP-IDF component of the same name; set "
            "RAMLENS_LIBRARY_NAME to the target where it is called otherwise. Neither sources nor "
            "flags of a component are touched: objcopy changes names in its library when it has "
            "been "
            "built. -DRAMLENS_PLACE=0 in the definitions below turns all of it back to stock.");
    emit_comment(out, '#', text_str(&about));
}

/// The files that go into the main component, and how an object's names are changed.
static void cmake_sources(struct text *out, const struct cmake_needs *needs) {
    text_printf(out,
            "set(ramlens_folder ${CMAKE_CURRENT_LIST_DIR})\n"
            "idf_build_get_property(ramlens_components BUILD_COMPONENTS)\n"
            "\n"
            "# Each object of a library is renamed as soon as it is compiled.\n"
            "function(ramlens_rename library names)\n"
            "    foreach(language C CXX)\n"
            "        set_property(TARGET ${library} PROPERTY ${language}_COMPILER_LAUNCHER\n"
            "            ${CMAKE_COMMAND} -DOBJCOPY=${CMAKE_OBJCOPY} -DNAMES=${names}\n"
            "            -P ${ramlens_folder}/ramlens_compile.cmake --)\n"
            "    endforeach()\n"
            "endfunction()\n"
            "\n"
            "idf_component_get_property(ramlens_main main COMPONENT_LIB)\n"
            "target_sources(${ramlens_main} PRIVATE\n"
            "    ${CMAKE_CURRENT_LIST_DIR}/ramlens_place.c%s%s%s%s)\n",
            needs->any_c ? "\n    ${CMAKE_CURRENT_LIST_DIR}/ramlens_targets.c" : "",
            needs->any_new ? "\n    ${CMAKE_CURRENT_LIST_DIR}/ramlens_targets_cxx.c" : "",
            needs->operators ? "\n    ${CMAKE_CURRENT_LIST_DIR}/ramlens_operators.c" : "",
            needs->threads ? "\n    ${CMAKE_CURRENT_LIST_DIR}/ramlens_threads.c" : "");
    text_printf(out,
            "target_include_directories(${ramlens_main} PRIVATE ${CMAKE_CURRENT_LIST_DIR})\n"
            "target_compile_definitions(${ramlens_main} PRIVATE RAMLENS_PLACE=1)\n");
    if (needs->any_new || needs->operators) {
        text_printf(out,
                "set_source_files_properties(%s%s%s\n"
                "    TARGET_DIRECTORY ${ramlens_main} PROPERTIES COMPILE_OPTIONS -fexceptions)\n",
                needs->any_new ? "${CMAKE_CURRENT_LIST_DIR}/ramlens_targets_cxx.c" : "",
                needs->any_new && needs->operators ? " " : "",
                needs->operators ? "${CMAKE_CURRENT_LIST_DIR}/ramlens_operators.c" : "");
    }
}

/// The main component is searched first, and its members would stay behind: nobody has called them yet.
static void cmake_wanted_symbols(
        struct emit *e, struct text *out, const struct cmake_needs *needs) {
    for (uint32_t i = 0; i < e->memory_count; i++) {
        const struct emit_memory *m = &e->memories[i];
        if (needs->any_c && (m->used[PLAN_MALLOC] || m->used[PLAN_LIBC])) {
            text_printf(out, "target_link_libraries(${ramlens_main} INTERFACE \"-u %s_malloc\")\n",
                    emit_symbol(e, i));
        }
        if (needs->any_new && m->used[PLAN_NEW]) {
            text_printf(out, "target_link_libraries(${ramlens_main} INTERFACE \"-u %s__ZdlPv\")\n",
                    emit_symbol(e, i));
        }
    }
    if (needs->operators) {
        text_printf(out, "target_link_libraries(${ramlens_main} INTERFACE \"-u _ZdlPv\")\n");
    }
}

static void cmake_libraries(struct emit *e, struct text *out) {
    for (uint32_t c = 0; c < e->plan->component_count; c++) {
        if (!emit_is_moved(e, c, EMIT_MALLOC | EMIT_LIBC | EMIT_NEW)) {
            continue;
        }
        struct str name = e->map->names[c];
        bool is_mbedtls = str_equal(name, STR("mbedtls"));
        if (is_mbedtls) {
            text_printf(out, "# mbedtls: by CONFIG_MBEDTLS_*_MEM_ALLOC, see sdkconfig.ramlens\n");
            continue;
        }
        static const char lines[] =
                "\nif(NOT DEFINED RAMLENS_LIBRARY_@ AND \"~\" IN_LIST ramlens_components)\n"
                "    idf_component_get_property(RAMLENS_LIBRARY_@ ~ COMPONENT_LIB)\n"
                "endif()\n"
                "if(RAMLENS_LIBRARY_@)\n"
                "    ramlens_rename(${RAMLENS_LIBRARY_@} ${CMAKE_CURRENT_LIST_DIR}/~.syms)\n"
                "endif()\n";
        emit_fill(out, lines, emit_identifier(e->a, name), arena_copy(e->a, name).at);
    }
}

static void cmake(struct emit *e, const struct cmake_needs *needs) {
    struct text *out = emit_file(e, "ramlens.cmake");
    cmake_about(e, out);
    cmake_sources(out, needs);
    cmake_wanted_symbols(e, out, needs);
    cmake_libraries(e, out);
}

bool emit_esp_idf(struct emit *e, struct err *err) {
    struct cmake_needs needs = { .operators = emit_default(e, PLAN_NEW).memory != EMIT_POLICY,
        .threads = e->plan->stack.line != 0 };
    for (uint32_t c = 0; c < e->plan->component_count; c++) {
        bool by_config = str_equal(e->map->names[c], STR("mbedtls"));
        if (!by_config && emit_is_moved(e, c, EMIT_MALLOC | EMIT_LIBC | EMIT_NEW)) {
            emit_objcopy_component(e, c);
            needs.any_c |= emit_is_moved(e, c, EMIT_MALLOC | EMIT_LIBC);
            needs.any_new |= emit_is_moved(e, c, EMIT_NEW);
        }
    }
    struct text ignored = { .arena = e->a };
    emit_named_code(e, &ignored);
    configuration(e);
    emit_linker(e);
    if (needs.threads) {
        threads(e);
    }
    if (needs.operators && !emit_cxx(e, err)) {
        return false;
    }
    if (needs.any_c) {
        emit_targets_c(e);
    }
    if (needs.any_new) {
        emit_targets_cxx(e);
    }
    if (needs.any_c || needs.any_new || needs.operators) {
        emit_runtime(e);
    }
    if (needs.any_c || needs.any_new) {
        compile_script(e);
    }
    cmake(e, &needs);
    return true;
}
