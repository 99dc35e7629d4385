/// For tests that need a compiled program: a folder of their own and commands in it.
#ifndef RAMLENS_TEST_TOOLCHAIN_H
#define RAMLENS_TEST_TOOLCHAIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Made by enter_folder(), removed by leave_folder(). Commands run in the folder where the test was started.
static char test_folder[64];

static inline int enter_folder(void **state) {
    (void)state;
    (void)snprintf(test_folder, sizeof(test_folder), "/tmp/ramlens_test.XXXXXX");
    return mkdtemp(test_folder) ? 0 : -1;
}

__attribute__((format(printf, 1, 2))) static inline bool command(const char *format, ...) {
    char text[4096];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof(text)) {
        return false;
    }
    int status = system(text); // NOLINT(cert-env33-c): the commands are the tests' own
    if (status != 0) {
        (void)fprintf(stderr, "failed (%d): %s\n", status, text);
    }
    return status == 0;
}

/// Whether a program of that name can be started.
static inline bool has_tool(const char *name) {
    char text[128];
    (void)snprintf(text, sizeof(text), "command -v %s >/dev/null 2>&1", name);
    return system(text) == 0; // NOLINT(cert-env33-c)
}

static inline int leave_folder(void **state) {
    (void)state;
    return command("rm -rf %s", test_folder) ? 0 : -1;
}

/// Path of a file in the test's folder; one of four buffers, used in turn.
static inline const char *in_folder(const char *name) {
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", test_folder, name);
    return path;
}

#endif
