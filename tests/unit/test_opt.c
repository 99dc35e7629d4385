/// Options: parsing, questions, messages; and the pages that the same tables give.
#include "opt.h"
#include "page.h"
#include "term.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const states[] = { "as-ported", "stock", NULL };

static const struct opt opts[] = {
    { .letter = 'o', .name = "output", .value = "FILE", .help = "write to FILE" },
    { .letter = 'j', .name = "json", .help = "print JSON" },
    { .letter = 'b', .name = "bytes", .help = "print exact bytes" },
    { .letter = 'm', .name = "map", .value = "FILE", .help = "use the map FILE", .many = true },
    { .name = "state",
            .value = "NAME",
            .help = "place blocks as in this state",
            .more = "As ported: the plan of the port.\nStock: the rules of the target alone.",
            .choices = states },
    { .name = "size", .value = "BYTES", .help = "pretend the region has this size" },
    { 0 },
};

static const struct opt common[] = {
    { .name = "color", .value = "WHEN", .help = "color the output", .choices = term_when_names },
    { .letter = 'h', .name = "help", .help = "show help" },
    { 0 },
};

struct fixture {
    struct arena arena;
    struct opt_values values;
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

/// Parses `line`, split at spaces.
static bool parse_in(struct fixture *f, enum opt_order order, const char *line) {
    static char words[300];
    static char *argv[50];
    int argc = 0;
    (void)snprintf(words, sizeof(words), "%s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    return opt_parse(&f->arena, opts, common, order, argc, argv, &f->values, &f->err);
}

static bool parse(struct fixture *f, const char *line) {
    return parse_in(f, OPT_ANYWHERE, line);
}

static void assert_refused(struct fixture *f, const char *line, const char *message) {
    assert_false(parse(f, line));
    assert_string_equal(f->err.text, message);
    assert_string_equal(f->err.file, "");
}

static void options_stand_anywhere(void **state) {
    struct fixture *f = *state;
    assert_true(parse(f, "a.rlt --json b.rlt -o x -"));
    assert_int_equal(f->values.operand_count, 3);
    assert_string_equal(f->values.operands[0], "a.rlt");
    assert_string_equal(f->values.operands[1], "b.rlt");
    assert_string_equal(f->values.operands[2], "-");
    assert_null(f->values.operands[3]);
    assert_true(opt_is_given(&f->values, "json"));
    assert_false(opt_is_given(&f->values, "bytes"));
    assert_string_equal(opt_value(&f->values, "output", NULL), "x");
    assert_int_equal(f->values.help, OPT_HELP_NONE);
}

static void every_way_to_give_a_value(void **state) {
    static const char *const lines[] = { "--output=x=y", "--output x=y", "-ox=y", "-o x=y",
        "-jbox=y", "-jo x=y" };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_true(parse(f, lines[i]));
        assert_string_equal(opt_value(&f->values, "output", NULL), "x=y");
        assert_int_equal(f->values.operand_count, 0);
    }
    assert_true(parse(f, "--output= --json"));
    assert_string_equal(opt_value(&f->values, "output", "none"), "");
    assert_true(parse(f, "-o --json"));
    assert_string_equal(opt_value(&f->values, "output", NULL), "--json");
    assert_false(opt_is_given(&f->values, "json"));
}

static void the_last_counts_unless_all_do(void **state) {
    struct fixture *f = *state;
    assert_true(parse(f, "-o a --output=b -m 1 --map 2 -m3"));
    assert_string_equal(opt_value(&f->values, "output", NULL), "b");
    assert_int_equal(opt_count(&f->values, "map"), 3);
    assert_string_equal(opt_value_at(&f->values, "map", 0), "1");
    assert_string_equal(opt_value_at(&f->values, "map", 1), "2");
    assert_string_equal(opt_value_at(&f->values, "map", 2), "3");
    assert_null(opt_value_at(&f->values, "map", 3));
    assert_string_equal(opt_value(&f->values, "size", "none"), "none");
}

static void operands_behind_the_end_mark(void **state) {
    struct fixture *f = *state;
    assert_true(parse(f, "--json -- --bytes -o --"));
    assert_int_equal(f->values.operand_count, 3);
    assert_string_equal(f->values.operands[0], "--bytes");
    assert_string_equal(f->values.operands[2], "--");
    assert_false(opt_is_given(&f->values, "bytes"));
}

static void another_programs_options_stay_its_own(void **state) {
    struct fixture *f = *state;
    assert_true(parse_in(f, OPT_BEFORE_OPERAND, "-o x ./app --json -- -h"));
    assert_int_equal(f->values.operand_count, 4);
    assert_string_equal(f->values.operands[1], "--json");
    assert_string_equal(f->values.operands[2], "--");
    assert_false(opt_is_given(&f->values, "json"));
    assert_int_equal(f->values.help, OPT_HELP_NONE);
    assert_true(parse_in(f, OPT_BEFORE_OPERAND, "-o x -- ./app -h"));
    assert_int_equal(f->values.operand_count, 2);
}

static void nothing_at_all(void **state) {
    struct fixture *f = *state;
    assert_true(parse(f, ""));
    assert_int_equal(f->values.operand_count, 0);
    assert_null(f->values.operands[0]);
    assert_true(opt_parse(&f->arena, NULL, NULL, OPT_ANYWHERE, 0, NULL, &f->values, &f->err));
    assert_null(f->values.operands[0]);
}

static void help_wins_over_what_follows(void **state) {
    struct fixture *f = *state;
    assert_true(parse(f, "x -jh --nonsense"));
    assert_int_equal(f->values.help, OPT_HELP_SHORT);
    assert_true(parse(f, "--help --nonsense"));
    assert_int_equal(f->values.help, OPT_HELP_LONG);
}

static void choices_and_numbers(void **state) {
    struct fixture *f = *state;
    uint64_t number = 0;
    assert_true(parse(f, "--state stock --color never --size 768KB"));
    assert_int_equal(opt_choice(&f->values, "state", 0), 1);
    assert_int_equal(opt_choice(&f->values, "color", TERM_AUTO), TERM_NEVER);
    assert_true(opt_number(&f->values, "size", 5, &number, &f->err));
    assert_int_equal(number, 786432);
    assert_true(parse(f, "--size big"));
    assert_int_equal(opt_choice(&f->values, "state", 7), 7);
    assert_false(opt_number(&f->values, "size", 5, &number, &f->err));
    assert_string_equal(f->err.text,
            "'--size' is 'big', which is no number; write it as 786432, 768K or 0xC0000");
    assert_true(parse(f, ""));
    assert_true(opt_number(&f->values, "size", 5, &number, &f->err));
    assert_int_equal(number, 5);
}

static void what_is_refused(void **state) {
    struct fixture *f = *state;
    assert_refused(f, "--jsno", "unknown option '--jsno'; did you mean '--json'?");
    assert_refused(f, "--frobnicate=1", "unknown option '--frobnicate'");
    assert_refused(f, "--jso=1", "unknown option '--jso'; did you mean '--json'?");
    assert_refused(f, "--out x", "unknown option '--out'; did you mean '--output'?");
    assert_refused(f, "-jx", "unknown option '-x'");
    assert_refused(f, "--json=1", "'--json' takes no value");
    assert_refused(f, "--output", "'--output' needs a value: --output FILE");
    assert_refused(f, "-jo", "'--output' needs a value: --output FILE");
    assert_refused(f, "--state x", "'--state' takes as-ported or stock, not 'x'");
    assert_refused(f, "--color=on", "'--color' takes auto, always or never, not 'on'");
    assert_refused(f, "--state=", "'--state' takes as-ported or stock, not ''");
}

static const struct page page = {
    .program = "ramlens",
    .name = "report",
    .summary = "say where the bytes go",
    .usage = "[OPTIONS] TRACE",
    .example = "ramlens report app.rlt",
    .text = "A paragraph that is long enough to be broken, because it has well over eighty "
            "characters.\n.dot first\n  kept -- \\n as it is",
    .opts = opts,
    .common = common,
};

static void assert_lines_fit(const char *text) {
    while (*text) {
        size_t len = strcspn(text, "\n");
        assert_true(len <= PAGE_COLUMNS);
        assert_true(len == 0 || text[len - 1] != ' ');
        text += len + 1;
    }
}

static void short_page(void **state) {
    struct fixture *f = *state;
    struct text out = { .arena = &f->arena };
    page_short(&out, &page);
    assert_string_equal(out.at,
            "Example:\n"
            "  ramlens report app.rlt\n"
            "\n"
            "ramlens report: say where the bytes go\n"
            "\n"
            "Usage:\n"
            "  ramlens report [OPTIONS] TRACE\n"
            "\n"
            "Options:\n"
            "  -o, --output FILE   write to FILE\n"
            "  -j, --json          print JSON\n"
            "  -b, --bytes         print exact bytes\n"
            "  -m, --map FILE      use the map FILE; may be repeated\n"
            "      --state NAME    place blocks as in this state (as-ported, stock)\n"
            "      --size BYTES    pretend the region has this size\n"
            "\n"
            "Options of every command:\n"
            "      --color WHEN    color the output (auto, always, never)\n"
            "  -h, --help          show help\n");
    assert_lines_fit(out.at);
}

static void long_page(void **state) {
    struct fixture *f = *state;
    struct text out = { .arena = &f->arena };
    page_long(&out, &page);
    assert_lines_fit(out.at);
    assert_non_null(strstr(out.at, "\n                      Stock: the rules of the target"));
    assert_non_null(strstr(out.at, "well over eighty\ncharacters.\n"));
    assert_non_null(strstr(out.at, "\n  kept -- \\n as it is\n"));
    assert_non_null(strstr(out.at, "Exit status:\n  0  done\n"));
}

/// An option too long for the column, with a help line too long for the rest of its line.
static void long_options_wrap(void **state) {
    static const struct opt wide[] = {
        { .name = "a-name-of-some-length",
                .value = "PLACEHOLDER",
                .help = "sixty columns of help are what an option line may have, no m" },
        { .letter = 'x', .name = "x", .help = "short", .choices = NULL },
        { 0 },
    };
    struct fixture *f = *state;
    struct text out = { .arena = &f->arena };
    struct page narrow = page;
    narrow.opts = wide;
    narrow.common = NULL;
    page_short(&out, &narrow);
    assert_lines_fit(out.at);
    assert_non_null(strstr(out.at, "      --a-name-of-some-length PLACEHOLDER\n"
                                   "            sixty columns"));
    assert_non_null(strstr(out.at, "\n  -x, --x   short\n"));
}

static void man_page(void **state) {
    struct fixture *f = *state;
    struct text out = { .arena = &f->arena };
    page_man(&out, &page);
    assert_ptr_equal(
            strstr(out.at, ".TH RAMLENS-REPORT 1\n.SH NAME\nramlens\\-report \\- say where"),
            out.at);
    assert_non_null(strstr(out.at, "\n.PP\n\\&.dot first\n"));
    assert_non_null(strstr(out.at, "\n.nf\n  kept \\-\\- \\en as it is\n.fi\n"));
    assert_non_null(strstr(out.at, "\n.TP\n.B \\-o, \\-\\-output \\fIFILE\\fR\nwrite to FILE\n"));
    assert_non_null(strstr(out.at, "\n.IP\nAs ported: the plan of the port.\n"));
}

/// Runs the script in bash with `words` as the command line and checks the offers.
static void assert_completes(const char *script, const char *words, const char *offers) {
    char path[] = "/tmp/test_opt.XXXXXX";
    char got[1000] = "";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    (void)fprintf(file,
            "%s\nCOMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_ramlens\n"
            "echo \"${COMPREPLY[*]}\"\n",
            script, words);
    assert_int_equal(fclose(file), 0);
    char command[100];
    (void)snprintf(command, sizeof(command), "bash %s", path);
    FILE *pipe = popen(command, "r"); // NOLINT(cert-env33-c): a fixed command on our own file
    assert_non_null(pipe);
    size_t len = fread(got, 1, sizeof(got) - 1, pipe);
    got[len ? len - 1 : 0] = '\0';
    assert_int_equal(pclose(pipe), 0);
    (void)remove(path);
    assert_string_equal(got, offers);
}

static void bash_completion(void **state) {
    struct fixture *f = *state;
    struct text out = { .arena = &f->arena };
    struct page pages[2] = { page, page };
    pages[1].name = "record";
    pages[1].opts = NULL;
    page_bash(&out, pages, 2);
    assert_completes(out.at, "ramlens re", "report record");
    assert_completes(out.at, "ramlens rec", "record");
    assert_completes(out.at, "ramlens report --s", "--state --size");
    assert_completes(out.at, "ramlens record --s", "");
    assert_completes(out.at, "ramlens report --state ''", "as-ported stock");
    assert_completes(out.at, "ramlens record x --color n", "never");
    assert_completes(out.at, "ramlens report /et", "/etc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(options_stand_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(every_way_to_give_a_value, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_counts_unless_all_do, setup, teardown),
        cmocka_unit_test_setup_teardown(operands_behind_the_end_mark, setup, teardown),
        cmocka_unit_test_setup_teardown(another_programs_options_stay_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(help_wins_over_what_follows, setup, teardown),
        cmocka_unit_test_setup_teardown(choices_and_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(short_page, setup, teardown),
        cmocka_unit_test_setup_teardown(long_page, setup, teardown),
        cmocka_unit_test_setup_teardown(long_options_wrap, setup, teardown),
        cmocka_unit_test_setup_teardown(man_page, setup, teardown),
        cmocka_unit_test_setup_teardown(bash_completion, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
