// Every form of operator new and delete, by name and by expression: cpp_forms.expected lists the events.
#include "ramlens.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace {

struct Plain {
    int numbers[10];
};
struct alignas(64) Wide {
    char bytes[64];
};
struct Counted { // not trivial: arrays of it have a count in front
    ~Counted() {
        ended++;
    }
    int number = 7;
    static int ended;
};
int Counted::ended;

template <typename T>
T *hidden(T *p) { // out of the compiler's sight: no pair of new and delete goes away
    asm volatile("" : "+r"(p) : : "memory");
    return p;
}

void by_name() {
    ramlens_checkpoint("by-name", 0);
    void *a = ::operator new(10);
    void *b = ::operator new[](20);
    void *c = ::operator new(30, std::nothrow);
    void *d = ::operator new[](40, std::nothrow);
    ::operator delete(a);
    ::operator delete[](b);
    ::operator delete(c, std::nothrow);
    ::operator delete[](d, std::nothrow);
    ::operator delete(::operator new(50), std::size_t(50));
    ::operator delete[](::operator new[](60), std::size_t(60));
    ::operator delete(nullptr);
    ::operator delete[](nullptr, std::size_t(8));
}

void aligned() {
    ramlens_checkpoint("aligned", 0);
    const auto at = std::align_val_t(128);
    void *a = ::operator new(256, at);
    void *b = ::operator new[](384, at);
    void *c = ::operator new(512, at, std::nothrow);
    void *d = ::operator new[](640, at, std::nothrow);
    for (void *p : { a, b, c, d })
        if (reinterpret_cast<std::uintptr_t>(p) % 128 != 0)
            std::abort();
    ::operator delete(a, at);
    ::operator delete[](b, at);
    ::operator delete(c, std::size_t(512), at);
    ::operator delete[](d, std::size_t(640), at);
    ::operator delete(::operator new(128, at, std::nothrow), at, std::nothrow);
    ::operator delete[](::operator new[](128, at, std::nothrow), at, std::nothrow);
}

void by_expression() {
    ramlens_checkpoint("by-expression", 0);
    delete hidden(new Plain);
    delete[] hidden(new Plain[3]);
    delete hidden(new Wide);
    delete[] hidden(new Wide[2]);
    delete[] hidden(new (std::nothrow) Plain[2]);
    delete[] hidden(new char[0]);
    alignas(Plain) char place[sizeof(Plain)];
    hidden(new (place) Plain)->~Plain(); // placement: asks nobody
    delete[] hidden(new Counted[5]);     // 20 bytes and the count: 4 or 8
    if (Counted::ended != 5)
        std::abort();
}

void by_library() {
    ramlens_checkpoint("by-library", 0);
    std::vector<char> v;
    v.reserve(1000);
    std::string s(99, 'x');
    auto shared = std::make_unique<Plain>();
    hidden(v.data());
    hidden(s.data());
    hidden(shared.get());
}

void constructor_throws() {
    struct Thrower {
        Thrower() {
            throw 42;
        }
        char bytes[72];
    };
    ramlens_checkpoint("constructor-throws", 0);
    try {
        hidden(new Thrower);
    } catch (int code) {
        std::printf("caught %d\n", code);
    }
}

} // namespace

int main() {
    static char buffer[512];
    std::setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    by_name();
    aligned();
    by_expression();
    by_library();
    constructor_throws();
    ramlens_checkpoint("done", 0);
    std::puts("done");
    return 0;
}
