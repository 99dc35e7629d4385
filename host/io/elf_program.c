/// The kind of a program: its first bytes, its program headers, its permissions.
#include "elf_program.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/// The kernel reads as many bytes of a script's first line (BINPRM_BUF_SIZE).
enum { SCRIPT_LINE_BYTES = 256 };

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// The interpreter named in `line`, which begins with "#!".
static struct str interpreter_in(struct str line) {
    size_t start = 2;
    while (start < line.len && is_blank(line.at[start])) {
        start++;
    }
    size_t end = start;
    while (end < line.len && !is_blank(line.at[end]) && line.at[end] != '\n' &&
            line.at[end] != '\0') {
        end++;
    }
    return (struct str){ line.at + start, end - start };
}

static struct str loader_of(struct arena *a, Elf *elf, const GElf_Phdr *header) {
    size_t file_bytes = 0;
    const char *bytes = elf_rawfile(elf, &file_bytes);
    if (!bytes || header->p_offset >= file_bytes ||
            header->p_filesz > file_bytes - header->p_offset) {
        return STR("");
    }
    const char *at = bytes + header->p_offset;
    return arena_copy(a, (struct str){ at, strnlen(at, (size_t)header->p_filesz) });
}

/// Whether the dynamic section calls the file a position-independent executable. Shared libraries may
/// have an entry point, too.
static bool says_executable(Elf *elf, const GElf_Phdr *header) {
    Elf_Data *data = elf_getdata_rawchunk(
            elf, (int64_t)header->p_offset, (size_t)header->p_filesz, ELF_T_DYN);
    GElf_Dyn entry;
    for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
        if (entry.d_tag == DT_FLAGS_1) {
            return (entry.d_un.d_val & DF_1_PIE) != 0;
        }
    }
    return false;
}

static void read_headers(struct arena *a, Elf *elf, struct elf_program *out) {
    size_t count = 0;
    GElf_Ehdr file;
    GElf_Phdr header;
    if (!gelf_getehdr(elf, &file) || elf_getphdrnum(elf, &count) != 0) {
        return;
    }
    out->class_bits = gelf_getclass(elf) == ELFCLASS64 ? 64 : 32;
    out->machine = file.e_machine;
    out->kind = file.e_type == ET_EXEC ? ELF_PROGRAM_STATIC : ELF_PROGRAM_LIBRARY;
    for (size_t i = 0; i < count && i < INT32_MAX; i++) {
        if (!gelf_getphdr(elf, (int)i, &header)) {
            continue;
        }
        if (header.p_type == PT_INTERP) {
            out->kind = ELF_PROGRAM_DYNAMIC;
            out->interpreter = loader_of(a, elf, &header);
        } else if (header.p_type == PT_DYNAMIC && out->kind == ELF_PROGRAM_LIBRARY &&
                   says_executable(elf, &header)) {
            out->kind = ELF_PROGRAM_STATIC;
        }
    }
}

static bool has_capabilities(int fd) {
    return fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

static bool read_open(
        struct arena *a, int fd, const char *path, struct elf_program *out, struct err *err) {
    struct stat status;
    char line[SCRIPT_LINE_BYTES];
    ssize_t got = pread(fd, line, sizeof(line), 0);
    if (got < 0 || fstat(fd, &status) != 0) {
        return fail(err, path, ERR_NO_OFFSET, "cannot be read: %s", strerror(errno));
    }
    if (got >= 2 && line[0] == '#' && line[1] == '!') {
        out->kind = ELF_PROGRAM_SCRIPT; // Its own set-user-id bit means nothing to Linux.
        out->interpreter = arena_copy(a, interpreter_in((struct str){ line, (size_t)got }));
        return true;
    }
    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    if (elf && elf_kind(elf) == ELF_K_ELF) {
        read_headers(a, elf, out);
        out->gains_privileges =
                (status.st_mode & (mode_t)(S_ISUID | S_ISGID)) != 0 || has_capabilities(fd);
    }
    elf_end(elf);
    return true;
}

bool elf_program_read(struct arena *a, const char *path, struct elf_program *out, struct err *err) {
    *out = (struct elf_program){ .kind = ELF_PROGRAM_OTHER };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return fail(err, path, ERR_NO_OFFSET, "cannot be opened: %s", strerror(errno));
    }
    bool done = read_open(a, fd, path, out, err);
    (void)close(fd);
    return done;
}

const char *elf_program_obstacle(const struct elf_program *program) {
    if (program->kind == ELF_PROGRAM_SCRIPT || program->kind == ELF_PROGRAM_OTHER) {
        return NULL;
    }
    if (program->kind == ELF_PROGRAM_STATIC) {
        return "is linked statically, so the recorder cannot be loaded; link it dynamically";
    }
    if (program->kind == ELF_PROGRAM_LIBRARY) {
        return "is a library or an object file, not a program";
    }
    if (program->machine != EM_X86_64 && program->machine != EM_386) {
        return "is built for another machine; the recorder for Linux knows x86-64 and i386";
    }
    if (program->machine == EM_X86_64 && program->class_bits == 32) {
        return "is built for x32; the recorder for Linux knows x86-64 and i386";
    }
    if (program->gains_privileges && geteuid() != 0) {
        return "gains privileges when it starts (set-user-id or capabilities), so the loader "
               "ignores "
               "the recorder; record a copy without them, or as root";
    }
    return NULL;
}
