// sources: host/io/elf_file.c host/io/elf_contents.c
//
// Fuzz target: an ELF file - headers, sections, symbols, contents, relocations, groups. Tables take memory by the file's size, whatever they say.
#include "elf_file.h"
#include "input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = { 0 };
    struct elf_file elf;
    struct err err;
    size_t sum = 0;
    if (!elf_file_parse(&a, "fuzz", (struct str){ (const char *)data, size }, &elf, &err)) {
        arena_clear(&a);
        return 0;
    }
    for (uint32_t i = 1; i < elf.section_count; i++) {
        size_t count;
        sum += elf.sections[i].name.len + elf_file_group_name(&elf, i).len;
        (void)elf_file_relocations(&a, &elf, i, &count);
        sum += count;
    }
    if (a.taken_bytes > 32 * size + 4096)
        abort();
    for (uint32_t i = 1; i < elf.section_count && i < 64; i++) {
        struct str contents;
        if (elf_file_contents(&a, &elf, i, &contents, &err))
            for (size_t k = 0; k < contents.len; k += 512)
                sum += (unsigned char)contents.at[k];
    }
    for (size_t i = 1; i < elf.symbol_count; i++)
        sum += elf.symbols[i].name.len;
    if (sum == SIZE_MAX)
        abort(); // keeps the sum
    arena_clear(&a);
    return 0;
}
