/// See link_closure.h. Sections to look at stand in a list, objects to take in another: no recursion, whatever refers to whatever.
#include "link_closure.h"

#include "hash.h"
#include "map64.h"
#include "vec.h"

#include <elf.h>

#ifndef SHF_GNU_RETAIN
#    define SHF_GNU_RETAIN (1u << 21)
#endif

/// Where a name is defined.
struct definition {
    uint32_t object;
    uint32_t symbol; ///< In its ELF file.
    uint32_t next;   ///< Index + 1 of an earlier one.
};

/// Several names may be very many definitions, so what a name means is found once.
struct name {
    struct str text;
    uint32_t other;  ///< Index + 1 of another name of the same hash.
    uint32_t newest; ///< Index + 1 of its newest definition.
    struct link_meanings meanings;
    uint32_t sure;    ///< Index + 1 of the definition that is surely meant; 0: none.
    bool is_member;   ///< The object that defines it is surely taken for it.
    bool is_resolved; ///< The two above are known.
};

struct place {
    uint32_t object, number;
};

struct link_names {
    struct arena *arena;
    struct arena scratch; ///< Relocations.
    const struct footprint *f;
    struct link_closure *c;
    struct map64 by_hash;
    struct {
        struct name *at;
        size_t len, room;
    } names;
    struct {
        struct definition *at;
        size_t len, room;
    } definitions;
    struct {
        struct place *at;
        size_t len, room;
    } sections_to_do;
    struct {
        uint32_t *at;
        size_t len, room;
    } objects_to_do;
};

// ---- objects and their sections ----

static void add_object(struct link_names *n, uint32_t number) {
    const struct footprint_object *from = &n->f->objects.at[number];
    struct link_object *o = &n->c->objects[number];
    if (!from->elf || from->elf->type != ET_REL) {
        return;
    }
    *o = (struct link_object){ .elf = from->elf, .is_alone = from->archive.len == 0 };
    o->sections = NEW_ARRAY(n->arena, struct link_section, from->elf->section_count + 1u);
    for (uint32_t i = 0; i <= from->elf->section_count; i++) {
        o->sections[i].section = FOOTPRINT_NONE;
    }
}

/// The footprint knows objects of a linker's map, too; those have no sections of their own there.
static void add_objects(struct link_names *n) {
    const struct footprint *f = n->f;
    bool *is_there = NEW_ARRAY(n->arena, bool, f->objects.len + 1);
    n->c->objects = NEW_ARRAY(n->arena, struct link_object, f->objects.len + 1);
    for (size_t i = 0; i < f->sections.len; i++) {
        const struct footprint_section *s = &f->sections.at[i];
        if (s->object == FOOTPRINT_NONE || s->is_dropped) {
            continue;
        }
        if (!is_there[s->object]) {
            is_there[s->object] = true;
            add_object(n, s->object);
        }
        if (n->c->objects[s->object].elf) {
            n->c->objects[s->object].sections[s->number].section = (uint32_t)i;
        }
    }
}

// ---- groups ----

/// Index of the group of that name + 1.
static uint32_t group_of(struct link_names *n, struct map64 *known, struct str name) {
    bool is_new;
    uint64_t *index = map64_put(known, n->arena, hash_str(HASH_SEED, name), &is_new);
    if (is_new) {
        *index = n->c->groups.len;
        *vec_push(n->arena, &n->c->groups) =
                (struct link_group){ .name = name, .last = FOOTPRINT_NONE };
    }
    bool is_it = str_equal(n->c->groups.at[*index].name, name);
    return is_it ? (uint32_t)*index + 1 : 0; // Two names of one hash: that copy counts by itself.
}

/// What was counted of the copy looked at last is all of it.
static void end_copy(struct link_group *g) {
    if (g->last == FOOTPRINT_NONE) {
        return;
    }
    g->differs = g->differs || (g->copies > 0 && g->bytes != g->last_bytes);
    if (g->copies++ == 0 || g->last_bytes > g->bytes) {
        g->bytes = g->last_bytes;
        g->object = g->last;
    }
}

static void add_to_group(
        struct link_names *n, struct map64 *known, uint32_t object, uint32_t number) {
    const struct link_object *o = &n->c->objects[object];
    uint32_t group = group_of(n, known, elf_file_group_name(o->elf, number));
    o->sections[number].group = group;
    if (group == 0) {
        return;
    }
    struct link_group *g = &n->c->groups.at[group - 1];
    if (g->last != object) {
        end_copy(g);
        g->last = object;
        g->last_bytes = 0;
    }
    bool is_loaded = o->sections[number].section != FOOTPRINT_NONE;
    g->last_bytes += is_loaded ? o->elf->sections[number].size_bytes : 0;
}

