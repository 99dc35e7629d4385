// See ar_file.h. An archive is a magic and members, each a head of 60 characters and its bytes, at even offsets:
//
//     "!<arch>\n"                                        "!<thin>\n": no bytes but of tables, the name is a path
//     name[16] date[12] owner[6] group[6] mode[8] size[10] "`\n"
//
// Names: "short.o/" (GNU), "short.o   " (BSD); "/12" at byte 12 of the table "//" (GNU); "#1/20" in the first 20 bytes of the
// contents (BSD). "/", "/SYM64/", "__.SYMDEF*" are symbol tables.
#include "ar_file.h"

#include "elf_file.h"
#include "hash.h"
#include "map64.h"
#include "vec.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_LONGEST = 4096 };  ///< A path on Linux (PATH_MAX).
enum { HEADS_MOST = 1 << 22 }; ///< A thin archive may name itself; this ends it.
enum { MAGIC = 8, HEAD = 60, NAME = 16, SIZE_AT = 48, SIZE_LEN = 10, END_AT = 58 };

struct members {
    struct ar_member *at;
    size_t len, room;
};

struct ar_map {
    struct file_map map;
    struct ar_map *next;
};

/// An archive being read; of a nested one `outer` has the way to it.
struct reader {
    struct arena *a;
    struct ar_file *ar;
    struct members *members;
    struct map64 *names; ///< Hash of archive and name to how often it came.
    struct str bytes;
    struct str path;   ///< Of this archive: "lib.a", "lib.a(inner.a)".
    struct str prefix; ///< Of its members' names: "", "inner.a(".
    uint64_t base;     ///< Of `bytes` in the outer file.
    struct str table;  ///< GNU's names.
    unsigned depth;
    bool is_thin;
};

bool ar_file_is(struct str bytes) {
    return str_starts_with(bytes, STR("!<arch>\n")) || str_starts_with(bytes, STR("!<thin>\n"));
}

// ---- heads

static struct str trimmed(struct str s) {
    while (s.len > 0 && s.at[s.len - 1] == ' ')
        s.len--;
    return s;
}

static bool parse_decimal(struct str s, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(s.at[i] - '0');
    }
    return s.len > 0 && s.len <= SIZE_LEN + 6;
}

static bool fail_at(const struct reader *r, uint64_t offset, struct err *err, const char *what) {
    return fail(err, r->ar->path.at, r->base + offset, "%s; the archive is damaged: make it anew",
            what);
}

/// A member's head: name as stored, and where its bytes are.
struct head {
    struct str name;
    uint64_t offset; ///< Of the head.
    struct str bytes;
    uint64_t next; ///< Offset of what follows.
};

static bool is_gnu_table(struct str name) {
    return str_equal(name, STR("//")) || str_equal(name, STR("/")) ||
           str_equal(name, STR("/SYM64/"));
}

static bool read_head(struct reader *r, uint64_t at, struct head *out, struct err *err) {
    uint64_t size;
    if (++r->ar->heads > HEADS_MOST)
        return fail_at(r, at, err, "has millions of members");
    if (r->bytes.len - at < HEAD)
        return fail_at(r, at, err, "ends inside the head of a member");
    const char *head = r->bytes.at + at;
    if (memcmp(head + END_AT, "`\n", 2) != 0)
        return fail_at(r, at + END_AT, err, "no member begins here, where one should");
    if (!parse_decimal(trimmed((struct str){ head + SIZE_AT, SIZE_LEN }), &size))
        return fail_at(r, at + SIZE_AT, err, "the size of a member is no number");
    out->name = trimmed((struct str){ head, NAME });
    out->offset = at;
    uint64_t stored = r->is_thin && !is_gnu_table(out->name) ? 0 : size;
    if (stored > r->bytes.len - at - HEAD)
        return fail_at(r, at + SIZE_AT, err, "a member is larger than the rest of the file");
    out->bytes = (struct str){ head + HEAD, stored };
    out->next = at + HEAD + stored;
    out->next += out->next & 1;
    return true;
}

// ---- names

