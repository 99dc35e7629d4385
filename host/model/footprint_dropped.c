/// What became of archives: the sections that the linker took and threw away again, as its map lists them, and the members that it
/// never took, which only the archives themselves know.
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
    struct map64 taken;    ///< Hash of archive and member.
    struct map64 archives; ///< Hash of a path.
    uint32_t unread;
};

static uint64_t hash_member(struct str archive, struct str member) {
    return hash_str(hash_str(HASH_SEED, archive), member);
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
    if (s->archive.len == 0 || s->size_bytes == 0 || section_name_is_unloaded(s->name)) {
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

static void add_member(struct dropping *d, struct str archive, const struct ar_member *member) {
    struct footprint *f = d->footprint;
    struct elf_file elf;
    struct err ignored;
    if (member->kind != AR_MEMBER_ELF ||
            map64_find(&d->taken, hash_member(archive, member->name)) ||
            !elf_file_parse_outline(f->arena, arena_copy(f->arena, member->path).at, member->bytes,
                    &elf, &ignored)) {
        return;
    }
    struct str name = arena_copy(f->arena, member->name); // The archive will be closed.
    uint32_t object = footprint_object_of(f, d->file, archive, name, member->ordinal);
    for (uint32_t i = 1; i < elf.section_count; i++) {
        const struct elf_section *s = &elf.sections[i];
        if ((s->flags & SHF_ALLOC) && s->size_bytes != 0) {
            struct section_traits traits = section_traits_of(s, NULL);
            add_dropped(d, object, arena_copy(f->arena, s->name), s->size_bytes,
                    footprint_kind_of(&traits, STR("")), FOOTPRINT_BY_OBJECT);
        }
    }
    uint64_t common = elf_file_common_bytes(&elf);
    if (common != 0) {
        add_dropped(d, object, STR("COMMON"), common, FOOTPRINT_ZERO, FOOTPRINT_BY_OBJECT);
    }
}

/// Adds the members of `archive` that the program has not, once.
static void add_archive(struct dropping *d, struct str archive) {
    bool added;
    (void)map64_put(&d->archives, d->footprint->arena, hash_member(archive, STR("")), &added);
    if (!added || archive.len == 0) {
        return;
    }
    const struct ar_file *ar = footprint_inputs_archive(d->inputs, archive);
    d->unread += ar == NULL;
    for (size_t i = 0; ar && i < ar->member_count; i++) {
        add_member(d, archive, &ar->members[i]);
    }
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
    add_archives(&d);
    *unread = d.unread;
    return true;
}
