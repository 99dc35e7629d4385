// See answer_findings.h.
#include "answer_findings.h"

static void find_site(
        const struct answer *w, const struct placement_moment *m, struct findings *out) {
    for (uint32_t i = 0; i < m->site_count && i < w->owners.site_count; i++)
        if (m->site_bytes[i] > out->site.bytes)
            out->site =
                    (struct finding_site){ .found = true, .site = i, .bytes = m->site_bytes[i] };
}

void findings_make(const struct answer *w, uint32_t base, const struct option_table *options,
        struct findings *out) {
    struct static_moves moves;
    *out = (struct findings){ .site = { .found = false } };
    static_moves_make(w, &w->plans[ANSWER_STATE].statics, &moves);
    out->largest = moves.len ? &moves.at[0] : NULL;
    find_site(w, &w->moments[ANSWER_STATE][base], out);
    out->option = option_table_best(options);
}
