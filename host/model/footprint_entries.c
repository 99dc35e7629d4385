// See footprint_entries.h.
#include "footprint_entries.h"

#include <elf.h>

static bool is_zero(const char *at, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++) {
        if (at[i] != '\0') {
            return false;
        }
    }
    return true;
}

struct footprint_entries footprint_entries_of(const struct elf_section *s) {
    struct footprint_entries e = { .is_strings = (s->flags & SHF_STRINGS) != 0 };
    bool is_odd = s->entry_bytes == 0 || s->entry_bytes > 64;
    e.char_bytes = is_odd ? 1 : (uint32_t)s->entry_bytes;
    bool is_aligned = s->alignment > e.char_bytes && s->alignment <= 4096;
    e.alignment = is_aligned ? (uint32_t)s->alignment : 1;
    return e;
}

size_t footprint_entry_bytes(const struct footprint_entries *e, struct str contents, size_t at) {
    size_t rest = contents.len - at;
    size_t bytes = 0;
    if (!e->is_strings) {
        return e->char_bytes < rest ? e->char_bytes : rest;
    }
    while (bytes + e->char_bytes <= rest) {
        bytes += e->char_bytes;
        if (is_zero(contents.at + at + bytes - e->char_bytes, e->char_bytes)) {
            return bytes;
        }
    }
    return rest;
}

size_t footprint_entry_next(const struct footprint_entries *e, struct str contents, size_t end) {
    size_t rest = end % e->alignment;
    size_t next = rest != 0 ? end + e->alignment - rest : end;
    return next < contents.len ? next : contents.len;
}
