/// The line grammar: reading, the tree, numbers, errors with their line, rewriting, hostile input.
#include "conf.h"
#include "conf_raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct conf conf;
    struct err err;
};

static int setup(void **state) {
    *state = calloc(1, sizeof(struct fixture));
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    arena_clear(&f->arena);
    free(f);
    return 0;
}

static bool parse(struct fixture *f, const char *text) {
    return conf_parse(&f->arena, "t.conf", str_from(text), &f->conf, &f->err);
}

/// Parses what must parse; shows the message when it does not.
static void parse_well(struct fixture *f, const char *text) {
    bool ok = parse(f, text);
    if (!ok) {
        print_error("line %u: %s\n", (unsigned)f->err.line, f->err.text);
    }
    assert_true(ok);
}

static void assert_written(struct fixture *f, const char *expected) {
    struct str text = conf_write(&f->arena, &f->conf);
    assert_string_equal(text.at, expected);
    assert_int_equal(text.len, strlen(expected));
}

static void assert_fails(struct fixture *f, const char *text, uint32_t line, const char *part) {
    assert_false(parse(f, text));
    assert_string_equal(f->err.file, "t.conf");
    assert_int_equal(f->err.line, line);
    if (!strstr(f->err.text, part)) {
        print_error("message is: %s\n", f->err.text);
    }
    assert_non_null(strstr(f->err.text, part));
}

static void words_and_comments(void **state) {
    struct fixture *f = *state;
    parse_well(f, "# head\n"
                  "\n"
                  "region\tfast  320K   # the fast one \n"
                  "a#b c\\d \"e f\" \"\" \"#\" \"q\\\"w\\\\e\\x4A\" op\"\"_s#");
    const struct conf_line *line = f->conf.lines;
    assert_int_equal(line->word_count, 3);
    assert_string_equal(line->words[0].at, "region");
    assert_string_equal(line->words[1].at, "fast");
    assert_string_equal(line->words[2].at, "320K");
    assert_true(str_equal(line->comment, STR("the fast one")));
    assert_int_equal(line->number, 3);
    line = line->next;
    const char *const expected[] = { "a#b", "c\\d", "e f", "", "#", "q\"w\\eJ", "op\"\"_s#" };
    assert_int_equal(line->word_count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(line->words[i].at, expected[i]);
        assert_int_equal(line->words[i].len, strlen(expected[i]));
    }
    assert_int_equal(line->comment.len, 0);
    assert_null(line->next);
}

static void indentation_makes_a_tree(void **state) {
    struct fixture *f = *state;
    parse_well(f, "a\n"
                  "    b\n"
                  "      # comment lines have no say\n"
                  "\n"
                  "        c\n"
                  "\td\n"   // A tab: column 8, as c.
                  "  \td\n" // Still column 8.
                  "    e\n"
                  "f\n"
                  " g\n");
    struct conf_line *a = f->conf.lines;
    struct conf_line *b = a->children;
    struct conf_line *c = b->children;
    assert_string_equal(b->words[0].at, "b");
    assert_ptr_equal(b->parent, a);
    assert_string_equal(c->words[0].at, "c");
    assert_string_equal(c->next->words[0].at, "d");
    assert_string_equal(c->next->next->words[0].at, "d");
    assert_null(c->next->next->next);
    assert_string_equal(b->next->words[0].at, "e");
    assert_null(b->next->next);
    assert_string_equal(a->next->words[0].at, "f");
    assert_string_equal(a->next->children->words[0].at, "g");
    assert_null(a->parent);
}

static void line_ends_and_byte_order_mark(void **state) {
    struct fixture *f = *state;
    const char *text = "\xEF\xBB\xBF"
                       "a b\r\n  c # d\r\n\r\ne";
    parse_well(f, text);
    assert_string_equal(f->conf.lines->words[0].at, "a");
    assert_string_equal(f->conf.lines->words[1].at, "b");
    assert_true(str_equal(f->conf.lines->children->comment, STR("d")));
    assert_string_equal(f->conf.lines->next->words[0].at, "e");
    assert_written(f, text);
    parse_well(f, "");
    assert_null(f->conf.lines);
    assert_written(f, "");
    parse_well(f, "# only a comment");
    assert_null(f->conf.lines);
    assert_written(f, "# only a comment");
}

