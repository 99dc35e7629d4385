// See memories.h.
#include "memories.h"

#include "vec.h"

#include <elf.h>

/// Addresses at which a memory is seen.
struct memory_window {
    uint64_t start;
    uint64_t bytes;
    uint64_t main;
    uint32_t memory;
    bool is_shared;             ///< Of two memories.
    const struct str *sections; ///< Globs; none: any section.
    uint32_t section_count;
};

struct building {
    struct arena *a;
    struct {
        struct memory *at;
        size_t len, room;
    } list;
    struct {
        struct memory_window *at;
        size_t len, room;
    } windows;
};

static uint32_t add_memory(struct building *b, const struct memory *m) {
    *vec_push(b->a, &b->list) = *m;
    return (uint32_t)b->list.len - 1;
}

static void add_window(struct building *b, uint64_t start, uint64_t bytes, uint32_t memory) {
    *vec_push(b->a, &b->windows) = (struct memory_window){
        .start = start, .bytes = bytes, .main = start, .memory = memory
    };
}

// ---- the target's

static void add_target(struct building *b, const struct target *t) {
    uint32_t numbers[2 * TARGET_WINDOWS_MAX] = { 0 };
    for (uint32_t i = 0; i < t->region_count; i++) {
        const struct target_region *r = &t->regions[i];
        numbers[i] = add_memory(b, &(struct memory){ .name = r->name,
                                           .about = r->about,
                                           .source = MEMORY_OF_TARGET,
                                           .region = i,
                                           .start = r->start,
                                           .bytes = r->bytes,
                                           .is_ram = true });
    }
    for (uint32_t i = 0; i < t->store_count && i < TARGET_WINDOWS_MAX; i++) {
        const struct target_store *s = &t->stores[i];
        numbers[TARGET_REGIONS_MAX + i] = add_memory(b, &(struct memory){ .name = s->name,
                                                                .about = s->about,
                                                                .source = MEMORY_OF_TARGET,
                                                                .region = TARGET_NONE,
                                                                .start = s->start,
                                                                .bytes = s->bytes });
    }
    for (uint32_t i = 0; i < t->window_count; i++) {
        const struct target_window *w = &t->windows[i];
        *vec_push(b->a, &b->windows) = (struct memory_window){ .start = w->start,
            .bytes = w->bytes,
            .main = w->main,
            .memory = numbers[w->memory],
            .is_shared = w->is_shared,
            .sections = w->sections,
            .section_count = w->section_count };
    }
}

// ---- the linker's and the loader's

static bool is_covered(const struct building *b, uint64_t start, uint64_t bytes) {
    for (size_t i = 0; i < b->windows.len; i++) {
        const struct memory_window *w = &b->windows.at[i];
        if (start >= w->start && bytes <= w->bytes && start - w->start <= w->bytes - bytes)
            return true;
    }
    return false;
}

static bool has_letter(struct str letters, char wanted) {
    return letters.len > 0 && memchr(letters.at, wanted, letters.len) != NULL;
}

/// MEMORY that lies inside of a memory of the target is that one; ld's letters before `!` are what the memory has.
static void add_map(struct building *b, const struct ldmap *map) {
    for (size_t i = 0; i < map->memory_count; i++) {
        const struct ldmap_memory *m = &map->memories[i];
        bool wraps = m->size_bytes > UINT64_MAX - m->start;
        if (m->size_bytes == 0 || wraps || is_covered(b, m->start, m->size_bytes))
            continue;
        uint32_t number = add_memory(b, &(struct memory){ .name = m->name,
                                                .about = STR(""),
                                                .source = MEMORY_OF_MAP,
                                                .region = TARGET_NONE,
                                                .start = m->start,
                                                .bytes = m->size_bytes,
                                                .is_ram = has_letter(m->attributes, 'w') });
        add_window(b, m->start, m->size_bytes, number);
    }
}

