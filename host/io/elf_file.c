// See elf_file.h. Reading in place: headers, sections, segments, symbols. What is inside of sections is elf_contents.c's.
#include "elf_bytes.h"

#include <elf.h>
#include <string.h>

enum {
    SEGMENTS_MOST = 1024, ///< A program has a handful.
    NAMES_MOST =
            16, ///< Times the file's size: names that share their ends, as `.L0 ` does on RISC-V, add up to more than their table.
};

// ---- damage

/// Counts what is left out, and keeps the first of it that decides what takes memory; `what` NULL: it does not.
static void damage(struct elf_file *elf, uint64_t at, const char *what) {
    elf->damage++;
    if (what != NULL && elf->broken == NULL) {
        elf->broken = what;
        elf->broken_at = at;
    }
}

// ---- strings

/// A string table in the file's bytes whose last byte ends a string; else empty: then no name can run on behind it.
static struct str string_table(const struct elf_file *elf, uint32_t section) {
    if (section == 0 || section >= elf->section_count)
        return STR("");
    const struct elf_section *s = &elf->sections[section];
    if (!elf_is_stored(s) || s->size_bytes == 0)
        return STR(""); // where it lies is nobody's concern
    struct str table = { elf->bytes.at + s->file_offset, s->size_bytes };
    return table.at[table.len - 1] == '\0' ? table : STR("");
}

/// Names may share their ends, but a file whose names add up to many times its size was made to take time.
static struct str string_at(struct elf_file *elf, struct str table, uint64_t offset) {
    if (offset >= table.len)
        return STR("");
    size_t most = table.len - offset < elf->names_left ? table.len - offset : elf->names_left;
    struct str name = { table.at + offset, strnlen(table.at + offset, most) };
    if (name.len == most) {
        elf->names_left = 0;
        damage(elf, (uint64_t)(name.at - elf->bytes.at), "names lie over each other");
        return STR("");
    }
    elf->names_left -= name.len;
    return name;
}

// ---- header

bool elf_file_is(struct str bytes) {
    return bytes.len >= SELFMAG && memcmp(bytes.at, ELFMAG, SELFMAG) == 0;
}

static bool fail_no_elf(const struct elf_file *elf, struct err *err) {
    const char *path = elf->path.at;
    if (str_starts_with(elf->bytes, STR("!<arch>\n")) ||
            str_starts_with(elf->bytes, STR("!<thin>\n")))
        return fail(err, path, ERR_NO_OFFSET, "is an archive; an ELF file is needed here");
    if (str_starts_with(elf->bytes, STR("BC\xc0\xde")))
        return fail(err, path, ERR_NO_OFFSET,
                "is LLVM bitcode (made with -flto), which holds no code yet; compile without "
                "-flto");
    return fail(err, path, ERR_NO_OFFSET, "is no ELF file");
}

static bool read_header(struct elf_file *elf, struct err *err) {
    const unsigned char *ident = (const unsigned char *)elf->bytes.at;
    if (!elf_file_is(elf->bytes))
        return fail_no_elf(elf, err);
    size_t header_bytes = elf->bytes.len > EI_CLASS && ident[EI_CLASS] == ELFCLASS64
                                  ? sizeof(Elf64_Ehdr)
                                  : sizeof(Elf32_Ehdr);
    if (elf->bytes.len < header_bytes)
        return fail(err, elf->path.at, elf->bytes.len, "ends inside the ELF header");
    if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
        return fail(err, elf->path.at, EI_CLASS, "is an ELF file of neither 32 nor 64 bits");
    if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
        return fail(err, elf->path.at, EI_DATA, "is an ELF file of no known byte order");
    elf->class_bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    elf->is_big_endian = ident[EI_DATA] == ELFDATA2MSB;
    elf->type = (uint16_t)elf_number(elf, offsetof(Elf32_Ehdr, e_type), 2);
    elf->machine = (uint16_t)elf_number(elf, offsetof(Elf32_Ehdr, e_machine), 2);
    elf->flags = (uint32_t)elf_number(elf,
            elf->class_bits == 64 ? offsetof(Elf64_Ehdr, e_flags) : offsetof(Elf32_Ehdr, e_flags),
            4);
    return true;
}

static uint64_t header_word(const struct elf_file *elf, unsigned at32, unsigned at64) {
    return elf_word(elf, 0, at32, at64);
}

static uint32_t header_half(const struct elf_file *elf, unsigned at32, unsigned at64) {
    return (uint32_t)elf_number(elf, elf->class_bits == 64 ? at64 : at32, 2);
}

