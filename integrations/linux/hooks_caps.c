// ESP-IDF's calls for memory of one kind and for threads' stacks, for programs that make them on a host, too: what `ramlens emit` generates.
//
// In a placed run the bits decide, whatever the plan says of the caller. In others the C library serves all, and has no end.
#include "hooks_caps.h"

#include "hooks_placed.h"
#include "ramlens_port.h"
#include "real.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

__thread struct esp_pthread_config caps_thread_config;

static size_t product_of(size_t a, size_t b) {
    size_t product;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

/// A request of the program's own. Without tries nothing can serve it: no heap offers no bits.
static void *allocate(struct call_site site, uint8_t kind, size_t alignment, size_t size,
        const struct ramlens_asks *asks) {
    if (real.malloc == NULL)
        real_resolve();
    struct recorder_thread *t = recorder_enter();
    if (asks->count == 0) {
        if (t != NULL)
            recorder_leave(t);
        return NULL;
    }
    return placed_allocate(t, site, kind, alignment, size, asks);
}

static void *reallocate(
        struct call_site site, void *p, size_t size, const struct ramlens_asks *asks) {
    struct recorder_thread *t = recorder_enter();
    return placed_reallocate(t, site, p, size, asks);
}

static struct ramlens_asks one(uint32_t caps) {
    return (struct ramlens_asks){ .count = caps != 0, .tries = { caps } };
}

static struct ramlens_asks several(size_t count, va_list list) {
    struct ramlens_asks asks = { 0 };
    for (size_t i = 0; i < count && asks.count < RAMLENS_ASKS_MAX; i++) {
        uint32_t caps = va_arg(list, uint32_t);
        if (caps != 0)
            asks.tries[asks.count++] = caps;
    }
    return asks;
}

HOOK void *heap_caps_malloc(size_t size, uint32_t caps) {
    struct ramlens_asks asks = one(caps);
    return allocate(CALL_SITE(), RAMLENS_WIRE_MALLOC, 0, size, &asks);
}

HOOK void *heap_caps_calloc(size_t count, size_t size, uint32_t caps) {
    struct ramlens_asks asks = one(caps);
    return allocate(CALL_SITE(), RAMLENS_WIRE_CALLOC, 0, product_of(count, size), &asks);
}

HOOK void *heap_caps_realloc(void *p, size_t size, uint32_t caps) {
    struct ramlens_asks asks = one(caps);
    return reallocate(CALL_SITE(), p, size, &asks);
}

HOOK void *heap_caps_aligned_alloc(size_t alignment, size_t size, uint32_t caps) {
    struct ramlens_asks asks = one(caps);
    return allocate(CALL_SITE(), RAMLENS_WIRE_ALIGNED_ALLOC, alignment, size, &asks);
}

HOOK void *heap_caps_aligned_calloc(size_t alignment, size_t count, size_t size, uint32_t caps) {
    struct ramlens_asks asks = one(caps);
    size_t bytes = product_of(count, size);
    void *p = allocate(CALL_SITE(), RAMLENS_WIRE_ALIGNED_ALLOC, alignment, bytes, &asks);
    return p == NULL ? NULL : memset(p, 0, bytes);
}

HOOK void *heap_caps_malloc_prefer(size_t size, size_t count, ...) {
    va_list list;
    va_start(list, count);
    struct ramlens_asks asks = several(count, list);
    va_end(list);
    return allocate(CALL_SITE(), RAMLENS_WIRE_MALLOC, 0, size, &asks);
}

HOOK void *heap_caps_calloc_prefer(size_t items, size_t size, size_t count, ...) {
    va_list list;
    va_start(list, count);
    struct ramlens_asks asks = several(count, list);
    va_end(list);
    return allocate(CALL_SITE(), RAMLENS_WIRE_CALLOC, 0, product_of(items, size), &asks);
}

HOOK void *heap_caps_realloc_prefer(void *p, size_t size, size_t count, ...) {
    va_list list;
    va_start(list, count);
    struct ramlens_asks asks = several(count, list);
    va_end(list);
    return reallocate(CALL_SITE(), p, size, &asks);
}

static void release(struct call_site site, void *p) {
    if (p == NULL || real_is_early(p))
        return;
    struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_FREE };
    placed_release(recorder_enter(), site, p, &r);
}

HOOK void heap_caps_free(void *p) {
    release(CALL_SITE(), p);
}

HOOK void heap_caps_aligned_free(void *p) {
    release(CALL_SITE(), p);
}

// ---- figures

static size_t figure(enum placed_figure which, uint32_t caps) {
    return placed_is_on() ? placed_figure(which, caps) : INT32_MAX;
}

HOOK size_t heap_caps_get_free_size(uint32_t caps) {
    return figure(PLACED_FREE, caps);
}

HOOK size_t heap_caps_get_largest_free_block(uint32_t caps) {
    return figure(PLACED_LARGEST, caps);
}

HOOK size_t heap_caps_get_minimum_free_size(uint32_t caps) {
    return figure(PLACED_MINIMUM, caps);
}

// ---- threads

enum {
    CAP_8BIT = 1 << 2,
    CAP_INTERNAL = 1 << 11,
    STACK_MIN = 768,                // components/pthread/Kconfig: PTHREAD_STACK_MIN
    STACK_DEFAULT = 3072,           // PTHREAD_TASK_STACK_SIZE_DEFAULT
    PRIORITY_DEFAULT = 5,           // PTHREAD_TASK_PRIO_DEFAULT
    NO_AFFINITY = 0x7fffffff,       // components/freertos: tskNO_AFFINITY
    ERROR_INVALID_ARGUMENT = 0x102, // components/esp_common/include/esp_err.h
    ERROR_NOT_FOUND = 0x105,
};

HOOK struct esp_pthread_config esp_pthread_get_default_config(void) {
    return (struct esp_pthread_config){ .stack_size = STACK_DEFAULT,
        .prio = PRIORITY_DEFAULT,
        .pin_to_core = NO_AFFINITY,
        .stack_alloc_caps = CAP_INTERNAL | CAP_8BIT };
}

HOOK int esp_pthread_set_cfg(const struct esp_pthread_config *config) {
    if (config->stack_size < STACK_MIN ||
            (config->stack_alloc_caps != 0 && (config->stack_alloc_caps & CAP_8BIT) == 0))
        return ERROR_INVALID_ARGUMENT;
    caps_thread_config = *config;
    if (config->stack_alloc_caps == 0)
        caps_thread_config.stack_alloc_caps = CAP_INTERNAL | CAP_8BIT;
    return 0;
}

HOOK int esp_pthread_get_cfg(struct esp_pthread_config *config) {
    if (caps_thread_config.stack_size == 0) {
        memset(config, 0, sizeof *config);
        return ERROR_NOT_FOUND;
    }
    *config = caps_thread_config;
    return 0;
}

HOOK int esp_pthread_init(void) {
    return 0;
}
