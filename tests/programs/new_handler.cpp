// operator new when there is no memory: new-handlers, std::bad_alloc, nothrow. Prints what happened; the output must not depend on the
// recorder, and new_handler.expected lists the events.
#include "ramlens.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

volatile std::size_t huge = std::size_t(-1) / 2 + 1;
int calls;

/// The compiler may not leave out what it cannot see.
void used(void *p) {
    asm volatile("" : : "r"(p) : "memory");
}

void give_up() {
    if (++calls == 3)
        std::set_new_handler(nullptr);
}

struct OutOfRange {};

void throw_other() {
    calls++;
    throw OutOfRange();
}

void allocate_and_give_up() {
    calls++;
    void *p = std::malloc(77); // is a malloc, not the new that waits
    std::free(p);
    std::set_new_handler(nullptr);
}

void report(const char *what, bool caught) {
    std::printf("%s: %s, %d calls\n", what, caught ? "caught" : "nothing thrown", calls);
    calls = 0;
}

template <typename F> void expect_bad_alloc(const char *what, F allocate) {
    bool caught = false;
    try {
        allocate();
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    report(what, caught);
}

void without_handler() {
    ramlens_checkpoint("without-handler", 0);
    expect_bad_alloc("new", [] { used(::operator new(huge)); });
    expect_bad_alloc("new[]", [] { used(::operator new[](huge)); });
    expect_bad_alloc("new aligned", [] { used(::operator new(huge, std::align_val_t(64))); });
    bool null = ::operator new(huge, std::nothrow) ==
                nullptr && ::operator new[](huge, std::nothrow) ==
                nullptr && ::operator new(huge, std::align_val_t(64), std::nothrow) == nullptr;
    std::printf("nothrow: %s\n", null ? "null" : "not null");
}

void with_handler() {
    ramlens_checkpoint("with-handler", 0);
    std::set_new_handler(give_up);
    expect_bad_alloc("three tries", [] { used(::operator new(huge)); });
    std::set_new_handler(allocate_and_give_up);
    expect_bad_alloc("handler allocates", [] { used(::operator new(huge)); });
    std::set_new_handler(throw_other);
    bool other = false;
    try {
        used(::operator new(huge));
    } catch (const OutOfRange &) {
        other = true;
    }
    report("other exception", other);
    // By nothrow, what the handler throws that is no bad_alloc ends the program: so take one that gives up.
    std::set_new_handler(give_up);
    bool null = ::operator new(huge, std::nothrow) == nullptr;
    std::printf("nothrow: %s, %d calls\n", null ? "null" : "not null", calls);
    std::set_new_handler(nullptr);
}

} // namespace

int main() {
    static char buffer[1024];
    std::setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    without_handler();
    with_handler();
    ramlens_checkpoint("after", 0);
    ::operator delete(::operator new(11));
    ramlens_checkpoint("done", 0);
    return 0;
}
