/// Sections, symbols and build id by libelf. Names are copied with their whole string table, once.
#include "elf_file.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

/// A string table in the arena; terminated whatever the file holds.
struct names {
    const char *at;
    size_t len;
};

static struct names read_names(struct arena *a, Elf *elf, size_t section) {
    Elf_Scn *scn = elf_getscn(elf, section);
    Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
    if (!data || !data->d_buf) {
        return (struct names){ "", 0 };
    }
    struct str copy = arena_copy(a, (struct str){ data->d_buf, data->d_size });
    return (struct names){ copy.at, copy.len };
}

static struct str name_at(struct names names, uint64_t offset) {
    return offset < names.len ? str_from(names.at + offset) : STR("");
}

static void read_sections(struct arena *a, Elf *elf, struct elf_file *out) {
    size_t count = 0;
    size_t names_section = 0;
    if (elf_getshdrnum(elf, &count) != 0 || count > UINT32_MAX ||
            elf_getshdrstrndx(elf, &names_section) != 0) {
        return;
    }
    struct names names = read_names(a, elf, names_section);
    out->sections = NEW_ARRAY(a, struct elf_section, count + 1);
    out->section_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        GElf_Shdr header;
        if (!gelf_getshdr(elf_getscn(elf, i), &header)) {
            continue;
        }
        out->sections[i] = (struct elf_section){ .name = name_at(names, header.sh_name),
            .address = header.sh_addr,
            .size_bytes = header.sh_size,
            .flags = header.sh_flags,
            .type = header.sh_type };
    }
}

/// The symbol table to read: `.symtab`, else `.dynsym`, else NULL.
static Elf_Scn *find_symbols(Elf *elf, GElf_Shdr *header) {
    Elf_Scn *found = NULL;
    GElf_Shdr candidate;
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
        if (!gelf_getshdr(scn, &candidate)) {
            continue;
        }
        if (candidate.sh_type == SHT_SYMTAB || (candidate.sh_type == SHT_DYNSYM && !found)) {
            found = scn;
            *header = candidate;
            if (candidate.sh_type == SHT_SYMTAB) {
                break;
            }
        }
    }
    return found;
}

/// Where the image of thread-local data begins; symbols in it count from there.
static uint64_t tls_address(Elf *elf) {
    size_t count = 0;
    GElf_Phdr header;
    if (elf_getphdrnum(elf, &count) != 0) {
        return 0;
    }
    for (size_t i = 0; i < count && i < INT32_MAX; i++) {
        if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_TLS) {
            return header.p_vaddr;
        }
    }
    return 0;
}

static struct elf_symbol to_symbol(
        const struct elf_file *file, const GElf_Sym *symbol, struct names names) {
    uint8_t type = GELF_ST_TYPE(symbol->st_info);
    bool in_section = symbol->st_shndx < SHN_LORESERVE && symbol->st_shndx < file->section_count;
    return (struct elf_symbol){ .name = name_at(names, symbol->st_name),
        .address = symbol->st_value + (type == STT_TLS ? file->tls_address : 0),
        .size_bytes = symbol->st_size,
        .section = in_section ? symbol->st_shndx : 0,
        .type = type,
        .binding = GELF_ST_BIND(symbol->st_info) };
}

static void read_symbols(struct arena *a, Elf *elf, struct elf_file *out) {
    GElf_Shdr header = { 0 };
    Elf_Scn *scn = find_symbols(elf, &header);
    Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
    size_t entry_bytes = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
    if (!data || entry_bytes == 0) {
        return;
    }
    struct names names = read_names(a, elf, header.sh_link);
    size_t count = data->d_size / entry_bytes;
    out->symbols = NEW_ARRAY(a, struct elf_symbol, count + 1);
    for (size_t i = 1; i < count && i < INT32_MAX; i++) { // The first is empty by definition.
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol)) {
            out->symbols[out->symbol_count++] = to_symbol(out, &symbol, names);
        }
    }
}

static void read_build_id(struct arena *a, Elf *elf, struct elf_file *out) {
    const void *bytes = NULL;
    ssize_t len = dwelf_elf_gnu_build_id(elf, &bytes);
    if (len > 0) {
        struct str copy = arena_copy(a, (struct str){ bytes, (size_t)len });
        out->build_id = (const uint8_t *)copy.at;
        out->build_id_bytes = copy.len;
    }
}

static bool read_all(struct arena *a, Elf *elf, struct elf_file *out, struct err *err) {
    GElf_Ehdr header;
    const char *path = out->path.at;
    if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header)) {
        return fail(err, path, ERR_NO_OFFSET, "is no ELF file");
    }
    out->class_bits = gelf_getclass(elf) == ELFCLASS64 ? 64 : 32;
    out->machine = header.e_machine;
    out->type = header.e_type;
    out->tls_address = tls_address(elf);
    read_sections(a, elf, out);
    read_symbols(a, elf, out);
    read_build_id(a, elf, out);
    return true;
}

bool elf_file_read(struct arena *a, const char *path, struct elf_file *out, struct err *err) {
    *out = (struct elf_file){ .path = arena_copy(a, str_from(path)) };
    (void)elf_version(EV_CURRENT);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return fail(err, path, ERR_NO_OFFSET, "cannot be opened: %s", strerror(errno));
    }
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    bool done = elf ? read_all(a, elf, out, err)
                    : fail(err, path, ERR_NO_OFFSET, "is no ELF file: %s", elf_errmsg(-1));
    elf_end(elf);
    (void)close(fd);
    return done;
}

const struct elf_section *elf_file_section(const struct elf_file *elf, struct str name) {
    for (uint32_t i = 1; i < elf->section_count; i++) {
        if (str_equal(elf->sections[i].name, name)) {
            return &elf->sections[i];
        }
    }
    return NULL;
}
