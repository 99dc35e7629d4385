/// Asks two components for blocks, prints which memory each is in, and passes blocks between them and this file.
#include "emit_part.h"
#include "emit_shared.h"
#include "pools.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

static const char *side(const void *block) {
    return block == nullptr ? "none" : pools_side ? pools_side(block) : "heap";
}

static void show(const char *who, const named &n) {
    std::printf("%s %s %s\n", who, n.name, side(n.block));
}

/// Blocks that one side allocates and the other frees, or lets grow.
static void cross() {
    for (int form = 0; form < PART_FORMS; form++)
        std::free(part_take(form).block); // Inside, freed here.
    for (int i = 0; i < 3; i++) {
        char *own = static_cast<char *>(std::malloc(64)); // Here, freed inside.
        std::memset(own, 'x', 64);
        if (i == 0) {
            part_give(own);
            continue;
        }
        char *grown = static_cast<char *>(i == 1 ? part_grow(own, 300) : std::realloc(own, 300));
        std::printf("grown %s %s %s\n", i == 1 ? "inside" : "here",
                grown && grown[0] == 'x' && grown[63] == 'x' ? "whole" : "broken", side(grown));
        if (i == 1)
            std::free(grown);
        else
            part_give(grown);
    }
    char *theirs = static_cast<char *>(part_take(0).block);
    std::memset(theirs, 'y', 100);
    theirs = static_cast<char *>(std::realloc(theirs, 5000));
    std::printf("theirs grown here %s\n", theirs && theirs[99] == 'y' ? "whole" : "broken");
    part_give(theirs);
    part_give(nullptr);
    ::operator delete(part_new_plain(40));
    part_delete_plain(::operator new(40));
    delete static_cast<int *>(part_new(0).block);
    part_delete(0, new int(3));
    part_delete(1, new int[10]);
    delete[] static_cast<int *>(part_new(1).block);
}

int main(int argc, char **) {
    std::vector<named> taken;
    for (int form = 0; form < PART_FORMS; form++)
        taken.push_back(part_take(form));
    for (const named &n : taken)
        show("part", n);
    for (const named &n : taken)
        part_give(n.block);
    for (int form = 0; form < PART_NEWS; form++) {
        named n = part_new(form);
        show("cxx", n);
        part_delete(form, n.block);
    }
    void *here = std::malloc(100);
    show("main", { "malloc", here });
    std::free(here);
    int *own = new int(1);
    show("main", { "new", own });
    delete own;
    std::string text(100, 't');
    show("main", { "container", &text[0] });
    int *shared = static_cast<int *>(shared_function());
    show("main", { "shared", shared });
    delete shared;
    shared = static_cast<int *>(part_shared());
    show("cxx", { "shared", shared });
    delete shared;
    cross();
    if (argc > 1 && pools_limit) { // PSRAM is full: what plain malloc does.
        pools_limit('p', 0);
        named n = part_take(0);
        show("full", n);
        part_give(n.block);
        n = part_new(0);
        show("full", n);
        part_delete(0, n.block);
    }
    return 0;
}
