// See device_fit.h.
#include "device_fit.h"

#include "conf.h"
#include "release.h"
#include "scan.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

enum { PARAMETERS_MOST = 16, OPTIONS_MOST = 96, HEAPS_MOST = 256 };

/// A parameter whose value is looked for.
struct wanted {
    const struct target_parameter *parameter;
    uint32_t allowed;  ///< Bit for each value that may be.
    uint32_t possible; ///< That fits; after the trials.
    uint32_t at;       ///< Value of the current combination.
    uint32_t taken;    ///< Value of the combination to go on with.
    uint32_t nearest;  ///< The release that is nearest to the log's; TARGET_NONE.
    const char *source;
    const char *unknown; ///< What the log says outright, if the target has no such value.
    uint64_t line;
    bool is_given;
};

/// State of one comparison.
struct fitting {
    struct arena *arena;
    const struct device_fit_source *source;
    const struct device_boot *boot;
    struct device_fit *out;
    struct err *err;
    struct target base; ///< Loaded with what the user gave.
    struct wanted wanted[PARAMETERS_MOST];
    uint32_t wanted_count;
    uint32_t rank; ///< Of the best combinations so far.
    uint32_t
            defaults; ///< Parameters that have what they would have by default in the one that is taken.
    const char *options[OPTIONS_MOST];
    uint32_t option_count;
};

static void note(struct fitting *f, const char *text) {
    *vec_push(f->arena, &f->out->notes) = text;
}

// ---- facts

/// Index of the value of `p` that is `bytes`.
static uint32_t value_of_bytes(const struct target_parameter *p, uint64_t bytes) {
    for (uint32_t i = 0; i < p->value_count; i++) {
        uint64_t number;
        if (conf_parse_number(p->values[i], &number) && number == bytes)
            return i;
    }
    return TARGET_NONE;
}

static struct wanted *find_wanted(struct fitting *f, struct str name) {
    for (uint32_t i = 0; i < f->wanted_count; i++)
        if (str_equal(f->wanted[i].parameter->name, name))
            return &f->wanted[i];
    return NULL;
}

/// The parameter that a symbol of the project's configuration sets; empty when the target names none.
static struct str parameter_of_symbol(const struct target *t, struct str symbol) {
    for (uint32_t i = 0; i < t->kconfig_count; i++)
        if (str_equal(t->kconfig[i].symbol, symbol) && t->kconfig[i].sets.len == 0)
            return t->parameters[t->kconfig[i].parameter].name;
    return STR("");
}

/// Takes what a line says of a parameter, unless the user said something else.
static void pin(
        struct fitting *f, struct wanted *w, uint32_t value, const char *said, uint64_t line) {
    if (w == NULL || line == 0)
        return;
    if (value == TARGET_NONE) {
        w->unknown = said;
        note(f, arena_printf(f->arena, "the log says %s; target '%.*s' has no such value of '%.*s'",
                        said, STR_ARG(f->base.name), STR_ARG(w->parameter->name)));
        return;
    }
    if (w->is_given) {
        if (w->allowed != 1u << value)
            note(f, arena_printf(f->arena, "the log says %s; --set has another value of '%.*s'",
                            said, STR_ARG(w->parameter->name)));
        return;
    }
    w->allowed = 1u << value;
    w->source = said;
    w->line = line;
}

/// The release; of one that the target does not know, the nearest counts as the default.
static void pin_release(struct fitting *f) {
    struct wanted *idf = find_wanted(f, parameter_of_symbol(&f->base, STR("IDF_VERSION")));
    const struct device_fact *said = &f->boot->idf;
    if (idf == NULL || said->line == 0)
        return;
    idf->nearest = release_nearest(idf->parameter, said->text);
    pin(f, idf, release_find(idf->parameter, said->text),
            arena_printf(f->arena, "ESP-IDF: %.*s", STR_ARG(said->text)), said->line);
}

/// The smallest value of `p` that holds `bytes`.
static uint32_t value_for_bytes(const struct target_parameter *p, uint64_t bytes) {
    uint32_t found = TARGET_NONE;
    uint64_t number, best = UINT64_MAX;
    for (uint32_t i = 0; i < p->value_count; i++)
        if (conf_parse_number(p->values[i], &number) && number >= bytes && number < best) {
            best = number;
            found = i;
        }
    return found;
}