static void find_groups(struct link_names *n) {
    struct map64 known = { .slots = NULL };
    for (uint32_t i = 0; i < n->f->objects.len; i++) {
        const struct elf_file *elf = n->c->objects[i].elf;
        for (uint32_t number = 1; elf && number < elf->section_count; number++) {
            if (elf->sections[number].group != 0) {
                add_to_group(n, &known, i, number);
            }
        }
    }
    for (size_t i = 0; i < n->c->groups.len; i++) {
        end_copy(&n->c->groups.at[i]);
    }
}

bool link_closure_is_copy(const struct link_closure *c, uint32_t object, uint32_t number) {
    uint32_t group = c->objects[object].sections[number].group;
    return group != 0 && c->groups.at[group - 1].object != object;
}

// ---- names ----

static struct name *find_name(struct link_names *n, struct str text) {
    const uint64_t *index = map64_find(&n->by_hash, hash_str(HASH_SEED, text));
    for (uint64_t i = index ? *index : 0; i != 0; i = n->names.at[i - 1].other) {
        if (str_equal(n->names.at[i - 1].text, text)) {
            return &n->names.at[i - 1];
        }
    }
    return NULL;
}

static struct name *name_of(struct link_names *n, struct str text) {
    struct name *known = find_name(n, text);
    if (known) {
        return known;
    }
    uint64_t *newest = map64_put(&n->by_hash, n->arena, hash_str(HASH_SEED, text), NULL);
    struct name *name = vec_push(n->arena, &n->names);
    *name = (struct name){ .text = text, .other = (uint32_t)*newest };
    *newest = n->names.len;
    return name;
}

static bool is_definition(const struct elf_symbol *s) {
    bool is_there = s->place == ELF_IN_SECTION || elf_symbol_is_common(s);
    return is_there && s->binding != STB_LOCAL && s->name.len != 0;
}

static bool is_strong_alone(const struct link_object *o, const struct elf_symbol *s) {
    return o->is_alone && s->binding == STB_GLOBAL && s->place == ELF_IN_SECTION;
}

static void add_definition(struct link_names *n, uint32_t object, uint32_t symbol) {
    const struct link_object *o = &n->c->objects[object];
    struct name *name = name_of(n, o->elf->symbols[symbol].name);
    *vec_push(n->arena, &n->definitions) =
            (struct definition){ .object = object, .symbol = symbol, .next = name->newest };
    name->newest = (uint32_t)n->definitions.len;
    name->meanings.all++;
    name->meanings.strong_alone += is_strong_alone(o, &o->elf->symbols[symbol]);
}

static void find_definitions(struct link_names *n) {
    for (uint32_t i = 0; i < n->f->objects.len; i++) {
        const struct elf_file *elf = n->c->objects[i].elf;
        for (uint32_t k = 1; elf && k < elf->symbol_count; k++) {
            if (is_definition(&elf->symbols[k])) {
                add_definition(n, i, k);
            }
        }
    }
}

static const struct elf_symbol *symbol_of(const struct link_names *n, const struct definition *d) {
    return &n->c->objects[d->object].elf->symbols[d->symbol];
}

/// Number of the group that a symbol is defined in; 0: in none.
static uint32_t group_at(const struct link_names *n, uint32_t object, const struct elf_symbol *s) {
    return s->place == ELF_IN_SECTION ? n->c->objects[object].sections[s->section].group : 0;
}

/// Whether all definitions of the name are copies of one group.
static bool is_one_group(const struct link_names *n, const struct name *name) {
    const struct definition *newest = &n->definitions.at[name->newest - 1];
    uint32_t group = group_at(n, newest->object, symbol_of(n, newest));
    for (uint32_t i = newest->next; group != 0 && i != 0; i = n->definitions.at[i - 1].next) {
        const struct definition *d = &n->definitions.at[i - 1];
        group = group_at(n, d->object, symbol_of(n, d)) == group ? group : 0;
    }
    return group != 0;
}

/// The oldest definition, but one in an object given by itself first; with `is_strong` none but a strong one there.
static uint32_t first_definition(
        const struct link_names *n, const struct name *name, bool is_strong) {
    uint32_t found = 0;
    for (uint32_t i = name->newest; i != 0; i = n->definitions.at[i - 1].next) {
        const struct definition *d = &n->definitions.at[i - 1];
        const struct link_object *o = &n->c->objects[d->object];
        bool is_better = found == 0 || o->is_alone ||
                         !n->c->objects[n->definitions.at[found - 1].object].is_alone;
        bool may_be = !is_strong || is_strong_alone(o, symbol_of(n, d));
        found = may_be && is_better ? i : found;
    }
    return found;
}

