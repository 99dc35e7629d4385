/// Shared by the tests of the model: a process image with stacks of known owners, and a ledger over it.
///
/// No module of the image is a file, so nothing has a name but its component, which the modules' paths give. Include after nothing; cmocka's
/// own headers come with it.
#ifndef RAMLENS_MODEL_FIXTURE_H
#define RAMLENS_MODEL_FIXTURE_H

#include "ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/// Stacks of the image, by who stands innermost, then outward.
enum {
    BY_NOBODY,       ///< The empty stack: unknown.
    BY_ALPHA,        ///< alpha
    BY_BETA,         ///< beta < alpha
    BY_LIBC,         ///< libc
    BY_LIBC_ALPHA,   ///< libc < alpha
    BY_LOST,         ///< Its definition was lost.
    BY_LIBC_LOST,    ///< libc < (lost)
    BY_RECORDER,     ///< recorder < alpha
    BY_ALPHA_ELSE,   ///< alpha, another place < beta
    BY_ALPHA_CALLER, ///< The place of BY_ALPHA < beta
    BY_NO_MODULE,    ///< Code in no module.
    STACKS
};

static const char model_map_text[] = "component alpha focus\n"
                                     "    module libalpha.so\n"
                                     "component beta\n"
                                     "    module libbeta.so\n";

static struct trace_module model_modules[] = {
    { .number = 1, .base = 0x10000, .low = 0x10000, .size = 0x8000, .path = STR("/none/program") },
    { .number = 2,
            .base = 0x20000,
            .low = 0x20000,
            .size = 0x8000,
            .path = STR("/none/libalpha.so") },
    { .number = 3,
            .base = 0x30000,
            .low = 0x30000,
            .size = 0x8000,
            .path = STR("/none/libbeta.so") },
    { .number = 4,
            .base = 0x40000,
            .low = 0x40000,
            .size = 0x8000,
            .path = STR("/none/libc.so.6") },
    { .number = 5,
            .base = 0x50000,
            .low = 0x50000,
            .size = 0x8000,
            .path = STR("/none/libramlens-preload.so") },
};

static struct trace_stack model_stacks[STACKS] = {
    [BY_NOBODY] = { .known = true },
    [BY_ALPHA] = { .address = 0x20100, .module = 2, .known = true },
    [BY_BETA] = { .address = 0x30100, .outer = BY_ALPHA, .module = 3, .known = true },
    [BY_LIBC] = { .address = 0x40100, .module = 4, .known = true },
    [BY_LIBC_ALPHA] = { .address = 0x40200, .outer = BY_ALPHA, .module = 4, .known = true },
    [BY_LOST] = { .known = false },
    [BY_LIBC_LOST] = { .address = 0x40300, .outer = BY_LOST, .module = 4, .known = true },
    [BY_RECORDER] = { .address = 0x50100, .outer = BY_ALPHA, .module = 5, .known = true },
    [BY_ALPHA_ELSE] = { .address = 0x20200, .outer = BY_BETA, .module = 2, .known = true },
    [BY_ALPHA_CALLER] = { .address = 0x20100, .outer = BY_BETA, .module = 2, .known = true },
    [BY_NO_MODULE] = { .address = 0x99990, .known = true },
};

struct model {
    struct arena arena;
    struct err err;
    struct trace_image image;
    struct component_map map;
    struct symbolizer *symbolizer;
    struct owners owners;
    struct ledger ledger;
    uint32_t alpha, beta, libc, unknown; ///< Components.
};

static inline uint32_t model_component(struct model *m, const char *name) {
    uint32_t number = UINT32_MAX;
    assert_true(component_find(&m->map, str_from(name), &number));
    return number;
}

static inline void model_begin(struct model *m) {
    *m = (struct model){ .image = { .stacks = model_stacks,
                                 .stack_count = STACKS,
                                 .modules = model_modules,
                                 .module_count = sizeof model_modules / sizeof model_modules[0],
                                 .path = STR("/none/program"),
                                 .ticks_per_second = 1000000 } };
    assert_true(component_map_parse(&m->arena, "map", str_from(model_map_text), &m->map, &m->err));
    m->symbolizer = symbolizer_open(&m->arena);
    owners_init(&m->owners, &m->arena, &m->image, m->symbolizer, &m->map);
    ledger_init(&m->ledger, &m->arena, &m->owners, m->map.count);
    m->alpha = model_component(m, "alpha");
    m->beta = model_component(m, "beta");
    m->libc = model_component(m, "libc");
    m->unknown = model_component(m, "unknown");
}

static inline void model_end(struct model *m) {
    symbolizer_close(m->symbolizer);
    arena_clear(&m->arena);
}

// ---- events

static inline void model_request(struct model *m, uint8_t kind, uint8_t flags, uint64_t address,
        uint64_t size, uint32_t stack) {
    struct trace_event e = { .type = TRACE_MEMORY,
        .address = address,
        .request = { .size = size, .stack = stack, .kind = kind, .flags = flags } };
    ledger_apply(&m->ledger, &e);
}

static inline void model_give(struct model *m, uint64_t address, uint64_t size, uint32_t stack) {
    model_request(m, RAMLENS_WIRE_MALLOC, 0, address, size, stack);
}

static inline void model_free(struct model *m, uint64_t address) {
    model_request(m, RAMLENS_WIRE_FREE, 0, address, 0, BY_ALPHA);
}

enum { MODEL_CREATE = 0, MODEL_DESTROY = 1, MODEL_FIRST_USE = 2 };

static inline void model_kernel(
        struct model *m, uint8_t operation, uint8_t object, uint64_t address, uint32_t stack) {
    struct trace_event e = { .type = TRACE_KERNEL,
        .address = address,
        .operation = operation,
        .object = object,
        .request = { .stack = stack } };
    ledger_apply(&m->ledger, &e);
}

#endif
