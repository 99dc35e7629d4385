/// Bounds, not predictions: what an instruction sequence shrinks to in the best case.
#include "relaxation.h"

#include <elf.h>

enum {
    RISCV_JAL = 17,
    RISCV_CALL = 18,
    RISCV_CALL_PLT = 19,
    RISCV_GOT_HI20 = 20,
    RISCV_PCREL_HI20 = 23,
    RISCV_HI20 = 26,
    RISCV_TPREL_HI20 = 29,
    RISCV_TPREL_ADD = 32,
    RISCV_ALIGN = 43,
    RISCV_RELAX = 51,
    RISCV_TLSDESC_FIRST = 62,
    RISCV_TLSDESC_LAST = 65,
    XTENSA_ASM_EXPAND = 11
};

bool relaxation_is_known(const struct elf_file *elf) {
    return elf->machine == EM_RISCV || elf->machine == EM_XTENSA;
}

static uint32_t riscv_saves(const struct elf_relocation *r, const struct elf_relocation *next) {
    if (r->type == RISCV_ALIGN) {
        return r->addend > 0 && r->addend < UINT16_MAX ? (uint32_t)r->addend : 0;
    }
    if (!next || next->type != RISCV_RELAX || next->offset != r->offset) {
        return 0;
    }
    switch (r->type) {
    case RISCV_CALL:
    case RISCV_CALL_PLT:
        return 6; // Two instructions of 4 bytes become a jump of 2.
    case RISCV_JAL:
        return 2;
    case RISCV_GOT_HI20:
    case RISCV_PCREL_HI20:
    case RISCV_HI20:
    case RISCV_TPREL_HI20:
    case RISCV_TPREL_ADD:
        return 4; // It goes.
    default:
        return r->type >= RISCV_TLSDESC_FIRST && r->type <= RISCV_TLSDESC_LAST ? 4 : 0;
    }
}

uint32_t relaxation_saves(const struct elf_file *elf, const struct elf_relocation *r,
        const struct elf_relocation *next) {
    if (elf->machine == EM_RISCV) {
        return riscv_saves(r, next);
    }
    // The load of the address before a call goes, all 3 bytes of it.
    return elf->machine == EM_XTENSA && r->type == XTENSA_ASM_EXPAND ? 3 : 0;
}

uint64_t relaxation_narrows(const struct elf_file *elf, uint64_t bytes) {
    return elf->machine == EM_XTENSA ? bytes / 3 : 0;
}
