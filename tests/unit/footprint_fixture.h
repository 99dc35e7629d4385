/// For tests of the footprint: sources written and built in the test's folder, and questions about the items.
#ifndef RAMLENS_TEST_FOOTPRINT_FIXTURE_H
#define RAMLENS_TEST_FOOTPRINT_FIXTURE_H

#include "footprint_linked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "toolchain.h"

struct fixture {
    struct arena arena;
    struct footprint footprint;
    struct target target;
    struct err err;
};

static inline void write_file(const char *name, const char *text) {
    FILE *file = fopen(in_folder(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/// The same on the chip that the text describes.
static inline void read_on_chip(
        struct fixture *f, const char *chip, const char *program, const char *map) {
    *f = (struct fixture){ 0 };
    write_file("chip", chip);
    if (!target_load(&f->arena, in_folder("chip"), NULL, 0, NULL, 0, &f->target, &f->err)) {
        fail_msg("%s", f->err.text);
    }
    footprint_init(&f->footprint, &f->arena, &f->target);
    assert_true(footprint_linked_add(&f->footprint, program ? in_folder(program) : NULL,
            map ? in_folder(map) : NULL, &f->err));
}

static inline bool try_read(struct fixture *f, const char *program, const char *map) {
    *f = (struct fixture){ 0 };
    footprint_init(&f->footprint, &f->arena, NULL);
    return footprint_linked_add(&f->footprint, program ? in_folder(program) : NULL,
            map ? in_folder(map) : NULL, &f->err);
}

static inline void place_one(struct footprint *f, struct footprint_item *item) {
    footprint_place_items(f, &item, 1);
}

static inline void assert_adds_up(struct fixture *f) {
    if (!footprint_adds_up(&f->footprint, &f->err)) {
        fail_msg("%s", f->err.text);
    }
}

/// Reads the program with the map, one of which may be NULL.
static inline void read_linked(struct fixture *f, const char *program, const char *map) {
    if (!try_read(f, program, map)) {
        fail_msg("%s", f->err.text);
    }
    assert_adds_up(f);
}

static inline void end(struct fixture *f) {
    footprint_close(&f->footprint);
    arena_clear(&f->arena);
}

static inline bool is_named(const struct footprint_item *item, const char *symbol) {
    return str_equal(item->symbol, str_from(symbol));
}

/// Number of items of that name.
static inline size_t count_items(const struct fixture *f, const char *symbol) {
    size_t count = 0;
    for (size_t i = 0; i < f->footprint.items.len; i++) {
        count += is_named(&f->footprint.items.at[i], symbol);
    }
    return count;
}

/// The first item of that name.
static inline struct footprint_item *find_item(struct fixture *f, const char *symbol) {
    for (size_t i = 0; i < f->footprint.items.len; i++) {
        if (is_named(&f->footprint.items.at[i], symbol)) {
            return &f->footprint.items.at[i];
        }
    }
    fail_msg("no item %s", symbol);
    return NULL;
}

static inline const struct footprint_section *find_section(
        const struct fixture *f, const char *name) {
    for (size_t i = 0; i < f->footprint.sections.len; i++) {
        const struct footprint_section *section = &f->footprint.sections.at[i];
        if (!section->is_dropped && str_equal(section->name, str_from(name))) {
            return section;
        }
    }
    fail_msg("no section %s", name);
    return NULL;
}

/// Bytes of that kind in the section; of all sections when `section` is NULL.
static inline uint64_t bytes_of(
        const struct fixture *f, const char *section, enum footprint_kind kind) {
    uint64_t sum = 0;
    for (size_t i = 0; i < f->footprint.items.len; i++) {
        const struct footprint_item *item = &f->footprint.items.at[i];
        struct str name = f->footprint.sections.at[item->section].name;
        bool is_there = !section || str_equal(name, str_from(section));
        sum += item->kind == kind && is_there && item->fate == FOOTPRINT_LINKED ? item->bytes : 0;
    }
    return sum;
}

/// Bytes of padding for that reason in the section.
static inline uint64_t padding_of(
        const struct fixture *f, const char *section, enum footprint_cause cause) {
    uint64_t sum = 0;
    for (size_t i = 0; i < f->footprint.items.len; i++) {
        const struct footprint_item *item = &f->footprint.items.at[i];
        struct str name = f->footprint.sections.at[item->section].name;
        bool is_there = item->kind == FOOTPRINT_PADDING && str_equal(name, str_from(section));
        sum += is_there && item->cause == cause ? item->bytes : 0;
    }
    return sum;
}

static inline void assert_item(
        struct fixture *f, const char *symbol, enum footprint_kind kind, uint64_t bytes) {
    const struct footprint_item *item = find_item(f, symbol);
    if (item->kind != kind || item->bytes != bytes) {
        fail_msg("%s: %s of %u bytes, expected %s of %u", symbol, footprint_kind_names[item->kind],
                (unsigned)item->bytes, footprint_kind_names[kind], (unsigned)bytes);
    }
}

/// The member's or object's name; "" when it is not known.
static inline struct str object_of(const struct fixture *f, const struct footprint_item *item) {
    return item->object == FOOTPRINT_NONE ? STR("") : f->footprint.objects.at[item->object].member;
}

static inline void assert_object(
        const struct fixture *f, const struct footprint_item *item, const char *member) {
    struct str got = object_of(f, item);
    if (!str_equal(got, str_from(member))) {
        fail_msg("object %.*s, expected %s", STR_ARG(got), member);
    }
}

#endif
