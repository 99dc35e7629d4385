/// Two components whose blocks tests look for: one in C, one in C++.
#ifndef EMIT_PART_H
#define EMIT_PART_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct named {
    const char *name;
    void *block;
};

enum { PART_FORMS = 10, PART_NEWS = 8 };

/// A block by each way that C has, with the way's name.
struct named part_take(int form);
void *part_grow(void *block, size_t size);
void part_give(void *block);

/// The same in C++. An odd one out, "container", is what a vector of ints took.
struct named part_new(int form);
void part_delete(int form, void *block);
void *part_new_plain(size_t size);
void part_delete_plain(void *block);

#ifdef __cplusplus
}
#endif
#endif
