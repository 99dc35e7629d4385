// See merge_shapes.h.
#include "merge_shapes.h"

#include "hash.h"

#include <elf.h>

static bool is_same(const struct merge_shape *shape, const struct footprint_entries *entries,
        uint64_t alignment) {
    return shape->entries.is_strings == entries->is_strings &&
           shape->entries.char_bytes == entries->char_bytes && shape->alignment == alignment;
}

/// The shape of `s`, made if it is new; NULL when there is no room.
static struct merge_shape *shape_of(struct merge_shapes *m, const struct elf_section *s) {
    struct footprint_entries entries = footprint_entries_of(s);
    for (uint32_t i = 0; i < m->count; i++) {
        if (is_same(&m->list[i], &entries, s->alignment)) {
            return &m->list[i];
        }
    }
    if (m->count == MERGE_SHAPES_MOST) {
        return NULL;
    }
    m->list[m->count] = (struct merge_shape){ .entries = entries, .alignment = s->alignment };
    return &m->list[m->count++];
}

static void add_texts(struct merge_shape *shape, struct arena *a, struct str contents) {
    for (size_t at = 0; at < contents.len;) {
        size_t bytes = footprint_entry_bytes(&shape->entries, contents, at);
        struct str text = { contents.at + at, bytes };
        *map64_put(&shape->texts, a, hash_str(HASH_SEED, text), NULL) = 1;
        at = footprint_entry_next(&shape->entries, contents, at + bytes);
    }
}

void merge_shapes_add(struct merge_shapes *m, struct arena *a, const struct elf_file *elf) {
    uint64_t left = elf->bytes.len; // Sections may name the same bytes of a file over and over.
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const struct elf_section *s = &elf->sections[i];
        uint64_t wanted = SHF_MERGE | SHF_ALLOC;
        struct str contents;
        struct err ignored;
        if ((s->flags & wanted) != wanted || !elf_file_contents(a, elf, i, &contents, &ignored) ||
                contents.len > left) {
            continue;
        }
        struct merge_shape *shape = shape_of(m, s);
        left -= contents.len;
        if (shape) {
            add_texts(shape, a, contents);
        }
    }
}

/// Bytes of `contents` that are entries of that shape.
static uint64_t known_bytes(struct merge_shape *shape, struct str contents) {
    uint64_t known = 0;
    for (size_t at = 0; at < contents.len;) {
        size_t bytes = footprint_entry_bytes(&shape->entries, contents, at);
        struct str text = { contents.at + at, bytes };
        known += map64_find(&shape->texts, hash_str(HASH_SEED, text)) ? bytes : 0;
        at = footprint_entry_next(&shape->entries, contents, at + bytes);
    }
    return known;
}

bool merge_shapes_find(struct merge_shapes *m, struct str contents, uint64_t alignment,
        struct footprint_entries *out) {
    uint64_t most = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        struct merge_shape *shape = &m->list[i];
        // lld puts strings of one alignment together, and constants of one size.
        bool may_be = shape->entries.is_strings ? shape->alignment == alignment
                                                : shape->alignment <= alignment;
        uint64_t known = may_be ? known_bytes(shape, contents) : 0;
        if (known > most) {
            most = known;
            *out = shape->entries;
        }
    }
    return most != 0;
}
