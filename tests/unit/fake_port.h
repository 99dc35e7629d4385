/// A platform for the recorder's core that lives in memory and does as it is told: a clock that is
/// set, blocks that run out, memory that ends. For tests; one at a time.
#ifndef RAMLENS_FAKE_PORT_H
#define RAMLENS_FAKE_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_STORE_BYTES = 64 << 20, FAKE_BLOCKS_MAX = 1 << 16 };

/// Set freely; fake_port_reset() gives a fresh one with blocks of 4,096 bytes and no limits.
struct fake_port {
    uint64_t now;         ///< What the clock says, in parts of a tick.
    size_t block_bytes;   ///< Size of the next blocks.
    uint32_t blocks_left; ///< Blocks that can still be taken.
    size_t map_left;      ///< Bytes that can still be mapped.
    // what happened
    uint8_t *store; ///< The trace: every block in the order in which it was taken.
    size_t stored;
    uint32_t taken;
    uint32_t done;
    size_t done_bytes; ///< Size told for the latest block done.
    uint32_t locked;   ///< Times.
    bool held;
    size_t mapped;
};
extern struct fake_port fake_port;

/// Gives the memory of the last test back and starts anew.
void fake_port_reset(void);

#endif
