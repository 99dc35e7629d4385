/// Which standard container asks for memory, and for which class: from a stack's frames.
///
/// What stands between operator new and the owner's frame - the run-time library's own code, inlined frames included - is a chain such as
/// std::deque::push_back, std::_Deque_base::_M_initialize_map, std::allocator::allocate. The innermost of them that is a container's names
/// the container, since its node or buffer the block is: of a vector of strings, a string's text is the string's. Names of helpers become
/// the name of what people wrote: _Rb_tree is std::map or std::set, as the frames outside of it or its parameters tell.
#ifndef RAMLENS_CONTAINERS_H
#define RAMLENS_CONTAINERS_H

#include "owners.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>

/// A container as a block's asker. Strings live as long as the frames' names.
struct container {
    struct str
            type; ///< "std::deque", "std::map", "std::shared_ptr", ...; "" when no container asked.
    struct str
            full; ///< The same with its parameters as a frame has them: "std::deque<int, ...>"; at worst a helper's.
    struct str
            owner; ///< Class of the owner's function, or its namespace, or for a function at the top its name; "" when not known.
};

/// The container among the frames inside of frame `owner`, and the class of that frame. Linear in the frames.
struct container container_of(const struct owner_frame *frames, size_t count, size_t owner);

/// The same for a stack.
struct container container_of_stack(struct owners *o, uint32_t stack);

/// Whether `glob` names the container's type, with or without its parameters. False when there is none.
bool container_matches(const struct container *c, struct str glob);

#endif
