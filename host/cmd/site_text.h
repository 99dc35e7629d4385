/// How sites are written for people, the same in every command.
#ifndef RAMLENS_SITE_TEXT_H
#define RAMLENS_SITE_TEXT_H

#include "arena.h"
#include "owners.h"
#include "str.h"

/// The function without its parameters; "?" when it has no name.
struct str site_function(const struct site *s);

/// "impl/queue.hpp:53": the last two parts of the path tell most (all of it stands in JSON); "module+0x1f2" without debug information.
struct str site_place(struct arena *a, const struct site *s);

#endif
