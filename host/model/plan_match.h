/// Finding a plan's sites again in a run of another build.
///
/// A site's id holds component, function, file, the function it is inlined into and the number of the call among that function's calls. It
/// survives lines that move, another folder, changes elsewhere; it does not survive another inlining or another call before it. So a plan
/// keeps more of each site (plan_site.h), and what decides here is, in this order: the same function (linkage name; else the same name for
/// people, lambdas by any number), asking for the same (a container, a function of the run-time library), at the same rank among the places of
/// the function that do; where their number changed, at the same line; then the function it is inlined into, and the number of the call.
///
/// The id alone is not believed: after an edit the number of a call may be another call's.
#ifndef RAMLENS_PLAN_MATCH_H
#define RAMLENS_PLAN_MATCH_H

#include "plan.h"
#include "plan_places.h"

enum plan_match_verdict {
    PLAN_SITE_SAME,    ///< The id is there and means the same place.
    PLAN_SITE_MOVED,   ///< The same place has another id now, or several.
    PLAN_SITE_CHANGED, ///< The function is there, but which of its places it is cannot be said, or it asks for something else.
    PLAN_SITE_VANISHED, ///< This run does not have the function, or it asks for nothing.
    PLAN_SITE_VERDICTS,
};

extern const char *const
        plan_match_verdict_names[PLAN_SITE_VERDICTS]; ///< "same", "moved", "changed", "vanished".

struct plan_match {
    const struct plan_selector *rule; ///< Of strength PLAN_BY_SITE.
    enum plan_match_verdict verdict;
    uint32_t *
            sites; ///< Of the new run: what it is now; where it changed, what it may be, best first.
    uint32_t site_count;
    const char *text; ///< One line for people: "call 3 is call 4, track.cpp:112 is track.cpp:117".
};

struct plan_match_list {
    struct plan_match *matches; ///< By rule for a site, in the order of the plan.
    uint32_t count;
    uint32_t verdicts[PLAN_SITE_VERDICTS]; ///< Numbers of each.
};

/// Looks for each site of `p` among the places of another run. Cost: sites of the plan times the places of their functions, a look at all
/// places for each whose function is not found.
void plan_match_sites(struct arena *a, const struct plan *p, struct plan_places *places,
        struct plan_match_list *out);

/// The text of the plan with the new ids of the sites that moved, and what describes all that were found brought up to date; of one that is several now, the
/// line is repeated. Comments, order and everything else stay; so do sites that changed or vanished. `text` is what `m` was read from.
bool plan_match_rewrite(struct arena *a, const char *path, struct str text,
        struct plan_places *places, const struct plan_match_list *m, struct str *out,
        struct err *err);

#endif
