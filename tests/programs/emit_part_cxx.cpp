/// The component in C++: each form of operator new that its code refers to, and a standard container.
#include "emit_part.h"

#include "emit_shared.h"

#include <new>
#include <vector>

namespace {
struct alignas(64) wide {
    char bytes[64];
};
} // namespace

extern "C" named part_new(int form) {
    switch (form) {
    case 0:
        return { "new", new int(1) };
    case 1:
        return { "new[]", new int[10] };
    case 2:
        return { "new-nothrow", new (std::nothrow) int(1) };
    case 3:
        return { "new[]-nothrow", new (std::nothrow) int[10] };
    case 4:
        return { "new-aligned", new wide };
    case 5:
        return { "new[]-aligned", new wide[2] };
    case 6:
        return { "new-aligned-nothrow", new (std::nothrow) wide };
    case 7:
        return { "new[]-aligned-nothrow", new (std::nothrow) wide[2] };
    }
    return { nullptr, nullptr };
}

extern "C" void part_delete(int form, void *block) {
    switch (form) {
    case 0:
    case 2:
        delete static_cast<int *>(block);
        break;
    case 1:
    case 3:
        delete[] static_cast<int *>(block);
        break;
    case 4:
    case 6:
        delete static_cast<wide *>(block);
        break;
    case 5:
    case 7:
        delete[] static_cast<wide *>(block);
        break;
    }
}

extern "C" void *part_new_plain(size_t size) {
    return ::operator new(size);
}

extern "C" void part_delete_plain(void *block) {
    ::operator delete(block);
}

void *part_shared() {
    return shared_function();
}
