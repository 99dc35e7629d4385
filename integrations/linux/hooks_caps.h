/// esp_pthread_set_cfg() of the calling thread, for who creates threads.
#ifndef RAMLENS_HOOKS_CAPS_H
#define RAMLENS_HOOKS_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// esp_pthread_cfg_t of ESP-IDF (components/pthread/include/esp_pthread.h).
struct esp_pthread_config {
    size_t stack_size;
    size_t prio;
    bool inherit_cfg;
    const char *thread_name;
    int pin_to_core;
    uint32_t stack_alloc_caps;
};

/// What the calling thread has set; its stack size is 0 while it has set nothing.
extern __thread struct esp_pthread_config caps_thread_config
        __attribute__((tls_model("initial-exec")));

#endif