/// Whether the start came so far that PSRAM would have become a heap, and did not.
static bool is_without_psram(const struct device_boot *b) {
    return b->stage == DEVICE_STAGE_MAIN && b->heaps.len > 0 && b->psram_heap.line == 0 &&
           !b->psram_broken;
}

/// The chip's size, if the target has it; else what became heaps, since a chip may hold more than a window shows.
static void pin_psram(struct fitting *f) {
    const struct device_boot *b = f->boot;
    struct wanted *w = find_wanted(f, STR("psram"));
    if (w == NULL)
        return;
    uint32_t none = target_find_value(w->parameter, STR("none"));
    uint32_t chip = b->psram.line ? value_of_bytes(w->parameter, b->psram.number) : TARGET_NONE;
    uint32_t pool = value_of_bytes(w->parameter, b->psram_heap.number);
    if (pool == TARGET_NONE && b->psram.line)
        pool = value_for_bytes(w->parameter, b->psram_heap.number);
    if (none != TARGET_NONE && is_without_psram(b))
        pin(f, w, none, "no PSRAM was added before app_main", b->heaps.at[0].line);
    else if (chip == TARGET_NONE && pool != TARGET_NONE && b->psram_heap.line)
        pin(f, w, pool,
                arena_printf(f->arena, "%" PRIu64 " KB of PSRAM became heaps",
                        b->psram_heap.number >> 10),
                b->psram_heap.line);
    else
        pin(f, w, chip, arena_printf(f->arena, "%" PRIu64 " MB of PSRAM", b->psram.number >> 20),
                b->psram.line);
}

static void pin_facts(struct fitting *f) {
    const struct device_boot *b = f->boot;
    pin_release(f);
    struct wanted *revision = find_wanted(f, STR("revision"));
    if (revision != NULL) {
        unsigned major = (unsigned)(b->revision.number / 100);
        struct str word = str_from(arena_printf(f->arena, "%u", major));
        pin(f, revision, target_find_value(revision->parameter, word),
                arena_printf(f->arena, "chip revision v%u.%u", major,
                        (unsigned)(b->revision.number % 100)),
                b->revision.line);
    }
    pin_psram(f);
}

// ---- combinations

static bool is_given(const struct device_fit_source *s, struct str name) {
    for (uint32_t i = 0; i < s->option_count; i++)
        if (str_starts_with(str_from(s->options[i]), name) && s->options[i][name.len] == '=')
            return true;
    return false;
}

/// Parameters with values to choose from. Those that come after the most that are tried keep what they have.
static void find_parameters(struct fitting *f) {
    uint64_t trials = 1;
    for (uint32_t i = 0; i < f->base.parameter_count; i++) {
        const struct target_parameter *p = &f->base.parameters[i];
        if (p->is_number || p->is_setting || p->value_count > DEVICE_FIT_VALUES ||
                f->wanted_count == PARAMETERS_MOST)
            continue;
        struct wanted *w = &f->wanted[f->wanted_count++];
        *w = (struct wanted){
            .parameter = p, .nearest = TARGET_NONE, .is_given = is_given(f->source, p->name)
        };
        bool is_fixed = w->is_given || trials * p->value_count > DEVICE_FIT_TRIALS;
        w->allowed = is_fixed ? 1u << p->chosen : (uint32_t)((UINT64_C(1) << p->value_count) - 1);
        trials *= is_fixed ? 1 : p->value_count;
    }
}

/// Moves to the next combination of allowed values; false behind the last.
static bool next_combination(struct fitting *f) {
    for (uint32_t i = 0; i < f->wanted_count; i++) {
        struct wanted *w = &f->wanted[i];
        do {
            w->at++;
        } while (w->at < w->parameter->value_count && !(w->allowed >> w->at & 1));
        if (w->at < w->parameter->value_count)
            return true;
        w->at = (uint32_t)__builtin_ctz(w->allowed);
    }
    return false;
}

