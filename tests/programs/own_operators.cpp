// A plugin with an operator new of its own, which only it may use: blocks have a mark in front. plugin_host.c loads it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

enum { FRONT = 16 };
static const std::uint64_t mark = 0x706c7567696e2121;
static int news;

void *operator new(std::size_t size) {
    news++;
    void *p = std::malloc(size + FRONT);
    if (p == nullptr)
        throw std::bad_alloc();
    *static_cast<std::uint64_t *>(p) = mark;
    return static_cast<char *>(p) + FRONT;
}

void operator delete(void *p) noexcept {
    if (p == nullptr)
        return;
    void *block = static_cast<char *>(p) - FRONT;
    if (*static_cast<std::uint64_t *>(block) != mark)
        std::abort();
    std::free(block);
}

static void *hidden(void *p) {
    asm volatile("" : "+r"(p) : : "memory");
    return p;
}

extern "C" int plugin_work(int rounds) {
    for (int i = 0; i < rounds; i++) {
        ::operator delete(hidden(::operator new(10)));
        ::operator delete[](hidden(::operator new[](20)), std::size_t(20));
        ::operator delete(hidden(::operator new(30, std::nothrow)), std::nothrow);
    }
    return news;
}
