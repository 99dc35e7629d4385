// A program with a malloc of its own, which gives memory out of an array and stops at any block that is not from there. The output must not
// depend on the recorder.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

namespace {

alignas(64) char memory[1 << 22];
std::size_t used;
unsigned mallocs, frees;

/// The size stands in front of the block.
void *take(std::size_t size, std::size_t alignment) {
    std::size_t at = (used + 16 + alignment - 1) / alignment * alignment;
    if (size > sizeof memory || at + size > sizeof memory)
        return nullptr;
    used = at + size;
    std::memcpy(memory + at - sizeof size, &size, sizeof size);
    mallocs++;
    return memory + at;
}

bool is_ours(void *p) {
    return static_cast<char *>(p) >= memory && static_cast<char *>(p) < memory + sizeof memory;
}

} // namespace

extern "C" {
void *malloc(std::size_t size) noexcept {
    return take(size, 16);
}
void *calloc(std::size_t count, std::size_t size) noexcept {
    return take(count * size, 16); // never given out before: zero
}
void free(void *p) noexcept {
    if (p == nullptr)
        return;
    if (!is_ours(p))
        abort();
    frees++;
}
void *realloc(void *p, std::size_t size) noexcept {
    void *q = take(size, 16);
    std::size_t old;
    if (p == nullptr || q == nullptr)
        return q;
    std::memcpy(&old, static_cast<char *>(p) - sizeof old, sizeof old);
    std::memcpy(q, p, old < size ? old : size);
    free(p);
    return q;
}
void *aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return take(size, alignment);
}
}

struct alignas(64) Wide {
    char bytes[64];
};

static void *hidden(void *p) {
    asm volatile("" : "+r"(p) : : "memory");
    return p;
}

int main() {
    unsigned before = mallocs, freed = frees;
    {
        std::string s(300, 'x');
        std::vector<int> v(1000);
        char *copy = strdup("a copy made by libc");
        hidden(s.data());
        hidden(v.data());
        if (!is_ours(s.data()) || !is_ours(v.data()) || !is_ours(copy))
            abort();
        free(copy);
        delete static_cast<Wide *>(hidden(new Wide));
        free(hidden(realloc(malloc(10), 1000)));
    }
    std::printf("%u mallocs, %u frees\n", mallocs - before, frees - freed);
    return 0;
}
