// A crowd of threads that allocate in every way, stopped at each checkpoint. usage: interposed THREADS ROUNDS
#include "ramlens.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <string>
#include <thread>
#include <vector>

namespace {

enum { SLOTS = 512 };
std::mutex lock;
void *shared[SLOTS]; // blocks that another thread may free

void *one_of_many(unsigned r, std::size_t size) {
    void *p = nullptr;
    switch (r % 6) {
    case 0:
        return std::malloc(size);
    case 1:
        return std::calloc(1 + r % 7, size);
    case 2:
        return posix_memalign(&p, 64, size) == 0 ? p : nullptr;
    case 3:
        return memalign(32, size);
    case 4:
        return std::realloc(nullptr, size);
    default:
        return aligned_alloc(128, size / 128 * 128 + 128);
    }
}

void work(unsigned seed, int rounds) {
    std::vector<std::string> texts;
    unsigned state = seed;
    for (int i = 0; i < rounds; i++) {
        state = state * 1664525u + 1013904223u;
        unsigned r = state >> 8;
        void *mine = one_of_many(r, 1 + r % 3000);
        if (r % 5 == 0)
            mine = std::realloc(mine, 1 + r % 9000);
        if (r % 50 == 0)
            texts.emplace_back(100 + r % 300, 'x');
        {
            std::lock_guard<std::mutex> guard(lock);
            std::swap(mine, shared[r % SLOTS]);
        }
        std::free(mine);
        auto number = std::make_unique<int[]>(1 + r % 100);
        asm volatile("" : : "r"(number.get()) : "memory");
    }
}

} // namespace

int main(int argc, char **argv) {
    int count = argc > 1 ? std::atoi(argv[1]) : 2;
    int rounds = argc > 2 ? std::atoi(argv[2]) : 1000;
    ramlens_checkpoint("start", 0);
    for (unsigned cycle = 1; cycle <= 5; cycle++) {
        std::vector<std::thread> threads;
        for (int t = 0; t < count; t++)
            threads.emplace_back(work, cycle * 1000 + unsigned(t), rounds);
        for (std::thread &t : threads)
            t.join();
        ramlens_checkpoint("joined", cycle);
    }
    for (void *&p : shared) {
        std::free(p);
        p = nullptr;
    }
    ramlens_checkpoint("freed", 0);
    return 0;
}
