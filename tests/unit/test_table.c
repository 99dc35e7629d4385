/// Tables: alignment, shortening, headings, rules; and that lines keep to the width.
#include "human.h"
#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct table_column columns[] = {
    { .title = "component", .is_flexible = true },
    { .title = "bytes", .align = TABLE_RIGHT, .least = 9 },
    { .title = "source" },
};

struct fixture {
    struct arena arena;
    struct table table;
    struct text out;
    struct term term;
};

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    *state = f;
    if (!f) {
        return -1;
    }
    f->table = table_new(&f->arena, columns, 3);
    f->out = (struct text){ .arena = &f->arena };
    f->term = (struct term){ .columns = 80 };
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    arena_clear(&f->arena);
    free(f);
    return 0;
}

static void add_row(struct fixture *f, const char *name, uint64_t bytes, const char *source) {
    table_cell(&f->table, str_from(name));
    table_printf(&f->table, "%s", human_exact(bytes).text);
    table_cell(&f->table, str_from(source));
}

static void assert_table(struct fixture *f, const char *expected) {
    table_write(&f->table, &f->term, &f->out);
    assert_string_equal(f->out.at, expected);
}

static void aligned_with_a_total(void **state) {
    struct fixture *f = *state;
    add_row(f, "libjuice", 1234, "measured");
    add_row(f, "  \xC3\xA4ther", 5, "");
    table_heading(&f->table, STR("a group"));
    table_rule(&f->table);
    add_row(f, "total", 786432, "computed");
    assert_table(f, "component      bytes  source\n"
                    "libjuice       1,234  measured\n"
                    "  \xC3\xA4ther            5\n"
                    "a group\n"
                    "------------------------------\n"
                    "total        786,432  computed\n");
}

static void flexible_column_gives_way(void **state) {
    struct fixture *f = *state;
    f->term.columns = 43;
    add_row(f, "rtc::impl::PeerConnection::initiate", 1, "measured");
    add_row(f,
            "\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD"
            "\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD",
            2, "x");
    assert_table(f, "component                   bytes  source\n"
                    "rtc::impl:\xE2\x80\xA6n::initiate          1  measured\n"
                    "\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE2\x80\xA6"
                    "\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD"
                    "           2  x\n");
}

static void too_narrow_for_all(void **state) {
    struct fixture *f = *state;
    f->term.columns = 10;
    add_row(f, "a very long name of a component", 1, "measured");
    assert_table(f, "component                 bytes  source\n"
                    "a very lo\xE2\x80\xA6 component          1  measured\n");
}

/// Two columns of names: the wider one gives until they are equal, then both do.
static void widest_gives_first(void **state) {
    static const struct table_column names[] = {
        { .title = "file", .is_flexible = true },
        { .title = "symbol", .is_flexible = true },
    };
    struct fixture *f = *state;
    f->table = table_new(&f->arena, names, 2);
    table_cell(&f->table, STR("src/a/file/of/22/len.c"));
    table_cell(&f->table, STR("rtc::impl::PeerConnection::initiate"));
    f->term.columns = 48;
    assert_table(f, "file                    symbol\n"
                    "src/a/file/of/22/len.c  rtc::impl::\xE2\x80\xA6on::initiate\n");
    f->out.len = 0;
    f->term.columns = 44;
    assert_table(f, "file                   symbol\n"
                    "src/a/file\xE2\x80\xA6"
                    "f/22/len.c  rtc::impl:\xE2\x80\xA6::initiate\n");
}

static void fits_if_it_can_be_shortened(void **state) {
    struct fixture *f = *state;
    add_row(f, "a very long name of a component", 1, "measured");
    for (f->term.columns = 50; f->term.columns > 30; f->term.columns--) {
        f->out = (struct text){ .arena = &f->arena };
        table_write(&f->table, &f->term, &f->out);
        const char *row = strchr(f->out.at, '\n') + 1;
        unsigned columns = human_columns((struct str){ row, strcspn(row, "\n") });
        assert_int_equal(table_fits(&f->table, &f->term), columns <= f->term.columns);
    }
}