static void resolve(const struct link_names *n, struct name *name) {
    bool is_only = name->meanings.all == 1;
    bool is_strong = name->meanings.strong_alone == 1;
    if (is_only || is_strong || is_one_group(n, name)) {
        name->sure = first_definition(n, name, is_strong && !is_only);
    }
    name->is_member = is_only;
    name->is_resolved = true;
}

/// The definition that the name surely means; NULL when there is none. `*is_member` is whether its object is surely taken for it.
static const struct definition *meaning_of(struct link_names *n, struct str text, bool *is_member) {
    struct name *name = find_name(n, text);
    *is_member = false;
    if (!name) {
        return NULL;
    }
    if (!name->is_resolved) {
        resolve(n, name);
    }
    *is_member = name->is_member;
    return name->sure ? &n->definitions.at[name->sure - 1] : NULL;
}

// ---- reaching ----

static void take(struct link_names *n, uint32_t object) {
    if (!n->c->objects[object].is_taken) {
        n->c->objects[object].is_taken = true;
        *vec_push(n->arena, &n->objects_to_do) = object;
    }
}

static void keep(struct link_names *n, uint32_t object, uint32_t number) {
    struct link_section *s = &n->c->objects[object].sections[number];
    if (!s->stays) {
        s->stays = true;
        *vec_push(n->arena, &n->sections_to_do) = (struct place){ object, number };
    }
}

/// Keeps the group's copy in `object`, unless another's was reached before.
static void keep_group(struct link_names *n, uint32_t group, uint32_t object) {
    struct link_group *g = &n->c->groups.at[group - 1];
    const struct link_object *o = &n->c->objects[object];
    if (g->differs || g->is_reached) {
        return;
    }
    g->is_reached = true;
    g->object = object;
    for (uint32_t i = 1; i < o->elf->section_count; i++) {
        if (o->sections[i].group == group) {
            keep(n, object, i);
        }
    }
}

static void reach(struct link_names *n, uint32_t object, uint32_t number) {
    uint32_t group = n->c->objects[object].sections[number].group;
    if (group != 0) {
        keep_group(n, group, object);
    } else {
        keep(n, object, number);
    }
}

/// Reaches what the symbol `s` of object `asker` (FOOTPRINT_NONE: of none) means. Of a group the asker's own copy is as good as any.
static void reach_name(struct link_names *n, const struct elf_symbol *s, uint32_t asker) {
    bool is_member;
    const struct definition *d = meaning_of(n, s->name, &is_member);
    bool is_weak = s->binding == STB_WEAK && s->place == ELF_UNDEFINED;
    if (!d || (is_weak && !n->c->objects[d->object].is_taken)) {
        return;
    }
    const struct elf_symbol *defined = symbol_of(n, d);
    uint32_t group = group_at(n, d->object, defined);
    bool is_own = asker != FOOTPRINT_NONE && group != 0 && group_at(n, asker, s) == group;
    if (is_member) {
        take(n, d->object);
    }
    reach(n, is_own ? asker : d->object,
            is_own                         ? s->section
            : defined->place == ELF_COMMON ? 0
                                           : defined->section);
}

static void follow(struct link_names *n, struct place from) {
    const struct elf_file *elf = n->c->objects[from.object].elf;
    size_t count;
    const struct elf_relocation *list = elf_file_relocations(&n->scratch, elf, from.number, &count);
    for (size_t i = 0; from.number != 0 && i < count; i++) {
        const struct elf_symbol *s =
                list[i].symbol == UINT32_MAX ? NULL : &elf->symbols[list[i].symbol];
        bool is_own = s && s->place == ELF_IN_SECTION && s->binding != STB_WEAK;
        if (is_own) {
            reach(n, from.object, s->section);
        } else if (s && s->place != ELF_ABSOLUTE) {
            reach_name(n, s, from.object);
        }
    }
}

// ---- taking ----

/// Sections that linkers' own scripts keep, whoever refers to them (KEEP in the output of ld --verbose).
static bool is_kept(const struct elf_section *s) {
    static const char *const globs[] = { ".init", ".fini", ".init_array*", ".fini_array*",
        ".preinit_array*", ".ctors*", ".dtors*" };
    if (s->flags & SHF_GNU_RETAIN) {
        return true;
    }
    for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++) {
        if (str_matches(s->name, str_from(globs[i]))) {
            return true;
        }
    }
    return false;
}

