/// An inline function that two components compile; the linker keeps the copy of the one that it sees first.
#ifndef EMIT_SHARED_H
#define EMIT_SHARED_H

__attribute__((noinline)) inline void *shared_function() {
    return new int(2);
}

void *part_shared();

#endif
