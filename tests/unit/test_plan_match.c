// Sites of one build found again in another, by places made by hand; and by recordings, for tests/programs/site_identity.sh and for people.
//
// usage: test_plan_match                                  the tests
//        test_plan_match OLD.rlt NEW.rlt [COMPONENTS [N]]  a plan of the N largest sites of OLD matched with NEW, one line a site, then sums
#include "answer.h"
#include "plan_check.h"
#include "plan_match.h"
#include "plan_write.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// A recorded run, and what each of its stacks asked for.
struct recorded {
    struct answer answer;
    uint64_t *asked; ///< Bytes by stack.
    uint64_t total;
    struct plan_places places;
};

static struct arena arena;

static void born(void *self, struct block *b, uint16_t component, uint32_t site) {
    struct recorded *r = self;
    (void)component, (void)site;
    uint32_t stack = b->stack < r->answer.image->stack_count ? b->stack : 0;
    r->asked[stack] += b->size;
    r->total += b->size;
}

static void open_run(struct recorded *r, const char *trace, const char *components) {
    const struct answer_options options = { .trace = trace, .components = components };
    struct err err = { .text = "" };
    *r = (struct recorded){ .total = 0 };
    if (!answer_open(&r->answer, &arena, &options, &err)) {
        (void)fprintf(stderr, "%s: %s\n", err.file, err.text);
        exit(2);
    }
    r->asked = NEW_ARRAY(&arena, uint64_t, r->answer.image->stack_count + 1);
    const struct ledger_listener listener = { .self = r, .block_born = born };
    answer_run(&r->answer, &listener, NULL);
    plan_places_of(&arena, &r->answer.owners, &r->places);
}

static uint64_t asked_by(const struct recorded *r, uint32_t site, uint32_t *largest) {
    uint64_t sum = 0, most = 0;
    *largest = r->places.list[site].first_stack;
    for (uint32_t s = *largest; s != 0; s = r->places.next_stack[s]) {
        sum += r->asked[s];
        if (r->asked[s] > most)
            *largest = s;
        most = r->asked[s] > most ? r->asked[s] : most;
    }
    return sum;
}

struct weight {
    uint32_t site, stack;
    uint64_t bytes;
};

static int by_bytes(const void *a, const void *b) {
    const struct weight *p = a, *q = b;
    return p->bytes != q->bytes ? (p->bytes < q->bytes ? 1 : -1)
                                : (p->site > q->site) - (p->site < q->site);
}

/// The text of a plan with a rule for each of the `most` largest sites that have names and are no library's that is transparent.
static const char *write_plan(struct recorded *r, uint32_t most) {
    struct weight *weights = NEW_ARRAY(&arena, struct weight, r->places.count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->places.count; i++) {
        const struct plan_place *p = &r->places.list[i];
        if (!p->known || p->about.linkage.len == 0 ||
                component_is_transparent(&r->answer.map, r->answer.owners.sites[i].component))
            continue;
        weights[count].site = i;
        weights[count].bytes = asked_by(r, i, &weights[count].stack);
        count += weights[count].bytes > 0;
    }
    qsort(weights, count, sizeof *weights, by_bytes);
    count = count < most ? count : most;
    struct plan_draft_rule *rules = NEW_ARRAY(&arena, struct plan_draft_rule, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct plan_site *site = NEW(&arena, struct plan_site);
        *site = plan_places_describe(&r->places, weights[i].site, weights[i].stack);
        rules[i] = (struct plan_draft_rule){ .strength = PLAN_BY_SITE,
            .name = r->answer.owners.sites[weights[i].site].id,
            .owner = STR(""),
            .memory = STR("psram"),
            .reason = STR(""),
            .evidence = str_from(arena_printf(&arena, "%" PRIu64, weights[i].bytes)),
            .site = site };
    }
    struct plan_draft draft = {
        .trace = STR(""), .identity = STR(""), .target = STR(""), .goal = STR("")
    };
    draft.rules = rules;
    draft.rule_count = count;
    struct plan_rewritten out;
    struct err err;
    if (!plan_rewrite(&arena, "plan", STR(""), &draft, &out, &err))
        exit(2);
    return arena_copy(&arena, out.text).at;
}

