// See elf_file.h: what is inside of sections.
#include "elf_bytes.h"

#include <elf.h>
#include <zlib.h>
#include <zstd.h>

enum {
    DEFLATE_MOST =
            1032, ///< Times its size that deflate can make of a byte (zlib's technical notes).
    ZSTD_MOST = 65536,
    ZSTD_TYPE = 2, ///< ELFCOMPRESS_ZSTD, which older headers lack.
};
#define CONTENTS_MOST (UINT64_C(4) << 30)
#define UNPACKED_MOST (UINT64_C(1) << 30)

// ---- contents

/// A compressed section: how, what it becomes, and the stored bytes.
struct packed {
    uint32_t type;
    uint64_t bytes;
    struct str stored;
};

/// The header of a section with SHF_COMPRESSED (gABI: Elf32_Chdr, Elf64_Chdr); of an old `.zdebug_` one "ZLIB" and eight bytes, big-endian.
static bool read_packed(
        const struct elf_file *elf, const struct elf_section *s, struct packed *out) {
    uint64_t at = s->file_offset;
    size_t head = elf->class_bits == 64 ? sizeof(Elf64_Chdr) : sizeof(Elf32_Chdr);
    bool is_old = !(s->flags & SHF_COMPRESSED);
    if (is_old)
        head = 12;
    if (s->size_bytes < head || (is_old && memcmp(elf->bytes.at + at, "ZLIB", 4) != 0))
        return false;
    *out = (struct packed){ .type = ELFCOMPRESS_ZLIB,
        .stored = { elf->bytes.at + at + head, s->size_bytes - head } };
    if (is_old) {
        for (unsigned i = 4; i < 12; i++)
            out->bytes = out->bytes << 8 | (unsigned char)elf->bytes.at[at + i];
        return true;
    }
    out->type = (uint32_t)elf_number(elf, at, 4);
    out->bytes = elf_word(elf, at, offsetof(Elf32_Chdr, ch_size), offsetof(Elf64_Chdr, ch_size));
    return true;
}

static bool unpack_zlib(const struct packed *p, char *to) {
    uLongf len = (uLongf)p->bytes;
    return uncompress((Bytef *)to, &len, (const Bytef *)p->stored.at, p->stored.len) == Z_OK &&
           len == p->bytes;
}

static bool unpack_zstd(const struct packed *p, char *to) {
    return ZSTD_decompress(to, p->bytes, p->stored.at, p->stored.len) == p->bytes;
}

static bool unpack(struct arena *a, const struct elf_file *elf, const struct elf_section *s,
        struct str *out, struct err *err) {
    struct packed p;
    bool is_known = read_packed(elf, s, &p) && (p.type == ELFCOMPRESS_ZLIB || p.type == ZSTD_TYPE);
    uint64_t most = is_known ? p.stored.len * (p.type == ZSTD_TYPE ? ZSTD_MOST : DEFLATE_MOST) : 0;
    if (!is_known || p.bytes > most || p.bytes > CONTENTS_MOST)
        return fail(err, elf->path.at, s->file_offset,
                "the compressed section %.*s makes no sense; link it again, or without -gz",
                STR_ARG(s->name));
    char *to = NEW_ARRAY(a, char, p.bytes + 1);
    if (!(p.type == ZSTD_TYPE ? unpack_zstd(&p, to) : unpack_zlib(&p, to)))
        return fail(err, elf->path.at, s->file_offset,
                "the compressed section %.*s cannot be decompressed: its contents are damaged",
                STR_ARG(s->name));
    *out = (struct str){ to, p.bytes };
    return true;
}

bool elf_file_contents(struct arena *a, const struct elf_file *elf, uint32_t index, struct str *out,
        struct err *err) {
    const struct elf_section *s = &elf->sections[index];
    *out = STR("");
    if (!elf_is_stored(s))
        return true;
    if ((s->flags & SHF_COMPRESSED) || str_starts_with(s->name, STR(".zdebug_")))
        return unpack(a, elf, s, out, err);
    *out = (struct str){ elf->bytes.at + s->file_offset, s->size_bytes };
    return true;
}

// ---- a file that others can read

static bool is_zstd(const struct elf_file *elf, const struct elf_section *s) {
    struct packed p;
    return elf_is_stored(s) && (s->flags & SHF_COMPRESSED) && read_packed(elf, s, &p) &&
           p.type == ZSTD_TYPE;
}

/// Bytes of all such sections when unpacked, each with room to be aligned; 0 when there is none, more than UNPACKED_MOST when they are too many.
static uint64_t unpacked_bytes(const struct elf_file *elf) {
    uint64_t sum = 0;
    for (uint32_t i = 1; i < elf->section_count; i++) {
        struct packed p = { .bytes = 0 };
        if (!is_zstd(elf, &elf->sections[i]) || !read_packed(elf, &elf->sections[i], &p))
            continue;
        if (p.bytes > UNPACKED_MOST || sum > UNPACKED_MOST)
            return UNPACKED_MOST + 1;
        sum += p.bytes + 16;
    }
    return sum;
}

