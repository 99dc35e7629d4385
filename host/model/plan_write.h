/// Writing and rewriting plan files: what ramlens found out goes into a file that people keep.
///
/// A rewrite touches only what ramlens wrote: the head, and rules that end in `auto`. Such a rule is changed in place where the draft has one
/// for the same thing, else it is removed; what the draft has besides is added at the end of the file. Everything else - pinned rules, rules
/// without a mark, comments, empty lines, the order of all that stays - comes back byte for byte; a comment on a line that goes stays as a
/// line of its own. Where a line of the user's speaks of the same thing, it wins: the draft's is left out, and counted. Rewriting with the
/// same draft again gives the same bytes.
#ifndef RAMLENS_PLAN_WRITE_H
#define RAMLENS_PLAN_WRITE_H

#include "plan.h"

/// A rule to be written. Strings "" where not said otherwise mean none.
struct plan_draft_rule {
    enum plan_strength strength; ///< PLAN_BY_DEFAULT or PLAN_BY_COMPONENT and stronger.
    enum plan_kind kind;         ///< Of a default and a component.
    struct str name;             ///< Component, glob, or id of the site; not of a default.
    struct str owner;            ///< Of a container: glob of the class.
    struct str memory;           ///< "policy" or a request of the target; never "".
    bool only;
    bool libc;                    ///< Of named code: what libc allocates there, too.
    struct str reason, evidence;  ///< Line ends part several lines.
    const struct plan_site *site; ///< Of a site: what describes it; NULL for nothing.
};

struct plan_draft {
    struct str trace, identity; ///< Of the header; both or none.
    struct str target;
    const struct str *options; ///< "cache=256K" ...
    uint32_t option_count;
    struct str goal;
    const struct plan_prediction *predicted;
    uint32_t predicted_count;
    const struct plan_draft_rule *rules; ///< Different things each.
    uint32_t rule_count;
};

struct plan_rewritten {
    struct str text;
    uint32_t added, changed, removed, same; ///< Rules.
    uint32_t overruled;                     ///< Rules of the draft for which the user has a line.
};

/// The text of the file at `path` (which only names it; "" for a new one), with the draft taken in. False with a message when the text breaks
/// the grammar. Cost: rules of the file times rules of the draft.
bool plan_rewrite(struct arena *a, const char *path, struct str text,
        const struct plan_draft *draft, struct plan_rewritten *out, struct err *err);

#endif