static void first_combination(struct fitting *f) {
    for (uint32_t i = 0; i < f->wanted_count; i++)
        f->wanted[i].at = (uint32_t)__builtin_ctz(f->wanted[i].allowed);
}

/// Loads the target with the current combination. False when the target refuses it.
static bool load(struct fitting *f, struct arena *a, struct target *t, struct err *err) {
    const struct device_fit_source *s = f->source;
    f->option_count = 0;
    for (uint32_t i = 0; i < s->option_count; i++)
        f->options[f->option_count++] = s->options[i];
    for (uint32_t i = 0; i < f->wanted_count; i++) {
        const struct target_parameter *p = f->wanted[i].parameter;
        f->options[f->option_count++] =
                arena_printf(a, "%s=%s", p->name.at, p->values[f->wanted[i].at].at);
    }
    return target_load(
            a, s->name, s->folders, s->folder_count, f->options, f->option_count, t, err);
}

// ---- whether a combination fits

static bool is_announced_kind(const struct target_heap *h) {
    return !h->added && !h->carved && target_heap_serves(h);
}

static uint64_t end_of(uint64_t start, uint64_t bytes) {
    return bytes < UINT64_MAX - start ? start + bytes : UINT64_MAX;
}

/// What is printed by an alias's addresses, as code memory is, where the target counts it.
static struct device_range counted(const struct target *t, const struct device_range *printed) {
    struct device_range r = *printed;
    (void)target_region_at(t, printed->start, &r.start);
    return r;
}

/// The heap of `t` that the announced one lies in; NULL. A few bytes beyond its end do not count: where the memory that a chip's ROM keeps begins is in the ROM.
static const struct target_heap *heap_around(
        const struct target *t, const struct device_range *printed) {
    const struct device_range at = counted(t, printed), *r = &at;
    for (uint32_t i = 0; i < t->heap_count; i++) {
        const struct target_heap *h = &t->heaps[i];
        if (is_announced_kind(h) && str_equal(h->name, r->kind) && r->start >= h->start &&
                r->start - h->start < h->bytes &&
                end_of(r->start, r->bytes) <= h->start + h->bytes + DEVICE_FIT_SLACK)
            return h;
    }
    return NULL;
}

/// Whether some announced heap ends where `h` does.
static bool end_is_announced(
        const struct target *t, const struct device_boot *boot, const struct target_heap *h) {
    uint64_t end = h->start + h->bytes;
    for (size_t i = 0; i < boot->heaps.len; i++) {
        struct device_range r = counted(t, &boot->heaps.at[i]);
        uint64_t seen = end_of(r.start, r.bytes);
        if (seen <= end + DEVICE_FIT_SLACK && end <= seen + DEVICE_FIT_SLACK)
            return true;
    }
    return false;
}

/// Whether every announced heap lies in one of `t`.
static bool fits(const struct target *t, const struct device_boot *boot) {
    for (size_t i = 0; i < boot->heaps.len; i++)
        if (heap_around(t, &boot->heaps.at[i]) == NULL)
            return false;
    return true;
}

/// Whether the linker's RAM can begin where `h` does: no other heap ends there. What takes code alone and is no heap for a program counts, too.
static bool may_be_first(const struct target *t, const struct target_heap *h) {
    for (uint32_t i = 0; i < t->heap_count; i++)
        if (!t->heaps[i].carved && t->heaps[i].start + t->heaps[i].bytes == h->start)
            return false;
    return !h->added && !h->carved;
}

/// Whether what the bootloader filled begins where a heap of `t` does: the linker's RAM begins there.
static bool begins_as_filled(
        const struct target *t, const struct device_boot *boot, const struct target_heap *h) {
    for (size_t i = 0; may_be_first(t, h) && i < boot->segments.len; i++)
        if (counted(t, &boot->segments.at[i]).start == h->start && boot->segments.at[i].bytes > 0)
            return true;
    return false;
}

/// How well a combination that fits does so: heaps that end as the log has it less those that do not, and then heaps that begin so.
static uint32_t rank_of(const struct target *t, const struct device_boot *boot) {
    uint32_t ends = HEAPS_MOST, begins = 0;
    for (uint32_t i = 0; i < t->heap_count && i < HEAPS_MOST; i++) {
        const struct target_heap *h = &t->heaps[i];
        begins += begins_as_filled(t, boot, h);
        if (is_announced_kind(h))
            ends = end_is_announced(t, boot, h) ? ends + 1 : ends - 1;
    }
    return 1 + ends * (HEAPS_MOST + 1) + begins;
}

