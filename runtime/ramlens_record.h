/// The recorder's core: streams of events into blocks. SPDX-License-Identifier: Apache-2.0
///
/// Freestanding; knows no operating system (ramlens_port.h does). All state is in structs that the
/// integration places. One **stream** belongs to one writer: a thread, or a thread's signal
/// handlers. Nothing on the event path locks; a lock is taken when a block is full, about once in a
/// thousand events.
#ifndef RAMLENS_RECORD_H
#define RAMLENS_RECORD_H

#include "ramlens_wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One writer's events. Zeroed, then ramlens_stream_init(). All fields are private.
struct ramlens_stream {
    struct ramlens_wire_encoder encoder;
    uint32_t number;
    uint32_t thread;
    uint32_t sequence;
    uint32_t lost_allocs;
    uint32_t lost_frees;
};

/// Marks of who touched which address last, four bytes each (a power of two). Fewer cost a byte and
/// a second reading of the clock for events whose addresses meet by chance within a few ticks; more
/// cost cache lines that the program needs.
#ifndef RAMLENS_RECORD_MARKS
#    define RAMLENS_RECORD_MARKS 8192
#endif

/// The recorder of one image. Zeroed, then ramlens_recorder_init(). All fields are private.
struct ramlens_recorder {
    struct ramlens_stream definitions; ///< Guarded by the port's lock.
    uint64_t previous_address; ///< Of the latest stack record in the definitions' open block.
    uint32_t image;            ///< Mark of this image in each of its blocks.
    uint32_t streams;          ///< Numbers given; 0 is the definitions'.
    uint32_t threads;
    uint32_t blocks;      ///< Opened so far.
    uint32_t lost_allocs; ///< Of all streams.
    uint32_t lost_frees;
    uint8_t granularity;
    /// Stream and tick that touched an address last, by hash.
    uint32_t marks[RAMLENS_RECORD_MARKS];
};

/// Facts about the image for the first record.
struct ramlens_image {
    uint8_t pointer_bytes;     ///< 4 or 8.
    uint8_t granularity;       ///< log2 of the alignment of most addresses (4 for glibc).
    uint64_t ticks_per_second; ///< Nominal rate; clock records refine it.
    uint64_t nanoseconds;      ///< Of the clock that clock records use, now.
    uint32_t process;          ///< Process id; 0 on a device.
    const char *path;          ///< Program; "" when unknown.
    const char *platform;      ///< "linux", "esp-idf" ...
};

/// Starts an image: writes its record into the definitions. Once, before any other call.
void ramlens_recorder_init(struct ramlens_recorder *r, const struct ramlens_image *image);

/// Number for a new thread, from 1. Any context; constant time.
uint32_t ramlens_thread_number(struct ramlens_recorder *r);

/// Makes `s` the stream of thread `thread`.
void ramlens_stream_init(struct ramlens_recorder *r, struct ramlens_stream *s, uint32_t thread);

/// Records an event stamped `time` (ramlens_port_time()). Free-like kinds are stamped and recorded
/// before the real free, allocations after the real allocation: then, whatever the threads do, a
/// block's free is stamped no later than the next allocation at its address. Only the stream's
/// writer may call it. Costs about 250 instructions on x86-64 (bench/RESULTS.md); with a full block
/// also one block's closing. Without a place for a block the event is counted as lost. Where another
/// thread had the address in the same tick, the stamp is read again, with care for the order in
/// which the processor does things. A stamp older than the block that the event opens counts as that block's: see
/// ramlens_stream_before().
void ramlens_stream_event(struct ramlens_recorder *r, struct ramlens_stream *s, uint64_t time,
        uint64_t address, const struct ramlens_wire_request *request);

/// A stamp, taken now, for an event of `s` at `address` that is recorded only after the call that
/// it describes: the free of a realloc that may move the block. Marks the address as this thread's,
/// and makes room for that event first; a block opened after the call would begin, and with it the
/// event's time, after another thread has got the address.
uint64_t ramlens_stream_before(
        struct ramlens_recorder *r, struct ramlens_stream *s, uint64_t address);

/// Makes room in the open block for `bytes` bytes of items whose stamps are taken after this call. A block that is opened only when an item
/// needs it begins later than the item's stamp, and the item with it.
void ramlens_stream_reserve(struct ramlens_recorder *r, struct ramlens_stream *s, size_t bytes);

/// Records an event whose stamp orders it by itself, because a critical section gave it: it is kept to its part of a tick. Room was
/// made by ramlens_stream_reserve(), RAMLENS_WIRE_EVENT_MAX for each event.
void ramlens_stream_ordered(struct ramlens_recorder *r, struct ramlens_stream *s, uint64_t time,
        uint64_t address, const struct ramlens_wire_request *request);

/// Counts an event of `kind` as lost that its caller could not record.
void ramlens_stream_lose(struct ramlens_recorder *r, struct ramlens_stream *s, uint8_t kind);

/// What all streams have lost so far, those of ended threads included.
void ramlens_recorder_lost(const struct ramlens_recorder *r, uint32_t *allocs, uint32_t *frees);

/// Records anything else in a thread's stream; body as FORMAT.md says, at most 1,024 bytes. False
/// when it was lost.
bool ramlens_stream_record(struct ramlens_recorder *r, struct ramlens_stream *s, uint64_t time,
        enum ramlens_wire_record type, const uint8_t *body, size_t size);

/// Closes the open block, if any: its events are safe with the port. Only the writer may call it,
/// or anyone once the writer has ended.
void ramlens_stream_flush(struct ramlens_stream *s);

/// Records a definition. Takes the port's lock.
bool ramlens_define(struct ramlens_recorder *r, enum ramlens_wire_record type, const uint8_t *body,
        size_t size);

/// Records the stack `number`: `return_address` called from stack `outer`. The caller holds the
/// port's lock.
bool ramlens_define_stack(
        struct ramlens_recorder *r, uint32_t number, uint32_t outer, uint64_t return_address);

/// Records that the image ends in order, and of how many blocks a reader must know. Takes the port's
/// lock.
void ramlens_recorder_end(struct ramlens_recorder *r);

/// Closes the definitions' open block. Takes the port's lock.
void ramlens_recorder_flush(struct ramlens_recorder *r);

#ifdef __cplusplus
}
#endif
#endif
