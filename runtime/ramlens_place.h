/// Where a block goes when a plan says so: what the files written by `ramlens emit` call. SPDX-License-Identifier: Apache-2.0
///
/// Over ESP-IDF's heap_caps_* functions (esp_heap_caps.h). On a host `ramlens run` provides them; where nobody does, each call is the
/// plain one of the C library, so a generated build always works. Freestanding C11; no lock, no state but the switch, no header per
/// block: what comes from here is freed by free(), and what came from malloc may be given to the functions here.
#ifndef RAMLENS_PLACE_H
#define RAMLENS_PLACE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A memory as a plan names it. The first try asks for `first`; when it fails comes what plain malloc does: `small` up to `up_to` bytes
/// and `large` above, then `again`. With `small` 0 (a plan's `only`) there is one try. With `first` 0 it is plain malloc.
struct ramlens_place {
    uint32_t first; ///< Capability bits (MALLOC_CAP_* of ESP-IDF).
    uint32_t up_to;
    uint32_t small;
    uint32_t large;
    uint32_t again;
};

/// The one switch: 0 turns every placement back to plain malloc, at any time, for what is asked for from then on. Blocks that were placed
/// before stay valid. With -DRAMLENS_PLACE=0 at compile time the same for ever, and the code goes.
extern volatile unsigned char ramlens_place_enabled;

/// Whether a request for `where` would go elsewhere than plain malloc's, here and now.
int ramlens_place_is_active(const struct ramlens_place *where);

/// As malloc and its family; `where` NULL: plain malloc. Any thread. The block is freed by free() or ramlens_place_free().
void *ramlens_place_malloc(const struct ramlens_place *where, size_t size);
void *ramlens_place_calloc(const struct ramlens_place *where, size_t count, size_t size);
/// `block` may come from either side, and may move to the other.
void *ramlens_place_realloc(const struct ramlens_place *where, void *block, size_t size);
void *ramlens_place_reallocarray(
        const struct ramlens_place *where, void *block, size_t count, size_t size);
/// `alignment`: a power of two.
void *ramlens_place_aligned(const struct ramlens_place *where, size_t alignment, size_t size);
/// 0, EINVAL (22) or ENOMEM (12).
int ramlens_place_posix_memalign(
        const struct ramlens_place *where, void **block, size_t alignment, size_t size);
char *ramlens_place_strdup(const struct ramlens_place *where, const char *text);
char *ramlens_place_strndup(const struct ramlens_place *where, const char *text, size_t most);
/// free(), of a block from either side. Keeps errno.
void ramlens_place_free(void *block);

/// What plain malloc is. Weak, over malloc and its family; a build that redirects these by the linker's --wrap has others.
void *ramlens_stock_malloc(size_t size);
void *ramlens_stock_calloc(size_t count, size_t size);
void *ramlens_stock_realloc(void *block, size_t size);
void *ramlens_stock_aligned(size_t alignment, size_t size);
void ramlens_stock_free(void *block);

/// How a caller asks, for ramlens_sites_find().
enum { RAMLENS_SITES_MALLOC = 0, RAMLENS_SITES_NEW = 1 };

/// Words of ramlens_sites_table[]; what follows them: `buckets` + 1 numbers of 16 bits, then, at the next multiple of four, `count`
/// starts of 32 bits, then `count` times two bytes, the place by how the caller asks.
enum ramlens_sites_word {
    RAMLENS_SITES_MAGIC,   ///< 0x31534c52 "RLS1"; anything else: an empty table.
    RAMLENS_SITES_COUNT,   ///< Ranges.
    RAMLENS_SITES_BUCKETS, ///< 2^shift bytes of code each.
    RAMLENS_SITES_SHIFT,
    RAMLENS_SITES_BIAS,   ///< The table's address less that of the first range, both as linked.
    RAMLENS_SITES_SPAN,   ///< Bytes from the first range to the end of the last one.
    RAMLENS_SITES_STARTS, ///< Byte offset of the starts in the table.
    RAMLENS_SITES_PLACES, ///< Byte offset of the places.
    RAMLENS_SITES_HEAD,   ///< Words of the head.
};

/// No rule for this caller: the default counts.
#define RAMLENS_SITES_NONE 255u

/// The table: ranges of code, each with the number of the place of what it asks for. In a section of its own, so that its content can be
/// put into a linked program without moving anything. Defined in ramlens_sites.c, which `ramlens emit --as wrap` writes empty and `--as
/// sites` filled.
extern const uint32_t ramlens_sites_table[];

/// The place of a number in the table; NULL: plain malloc. Defined with the table.
const struct ramlens_place *ramlens_sites_place(unsigned place);

/// The place that the table has for code that returns to `caller`, or RAMLENS_SITES_NONE. Constant time: one bucket, and in it the few
/// ranges that begin there. See bench/RESULTS.md.
static inline unsigned ramlens_sites_find(const void *caller, unsigned kind) {
    const uint32_t *table = ramlens_sites_table;
    // The compiler must not look into a table that is filled after it.
    __asm__("" : "+r"(table));
    // A return address is behind the call, perhaps behind its function: one less is inside of both.
    uint32_t key =
            (uint32_t)((uintptr_t)caller - 1u - (uintptr_t)table) + table[RAMLENS_SITES_BIAS];
    if (table[RAMLENS_SITES_MAGIC] != 0x31534c52u || key >= table[RAMLENS_SITES_SPAN])
        return RAMLENS_SITES_NONE;
    const unsigned char *bytes = (const unsigned char *)table;
    const uint16_t *buckets = (const uint16_t *)(const void *)(table + RAMLENS_SITES_HEAD);
    const uint32_t *starts = (const uint32_t *)(const void *)(bytes + table[RAMLENS_SITES_STARTS]);
    uint32_t i = buckets[key >> table[RAMLENS_SITES_SHIFT]];
    // The last start is above every key.
    while (starts[i + 1u] <= key)
        i++;
    return bytes[table[RAMLENS_SITES_PLACES] + 2u * i + kind];
}

#ifdef __cplusplus
}
#endif
#endif
