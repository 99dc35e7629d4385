/// A stand-in for the heaps of a chip: two memories that can be told apart.
#ifndef POOLS_H
#define POOLS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// "internal", "psram", or "elsewhere" for what came from neither. Weak: a program without the library asks nobody.
const char *pools_side(const void *block) __attribute__((weak));
/// Requests that would take more than `bytes` of a memory ('i' or 'p') in all fail there.
void pools_limit(char memory, size_t bytes) __attribute__((weak));
/// Bytes given and not yet freed.
size_t pools_live(char memory) __attribute__((weak));

#ifdef __cplusplus
}
#endif
#endif
