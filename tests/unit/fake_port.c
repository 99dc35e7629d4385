// See fake_port.h. The preconditions that ramlens_port.h states are asserted: the lock is never
// taken twice, and blocks and memory are asked for with the lock held.
#include "fake_port.h"

#include "ramlens_port.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct fake_port fake_port;

enum { MAPS_MAX = 256 };
static void *maps[MAPS_MAX];
static uint32_t map_count;

void fake_port_reset(void) {
    while (map_count > 0)
        free(maps[--map_count]);
    uint8_t *store = fake_port.store;
    if (store == NULL)
        store = malloc(FAKE_STORE_BYTES);
    assert(store != NULL);
    fake_port = (struct fake_port){
        .block_bytes = 4096, .blocks_left = UINT32_MAX, .map_left = SIZE_MAX, .store = store
    };
}

void ramlens_port_lock(void) {
    assert(!fake_port.held);
    fake_port.held = true;
    fake_port.locked++;
}

void ramlens_port_unlock(void) {
    assert(fake_port.held);
    fake_port.held = false;
}

uint64_t ramlens_port_time(void) {
    return fake_port.now;
}

void *ramlens_port_map(size_t size) {
    assert(fake_port.held);
    if (size > fake_port.map_left || map_count == MAPS_MAX)
        return NULL;
    void *p = calloc(1, size);
    assert(p != NULL);
    fake_port.map_left -= size;
    fake_port.mapped += size;
    maps[map_count++] = p;
    return p;
}

uint8_t *ramlens_port_block_take(size_t *size) {
    assert(fake_port.held);
    if (fake_port.blocks_left == 0 || fake_port.stored + fake_port.block_bytes > FAKE_STORE_BYTES)
        return NULL;
    uint8_t *block = fake_port.store + fake_port.stored;
    memset(block, 0, fake_port.block_bytes);
    fake_port.stored += fake_port.block_bytes;
    fake_port.blocks_left--;
    fake_port.taken++;
    *size = fake_port.block_bytes;
    return block;
}

void ramlens_port_block_done(uint8_t *block, size_t size) {
    assert(block >= fake_port.store && block < fake_port.store + fake_port.stored);
    fake_port.done++;
    fake_port.done_bytes = size;
}
