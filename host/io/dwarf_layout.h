/// The layout of one struct: gaps between its members, and what of them is lost for good. Part of dwarf_structs.h.
#ifndef RAMLENS_DWARF_LAYOUT_H
#define RAMLENS_DWARF_LAYOUT_H

#include "arena.h"
#include "dwarf_structs.h"

#include <stdbool.h>
#include <stdint.h>

struct dwarf_member {
    uint64_t begin_bit;
    uint64_t bits; ///< UINT64_MAX: more than can be true.
    uint64_t elements;
    uint32_t type; ///< Index into dwarf_structs.types; DWARF_STRUCT_NONE: no struct.
    bool is_base;  ///< A base class.
};

/// What measuring needs, over all structs of a file.
struct dwarf_layout_work {
    struct arena *arena;
    uint64_t filled_bytes; ///< Spent so far on structs with overlapping members.
    uint64_t part_steps;   ///< Spent so far on adding up what is in structs.
};

/// Fills the gaps and parts of struct `index`, whose members are read and whose structs inside are measured. Cost: n log n in its members;
/// where members with gaps overlap others, linear in its bytes, of which there may be no more than 64 KiB, nor 64 MiB over all structs:
/// beyond that only what lies outside of all members counts. Structs that are made of more others than any program has are unsure.
void dwarf_layout_measure(struct dwarf_layout_work *w, struct dwarf_structs *d, uint32_t index);

#endif