/// Puts the section's contents at `end` of the copy, and lets its header say so.
static void put_section(
        const struct elf_file *elf, uint32_t index, struct str contents, uint64_t end, char *copy) {
    bool is_64 = elf->class_bits == 64;
    unsigned word = is_64 ? 8 : 4;
    uint64_t table = elf_word(elf, 0, offsetof(Elf32_Ehdr, e_shoff), offsetof(Elf64_Ehdr, e_shoff));
    uint64_t step = elf_number(
            elf, is_64 ? offsetof(Elf64_Ehdr, e_shentsize) : offsetof(Elf32_Ehdr, e_shentsize), 2);
    uint64_t at = table + index * step;
    memcpy(copy + end, contents.at, contents.len);
    elf_put_number(elf, copy,
            at + (is_64 ? offsetof(Elf64_Shdr, sh_flags) : offsetof(Elf32_Shdr, sh_flags)),
            elf->sections[index].flags & ~(uint64_t)SHF_COMPRESSED, word);
    elf_put_number(elf, copy,
            at + (is_64 ? offsetof(Elf64_Shdr, sh_offset) : offsetof(Elf32_Shdr, sh_offset)), end,
            word);
    elf_put_number(elf, copy,
            at + (is_64 ? offsetof(Elf64_Shdr, sh_size) : offsetof(Elf32_Shdr, sh_size)),
            contents.len, word);
}

bool elf_file_unpack(
        struct arena *a, const struct elf_file *elf, struct str *out, struct err *err) {
    uint64_t more = unpacked_bytes(elf);
    uint64_t end = (elf->bytes.len + 15) & ~UINT64_C(15);
    *out = elf->bytes;
    if (more == 0)
        return true;
    if (more > UNPACKED_MOST || end > UNPACKED_MOST)
        return fail(err, elf->path.at, ERR_NO_OFFSET,
                "its compressed sections would be more than 1 GiB");
    char *copy = arena_take(a, end + more, 1, 16);
    memcpy(copy, elf->bytes.at, elf->bytes.len);
    for (uint32_t i = 1; i < elf->section_count; i++) {
        struct str contents = STR("");
        if (!is_zstd(elf, &elf->sections[i]))
            continue;
        if (!unpack(a, elf, &elf->sections[i], &contents, err))
            return false;
        put_section(elf, i, contents, end, copy);
        end += (contents.len + 15) & ~UINT64_C(15);
    }
    *out = (struct str){ copy, end };
    return true;
}

// ---- relocations

static size_t relocation_bytes(const struct elf_file *elf, uint32_t type) {
    if (elf->class_bits == 64)
        return type == SHT_RELA ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
    return type == SHT_RELA ? sizeof(Elf32_Rela) : sizeof(Elf32_Rel);
}

/// `offset` and `info` stand alike in relocations with and without addend.
static struct elf_relocation relocation_at(
        const struct elf_file *elf, uint64_t at, bool has_addend) {
    uint64_t info = elf_word(elf, at, offsetof(Elf32_Rela, r_info), offsetof(Elf64_Rela, r_info));
    bool is_64 = elf->class_bits == 64;
    struct elf_relocation r = { .offset = elf_word(elf, at, 0, 0),
        .symbol = (uint32_t)(is_64 ? ELF64_R_SYM(info) : ELF32_R_SYM(info)),
        .type = (uint32_t)(is_64 ? ELF64_R_TYPE(info) : ELF32_R_TYPE(info)) };
    if (has_addend && is_64)
        r.addend = (int64_t)elf_number(elf, at + offsetof(Elf64_Rela, r_addend), 8);
    else if (has_addend)
        r.addend = (int32_t)elf_number(elf, at + offsetof(Elf32_Rela, r_addend), 4);
    return r;
}

static bool patches(const struct elf_section *s, uint32_t index) {
    return (s->type == SHT_RELA || s->type == SHT_REL) && s->info == index;
}

/// Adds the relocations of section `number` to `list`.
static void add_relocations(
        const struct elf_file *elf, uint32_t number, struct elf_relocation *list, size_t *count) {
    const struct elf_section *s = &elf->sections[number];
    size_t step = relocation_bytes(elf, s->type);
    for (uint64_t at = 0; at + step <= s->size_bytes; at += step) {
        struct elf_relocation r = relocation_at(elf, s->file_offset + at, s->type == SHT_RELA);
        r.symbol = r.symbol == 0 ? UINT32_MAX : r.symbol;
        if (r.symbol == UINT32_MAX || r.symbol < elf->symbol_count)
            list[(*count)++] = r;
    }
}

struct elf_relocation *elf_file_relocations(
        struct arena *a, const struct elf_file *elf, uint32_t index, size_t *count) {
    uint32_t first = elf->sections[index].patched_by;
    uint32_t sections = elf->sections[index].patch_count;
    size_t most = 0;
    *count = 0;
    for (uint32_t i = first, left = sections; left > 0; i++) {
        if (patches(&elf->sections[i], index)) {
            most += elf->sections[i].size_bytes / relocation_bytes(elf, elf->sections[i].type);
            left--;
        }
    }
    struct elf_relocation *list = NEW_ARRAY(a, struct elf_relocation, most + 1);
    for (uint32_t i = first, left = sections; left > 0; i++) {
        if (patches(&elf->sections[i], index)) {
            add_relocations(elf, i, list, count);
            left--;
        }
    }
    return list;
}

// ---- groups

struct str elf_file_group_name(const struct elf_file *elf, uint32_t index) {
    uint32_t number = elf->sections[index].group;
    if (number == 0)
        return STR("");
    const struct elf_section *group = &elf->sections[number];
    if (group->info >= elf->symbol_count)
        return group->name;
    const struct elf_symbol *s = &elf->symbols[group->info];
    bool is_nameless = s->type == STT_SECTION && s->place == ELF_IN_SECTION;
    return is_nameless ? elf->sections[s->section].name : s->name;
}
