/// Which kernel objects exist: locks and the like that were initialised, by a call or by first use.
///
/// On a chip a statically initialised lock gets its kernel object when it is first used. A table of the addresses that are known tells a
/// first use from a later one, in a few nanoseconds and without a lock.
#ifndef RAMLENS_LOCKS_H
#define RAMLENS_LOCKS_H

#include "hooks.h"

#include <stdbool.h>

/// Whether the object at `address` is known. One probe as a rule; any thread.
bool locks_is_known(const void *address);

/// Makes it known. `heap`: it was never initialised by a call and lies in a heap block: it goes with the block. False when it
/// was known already.
bool locks_add(const void *address, bool heap);

/// Forgets it; false when it was not known.
bool locks_remove(const void *address);

#endif
