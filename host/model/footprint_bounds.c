/// What a linker would keep of objects and archives. Duplicates first, by name and contents; then, from the roots, what is reached: a
/// graph of sections whose edges are relocations, walked with a list of what is still to be looked at.
#include "footprint_objects.h"

#include "map64.h"
#include "vec.h"

#include <elf.h>

/// Where a name is defined.
struct definition {
    struct str name;
    uint32_t object;
    uint32_t symbol; ///< In its ELF file.
    uint32_t next;   ///< Index + 1 of another of the same hash.
};

/// A section of an object.
struct node {
    uint32_t section; ///< Index into footprint.sections; FOOTPRINT_NONE: nothing that is loaded.
    bool is_duplicate;
    bool stays;
};

/// An object's part of the graph.
struct part {
    const struct elf_file *elf;
    struct node *nodes; ///< By number of the section in its ELF file; [0] is COMMON's.
    bool is_taken;      ///< Out of its archive, or given by itself.
};

struct bounds {
    struct footprint *f;
    struct arena *a;
    struct part *parts; ///< By object.
    struct {
        struct definition *at;
        size_t len, room;
    } definitions;
    struct map64 by_name; ///< Hash of a name to its first definition + 1.
    struct {
        struct reached {
            uint32_t object, number;
        } * at;
        size_t len, room;
    } todo;
};

static uint64_t hash_of(struct str s, uint64_t seed) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed;
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

// ---- parts

static void find_parts(struct bounds *b) {
    struct footprint *f = b->f;
    b->parts = NEW_ARRAY(b->a, struct part, f->objects.len + 1);
    for (size_t i = 0; i < f->objects.len; i++) {
        const struct footprint_object *o = &f->objects.at[i];
        bool is_before_linking = o->elf && o->elf->type == ET_REL;
        if (!is_before_linking)
            continue;
        b->parts[i].elf = o->elf;
        b->parts[i].nodes = NEW_ARRAY(b->a, struct node, o->elf->section_count + 1u);
        for (uint32_t k = 0; k <= o->elf->section_count; k++)
            b->parts[i].nodes[k].section = FOOTPRINT_NONE;
    }
    for (size_t i = 0; i < f->sections.len; i++) {
        const struct footprint_section *s = &f->sections.at[i];
        if (s->object != FOOTPRINT_NONE && b->parts[s->object].elf)
            b->parts[s->object].nodes[s->number].section = (uint32_t)i;
    }
}

// ---- duplicates

/// The first group of a name is kept.
static void drop_groups(struct bounds *b) {
    struct map64 seen = { .slots = NULL };
    for (uint32_t i = 0; i < b->f->objects.len; i++) {
        const struct elf_file *elf = b->parts[i].elf;
        for (uint32_t n = 1; elf && n < elf->section_count; n++) {
            if (elf->sections[n].group == 0)
                continue;
            bool is_new;
            uint64_t *owner =
                    map64_put(&seen, b->a, hash_of(elf_file_group_name(elf, n), 1), &is_new);
            if (is_new)
                *owner = i;
            b->parts[i].nodes[n].is_duplicate = *owner != i;
        }
    }
}

static bool is_common(const struct footprint *f, const struct footprint_item *item) {
    const struct footprint_section *s = &f->sections.at[item->section];
    return s->object != FOOTPRINT_NONE && s->number == 0;
}

/// Of COMMON blocks of one name the largest stays, and none where a variable of that name is defined.
static void drop_commons(struct bounds *b) {
    struct footprint *f = b->f;
    struct map64 largest = { .slots = NULL };
    for (size_t i = 0; i < f->items.len; i++) {
        const struct footprint_item *item = &f->items.at[i];
        if (!is_common(f, item))
            continue;
        uint64_t *best = map64_put(&largest, b->a, hash_of(item->symbol, 2), NULL);
        if (*best == 0 || f->items.at[*best - 1].bytes < item->bytes)
            *best = i + 1;
    }
    for (size_t i = 0; i < f->items.len; i++) {
        struct footprint_item *item = &f->items.at[i];
        if (!is_common(f, item))
            continue;
        bool is_defined = map64_find(&b->by_name, hash_of(item->symbol, 0)) != NULL;
        const uint64_t *best = map64_find(&largest, hash_of(item->symbol, 2));
        if (is_defined || best == NULL || *best != i + 1)
            item->fate = FOOTPRINT_DUPLICATE;
    }
}

