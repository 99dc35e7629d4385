/// A project's configuration as ESP-IDF's Kconfig tool writes it: `sdkconfig`, `sdkconfig.defaults`.
///
///     # Espressif IoT Development Framework (ESP-IDF) 5.5.1 Project Configuration
///     CONFIG_SPIRAM=y
///     # CONFIG_HEAP_POISONING_LIGHT is not set
///     CONFIG_CACHE_L2_CACHE_SIZE=0x20000
///     CONFIG_IDF_TARGET="esp32p4"
#ifndef RAMLENS_SDKCONFIG_H
#define RAMLENS_SDKCONFIG_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SDKCONFIG_LARGEST_BYTES = 16 << 20 };

struct sdkconfig_value {
    struct str name; ///< Without CONFIG_.
    struct str
            value; ///< "y", "n" (also of "is not set"), "16384", "0x20000"; of a string without the quotes.
    uint32_t line; ///< From 1.
};

struct sdkconfig {
    const char *path;
    struct sdkconfig_value *
            values; ///< Sorted by name; of one name the last line of the file counts, as for the tool.
    size_t count;
    uint32_t not_understood; ///< Lines that are neither a value, nor a comment, nor empty.
    uint32_t first_line;     ///< Of those.
    struct str idf_version;  ///< Of the head: "5.5.1"; "" when it is not there.
};

/// Reads the file. False with a message when it cannot be read, is too large, or has no value at all (it is another file). Cost: n log n in lines.
bool sdkconfig_read(struct arena *a, const char *path, struct sdkconfig *out, struct err *err);

/// The same for text at hand, which must outlive `out`.
bool sdkconfig_parse(
        struct arena *a, const char *path, struct str text, struct sdkconfig *out, struct err *err);

/// The value of `name` (without CONFIG_); NULL when the file does not speak of it. log n.
const struct sdkconfig_value *sdkconfig_find(const struct sdkconfig *c, struct str name);

/// Whether the value is a number, decimal or hexadecimal with 0x; it goes to `out`.
bool sdkconfig_number(const struct sdkconfig_value *v, uint64_t *out);

#endif
