/// Where code stops and constants among it begin, as assemblers leave it in a program.
#ifndef RAMLENS_FOOTPRINT_MARKS_H
#define RAMLENS_FOOTPRINT_MARKS_H

#include "footprint_cut.h"

/// All marks of `elf`, by address, of one address the last in the file. In the arena; `*count` 0 when there are none: x86 has no such thing.
/// Cost: n log n in them, linear in the symbols.
struct cut_mark *footprint_marks_of(struct arena *a, const struct elf_file *elf, size_t *count);

#endif
