// sources: host/io/sdkconfig.c
//
// Fuzz target: a project's configuration. Values are found again by their names.
#include "input.h"
#include "sdkconfig.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = { 0 };
    struct sdkconfig c;
    struct err err;
    struct str text = { (const char *)data, size };
    if (sdkconfig_parse(&a, "input", text, &c, &err)) {
        for (size_t i = 0; i < c.count; i++) {
            const struct sdkconfig_value *v = sdkconfig_find(&c, c.values[i].name);
            uint64_t n;
            if (v == NULL || !str_equal(v->name, c.values[i].name))
                abort();
            (void)sdkconfig_number(v, &n);
        }
    }
    arena_clear(&a);
    return 0;
}
