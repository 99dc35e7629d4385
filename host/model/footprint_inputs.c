/// Files of a link, each opened once. The linker ran in some folder that its map does not name; the map's own is
/// the best guess, the working directory the next.
#include "footprint_inputs.h"

#include "hash.h"
#include "vec.h"

#include <unistd.h>

void footprint_inputs_open(struct footprint_inputs *in, struct arena *a, struct str folder) {
    *in = (struct footprint_inputs){ .arena = a, .folder = folder };
}

void footprint_inputs_close(struct footprint_inputs *in) {
    for (size_t i = 0; i < in->files.len; i++) {
        if (in->files.at[i].archive) {
            ar_file_close(in->files.at[i].archive);
        }
        if (in->files.at[i].elf) {
            elf_file_close(in->files.at[i].elf);
        }
    }
    in->files.len = 0;
}

// ---- files ----

/// Where the file that the map calls `path` lies.
static const char *find_file(const struct footprint_inputs *in, struct str path) {
    const char *as_given = arena_copy(in->arena, path).at;
    if (path.len == 0 || path.at[0] == '/' || in->folder.len == 0) {
        return as_given;
    }
    const char *there = arena_printf(in->arena, "%.*s/%s", STR_ARG(in->folder), as_given);
    return access(there, R_OK) == 0 ? there : as_given;
}

static void index_members(struct footprint_inputs *in, struct footprint_input_file *file) {
    const struct ar_file *ar = file->archive;
    file->next_of_name = NEW_ARRAY(in->arena, uint32_t, ar->member_count + 1);
    file->outlines = NEW_ARRAY(in->arena, struct elf_file *, ar->member_count + 1);
    for (size_t i = ar->member_count; i-- > 0;) { // Backward, so that the first comes first.
        uint64_t *head = map64_put(
                &file->by_name, in->arena, hash_str(HASH_SEED, ar->members[i].name), NULL);
        file->next_of_name[i] = (uint32_t)*head;
        *head = i + 1;
    }
}

static void open_file(
        struct footprint_inputs *in, struct footprint_input_file *file, bool is_archive) {
    struct err ignored;
    const char *path = find_file(in, file->path);
    if (is_archive) {
        file->archive = NEW(in->arena, struct ar_file);
        if (ar_file_read(in->arena, path, file->archive, &ignored)) {
            index_members(in, file);
        } else {
            file->archive = NULL;
        }
        return;
    }
    file->elf = NEW(in->arena, struct elf_file);
    if (!elf_file_read(in->arena, path, file->elf, &ignored)) {
        file->elf = NULL;
    }
}

/// The file that the map calls `path`, opened if it is asked for the first time.
static struct footprint_input_file *file_at(
        struct footprint_inputs *in, struct str path, bool is_archive) {
    uint64_t *head = map64_put(&in->index, in->arena, hash_str(is_archive, path), NULL);
    for (uint64_t at = *head; at != 0; at = in->files.at[at - 1].next) {
        if (str_equal(in->files.at[at - 1].path, path)) {
            return &in->files.at[at - 1];
        }
    }
    struct footprint_input_file *file = vec_push(in->arena, &in->files);
    *file = (struct footprint_input_file){ .path = path, .next = (uint32_t)*head };
    *head = in->files.len;
    open_file(in, file, is_archive);
    return file;
}

struct footprint_inputs *footprint_inputs_of(
        struct footprint *f, uint32_t file, const char *folder) {
    struct footprint_file *program = &f->files.at[file];
    if (!program->inputs) {
        program->inputs = NEW(f->arena, struct footprint_inputs);
        footprint_inputs_open(
                program->inputs, f->arena, folder ? str_from(folder) : program->map_folder);
    }
    return program->inputs;
}

const struct ar_file *footprint_inputs_archive(struct footprint_inputs *in, struct str path) {
    return file_at(in, path, true)->archive;
}

// ---- objects ----

/// The member's outline, parsed when it is asked for the first time; NULL when it is none.
static const struct elf_file *outline_of(
        struct footprint_inputs *in, struct footprint_input_file *file, size_t index) {
    const struct ar_member *member = &file->archive->members[index];
    struct elf_file *elf = file->outlines[index];
    struct err ignored;
    if (elf || member->kind != AR_MEMBER_ELF) {
        return elf;
    }
    elf = NEW(in->arena, struct elf_file);
    if (!elf_file_parse_outline(
                in->arena, arena_copy(in->arena, member->path).at, member->bytes, elf, &ignored)) {
        return NULL;
    }
    file->outlines[index] = elf;
    return elf;
}

const struct elf_file *footprint_inputs_member(
        struct footprint_inputs *in, struct str path, size_t index) {
    return outline_of(in, file_at(in, path, true), index);
}

bool footprint_inputs_visit(struct footprint_inputs *in, struct str archive, struct str object,
        footprint_input_visit *visit, void *self) {
    if (archive.len == 0) {
        const struct footprint_input_file *file = file_at(in, object, false);
        if (file->elf) {
            visit(self, file->elf);
        }
        return file->elf != NULL;
    }
    struct footprint_input_file *file = file_at(in, archive, true);
    const uint64_t *head =
            file->archive ? map64_find(&file->by_name, hash_str(HASH_SEED, object)) : NULL;
    bool found = false;
    for (uint64_t at = head ? *head : 0; at != 0; at = file->next_of_name[at - 1]) {
        const struct ar_member *member = &file->archive->members[at - 1];
        const struct elf_file *elf =
                str_equal(member->name, object) ? outline_of(in, file, at - 1) : NULL;
        if (elf) {
            visit(self, elf);
            found = true;
        }
    }
    return found;
}