static struct plan parse_plan(struct recorded *r, const char *text) {
    static struct target target;
    static const char *const folders[] = { "targets" };
    struct plan plan;
    struct err err = { .text = "" };
    if (!target_load(&arena, "esp32p4", folders, 1, NULL, 0, &target, &err) ||
            !plan_parse(&arena, "plan", str_from(text), &target, r->answer.map.names,
                    r->answer.map.count, &plan, &err)) {
        (void)fprintf(stderr, "line %u: %s\n", (unsigned)err.line, err.text);
        exit(2);
    }
    return plan;
}

// ---- by hand

static int compare(int argc, char **argv) {
    static struct recorded before, after;
    const char *components = argc > 3 ? argv[3] : NULL;
    open_run(&before, argv[1], components);
    open_run(&after, argv[2], components);
    const char *text = write_plan(&before, argc > 4 ? (uint32_t)atoi(argv[4]) : 40);
    struct plan plan = parse_plan(&after, text);
    struct plan_match_list list;
    plan_match_sites(&arena, &plan, &after.places, &list);
    uint64_t old_bytes = 0, new_bytes = 0;
    uint32_t same_ids = 0;
    bool *counted = NEW_ARRAY(&arena, bool, after.places.count + 1);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct plan_match *m = &list.matches[i];
        uint64_t bytes = strtoull(m->rule->rule.evidence.at, NULL, 10), now = 0;
        uint32_t ignored;
        bool found = m->verdict <= PLAN_SITE_MOVED;
        for (uint32_t k = 0; k < m->site_count && found; k++) {
            now += asked_by(&after, m->sites[k], &ignored);
            if (!counted[m->sites[k]])
                new_bytes += asked_by(&after, m->sites[k], &ignored);
            counted[m->sites[k]] = true;
        }
        old_bytes += bytes;
        for (uint32_t k = 0; k < after.places.count; k++)
            same_ids += after.places.list[k].known &&
                        str_equal(after.answer.owners.sites[k].id, m->rule->name);
        printf("%-8s %.*s %9" PRIu64 " %9" PRIu64 " %u  %s\n", plan_match_verdict_names[m->verdict],
                STR_ARG(m->rule->name), bytes, now, (unsigned)m->site_count, m->text);
    }
    for (int v = 0; v < PLAN_SITE_VERDICTS; v++)
        printf("%s %u\n", plan_match_verdict_names[v], (unsigned)list.verdicts[v]);
    printf("ids-there %u\n", (unsigned)same_ids);
    printf("asked %" PRIu64 " of %" PRIu64 " before, %" PRIu64 " of %" PRIu64 " after\n", old_bytes,
            before.total, new_bytes, after.total);
    struct str rewritten;
    struct plan_match_list again;
    struct err err = { .text = "" };
    if (!plan_match_rewrite(&arena, "plan", str_from(text), &after.places, &list, &rewritten, &err))
        return 2;
    plan = parse_plan(&after, arena_copy(&arena, rewritten).at);
    plan_match_sites(&arena, &plan, &after.places, &again);
    printf("rewritten: %u sites, same %u, moved %u, changed %u, vanished %u\n",
            (unsigned)again.count, (unsigned)again.verdicts[0], (unsigned)again.verdicts[1],
            (unsigned)again.verdicts[2], (unsigned)again.verdicts[3]);
    answer_close(&before.answer);
    answer_close(&after.answer);
    arena_clear(&arena);
    return 0;
}

// ---- the tests: places made by hand

/// A run of at most 16 sites that were never recorded: names are all that is looked at.
struct made {
    struct owners owners;
    struct trace_image image;
    struct owner owner_list[1];
    struct site sites[16];
    struct plan_place list[16];
    uint32_t order[16];
    uint32_t next_stack[1];
    struct plan_places places;
};

static struct made *new_run(void) {
    struct made *m = NEW(&arena, struct made);
    m->image.stack_count = 0;
    m->owners = (struct owners){ .image = &m->image, .list = m->owner_list, .sites = m->sites };
    m->places = (struct plan_places){ .a = &arena,
        .o = &m->owners,
        .list = m->list,
        .next_stack = m->next_stack,
        .by_function = m->order };
    return m;
}

