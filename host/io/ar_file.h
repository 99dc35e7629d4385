/// Static libraries: GNU, BSD (macOS included) and thin archives, archives within archives.
///
/// The bytes are mapped and handed out in place. The file is hostile input: every length is checked against what
/// remains, and nesting ends at AR_DEEPEST.
#ifndef RAMLENS_AR_FILE_H
#define RAMLENS_AR_FILE_H

#include "arena.h"
#include "err.h"
#include "file.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AR_DEEPEST = 4 };

enum ar_member_kind {
    AR_MEMBER_ELF,
    AR_MEMBER_LLVM,    ///< LLVM bitcode: what -flto of clang makes.
    AR_MEMBER_MISSING, ///< Of a thin archive: its file cannot be read; `why` says so.
    AR_MEMBER_OTHER    ///< No object: a text, a Mach-O or COFF object, a Rust metadata file.
};

struct ar_member {
    struct str name; ///< As stored; of a nested archive's member "inner.a(member.o)".
    struct str
            path; ///< "lib.a(member.o)"; of several of one name "lib.a(member.o)#2". For people and messages.
    uint32_t ordinal; ///< Of this name in its archive, from 1: names need not differ.
    uint64_t offset;  ///< Of its header in the outer file; 0 for a thin archive's file.
    struct str bytes;
    enum ar_member_kind kind;
    const char *why; ///< Of AR_MEMBER_MISSING.
};

struct ar_file {
    struct str path;
    bool is_thin;
    bool is_bsd;
    struct ar_member *members; ///< In the order of the file; symbol and name tables left out.
    size_t member_count;
    uint32_t heads;      ///< Read so far; private.
    struct ar_map *maps; ///< Private: of the archive and, if it is thin, its files.
};

/// Whether `bytes` begin as an archive does.
bool ar_file_is(struct str bytes);

/// Maps and reads `path`, and for a thin archive the files it names, relative to its folder. False with a message
/// (with the byte) when it cannot be opened, is no archive, or is damaged. Cost: linear in members; their contents are
/// not touched but for the first bytes.
bool ar_file_read(struct arena *a, const char *path, struct ar_file *out, struct err *err);

/// Gives the mappings back. Harmless on a zeroed struct.
void ar_file_close(struct ar_file *ar);

#endif