#define HEADER_WORD(elf, field)                                                                    \
    header_word((elf), offsetof(Elf32_Ehdr, field), offsetof(Elf64_Ehdr, field))
#define HEADER_HALF(elf, field)                                                                    \
    header_half((elf), offsetof(Elf32_Ehdr, field), offsetof(Elf64_Ehdr, field))

// ---- sections

#define SECTION_WORD(elf, at, field)                                                               \
    elf_word((elf), (at), offsetof(Elf32_Shdr, field), offsetof(Elf64_Shdr, field))
#define SECTION_HALF(elf, at, field)                                                               \
    (uint32_t) elf_number((elf),                                                                   \
            (at) + ((elf)->class_bits == 64 ? offsetof(Elf64_Shdr, field)                          \
                                            : offsetof(Elf32_Shdr, field)),                        \
            4)

static size_t section_bytes(const struct elf_file *elf) {
    return elf->class_bits == 64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

/// What is wrong with a section; NULL: nothing. One after the other they are no larger than the file; whoever reads each of many that lie over
/// each other takes time and memory that the file's size says nothing of.
static const char *why_wrong(const struct elf_file *elf, const struct elf_section *s) {
    uint64_t room = (elf->class_bits == 64 ? UINT64_MAX : UINT32_MAX) - s->address;
    if (elf_is_stored(s) && !elf_has(elf, s->file_offset, s->size_bytes))
        return "a section lies outside of the file";
    if (elf_is_stored(s) && s->size_bytes > elf->stored_left)
        return "sections lie over each other";
    if (s->size_bytes != 0 && s->size_bytes - 1 > room)
        return "a section's addresses wrap around";
    if ((s->flags & SHF_ALLOC) && (s->flags & SHF_COMPRESSED)) // System V ABI, chapter 4: not both
        return "a section is loaded and compressed";
    return NULL;
}

/// A section that makes no sense keeps its place in the table and nothing else.
static struct elf_section section_at(struct elf_file *elf, uint64_t at, uint32_t *name) {
    struct elf_section s = { .name = STR(""),
        .type = SECTION_HALF(elf, at, sh_type),
        .flags = SECTION_WORD(elf, at, sh_flags),
        .address = SECTION_WORD(elf, at, sh_addr),
        .file_offset = SECTION_WORD(elf, at, sh_offset),
        .size_bytes = SECTION_WORD(elf, at, sh_size),
        .link = SECTION_HALF(elf, at, sh_link),
        .info = SECTION_HALF(elf, at, sh_info),
        .alignment = SECTION_WORD(elf, at, sh_addralign),
        .entry_bytes = SECTION_WORD(elf, at, sh_entsize) };
    *name = SECTION_HALF(elf, at, sh_name);
    const char *wrong = why_wrong(elf, &s);
    if (wrong) {
        damage(elf, at, (s.flags & SHF_ALLOC) ? wrong : NULL);
        return (struct elf_section){ .name = STR("") };
    }
    if (elf_is_stored(&s))
        elf->stored_left -= s.size_bytes;
    return s;
}

static void read_sections(struct arena *a, struct elf_file *elf) {
    uint64_t table = HEADER_WORD(elf, e_shoff);
    uint64_t step = HEADER_HALF(elf, e_shentsize);
    uint64_t count = HEADER_HALF(elf, e_shnum);
    uint32_t names_section = HEADER_HALF(elf, e_shstrndx);
    if (table == 0)
        return;
    if (step < section_bytes(elf) || !elf_has(elf, table, step)) {
        damage(elf, table, "the table of sections lies outside of the file");
        return;
    }
    uint32_t name;
    struct elf_file quiet = *elf;
    struct elf_section first = section_at(&quiet, table, &name);
    if (count == 0) // Too many for the header: the first section tells.
        count = SECTION_WORD(elf, table, sh_size);
    if (names_section == SHN_XINDEX)
        names_section = first.link;
    uint64_t most = (elf->bytes.len - table) / step;
    if (count > most || count > UINT32_MAX) {
        damage(elf, table, "the table of sections ends behind the end of the file");
        count = most < UINT32_MAX ? most : UINT32_MAX - 1;
    }
    uint32_t *names = NEW_ARRAY(a, uint32_t, count + 1);
    elf->sections = NEW_ARRAY(a, struct elf_section, count + 1);
    elf->section_count = (uint32_t)count;
    for (uint32_t i = 1; i < count; i++)
        elf->sections[i] = section_at(elf, table + i * step, &names[i]);
    struct str strings = string_table(elf, names_section);
    if (strings.len == 0 && count > 1)
        damage(elf, table, "the names of sections are missing");
    for (uint32_t i = 1; i < count; i++)
        elf->sections[i].name = string_at(elf, strings, names[i]);
}

// ---- segments

static struct elf_segment segment_at(const struct elf_file *elf, uint64_t at) {
    bool is_64 = elf->class_bits == 64;
    unsigned flags = is_64 ? offsetof(Elf64_Phdr, p_flags) : offsetof(Elf32_Phdr, p_flags);
#define SEGMENT_WORD(field)                                                                        \
    elf_word(elf, at, offsetof(Elf32_Phdr, field), offsetof(Elf64_Phdr, field))
    return (struct elf_segment){ .type = (uint32_t)elf_number(elf, at, 4),
        .flags = (uint32_t)elf_number(elf, at + flags, 4),
        .file_offset = SEGMENT_WORD(p_offset),
        .address = SEGMENT_WORD(p_vaddr),
        .load_address = SEGMENT_WORD(p_paddr),
        .file_bytes = SEGMENT_WORD(p_filesz),
        .memory_bytes = SEGMENT_WORD(p_memsz) };
#undef SEGMENT_WORD
}

static bool is_sound(const struct elf_file *elf, const struct elf_segment *s) {
    return elf_has(elf, s->file_offset, s->file_bytes) &&
           s->memory_bytes <= UINT64_MAX - s->address &&
           s->memory_bytes <= UINT64_MAX - s->load_address;
}

static void read_segments(struct arena *a, struct elf_file *elf) {
    uint64_t table = HEADER_WORD(elf, e_phoff);
    uint64_t step = HEADER_HALF(elf, e_phentsize);
    uint32_t count = HEADER_HALF(elf, e_phnum);
    size_t least = elf->class_bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    if (count == 0 || table == 0)
        return;
    if (step < least || !elf_has(elf, table, count * step)) {
        damage(elf, table, "the table of segments lies outside of the file");
        return;
    }
    if (count > SEGMENTS_MOST) {
        damage(elf, table, "there are more than 1,024 segments");
        count = SEGMENTS_MOST;
    }
    elf->segments = NEW_ARRAY(a, struct elf_segment, count);
    for (uint32_t i = 0; i < count; i++) {
        struct elf_segment s = segment_at(elf, table + i * step);
        if (is_sound(elf, &s))
            elf->segments[elf->segment_count++] = s;
        else
            damage(elf, table + i * step, NULL);
        if (is_sound(elf, &s) && s.type == PT_TLS)
            elf->tls_address = s.address;
    }
}

// ---- symbols

static const struct elf_section *section_of_type(const struct elf_file *elf, uint32_t type) {
    for (uint32_t i = 1; i < elf->section_count; i++)
        if (elf->sections[i].type == type)
            return &elf->sections[i];
    return NULL;
}

/// The table of section numbers that do not fit a symbol's own field; NULL without one.
static const struct elf_section *wide_numbers(const struct elf_file *elf, uint32_t symbols) {
    for (uint32_t i = 1; i < elf->section_count; i++)
        if (elf->sections[i].type == SHT_SYMTAB_SHNDX && elf->sections[i].link == symbols)
            return &elf->sections[i];
    return NULL;
}

static bool has_mapping_symbols(const struct elf_file *elf) {
    return elf->machine == EM_ARM || elf->machine == EM_AARCH64 || elf->machine == EM_RISCV;
}

/// Names that tools gave: ".L12", ".L0 "; on ARM and RISC-V "$a", "$d.7", "$xrv32i2p1_m2p0".
static bool is_mark(const struct elf_file *elf, struct str name) {
    if (str_starts_with(name, STR(".L")))
        return true;
    if (name.len < 2 || name.at[0] != '$' || !has_mapping_symbols(elf))
        return false;
    bool is_kind = strchr("adtx", name.at[1]) != NULL;
    bool ends =
            name.len == 2 || name.at[2] == '.' || (elf->machine == EM_RISCV && name.at[1] == 'x');
    return is_kind && ends;
}

static void place_symbol(
        struct elf_file *elf, struct elf_symbol *s, uint32_t number, bool is_wide) {
    s->section = 0;
    if (!is_wide && number >= SHN_LORESERVE) {
        s->place = number == SHN_COMMON ? ELF_COMMON : ELF_ABSOLUTE;
    } else if (number == SHN_UNDEF) {
        s->place = ELF_UNDEFINED;
    } else if (number < elf->section_count) {
        s->place = ELF_IN_SECTION;
        s->section = number;
    } else {
        s->place = ELF_ABSOLUTE;
        damage(elf, 0, NULL);
    }
}

static struct elf_symbol symbol_at(struct elf_file *elf, uint64_t at, struct str strings) {
    bool is_64 = elf->class_bits == 64;
    unsigned info = is_64 ? offsetof(Elf64_Sym, st_info) : offsetof(Elf32_Sym, st_info);
    uint8_t bits = (uint8_t)elf->bytes.at[at + info];
    struct elf_symbol s = { .name = string_at(elf, strings, elf_number(elf, at, 4)),
        .address = elf_word(elf, at, offsetof(Elf32_Sym, st_value), offsetof(Elf64_Sym, st_value)),
        .size_bytes = elf_word(elf, at, offsetof(Elf32_Sym, st_size), offsetof(Elf64_Sym, st_size)),
        .type = ELF32_ST_TYPE(bits),
        .binding = ELF32_ST_BIND(bits) };
    s.is_mark = is_mark(elf, s.name);
    bool is_function = s.type == STT_FUNC || s.type == STT_GNU_IFUNC;
    if (elf->machine == EM_ARM && is_function)
        s.address &= ~UINT64_C(1);
    if (s.type == STT_TLS && elf->type != ET_REL)
        s.address += elf->tls_address;
    return s;
}

/// Where a symbol has its section's number.
static unsigned symbol_number_at(const struct elf_file *elf) {
    return elf->class_bits == 64 ? offsetof(Elf64_Sym, st_shndx) : offsetof(Elf32_Sym, st_shndx);
}

static void read_symbols(struct arena *a, struct elf_file *elf) {
    const struct elf_section *table = section_of_type(elf, SHT_SYMTAB);
    if (table == NULL) {
        table = section_of_type(elf, SHT_DYNSYM);
        elf->is_dynamic_table = table != NULL;
    }
    size_t step = elf->class_bits == 64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    if (table == NULL)
        return;
    unsigned number_at = symbol_number_at(elf);
    const struct elf_section *wide = wide_numbers(elf, (uint32_t)(table - elf->sections));
    struct str strings = string_table(elf, table->link);
    size_t count = table->size_bytes / step;
    elf->symbols = NEW_ARRAY(a, struct elf_symbol, count + 1);
    elf->symbol_count = count;
    for (size_t i = 1; i < count; i++) {
        uint64_t at = table->file_offset + i * step;
        uint32_t number = (uint32_t)elf_number(elf, at + number_at, 2);
        bool is_wide = number == SHN_XINDEX && wide && i < wide->size_bytes / 4;
        if (is_wide)
            number = (uint32_t)elf_number(elf, wide->file_offset + i * 4, 4);
        elf->symbols[i] = symbol_at(elf, at, strings);
        place_symbol(elf, &elf->symbols[i], number, is_wide);
    }
}

// ---- what kind of file

static uint64_t aligned(uint64_t n) {
    return (n + 3) & ~UINT64_C(3);
}

/// Notes: sizes of name and contents, a type, then both, padded to words (elf.h: Elf32_Nhdr).
static void read_build_id(struct elf_file *elf, const struct elf_section *s) {
    enum { HEAD = 12 };
    for (uint64_t at = 0; at + HEAD <= s->size_bytes;) {
        uint64_t base = s->file_offset + at;
        uint64_t name = elf_number(elf, base, 4);
        uint64_t contents = elf_number(elf, base + 4, 4);
        uint64_t next = at + HEAD + aligned(name) + contents;
        if (next > s->size_bytes)
            return;
        const char *words = elf->bytes.at + base + HEAD;
        if (elf_number(elf, base + 8, 4) == NT_GNU_BUILD_ID && name == 4 &&
                memcmp(words, "GNU", 4) == 0) {
            elf->build_id = (const uint8_t *)words + aligned(name);
            elf->build_id_bytes = contents;
            return;
        }
        at = aligned(next);
    }
}

/// gcc says it with a symbol, since version 10 also in the head of a section: the byte behind two version numbers
/// (gcc, lto-streamer.h: struct lto_section).
static bool is_slim(const struct elf_file *elf) {
    enum { SLIM_BYTE = 4 };
    bool has_code = false;
    bool is_lto = false;
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const struct elf_section *s = &elf->sections[i];
        has_code |= (s->flags & SHF_ALLOC) && s->size_bytes != 0;
        if (!str_starts_with(s->name, STR(".gnu.lto_")))
            continue;
        is_lto = true;
        if (str_starts_with(s->name, STR(".gnu.lto_.lto.")) && elf_is_stored(s) &&
                s->size_bytes > SLIM_BYTE)
            return elf->bytes.at[s->file_offset + SLIM_BYTE] != 0;
    }
    for (size_t i = 1; is_lto && i < elf->symbol_count; i++)
        if (str_equal(elf->symbols[i].name, STR("__gnu_lto_slim")))
            return true;
    return is_lto && !has_code;
}

