// DHAT's files: what is read of them, what is refused; and which sites the places are.
#include "accesses.h"
#include "model_fixture.h"
#include "target_fixture.h"
#include "trial.h"

static struct dhat d;

static bool read_text(struct fixture *f, const char *text) {
    memset(&f->err, 0, sizeof f->err);
    return dhat_read(&f->arena, fixture_write(f, "dhat", text), &d, &f->err);
}

#define HEAD "{\"dhatFileVersion\":2,\"mode\":\"heap\",\"bklt\":true,\"bkacc\":true,\"cmd\":"

static const char sample[] =
        HEAD "\"./build/program --fast x\",\"pid\":1,\"te\":9,\"tg\":5,\n"
             "\"pps\":[{\"tb\":1000,\"tbk\":4,\"tl\":9,\"rb\":300,\"wb\":200,\"fs\":[1,2,3]},\n"
             "{\"tb\":50,\"tbk\":1,\"rb\":5,\"wb\":0,\"fs\":[1,4,99]}],\n"
             "\"ftbl\":[\"[root]\",\"0x484: malloc (in /usr/lib/vgpreload.so)\",\n"
             "\"0x10: rtc::make<int (*)(char)>(unsigned int, std::vector<int>) (make.cpp:12)\",\n"
             "\"0x20: main (/src/a dir/main.cpp:345)\",\"0x30: ???\"]}";

static void frames_and_counts_are_read(void **state) {
    struct fixture *f = *state;
    assert_true(read_text(f, sample));
    assert_string_equal(d.command.at, "./build/program --fast x");
    assert_int_equal(d.place_count, 2);
    assert_int_equal(d.places[0].bytes, 1000);
    assert_int_equal(d.places[0].blocks, 4);
    assert_int_equal(d.places[0].accesses, 500);
    assert_int_equal(d.places[0].frame_count, 3);
    assert_int_equal(d.places[1].frame_count, 2); // one that is not in the table is left out
    assert_string_equal(d.frames[1].function.at, "malloc");
    assert_int_equal(d.frames[1].file.len, 0);
    assert_string_equal(
            d.frames[2].function.at, "rtc::make<int (*)(char)>(unsigned int, std::vector<int>)");
    assert_string_equal(d.frames[2].file.at, "make.cpp");
    assert_int_equal(d.frames[2].line, 12);
    assert_string_equal(d.frames[3].file.at, "main.cpp");
    assert_int_equal(d.frames[3].line, 345);
    assert_int_equal(d.frames[4].function.len, 0);
}

static void other_files_are_refused(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "", "no file of DHAT's" },
        { "RLT", "no file of DHAT's" },
        { "[1, 2]", "no file of DHAT's" },
        { "{\"dhatFileVersion\":2}", "no file of DHAT's" },
        { "{\"dhatFileVersion\":3,\"pps\":[],\"ftbl\":[]}", "version 3" },
        { "{\"dhatFileVersion\":2,\"bkacc\":false,\"pps\":[],\"ftbl\":[]}", "did not count" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(read_text(f, cases[i].text));
        assert_non_null(strstr(f->err.text, cases[i].says));
        assert_string_equal(f->err.file, f->path);
    }
    assert_true(
            read_text(f, "{\"dhatFileVersion\":2,\"bkacc\":true,\"pps\":[1,{\"fs\":7,\"tb\":-1}],"
                         "\"ftbl\":[4,\"\",\"x\",\"0x1: \",\"0x1: (\"]}"));
    assert_int_equal(d.places[1].bytes, 0);
}

// ---- joining

static struct model m;
static struct lots lots;
static struct accesses joined;
static uint32_t by_ask[6];

/// Three sites with a lot each: at make.cpp:12, two functions at one line of both.h, one without lines.
static void make_lots(void) {
    model_begin(&m);
    m.owners.site_count = 4;
    m.owners.sites = NEW_ARRAY(&m.arena, struct site, 4);
    m.owners.sites[0] = (struct site){
        .function = STR("rtc::make<int (*)(char)>(...)"), .file = STR("/s/make.cpp"), .line = 12
    };
    m.owners.sites[1] =
            (struct site){ .function = STR("one::get(...)"), .file = STR("/s/both.h"), .line = 7 };
    m.owners.sites[2] =
            (struct site){ .function = STR("two::put(...)"), .file = STR("/s/both.h"), .line = 7 };
    m.owners.sites[3] = (struct site){ .function = STR(""), .file = STR("") };
    lots = (struct lots){ .a = &m.arena, .owners = &m.owners, .by_ask = by_ask, .ask_count = 6 };
    for (uint32_t i = 0; i < 4; i++) {
        *vec_push(&m.arena, &lots.list) = (struct lot){ .site = i, .bytes = 100 * (i + 1) };
        by_ask[i] = i + 1;
    }
}

static bool join(struct fixture *f, const char *text) {
    assert_true(read_text(f, text));
    return accesses_join(&m.arena, f->path, &d, &m.image, &lots, &joined, &f->err);
}

static void places_are_joined_by_function_file_and_line(void **state) {
    struct fixture *f = *state;
    make_lots();
    assert_true(join(f, HEAD "\"/none/program\",\"pps\":["
                             "{\"tb\":1000,\"rb\":400,\"wb\":600,\"fs\":[0,1]},"
                             "{\"tb\":10,\"rb\":40,\"wb\":0,\"fs\":[0,2,1]},"
                             "{\"tb\":90,\"rb\":3,\"wb\":0,\"fs\":[0,3]}],"
                             "\"ftbl\":[\"0x1: malloc (in x.so)\",\"0x1: rtc::make<int "
                             "(*)(char)>(int) (make.cpp:12)\","
                             "\"0x1: two::put(long) (both.h:7)\",\"0x1: f (else.c:1)\"]}"));
    assert_int_equal(joined.bytes, 1100);
    assert_int_equal(joined.joined_bytes, 1010);
    assert_int_equal(joined.joined_accesses, 1040);
    assert_true(lots.list.at[0].has_accesses);
    assert_int_equal(lots.list.at[0].accesses, 100); // one a byte, of this run's 100 bytes
    assert_false(lots.list.at[1].has_accesses);
    assert_int_equal(lots.list.at[2].accesses, 1200);
    assert_int_equal(joined.lot_bytes, 1000);
    assert_int_equal(joined.known_bytes, 400);
    assert_int_equal(joined.weights[0], 1 << TRIAL_WEIGHT_SHIFT);
    assert_int_equal(joined.weights[2], 4 << TRIAL_WEIGHT_SHIFT);
    assert_int_equal(joined.weights[3], (uint32_t)(3.25 * (1 << TRIAL_WEIGHT_SHIFT))); // the mean
    assert_int_equal(joined.weights[4], 0);
    model_end(&m);
}

static void another_program_is_refused(void **state) {
    struct fixture *f = *state;
    make_lots();
    assert_true(join(f, sample));
    assert_false(join(f, HEAD "\"./else a program\",\"pps\":[],\"ftbl\":[]}"));
    assert_non_null(strstr(f->err.text, "of 'else', but the trace is of 'program'"));
    assert_false(join(f, HEAD "\"program\",\"pps\":[],\"ftbl\":[]}"));
    assert_non_null(strstr(f->err.text, "no place of this DHAT run"));
    model_end(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                frames_and_counts_are_read, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(other_files_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                places_are_joined_by_function_file_and_line, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(
                another_program_is_refused, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
