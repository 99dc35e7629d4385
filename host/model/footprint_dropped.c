/// What is not in the program: the sections that the linker took and threw away again, and the members of archives that it
/// never took, which only the archives themselves know. GNU ld's map lists what was thrown away. lld's does not: there, what an object has and
/// the map does not name was.
#include "footprint_linked.h"

#include "footprint_inputs.h"
#include "footprint_kind.h"
#include "hash.h"
#include "vec.h"

#include <elf.h>

struct dropping {
    struct footprint *footprint;
    uint32_t file;
    const struct ldmap *map;
    struct footprint_inputs *inputs;
    struct map64 taken; ///< Hash of archive and member.
    struct map64
            kept; ///< Of lld: hash of archive, object and section to how many of them the map has.
    struct map64 archives; ///< Hash of a path, of an archive or an object.
    uint32_t unread;
};

static uint64_t hash_member(struct str archive, struct str member) {
    return hash_str(hash_str(HASH_SEED, archive), member);
}

static uint64_t hash_section(struct str archive, struct str object, struct str section) {
    return hash_str(hash_member(archive, object), section);
}

// ---- items ----

static void add_dropped(struct dropping *d, uint32_t object, struct str name, uint64_t bytes,
        enum footprint_kind kind, uint8_t known) {
    struct footprint *f = d->footprint;
    *vec_push(f->arena, &f->sections) = (struct footprint_section){ .name = name,
        .file = d->file,
        .object = object,
        .bytes = bytes,
        .memory = MEMORY_NONE,
        .load_memory = MEMORY_NONE,
        .is_dropped = true };
    *vec_push(f->arena, &f->items) = (struct footprint_item){ .bytes = bytes,
        .symbol = STR(""),
        .input = name,
        .source = STR(""),
        .section = (uint32_t)(f->sections.len - 1),
        .object = object,
        .kind = (uint8_t)kind,
        .fate = FOOTPRINT_DROPPED,
        .known = known };
}

// ---- thrown away ----

static void add_discarded(struct dropping *d, const struct ldmap_discarded *s) {
    struct section_traits traits = { .name = s->name };
    if (s->size_bytes == 0 || section_name_is_unloaded(s->name)) {
        return;
    }
    uint32_t object = footprint_object_of(d->footprint, d->file, s->archive, s->object, 1);
    add_dropped(d, object, s->name, s->size_bytes, footprint_kind_of(&traits, STR("")),
            FOOTPRINT_BY_MAP);
}

// ---- never taken ----

static void note_taken(struct dropping *d, struct str archive, struct str object) {
    if (archive.len != 0) {
        *map64_put(&d->taken, d->footprint->arena, hash_member(archive, object), NULL) = 1;
    }
}

/// Notes what lld's map has of each object.
static void note_kept(struct dropping *d) {
    for (size_t i = 0; d->map->linker == LDMAP_LLD && i < d->map->input_count; i++) {
        const struct ldmap_input *input = &d->map->inputs[i];
        bool is_common = input->kind == LDMAP_COMMON;
        if (is_common || input->kind == LDMAP_INPUT) {
            struct str name = is_common ? STR("COMMON") : input->name;
            ++*map64_put(&d->kept, d->footprint->arena,
                    hash_section(input->archive, input->object, name), NULL);
        }
    }
}

static void note_all_taken(struct dropping *d) {
    const struct ldmap *map = d->map;
    for (size_t i = 0; i < map->input_count; i++) {
        if (map->inputs[i].kind != LDMAP_FILL) {
            note_taken(d, map->inputs[i].archive, map->inputs[i].object);
        }
    }
    for (size_t i = 0; i < map->member_count; i++) {
        note_taken(d, map->members[i].archive, map->members[i].object);
    }
    for (size_t i = 0; i < map->discarded_count; i++) {
        note_taken(d, map->discarded[i].archive, map->discarded[i].object);
    }
}

/// An object that may have what the program has not.
struct source {
    struct str archive;
    struct str object;
    uint32_t ordinal;
    bool is_taken;
};

/// Sections that are in lld's map under another name, or in none: merged, or made anew.
static bool is_made_anew(const struct elf_section *s) {
    return (s->flags & SHF_MERGE) || section_name_is_linker_made(s->name) ||
           str_equal(s->name, STR(".eh_frame")) || str_starts_with(s->name, STR(".ARM.ex"));
}

/// Whether the program has this section of the source. Of several of one name, which lld's map does not tell apart, the first
/// have.
static bool is_kept(struct dropping *d, const struct source *from, struct str name) {
    uint64_t *left = map64_find(&d->kept, hash_section(from->archive, from->object, name));
    bool kept = left && *left != 0;
    if (kept) {
        --*left;
    }
    return from->is_taken && kept;
}