/// GNU's name at that byte of the table: to "/\n", in a thin archive to "\n" for paths that hold slashes.
static bool name_in_table(const struct reader *r, struct str digits, struct str *out) {
    uint64_t at;
    size_t colon = 0; // "/12:345": a member of a nested thin archive; what follows is not needed
    while (colon < digits.len && digits.at[colon] != ':')
        colon++;
    if (!parse_decimal((struct str){ digits.at, colon }, &at) || at >= r->table.len)
        return false;
    const char *from = r->table.at + at;
    const char *end = memchr(from, '\n', r->table.len - at);
    if (end == NULL)
        return false;
    *out = (struct str){ from, (size_t)(end - from) };
    if (out->len > 0 && out->at[out->len - 1] == '/')
        out->len--;
    return true;
}

/// BSD's name in the contents, padded with zeroes; takes it off them.
static bool name_in_contents(struct head *h, struct str *out) {
    uint64_t len;
    struct str digits = { h->name.at + 3, h->name.len - 3 };
    if (!parse_decimal(digits, &len) || len > h->bytes.len)
        return false;
    *out = (struct str){ h->bytes.at, strnlen(h->bytes.at, len) };
    h->bytes = (struct str){ h->bytes.at + len, h->bytes.len - len };
    return true;
}

static bool find_name(struct reader *r, struct head *h, struct str *out, struct err *err) {
    struct str name = h->name;
    *out = name;
    if (str_starts_with(name, STR("#1/"))) {
        r->ar->is_bsd = true;
        return name_in_contents(h, out) ||
               fail_at(r, h->offset, err, "a member's name is too long");
    }
    if (name.len > 1 && name.at[0] == '/' && !is_gnu_table(name))
        return name_in_table(r, (struct str){ name.at + 1, name.len - 1 }, out) ||
               fail_at(r, h->offset, err, "a member's name is not in the table of names");
    if (name.len > 1 && name.at[name.len - 1] == '/')
        out->len--;
    return true;
}

/// The same, bounded: members may share one name, and each makes text of its own of it.
static bool name_of(struct reader *r, struct head *h, struct str *out, struct err *err) {
    return find_name(r, h, out, err) &&
           (out->len <= NAME_LONGEST ||
                   fail_at(r, h->offset, err, "a member's name is longer than 4,096 bytes"));
}

static bool is_symbol_table(struct str name) {
    return str_equal(name, STR("/")) || str_equal(name, STR("/SYM64/")) ||
           str_starts_with(name, STR("__.SYMDEF"));
}

// ---- members

static void name_member(struct reader *r, struct ar_member *m, struct str name) {
    bool is_nested = r->prefix.len > 0;
    uint64_t *seen = map64_put(r->names, r->a, hash_str(hash_str(HASH_SEED, r->path), name), NULL);
    m->ordinal = (uint32_t)++ * seen;
    m->name = str_from(arena_printf(
            r->a, "%.*s%.*s%s", STR_ARG(r->prefix), STR_ARG(name), is_nested ? ")" : ""));
    const char *path = arena_printf(r->a, "%.*s(%.*s)", STR_ARG(r->ar->path), STR_ARG(m->name));
    m->path =
            str_from(m->ordinal == 1 ? path : arena_printf(r->a, "%s#%" PRIu32, path, m->ordinal));
}

static enum ar_member_kind kind_of(struct str bytes) {
    if (elf_file_is(bytes))
        return AR_MEMBER_ELF;
    bool is_wrapped = str_starts_with(bytes, STR("\xde\xc0\x17\x0b")); // bitcode with a head
    return str_starts_with(bytes, STR("BC\xc0\xde")) || is_wrapped ? AR_MEMBER_LLVM
                                                                   : AR_MEMBER_OTHER;
}

// NOLINTNEXTLINE(misc-no-recursion): AR_DEEPEST bounds it
static bool read_archive(struct reader *r, struct err *err);

