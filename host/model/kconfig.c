// See kconfig.h.
#include "kconfig.h"

#include "conf.h"
#include "release.h"
#include "text.h"

// ---- choices

/// The release in the head of the file counts as a symbol.
static bool is_release(struct str symbol) {
    return str_equal(symbol, STR("IDF_VERSION"));
}

static bool find_symbol(const struct sdkconfig *c, struct str symbol, struct sdkconfig_value *out) {
    if (is_release(symbol)) {
        *out = (struct sdkconfig_value){ .name = symbol, .value = c->idf_version, .line = 1 };
        return c->idf_version.len != 0;
    }
    const struct sdkconfig_value *found = sdkconfig_find(c, symbol);
    if (found)
        *out = *found;
    return found != NULL;
}

static bool same_number(struct str word, uint64_t n) {
    uint64_t value;
    return conf_parse_number(word, &value) && value == n;
}

/// The parameter's own word for `value`: by its names, or as the same number; NULL when it has none.
static const char *word_of(
        struct arena *a, const struct target_parameter *p, const struct sdkconfig_value *v) {
    uint64_t n = 0;
    bool is_number = sdkconfig_number(v, &n);
    if (p->is_number)
        return is_number && n >= p->least && n <= p->most
                       ? arena_printf(a, "%llu", (unsigned long long)n)
                       : NULL;
    uint32_t found = target_find_value(p, v->value);
    for (uint32_t i = 0; found == TARGET_NONE && is_number && i < p->value_count; i++)
        found = same_number(p->values[i], n) ? i : TARGET_NONE;
    return found == TARGET_NONE ? NULL : p->values[found].at;
}

static const char *list_values(struct arena *a, const struct target_parameter *p) {
    struct text list = { .arena = a };
    if (p->is_number)
        return arena_printf(
                a, "%llu to %llu", (unsigned long long)p->least, (unsigned long long)p->most);
    for (uint32_t i = 0; i < p->value_count; i++)
        text_printf(&list, "%s%s", i ? ", " : "", p->values[i].at);
    return list.at;
}

/// A release that the target does not know: the nearest is taken.
static void choose_nearest(struct arena *a, const struct target *t,
        const struct target_parameter *p, const struct sdkconfig_value *v,
        struct kconfig_choice *choice) {
    uint32_t nearest = release_nearest(p, v->value);
    const char *taken = p->values[nearest == TARGET_NONE ? p->chosen : nearest].at;
    choice->option = arena_printf(a, "%s=%s", p->name.at, taken);
    choice->problem = arena_printf(a,
            "is for release %.*s, which target '%s' does not know for its %s (%s); %s is taken, "
            "the nearest, and its rules may be others",
            STR_ARG(v->value), t->name.at, p->name.at, list_values(a, p), taken);
}

static void choose(struct arena *a, const struct target *t, const struct target_kconfig *k,
        const struct sdkconfig_value *v, struct kconfig *out) {
    const struct target_parameter *p = &t->parameters[k->parameter];
    struct kconfig_choice *choice = vec_push(a, &out->choices);
    const char *word = k->sets.len ? k->sets.at : word_of(a, p, v);
    *choice = (struct kconfig_choice){ .symbol = k->symbol, .line = v->line };
    if (word)
        choice->option = arena_printf(a, "%s=%s", p->name.at, word);
    else if (is_release(k->symbol))
        choose_nearest(a, t, p, v, choice);
    else
        choice->problem = arena_printf(a,
                "%.*s is %.*s, which target '%s' does not know for its %s (%s); %s is taken",
                STR_ARG(k->symbol), STR_ARG(v->value), t->name.at, p->name.at, list_values(a, p),
                p->values[p->chosen].at);
}

// ---- costs

static bool is_set(const struct sdkconfig *c, struct str symbol) {
    const struct sdkconfig_value *v = c && symbol.len ? sdkconfig_find(c, symbol) : NULL;
    return v && !str_equal(v->value, STR("n"));
}

static bool counts(const struct sdkconfig *c, const struct target_option *o) {
    return (o->needs.len == 0 || is_set(c, o->needs)) && !is_set(c, o->unless);
}

static uint64_t value_of(const struct target_option *o, const struct sdkconfig_value *v) {
    uint64_t n;
    if (v == NULL)
        return o->by_default;
    if (o->is_switch)
        return str_equal(v->value, STR("y"));
    return sdkconfig_number(v, &n) && n <= UINT32_MAX ? n : o->by_default;
}

static void add_cost(struct arena *a, const struct target_option *o, const struct sdkconfig *c,
        struct kconfig *out) {
    const struct sdkconfig_value *v = c ? sdkconfig_find(c, o->symbol) : NULL;
    uint64_t value = value_of(o, v);
    uint64_t best = o->each_bytes < 0 ? 1 : o->least < value ? o->least : value;
    *vec_push(a, &out->costs) = (struct kconfig_cost){ .option = o,
        .value = value,
        .best = best,
        .bytes = (int64_t)value * o->each_bytes,
        .saves = ((int64_t)value - (int64_t)best) * o->each_bytes,
        .is_default = v == NULL,
        .line = v ? v->line : 0 };
}

static void add_unmodelled(struct arena *a, const struct target_unmodelled *u,
        const struct sdkconfig *c, struct kconfig *out) {
    const struct sdkconfig_value *v = sdkconfig_find(c, u->symbol);
    if (v && str_equal(v->value, u->value))
        *vec_push(a, &out->unmodelled) =
                (struct kconfig_unmodelled){ .option = u, .line = v->line };
}

void kconfig_read(
        struct arena *a, const struct target *t, const struct sdkconfig *c, struct kconfig *out) {
    *out = (struct kconfig){ .choices = { .len = 0 } };
    for (uint32_t i = 0; c && i < t->kconfig_count; i++) {
        const struct target_kconfig *k = &t->kconfig[i];
        struct sdkconfig_value v;
        if (find_symbol(c, k->symbol, &v) && (k->value.len == 0 || str_equal(k->value, v.value)))
            choose(a, t, k, &v, out);
    }
    for (uint32_t i = 0; i < t->option_count; i++)
        if (counts(c, &t->options[i]))
            add_cost(a, &t->options[i], c, out);
    for (uint32_t i = 0; c && i < t->unmodelled_count; i++)
        add_unmodelled(a, &t->unmodelled[i], c, out);
}
