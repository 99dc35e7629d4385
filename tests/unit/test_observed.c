/// Observed figures: the file of the subject, the forms of a line, what is refused.
#include "observed.h"
#include "target_fixture.h"

static bool read_file(struct fixture *f, const char *path, struct observed *out) {
    struct conf conf;
    return conf_read(&f->arena, path, &conf, &f->err) &&
           observed_read(&f->arena, &conf, &f->target, out, &f->err);
}

static bool try_observed(struct fixture *f, const char *text, struct observed *out) {
    memset(&f->err, 0, sizeof(f->err));
    return read_file(f, fixture_write(f, "observed", text), out);
}

static struct observed read_observed(struct fixture *f, const char *text) {
    struct observed observed;
    fixture_load(f, NULL, NULL, NULL);
    if (!try_observed(f, text, &observed)) {
        fail_msg("line %u: %s", (unsigned)f->err.line, f->err.text);
    }
    return observed;
}

static void the_subjects_file_gives_two_figures(void **state) {
    struct fixture *f = *state;
    struct observed observed;
    fixture_load(f, NULL, NULL, NULL);
    assert_true(read_file(f, "subjects/webrtc/observed", &observed));
    uint32_t internal = target_find_capability(&f->target, STR("internal"));
    const struct observed_figure *figure = observed_find(&observed, STR("networking"), internal);
    assert_non_null(figure);
    assert_int_equal(figure->free_bytes, 400 << 10);
    assert_true(figure->about);
    figure = observed_find(&observed, STR("connected"), internal);
    assert_non_null(figure);
    assert_int_equal(figure->free_bytes, 156 << 10);
    // Measured, but not written down: a row, not a figure.
    assert_null(observed_find(&observed, STR("wifi"), internal));
    uint32_t unknown = 0;
    for (uint32_t i = 0; i < observed.count; i++) {
        unknown += !observed.figures[i].known;
        assert_true(observed.figures[i].source.len > 0);
    }
    assert_int_equal(observed.count, unknown + 2);
}

static void a_line_may_leave_out_the_capability(void **state) {
    struct fixture *f = *state;
    struct observed observed = read_observed(f, "free a 1000\n"
                                                "free b about 2K  # log 7\n"
                                                "free c DMA 3000\n"
                                                "free d psram unknown\n"
                                                "free e unknown\n"
                                                "free a SPIRAM 0x10\n");
    static const struct {
        const char *checkpoint;
        uint32_t asks;
        bool known;
        bool about;
        uint64_t bytes;
    } expected[] = { { "a", 0x800, true, false, 1000 }, { "b", 0x800, true, true, 2048 },
        { "c", 0x8, true, false, 3000 }, { "d", 0x400, false, false, 0 },
        { "e", 0x800, false, false, 0 }, { "a", 0x400, true, false, 16 } };
    assert_int_equal(observed.count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        const struct observed_figure *figure = &observed.figures[i];
        assert_string_equal(figure->checkpoint.at, expected[i].checkpoint);
        assert_int_equal(figure->asks, expected[i].asks);
        assert_int_equal(figure->known, expected[i].known);
        assert_int_equal(figure->about, expected[i].about);
        assert_int_equal(figure->free_bytes, expected[i].bytes);
        assert_int_equal(figure->line, i + 1);
    }
    assert_string_equal(observed.figures[1].source.at, "log 7");
    assert_int_equal(observed_find(&observed, STR("a"), 0x400)->free_bytes, 16);
    assert_null(observed_find(&observed, STR("a"), 0x8));
}

static void moments_that_the_run_lacks_are_told_apart(void **state) {
    static const struct str run[] = { { "start", 5 }, { "networking", 10 } };
    struct observed observed =
            read_observed(*state, "free nvs unknown\nfree networking 1\nfree start 2\n");
    observed_match(&observed, run, 2);
    assert_false(observed.figures[0].in_run);
    assert_true(observed.figures[1].in_run);
    assert_true(observed.figures[2].in_run);
    observed_match(&observed, NULL, 0);
    assert_false(observed.figures[1].in_run);
}

static void a_figure_counts_every_region_that_offers_the_capability(void **state) {
    struct fixture *f = *state;
    struct observed observed =
            read_observed(f, "free a internal 1\nfree a dma 1\nfree a psram 1\n");
    static const struct {
        const char *region;
        bool counted[3];
    } expected[] = { { "internal", { true, true, false } }, { "spm", { true, false, false } },
        { "lp", { true, false, false } }, { "psram", { false, false, true } } };
    for (size_t r = 0; r < sizeof(expected) / sizeof(expected[0]); r++) {
        uint32_t region = target_find_region(&f->target, str_from(expected[r].region));
        for (uint32_t i = 0; i < 3; i++) {
            assert_int_equal(observed_counts(&f->target, &observed.figures[i], region),
                    expected[r].counted[i]);
        }
    }
}

static const struct {
    const char *text;
    uint32_t line;
    const char *part;
} bad_files[] = {
    { "# x\nfree\n", 2, "lacks a checkpoint" },
    { "free start\n", 1, "lacks the figure" },
    { "free start internal\n", 1, "lacks the figure" },
    { "free start about\n", 1, "lacks the figure" },
    { "free start fast 3\n", 1, "neither a figure nor a capability" },
    { "free start internal about many\n", 1, "'many'" },
    { "free start internal 1 2\n", 1, "not '2'" },
    { "free start unknown 2\n", 1, "not '2'" },
    { "free start 99999999999999999999\n", 1, "neither a figure" },
    { "free start 1\nfree start internal 2\n", 2, "line 1 already" },
    { "free start 1\n    about 2\n", 2, "unknown word 'about'" },
    { "fre start 1\n", 1, "did you mean 'free'?" },
};

static void bad_files_are_refused_by_line(void **state) {
    struct fixture *f = *state;
    fixture_load(f, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
        struct observed observed;
        if (try_observed(f, bad_files[i].text, &observed)) {
            fail_msg("accepted: %s", bad_files[i].text);
        }
        fixture_assert_failed(f, bad_files[i].line, bad_files[i].part);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(the_subjects_file_gives_two_figures),
        TEST(a_line_may_leave_out_the_capability),
        TEST(moments_that_the_run_lacks_are_told_apart),
        TEST(a_figure_counts_every_region_that_offers_the_capability),
        TEST(bad_files_are_refused_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
