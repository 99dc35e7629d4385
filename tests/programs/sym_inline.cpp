// A program with known frames: at each call of probe() it prints the address that the call returns to, as in its file, and which
// frames a symbolizer must find there: "ordinal function@line < function@line ...", innermost first. Lines are fixed by #line.
// The files named by #line do not exist; "unit.cpp" stands for this one, "keeper.h" for a header of a library.
// The lines behind each #line count, hence:
// clang-format off
#include <cstdint>
#include <cstdio>
#include <link.h>

static uintptr_t base;
static int find_base(struct dl_phdr_info *info, size_t, void *) {
    base = info->dlpi_addr; // the first is the program itself
    return 1;
}

extern "C" __attribute__((noinline, noclone)) int probe(const char *expected) {
    uintptr_t address = reinterpret_cast<uintptr_t>(__builtin_return_address(0)) - base;
    std::printf("%lx %s\n", static_cast<unsigned long>(address), expected);
    return static_cast<int>(address & 1);
}
extern "C" __attribute__((noinline, noclone, cold)) int cold_probe(const char *expected) {
    uintptr_t address = reinterpret_cast<uintptr_t>(__builtin_return_address(0)) - base;
    std::printf("%lx %s\n", static_cast<unsigned long>(address), expected);
    return static_cast<int>(address & 1);
}

#define INLINE inline __attribute__((always_inline))
#define ALONE __attribute__((noinline, noclone))
volatile int sink;
volatile int one = 1;

namespace zoo {
struct keeper {
    int fed = 0;
    INLINE void feed(const char *expected, int) {
#line 110 "/lib/keeper/include/../keeper.h"
        fed += probe(expected);
    }
};
INLINE void visit(keeper &k, const char *expected) {
#line 120 "/lib/keeper/include/../keeper.h"
    k.feed(expected, 1);
}
}

// Three calls, the first two through two inlined levels.
#line 129 "/src/unit.cpp"
ALONE void outer(zoo::keeper &k) {
    zoo::visit(k, "1 zoo::keeper::feed(...)@/lib/keeper/keeper.h:110 < zoo::visit(...)@/lib/keeper/keeper.h:120 < outer(...)@/src/unit.cpp:130");
    zoo::visit(k, "2 zoo::keeper::feed(...)@/lib/keeper/keeper.h:110 < zoo::visit(...)@/lib/keeper/keeper.h:120 < outer(...)@/src/unit.cpp:131");
    sink = probe("3 outer(...)@/src/unit.cpp:132");
}

// A constructor and a destructor, whose abstract forms have names of their own.
struct guard {
#line 140 "/src/unit.cpp"
    ALONE guard() { sink = probe("1 guard::guard()@/src/unit.cpp:140"); }
    INLINE ~guard() { sink = probe("2 guard::~guard()@/src/unit.cpp:141 < scope()@/src/unit.cpp:145"); }
};
ALONE void scope() {
    guard g;
}

// Functions that have no linkage name in debug information.
namespace {
template <typename F> ALONE void apply(F f) {
#line 150 "/src/unit.cpp"
    f(1);
}
}
#ifdef __clang__
#define LAMBDA "lambda()::$_0::operator()(...) const"
#else
#define LAMBDA "lambda()::{lambda(...)}::operator()(...)"
#endif
ALONE void lambda() {
    apply([](int) {
#line 155 "/src/unit.cpp"
        sink = probe("1 " LAMBDA "@/src/unit.cpp:155 < *apply<*>(...)@/src/unit.cpp:150");
    });
}

// Parts that are executed seldom are put elsewhere, under a name with ".cold".
#line 160 "/src/unit.cpp"
ALONE int parts(int x) {
    if (x) {
        sink = cold_probe("* parts(...)@/src/unit.cpp:162");
        sink = 3;
    }
    return x * 3;
}

template <typename T> ALONE T twice(T x) {
#line 170 "/src/unit.cpp"
    sink = probe("1 twice<int>(...)@/src/unit.cpp:170");
    return x + x;
}

extern "C" ALONE int plain_c(int x) {
#line 180 "/src/unit.cpp"
    sink = probe("1 plain_c@/src/unit.cpp:180");
    return x;
}

#line 200 "/src/unit.cpp"
int main() {
    dl_iterate_phdr(find_base, nullptr);
    zoo::keeper k;
    outer(k);
    scope();
    lambda();
    sink = parts(one);
    sink = twice(one + 0);
    sink = plain_c(one);
    return 0;
}
