/// Objects as libdwfl takes a kernel's modules: it asks where each section was loaded and relocates the debug information
/// accordingly. So members of any archive can be read from memory, with those relocations of RISC-V that only together
/// make a number. COMMON variables are in no section, so they are given addresses in the copy of the symbol table.
#include "dwarf_object.h"

#include "dwarf_xtensa.h"
#include "elf_bytes.h"

#include <elf.h>
#include <elfutils/libdwfl.h>
#include <stddef.h>
#include <string.h>

enum {
    FIRST_ADDRESS = 0x10000, ///< What lies at 0 is taken for dropped code.
    GAP_BYTES = 16,          ///< So that the end of one section is not the beginning of the next.
};

// ---- what libdwfl asks ----

static int find_elf(Dwfl_Module *module, void **self, const char *name, Dwarf_Addr base,
        char **file_name, Elf **elf) {
    const struct dwarf_object *o = *self;
    (void)module;
    (void)name;
    (void)base;
    *file_name = NULL;
    *elf = o->elf;
    return -1; // There is no open file.
}

static int find_no_debug_file(Dwfl_Module *module, void **self, const char *name, Dwarf_Addr base,
        const char *file_name, const char *link, GElf_Word checksum, char **found) {
    (void)module;
    (void)self;
    (void)name;
    (void)base;
    (void)file_name;
    (void)link;
    (void)checksum;
    *found = NULL;
    return -1;
}

static int section_address(Dwfl_Module *module, void **self, const char *name, Dwarf_Addr base,
        const char *section, GElf_Word number, const GElf_Shdr *header, Dwarf_Addr *address) {
    const struct dwarf_object *o = *self;
    (void)module;
    (void)name;
    (void)base;
    (void)section;
    (void)header;
    *address = o->addresses[number];
    return 0;
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = find_elf,
    .find_debuginfo = find_no_debug_file,
    .section_address = section_address,
};

// ---- laying out ----

/// Gives every loaded section an address; `*end` is behind the last. False when they do not fit 32 bits.
static bool lay_out(
        struct dwarf_object *o, struct arena *a, const struct elf_file *elf, uint64_t *end) {
    uint64_t *addresses = NEW_ARRAY(a, uint64_t, (size_t)elf->section_count + 1);
    uint64_t at = FIRST_ADDRESS;
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const struct elf_section *s = &elf->sections[i];
        if (!(s->flags & SHF_ALLOC)) {
            continue;
        }
        uint64_t alignment = s->alignment > 1 ? s->alignment : 1;
        if (alignment > UINT32_MAX || s->size_bytes > UINT32_MAX) {
            return false;
        }
        at = (at + alignment - 1) / alignment * alignment;
        addresses[i] = at;
        at += s->size_bytes + GAP_BYTES;
        if (at > UINT32_MAX) {
            return false;
        }
    }
    addresses[0] = (at + GAP_BYTES) / GAP_BYTES * GAP_BYTES;
    o->addresses = addresses;
    *end = addresses[0];
    return true;
}

/// Makes the COMMON symbol whose entry is at `offset` an absolute one.
static void put_symbol(const struct elf_file *elf, char *copy, uint64_t offset, uint64_t address) {
    bool is_64 = elf->class_bits == 64;
    size_t place = is_64 ? offsetof(Elf64_Sym, st_shndx) : offsetof(Elf32_Sym, st_shndx);
    size_t value = is_64 ? offsetof(Elf64_Sym, st_value) : offsetof(Elf32_Sym, st_value);
    elf_put_number(elf, copy, offset + place, SHN_ABS, 2);
    elf_put_number(elf, copy, offset + value, address, is_64 ? 8 : 4);
}

/// Lays COMMON variables out, in `copy`; `*end` is moved behind them. The reader has seen that all symbols lie in the file.
static void lay_out_common(
        const struct elf_file *elf, uint64_t address, char *copy, uint64_t *end) {
    size_t step = elf->class_bits == 64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    uint32_t table = 1;
    while (table < elf->section_count && elf->sections[table].type != SHT_SYMTAB) {
        table++;
    }
    for (size_t i = 1; table < elf->section_count && i < elf->symbol_count; i++) {
        const struct elf_symbol *s = &elf->symbols[i];
        if (elf_symbol_is_common(s) && s->size_bytes <= UINT32_MAX - address) {
            put_symbol(elf, copy, elf->sections[table].file_offset + i * step, address);
            address += s->size_bytes;
        }
    }
    *end = address;
}

static bool has_debug_information(const struct elf_file *elf) {
    return elf_file_section(elf, STR(".debug_info")) != NULL ||
           elf_file_section(elf, STR(".zdebug_info")) != NULL;
}

// ---- the whole ----

/// Makes the module known to libdwfl.
static bool report(struct dwarf_object *o, const char *path, uint64_t end) {
    void **self = NULL;
    Dwarf_Addr bias = 0;
    o->file.dwfl = dwfl_begin(&callbacks);
    if (!o->file.dwfl) {
        return false;
    }
    dwfl_report_begin(o->file.dwfl);
    o->file.module = dwfl_report_module(o->file.dwfl, path, FIRST_ADDRESS, end);
    (void)dwfl_report_end(o->file.dwfl, NULL, NULL);
    if (!o->file.module) {
        return false;
    }
    (void)dwfl_module_info(o->file.module, &self, NULL, NULL, NULL, NULL, NULL, NULL);
    *self = o;
    o->file.dwarf = dwfl_module_getdwarf(o->file.module, &bias);
    o->file.bias = bias;
    return o->file.dwarf != NULL;
}

bool dwarf_object_open(struct dwarf_object *o, struct arena *a, const struct elf_file *elf) {
    uint64_t end = 0;
    *o = (struct dwarf_object){ .addresses = NULL };
    if (!has_debug_information(elf) || !lay_out(o, a, elf, &end)) {
        return false;
    }
    struct str image;
    struct err ignored;
    if (!elf_file_unpack(a, elf, &image, &ignored)) {
        return false;
    }
    char *copy = image.at != elf->bytes.at ? (char *)(uintptr_t)image.at
                                           : arena_take(a, elf->bytes.len, 1, 16);
    if (copy != image.at) {
        memcpy(copy, elf->bytes.at, elf->bytes.len);
    }
    lay_out_common(elf, o->addresses[0], copy, &end);
    if (elf->machine == EM_XTENSA) {
        dwarf_xtensa_relocate(a, elf, o->addresses, copy);
    }
    (void)elf_version(EV_CURRENT);
    o->elf = elf_memory(copy, image.len);
    if (!o->elf || !report(o, elf->path.at, end)) {
        dwarf_object_close(o);
        return false;
    }
    o->file.machine = elf->machine;
    return true;
}

void dwarf_object_close(struct dwarf_object *o) {
    bool is_taken = o->file.module != NULL; // Then the session ends it.
    if (o->elf && !is_taken) {
        elf_end(o->elf);
    }
    dwarf_file_close(&o->file);
    *o = (struct dwarf_object){ .addresses = NULL };
}