/// Parameters of the current combination, loaded as `t`, that have what the others of it give them by default: a release has its own C library.
static uint32_t count_defaults(const struct fitting *f, const struct target *t) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->wanted_count; i++) {
        const struct wanted *w = &f->wanted[i];
        uint32_t by_default = t->parameters[w->parameter - f->base.parameters].by_default;
        count += w->at == (w->nearest == TARGET_NONE ? by_default : w->nearest);
    }
    return count;
}

/// Takes the current combination as one of the best, or as the first better one.
static void take_combination(struct fitting *f, const struct target *t, uint32_t rank) {
    uint32_t defaults = count_defaults(f, t);
    bool is_better = rank > f->rank;
    f->rank = rank;
    f->out->fitting = is_better ? 1 : f->out->fitting + 1;
    bool is_taken = is_better || defaults > f->defaults;
    f->defaults = is_taken ? defaults : f->defaults;
    for (uint32_t i = 0; i < f->wanted_count; i++) {
        struct wanted *w = &f->wanted[i];
        w->possible = (is_better ? 0 : w->possible) | 1u << w->at;
        w->taken = is_taken ? w->at : w->taken;
    }
}

/// Goes through all combinations. `possible` of each parameter then has the values of the best ones, and `taken` those of the one that is nearest to the target's
/// defaults. Without `by_heaps` all that can be loaded are equally good.
static void try_all(struct fitting *f, bool by_heaps) {
    f->out->fitting = 0;
    f->rank = 0;
    f->defaults = 0;
    first_combination(f);
    do {
        struct arena scratch = { 0 };
        struct target t;
        f->out->trials++;
        bool is_fit = load(f, &scratch, &t, NULL) && (!by_heaps || fits(&t, f->boot));
        uint32_t rank = !is_fit ? 0 : by_heaps ? rank_of(&t, f->boot) : 1;
        if (is_fit && rank >= f->rank)
            take_combination(f, &t, rank);
        arena_clear(&scratch);
    } while (next_combination(f));
}

/// What the log says outright may not go with its heaps: then another value may.
static void try_without(struct fitting *f) {
    for (uint32_t i = 0; i < f->wanted_count && f->out->fitting == 0; i++) {
        struct wanted *w = &f->wanted[i];
        uint32_t before = w->allowed;
        if (w->line == 0 || w->is_given)
            continue;
        w->allowed = (uint32_t)((UINT64_C(1) << w->parameter->value_count) - 1);
        try_all(f, true);
        if (f->out->fitting > 0) {
            note(f, arena_printf(f->arena,
                            "the log says %s, whose heaps are others than those it announces",
                            w->source));
            w->line = 0;
            return;
        }
        w->allowed = before;
    }
}

/// Settings keep their defaults unless only another value of one of them gives the announced heaps.
static void try_settings(struct fitting *f) {
    for (uint32_t i = 0; i < f->base.parameter_count && f->out->fitting == 0; i++) {
        const struct target_parameter *p = &f->base.parameters[i];
        if (!p->is_setting || p->is_number || p->value_count > DEVICE_FIT_VALUES ||
                f->wanted_count == PARAMETERS_MOST || is_given(f->source, p->name))
            continue;
        struct wanted *w = &f->wanted[f->wanted_count++];
        *w = (struct wanted){ .parameter = p,
            .allowed = (uint32_t)((UINT64_C(1) << p->value_count) - 1) };
        try_all(f, true);
        if (f->out->fitting == 0)
            f->wanted_count--;
    }
}

static const char *list_values(struct arena *a, const struct wanted *w, uint32_t values) {
    struct text list = { .arena = a };
    for (uint32_t i = 0; i < w->parameter->value_count; i++)
        if (values >> i & 1)
            text_printf(&list, "%s%s", list.len ? ", " : "", w->parameter->values[i].at);
    return list.at;
}

