/// Shared by the tests of the model's tables: an arena, a target loaded from `targets/` (tests run
/// in the root of the sources), and files written for one test. Include after cmocka's own headers.
#ifndef RAMLENS_TARGET_FIXTURE_H
#define RAMLENS_TARGET_FIXTURE_H

#include "target.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct target target;
    struct err err;
    char folder[32]; ///< Of this test's files.
    char path[64];   ///< The latest of them.
};

static const char *const fixture_folders[] = { "targets" };

static inline int fixture_setup(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    *state = f;
    if (!f) {
        return -1;
    }
    strcpy(f->folder, "/tmp/ramlens-XXXXXX");
    return mkdtemp(f->folder) ? 0 : -1;
}

static inline int fixture_teardown(void **state) {
    struct fixture *f = *state;
    unlink(f->path);
    rmdir(f->folder);
    arena_clear(&f->arena);
    free(f);
    return 0;
}

/// Writes `text` as file `name` of this test; a test has one name.
static inline const char *fixture_write(struct fixture *f, const char *name, const char *text) {
    snprintf(f->path, sizeof(f->path), "%s/%s", f->folder, name);
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return f->path;
}

/// Whether the latest failure is at `line` of the written file (0: of no file) and says `part`.
static inline void fixture_assert_failed(struct fixture *f, uint32_t line, const char *part) {
    if (f->err.line != line || !strstr(f->err.text, part)) {
        print_error("line %u: %s\n", (unsigned)f->err.line, f->err.text);
    }
    assert_int_equal(f->err.line, line);
    assert_non_null(strstr(f->err.text, part));
    if (line) {
        assert_string_equal(f->err.file, f->path);
    }
}

/// Loads `targets/esp32p4` under up to five options, NULL for none.
static inline bool fixture_try(struct fixture *f, const char *const *options, uint32_t count) {
    memset(&f->err, 0, sizeof(f->err));
    return target_load(
            &f->arena, "esp32p4", fixture_folders, 1, options, count, &f->target, &f->err);
}

static inline const struct target *fixture_load(
        struct fixture *f, const char *a, const char *b, const char *c) {
    const char *options[3];
    uint32_t count = 0;
    const char *const given[] = { a, b, c };
    for (uint32_t i = 0; i < 3; i++) {
        if (given[i]) {
            options[count++] = given[i];
        }
    }
    if (!fixture_try(f, options, count)) {
        print_error("%s:%u: %s\n", f->err.file, (unsigned)f->err.line, f->err.text);
        fail_msg("the target does not load");
    }
    return &f->target;
}

static inline const struct target_region *fixture_region(const struct target *t, const char *name) {
    uint32_t index = target_find_region(t, str_from(name));
    assert_int_not_equal(index, TARGET_NONE);
    return &t->regions[index];
}

#endif
