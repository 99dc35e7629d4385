/// Linked programs: which sections there are, which memory each lies in, and whether the map is of this program. The bytes
/// are dealt out in footprint_cut.c.
#include "footprint_linked.h"

#include "elf_debug_file.h"
#include "footprint_cut.h"
#include "footprint_filler.h"
#include "hash.h"
#include "vec.h"

#include <elf.h>

/// A program and its map being added.
struct adding {
    struct footprint *footprint;
    uint32_t file;
    const struct elf_file *elf;
    const struct ldmap *map;
    struct memories memories; ///< Of this program, numbered by themselves.
    uint32_t *shared;         ///< Their numbers in the footprint.
    struct map64 outputs;     ///< Hash of an output section's name and place to its index + 1.
    struct map64 names;       ///< Hash of an output section's name to 1.
    struct cut cut;
};

// ---- memories ----

static bool is_same_memory(const struct memory *a, const struct memory *b) {
    return a->source == b->source && a->start == b->start && a->bytes == b->bytes &&
           a->is_ram == b->is_ram && str_equal(a->name, b->name);
}

/// Number of `memory` among the footprint's, added if it is new.
static uint32_t share_memory(struct footprint *f, const struct memory *memory) {
    struct memories *all = &f->memories;
    for (uint32_t i = 0; i < all->count; i++) {
        if (is_same_memory(&all->list[i], memory)) {
            return i;
        }
    }
    struct memory *list = NEW_ARRAY(f->arena, struct memory, (size_t)all->count + 1);
    if (all->count != 0) {
        memcpy(list, all->list, all->count * sizeof(*list));
    }
    list[all->count] = *memory;
    all->list = list;
    return all->count++;
}

/// The memories of the first program are the footprint's; those of others are added where they are new.
static void take_memories(struct adding *a) {
    struct footprint *f = a->footprint;
    memories_of(f->arena, f->target, a->map, a->elf, &a->memories);
    if (f->files.len == 1) {
        f->memories = a->memories;
    }
    a->shared = NEW_ARRAY(f->arena, uint32_t, (size_t)a->memories.count + 1);
    for (uint32_t i = 0; i < a->memories.count; i++) {
        a->shared[i] = share_memory(f, &a->memories.list[i]);
    }
}

/// The memory at `address` among the footprint's.
static uint32_t memory_at(const struct adding *a, uint64_t address, struct str section) {
    uint32_t found = memories_find(&a->memories, address, section, NULL);
    return found == MEMORY_NONE ? MEMORY_NONE : a->shared[found];
}

static const struct memory *memory_of(const struct footprint *f, uint32_t number) {
    return number == MEMORY_NONE ? NULL : &f->memories.list[number];
}

// ---- the map's output sections ----

static uint64_t hash_place(struct str name, uint64_t address, uint64_t bytes) {
    return hash_number(hash_number(hash_str(HASH_SEED, name), address), bytes);
}

static void index_outputs(struct adding *a) {
    for (size_t i = 0; a->map && i < a->map->output_count; i++) {
        const struct ldmap_output *o = &a->map->outputs[i];
        *map64_put(&a->names, a->footprint->arena, hash_str(HASH_SEED, o->name), NULL) = 1;
        *map64_put(&a->outputs, a->footprint->arena, hash_place(o->name, o->address, o->size_bytes),
                NULL) = i + 1;
    }
}

/// What the map says of `section`; NULL when nothing.
static const struct ldmap_output *find_output(struct adding *a, const struct elf_section *section) {
    uint64_t hash = hash_place(section->name, section->address, section->size_bytes);
    const uint64_t *found = map64_find(&a->outputs, hash);
    const struct ldmap_output *o = found ? &a->map->outputs[*found - 1] : NULL;
    bool is_same = o && o->address == section->address && o->size_bytes == section->size_bytes &&
                   str_equal(o->name, section->name);
    return is_same ? o : NULL;
}

static bool is_loaded(const struct elf_section *s) {
    bool wraps = s->size_bytes > UINT64_MAX - s->address;
    return (s->flags & SHF_ALLOC) && s->type != SHT_NULL && s->size_bytes != 0 && !wraps;
}

