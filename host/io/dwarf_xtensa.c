/// R_XTENSA_32 alone: what is in the section, the symbol and the addend, added up (binutils, bfd/elf32-xtensa.c: elf_xtensa_do_reloc). The
/// others in debug information, R_XTENSA_PDIFF32 and its like, mark differences for the linker's relaxation: the assembler has written them.
#include "dwarf_xtensa.h"

#include "elf_bytes.h"

#include <elf.h>
#include <stddef.h>

enum { R_XTENSA_32 = 1 };

struct relocating {
    const struct elf_file *copy; ///< The object, with the copy's bytes.
    char *bytes;                 ///< These.
    const uint64_t *addresses;
    uint64_t symbols_at; ///< Offset of the symbol table.
};

/// Of a symbol without a section the value in the copy, where COMMON variables have addresses.
static uint64_t address_of(const struct relocating *r, uint32_t symbol) {
    const struct elf_symbol *s = &r->copy->symbols[symbol];
    if (s->place == ELF_IN_SECTION) {
        return r->addresses[s->section] + s->address;
    }
    uint64_t at = r->symbols_at + (uint64_t)symbol * sizeof(Elf32_Sym);
    return elf_number(r->copy, at + offsetof(Elf32_Sym, st_value), 4);
}

static void put(const struct relocating *r, uint64_t at, uint64_t value) {
    elf_put_number(r->copy, r->bytes, at, value, 4);
}

static void relocate_section(struct arena *a, const struct relocating *r, uint32_t index) {
    const struct elf_section *s = &r->copy->sections[index];
    size_t count;
    const struct elf_relocation *list = elf_file_relocations(a, r->copy, index, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_inside = s->size_bytes >= 4 && list[i].offset <= s->size_bytes - 4;
        if (list[i].type == R_XTENSA_32 && list[i].symbol < r->copy->symbol_count && is_inside) {
            uint64_t at = s->file_offset + list[i].offset;
            put(r, at,
                    elf_number(r->copy, at, 4) + address_of(r, list[i].symbol) +
                            (uint64_t)list[i].addend);
        }
    }
}

/// Makes the sections that patch `patched` none.
static void forget(const struct relocating *r, uint32_t patched) {
    uint64_t table = elf_number(r->copy, offsetof(Elf32_Ehdr, e_shoff), 4);
    uint64_t step = elf_number(r->copy, offsetof(Elf32_Ehdr, e_shentsize), 2);
    uint32_t left = r->copy->sections[patched].patch_count;
    for (uint32_t i = r->copy->sections[patched].patched_by; left > 0; i++) {
        const struct elf_section *s = &r->copy->sections[i];
        if ((s->type == SHT_RELA || s->type == SHT_REL) && s->info == patched) {
            put(r, table + i * step + offsetof(Elf32_Shdr, sh_type), SHT_NULL);
            left--;
        }
    }
}

void dwarf_xtensa_relocate(
        struct arena *a, const struct elf_file *elf, const uint64_t *addresses, char *copy) {
    struct elf_file view = *elf;
    struct relocating r = { .copy = &view, .addresses = addresses };
    r.bytes = copy;
    view.bytes.at = copy;
    for (uint32_t i = 1; i < elf->section_count && r.symbols_at == 0; i++) {
        r.symbols_at = elf->sections[i].type == SHT_SYMTAB ? elf->sections[i].file_offset : 0;
    }
    for (uint32_t i = 1; elf->class_bits == 32 && i < elf->section_count; i++) {
        const struct elf_section *s = &elf->sections[i];
        bool is_debug = str_starts_with(s->name, STR(".debug_")) && elf_is_stored(s);
        if (is_debug && s->patch_count != 0 && !(s->flags & (SHF_ALLOC | SHF_COMPRESSED))) {
            relocate_section(a, &r, i);
            forget(&r, i);
        }
    }
}
