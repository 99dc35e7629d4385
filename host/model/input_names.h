/// What compilers write into the name of a section that they make for one symbol (-ffunction-sections, -fdata-sections): the
/// symbol itself. It outlives `strip`, and a map has it where it has no symbols.
#ifndef RAMLENS_INPUT_NAMES_H
#define RAMLENS_INPUT_NAMES_H

#include "str.h"

/// `main` of `.text.startup.main`, `table.0` of `.rodata.table.0`; empty where the name is of no one symbol (`.text`, `.text.unlikely`,
/// `.rodata.str1.4`, `.rodata.main.cst8`). A slice of `name`.
struct str input_name_symbol(struct str name);

#endif