/// One more place; to be added by function and line.
static void add_place(struct made *m, const char *id, const char *linkage, const char *function,
        const char *inside, uint32_t line, uint32_t call, uint32_t rank, uint32_t count) {
    uint32_t i = m->places.count++;
    m->sites[i] = (struct site){ .id = str_from(id), .function = str_from(function) };
    m->list[i] = (struct plan_place){ .known = true,
        .about = { .component = STR("alpha"),
                .linkage = str_from(linkage),
                .function = str_from(function),
                .inside = str_from(inside),
                .file = STR("f.cpp"),
                .source_line = line,
                .call = call,
                .asks = STR("memory"),
                .asks_rank = rank,
                .asks_count = count } };
    m->order[m->places.function_count++] = i;
    m->owners.site_count = m->places.count;
}

static struct plan read_plan(const char *text) {
    static const struct str names[] = { { "alpha", 5 } };
    static struct recorded r;
    r.answer.map = (struct component_map){ .names = (struct str *)(uintptr_t)names, .count = 1 };
    return parse_plan(&r, text);
}

#define SITE(id, line, call, rank, count)                                                          \
    "site " id " psram auto # note\n"                                                              \
    "    component alpha\n"                                                                        \
    "    function _Z1fv f()\n"                                                                     \
    "    file f.cpp " line "\n"                                                                    \
    "    call " call "\n"                                                                          \
    "    asks memory " rank " " count "\n"

static struct plan_match_list match(struct plan *plan, struct made *m) {
    struct plan_match_list list;
    plan_match_sites(&arena, plan, &m->places, &list);
    return list;
}

static void assert_match(
        const struct plan_match *m, enum plan_match_verdict verdict, uint32_t site) {
    if (m->verdict != verdict || m->site_count == 0 || m->sites[0] != site)
        fail_msg("%s: %s", plan_match_verdict_names[m->verdict], m->text);
}

static void an_id_is_not_believed_when_it_means_another_call(void **state) {
    (void)state;
    // A call was put before the first of two: now it bears that one's id, which bears the second's.
    struct made *m = new_run();
    add_place(m, "aaaaaaaaaaaa", "_Z1fv", "f()", "", 11, 2, 1, 2);
    add_place(m, "bbbbbbbbbbbb", "_Z1fv", "f()", "", 15, 3, 2, 2);
    struct plan p = read_plan(
            SITE("000000000000", "10", "1", "1", "2") SITE("aaaaaaaaaaaa", "14", "2", "2", "2"));
    struct plan_match_list list = match(&p, m);
    assert_match(&list.matches[0], PLAN_SITE_MOVED, 0);
    assert_match(&list.matches[1], PLAN_SITE_MOVED, 1);
    assert_int_equal(list.verdicts[PLAN_SITE_MOVED], 2);
}

static void where_the_number_of_places_changed_the_line_decides(void **state) {
    (void)state;
    struct made *m = new_run();
    add_place(m, "aaaaaaaaaaaa", "_Z1fv", "f()", "", 8, 1, 1, 3);
    add_place(m, "bbbbbbbbbbbb", "_Z1fv", "f()", "", 10, 2, 2, 3);
    add_place(m, "cccccccccccc", "_Z1fv", "f()", "", 15, 3, 3, 3);
    struct plan p = read_plan(
            SITE("000000000000", "10", "1", "1", "2") SITE("000000000001", "14", "2", "2", "2"));
    struct plan_match_list list = match(&p, m);
    assert_match(&list.matches[0], PLAN_SITE_MOVED, 1);
    assert_int_equal(list.matches[1].verdict, PLAN_SITE_CHANGED);
    assert_int_equal(list.matches[1].site_count, 3);
    assert_non_null(strstr(list.matches[1].text, "2 places there asked memory, now 3 do"));
}