static void errors_name_the_line(void **state) {
    struct fixture *f = *state;
    assert_fails(f, "a\n\n  \"b", 3, "not closed");
    assert_fails(f, "a\n\"b\\\"", 2, "not closed");
    assert_fails(f, "a \"b\"c\n", 1, "behind a closing quote");
    assert_fails(f, "a \"b\"#c\n", 1, "behind a closing quote");
    assert_fails(f, "a \"\\n\"\n", 1, "escape");
    assert_fails(f, "a \"\\x00\"\n", 1, "escape");
    assert_fails(f, "a \"\\x4\"\n", 1, "escape");
    assert_fails(f, "a \"\\xg1\"\n", 1, "escape");
    assert_fails(f, "a\n    b\n  c\n", 3, "matches no line");
    assert_fails(f, "  a\n", 1, "no line above");
    assert_fails(f, "a\nb\rc\n", 2, "carriage return");
    assert_fails(f, "a\n# \xff\n", 2, "byte 3 of the line is not UTF-8");
    assert_false(conf_parse(&f->arena, "t.conf", STR("a\nb\0c\n"), &f->conf, &f->err));
    assert_int_equal(f->err.line, 2);
    assert_non_null(strstr(f->err.text, "NUL"));
}

static void nesting_is_bounded(void **state) {
    struct fixture *f = *state;
    char text[1000];
    size_t len = 0;
    for (int depth = 0; depth < CONF_DEEPEST; depth++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%*sa\n", depth, "");
    }
    parse_well(f, text);
    (void)snprintf(text + len, sizeof(text) - len, "%*sa\n", CONF_DEEPEST, "");
    assert_fails(f, text, CONF_DEEPEST + 1, "nested deeper");
}

static void finding(void **state) {
    struct fixture *f = *state;
    parse_well(f, "region a\nheap b\n  region no\nregion c\n");
    struct conf_line *line = conf_find(f->conf.lines, "region");
    assert_string_equal(line->words[1].at, "a");
    line = conf_next(line);
    assert_string_equal(line->words[1].at, "c");
    assert_null(conf_next(line));
    assert_null(conf_find(f->conf.lines, "regio"));
    assert_null(conf_find(NULL, "region"));
}

static void words_that_are_missing(void **state) {
    struct fixture *f = *state;
    struct str word = { 0 };
    uint64_t number = 0;
    parse_well(f, "\nregion fast\n");
    assert_true(conf_word(&f->conf, f->conf.lines, 1, "its name", &word, &f->err));
    assert_string_equal(word.at, "fast");
    assert_false(conf_number(&f->conf, f->conf.lines, 2, "its size", &number, &f->err));
    assert_int_equal(f->err.line, 2);
    assert_string_equal(f->err.text, "'region' lacks its size (value 2)");
    assert_false(conf_number(&f->conf, f->conf.lines, 1, "its size", &number, &f->err));
    assert_non_null(strstr(f->err.text, "its size is 'fast', which is no number"));
}

static void assert_number(const char *word, uint64_t expected) {
    uint64_t value = ~expected;
    assert_true(conf_parse_number(str_from(word), &value));
    assert_true(value == expected);
}

static void numbers(void **state) {
    static const char *const wrong[] = { "", "_", "1_", "_1", "1__0", "0x", "0x_1", "x1", "-1",
        "+1", "1.5", "1k", "1 K", "K", "0x10K", "1KBB", "1TiB", "18446744073709551616",
        "0x10000000000000000", "17179869184G", " 1", "1 " };
    uint64_t value = 5;
    (void)state;
    assert_number("0", 0);
    assert_number("007", 7);
    assert_number("786_432", 786432);
    assert_number("768KB", 786432);
    assert_number("768K", 786432);
    assert_number("768KiB", 786432);
    assert_number("12B", 12);
    assert_number("32MB", 32u << 20);
    assert_number("32M", 32u << 20);
    assert_number("32MiB", 32u << 20);
    assert_number("1G", 1u << 30);
    assert_number("0x4FF0_0000", 0x4FF00000);
    assert_number("0XcB", 0xCB);
    assert_number("18446744073709551615", UINT64_MAX);
    assert_number("0xFFFFFFFFFFFFFFFF", UINT64_MAX);
    assert_number("17179869183G", 17179869183u * (UINT64_C(1) << 30));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(conf_parse_number(str_from(wrong[i]), &value));
    }
    assert_int_equal(value, 5);
}

static void unknown_words_get_a_suggestion(void **state) {
    static const char *const keys[] = { "region", "reserved", NULL };
    struct fixture *f = *state;
    parse_well(f, "region a\nreserved b\n");
    assert_true(conf_check_keys(&f->conf, f->conf.lines, keys, &f->err));
    parse_well(f, "region a\nregoin b\n");
    assert_false(conf_check_keys(&f->conf, f->conf.lines, keys, &f->err));
    assert_int_equal(f->err.line, 2);
    assert_string_equal(f->err.text, "unknown word 'regoin'; did you mean 'region'?");
    parse_well(f, "xyz\n");
    assert_false(conf_check_keys(&f->conf, f->conf.lines, keys, &f->err));
    assert_string_equal(f->err.text, "unknown word 'xyz'");
}