/// Which sections hold the relocations of each.
static void find_relocations(struct elf_file *elf) {
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const struct elf_section *s = &elf->sections[i];
        bool is_list = s->type == SHT_RELA || s->type == SHT_REL;
        if (!is_list || s->info == 0 || s->info >= elf->section_count)
            continue;
        struct elf_section *patched = &elf->sections[s->info];
        patched->patched_by = patched->patch_count == 0 ? i : patched->patched_by;
        patched->patch_count++;
    }
}

/// Which COMDAT group each section is a member of.
static void read_groups(struct elf_file *elf) {
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const struct elf_section *group = &elf->sections[i];
        if (group->type != SHT_GROUP || group->size_bytes < 4 ||
                !(elf_number(elf, group->file_offset, 4) & GRP_COMDAT))
            continue;
        for (uint64_t at = 4; at + 4 <= group->size_bytes; at += 4) {
            uint64_t member = elf_number(elf, group->file_offset + at, 4);
            if (member != 0 && member < elf->section_count)
                elf->sections[member].group = i;
        }
    }
}

// ---- the whole

bool elf_file_parse_outline(struct arena *a, const char *path, struct str bytes,
        struct elf_file *out, struct err *err) {
    *out = (struct elf_file){ .path = arena_copy(a, str_from(path)),
        .bytes = bytes,
        .stored_left = 2 * (uint64_t)bytes.len,
        .names_left = NAMES_MOST * (uint64_t)bytes.len };
    if (!read_header(out, err))
        return false;
    read_sections(a, out);
    read_segments(a, out);
    find_relocations(out);
    if (out->type == ET_REL)
        read_groups(out);
    return true;
}

