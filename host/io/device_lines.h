/// ESP-IDF's own lines about memory, one at a time. Private to device_text.c and its tests.
#ifndef RAMLENS_DEVICE_LINES_H
#define RAMLENS_DEVICE_LINES_H

#include "device_text.h"

/// Reads `piece` into `out`, all but what device_text.h itself sets. `in_task_list`: the line before was of a task list, so one without tabs may be one,
/// too. Whether the last thing that was read reaches the end of the piece, and might have gone on there.
bool device_line_read(
        const struct serial_piece *piece, bool in_task_list, struct device_event *out);

#endif