static void rewriting_keeps_the_rest(void **state) {
    struct fixture *f = *state;
    const char *text = "# plan\n"
                       "slow\t  a   net.c:1    # 48 KiB\n"
                       "\n"
                       "fast  b   drv.c:2\n"
                       "   x  1   # deep\n"
                       "   # between\n"
                       "   y  2\n"
                       "# tail";
    parse_well(f, text);
    assert_written(f, text);
    struct conf_line *slow = f->conf.lines;
    struct str same[] = { STR("slow"), STR("a"), STR("net.c:1") };
    conf_set(&f->arena, &f->conf, slow, same, 3);
    assert_written(f, text); // Not a space moved.
    struct str words[] = { STR("fast"), STR("a b"), STR("#1"), STR("") };
    conf_set(&f->arena, &f->conf, slow, words, 4);
    struct str child[] = { STR("z"), STR("3") };
    conf_add(&f->arena, &f->conf, slow, child, 2, STR(""));
    conf_add(&f->arena, &f->conf, slow->next, child, 2, STR("new\nline"));
    conf_remove(&f->conf, slow->next->children);
    conf_add(&f->arena, &f->conf, NULL, child, 1, STR("end"));
    assert_written(f, "# plan\n"
                      "fast \"a b\" \"#1\" \"\"    # 48 KiB\n"
                      "    z 3\n"
                      "\n"
                      "fast  b   drv.c:2\n"
                      "   # between\n"
                      "   y  2\n"
                      "   z 3  # new line\n"
                      "# tail\n"
                      "z  # end\n");
}

static void rewriting_from_nothing(void **state) {
    struct fixture *f = *state;
    struct str words[] = { STR("region"), STR("fast") };
    parse_well(f, "");
    struct conf_line *line = conf_add(&f->arena, &f->conf, NULL, words, 2, STR(""));
    conf_add(&f->arena, &f->conf, line, words + 1, 1, STR(""));
    conf_add(&f->arena, &f->conf, line->children, words + 1, 1, STR(""));
    assert_written(f, "region fast\n    fast\n        fast\n");
    conf_remove(&f->conf, line->children);
    assert_null(line->children);
    assert_written(f, "region fast\n");
    conf_remove(&f->conf, line);
    assert_written(f, "");
    assert_null(f->conf.lines);
}