static void a_place_may_become_several_calls(void **state) {
    (void)state;
    struct made *m = new_run();
    add_place(m, "aaaaaaaaaaaa", "_Z1fv", "f()", "_Z1gv", 10, 4, 1, 1);
    add_place(m, "bbbbbbbbbbbb", "_Z1fv", "f()", "_Z1hv", 10, 9, 1, 1);
    const char *text = SITE("000000000000", "7", "1", "1", "1") "    through main\nclass x psram\n";
    struct plan p = read_plan(text);
    struct plan_match_list list = match(&p, m);
    struct str out;
    struct err err = { .text = "" };
    assert_match(&list.matches[0], PLAN_SITE_MOVED, 0);
    assert_int_equal(list.matches[0].site_count, 2);
    assert_true(plan_match_rewrite(&arena, "p", str_from(text), &m->places, &list, &out, &err));
    const char *expected = "site aaaaaaaaaaaa psram auto # note\n"
                           "    component alpha\n"
                           "    function _Z1fv f()\n"
                           "    file f.cpp 10\n"
                           "    call 4\n"
                           "    asks memory 1 1\n"
                           "    through main\n"
                           "    inside _Z1gv\n"
                           "site bbbbbbbbbbbb psram auto\n"
                           "    component alpha\n"
                           "    function _Z1fv f()\n"
                           "    file f.cpp 10\n"
                           "    call 9\n"
                           "    asks memory 1 1\n"
                           "    through main\n"
                           "    inside _Z1hv\n"
                           "class x psram\n";
    if (!str_equal(out, str_from(expected)))
        fail_msg("%.*s", STR_ARG(out));
    // Brought up to date, it is what this run has.
    p = read_plan(arena_copy(&arena, out).at);
    list = match(&p, m);
    assert_int_equal(list.verdicts[PLAN_SITE_SAME], 2);
    struct str again;
    assert_true(plan_match_rewrite(&arena, "p", out, &m->places, &list, &again, &err));
    assert_true(str_equal(again, out));
}

static void sites_that_became_one_share_a_line(void **state) {
    (void)state;
    struct made *m = new_run();
    add_place(m, "aaaaaaaaaaaa", "_Z1fv", "f()", "", 10, 1, 1, 1);
    // The second is pinned: it is the one that stays.
    const char *text = SITE("000000000000", "10", "4", "1", "1") "    inside _Z1gv\n"
                                                                 "# between\n"
                                                                 "site 000000000001 psram pin\n"
                                                                 "    function _Z1fv f()\n"
                                                                 "    asks memory 1 1\n"
                                                                 "    inside _Z1hv\n";
    struct plan p = read_plan(text);
    struct plan_match_list list = match(&p, m);
    struct str out;
    struct err err = { .text = "" };
    assert_true(plan_match_rewrite(&arena, "p", str_from(text), &m->places, &list, &out, &err));
    const char *expected = "# note\n"
                           "# between\n"
                           "site aaaaaaaaaaaa psram pin\n"
                           "    function _Z1fv f()\n"
                           "    asks memory 1 1\n"
                           "    component alpha\n"
                           "    file f.cpp 10\n"
                           "    call 1\n";
    if (!str_equal(out, str_from(expected)))
        fail_msg("%.*s", STR_ARG(out));
}

static void the_same_function_inlined_alike_is_told_apart(void **state) {
    (void)state;
    struct made *m = new_run();
    add_place(m, "aaaaaaaaaaaa", "_Z1fv", "f()", "_Z1gv", 10, 4, 1, 1);
    add_place(m, "bbbbbbbbbbbb", "_Z1fv", "f()", "_Z1hv", 10, 9, 1, 1);
    add_place(m, "cccccccccccc", "_Z1fv", "f()", "_Z1hv", 10, 11, 1, 1);
    struct plan p = read_plan(SITE("000000000000", "10", "11", "1", "1") "    inside _Z1hv\n");
    struct plan_match_list list = match(&p, m);
    assert_match(&list.matches[0], PLAN_SITE_MOVED, 2);
    assert_int_equal(list.matches[0].site_count, 1);
}

