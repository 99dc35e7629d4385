// See checks.h.
#include "checks.h"

#include "human.h"

#include <stdlib.h>

static const double most_percent = 1.0, most_left_percent = 5.0;

/// What the reach of the ramlens plan is counted over: the components of the porting plan.
static const char *const focus[] = { "libdatachannel", "libjuice", "usrsctp", "libsrtp", "plog" };

static void add_worst(uint64_t predicted, uint64_t measured, uint64_t *bytes, double *percent) {
    uint64_t difference = predicted > measured ? predicted - measured : measured - predicted;
    double part = measured == 0 ? 100.0 : 100.0 * (double)difference / (double)measured;
    if (difference > *bytes)
        *bytes = difference;
    if (part > *percent)
        *percent = part;
}

bool checks_prediction(const struct row *row, uint64_t *bytes, double *percent) {
    *bytes = 0;
    *percent = 0;
    for (uint32_t m = 0; m <= MOMENT_CONNECTED; m++) {
        const struct moment *at = &row->moments[m];
        if (!at->predicted || at->free.count == 0)
            return false;
        add_worst(at->predicted_free, at->free.least, bytes, percent);
        add_worst(at->predicted_free, at->free.most, bytes, percent);
    }
    return true;
}

static struct check *add(struct checks *c, const char *name, const struct row *row) {
    struct check *check = &c->list[c->count++];
    *check = (struct check){ .name = name, .row = row, .figure = "the run did not come so far" };
    return check;
}

static void check_exactness(const struct results *r, struct checks *c, const struct row *row) {
    struct check *check = add(c, "exactness", row);
    check->applies = row->compared > 0;
    check->pass = check->applies && row->differences == 0;
    check->figure = arena_printf(r->a, "%s of %s blocks and figures differ",
            human_exact(row->differences).text, human_exact(row->compared).text);
}

static void check_prediction(const struct results *r, struct checks *c, const struct row *row) {
    struct check *check = add(c, "prediction", row);
    uint64_t bytes;
    double percent;
    check->applies = checks_prediction(row, &bytes, &percent);
    if (!check->applies)
        return;
    check->pass = percent <= most_percent;
    check->figure = arena_printf(r->a, "at most %s B, %.3f %%, off up to connected, in %u run%s",
            human_exact(bytes).text, percent, row->completed, row->completed == 1 ? "" : "s");
}

static void check_left(const struct results *r, struct checks *c, const struct row *row) {
    struct check *check = add(c, "left in internal RAM", row);
    const struct moment *at = &row->moments[MOMENT_CONNECTED];
    uint64_t inside = 0, all = 0;
    for (uint32_t i = 0; i < at->holding_count; i++) {
        const struct holding *h = &at->holdings[i];
        for (size_t n = 0; n < sizeof focus / sizeof focus[0]; n++)
            for (int w = 0; w <= WHY_INSISTS && str_equal(h->component, str_from(focus[n])); w++) {
                inside += h->internal[w];
                all += h->internal[w] + h->external[w];
            }
    }
    check->applies = all > 0;
    check->pass = all > 0 && 100.0 * (double)inside <= most_left_percent * (double)all;
    check->figure = arena_printf(r->a, "%s of the components' %s heap bytes at connected: %s",
            human_exact(inside).text, human_exact(all).text, human_percent(inside, all).text);
}

void checks_make(const struct results *r, struct checks *out) {
    *out = (struct checks){ .list = NEW_ARRAY(r->a, struct check, (size_t)r->row_count * 3 + 1) };
    for (uint32_t i = 0; i < r->row_count; i++) {
        check_exactness(r, out, &r->rows[i]);
        check_prediction(r, out, &r->rows[i]);
        if (str_equal(r->rows[i].state->name, STR("ramlens-plan")))
            check_left(r, out, &r->rows[i]);
    }
    for (uint32_t i = 0; i < out->count; i++)
        out->failed += out->list[i].applies && !out->list[i].pass;
}
