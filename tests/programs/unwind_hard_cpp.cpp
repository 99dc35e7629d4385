/// Stacks that are hard to walk, in C++: exceptions through frames of all kinds, destructors that
/// run while one is on its way, and libstdc++'s own frames, which have no frame pointers.
///
/// Allocations are events, so most walks begin inside libstdc++ or libc.
#include "unwind_check.h"

#include <algorithm>
#include <functional>
#include <future>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#define NOINLINE __attribute__((noinline, noclone))

namespace {

constexpr unsigned thread_count = 40;

thread_local volatile unsigned sink;

/// An event when it is created and when it is destroyed, by an exception or not.
struct Witness {
    std::string text;
    NOINLINE explicit Witness(unsigned n) : text(30 + n % 7, 'x') {
        check_event();
    }
    NOINLINE ~Witness() {
        check_event();
        sink = sink + static_cast<unsigned>(text.size());
    }
};

// ---- exceptions ----

struct Failure : std::runtime_error {
    unsigned depth;
    explicit Failure(unsigned d)
        : std::runtime_error("failure at depth " + std::to_string(d)), depth(d) {}
};

NOINLINE void fail_at(unsigned depth, unsigned catch_every) {
    alignas(32) volatile char block[48];
    Witness witness(depth);
    block[depth % 48] = 1;
    if (depth == 0)
        throw Failure(depth);
    if (depth % catch_every != 0) {
        fail_at(depth - 1, catch_every);
    } else {
        try {
            fail_at(depth - 1, catch_every);
        } catch (const Failure &f) {
            check_event();
            if (f.depth + depth > catch_every * 2)
                throw Failure(depth);
            throw;
        }
    }
    sink = sink + static_cast<unsigned>(block[depth % 48]);
}

void check_exceptions() {
    for (unsigned i = 0; i < 60; i++) {
        try {
            fail_at(5 + i % 4, 2 + i % 3);
        } catch (const std::exception &e) {
            check_event();
            sink = sink + static_cast<unsigned>(e.what()[0]);
        }
    }
}

// ---- virtual calls, through thunks too ----

struct Base {
    virtual ~Base() = default;
    virtual unsigned visit(unsigned depth) = 0;
};

struct Other {
    virtual ~Other() = default;
    virtual unsigned call(unsigned depth) = 0;
};

struct Both : Base, virtual Other {
    std::vector<std::unique_ptr<Base>> children;
    unsigned visit(unsigned depth) override {
        Other *other = this;
        unsigned sum = other->call(depth);
        for (auto &child : children)
            sum += child->visit(depth + 1);
        return sum;
    }
    unsigned call(unsigned depth) override {
        std::string text(40 + depth, 'c');
        check_event();
        return static_cast<unsigned>(text.size());
    }
};

std::unique_ptr<Both> grow_tree(unsigned depth) {
    auto node = std::make_unique<Both>();
    for (unsigned i = 0; i < depth; i++)
        node->children.push_back(grow_tree(depth - 1));
    return node;
}

void check_virtual_calls() {
    auto tree = grow_tree(4);
    for (unsigned i = 0; i < 20; i++)
        sink = sink + tree->visit(0);
}

// ---- the library in the middle ----

void check_functions() {
    std::function<unsigned(unsigned)> f = [](unsigned n) {
        check_event();
        return n;
    };
    for (unsigned i = 0; i < 12; i++) {
        std::vector<std::string> captured(3, std::string(20 + i, 'f'));
        f = [f, captured](unsigned n) { return f(n) + static_cast<unsigned>(captured[0].size()); };
    }
    for (unsigned i = 0; i < 50; i++)
        sink = sink + f(i);
}

void check_containers() {
    std::map<std::string, std::list<std::string>> map;
    for (unsigned i = 0; i < 400; i++)
        map["key number " + std::to_string(i * 7919 % 100)].push_back("value " + std::to_string(i));
    std::vector<std::string> keys;
    for (auto &entry : map)
        keys.push_back(entry.first);
    std::stable_sort(keys.begin(), keys.end(), [](const std::string &a, const std::string &b) {
        if (a.back() == '7')
            check_event();
        return a.substr(4) + "!" < b.substr(4) + "!";
    });
    sink = sink + static_cast<unsigned>(keys.size());
}

/// A buffer whose overflow is an event below iostream's frames.
struct Buffer : std::stringbuf {
    int_type overflow(int_type c) override {
        check_event();
        return std::stringbuf::overflow(c);
    }
    std::streamsize xsputn(const char *s, std::streamsize n) override {
        check_event();
        return std::stringbuf::xsputn(s, n);
    }
};

void check_streams() {
    for (unsigned i = 0; i < 40; i++) {
        Buffer buffer;
        std::ostream out(&buffer);
        out << "number " << i << ' ' << 1.5 * i << std::hex << i * 1234567U << std::endl;
        std::istringstream in(buffer.str());
        std::string word;
        while (in >> word)
            sink = sink + static_cast<unsigned>(word.size());
    }
}

void check_regex() {
    for (unsigned i = 0; i < 6; i++) {
        std::regex pattern("(a|b)*c[d-f]+(g{1,3})?$");
        std::smatch match;
        std::string text = std::string(i, 'a') + "bcdefgg";
        sink = sink + static_cast<unsigned>(std::regex_search(text, match, pattern));
    }
}

void check_once_and_async() {
    for (unsigned i = 0; i < 10; i++) {
        std::once_flag once;
        std::call_once(once, [i] { Witness witness(i); });
        auto deferred = std::async(std::launch::deferred, [i] {
            Witness witness(i);
            return i;
        });
        auto result = std::async(std::launch::async, [i]() -> unsigned {
            Witness witness(i);
            if (i % 3 == 0)
                throw Failure(i);
            return i;
        });
        try {
            sink = sink + deferred.get() + result.get();
        } catch (const Failure &) {
            check_event();
        }
    }
}

/// Destroyed at the end of its thread, after the thread's own work.
struct Farewell {
    std::string text = std::string(50, 'z');
    ~Farewell() {
        check_event();
    }
};

void run_thread(unsigned n) {
    static thread_local Farewell farewell;
    sink = sink + static_cast<unsigned>(farewell.text.size());
    for (unsigned i = 0; i < 3; i++) {
        check_functions();
        if (n % 4 == 0)
            check_exceptions();
        check_virtual_calls();
        check_streams();
    }
}

void check_threads() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < thread_count; i++)
        threads.emplace_back(run_thread, i);
    for (auto &thread : threads)
        thread.join();
}

void check_all() {
    check_exceptions();
    check_virtual_calls();
    check_functions();
    check_containers();
    check_streams();
    check_regex();
    check_once_and_async();
}

} // namespace

int main(int, char **argv) {
    check_aims aims{};
    aims.hit_percent = 80;
    aims.events = 100000;
    check_begin();
    for (unsigned i = 0; i < 4; i++)
        check_all();
    check_threads();
    return check_end(argv[0], &aims);
}
