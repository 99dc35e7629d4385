/// Text in bytes that nobody names: strings of a program whose labels the assembler did not keep.
#ifndef RAMLENS_FOOTPRINT_TEXT_H
#define RAMLENS_FOOTPRINT_TEXT_H

#include "str.h"

#include <stdbool.h>
#include <stddef.h>

/// Finds the first run of terminated ASCII strings in `bytes` from `from` on, the zeros that align them included: a string of six
/// characters or more, and those of two or more that follow at once. Shorter ones by themselves may as well be numbers. False when there is none.
/// Cost: linear up to the end of the run.
bool footprint_text_find(struct str bytes, size_t from, size_t *begin, size_t *end);

/// Whether all bytes are 0.
bool footprint_text_is_zero(struct str bytes);

#endif
