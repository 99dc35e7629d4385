/// Matches references of objects against the sections that the linker's map says were kept.
#include "reach.h"

#include "demangle.h"
#include "hash.h"
#include "map64.h"
#include "object_refs.h"
#include "vec.h"

#include <assert.h>
#include <inttypes.h>

_Static_assert(REACH_SYMBOLS >= 32, "every symbol of the table has a number");

struct counter {
    struct arena *arena;
    struct component_map *map;
    struct reach *reach;
    const struct ldmap *link_map;
    struct map64 kept;   ///< Section of an object: 1.
    struct map64 shared; ///< Name of a section: component of the object that it was kept from, + 1.
    struct map64 seen;   ///< Inline functions counted already.
};

static struct str file_of(const struct ldmap_input *in) {
    return in->archive.len ? in->archive : in->object;
}

static uint32_t component_of_file(struct counter *c, struct str file) {
    struct component_evidence e = { .archive = file };
    return component_of(c->map, &e);
}

static uint64_t section_key(struct str file, struct str member, struct str section) {
    return hash_str(hash_str(hash_str(HASH_SEED, file), member), section);
}

/// A file of the map that is read once: an archive or an object outside of archives.
struct file {
    struct str path;
    uint32_t component;
};
typedef VEC(struct file) file_list;

static void note_inputs(struct counter *c, file_list *files) {
    struct map64 known = { 0 };
    struct map64 objects = { 0 };
    for (size_t i = 0; i < c->link_map->input_count; i++) {
        const struct ldmap_input *in = &c->link_map->inputs[i];
        if (in->kind != LDMAP_INPUT || in->object.len == 0) {
            continue;
        }
        struct str path = file_of(in);
        uint64_t *slot = map64_put(&known, c->arena, hash_str(HASH_SEED, path), NULL);
        if (*slot == 0) {
            struct file *f = vec_push(c->arena, files);
            *f = (struct file){ path, component_of_file(c, path) };
            *slot = files->len;
            c->reach->components[f->component].archives++;
        }
        assert(files->at != NULL);
        uint32_t component = files->at[*slot - 1].component;
        uint64_t *object = map64_put(
                &objects, c->arena, hash_str(hash_str(HASH_SEED, path), in->object), NULL);
        if (*object == 0) {
            *object = 1;
            c->reach->components[component].objects++;
        }
        *map64_put(&c->kept, c->arena, section_key(path, in->object, in->name), NULL) = 1;
        *map64_put(&c->shared, c->arena, hash_str(HASH_SEED, in->name), NULL) = component + 1;
    }
}

/// The component that the function's name points to, if it is another than that of its object.
static void count_guest(struct counter *c, const struct object_ref *r, uint32_t component) {
    if (r->function.len == 0) {
        return;
    }
    struct str name = demangle_function(c->arena, r->function);
    struct component_evidence e = { .function = name };
    uint32_t guest = component_of(c->map, &e);
    if (guest == component || guest == component_unknown(c->map) ||
            component_is_transparent(c->map, guest)) {
        return;
    }
    struct reach_component *to = &c->reach->components[guest];
    to->guests[alloc_symbols[r->symbol].class] += r->count;
    to->guest_host = component;
}

static void count_ref(
        struct counter *c, struct str path, uint32_t component, const struct object_ref *r) {
    struct reach_component *to = &c->reach->components[component];
    uint8_t class = alloc_symbols[r->symbol].class;
    uint64_t key = section_key(path, r->member, r->section);
    if (map64_find(&c->kept, key) != NULL) {
        to->by_symbol[r->symbol] += r->count;
        to->by_class[class] += r->count;
        count_guest(c, r, component);
        return;
    }
    const uint64_t *owner =
            r->is_shared ? map64_find(&c->shared, hash_str(HASH_SEED, r->section)) : NULL;
    // Copies of an inline function in other objects of the same component count once, as one.
    uint64_t once = hash_str(hash_number(hash_number(HASH_SEED, component), r->symbol), r->section);
    uint64_t *seen = r->is_shared ? map64_put(&c->seen, c->arena, once, NULL) : NULL;
    if (seen != NULL && *seen != 0) {
        return;
    }
    if (seen != NULL) {
        *seen = 1;
    }
    if (owner == NULL) {
        to->dropped[class] += r->count;
    } else if (*owner != component + 1) {
        to->elsewhere[class] += r->count;
    }
}

static const char *path_of(struct arena *a, const char *folder, struct str path) {
    if (path.len > 0 && path.at[0] == '/') {
        return arena_copy(a, path).at;
    }
    return arena_printf(a, "%s/%.*s", folder, STR_ARG(path));
}

static void note_unread(struct counter *c, struct str path, const struct err *err) {
    if (c->reach->unread++ == 0) {
        c->reach->unread_path = path;
        err_format(err, c->reach->unread_why, sizeof c->reach->unread_why);
    }
}

bool reach_read(struct arena *a, const struct ldmap *link_map, const char *folder,
        struct component_map *map, struct reach *out, struct err *err) {
    struct counter c = { .arena = a, .map = map, .reach = out, .link_map = link_map };
    file_list files = { 0 };
    out->components = NEW_ARRAY(a, struct reach_component, map->count + 1);
    out->component_count = map->count;
    for (uint32_t i = 0; i < map->count; i++) {
        out->components[i].guest_host = UINT32_MAX;
    }
    note_inputs(&c, &files);
    for (size_t i = 0; i < files.len; i++) {
        struct object_refs refs;
        struct err problem = { .text = "" };
        struct str path = files.at[i].path;
        if (!object_refs_read(a, path_of(a, folder, path), &refs, &problem)) {
            note_unread(&c, path, &problem);
            continue;
        }
        for (size_t k = 0; k < refs.count; k++) {
            // An object outside of archives is called in the map as the linker was given it.
            if (refs.list[k].member.len == 0) {
                refs.list[k].member = path;
            }
            count_ref(&c, path, files.at[i].component, &refs.list[k]);
        }
        for (uint32_t k = 0; k < alloc_symbol_count; k++) {
            out->components[files.at[i].component].defines[k] |= refs.defines[k];
        }
    }
    if (files.len == 0 || out->unread == files.len) {
        return fail(err, NULL, ERR_NO_OFFSET,
                "none of the %zu files of the linker's map can be read; the first: %s", files.len,
                out->unread_why);
    }
    return true;
}
