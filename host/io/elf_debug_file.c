// See elf_debug_file.h. The forms are those of gdb's manual, "Debugging Information in Separate Files".
#include "elf_debug_file.h"

#include "elf_bytes.h"

#include <string.h>
#include <zlib.h>

#define SYSTEM_FOLDER "/usr/lib/debug"

/// What .gnu_debuglink says: a name, and behind it, on the next word, a checksum of the whole file.
struct link {
    struct str name;
    uint32_t checksum;
};

static bool read_link(struct arena *a, const struct elf_file *elf, struct link *out) {
    const struct elf_section *s = elf_file_section(elf, STR(".gnu_debuglink"));
    if (s == NULL || !elf_is_stored(s))
        return false;
    const char *at = elf->bytes.at + s->file_offset;
    const char *end = memchr(at, '\0', s->size_bytes);
    size_t len = end ? (size_t)(end - at) : s->size_bytes;
    size_t word = (len + 4) & ~(size_t)3;
    if (len == 0 || word + 4 > s->size_bytes || memchr(at, '/', len) != NULL)
        return false;
    out->name = arena_copy(a, (struct str){ at, len });
    out->checksum = (uint32_t)elf_number(elf, s->file_offset + word, 4);
    return true;
}

static bool same_build_id(const struct elf_file *a, const struct elf_file *b) {
    return a->build_id != NULL && b->build_id != NULL && a->build_id_bytes == b->build_id_bytes &&
           memcmp(a->build_id, b->build_id, a->build_id_bytes) == 0;
}

static bool has_checksum(const struct elf_file *elf, uint32_t wanted) {
    uLong sum = crc32_z(crc32(0, NULL, 0), (const Bytef *)elf->bytes.at, elf->bytes.len);
    return (uint32_t)sum == wanted;
}

/// The section of `elf` that section `number` of the debug file is; 0 when there is none. Stripping takes sections off the end, and leaves addresses.
static uint32_t section_of(
        const struct elf_file *elf, const struct elf_file *debug, uint32_t number) {
    const struct elf_section *wanted = &debug->sections[number];
    for (uint32_t i = 0; i < elf->section_count; i++) {
        uint32_t at = (number + i) % elf->section_count; // most often the same number
        if (at != 0 && elf->sections[at].address == wanted->address &&
                str_equal(elf->sections[at].name, wanted->name))
            return at;
    }
    return 0;
}

/// Gives `elf` the symbols, each in the section that it has here.
static void take_symbols(struct arena *a, struct elf_file *elf, const struct elf_file *debug) {
    uint32_t *sections = NEW_ARRAY(a, uint32_t, debug->section_count + 1u);
    for (uint32_t i = 1; i < debug->section_count; i++)
        sections[i] = section_of(elf, debug, i);
    for (size_t i = 0; i < debug->symbol_count; i++) {
        struct elf_symbol *s = &debug->symbols[i];
        if (s->place == ELF_IN_SECTION && s->section < debug->section_count)
            s->section = sections[s->section];
    }
    elf->symbols = debug->symbols;
    elf->symbol_count = debug->symbol_count;
    elf->is_dynamic_table = false;
    elf->debug_map = debug->map;
}

static bool try_file(
        struct arena *a, struct elf_file *elf, const char *path, const struct link *link) {
    struct elf_file debug;
    struct err ignored = { .text = "" };
    if (!elf_file_read(a, path, &debug, &ignored))
        return false;
    bool fits = same_build_id(elf, &debug) ||
                (link && debug.build_id == NULL && has_checksum(&debug, link->checksum));
    if (fits && !debug.is_dynamic_table && debug.symbol_count > 0) {
        take_symbols(a, elf, &debug);
        return true;
    }
    elf_file_close(&debug);
    return false;
}

/// "/usr/lib/debug/.build-id/ab/cdef....debug".
static const char *build_id_path(struct arena *a, const struct elf_file *elf) {
    char digits[2 * 64 + 1];
    if (elf->build_id == NULL || elf->build_id_bytes < 2 || elf->build_id_bytes > 64)
        return NULL;
    for (size_t i = 0; i < elf->build_id_bytes; i++)
        (void)snprintf(digits + 2 * i, 3, "%02x", elf->build_id[i]);
    return arena_printf(a, SYSTEM_FOLDER "/.build-id/%.2s/%s.debug", digits, digits + 2);
}

bool elf_debug_file_symbols(struct arena *a, struct elf_file *elf, struct str *path) {
    struct str base = str_base_name(elf->path);
    struct str folder = { elf->path.at, elf->path.len - base.len };
    struct link link;
    bool is_linked = read_link(a, elf, &link);
    const char *tries[] = { build_id_path(a, elf),
        is_linked ? arena_printf(a, "%.*s%.*s", STR_ARG(folder), STR_ARG(link.name)) : NULL,
        is_linked ? arena_printf(a, "%.*s.debug/%.*s", STR_ARG(folder), STR_ARG(link.name)) : NULL,
        is_linked ? arena_printf(a, SYSTEM_FOLDER "/%.*s%.*s", STR_ARG(folder), STR_ARG(link.name))
                  : NULL };
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++)
        if (tries[i] && try_file(a, elf, tries[i], is_linked ? &link : NULL)) {
            *path = str_from(tries[i]);
            return true;
        }
    return false;
}
