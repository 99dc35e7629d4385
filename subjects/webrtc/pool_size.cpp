/// libdatachannel has no setting for its pool: it takes the larger of 4 and the number of
/// processors. So that a run is the same on every machine, the linker (--wrap) leads calls of
/// std::thread::hardware_concurrency() in this program here.
#include "pool_size.h"

static unsigned processors = 4;

void set_pool_size(unsigned threads) {
    processors = threads;
}

extern "C" unsigned __wrap__ZNSt6thread20hardware_concurrencyEv() noexcept;

extern "C" unsigned __wrap__ZNSt6thread20hardware_concurrencyEv() noexcept {
    return processors;
}
