// Sites of one build found again in another: a program is compiled by different optimisation and with lines inserted, recorded, and matched
// with a plan of its first build.
//
// usage: test_plan_match                                  the tests
//        test_plan_match OLD.rlt NEW.rlt [COMPONENTS [N]]  a plan of the N largest sites of OLD matched with NEW, one line a site, then sums
#include "answer.h"
#include "plan_match.h"
#include "plan_write.h"
#include "text.h"
#include "toolchain.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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

int main(int argc, char **argv) {
    if (argc > 2)
        return compare(argc, argv);
    return 0;
}
