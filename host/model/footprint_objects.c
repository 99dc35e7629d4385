/// Objects and archives before linking: which sections there are, whose; strings that a linker merges, entry by entry; COMMON. The
/// bytes are dealt out in footprint_cut.c.
#include "footprint_objects.h"

#include "ar_file.h"
#include "footprint_cut.h"
#include "footprint_entries.h"
#include "vec.h"

#include <elf.h>

/// An object being added.
struct adding {
    struct footprint *f;
    const struct elf_file *elf;
    uint32_t file, object;
    struct cut cut;
};

static uint32_t push_section(struct adding *a, struct str name, uint32_t number, uint64_t bytes) {
    struct footprint *f = a->f;
    *vec_push(f->arena, &f->sections) = (struct footprint_section){ .name = name,
        .file = a->file,
        .object = a->object,
        .number = number,
        .bytes = bytes,
        .memory = MEMORY_NONE,
        .load_memory = MEMORY_NONE,
        .is_nobits = number == 0 || a->elf->sections[number].type == SHT_NOBITS };
    f->files.at[a->file].section_bytes += bytes;
    return (uint32_t)f->sections.len - 1;
}

/// Whether the section's author keeps it in internal RAM: by the target's globs.
static bool is_internal(const struct footprint *f, struct str section) {
    for (uint32_t i = 0; f->target && i < f->target->internal_section_count; i++)
        if (str_matches(section, f->target->internal_sections[i]))
            return true;
    return false;
}

// ---- sections

static void add_entry(struct adding *a, uint32_t section, uint64_t at, uint64_t bytes) {
    struct footprint *f = a->f;
    *vec_push(f->arena, &f->items) = (struct footprint_item){ .address = at,
        .bytes = bytes,
        .symbol = STR(""),
        .source = STR(""),
        .input = f->sections.at[section].name,
        .section = section,
        .object = a->object,
        .kind = FOOTPRINT_STRING,
        .fate = FOOTPRINT_MAY_STAY,
        .known = FOOTPRINT_BY_OBJECT };
}

/// A section of strings or constants that a linker merges: an item for each entry.
static void add_mergeable(
        struct adding *a, uint32_t section, const struct elf_section *s, struct str contents) {
    struct footprint_entries shape = footprint_entries_of(s);
    size_t next;
    for (size_t at = 0; at < contents.len; at = next) {
        next = footprint_entry_next(
                &shape, contents, at + footprint_entry_bytes(&shape, contents, at));
        add_entry(a, section, at, next - at); // what aligns the next one included
        if (!shape.is_strings)
            a->f->items.at[a->f->items.len - 1].kind = FOOTPRINT_CONSTANT;
    }
}

/// Symbols of a section that is merged name the entries that begin with them; of aliases the first.
static void name_entries(struct adding *a, uint32_t number, size_t first) {
    struct footprint *f = a->f;
    size_t item = first;
    for (size_t i = a->cut.first_symbol[number]; i < a->cut.first_symbol[number + 1]; i++) {
        const struct cut_symbol *s = &a->cut.symbols[i];
        while (item < f->items.len && f->items.at[item].address < s->address)
            item++;
        if (item == f->items.len)
            return;
        if (f->items.at[item].address == s->address && f->items.at[item].symbol.len == 0) {
            f->items.at[item].symbol = a->elf->symbols[s->index].name;
            f->items.at[item].known |= FOOTPRINT_BY_SYMBOL;
        }
    }
}

static void add_section(struct adding *a, uint32_t number) {
    struct footprint *f = a->f;
    const struct elf_section *s = &a->elf->sections[number];
    struct err ignored = { .text = "" };
    size_t first = f->items.len;
    struct cut_section in = { .is_of_object = true, .object = a->object, .contents = STR("") };
    in.section = push_section(a, s->name, number, s->size_bytes);
    in.traits = section_traits_of(s, NULL);
    (void)elf_file_contents(f->arena, a->elf, number, &in.contents, &ignored);
    if ((s->flags & SHF_MERGE) && in.contents.len == s->size_bytes) {
        add_mergeable(a, in.section, s, in.contents);
        name_entries(a, number, first);
    } else {
        footprint_cut_section(&a->cut, &in);
    }
    if (is_internal(f, s->name))
        for (size_t i = first; i < f->items.len; i++)
            f->items.at[i].must_be_internal = true;
}