/// Where nothing fits, what was given may be why: names the first choice without which something would.
static void doubt_given(struct fitting *f) {
    for (uint32_t i = 0; i < f->wanted_count; i++) {
        struct wanted *w = &f->wanted[i];
        uint32_t given = w->allowed;
        if (!w->is_given)
            continue;
        w->allowed = (uint32_t)((UINT64_C(1) << w->parameter->value_count) - 1);
        try_all(f, true);
        w->allowed = given;
        if (f->out->fitting > 0) {
            note(f, arena_printf(f->arena,
                            "%s=%s was given, but the announced heaps (the first in line %" PRIu64
                            ") are those of %s",
                            w->parameter->name.at, w->parameter->values[__builtin_ctz(given)].at,
                            f->boot->heaps.at[0].line, list_values(f->arena, w, w->possible)));
            return;
        }
    }
    note(f, "no choice of the target's parameters gives the announced heaps");
}

/// Looks for what fits the heaps, or else for what can be loaded at all.
static void look(struct fitting *f) {
    if (f->out->has_heaps) {
        try_all(f, true);
        try_without(f);
        try_settings(f);
        f->out->fits = f->out->fitting > 0;
    }
    if (f->out->has_heaps && !f->out->fits)
        doubt_given(f);
    if (!f->out->fits)
        try_all(f, false);
}

// ---- results

static void conclude(struct fitting *f, struct wanted *w) {
    struct device_choice *c = vec_push(f->arena, &f->out->choices);
    uint32_t values = w->possible;
    w->at = w->taken;
    c->parameter = w->parameter->name;
    c->is_given = w->is_given;
    c->taken = w->parameter->values[w->at];
    if ((values & (values - 1)) != 0) {
        c->value = STR("");
        c->open = list_values(f->arena, w, values);
        return;
    }
    c->value = w->parameter->values[w->at];
    c->line = w->line;
    c->source = w->is_given ? "given" : w->source;
    if (c->line == 0 && !w->is_given) {
        c->source = f->out->fits ? "the announced heaps fit no other value"
                                 : "what is known of the others goes with no other value";
        c->line = f->boot->heaps.len ? f->boot->heaps.at[0].line : 0;
        if (w->unknown != NULL)
            c->source = arena_printf(f->arena, "%s; the log says %s", c->source, w->unknown);
    }
}

/// Numbers that the log says outright.
static void conclude_numbers(struct fitting *f) {
    struct str name = parameter_of_symbol(&f->base, STR("SPIRAM_MALLOC_RESERVE_INTERNAL"));
    const struct device_fact *reserve = &f->boot->reserve;
    if (name.len == 0 || reserve->line == 0 || is_given(f->source, name))
        return;
    struct device_choice *c = vec_push(f->arena, &f->out->choices);
    *c = (struct device_choice){ .parameter = name,
        .value = str_from(arena_printf(f->arena, "%" PRIu64, reserve->number)),
        .taken = STR(""),
        .source = "printed in whole KB",
        .line = reserve->line };
}

/// PSRAM is announced when it is added: what became heaps, in whole KB.
static void compare_added(
        const struct fitting *f, const struct target_heap *h, struct device_region *r) {
    if (f->boot->psram_heap.line == 0)
        return;
    r->profile_bytes += h->bytes;
    r->measured_bytes += f->boot->psram_heap.number;
    r->heaps++;
}

static void compare_region(struct fitting *f, const struct target *t, uint32_t region) {
    struct device_region r = { .region = region };
    for (uint32_t i = 0; i < t->heap_count; i++) {
        const struct target_heap *h = &t->heaps[i];
        if (h->region == region && h->added && !h->carved)
            compare_added(f, h, &r);
        else if (h->region == region && !h->carved)
            r.profile_bytes += h->bytes;
    }
    for (size_t i = 0; i < f->boot->heaps.len; i++)
        if (device_fit_region(t, f->boot->heaps.at[i].start) == region) {
            r.measured_bytes += f->boot->heaps.at[i].bytes;
            r.heaps++;
        }
    if (r.profile_bytes == 0 && r.measured_bytes == 0)
        return;
    r.is_short = r.measured_bytes > r.profile_bytes;
    r.static_bytes = r.is_short ? 0 : r.profile_bytes - r.measured_bytes;
    *vec_push(f->arena, &f->out->regions) = r;
}

