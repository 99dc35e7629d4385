/// Candidate plans, from many prices: what a rule and what a request outside of internal memory may cost, in internal bytes won.
///
/// With a price for requests every lot has a worth, and lot_rules.h finds the rules. Which moment counts is part of the question: the worst
/// moment moves as lots do, so it is played out: the moments that were the worst under earlier answers count together.
#ifndef RAMLENS_CANDIDATES_H
#define RAMLENS_CANDIDATES_H

#include "lot_rules.h"
#include "trial.h"

/// What is to be freed.
enum candidate_aim {
    AIM_WORST,      ///< At the worst moment.
    AIM_CHECKPOINT, ///< At one checkpoint.
    AIM_BOTH,
    AIM_ANY, ///< At whatever moment.
    AIM_ALL, ///< Nothing is weighed: all that may move moves.
    AIMS
};

struct candidate {
    lot_rule_list rules;
    uint8_t *labels;
    enum candidate_aim aim;
    double price; ///< Of a request (with accesses: of a byte read or written), in internal bytes.
    double rule_price; ///< Of a rule.
    struct trial_result result;
};

struct candidates {
    struct arena *a;
    const struct lots *lots;
    struct lot_tree tree;
    uint32_t checkpoint;
    double *cost;               ///< By lot: requests, or accesses, that moving it adds.
    double unit;                ///< A price at which internal bytes and requests weigh the same.
    double rule_unit;           ///< Internal bytes that there are to win.
    VEC(struct candidate) list; ///< No two with the same labels.
};

/// `by_accesses`: lots cost their accesses instead of their requests.
void candidates_init(struct candidates *c, struct arena *a, const struct lots *l,
        uint32_t checkpoint, bool by_accesses);

/// The candidate for an aim and prices, `price` in units, `rule_price` in parts of all there is to win. False when there was the same before.
bool candidates_add(struct candidates *c, enum candidate_aim aim, double price, double rule_price);

/// The one with these rules.
bool candidates_add_rules(struct candidates *c, const struct lot_rule *rules, size_t count);

/// Internal bytes that the lot has at the moments that count for the aim, without regard to what else moves.
double candidates_gain(const struct candidates *c, enum candidate_aim aim, uint32_t lot);

#endif