/// Whether the map tells of the same sections as the program, as far as it tells of them.
static bool fits(struct adding *a, struct err *err) {
    for (uint32_t i = 1; a->elf && a->map && i < a->elf->section_count; i++) {
        const struct elf_section *section = &a->elf->sections[i];
        if (is_loaded(section) && map64_find(&a->names, hash_str(HASH_SEED, section->name)) &&
                !find_output(a, section)) {
            return fail(err, a->elf->path.at, ERR_NO_OFFSET,
                    "is not the program that its linker map tells of: section %.*s differs; link "
                    "it again",
                    STR_ARG(section->name));
        }
    }
    return true;
}

// ---- sections ----

/// Where the contents of `section` are stored: on a microcontroller initial values lie in flash.
static uint64_t load_address_of(const struct adding *a, const struct elf_section *section) {
    for (uint32_t i = 0; i < a->elf->segment_count; i++) {
        const struct elf_segment *g = &a->elf->segments[i];
        bool holds = g->type == PT_LOAD && section->address >= g->address &&
                     section->address - g->address < g->file_bytes &&
                     section->file_offset >= g->file_offset &&
                     section->file_offset - g->file_offset == section->address - g->address;
        if (holds) {
            return g->load_address + (section->address - g->address);
        }
    }
    return section->address;
}

static uint32_t push_section(struct adding *a, struct footprint_section section) {
    struct footprint *f = a->footprint;
    section.file = a->file;
    section.object = FOOTPRINT_NONE;
    section.memory = memory_at(a, section.address, section.name);
    section.load_memory = MEMORY_NONE;
    if (section.load_address != section.address) {
        uint32_t stored = memory_at(a, section.load_address, section.name);
        section.load_memory = stored != section.memory ? stored : MEMORY_NONE;
    }
    *vec_push(f->arena, &f->sections) = section;
    f->files.at[a->file].section_bytes += section.bytes;
    return (uint32_t)(f->sections.len - 1);
}

/// A map may be of another link, or only a part: what it does not tell of is counted.
static void note_unmapped(struct adding *a, struct str section) {
    struct footprint_file *file = &a->footprint->files.at[a->file];
    if (file->unmapped++ == 0) {
        file->unmapped_name = section;
    }
}

static void add_section(struct adding *a, uint32_t number) {
    const struct elf_section *section = &a->elf->sections[number];
    bool is_stored = section->type != SHT_NOBITS;
    struct cut_section in = { .output = find_output(a, section), .contents = STR("") };
    if (a->map && !in.output) {
        note_unmapped(a, section->name);
    }
    in.section = push_section(
            a, (struct footprint_section){ .name = section->name,
                       .number = number,
                       .address = section->address,
                       .load_address = is_stored ? load_address_of(a, section) : section->address,
                       .bytes = section->size_bytes,
                       .is_nobits = !is_stored });
    struct footprint *f = a->footprint;
    in.traits = section_traits_of(section, memory_of(f, f->sections.at[in.section].memory));
    struct err ignored;
    if (is_stored && !elf_file_contents(f->arena, a->elf, number, &in.contents, &ignored)) {
        in.contents = STR("");
    }
    footprint_cut_section(&a->cut, &in);
}

static void add_sections(struct adding *a) {
    for (uint32_t i = 1; i < a->elf->section_count; i++) {
        if (is_loaded(&a->elf->sections[i])) {
            add_section(a, i);
        }
    }
}

/// Of a map alone: whether the output section is in memory when the program runs.
static bool is_loaded_output(const struct adding *a, const struct ldmap_output *o) {
    bool wraps = o->size_bytes > UINT64_MAX - o->address;
    if (wraps || o->size_bytes == 0 || section_name_is_unloaded(o->name)) {
        return false;
    }
    return o->address != 0 || memory_at(a, 0, o->name) != MEMORY_NONE;
}

/// Whether nothing is stored for an input of that name: it begins as zero, or with no value.
static bool is_unstored(const struct ldmap_input *input) {
    struct section_traits nameless = { .name = STR("") };
    enum footprint_kind kind = footprint_kind_of(&nameless, input->name);
    return input->kind == LDMAP_COMMON || input->kind == LDMAP_FILL ||
           (input->kind == LDMAP_INPUT &&
                   (kind == FOOTPRINT_ZERO || kind == FOOTPRINT_THREAD_ZERO));
}

/// The next output section that is loaded, after the one numbered `number`; NULL when there is none.
static const struct ldmap_output *output_after(const struct ldmap *map, size_t number) {
    for (size_t i = number + 1; i < map->output_count; i++) {
        if (map->outputs[i].address != 0 && !section_name_is_unloaded(map->outputs[i].name)) {
            return &map->outputs[i];
        }
    }
    return NULL;
}