/// Says which announced heaps reach beyond the target's.
static void note_ends(struct fitting *f, const struct target *t) {
    for (size_t i = 0; f->out->fits && i < f->boot->heaps.len; i++) {
        const struct device_range *r = &f->boot->heaps.at[i];
        const struct target_heap *h = heap_around(t, r);
        uint64_t seen = end_of(counted(t, r).start, r->bytes);
        if (h != NULL && seen > h->start + h->bytes)
            note(f, arena_printf(f->arena,
                            "line %" PRIu64 ": %.*s ends at 0x%" PRIx64
                            ", the target's at 0x%" PRIx64,
                            r->line, STR_ARG(r->kind), seen, h->start + h->bytes));
    }
}

/// A value that the user gave leaves the heaps another end than those of the log have: what lies between would be taken for static data.
static void note_given(struct fitting *f, const struct target *t) {
    bool is_any_given = false;
    for (uint32_t i = 0; i < f->wanted_count; i++)
        is_any_given |= f->wanted[i].is_given;
    for (uint32_t i = 0; is_any_given && f->out->fits && i < t->heap_count; i++) {
        const struct target_heap *h = &t->heaps[i];
        if (is_announced_kind(h) && !end_is_announced(t, f->boot, h))
            note(f, arena_printf(f->arena,
                            "with the parameters given, the target's %s ends at 0x%" PRIx64
                            ", where no announced heap does",
                            h->name.at, h->start + h->bytes));
    }
}

/// Loads the target with what was concluded.
static bool load_result(struct fitting *f) {
    struct target *t = NEW(f->arena, struct target);
    if (!load(f, f->arena, t, f->err))
        return false;
    f->out->target = t;
    note_ends(f, t);
    note_given(f, t);
    for (uint32_t i = 0; f->out->has_heaps && i < t->region_count; i++)
        compare_region(f, t, i);
    return true;
}

bool device_fit(struct arena *a, const struct device_fit_source *source,
        const struct device_boot *boot, struct device_fit *out, struct err *err) {
    struct fitting *f = NEW(a, struct fitting);
    *out = (struct device_fit){ .has_heaps = boot->heaps.len > 0 };
    f->arena = a;
    f->source = source;
    f->boot = boot;
    f->out = out;
    f->err = err;
    if (source->option_count + PARAMETERS_MOST > OPTIONS_MOST)
        return fail(err, NULL, ERR_NO_OFFSET, "too many parameters are given");
    if (!target_load(a, source->name, source->folders, source->folder_count, source->options,
                source->option_count, &f->base, err))
        return false;
    find_parameters(f);
    pin_facts(f);
    look(f);
    if (out->fitting == 0)
        return fail(err, NULL, ERR_NO_OFFSET,
                "target '%.*s' refuses what the log says of it, in every combination",
                STR_ARG(f->base.name));
    for (uint32_t i = 0; i < f->wanted_count; i++)
        conclude(f, &f->wanted[i]);
    conclude_numbers(f);
    return load_result(f);
}

// ---- capabilities and regions

static bool counts_the_same(const struct target *t, uint32_t a, uint32_t b) {
    for (uint32_t i = 0; i < t->heap_count; i++)
        if (target_heap_has(&t->heaps[i], a) != target_heap_has(&t->heaps[i], b))
            return false;
    return true;
}

struct str device_fit_capability(const struct target *t, uint64_t caps) {
    if (caps == 0 || caps > UINT32_MAX)
        return STR("");
    for (uint32_t i = 0; i < t->capability_count; i++)
        if (t->capabilities[i].mask == caps)
            return t->capabilities[i].name;
    for (uint32_t i = 0; i < t->capability_count; i++) {
        uint32_t mask = t->capabilities[i].mask;
        if (mask != 0 && (mask & (uint32_t)caps) == mask &&
                counts_the_same(t, mask, (uint32_t)caps))
            return t->capabilities[i].name;
    }
    return STR("");
}

uint32_t device_fit_region(const struct target *t, uint64_t address) {
    return target_region_at(t, address, NULL);
}