/// Variables that the linker lays out: each at the next address that its alignment allows is for the linker to say, here they
/// stand one behind the other.
static void add_common(struct adding *a) {
    struct footprint *f = a->f;
    uint32_t section = FOOTPRINT_NONE;
    uint64_t at = 0;
    for (size_t i = 1; i < a->elf->symbol_count; i++) {
        const struct elf_symbol *s = &a->elf->symbols[i];
        if (!elf_symbol_is_common(s) || s->size_bytes > UINT64_MAX - at)
            continue;
        if (section == FOOTPRINT_NONE)
            section = push_section(a, STR("COMMON"), 0, 0);
        add_entry(a, section, at, s->size_bytes);
        struct footprint_item *item = &f->items.at[f->items.len - 1];
        item->symbol = s->name;
        item->kind = s->type == STT_TLS ? FOOTPRINT_THREAD_ZERO : FOOTPRINT_ZERO;
        item->known |= FOOTPRINT_BY_SYMBOL;
        f->sections.at[section].bytes += s->size_bytes;
        f->files.at[a->file].section_bytes += s->size_bytes;
        at += s->size_bytes;
    }
}

static void add_elf(struct footprint *f, uint32_t file, uint32_t object, struct elf_file *elf) {
    struct adding a = { .f = f, .elf = elf, .file = file, .object = object };
    f->objects.at[object].elf = elf;
    footprint_cut_begin(&a.cut, f, file, elf, NULL);
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const struct elf_section *s = &elf->sections[i];
        if ((s->flags & SHF_ALLOC) && s->size_bytes != 0 && s->type != SHT_NULL)
            add_section(&a, i);
    }
    add_common(&a);
}

// ---- files

static const char slim[] =
        "holds no code yet, only the compiler's intermediate form (-flto); compile "
        "with -ffat-lto-objects, or without -flto";

static void skip(struct footprint *f, struct footprint_skipped *s, const struct ar_member *m,
        const char *why) {
    if (s->count++ == 0)
        s->why = arena_printf(f->arena, "%.*s %s", STR_ARG(m->path), why);
    s->is_partial |= m->kind != AR_MEMBER_OTHER;
}

/// Why a member cannot be measured; NULL: it is in `elf`.
static const char *why_not(struct footprint *f, const struct ar_member *m, struct elf_file *elf) {
    struct err err = { .text = "" };
    switch (m->kind) {
    case AR_MEMBER_MISSING:
        return m->why;
    case AR_MEMBER_OTHER:
        return "is no ELF object";
    case AR_MEMBER_LLVM:
        return slim;
    case AR_MEMBER_ELF:
        break;
    }
    if (!elf_file_parse(f->arena, m->path.at, m->bytes, elf, &err) || !elf_file_is_whole(elf, &err))
        return arena_printf(f->arena, "%s", err.text);
    return elf->is_slim_lto ? slim : elf->type != ET_REL ? "is no object but linked" : NULL;
}

static void add_member(struct footprint *f, uint32_t file, const struct ar_member *m,
        struct footprint_skipped *skipped) {
    struct elf_file *elf = NEW(f->arena, struct elf_file);
    const char *why = why_not(f, m, elf);
    if (why) {
        skip(f, skipped, m, why);
        return;
    }
    add_elf(f, file, footprint_object_of(f, file, f->files.at[file].path, m->name, m->ordinal),
            elf);
}

static uint32_t push_file(struct footprint *f, const char *path) {
    *vec_push(f->arena, &f->files) =
            (struct footprint_file){ .path = arena_copy(f->arena, str_from(path)) };
    return (uint32_t)f->files.len - 1;
}

static bool add_archive(
        struct footprint *f, const char *path, struct footprint_skipped *skipped, struct err *err) {
    struct ar_file *ar = NEW(f->arena, struct ar_file);
    if (!ar_file_read(f->arena, path, ar, err))
        return false;
    uint32_t file = push_file(f, path);
    f->files.at[file].archive = ar;
    for (size_t i = 0; i < ar->member_count; i++)
        add_member(f, file, &ar->members[i], skipped);
    if (skipped->count != 0 && skipped->count == ar->member_count)
        return fail(
                err, path, ERR_NO_OFFSET, "holds nothing that can be measured: %s", skipped->why);
    return true;
}

static bool add_object(struct footprint *f, const char *path, struct err *err) {
    struct elf_file *elf = NEW(f->arena, struct elf_file);
    if (!elf_file_read(f->arena, path, elf, err))
        return false;
    if (!elf_file_is_whole(elf, err)) {
        elf_file_close(elf);
        return false;
    }
    if (elf->type != ET_REL || elf->is_slim_lto) {
        elf_file_close(elf);
        return fail(err, path, ERR_NO_OFFSET, "%s",
                elf->type == ET_REL ? slim : "is no object or archive but a linked program");
    }
    uint32_t file = push_file(f, path);
    add_elf(f, file, footprint_object_of(f, file, STR(""), f->files.at[file].path, 1), elf);
    return true;
}

bool footprint_objects_add(
        struct footprint *f, const char *path, struct footprint_skipped *skipped, struct err *err) {
    struct file_map map;
    *skipped = (struct footprint_skipped){ .count = 0 };
    if (!file_map(path, &map, err))
        return false;
    bool is_archive = ar_file_is((struct str){ (const char *)map.bytes, map.size_bytes });
    file_unmap(&map);
    return is_archive ? add_archive(f, path, skipped, err) : add_object(f, path, err);
}
