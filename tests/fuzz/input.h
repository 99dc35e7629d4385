/// What fuzz targets share. libFuzzer: clang -fsanitize=fuzzer,address,undefined; AFL++:
/// afl-clang-fast -fsanitize=fuzzer; the kept corpus alone: link with replay.c.
#ifndef RAMLENS_FUZZ_INPUT_H
#define RAMLENS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/// A nameless file that holds `bytes`; `path` leads to it until it is closed.
static inline int fuzz_file(const uint8_t *bytes, size_t size, char path[64]) {
    int file = memfd_create("fuzz", 0);
    snprintf(path, 64, "/proc/self/fd/%d", file);
    return write(file, bytes, size) == (ssize_t)size ? file : -1;
}

#endif
