// The locks of the C++ library. Built twice: as the host's libstdc++ makes them (static initialisers), and with the switches that make it
// initialise by call, as toolchains for small chips do.
#include "ramlens.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>

template <typename Lock> static void hold(Lock &lock) {
    lock.lock();
    lock.unlock();
}

int main() {
    static std::mutex still;
    ramlens_checkpoint("mutex", 0);
    for (int i = 0; i < 100; i++)
        hold(still);
    auto recursive = std::make_unique<std::recursive_mutex>();
    hold(*recursive);
    recursive.reset();
    auto mutex = std::make_unique<std::mutex>();
    hold(*mutex);
    mutex.reset();
    ramlens_checkpoint("shared", 0);
    auto shared = std::make_unique<std::shared_mutex>();
    hold(*shared);
    shared->lock_shared();
    shared->unlock_shared();
    shared.reset();
    ramlens_checkpoint("condition", 0);
    {
        std::condition_variable changed;
        bool ready = false;
        std::thread t([&] {
            std::lock_guard<std::mutex> guard(still);
            ready = true;
            changed.notify_one();
        });
        std::unique_lock<std::mutex> guard(still);
        changed.wait(guard, [&] { return ready; });
        guard.unlock();
        t.join();
    }
    ramlens_checkpoint("done", 0);
    return 0;
}
