/// A linker fragment for ESP-IDF from a plan's `static` lines: which archive's, object's, symbol's data goes where.
///
/// Written as tools/ldgen reads it (docs/en/api-guides/linker-script-generation.rst). The schemes are our own: the one named extram_bss lives in components/esp_wifi/linker.lf, and
/// a build without Wi-Fi has none, silently. Fragments place archives, objects and symbols by name: no globs.
#include "emit.h"

#include <inttypes.h>

/// Kind and memory, and what ldgen calls the two.
static const struct place {
    enum footprint_kind kind;
    const char *memory;
    const char *entries; ///< Of the scheme.
    const char *needs;   ///< Symbol of the configuration; NULL.
} places[] = {
    { FOOTPRINT_ZERO, "psram", "    bss -> extern_ram\n    common -> extern_ram\n",
            "ESP_ALLOW_BSS_SEG_EXTERNAL_MEMORY" },
    { FOOTPRINT_ZERO, "internal", "    bss -> dram0_bss\n    common -> dram0_bss\n", NULL },
    { FOOTPRINT_CONSTANT, "flash", "    rodata -> flash_rodata\n", NULL },
    { FOOTPRINT_CONSTANT, "internal", "    rodata -> dram0_data\n", NULL },
    { FOOTPRINT_DATA, "internal", "    data -> dram0_data\n", NULL },
    { FOOTPRINT_CODE, "flash", "    text -> flash_text\n", NULL },
    { FOOTPRINT_CODE, "internal", "    text -> iram0_text\n", NULL },
    { FOOTPRINT_CODE, "iram", "    text -> iram0_text\n",
            NULL }, // of a chip whose data RAM takes no code
};
enum { PLACES = sizeof places / sizeof places[0] };

static const struct place *place_of(const struct plan_static *s) {
    for (unsigned i = 0; i < PLACES; i++)
        if (places[i].kind == s->kind && str_equal(s->memory, str_from(places[i].memory)))
            return &places[i];
    return NULL;
}

static bool has_glob(struct str s) {
    for (size_t i = 0; i < s.len; i++)
        if (strchr("*?[", s.at[i]) != NULL)
            return true;
    return false;
}

/// Whether a fragment can say it; else a warning.
static bool can_be_said(struct emit *e, const struct plan_static *s) {
    struct str object = s->object;
    if (str_ends_with(object, STR(".*")))
        object.len -= 2; // ldgen's objects have no suffix anyway
    const char *why = place_of(s) == NULL ? "ESP-IDF's linker script has no such place"
                      : has_glob(s->archive) || has_glob(object) || has_glob(s->symbol)
                              ? "a linker fragment takes names, no globs"
                              : NULL;
    if (why)
        emit_warn(e, "line %" PRIu32 ", 'static %.*s': not written: %s", s->line,
                STR_ARG(plan_static_name(e->a, s)), why);
    return why == NULL;
}

static bool is_used(struct emit *e, const struct place *p) {
    for (size_t i = 0; i < e->plan->statics.len; i++)
        if (place_of(&e->plan->statics.at[i]) == p)
            return true;
    return false;
}

static void schemes(struct emit *e, struct text *out) {
    for (unsigned i = 0; i < PLACES; i++)
        if (is_used(e, &places[i]))
            text_printf(out, "\n[scheme:ramlens_%s_%s]\nentries:\n%s",
                    footprint_kind_names[places[i].kind], places[i].memory, places[i].entries);
}

/// "core" of "core.c.obj", as ldgen names objects.
static struct str object_name(struct str object) {
    const char *dot = object.len ? memchr(object.at, '.', object.len) : NULL;
    return dot ? (struct str){ object.at, (size_t)(dot - object.at) } : object;
}

static void entry(struct text *out, const struct plan_static *s, const char *indent) {
    const struct place *p = place_of(s);
    text_printf(out, "%s%.*s%s%.*s (ramlens_%s_%s)\n", indent,
            STR_ARG(s->object.len ? object_name(s->object) : STR("*")), s->symbol.len ? ":" : "",
            STR_ARG(s->symbol), footprint_kind_names[p->kind], p->memory);
}

/// All lines of one archive: ldgen takes one mapping for each.
static void mapping(struct emit *e, struct text *out, size_t first, bool *done) {
    const struct plan_statics *all = &e->plan->statics;
    struct str archive = all->at[first].archive;
    bool any_needs = false;
    text_printf(out, "\n[mapping:ramlens_%s]\narchive: %.*s\nentries:\n",
            emit_identifier(e->a, archive), STR_ARG(archive));
    for (size_t i = first; i < all->len; i++) {
        const struct plan_static *s = &all->at[i];
        if (done[i] || !str_equal(s->archive, archive))
            continue;
        const struct place *p = place_of(s);
        any_needs |= p->needs != NULL;
        done[i] = p->needs == NULL;
        if (p->needs == NULL)
            entry(out, s, "    ");
    }
    if (any_needs)
        text_printf(out, "    if ESP_ALLOW_BSS_SEG_EXTERNAL_MEMORY = y:\n");
    for (size_t i = first; any_needs && i < all->len; i++) {
        const struct plan_static *s = &all->at[i];
        if (done[i] || !str_equal(s->archive, archive))
            continue;
        entry(out, s, "        ");
        done[i] = true;
    }
    if (any_needs)
        text_printf(out, "    else:\n        * (default)\n");
}

bool emit_linker_needs_external(const struct emit *e) {
    for (size_t i = 0; i < e->plan->statics.len; i++) {
        const struct place *p = place_of(&e->plan->statics.at[i]);
        if (p && p->needs)
            return true;
    }
    return false;
}

void emit_linker(struct emit *e) {
    const struct plan_statics *all = &e->plan->statics;
    bool *done = NEW_ARRAY(e->a, bool, all->len + 1);
    bool any = false;
    for (size_t i = 0; i < all->len; i++) {
        done[i] = !can_be_said(e, &all->at[i]);
        any |= !done[i];
    }
    if (!any)
        return;
    struct text *out = emit_file(e, "ramlens.lf");
    struct text about = { .arena = e->a };
    emit_head(e, &about,
            "where static data lies: a linker fragment. Name it behind LDFRAGMENTS in the main "
            "component's idf_component_register().");
    text_printf(&about, "A component's own fragment that names the same archive stands against it: "
                        "ldgen reports "
                        "a conflict then, and one of the two must go. Zero data in external RAM is "
                        "cleared by the "
                        "PSRAM component: nothing may use it before that.\n");
    emit_comment(out, '#', text_str(&about));
    schemes(e, out);
    for (size_t i = 0; i < all->len; i++)
        if (!done[i])
            mapping(e, out, i, done);
}