/// Of a map alone: whether nothing is stored for the output section. GNU ld prints a load address even then, once a script has
/// used AT>; but the next section is stored at the same.
static bool is_unstored_output(const struct ldmap *map, size_t number) {
    const struct ldmap_output *o = &map->outputs[number];
    const struct ldmap_output *next = output_after(map, number);
    bool is_passed_over = next && o->load_address != o->address &&
                          next->load_address == o->load_address && next->address != o->address;
    bool all = o->count != 0;
    for (size_t i = 0; i < o->count && all; i++) {
        all = is_unstored(&map->inputs[o->first + i]);
    }
    return all || is_passed_over;
}

static void add_outputs(struct adding *a) {
    struct footprint *f = a->footprint;
    for (size_t i = 0; i < a->map->output_count; i++) {
        const struct ldmap_output *o = &a->map->outputs[i];
        if (!is_loaded_output(a, o)) {
            continue;
        }
        bool is_stored = !is_unstored_output(a->map, i);
        struct cut_section in = { .output = o, .contents = STR("") };
        in.section = push_section(
                a, (struct footprint_section){ .name = o->name,
                           .address = o->address,
                           .load_address =
                                   is_stored && o->load_address != 0 ? o->load_address : o->address,
                           .bytes = o->size_bytes,
                           .is_nobits = !is_stored });
        in.traits = (struct section_traits){ .name = o->name,
            .is_nobits = !is_stored,
            .memory = memory_of(f, f->sections.at[in.section].memory) };
        footprint_cut_section(&a->cut, &in);
    }
}

// ---- the whole ----

enum { ITEMS_RESERVED_MOST = 1 << 20 };

/// Room for the items that a program usually makes, so that the table need not grow on the way: with its constants cut into strings up to four a
/// symbol. What is not used is never touched.
static void reserve_items(
        struct footprint *f, const struct elf_file *elf, const struct ldmap *map) {
    if (f->items.len == 0) {
        size_t symbols = elf ? elf->symbol_count : 0;
        symbols = symbols < ITEMS_RESERVED_MOST / 4 ? symbols * 4 : ITEMS_RESERVED_MOST;
        f->items.room = 1024 + symbols + (map ? map->input_count : 0);
        f->items.at = NEW_ARRAY(f->arena, struct footprint_item, f->items.room);
    }
}

bool footprint_linked_of(struct footprint *f, struct elf_file *elf, const struct ldmap *map,
        struct str path, struct err *err) {
    struct adding a = { .footprint = f, .elf = elf, .map = map };
    index_outputs(&a);
    if (!fits(&a, err)) {
        elf_file_close(elf);
        return false;
    }
    a.file = (uint32_t)f->files.len;
    *vec_push(f->arena, &f->files) =
            (struct footprint_file){ .path = path, .elf = elf, .map = map };
    take_memories(&a);
    reserve_items(f, elf, map);
    footprint_cut_begin(&a.cut, f, a.file, elf, map);
    size_t first_section = f->sections.len;
    if (elf) {
        add_sections(&a);
    } else {
        add_outputs(&a);
    }
    footprint_fillers(f, &a.memories, first_section);
    return true;
}

bool footprint_linked_add(
        struct footprint *f, const char *path, const char *map_path, struct err *err) {
    struct elf_file *elf = path ? NEW(f->arena, struct elf_file) : NULL;
    struct ldmap *map = map_path ? NEW(f->arena, struct ldmap) : NULL;
    struct str debug_path;
    if (elf && !elf_file_read(f->arena, path, elf, err)) {
        return false;
    }
    if (elf && !elf_file_is_whole(elf, err)) {
        elf_file_close(elf);
        return false;
    }
    if (elf && (elf->is_dynamic_table || elf->symbol_count == 0)) {
        (void)elf_debug_file_symbols(f->arena, elf, &debug_path);
    }
    if (map && !ldmap_read(f->arena, map_path, map, err)) {
        if (elf) {
            elf_file_close(elf);
        }
        return false;
    }
    struct str name = arena_copy(f->arena, str_from(path ? path : map_path));
    if (!footprint_linked_of(f, elf, map, name, err)) {
        return false;
    }
    if (map_path) {
        struct str all = arena_copy(f->arena, str_from(map_path));
        size_t base = str_base_name(all).len;
        f->files.at[f->files.len - 1].map_folder =
                base < all.len ? (struct str){ all.at, all.len - base } : STR("");
    }
    return true;
}
