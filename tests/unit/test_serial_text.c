/// Text of a serial line: what stands between a device's print and the file is taken away, and counted.
#include "serial_text.h"
#include "target_fixture.h"

/// Up to 16 pieces of a text, joined by '\n'; cut ones end in '~', log lines are "level|tag|message".
struct pieces {
    char text[4096];
    struct serial_counts counts;
};

static void write_bytes(struct fixture *f, const char *bytes, size_t len) {
    snprintf(f->path, sizeof f->path, "%s/log", f->folder);
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static struct pieces read_bytes(struct fixture *f, const char *bytes, size_t len) {
    struct pieces out = { .text = "" };
    struct serial_piece p;
    write_bytes(f, bytes, len);
    struct serial_text *s = serial_text_open(&f->arena, f->path, &f->err);
    assert_non_null(s);
    while (serial_text_next(s, &p, &f->err)) {
        size_t at = strlen(out.text);
        if (p.level)
            snprintf(out.text + at, sizeof out.text - at, "%s%c|%.*s|%.*s%s", at ? "\n" : "",
                    p.level, STR_ARG(p.tag), STR_ARG(p.message), p.is_cut ? "~" : "");
        else
            snprintf(out.text + at, sizeof out.text - at, "%s%.*s%s", at ? "\n" : "",
                    STR_ARG(p.text), p.is_cut ? "~" : "");
    }
    out.counts = *serial_text_counts(s);
    serial_text_close(s);
    return out;
}

#define READ(f, literal) read_bytes(f, literal, sizeof(literal) - 1)

static void assert_reads(struct fixture *f, const char *bytes, const char *expected) {
    struct pieces p = read_bytes(f, bytes, strlen(bytes));
    assert_string_equal(p.text, expected);
}

static void line_ends_of_any_kind(void **state) {
    struct fixture *f = *state;
    assert_reads(f, "a\nb\r\nc\r\r\nd\re\n\n\r\nf\n", "a\nb\nc\nd\ne\nf");
    struct pieces p = READ(f, "a\r\nb\r\n");
    assert_int_equal(p.counts.lines, 2);
    assert_int_equal(p.counts.bytes, 6);
    assert_false(p.counts.ends_in_line);
}

static void numbers_and_offsets_are_those_of_the_file(void **state) {
    struct fixture *f = *state;
    struct serial_piece p;
    static const char text[] = "one\r\n\r\nthree\rthree\nfour";
    write_bytes(f, text, sizeof text - 1);
    struct serial_text *s = serial_text_open(&f->arena, f->path, &f->err);
    static const struct {
        uint64_t line, offset;
    } expected[] = { { 1, 0 }, { 3, 7 }, { 3, 13 }, { 4, 19 } };
    for (size_t i = 0; i < 4; i++) {
        assert_true(serial_text_next(s, &p, &f->err));
        assert_int_equal(p.line, expected[i].line);
        assert_int_equal(p.offset, expected[i].offset);
    }
    assert_true(p.is_cut);
    assert_false(serial_text_next(s, &p, &f->err));
    assert_true(serial_text_counts(s)->ends_in_line);
    assert_int_equal(serial_text_counts(s)->lines, 4);
    assert_false(serial_text_counts(s)->failed);
    serial_text_close(s);
}

static void log_lines_of_every_form(void **state) {
    struct fixture *f = *state;
    assert_reads(f, "I (1485) heap_init: At\n", "I|heap_init|At");
    assert_reads(f, "W (12:33:01.123) tag: x\n", "W|tag|x");
    assert_reads(f, "I esp_psram: Found\n", "I|esp_psram|Found");
    assert_reads(f, "E (1) a.b-c_d: x: y\n", "E|a.b-c_d|x: y");
    assert_reads(f, "I (x) tag: y\n", "I (x) tag: y");
    assert_reads(f, "X (1) tag: y\n", "X (1) tag: y");
    assert_reads(f, "I (1) no tag\n", "I (1) no tag");
    assert_reads(f, "I (1) : y\n", "I (1) : y");
}

static void colours_go_with_or_without_their_escape_byte(void **state) {
    struct fixture *f = *state;
    assert_reads(f, "\033[0;32mI (1) a: b\033[0m\n", "I|a|b");
    assert_reads(f, "[0;32mI (1) a: b[0m\n", "I|a|b");
    assert_reads(f, "\033[1;31mx\033[Ky\033]0;title\az\033\n", "xyz");
    assert_reads(f, "a[10] [0] [0;] b\n", "a[10] [0] [0;] b");
    assert_reads(f, "\033[0;32", "");
}

static void stamps_of_monitors_go(void **state) {
    struct fixture *f = *state;
    static const char *const stamps[] = { "[12:33:01.123] ", "[12:33:01]",
        "[2026-01-01 12:33:01.123456] ", "2026-01-01T12:33:01Z ", "2026-01-01T12:33:01.5+01:00 ",
        "2026/01/01 12:33:01,123 ", "12:33:01.123 -> ", "12:33:01 > ", "[    1.345678] ",
        "[12.345678]\t", "12:33:01:123 | " };
    for (size_t i = 0; i < sizeof stamps / sizeof stamps[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "%sI (1) a: b\n", stamps[i]);
        assert_reads(f, line, "I|a|b");
    }
    assert_reads(f, "[1] x\n12:33 x\n[a:b] x\n12:33:01x\n", "[1] x\n12:33 x\n[a:b] x\n12:33:01x");
}

static void bytes_that_are_no_text_are_counted(void **state) {
    struct fixture *f = *state;
    struct pieces p = READ(f, "a\0b\001c\xff\xfe\td\n\xe2\x94\x9c x\n");
    assert_string_equal(p.text, "abc??\td\n\xe2\x94\x9c x");
    assert_int_equal(p.counts.control, 2);
    assert_int_equal(p.counts.not_utf8, 1);
}

static void a_line_in_which_another_begins_is_split(void **state) {
    struct fixture *f = *state;
    struct pieces p = READ(f, "I (1) heap_init: At 4FF0I (2) cpu_start: Multicore app\n3000 len\n");
    assert_string_equal(p.text, "I|heap_init|At 4FF0~\nI|cpu_start|Multicore app\n3000 len");
    assert_int_equal(p.counts.split, 1);
    assert_reads(f, "I (1I (2) b: xW (3) c: y\n", "I (1~\nI|b|x~\nW|c|y");
    assert_reads(f, "I (1) a: I b: x\n", "I|a|I b: x");
    assert_reads(f, "--- I (1) a: b I (2) c: d\n", "--- I (1) a: b I (2) c: d");
}

static void a_long_line_is_cut_and_takes_no_memory(void **state) {
    struct fixture *f = *state;
    size_t len = 3 << 20, before;
    char *bytes = malloc(len);
    memset(bytes, 'x', len);
    memcpy(bytes + len - 4, "\ny\n", 3);
    bytes[len - 1] = '\n';
    write_bytes(f, bytes, len);
    free(bytes);
    struct serial_text *s = serial_text_open(&f->arena, f->path, &f->err);
    struct serial_piece p;
    before = f->arena.taken_bytes;
    assert_true(serial_text_next(s, &p, &f->err));
    assert_int_equal(p.text.len, SERIAL_TEXT_LONGEST);
    assert_true(p.is_cut);
    assert_true(serial_text_next(s, &p, &f->err));
    assert_int_equal(p.line, 2);
    assert_false(p.is_cut);
    assert_false(serial_text_next(s, &p, &f->err));
    assert_int_equal(serial_text_counts(s)->too_long, 1);
    assert_int_equal(f->arena.taken_bytes, before);
    serial_text_close(s);
}

static void exactly_the_longest_line_is_whole(void **state) {
    struct fixture *f = *state;
    char bytes[SERIAL_TEXT_LONGEST + 2];
    memset(bytes, 'x', sizeof bytes);
    bytes[SERIAL_TEXT_LONGEST] = '\n';
    write_bytes(f, bytes, SERIAL_TEXT_LONGEST + 1);
    struct serial_text *s = serial_text_open(&f->arena, f->path, &f->err);
    struct serial_piece p;
    assert_true(serial_text_next(s, &p, &f->err));
    assert_int_equal(p.text.len, SERIAL_TEXT_LONGEST);
    assert_false(p.is_cut);
    assert_int_equal(serial_text_counts(s)->too_long, 0);
    serial_text_close(s);
}

static void what_cannot_be_read_is_said(void **state) {
    struct fixture *f = *state;
    struct serial_piece p;
    assert_null(serial_text_open(&f->arena, "/nowhere/log", &f->err));
    assert_non_null(strstr(f->err.text, "No such file"));
    struct serial_text *s = serial_text_open(&f->arena, f->folder, &f->err);
    assert_non_null(s);
    assert_false(serial_text_next(s, &p, &f->err));
    assert_true(serial_text_counts(s)->failed);
    assert_non_null(strstr(f->err.text, "directory"));
    serial_text_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(line_ends_of_any_kind, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                numbers_and_offsets_are_those_of_the_file, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(log_lines_of_every_form, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                colours_go_with_or_without_their_escape_byte, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(stamps_of_monitors_go, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                bytes_that_are_no_text_are_counted, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                a_line_in_which_another_begins_is_split, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                a_long_line_is_cut_and_takes_no_memory, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                exactly_the_longest_line_is_whole, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                what_cannot_be_read_is_said, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
