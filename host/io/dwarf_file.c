/// Opening a module by libdwfl, which knows where separate debug files are and merges symbol tables.
/// Each module has a session of its own, so that all can keep the addresses of their files.
#include "dwarf_file.h"

#include "elf_file.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path =
            NULL, // The usual: beside the file, in .debug beside it, under /usr/lib/debug.
};

/// Whether the open file is an ELF file with the build id wanted.
static enum symbol_quality check(
        int fd, const char *path, const uint8_t *build_id, size_t build_id_len, struct err *err) {
    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    const void *found = NULL;
    enum symbol_quality quality = SYMBOLS_ONLY;
    if (!elf || elf_kind(elf) != ELF_K_ELF) {
        fail(err, path, ERR_NO_OFFSET, "is no ELF file, so its addresses have no names");
        quality = SYMBOLS_NO_FILE;
    } else if (build_id_len != 0) {
        ssize_t len = dwelf_elf_gnu_build_id(elf, &found);
        if (len < 0 || (size_t)len != build_id_len || memcmp(found, build_id, build_id_len) != 0) {
            fail(err, path, ERR_NO_OFFSET,
                    "is not the file that ran (its build id differs), so its addresses have no "
                    "names; "
                    "put that one back or record again");
            quality = SYMBOLS_OTHER_FILE;
        }
    }
    elf_end(elf);
    return quality;
}

/// Whether a section with debug information is there, and compressed with zstd, which not every elfutils knows.
static bool has_debug_section(Elf *elf, bool *zstd) {
    size_t names = 0;
    if (!elf || elf_getshdrstrndx(elf, &names) != 0) {
        return false;
    }
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
        GElf_Shdr header;
        GElf_Chdr compressed;
        const char *name =
                gelf_getshdr(scn, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (name && strcmp(name, ".debug_info") == 0 && header.sh_type != SHT_NOBITS) {
            *zstd = gelf_getchdr(scn, &compressed) && compressed.ch_type == 2; // ELFCOMPRESS_ZSTD
            return true;
        }
    }
    return false;
}

/// A file in memory with these bytes; -1.
static int memory_file(struct str bytes) {
    int fd = memfd_create("ramlens", MFD_CLOEXEC);
    for (size_t at = 0; fd >= 0 && at < bytes.len;) {
        ssize_t written = write(fd, bytes.at + at, bytes.len - at);
        if (written <= 0) {
            (void)close(fd);
            return -1;
        }
        at += (size_t)written;
    }
    return fd;
}

/// The file at `path` once more, in memory and with what zstd compressed unpacked; -1 when that cannot be.
static int open_unpacked(const char *path) {
    struct arena scratch = { 0 };
    struct elf_file elf;
    struct err ignored = { .text = "" };
    struct str bytes;
    int fd = -1;
    if (elf_file_read(&scratch, path, &elf, &ignored)) {
        if (elf_file_unpack(&scratch, &elf, &bytes, &ignored)) {
            fd = memory_file(bytes);
        }
        elf_file_close(&elf);
    }
    arena_clear(&scratch);
    return fd;
}

/// `fd`, or another one of the same file that libdw can read.
static int readable(int fd, const char *path) {
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    bool zstd = false;
    bool has_one = has_debug_section(elf, &zstd);
    elf_end(elf);
    int other = has_one && zstd ? open_unpacked(path) : -1;
    if (other < 0) {
        return fd;
    }
    (void)close(fd);
    return other;
}

static void read_dwarf(struct dwarf_file *f, const char *path, struct err *err) {
    Dwarf_Addr bias = 0;
    GElf_Addr main_bias = 0;
    GElf_Ehdr header;
    bool zstd = false;
    f->dwarf = dwfl_module_getdwarf(f->module, &bias);
    f->bias = bias;
    Elf *elf = dwfl_module_getelf(f->module, &main_bias);
    f->machine = elf && gelf_getehdr(elf, &header) ? header.e_machine : EM_NONE;
    if (!f->dwarf && has_debug_section(elf, &zstd)) {
        fail(err, path, ERR_NO_OFFSET, "has debug information that cannot be read%s",
                zstd ? ": it is compressed with zstd, which this build of elfutils does not know"
                     : "");
    }
}

enum symbol_quality dwarf_file_open(struct dwarf_file *f, const char *path, const uint8_t *build_id,
        size_t build_id_len, struct err *err) {
    *f = (struct dwarf_file){ 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        fail(err, path, ERR_NO_OFFSET, "cannot be opened (%s), so its addresses have no names",
                strerror(errno));
        return SYMBOLS_NO_FILE;
    }
    enum symbol_quality quality = check(fd, path, build_id, build_id_len, err);
    if (quality != SYMBOLS_ONLY) {
        (void)close(fd);
        return quality;
    }
    fd = readable(fd, path);
    f->dwfl = dwfl_begin(&callbacks);
    // The true asks for addresses as in the file: base 0 plus what the program headers say.
    f->module = f->dwfl ? dwfl_report_elf(f->dwfl, path, path, fd, 0, true) : NULL;
    if (!f->module) {
        fail(err, path, ERR_NO_OFFSET, "cannot be read: %s", dwfl_errmsg(-1));
        (void)close(fd);
        dwarf_file_close(f);
        return SYMBOLS_NO_FILE;
    }
    (void)dwfl_report_end(f->dwfl, NULL, NULL);
    read_dwarf(f, path, err);
    return f->dwarf ? SYMBOLS_WITH_LINES : SYMBOLS_ONLY;
}

void dwarf_file_close(struct dwarf_file *f) {
    if (f->dwfl) {
        dwfl_end(f->dwfl);
    }
    *f = (struct dwarf_file){ 0 };
}
