// The goal of `plan`, from words. See plan_parts.h.
#include "plan_parts.h"

#include "conf.h"
#include "suggest.h"

#include <inttypes.h>

static bool fail_names(struct plan_work *w, const char *what, struct str name, struct suggest *near,
        const struct text *list) {
    return fail(&w->ctx->err, NULL, ERR_NO_OFFSET, "unknown %s '%.*s'%s%s%s; there is: %s", what,
            STR_ARG(name), near->best ? ", did you mean '" : "", near->best ? near->best : "",
            near->best ? "'?" : "", list->at);
}

static bool find_region(struct plan_work *w, struct str name) {
    const struct target *t = &w->setup.answer.target;
    w->region = name;
    if (str_equal(name, STR("internal"))) {
        w->bench.group = REPLAY_COUNTED;
        return true;
    }
    w->bench.group = target_find_region(t, name);
    if (w->bench.group != TARGET_NONE)
        return true;
    struct text list = { .arena = w->ctx->arena };
    struct suggest near = { .word = name };
    for (uint32_t i = 0; i < t->region_count; i++) {
        text_printf(&list, "%s%.*s", i ? ", " : "", STR_ARG(t->regions[i].name));
        suggest_offer(&near, t->regions[i].name.at);
    }
    return fail_names(w, "region", name, &near, &list);
}

static bool find_checkpoint(struct plan_work *w, struct str name) {
    const struct lots *l = &w->lots;
    w->bench.checkpoint = lots_find_checkpoint(l, name);
    if (w->bench.checkpoint != TARGET_NONE)
        return true;
    struct text list = { .arena = w->ctx->arena };
    struct suggest near = { .word = name };
    for (uint32_t i = 0; i <= l->checkpoint_count; i++) {
        text_printf(&list, "%s%.*s", i ? ", " : "", STR_ARG(l->checkpoints[i]));
        suggest_offer(&near, arena_copy(w->ctx->arena, l->checkpoints[i]).at);
    }
    return fail_names(w, "checkpoint", name, &near, &list);
}

/// REGION=BYTES@CHECKPOINT.
static bool read_free(struct plan_work *w, const char *given) {
    const char *equals = strchr(given, '='), *at = equals != NULL ? strchr(equals, '@') : NULL;
    if (at == NULL || equals == given || at[1] == '\0')
        return fail(&w->ctx->err, NULL, ERR_NO_OFFSET,
                "--free '%s' is no goal; they are written as internal=350K@connected", given);
    struct str bytes = { equals + 1, (size_t)(at - equals - 1) };
    if (!conf_parse_number(bytes, &w->choose.wanted))
        return fail(&w->ctx->err, NULL, ERR_NO_OFFSET,
                "--free '%s': '%.*s' is no number of bytes, such as 200000 or 350K", given,
                STR_ARG(bytes));
    w->choose.goal = CHOOSE_FREE;
    w->goal = str_from(arena_printf(w->ctx->arena, "--free %s", given));
    return find_region(w, (struct str){ given, (size_t)(equals - given) }) &&
           find_checkpoint(w, str_from(at + 1));
}

/// The checkpoint at which most is live, for goals that name none.
static uint32_t fullest_checkpoint(const struct lots *l) {
    uint32_t found = l->checkpoint_count;
    uint64_t most = 0;
    for (uint32_t i = 0; i < l->checkpoint_count; i++) {
        uint64_t total = lots_checkpoint(l, i)->total;
        if (total > most) {
            most = total;
            found = i;
        }
    }
    return found;
}

bool plan_goal(struct plan_work *w) {
    const struct opt_values *v = &w->ctx->values;
    bool free = opt_is_given(v, "free"), all = opt_is_given(v, "everything"),
         knee = opt_is_given(v, "knee");
    if (free + all + knee > 1)
        return fail(&w->ctx->err, NULL, ERR_NO_OFFSET,
                "--free, --everything and --knee are three goals; give one of them");
    if (free)
        return read_free(w, opt_value(v, "free", ""));
    w->choose.goal = all ? CHOOSE_EVERYTHING : CHOOSE_KNEE;
    w->goal = all ? STR("--everything") : STR("--knee");
    w->region = STR("internal");
    w->bench.group = REPLAY_COUNTED;
    w->bench.checkpoint = fullest_checkpoint(&w->lots);
    return true;
}
