/// Relocations by libelf: each names a symbol and lies in a section; the symbols that matter are few.
#include "object_refs.h"

#include "vec.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

/// One member under reading.
struct member {
    struct arena *arena;
    Elf *elf;
    struct str name;
    size_t names;       ///< Section of the section names.
    Elf_Data *symbols;  ///< NULL when there are none.
    size_t symbol_link; ///< Section of their names.
    size_t symbol_count;
    bool *shared; ///< By section.
    size_t section_count;
};

typedef VEC(struct object_ref) ref_list;

static struct str section_name(struct member *m, const GElf_Shdr *header) {
    return str_from(elf_strptr(m->elf, m->names, header->sh_name));
}

/// Marks the members of COMDAT groups.
static void read_group(struct member *m, Elf_Scn *scn) {
    Elf_Data *data = elf_getdata(scn, NULL);
    if (data == NULL || data->d_buf == NULL || data->d_size < 2 * sizeof(Elf32_Word)) {
        return;
    }
    const Elf32_Word *words = data->d_buf;
    if ((words[0] & GRP_COMDAT) == 0) {
        return;
    }
    for (size_t i = 1; i < data->d_size / sizeof *words; i++) {
        if (words[i] < m->section_count) {
            m->shared[words[i]] = true;
        }
    }
}

static void find_symbols(struct member *m) {
    for (Elf_Scn *scn = elf_nextscn(m->elf, NULL); scn; scn = elf_nextscn(m->elf, scn)) {
        GElf_Shdr header;
        if (!gelf_getshdr(scn, &header)) {
            continue;
        }
        if (header.sh_type == SHT_GROUP) {
            read_group(m, scn);
        } else if (header.sh_type == SHT_SYMTAB && m->symbols == NULL) {
            size_t bytes = gelf_fsize(m->elf, ELF_T_SYM, 1, EV_CURRENT);
            m->symbols = elf_getdata(scn, NULL);
            m->symbol_link = header.sh_link;
            m->symbol_count = m->symbols && bytes ? m->symbols->d_size / bytes : 0;
        }
    }
}

/// The function that holds `offset` of section `section`.
static struct str function_at(struct member *m, size_t section, uint64_t offset) {
    for (size_t i = 1; i < m->symbol_count && i < INT32_MAX; i++) {
        GElf_Sym s;
        if (gelf_getsym(m->symbols, (int)i, &s) && s.st_shndx == section &&
                GELF_ST_TYPE(s.st_info) == STT_FUNC && offset >= s.st_value &&
                offset - s.st_value < s.st_size) {
            const char *name = elf_strptr(m->elf, m->symbol_link, s.st_name);
            return name ? arena_copy(m->arena, str_from(name)) : STR("");
        }
    }
    return STR("");
}

/// Number in alloc_symbols[] of each undefined symbol of the member, else UINT32_MAX.
static uint32_t *number_symbols(struct member *m, struct object_refs *out) {
    uint32_t *numbers = NEW_ARRAY(m->arena, uint32_t, m->symbol_count + 1);
    for (size_t i = 0; i < m->symbol_count && i < INT32_MAX; i++) {
        GElf_Sym s;
        numbers[i] = UINT32_MAX;
        if (!gelf_getsym(m->symbols, (int)i, &s) || GELF_ST_BIND(s.st_info) == STB_LOCAL) {
            continue;
        }
        uint32_t number =
                alloc_symbol_find(str_from(elf_strptr(m->elf, m->symbol_link, s.st_name)));
        if (number != UINT32_MAX && s.st_shndx != SHN_UNDEF) {
            out->defines[number] = true;
        } else {
            numbers[i] = number;
        }
    }
    return numbers;
}

static void add_ref(struct member *m, ref_list *list, size_t first, size_t section,
        const GElf_Shdr *header, uint64_t offset, uint32_t symbol) {
    struct str name = section_name(m, header);
    for (size_t i = first; i < list->len; i++) {
        if (list->at[i].symbol == symbol && str_equal(list->at[i].section, name)) {
            list->at[i].count++;
            return;
        }
    }
    *vec_push(m->arena, list) = (struct object_ref){ .member = m->name,
        .section = arena_copy(m->arena, name),
        .function = function_at(m, section, offset),
        .symbol = symbol,
        .count = 1,
        .is_shared = m->shared[section] };
}

