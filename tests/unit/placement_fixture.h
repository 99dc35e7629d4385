/// Shared by the tests of what a chip would hold: components, a plan over `targets/esp32p4`, and a placement by it.
#ifndef RAMLENS_PLACEMENT_FIXTURE_H
#define RAMLENS_PLACEMENT_FIXTURE_H

#include "placement.h"
#include "target_fixture.h"

enum { ALPHA, BETA, MBEDTLS, HOST, UNKNOWN, COMPONENTS };

static const struct str component_names[COMPONENTS] = { { "alpha", 5 }, { "beta", 4 },
    { "mbedtls", 7 }, { "libc", 4 }, { "unknown", 7 } };
static const bool component_host_only[COMPONENTS] = { [HOST] = true };

static struct plan plan;
static struct placement placed;
static uint32_t internal, psram;

/// A placement by the plan `text` (NULL: stock) on the target as `a` and `b` choose it.
static inline void place_by(struct fixture *f, const char *text, const char *a, const char *b) {
    fixture_load(f, a, b, NULL);
    if (text == NULL)
        plan_stock(&f->arena, &f->target, component_names, COMPONENTS, &plan);
    else if (!plan_read(&f->arena, fixture_write(f, "plan", text), &f->target, component_names,
                     COMPONENTS, &plan, &f->err))
        fail_msg("%s", f->err.text);
    memset(&placed, 0, sizeof placed);
    if (!placement_init(
                &placed, &f->arena, "test", &plan, component_host_only, COMPONENTS, 0, &f->err))
        fail_msg("%s", f->err.text);
    internal = target_find_region(&f->target, STR("internal"));
    psram = target_find_region(&f->target, STR("psram"));
}

static inline struct block block_of(uint64_t size, uint8_t kind) {
    return (struct block){ .address = 0x1000, .size = size, .kind = kind };
}

/// A block that is born and stays.
static inline struct block born(uint16_t component, uint8_t kind, uint64_t size, uint32_t site) {
    struct block b = block_of(size, kind);
    placement_block_born(&placed, &b, component, site);
    return b;
}

static inline void kernel_object(uint16_t component, uint8_t object, int change) {
    struct kernel_entry e = { .object = object, .component = component, .stack_size = 123456 };
    placement_kernel_changed(&placed, &e, change);
}

static inline const struct placement_cell *cell(uint32_t region, uint32_t component) {
    return &placed.regions[region].cells[component];
}

#endif
