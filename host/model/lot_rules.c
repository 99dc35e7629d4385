// See lot_rules.h. The same walk is taken twice: for the value of a node, then, once it is known what is best there, for its rules.
#include "lot_rules.h"

#include "hash.h"
#include "map64.h"

#include <stdlib.h>

/// Moving what may not move is never worth it.
static const double never = -1e18;

enum { SEVERAL = UINT16_MAX + 2 };

/// A stretch of the tree's order.
struct span {
    uint32_t low, high;
};

/// What holds for the lots of a node, by kind.
struct labels {
    uint8_t of[PLAN_KINDS];
};

static const struct lot *lot_at(const struct lot_tree *t, uint32_t i) {
    return &t->lots->list.at[t->order[i]];
}

// ---- order

static const struct lots *sorted_lots; // qsort has no context; used in lot_tree_build() alone

static int compare_lots(const void *a, const void *b) {
    const struct lot *p = &sorted_lots->list.at[*(const uint32_t *)a];
    const struct lot *q = &sorted_lots->list.at[*(const uint32_t *)b];
    if (p->component != q->component)
        return p->component < q->component ? -1 : 1;
    int order = str_compare(p->scope, q->scope);
    order = order != 0 ? order : str_compare(p->function, q->function);
    if (order != 0)
        return order;
    if (p->site != q->site)
        return p->site < q->site ? -1 : 1;
    return p < q ? -1 : p > q;
}

static bool same_scope(const struct lot *a, const struct lot *b) {
    return a->component == b->component && str_equal(a->scope, b->scope);
}

static bool same_function(const struct lot *a, const struct lot *b) {
    return same_scope(a, b) && str_equal(a->function, b->function);
}

static bool same_site(const struct lot *a, const struct lot *b) {
    return same_function(a, b) && a->site == b->site;
}

static bool same_component(const struct lot *a, const struct lot *b) {
    return a->component == b->component;
}

typedef bool (*same_node)(const struct lot *, const struct lot *);

/// The stretch from `low` on that is one node.
static struct span node_from(const struct lot_tree *t, uint32_t low, uint32_t end, same_node same) {
    struct span s = { low, low + 1 };
    while (s.high < end && same(lot_at(t, low), lot_at(t, s.high)))
        s.high++;
    return s;
}

/// Whose a name is: component + 1, or SEVERAL.
static const uint64_t *note_name(
        struct map64 *names, struct arena *a, struct str name, uint16_t component) {
    uint64_t *whose = map64_put(names, a, hash_str(HASH_SEED, name), NULL);
    if (*whose == 0)
        *whose = component + 1u;
    else if (*whose != component + 1u)
        *whose = SEVERAL;
    return whose;
}

void lot_tree_build(struct arena *a, const struct lots *l, struct lot_tree *out) {
    size_t count = l->list.len;
    *out = (struct lot_tree){ .lots = l,
        .order = NEW_ARRAY(a, uint32_t, count + 1),
        .function_elsewhere = NEW_ARRAY(a, bool, count + 1),
        .scope_elsewhere = NEW_ARRAY(a, bool, count + 1) };
    struct map64 functions = { 0 }, scopes = { 0 };
    for (uint32_t i = 0; i < count; i++) {
        const struct lot *lot = &l->list.at[i];
        if (lot->kind != PLAN_LIBC)
            out->order[out->count++] = i;
        note_name(&functions, a, lot->function, lot->component);
        note_name(&scopes, a, lot->scope, lot->component);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot *lot = &l->list.at[i];
        out->function_elsewhere[i] =
                *note_name(&functions, a, lot->function, lot->component) == SEVERAL;
        out->scope_elsewhere[i] = *note_name(&scopes, a, lot->scope, lot->component) == SEVERAL;
    }
    sorted_lots = l;
    qsort(out->order, out->count, sizeof *out->order, compare_lots);
}

// ---- values

/// What a rule costs: of two that do the same the wider one is shorter to read and survives more changes of the code.
static double price_of(const struct lot_tree *t, enum plan_strength strength) {
    return t->price * (0.9 + 0.02 * (double)(strength - PLAN_BY_COMPONENT));
}