static void color_on_header_and_total(void **state) {
    struct fixture *f = *state;
    f->term.has_color = true;
    add_row(f, "a", 1, "x");
    table_bold(&f->table);
    add_row(f, "b", 1, "x");
    add_row(f, "c", 1, "x");
    assert_table(f, "\033[1mcomponent      bytes  source\033[0m\n"
                    "a                  1  x\n"
                    "\033[1mb                  1  x\033[0m\n"
                    "c                  1  x\n");
}

static void without_titles_and_rows(void **state) {
    static const struct table_column bare[] = { { .align = TABLE_RIGHT }, { 0 } };
    struct fixture *f = *state;
    f->table = table_new(&f->arena, bare, 2);
    table_cell(&f->table, STR("1"));
    table_end_row(&f->table);
    table_end_row(&f->table); // The row is complete: nothing more.
    table_cell(&f->table, STR("20"));
    table_cell(&f->table, STR("b"));
    assert_table(f, " 1\n20  b\n");
    f->out.len = 0;
    f->table = table_new(&f->arena, columns, 3);
    assert_table(f, "component      bytes  source\n");
}

static void hostile_cells_are_cleaned(void **state) {
    struct fixture *f = *state;
    add_row(f, "a\033[2Jb\nc", 1, "\xFF");
    assert_table(f, "component      bytes  source\n"
                    "a?[2Jb?c           1  ?\n");
}

/// Whatever the cells hold, every line fits if the flexible column could be made to fit.
static void lines_keep_to_the_width(void **state) {
    struct fixture *f = *state;
    srand(2);
    for (int round = 0; round < 2000; round++) {
        f->table = table_new(&f->arena, columns, 3);
        f->out = (struct text){ .arena = &f->arena };
        f->term.columns = 44 + (unsigned)rand() % 80;
        for (int row = 0; row < 5; row++) {
            char name[80] = { 0 };
            int len = rand() % 79;
            for (int i = 0; i < len; i++) {
                name[i] = (char)(' ' + rand() % 95);
            }
            table_cell(&f->table, arena_copy(&f->arena, str_from(name)));
            table_printf(&f->table, "%d", rand());
            table_cell(&f->table, STR("measured"));
        }
        table_write(&f->table, &f->term, &f->out);
        unsigned lines = 0;
        for (const char *at = f->out.at; *at; lines++) {
            size_t line_len = strcspn(at, "\n");
            assert_true(human_columns((struct str){ at, line_len }) <= f->term.columns);
            assert_true(line_len == 0 || at[line_len - 1] != ' ');
            at += line_len + 1;
        }
        assert_int_equal(lines, 6);
        arena_clear(&f->arena);
    }
}

/// A terminal would show no more of it; a file of one long name costs what is shown.
static void long_cells_are_cut(void **state) {
    static char name[100000];
    struct fixture *f = *state;
    memset(name, 'x', sizeof name - 1);
    add_row(f, name, 1, "measured");
    f->term.columns = 1000000;
    table_write(&f->table, &f->term, &f->out);
    assert_int_equal(strspn(strchr(f->out.at, '\n') + 1, "x"), 4096);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(aligned_with_a_total, setup, teardown),
        cmocka_unit_test_setup_teardown(flexible_column_gives_way, setup, teardown),
        cmocka_unit_test_setup_teardown(too_narrow_for_all, setup, teardown),
        cmocka_unit_test_setup_teardown(widest_gives_first, setup, teardown),
        cmocka_unit_test_setup_teardown(fits_if_it_can_be_shortened, setup, teardown),
        cmocka_unit_test_setup_teardown(color_on_header_and_total, setup, teardown),
        cmocka_unit_test_setup_teardown(without_titles_and_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_cells_are_cleaned, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_keep_to_the_width, setup, teardown),
        cmocka_unit_test_setup_teardown(long_cells_are_cut, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