/// An archive inside of this one: its members are members.
// NOLINTNEXTLINE(misc-no-recursion): AR_DEEPEST bounds it
static bool read_nested(
        struct reader *r, struct str name, struct str bytes, uint64_t base, struct err *err) {
    if (r->depth + 1 >= AR_DEEPEST)
        return fail(err, r->ar->path.at, base,
                "archives inside of archives go deeper than %d levels", (int)AR_DEEPEST);
    struct reader inner = *r;
    inner.bytes = bytes;
    inner.base = base;
    inner.depth++;
    inner.path = str_from(arena_printf(r->a, "%.*s(%.*s)", STR_ARG(r->path), STR_ARG(name)));
    inner.prefix = str_from(arena_printf(r->a, "%.*s%.*s(", STR_ARG(r->prefix), STR_ARG(name)));
    return read_archive(&inner, err);
}

/// The file that a thin archive names, from the archive's folder.
static void read_thin_member(struct reader *r, struct ar_member *m, struct str name) {
    struct err err = { .text = "" };
    struct str path = r->ar->path;
    size_t folder = path.len - str_base_name(path).len;
    const char *from =
            name.at[0] == '/' ? arena_printf(r->a, "%.*s", STR_ARG(name))
                              : arena_printf(r->a, "%.*s%.*s", (int)folder, path.at, STR_ARG(name));
    struct ar_map *map = NEW(r->a, struct ar_map);
    if (!file_map(from, &map->map, &err)) {
        m->kind = AR_MEMBER_MISSING;
        m->why = arena_printf(r->a, "%s", err.text);
        return;
    }
    map->next = r->ar->maps;
    r->ar->maps = map;
    m->bytes = (struct str){ (const char *)map->map.bytes, map->map.size_bytes };
}

// NOLINTNEXTLINE(misc-no-recursion): AR_DEEPEST bounds it
static bool add_member(struct reader *r, const struct head *h, struct str name, struct err *err) {
    struct ar_member m = { .bytes = h->bytes, .offset = r->base + h->offset };
    bool is_file = r->is_thin && name.len > 0;
    if (is_file)
        read_thin_member(r, &m, name);
    if (m.kind != AR_MEMBER_MISSING && ar_file_is(m.bytes))
        return read_nested(r, name, m.bytes,
                is_file ? 0 : r->base + (uint64_t)(m.bytes.at - r->bytes.at), err);
    if (m.kind != AR_MEMBER_MISSING)
        m.kind = kind_of(m.bytes);
    name_member(r, &m, name);
    *vec_push(r->a, r->members) = m;
    return true;
}

// ---- the whole

// NOLINTNEXTLINE(misc-no-recursion): AR_DEEPEST bounds it
static bool read_archive(struct reader *r, struct err *err) {
    r->is_thin = str_starts_with(r->bytes, STR("!<thin>\n"));
    r->table = STR("");
    for (uint64_t at = MAGIC; at < r->bytes.len;) {
        struct head h = { .name = STR(""), .bytes = STR("") };
        struct str name = STR("");
        if (!read_head(r, at, &h, err))
            return false;
        if (str_equal(h.name, STR("//")))
            r->table = h.bytes;
        else if (!name_of(r, &h, &name, err) ||
                 (!is_symbol_table(name) && !add_member(r, &h, name, err)))
            return false;
        at = h.next;
    }
    return true;
}

bool ar_file_read(struct arena *a, const char *path, struct ar_file *out, struct err *err) {
    struct ar_map *map = NEW(a, struct ar_map);
    struct members members = { .len = 0 };
    struct map64 names = { .slots = NULL };
    *out = (struct ar_file){ .path = arena_copy(a, str_from(path)), .maps = map };
    if (!file_map(path, &map->map, err))
        return false;
    struct reader r = { .a = a,
        .ar = out,
        .members = &members,
        .names = &names,
        .bytes = { (const char *)map->map.bytes, map->map.size_bytes },
        .path = out->path,
        .prefix = STR("") };
    out->is_thin = str_starts_with(r.bytes, STR("!<thin>\n"));
    bool done = ar_file_is(r.bytes) ? read_archive(&r, err)
                                    : fail(err, path, ERR_NO_OFFSET, "is no archive");
    out->members = members.at;
    out->member_count = members.len;
    if (!done)
        ar_file_close(out);
    return done;
}

void ar_file_close(struct ar_file *ar) {
    for (struct ar_map *m = ar->maps; m; m = m->next)
        file_unmap(&m->map);
    ar->maps = NULL;
}
