// A C++ plugin for plugin_host.c, which knows no C++. Its constructor allocates, its work uses every form, its destructor frees.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

static std::vector<int> *numbers;
static volatile std::size_t huge = std::size_t(-1) / 2 + 1;

__attribute__((constructor)) static void begin() {
    numbers = new std::vector<int>(100, 1);
}

__attribute__((destructor)) static void end() {
    delete numbers;
}

struct alignas(64) Wide {
    char bytes[64];
};

extern "C" int plugin_work(int rounds) {
    int sum = 0;
    for (int i = 0; i < rounds; i++) {
        std::string text(100, 'x');
        Wide *wide = new Wide[2];
        asm volatile("" : "+r"(wide) : : "memory");
        sum += static_cast<int>(text.size() + numbers->size());
        sum += reinterpret_cast<std::uintptr_t>(wide) % 64 == 0;
        delete[] wide;
        void *none = ::operator new(huge, std::nothrow);
        sum += none == nullptr;
        try {
            void *p = ::operator new(huge);
            asm volatile("" : : "r"(p) : "memory");
        } catch (const std::bad_alloc &) {
            sum += 1000;
        }
    }
    return sum;
}
