/// The footprint as a table: files, objects, and whether it adds up. Who fills it is told in footprint_linked.c and
/// footprint_objects.c.
#include "footprint.h"

#include "ar_file.h"
#include "footprint_inputs.h"
#include "hash.h"
#include "symbolize.h"
#include "vec.h"

#include <inttypes.h>

const char *const footprint_kind_names[FOOTPRINT_KINDS] = { "code", "constant", "literal", "string",
    "data", "zero", "thread-data", "thread-zero", "vector", "padding", "linker", "unknown" };
const char *const footprint_cause_names[FOOTPRINT_CAUSES] = { "", "alignment", "section end",
    "script", "inside", "address filler" };
const char *const footprint_fate_names[FOOTPRINT_FATES] = { "linked", "may stay", "stays",
    "duplicate", "dropped" };

void footprint_init(struct footprint *f, struct arena *a, const struct target *target) {
    *f = (struct footprint){ .arena = a, .target = target };
    memories_of(a, target, NULL, NULL, &f->memories);
}

void footprint_close(struct footprint *f) {
    for (size_t i = 0; i < f->objects.len; i++) {
        if (f->objects.at[i].elf) {
            elf_file_close(f->objects.at[i].elf);
        }
    }
    for (size_t i = 0; i < f->files.len; i++) {
        if (f->files.at[i].elf) {
            elf_file_close(f->files.at[i].elf);
        }
        if (f->files.at[i].archive) {
            ar_file_close(f->files.at[i].archive);
        }
        if (f->files.at[i].inputs) {
            footprint_inputs_close(f->files.at[i].inputs);
        }
    }
    if (f->symbolizer) {
        symbolizer_close(f->symbolizer);
    }
    *f = (struct footprint){ 0 };
}

bool footprint_kind_is_writable(enum footprint_kind kind) {
    return kind == FOOTPRINT_DATA || kind == FOOTPRINT_ZERO || kind == FOOTPRINT_THREAD_DATA ||
           kind == FOOTPRINT_THREAD_ZERO;
}

// ---- objects ----

static bool is_object(const struct footprint_object *o, uint32_t file, struct str archive,
        struct str member, uint32_t ordinal) {
    return o->file == file && o->ordinal == ordinal && str_equal(o->member, member) &&
           str_equal(o->archive, archive);
}

/// What a compiler's driver links before and after all others.
static bool is_start_file(struct str archive, struct str member) {
    static const char *const globs[] = { "*crt[1in].o", "crtbegin*.o", "crtend*.o", "crt0*.o",
        "rcrt1.o", "gcrt1.o" };
    struct str name = str_base_name(member);
    for (size_t i = 0; archive.len == 0 && i < sizeof(globs) / sizeof(globs[0]); i++) {
        if (str_matches(name, str_from(globs[i]))) {
            return true;
        }
    }
    return false;
}

uint32_t footprint_object_of(struct footprint *f, uint32_t file, struct str archive,
        struct str member, uint32_t ordinal) {
    uint64_t hash = hash_number(hash_number(HASH_SEED, file), ordinal);
    hash = hash_str(hash_str(hash, archive), member);
    uint64_t *head = map64_put(&f->object_index, f->arena, hash, NULL);
    for (uint64_t at = *head; at != 0; at = f->objects.at[at - 1].next) {
        if (is_object(&f->objects.at[at - 1], file, archive, member, ordinal)) {
            return (uint32_t)(at - 1);
        }
    }
    *vec_push(f->arena, &f->objects) = (struct footprint_object){ .archive = archive,
        .member = member,
        .file = file,
        .ordinal = ordinal,
        .is_start = is_start_file(archive, member),
        .next = (uint32_t)*head };
    *head = f->objects.len;
    return (uint32_t)(f->objects.len - 1);
}

// ---- adding up ----

/// Whether the items from `*at` on, up to the first of another section, fill section `number`; moves `*at` behind them.
static bool section_adds_up(
        const struct footprint *f, uint32_t number, size_t *at, struct err *err) {
    const struct footprint_section *section = &f->sections.at[number];
    const char *path = f->files.at[section->file].path.at;
    uint64_t sum = 0;
    uint64_t end = section->address;
    for (; *at < f->items.len && f->items.at[*at].section == number; ++*at) {
        const struct footprint_item *item = &f->items.at[*at];
        if (item->address < end || item->bytes == 0) {
            return fail(err, path, ERR_NO_OFFSET, "section %.*s: two items at 0x%" PRIx64,
                    STR_ARG(section->name), item->address);
        }
        end = item->address + item->bytes;
        sum += item->bytes;
    }
    if (sum != section->bytes) {
        return fail(err, path, ERR_NO_OFFSET,
                "section %.*s has %" PRIu64 " bytes, its items %" PRIu64, STR_ARG(section->name),
                section->bytes, sum);
    }
    return true;
}

bool footprint_adds_up(const struct footprint *f, struct err *err) {
    struct arena a = { 0 };
    uint64_t *sums = NEW_ARRAY(&a, uint64_t, f->files.len + 1);
    size_t at = 0;
    bool fine = true;
    for (uint32_t i = 0; fine && i < f->sections.len; i++) {
        fine = section_adds_up(f, i, &at, err);
        sums[f->sections.at[i].file] += f->sections.at[i].is_dropped ? 0 : f->sections.at[i].bytes;
    }
    if (fine && at != f->items.len) {
        fine = fail(err, NULL, ERR_NO_OFFSET, "item %zu stands apart from its section's", at);
    }
    for (size_t i = 0; fine && i < f->files.len; i++) {
        if (sums[i] != f->files.at[i].section_bytes) {
            fine = fail(err, f->files.at[i].path.at, ERR_NO_OFFSET,
                    "has %" PRIu64 " bytes in sections, which have %" PRIu64,
                    f->files.at[i].section_bytes, sums[i]);
        }
    }
    arena_clear(&a);
    return fine;
}
