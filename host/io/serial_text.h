/// The text that a device prints, as it was caught on a serial line: lines, without what was put between the device's print and the file.
///
/// Taken away: line ends of any kind (LF, CR LF, CR CR LF, a lone CR), NUL and other control bytes, colours (ANSI sequences, with or without their escape byte), a
/// monitor's time stamp before the line (`[12:33:01.123] `, `2026-01-01T12:33:01Z `, `12:33:01.123 -> `, `[   12.345678] `).
/// Bytes that are no UTF-8 become `?`. A line longer than SERIAL_TEXT_LONGEST is cut there and the rest passed over, so a line of a
/// gigabyte takes no more memory than a short one. All of that is counted.
///
/// Two cores print at once: where another log line begins inside of a line, the line is split there. What comes out are **pieces**; a piece that
/// was split or cut says so, and device_text.h looks for its other half.
///
/// Forms of a log line by ESP-IDF's components/log (v5.1: include/esp_log.h; from v5.4 also src/log_format_text.c): `I (1234) tag: text`, with
/// the system's clock `I (12:33:01.123) tag: text`, without time `I tag: text`.
#ifndef RAMLENS_SERIAL_TEXT_H
#define RAMLENS_SERIAL_TEXT_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SERIAL_TEXT_LONGEST = 4096, ///< Bytes of a line that are looked at.
};

/// One piece of text. Its strings stand in the reader until the next call.
struct serial_piece {
    struct str text;    ///< All of it, cleaned.
    uint64_t line;      ///< From 1.
    uint64_t offset;    ///< Byte of the input at which the line begins.
    bool is_cut;        ///< Its end is not the end of what was printed, or may not be.
    bool is_of_monitor; ///< `--- ...`: idf_monitor speaks, not the device.
    char level;         ///< E, W, I, D, V; 0 when it is no log line, and `message` is all of it.
    bool has_time;      ///< `time_ms` is known: milliseconds since the start.
    uint64_t time_ms;
    struct str tag;
    struct str message; ///< Behind "tag: ".
};

/// What was met on the way.
struct serial_counts {
    uint64_t bytes;
    uint64_t lines;
    uint64_t too_long; ///< Lines cut at SERIAL_TEXT_LONGEST.
    uint64_t split;    ///< Places at which another log line began inside of a line.
    uint64_t not_utf8; ///< Lines with bytes that are none.
    uint64_t control;  ///< NUL and other control bytes.
    bool ends_in_line; ///< The input does not end in a line end.
    bool failed;       ///< Reading failed: what there is of the input is not all of it.
};

struct serial_text; // Private.

/// Opens the file, pipe or device at `path`, which is read piece by piece. NULL with a message.
struct serial_text *serial_text_open(struct arena *a, const char *path, struct err *err);

/// The next piece; false at the end and, with a message and `failed` set, when reading failed. Empty lines are passed over.
bool serial_text_next(struct serial_text *s, struct serial_piece *out, struct err *err);

/// Counts so far.
const struct serial_counts *serial_text_counts(const struct serial_text *s);

void serial_text_close(struct serial_text *s);

/// Fills level, time, tag and message of `out` from its text. For text that was put together again.
void serial_piece_parse(struct serial_piece *out);

#endif
