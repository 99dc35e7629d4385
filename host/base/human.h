/// Numbers and names in the form that people read.
///
/// The functions give small structs by value, so that they can stand in a printf argument:
/// `text_printf(t, "%s", human_bytes(n).text)`.
#ifndef RAMLENS_HUMAN_H
#define RAMLENS_HUMAN_H

#include "arena.h"
#include "str.h"

#include <stdint.h>

struct human {
    char text[32];
};

/// Three figures and a binary unit: "512 B", "10.2 KiB", "1.00 MiB", "291 KiB". Rounded half up;
/// what rounds to 1024 of a unit is 1.00 of the next.
struct human human_bytes(uint64_t bytes);

/// Exact, with thousands separators: "786,432".
struct human human_exact(uint64_t number);

/// The same with its sign, for differences: "+1,024", "-3", "0".
struct human human_change(int64_t number);

/// One decimal: "62.3 %". Of nothing it is "-". What is not all (or not nothing) never reads as
/// "100.0 %" (or "0.0 %") but "> 99.9 %" and "< 0.1 %".
struct human human_percent(uint64_t part, uint64_t whole);

/// Three figures: "350 us", "1.20 ms", "3.40 s"; from two minutes on "3 min 20 s".
struct human human_time(uint64_t time_us);

/// Columns that `s` takes on a terminal once human_clean() has been over it.
unsigned human_columns(struct str s);

/// `s` itself if it is printable UTF-8, else a copy in the arena with `?` for every control
/// character and every byte that is no UTF-8: names come from files, and a terminal obeys what it
/// is sent.
struct str human_clean(struct arena *a, struct str s);

/// `s`, cleaned, if it fits `columns`, else its beginning and end around an ellipsis, in exactly or
/// (where a wide character does not fit) almost `columns`. For paths and function names, whose ends
/// tell most, the end gets the larger half.
struct str human_cut(struct arena *a, struct str s, unsigned columns);

/// The same with only the end of what does not fit, behind an ellipsis: of files whose paths begin alike.
struct str human_cut_front(struct arena *a, struct str s, unsigned columns);

#endif
