/// Few rules that move many lots: what the lots are worth, told in the words of a plan.
///
/// Lots stand in a tree: component, class, function, site. A rule for a node decides for all below it, unless a rule further down says
/// otherwise; instead of a class's functions the containers in it may be named. A rule has a price. What is best at every node follows from
/// what is best below it, so the whole tree takes one walk.
#ifndef RAMLENS_LOT_RULES_H
#define RAMLENS_LOT_RULES_H

#include "arena.h"
#include "lots.h"
#include "plan.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

struct lot_rule {
    uint8_t strength; ///< enum plan_strength: PLAN_BY_COMPONENT and stronger.
    uint8_t kind;     ///< Of a component: enum plan_kind.
    uint8_t label;    ///< LOT_GOES or LOT_KEEPS.
    uint32_t component;
    uint32_t lot; ///< One that it is for: its names are the rule's.
};

typedef VEC(struct lot_rule) lot_rule_list;

/// The lots in the order of the tree, once for all prices.
struct lot_tree {
    const struct lots *lots;
    uint32_t *order; ///< Numbers of the lots that plans reach.
    uint32_t count;
    bool *function_elsewhere; ///< By lot: its function's name is another component's, too,
    bool *scope_elsewhere;    ///< its class's.
    const double *values;     ///< Of the present question.
    double price;
};

void lot_tree_build(struct arena *a, const struct lots *l, struct lot_tree *out);

/// The best rules where moving lot i is worth values[i], which may be negative, and each rule costs `price`. What may not move is never moved.
void lot_tree_best(struct lot_tree *t, struct arena *a, const double *values, double price,
        lot_rule_list *out);

/// What the rules do with each lot, the strongest deciding: labels[lot].
void lot_rules_apply(
        const struct lots *l, const struct lot_rule *rules, size_t count, uint8_t *labels);

/// Whether the rule is for that lot, stronger ones aside.
bool lot_rule_matches(const struct lots *l, const struct lot_rule *rule, const struct lot *lot);

#endif