static void rewriting_keeps_crlf(void **state) {
    struct fixture *f = *state;
    struct str words[] = { STR("b"), STR("c") };
    parse_well(f, "a # x\r\n  d");
    conf_set(&f->arena, &f->conf, f->conf.lines, words, 2);
    conf_add(&f->arena, &f->conf, f->conf.lines, words, 2, STR(""));
    assert_written(f, "b c # x\r\n  d\r\n  b c\r\n");
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by CONF_DEEPEST
static void assert_same_tree(const struct conf_line *a, const struct conf_line *b) {
    for (; a && b; a = a->next, b = b->next) {
        assert_int_equal(a->word_count, b->word_count);
        for (uint32_t i = 0; i < a->word_count; i++) {
            assert_true(str_equal(a->words[i], b->words[i]));
        }
        assert_same_tree(a->children, b->children);
    }
    assert_ptr_equal(a, b); // Both at their end.
}

/// Any byte but NUL, biased towards those that mean something to the grammar.
static char random_byte(void) {
    static const char special[] = "\"\\# \t\n\r\"\\x41\xEF\xBB\xBF\xC3\xA4";
    int byte = rand() % 3 ? special[(size_t)rand() % (sizeof(special) - 1)] : rand() % 255 + 1;
    return (char)byte;
}

static void any_word_survives_a_rewrite(void **state) {
    struct fixture *f = *state;
    srand(3);
    for (int round = 0; round < 20000; round++) {
        char bytes[4][12];
        struct str words[4];
        struct conf first = { 0 };
        for (size_t i = 0; i < 4; i++) {
            words[i] = (struct str){ bytes[i], (size_t)rand() % sizeof(bytes[i]) };
            for (size_t j = 0; j < words[i].len; j++) {
                bytes[i][j] = random_byte();
            }
        }
        parse_well(f, round % 2 ? "" : "a\n  b # c\n");
        struct conf_line *line = conf_add(&f->arena, &f->conf, NULL, words, 4, words[0]);
        conf_add(&f->arena, &f->conf, line, words + 1, 2, words[3]);
        first = f->conf;
        struct str text = conf_write(&f->arena, &f->conf);
        parse_well(f, text.at);
        assert_same_tree(first.lines, f->conf.lines);
        arena_clear(&f->arena);
    }
}

static void random_bytes_are_read_or_refused(void **state) {
    struct fixture *f = *state;
    unsigned good = 0;
    srand(11);
    for (int round = 0; round < 100000; round++) {
        size_t len = (size_t)rand() % 60;
        char *text = malloc(len ? len : 1); // No byte more, so that ASan sees an overrun.
        assert_non_null(text);
        for (size_t i = 0; i < len; i++) {
            text[i] = '\0';
            if (rand() % 200) {
                text[i] = random_byte();
            }
            if (rand() % 3 == 0) {
                text[i] = "\n a"[rand() % 3];
            }
        }
        struct str whole = { text, len };
        if (conf_parse(&f->arena, "t.conf", whole, &f->conf, &f->err)) {
            assert_true(str_equal(conf_write(&f->arena, &f->conf), whole));
            good++;
        } else {
            assert_true(f->err.line >= 1 && f->err.text[0] != '\0');
        }
        free(text);
        arena_clear(&f->arena);
    }
    assert_true(good > 1000); // The loop reached the grammar, not only its guards.
}

static void truncated_and_flipped_files(void **state) {
    static const char text[] =
            "# target\nregion fast 320K # a\n\tdma yes\n\tname \"a \\\"b\\\" c\"\n"
            "region slow 8M\n  x \xC3\xA4\n";
    struct fixture *f = *state;
    for (size_t cut = 0; cut < sizeof(text); cut++) {
        (void)conf_parse(&f->arena, "t.conf", (struct str){ text, cut }, &f->conf, &f->err);
    }
    for (size_t at = 0; at + 1 < sizeof(text); at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char copy[sizeof(text)];
            struct str whole = { copy, sizeof(text) - 1 };
            memcpy(copy, text, sizeof(text)); // NOLINT(bugprone-not-null-terminated-result)
            copy[at] = (char)byte;
            if (conf_parse(&f->arena, "t.conf", whole, &f->conf, &f->err)) {
                assert_true(str_equal(conf_write(&f->arena, &f->conf), whole));
            }
        }
        arena_clear(&f->arena);
    }
}

static void many_quoted_words_take_linear_room(void **state) {
    struct fixture *f = *state;
    enum { WORDS = 100000 };
    static char text[WORDS * 3 + 1];
    for (size_t i = 0; i < WORDS; i++) {
        memcpy(text + i * 3, "\"\" ", 3); // NOLINT(bugprone-not-null-terminated-result): room
    }
    parse_well(f, text);
    assert_int_equal(f->conf.lines->word_count, WORDS);
    assert_true(f->arena.taken_bytes < sizeof(text) * 40);
}

static void reads_a_file(void **state) {
    struct fixture *f = *state;
    char path[] = "/tmp/test_conf.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a 1\n", 4), 4);
    (void)close(fd);
    assert_true(conf_read(&f->arena, path, &f->conf, &f->err));
    assert_string_equal(f->conf.path, path);
    assert_string_equal(f->conf.lines->words[1].at, "1");
    (void)unlink(path);
    assert_false(conf_read(&f->arena, path, &f->conf, &f->err));
    assert_string_equal(f->err.file, path);
    assert_non_null(strstr(f->err.text, "No such file"));
    assert_false(conf_read(&f->arena, "/tmp", &f->conf, &f->err));
    assert_non_null(strstr(f->err.text, "directory"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_and_comments, setup, teardown),
        cmocka_unit_test_setup_teardown(indentation_makes_a_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(line_ends_and_byte_order_mark, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_name_the_line, setup, teardown),
        cmocka_unit_test_setup_teardown(nesting_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(finding, setup, teardown),
        cmocka_unit_test_setup_teardown(words_that_are_missing, setup, teardown),
        cmocka_unit_test(numbers),
        cmocka_unit_test_setup_teardown(unknown_words_get_a_suggestion, setup, teardown),
        cmocka_unit_test_setup_teardown(rewriting_keeps_the_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(rewriting_from_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(rewriting_keeps_crlf, setup, teardown),
        cmocka_unit_test_setup_teardown(any_word_survives_a_rewrite, setup, teardown),
        cmocka_unit_test_setup_teardown(random_bytes_are_read_or_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated_and_flipped_files, setup, teardown),
        cmocka_unit_test_setup_teardown(many_quoted_words_take_linear_room, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_a_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