static struct str text_of(const struct bounds *b, const struct footprint_item *item) {
    const struct footprint_section *s = &b->f->sections.at[item->section];
    const struct elf_file *elf = s->object == FOOTPRINT_NONE ? NULL : b->parts[s->object].elf;
    if (!elf || s->number == 0 || !(elf->sections[s->number].flags & SHF_MERGE) || s->is_nobits)
        return STR("");
    return (struct str){ elf->bytes.at + elf->sections[s->number].file_offset + item->address,
        item->bytes };
}

/// Of equal entries of sections of one name one stays. That a string may also be the end of another is for the linker to see.
static void drop_strings(struct bounds *b) {
    struct footprint *f = b->f;
    struct map64 seen = { .slots = NULL };
    for (size_t i = 0; i < f->items.len; i++) {
        struct footprint_item *item = &f->items.at[i];
        struct str text = item->kind == FOOTPRINT_STRING ? text_of(b, item) : STR("");
        if (text.len == 0)
            continue;
        bool is_new;
        uint64_t key = hash_of(text, hash_of(f->sections.at[item->section].name, 3));
        uint64_t *first = map64_put(&seen, b->a, key, &is_new);
        if (is_new)
            *first = i;
        else if (str_equal(text_of(b, &f->items.at[*first]), text))
            item->fate = FOOTPRINT_DUPLICATE;
    }
}

// ---- names

static void define(struct bounds *b, uint32_t object, uint32_t symbol, struct str name) {
    uint64_t *first = map64_put(&b->by_name, b->a, hash_of(name, 0), NULL);
    *vec_push(b->a, &b->definitions) = (struct definition){
        .name = name, .object = object, .symbol = symbol, .next = (uint32_t)*first
    };
    *first = b->definitions.len;
}

static void find_definitions(struct bounds *b) {
    for (uint32_t i = 0; i < b->f->objects.len; i++) {
        const struct elf_file *elf = b->parts[i].elf;
        for (uint32_t s = 1; elf && s < elf->symbol_count; s++) {
            const struct elf_symbol *symbol = &elf->symbols[s];
            if (symbol->binding != STB_LOCAL && symbol->place == ELF_IN_SECTION &&
                    !b->parts[i].nodes[symbol->section].is_duplicate)
                define(b, i, s, symbol->name);
        }
    }
}

static const struct elf_symbol *symbol_of(const struct bounds *b, const struct definition *d) {
    return &b->parts[d->object].elf->symbols[d->symbol];
}

/// The definition that a linker takes: a strong one before a weak one, of several the first.
static const struct definition *find_definition(struct bounds *b, struct str name) {
    const uint64_t *first = map64_find(&b->by_name, hash_of(name, 0));
    const struct definition *found = NULL;
    for (uint64_t i = first ? *first : 0; i != 0; i = b->definitions.at[i - 1].next) {
        const struct definition *d = &b->definitions.at[i - 1];
        bool is_weak = symbol_of(b, d)->binding == STB_WEAK;
        // The chain begins with the last one.
        if (str_equal(d->name, name) &&
                (found == NULL || !is_weak || symbol_of(b, found)->binding == STB_WEAK))
            found = d;
    }
    return found;
}

// ---- reaching

static void reach(struct bounds *b, uint32_t object, uint32_t number);

/// What a linker keeps of an object that it takes, whoever refers to it (KEEP in every linker's own script).
static bool is_kept(struct str section) {
    static const char *const globs[] = { ".init", ".fini", ".init_array*", ".fini_array*",
        ".preinit_array*", ".ctors*", ".dtors*" };
    for (size_t i = 0; i < sizeof globs / sizeof globs[0]; i++)
        if (str_matches(section, str_from(globs[i])))
            return true;
    return false;
}

static void take(struct bounds *b, uint32_t object) {
    struct part *p = &b->parts[object];
    if (p->is_taken)
        return;
    p->is_taken = true;
    for (uint32_t n = 1; n < p->elf->section_count; n++)
        if (is_kept(p->elf->sections[n].name))
            reach(b, object, n);
}

static void reach(struct bounds *b, uint32_t object, uint32_t number) {
    struct node *n = &b->parts[object].nodes[number];
    if (n->stays || n->is_duplicate)
        return;
    n->stays = true;
    *vec_push(b->a, &b->todo) = (struct reached){ object, number };
    take(b, object);
}

