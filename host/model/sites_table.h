/// The table by return address that a placed program looks into: ramlens_sites_table[] of runtime/ramlens_place.h.
#ifndef RAMLENS_SITES_TABLE_H
#define RAMLENS_SITES_TABLE_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SITES_NONE = 255, SITES_KINDS = 2, SITES_MALLOC = 0, SITES_NEW = 1 };

/// Code from `start` up to the next range's start, by addresses as linked. A place is what the program's ramlens_sites_place() takes, or
/// SITES_NONE.
struct sites_range {
    uint64_t start;
    uint8_t places[SITES_KINDS];
};

/// Most ranges that begin in one bucket, the one that reaches into it left out: what a lookup steps over.
enum { SITES_BUCKET_MOST = 4, SITES_SHIFT_LEAST = 4 };

/// The table's bytes for a program in which it lies at `table_address`. `ranges`: by ascending start, at least one; the last one's start is
/// the end of the code, its places do not count. Ranges that say the same as the one before are left out; an empty table comes out where
/// none says anything. False with a message when the code is too large or the bytes are more than `room`.
bool sites_table_make(struct arena *a, const struct sites_range *ranges, size_t count,
        uint64_t table_address, uint32_t room, struct str *out, struct err *err);

/// What a program with these bytes would find; for tests and to see what is missing.
uint8_t sites_table_find(struct str table, uint64_t table_address, uint64_t caller, unsigned kind);

#endif
