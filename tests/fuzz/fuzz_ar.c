// sources: host/io/ar_file.c host/io/elf_file.c host/io/elf_contents.c
//
// Fuzz target: an archive, its members read as far as they are objects.
#include "ar_file.h"
#include "elf_file.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a = { 0 };
    struct ar_file ar;
    struct err err;
    char path[64];
    int file = fuzz_file(data, size, path);
    if (ar_file_read(&a, path, &ar, &err)) {
        for (size_t i = 0; i < ar.member_count; i++) {
            struct elf_file elf;
            if (ar.members[i].kind == AR_MEMBER_ELF)
                (void)elf_file_parse(&a, ar.members[i].path.at, ar.members[i].bytes, &elf, &err);
        }
        ar_file_close(&ar);
    }
    arena_clear(&a);
    return close(file);
}