static double lot_value(const struct lot_tree *t, uint32_t i, int label) {
    const struct lot *lot = lot_at(t, i);
    if (lot->stay == LOT_IS_PINNED || lot->stay == LOT_IS_THERE)
        return 0;
    bool moves = label == LOT_GOES || (label == LOT_AS_BEFORE && lot->base_moves);
    if (!moves)
        return 0;
    if (lot->stay != LOT_MAY_MOVE)
        return label == LOT_GOES ? never : 0;
    return t->values[t->order[i]];
}

/// Whether a rule of that strength may be given for the node: its name means no other component's code, and it overrules no line of the user's.
static bool may_name(const struct lot_tree *t, struct span s, enum plan_strength strength) {
    uint32_t lot = t->order[s.low];
    const struct lot *first = lot_at(t, s.low);
    if ((strength == PLAN_BY_FUNCTION &&
                (first->function.len == 0 || t->function_elsewhere[lot])) ||
            ((strength == PLAN_BY_CLASS || strength == PLAN_BY_CONTAINER) &&
                    (first->scope.len == 0 || t->scope_elsewhere[lot])))
        return false;
    for (uint32_t i = s.low; i < s.high; i++)
        if (lot_at(t, i)->stay == LOT_IS_PINNED && lot_at(t, i)->base_strength <= (uint8_t)strength)
            return false;
    return true;
}

static struct labels all_as(int label) {
    struct labels l;
    for (int kind = 0; kind < PLAN_KINDS; kind++)
        l.of[kind] = (uint8_t)label;
    return l;
}

struct choice {
    double value;
    uint8_t label; ///< Of a rule for the node; LOT_AS_BEFORE: none.
    bool by_container;
};

static void consider(struct choice *best, double value, int label, bool by_container) {
    if (value > best->value + 1e-6)
        *best = (struct choice){ value, (uint8_t)label, by_container };
}

/// A site whose lots have labels of their own already: labels[lot's place].
static struct choice site_choice(const struct lot_tree *t, struct span s, const uint8_t *labels) {
    struct choice best = { 0, LOT_AS_BEFORE, false };
    for (uint32_t i = s.low; i < s.high; i++)
        best.value += lot_value(t, i, labels[i]);
    if (!may_name(t, s, PLAN_BY_SITE))
        return best;
    for (int label = LOT_GOES; label < LOT_LABELS; label++) {
        double value = -price_of(t, PLAN_BY_SITE);
        for (uint32_t i = s.low; i < s.high; i++)
            value += lot_value(t, i, label);
        consider(&best, value, label, false);
    }
    return best;
}

static void set_labels(const struct lot_tree *t, struct span s, struct labels l, uint8_t *labels) {
    for (uint32_t i = s.low; i < s.high; i++)
        labels[i] = l.of[lot_at(t, i)->kind];
}

static double sites_value(const struct lot_tree *t, struct span s, const uint8_t *labels) {
    double value = 0;
    for (struct span n = { s.low, s.low }; n.high < s.high;) {
        n = node_from(t, n.high, s.high, same_site);
        value += site_choice(t, n, labels).value;
    }
    return value;
}

static struct choice function_choice(
        const struct lot_tree *t, struct span s, struct labels l, uint8_t *scratch) {
    set_labels(t, s, l, scratch);
    struct choice best = { sites_value(t, s, scratch), LOT_AS_BEFORE, false };
    for (int label = LOT_GOES; may_name(t, s, PLAN_BY_FUNCTION) && label < LOT_LABELS; label++) {
        set_labels(t, s, all_as(label), scratch);
        consider(&best, sites_value(t, s, scratch) - price_of(t, PLAN_BY_FUNCTION), label, false);
    }
    return best;
}

static double functions_value(
        const struct lot_tree *t, struct span s, struct labels l, uint8_t *scratch) {
    double value = 0;
    for (struct span n = { s.low, s.low }; n.high < s.high;) {
        n = node_from(t, n.high, s.high, same_function);
        value += function_choice(t, n, l, scratch).value;
    }
    return value;
}

/// Value of all lots of the node whose container is that of lot `like`, each with a rule for its site or without.
static double container_value(
        const struct lot_tree *t, struct span s, uint32_t like, const struct labels *l, int label) {
    double value = 0;
    for (uint32_t i = s.low; i < s.high; i++) {
        if (!str_equal(lot_at(t, i)->container, lot_at(t, like)->container))
            continue;
        double kept = lot_value(t, i, l != NULL ? l->of[lot_at(t, i)->kind] : label);
        double other = lot_value(t, i, kept < 0 ? LOT_KEEPS : LOT_GOES) - price_of(t, PLAN_BY_SITE);
        value += kept >= other ? kept : other;
    }
    return value;
}

