/// Patterns by which a user says what a line of his application means:
///
///     free internal: {internal}, psram: {psram}, largest {largest}
///     [{name}] heap {internal} KB (min {least})
///
/// Everything outside of braces must stand in the line, anywhere in it; blanks match any number of blanks. `{{` is a brace.
///
///     {CAPABILITY}           free bytes of the memory with that capability: internal, psram, dma, default, ...
///     {largest} {least}      largest free block, least free bytes so far, of the capability named before (else after) it
///     {largest:CAPABILITY}   the same of another; {least:CAPABILITY}
///     {name}                 the moment's name: as few bytes as possible
///     {*}                    anything, as few bytes as possible
///
/// A number may have separators between thousands (`,` `'` `_`). A unit behind it counts - KB, KiB, K, MB, MiB, M, binary as in the field, in the line or in the
/// pattern - and makes the figure a rounded one; with a unit it may have a fraction. B and bytes change nothing.
///
/// A number that goes on is none: hexadecimal ones, a decimal comma, blanks between thousands, an unknown unit right behind the digits do not match, unless the
/// pattern has the very words that follow.
#ifndef RAMLENS_DEVICE_PATTERN_H
#define RAMLENS_DEVICE_PATTERN_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>

enum { DEVICE_PATTERN_FIELDS = 12 }; ///< At most, in one pattern.

enum device_figure_kind {
    DEVICE_FIGURE_FREE,
    DEVICE_FIGURE_LARGEST, ///< Largest free block.
    DEVICE_FIGURE_LEAST,   ///< Least free bytes so far.
};

/// One figure of a line.
struct device_figure {
    struct str capability; ///< As in the pattern.
    enum device_figure_kind kind;
    uint64_t bytes;
    bool about; ///< Rounded.
};

/// What a pattern found.
struct device_match {
    struct str name; ///< Part of the line; empty when the pattern has none.
    struct device_figure figures[DEVICE_PATTERN_FIELDS];
    uint32_t count;
    bool ends_open;   ///< Its last figure reaches the end of the text.
    uint32_t pattern; ///< Index of the pattern, for the caller.
};

struct device_pattern {
    struct str source; ///< As given.
    struct device_step *steps;
    uint32_t step_count;
};

/// Reads a pattern. False with a message that says what is wrong with it: no figure in it, an unknown or open brace.
bool device_pattern_parse(
        struct arena *a, struct str source, struct device_pattern *out, struct err *err);

/// Whether `text` holds the pattern. Cost: length of the text times that of the pattern, squared at worst by each {*} or {name}, within a bound: what takes longer
/// does not match.
bool device_pattern_match(
        const struct device_pattern *p, struct str text, struct device_match *out);

/// The capability that figure `index` of the pattern is of; empty behind the last.
struct str device_pattern_capability(const struct device_pattern *p, uint32_t index);

#endif
