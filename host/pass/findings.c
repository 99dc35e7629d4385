// See findings.h.
#include "findings.h"

#include "map64.h"

// ---- what could lie elsewhere

/// A memory that can hold `kind` and is not the first region; false when there is none.
static bool elsewhere(const struct target *t, uint32_t kind, struct finding_static *out) {
    for (uint32_t i = 0; i < t->store_count; i++)
        if (t->stores[i].holds & kind) {
            out->memory = t->stores[i].name;
            out->price = t->stores[i].price;
            return true;
        }
    for (uint32_t i = 1; i < t->region_count; i++)
        if ((t->regions[i].holds & kind) && t->regions[i].price.len) {
            out->memory = t->regions[i].name;
            out->price = t->regions[i].price;
            return true;
        }
    return false;
}

static uint32_t bit_of(enum footprint_kind kind) {
    return kind == FOOTPRINT_ZERO                                   ? TARGET_STATIC_ZERO
           : kind == FOOTPRINT_CONSTANT || kind == FOOTPRINT_STRING ? TARGET_STATIC_CONSTANT
                                                                    : 0;
}

static bool is_in_first_region(const struct footprint *f, const struct footprint_item *item) {
    uint32_t memory = f->sections.at[item->section].memory;
    bool is_there = item->fate == FOOTPRINT_LINKED
                            ? memory != MEMORY_NONE && f->memories.list[memory].region == 0
                            : item->fate == FOOTPRINT_STAYS && item->kind == FOOTPRINT_ZERO;
    return is_there && !item->must_be_internal && item->object != FOOTPRINT_NONE;
}

/// Sums by archive and kind; the largest sum is what is looked for.
static void find_static(struct arena *a, const struct findings_input *in, const struct footprint *f,
        struct findings *out) {
    struct map64 sums = { .slots = NULL };
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        struct finding_static found = {
            .found = true, .kind = (enum footprint_kind)item->kind, .component = item->component
        };
        if (!is_in_first_region(f, item) || bit_of(found.kind) == 0 ||
                !elsewhere(in->target, bit_of(found.kind), &found))
            continue;
        const struct footprint_object *o = &f->objects.at[item->object];
        found.archive = str_base_name(o->archive.len ? o->archive : o->member);
        uint64_t key = (uint64_t)(uintptr_t)(o->archive.len ? o->archive.at : o->member.at);
        uint64_t *sum = map64_put(&sums, a, key * FOOTPRINT_KINDS + item->kind, NULL);
        *sum += item->bytes;
        found.bytes = *sum;
        if (found.bytes > out->largest.bytes)
            out->largest = found;
    }
}

static void find_site(const struct findings_input *in, struct findings *out) {
    const struct placement_moment *m = in->moment;
    for (uint32_t i = 0; m && i < m->site_count && i < in->site_count; i++)
        if (m->site_bytes[i] > out->site.bytes)
            out->site =
                    (struct finding_site){ .found = true, .site = i, .bytes = m->site_bytes[i] };
}

// ---- what a choice leaves

/// Bytes of the first region that its heaps have, with one more option; 0 when the target refuses it.
static uint64_t heap_with(struct arena *a, const struct findings_input *in, const char *option) {
    struct target t;
    struct err refused = { .text = "" };
    const char **options = NEW_ARRAY(a, const char *, in->option_count + 1u);
    for (uint32_t i = 0; i < in->option_count; i++)
        options[i] = in->options[i];
    options[in->option_count] = option;
    bool done = target_load(a, in->target_name, in->folders, in->folder_count, options,
            in->option_count + 1, &t, &refused);
    return done ? t.regions[0].heap_bytes : 0;
}

static void try_parameters(struct arena *a, const struct findings_input *in, struct findings *out) {
    int64_t now = (int64_t)in->target->regions[0].heap_bytes;
    for (uint32_t i = 0; i < in->target->parameter_count; i++) {
        const struct target_parameter *p = &in->target->parameters[i];
        for (uint32_t v = 0; p->price.len && v < p->value_count; v++) {
            const char *option = arena_printf(a, "%s=%s", p->name.at, p->values[v].at);
            int64_t more = v == p->chosen ? 0 : (int64_t)heap_with(a, in, option) - now;
            if (more > out->option.bytes)
                out->option = (struct finding_option){ .found = true,
                    .option = option,
                    .now = p->values[p->chosen].at,
                    .about = p->about,
                    .bytes = more,
                    .price = p->price };
        }
    }
}

static void try_options(struct arena *a, const struct findings_input *in, struct findings *out) {
    struct kconfig k;
    kconfig_read(a, in->target, in->configuration, &k);
    for (size_t i = 0; i < k.costs.len; i++) {
        const struct kconfig_cost *c = &k.costs.at[i];
        bool is_better = c->option->region == 0 && c->saves > out->option.bytes;
        if (!is_better)
            continue;
        out->option = (struct finding_option){ .found = true,
            .option = arena_printf(a, "%s=%llu", c->option->symbol.at,
                    (unsigned long long)(c->option->each_bytes < 0 ? 1 : c->option->least)),
            .now = arena_printf(a, "%llu", (unsigned long long)c->value),
            .about = c->option->about,
            .bytes = c->saves,
            .price = c->option->price,
            .is_symbol = true };
    }
}

void findings_make(struct arena *a, const struct findings_input *in, struct findings *out) {
    *out = (struct findings){ .largest = { .found = false } };
    if (in->device)
        find_static(a, in, in->device, out);
    else if (in->archives)
        find_static(a, in, in->archives, out);
    find_site(in, out);
    try_parameters(a, in, out);
    try_options(a, in, out);
}