static void a_lambda_is_found_by_any_number(void **state) {
    (void)state;
    struct made *m = new_run();
    add_place(m, "aaaaaaaaaaaa", "_ZZ1fvENKUlvE0_clEv", "f()::{lambda()#2}::operator()()", "", 10,
            1, 1, 1);
    struct plan p =
            read_plan("site 000000000000 psram\n"
                      "    function _ZZ1fvENKUlvE_clEv \"f()::{lambda()#1}::operator()()\"\n"
                      "    file f.cpp 8\n"
                      "    asks memory 1 1\n");
    struct plan_match_list list = match(&p, m);
    assert_match(&list.matches[0], PLAN_SITE_MOVED, 0);
    assert_non_null(strstr(list.matches[0].text, "renamed"));
}

static void what_is_gone_is_told_with_what_is_nearest(void **state) {
    (void)state;
    struct made *m = new_run();
    add_place(m, "aaaaaaaaaaaa", "_Z9load_filev", "load_file()", "", 10, 1, 1, 1);
    struct plan p = read_plan("site 000000000000 psram\n"
                              "    function _Z10load_filesv load_files()\n"
                              "site 000000000001 psram\n"
                              "site aaaaaaaaaaaa psram\n"
                              "site aaaaaaaaaaaa internal\n"
                              "    function _Z9load_filev load_file()\n"
                              "    file f.cpp 10\n"
                              "    asks std::deque 1 1\n"
                              "    through main\n");
    struct plan_match_list list = match(&p, m);
    assert_int_equal(list.matches[0].verdict, PLAN_SITE_VANISHED);
    assert_non_null(strstr(list.matches[0].text, "the nearest is load_file"));
    assert_int_equal(list.matches[1].verdict, PLAN_SITE_VANISHED);
    assert_match(&list.matches[2], PLAN_SITE_SAME, 0);
    assert_int_equal(list.matches[3].verdict, PLAN_SITE_CHANGED);
    assert_non_null(strstr(list.matches[3].text, "nothing there asks std::deque any more"));
    // What is not found is left as it is.
    struct str out;
    struct err err = { .text = "" };
    const char *text = "site 000000000000 psram\n    function _Z10load_filesv load_files()\n";
    p = read_plan(text);
    list = match(&p, m);
    assert_true(plan_match_rewrite(&arena, "p", str_from(text), &m->places, &list, &out, &err));
    assert_true(str_equal(out, str_from(text)));
}

static void a_plan_for_something_else_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
        const char *part;
    } cases[] = {
        { "target esp32s3\n", 1,
                "made for target 'esp32s3', not for 'esp32p4'; give '--target esp32s3'" },
        { "# x\ntarget esp32p4 cache=256K\n", 2,
                "made for cache=256K, here it is 128K; give '--set cache=256K'" },
        { "target esp32p4 colour=red\n", 1, "of which target 'esp32p4' knows nothing" },
        { "trace old.rlt 0123456789ab\n", 1,
                "made for old.rlt, of program 0123456789ab; in new.rlt" },
    };
    struct err err;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plan p = read_plan(cases[i].text);
        assert_false(plan_check_made_for(&p, "new.rlt", STR("ffffffffffffffff"), &err));
        if (err.line != cases[i].line || !strstr(err.text, cases[i].part))
            fail_msg("line %u: %s", (unsigned)err.line, err.text);
    }
    struct plan p =
            read_plan("trace old.rlt 0123456789ab\ntarget esp32p4 cache=128KB idf=v5.5.1\n");
    assert_true(plan_check_made_for(&p, "new.rlt", STR("0123456789abcdef"), &err));
    assert_true(plan_check_made_for(&p, "new.rlt", STR(""), &err));
    p = read_plan("");
    assert_true(plan_check_made_for(&p, "new.rlt", STR("0123456789abcdef"), &err));
}

static int clear(void **state) {
    (void)state;
    arena_clear(&arena);
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 2)
        return compare(argc, argv);
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, clear)
        TEST(an_id_is_not_believed_when_it_means_another_call),
        TEST(where_the_number_of_places_changed_the_line_decides),
        TEST(a_place_may_become_several_calls),
        TEST(sites_that_became_one_share_a_line),
        TEST(the_same_function_inlined_alike_is_told_apart),
        TEST(a_lambda_is_found_by_any_number),
        TEST(what_is_gone_is_told_with_what_is_nearest),
        TEST(a_plan_for_something_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
