/// Sections that take no room: they only move the linker's address on, because another section's bytes are the same
/// memory seen on another bus.
#ifndef RAMLENS_FOOTPRINT_FILLER_H
#define RAMLENS_FOOTPRINT_FILLER_H

#include "footprint.h"

#include <stddef.h>

/// Finds them among the sections from `first_section` on, the last ones of `f`, which hold nothing: bytes that others have become
/// FOOTPRINT_DUMMY, the rest stays reserved room. `m` are the memories of their program. Cost: n log n in sections, linear in the items.
void footprint_fillers(struct footprint *f, const struct memories *m, size_t first_section);

#endif
