/// Every operator new and delete that a program may replace: with room, without, with a new-handler that helps, gives up or throws.
/// Prints nothing when all is as the standard says and, where two memories stand in for the chip's, in PSRAM.
#include "pools.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

static int failures;
#define EXPECT(what)                                                                               \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            std::printf("line %d: not so: %s\n", __LINE__, #what);                                 \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

static constexpr std::align_val_t wide{ 256 };
static const std::nothrow_t &quiet = std::nothrow;
static constexpr size_t much = SIZE_MAX / 2 + 1; // No memory has that.

static bool is_placed(const void *block) {
    return block != nullptr && (!pools_side || std::strcmp(pools_side(block), "psram") == 0);
}

static bool is_wide(const void *block) {
    return reinterpret_cast<uintptr_t>(block) % 256 == 0;
}

/// The eight forms of new, as calls that the compiler leaves alone, each with two ways to delete.
static void *allocate(int form, size_t size) {
    switch (form) {
    case 0:
        return ::operator new(size);
    case 1:
        return ::operator new[](size);
    case 2:
        return ::operator new(size, quiet);
    case 3:
        return ::operator new[](size, quiet);
    case 4:
        return ::operator new(size, wide);
    case 5:
        return ::operator new[](size, wide);
    case 6:
        return ::operator new(size, wide, quiet);
    default:
        return ::operator new[](size, wide, quiet);
    }
}

static void give_back(int form, int way, void *block) {
    bool is_aligned = form >= 4;
    switch (way + (is_aligned ? 6 : 0)) {
    case 0:
        ::operator delete(block);
        break;
    case 1:
        ::operator delete[](block);
        break;
    case 2:
        ::operator delete (block, size_t{ 10 });
        break;
    case 3:
        ::operator delete[](block, size_t{ 10 });
        break;
    case 4:
        ::operator delete(block, quiet);
        break;
    case 5:
        ::operator delete[](block, quiet);
        break;
    case 6:
        ::operator delete(block, wide);
        break;
    case 7:
        ::operator delete[](block, wide);
        break;
    case 8:
        ::operator delete (block, size_t{ 10 }, wide);
        break;
    case 9:
        ::operator delete[](block, size_t{ 10 }, wide);
        break;
    case 10:
        ::operator delete(block, wide, quiet);
        break;
    case 11:
        ::operator delete[](block, wide, quiet);
        break;
    }
}

static const bool is_quiet[8] = { false, false, true, true, false, false, true, true };

static void with_room() {
    for (int form = 0; form < 8; form++) {
        for (int way = 0; way < 6; way++) {
            if ((way & 1) != (form & 1))
                continue; // delete of new, delete[] of new[].
            void *block = allocate(form, 10);
            EXPECT(is_placed(block));
            EXPECT(form < 4 || is_wide(block));
            std::memset(block, 1, 10);
            give_back(form, way, block);
        }
        void *one = allocate(form, 0);
        void *other = allocate(form, 0);
        EXPECT(one != nullptr && other != nullptr && one != other);
        give_back(form, form & 1, one);
        give_back(form, form & 1, other);
        give_back(form, form & 1, nullptr);
    }
}

/// 0: null, 1: bad_alloc, 2: int thrown, 3: a block, 4: something else thrown.
static int outcome(int form, size_t size) {
    try {
        void *block = allocate(form, size);
        if (block == nullptr)
            return 0;
        give_back(form, form & 1, block);
        return 3;
    } catch (const std::bad_alloc &) {
        return 1;
    } catch (int) {
        return 2;
    } catch (...) {
        return 4;
    }
}

static int calls;

static void failing() {
    std::set_new_handler(nullptr);
    for (int form = 0; form < 8; form++)
        EXPECT(outcome(form, much) == (is_quiet[form] ? 0 : 1));
    for (int form = 0; form < 8; form++) { // The handler is called until it gives up.
        calls = 0;
        std::set_new_handler([] {
            if (++calls == 3)
                std::set_new_handler(nullptr);
        });
        EXPECT(outcome(form, much) == (is_quiet[form] ? 0 : 1));
        EXPECT(calls == 3);
    }
    for (int form = 0; form < 8; form++) { // What it throws leaves the throwing forms alone.
        std::set_new_handler([] { throw 1; });
        EXPECT(outcome(form, much) == (is_quiet[form] ? 0 : 2));
        std::set_new_handler([] { throw std::bad_alloc(); });
        EXPECT(outcome(form, much) == (is_quiet[form] ? 0 : 1));
    }
    if (pools_limit) {
        for (int form = 0; form < 8; form++) { // A handler that makes room.
            pools_limit('p', 0);
            pools_limit('i', 0);
            calls = 0;
            std::set_new_handler([] {
                if (++calls == 2) {
                    pools_limit('p', SIZE_MAX);
                    pools_limit('i', SIZE_MAX);
                }
            });
            EXPECT(outcome(form, 100) == 3);
            EXPECT(calls == 2);
        }
    }
    std::set_new_handler(nullptr);
}

struct thrower {
    thrower() {
        throw 1;
    }
};

/// The compiler's own calls of delete, when a constructor throws.
static void constructors() {
    size_t before = pools_live ? pools_live('p') : 0;
    try {
        delete new thrower;
    } catch (int) {
    }
    try {
        delete new (std::nothrow) thrower;
    } catch (int) {
    }
    try {
        delete[] new thrower[3];
    } catch (int) {
    }
    EXPECT((pools_live ? pools_live('p') : 0) == before);
}

int main() {
    with_room();
    failing();
    constructors();
    with_room();
    return failures != 0;
}
