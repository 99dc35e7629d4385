/// What a function's name for people (demangle.h) says of where the function belongs.
#ifndef RAMLENS_CODE_NAMES_H
#define RAMLENS_CODE_NAMES_H

#include "str.h"

#include <stdbool.h>

/// The name without the mark of its parameters: "rtc::Channel::send(...)" is "rtc::Channel::send". A slice. Linear.
struct str code_name_plain(struct str function);

/// The class that a function is of, or the namespace of one that is of none: "rtc::Channel" for "rtc::Channel::send(...)", also for a lambda
/// in it, "rtc::Queue<int>" for a member of a template; "" for a function at the top. A slice. Linear.
struct str code_name_class(struct str function);

/// Whether `glob` names the function: with or without the mark of its parameters.
bool code_name_matches(struct str function, struct str glob);

#endif