static bool is_first_of_container(const struct lot_tree *t, struct span s, uint32_t i) {
    for (uint32_t k = s.low; k < i; k++)
        if (str_equal(lot_at(t, k)->container, lot_at(t, i)->container))
            return false;
    return true;
}

/// The best label for the containers of type that lot `like` has, in the class.
static struct choice container_choice(
        const struct lot_tree *t, struct span s, uint32_t like, const struct labels *l) {
    struct choice best = { container_value(t, s, like, l, 0), LOT_AS_BEFORE, false };
    if (lot_at(t, like)->container.len == 0 || !may_name(t, s, PLAN_BY_CONTAINER))
        return best;
    for (int label = LOT_GOES; label < LOT_LABELS; label++)
        consider(&best, container_value(t, s, like, NULL, label) - price_of(t, PLAN_BY_CONTAINER),
                label, false);
    return best;
}

static double containers_value(const struct lot_tree *t, struct span s, const struct labels *l) {
    double value = 0;
    for (uint32_t i = s.low; i < s.high; i++)
        if (is_first_of_container(t, s, i))
            value += container_choice(t, s, i, l).value;
    return value;
}

static struct choice class_choice(
        const struct lot_tree *t, struct span s, struct labels l, uint8_t *scratch) {
    struct choice best = { functions_value(t, s, l, scratch), LOT_AS_BEFORE, false };
    if (!may_name(t, s, PLAN_BY_CLASS))
        return best;
    for (int label = LOT_GOES; label < LOT_LABELS; label++)
        consider(&best, functions_value(t, s, all_as(label), scratch) - price_of(t, PLAN_BY_CLASS),
                label, false);
    consider(&best, containers_value(t, s, &l), LOT_AS_BEFORE, true);
    return best;
}

static double classes_value(
        const struct lot_tree *t, struct span s, struct labels l, uint8_t *scratch) {
    double value = 0;
    for (struct span n = { s.low, s.low }; n.high < s.high;) {
        n = node_from(t, n.high, s.high, same_scope);
        value += class_choice(t, n, l, scratch).value;
    }
    return value;
}

/// Whether the component asks by that kind, and no line of the user's settles it.
static bool may_name_kind(const struct lot_tree *t, struct span s, uint8_t kind) {
    bool has = false;
    for (uint32_t i = s.low; i < s.high; i++) {
        const struct lot *lot = lot_at(t, i);
        if (lot->kind != kind)
            continue;
        has = true;
        if (lot->stay == LOT_IS_PINNED && lot->base_strength <= PLAN_BY_COMPONENT)
            return false;
    }
    return has;
}

/// The best labels for a component's malloc and new.
static struct labels component_choice(const struct lot_tree *t, struct span s, uint8_t *scratch) {
    struct labels best = all_as(LOT_AS_BEFORE);
    double best_value = classes_value(t, s, best, scratch);
    bool has_malloc = may_name_kind(t, s, PLAN_MALLOC), has_new = may_name_kind(t, s, PLAN_NEW);
    for (int m = 0; m < LOT_LABELS; m++) {
        for (int n = 0; n < LOT_LABELS; n++) {
            if ((m != 0 && !has_malloc) || (n != 0 && !has_new))
                continue;
            struct labels l = { { (uint8_t)m, (uint8_t)n, LOT_AS_BEFORE } };
            double value = classes_value(t, s, l, scratch) -
                           price_of(t, PLAN_BY_COMPONENT) * ((m != 0) + (n != 0));
            if (value > best_value + 1e-6) {
                best_value = value;
                best = l;
            }
        }
    }
    return best;
}

// ---- rules

struct writer {
    const struct lot_tree *t;
    struct arena *a;
    lot_rule_list *out;
    uint8_t *scratch, *labels;
};

static void add_rule(struct writer *w, uint32_t place, enum plan_strength strength, uint8_t label) {
    if (label == LOT_AS_BEFORE)
        return;
    const struct lot *lot = lot_at(w->t, place);
    *vec_push(w->a, w->out) = (struct lot_rule){ .strength = (uint8_t)strength,
        .kind = lot->kind,
        .label = label,
        .component = lot->component,
        .lot = w->t->order[place] };
}

