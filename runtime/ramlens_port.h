/// What a platform supplies to the recorder. SPDX-License-Identifier: Apache-2.0
///
/// Six functions, found at link time. Preconditions for all: they may be called from any thread
/// and, where the platform allocates in interrupts, from interrupts; they must not allocate from
/// the heap under measurement, must not call back into ramlens, and must not change errno. The
/// recorder calls ramlens_port_block_take() and ramlens_port_map() with the lock held and never
/// takes the lock twice.
#ifndef RAMLENS_PORT_H
#define RAMLENS_PORT_H

#include <stddef.h>
#include <stdint.h>

/// Guards definitions and the order of blocks; taken about once in a thousand events. A spin lock
/// or a critical section. Not recursive: it must keep out whatever may interrupt its holder and
/// record (interrupts, signal handlers).
void ramlens_port_lock(void);
void ramlens_port_unlock(void);

/// The clock of the trace: monotone over all cores, at most a few nanoseconds to read. In parts of
/// a tick, RAMLENS_WIRE_PARTS to a tick; a tick is the wire's unit, a microsecond or a little less
/// where the counter allows. A counter that can stand still while one thread frees a block and
/// another gets its address adds 1 for each reading instead: equal times tell no order.
uint64_t ramlens_port_time(void);

/// `size` zeroed bytes for the recorder's own tables, aligned to 16, never given back; NULL when there
/// are none: the recorder then counts what it loses. The recorder's own memory is a row of every report.
void *ramlens_port_map(size_t size);

/// A place for one block: `*size` receives its size (at least 256, at most RAMLENS_WIRE_BLOCK_BYTES
/// zeroed bytes). Places must reach the reader in the order in which they were taken. NULL: no
/// room, events are counted as lost.
uint8_t *ramlens_port_block_take(size_t *size);

/// The block at `block` is closed: `size` bytes of it are used. Called without the lock.
void ramlens_port_block_done(uint8_t *block, size_t size);

#endif