static void add_segments(struct building *b, const struct elf_file *elf) {
    uint32_t loaded = 0;
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *s = &elf->segments[i];
        if (s->type != PT_LOAD)
            continue;
        loaded++;
        if (s->memory_bytes == 0 || is_covered(b, s->address, s->memory_bytes))
            continue;
        const char *name = arena_printf(b->a, "segment-%u", (unsigned)loaded);
        const char *about = arena_printf(b->a, "loaded segment, %s%s%s", s->flags & PF_R ? "r" : "",
                s->flags & PF_W ? "w" : "", s->flags & PF_X ? "x" : "");
        uint32_t number = add_memory(b, &(struct memory){ .name = str_from(name),
                                                .about = str_from(about),
                                                .source = MEMORY_OF_SEGMENT,
                                                .region = TARGET_NONE,
                                                .start = s->address,
                                                .bytes = s->memory_bytes,
                                                .is_ram = (s->flags & PF_W) != 0 });
        add_window(b, s->address, s->memory_bytes, number);
    }
}

/// The segment, read-only, that ends where `start` is, or an alignment before it; MEMORY_NONE.
static uint32_t segment_before(const struct building *b, uint64_t start) {
    enum { WIDEST_ALIGNMENT = 64 };
    for (size_t i = 0; i < b->list.len; i++) {
        const struct memory *m = &b->list.at[i];
        uint64_t end = m->start + m->bytes;
        if (m->source == MEMORY_OF_SEGMENT && !m->is_ram && start >= end &&
                start - end < WIDEST_ALIGNMENT)
            return (uint32_t)i;
    }
    return MEMORY_NONE;
}

/// Where initial values are stored: behind what else lies in that memory, as a script's AT> puts them, or by themselves.
static void add_stored(struct building *b, const struct elf_file *elf) {
    uint32_t loaded = 0;
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *s = &elf->segments[i];
        if (s->type != PT_LOAD)
            continue;
        loaded++;
        uint64_t bytes = s->file_bytes;
        bool wraps = bytes > UINT64_MAX - s->load_address;
        if (bytes == 0 || wraps || s->load_address == s->address ||
                is_covered(b, s->load_address, bytes))
            continue;
        uint32_t number = segment_before(b, s->load_address);
        if (number == MEMORY_NONE) {
            const char *name = arena_printf(b->a, "stored-%u", (unsigned)loaded);
            number = add_memory(b, &(struct memory){ .name = str_from(name),
                                           .about = STR("contents of a loaded segment"),
                                           .source = MEMORY_OF_SEGMENT,
                                           .region = TARGET_NONE,
                                           .start = s->load_address });
        }
        struct memory *m = &b->list.at[number];
        m->bytes = s->load_address + bytes - m->start;
        add_window(b, s->load_address, bytes, number);
    }
}

void memories_of(struct arena *a, const struct target *target, const struct ldmap *map,
        const struct elf_file *elf, struct memories *out) {
    struct building b = { .a = a };
    if (target)
        add_target(&b, target);
    if (map)
        add_map(&b, map);
    if (elf) {
        add_segments(&b, elf);
        add_stored(&b, elf);
    }
    *out = (struct memories){ .list = b.list.at,
        .count = (uint32_t)b.list.len,
        .windows = b.windows.at,
        .window_count = (uint32_t)b.windows.len };
}

// ---- finding

static bool names(const struct memory_window *w, struct str section) {
    for (uint32_t i = 0; i < w->section_count; i++)
        if (str_matches(section, w->sections[i]))
            return true;
    return false;
}

/// A window that names the section comes first, then one that two memories share; then the target's before the linker's, and that before a segment's, which may
/// hold the file's own head in front of a memory; then the smaller before the larger.
static bool is_better(
        const struct memories *m, const struct memory_window *w, const struct memory_window *than) {
    if (than == NULL || (w->section_count != 0) != (than->section_count != 0))
        return than == NULL || w->section_count != 0;
    if (w->is_shared != than->is_shared)
        return w->is_shared;
    enum memory_source mine = m->list[w->memory].source, other = m->list[than->memory].source;
    return mine != other ? mine < other : w->bytes < than->bytes;
}

uint32_t memories_find(const struct memories *m, uint64_t address, struct str output_section,
        uint64_t *main_address) {
    const struct memory_window *found = NULL;
    for (uint32_t i = 0; i < m->window_count; i++) {
        const struct memory_window *w = &m->windows[i];
        bool is_in = address >= w->start && address - w->start < w->bytes;
        if (is_in && (w->section_count == 0 || names(w, output_section)) && is_better(m, w, found))
            found = w;
    }
    if (main_address)
        *main_address = found ? found->main + (address - found->start) : address;
    return found ? found->memory : MEMORY_NONE;
}