uint64_t elf_file_common_bytes(const struct elf_file *elf) {
    const struct elf_section *table = section_of_type(elf, SHT_SYMTAB);
    size_t step = elf->class_bits == 64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    uint64_t bytes = 0;
    for (size_t i = 1; table && i < table->size_bytes / step; i++) {
        uint64_t at = table->file_offset + i * step;
        if (elf_number(elf, at + symbol_number_at(elf), 2) == SHN_COMMON)
            bytes += elf_word(elf, at, offsetof(Elf32_Sym, st_size), offsetof(Elf64_Sym, st_size));
    }
    return bytes;
}

bool elf_file_parse(struct arena *a, const char *path, struct str bytes, struct elf_file *out,
        struct err *err) {
    if (!elf_file_parse_outline(a, path, bytes, out, err))
        return false;
    read_symbols(a, out);
    for (uint32_t i = 1; i < out->section_count && out->build_id == NULL; i++)
        if (out->sections[i].type == SHT_NOTE)
            read_build_id(out, &out->sections[i]);
    out->is_slim_lto = out->type == ET_REL && is_slim(out);
    return true;
}

bool elf_file_read(struct arena *a, const char *path, struct elf_file *out, struct err *err) {
    struct file_map map;
    *out = (struct elf_file){ .path = STR("") };
    if (!file_map(path, &map, err))
        return false;
    struct str bytes = { (const char *)map.bytes, map.size_bytes };
    bool done = elf_file_parse(a, path, bytes, out, err);
    out->map = map;
    if (!done)
        elf_file_close(out);
    return done;
}

void elf_file_close(struct elf_file *elf) {
    file_unmap(&elf->map);
    file_unmap(&elf->debug_map);
}

bool elf_file_is_whole(const struct elf_file *elf, struct err *err) {
    if (elf->broken != NULL)
        return fail(err, elf->path.at, elf->broken_at,
                "is damaged or cut off: %s; make it anew, or copy it again", elf->broken);
    if (elf->section_count == 0)
        return fail(err, elf->path.at, ERR_NO_OFFSET,
                "has no table of sections, and nothing else tells what it holds; give the file "
                "that "
                "it was stripped from");
    return true;
}

bool elf_symbol_is_common(const struct elf_symbol *s) {
    return s->place == ELF_COMMON && s->size_bytes != 0 &&
           !str_equal(s->name, STR("__gnu_lto_slim")) && !str_equal(s->name, STR("__gnu_lto_v1"));
}

const struct elf_section *elf_file_section(const struct elf_file *elf, struct str name) {
    for (uint32_t i = 1; i < elf->section_count; i++)
        if (str_equal(elf->sections[i].name, name))
            return &elf->sections[i];
    return NULL;
}