static void reach_name(struct bounds *b, struct str name) {
    const struct definition *d = name.len ? find_definition(b, name) : NULL;
    if (d)
        reach(b, d->object, symbol_of(b, d)->section);
}

/// A COMMON block is kept whole, by its name.
static void reach_common(struct bounds *b, uint32_t object) {
    if (b->parts[object].nodes[0].section != FOOTPRINT_NONE)
        b->parts[object].nodes[0].stays = true;
}

static void follow(struct bounds *b, struct reached from) {
    const struct elf_file *elf = b->parts[from.object].elf;
    size_t count;
    const struct elf_relocation *list = elf_file_relocations(b->a, elf, from.number, &count);
    for (size_t i = 0; i < count; i++) {
        if (list[i].symbol == UINT32_MAX)
            continue;
        const struct elf_symbol *s = &elf->symbols[list[i].symbol];
        bool is_here =
                s->place == ELF_IN_SECTION && !b->parts[from.object].nodes[s->section].is_duplicate;
        if (is_here && s->binding != STB_WEAK)
            reach(b, from.object, s->section);
        else if (s->place == ELF_COMMON)
            reach_common(b, from.object);
        else
            reach_name(b, s->name);
    }
}

static bool is_root(const struct elf_symbol *s, const char *const *roots, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (str_matches(s->name, str_from(roots[i])))
            return true;
    return false;
}

/// Where programs begin: of an object that was given by itself.
static bool is_entry(const struct elf_symbol *s) {
    static const char *const names[] = { "main", "_start", "app_main", "Reset_Handler",
        "call_start_cpu0" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_equal(s->name, str_from(names[i])))
            return true;
    return false;
}

/// Reaches the roots; tells whether there is one for each of the globs.
static bool reach_roots(
        struct bounds *b, const char *const *roots, uint32_t count, struct err *err) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < b->f->objects.len; i++) {
        const struct part *p = &b->parts[i];
        bool is_alone = p->elf && b->f->objects.at[i].archive.len == 0;
        for (uint32_t s = 1; p->elf && s < p->elf->symbol_count; s++) {
            const struct elf_symbol *symbol = &p->elf->symbols[s];
            if (symbol->place != ELF_IN_SECTION || symbol->is_mark || symbol->name.len == 0)
                continue;
            bool is_wanted = is_root(symbol, roots, count);
            found += is_wanted;
            if (is_wanted || (is_alone && is_entry(symbol)))
                reach(b, i, symbol->section);
        }
    }
    return found != 0 || count == 0 ||
           fail(err, NULL, ERR_NO_OFFSET,
                   "no object defines a symbol '%s': --root takes names as the linker has them, or "
                   "globs",
                   roots[0]);
}

/// What a program of the same sources holds.
static void reach_like(struct bounds *b, const struct elf_file *like) {
    for (size_t i = 1; like && i < like->symbol_count; i++) {
        const struct elf_symbol *s = &like->symbols[i];
        bool is_wanted = s->binding != STB_LOCAL && s->place == ELF_IN_SECTION && !s->is_mark;
        if (is_wanted && (s->type == STT_FUNC || s->type == STT_OBJECT))
            reach_name(b, s->name);
    }
}

static void settle(struct bounds *b) {
    struct footprint *f = b->f;
    for (size_t i = 0; i < f->items.len; i++) {
        struct footprint_item *item = &f->items.at[i];
        const struct footprint_section *s = &f->sections.at[item->section];
        if (s->object == FOOTPRINT_NONE || b->parts[s->object].elf == NULL)
            continue;
        const struct node *n = &b->parts[s->object].nodes[s->number];
        if (n->is_duplicate)
            item->fate = FOOTPRINT_DUPLICATE;
        else if (n->stays && item->fate == FOOTPRINT_MAY_STAY && item->kind != FOOTPRINT_STRING)
            item->fate = FOOTPRINT_STAYS; // of merged strings nothing is sure: another's may serve
    }
}

bool footprint_objects_bounds(struct footprint *f, const char *const *roots, uint32_t root_count,
        const struct elf_file *like, struct err *err) {
    struct bounds b = { .f = f, .a = f->arena };
    find_parts(&b);
    drop_groups(&b);
    find_definitions(&b);
    drop_commons(&b);
    drop_strings(&b);
    reach_like(&b, like);
    bool done = reach_roots(&b, roots, root_count, err);
    while (done && b.todo.len > 0)
        follow(&b, b.todo.at[--b.todo.len]);
    settle(&b);
    return done;
}
