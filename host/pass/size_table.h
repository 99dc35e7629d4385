/// Rows of `ramlens size`: the items of a footprint (footprint.h), filtered, grouped by any keys, sorted, cut off at a limit.
///
/// Every byte that passes the filter is in exactly one row, in `rest` (rows beyond the limit), or both are empty: rows and rest add up to `total`,
/// which is asserted.
#ifndef RAMLENS_SIZE_TABLE_H
#define RAMLENS_SIZE_TABLE_H

#include "arena.h"
#include "err.h"
#include "filter.h"
#include "footprint.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

/// What rows can be grouped by; also the fields of a filter.
enum size_key {
    SIZE_REGION, ///< The memory; "-" for none. Initial values that are stored elsewhere count there, too, as SIZE_COPY.
    SIZE_COMPONENT,
    SIZE_ARCHIVE, ///< Base name; the object's for one in none.
    SIZE_OBJECT,  ///< Member, or base name of the object.
    SIZE_FILE,    ///< Source file.
    SIZE_SYMBOL,  ///< Name in the symbol table; those of one name in different objects are apart.
    SIZE_KIND,
    SIZE_SECTION, ///< Output section; before linking the object's.
    SIZE_INPUT,   ///< Input section.
    SIZE_FATE,
    SIZE_CAUSE,   ///< Of padding.
    SIZE_PROGRAM, ///< The file given.
    SIZE_KEYS
};
/// "region", "component", "archive", "object", "file", "symbol", "kind", "section", "input", "fate", "cause", "program"; ends with NULL.
extern const char *const size_key_names[SIZE_KEYS + 1];

/// Columns: kinds that belong together.
enum size_class {
    SIZE_CODE,     ///< Code, literals among it, vectors.
    SIZE_CONSTANT, ///< Constants and strings.
    SIZE_DATA,     ///< Data, thread-local data.
    SIZE_ZERO,     ///< Zero data, thread-local zero data.
    SIZE_PADDING,
    SIZE_LINKER,
    SIZE_COPY, ///< By region: initial values of data that runs elsewhere.
    SIZE_UNKNOWN,
    SIZE_CLASSES
};
/// "code", "constant", "data", "zero", "padding", "linker", "copy", "unknown".
extern const char *const size_class_names[SIZE_CLASSES];

struct size_row {
    struct str *keys; ///< As many as the options have.
    uint64_t bytes;   ///< Sum of `classes`.
    uint64_t classes[SIZE_CLASSES];
    uint64_t ram;       ///< Of `bytes`, in RAM: by the memory, before linking by the kind.
    uint64_t stored;    ///< Of `bytes` and copies, in flash or another store of contents.
    uint64_t least;     ///< Before linking: what stays whatever else is linked (FOOTPRINT_STAYS).
    uint64_t duplicate; ///< Not in `bytes`: copies that a linker drops.
    uint64_t dropped;   ///< Not in `bytes`: in an archive, not in the program.
    uint64_t
            held; ///< Not in `bytes`: what the archive itself has. By SIZE_ARCHIVE alone and without a filter; else 0.
    uint64_t ownerless; ///< Of `classes[SIZE_UNKNOWN]`: neither kind nor owner is known.
    uint32_t symbols;   ///< Items with a name.
    uint32_t item;      ///< Index of its largest item.
    uint8_t known;      ///< Bits of enum footprint_known, all of its items'.
    bool is_shared;     ///< Holds strings that several objects share.
};

struct size_options {
    enum size_key keys[SIZE_KEYS];
    uint32_t key_count;
    const struct filter *filter; ///< Over size_key_names; NULL: everything.
    uint32_t limit;              ///< Rows; 0: all.
    bool by_name;                ///< Sorted by keys; else by bytes.
    enum size_class sort_class;  ///< Sorted by this class; SIZE_CLASSES: by all bytes.
};

struct size_table {
    struct size_options options;
    const struct size_row **rows; ///< Most bytes first, then by keys.
    uint32_t row_count;
    struct size_row rest; ///< Rows beyond the limit; `keys` is NULL.
    uint32_t rest_count;
    struct size_row total;
};

/// Index in size_key_names; false with a message that names those there are.
bool size_key_parse(struct str word, enum size_key *out, struct err *err);

/// The value of `key` of an item; "" where it has none. A slice of the footprint's strings.
struct str size_field(
        const struct footprint *f, const struct footprint_item *item, enum size_key key);

/// Whether it is one of the keys.
bool size_has_key(const struct size_options *o, enum size_key key);

/// Whether any of the keys, or the filter, needs components, or source files, to be named first.
bool size_needs(const struct size_options *o, enum size_key key);

/// Makes the table. Everything lives in `a`. Cost: linear in items, n log n in rows.
void size_table_make(struct arena *a, const struct footprint *f, const struct size_options *options,
        struct size_table *out);

#endif
