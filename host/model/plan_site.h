/// What a plan keeps of a site, so that it is found again in another build: indented lines below `site ID MEMORY`.
///
///     site 5f0c2b6d1a37 psram
///         component libdatachannel
///         function _ZN3rtc4impl5Track8incomingE… "rtc::impl::Track::incoming(...)"
///         inside _ZN3rtc4impl…          # the function that it is inlined into
///         file track.cpp 112            # base name, and line
///         call 4                        # number of the call in its function
///         asks std::deque 2 3           # what it calls: a container, a function of the run-time library, or "memory"; 2nd of 3 places in it
///         stack "rtc::impl::PeerConnection::forwardMedia(...)" …   # callers, innermost first, of the stack that asked for most
///         through "rtc::impl::Track::*" # narrows: counts only where these callers stand outside of it, in this order
///
/// All but `through` only describe; every line is optional. Callers are names for people, with or without the mark of parameters; in
/// `through` they are globs, and other frames may stand between them, so that inlining and helpers change nothing.
#ifndef RAMLENS_PLAN_SITE_H
#define RAMLENS_PLAN_SITE_H

#include "arena.h"
#include "conf.h"
#include "err.h"
#include "owners.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan_site {
    struct str component;
    struct str linkage;  ///< Name in the symbol table; of a C function its name.
    struct str function; ///< For people; "" when the line has one name only.
    struct str inside;   ///< Linkage name of the out-of-line function; "" when the same.
    struct str file;     ///< Base name.
    uint32_t source_line;
    uint32_t call; ///< 0: not known.
    struct str asks;
    uint32_t
            asks_rank; ///< Among the function's places that ask the same, by line, from 1; 0: not known.
    uint32_t asks_count; ///< Of these places.
    struct str *callers; ///< Of `stack`.
    uint32_t caller_count;
    struct str *through;
    uint32_t through_count;
};

/// Reads the lines of a site among the children of `line`. False with file and line.
bool plan_site_read(struct arena *a, const struct conf *c, const struct conf_line *line,
        struct plan_site *out, struct err *err);

/// Whether the frames outside of frame `owner` fulfil `through`. True without one.
bool plan_site_narrows(
        const struct plan_site *s, const struct owner_frame *frames, size_t count, size_t owner);

/// What there is to keep of the site of `stack`: everything but `through`; at most PLAN_SITE_CALLERS callers. In `a` or in the names of `o`.
struct plan_site plan_site_of(struct arena *a, struct owners *o, uint32_t stack);

/// What the owner's code calls in `stack`: a container's type, else the function of the run-time library next to it; "memory" when it calls
/// the allocator itself.
struct str plan_site_asks(struct owners *o, uint32_t stack);

enum { PLAN_SITE_CALLERS = 4 };

#endif