static void read_relocations(struct member *m, Elf_Scn *scn, const GElf_Shdr *own,
        const uint32_t *numbers, ref_list *list) {
    Elf_Data *data = elf_getdata(scn, NULL);
    GElf_Shdr of;
    if (data == NULL || own->sh_entsize == 0 || own->sh_info >= m->section_count ||
            !gelf_getshdr(elf_getscn(m->elf, own->sh_info), &of) || !(of.sh_flags & SHF_ALLOC)) {
        return;
    }
    size_t first = list->len;
    size_t count = data->d_size / own->sh_entsize;
    for (size_t i = 0; i < count && i < INT32_MAX; i++) {
        GElf_Rel rel;
        GElf_Rela rela;
        uint64_t info = 0;
        uint64_t offset = 0;
        if (own->sh_type == SHT_REL && gelf_getrel(data, (int)i, &rel)) {
            info = rel.r_info;
            offset = rel.r_offset;
        } else if (own->sh_type == SHT_RELA && gelf_getrela(data, (int)i, &rela)) {
            info = rela.r_info;
            offset = rela.r_offset;
        }
        uint64_t symbol = GELF_R_SYM(info);
        if (symbol != 0 && symbol < m->symbol_count && numbers[symbol] != UINT32_MAX) {
            add_ref(m, list, first, own->sh_info, &of, offset, numbers[symbol]);
        }
    }
}

static void read_member(
        struct arena *a, Elf *elf, struct str name, struct object_refs *out, ref_list *list) {
    struct member m = { .arena = a, .elf = elf, .name = name };
    GElf_Ehdr header;
    if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header) || header.e_type != ET_REL ||
            elf_getshdrnum(elf, &m.section_count) != 0 || elf_getshdrstrndx(elf, &m.names) != 0) {
        return;
    }
    out->members++;
    m.shared = NEW_ARRAY(a, bool, m.section_count + 1);
    find_symbols(&m);
    const uint32_t *numbers = number_symbols(&m, out);
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
        GElf_Shdr section;
        if (gelf_getshdr(scn, &section) &&
                (section.sh_type == SHT_REL || section.sh_type == SHT_RELA)) {
            read_relocations(&m, scn, &section, numbers, list);
        }
    }
}

static void read_archive(
        struct arena *a, int fd, Elf *archive, struct object_refs *out, ref_list *list) {
    Elf_Cmd command = ELF_C_READ_MMAP;
    Elf *elf = NULL;
    while (command != ELF_C_NULL && (elf = elf_begin(fd, command, archive)) != NULL) {
        Elf_Arhdr *header = elf_getarhdr(elf);
        if (header != NULL && header->ar_name != NULL) {
            read_member(a, elf, arena_copy(a, str_from(header->ar_name)), out, list);
        }
        command = elf_next(elf);
        (void)elf_end(elf);
    }
}

bool object_refs_read(struct arena *a, const char *path, struct object_refs *out, struct err *err) {
    *out = (struct object_refs){ 0 };
    (void)elf_version(EV_CURRENT);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return fail(err, path, ERR_NO_OFFSET, "cannot be opened: %s", strerror(errno));
    }
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    ref_list list = { 0 };
    Elf_Kind kind = elf ? elf_kind(elf) : ELF_K_NONE;
    if (kind == ELF_K_AR) {
        read_archive(a, fd, elf, out, &list);
    } else if (kind == ELF_K_ELF) {
        read_member(a, elf, STR(""), out, &list);
    }
    (void)elf_end(elf);
    (void)close(fd);
    out->list = list.at;
    out->count = list.len;
    if (kind != ELF_K_AR && kind != ELF_K_ELF) {
        return fail(err, path, ERR_NO_OFFSET, "is no object and no archive of objects");
    }
    return true;
}
