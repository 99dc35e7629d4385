// A program with an operator new of its own, which puts a mark in front of each block: a block that went another way shows at once.
// Only the two basic forms are replaced; the standard's others must go through them. Prints how often; the output must not depend on
// the recorder. With -DOWN_NEW=1 the operators stand here, with 2 the file is only them (a shared library), with 0 the file has none.
#include "own_new.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#if OWN_NEW != 0
enum { FRONT = 16 };
static const std::uint64_t mark = 0x6d79206f776e206e;

Counts own_counts;

void *operator new(std::size_t size) {
    own_counts.news++;
    void *p = std::malloc(size + FRONT);
    if (p == nullptr)
        throw std::bad_alloc();
    *static_cast<std::uint64_t *>(p) = mark;
    return static_cast<char *>(p) + FRONT;
}

void operator delete(void *p) noexcept {
    if (p == nullptr)
        return;
    own_counts.deletes++;
    void *block = static_cast<char *>(p) - FRONT;
    if (*static_cast<std::uint64_t *>(block) != mark)
        std::abort();
    *static_cast<std::uint64_t *>(block) = 0;
    std::free(block);
}
#endif

#if OWN_NEW != 2
static void *hidden(void *p) {
    asm volatile("" : "+r"(p) : : "memory");
    return p;
}

int main() {
    ramlens_checkpoint("forms", 0);
    ::operator delete(hidden(::operator new(10)));
    ::operator delete(hidden(::operator new(11)), std::size_t(11));
    ::operator delete(hidden(::operator new(12, std::nothrow)), std::nothrow);
    ::operator delete[](hidden(::operator new[](20)));
    ::operator delete[](hidden(::operator new[](21)), std::size_t(21));
    ::operator delete[](hidden(::operator new[](22, std::nothrow)), std::nothrow);
    ramlens_checkpoint("library", 0);
    {
        std::string s(200, 'x'); // made inside libstdc++
        s += "y";
    }
    ramlens_checkpoint("done", 0);
    std::printf("%d %d\n", own_counts.news, own_counts.deletes);
    return 0;
}
#endif