/// Adds what `elf` has and the program has not; `common` of it is COMMON.
static void add_missing(struct dropping *d, const struct source *from, const struct elf_file *elf,
        uint64_t common) {
    struct footprint *f = d->footprint;
    struct str name = arena_copy(f->arena, from->object); // The archive will be closed.
    uint32_t object = footprint_object_of(f, d->file, from->archive, name, from->ordinal);
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const struct elf_section *s = &elf->sections[i];
        bool is_loaded = (s->flags & SHF_ALLOC) && s->size_bytes != 0;
        if (is_loaded && !(from->is_taken && is_made_anew(s)) && !is_kept(d, from, s->name)) {
            struct section_traits traits = section_traits_of(s, NULL);
            add_dropped(d, object, arena_copy(f->arena, s->name), s->size_bytes,
                    footprint_kind_of(&traits, STR("")), FOOTPRINT_BY_OBJECT);
        }
    }
    if (common != 0 && !is_kept(d, from, STR("COMMON"))) {
        add_dropped(d, object, STR("COMMON"), common, FOOTPRINT_ZERO, FOOTPRINT_BY_OBJECT);
    }
}

/// Bytes of the object's sections that are loaded.
static uint64_t loaded_bytes(const struct elf_file *elf) {
    uint64_t bytes = 0;
    for (uint32_t i = 1; i < elf->section_count; i++) {
        bytes += (elf->sections[i].flags & SHF_ALLOC) ? elf->sections[i].size_bytes : 0;
    }
    return bytes;
}

/// Adds what of the member the program has not; returns what it holds.
static uint64_t add_member(struct dropping *d, struct str archive, const struct ar_member *member,
        const struct elf_file *elf) {
    struct source from = { .archive = archive, .object = member->name, .ordinal = member->ordinal };
    uint64_t common = elf_file_common_bytes(elf);
    from.is_taken = map64_find(&d->taken, hash_member(archive, member->name)) != NULL;
    if (!from.is_taken || d->map->linker != LDMAP_GNU) { // Else its map has told.
        add_missing(d, &from, elf, common);
    }
    return loaded_bytes(elf) + common;
}

/// Adds the members of `archive` that the program has not, once.
static void add_archive(struct dropping *d, struct str archive) {
    bool added;
    (void)map64_put(&d->archives, d->footprint->arena, hash_member(archive, STR("")), &added);
    if (!added || archive.len == 0) {
        return;
    }
    const struct ar_file *ar = footprint_inputs_archive(d->inputs, archive);
    if (!ar) {
        d->unread++;
        return;
    }
    struct footprint_archive held = { .path = archive };
    for (size_t i = 0; i < ar->member_count; i++) {
        const struct elf_file *elf = footprint_inputs_member(d->inputs, archive, i);
        held.bytes += elf ? add_member(d, archive, &ar->members[i], elf) : 0;
    }
    *vec_push(d->footprint->arena, &d->footprint->archives) = held;
}

static void add_archives(struct dropping *d) {
    for (size_t i = 0; i < d->map->load_count; i++) {
        struct str path = d->map->loads[i];
        if (str_ends_with(path, STR(".a")) || str_ends_with(path, STR(".lib"))) {
            add_archive(d, path);
        }
    }
    for (size_t i = 0; i < d->map->input_count; i++) {
        add_archive(d, d->map->inputs[i].archive);
    }
    for (size_t i = 0; i < d->map->discarded_count; i++) {
        add_archive(d, d->map->discarded[i].archive);
    }
}

// ---- objects by themselves ----

struct visit {
    struct dropping *dropping;
    struct source from;
};

static void visit_object(void *self, const struct elf_file *elf) {
    struct visit *v = self;
    add_missing(v->dropping, &v->from, elf, elf_file_common_bytes(elf));
}

/// What lld threw away of objects that it was given directly, once for each.
static void add_objects(struct dropping *d) {
    for (size_t i = 0; d->map->linker == LDMAP_LLD && i < d->map->input_count; i++) {
        const struct ldmap_input *input = &d->map->inputs[i];
        bool is_object = input->archive.len == 0 && input->object.len != 0 &&
                         input->kind != LDMAP_FILL && input->kind != LDMAP_SCRIPT &&
                         !str_equal(input->object, STR("<internal>"));
        bool added = false;
        if (is_object) {
            (void)map64_put(
                    &d->archives, d->footprint->arena, hash_member(STR(""), input->object), &added);
        }
        struct visit v = { .dropping = d,
            .from = {
                    .archive = STR(""), .object = input->object, .ordinal = 1, .is_taken = true } };
        if (added) {
            (void)footprint_inputs_visit(d->inputs, STR(""), input->object, visit_object, &v);
        }
    }
}

// ---- the whole ----

bool footprint_linked_dropped(
        struct footprint *f, uint32_t file, const char *folder, uint32_t *unread, struct err *err) {
    const struct footprint_file *program = &f->files.at[file];
    *unread = 0;
    if (!program->map) {
        return fail(err, program->path.at, ERR_NO_OFFSET,
                "what became of its archives is only known with the linker's map");
    }
    struct dropping d = { .footprint = f,
        .file = file,
        .map = program->map,
        .inputs = footprint_inputs_of(f, file, folder) };
    for (size_t i = 0; i < d.map->discarded_count; i++) {
        add_discarded(&d, &d.map->discarded[i]);
    }
    note_all_taken(&d);
    note_kept(&d);
    add_archives(&d);
    add_objects(&d);
    *unread = d.unread;
    return true;
}
