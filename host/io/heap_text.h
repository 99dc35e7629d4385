/// What ESP-IDF prints of blocks: heap_trace_dump() in both modes, and heap_caps_dump(). One line in, one item out.
///
/// Grammar by ESP-IDF's own print code: components/heap/heap_trace_standalone.c (v5.1 to v6.1: the label of the memory and the list of callers came later and
/// are optional here) and components/heap/multi_heap.c. Lines are those of serial_text.h, without time stamps and colours. A line that is nearly
/// one of these, as when it was cut, is HEAP_TEXT_BROKEN: its numbers are not believed.
#ifndef RAMLENS_HEAP_TEXT_H
#define RAMLENS_HEAP_TEXT_H

#include "str.h"

#include <stdbool.h>
#include <stdint.h>

/// CONFIG_HEAP_TRACING_STACK_DEPTH is at most 32 (components/heap/Kconfig).
enum { HEAP_TEXT_CALLERS = 32 };

enum heap_text_type {
    HEAP_TEXT_NONE,   ///< Another line.
    HEAP_TEXT_BROKEN, ///< Begins as one of the following, and does not end so.
    HEAP_TEXT_TRACE, ///< "====== Heap Trace: 2 records (100 capacity) ======": `count`, `capacity`.
    HEAP_TEXT_RECORD,  ///< One block of it.
    HEAP_TEXT_FREED,   ///< "freed by 0x...:0x...": callers of the free of the record before.
    HEAP_TEXT_SUMMARY, ///< "====== Heap Trace Summary ======".
    HEAP_TEXT_NOTE,    ///< "records: 2 (100 capacity, 2 high water mark)" and the like.
    HEAP_TEXT_MODE,    ///< "Mode: Heap Trace All": `is_all`.
    HEAP_TEXT_ALIVE, ///< "16 bytes alive in trace (1/2 allocations)", "16 bytes 'leaked' in trace (1 allocations)": `bytes`, `count`.
    HEAP_TEXT_TOTALS,   ///< "total allocations: 12": `count`.
    HEAP_TEXT_FREES,    ///< "total frees: 11": `count`.
    HEAP_TEXT_OVERFLOW, ///< The buffer was full: the oldest records are gone.
    HEAP_TEXT_END,      ///< The footer of 32 '='.
    HEAP_TEXT_CORRUPT,  ///< "Error: heap trace linked list is corrupt..."
    HEAP_TEXT_HEAP,     ///< "Showing data for heap: 0x3fc..": `address`.
    HEAP_TEXT_BLOCK, ///< "Block 0x3fc... data, size: 20 bytes, Free: No": `address`, `bytes`, `is_free`.
};

struct heap_text {
    enum heap_text_type type;
    uint64_t address;
    uint64_t bytes;
    uint64_t count;
    uint64_t capacity;
    uint32_t ccount; ///< The processor's cycle counter; its lowest two bits are not kept.
    uint8_t cpu;
    bool is_free; ///< Of a record: freed meanwhile; of a block: it is a free one.
    bool is_all;  ///< The mode keeps freed records.
    uint64_t callers[HEAP_TEXT_CALLERS]; ///< Return addresses, innermost first.
    uint32_t caller_count;
};

/// Understands `line`. Constant time but for the length of the line.
void heap_text_read(struct str line, struct heap_text *out);

#endif
