/// Private to the files ldmap*.c: words of a line, and what both linkers' readers build.
#ifndef RAMLENS_LDMAP_PARTS_H
#define RAMLENS_LDMAP_PARTS_H

#include "ldmap.h"

/// A map being read.
struct ldmap_reader {
    struct arena *arena;
    struct {
        struct ldmap_output *at;
        size_t len, room;
    } outputs;
    struct {
        struct ldmap_input *at;
        size_t len, room;
    } inputs;
    struct {
        struct ldmap_memory *at;
        size_t len, room;
    } memories;
    struct {
        struct ldmap_discarded *at;
        size_t len, room;
    } discarded;
    struct {
        struct ldmap_member *at;
        size_t len, room;
    } members;
    struct {
        struct str *at;
        size_t len, room;
    } loads;
    struct str pending;  ///< Name on a line of its own whose figures are to come; empty: none.
    bool pending_output; ///< It names an output section.
    bool in_output;      ///< The newest output section takes inputs.
    bool last_is_added;  ///< The newest input line gave the last of `inputs`.
    struct ldmap_input
            empty; ///< The newest input line's, if it has no bytes; `name` is empty else.
    struct str empty_path;
};

bool ldmap_is_blank(char c);
struct str ldmap_skip_blanks(struct str s);
struct str ldmap_trim_end(struct str s);
/// Takes the next line, or word, off `s`.
struct str ldmap_take_line(struct str *s);
struct str ldmap_take_word(struct str *s);
/// Takes a hexadecimal number with 0x off `s`; false, taking nothing, when there is none.
bool ldmap_take_hex(struct str *s, uint64_t *out);
/// The same without 0x.
bool ldmap_take_bare_hex(struct str *s, uint64_t *out);

/// Splits "lib/x.a(member.o)"; a path may hold spaces and brackets, so the last bracket counts.
void ldmap_split_object(struct str path, struct str *archive, struct str *object);

/// Begins an output section; one of no bytes takes no inputs.
void ldmap_add_output(struct ldmap_reader *r, struct str name, uint64_t address,
        uint64_t load_address, uint64_t size);
/// Adds an input to the newest output section. `path` may be empty.
void ldmap_add_input(struct ldmap_reader *r, enum ldmap_kind kind, struct str name,
        uint64_t address, uint64_t size, struct str path);

/// The newest input line is of a section that shrank from `given` bytes; one that shrank to nothing is an input, too.
void ldmap_shrank(struct ldmap_reader *r, uint64_t given);

/// Reads the text of a map of one linker; false when it is none.
bool ldmap_read_gnu(struct ldmap_reader *r, struct str text);
bool ldmap_read_lld(struct ldmap_reader *r, struct str text);

#endif