/// What an object asks for is taken even if the section that asks is dropped later.
static void look_through(struct link_names *n, uint32_t object) {
    const struct elf_file *elf = n->c->objects[object].elf;
    for (uint32_t i = 1; i < elf->section_count; i++) {
        if (is_kept(&elf->sections[i])) {
            reach(n, object, i);
        }
    }
    for (size_t i = 1; i < elf->symbol_count; i++) {
        const struct elf_symbol *s = &elf->symbols[i];
        bool is_member = false;
        if (s->place == ELF_UNDEFINED && s->binding == STB_GLOBAL) {
            const struct definition *d = meaning_of(n, s->name, &is_member);
            if (d && is_member) {
                take(n, d->object);
            }
        }
    }
}

static void finish(struct link_names *n) {
    for (;;) {
        if (n->objects_to_do.len > 0) {
            look_through(n, n->objects_to_do.at[--n->objects_to_do.len]);
        } else if (n->sections_to_do.len > 0) {
            follow(n, n->sections_to_do.at[--n->sections_to_do.len]);
        } else {
            return;
        }
    }
}

// ---- roots ----

static bool is_entry(struct str name) {
    static const char *const names[] = { "main", "_start", "app_main", "Reset_Handler",
        "call_start_cpu0" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_equal(name, str_from(names[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_root(const struct elf_symbol *s) {
    return s->place == ELF_IN_SECTION && !s->is_mark && s->name.len != 0;
}

/// A root in a group that several objects have may be any of these.
static void reach_root(struct link_names *n, uint32_t object, const struct elf_symbol *s) {
    uint32_t group = n->c->objects[object].sections[s->section].group;
    if (group == 0 || n->c->groups.at[group - 1].copies == 1) {
        take(n, object);
    }
    reach(n, object, s->section);
}

static bool reach_glob(struct link_names *n, struct str glob) {
    bool is_found = false;
    for (uint32_t i = 0; i < n->f->objects.len; i++) {
        const struct elf_file *elf = n->c->objects[i].elf;
        for (size_t k = 1; elf && k < elf->symbol_count; k++) {
            if (is_root(&elf->symbols[k]) && str_matches(elf->symbols[k].name, glob)) {
                reach_root(n, i, &elf->symbols[k]);
                is_found = true;
            }
        }
    }
    return is_found;
}

static void reach_entries(struct link_names *n) {
    for (uint32_t i = 0; i < n->f->objects.len; i++) {
        const struct link_object *o = &n->c->objects[i];
        if (!o->elf || !o->is_alone) {
            continue;
        }
        take(n, i);
        for (size_t k = 1; k < o->elf->symbol_count; k++) {
            const struct elf_symbol *s = &o->elf->symbols[k];
            if (is_root(s) && s->binding != STB_LOCAL && is_entry(s->name)) {
                reach(n, i, s->section);
            }
        }
    }
}

static void reach_like(struct link_names *n, const struct elf_file *like) {
    for (size_t i = 1; like && i < like->symbol_count; i++) {
        const struct elf_symbol *s = &like->symbols[i];
        bool is_named = s->type == STT_FUNC || s->type == STT_OBJECT || s->type == STT_TLS;
        if (is_named && is_root(s) && s->binding != STB_LOCAL) {
            reach_name(n, s, FOOTPRINT_NONE);
        }
    }
}

static bool has_object_alone(const struct link_names *n) {
    for (size_t i = 0; i < n->f->objects.len; i++) {
        if (n->c->objects[i].elf && n->c->objects[i].is_alone) {
            return true;
        }
    }
    return false;
}

struct link_meanings link_closure_meanings(const struct link_closure *c, struct str text) {
    const struct name *name = find_name(c->names, text);
    return name ? name->meanings : (struct link_meanings){ .all = 0 };
}

bool link_closure_find(struct link_closure *c, struct arena *a, const struct footprint *f,
        const char *const *roots, uint32_t root_count, const struct elf_file *like,
        struct err *err) {
    *c = (struct link_closure){ .names = NEW(a, struct link_names) };
    struct link_names *n = c->names;
    *n = (struct link_names){ .arena = a, .f = f, .c = c };
    add_objects(n);
    find_groups(n);
    if (root_count == 0 && !like && !has_object_alone(n)) {
        return true;
    }
    find_definitions(n);
    for (uint32_t i = 0; i < root_count; i++) {
        if (!reach_glob(n, str_from(roots[i]))) {
            return fail(err, NULL, ERR_NO_OFFSET,
                    "no object defines a symbol '%s': roots are names as the linker has them, or "
                    "globs",
                    roots[i]);
        }
    }
    reach_entries(n);
    reach_like(n, like);
    finish(n);
    arena_clear(&n->scratch);
    return true;
}