static void write_sites(struct writer *w, struct span s) {
    for (struct span n = { s.low, s.low }; n.high < s.high;) {
        n = node_from(w->t, n.high, s.high, same_site);
        add_rule(w, n.low, PLAN_BY_SITE, site_choice(w->t, n, w->labels).label);
    }
}

static void write_functions(struct writer *w, struct span s, struct labels l) {
    for (struct span n = { s.low, s.low }; n.high < s.high;) {
        n = node_from(w->t, n.high, s.high, same_function);
        uint8_t label = function_choice(w->t, n, l, w->scratch).label;
        add_rule(w, n.low, PLAN_BY_FUNCTION, label);
        set_labels(w->t, n, label != LOT_AS_BEFORE ? all_as(label) : l, w->labels);
        write_sites(w, n);
    }
}

static void write_containers(struct writer *w, struct span s, struct labels l) {
    set_labels(w->t, s, l, w->labels);
    for (uint32_t i = s.low; i < s.high; i++) {
        if (!is_first_of_container(w->t, s, i))
            continue;
        uint8_t label = container_choice(w->t, s, i, &l).label;
        add_rule(w, i, PLAN_BY_CONTAINER, label);
        for (uint32_t k = i; k < s.high && label != LOT_AS_BEFORE; k++)
            if (str_equal(lot_at(w->t, k)->container, lot_at(w->t, i)->container))
                w->labels[k] = label;
    }
    write_sites(w, s);
}

static void write_classes(struct writer *w, struct span s, struct labels l) {
    for (struct span n = { s.low, s.low }; n.high < s.high;) {
        n = node_from(w->t, n.high, s.high, same_scope);
        struct choice c = class_choice(w->t, n, l, w->scratch);
        add_rule(w, n.low, PLAN_BY_CLASS, c.label);
        if (c.by_container)
            write_containers(w, n, l);
        else
            write_functions(w, n, c.label != LOT_AS_BEFORE ? all_as(c.label) : l);
    }
}

static void write_component(struct writer *w, struct span s) {
    struct labels l = component_choice(w->t, s, w->scratch);
    for (int kind = PLAN_MALLOC; kind <= PLAN_NEW; kind++)
        for (uint32_t i = s.low; i < s.high; i++)
            if (lot_at(w->t, i)->kind == kind) {
                add_rule(w, i, PLAN_BY_COMPONENT, l.of[kind]);
                break;
            }
    write_classes(w, s, l);
}

void lot_tree_best(struct lot_tree *t, struct arena *a, const double *values, double price,
        lot_rule_list *out) {
    struct writer w = { .t = t,
        .a = a,
        .out = out,
        .scratch = NEW_ARRAY(a, uint8_t, t->count + 1),
        .labels = NEW_ARRAY(a, uint8_t, t->count + 1) };
    t->values = values;
    t->price = price;
    out->len = 0;
    for (struct span n = { 0, 0 }; n.high < t->count;) {
        n = node_from(t, n.high, t->count, same_component);
        write_component(&w, n);
    }
}

// ---- what rules do

bool lot_rule_matches(const struct lots *l, const struct lot_rule *rule, const struct lot *lot) {
    const struct lot *like = &l->list.at[rule->lot];
    if (lot->kind == PLAN_LIBC)
        return false;
    switch (rule->strength) {
    case PLAN_BY_COMPONENT:
        return lot->component == rule->component && lot->kind == rule->kind;
    case PLAN_BY_CONTAINER:
        return str_equal(lot->container, like->container) && str_equal(lot->scope, like->scope);
    case PLAN_BY_CLASS:
        return str_equal(lot->scope, like->scope);
    case PLAN_BY_FUNCTION:
        return str_equal(lot->function, like->function);
    default:
        return lot->site == like->site;
    }
}

void lot_rules_apply(
        const struct lots *l, const struct lot_rule *rules, size_t count, uint8_t *labels) {
    for (size_t i = 0; i < l->list.len; i++) {
        const struct lot *lot = &l->list.at[i];
        uint8_t strength = lot->stay == LOT_IS_PINNED ? lot->base_strength : 0;
        labels[i] = LOT_AS_BEFORE;
        for (size_t k = 0; k < count; k++) {
            if (rules[k].strength <= strength || !lot_rule_matches(l, &rules[k], lot))
                continue;
            labels[i] = rules[k].label;
            strength = rules[k].strength;
        }
    }
}
