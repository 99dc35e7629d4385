// C++ in a chip's memory until there is none left: every operator fails as it must, nothing is lost, and containers keep what they hold.
// Prints "done", or says what is not so and aborts.
#include "ramlens.h"

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

#define EXPECT(what)                                                                               \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            std::fprintf(stderr, "line %d: not so: %s\n", __LINE__, #what);                        \
            std::abort();                                                                          \
        }                                                                                          \
    } while (0)

namespace {

struct alignas(64) Line {
    char bytes[64];
};

int handler_calls;
std::vector<void *> *reserve; // blocks that the handler gives up

void give_up_one() {
    handler_calls++;
    if (reserve->empty())
        std::set_new_handler(nullptr);
    else {
        std::free(reserve->back());
        reserve->pop_back();
    }
}

template <typename F> bool throws_bad_alloc(F f) {
    try {
        f();
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

/// All that is left, in blocks of falling size.
void take_all(std::vector<void *> &blocks) {
    for (std::size_t size = 1 << 20; size > 0; size /= 4)
        for (void *p; (p = std::malloc(size)) != nullptr;)
            blocks.push_back(p);
}

void exhaust() {
    std::vector<void *> blocks, kept;
    blocks.reserve(1 << 16);
    reserve = &kept;
    for (int i = 0; i < 3; i++)
        kept.push_back(std::malloc(1000));
    ramlens_checkpoint("before", 0);
    take_all(blocks);
    ramlens_checkpoint("full", 0);
    EXPECT(throws_bad_alloc([] { delete new std::uint8_t[500]; }));
    EXPECT(throws_bad_alloc([] { ::operator delete(::operator new(500)); }));
    EXPECT(throws_bad_alloc([] { delete new Line; }));
    EXPECT(::operator new(500, std::nothrow) == nullptr);
    EXPECT(::operator new[](500, std::nothrow) == nullptr);
    EXPECT(::operator new(500, std::align_val_t(64), std::nothrow) == nullptr);
    std::set_new_handler(give_up_one);
    void *p = ::operator new(900); // the handler gives up a block, and the next try has it
    EXPECT(p != nullptr && handler_calls == 1);
    EXPECT(throws_bad_alloc([] { ::operator delete(::operator new(5000)); }));
    EXPECT(handler_calls == 4);
    ::operator delete(p);
    for (void *b : blocks)
        std::free(b);
    ramlens_checkpoint("after", 0);
    auto *line = new Line;
    EXPECT(reinterpret_cast<std::uintptr_t>(line) % 64 == 0);
    delete line;
}

void contain() {
    ramlens_checkpoint("containers", 0);
    std::map<int, std::string> names;
    std::vector<std::shared_ptr<std::string>> shared;
    for (int i = 0; i < 2000; i++) {
        names[i * 7919 % 2000] = std::string(static_cast<std::size_t>(i % 90), 'a');
        shared.push_back(std::make_shared<std::string>(names[i * 7919 % 2000]));
    }
    for (int i = 0; i < 2000; i++) {
        EXPECT(names[i * 7919 % 2000] == std::string(static_cast<std::size_t>(i % 90), 'a'));
        EXPECT(*shared[static_cast<std::size_t>(i)] == names[i * 7919 % 2000]);
    }
    std::mutex mutex;
    std::condition_variable condition;
    int ready = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&] {
            std::string mine(1000, 'b');
            std::lock_guard<std::mutex> lock(mutex);
            ready += mine.size() == 1000;
            condition.notify_one();
        });
    {
        std::unique_lock<std::mutex> lock(mutex);
        condition.wait(lock, [&] { return ready == 4; });
    }
    for (auto &thread : threads)
        thread.join();
}

} // namespace

int main() {
    contain();
    exhaust();
    std::puts("done");
    return 0;
}
